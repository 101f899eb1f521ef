/* Table definitions on PostgreSQL. */
#include "sql/ddl_forms.h"

static const char *default_type(rl_scalar s) {
  switch (s) {
  case RL_STRING: return "TEXT";
  case RL_BOOLEAN: return "BOOLEAN";
  case RL_INT: return "INTEGER";
  case RL_BIGINT: return "BIGINT";
  case RL_FLOAT: return "DOUBLE PRECISION";
  case RL_DECIMAL: return "DECIMAL(65,30)";
  case RL_DATETIME: return "TIMESTAMP(3)";
  case RL_JSON: return "JSONB";
  case RL_BYTES: return "BYTEA";
  case RL_ENUM:
  case RL_UNSUPPORTED: break;
  }
  return "TEXT";
}

static const char *native_type(rl_native n) {
  switch (n) {
  case RL_NATIVE_TEXT: return "TEXT";
  case RL_NATIVE_VARCHAR: return "VARCHAR";
  case RL_NATIVE_CHAR: return "CHAR";
  case RL_NATIVE_BIT: return "BIT";
  case RL_NATIVE_VARBIT: return "VARBIT";
  case RL_NATIVE_UUID: return "UUID";
  case RL_NATIVE_XML: return "XML";
  case RL_NATIVE_INET: return "INET";
  case RL_NATIVE_CITEXT: return "CITEXT";
  case RL_NATIVE_BOOLEAN: return "BOOLEAN";
  case RL_NATIVE_INTEGER: return "INTEGER";
  case RL_NATIVE_SMALLINT: return "SMALLINT";
  case RL_NATIVE_OID: return "OID";
  case RL_NATIVE_BIGINT: return "BIGINT";
  case RL_NATIVE_DOUBLE: return "DOUBLE PRECISION";
  case RL_NATIVE_REAL: return "REAL";
  case RL_NATIVE_DECIMAL: return "DECIMAL";
  case RL_NATIVE_MONEY: return "MONEY";
  case RL_NATIVE_TIMESTAMP: return "TIMESTAMP";
  case RL_NATIVE_TIMESTAMPTZ: return "TIMESTAMPTZ";
  case RL_NATIVE_DATE: return "DATE";
  case RL_NATIVE_TIME: return "TIME";
  case RL_NATIVE_TIMETZ: return "TIMETZ";
  case RL_NATIVE_JSON: return "JSON";
  case RL_NATIVE_JSONB: return "JSONB";
  case RL_NATIVE_BYTEA: return "BYTEA";
  case RL_NATIVE_NONE:
  case RL_NATIVE_COUNT: break;
  }
  return "";
}

static const char *serial_type(const rl_type *t) {
  if (t->native == RL_NATIVE_SMALLINT) return "SMALLSERIAL";
  return t->scalar == RL_BIGINT ? "BIGSERIAL" : "SERIAL";
}

static void native(rl_buf *out, const rl_type *t) {
  rl_buf_text(out, native_type(t->native));
  /* a decimal without arguments has the precision that Prisma uses */
  if (t->native == RL_NATIVE_DECIMAL && t->arg_count == 0) rl_buf_text(out, "(65,30)");
  for (int32_t i = 0; i < t->arg_count; i++) rl_buf_printf(out, "%s%d", i ? "," : "(", (int)t->args[i]);
  if (t->arg_count) rl_buf_byte(out, ')');
}

static void column_type(rl_buf *out, const rl_dialect *d, const rl_field *f, bool referring) {
  const rl_type *t = &f->type;
  if (!referring && f->def.kind == RL_DEFAULT_AUTOINCREMENT) {
    rl_buf_text(out, serial_type(t));
    return;
  }
  if (t->scalar == RL_ENUM)
    rl_ddl_table(out, d, &rl_ddl_postgres, t->enumeration->namespace_, t->enumeration->table);
  else if (t->scalar == RL_UNSUPPORTED)
    rl_buf_text(out, t->unsupported);
  else if (t->native != RL_NATIVE_NONE)
    native(out, t);
  else
    rl_buf_text(out, default_type(t->scalar));
  if (t->list) rl_buf_text(out, "[]");
}

static bool never_in_column(const rl_field *f) {
  (void)f;
  return false;
}

static void write_list_default(rl_buf *out, const rl_dialect *d, const rl_field *f) {
  rl_buf_text(out, "ARRAY[");
  for (size_t i = 0; i < f->def.item_count; i++) {
    if (i) rl_buf_text(out, ", ");
    rl_ddl_literal(out, &rl_ddl_postgres, f, &f->def.items[i]);
  }
  rl_buf_text(out, "]::");
  column_type(out, d, f, true);
}

static void namespace_list(rl_buf *out, const rl_str *namespaces, size_t count) {
  for (size_t i = 0; i < count; i++) {
    rl_buf_text(out, i ? ", " : "");
    rl_ddl_text(out, namespaces[i]);
  }
}

/* Drops the schemas and creates them again, which removes types, sequences and functions too. */
static void list_drops(rl_buf *out, const rl_str *namespaces, size_t count) {
  rl_buf_text(out, "SELECT s FROM (SELECT 1 AS k, 'DROP SCHEMA ' || "
                   "quote_ident(nspname) || ' CASCADE' AS s FROM "
                   "pg_namespace WHERE nspname IN (");
  namespace_list(out, namespaces, count);
  rl_buf_text(out, ") UNION ALL SELECT 2, 'CREATE SCHEMA ' || quote_ident(v) "
                   "FROM unnest(ARRAY[");
  namespace_list(out, namespaces, count);
  rl_buf_text(out, "]::text[]) AS v) x ORDER BY k");
}

const rl_ddl_forms rl_ddl_postgres = {.features = {.enum_types = true,
                                                   .namespaces = true,
                                                   .extensions = true,
                                                   .exact_types = true,
                                                   .sequences = true,
                                                   .index_methods = true,
                                                   .renames_indexes = true,
                                                   .key_names = true,
                                                   .alters_tables = true,
                                                   .adds_references = true,
                                                   .guards_views = true,
                                                   .join_keys = true,
                                                   .key_separator = ",",
                                                   .target_opening = "("},
                                      .before = "",
                                      .after = "",
                                      .list_drops = list_drops,
                                      .type = column_type,
                                      .key_in_column = never_in_column,
                                      .bytes_prefix = "\\x",
                                      .list = write_list_default};
