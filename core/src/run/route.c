/* Replicas: which of them is read from, and what is known of how far it has come. */
#include "run/route.h"

#include <ctype.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/id.h"
#include "run/tx.h"

/* A replica that cannot be reached is put aside for so long at first, then for twice as long each time. */
#define ASIDE_MS 500
#define ASIDE_MOST_MS 30000
/* One that has not replayed enough is not asked again at once, and later each time: the read was made in vain. */
#define BEHIND_MS 20
#define BEHIND_MOST_MS 320

typedef struct replica {
  rl_pool *_Atomic pool;
  _Atomic int64_t replayed; /* known to have come so far; it only goes forward */
  _Atomic int64_t aside_until, ask_at, behind_ms;
  _Atomic uint32_t failures;
} replica;

/* Writes of the client are numbered by their end. `position` is where the primary's log was after the write number
 * `known`, at least: it is raised first, so who sees the number sees the position. */
struct rl_replicas {
  _Atomic uint64_t writes, known;
  _Atomic int64_t position;
  _Atomic uint32_t turn;
  rl_stmt probe;
  size_t count;
  replica all[];
};

static const rl_slot probe_slot = {.wire = RL_WIRE_INT8};

static rille_status open_pools(rl_replicas *r, const rl_str *urls, size_t count, const rl_driver *driver,
                               const rl_pool_options *options, rl_error *err) {
  for (size_t i = 0; i < count; i++) {
    const rl_driver *own = NULL;
    rl_pool *pool = NULL;
    rille_status st = rl_driver_of_url(urls[i], &own, err);
    if (st == RILLE_OK && own != driver)
      st = rl_fail(err, RL_VALIDATION, "replicas[%zu]: a %s database cannot be the replica of a %s one", i + 1,
                   rl_provider_title(own->provider), rl_provider_title(driver->provider));
    if (st == RILLE_OK) st = rl_pool_get(urls[i], options, &pool, err);
    if (st != RILLE_OK) return st;
    r->all[i].pool = pool;
    r->count++;
  }
  return RILLE_OK;
}

static bool has_replicas(const rl_driver *d) {
  return d->position != NULL;
}

rille_status rl_replicas_open(const rl_str *urls, size_t count, const rl_driver *driver, const rl_pool_options *pool,
                              rl_replicas **out, rl_error *err) {
  *out = NULL;
  if (!has_replicas(driver)) return rl_fail_lack(err, RL_VALIDATION, driver, has_replicas, "replicas: ", "replicas");
  rl_replicas *r = rl_calloc(1, sizeof *r + count * sizeof r->all[0]);
  if (!r) return rl_fail_nomem(err);
  r->probe = (rl_stmt){.id = rl_statement_id(),
                       .sql = driver->position,
                       .sql_len = strlen(driver->position),
                       .columns = &probe_slot,
                       .column_count = 1,
                       .returns_rows = true};
  rille_status st = open_pools(r, urls, count, driver, pool, err);
  if (st == RILLE_OK)
    *out = r;
  else
    rl_replicas_free(r);
  return st;
}

void rl_replicas_free(rl_replicas *r) {
  if (!r) return;
  for (size_t i = 0; i < r->count; i++) rl_pool_release(r->all[i].pool);
  rl_free(r);
}

size_t rl_replicas_count(const rl_replicas *r) {
  return r ? r->count : 0;
}

rl_pool *rl_replicas_pool(const rl_replicas *r, size_t index) {
  return r->all[index].pool;
}

static rl_replicas *replicas_of(const rl_op *op) {
  return rl_client_root(op->client)->replicas;
}

/* ------------------------------------------------------------------ choosing */

static bool locks_rows(const rl_plan *plan) {
  for (size_t i = 0; i < plan->step_count; i++)
    if (plan->steps[i].kind == RL_STEP_SELECT && plan->steps[i].as.select->lock != RL_LOCK_NONE) return true;
  return false;
}

/* A replica refuses whatever writes, but what a server knows of itself, its locks and its sessions, is another matter
 * on each. All of that has pg_ in its name. */
static bool is_about_the_server(const rl_stmt *s) {
  for (size_t i = 0; i + 3 <= s->sql_len; i++)
    if (tolower((unsigned char)s->sql[i]) == 'p' && tolower((unsigned char)s->sql[i + 1]) == 'g' &&
        s->sql[i + 2] == '_')
      return true;
  return false;
}

static bool only_reads(const rl_op *op) {
  switch (op->kind) {
  case RL_OP_MODEL: return !op->compiled->plan->writes && !locks_rows(op->compiled->plan);
  case RL_OP_RAW: return !op->raw.writes && !is_about_the_server(&op->raw);
  case RL_OP_BATCH:
    for (uint32_t i = 0; i < op->part_count; i++)
      if (!only_reads(op->parts[i])) return false;
    return !op->atomic && op->part_count > 0;
  case RL_OP_EXPLAIN:
  case RL_OP_BEGIN:
  case RL_OP_SCRIPT:
  case RL_OP_END: break;
  }
  return false;
}

/* One that was put aside gets one caller to try it when its time is over, the others wait for what that one finds. */
static bool may_try(replica *at, int64_t now) {
  int64_t until = at->aside_until;
  if (until == 0) return true;
  return now >= until && atomic_compare_exchange_strong(&at->aside_until, &until, now + ASIDE_MS);
}

/* In turn. One that is not known to have come far enough is asked, along with the read itself. */
static bool choose_replica(rl_replicas *r, rl_route *route) {
  size_t first = atomic_fetch_add_explicit(&r->turn, 1, memory_order_relaxed);
  int64_t now = rl_clock_ms();
  for (size_t i = 0; i < r->count; i++) {
    size_t index = (first + i) % r->count;
    replica *at = &r->all[index];
    bool behind = at->replayed < route->position;
    if ((behind && now < at->ask_at) || !may_try(at, now)) continue;
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
  if (!r || op->tx || op->client->traits.primary || !only_reads(op)) return &op->client->pool;
  route->writes = r->writes;
  bool known = r->known >= route->writes;
  route->position = r->position;
  if (known && !route->primary_only && choose_replica(r, route)) return &r->all[route->replica - 1].pool;
  route->probe = !known;
  return &op->client->pool;
}

/* ------------------------------------------------------------------ positions */

rille_status rl_route_send_probe(rl_op *op, rl_error *err) {
  if (!op->route.probe) return RILLE_OK;
  op->route.probe = false;
  rille_status st = op->driver->send(op->conn, &replicas_of(op)->probe, NULL, err);
  if (st == RILLE_OK) st = rl_op_push_sent(op, RL_SENT_PROBE, 0, err);
  return st == RILLE_OK ? op->driver->flush(op->conn, err) : st;
}

static void raise_position(_Atomic int64_t *at, int64_t to) {
  int64_t seen = *at;
  while (seen < to && !atomic_compare_exchange_weak(at, &seen, to)) {}
}

static void learn(rl_replicas *r, uint64_t writes, int64_t position) {
  raise_position(&r->position, position);
  uint64_t seen = r->known;
  while (seen < writes && !atomic_compare_exchange_weak(&r->known, &seen, writes)) {}
}

rille_status rl_route_take_probe(rl_op *op, const rl_row_view *view, rl_error *err) {
  rl_replicas *r = replicas_of(op);
  rl_route *route = &op->route;
  int64_t position = view->count && view->cells[0].kind == RILLE_INT ? view->cells[0].as.i : 0;
  if (!route->replica) {
    learn(r, route->writes, position);
    return RILLE_OK;
  }
  replica *at = &r->all[route->replica - 1];
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

static void put_aside(replica *at) {
  uint32_t failures = atomic_fetch_add(&at->failures, 1), random = 0;
  int64_t ms = ASIDE_MS;
  for (uint32_t i = 0; i < failures && ms < ASIDE_MOST_MS; i++) ms *= 2;
  if (ms > ASIDE_MOST_MS) ms = ASIDE_MOST_MS;
  (void)rl_random(&random, sizeof random);
  at->aside_until = rl_clock_ms() + ms - (int64_t)(random % (uint32_t)(ms / 4));
}

/* It will not write, has cancelled a read because of what it had to replay, or lacks what the primary may have by now.
 */
static bool is_of_a_replica(const char *state) {
  static const char *const states[] = {"25006", "40001", "40P01", "57P",   "55000", "42P01",
                                       "42703", "42883", "42704", "3F000", "3D000", "0A000"};
  for (size_t i = 0; i < sizeof states / sizeof *states; i++)
    if (*state && strncmp(state, states[i], strlen(states[i])) == 0) return true;
  return false;
}

bool rl_route_elsewhere(rl_op *op) {
  rl_route *route = &op->route;
  if (!route->replica || op->told || op->error.nomem || op->error.code == RL_P1008) return false;
  rl_replicas *r = replicas_of(op);
  bool lost = op->error.connection_lost;
  if (lost) put_aside(&r->all[route->replica - 1]);
  if (!lost && !route->behind && !is_of_a_replica(op->error.sqlstate)) return false;
  if (strcmp(op->error.sqlstate, "25006") == 0) route->wrote = true;
  route->primary_only = !lost || ++route->moves > r->count;
  return true;
}

static bool may_have_written(const rl_op *op) {
  if (op->tx) return op->kind == RL_OP_END && op->tx->verb == RL_VERB_COMMIT && !op->tx->settings.read_only;
  if (op->kind == RL_OP_BEGIN || op->kind == RL_OP_EXPLAIN || op->kind == RL_OP_END) return false;
  return op->route.wrote || !only_reads(op);
}

void rl_route_ended(rl_op *op) {
  rl_replicas *r = replicas_of(op);
  if (!r || !op->conn) return;
  if (op->route.replica) {
    replica *at = &r->all[op->route.replica - 1];
    if (op->error.code == RL_CODE_NONE && at->aside_until != 0) {
      at->failures = 0;
      at->aside_until = 0;
    }
    return;
  }
  if (may_have_written(op)) r->writes++;
}
