/* The structure that a schema describes. */
#include "schema/rules.h"
#include "migrate/structure/describe.h"

typedef struct schema_builder {
  const rl_dialect *dialect;
  const rl_schema *schema;
  rl_arena *arena;
  rl_db *db;
  rl_buf buf;
} schema_builder;

static rl_str take_buffer(schema_builder *m) {
  rl_str s = m->buf.failed ? (rl_str){NULL, 0} : rl_arena_str(m->arena, rl_buf_view(&m->buf));
  rl_buf_reset(&m->buf);
  return s;
}

static rl_str concat(schema_builder *m, rl_str a, const char *b) {
  return rl_str_of(rl_arena_printf(m->arena, "%.*s%s", RL_STR_ARG(a), b));
}

static bool add_text(rl_arena *arena, rl_str **items, size_t *count, size_t *cap, rl_str text) {
  if (*count == *cap && !(*items = rl_db_grow(arena, *items, *count, cap, sizeof **items))) return false;
  (*items)[(*count)++] = text;
  return true;
}

/* Returns OLD of `@renamed-from OLD` in a doc comment, or an empty string. */
static rl_str doc_renamed_from(rl_str doc) {
  static const char mark[] = "@renamed-from";
  for (size_t i = 0; i + sizeof mark - 1 < doc.len; i++) {
    if (memcmp(doc.p + i, mark, sizeof mark - 1) != 0) continue;
    size_t at = i + sizeof mark - 1;
    while (at < doc.len && (doc.p[at] == ' ' || doc.p[at] == '\t')) at++;
    size_t end = at;
    while (end < doc.len && !strchr(" \t\r\n", doc.p[end])) end++;
    return rl_str_make(doc.p + at, end - at);
  }
  return (rl_str){"", 0};
}

static rl_str namespace_of(const schema_builder *m, rl_str namespace_) {
  return rl_ddl_features_of(m->dialect)->namespaces ? namespace_ : (rl_str){"", 0};
}

static bool build_enum(schema_builder *m, const rl_enum *e) {
  rl_db_enum *to = rl_db_add_enum(m->arena, m->db, namespace_of(m, e->namespace_), e->table);
  if (!to) return false;
  to->model = e->name;
  to->renamed_from = doc_renamed_from(e->doc);
  for (size_t i = 0; i < e->count; i++) {
    rl_db_value *v = RL_DB_ADD(m->arena, &to->values);
    if (!v) return false;
    v->name = e->values[i].column;
    v->renamed_from = doc_renamed_from(e->values[i].doc);
  }
  return true;
}

static bool build_column(schema_builder *m, rl_db_table *t, const rl_field *f, bool is_join_column) {
  rl_db_column *c = RL_DB_ADD(m->arena, &t->columns);
  if (!c) return false;
  bool sequences = rl_ddl_features_of(m->dialect)->sequences;
  c->name = f->column;
  c->field = f->name;
  c->list = f->list;
  rl_ddl_column_type(m->dialect, f, &m->buf);
  if (!sequences && !is_join_column && rl_ddl_is_row_id(m->dialect, f)) {
    rl_buf_reset(&m->buf);
    rl_buf_text(&m->buf, "INTEGER");
  }
  c->type = take_buffer(m);
  c->required = (f->required && !f->list) || is_join_column;
  if (f->type.scalar == RL_ENUM) {
    c->enum_name = f->type.enumeration->table;
    c->enum_namespace = namespace_of(m, f->type.enumeration->namespace_);
  }
  if (!c->type.p || is_join_column) return c->type.p != NULL;
  c->renamed_from = doc_renamed_from(f->doc);
  c->autoincrement = sequences ? f->def.kind == RL_DEFAULT_AUTOINCREMENT : rl_ddl_is_row_id(m->dialect, f);
  c->implied = c->autoincrement && f->def.kind != RL_DEFAULT_AUTOINCREMENT;
  if (sequences && c->autoincrement)
    c->sequence = rl_str_of(rl_arena_printf(m->arena, "%.*s_%.*s_seq", RL_STR_ARG(t->name), RL_STR_ARG(f->column)));
  rl_ddl_default(m->dialect, f, &m->buf);
  rl_str sql = take_buffer(m);
  c->def = rl_db_default_of(m->arena, m->dialect->provider, sql);
  c->needs_probe = f->type.scalar == RL_UNSUPPORTED || c->def.kind != RL_DB_DEFAULT_NONE;
  return sql.p && (c->def.kind != RL_DB_DEFAULT_VALUE || c->def.value.p) &&
         (!c->autoincrement || !sequences || c->sequence.p);
}

static bool build_index(schema_builder *m, rl_db_table *t, const rl_index *x) {
  rl_db_index *to = RL_DB_ADD(m->arena, &t->indexes);
  if (!to) return false;
  to->name = x->name;
  to->unique = x->kind == RL_INDEX_UNIQUE;
  to->predicate = rl_db_bare(m->dialect->provider, x->where);
  to->method = RL_STR("BTREE");
  if (x->method.len && rl_ddl_features_of(m->dialect)->index_methods) {
    rl_ddl_method(x->method, &m->buf);
    to->method = take_buffer(m);
  }
  for (size_t i = 0; i < x->count; i++) {
    rl_db_part *p = to->count == to->cap ? NULL : &to->parts[to->count];
    if (!p) {
      to->parts = rl_db_grow(m->arena, to->parts, to->count, &to->cap, sizeof *to->parts);
      if (!to->parts) return false;
      p = &to->parts[to->count];
    }
    to->count++;
    *p = (rl_db_part){x->fields[i].field->column, x->fields[i].descending, {"", 0}, false};
    if (!x->fields[i].ops.len || !rl_rules_of(m->dialect->provider)->operator_classes) continue;
    rl_ddl_operator_class(&x->fields[i], &m->buf);
    p->opclass = take_buffer(m);
    if (!p->opclass.p) return false;
  }
  return to->method.p != NULL;
}

static bool has_constraint(const schema_builder *m, const rl_relation *r) {
  return !m->schema->relation_mode_prisma && r->kind != RL_MANY_TO_MANY && !r->key_side->model->is_view &&
         !r->other_side->model->is_view;
}

static bool build_reference(schema_builder *m, rl_db_table *t, const rl_relation *r) {
  rl_db_reference *to = RL_DB_ADD(m->arena, &t->references);
  if (!to) return false;
  *to = (rl_db_reference){.name = r->constraint,
                          .columns = RL_NEW_ARRAY(m->arena, rl_str, r->count),
                          .targets = RL_NEW_ARRAY(m->arena, rl_str, r->count),
                          .count = r->count,
                          .target_namespace = r->other_side->model->namespace_,
                          .target = r->other_side->model->table,
                          .on_delete = r->on_delete,
                          .on_update = r->on_update};
  if (!to->columns || !to->targets) return false;
  for (size_t i = 0; i < r->count; i++) {
    to->columns[i] = r->fields[i]->column;
    to->targets[i] = r->references[i]->column;
  }
  return true;
}

static bool build_table(schema_builder *m, const rl_model *model) {
  rl_db_table *t = rl_db_add_table(m->arena, m->db, namespace_of(m, model->namespace_), model->table);
  if (!t || !rl_db_set_model(m->arena, m->db, t, model->name)) return false;
  t->renamed_from = doc_renamed_from(model->doc);
  for (size_t i = 0; i < model->column_count; i++)
    if (!build_column(m, t, model->columns[i], false)) return false;
  t->primary_name = model->primary ? model->primary->name : (rl_str){"", 0};
  for (size_t i = 0; model->primary && i < model->primary->count; i++)
    if (!add_text(m->arena, &t->primary.items, &t->primary.count, &t->primary.cap,
                  model->primary->fields[i].field->column))
      return false;
  for (size_t i = 0; i < model->index_count; i++)
    if (model->indexes[i].kind != RL_INDEX_PRIMARY && !build_index(m, t, &model->indexes[i])) return false;
  for (size_t i = 0; i < model->relation_count; i++) {
    const rl_relation *r = model->relations[i]->relation;
    if (r->key_side == model->relations[i] && has_constraint(m, r) && !build_reference(m, t, r)) return false;
  }
  return true;
}

static bool build_view(schema_builder *m, const rl_model *model) {
  rl_db_view *v = rl_db_add_view(m->arena, m->db, namespace_of(m, model->namespace_), model->table);
  if (!v) return false;
  rl_db_table t = {.name = model->table};
  for (size_t i = 0; i < model->column_count; i++)
    if (!build_column(m, &t, model->columns[i], false)) return false;
  v->columns.items = t.columns.items;
  v->columns.count = t.columns.count;
  v->columns.cap = t.columns.cap;
  return true;
}

/* ------------------------------------------------------------------ join tables */

/* Cuts a long table name before the suffix. PostgreSQL would cut the suffix, in which these names differ. */
static rl_str join_table_name(schema_builder *m, const rl_db_table *t, const char *suffix) {
  size_t limit = rl_rules_of(m->dialect->provider)->name_limit, room = limit - strlen(suffix);
  rl_str table = t->name;
  if (limit && table.len > room) table.len = room;
  while (table.len < t->name.len && table.len && ((unsigned char)table.p[table.len] & 0xc0) == 0x80) table.len--;
  return concat(m, table, suffix);
}

static bool build_join_reference(schema_builder *m, rl_db_table *t, const char *column, const rl_model *target) {
  rl_str *pair = RL_NEW_ARRAY(m->arena, rl_str, 2);
  rl_db_reference *to = RL_DB_ADD(m->arena, &t->references);
  char *suffix = rl_arena_printf(m->arena, "_%s_fkey", column);
  if (!pair || !to || !suffix) return false;
  pair[0] = rl_str_of(column);
  pair[1] = rl_model_link_id(target)->column;
  *to = (rl_db_reference){.name = join_table_name(m, t, suffix),
                          .columns = pair,
                          .targets = pair + 1,
                          .count = 1,
                          .target_namespace = namespace_of(m, target->namespace_),
                          .target = target->table,
                          .on_delete = RL_REF_CASCADE,
                          .on_update = RL_REF_CASCADE};
  return to->name.p != NULL;
}

static bool build_join_index(schema_builder *m, rl_db_table *t, const char *suffix, bool unique) {
  rl_db_index *x = RL_DB_ADD(m->arena, &t->indexes);
  rl_db_part *parts = RL_NEW_ARRAY(m->arena, rl_db_part, 2);
  if (!x || !parts) return false;
  size_t n = 0;
  if (unique) parts[n++] = (rl_db_part){RL_STR("A"), false, {"", 0}, false};
  parts[n++] = (rl_db_part){RL_STR("B"), false, {"", 0}, false};
  *x = (rl_db_index){.name = join_table_name(m, t, suffix),
                     .unique = unique,
                     .method = RL_STR("BTREE"),
                     .predicate = {"", 0},
                     .parts = parts,
                     .count = n,
                     .cap = 2};
  return x->name.p != NULL;
}

static bool build_join_column(schema_builder *m, rl_db_table *t, rl_str name, const rl_model *target) {
  const rl_field *id = rl_model_link_id(target);
  if (!build_column(m, t, id, true)) return false;
  rl_db_column *c = &t->columns.items[t->columns.count - 1];
  c->name = name;
  c->field = (rl_str){"", 0};
  return true;
}

static bool build_join_table(schema_builder *m, const rl_relation *r) {
  const rl_model *a = r->key_side->model, *b = r->other_side->model;
  rl_db_table *t = rl_db_add_table(m->arena, m->db, namespace_of(m, r->join_namespace), r->join_table);
  if (!t) return false;
  t->join = r;
  if (!build_join_column(m, t, RL_STR("A"), a) || !build_join_column(m, t, RL_STR("B"), b)) return false;
  if (rl_ddl_features_of(m->dialect)->join_keys) {
    t->primary_name = join_table_name(m, t, "_AB_pkey");
    if (!t->primary_name.p || !add_text(m->arena, &t->primary.items, &t->primary.count, &t->primary.cap, RL_STR("A")) ||
        !add_text(m->arena, &t->primary.items, &t->primary.count, &t->primary.cap, RL_STR("B")))
      return false;
  } else if (!build_join_index(m, t, "_AB_unique", true)) {
    return false;
  }
  if (!build_join_index(m, t, "_B_index", false)) return false;
  return m->schema->relation_mode_prisma || (build_join_reference(m, t, "A", a) && build_join_reference(m, t, "B", b));
}

/* Prisma's clients know partial indexes only with a preview feature. Without
 * it they ignore those of a database. */
static bool leaves_partial(const rl_schema *s) {
  bool is_enabled = false, is_prisma = false;
  for (size_t i = 0; i < s->model_count; i++)
    for (size_t k = 0; k < s->models[i]->index_count; k++) is_enabled |= s->models[i]->indexes[k].where.len > 0;
  for (size_t i = 0; i < s->generator_count; i++) {
    const rl_str *features = rl_map_get(&s->generators[i].config, RL_STR("previewFeatures"));
    is_prisma |= rl_str_starts(s->generators[i].provider, RL_STR("prisma-client"));
    for (size_t k = 0; features && k < features->len; k++)
      is_enabled |= rl_str_starts(rl_str_make(features->p + k, features->len - k), RL_STR("\"partialIndexes\""));
  }
  return is_prisma && !is_enabled;
}

static bool build_structure(schema_builder *m) {
  const rl_schema *s = m->schema;
  m->db->leaves_partial = leaves_partial(s);
  const rl_ddl_features *features = rl_ddl_features_of(m->dialect);
  for (size_t i = 0; features->namespaces && i < s->namespace_count; i++)
    if (!add_text(m->arena, &m->db->namespaces.items, &m->db->namespaces.count, &m->db->namespaces.cap,
                  s->namespaces[i]))
      return false;
  for (size_t i = 0; features->extensions && i < s->extension_count; i++)
    if (!add_text(m->arena, &m->db->extensions.items, &m->db->extensions.count, &m->db->extensions.cap,
                  s->extensions[i]))
      return false;
  for (size_t i = 0; i < s->enum_count; i++)
    if (!build_enum(m, s->enums[i])) return false;
  for (size_t i = 0; i < s->model_count; i++)
    if (!(s->models[i]->is_view ? build_view : build_table)(m, s->models[i])) return false;
  for (size_t i = 0; i < s->relation_count; i++)
    if (s->relations[i]->kind == RL_MANY_TO_MANY && !build_join_table(m, s->relations[i])) return false;
  return true;
}

rille_status rl_db_of_schema(const rl_dialect *dialect, const rl_schema *schema, rl_arena *arena, rl_db *out,
                             rl_error *err) {
  *out = (rl_db){.dialect = dialect, .of_schema = true};
  schema_builder m = {.dialect = dialect, .schema = schema, .arena = arena, .db = out};
  rl_buf_init(&m.buf);
  bool built = build_structure(&m);
  rl_buf_dispose(&m.buf);
  return built ? RILLE_OK : rl_fail_nomem(err);
}
