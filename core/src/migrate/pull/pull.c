/* Pulls the schema of a live database, and distributes its text to files. */
#include "migrate/pull/pull.h"

typedef struct pull_work {
  rl_session *s;
  const rl_dialect *dialect;
  const rl_pull_order *order;
  rl_db *live;
  rl_pull_part *parts;
  size_t part_count;
} pull_work;

static void name_all(rl_puller *p) {
  rl_pull_names(p);
  if (!p->failed) rl_pull_relations(p);
}

/* On SQLite enums are stored as text, and the catalogue does not know them.
 * Columns that are enums in the known schema stay enums. */
static void adopt_enums(const rl_puller *p, rl_db *live, const rl_db *described) {
  if (rl_ddl_features_of(live->dialect)->enum_types) return;
  live->enums.items = described->enums.items;
  live->enums.count = described->enums.count;
  live->enum_names = described->enum_names;
  for (size_t i = 0; i < live->tables.count; i++) {
    rl_db_table *t = &live->tables.items[i];
    const rl_model *known = rl_pull_known_model(p, t);
    for (size_t k = 0; known && k < t->columns.count; k++) {
      const rl_field *f = rl_pull_known_field(known, t->columns.items[k].name);
      const char *family = rl_db_family(live->dialect, t->columns.items[k].type);
      if (f && f->type.scalar == RL_ENUM && family && strcmp(family, "TEXT") == 0)
        t->columns.items[k].enum_name = f->type.enumeration->table;
    }
  }
}

/* Only the catalogue knows which operator classes are the default ones, which are not written. */
static void adopt_default_classes(rl_db *described, const rl_db *live) {
  for (size_t i = 0; i < described->tables.count; i++) {
    rl_db_table *t = &described->tables.items[i];
    const rl_db_table *live_table = rl_db_table_of(live, t->namespace_, t->name);
    for (size_t k = 0; live_table && k < t->indexes.count; k++) {
      rl_db_index *x = &t->indexes.items[k];
      const rl_db_index *y = rl_db_index_of(live_table, x->name);
      if (!y || !rl_db_same_index(x, y)) continue;
      for (size_t n = 0; n < x->count; n++) x->parts[n].is_default_opclass = y->parts[n].is_default_opclass;
    }
  }
}

/* Compares the name after the last slash. */
static bool has_base_name(rl_str path, const char *name) {
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

/* Each file keeps its blocks. New ones go to a separate file. */
static void write_files(pull_work *w, rl_puller *p, rl_puller *wanted) {
  rl_pull_part *own = &w->parts[w->part_count - 1];
  for (size_t i = 0; i + 1 < w->part_count && !p->failed; i++) {
    p->out = &w->parts[i].text;
    rl_pull_keep(p, wanted, w->parts[i].source);
    if (has_base_name(w->parts[i].file, "introspected.prisma")) own = &w->parts[i];
  }
  p->out = &own->text;
  if (own != &w->parts[w->part_count - 1]) rl_buf_byte(p->out, '\n');
  rl_pull_new(p);
}

static rille_status write_texts(pull_work *w, rl_puller *p, rl_error *err) {
  rl_db described;
  const rl_schema *known = w->order->known;
  if (known) {
    rille_status st = rl_db_of_schema(w->dialect, known, &w->s->arena, &described, err);
    if (st != RILLE_OK) return st;
    adopt_enums(p, w->live, &described);
  }
  name_all(p);
  if (!known) {
    if (!p->failed) rl_pull_write(p);
    return RILLE_OK;
  }
  rille_status st = rl_db_normalize(w->s, &described, w->live, err);
  if (st != RILLE_OK || p->failed) return st;
  adopt_default_classes(&described, w->live);
  rl_puller wanted = {.db = &described,
                      .known = p->known,
                      .namespaces = p->namespaces,
                      .namespace_count = p->namespace_count,
                      .home = p->home,
                      .arena = p->arena,
                      .known_tables = p->known_tables,
                      .known_enums = p->known_enums,
                      .out = p->out};
  name_all(&wanted);
  p->failed |= wanted.failed;
  if (p->failed) return RILLE_OK;
  if (w->order->by_file)
    write_files(w, p, &wanted);
  else
    write_whole(p, &wanted);
  p->failed |= wanted.failed;
  return RILLE_OK;
}

static bool is_unchanged(const rl_pull_part *part) {
  return part->source.p && rl_str_eq(rl_buf_view(&part->text), part->source);
}

/* Formats the files that changed. */
static rille_status format_parts(pull_work *w, rl_error *err) {
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < w->part_count && st == RILLE_OK; i++) {
    rl_pull_part *part = &w->parts[i];
    if (part->text.failed) return rl_fail_nomem(err);
    if (is_unchanged(part)) continue;
    rl_buf out;
    rl_buf_init(&out);
    st = rl_schema_format(rl_buf_view(&part->text), &out, err);
    rl_buf_dispose(&part->text);
    part->text = out;
  }
  return st;
}

static rille_status write_parts(const pull_work *w, rl_buf *out, rl_error *err) {
  for (size_t i = 0; i < w->part_count; i++) {
    const rl_pull_part *part = &w->parts[i];
    bool is_new = !part->source.p;
    if (w->order->by_file && (is_unchanged(part) || (is_new && !part->text.len))) continue;
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
  rl_pull_index_known(&p);
  rille_status st = write_texts(w, &p, err);
  if (st == RILLE_OK && p.failed) st = rl_fail_nomem(err);
  if (st == RILLE_OK) st = format_parts(w, err);
  if (st == RILLE_OK) st = rl_pull_comment_out(w->parts, w->part_count, w->dialect->provider, err);
  if (st == RILLE_OK) st = write_parts(w, out, err);
  for (size_t i = 0; i < w->part_count; i++) rl_buf_dispose(&w->parts[i].text);
  return st;
}

static rille_status pull_session(rl_session *s, const rl_pull_order *order, rl_buf *out, rl_error *err) {
  rl_db live;
  const rl_schema *known = order->known;
  pull_work w = {.s = s, .dialect = rl_dialect_of(s->options.driver), .order = order, .live = &live};
  bool own = !order->namespace_count && known;
  rille_status st = rl_db_describe(s, w.dialect, own ? known->namespaces : order->namespaces,
                                   own ? known->namespace_count : order->namespace_count, &live, err);
  if (st == RILLE_OK && !live.tables.count && !live.views.count)
    st = rl_fail(err, RL_P4001, "the database %s has no tables to pull", s->options.display);
  return st == RILLE_OK ? write_schema(&w, out, err) : st;
}

rille_status rl_pull_session(rl_session *s, const rl_schema *known, rl_buf *out, rl_error *err) {
  const rl_pull_order order = {.known = known};
  return pull_session(s, &order, out, err);
}

rille_status rl_pull(rl_str url, const rl_pull_order *order, rl_buf *out, rl_error *err) {
  rl_session s;
  const rl_driver *driver = NULL;
  rille_status st = rl_driver_of_url(url, &driver, err);
  if (st == RILLE_OK && order->known) st = rl_check_provider(order->known, driver, err);
  if (st == RILLE_OK) st = rl_session_open_existing(&s, url, err);
  if (st != RILLE_OK && err->code == RL_P1003 && rl_error_get(err, "file").len) err->code = RL_P4001;
  if (st != RILLE_OK) return st;
  st = pull_session(&s, order, out, err);
  rl_session_close(&s);
  return st;
}
