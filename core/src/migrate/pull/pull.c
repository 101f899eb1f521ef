/* The schema of a live database: reading it, and the names that its tables and
 * columns get. */
#include "migrate/pull/pull.h"

#include <ctype.h>

#include "migrate/diff/diff.h"

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

/* ------------------------------------------------------------------ names */

/* A schema that names no database schemas means the connection's own. */
static bool same_namespace(const rl_puller *p, rl_str known, rl_str live) {
  return rl_str_eq(known, live) || (!known.len && rl_str_eq(live, p->home));
}

static const rl_model *known_model(const rl_puller *p, const rl_db_table *t) {
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

/* Two tables of different schemas, or a table and an enum, may have one name. */
static bool model_name_taken(const rl_puller *p, rl_str name) {
  RL_DB_EACH_NAMED(i, &p->names, name) {
    if (rl_str_eq(p->models[i].name, name)) return true;
  }
  return false;
}

/* A model or enum of the known schema that is in the database, too, keeps its name. */
static bool is_kept_name(const rl_puller *p, rl_str name) {
  const rl_model *m = p->known ? rl_map_get(&p->known->models_by_name, name) : NULL;
  const rl_enum *e = p->known ? rl_map_get(&p->known->enums_by_name, name) : NULL;
  return (m && rl_db_table_of(p->db, m->namespace_, m->table)) || (e && rl_db_enum_of(p->db, e->namespace_, e->table));
}

/* Blocks may not have names that are words of JavaScript. */
static rl_str block_name(rl_puller *p, rl_str stored) {
  rl_str name = rl_pull_identifier(p, stored);
  return rl_is_reserved(name) ? rl_str_of(rl_pull_printf(p, "Renamed%.*s", RL_STR_ARG(name))) : name;
}

static bool enum_name_taken(const rl_puller *p, size_t before, rl_str name) {
  for (size_t i = 0; i < before; i++)
    if (rl_str_eq(p->enum_names[i], name)) return true;
  return false;
}

static rl_str free_enum_name(rl_puller *p, const rl_db_enum *e, size_t before) {
  rl_str name = block_name(p, e->name);
  while (!p->failed && (model_name_taken(p, name) || is_kept_name(p, name) || enum_name_taken(p, before, name)))
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

static rl_str free_model_name(rl_puller *p, const rl_db_table *t) {
  rl_str name = block_name(p, t->name);
  while (!p->failed && (model_name_taken(p, name) || is_kept_name(p, name)))
    name = rl_str_of(rl_pull_printf(p, "%.*s_%.*s", RL_STR_ARG(name), RL_STR_ARG(t->namespace_)));
  return name;
}

static void name_model(rl_puller *p, const rl_db_table *t, bool is_view) {
  rl_pulled *m = &p->models[p->count];
  m->table = t;
  m->is_view = is_view;
  m->known = known_model(p, t);
  m->name = m->known ? m->known->name : free_model_name(p, t);
  m->is_found = is_view || has_key(t);
  name_fields(p, m);
  if (!rl_db_names_put(p->arena, &p->names, m->name, p->count) ||
      !rl_db_names_put(p->arena, &p->tables, t->name, p->count))
    p->failed = true;
  if (m->known) p->of_known[m->known->index] = p->count;
  p->count++;
}

/* A column of a view has no constraints, and an expression of SQLite no type: a
 * schema that knows better is believed. */
static void believe(const rl_model *known, rl_db_column *c) {
  const rl_field *f = known_field(known, c->name);
  if (!f) return;
  c->required = f->required && !f->list;
  c->is_believed = !c->type.len;
}

/* A view as a table without keys. */
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
  const rl_model *known = known_model(p, t);
  for (size_t i = 0; i < v->columns.count; i++) {
    columns[i] = v->columns.items[i];
    believe(known, &columns[i]);
  }
  return t;
}

static void know_models(rl_puller *p) {
  size_t n = p->known ? p->known->model_count : 0;
  p->of_known = RL_NEW_ARRAY(p->arena, size_t, n + 1);
  if (!p->of_known) p->failed = true;
  for (size_t i = 0; i < n && !p->failed; i++) p->of_known[i] = RL_DB_NO_NAME;
}

/* By their tables, which stay what they are whatever is read. */
static void index_known(rl_puller *p) {
  for (size_t i = 0; p->known && i < p->known->model_count && !p->failed; i++)
    p->failed = !rl_db_names_put(p->arena, &p->known_tables, p->known->models[i]->table, i);
  for (size_t i = 0; p->known && i < p->known->enum_count && !p->failed; i++)
    p->failed = !rl_db_names_put(p->arena, &p->known_enums, p->known->enums[i]->table, i);
}

/* Which a name that SQLite does not give must not be. */
static void index_names(rl_puller *p) {
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
  index_names(p);
  p->models = RL_NEW_ARRAY(p->arena, rl_pulled, p->db->tables.count + p->db->views.count + 1);
  if (!p->models) p->failed = true;
  know_models(p);
  for (size_t i = 0; i < p->db->tables.count && !p->failed; i++) name_model(p, &p->db->tables.items[i], false);
  for (size_t i = 0; i < p->db->views.count && !p->failed; i++) {
    const rl_db_table *t = p->db->views.items[i].columns.count ? table_of_view(p, &p->db->views.items[i]) : NULL;
    if (t) name_model(p, t, true);
  }
}

/* ------------------------------------------------------------------ the whole
 */

typedef struct pull_work {
  rl_session *s;
  const rl_dialect *dialect;
  const rl_pull_order *order;
  rl_db *live;
  rl_pull_part *parts;
  size_t part_count;
} pull_work;

static void prepare(rl_puller *p) {
  rl_pull_names(p);
  if (!p->failed) rl_pull_relations(p);
}

/* On SQLite enums are texts, of which the catalogue knows nothing: columns that
 * the known schema has as enums still are. */
static void adopt_enums(const rl_puller *p, rl_db *live, const rl_db *asked) {
  if (rl_ddl_has_types(live->dialect)) return;
  live->enums.items = asked->enums.items;
  live->enums.count = asked->enums.count;
  live->enum_names = asked->enum_names;
  for (size_t i = 0; i < live->tables.count; i++) {
    rl_db_table *t = &live->tables.items[i];
    const rl_model *known = known_model(p, t);
    for (size_t k = 0; known && k < t->columns.count; k++) {
      const rl_field *f = known_field(known, t->columns.items[k].name);
      const char *family = rl_sqlite_family(t->columns.items[k].type);
      if (f && f->type.scalar == RL_ENUM && family && strcmp(family, "TEXT") == 0)
        t->columns.items[k].enum_name = f->type.enumeration->table;
    }
  }
}

/* Only the catalogue knows which operator classes are the default ones, and need not be written. */
static void adopt_usual_classes(rl_db *asked, const rl_db *live) {
  for (size_t i = 0; i < asked->tables.count; i++) {
    rl_db_table *t = &asked->tables.items[i];
    const rl_db_table *there = rl_db_table_of(live, t->namespace_, t->name);
    for (size_t k = 0; there && k < t->indexes.count; k++) {
      rl_db_index *x = &t->indexes.items[k];
      const rl_db_index *y = rl_db_index_of(there, x->name);
      if (!y || !rl_db_same_index(x, y)) continue;
      for (size_t n = 0; n < x->count; n++) x->parts[n].usual = y->parts[n].usual;
    }
  }
}

/* The name behind the last slash. */
static bool is_called(rl_str path, const char *name) {
  size_t n = strlen(name);
  return rl_str_ends(path, rl_str_of(name)) && (path.len == n || path.p[path.len - n - 1] == '/');
}

static bool begin_parts(pull_work *w) {
  const rl_schema *known = w->order->known;
  size_t files = w->order->by_file && known ? known->file_count : 0;
  w->parts = RL_NEW_ARRAY(&w->s->arena, rl_pull_part, files + 1);
  if (!w->parts) return false;
  w->part_count = files + 1;
  for (size_t i = 0; i < files; i++) w->parts[i] = (rl_pull_part){known->files[i].file, known->files[i].text, {0}};
  for (size_t i = 0; i < w->part_count; i++) rl_buf_init(&w->parts[i].text);
  if (files) w->parts[files].file = RL_STR("introspected.prisma");
  return true;
}

static void write_whole(rl_puller *p, rl_puller *wanted) {
  if (p->known->provider == RL_PROVIDER_NONE)
    rl_buf_printf(p->out, "datasource db {\n  provider = \"%s\"\n}\n\n", rl_provider_name(p->db->dialect->provider));
  rl_pull_keep(p, wanted, p->known->source);
  rl_buf_byte(p->out, '\n');
  rl_pull_new(p);
}

/* Each file keeps its own; what is new goes to a file of its own. */
static void write_files(pull_work *w, rl_puller *p, rl_puller *wanted) {
  rl_pull_part *own = &w->parts[w->part_count - 1];
  for (size_t i = 0; i + 1 < w->part_count && !p->failed; i++) {
    p->out = &w->parts[i].text;
    rl_pull_keep(p, wanted, w->parts[i].source);
    if (is_called(w->parts[i].file, "introspected.prisma")) own = &w->parts[i];
  }
  p->out = &own->text;
  if (own != &w->parts[w->part_count - 1]) rl_buf_byte(p->out, '\n');
  rl_pull_new(p);
}

static rille_status write_texts(pull_work *w, rl_puller *p, rl_error *err) {
  rl_db asked;
  const rl_schema *known = w->order->known;
  if (known) {
    rille_status st = rl_db_of_schema(w->dialect, known, &w->s->arena, &asked, err);
    if (st != RILLE_OK) return st;
    adopt_enums(p, w->live, &asked);
  }
  prepare(p);
  if (!known) {
    if (!p->failed) rl_pull_write(p);
    return RILLE_OK;
  }
  rille_status st = rl_db_reword(w->s, &asked, w->live, err);
  if (st != RILLE_OK || p->failed) return st;
  adopt_usual_classes(&asked, w->live);
  rl_puller wanted = {.db = &asked,
                      .known = p->known,
                      .namespaces = p->namespaces,
                      .namespace_count = p->namespace_count,
                      .home = p->home,
                      .arena = p->arena,
                      .known_tables = p->known_tables,
                      .known_enums = p->known_enums,
                      .out = p->out};
  prepare(&wanted);
  p->failed |= wanted.failed;
  if (p->failed) return RILLE_OK;
  if (w->order->by_file)
    write_files(w, p, &wanted);
  else
    write_whole(p, &wanted);
  p->failed |= wanted.failed;
  return RILLE_OK;
}

static bool is_kept(const rl_pull_part *part) {
  return part->source.p && rl_str_eq(rl_buf_view(&part->text), part->source);
}

/* What nothing was changed in keeps its own form. */
static rille_status format_parts(pull_work *w, rl_error *err) {
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < w->part_count && st == RILLE_OK; i++) {
    rl_pull_part *part = &w->parts[i];
    if (part->text.failed) return rl_fail_nomem(err);
    if (is_kept(part)) continue;
    rl_buf out;
    rl_buf_init(&out);
    st = rl_schema_format(rl_buf_view(&part->text), &out, err);
    rl_buf_dispose(&part->text);
    part->text = out;
  }
  return st;
}

static rille_status give_parts(const pull_work *w, rl_buf *out, rl_error *err) {
  for (size_t i = 0; i < w->part_count; i++) {
    const rl_pull_part *part = &w->parts[i];
    bool is_new = !part->source.p;
    if (w->order->by_file && (is_kept(part) || (is_new && !part->text.len))) continue;
    if (w->order->by_file && !is_new) rl_buf_str(out, part->file);
    if (w->order->by_file) rl_buf_byte(out, 0);
    rl_buf_str(out, rl_buf_view(&part->text));
    if (w->order->by_file) rl_buf_byte(out, 0);
  }
  return out->failed ? rl_fail_nomem(err) : RILLE_OK;
}

static rille_status write_schema(pull_work *w, rl_buf *out, rl_error *err) {
  if (!begin_parts(w)) return rl_fail_nomem(err);
  rl_puller p = {.db = w->live,
                 .known = w->order->known,
                 .namespaces = w->order->namespaces,
                 .namespace_count = w->order->namespace_count,
                 .arena = &w->s->arena,
                 .out = &w->parts[w->part_count - 1].text};
  if (w->s->options.search_path) p.home = rl_str_of(w->s->options.search_path);
  index_known(&p);
  rille_status st = write_texts(w, &p, err);
  if (st == RILLE_OK && p.failed) st = rl_fail_nomem(err);
  if (st == RILLE_OK) st = format_parts(w, err);
  if (st == RILLE_OK) st = rl_pull_mend(w->parts, w->part_count, w->dialect->provider, err);
  if (st == RILLE_OK) st = give_parts(w, out, err);
  for (size_t i = 0; i < w->part_count; i++) rl_buf_dispose(&w->parts[i].text);
  return st;
}

static rille_status pull(rl_session *s, const rl_pull_order *order, rl_buf *out, rl_error *err) {
  rl_db live;
  const rl_schema *known = order->known;
  pull_work w = {.s = s, .dialect = rl_dialect_of(s->options.driver), .order = order, .live = &live};
  bool own = !order->namespace_count && known;
  rille_status st = rl_db_describe(s, w.dialect, own ? known->namespaces : order->namespaces,
                                   own ? known->namespace_count : order->namespace_count, &live, err);
  if (st == RILLE_OK && !live.tables.count && !live.views.count)
    st = rl_fail(err, RL_P4001, "the database %s has no table to make a schema of", s->options.display);
  return st == RILLE_OK ? write_schema(&w, out, err) : st;
}

rille_status rl_pull_session(rl_session *s, const rl_schema *known, rl_buf *out, rl_error *err) {
  const rl_pull_order order = {.known = known};
  return pull(s, &order, out, err);
}

rille_status rl_pull(rl_str url, const rl_pull_order *order, rl_buf *out, rl_error *err) {
  rl_session s;
  const rl_driver *driver = NULL;
  rille_status st = rl_driver_of_url(url, &driver, err);
  if (st == RILLE_OK && order->known) st = rl_check_provider(order->known, driver, err);
  if (st == RILLE_OK) st = rl_session_open_existing(&s, url, err);
  if (st != RILLE_OK && err->code == RL_P1003 && rl_error_get(err, "file").len) err->code = RL_P4001;
  if (st != RILLE_OK) return st;
  st = pull(&s, order, out, err);
  rl_session_close(&s);
  return st;
}
