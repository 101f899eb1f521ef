/* Driving something to its end, for callers that block. */
#ifndef RL_RUN_DRIVE_H
#define RL_RUN_DRIVE_H

#include "driver/driver.h"

/* poll(2) for what a wait names, until deadline_ms at most. OK, or RILLE_DONE when the deadline came first. */
rille_status rl_wait_block(const rl_wait *wait, int64_t deadline_ms);

typedef rille_status rl_drive_step(void *what, rl_wait *wait, rl_error *err);
/* Calls step, and waits for what it names, until it answers something other than AGAIN: that, or AGAIN when deadline_ms
 * (rl_clock_ms; RL_NO_DEADLINE: never) came first. */
rille_status rl_drive(rl_drive_step *step, void *what, int64_t deadline_ms, rl_error *err);

/* The next row, or the end, of the statement at hand. */
rille_status rl_drive_next(const rl_driver *d, rl_conn *c, int64_t deadline_ms, rl_row_view *row, rl_error *err);
/* The end of the statement at hand; its rows are passed over. */
rille_status rl_drive_answer(const rl_driver *d, rl_conn *c, int64_t deadline_ms, rl_error *err);
/* Gives up what runs on the connection. */
rille_status rl_drive_abandon(const rl_driver *d, rl_conn *c, int64_t deadline_ms);

#endif
