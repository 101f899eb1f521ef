/* Opening replicas, and the question for a server's position. */
#include "run/replicas.h"

#include "base/alloc.h"
#include "run/compile.h"

static const rl_wire_type probe_wire_type = {.wire = RL_WIRE_INT8};

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
                       .columns = &probe_wire_type,
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
