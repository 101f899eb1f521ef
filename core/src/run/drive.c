/* The one loop around functions that answer AGAIN. */
#include "run/drive.h"

#include <limits.h>
#include <poll.h>

#include "base/clock.h"

rille_status rl_wait_block(const rl_wait *w, int64_t deadline_ms) {
  int64_t until = w->until_ms < deadline_ms ? w->until_ms : deadline_ms;
  int timeout = -1;
  if (until != RL_NO_DEADLINE) {
    int64_t left = until - rl_clock_ms();
    timeout = left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
  }
  struct pollfd q = {w->fd, (short)((w->read ? POLLIN : 0) | (w->write ? POLLOUT : 0)), 0};
  int n = poll(&q, w->fd >= 0 ? 1 : 0, timeout);
  return n == 0 && deadline_ms != RL_NO_DEADLINE && rl_clock_ms() >= deadline_ms ? RILLE_DONE : RILLE_OK;
}

rille_status rl_drive(rl_drive_step *step, void *what, int64_t deadline_ms, rl_error *err) {
  for (;;) {
    rl_wait wait = {-1, false, false, RL_NO_DEADLINE};
    rille_status st = step(what, &wait, err);
    if (st != RILLE_AGAIN || rl_wait_block(&wait, deadline_ms) == RILLE_DONE) return st;
  }
}

typedef struct reading {
  const rl_driver *driver;
  rl_conn *conn;
  rl_row_view *row;
} reading;

static rille_status drive_next_step(void *what, rl_wait *wait, rl_error *err) {
  reading *r = what;
  int64_t affected;
  return r->driver->next(r->conn, r->row, &affected, wait, err);
}

rille_status rl_drive_next(const rl_driver *d, rl_conn *c, int64_t deadline_ms, rl_row_view *row, rl_error *err) {
  reading r = {d, c, row};
  return rl_drive(drive_next_step, &r, deadline_ms, err);
}

rille_status rl_drive_answer(const rl_driver *d, rl_conn *c, int64_t deadline_ms, rl_error *err) {
  rl_row_view row;
  rille_status st;
  do st = rl_drive_next(d, c, deadline_ms, &row, err);
  while (st == RILLE_ROW);
  return st;
}

static rille_status drive_abandon_step(void *what, rl_wait *wait, rl_error *err) {
  reading *r = what;
  return r->driver->abandon(r->conn, wait, err);
}

rille_status rl_drive_abandon(const rl_driver *d, rl_conn *c, int64_t deadline_ms) {
  reading r = {d, c, NULL};
  rl_error ignored = {0};
  rille_status st = rl_drive(drive_abandon_step, &r, deadline_ms, &ignored);
  rl_error_clear(&ignored);
  return st;
}
