/* Where a read is sent: choosing a replica, asking for its position, and leaving it. */
#include "run/route.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/id.h"
#include "run/cached.h"
#include "run/replicas.h"
#include "run/retry.h"
#include "run/tx_state.h"

/* A replica that cannot be reached is not used for this time at first, then for twice as long each time. */
#define ASIDE_MS 500
#define ASIDE_MOST_MS 30000
/* A replica that has not replayed enough is not asked again for this time, then for longer each time: each attempt
 * costs a read. */
#define BEHIND_MS 20
#define BEHIND_MOST_MS 320

static rl_replicas *replicas_of(const rl_op *op) {
  return rl_client_root(op->client)->replicas;
}

/* ------------------------------------------------------------------ choosing */

/* Returns whether the replica may be tried. When its time aside has passed, one caller tries it, and the others wait
 * for the result. */
static bool replica_may_be_tried(rl_replica *at, int64_t now) {
  int64_t until = at->aside_until;
  if (until == 0) return true;
  return now >= until && atomic_compare_exchange_strong(&at->aside_until, &until, now + ASIDE_MS);
}

/* Chooses replicas in turn. One that may not have replayed enough is asked together with the read. */
static bool choose_replica(rl_replicas *r, rl_route *route) {
  size_t first = atomic_fetch_add_explicit(&r->turn, 1, memory_order_relaxed);
  int64_t now = rl_clock_ms();
  for (size_t i = 0; i < r->count; i++) {
    size_t index = (first + i) % r->count;
    rl_replica *at = &r->all[index];
    bool behind = at->replayed < route->position;
    if ((behind && now < at->ask_at) || !replica_may_be_tried(at, now)) continue;
    route->replica = (uint32_t)index + 1;
    route->probe = behind;
    return true;
  }
  return false;
}

rl_pool *_Atomic *rl_route_choose(rl_op *op) {
  rl_replicas *r = replicas_of(op);
  rl_route *route = &op->route;
  route->replica = 0;
  route->probe = route->behind = false;
  if (!r || op->tx || op->client->traits.primary || rl_cached_needs_primary(op) || !op->kind->suits_replica(op))
    return &op->client->pool;
  route->writes = r->writes;
  bool known = r->known >= route->writes;
  route->position = r->position;
  if (known && !route->primary_only && choose_replica(r, route)) return &r->all[route->replica - 1].pool;
  route->probe = !known;
  return &op->client->pool;
}

/* ------------------------------------------------------------------ positions */

rille_status rl_route_send_probe(rl_op *op, rl_error *err) {
  rl_exchange *io = &op->io;
  if (!op->route.probe) return RILLE_OK;
  op->route.probe = false;
  rille_status st = io->driver->send(io->conn, &replicas_of(op)->probe, NULL, err);
  if (st == RILLE_OK) st = rl_exchange_push(io, (rl_sent){.kind = RL_SENT_PROBE}, err);
  return st == RILLE_OK ? io->driver->flush(io->conn, err) : st;
}

static void raise_position(_Atomic int64_t *at, int64_t to) {
  int64_t seen = *at;
  while (seen < to && !atomic_compare_exchange_weak(at, &seen, to)) {}
}

static void replicas_learn(rl_replicas *r, uint64_t writes, int64_t position) {
  raise_position(&r->position, position);
  uint64_t seen = r->known;
  while (seen < writes && !atomic_compare_exchange_weak(&r->known, &seen, writes)) {}
}

rille_status rl_route_take_probe(rl_op *op, const rl_row_view *view, rl_error *err) {
  rl_replicas *r = replicas_of(op);
  rl_route *route = &op->route;
  int64_t position = view->count && view->cells[0].kind == RILLE_INT ? view->cells[0].as.i : 0;
  if (!route->replica) {
    replicas_learn(r, route->writes, position);
    return RILLE_OK;
  }
  rl_replica *at = &r->all[route->replica - 1];
  raise_position(&at->replayed, position);
  if (position >= route->position) {
    at->behind_ms = 0;
    return RILLE_OK;
  }
  int64_t pause = at->behind_ms == 0 ? BEHIND_MS : at->behind_ms * 2;
  at->behind_ms = pause < BEHIND_MOST_MS ? pause : BEHIND_MOST_MS;
  at->ask_at = rl_clock_ms() + at->behind_ms;
  route->behind = true;
  return rl_fail(err, RL_INTERNAL, "the replica has not replayed what this client wrote");
}

/* ------------------------------------------------------------------ afterwards */

static void replica_put_aside(rl_replica *at) {
  uint32_t failures = atomic_fetch_add(&at->failures, 1), random = 0;
  int64_t ms = ASIDE_MS;
  for (uint32_t i = 0; i < failures && ms < ASIDE_MOST_MS; i++) ms *= 2;
  if (ms > ASIDE_MOST_MS) ms = ASIDE_MOST_MS;
  (void)rl_random(&random, sizeof random);
  at->aside_until = rl_clock_ms() + ms - (int64_t)(random % (uint32_t)(ms / 4));
}

/* Returns whether the error is due to a replica: it refuses writes, has cancelled a read because of what it had to
 * replay, or lacks what the primary may have. */
static bool is_error_of_replica(const char *state) {
  static const char *const states[] = {"25006", "40001", "40P01", "57P",   "55000", "42P01",
                                       "42703", "42883", "42704", "3F000", "3D000", "0A000"};
  for (size_t i = 0; i < sizeof states / sizeof *states; i++)
    if (*state && strncmp(state, states[i], strlen(states[i])) == 0) return true;
  return false;
}

uint32_t rl_route_facts(const rl_op *op) {
  const rl_route *route = &op->route;
  if (!route->replica) return 0;
  bool refused = route->behind || is_error_of_replica(op->error.sqlstate);
  return RL_IS_ON_REPLICA | (refused ? RL_MET_REPLICA : 0);
}

void rl_route_leave(rl_op *op) {
  rl_route *route = &op->route;
  rl_replicas *r = replicas_of(op);
  bool lost = op->error.connection_lost;
  if (lost) replica_put_aside(&r->all[route->replica - 1]);
  if (strcmp(op->error.sqlstate, "25006") == 0) route->wrote = true;
  route->primary_only = !lost || ++route->moves > r->count;
}

static bool may_have_written(const rl_op *op) {
  if (op->tx) return rl_tx_commits(op) && !op->tx->settings.read_only;
  return op->route.wrote || op->kind->may_write(op);
}

void rl_route_ended(rl_op *op) {
  rl_replicas *r = replicas_of(op);
  if (!r || !op->io.conn) return;
  if (op->route.replica) {
    rl_replica *at = &r->all[op->route.replica - 1];
    if (op->error.code == RL_CODE_NONE && at->aside_until != 0) {
      at->failures = 0;
      at->aside_until = 0;
    }
    return;
  }
  if (may_have_written(op)) r->writes++;
}
