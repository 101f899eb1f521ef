/* The parts of rl_touch while it is built: what is known of each model, and the tables in the order in which they were
 * met. Out of memory sets `failed`. */
#ifndef RL_PLAN_TOUCHING_H
#define RL_PLAN_TOUCHING_H

#include "plan/touch.h"

/* More known rows of one table are not worth their names. */
enum { RL_MOST_KNOWN_ROWS = 64 };

/* What happens to the rows of a model. */
typedef struct rl_model_touch {
  uint32_t written; /* its index in `writes`, + 1; 0: it is not written */
  bool deleted;     /* rows are deleted */
  bool updated_all; /* any field may be set */
  bool *updated;    /* by column: the field is set; NULL: none is */
} rl_model_touch;

typedef struct rl_touching {
  const rl_schema *schema;
  const rl_plan *plan; /* NULL: a statement of named models */
  rl_touch *touch;
  size_t read_cap, write_cap;
  rl_model_touch *models; /* by index */
  bool failed, changed;
} rl_touching;

/* touch.c */
/* Returns the entry of a table that is written, new or known. NULL when out of memory. model: NULL for a join table. */
rl_touched *rl_touching_write(rl_touching *t, rl_str table, const rl_model *model);
void rl_touching_whole(rl_touching *t, const rl_model *model);

/* touch_actions.c: what the database does when rows are deleted, or when fields of them are set. */
void rl_touching_deletes(rl_touching *t, const rl_model *model);
void rl_touching_sets(rl_touching *t, const rl_model *model, const rl_field *field);
void rl_touching_sets_all(rl_touching *t, const rl_model *model);
/* Adds the effects of all that was noted, and the effects of these. */
void rl_touching_act(rl_touching *t);

/* touch_keys.c: Returns the input whose value the field has in all rows of step `at`, by its conditions, if it is known
 * when the call starts; NULL: none. Conditions on rows of earlier steps are followed to the conditions of these. */
const rl_input *rl_known_value(const rl_plan *plan, size_t at, const rl_field *field);
/* Returns whether a condition is that the fields of one unique key have given values, and nothing else. */
bool rl_is_one_key(const rl_model *model, const rl_filter *where);

#endif
