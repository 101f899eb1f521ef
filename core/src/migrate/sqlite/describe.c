/* The structure of a SQLite database. */
#include "sql/ddl_sqlite.h"
#include "migrate/sqlite/sqlite.h"
#include "sql/ddl.h"

#define TABLES "FROM sqlite_master m"
#define MINE                                                                                                                                \
  "m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name NOT IN ('_prisma_migrations', '_rille_imports') AND m.sql NOT " \
  "LIKE 'CREATE VIRTUAL %' AND NOT " RL_SQLITE_SHADOWS

static const rl_str nothing = {"", 0};

static bool is_true(rl_str s) {
  return s.len && !rl_str_is(s, "0");
}

static rille_status read_tables(rl_session *s, rl_db *db, rl_text_rows *rows, rl_error *err) {
  rille_status st = rl_session_rows(s, "SELECT m.name, m.sql " TABLES " WHERE " MINE " ORDER BY m.name", 2, rows, err);
  for (size_t i = 0; st == RILLE_OK && i < rows->count; i++) {
    if (!rl_db_add_table(&s->arena, db, nothing, rl_cell(rows, i, 0))) return rl_fail_nomem(err);
  }
  return st;
}

static rille_status read_definitions(rl_session *s, rl_db *db, const rl_text_rows *rows, rl_error *err) {
  rille_status st = RILLE_OK;
  for (size_t i = 0; st == RILLE_OK && i < db->tables.count; i++)
    st = rl_sqlite_definition(rl_cell(rows, i, 1), &s->arena, &db->tables.items[i], err);
  return st;
}

/* Reads the names of virtual tables and their shadow tables. */
static rille_status read_others(rl_session *s, rl_db *db, rl_error *err) {
  rl_text_rows rows;
  rille_status st =
      rl_session_rows(s,
                      "SELECT m.name " TABLES " WHERE m.type = 'table' AND (m.sql LIKE 'CREATE VIRTUAL %' "
                      "OR " RL_SQLITE_SHADOWS ") ORDER BY 1",
                      1, &rows, err);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_db_use *u = RL_DB_ADD(&s->arena, &db->others);
    if (!u) return rl_fail_nomem(err);
    *u = (rl_db_use){nothing, rl_cell(&rows, i, 0), nothing, false};
  }
  return st;
}

/* A broken view, which lacks a table or column, has no columns. */
static rille_status read_view(rl_session *s, rl_db_view *v, rl_error *err) {
  rl_text_rows rows;
  rl_error broken = {0};
  rl_buf sql;
  rl_buf_init(&sql);
  rl_buf_text(&sql, "SELECT name, type FROM pragma_table_xinfo(");
  rl_ddl_text(&sql, v->name);
  rl_buf_text(&sql, ") ORDER BY cid");
  const char *z = rl_buf_z(&sql);
  rille_status st = z ? rl_session_rows(s, z, 2, &rows, &broken) : RILLE_NOMEM;
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_db_column *c = RL_DB_ADD(&s->arena, &v->columns);
    if (!c) st = RILLE_NOMEM;
    if (c) c->name = rl_cell(&rows, i, 0);
    if (c) c->type = rl_cell(&rows, i, 1);
  }
  rl_buf_dispose(&sql);
  rl_error_clear(&broken);
  return st == RILLE_NOMEM ? rl_fail_nomem(err) : RILLE_OK;
}

static rille_status read_views(rl_session *s, rl_db *db, rl_error *err) {
  rl_text_rows rows;
  rille_status st =
      rl_session_rows(s, "SELECT name, sql FROM sqlite_master WHERE type = 'view' ORDER BY name", 2, &rows, err);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_db_view *v = rl_db_add_view(&s->arena, db, nothing, rl_cell(&rows, i, 0));
    if (!v) return rl_fail_nomem(err);
    v->sql = rl_cell(&rows, i, 1);
    st = read_view(s, v, err);
  }
  return st;
}

/* position: in the primary key, from 1 on. */
static rille_status set_key_column(rl_session *s, rl_db_table *t, rl_str column, rl_str position, rl_error *err) {
  size_t at = 0;
  for (size_t i = 0; i < position.len; i++) at = at * 10 + (size_t)(position.p[i] - '0');
  while (t->primary.count < at) {
    rl_str *added = RL_DB_ADD(&s->arena, &t->primary);
    if (!added) return rl_fail_nomem(err);
    *added = nothing;
  }
  t->primary.items[at - 1] = column;
  return RILLE_OK;
}

/* Returns whether the default is 0 or 1, which mean false and true. */
static bool has_boolean_default(const rl_db_column *c) {
  const char *family = rl_sqlite_family(c->type);
  return family && strcmp(family, "BOOLEAN") == 0 && c->def.kind == RL_DB_DEFAULT_VALUE &&
         (rl_str_is(c->def.value, "0") || rl_str_is(c->def.value, "1"));
}

/* Prisma writes the default of a Json field without quotes: null, and [] or "a", which are names for SQLite. They are
 * read as JSON. */
static bool is_bare_json(const rl_db_column *c) {
  const char *family = rl_sqlite_family(c->type);
  rl_str sql = c->def.sql;
  return family && strcmp(family, "JSONB") == 0 && (rl_str_is(sql, "null") || (sql.len && strchr("[\"", sql.p[0])));
}

static rille_status quote_bare_json(rl_session *s, rl_db_column *c, rl_error *err) {
  rl_buf quoted;
  rl_str json = c->def.sql;
  rl_buf_init(&quoted);
  rl_ddl_text(&quoted, json);
  rl_str sql = quoted.failed ? (rl_str){NULL, 0} : rl_arena_str(&s->arena, rl_buf_view(&quoted));
  rl_buf_dispose(&quoted);
  if (!sql.p) return rl_fail_nomem(err);
  c->def = (rl_db_default){RL_DB_DEFAULT_VALUE, json, sql};
  return RILLE_OK;
}

/* SQLite reads a name in double quotes as a string in a default. */
static rille_status read_quoted_default(rl_session *s, rl_db_column *c, rl_error *err) {
  rl_str sql = rl_db_bare(RL_PROVIDER_SQLITE, c->def.sql);
  if (c->def.kind != RL_DB_DEFAULT_EXPRESSION || sql.len < 2 || sql.p[0] != '"' || sql.p[sql.len - 1] != '"')
    return RILLE_OK;
  rl_buf quoted;
  rl_buf_init(&quoted);
  rl_str value = rl_db_unquote(&s->arena, sql);
  if (value.p) rl_ddl_text(&quoted, value);
  c->def = (rl_db_default){RL_DB_DEFAULT_VALUE, value, rl_arena_str(&s->arena, rl_buf_view(&quoted))};
  bool whole = value.p && !quoted.failed && c->def.sql.p;
  rl_buf_dispose(&quoted);
  return whole ? RILLE_OK : rl_fail_nomem(err);
}

static rille_status read_columns(rl_session *s, rl_db *db, rl_error *err) {
  rl_text_rows rows;
  rille_status st = rl_session_rows(s,
                                    "SELECT m.name, c.name, c.type, CAST(c.\"notnull\" AS "
                                    "TEXT), coalesce(c.dflt_value, ''), CAST(c.pk AS "
                                    "TEXT), CAST(c.hidden AS TEXT) " TABLES
                                    " JOIN pragma_table_xinfo(m.name) c WHERE " MINE " ORDER BY m.name, c.cid",
                                    7, &rows, err);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_db_table *t = rl_db_table_of(db, nothing, rl_cell(&rows, i, 0));
    rl_db_column *c = t ? RL_DB_ADD(&s->arena, &t->columns) : NULL;
    if (!t) continue;
    if (!c) return rl_fail_nomem(err);
    c->name = rl_cell(&rows, i, 1);
    c->type = rl_cell(&rows, i, 2);
    c->required = is_true(rl_cell(&rows, i, 3));
    c->computed = is_true(rl_cell(&rows, i, 6));
    c->def = rl_db_default_of(&s->arena, RL_PROVIDER_SQLITE, rl_cell(&rows, i, 4));
    st = is_bare_json(c) ? quote_bare_json(s, c, err) : read_quoted_default(s, c, err);
    if (has_boolean_default(c)) c->def.value = rl_str_is(c->def.value, "0") ? RL_STR("false") : RL_STR("true");
    if (c->def.kind == RL_DB_DEFAULT_VALUE && !c->def.value.p) return rl_fail_nomem(err);
    if (is_true(rl_cell(&rows, i, 5))) st = set_key_column(s, t, c->name, rl_cell(&rows, i, 5), err);
  }
  return st;
}

static bool is_integer(rl_str type) {
  static const char name[] = "INTEGER";
  if (type.len != sizeof name - 1) return false;
  for (size_t i = 0; i < type.len; i++)
    if ((type.p[i] & ~0x20) != name[i]) return false;
  return true;
}

/* A key of one INTEGER column is the row id, with or without AUTOINCREMENT. */
static void mark_key_columns(rl_db *db) {
  for (size_t i = 0; i < db->tables.count; i++) {
    rl_db_table *t = &db->tables.items[i];
    for (size_t k = 0; k < t->primary.count; k++) {
      rl_db_column *c = rl_db_column_of(t, t->primary.items[k]);
      if (!c) continue;
      bool row_id = t->primary.count == 1 && is_integer(c->type) && !t->without_rowid;
      c->autoincrement = row_id;
      c->required = true; /* SQLite allows NULL in keys, which is never intended */
    }
  }
}

/* The statements that created the indexes, by name. */
typedef struct index_texts {
  rl_text_rows rows;
  rl_db_names names;
} index_texts;

static rille_status read_index_texts(rl_session *s, index_texts *out, rl_error *err) {
  *out = (index_texts){0};
  rille_status st = rl_session_rows(s, "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
                                    2, &out->rows, err);
  for (size_t i = 0; st == RILLE_OK && i < out->rows.count; i++)
    if (!rl_db_names_put(&s->arena, &out->names, rl_cell(&out->rows, i, 0), i)) st = rl_fail_nomem(err);
  return st;
}

static rl_str index_text(const index_texts *texts, rl_str name) {
  RL_DB_EACH_NAMED(i, &texts->names, name) {
    if (rl_str_eq(rl_cell(&texts->rows, i, 0), name)) return rl_cell(&texts->rows, i, 1);
  }
  return nothing; /* a UNIQUE of the table's definition */
}

static rille_status read_index(rl_session *s, rl_db_table *t, const index_texts *texts, const rl_text_rows *rows,
                               size_t i, rl_error *err) {
  rl_str name = rl_cell(rows, i, 1);
  rl_db_index *x = t->indexes.count ? &t->indexes.items[t->indexes.count - 1] : NULL;
  if (!x || !rl_str_eq(x->name, name)) {
    x = RL_DB_ADD(&s->arena, &t->indexes);
    if (!x) return rl_fail_nomem(err);
    x->name = name;
    x->method = RL_STR("BTREE");
    x->unique = is_true(rl_cell(rows, i, 2));
    x->constraint = rl_str_is(rl_cell(rows, i, 3), "u");
    x->sql = index_text(texts, name);
    x->opaque = rl_sqlite_collates(x->sql);
    x->predicate = is_true(rl_cell(rows, i, 4)) ? rl_db_bare(RL_PROVIDER_SQLITE, rl_sqlite_predicate(x->sql)) : nothing;
  }
  if (x->count == x->cap && !(x->parts = rl_db_grow(&s->arena, x->parts, x->count, &x->cap, sizeof *x->parts)))
    return rl_fail_nomem(err);
  if (!rl_cell(rows, i, 5).len) x->opaque = true; /* an expression */
  x->parts[x->count++] = (rl_db_part){rl_cell(rows, i, 5), is_true(rl_cell(rows, i, 6)), nothing, true};
  return RILLE_OK;
}

static rille_status read_indexes(rl_session *s, rl_db *db, rl_error *err) {
  rl_text_rows rows;
  index_texts texts;
  rille_status st = read_index_texts(s, &texts, err);
  if (st == RILLE_OK)
    st = rl_session_rows(s,
                         "SELECT m.name, x.name, CAST(x.\"unique\" AS TEXT), x.origin, CAST(x.partial AS TEXT), "
                         "coalesce(p.name, ''), CAST(p.\"desc\" AS TEXT) " TABLES
                         " JOIN pragma_index_list(m.name) x JOIN pragma_index_xinfo(x.name) p "
                         "WHERE " MINE " AND x.origin <> 'pk' AND p.key = 1 ORDER BY m.name, x.name, p.seqno",
                         7, &rows, err);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_db_table *t = rl_db_table_of(db, nothing, rl_cell(&rows, i, 0));
    if (t) st = read_index(s, t, &texts, &rows, i, err);
  }
  return st;
}

static rl_action_ref action_of(rl_str text) {
  if (rl_str_is(text, "CASCADE")) return RL_REF_CASCADE;
  if (rl_str_is(text, "RESTRICT")) return RL_REF_RESTRICT;
  if (rl_str_is(text, "SET NULL")) return RL_REF_SET_NULL;
  if (rl_str_is(text, "SET DEFAULT")) return RL_REF_SET_DEFAULT;
  return RL_REF_NO_ACTION;
}

static rille_status add_reference(rl_session *s, rl_db_table *t, const rl_text_rows *rows, size_t i,
                                  rl_db_reference **out, rl_error *err) {
  rl_db_reference *k = RL_DB_ADD(&s->arena, &t->references);
  if (!k) return rl_fail_nomem(err);
  *k = (rl_db_reference){.name = nothing,
                         .columns = RL_NEW_ARRAY(&s->arena, rl_str, t->columns.count),
                         .targets = RL_NEW_ARRAY(&s->arena, rl_str, t->columns.count),
                         .target_namespace = nothing,
                         .target = rl_cell(rows, i, 3),
                         .on_delete = action_of(rl_cell(rows, i, 6)),
                         .on_update = action_of(rl_cell(rows, i, 7))};
  *out = k;
  return k->columns && k->targets ? RILLE_OK : rl_fail_nomem(err);
}

/* A foreign key without target columns refers to the primary key. */
static rl_str target_of(const rl_db *db, const rl_db_reference *k, rl_str written) {
  const rl_db_table *to = rl_db_table_of(db, nothing, k->target);
  return !written.len && to && k->count < to->primary.count ? to->primary.items[k->count] : written;
}

static rille_status read_references(rl_session *s, rl_db *db, rl_error *err) {
  rl_text_rows rows;
  rille_status st = rl_session_rows(s,
                                    "SELECT m.name, CAST(k.id AS TEXT), CAST(k.seq AS TEXT), k.\"table\", "
                                    "k.\"from\", coalesce(k.\"to\", ''), k.on_delete, "
                                    "k.on_update " TABLES " JOIN pragma_foreign_key_list(m.name) k WHERE " MINE
                                    " ORDER BY m.name, k.id DESC, k.seq",
                                    8, &rows, err);
  rl_db_reference *k = NULL;
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_db_table *t = rl_db_table_of(db, nothing, rl_cell(&rows, i, 0));
    if (!t) continue;
    if (rl_str_is(rl_cell(&rows, i, 2), "0")) st = add_reference(s, t, &rows, i, &k, err);
    if (st != RILLE_OK || !k) break;
    k->columns[k->count] = rl_cell(&rows, i, 4);
    k->targets[k->count] = target_of(db, k, rl_cell(&rows, i, 5));
    k->count++;
  }
  return st;
}

static rille_status read_triggers(rl_session *s, rl_db *db, rl_error *err) {
  rl_text_rows rows;
  rille_status st = rl_session_rows(s,
                                    "SELECT tbl_name, sql FROM sqlite_master "
                                    "WHERE type = 'trigger' ORDER BY rowid",
                                    2, &rows, err);
  for (size_t i = 0; st == RILLE_OK && i < rows.count; i++) {
    rl_db_table *t = rl_db_table_of(db, nothing, rl_cell(&rows, i, 0));
    rl_str *sql = t ? RL_DB_ADD(&s->arena, &t->triggers) : NULL;
    if (t && !sql) return rl_fail_nomem(err);
    if (sql) *sql = rl_cell(&rows, i, 1);
  }
  return st;
}

rille_status rl_describe_sqlite(rl_session *s, const rl_str *namespaces, size_t count, rl_db *out, rl_error *err) {
  (void)namespaces;
  (void)count;
  rl_text_rows tables;
  rille_status st = read_tables(s, out, &tables, err);
  if (st == RILLE_OK) st = read_columns(s, out, err);
  if (st == RILLE_OK) st = read_definitions(s, out, &tables, err);
  if (st == RILLE_OK) mark_key_columns(out);
  if (st == RILLE_OK) st = read_indexes(s, out, err);
  if (st == RILLE_OK) st = read_references(s, out, err);
  if (st == RILLE_OK) st = read_triggers(s, out, err);
  if (st == RILLE_OK) st = read_others(s, out, err);
  return st == RILLE_OK ? read_views(s, out, err) : st;
}
