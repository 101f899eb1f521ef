/* Abandoning what is running: asks the server to stop, then reads and drops its answers until the connection is idle.
 */
#include "driver/postgres/pg.h"

#include "base/clock.h"

enum { PATIENCE_MS = 5000, REPEAT_MS = 50, ASKED_MS = 1 };

/* Repeats the request after a while: the server ignores one that arrives between two statements. */
static void abandon_ask_to_stop(rl_conn *c) {
  int64_t now = rl_clock_ms();
  if (now < c->cancel_at || !c->canceller) return;
  c->cancel_at = now + REPEAT_MS;
  rl_pg_canceller_ask(c->canceller);
}

static void abandon_drop_answer(rl_conn *c, PGresult *r) {
  rl_pg_item item = c->items[c->head];
  ExecStatusType status = PQresultStatus(r);
  if (item.kind == RL_PG_PREPARE && r && status != PGRES_COMMAND_OK) rl_pg_forget(c, &item);
  if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) c->lost = true;
  if (r && PQstatus(c->pg) == CONNECTION_BAD) c->lost = true;
  bool sync = item.kind == RL_PG_SYNC;
  if (!sync && status == PGRES_PIPELINE_SYNC) c->lost = true; /* the answers no longer match */
  if (sync ? status == PGRES_PIPELINE_SYNC : r == NULL) {
    c->head++;
    if (sync) c->cancel_at = 0; /* what follows is another pipeline, which the server starts now */
  }
  PQclear(r);
}

static rille_status abandon_drain(rl_conn *c, rl_wait *wait, rl_error *err) {
  while (c->head < c->count && !c->lost) {
    PGresult *r = NULL;
    if (rl_clock_ms() >= c->abandon_until) return rl_pg_fail_lost(c, false, err);
    rille_status s = rl_pg_fetch(c, &r, wait, err);
    if (s == RILLE_AGAIN) abandon_ask_to_stop(c);
    if (s != RILLE_OK) return s;
    abandon_drop_answer(c, r);
  }
  if (c->lost || !rl_pg_canceller_asks(c->canceller)) return RILLE_OK;
  c->cancel_at = rl_clock_ms() + ASKED_MS; /* the request must not stop a later statement */
  *wait = (rl_wait){.fd = -1, .until_ms = c->cancel_at};
  return RILLE_AGAIN;
}

static void abandon_begin(rl_conn *c) {
  c->abandoning = true;
  c->cancel_at = 0;
  c->just_sent = false;
  c->retry_at = 0;
  c->abandon_until = rl_clock_ms() + PATIENCE_MS;
  rl_pg_drop_result(c);
}

static void abandon_end(rl_conn *c) {
  c->abandoning = c->ended = c->failed = false;
  c->affected = 0;
  rl_error_clear(&c->error);
  rl_error_clear(&c->hidden);
  if (!c->lost) rl_pg_queue_reset(c);
}

/* A lost connection is no error here: no answer was needed, and is_usable reports it. */
rille_status rl_pg_abandon(rl_conn *c, rl_wait *wait, rl_error *err) {
  (void)err;
  rl_error ignored = {0};
  rille_status s = RILLE_OK;
  if (!c->abandoning) abandon_begin(c);
  if (!c->lost && c->segment != c->count) s = rl_pg_flush(c, &ignored);
  c->just_sent = false;
  if (s == RILLE_OK) s = abandon_drain(c, wait, &ignored);
  if (s == RILLE_AGAIN && rl_clock_ms() < c->abandon_until) {
    wait->until_ms = c->cancel_at < c->abandon_until ? c->cancel_at : c->abandon_until;
    return RILLE_AGAIN;
  }
  if (s != RILLE_OK && !c->lost) rl_pg_fail_lost(c, false, &ignored);
  rl_error_clear(&ignored);
  abandon_end(c);
  return RILLE_OK;
}
