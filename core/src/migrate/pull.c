/* The schema of a live database: reading it, and the names that its tables and
 * columns get. */
#include "migrate/pull.h"

#include <ctype.h>

const char *rl_pull_printf(rl_puller *p, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = rl_arena_vprintf(p->arena, format, args);
  va_end(args);
  if (!text) p->failed = true;
  return text ? text : "";
}

rl_str rl_pull_identifier(rl_puller *p, rl_str name) {
  static const char *const taken[] = {"String",  "Boolean",  "Int",  "BigInt", "Float",
                                      "Decimal", "DateTime", "Json", "Bytes",  "Unsupported"};
  size_t from = 0;
  while (from < name.len && !isalpha((unsigned char)name.p[from])) from++;
  const char *prefix = from == name.len ? "Renamed_" : "";
  if (from == name.len) from = 0;
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
    if (rl_str_is(name, taken[i])) prefix = "Renamed";
  char *text = rl_arena_printf(p->arena, "%s%.*s", prefix, (int)(name.len - from), name.p + from);
  if (!text) p->failed = true;
  for (char *c = text; c && *c; c++)
    if (!isalnum((unsigned char)*c) && *c != '_') *c = '_';
  return rl_str_of(text ? text : "");
}

rl_str rl_pull_default_name(rl_puller *p, rl_str table, const rl_str *columns, size_t count, const char *suffix) {
  const char *joined = rl_pull_printf(p, "%.*s", RL_STR_ARG(table));
  for (size_t i = 0; i < count; i++) joined = rl_pull_printf(p, "%s_%.*s", joined, RL_STR_ARG(columns[i]));
  size_t len = strlen(joined), room = 63 - strlen(suffix);
  return rl_str_of(rl_pull_printf(p, "%.*s%s", (int)(len < room ? len : room), joined, suffix));
}

rl_str rl_pull_field_name(const rl_puller *p, const rl_pulled *m, rl_str column) {
  (void)p;
  for (size_t i = 0; i < m->table->columns.count; i++)
    if (rl_str_eq(m->table->columns.items[i].name, column)) return m->fields[i];
  return column;
}

static bool same_columns(const rl_db_index *x, const rl_str *columns, size_t count) {
  if (x->count != count) return false;
  for (size_t i = 0; i < count; i++)
    if (!rl_str_eq(x->parts[i].column, columns[i])) return false;
  return true;
}

bool rl_pull_is_unique(const rl_db_table *t, const rl_str *columns, size_t count) {
  bool key = t->primary.count == count;
  for (size_t i = 0; key && i < count; i++) key = rl_db_is_key(t, columns[i]);
  if (key) return true;
  for (size_t i = 0; i < t->indexes.count; i++) {
    const rl_db_index *x = &t->indexes.items[i];
    if (x->unique && !x->opaque && !x->predicate.len && same_columns(x, columns, count)) return true;
  }
  return false;
}

/* ------------------------------------------------------------------ names */

static const rl_model *known_model(const rl_puller *p, const rl_db_table *t) {
  for (size_t i = 0; p->known && i < p->known->model_count; i++) {
    const rl_model *m = p->known->models[i];
    if (rl_str_eq(m->table, t->name) && rl_str_eq(m->namespace_, t->namespace_)) return m;
  }
  return NULL;
}

static const rl_enum *known_enum(const rl_puller *p, const rl_db_enum *e) {
  for (size_t i = 0; p->known && i < p->known->enum_count; i++)
    if (rl_str_eq(p->known->enums[i]->table, e->name) && rl_str_eq(p->known->enums[i]->namespace_, e->namespace_))
      return p->known->enums[i];
  return NULL;
}

/* Two tables of different schemas, or a table and an enum, may have one name.
 */
static bool model_name_taken(const rl_puller *p, size_t before, rl_str name) {
  for (size_t i = 0; i < before; i++)
    if (rl_str_eq(p->models[i].name, name)) return true;
  return false;
}

rl_str rl_pull_enum_name(rl_puller *p, const rl_db_enum *e) {
  const rl_enum *known = known_enum(p, e);
  if (known) return known->name;
  rl_str name = rl_pull_identifier(p, e->name);
  bool taken = model_name_taken(p, p->count, name);
  for (const rl_db_enum *x = p->db->enums.items; x && x < e && !taken; x++) taken = rl_str_eq(x->name, e->name);
  if (!taken) return name;
  return rl_str_of(rl_pull_printf(p, "%.*s_%s", RL_STR_ARG(name), e->namespace_.len ? e->namespace_.p : "enum"));
}

static const rl_field *known_field(const rl_model *m, rl_str column) {
  for (size_t i = 0; m && i < m->column_count; i++)
    if (rl_str_eq(m->columns[i]->column, column)) return m->columns[i];
  return NULL;
}

static bool field_taken(const rl_pulled *m, size_t before, rl_str name) {
  for (size_t i = 0; i < before; i++)
    if (rl_str_eq(m->fields[i], name)) return true;
  return false;
}

static void name_fields(rl_puller *p, rl_pulled *m) {
  size_t n = m->table->columns.count;
  m->fields = RL_NEW_ARRAY(p->arena, rl_str, n ? n : 1);
  m->knowns = RL_NEW_ARRAY(p->arena, const rl_field *, n ? n : 1);
  if (!m->fields || !m->knowns) {
    p->failed = true;
    return;
  }
  for (size_t i = 0; i < n; i++) {
    rl_str column = m->table->columns.items[i].name;
    m->knowns[i] = known_field(m->known, column);
    m->fields[i] = m->knowns[i] ? m->knowns[i]->name : rl_pull_identifier(p, column);
    while (field_taken(m, i, m->fields[i]))
      m->fields[i] = rl_str_of(rl_pull_printf(p, "%.*s_", RL_STR_ARG(m->fields[i])));
  }
}

static bool has_key(const rl_db_table *t) {
  if (t->primary.count) return true;
  for (size_t i = 0; i < t->indexes.count; i++) {
    const rl_db_index *x = &t->indexes.items[i];
    bool serves = x->unique && !x->opaque && !x->predicate.len;
    for (size_t k = 0; serves && k < x->count; k++) {
      const rl_db_column *c = rl_db_column_of(t, x->parts[k].column);
      serves = c && c->required;
    }
    if (serves) return true;
  }
  return false;
}

void rl_pull_names(rl_puller *p) {
  p->models = RL_NEW_ARRAY(p->arena, rl_pulled, p->db->tables.count);
  if (!p->models) {
    p->failed = true;
    return;
  }
  for (size_t i = 0; i < p->db->tables.count; i++) {
    rl_pulled *m = &p->models[i];
    m->table = &p->db->tables.items[i];
    m->known = known_model(p, m->table);
    m->name = m->known ? m->known->name : rl_pull_identifier(p, m->table->name);
    while (!m->known && model_name_taken(p, i, m->name))
      m->name = rl_str_of(rl_pull_printf(p, "%.*s_%.*s", RL_STR_ARG(m->name), RL_STR_ARG(m->table->namespace_)));
    m->is_found = has_key(m->table);
    name_fields(p, m);
    p->count++;
    if (p->failed) return;
  }
}

/* ------------------------------------------------------------------ the whole
 */

static rille_status write_schema(rl_session *s, const rl_db *db, const rl_schema *known, rl_buf *out, rl_error *err) {
  rl_buf text;
  rl_buf_init(&text);
  rl_puller p = {.db = db, .known = known, .arena = &s->arena, .out = &text};
  rl_pull_names(&p);
  if (!p.failed) rl_pull_relations(&p);
  if (!p.failed) rl_pull_write(&p);
  rille_status st = p.failed || text.failed ? rl_fail_nomem(err) : rl_schema_format(rl_buf_view(&text), out, err);
  rl_buf_dispose(&text);
  return st;
}

rille_status rl_pull_session(rl_session *s, const rl_schema *known, rl_buf *out, rl_error *err) {
  rl_db db;
  rille_status st = rl_db_describe(s, rl_dialect_of(s->options.driver), known ? known->namespaces : NULL,
                                   known ? known->namespace_count : 0, &db, err);
  if (st == RILLE_OK && !db.tables.count)
    st = rl_fail(err, RL_P4001, "the database %s has no table to make a schema of", s->options.display);
  return st == RILLE_OK ? write_schema(s, &db, known, out, err) : st;
}

rille_status rl_pull(rl_str url, const rl_schema *known, rl_buf *out, rl_error *err) {
  rl_session s;
  const rl_driver *driver = NULL;
  rille_status st = rl_driver_of_url(url, &driver, err);
  if (st == RILLE_OK && known) st = rl_check_provider(known, driver, err);
  if (st == RILLE_OK) st = rl_session_open_shared(&s, url, err);
  if (st != RILLE_OK) return st;
  st = rl_pull_session(&s, known, out, err);
  rl_session_close(&s);
  return st;
}
