/* Arguments of attributes: reads them by name or position, with the right kind of value. */
#include "schema/resolve.h"

rl_str rl_attr_label(const rl_build *b, const rl_attr *attr) {
  return rl_str_make(b->text.p + attr->span.start, attr->name_span.end - attr->span.start);
}

rl_ast_arg *rl_attr_take(rl_attr *attr, const char *name, bool positional) {
  rl_ast_arg *unnamed = NULL;
  for (rl_ast_arg *a = attr->args; a; a = a->next) {
    if (a->taken) continue;
    if (rl_str_is(a->name, name)) {
      a->taken = true;
      return a;
    }
    if (!a->name.len && !unnamed) unnamed = a;
  }
  if (!positional || !unnamed) return NULL;
  unnamed->taken = true;
  return unnamed;
}

const char *rl_expr_noun(const rl_ast_expr *e) {
  if (!e) return "nothing";
  switch (e->kind) {
  case RL_EXPR_NUMBER: return "a number";
  case RL_EXPR_STRING: return "a string";
  case RL_EXPR_PATH: return "a name";
  case RL_EXPR_CALL: return "a function call";
  case RL_EXPR_ARRAY: return "a list";
  case RL_EXPR_OBJECT: return "an object";
  }
  return "something else";
}

static bool report_kind(rl_build *b, rl_attr *attr, rl_ast_arg *arg, const char *name, const char *expected) {
  if (!arg->value) return false; /* the parser has reported it */
  rl_report(b, arg->value->span, "The argument `%s` of `%.*s` must be %s, not %s.", name,
            RL_STR_ARG(rl_attr_label(b, attr)), expected, rl_expr_noun(arg->value));
  return false;
}

bool rl_attr_text(rl_build *b, rl_attr *attr, const char *name, bool positional, rl_str *out) {
  rl_ast_arg *arg = rl_attr_take(attr, name, positional);
  if (!arg) return false;
  if (!arg->value || arg->value->kind != RL_EXPR_STRING) return report_kind(b, attr, arg, name, "a string in quotes");
  *out = arg->value->value;
  if (out->len) return true;
  rl_report(b, arg->value->span, "The argument `%s` of `%.*s` cannot be empty.", name,
            RL_STR_ARG(rl_attr_label(b, attr)));
  return false;
}

bool rl_attr_bool(rl_build *b, rl_attr *attr, const char *name, bool *out) {
  rl_ast_arg *arg = rl_attr_take(attr, name, false);
  if (!arg) return false;
  rl_str text = arg->value && arg->value->kind == RL_EXPR_PATH ? arg->value->text : RL_STR("");
  *out = rl_str_is(text, "true");
  if (*out || rl_str_is(text, "false")) return true;
  return report_kind(b, attr, arg, name, "`true` or `false`");
}

bool rl_expr_int(const rl_ast_expr *e, int64_t *out) {
  if (!e || e->kind != RL_EXPR_NUMBER) return false;
  bool negative = e->text.p[0] == '-';
  uint64_t n = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
  for (size_t i = negative; i < e->text.len; i++) {
    if (e->text.p[i] == '.') return false;
    unsigned digit = (unsigned)(e->text.p[i] - '0');
    if (n > (limit - digit) / 10) return false;
    n = n * 10 + digit;
  }
  *out = negative ? (int64_t)(0 - n) : (int64_t)n;
  return true;
}

rl_ast_expr *rl_ast_list(rl_build *b, const rl_ast_arg *arg) {
  if (!arg || !arg->value || arg->value->kind == RL_EXPR_ARRAY) return arg ? arg->value : NULL;
  if (arg->value->kind != RL_EXPR_PATH && arg->value->kind != RL_EXPR_CALL) return NULL;
  rl_ast_expr *list = RL_TEMP(b, rl_ast_expr);
  list->kind = RL_EXPR_ARRAY;
  list->span = arg->span;
  list->args = RL_TEMP(b, rl_ast_arg);
  list->args->span = arg->value->span;
  list->args->value = arg->value;
  list->count = 1;
  return list;
}

static bool is_repeated(const rl_attr *attr, const rl_ast_arg *arg) {
  for (const rl_ast_arg *a = attr->args; a != arg; a = a->next)
    if (rl_str_eq(a->name, arg->name)) return true;
  return false;
}

void rl_attr_finish(rl_build *b, rl_attr *attr, const char *const *known) {
  rl_str label = rl_attr_label(b, attr);
  for (rl_ast_arg *a = attr->args; a; a = a->next) {
    if (a->taken) continue;
    if (!a->name.len) {
      rl_report(b, a->span, "`%.*s` has no other argument without a name.", RL_STR_ARG(label));
    } else if (is_repeated(attr, a)) {
      rl_report(b, a->name_span, "The argument `%.*s` is given twice.", RL_STR_ARG(a->name));
    } else {
      rl_str hint = rl_suggest_of(b, a->name, known);
      rl_report(b, a->name_span, "`%.*s` has no argument `%.*s`.%.*s", RL_STR_ARG(label), RL_STR_ARG(a->name),
                RL_STR_ARG(hint));
    }
  }
}
