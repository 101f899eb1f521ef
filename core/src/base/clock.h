/* Clocks. */
#ifndef RL_BASE_CLOCK_H
#define RL_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

int64_t rl_clock_ms(void);      /* monotonic milliseconds, for deadlines */
int64_t rl_clock_us(void);      /* monotonic microseconds, for durations */
int64_t rl_clock_wall_us(void); /* microseconds since 1970-01-01T00:00:00Z */

#define RL_NO_DEADLINE INT64_MAX /* a deadline is a value of rl_clock_ms */
/* Returns the deadline in this many milliseconds. Any number is allowed: a deadline that never comes is still far from
 * an overflow, and is not RL_NO_DEADLINE. */
int64_t rl_clock_after(int64_t ms);
int64_t rl_clock_from(int64_t now, int64_t ms); /* the same for a caller that already knows the time */
/* Converts a deadline for pthread_cond_timedwait on a condition with CLOCK_MONOTONIC. */
struct timespec rl_clock_timespec(int64_t deadline_ms);

#endif
