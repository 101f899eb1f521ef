/* Checks after the last row of a step. */
#include "run/check.h"

#include "run/bulk.h"
#include "run/constraint.h"
#include "run/raise.h"

static rille_status fail_check(const rl_call *call, const rl_raise *r, rl_error *err) {
  const rl_plan *plan = call->compiled->plan;
  if (!r->broken) return rl_raise_error(r, call->compiled->model, err);
  bool named = call->context->dialect->features.names_keys;
  return rl_fail_broken_key(call->context->schema, call->compiled->model, &plan->steps[r->broken_by],
                            named ? r->broken : NULL, err);
}

rille_status rl_call_finish_step(rl_call *call, uint32_t index, int64_t affected, rl_error *err) {
  const rl_step *step = &call->compiled->plan->steps[index];
  uint64_t found = call->compiled->steps[index].main.returns_rows ? call->step_rows : (uint64_t)affected;
  if (step->counts) call->affected += affected;
  if (call->portion && index == 0) call->root_ended = call->step_rows < call->portion;
  if (step->rowset != RL_NO_ROWSET) call->inputs.rowsets[step->rowset].filled = true;
  if (step->if_none && found == 0) return fail_check(call, step->if_none, err);
  if (step->if_fewer && rl_step_rows(step)) return rl_bulk_check(call, index, affected, err);
  if (!step->if_fewer || found >= call->inputs.rowsets[step->expected].rows) return RILLE_OK;
  call->failed = index + 1;
  return fail_check(call, step->if_fewer, err);
}
