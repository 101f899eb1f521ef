/* The names of models, fields, enums and their values. */
#include "migrate/pull/text.h"

#include <ctype.h>

const char *rl_pull_printf(rl_puller *p, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = rl_arena_vprintf(p->arena, format, args);
  va_end(args);
  if (!text) p->failed = true;
  return text ? text : "";
}

static rl_str identifier_of(rl_puller *p, rl_str name) {
  static const char *const scalars[] = {"String",  "Boolean",  "Int",  "BigInt", "Float",
                                        "Decimal", "DateTime", "Json", "Bytes",  "Unsupported"};
  size_t from = 0;
  while (from < name.len && !isalpha((unsigned char)name.p[from])) from++;
  const char *prefix = from == name.len ? "Renamed_" : "";
  if (from == name.len) from = 0;
  for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++)
    if (rl_str_is(name, scalars[i])) prefix = "Renamed";
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

/* ------------------------------------------------------------------ names */

/* A known model without a database schema belongs to the connection's own. */
static bool same_namespace(const rl_puller *p, rl_str known, rl_str live) {
  return rl_str_eq(known, live) || (!known.len && rl_str_eq(live, p->home));
}

const rl_model *rl_pull_known_model(const rl_puller *p, const rl_db_table *t) {
  RL_DB_EACH_NAMED(i, &p->known_tables, t->name) {
    const rl_model *m = p->known->models[i];
    if (rl_str_eq(m->table, t->name) && same_namespace(p, m->namespace_, t->namespace_)) return m;
  }
  return NULL;
}

const rl_enum *rl_pull_known_enum(const rl_puller *p, const rl_db_enum *e) {
  RL_DB_EACH_NAMED(i, &p->known_enums, e->name) {
    const rl_enum *known = p->known->enums[i];
    if (rl_str_eq(known->table, e->name) && same_namespace(p, known->namespace_, e->namespace_)) return known;
  }
  return NULL;
}

/* Two tables of different schemas, or a table and an enum, may have the same name. */
static bool model_name_is_used(const rl_puller *p, rl_str name) {
  RL_DB_EACH_NAMED(i, &p->names, name) {
    if (rl_str_eq(p->models[i].name, name)) return true;
  }
  return false;
}

/* A model or enum of the known schema keeps its name if the database still has it. */
static bool is_kept_name(const rl_puller *p, rl_str name) {
  const rl_model *m = p->known ? rl_map_get(&p->known->models_by_name, name) : NULL;
  const rl_enum *e = p->known ? rl_map_get(&p->known->enums_by_name, name) : NULL;
  return (m && rl_db_table_of(p->db, m->namespace_, m->table)) || (e && rl_db_enum_of(p->db, e->namespace_, e->table));
}

/* Returns a name for a block. Reserved words of JavaScript are not allowed. */
static rl_str block_name(rl_puller *p, rl_str stored) {
  rl_str name = identifier_of(p, stored);
  return rl_is_reserved(name) ? rl_str_of(rl_pull_printf(p, "Renamed%.*s", RL_STR_ARG(name))) : name;
}

static bool enum_name_is_used(const rl_puller *p, size_t before, rl_str name) {
  for (size_t i = 0; i < before; i++)
    if (rl_str_eq(p->enum_names[i], name)) return true;
  return false;
}

static rl_str free_enum_name(rl_puller *p, const rl_db_enum *e, size_t before) {
  rl_str name = block_name(p, e->name);
  while (!p->failed && (model_name_is_used(p, name) || is_kept_name(p, name) || enum_name_is_used(p, before, name)))
    name = rl_str_of(rl_pull_printf(p, "%.*s_%s", RL_STR_ARG(name), e->namespace_.len ? e->namespace_.p : "enum"));
  return name;
}

rl_str rl_pull_enum_name(rl_puller *p, const rl_db_enum *e) {
  if (!p->enum_names) {
    p->enum_names = RL_NEW_ARRAY(p->arena, rl_str, p->db->enums.count + 1);
    if (!p->enum_names) p->failed = true;
    for (size_t i = 0; i < p->db->enums.count && !p->failed; i++) {
      const rl_enum *known = rl_pull_known_enum(p, &p->db->enums.items[i]);
      p->enum_names[i] = known ? known->name : free_enum_name(p, &p->db->enums.items[i], i);
    }
  }
  return p->failed ? e->name : p->enum_names[e - p->db->enums.items];
}

const rl_field *rl_pull_known_field(const rl_model *m, rl_str column) {
  for (size_t i = 0; m && i < m->column_count; i++)
    if (rl_str_eq(m->columns[i]->column, column)) return m->columns[i];
  return NULL;
}

static bool field_name_is_used(const rl_pulled *m, size_t before, rl_str name) {
  for (size_t i = 0; i < before; i++)
    if (rl_str_eq(m->fields[i], name)) return true;
  return false;
}

static void name_fields(rl_puller *p, rl_pulled *m) {
  size_t n = m->table->columns.count;
  m->fields = RL_NEW_ARRAY(p->arena, rl_str, n ? n : 1);
  m->known_fields = RL_NEW_ARRAY(p->arena, const rl_field *, n ? n : 1);
  if (!m->fields || !m->known_fields) {
    p->failed = true;
    return;
  }
  for (size_t i = 0; i < n; i++) {
    rl_str column = m->table->columns.items[i].name;
    m->known_fields[i] = rl_pull_known_field(m->known, column);
    m->fields[i] = m->known_fields[i] ? m->known_fields[i]->name : identifier_of(p, column);
    while (field_name_is_used(m, i, m->fields[i]))
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

static rl_str free_model_name(rl_puller *p, const rl_db_table *t) {
  rl_str name = block_name(p, t->name);
  while (!p->failed && (model_name_is_used(p, name) || is_kept_name(p, name)))
    name = rl_str_of(rl_pull_printf(p, "%.*s_%.*s", RL_STR_ARG(name), RL_STR_ARG(t->namespace_)));
  return name;
}

static void name_model(rl_puller *p, const rl_db_table *t, bool is_view) {
  rl_pulled *m = &p->models[p->count];
  m->table = t;
  m->is_view = is_view;
  m->known = rl_pull_known_model(p, t);
  m->name = m->known ? m->known->name : free_model_name(p, t);
  m->has_key = is_view || has_key(t);
  name_fields(p, m);
  if (!rl_db_names_put(p->arena, &p->names, m->name, p->count) ||
      !rl_db_names_put(p->arena, &p->tables, t->name, p->count))
    p->failed = true;
  if (m->known) p->of_known[m->known->index] = p->count;
  p->count++;
}

/* Takes from the known schema what a view's catalogue lacks: constraints, and on
 * SQLite the type of an expression. */
static void use_known_field(const rl_model *known, rl_db_column *c) {
  const rl_field *f = rl_pull_known_field(known, c->name);
  if (!f) return;
  c->required = f->required && !f->list;
  c->type_unknown = !c->type.len;
}

/* Returns a view as a table without keys. */
static const rl_db_table *table_of_view(rl_puller *p, const rl_db_view *v) {
  rl_db_table *t = RL_NEW(p->arena, rl_db_table);
  rl_db_column *columns = RL_NEW_ARRAY(p->arena, rl_db_column, v->columns.count + 1);
  if (!t || !columns) {
    p->failed = true;
    return NULL;
  }
  t->namespace_ = v->namespace_;
  t->name = v->name;
  t->comment = v->comment;
  t->columns.items = columns;
  t->columns.count = v->columns.count;
  const rl_model *known = rl_pull_known_model(p, t);
  for (size_t i = 0; i < v->columns.count; i++) {
    columns[i] = v->columns.items[i];
    use_known_field(known, &columns[i]);
  }
  return t;
}

static void init_of_known(rl_puller *p) {
  size_t n = p->known ? p->known->model_count : 0;
  p->of_known = RL_NEW_ARRAY(p->arena, size_t, n + 1);
  if (!p->of_known) p->failed = true;
  for (size_t i = 0; i < n && !p->failed; i++) p->of_known[i] = RL_DB_NO_NAME;
}

/* The index depends on the known schema only, so several structures may share it. */
void rl_pull_index_known(rl_puller *p) {
  for (size_t i = 0; p->known && i < p->known->model_count && !p->failed; i++)
    p->failed = !rl_db_names_put(p->arena, &p->known_tables, p->known->models[i]->table, i);
  for (size_t i = 0; p->known && i < p->known->enum_count && !p->failed; i++)
    p->failed = !rl_db_names_put(p->arena, &p->known_enums, p->known->enums[i]->table, i);
}

/* Indexes the names of indexes. A generated name must differ from them. */
static void index_index_names(rl_puller *p) {
  for (size_t i = 0; i < p->db->tables.count; i++)
    for (size_t k = 0; k < p->db->tables.items[i].indexes.count && !p->failed; k++)
      p->failed = !rl_db_names_put(p->arena, &p->index_names, p->db->tables.items[i].indexes.items[k].name, i);
}

bool rl_pull_has_index(const rl_puller *p, rl_str name) {
  RL_DB_EACH_NAMED(i, &p->index_names, name) {
    if (rl_db_index_of(&p->db->tables.items[i], name)) return true;
  }
  return false;
}

void rl_pull_names(rl_puller *p) {
  index_index_names(p);
  p->models = RL_NEW_ARRAY(p->arena, rl_pulled, p->db->tables.count + p->db->views.count + 1);
  if (!p->models) p->failed = true;
  init_of_known(p);
  for (size_t i = 0; i < p->db->tables.count && !p->failed; i++) name_model(p, &p->db->tables.items[i], false);
  for (size_t i = 0; i < p->db->views.count && !p->failed; i++) {
    const rl_db_table *t = p->db->views.items[i].columns.count ? table_of_view(p, &p->db->views.items[i]) : NULL;
    if (t) name_model(p, t, true);
  }
}

/* ------------------------------------------------------------------ values of enums */

static bool value_name_is_used(const rl_str *names, size_t count, rl_str name) {
  for (size_t i = 0; i < count; i++)
    if (names[i].len && rl_str_eq(names[i], name)) return true;
  return false;
}

/* Known values keep their names, the others get unused ones. */
static rl_str *name_values(rl_puller *p, const rl_db_enum *e) {
  const rl_enum *known = rl_pull_known_enum(p, e);
  size_t n = e->values.count;
  rl_str *names = RL_NEW_ARRAY(p->arena, rl_str, n + 1);
  if (!names) return NULL;
  for (size_t i = 0; i < n; i++) {
    const rl_enum_value *v = known ? rl_enum_by_column(known, e->values.items[i].name) : NULL;
    if (v) names[i] = v->name;
  }
  for (size_t i = 0; i < n; i++) {
    if (names[i].len || !rl_db_can_express_value(e->values.items[i].name)) continue;
    rl_str name = identifier_of(p, e->values.items[i].name);
    while (!p->failed && value_name_is_used(names, n, name))
      name = rl_str_of(rl_pull_printf(p, "%.*s_", RL_STR_ARG(name)));
    names[i] = name;
  }
  return names;
}

rl_str rl_pull_value_name(rl_puller *p, const rl_db_enum *e, size_t i) {
  size_t at = (size_t)(e - p->db->enums.items);
  if (!p->value_names) p->value_names = RL_NEW_ARRAY(p->arena, rl_str *, p->db->enums.count + 1);
  if (p->value_names && !p->value_names[at]) p->value_names[at] = name_values(p, e);
  if (!p->value_names || !p->value_names[at]) p->failed = true;
  return p->failed ? e->values.items[i].name : p->value_names[at][i];
}

rl_str rl_pull_enum_value(rl_puller *p, const rl_db_column *c, rl_str value) {
  const rl_db_enum *e = rl_db_enum_of(p->db, c->enum_namespace, c->enum_name);
  for (size_t i = 0; e && i < e->values.count; i++)
    if (rl_str_eq(e->values.items[i].name, value)) return rl_pull_value_name(p, e, i);
  return value;
}
