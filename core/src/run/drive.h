/* Drives something to its end, for callers that block. */
#ifndef RL_RUN_DRIVE_H
#define RL_RUN_DRIVE_H

#include "driver/driver.h"

/* Waits with poll(2) until deadline_ms at most. DONE: the deadline came first. */
rille_status rl_wait_block(const rl_wait *wait, int64_t deadline_ms);

typedef rille_status rl_drive_step(void *what, rl_wait *wait, rl_error *err);
/* Calls step and waits as it asks, until it answers something other than AGAIN, and returns that. AGAIN: deadline_ms
 * came first (rl_clock_ms; RL_NO_DEADLINE: never). */
rille_status rl_drive(rl_drive_step *step, void *what, int64_t deadline_ms, rl_error *err);

/* Reads the next row, or the end, of the current statement. */
rille_status rl_drive_next(const rl_driver *d, rl_conn *c, int64_t deadline_ms, rl_row_view *row, rl_error *err);
/* Reads to the end of the current statement and skips its rows. */
rille_status rl_drive_answer(const rl_driver *d, rl_conn *c, int64_t deadline_ms, rl_error *err);
/* Abandons what runs on the connection. */
rille_status rl_drive_abandon(const rl_driver *d, rl_conn *c, int64_t deadline_ms);

#endif
