/* Errors that a plan foresees, with their details. */
#include "run/raise.h"

rille_status rl_raise_error(const rl_raise *r, const rl_model *model, rl_error *err) {
  rille_status st = rl_fail(err, r->code, "%.*s", RL_STR_ARG(r->message));
  rl_error_detail(err, "model", r->model.len ? r->model : model->name);
  if (r->relation.len) rl_error_detail(err, "relation", r->relation);
  if (r->path.len) rl_error_detail(err, "path", r->path);
  if (r->cause.len) rl_error_detail(err, "cause", r->cause);
  rl_str names[32];
  size_t count = 0;
  for (; count < r->target_count && count < sizeof names / sizeof *names; count++)
    names[count] = r->target[count]->name;
  if (count) rl_error_detail_list(err, "target", names, count);
  return st;
}
