/* A client: a schema, a pool, a plan cache. Reference-counted; any thread may use it. */
#ifndef RL_RUN_CLIENT_H
#define RL_RUN_CLIENT_H

#include "run/compile.h"
#include "run/pool.h"

typedef struct rl_client {
  _Atomic int references;
  rl_arena arena;
  rl_schema *schema;
  rl_pool *_Atomic pool; /* another one after a fork */
  const rl_driver *driver;
  rl_plan_cache *cache;
  rl_compile_context context;
  rl_map omit;                                         /* "user.password" -> non-NULL */
  _Atomic int64_t operations, statements, round_trips; /* of the operations that have ended */
} rl_client;

typedef struct rl_client_settings {
  rl_str url;
  rl_schema *schema;
  rl_pool_options pool;
  bool strict_where;
  size_t plan_cache_size;
  const rl_str *omit;
  size_t omit_count;
} rl_client_settings;

rille_status rl_client_open(const rl_client_settings *settings, rl_client **out, rl_error *err);
rl_client *rl_client_retain(rl_client *c);
void rl_client_release(rl_client *c);

/* The dialect of a driver; NULL when there is none. */
const rl_dialect *rl_dialect_of(const rl_driver *driver);
/* P1012 when the schema's datasource is of another kind than the URL. */
rille_status rl_check_provider(const rl_schema *schema, const rl_driver *driver, rl_error *err);

#endif
