/* Native types: the table for `@db.`, and the attribute's checks. */
#include "schema/resolve.h"

static const struct {
  const char *name;
  rl_scalar scalar;
  int min_args, max_args;
} natives[] = {
    {"", RL_STRING, 0, 0},
#define RL_NATIVE(id, text, scalar, min_args, max_args) {text, scalar, min_args, max_args},
#include "schema/native_types.def"
#undef RL_NATIVE
};

const char *rl_native_name(rl_native n) {
  return n > RL_NATIVE_NONE && n < RL_NATIVE_COUNT ? natives[n].name : "";
}

const char *rl_scalar_name(rl_scalar s) {
  static const char *const names[] = {"String",   "Boolean", "Int",   "BigInt", "Float",      "Decimal",
                                      "DateTime", "Json",    "Bytes", "enum",   "Unsupported"};
  return names[s];
}

static bool has_native(const rl_build *b, int n) {
  return rl_rules(b)->has_native((rl_native)n);
}

static rl_native find_native(const rl_build *b, rl_str name) {
  for (int n = 1; n < RL_NATIVE_COUNT; n++)
    if (rl_str_is(name, natives[n].name) && has_native(b, n)) return (rl_native)n;
  return RL_NATIVE_NONE;
}

static void report_unknown_type(rl_build *b, rl_attr *attr, rl_str name) {
  const char *names[RL_NATIVE_COUNT];
  int count = 0;
  for (int n = 1; n < RL_NATIVE_COUNT; n++)
    if (has_native(b, n)) names[count++] = natives[n].name;
  names[count] = NULL;
  rl_str hint = rl_suggest_of(b, name, names);
  const char *title = rl_rules(b)->known ? rl_title(b) : "rille";
  rl_report(b, attr->name_span, "%s has no native type `%.*s` here.%.*s", title, RL_STR_ARG(name), RL_STR_ARG(hint));
}

static bool check_prefix(rl_build *b, rl_attr *attr, rl_str prefix, rl_str name) {
  if (!b->datasource.len ? rl_str_is(prefix, "db") : rl_str_eq(prefix, b->datasource)) return true;
  rl_str wanted = b->datasource.len ? b->datasource : RL_STR("db");
  rl_report(b, attr->name_span, "The prefix of a native type must be the name of the datasource: write `@%.*s.%.*s`.",
            RL_STR_ARG(wanted), RL_STR_ARG(name));
  return false;
}

typedef struct range {
  int64_t low, high;
} range;

/* Returns the range of the n-th argument. */
static range argument_range(rl_native native, int position) {
  switch (native) {
  case RL_NATIVE_VARCHAR:
  case RL_NATIVE_CHAR: return (range){1, 10485760};
  case RL_NATIVE_BIT:
  case RL_NATIVE_VARBIT: return (range){1, 83886080};
  case RL_NATIVE_DECIMAL: return position == 0 ? (range){1, 1000} : (range){0, 1000};
  default: return (range){0, 6};
  }
}

static bool read_arguments(rl_build *b, rl_attr *attr, rl_native native, rl_type *type) {
  int position = 0;
  for (rl_ast_arg *a = attr->args; a; a = a->next, position++) {
    range r = argument_range(native, position);
    int64_t n;
    if (a->name.len || !rl_expr_int(a->value, &n) || n < r.low || n > r.high) {
      rl_report(b, a->span, "An argument of `%s` must be an integer from %lld to %lld.", natives[native].name,
                (long long)r.low, (long long)r.high);
      return false;
    }
    type->args[position] = (int32_t)n;
  }
  type->arg_count = position;
  if (native != RL_NATIVE_DECIMAL || position < 2 || type->args[1] <= type->args[0]) return true;
  rl_report(b, attr->span, "The scale of a Decimal (%d) cannot be greater than its precision (%d).", type->args[1],
            type->args[0]);
  return false;
}

static bool check_count(rl_build *b, rl_attr *attr, rl_native native) {
  int least = natives[native].min_args, most = natives[native].max_args, count = (int)attr->count;
  if (count >= least && count <= most) return true;
  if (most == 0)
    rl_report(b, attr->span, "`%s` has no arguments.", natives[native].name);
  else
    rl_report(b, attr->span, "`%s` has %d to %d arguments, not %d.", natives[native].name, least, most, count);
  return false;
}

void rl_resolve_native(rl_build *b, rl_field_info *f, rl_attr *attr) {
  size_t dot = (size_t)((const char *)memchr(attr->name.p, '.', attr->name.len) - attr->name.p);
  rl_str prefix = rl_str_make(attr->name.p, dot), name = rl_str_make(attr->name.p + dot + 1, attr->name.len - dot - 1);
  rl_type *type = &f->field->type;
  if (f->field->is_relation) {
    rl_report(b, attr->span, "A native type belongs to a scalar field; `%.*s` is a relation.",
              RL_STR_ARG(f->field->name));
    return;
  }
  if (!check_prefix(b, attr, prefix, name)) return;
  const rl_schema_rules *rules = rl_rules(b);
  if (rules->known && !rules->has_native) {
    rl_report(b, attr->span, "%s has no native types: leave out `%.*s`.", rl_title(b),
              RL_STR_ARG(rl_attr_label(b, attr)));
    return;
  }
  if (!rules->has_native) return;
  rl_native native = find_native(b, name);
  if (native == RL_NATIVE_NONE) {
    report_unknown_type(b, attr, name);
    return;
  }
  if (natives[native].scalar != type->scalar) {
    rl_report(b, attr->span, "`%s` is a native type of %s, but the field `%.*s` is %s.", natives[native].name,
              rl_scalar_name(natives[native].scalar), RL_STR_ARG(f->field->name), rl_scalar_name(type->scalar));
    return;
  }
  if (check_count(b, attr, native) && read_arguments(b, attr, native, type)) type->native = native;
}

/* Reports Unsupported("Uuid") and others that are supported types. */
void rl_check_unsupported(rl_build *b, rl_field_info *f) {
  if (!rl_rules(b)->known || !rl_rules(b)->has_native || !f->ast->unsupported) return;
  rl_native n = find_native(b, f->ast->unsupported->value);
  if (n == RL_NATIVE_NONE) return;
  rl_str prefix = b->datasource.len ? b->datasource : RL_STR("db");
  rl_report(b, f->ast->type_span, "`%s` is a supported type: write `%s @%.*s.%s`.", natives[n].name,
            rl_scalar_name(natives[n].scalar), RL_STR_ARG(prefix), natives[n].name);
}
