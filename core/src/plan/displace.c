/* A one-to-one relation allows one row: the current one is disconnected when another one is connected. */
#include "plan/write.h"

static const rl_field *const *constant(const rl_field **fields) {
  return (const rl_field *const *)fields;
}

void rl_displace(rl_builder *b, const rl_relation *relation, const rl_at *referenced, const rl_at *but) {
  const rl_model *holder = relation->key_side->model;
  rl_filter *held =
      rl_where_keys(b, constant(relation->fields), constant(relation->references), relation->count, referenced, false);
  if (!relation->key_side->required) {
    rl_assigns none = {0};
    rl_assigns_no_key(b, &none, relation);
    rl_target target = {.model = holder, .where = rl_plan_scope(b, holder), .keys = held};
    rl_update_scoped(b, &target, &none, NULL);
    return;
  }
  rl_filter *others = but ? rl_plan_filter_not(b, rl_where_identity(b, but, false)) : NULL;
  rl_at old = rl_read_rows(b, holder, rl_where_and(b, others, rl_plan_scope(b, holder)), held, NULL, NULL);
  uint32_t before = rl_guard_on(b, old.rowset, false);
  rl_add_raise(b, rl_raise_required(b, relation));
  b->guard = before;
}
