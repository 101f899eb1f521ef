/* Table definitions on SQLite. */
#include "sql/ddl_sqlite.h"

#include "sql/ddl_forms.h"

static const char *type_name(rl_scalar s) {
  switch (s) {
  case RL_STRING:
  case RL_ENUM: return "TEXT";
  case RL_BOOLEAN: return "BOOLEAN";
  case RL_INT: return "INTEGER";
  case RL_BIGINT: return "BIGINT";
  case RL_FLOAT: return "REAL";
  case RL_DECIMAL: return "DECIMAL";
  case RL_DATETIME: return "DATETIME";
  case RL_JSON: return "JSONB";
  case RL_BYTES: return "BLOB";
  case RL_UNSUPPORTED: break;
  }
  return "";
}

/* An integer key is the table's row id only if its type has the name INTEGER. */
static bool is_row_id(const rl_field *f) {
  bool whole = f->model->primary && f->model->primary->count == 1 && f->model->primary->fields[0].field == f;
  return whole &&
         (f->type.scalar == RL_INT || (f->type.scalar == RL_BIGINT && f->def.kind == RL_DEFAULT_AUTOINCREMENT));
}

static void column_type(rl_buf *out, const rl_dialect *d, const rl_field *f, bool referring) {
  (void)d;
  if (f->type.scalar == RL_UNSUPPORTED)
    rl_buf_text(out, f->type.unsupported);
  else if (!referring && is_row_id(f))
    rl_buf_text(out, "INTEGER");
  else
    rl_buf_text(out, type_name(f->type.scalar));
}

static void no_list(rl_buf *out, const rl_dialect *d, const rl_field *f) {
  (void)d;
  (void)f;
  rl_buf_text(out, "NULL"); /* the schema rejects scalar lists on SQLite */
}

/* Tables of a virtual table are dropped with it. */
static void list_drops(rl_buf *out, const rl_str *namespaces, size_t count) {
  (void)namespaces;
  (void)count;
  rl_buf_text(out,
              "SELECT 'DROP ' || upper(m.type) || ' \"' || replace(m.name, '\"', '\"\"') || '\"' FROM sqlite_master m "
              "WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
              "AND NOT " RL_SQLITE_SHADOWS " ORDER BY m.type DESC");
}

const rl_ddl_forms rl_ddl_sqlite = {.features = {.text_datetimes = true,
                                                 .column_keys = true,
                                                 .keeps_texts = true,
                                                 .enclosed_expressions = true,
                                                 .key_separator = ", ",
                                                 .target_opening = " ("},
                                    .before = "PRAGMA foreign_keys = OFF",
                                    .after = "PRAGMA foreign_keys = ON",
                                    .list_drops = list_drops,
                                    .type = column_type,
                                    .key_in_column = is_row_id,
                                    .bytes_prefix = "",
                                    .list = no_list};
