/* Conditions on a field that is a list of scalars. */
#include "query/bind.h"

static rille_status new_list_filter(rl_binder *b, const rl_field *field, rl_operator op, rl_filter **out) {
  RL_TRY(rl_filter_new(b, RL_FILTER_LIST, field, out));
  (*out)->op = op;
  return RILLE_OK;
}

static bool is_reference(const rl_arg *n) {
  return n->kind == RL_ARG_MARK && n->mark == RL_MARK_FIELD;
}

static rille_status list_with_list(rl_binder *b, const rl_subject *s, rl_operator op, rl_arg *arg, rl_filter **out) {
  if (op == RL_OP_EQ && arg->kind == RL_ARG_NULL) return rl_filter_new(b, RL_FILTER_IS_NULL, s->field, out);
  rl_take_list_as_data(b, &s->type, arg);
  if (op == RL_OP_HAS_SOME && rl_is_empty_list(arg)) return rl_filter_new(b, RL_FILTER_FALSE, NULL, out);
  RL_TRY(new_list_filter(b, s->field, op, out));
  if (is_reference(arg)) return rl_bind_field_ref(b, s, arg, true, &(*out)->column);
  return rl_input_scalars(b, &s->type, s->field, arg, true, &(*out)->input);
}

static rille_status list_has(rl_binder *b, const rl_subject *s, rl_operator op, rl_arg *arg, rl_filter **out) {
  if (arg->kind == RL_ARG_NULL && s->type.scalar != RL_JSON) /* a list contains no null */
    return rl_filter_new(b, RL_FILTER_FALSE, NULL, out);
  RL_TRY(new_list_filter(b, s->field, op, out));
  if (is_reference(arg)) return rl_bind_field_ref(b, s, arg, false, &(*out)->column);
  return rl_input_scalar(b, &s->type, s->field, arg, &(*out)->input);
}

static rille_status list_is_empty(rl_binder *b, const rl_subject *s, rl_operator op, rl_arg *arg, rl_filter **out) {
  bool empty;
  RL_TRY(rl_expect_flag(b, arg, &empty));
  RL_TRY(new_list_filter(b, s->field, op, out));
  (*out)->negated = !empty;
  return RILLE_OK;
}

static const struct {
  const char *name;
  rille_status (*meaning)(rl_binder *b, const rl_subject *s, rl_operator op, rl_arg *arg, rl_filter **out);
  rl_operator op;
} conditions[] = {
#define RL_LIST_CONDITION(name, meaning, operator, operand) {#name, list_##meaning, operator},
#include "query/operators.def"
};

static rille_status bind_condition(rl_binder *b, const rl_subject *s, rl_arg *member, rl_filter **out) {
  rl_choices names = {.arena = b->arena};
  for (size_t i = 0; i < RL_COUNT_OF(conditions); i++) {
    if (rl_str_is(member->key, conditions[i].name)) return conditions[i].meaning(b, s, conditions[i].op, member, out);
    rl_choices_add(&names, rl_str_of(conditions[i].name));
  }
  return rl_bad_name(b, member, member->key, "condition on a list", NULL, &names);
}

rille_status rl_bind_list_filter(rl_binder *b, const rl_field *field, rl_arg *arg, rl_filter **out) {
  *out = NULL;
  rl_plain(arg);
  if (arg->kind != RL_ARG_OBJECT && !rl_is_empty_list(arg))
    return rl_bad(b, arg, field, "expected a table with `equals`, `has`, `has_every`, `has_some` or `is_empty`, got %s",
                  rl_kind_text(arg));
  rl_subject s = {.model = field->model, .field = field, .type = field->type, .ref_type = field->type};
  rl_filters list = {0};
  for (size_t i = 0; i < arg->count; i++) {
    rl_filter *f;
    RL_TRY(bind_condition(b, &s, &arg->children[i], &f));
    RL_TRY(rl_filters_add(b, &list, f));
  }
  return rl_filters_and(b, &list, out);
}
