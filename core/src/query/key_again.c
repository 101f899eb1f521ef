/* Checks whether a create gives the key of a unique condition again. Then upsert and connect_or_create can be one
 * statement. */
#include "query/bind.h"
#include "schema/field_rules.h"

typedef struct key_pairs {
  const rl_field *fields[16];
  const rl_arg *args[16];
  size_t count;
  bool plain; /* equalities of values only */
} key_pairs;

static void collect_pairs(const rl_filter *f, key_pairs *pairs) {
  if (f->is_scope) return;
  for (size_t i = 0; f->kind == RL_FILTER_AND && i < f->count; i++) collect_pairs(f->items[i], pairs);
  if (f->kind == RL_FILTER_AND) return;
  bool equality =
      f->kind == RL_FILTER_COMPARE && f->op == RL_OP_EQ && !f->negated && !f->insensitive && f->field && !f->aggregate;
  if (!equality || !f->input || f->input->kind != RL_INPUT_VALUE || !f->input->arg || !f->input->arg->value ||
      pairs->count == 16) {
    pairs->plain = false;
    return;
  }
  pairs->fields[pairs->count] = f->field;
  pairs->args[pairs->count++] = f->input->arg;
}

static const rl_arg *assigned_arg(const rl_write *create, const rl_field *field) {
  for (size_t i = 0; i < create->assign_count; i++) {
    const rl_assign *a = &create->assigns[i];
    if (a->field == field) return a->input && a->input->kind == RL_INPUT_VALUE ? a->input->arg : NULL;
  }
  return NULL;
}

/* What is written may be something else than the condition compares with. */
static bool is_changed(const rl_field *field) {
  return field->rules && (field->rules->trim || field->rules->lowercase);
}

rille_status rl_bind_key_again(rl_binder *b, const rl_filter *unique, const rl_write *create, bool *out) {
  key_pairs pairs = {.plain = true};
  *out = false;
  collect_pairs(unique, &pairs);
  if (!pairs.plain || !rl_model_unique_of(create->model, pairs.fields, pairs.count)) return RILLE_OK;
  for (size_t i = 0; i < pairs.count; i++) {
    if (is_changed(pairs.fields[i])) return RILLE_OK;
    const rl_arg *again = assigned_arg(create, pairs.fields[i]);
    bool same = false;
    if (again) RL_TRY(rl_arg_pin_same(b->tree, pairs.args[i], again, &same, b->err));
    if (!same) return RILLE_OK;
  }
  *out = true;
  return RILLE_OK;
}
