/* Conditions on a scalar field, or in `having` on an aggregate of one; and field references. */
#include "query/bind.h"

#include <stdlib.h>

/* Returns whether the type is a string of letters. The other string types are stored as something else: two spellings
 * can be equal, and they have no parts. */
static bool is_letters(const rl_type *t) {
  if (t->scalar != RL_STRING) return false;
  return !(t->native == RL_NATIVE_UUID || t->native == RL_NATIVE_INET || t->native == RL_NATIVE_BIT ||
           t->native == RL_NATIVE_VARBIT || t->native == RL_NATIVE_XML);
}

/* Sets of types: a bit for each scalar, and one for strings of letters. */
enum {
  STRINGS = 1 << RL_STRING,
  LETTERS = 1 << 30,
  ALL = (1 << 30) - 1,
  LISTED = ALL & ~(1 << RL_BOOLEAN | 1 << RL_JSON),
  ORDERED = STRINGS | 1 << RL_INT | 1 << RL_BIGINT | 1 << RL_FLOAT | 1 << RL_DECIMAL | 1 << RL_DATETIME | 1 << RL_ENUM
};

static bool is_for(int types, const rl_type *t) {
  return (types & 1 << t->scalar) || ((types & LETTERS) && is_letters(t));
}

static rille_status new_filter(rl_binder *b, rl_filter_kind kind, const rl_subject *s, rl_filter **out) {
  RL_TRY(rl_filter_new(b, kind, s->field, out));
  (*out)->aggregate = s->aggregate;
  (*out)->insensitive = s->insensitive;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ field references */

static const char *type_text(const rl_type *t, bool list, char *out, size_t size) {
  static const char *const names[] = {"String",   "Boolean", "Int",   "BigInt", "Float",      "Decimal",
                                      "DateTime", "Json",    "Bytes", "enum",   "Unsupported"};
  rl_buf text;
  rl_buf_init(&text);
  if (t->scalar == RL_ENUM && t->enumeration)
    rl_buf_str(&text, t->enumeration->name);
  else
    rl_buf_text(&text, names[t->scalar]);
  if (list) rl_buf_text(&text, "[]");
  size_t len = text.failed ? 0 : text.len < size - 1 ? text.len : size - 1;
  if (len) memcpy(out, text.p, len);
  out[len] = 0;
  rl_buf_dispose(&text);
  return out;
}

static rille_status find_reference(rl_binder *b, rl_arg *arg, const rl_field **out) {
  rl_str text = arg->text;
  size_t dot = 0;
  while (dot < text.len && text.p[dot] != '.') dot++;
  const rl_model *model = rl_schema_model(b->schema, rl_str_make(text.p, dot));
  if (!model) {
    rl_choices names = {.arena = b->arena};
    for (size_t i = 0; i < b->schema->model_count; i++) rl_choices_add(&names, b->schema->models[i]->name);
    return rl_bad_name(b, arg, rl_str_make(text.p, dot), "model", NULL, &names);
  }
  rl_str name = dot < text.len ? rl_str_make(text.p + dot + 1, text.len - dot - 1) : RL_STR("");
  *out = rl_find_field(model, name);
  if (*out && !(*out)->is_relation) return RILLE_OK;
  return rl_bad_field(b, arg, name, model, true, false);
}

rille_status rl_bind_field_ref(rl_binder *b, const rl_subject *s, rl_arg *arg, bool list, const rl_field **out) {
  RL_TRY(find_reference(b, arg, out));
  const rl_field *f = *out;
  if (f->model != s->model)
    return rl_bad_code(b, RL_P2019, arg, s->field, "expected a field of %.*s, got %.*s.%.*s",
                       RL_STR_ARG(s->model->name), RL_STR_ARG(f->model->name), RL_STR_ARG(f->name));
  const rl_type *t = &s->ref_type;
  bool same =
      f->type.scalar == t->scalar && f->list == list && (t->scalar != RL_ENUM || f->type.enumeration == t->enumeration);
  if (same) return RILLE_OK;
  char want[160], got[160];
  return rl_bad_code(b, RL_P2019, arg, s->field, "expected a field of type %s, got %.*s.%.*s of type %s",
                     type_text(t, list, want, sizeof want), RL_STR_ARG(f->model->name), RL_STR_ARG(f->name),
                     type_text(&f->type, f->list, got, sizeof got));
}

/* ------------------------------------------------------------------ operators */

static rille_status bind_is_null(rl_binder *b, const rl_subject *s, rl_arg *arg, bool negated, rl_filter **out) {
  if (!s->nullable) return rl_bad(b, arg, s->field, "cannot be `rille.null`; the field is required");
  RL_TRY(new_filter(b, RL_FILTER_IS_NULL, s, out));
  (*out)->negated = negated;
  return RILLE_OK;
}

/* Binds the right-hand side: a column or a value. */
static rille_status bind_operand(rl_binder *b, const rl_subject *s, rl_arg *arg, rl_filter *f) {
  if (arg->kind == RL_ARG_MARK && arg->mark == RL_MARK_FIELD) return rl_bind_field_ref(b, s, arg, false, &f->column);
  return rl_input_scalar(b, &s->type, s->field, arg, &f->input);
}

/* The meanings in operators.def: `compare` there is scalar_compare here. */

static rille_status scalar_compare(rl_binder *b, const rl_subject *s, int what, rl_arg *arg, rl_filter **out) {
  rl_operator op = (rl_operator)what, negation = rl_operator_info_of(op)->negation;
  if (op == RL_OP_EQ && arg->kind == RL_ARG_NULL) return bind_is_null(b, s, arg, s->reverse, out);
  RL_TRY(new_filter(b, RL_FILTER_COMPARE, s, out));
  (*out)->op = s->reverse ? negation : op;
  RL_TRY(bind_operand(b, s, arg, *out));
  return s->reverse && negation == op ? rl_filter_not(b, *out, out) : RILLE_OK;
}

static rille_status scalar_like(rl_binder *b, const rl_subject *s, int what, rl_arg *arg, rl_filter **out) {
  rl_transform transform = (rl_transform)what;
  RL_TRY(new_filter(b, RL_FILTER_COMPARE, s, out));
  (*out)->op = RL_OP_LIKE;
  RL_TRY(bind_operand(b, s, arg, *out));
  if ((*out)->input) {
    (*out)->input->transform = transform;
  } else { /* a column on the right: the input has no value, only the kind of match */
    rl_input *which = rl_input_new(b, RL_INPUT_CONSTANT, &s->type, s->field, NULL);
    if (!which) return rl_nomem(b);
    which->transform = transform;
    (*out)->input = which;
  }
  return s->reverse ? rl_filter_not(b, *out, out) : RILLE_OK;
}

static rille_status scalar_in_list(rl_binder *b, const rl_subject *s, int what, rl_arg *arg, rl_filter **out) {
  bool negated = (what != 0) != s->reverse;
  if (arg->kind == RL_ARG_NULL) return bind_is_null(b, s, arg, negated, out);
  rl_take_list_as_data(b, &s->type, arg);
  if (rl_is_empty_list(arg)) return rl_filter_new(b, negated ? RL_FILTER_TRUE : RL_FILTER_FALSE, NULL, out);
  RL_TRY(new_filter(b, RL_FILTER_IN, s, out));
  (*out)->negated = negated;
  if (arg->kind == RL_ARG_MARK && arg->mark == RL_MARK_FIELD)
    return rl_bind_field_ref(b, s, arg, true, &(*out)->column);
  return rl_input_scalars(b, &s->type, s->field, arg, false, &(*out)->input);
}

static rille_status scalar_search(rl_binder *b, const rl_subject *s, int what, rl_arg *arg, rl_filter **out) {
  (void)what;
  RL_TRY(new_filter(b, RL_FILTER_SEARCH, s, out));
  const rl_field **fields = RL_NEW_ARRAY(b->arena, const rl_field *, 1);
  if (!fields) return rl_nomem(b);
  fields[0] = s->field;
  (*out)->fields = fields;
  (*out)->field_count = 1;
  rl_type text = rl_plain_type(RL_STRING);
  RL_TRY(rl_input_scalar(b, &text, s->field, arg, &(*out)->input));
  return s->reverse ? rl_filter_not(b, *out, out) : RILLE_OK;
}

/* Binds the operand of `not`: null, a value, or conditions, each of which is negated separately. */
static rille_status scalar_negation(rl_binder *b, const rl_subject *s, int what, rl_arg *arg, rl_filter **out) {
  (void)what;
  rl_subject inner = *s;
  inner.reverse = !s->reverse;
  return rl_bind_scalar_filter(b, &inner, arg, out);
}

static const struct condition {
  const char *name;
  int types;
  rille_status (*meaning)(rl_binder *b, const rl_subject *s, int what, rl_arg *arg, rl_filter **out); /* NULL: mode */
  int what;
} conditions[] = {
#define RL_CONDITION(name, types, meaning, what, operand) {#name, types, scalar_##meaning, what},
#define RL_CONDITION_OPTION(name, types, operand) {#name, types, NULL, 0},
#include "query/operators.def"
};

static const struct condition *condition_of(rl_str key) {
  for (size_t i = 0; i < RL_COUNT_OF(conditions); i++)
    if (rl_str_is(key, conditions[i].name)) return &conditions[i];
  return NULL;
}

bool rl_is_scalar_operator(rl_str key) {
  return condition_of(key) != NULL;
}

static rille_status refuse_condition(rl_binder *b, const rl_subject *s, const rl_arg *member) {
  rl_choices names = {.arena = b->arena};
  for (size_t i = 0; i < RL_COUNT_OF(conditions); i++)
    if (is_for(conditions[i].types, &s->type) && !rl_str_ends(rl_str_of(conditions[i].name), RL_STR("_")))
      rl_choices_add(&names, rl_str_of(conditions[i].name));
  return rl_bad_name(b, member, member->key, "condition", NULL, &names);
}

/* Reads `mode`, which applies to all conditions next to it, also inside `not`. */
static rille_status read_mode(rl_binder *b, rl_subject *s, rl_arg *arg) {
  rl_arg *mode = rl_get(arg, "mode");
  if (!mode) return RILLE_OK;
  if (!is_for(STRINGS, &s->type)) return refuse_condition(b, s, mode);
  static const rl_word mode_words[] = {{"default", 0}, {"insensitive", 1}};
  int id;
  RL_TRY(rl_expect_word(b, mode, mode_words, RL_COUNT_OF(mode_words), &id));
  s->insensitive = id == 1 && is_letters(&s->type);
  return RILLE_OK;
}

static bool is_value(const rl_subject *s, rl_arg *arg) {
  rl_plain(arg);
  if (arg->kind != RL_ARG_OBJECT) return arg->kind != RL_ARG_LIST || arg->count > 0;
  return s->type.scalar == RL_DATETIME && rl_get(arg, "year");
}

rille_status rl_bind_scalar_filter(rl_binder *b, rl_subject *s, rl_arg *arg, rl_filter **out) {
  *out = NULL;
  if (arg->kind == RL_ARG_LIST && arg->count > 0)
    return rl_bad(
        b, arg, s->field,
        "expected a value or a table of conditions, got a list; for one of several values write `[\"in\"] = {...}`");
  if (is_value(s, arg)) return scalar_compare(b, s, RL_OP_EQ, arg, out);
  RL_TRY(read_mode(b, s, arg));
  rl_filters list = {0};
  for (size_t i = 0; i < arg->count; i++) {
    rl_arg *member = &arg->children[i];
    const struct condition *c = condition_of(member->key);
    if (!c || !is_for(c->types, &s->type)) return refuse_condition(b, s, member);
    if (!c->meaning) continue;
    rl_filter *f;
    RL_TRY(c->meaning(b, s, c->what, member, &f));
    RL_TRY(rl_filters_add(b, &list, f));
  }
  return rl_filters_and(b, &list, out);
}
