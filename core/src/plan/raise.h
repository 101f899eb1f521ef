/* Errors for a missing row, or a broken rule of a relation, with Prisma's codes. */
#ifndef RL_PLAN_RAISE_H
#define RL_PLAN_RAISE_H

#include "plan/builder.h"

const rl_raise *rl_raise_not_found(rl_builder *b, const rl_model *model, const char *what); /* P2025 */
const rl_raise *rl_raise_related(rl_builder *b, const rl_nested *nested,
                                 const char *operation);                      /* P2025: no row of the relation */
const rl_raise *rl_raise_connect(rl_builder *b, const rl_nested *nested);     /* P2018 */
const rl_raise *rl_raise_unconnected(rl_builder *b, const rl_nested *nested); /* P2017 */
const rl_raise *rl_raise_dropped(rl_builder *b, const rl_model *model);       /* P2025: no row was inserted */
const rl_raise *rl_raise_outdated(rl_builder *b,
                                  const rl_model *model); /* P2034: rows have changed since they were read */
const rl_raise *rl_raise_disagree(rl_builder *b, const rl_field *field,
                                  rl_str path); /* VALIDATION: relations give it different values */
const rl_raise *rl_raise_required(rl_builder *b, const rl_relation *relation); /* P2014 */
_Noreturn void rl_refuse_required(rl_builder *b, const rl_relation *relation, rl_str path);

/* VALIDATION: a written row is outside of the scope. */
const rl_raise *rl_raise_outside(rl_builder *b, const rl_model *model);
/* P2003: a row that the step has written refers to a row outside of the scope. It is reported like a row that does not
 * exist. */
const rl_raise *rl_raise_broken(rl_builder *b, const rl_relation *relation, uint32_t step);
/* P2002: the row with the key is outside of the scope. It is reported like any row with the key. */
const rl_raise *rl_raise_taken(rl_builder *b, const rl_model *model, const rl_field **fields, size_t count);

#endif
