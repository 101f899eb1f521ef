/* Date-times as microseconds since 1970-01-01T00:00:00Z, proleptic Gregorian calendar, years 0001 to 9999 in text. */
#ifndef RL_TAPE_DATETIME_H
#define RL_TAPE_DATETIME_H

#include "base/error.h"

#define RL_DATETIME_MAX 40 /* room for any of the forms below */

/* Accepts ISO-8601: date; date and time with T or a space; seconds optional; fraction of 1 to 9 digits (beyond
 * microseconds cut); Z, +hh:mm, +hhmm, +hh or nothing (UTC). false when it is not one or a part is out of range. 24:00
 * and leap seconds are refused. */
bool rl_datetime_parse(rl_str text, int64_t *microseconds);
/* Whether microseconds lie in the years 1 to 9999. */
bool rl_datetime_in_range(int64_t microseconds);

typedef enum rl_datetime_verdict {
  RL_DATETIME_NONE,   /* not the form of a date-time, or no day and time of the calendar */
  RL_DATETIME_BEYOND, /* one, but of a year that no value stands for */
  RL_DATETIME_GOOD
} rl_datetime_verdict;
/* The same with ISO's expanded years as well, a sign and six digits: "+012000-01-01", "-000043-03-15". What comes of
 * them may lie beyond the years 1 to 9999, and then is for the database to judge. */
rl_datetime_verdict rl_datetime_read(rl_str text, int64_t *microseconds);
/* "2026-11-22T12:00:00.000Z"; six digits of fraction only when the microseconds are not zero. Returns the length. */
size_t rl_datetime_format(int64_t microseconds, char out[RL_DATETIME_MAX]);
/* The form Prisma stores on SQLite: "2026-11-22T12:00:00.000+00:00" (six digits where needed). */
size_t rl_datetime_format_sqlite(int64_t microseconds, char out[RL_DATETIME_MAX]);
/* Time of day: "12:34:56[.ffffff]" with an optional offset, as microseconds since midnight UTC. */
bool rl_time_parse(rl_str text, int64_t *microseconds);
int64_t rl_days_from_civil(int64_t year, int month, int day); /* days since 1970-01-01 */
void rl_civil_from_days(int64_t days, int64_t *year, int *month, int *day);

#endif
