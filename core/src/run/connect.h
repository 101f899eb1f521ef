/* Opening a connection: attempts with growing pauses, until one succeeds, one fails permanently, or the deadline
 * passes. Nothing here blocks. */
#ifndef RL_RUN_CONNECT_H
#define RL_RUN_CONNECT_H

#include "driver/driver.h"

typedef struct rl_connecting {
  const rl_conn_options *options;
  rl_conn *conn; /* of the current attempt; NULL between two attempts */
  int64_t limit_ms, deadline_ms, again_ms;
  int64_t repeat_ms, repeat_until_ms; /* no attempt but the first begins later */
  uint32_t attempts;
  bool once;     /* another server can be tried: one attempt is enough */
  rl_error last; /* why the previous attempt failed */
} rl_connecting;

/* All attempts together may take connect_timeout of the URL, or most_ms if that is less and not 0. Without a limit
 * (connect_timeout=0) one attempt may take any time, but refused attempts are retried only for the default time. */
void rl_connecting_begin(rl_connecting *c, const rl_conn_options *options, int64_t most_ms, bool once);
/* Moves the deadline forward. */
void rl_connecting_shorten(rl_connecting *c, int64_t deadline_ms);
/* Continues. OK: rl_connecting_take returns the connection. AGAIN: wait. Otherwise an error: P1001 with the number of
 * attempts, or one that a retry would not change. */
rille_status rl_connecting_poll(rl_connecting *c, rl_wait *wait, rl_error *err);
rl_conn *rl_connecting_take(rl_connecting *c);
static inline bool rl_connecting_pauses(const rl_connecting *c) {
  return !c->conn && c->attempts > 0;
}
void rl_connecting_stop(rl_connecting *c); /* in any state, also repeatedly */

#endif
