/* Turns the collected keys into rl_model.indexes: checks that there is one primary key and that rows can be identified,
 * and marks unique fields. */
#include "schema/resolve.h"

static void check_primary(rl_build *b, rl_model_info *m) {
  rl_index_node *first = NULL;
  for (rl_index_node *n = m->indexes; n; n = n->next) {
    if (n->index.kind != RL_INDEX_PRIMARY) continue;
    if (first) {
      rl_report(b, n->attr->span, "The model `%.*s` already has an id. An id of several fields is only `@@id([a, b])`.",
                RL_STR_ARG(m->model->name));
      n->broken = true;
    } else {
      first = n;
    }
  }
}

static bool all_required(const rl_index *index) {
  for (size_t i = 0; i < index->count; i++)
    if (!index->fields[i].field->required) return false;
  return true;
}

static void check_criterion(rl_build *b, const rl_model_info *m) {
  bool optional = false;
  if (m->model->is_view || m->model->ignored || m->has_bad_field) return;
  for (const rl_index_node *n = m->indexes; n; n = n->next) {
    if (n->broken && n->index.kind != RL_INDEX_NORMAL) return;
    if (!rl_index_is_unique(&n->index)) continue;
    if (all_required(&n->index) || n->index.kind == RL_INDEX_PRIMARY) return;
    optional = true;
  }
  rl_report(b, m->ast->name_span,
            "Nothing identifies the rows of `%.*s`: mark a required field with `@id` or `@unique`, or add "
            "`@@id([...])` or `@@unique([...])`.%s",
            RL_STR_ARG(m->model->name), optional ? " A unique key with an optional field is not enough." : "");
}

/* Marks the field itself. Fields are const only for readers of the finished schema. */
static void mark_field(rl_model_info *m, const rl_index *index) {
  if (index->count != 1) return;
  rl_field *f = m->fields[index->fields[0].field->index].field;
  if (index->kind == RL_INDEX_PRIMARY)
    f->is_id = true;
  else if (rl_index_is_unique(index))
    f->is_unique = true;
}

static void set_client_name(rl_build *b, rl_index_node *n) {
  rl_index *index = &n->index;
  if (n->given_name.len && index->count > 1) {
    index->client_name = n->given_name;
    return;
  }
  rl_str *names = RL_TEMP_ARRAY(b, rl_str, index->count);
  for (size_t i = 0; i < index->count; i++) names[i] = index->fields[i].field->name;
  index->client_name = index->count == 1 ? names[0] : rl_build_join(b, b->keep, names, index->count, "_");
}

static void check_client_name(rl_build *b, rl_model_info *m, rl_index_node *n) {
  rl_index *index = &n->index;
  if (index->count < 2 || (index->kind != RL_INDEX_PRIMARY && index->kind != RL_INDEX_UNIQUE)) return;
  if (rl_map_get(&m->model->by_name, index->client_name))
    rl_report(b, n->attr->span,
              "The key's name `%.*s` is also the name of a field. Give the key another name: `name: \"...\"`.",
              RL_STR_ARG(index->client_name));
  for (const rl_index_node *other = m->indexes; other != n; other = other->next) {
    bool named = n->given_name.len || other->given_name.len;
    if (other->index.count > 1 && named && rl_index_is_unique(&other->index) &&
        rl_str_eq(other->index.client_name, index->client_name))
      rl_report(b, n->attr->span, "Another key of the model already has the name `%.*s`.",
                RL_STR_ARG(index->client_name));
  }
}

static void check_autoincrement(rl_build *b, const rl_model_info *m) {
  if (rl_rules(b)->autoincrement_anywhere) return;
  for (size_t i = 0; i < m->model->field_count; i++) {
    const rl_field *f = &m->model->fields[i];
    if (f->is_relation || f->def.kind != RL_DEFAULT_AUTOINCREMENT || f->is_id) continue;
    rl_report(b, m->fields[i].ast->span,
              "On %s only the `@id` field of a model can have `autoincrement()`; `%.*s` is not one.", rl_title(b),
              RL_STR_ARG(f->name));
  }
}

static void resolve_model(rl_build *b, rl_model_info *m) {
  rl_model *model = m->model;
  rl_index *list = RL_KEEP_ARRAY(b, rl_index, m->index_count);
  check_primary(b, m);
  check_criterion(b, m);
  for (rl_index_node *n = m->indexes; n; n = n->next) {
    if (n->broken || !n->index.count) continue;
    set_client_name(b, n);
    check_client_name(b, m, n);
    mark_field(m, &n->index);
    rl_index *index = &list[model->index_count++];
    *index = n->index;
    if (index->kind == RL_INDEX_PRIMARY && !model->primary) model->primary = index;
  }
  model->indexes = list;
  check_autoincrement(b, m);
}

void rl_resolve_keys(rl_build *b) {
  rl_resolve_index_names(b);
  for (size_t i = 0; i < b->schema->model_count; i++) resolve_model(b, &b->models[i]);
}
