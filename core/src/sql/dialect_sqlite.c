/* SQLite: features, and its forms of expressions. Lists are parameters in JSON. */
#include "sql/ddl_forms.h"
#include "sql/dialect.h"
#include "sql/datetime.h"

static void placeholder(rl_buf *out, uint32_t number, const rl_type *type, bool list) {
  (void)type;
  (void)list;
  rl_buf_printf(out, "?%u", (unsigned)number);
}

static rl_expr read_value(rl_writer *w, rl_expr value, const rl_type *type) {
  (void)w;
  (void)type;
  return value;
}

static rl_expr aggregate(rl_writer *w, rl_aggregate fn, rl_expr value, const rl_type *type) {
  (void)type;
  const char *name = fn == RL_AGG_SUM ? "SUM" : fn == RL_AGG_AVG ? "AVG" : fn == RL_AGG_MIN ? "MIN" : "MAX";
  return rl_x(w, "%s(%s)", name, value);
}

static rl_expr period(rl_writer *w, rl_period p, rl_expr value, const rl_type *type) {
  static const char *const forms[] = {"", "%Y-01-01T00", "%Y-%m-01T00", "%Y-%m-%dT00", "%Y-%m-%dT00", "%Y-%m-%dT%H"};
  (void)type;
  const char *monday = p == RL_PERIOD_WEEK ? ", 'weekday 0', '-6 days'" : "";
  if (w->dialect->features.unixepoch_ms)
    return rl_x(w, "CAST(strftime('%%s', strftime('%s:00:00', %s / 1000.0, 'unixepoch'%s)) AS INTEGER) * 1000",
                forms[p], value, monday);
  return rl_x(w, "strftime('%s:00:00.000+00:00', %s%s)", forms[p], value, monday);
}

/* Decimals without a fraction are stored as integers, whose quotient SQLite would truncate. */
static rl_expr assign(rl_writer *w, rl_assign_op op, rl_expr column, const rl_input *input, const rl_type *type) {
  rl_expr before = column;
  if (op == RL_DIVIDE && type->scalar == RL_DECIMAL) column = rl_x(w, "CAST(%s AS REAL)", column);
  rl_expr after = rl_x_arithmetic(w, op, column, rl_x_param(w, input));
  /* functions of the driver; SQLite would store an infinity, or a float among integers */
  if (type->scalar == RL_INT || type->scalar == RL_BIGINT)
    return rl_x(w, "rille_whole(%s, %s, %d)", before, after, type->scalar == RL_INT ? 32 : 64);
  return rl_x(w, "rille_finite(%s, %s)", before, after);
}

/* ------------------------------------------------------------------ lists as parameters */

/* Bytes are hexadecimal digits in JSON. hex() would turn a null into text. */
static rl_expr comparable(rl_writer *w, rl_expr subject, const rl_type *type) {
  return type->scalar == RL_BYTES ? rl_x(w, "CASE WHEN %s IS NOT NULL THEN hex(%s) END", subject, subject) : subject;
}

static rl_expr comparable_column(rl_writer *w, uint32_t alias, const rl_field *field) {
  return comparable(w, rl_x_datetime(w, rl_x_column(w, alias, field), field), &field->type);
}

static rl_expr in_list(rl_writer *w, rl_expr subject, const rl_input *list, bool negated, bool insensitive) {
  rl_expr values = rl_x_param_as(w, list, &list->type, true);
  const char *value = list->type.scalar == RL_BYTES ? "upper(value)" : insensitive ? "LOWER(value)" : "value";
  subject = comparable(w, subject, &list->type);
  if (insensitive) subject = rl_x(w, "LOWER(%s)", subject);
  return rl_x(w, "%s %s (SELECT %s FROM json_each(%s))", subject, negated ? "NOT IN" : "IN", value, values);
}

/* Writes "key, NULL, value, NULL": the values of one list in their own column. */
static rl_expr tuple_row(rl_writer *w, rl_expr list, size_t at, size_t count) {
  rl_expr row = "SELECT key";
  for (size_t i = 0; i < count; i++) row = rl_x(w, "%s, %s AS k%zu", row, i == at ? "value" : "NULL", i);
  return rl_x(w, "%s FROM json_each(%s)", row, list);
}

/* Joins lists by grouping. A join of two json_each would walk one for every element of the other. */
static rl_expr in_tuples(rl_writer *w, const rl_field **fields, const rl_input **lists, size_t count, uint32_t alias) {
  rl_expr columns = "", values = "", rows = "";
  for (size_t i = 0; i < count; i++) {
    const char *comma = i > 0 ? ", " : "";
    columns = rl_x(w, "%s%s%s", columns, comma, comparable_column(w, alias, fields[i]));
    values = rl_x(w, fields[i]->type.scalar == RL_BYTES ? "%s%supper(MAX(k%zu))" : "%s%sMAX(k%zu)", values, comma, i);
    rows = rl_x(w, "%s%s%s", rows, i > 0 ? " UNION ALL " : "", tuple_row(w, rl_x_param(w, lists[i]), i, count));
  }
  return rl_x(w, "(%s) IN (SELECT %s FROM (%s) GROUP BY key)", columns, values, rows);
}

static rl_expr list_source(rl_writer *w, rl_expr list, rl_expr alias) {
  return rl_x(w, "json_each(%s) AS %s", list, alias);
}

/* ------------------------------------------------------------------ what SQLite lacks; features make the plan reject
 * it earlier */

static rl_expr lacks(rl_writer *w, const char *what) {
  if (w->status == RILLE_OK) w->status = rl_fail(w->err, RL_P2026, "SQLite has no %s", what);
  return "NULL";
}

/* Bytes are hexadecimal digits in a list. SQLite can decode them only since 3.41. */
static rl_expr list_value(rl_writer *w, rl_expr value, const rl_type *type) {
  return type->scalar == RL_BYTES ? lacks(w, "values of a list of bytes") : value;
}

static rl_expr arrays_source(rl_writer *w, const rl_expr *arrays, size_t count) {
  (void)arrays;
  (void)count;
  return lacks(w, "array parameters");
}

static rl_expr list_filter(rl_writer *w, const rl_filter *f, rl_expr subject, rl_expr other) {
  (void)f;
  (void)subject;
  (void)other;
  return lacks(w, "scalar lists");
}

static rl_expr document(rl_writer *w, const rl_field **fields, size_t count, uint32_t alias) {
  (void)fields;
  (void)count;
  (void)alias;
  return lacks(w, "full-text search over plain tables");
}

static rl_expr search(rl_writer *w, rl_expr text, const rl_input *query) {
  (void)text;
  (void)query;
  return lacks(w, "full-text search over plain tables");
}

/* ------------------------------------------------------------------ text */

/* LIKE ignores the case of ASCII letters by default. */
static rl_expr like(rl_writer *w, rl_expr subject, rl_expr pattern, bool insensitive) {
  (void)insensitive;
  return rl_x_like(w, subject, "LIKE", pattern);
}

/* ------------------------------------------------------------------ Json */

/* The path is a JSON array of steps: digits are an index, from the end if negative; everything else is a key. */
static rl_expr json_path(rl_writer *w, const rl_input *path) {
  rl_type text = {.scalar = RL_STRING};
  return rl_x(w,
              "(SELECT '$' || COALESCE(group_concat(CASE WHEN value GLOB '-[0-9]*' THEN '[#' || value || ']' "
              "WHEN value NOT GLOB '*[^0-9]*' AND value <> '' THEN '[' || value || ']' ELSE '.\"' || value || '\"' "
              "END, ''), '') "
              "FROM json_each(%s))",
              rl_x_param_as(w, path, &text, true));
}

static rl_expr json_value(rl_writer *w, rl_expr column, const rl_type *type, const rl_input *path) {
  (void)type;
  return path ? rl_x(w, "(%s -> %s)", column, json_path(w, path)) : column;
}

static rl_expr json_param(rl_writer *w, const rl_input *input) {
  rl_type json = {.scalar = RL_JSON};
  return rl_x_param_as(w, input, &json, false);
}

static rl_expr json_kind(rl_writer *w, rl_expr value) {
  return rl_x(w,
              "CASE json_type(%s) WHEN 'text' THEN 'string' WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number' "
              "WHEN 'true' THEN 'boolean' WHEN 'false' THEN 'boolean' ELSE json_type(%s) END",
              value, value);
}

static rl_expr json_text(rl_writer *w, rl_expr value) {
  return rl_x(w, "(%s ->> '$')", value);
}

static rl_expr json_item(rl_writer *w, rl_expr value, bool last) {
  return rl_x(w, "(%s -> '$[%s]')", value, last ? "#-1" : "0");
}

/* Every leaf of one is at the same path in the other, in any order of keys. */
static rl_expr json_within(rl_writer *w, rl_expr a, rl_expr b) {
  return rl_x(w,
              "NOT EXISTS (SELECT fullkey, replace(type, 'real', 'integer'), atom FROM json_tree(%s) EXCEPT "
              "SELECT fullkey, replace(type, 'real', 'integer'), atom FROM json_tree(%s))",
              a, b);
}

static rl_expr json_equal(rl_writer *w, rl_expr a, rl_expr b) {
  return rl_x(w, "(%s = %s OR (%s IS NOT NULL AND %s AND %s))", a, b, a, json_within(w, a, b), json_within(w, b, a));
}

static rl_expr json_contains(rl_writer *w, rl_expr array, rl_expr items) {
  return rl_x(w,
              "NOT EXISTS (SELECT 1 FROM json_each(%s) AS n WHERE NOT EXISTS (SELECT 1 FROM json_each(%s) AS h WHERE "
              "replace(h.type, 'real', 'integer') = replace(n.type, 'real', 'integer') AND h.value IS n.value))",
              items, array);
}

static rl_expr json_compare(rl_writer *w, rl_expr a, const char *sign, rl_expr b) {
  return rl_x(w, "(%s ->> '$') %s (%s ->> '$')", a, sign, b);
}

/* ------------------------------------------------------------------ recursion */

static rl_expr key_text(rl_writer *w, rl_expr value) {
  return rl_x(w, "quote(%s)", value);
}

static rl_expr contains_text(rl_writer *w, rl_expr whole, rl_expr part) {
  return rl_x(w, "instr(%s, %s) > 0", whole, part);
}

static const rl_dialect_forms forms = {
    .nulls_largest = false,
    .same = "IS",
    .one_pass = true,
    .unlimited = " LIMIT -1",
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
    .relevance = search,
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

#define SQLITE_DIALECT(in_ms, with_epoch)                                                                              \
  {                                                                                                                    \
    .provider = RL_PROVIDER_SQLITE,                                                                                    \
    .features = {.returning = true, .brief_datetimes = true, .unixepoch_ms = in_ms, .max_params = 32766},              \
    .wire_type = rl_wire_type_of, .identifier = rl_identifier_quote, .placeholder = placeholder, .forms = &forms,      \
    .epoch = with_epoch,                                                                                               \
  }

static const rl_dialect epoch_dialect = SQLITE_DIALECT(true, NULL);
const rl_dialect rl_dialect_sqlite = SQLITE_DIALECT(false, &epoch_dialect);
