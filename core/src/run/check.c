/* What is checked after the last row of a step, and what is raised. */
#include "run/op.h"

rille_status rl_raise_error(const rl_raise *r, const rl_model *model, rl_error *err) {
  rille_status st = rl_fail(err, r->code, "%.*s", RL_STR_ARG(r->message));
  rl_error_detail(err, "model", r->model.len ? r->model : model->name);
  if (r->relation.len) rl_error_detail(err, "relation", r->relation);
  if (r->path.len) rl_error_detail(err, "path", r->path);
  if (r->cause.len) rl_error_detail(err, "cause", r->cause);
  return st;
}

rille_status rl_op_finish_step(rl_op *op, uint32_t index, int64_t affected, rl_error *err) {
  const rl_step *step = &op->compiled->plan->steps[index];
  uint64_t found = op->compiled->steps[index].main.returns_rows ? op->step_rows : (uint64_t)affected;
  if (step->counts) op->affected += affected;
  if (op->stream && index == 0) op->stream_ended = op->step_rows < op->stream;
  if (step->rowset != RL_NO_ROWSET) op->inputs.rowsets[step->rowset].filled = true;
  if (step->if_none && found == 0) return rl_raise_error(step->if_none, op->compiled->model, err);
  if (step->if_fewer && rl_step_rows(step)) return rl_bulk_check(op, index, affected, err);
  if (!step->if_fewer || found >= op->inputs.rowsets[step->expected].rows) return RILLE_OK;
  op->failed = index + 1;
  return rl_raise_error(step->if_fewer, op->compiled->model, err);
}
