/* Keys, indexes and relations in the text of a pulled schema. */
#include "migrate/pull/text.h"
#include "migrate/structure/provider.h"
#include "schema/operator_class.h"

static bool has_automatic_name(const rl_puller *p, const rl_db_index *x) {
  const char *front = rl_migrate_part_of(p->db->dialect->provider)->automatic_index;
  return front && rl_str_starts(x->name, rl_str_of(front));
}

static void write_map_argument(rl_puller *p, rl_str name, rl_str default_name, const char *before) {
  if (!name.len || rl_str_eq(name, default_name)) return;
  rl_buf_text(p->out, before);
  rl_buf_text(p->out, "map: ");
  rl_pull_quote(p->out, name);
}

/* SQLite has no names of primary and foreign keys. */
static rl_str key_name(const rl_puller *p, rl_str name) {
  return rl_ddl_features_of(p->db->dialect)->key_names ? name : rl_str_make("", 0);
}

static bool is_plain(const rl_db_index *x) {
  bool plain = rl_str_is(x->method, "BTREE") && !x->predicate.len;
  for (size_t i = 0; i < x->count && plain; i++)
    plain = !x->parts[i].descending && (x->parts[i].is_default_opclass || !x->parts[i].opclass.len);
  return plain;
}

static rl_str default_index_name(rl_puller *p, const rl_pulled *m, const rl_db_index *x) {
  rl_str *columns = RL_NEW_ARRAY(p->arena, rl_str, x->count ? x->count : 1);
  if (!columns) {
    p->failed = true;
    return x->name;
  }
  for (size_t i = 0; i < x->count; i++) columns[i] = x->parts[i].column;
  return rl_pull_default_name(p, m->table->name, columns, x->count, x->unique ? "_key" : "_idx");
}

/* Returns the default name if SQLite has none, made longer if another index has that name. */
static rl_str index_name(rl_puller *p, const rl_db_index *x, rl_str default_name) {
  if (!has_automatic_name(p, x)) return x->name;
  while (!p->failed && rl_pull_has_index(p, default_name))
    default_name = rl_str_of(rl_pull_printf(p, "%.*s_", RL_STR_ARG(default_name)));
  return default_name;
}

static void write_map(rl_puller *p, rl_str name, rl_str default_name) {
  size_t at = p->out->len;
  rl_buf_byte(p->out, '(');
  write_map_argument(p, name, default_name, "");
  if (p->out->len == at + 1)
    p->out->len = at;
  else
    rl_buf_byte(p->out, ')');
}

static const rl_db_index *own_unique(const rl_db_table *t, rl_str column) {
  for (size_t i = 0; i < t->indexes.count; i++) {
    const rl_db_index *x = &t->indexes.items[i];
    if (x->unique && !x->opaque && x->count == 1 && is_plain(x) && rl_str_eq(x->parts[0].column, column)) return x;
  }
  return NULL;
}

void rl_pull_field_keys(rl_puller *p, const rl_pulled *m, const rl_db_column *c) {
  const rl_db_table *t = m->table;
  if (t->primary.count == 1 && rl_str_eq(t->primary.items[0], c->name)) {
    rl_buf_text(p->out, " @id");
    write_map(p, key_name(p, t->primary_name), rl_pull_default_name(p, t->name, NULL, 0, "_pkey"));
  }
  const rl_db_index *x = own_unique(t, c->name);
  if (!x) return;
  rl_str default_name = default_index_name(p, m, x);
  rl_buf_text(p->out, " @unique");
  write_map(p, index_name(p, x, default_name), default_name);
}

static void write_part(rl_puller *p, const rl_pulled *m, const rl_db_part *part) {
  bool ops = part->opclass.len && !part->is_default_opclass;
  rl_buf_str(p->out, rl_pull_field_name(p, m, part->column));
  if (!ops && !part->descending) return;
  rl_buf_byte(p->out, '(');
  if (part->descending) rl_buf_text(p->out, ops ? "sort: Desc, " : "sort: Desc");
  if (ops) {
    rl_buf_text(p->out, "ops: ");
    if (!rl_operator_class_name(part->opclass, p->out)) {
      rl_buf_text(p->out, "raw(");
      rl_pull_quote(p->out, part->opclass);
      rl_buf_byte(p->out, ')');
    }
  }
  rl_buf_byte(p->out, ')');
}

static const char *method_name(rl_str method) {
  static const char *const all[][2] = {
      {"HASH", "Hash"}, {"GIN", "Gin"}, {"GIST", "Gist"}, {"SPGIST", "SpGist"}, {"BRIN", "Brin"}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (rl_str_is(method, all[i][0])) return all[i][1];
  return NULL;
}

/* Returns whether calls use another name for a compound key than its fields together. */
static bool has_own_call_name(const rl_index *k) {
  size_t default_name = k->count - 1;
  for (size_t f = 0; f < k->count; f++) default_name += k->fields[f].field->name.len;
  return k->count > 1 && default_name != k->client_name.len;
}

/* Calls name a compound key by its fields together. If a field has that name, the key gets another one. */
static rl_str free_call_name(rl_puller *p, const rl_pulled *m, const char *fields) {
  const char *name = "";
  if (rl_pull_has_field(p, m, rl_str_of(fields))) {
    name = rl_pull_printf(p, "%s_key", fields);
    for (int i = 2; rl_pull_has_field(p, m, rl_str_of(name)) && !p->failed; i++)
      name = rl_pull_printf(p, "%s_key%d", fields, i);
  }
  return rl_str_of(name);
}

static const char *append_field(rl_puller *p, const char *fields, rl_str field) {
  return rl_pull_printf(p, "%s%s%.*s", fields, *fields ? "_" : "", RL_STR_ARG(field));
}

/* Returns the name of a known key in calls, which it keeps. */
static rl_str index_call_name(rl_puller *p, const rl_pulled *m, const rl_db_index *x) {
  for (size_t i = 0; m->known && i < m->known->index_count; i++) {
    const rl_index *k = &m->known->indexes[i];
    if (rl_str_eq(k->name, x->name) && k->kind == RL_INDEX_UNIQUE && has_own_call_name(k)) return k->client_name;
  }
  const char *fields = "";
  if (!x->unique || x->count < 2) return rl_str_of(fields);
  for (size_t i = 0; i < x->count; i++) fields = append_field(p, fields, rl_pull_field_name(p, m, x->parts[i].column));
  return free_call_name(p, m, fields);
}

static rl_str primary_call_name(rl_puller *p, const rl_pulled *m) {
  if (m->known && m->known->primary && has_own_call_name(m->known->primary)) return m->known->primary->client_name;
  const char *fields = "";
  for (size_t i = 0; i < m->table->primary.count; i++)
    fields = append_field(p, fields, rl_pull_field_name(p, m, m->table->primary.items[i]));
  return free_call_name(p, m, fields);
}

static void write_call_name(rl_puller *p, rl_str name) {
  if (!name.len) return;
  rl_buf_text(p->out, ", name: ");
  rl_pull_quote(p->out, name);
}

static void write_index(rl_puller *p, const rl_pulled *m, const rl_db_index *x) {
  const char *method = method_name(x->method);
  rl_buf_text(p->out, x->unique ? "  @@unique([" : "  @@index([");
  for (size_t i = 0; i < x->count; i++) {
    rl_buf_text(p->out, i ? ", " : "");
    write_part(p, m, &x->parts[i]);
  }
  rl_buf_byte(p->out, ']');
  if (method) rl_buf_printf(p->out, ", type: %s", method);
  if (x->predicate.len) {
    rl_buf_text(p->out, ", where: raw(");
    rl_pull_quote(p->out, x->predicate);
    rl_buf_byte(p->out, ')');
  }
  write_call_name(p, index_call_name(p, m, x));
  rl_str default_name = default_index_name(p, m, x);
  write_map_argument(p, index_name(p, x, default_name), default_name, ", ");
  rl_buf_text(p->out, ")\n");
}

/* Returns whether a UNIQUE of the table's definition repeats an index. */
static bool is_duplicate(const rl_puller *p, const rl_db_table *t, const rl_db_index *x) {
  for (size_t i = 0; i < t->indexes.count && has_automatic_name(p, x); i++)
    if (&t->indexes.items[i] != x && !has_automatic_name(p, &t->indexes.items[i]) && !t->indexes.items[i].opaque &&
        rl_db_same_index(x, &t->indexes.items[i]))
      return true;
  return false;
}

void rl_pull_keys(rl_puller *p, const rl_pulled *m) {
  const rl_db_table *t = m->table;
  if (t->primary.count > 1) {
    rl_buf_text(p->out, "  @@id([");
    for (size_t i = 0; i < t->primary.count; i++) {
      rl_buf_text(p->out, i ? ", " : "");
      rl_buf_str(p->out, rl_pull_field_name(p, m, t->primary.items[i]));
    }
    rl_buf_byte(p->out, ']');
    write_call_name(p, primary_call_name(p, m));
    write_map_argument(p, key_name(p, t->primary_name), rl_pull_default_name(p, t->name, NULL, 0, "_pkey"), ", ");
    rl_buf_text(p->out, ")\n");
  }
  for (size_t i = 0; i < t->indexes.count; i++) {
    const rl_db_index *x = &t->indexes.items[i];
    bool in_field = x->unique && x->count == 1 && own_unique(t, x->parts[0].column) == x;
    bool expressible = !x->opaque && (rl_str_is(x->method, "BTREE") || method_name(x->method));
    if (expressible && !in_field && !is_duplicate(p, t, x)) write_index(p, m, x);
  }
}

/* ------------------------------------------------------------------ relations */

static const char *action_name(rl_action_ref a) {
  static const char *const names[] = {"Cascade", "Restrict", "NoAction", "SetNull", "SetDefault"};
  return names[a];
}

static void write_field_list(rl_puller *p, const rl_pulled *m, const char *what, const rl_str *columns, size_t count) {
  rl_buf_printf(p->out, "%s: [", what);
  for (size_t i = 0; i < count; i++) {
    rl_buf_text(p->out, i ? ", " : "");
    rl_buf_str(p->out, rl_pull_field_name(p, m, columns[i]));
  }
  rl_buf_byte(p->out, ']');
}

/* A client cannot use a relation to a model that it cannot use. */
static void ignore_if_needed(rl_puller *p, const rl_pulled *own, const rl_pulled *target) {
  if (rl_pull_is_ignored(target) && !rl_pull_is_ignored(own)) rl_buf_text(p->out, " @ignore");
}

static void write_referencing_side(rl_puller *p, const rl_pulled_relation *r) {
  const rl_pulled *from = &p->models[r->from], *to = &p->models[r->to];
  rl_buf_printf(p->out, "  %.*s %.*s%s @relation(", RL_STR_ARG(r->from_field), RL_STR_ARG(to->name),
                r->optional ? "?" : "");
  if (r->name.len) {
    rl_pull_quote(p->out, r->name);
    rl_buf_text(p->out, ", ");
  }
  write_field_list(p, from, "fields", r->key->columns, r->key->count);
  rl_buf_text(p->out, ", ");
  write_field_list(p, to, "references", r->key->targets, r->key->count);
  if (r->key->on_delete != (r->optional ? RL_REF_SET_NULL : RL_REF_RESTRICT))
    rl_buf_printf(p->out, ", onDelete: %s", action_name(r->key->on_delete));
  if (r->key->on_update != RL_REF_CASCADE) rl_buf_printf(p->out, ", onUpdate: %s", action_name(r->key->on_update));
  write_map_argument(p, key_name(p, r->key->name),
                     rl_pull_default_name(p, from->table->name, r->key->columns, r->key->count, "_fkey"), ", ");
  rl_buf_byte(p->out, ')');
  ignore_if_needed(p, from, to);
  rl_buf_byte(p->out, '\n');
}

static void write_other_side(rl_puller *p, const rl_pulled_relation *r, rl_str field, const rl_pulled *own,
                             const rl_pulled *target) {
  rl_buf_printf(p->out, "  %.*s %.*s%s", RL_STR_ARG(field), RL_STR_ARG(target->name), r->key && r->single ? "?" : "[]");
  if (r->name.len) {
    rl_buf_text(p->out, " @relation(");
    rl_pull_quote(p->out, r->name);
    rl_buf_byte(p->out, ')');
  }
  ignore_if_needed(p, own, target);
  rl_buf_byte(p->out, '\n');
}

void rl_pull_model_relations(rl_puller *p, size_t model) {
  const rl_pulled *m = &p->models[model];
  for (size_t i = 0; i < m->relations.count; i++) {
    const rl_pulled_relation *r = &p->relations.items[m->relations.items[i]];
    if (r->from == model && r->key) write_referencing_side(p, r);
    if (r->from == model && !r->key) write_other_side(p, r, r->from_field, m, &p->models[r->to]);
    if (r->to == model) write_other_side(p, r, r->to_field, m, &p->models[r->from]);
  }
}
