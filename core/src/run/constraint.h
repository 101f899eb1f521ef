/* Translates a database's error to terms of the schema. */
#ifndef RL_RUN_CONSTRAINT_H
#define RL_RUN_CONSTRAINT_H

#include "plan/plan.h"

/* failed: the step whose statement failed; NULL: not known. */
void rl_translate_constraint(const rl_schema *schema, const rl_model *model, const rl_step *failed, rl_error *err);

/* Fails as if, in a call of `model`, the statement of the step had broken a foreign key. broken: the one that the
 * database names; NULL: it names none. */
rille_status rl_fail_broken_key(const rl_schema *schema, const rl_model *model, const rl_step *step,
                                const rl_relation *broken, rl_error *err);
/* Makes a broken foreign key that the database reports look like the same error of rl_fail_broken_key: a client with a
 * scope must not learn which rows exist outside of it. */
void rl_equalize_broken_key(const rl_schema *schema, const rl_model *model, const rl_step *failed, rl_error *err);

#endif
