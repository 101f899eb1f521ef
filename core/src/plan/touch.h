/* What a program reads and writes: which tables, and which rows where that is known. Whoever keeps answers needs it, to
 * know which of them a write makes stale (run/depends.h). Pure: from the plan and the schema. What the database changes
 * on its own is part of it: referential actions, join tables, and what `@touches` tells of triggers. It may be too
 * much, never too little. */
#ifndef RL_PLAN_TOUCH_H
#define RL_PLAN_TOUCH_H

#include "plan/plan.h"

/* A table that is written. Without `whole`, only the rows of `keys` change, and new ones are inserted. */
typedef struct rl_touched {
  rl_str table;          /* its name in the database */
  const rl_model *model; /* NULL: a join table, of which nothing more is known */
  bool whole;            /* any rows */
  bool new_key;          /* a row may get a unique key that no row had */
  const rl_input **keys; /* primary keys that are known when the call starts, one after the other */
  size_t row_count;
} rl_touched;

typedef struct rl_touch {
  rl_arena arena;
  rl_str *reads; /* tables by their names in the database, each once, with join tables and views */
  size_t read_count;
  bool reads_view; /* one of them is a view: what it reads is unknown */
  bool locks;      /* rows are locked */
  rl_touched *writes;
  size_t write_count;
  bool writes_view; /* of named models only: what is written behind a view is unknown */
  /* A find_unique whose `where` is one unique key and nothing else, and that reads nothing more of its table, which is
   * the first of the reads. `key`: the values of the primary key, if `where` has them; NULL otherwise. */
  bool by_key;
  const rl_input **key;
} rl_touch;

/* Both return NULL when out of memory. The caller frees the result, which borrows the plan and the schema. */
rl_touch *rl_touch_of_plan(const rl_schema *schema, const rl_plan *plan);
/* Of a statement of which only the models are known: they are read and written, in whatever way. Views are only read.
 */
rl_touch *rl_touch_of_models(const rl_schema *schema, const rl_model *const *models, size_t count);
void rl_touch_free(rl_touch *touch);

/* Writes it as text, for explain: "reads User Post", "writes User[2]+ Post* _PostToTag". [2]: two known rows; +: new
 * keys; *: any rows. */
void rl_touch_dump(const rl_touch *touch, rl_buf *out);

#endif
