/* Checks after the last row of a step. */
#include "run/check.h"

#include "run/bulk.h"
#include "run/raise.h"

rille_status rl_call_finish_step(rl_call *call, uint32_t index, int64_t affected, rl_error *err) {
  const rl_step *step = &call->compiled->plan->steps[index];
  uint64_t found = call->compiled->steps[index].main.returns_rows ? call->step_rows : (uint64_t)affected;
  if (step->counts) call->affected += affected;
  if (call->portion && index == 0) call->root_ended = call->step_rows < call->portion;
  if (step->rowset != RL_NO_ROWSET) call->inputs.rowsets[step->rowset].filled = true;
  if (step->if_none && found == 0) return rl_raise_error(step->if_none, call->compiled->model, err);
  if (step->if_fewer && rl_step_rows(step)) return rl_bulk_check(call, index, affected, err);
  if (!step->if_fewer || found >= call->inputs.rowsets[step->expected].rows) return RILLE_OK;
  call->failed = index + 1;
  return rl_raise_error(step->if_fewer, call->compiled->model, err);
}
