/* PostgreSQL: features, types in casts, and its forms of expressions. */
#include "sql/ddl_forms.h"
#include "sql/dialect.h"

/* ------------------------------------------------------------------ types */

static void string_type(rl_buf *out, const rl_type *type) {
  switch (type->native) {
  case RL_NATIVE_VARCHAR: rl_buf_text(out, "varchar"); return;
  case RL_NATIVE_CHAR: rl_buf_text(out, "bpchar"); return;
  case RL_NATIVE_UUID: rl_buf_text(out, "uuid"); return;
  case RL_NATIVE_XML: rl_buf_text(out, "xml"); return;
  case RL_NATIVE_INET: rl_buf_text(out, "inet"); return;
  case RL_NATIVE_CITEXT: rl_buf_text(out, "citext"); return;
  case RL_NATIVE_BIT:
  case RL_NATIVE_VARBIT: rl_buf_text(out, "varbit"); return; /* a cast to bit(n) would truncate silently */
  default: rl_buf_text(out, "text"); return;
  }
}

static const char *time_type(rl_native native) {
  switch (native) {
  case RL_NATIVE_TIMESTAMPTZ: return "timestamptz";
  case RL_NATIVE_DATE: return "date";
  case RL_NATIVE_TIME: return "time";
  case RL_NATIVE_TIMETZ: return "timetz";
  default: return "timestamp";
  }
}

/* Returns the name of the type to which a parameter is cast, without length or list. */
static void type_name(rl_buf *out, const rl_type *type) {
  switch (type->scalar) {
  case RL_STRING: string_type(out, type); return;
  case RL_BOOLEAN: rl_buf_text(out, "boolean"); return;
  case RL_INT:
    rl_buf_text(out, type->native == RL_NATIVE_SMALLINT ? "smallint"
                     : type->native == RL_NATIVE_OID    ? "oid"
                                                        : "integer");
    return;
  case RL_BIGINT: rl_buf_text(out, "bigint"); return;
  case RL_FLOAT: rl_buf_text(out, type->native == RL_NATIVE_REAL ? "real" : "double precision"); return;
  case RL_DECIMAL: rl_buf_text(out, type->native == RL_NATIVE_MONEY ? "money" : "numeric"); return;
  case RL_DATETIME: rl_buf_text(out, time_type(type->native)); return;
  case RL_JSON: rl_buf_text(out, type->native == RL_NATIVE_JSON ? "json" : "jsonb"); return;
  case RL_BYTES: rl_buf_text(out, "bytea"); return;
  case RL_ENUM:
    if (type->enumeration->namespace_.len > 0) {
      rl_identifier_quote(out, type->enumeration->namespace_);
      rl_buf_byte(out, '.');
    }
    rl_identifier_quote(out, type->enumeration->table);
    return;
  case RL_UNSUPPORTED: rl_buf_text(out, type->unsupported ? type->unsupported : "text"); return;
  }
}

/* Returns whether a parameter needs a cast, because its wire type does not determine its type. */
static bool needs_cast(const rl_type *type, bool list) {
  if (type->scalar == RL_ENUM || type->scalar == RL_UNSUPPORTED) return true;
  if (type->scalar == RL_DECIMAL) return type->native == RL_NATIVE_MONEY;
  if (type->scalar != RL_STRING) return false;
  switch (type->native) {
  case RL_NATIVE_CHAR:
  case RL_NATIVE_BIT:
  case RL_NATIVE_VARBIT:
  case RL_NATIVE_XML:
  case RL_NATIVE_INET:
  case RL_NATIVE_CITEXT: return true;
  case RL_NATIVE_VARCHAR: return list; /* arrays of two text types cannot be compared */
  default: return false;
  }
}

static void placeholder(rl_buf *out, uint32_t number, const rl_type *type, bool list) {
  rl_buf_printf(out, "$%u", (unsigned)number);
  if (!needs_cast(type, list)) return;
  if (type->native == RL_NATIVE_MONEY) rl_buf_text(out, list ? "::numeric[]" : "::numeric");
  rl_buf_text(out, "::");
  type_name(out, type);
  if (list) rl_buf_text(out, "[]");
}

static rl_expr type_text(rl_writer *w, const rl_type *type) {
  size_t mark = rl_w_mark(w);
  type_name(&w->out, type);
  return rl_w_since(w, mark);
}

/* Reads money as a number, arrays of the database's own types as arrays of text, and a null list as an empty one,
 * like Prisma. */
static rl_expr read_value(rl_writer *w, rl_expr value, const rl_type *type) {
  const char *cast = "";
  bool label = type->scalar == RL_ENUM || type->native == RL_NATIVE_CITEXT;
  if (type->native == RL_NATIVE_MONEY)
    cast = type->list ? "::numeric[]" : "::numeric";
  else if (label && type->list)
    cast = "::text[]";
  return rl_x(w, type->list ? "COALESCE(%s%s, '{}')" : "%s%s", value, cast);
}

/* ------------------------------------------------------------------ aggregates, assignments */

static rl_expr extreme(rl_writer *w, const char *fn, rl_expr value, const rl_type *type) {
  if (type->native == RL_NATIVE_UUID) return rl_x(w, "%s(%s::text)::uuid", fn, value);
  if (type->scalar == RL_BOOLEAN) return rl_x(w, "%s(%s::integer)::boolean", fn, value);
  return rl_x(w, "%s(%s)", fn, value);
}

static rl_expr aggregate(rl_writer *w, rl_aggregate fn, rl_expr value, const rl_type *type) {
  if (fn == RL_AGG_MIN || fn == RL_AGG_MAX) return extreme(w, fn == RL_AGG_MIN ? "MIN" : "MAX", value, type);
  if (type->native == RL_NATIVE_MONEY) value = rl_x(w, "%s::numeric", value);
  if (type->native == RL_NATIVE_OID) value = rl_x(w, "%s::bigint", value);
  bool whole = type->scalar == RL_INT || type->scalar == RL_BIGINT;
  if (fn == RL_AGG_AVG) return rl_x(w, whole ? "AVG(%s)::double precision" : "AVG(%s)", value);
  if (type->scalar == RL_FLOAT) return rl_x(w, "SUM(%s)", value); /* the sum of real is real, and read as real */
  return rl_x(w, whole ? "SUM(%s)::bigint" : "SUM(%s)", value);
}

/* A date-time with a time zone is truncated in UTC, not in the time zone of the session. */
static rl_expr period(rl_writer *w, rl_period p, rl_expr value, const rl_type *type) {
  static const char *const names[] = {"", "year", "month", "week", "day", "hour"};
  if (type->native == RL_NATIVE_TIMESTAMPTZ)
    return rl_x(w, "date_trunc('%s', %s AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'", names[p], value);
  if (type->native == RL_NATIVE_DATE) return rl_x(w, "date_trunc('%s', %s::timestamp)::date", names[p], value);
  return rl_x(w, "date_trunc('%s', %s)", names[p], value);
}

static rl_expr assign(rl_writer *w, rl_assign_op op, rl_expr column, const rl_input *input, const rl_type *type) {
  if (op == RL_PUSH) {
    rl_type element = *type;
    element.list = false;
    bool list = rl_input_is_list(input);
    rl_expr value = rl_x_param_as(w, input, &element, list);
    if (list) return rl_x(w, "%s || %s", column, value);
    return rl_x(w, "array_append(%s, %s::%s)", column, value, type_text(w, &element));
  }
  if (type->native == RL_NATIVE_MONEY && (op == RL_MULTIPLY || op == RL_DIVIDE)) {
    rl_type number = {.scalar = RL_DECIMAL};
    return rl_x_arithmetic(w, op, column, rl_x(w, "%s::double precision", rl_x_param_as(w, input, &number, false)));
  }
  return rl_x_arithmetic(w, op, column, rl_x_param(w, input));
}

/* ------------------------------------------------------------------ lists as parameters */

static rl_expr in_list(rl_writer *w, rl_expr subject, const rl_input *list, bool negated, bool insensitive) {
  rl_expr values = rl_x_param_as(w, list, &list->type, true);
  const char *test = negated ? "<> ALL" : "= ANY";
  if (insensitive) return rl_x(w, "LOWER(%s) %s (SELECT LOWER(u.v) FROM unnest(%s) AS u(v))", subject, test, values);
  return rl_x(w, "%s %s(%s)", subject, test, values);
}

static rl_expr arrays_source(rl_writer *w, const rl_expr *arrays, size_t count) {
  rl_expr list = "";
  for (size_t i = 0; i < count; i++) list = rl_x(w, "%s%s%s", list, i > 0 ? ", " : "", arrays[i]);
  return rl_x(w, "unnest(%s)", list);
}

static rl_expr in_tuples(rl_writer *w, const rl_field **fields, const rl_input **lists, size_t count, uint32_t alias) {
  rl_expr columns = "", arrays = "";
  for (size_t i = 0; i < count; i++) {
    const char *comma = i > 0 ? ", " : "";
    columns = rl_x(w, "%s%s%s", columns, comma, rl_x_column(w, alias, fields[i]));
    arrays = rl_x(w, "%s%s%s", arrays, comma, rl_x_param(w, lists[i]));
  }
  return rl_x(w, "(%s) IN (SELECT * FROM unnest(%s))", columns, arrays);
}

static rl_expr list_source(rl_writer *w, rl_expr list, rl_expr alias) {
  return rl_x(w, "unnest(%s) AS %s(value)", list, alias);
}

static rl_expr list_value(rl_writer *w, rl_expr value, const rl_type *type) {
  (void)w;
  (void)type;
  return value;
}

/* ------------------------------------------------------------------ text and scalar lists */

static rl_expr like(rl_writer *w, rl_expr subject, rl_expr pattern, bool insensitive) {
  return rl_x_like(w, subject, insensitive ? "ILIKE" : "LIKE", pattern);
}

static rl_expr list_filter(rl_writer *w, const rl_filter *f, rl_expr subject, rl_expr other) {
  switch (f->op) {
  case RL_OP_HAS: return rl_x(w, "%s @> ARRAY[%s::%s]", subject, other, type_text(w, &f->field->type));
  case RL_OP_HAS_EVERY: return rl_x(w, "%s @> %s", subject, other);
  case RL_OP_HAS_SOME: return rl_x(w, "%s && %s", subject, other);
  case RL_OP_IS_EMPTY: return rl_x(w, "%s = '{}'", subject);
  case RL_OP_NE: return rl_x(w, "%s <> %s", subject, other);
  case RL_OP_EQ: return rl_x(w, "%s = %s", subject, other);
  case RL_OP_LT:
  case RL_OP_LTE:
  case RL_OP_GT:
  case RL_OP_GTE:
  case RL_OP_LIKE:
  case RL_OP_STRING_CONTAINS:
  case RL_OP_STRING_STARTS_WITH:
  case RL_OP_STRING_ENDS_WITH:
  case RL_OP_ARRAY_CONTAINS:
  case RL_OP_ARRAY_STARTS_WITH:
  case RL_OP_ARRAY_ENDS_WITH: break; /* not of lists */
  }
  rl_w_no_form(w, f->op);
  return "";
}

/* Joins all fields into one text, without null ones. */
static rl_expr document(rl_writer *w, const rl_field **fields, size_t count, uint32_t alias) {
  rl_expr list = "";
  for (size_t i = 0; i < count; i++) list = rl_x(w, "%s, %s", list, rl_x_column(w, alias, fields[i]));
  return rl_x(w, "to_tsvector(concat_ws(' '%s))", list);
}

static rl_expr search_param(rl_writer *w, const rl_input *text, rl_transform transform) {
  rl_input *input = RL_NEW(w->arena, rl_input);
  if (!input) {
    rl_w_nomem(w);
    return "NULL";
  }
  *input = *text;
  input->transform = transform;
  return rl_x_param_text(w, input);
}

/* One of the two parameters is NULL: the text of the call decides which. */
static rl_expr tsquery(rl_writer *w, const rl_input *text) {
  rl_expr query = search_param(w, text, RL_TRANSFORM_TSQUERY);
  return rl_x(w, "COALESCE(to_tsquery(%s), websearch_to_tsquery(%s))", query,
              search_param(w, text, RL_TRANSFORM_WORDS));
}

static rl_expr search(rl_writer *w, rl_expr text, const rl_input *query) {
  return rl_x(w, "%s @@ %s", text, tsquery(w, query));
}

static rl_expr relevance(rl_writer *w, rl_expr text, const rl_input *query) {
  return rl_x(w, "ts_rank(%s, %s)", text, tsquery(w, query));
}

/* ------------------------------------------------------------------ Json */

static rl_expr json_value(rl_writer *w, rl_expr column, const rl_type *type, const rl_input *path) {
  rl_type text = {.scalar = RL_STRING};
  if (path) column = rl_x(w, "(%s #> %s)", column, rl_x_param_as(w, path, &text, true));
  return type->native == RL_NATIVE_JSON ? rl_x(w, "%s::jsonb", column) : column;
}

static rl_expr json_param(rl_writer *w, const rl_input *input) {
  rl_type json = {.scalar = RL_JSON};
  return rl_x_param_as(w, input, &json, false);
}

static rl_expr json_kind(rl_writer *w, rl_expr value) {
  return rl_x(w, "jsonb_typeof(%s)", value);
}
static rl_expr json_text(rl_writer *w, rl_expr value) {
  return rl_x(w, "(%s #>> '{}')", value);
}
static rl_expr json_item(rl_writer *w, rl_expr value, bool last) {
  return rl_x(w, "(%s -> %d)", value, last ? -1 : 0);
}
static rl_expr json_equal(rl_writer *w, rl_expr a, rl_expr b) {
  return rl_x(w, "%s = %s", a, b);
}
static rl_expr json_contains(rl_writer *w, rl_expr array, rl_expr items) {
  return rl_x(w, "%s @> %s", array, items);
}

static rl_expr json_compare(rl_writer *w, rl_expr a, const char *sign, rl_expr b) {
  return rl_x(w, "%s %s %s", a, sign, b);
}

/* ------------------------------------------------------------------ recursion */

static rl_expr key_text(rl_writer *w, rl_expr value) {
  return rl_x(w, "quote_literal(%s::text)", value);
}

static rl_expr contains_text(rl_writer *w, rl_expr whole, rl_expr part) {
  return rl_x(w, "strpos(%s, %s) > 0", whole, part);
}

static const rl_dialect_forms forms = {
    .nulls_largest = true,
    .same = "IS NOT DISTINCT FROM",
    .unlimited = "",
    .read = read_value,
    .aggregate = aggregate,
    .period = period,
    .assign = assign,
    .in_list = in_list,
    .in_tuples = in_tuples,
    .list_source = list_source,
    .list_value = list_value,
    .arrays_source = arrays_source,
    .like = like,
    .list = list_filter,
    .document = document,
    .search = search,
    .relevance = relevance,
    .json_value = json_value,
    .json_param = json_param,
    .json_kind = json_kind,
    .json_text = json_text,
    .json_item = json_item,
    .json_equal = json_equal,
    .json_contains = json_contains,
    .json_compare = json_compare,
    .key_text = key_text,
    .contains_text = contains_text,
};

const rl_dialect rl_dialect_postgres = {
    .provider = RL_PROVIDER_POSTGRESQL,
    .features = {.names_keys = true,
                 .returning = true,
                 .unnest_insert = true,
                 .row_locks = true,
                 .concurrent_writers = true,
                 .full_text = true,
                 .max_params = 65535},
    .wire_type = rl_wire_type_of,
    .identifier = rl_identifier_quote,
    .placeholder = placeholder,
    .forms = &forms,
};
