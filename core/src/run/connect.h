/* Opening a connection: attempts, with growing pauses, until one succeeds, one fails for good, or the time is over. It
 * never waits itself. */
#ifndef RL_RUN_CONNECT_H
#define RL_RUN_CONNECT_H

#include "driver/driver.h"

typedef struct rl_connecting {
  const rl_conn_options *options;
  rl_conn *conn; /* of the attempt at hand; NULL between two */
  int64_t limit_ms, deadline_ms, again_ms;
  int64_t repeat_ms, repeat_until_ms; /* no attempt begins later but the first */
  uint32_t attempts;
  bool once;     /* there is another place to go: no second attempt */
  rl_error last; /* why the attempt before failed */
} rl_connecting;

/* connect_timeout of the URL is the time for all attempts; most_ms, when it is not 0, if that is less. Without a limit
 * (connect_timeout=0) an attempt takes as long as it takes, but who only hears refusals asks for the default's time. */
void rl_connecting_begin(rl_connecting *c, const rl_conn_options *options, int64_t most_ms, bool once);
/* Less time than was thought at the beginning. */
void rl_connecting_hurry(rl_connecting *c, int64_t deadline_ms);
/* OK: the connection is the caller's, see rl_connecting_take. AGAIN. Or an error: P1001 that names the attempts, or
 * what no repetition would change. */
rille_status rl_connecting_poll(rl_connecting *c, rl_wait *wait, rl_error *err);
rl_conn *rl_connecting_take(rl_connecting *c);
static inline bool rl_connecting_pauses(const rl_connecting *c) {
  return !c->conn && c->attempts > 0;
}
void rl_connecting_stop(rl_connecting *c); /* in any state, more than once */

#endif
