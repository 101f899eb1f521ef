/* One ROLLBACK on a connection that returns to the pool. */
#include "run/rollback.h"

#include "base/clock.h"
#include "run/drive.h"
#include "run/observe.h"
#include "run/verb.h"

void rl_rollback_init(rl_rollback *r, rl_client *client, rl_lease *lease, uint64_t transaction, int64_t deadline_ms) {
  *r = (rl_rollback){.client = rl_client_retain(client), .lease = lease, .deadline_ms = deadline_ms};
  rl_arena_init(&r->arena, 0);
  r->io = (rl_exchange){.client = client, .driver = lease->driver, .conn = lease->conn, .arena = &r->arena};
  rl_observe_start(&r->io);
  if (r->io.watch) rl_observe_rollback(&r->io, transaction);
}

void rl_rollback_drop(rl_rollback *r) {
  if (r->client && r->io.round_trips) rl_client_tally(r->client, r->io.statements, r->io.round_trips);
  if (r->lease) rl_lease_release(r->lease, rl_exchange_is_clean(&r->io));
  rl_error_clear(&r->error);
  rl_arena_dispose(&r->arena);
  if (r->client) rl_client_release(r->client);
  *r = (rl_rollback){0};
}

static rille_status rollback_send(rl_rollback *r) {
  rl_exchange *io = &r->io;
  if (io->driver->run_until) io->driver->run_until(io->conn, r->deadline_ms);
  rille_status st = rl_verb_send(io, (rl_verb_step){RL_VERB_ROLLBACK, 0}, &r->error);
  if (st == RILLE_OK) st = io->driver->flush(io->conn, &r->error);
  io->round_trips++;
  r->sent = true;
  return st;
}

static rille_status rollback_read_answer(rl_rollback *r) {
  rl_row_view row;
  int64_t affected = 0;
  rille_status st;
  do st = r->io.driver->next(r->io.conn, &row, &affected, &r->wait, &r->error);
  while (st == RILLE_ROW);
  if (st != RILLE_AGAIN && r->io.watch) rl_observe_answer(&r->io, 0, affected, &r->error, false);
  return st;
}

rille_status rl_rollback_poll(rl_rollback *r) {
  rille_status st = r->sent ? RILLE_OK : rollback_send(r);
  r->wait = (rl_wait){-1, false, false, RL_NO_DEADLINE};
  bool queued = st == RILLE_OK;
  if (queued) st = rollback_read_answer(r);
  if (st == RILLE_AGAIN && rl_clock_ms() < r->deadline_ms) {
    if (r->wait.until_ms > r->deadline_ms) r->wait.until_ms = r->deadline_ms;
    return st;
  }
  if (!queued || st == RILLE_AGAIN)
    rl_exchange_set_must_close(&r->io); /* a refused ROLLBACK leaves the connection clean */
  rl_rollback_drop(r);
  return RILLE_DONE;
}

void rl_rollback_wait(rl_rollback *r) {
  while (rl_rollback_poll(r) == RILLE_AGAIN) rl_wait_block(&r->wait, RL_NO_DEADLINE);
}
