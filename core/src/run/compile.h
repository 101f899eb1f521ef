/* Compiled shapes of calls: programs with what running them needs, and their cache. A program is immutable,
 * reference-counted and shared by threads. */
#ifndef RL_RUN_COMPILE_H
#define RL_RUN_COMPILE_H

#include "driver/driver.h"
#include "sql/sql.h"

/* The statements of a step, and how its answers are treated. */
typedef struct rl_run_step {
  rl_stmt main, one;   /* one: of bulk inserts, one row per statement */
  bool maps_enums;     /* a column has an enum whose values have other names in the database */
  bool waits;          /* its answer must be known before a commit: it has a check, or is a bulk insert */
  bool has_late_rules; /* it has values with rules, and reads rowsets: they are checked before anything is sent */
} rl_run_step;

typedef struct rl_compiled {
  _Atomic int references;
  uint64_t id; /* the number of the result's shape, for bindings */
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
  rl_run_step *steps;                  /* one per step of the plan */
  bool has_late_rules;                 /* of any step */
  rille_node *nodes;                   /* one per node of the plan */
  struct rl_json_layout *_Atomic json; /* owned; NULL: not needed yet */
  struct rl_touch *_Atomic touch;      /* the same */
  _Atomic uint64_t layout_hash;        /* of the nodes and their columns; 0: not needed yet */
  struct rl_compiled *next_in_slot;    /* this and the following belong to the cache */
  size_t index, bytes;
  uint64_t used;
} rl_compiled;

typedef struct rl_plan_cache rl_plan_cache;

typedef struct rl_compile_context {
  const rl_schema *schema;
  const rl_dialect *dialect;
  rl_bind_options bind;
  const rl_tape_suffix *scope; /* of the client: the tape of each call must end with it */
} rl_compile_context;

/* most_bytes: of all programs together. A program of more than an eighth of it is not kept. */
rille_status rl_plan_cache_new(size_t capacity, size_t most_bytes, rl_plan_cache **out, rl_error *err);
void rl_plan_cache_free(rl_plan_cache *c);
/* Returns the program for this call, from the cache or compiled; one reference to the caller. anchors: receives an
 * array of run_count + 1 in the arena. */
rille_status rl_compile(rl_plan_cache *cache, const rl_compile_context *context, const rl_model *model,
                        rille_action action, const rl_tape *tape, rl_arena *arena, rl_compiled **out,
                        uint32_t **anchors, rl_error *err);
void rl_compiled_release(rl_compiled *c);
/* Returns what the program reads and writes (plan/touch.h), worked out when it is first asked for. NULL when out of
 * memory. */
const struct rl_touch *rl_compiled_touch(rl_compiled *c);

/* What identifies a program in the cache. */
typedef struct rl_cache_key {
  uint64_t hash;
  rl_str shape;
  const rl_model *model;
  rille_action action;
  const rl_tape *tape;
} rl_cache_key;
#define RL_QUICK_RUNS 8 /* the most lists of varying length for which a look-up allocates nothing */
/* Returns one reference to the caller. NULL: not found. anchors as in rl_compile. */
rl_compiled *rl_plan_cache_find(rl_plan_cache *c, const rl_cache_key *key, rl_arena *arena, uint32_t **anchors);
bool rl_plan_cache_keep(rl_plan_cache *c, rl_compiled *p); /* false: too large */

typedef struct rl_plan_cache_counts {
  size_t kept, bytes;
  int64_t hits, misses, evictions;
} rl_plan_cache_counts;
void rl_plan_cache_count(rl_plan_cache *c, rl_plan_cache_counts *out);

void rl_run_describe_stmt(const rl_template *t, rl_stmt *out); /* with a new number */
uint64_t rl_statement_id(void);                                /* unique in the process, never 0 */

#endif
