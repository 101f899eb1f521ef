/* Date-times as microseconds since 1970-01-01T00:00:00Z, proleptic Gregorian calendar, years 0001 to 9999 in text. */
#ifndef RL_TAPE_DATETIME_H
#define RL_TAPE_DATETIME_H

#include "base/error.h"

#define RL_DATETIME_MAX 40 /* room for any of the forms below */

/* Accepts ISO-8601: date; date and time with T or a space; seconds optional; fraction of 1 to 9 digits (beyond
 * microseconds cut); Z, +hh:mm, +hhmm, +hh or nothing (UTC). false when it is not one or a part is out of range. 24:00
 * and leap seconds are refused. */
bool rl_datetime_parse(rl_str text, int64_t *microseconds);
/* "2026-11-22T12:00:00.000Z"; six digits of fraction only when the microseconds are not zero. Returns the length. */
size_t rl_datetime_format(int64_t microseconds, char out[RL_DATETIME_MAX]);
/* The form Prisma stores on SQLite: "2026-11-22T12:00:00.000+00:00" (six digits where needed). */
size_t rl_datetime_format_sqlite(int64_t microseconds, char out[RL_DATETIME_MAX]);
/* Time of day: "12:34:56[.ffffff]" with an optional offset, as microseconds since midnight UTC. */
bool rl_time_parse(rl_str text, int64_t *microseconds);
int64_t rl_days_from_civil(int64_t year, int month, int day); /* days since 1970-01-01 */
void rl_civil_from_days(int64_t days, int64_t *year, int *month, int *day);

#endif
