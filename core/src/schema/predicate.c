/* The condition of a partial index: SQL as written, or an object of fields that becomes SQL. */
#include "schema/resolve.h"

typedef struct site {
  rl_build *b;
  rl_model_info *m;
  rl_str *parts;
  size_t count;
} site;

static rl_str quote_text(rl_build *b, rl_str text, char mark) {
  char *copy = RL_KEEP_ARRAY(b, char, text.len * 2 + 3), *at = copy;
  *at++ = mark;
  for (size_t i = 0; i < text.len; i++) {
    if (text.p[i] == mark) *at++ = mark;
    *at++ = text.p[i];
  }
  *at++ = mark;
  return rl_str_make(copy, (size_t)(at - copy));
}

/* Writes a literal as SQL; empty for null. Returns false after a report. */
static bool write_literal(site *s, const rl_ast_expr *e, rl_str *out) {
  if (e->kind == RL_EXPR_STRING)
    *out = quote_text(s->b, e->value, '\'');
  else if (e->kind == RL_EXPR_NUMBER)
    *out = e->text;
  else if (e->kind == RL_EXPR_PATH && rl_str_is(e->text, "null"))
    *out = RL_STR("");
  else if (e->kind == RL_EXPR_PATH && (rl_str_is(e->text, "true") || rl_str_is(e->text, "false")))
    *out = e->text;
  else {
    rl_report(
        s->b, e->span,
        "A condition compares with a string, a number, `true`, `false`, `null` or `{ not: ... }`; for more, write "
        "`raw(\"SQL\")`.");
    return false;
  }
  return true;
}

static bool check_comparable(site *s, const rl_field *f, const rl_ast_expr *e) {
  rl_scalar t = f->type.scalar;
  if (e->kind == RL_EXPR_PATH && rl_str_is(e->text, "null")) return true;
  bool number = t == RL_INT || t == RL_BIGINT || t == RL_FLOAT || t == RL_DECIMAL;
  bool ok = e->kind == RL_EXPR_NUMBER ? number : e->kind == RL_EXPR_PATH ? t == RL_BOOLEAN : !number && t != RL_BOOLEAN;
  if (!ok)
    rl_report(s->b, e->span, "The field `%.*s` is %s and cannot be compared with %s.", RL_STR_ARG(f->name),
              rl_scalar_name(t), rl_expr_noun(e));
  return ok;
}

static void add_condition(site *s, const rl_field *f, const rl_ast_expr *e) {
  bool negated = e->kind == RL_EXPR_OBJECT;
  if (negated) {
    if (e->count != 1 || !rl_str_is(e->args->name, "not") || !e->args->value) {
      rl_report(s->b, e->span, "A condition in braces must have the one member `not`.");
      return;
    }
    e = e->args->value;
  }
  rl_str value;
  if (!write_literal(s, e, &value) || !check_comparable(s, f, e)) return;
  rl_str column = quote_text(s->b, f->column, '"');
  if (!value.len) {
    s->parts[s->count++] =
        rl_build_format(s->b, &s->b->temp, "%.*s IS %sNULL", RL_STR_ARG(column), negated ? "NOT " : "");
    return;
  }
  rl_str parts[] = {column, negated ? RL_STR(" != ") : RL_STR(" = "), value};
  s->parts[s->count++] = rl_build_join(s->b, &s->b->temp, parts, 3, "");
}

static void resolve_member(site *s, const rl_ast_arg *a) {
  rl_field_info *fi = rl_info_field(s->b, s->m, a->name);
  if (!fi) {
    rl_str hint = rl_suggest_field(s->b, s->m, a->name);
    rl_report(s->b, a->name_span, "The model `%.*s` has no field `%.*s`.%.*s", RL_STR_ARG(s->m->model->name),
              RL_STR_ARG(a->name), RL_STR_ARG(hint));
  } else if (fi->field->is_relation) {
    rl_report(s->b, a->name_span, "`%.*s` is a relation; a condition can name only scalar fields.",
              RL_STR_ARG(a->name));
  } else if (a->value) {
    add_condition(s, fi->field, a->value);
  }
}

void rl_resolve_predicate(rl_build *b, rl_model_info *m, rl_ast_arg *arg, rl_str *out) {
  rl_ast_expr *e = arg->value;
  if (e->kind == RL_EXPR_CALL && rl_str_is(e->text, "raw")) {
    rl_ast_expr *sql = e->count == 1 ? e->args->value : NULL;
    if (sql && sql->kind == RL_EXPR_STRING && sql->value.len)
      *out = sql->value;
    else
      rl_report(b, e->span, "`raw()` has one argument, the SQL of the condition, a string that is not empty.");
    return;
  }
  if (e->kind != RL_EXPR_OBJECT || !e->count) {
    rl_report(b, e->span, "`where` must be `raw(\"SQL\")` or an object of fields: `{ field: value }`.");
    return;
  }
  site s = {b, m, RL_TEMP_ARRAY(b, rl_str, e->count), 0};
  for (rl_ast_arg *a = e->args; a; a = a->next) resolve_member(&s, a);
  if (s.count == e->count) *out = rl_build_join(b, b->keep, s.parts, s.count, " AND ");
}
