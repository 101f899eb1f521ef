/* UPDATE of the rows that meet conditions, with rille's own referential actions. */
#include "plan/write.h"

void rl_update_scoped(rl_builder *b, const rl_target *target, const rl_assigns *assigns, const rl_write *write) {
  rl_step *step = rl_update_rows(b, target->model, assigns, target->where, target->keys, target->limit, target->none);
  rl_written written = rl_written_by(target->model, assigns->items, assigns->count, write);
  rl_scoped_keep(b, step, &written, NULL);
}

rl_step *rl_update_rows(rl_builder *b, const rl_model *model, const rl_assigns *assigns, rl_filter *where,
                        rl_filter *keys, rl_input *limit, const rl_raise *none) {
  rl_fields wanted = {0};
  bool acts = rl_referential_update_wants(b, model, assigns, &wanted);
  if (acts) {
    rl_target target = {.model = model, .where = where, .keys = keys, .none = none, .limit = limit, .many = true};
    rl_at rows = rl_read_to_write(b, &target, assigns, &wanted);
    rl_referential_update(b, &rows, assigns);
    where = NULL;
    keys = rl_where_identity(b, &rows, true);
  }
  rl_step *step = rl_add_update(b, model, where, keys);
  step->as.update->assigns = assigns->items;
  step->as.update->assign_count = assigns->count;
  step->as.update->limit = acts ? NULL : limit;
  step->if_none = acts ? NULL : none;
  return step;
}
