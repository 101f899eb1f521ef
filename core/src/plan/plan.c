/* The entry point: from a query to its finished plan. */
#include "plan/needs.h"
#include "plan/read.h"
#include "plan/write.h"

static void add_steps(rl_builder *b) {
  switch (b->query->action) {
  case RL_ACTION_FIND_UNIQUE:
  case RL_ACTION_FIND_UNIQUE_OR_THROW:
  case RL_ACTION_FIND_FIRST:
  case RL_ACTION_FIND_FIRST_OR_THROW:
  case RL_ACTION_FIND_MANY: rl_plan_find(b); return;
  case RL_ACTION_CREATE: rl_plan_create(b); return;
  case RL_ACTION_CREATE_MANY:
  case RL_ACTION_CREATE_MANY_AND_RETURN:
  case RL_ACTION_UPSERT_MANY: rl_plan_create_many(b); return;
  case RL_ACTION_UPDATE: rl_plan_update(b); return;
  case RL_ACTION_UPDATE_MANY:
  case RL_ACTION_UPDATE_MANY_AND_RETURN: rl_plan_update_many(b); return;
  case RL_ACTION_UPSERT: rl_plan_upsert(b); return;
  case RL_ACTION_DELETE: rl_plan_delete(b); return;
  case RL_ACTION_DELETE_MANY: rl_plan_delete_many(b); return;
  case RL_ACTION_COUNT:
  case RL_ACTION_AGGREGATE:
  case RL_ACTION_EXISTS: rl_plan_aggregate(b); return;
  case RL_ACTION_GROUP_BY: rl_plan_group(b); return;
  }
  rl_refuse(b, RL_INTERNAL, NULL, "action %d has no plan", (int)b->query->action);
}

/* Returns whether a step's rows may need several statements: rows are split at the limit of parameters, or by the
 * columns they give. */
static bool may_split(const rl_builder *b, const rl_step *step) {
  const rl_rows *rows = rl_step_rows(step);
  if (!rows) return false;
  if (!b->features->unnest_insert) return true;
  for (size_t i = 0; i < rows->column_count; i++)
    if (rows->columns[i].by_database) return true;
  return false;
}

static bool is_write(const rl_step *step) {
  return step->kind == RL_STEP_INSERT || step->kind == RL_STEP_UPDATE || step->kind == RL_STEP_DELETE;
}

/* Nothing was written before this INSERT, and what is written after it fails with it, because the foreign keys refuse
 * it. */
static bool falls_alone(const rl_builder *b, size_t at) {
  const rl_plan *plan = b->plan;
  for (size_t i = 0; i < plan->step_count; i++)
    if (i != at && is_write(&plan->steps[i]) && (i < at || b->schema->relation_mode_prisma)) return false;
  return plan->steps[at].kind == RL_STEP_INSERT;
}

static void finish_plan(rl_builder *b) {
  rl_plan *plan = b->plan;
  size_t statements = 0;
  plan->steps = RL_MAKE_ARRAY(b, rl_step, plan->step_count);
  for (size_t i = 0; i < plan->step_count; i++) {
    rl_step *step = &plan->steps[i];
    *step = *b->steps[i];
    bool sends = step->kind != RL_STEP_RAISE && step->kind != RL_STEP_MERGE;
    if (is_write(step)) plan->writes = true;
    statements += sends ? (may_split(b, step) ? 2 : 1) : 0;
  }
  for (size_t i = 0; i < plan->step_count; i++) plan->steps[i].checked_late = falls_alone(b, i);
  plan->atomic = plan->writes && (statements > 1 || plan->steps[0].all_or_none);
  plan->scoped = b->query->scopes != NULL;
  rl_plan_needs(plan);
  rl_plan_check(b, plan);
}

/* A separate function, so that no local variable is read after a jump. */
static rille_status build(rl_builder *b) {
  if (setjmp(b->failed)) return b->status;
  b->plan = RL_MAKE(b, rl_plan);
  b->plan->action = (rille_action)b->query->action;
  b->plan->model = b->query->model;
  b->plan->generated_count = b->query->generated_count;
  b->plan->result = rl_action_info_of((rille_action)b->query->action)->result;
  if (b->query->action == RL_ACTION_COUNT && !b->query->count_plain) b->plan->result = RILLE_RESULT_ROW;
  add_steps(b);
  rl_scoped_rest(b);
  finish_plan(b);
  return RILLE_OK;
}

rille_status rl_plan_make(const rl_schema *schema, const rl_query *query, const rl_features *features, rl_arena *arena,
                          rl_plan **out, rl_error *err) {
  rl_builder b = {
      .schema = schema, .query = query, .features = features, .arena = arena, .err = err, .guard = RL_NO_GUARD};
  rille_status status = build(&b);
  *out = status == RILLE_OK ? b.plan : NULL;
  return status;
}
