/* @default: functions and literals, checked against the field's type. */
#include "schema/resolve.h"

#include "base/base64.h"
#include "tape/datetime.h"
#include "tape/json.h"

typedef struct site {
  rl_build *b;
  rl_field_info *f;
  rl_attr *attr;
} site;

static const struct {
  const char *name;
  rl_default_kind kind;
  unsigned scalars; /* bit per rl_scalar */
  const char *type; /* for messages */
} functions[] = {
    {"autoincrement", RL_DEFAULT_AUTOINCREMENT, 1u << RL_INT | 1u << RL_BIGINT, "Int or BigInt"},
    {"sequence", RL_DEFAULT_SEQUENCE, 1u << RL_INT | 1u << RL_BIGINT, "Int or BigInt"},
    {"now", RL_DEFAULT_NOW, 1u << RL_DATETIME, "DateTime"},
    {"uuid", RL_DEFAULT_UUID4, 1u << RL_STRING, "String"},
    {"cuid", RL_DEFAULT_CUID, 1u << RL_STRING, "String"},
    {"ulid", RL_DEFAULT_ULID, 1u << RL_STRING, "String"},
    {"nanoid", RL_DEFAULT_NANOID, 1u << RL_STRING, "String"},
    {"dbgenerated", RL_DEFAULT_DBGENERATED, ~0u, "any type"},
};
enum { FUNCTION_COUNT = sizeof functions / sizeof functions[0] };

static const char *type_name(const rl_field *f) {
  return f->type.scalar == RL_ENUM ? f->type.enumeration->name.p : rl_scalar_name(f->type.scalar);
}
static int type_len(const rl_field *f) {
  return f->type.scalar == RL_ENUM ? (int)f->type.enumeration->name.len : (int)strlen(type_name(f));
}

/* ---- functions */

static void report_unknown_function(site *s, rl_ast_expr *e) {
  const char *names[FUNCTION_COUNT + 1] = {NULL};
  for (int i = 0; i < FUNCTION_COUNT; i++) names[i] = functions[i].name;
  rl_str hint = rl_suggest_of(s->b, e->text, names);
  rl_report(s->b, e->span, "There is no function `%.*s()` for a default.%.*s", RL_STR_ARG(e->text), RL_STR_ARG(hint));
}

/* Reads the optional number of uuid(), cuid() and nanoid(). */
static bool read_number_argument(site *s, rl_ast_expr *e, int64_t low, int64_t high, const char *wanted, int64_t *out) {
  if (!e->count) return true;
  if (e->count == 1 && !e->args->name.len && rl_expr_int(e->args->value, out) && *out >= low && *out <= high)
    return true;
  rl_report(s->b, e->span, "`%.*s()` has no argument or %s.", RL_STR_ARG(e->text), wanted);
  return false;
}

static bool read_versioned(site *s, rl_ast_expr *e, rl_default *d) {
  int64_t n = 0;
  if (d->kind == RL_DEFAULT_UUID4) {
    if (!read_number_argument(s, e, 4, 7, "4 or 7", &n)) return false;
    if (n == 5 || n == 6) return read_number_argument(s, e, 4, 4, "4 or 7", &n);
    if (n == 7) d->kind = RL_DEFAULT_UUID7;
  } else if (d->kind == RL_DEFAULT_CUID) {
    if (!read_number_argument(s, e, 1, 2, "1 or 2", &n)) return false;
    if (n == 2) d->kind = RL_DEFAULT_CUID2;
  } else {
    if (!read_number_argument(s, e, 2, 255, "a length from 2 to 255", &n)) return false;
    d->size = (int32_t)n;
  }
  return true;
}

static bool read_dbgenerated(site *s, rl_ast_expr *e, rl_default *d) {
  if (!e->count) return true;
  rl_ast_expr *value = e->args->value;
  if (e->count == 1 && !e->args->name.len && value && value->kind == RL_EXPR_STRING && value->value.len) {
    d->expression = value->value;
    return true;
  }
  rl_report(s->b, e->span,
            "`read_dbgenerated()` has no argument or the SQL of the default, a string that is not empty.");
  return false;
}

static bool read_sequence(site *s, rl_ast_expr *e, rl_default *d) {
  if (!rl_rules(s->b)->sequences) {
    rl_report(s->b, e->span,
              "`read_sequence()` exists only on CockroachDB; use `autoincrement()` or `read_dbgenerated(\"...\")`.");
    return false;
  }
  uint32_t open = e->span.start + (uint32_t)e->text.len + 1;
  d->expression = rl_str_make(s->b->text.p + open, e->span.end > open ? e->span.end - 1 - open : 0);
  return true;
}

static bool check_no_arguments(site *s, rl_ast_expr *e) {
  if (!e->count) return true;
  rl_report(s->b, e->span, "`%.*s()` has no arguments.", RL_STR_ARG(e->text));
  return false;
}

static bool read_function(site *s, rl_ast_expr *e, rl_default *d) {
  switch (d->kind) {
  case RL_DEFAULT_UUID4:
  case RL_DEFAULT_CUID:
  case RL_DEFAULT_NANOID: return read_versioned(s, e, d);
  case RL_DEFAULT_DBGENERATED: return read_dbgenerated(s, e, d);
  case RL_DEFAULT_SEQUENCE: return read_sequence(s, e, d);
  default: return check_no_arguments(s, e);
  }
}

static void resolve_function(site *s, rl_ast_expr *e) {
  rl_field *f = s->f->field;
  int i = 0;
  while (i < FUNCTION_COUNT && !rl_str_is(e->text, functions[i].name)) i++;
  if (i == FUNCTION_COUNT) {
    report_unknown_function(s, e);
    return;
  }
  rl_default d = {.kind = functions[i].kind};
  if (!(functions[i].scalars >> f->type.scalar & 1)) {
    rl_report(s->b, e->span, "`%.*s()` is for fields of type %s; `%.*s` is %.*s.", RL_STR_ARG(e->text),
              functions[i].type, RL_STR_ARG(f->name), type_len(f), type_name(f));
    return;
  }
  if (f->list && d.kind != RL_DEFAULT_DBGENERATED) {
    rl_report(s->b, e->span, "The default of a list must be a list in brackets, not `%.*s()`.", RL_STR_ARG(e->text));
    return;
  }
  if (!read_function(s, e, &d)) return;
  f->def = d;
  f->generated_by_db =
      d.kind == RL_DEFAULT_AUTOINCREMENT || d.kind == RL_DEFAULT_DBGENERATED || d.kind == RL_DEFAULT_SEQUENCE;
}

/* ---- literals */

static bool is_decimal(rl_str s) {
  size_t i = 0, digits = 0, exponent = 0;
  if (i < s.len && (s.p[i] == '-' || s.p[i] == '+')) i++;
  for (; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++) digits++;
  if (i < s.len && s.p[i] == '.')
    for (i++; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++) digits++;
  if (!digits) return false;
  if (i == s.len) return true;
  if (s.p[i] != 'e' && s.p[i] != 'E') return false;
  i++;
  if (i < s.len && (s.p[i] == '-' || s.p[i] == '+')) i++;
  for (; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++) exponent++;
  return exponent > 0 && exponent < 6 && i == s.len;
}

/* Returns whether the string is a date-time of RFC 3339: date, time and offset. */
static bool is_datetime(rl_str s) {
  int64_t ignored;
  if (s.len < 20 || (s.p[10] != 'T' && s.p[10] != 't' && s.p[10] != ' ')) return false;
  char last = s.p[s.len - 1];
  bool offset =
      last == 'Z' || last == 'z' || (s.p[s.len - 3] == ':' && (s.p[s.len - 6] == '+' || s.p[s.len - 6] == '-'));
  return offset && rl_datetime_parse(s, &ignored);
}

static bool is_base64(rl_str s) {
  size_t len = s.len;
  if (len % 4) return false;
  if (len && s.p[len - 1] == '=') len--;
  if (len < s.len && len && s.p[len - 1] == '=') len--;
  for (size_t i = 0; i < len; i++) {
    bool url_safe = s.p[i] == '-' || s.p[i] == '_';
    if (url_safe || rl_base64_digit(s.p[i]) < 0) return false;
  }
  return true;
}

static bool is_json(rl_build *b, rl_str s) {
  rl_json_reader r;
  rl_json_token token;
  rl_error err = {0};
  rl_json_reader_init(&r, s);
  rille_status status;
  do status = rl_json_next(&r, &token, &err);
  while (status == RILLE_ROW);
  bool nomem = status == RILLE_NOMEM || err.nomem;
  rl_json_reader_dispose(&r);
  rl_error_clear(&err);
  if (nomem) longjmp(b->nomem, 1);
  return status == RILLE_DONE;
}

static bool fail_literal(site *s, rl_ast_expr *e, const char *wanted) {
  rl_field *f = s->f->field;
  rl_report(s->b, e->span, "The default of `%.*s` (%.*s) must be %s, not %s.", RL_STR_ARG(f->name), type_len(f),
            type_name(f), wanted, rl_expr_noun(e));
  return false;
}

static bool fail_text(site *s, rl_ast_expr *e, const char *wanted) {
  rl_report(s->b, e->span, "The default of `%.*s` is not valid; expected %s.", RL_STR_ARG(s->f->field->name), wanted);
  return false;
}

static bool read_int(site *s, rl_ast_expr *e, bool big) {
  int64_t n;
  if (e->kind != RL_EXPR_NUMBER) return fail_literal(s, e, "an integer");
  if (rl_expr_int(e, &n) && (big || (n >= INT32_MIN && n <= INT32_MAX))) return true;
  return fail_text(s, e,
                   big ? "a 64-bit integer" : "an integer from -2147483648 to 2147483647 (a larger one needs BigInt)");
}

static bool read_bool(site *s, rl_ast_expr *e) {
  if (e->kind == RL_EXPR_PATH && (rl_str_is(e->text, "true") || rl_str_is(e->text, "false"))) return true;
  return fail_literal(s, e, "`true` or `false`");
}

static bool read_text(site *s, rl_ast_expr *e) {
  rl_scalar scalar = s->f->field->type.scalar;
  if (e->kind != RL_EXPR_STRING) return fail_literal(s, e, "a string in quotes");
  if (scalar == RL_DATETIME && !is_datetime(e->value))
    return fail_text(s, e, "a date and time with an offset, like \"2026-01-31T12:00:00Z\"");
  if (scalar == RL_BYTES && !is_base64(e->value)) return fail_text(s, e, "Base64");
  if (scalar == RL_JSON && !is_json(s->b, e->value)) return fail_text(s, e, "JSON");
  return true;
}

static bool read_decimal(site *s, rl_ast_expr *e) {
  if (e->kind == RL_EXPR_NUMBER || (e->kind == RL_EXPR_STRING && is_decimal(e->value))) return true;
  if (e->kind == RL_EXPR_STRING) return fail_text(s, e, "a decimal number");
  return fail_literal(s, e, "a number");
}

static bool read_enum(site *s, rl_ast_expr *e) {
  const rl_enum *en = s->f->field->type.enumeration;
  if (e->kind != RL_EXPR_PATH) return fail_literal(s, e, "a value of the enum, without quotes");
  rl_str *names = RL_TEMP_ARRAY(s->b, rl_str, en->count);
  for (size_t i = 0; i < en->count; i++) {
    if (rl_str_eq(en->values[i].name, e->text)) return true;
    names[i] = en->values[i].name;
  }
  rl_str hint = rl_suggest(s->b, e->text, names, en->count);
  rl_report(s->b, e->span, "The enum `%.*s` has no value `%.*s`.%.*s", RL_STR_ARG(en->name), RL_STR_ARG(e->text),
            RL_STR_ARG(hint));
  return false;
}

static bool check_literal(site *s, rl_ast_expr *e) {
  switch (s->f->field->type.scalar) {
  case RL_INT: return read_int(s, e, false);
  case RL_BIGINT: return read_int(s, e, true);
  case RL_FLOAT: return e->kind == RL_EXPR_NUMBER || fail_literal(s, e, "a number");
  case RL_DECIMAL: return read_decimal(s, e);
  case RL_BOOLEAN: return read_bool(s, e);
  case RL_ENUM: return read_enum(s, e);
  case RL_UNSUPPORTED: return fail_literal(s, e, "`read_dbgenerated(\"...\")`");
  default: return read_text(s, e);
  }
}

static bool resolve_literal(site *s, rl_ast_expr *e, rl_literal *out) {
  rl_scalar scalar = s->f->field->type.scalar;
  if (!check_literal(s, e)) return false;
  out->text = e->kind == RL_EXPR_STRING ? e->value : e->text;
  if (scalar == RL_BOOLEAN)
    out->kind = RL_LITERAL_BOOL;
  else if (scalar == RL_ENUM)
    out->kind = RL_LITERAL_ENUM;
  else if (scalar == RL_INT || scalar == RL_BIGINT || scalar == RL_FLOAT || scalar == RL_DECIMAL)
    out->kind = RL_LITERAL_NUMBER;
  else
    out->kind = RL_LITERAL_TEXT;
  return true;
}

static void resolve_list(site *s, rl_ast_expr *e) {
  rl_default *d = &s->f->field->def;
  rl_literal *items = RL_KEEP_ARRAY(s->b, rl_literal, e->count);
  size_t n = 0;
  bool ok = true;
  for (rl_ast_arg *a = e->args; a; a = a->next) {
    if (a->value && resolve_literal(s, a->value, &items[n]))
      n++;
    else
      ok = false;
  }
  if (!ok) return;
  d->kind = RL_DEFAULT_LIST;
  d->items = items;
  d->item_count = n;
}

static void resolve_value(site *s, rl_ast_expr *e) {
  rl_field *f = s->f->field;
  if (e->kind == RL_EXPR_CALL) {
    resolve_function(s, e);
  } else if (f->type.scalar == RL_UNSUPPORTED) {
    rl_report(s->b, e->span, "A field of type Unsupported can only have the default `read_dbgenerated(\"...\")`.");
  } else if (f->list) {
    if (e->kind == RL_EXPR_ARRAY)
      resolve_list(s, e);
    else
      rl_report(s->b, e->span, "The default of a list must be a list in brackets.");
  } else if (e->kind == RL_EXPR_ARRAY) {
    rl_report(s->b, e->span, "`%.*s` is not a list, so its default cannot be one.", RL_STR_ARG(f->name));
  } else if (resolve_literal(s, e, &f->def.literal)) {
    f->def.kind = RL_DEFAULT_LITERAL;
  }
}

void rl_resolve_default(rl_build *b, rl_field_info *f, rl_attr *attr) {
  static const char *const known[] = {"value", "map", NULL};
  site s = {b, f, attr};
  rl_str constraint = RL_STR("");
  bool named = rl_attr_text(b, attr, "map", false, &constraint);
  rl_ast_arg *arg = rl_attr_take(attr, "value", true);
  if (!arg)
    rl_report(b, attr->span, "`@default` needs a value: `@default(...)`.");
  else if (arg->value)
    resolve_value(&s, arg->value);
  rl_attr_finish(b, attr, known);
  if (!named) return;
  f->field->def.constraint = constraint;
  if (!rl_rules(b)->default_names)
    rl_report(b, attr->span, "Defaults have no names on %s: leave out `map`.", rl_title(b));
}
