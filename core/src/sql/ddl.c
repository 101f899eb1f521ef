/* The statements that make a schema in an empty database. */
#include "sql/ddl.h"

#include "sql/ddl_forms.h"
#include "tape/datetime.h"

typedef struct ddl_writer {
  const rl_dialect *dialect;
  const rl_ddl_forms *forms;
  const rl_schema *schema;
  rl_arena *arena;
  rl_ddl *out;
  size_t cap;
  rl_buf buf;
  rl_error *err;
} ddl_writer;

static const rl_ddl_forms *forms_of(const rl_dialect *d) {
  static const struct {
    const rl_dialect *dialect;
    const rl_ddl_forms *forms;
  } all[] = {{&rl_dialect_postgres, &rl_ddl_postgres}, {&rl_dialect_sqlite, &rl_ddl_sqlite}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i].dialect == d) return all[i].forms;
  return NULL;
}

void rl_ddl_text(rl_buf *out, rl_str s) {
  rl_buf_byte(out, '\'');
  for (size_t i = 0; i < s.len; i++) {
    if (s.p[i] == '\'') rl_buf_byte(out, '\'');
    rl_buf_byte(out, s.p[i]);
  }
  rl_buf_byte(out, '\'');
}

void rl_ddl_table(rl_buf *out, const rl_dialect *d, const rl_ddl_forms *forms, rl_str namespace_, rl_str table) {
  if (namespace_.len && forms->namespaces) {
    d->identifier(out, namespace_);
    rl_buf_byte(out, '.');
  }
  d->identifier(out, table);
}

void rl_ddl_hex(rl_buf *out, rl_str s) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t bits = 0;
  int have = 0;
  for (size_t i = 0; i < s.len; i++) {
    const char *at = s.p[i] ? strchr(letters, s.p[i]) : NULL;
    if (!at) continue;
    bits = bits << 6 | (uint32_t)(at - letters);
    have += 6;
    if (have >= 8) {
      have -= 8;
      rl_buf_printf(out, "%02x", (unsigned)(bits >> have & 0xff));
    }
  }
}

void rl_ddl_datetime(rl_buf *out, rl_str iso) {
  int64_t us;
  char text[RL_DATETIME_MAX];
  if (!rl_datetime_parse(iso, &us)) {
    rl_ddl_text(out, iso);
    return;
  }
  size_t n = rl_datetime_format(us, text); /* 2020-01-01T00:00:00.000Z */
  bool whole = us % 1000000 == 0;
  rl_buf_printf(out, "'%.10s %.8s", text, text + 11);
  if (!whole) rl_buf_put(out, text + 19, n - 20);
  rl_buf_text(out, " +00:00'");
}

/* ------------------------------------------------------------------ statements */

static rille_status keep(ddl_writer *w) {
  if (w->out->count == w->cap) {
    size_t cap = w->cap ? w->cap * 2 : 32;
    char **more = RL_NEW_ARRAY(w->arena, char *, cap);
    if (!more) return rl_fail_nomem(w->err);
    if (w->out->count) memcpy(more, w->out->statements, w->out->count * sizeof *more);
    w->out->statements = more;
    w->cap = cap;
  }
  char *z = w->buf.failed ? NULL : rl_arena_strdup(w->arena, rl_buf_view(&w->buf));
  if (!z) return rl_fail_nomem(w->err);
  w->out->statements[w->out->count++] = z;
  rl_buf_reset(&w->buf);
  return RILLE_OK;
}

static void name(ddl_writer *w, rl_str s) {
  w->dialect->identifier(&w->buf, s);
}
static void table(ddl_writer *w, rl_str namespace_, rl_str t) {
  rl_ddl_table(&w->buf, w->dialect, w->forms, namespace_, t);
}

static rille_status create_namespaces(ddl_writer *w) {
  for (size_t i = 0; w->forms->namespaces && i < w->schema->namespace_count; i++) {
    rl_buf_text(&w->buf, "CREATE SCHEMA IF NOT EXISTS ");
    name(w, w->schema->namespaces[i]);
    if (keep(w) != RILLE_OK) return RILLE_NOMEM;
  }
  return RILLE_OK;
}

static rille_status create_extensions(ddl_writer *w) {
  for (size_t i = 0; w->forms->enum_types && i < w->schema->extension_count; i++) {
    rl_buf_text(&w->buf, "CREATE EXTENSION IF NOT EXISTS ");
    name(w, w->schema->extensions[i]);
    if (keep(w) != RILLE_OK) return RILLE_NOMEM;
  }
  return RILLE_OK;
}

static rille_status create_enums(ddl_writer *w) {
  for (size_t i = 0; w->forms->enum_types && i < w->schema->enum_count; i++) {
    const rl_enum *e = w->schema->enums[i];
    rl_buf_text(&w->buf, "CREATE TYPE ");
    table(w, e->namespace_, e->table);
    rl_buf_text(&w->buf, " AS ENUM (");
    for (size_t k = 0; k < e->count; k++) {
      if (k) rl_buf_text(&w->buf, ", ");
      rl_ddl_text(&w->buf, e->values[k].column);
    }
    rl_buf_byte(&w->buf, ')');
    if (keep(w) != RILLE_OK) return RILLE_NOMEM;
  }
  return RILLE_OK;
}

static void write_default(ddl_writer *w, const rl_field *f) {
  switch (f->def.kind) {
  case RL_DEFAULT_LITERAL:
    rl_buf_text(&w->buf, " DEFAULT ");
    w->forms->literal(&w->buf, f, &f->def.literal);
    return;
  case RL_DEFAULT_LIST:
    rl_buf_text(&w->buf, " DEFAULT ");
    w->forms->list(&w->buf, w->dialect, f);
    return;
  case RL_DEFAULT_NOW: rl_buf_text(&w->buf, " DEFAULT CURRENT_TIMESTAMP"); return;
  case RL_DEFAULT_DBGENERATED:
    if (f->def.expression.len) rl_buf_printf(&w->buf, " DEFAULT %.*s", RL_STR_ARG(f->def.expression));
    return;
  default: return; /* made by the client, or by the column's type */
  }
}

static bool is_primary(const rl_field *f) {
  const rl_index *p = f->model->primary;
  for (size_t i = 0; p && i < p->count; i++)
    if (p->fields[i].field == f) return true;
  return false;
}

static void write_column(ddl_writer *w, const rl_field *f) {
  rl_buf_text(&w->buf, "\n    ");
  name(w, f->column);
  rl_buf_byte(&w->buf, ' ');
  w->forms->type(&w->buf, w->dialect, f, false);
  if (f->required && !f->list) rl_buf_text(&w->buf, " NOT NULL");
  bool alone = is_primary(f) && f->model->primary->count == 1;
  if (w->forms->key_in_column(f))
    rl_buf_text(&w->buf, " PRIMARY KEY AUTOINCREMENT");
  else if (alone && w->forms->keys_inline)
    rl_buf_text(&w->buf, " PRIMARY KEY");
  write_default(w, f);
}

static void index_columns(ddl_writer *w, const rl_index *x, const char *separator) {
  for (size_t i = 0; i < x->count; i++) {
    if (i) rl_buf_text(&w->buf, separator);
    name(w, x->fields[i].field->column);
  }
}

static const char *action_text(rl_action_ref a) {
  switch (a) {
  case RL_REF_CASCADE: return "CASCADE";
  case RL_REF_RESTRICT: return "RESTRICT";
  case RL_REF_NO_ACTION: return "NO ACTION";
  case RL_REF_SET_NULL: return "SET NULL";
  case RL_REF_SET_DEFAULT: return "SET DEFAULT";
  }
  return "NO ACTION";
}

static void field_names(ddl_writer *w, const rl_field *const *fields, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (i) rl_buf_text(&w->buf, ", ");
    name(w, fields[i]->column);
  }
}

static void write_foreign_key(ddl_writer *w, const rl_relation *r) {
  const rl_model *target = r->other_side->model;
  rl_buf_text(&w->buf, "CONSTRAINT ");
  name(w, r->constraint);
  rl_buf_text(&w->buf, " FOREIGN KEY (");
  field_names(w, r->fields, r->count);
  rl_buf_text(&w->buf, ") REFERENCES ");
  table(w, target->namespace_, target->table);
  rl_buf_text(&w->buf, w->forms->keys_inline ? " (" : "(");
  field_names(w, r->references, r->count);
  rl_buf_printf(&w->buf, ") ON DELETE %s ON UPDATE %s", action_text(r->on_delete), action_text(r->on_update));
}

static bool has_constraint(const ddl_writer *w, const rl_relation *r) {
  return !w->schema->relation_mode_prisma && r->kind != RL_MANY_TO_MANY && !r->key_side->model->is_view &&
         !r->other_side->model->is_view;
}

static void write_primary(ddl_writer *w, const rl_model *m) {
  if (!m->primary || (w->forms->keys_inline && m->primary->count == 1)) return;
  rl_buf_text(&w->buf, ",\n\n    ");
  if (!w->forms->keys_inline) {
    rl_buf_text(&w->buf, "CONSTRAINT ");
    name(w, m->primary->name);
    rl_buf_byte(&w->buf, ' ');
  }
  rl_buf_text(&w->buf, "PRIMARY KEY (");
  index_columns(w, m->primary, w->forms->keys_inline ? ", " : ",");
  rl_buf_byte(&w->buf, ')');
}

static rille_status create_table(ddl_writer *w, const rl_model *m) {
  rl_buf_text(&w->buf, "CREATE TABLE ");
  table(w, m->namespace_, m->table);
  rl_buf_text(&w->buf, " (");
  for (size_t i = 0; i < m->column_count; i++) {
    if (i) rl_buf_byte(&w->buf, ',');
    write_column(w, m->columns[i]);
  }
  write_primary(w, m);
  for (size_t i = 0; w->forms->keys_inline && i < m->relation_count; i++) {
    const rl_relation *r = m->relations[i]->relation;
    if (r->key_side != m->relations[i] || !has_constraint(w, r)) continue;
    rl_buf_text(&w->buf, ",\n    ");
    write_foreign_key(w, r);
  }
  rl_buf_text(&w->buf, "\n)");
  return keep(w);
}

/* ------------------------------------------------------------------ join tables */

static const rl_field *link_id(const rl_model *m) {
  if (m->primary && m->primary->count == 1) return m->primary->fields[0].field;
  for (size_t i = 0; i < m->column_count; i++)
    if (m->columns[i]->is_unique && m->columns[i]->required) return m->columns[i];
  return NULL;
}

static void write_link_key(ddl_writer *w, const rl_relation *r, const char *column, const rl_model *target) {
  char *constraint = rl_arena_printf(w->arena, "%.*s_%s_fkey", RL_STR_ARG(r->join_table), column);
  if (!constraint) {
    w->buf.failed = true;
    return;
  }
  rl_buf_text(&w->buf, "CONSTRAINT ");
  name(w, rl_str_of(constraint));
  rl_buf_printf(&w->buf, " FOREIGN KEY (\"%s\") REFERENCES ", column);
  table(w, target->namespace_, target->table);
  rl_buf_text(&w->buf, w->forms->keys_inline ? " (" : "(");
  name(w, link_id(target)->column);
  rl_buf_text(&w->buf, ") ON DELETE CASCADE ON UPDATE CASCADE");
}

static rille_status create_join_table(ddl_writer *w, const rl_relation *r) {
  const rl_model *a = r->key_side->model, *b = r->other_side->model;
  rl_buf_text(&w->buf, "CREATE TABLE ");
  table(w, r->join_namespace, r->join_table);
  rl_buf_text(&w->buf, " (\n    \"A\" ");
  w->forms->type(&w->buf, w->dialect, link_id(a), true);
  rl_buf_text(&w->buf, " NOT NULL,\n    \"B\" ");
  w->forms->type(&w->buf, w->dialect, link_id(b), true);
  rl_buf_text(&w->buf, " NOT NULL");
  if (!w->forms->keys_inline) {
    char *key = rl_arena_printf(w->arena, "%.*s_AB_pkey", RL_STR_ARG(r->join_table));
    if (!key) return rl_fail_nomem(w->err);
    rl_buf_text(&w->buf, ",\n\n    CONSTRAINT ");
    name(w, rl_str_of(key));
    rl_buf_text(&w->buf, " PRIMARY KEY (\"A\",\"B\")");
  } else if (!w->schema->relation_mode_prisma) {
    rl_buf_text(&w->buf, ",\n    ");
    write_link_key(w, r, "A", a);
    rl_buf_text(&w->buf, ",\n    ");
    write_link_key(w, r, "B", b);
  }
  rl_buf_text(&w->buf, "\n)");
  return keep(w);
}

static rille_status create_join_indexes(ddl_writer *w, const rl_relation *r) {
  if (w->forms->keys_inline) {
    char *unique = rl_arena_printf(w->arena, "%.*s_AB_unique", RL_STR_ARG(r->join_table));
    if (!unique) return rl_fail_nomem(w->err);
    rl_buf_text(&w->buf, "CREATE UNIQUE INDEX ");
    name(w, rl_str_of(unique));
    rl_buf_text(&w->buf, " ON ");
    table(w, r->join_namespace, r->join_table);
    rl_buf_text(&w->buf, "(\"A\", \"B\")");
    if (keep(w) != RILLE_OK) return RILLE_NOMEM;
  }
  char *index = rl_arena_printf(w->arena, "%.*s_B_index", RL_STR_ARG(r->join_table));
  if (!index) return rl_fail_nomem(w->err);
  rl_buf_text(&w->buf, "CREATE INDEX ");
  name(w, rl_str_of(index));
  rl_buf_text(&w->buf, " ON ");
  table(w, r->join_namespace, r->join_table);
  rl_buf_text(&w->buf, "(\"B\")");
  return keep(w);
}

static rille_status alter_foreign_key(ddl_writer *w, rl_str namespace_, rl_str on) {
  rl_buf_text(&w->buf, "ALTER TABLE ");
  table(w, namespace_, on);
  rl_buf_text(&w->buf, " ADD ");
  return RILLE_OK;
}

static rille_status add_foreign_keys(ddl_writer *w) {
  for (size_t i = 0; i < w->schema->relation_count; i++) {
    const rl_relation *r = w->schema->relations[i];
    if (!has_constraint(w, r)) continue;
    alter_foreign_key(w, r->key_side->model->namespace_, r->key_side->model->table);
    write_foreign_key(w, r);
    if (keep(w) != RILLE_OK) return RILLE_NOMEM;
  }
  for (size_t i = 0; !w->schema->relation_mode_prisma && i < w->schema->relation_count; i++) {
    const rl_relation *r = w->schema->relations[i];
    if (r->kind != RL_MANY_TO_MANY) continue;
    for (int side = 0; side < 2; side++) {
      alter_foreign_key(w, r->join_namespace, r->join_table);
      write_link_key(w, r, side ? "B" : "A", side ? r->other_side->model : r->key_side->model);
      if (keep(w) != RILLE_OK) return RILLE_NOMEM;
    }
  }
  return RILLE_OK;
}

/* ------------------------------------------------------------------ indexes */

/* JsonbPathOps -> jsonb_path_ops */
static void operator_class(rl_buf *out, rl_str ops) {
  for (size_t i = 0; i < ops.len; i++) {
    char c = ops.p[i];
    bool upper = c >= 'A' && c <= 'Z';
    if (upper && i) rl_buf_byte(out, '_');
    rl_buf_byte(out, upper ? (char)(c - 'A' + 'a') : c);
  }
}

static void method_name(rl_buf *out, rl_str method) {
  for (size_t i = 0; i < method.len; i++) {
    char c = method.p[i];
    rl_buf_byte(out, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
  }
}

static void write_index_fields(ddl_writer *w, const rl_index *x) {
  for (size_t i = 0; i < x->count; i++) {
    const rl_index_field *f = &x->fields[i];
    if (i) rl_buf_text(&w->buf, ", ");
    name(w, f->field->column);
    if (f->ops.len && w->forms->index_options) {
      rl_buf_byte(&w->buf, ' ');
      if (f->ops_raw)
        rl_buf_str(&w->buf, f->ops);
      else
        operator_class(&w->buf, f->ops);
    }
    if (f->descending) rl_buf_text(&w->buf, " DESC");
  }
}

static rille_status create_index(ddl_writer *w, const rl_index *x) {
  if (x->kind == RL_INDEX_PRIMARY) return RILLE_OK;
  rl_buf_text(&w->buf, x->kind == RL_INDEX_UNIQUE ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
  name(w, x->name);
  rl_buf_text(&w->buf, " ON ");
  table(w, x->model->namespace_, x->model->table);
  bool plain = !x->method.len || !w->forms->index_options || rl_str_is(x->method, "BTree");
  if (!plain) {
    rl_buf_text(&w->buf, " USING ");
    method_name(&w->buf, x->method);
    rl_buf_byte(&w->buf, ' ');
  }
  rl_buf_byte(&w->buf, '(');
  write_index_fields(w, x);
  rl_buf_byte(&w->buf, ')');
  if (x->where.len) rl_buf_printf(&w->buf, " WHERE (%.*s)", RL_STR_ARG(x->where));
  return keep(w);
}

static rille_status create_indexes(ddl_writer *w) {
  for (size_t i = 0; i < w->schema->model_count; i++) {
    const rl_model *m = w->schema->models[i];
    for (size_t k = 0; !m->is_view && k < m->index_count; k++)
      if (create_index(w, &m->indexes[k]) != RILLE_OK) return RILLE_NOMEM;
  }
  for (size_t i = 0; i < w->schema->relation_count; i++)
    if (w->schema->relations[i]->kind == RL_MANY_TO_MANY && create_join_indexes(w, w->schema->relations[i]) != RILLE_OK)
      return RILLE_NOMEM;
  return RILLE_OK;
}

static rille_status create_tables(ddl_writer *w) {
  for (size_t i = 0; i < w->schema->model_count; i++)
    if (!w->schema->models[i]->is_view && create_table(w, w->schema->models[i]) != RILLE_OK) return RILLE_NOMEM;
  for (size_t i = 0; i < w->schema->relation_count; i++)
    if (w->schema->relations[i]->kind == RL_MANY_TO_MANY && create_join_table(w, w->schema->relations[i]) != RILLE_OK)
      return RILLE_NOMEM;
  return RILLE_OK;
}

rille_status rl_ddl_create(const rl_dialect *dialect, const rl_schema *schema, rl_arena *arena, rl_ddl *out,
                           rl_error *err) {
  ddl_writer w = {
      .dialect = dialect, .forms = forms_of(dialect), .schema = schema, .arena = arena, .out = out, .err = err};
  *out = (rl_ddl){0};
  rl_buf_init(&w.buf);
  rille_status st = create_namespaces(&w);
  if (st == RILLE_OK) st = create_extensions(&w);
  if (st == RILLE_OK) st = create_enums(&w);
  if (st == RILLE_OK) st = create_tables(&w);
  if (st == RILLE_OK) st = create_indexes(&w);
  if (st == RILLE_OK && !w.forms->keys_inline) st = add_foreign_keys(&w);
  rl_buf_dispose(&w.buf);
  return st;
}

/* ------------------------------------------------------------------ what is there */

typedef void list_form(rl_buf *out, const rl_str *namespaces, size_t count);

static char *list_query(list_form *form, const rl_schema *schema, rl_str search_path, rl_arena *arena) {
  rl_str home = search_path.len ? search_path : RL_STR("public");
  const rl_str *namespaces = schema->namespace_count ? schema->namespaces : &home;
  rl_buf b;
  rl_buf_init(&b);
  form(&b, namespaces, schema->namespace_count ? schema->namespace_count : 1);
  char *z = b.failed ? NULL : rl_arena_strdup(arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  return z;
}

char *rl_ddl_list_tables(const rl_dialect *d, const rl_schema *schema, rl_str search_path, rl_arena *arena) {
  return list_query(forms_of(d)->list_tables, schema, search_path, arena);
}

char *rl_ddl_list_drops(const rl_dialect *d, const rl_schema *schema, rl_str search_path, rl_arena *arena) {
  return list_query(forms_of(d)->list_drops, schema, search_path, arena);
}

const char *rl_ddl_before(const rl_dialect *d) {
  return forms_of(d)->before;
}
const char *rl_ddl_after(const rl_dialect *d) {
  return forms_of(d)->after;
}

rille_status rl_ddl_home(const rl_dialect *d, rl_str search_path, rl_arena *arena, char **out, rl_error *err) {
  *out = NULL;
  if (!forms_of(d)->namespaces || !search_path.len) return RILLE_OK;
  rl_buf b;
  rl_buf_init(&b);
  rl_buf_text(&b, "CREATE SCHEMA IF NOT EXISTS ");
  d->identifier(&b, search_path);
  *out = b.failed ? NULL : rl_arena_strdup(arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  return *out ? RILLE_OK : rl_fail_nomem(err);
}
