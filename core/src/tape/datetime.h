/* Date-times as microseconds since 1970-01-01T00:00:00Z, proleptic Gregorian calendar, years 0001 to 9999 in text. */
#ifndef RL_TAPE_DATETIME_H
#define RL_TAPE_DATETIME_H

#include "base/error.h"

#define RL_DATETIME_MAX 40 /* enough for any of the formats below */

/* Parses ISO-8601: a date; a date and time with T or a space; seconds optional; a fraction of 1 to 9 digits, cut after
 * microseconds; Z, +hh:mm, +hhmm, +hh or nothing (UTC). Returns false if it is not one, or if a number is out of range.
 * 24:00 and leap seconds are rejected. */
bool rl_datetime_parse(rl_str text, int64_t *microseconds);
/* Returns whether microseconds are within the years 1 to 9999. */
bool rl_datetime_in_range(int64_t microseconds);

typedef enum rl_datetime_verdict {
  RL_DATETIME_NONE,   /* not in the format of a date-time, or no such day or time */
  RL_DATETIME_BEYOND, /* a date-time, but no value has that year */
  RL_DATETIME_GOOD
} rl_datetime_verdict;
/* The same, also with ISO's expanded years, a sign and six digits: "+012000-01-01", "-000043-03-15". The result may be
 * outside the years 1 to 9999; the database then decides. */
rl_datetime_verdict rl_datetime_read(rl_str text, int64_t *microseconds);
/* Writes "2026-11-22T12:00:00.000Z", with six digits of fraction only if there are microseconds. Returns the length. */
size_t rl_datetime_format(int64_t microseconds, char out[RL_DATETIME_MAX]);
/* Writes the format that Prisma stores on SQLite: "2026-11-22T12:00:00.000+00:00" (six digits if needed). */
size_t rl_datetime_format_offset(int64_t microseconds, char out[RL_DATETIME_MAX]);
/* Parses a time of day, "12:34:56[.ffffff]" with an optional offset, to microseconds since midnight UTC. */
bool rl_time_parse(rl_str text, int64_t *microseconds);
int64_t rl_days_from_civil(int64_t year, int month, int day); /* days since 1970-01-01 */
void rl_civil_from_days(int64_t days, int64_t *year, int *month, int *day);

#endif
