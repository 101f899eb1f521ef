/* A call's shape, compiled: the program with what running it needs, and the cache of them. Immutable once made; shared
 * by threads; reference-counted. */
#ifndef RL_RUN_COMPILE_H
#define RL_RUN_COMPILE_H

#include "driver/driver.h"
#include "sql/sql.h"

/* How the cells of a step's rows are changed on their way out: enum names of the database to those of the schema. */
typedef struct rl_run_step {
  rl_stmt main, one; /* one: bulk inserts, a row a statement */
  bool maps_enums;   /* some column holds an enum whose values have database names of their own */
  bool waits;        /* its answer must be known before anything is final: it has a check, or is a bulk insert */
} rl_run_step;

typedef struct rl_compiled {
  _Atomic int references;
  uint64_t id; /* of the shape of the result, for bindings */
  uint64_t hash;
  rl_arena arena;
  rl_str shape;
  const rl_model *model;
  rille_action action;
  rl_address *runs;
  size_t run_count;
  rl_pin *pins;
  size_t pin_count;
  rl_plan *plan;
  rl_program *program;
  rl_run_step *steps;               /* one a step of the plan */
  rille_node *nodes;                /* one a node of the plan */
  struct rl_compiled *next_in_slot; /* the cache's, as what follows */
  size_t index, bytes;
  uint64_t used;
} rl_compiled;

typedef struct rl_plan_cache rl_plan_cache;

typedef struct rl_compile_context {
  const rl_schema *schema;
  const rl_dialect *dialect;
  rl_bind_options bind;
} rl_compile_context;

/* most_bytes: of all programs; one that takes an eighth of it or more is not kept. */
rille_status rl_plan_cache_new(size_t capacity, size_t most_bytes, rl_plan_cache **out, rl_error *err);
void rl_plan_cache_free(rl_plan_cache *c);
/* The program for this call, from the cache or newly made; one reference for the caller. anchors: receives an array of
 * run_count + 1, in the arena given. */
rille_status rl_compile(rl_plan_cache *cache, const rl_compile_context *context, const rl_model *model,
                        rille_action action, const rl_tape *tape, rl_arena *arena, rl_compiled **out,
                        uint32_t **anchors, rl_error *err);
void rl_compiled_release(rl_compiled *c);

/* What a call is looked up by. */
typedef struct rl_cache_key {
  uint64_t hash;
  rl_str shape;
  const rl_model *model;
  rille_action action;
  const rl_tape *tape;
} rl_cache_key;
#define RL_QUICK_RUNS 8 /* lists of varying length in a call, up to which a look-up allocates nothing */
/* One reference for the caller; NULL when there is none. anchors as in rl_compile. */
rl_compiled *rl_plan_cache_find(rl_plan_cache *c, const rl_cache_key *key, rl_arena *arena, uint32_t **anchors);
bool rl_plan_cache_keep(rl_plan_cache *c, rl_compiled *p); /* false: it is too large */

typedef struct rl_plan_cache_counts {
  size_t kept, bytes;
  int64_t hits, misses, evictions;
} rl_plan_cache_counts;
void rl_plan_cache_count(rl_plan_cache *c, rl_plan_cache_counts *out);

void rl_run_describe_stmt(const rl_template *t, rl_stmt *out); /* with a new id */
uint64_t rl_statement_id(void);                                /* unique in the process, never 0 */

#endif
