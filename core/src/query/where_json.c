/* Conditions on a Json field: on the whole value or at a path. */
#include "query/bind.h"

enum { ANY, TEXT, OPTION };

static const struct condition {
  const char *name;
  rl_operator op;
  int operands;
  rl_transform transform;
} conditions[] = {
#define RL_JSON_CONDITION(name, operator, operands, transform, operand) {#name, operator, operands, transform},
#define RL_JSON_OPTION(name, operand) {#name, RL_OP_EQ, OPTION, RL_TRANSFORM_NONE},
#include "query/operators.def"
};

static const struct condition *condition_of(rl_str key) {
  for (size_t i = 0; i < RL_COUNT_OF(conditions); i++)
    if (rl_str_is(key, conditions[i].name)) return &conditions[i];
  return NULL;
}

/* Binds the path, which is a value: a list of steps, or one string like "$.a.b[0]". */
static rille_status bind_path(rl_binder *b, const rl_subject *s, rl_arg *arg, rl_input **out) {
  rl_type steps = {.scalar = RL_STRING, .list = true};
  bool empty = rl_is_empty_list(arg);
  if (!empty && arg->kind != RL_ARG_TEXT && arg->kind != RL_ARG_LIST)
    return rl_bad(b, arg, s->field, "expected a string or a list of keys and positions, got %s", rl_kind_text(arg));
  rl_input_kind kind = empty ? RL_INPUT_CONSTANT : arg->kind == RL_ARG_TEXT ? RL_INPUT_VALUE : RL_INPUT_LIST;
  *out = rl_input_new(b, kind, &steps, s->field, arg);
  if (!*out) return rl_nomem(b);
  (*out)->constant = (rl_value){.kind = RILLE_LIST};
  (*out)->transform = RL_TRANSFORM_JSON_PATH;
  return RILLE_OK;
}

/* `json = rille.null` is the NULL of the column, if the column is optional. After an operator, rille.null is JSON null,
 * as in Prisma, and rille.db_null is the NULL of the column. */
static rl_json_null null_of(const rl_subject *s, const rl_arg *arg) {
  bool alone = s->field && rl_str_eq(arg->key, s->field->name);
  if (arg->kind == RL_ARG_NULL) return s->nullable && alone ? RL_DB_NULL : RL_JSON_NULL_VALUE;
  if (arg->kind != RL_ARG_MARK) return RL_JSON_NOT_NULL;
  switch (arg->mark) {
  case RL_MARK_DB_NULL: return RL_DB_NULL;
  case RL_MARK_JSON_NULL: return RL_JSON_NULL_VALUE;
  case RL_MARK_ANY_NULL: return RL_ANY_NULL;
  default: return RL_JSON_NOT_NULL;
  }
}

/* Binds a column on the right. The input of a string operator then has no value, only the kind of match. */
static rille_status column_operand(rl_binder *b, const rl_subject *s, const struct condition *c, rl_arg *arg,
                                   rl_filter *f) {
  RL_TRY(rl_bind_field_ref(b, s, arg, false, &f->column));
  if (c->operands != TEXT) return RILLE_OK;
  f->input = rl_input_new(b, RL_INPUT_CONSTANT, &s->type, s->field, NULL);
  if (!f->input) return rl_nomem(b);
  f->input->transform = c->transform;
  return RILLE_OK;
}

static rille_status bind_operand(rl_binder *b, const rl_subject *s, const struct condition *c, rl_arg *arg,
                                 rl_filter *f) {
  rl_subject wanted = *s;
  if (c->operands == TEXT) wanted.type = wanted.ref_type = rl_plain_type(RL_STRING);
  if (arg->kind == RL_ARG_MARK && arg->mark == RL_MARK_FIELD) return column_operand(b, &wanted, c, arg, f);
  bool equality = f->op == RL_OP_EQ || f->op == RL_OP_NE;
  if (equality) f->json_null = null_of(s, arg);
  if (f->json_null != RL_JSON_NOT_NULL) return RILLE_OK;
  RL_TRY(rl_input_scalar(b, &wanted.type, s->field, arg, &f->input));
  f->input->transform = c->transform;
  return RILLE_OK;
}

static rille_status bind_condition(rl_binder *b, const rl_subject *s, const struct condition *c, rl_input *path,
                                   rl_arg *arg, rl_filter **out) {
  RL_TRY(rl_filter_new(b, RL_FILTER_JSON, s->field, out));
  rl_filter *f = *out;
  f->op = c->op;
  f->insensitive = s->insensitive;
  f->aggregate = s->aggregate;
  f->json_path = path;
  RL_TRY(bind_operand(b, s, c, arg, f));
  return s->reverse ? rl_filter_not(b, f, out) : RILLE_OK;
}

static rille_status refuse_condition(rl_binder *b, const rl_arg *member) {
  rl_choices names = {.arena = b->arena};
  for (size_t i = 0; i < RL_COUNT_OF(conditions); i++)
    if (!rl_str_ends(rl_str_of(conditions[i].name), RL_STR("_"))) rl_choices_add(&names, rl_str_of(conditions[i].name));
  return rl_bad_name(b, member, member->key, "condition on JSON; to compare with a table write `equals = {...}`", NULL,
                     &names);
}

static rille_status bind_options(rl_binder *b, rl_subject *s, rl_arg *arg, rl_input **path) {
  *path = NULL;
  rl_arg *at = rl_get(arg, "path"), *mode = rl_get(arg, "mode");
  if (at) RL_TRY(bind_path(b, s, at, path));
  if (!mode) return RILLE_OK;
  static const rl_word mode_words[] = {{"default", 0}, {"insensitive", 1}};
  int id;
  RL_TRY(rl_expect_word(b, mode, mode_words, RL_COUNT_OF(mode_words), &id));
  s->insensitive = id == 1;
  return RILLE_OK;
}

rille_status rl_bind_json_filter(rl_binder *b, const rl_subject *subject, rl_arg *arg, rl_filter **out) {
  *out = NULL;
  rl_subject s = *subject;
  if (arg->kind == RL_ARG_LIST && arg->count > 0)
    return rl_bad(b, arg, s.field,
                  "expected a table of conditions, got a list; to compare with a list write `equals = {...}`");
  if (arg->kind != RL_ARG_OBJECT && !rl_is_empty_list(arg))
    return bind_condition(b, &s, condition_of(RL_STR("equals")), NULL, arg, out);
  rl_plain(arg);
  rl_input *path;
  RL_TRY(bind_options(b, &s, arg, &path));
  rl_filters list = {0};
  for (size_t i = 0; i < arg->count; i++) {
    rl_arg *member = &arg->children[i];
    const struct condition *c = condition_of(member->key);
    if (!c) return refuse_condition(b, member);
    if (c->operands == OPTION) continue;
    rl_filter *f;
    RL_TRY(bind_condition(b, &s, c, path, member, &f));
    RL_TRY(rl_filters_add(b, &list, f));
  }
  if (path && list.count == 0) return rl_bad_code(b, RL_P2019, arg, s.field, "`path` needs a condition next to it");
  return rl_filters_and(b, &list, out);
}
