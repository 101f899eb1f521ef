/* Finds things in a schema. */
#include "schema/schema.h"

const rl_model *rl_schema_model(const rl_schema *s, rl_str name) {
  return rl_map_get(&s->models_by_client, name);
}

const rl_field *rl_model_field(const rl_model *m, rl_str name) {
  return rl_map_get(&m->by_name, name);
}

const rl_enum_value *rl_enum_by_name(const rl_enum *e, rl_str name) {
  for (size_t i = 0; i < e->count; i++)
    if (rl_str_eq(e->values[i].name, name)) return &e->values[i];
  return NULL;
}

const rl_enum_value *rl_enum_by_column(const rl_enum *e, rl_str column) {
  for (size_t i = 0; i < e->count; i++)
    if (rl_str_eq(e->values[i].column, column)) return &e->values[i];
  return NULL;
}

bool rl_index_is_unique(const rl_index *i) {
  return i->kind == RL_INDEX_PRIMARY || (i->kind == RL_INDEX_UNIQUE && !i->where.len);
}

bool rl_index_names_row(const rl_index *i) {
  for (size_t k = 0; k < i->count; k++)
    if (i->fields[k].field->ignored) return false;
  return rl_index_is_unique(i);
}

bool rl_index_has(const rl_index *i, const rl_field *f) {
  for (size_t k = 0; k < i->count; k++)
    if (i->fields[k].field == f) return true;
  return false;
}

bool rl_field_in_unique(const rl_field *f) {
  for (size_t i = 0; i < f->model->index_count; i++)
    if (rl_index_is_unique(&f->model->indexes[i]) && rl_index_has(&f->model->indexes[i], f)) return true;
  return false;
}

const rl_index *rl_model_unique(const rl_model *m, rl_str client_name) {
  for (size_t i = 0; i < m->index_count; i++)
    if (rl_index_is_unique(&m->indexes[i]) && rl_str_eq(m->indexes[i].client_name, client_name)) return &m->indexes[i];
  return NULL;
}

static bool has_only(const rl_index *index, const rl_field *const *fields, size_t count) {
  if (index->count != count) return false;
  for (size_t i = 0; i < count; i++) {
    size_t k = 0;
    while (k < count && fields[k] != index->fields[i].field) k++;
    if (k == count) return false;
  }
  return true;
}

const rl_index *rl_model_unique_of(const rl_model *m, const rl_field *const *fields, size_t count) {
  for (size_t i = 0; i < m->index_count; i++)
    if (rl_index_is_unique(&m->indexes[i]) && has_only(&m->indexes[i], fields, count)) return &m->indexes[i];
  return NULL;
}

const rl_field *rl_model_link_id(const rl_model *m) {
  if (m->primary && m->primary->count == 1) return m->primary->fields[0].field;
  for (size_t i = 0; i < m->column_count; i++)
    if (m->columns[i]->is_unique && m->columns[i]->required) return m->columns[i];
  return NULL;
}
