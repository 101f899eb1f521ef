/* Clocks, on POSIX clock_gettime. */
#include "base/clock.h"

static int64_t microseconds(clockid_t clock) {
  struct timespec now = {0};
  (void)clock_gettime(clock, &now); /* cannot fail for these two clocks */
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t rl_clock_us(void) {
  return microseconds(CLOCK_MONOTONIC);
}

int64_t rl_clock_ms(void) {
  return microseconds(CLOCK_MONOTONIC) / 1000;
}

int64_t rl_clock_from(int64_t now, int64_t ms) {
  const int64_t never = INT64_MAX / 2;
  return ms < never ? now + ms : never;
}

int64_t rl_clock_after(int64_t ms) {
  return rl_clock_from(rl_clock_ms(), ms);
}

struct timespec rl_clock_timespec(int64_t deadline_ms) {
  return (struct timespec){(time_t)(deadline_ms / 1000), (long)(deadline_ms % 1000) * 1000000L};
}

int64_t rl_clock_wall_us(void) {
  return microseconds(CLOCK_REALTIME);
}
