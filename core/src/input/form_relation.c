/* Relations in a form: new rows, and existing rows named by a unique key. */
#include "input/form_read.h"

static rille_status add_fault(rl_form_reading *r, const rl_arg *arg, const char *code, rl_given *given) {
  *given = RL_GIVEN_FAULT;
  return rl_form_add_fault(r, arg, RL_STR(""), NULL, code, (rl_str){NULL, 0});
}

/* ------------------------------------------------------------------ existing rows */

/* Reads the fields that a key may have. found: by index of the field. */
static rille_status find_key_fields(rl_form_reading *r, const rl_model *model, rl_arg *object, rl_arg **found) {
  for (size_t i = 0; i < object->count; i++) {
    rl_arg *member = &object->children[i];
    const rl_field *f = rl_model_field(model, member->key);
    bool known = false;
    for (size_t k = 0; f && k < model->index_count; k++)
      for (size_t j = 0; rl_index_names_row(&model->indexes[k]) && j < model->indexes[k].count; j++)
        known = known || model->indexes[k].fields[j].field == f;
    if (known) {
      found[f->index] = member;
    } else if (r->options->report_unknown) {
      rille_status status = rl_form_add_fault(r, member, RL_STR(""), NULL, "unknown", (rl_str){NULL, 0});
      if (status < 0) return status;
    }
  }
  return RILLE_OK;
}

static const rl_index *find_key(const rl_model *model, rl_arg **found) {
  for (size_t k = 0; k < model->index_count; k++) {
    const rl_index *index = &model->indexes[k];
    bool whole = rl_index_names_row(index);
    for (size_t j = 0; whole && j < index->count; j++) {
      const rl_arg *arg = found[index->fields[j].field->index];
      whole = arg && !rl_form_is_empty(arg);
    }
    if (whole) return index;
  }
  return NULL;
}

static rille_status put_key_field(rl_form_reading *r, const rl_field *f, rl_arg *arg, rl_given *given) {
  rl_value value;
  rl_given one;
  rille_status status = rl_form_read_field(r, f, arg, false, &one, &value);
  if (status < 0) return status;
  if (one == RL_GIVEN_EMPTY) return add_fault(r, arg, "bad_key", given);
  if (one == RL_GIVEN_FAULT) *given = RL_GIVEN_FAULT;
  status = rl_form_put_key(r, f->name);
  return status < 0 ? status : rl_form_put_value(r, &value);
}

static rille_status put_key(rl_form_reading *r, const rl_index *index, rl_arg **found, rl_given *given) {
  rille_status status = rl_form_put(r, RL_FORM_OPEN_OBJECT);
  if (status == RILLE_OK && index->count > 1) {
    status = rl_form_put_key(r, index->client_name);
    if (status == RILLE_OK) status = rl_form_put(r, RL_FORM_OPEN_OBJECT);
  }
  for (size_t j = 0; status == RILLE_OK && j < index->count; j++) {
    const rl_field *f = index->fields[j].field;
    status = put_key_field(r, f, found[f->index], given);
  }
  if (status == RILLE_OK && index->count > 1) status = rl_form_put(r, RL_FORM_CLOSE_OBJECT);
  return status < 0 ? status : rl_form_put(r, RL_FORM_CLOSE_OBJECT);
}

/* A table with a key, or the value of the one field of the primary key. */
static rille_status read_existing_row(rl_form_reading *r, const rl_model *model, rl_arg *arg, rl_given *given) {
  const rl_index *index = model->primary;
  rl_arg **found = RL_NEW_ARRAY(r->arena, rl_arg *, model->field_count);
  const char *unreadable = rl_form_unreadable(arg);
  rille_status status = RILLE_OK;
  if (!found) return rl_fail_nomem(r->err);
  *given = RL_GIVEN_EMPTY;
  if (rl_form_is_empty(arg)) return RILLE_OK;
  if (unreadable || arg->kind == RL_ARG_LIST) return add_fault(r, arg, unreadable ? unreadable : "bad_key", given);
  *given = RL_GIVEN_VALUE;
  if (arg->kind != RL_ARG_OBJECT) {
    if (!index || index->count != 1 || !rl_index_names_row(index)) return add_fault(r, arg, "bad_key", given);
    found[index->fields[0].field->index] = arg;
    return put_key(r, index, found, given);
  }
  bool any = false;
  status = find_key_fields(r, model, arg, found);
  if (status < 0) return status;
  for (size_t i = 0; i < model->field_count; i++) any = any || (found[i] && !rl_form_is_empty(found[i]));
  index = find_key(model, found);
  if (index) return put_key(r, index, found, given);
  if (any || arg->count == 0) return add_fault(r, arg, "bad_key", given);
  *given = RL_GIVEN_EMPTY; /* author[id]= */
  return RILLE_OK;
}

/* ------------------------------------------------------------------ rows */

static rille_status read_new_row(rl_form_reading *r, const rl_allow *allow, rl_arg *arg, rl_given *given) {
  const char *unreadable = rl_form_unreadable(arg);
  if (arg->kind != RL_ARG_OBJECT && !rl_form_is_empty_table(arg))
    return add_fault(r, arg, unreadable ? unreadable : "not_object", given);
  size_t before = r->out->fault_count;
  rille_status status = rl_form_read_row(r, allow, arg);
  *given = r->out->fault_count > before ? RL_GIVEN_FAULT : RL_GIVEN_VALUE;
  return status;
}

static rille_status read_row(rl_form_reading *r, const rl_allowed *allowed, rl_arg *arg, rl_given *given) {
  if (allowed->nested) return read_new_row(r, allowed->nested, arg, given);
  return read_existing_row(r, allowed->field->target, arg, given);
}

static rille_status read_rows(rl_form_reading *r, const rl_allowed *allowed, rl_arg *list, rl_given *given) {
  bool any = false, good = true;
  rille_status status = rl_form_put(r, RL_FORM_OPEN_LIST);
  if (list->count > r->options->max_items) return add_fault(r, list, "too_many", given);
  if (status == RILLE_OK) status = rl_arg_expand(r->tree, list, r->err);
  for (size_t i = 0; status == RILLE_OK && i < list->count; i++) {
    rl_given one;
    status = read_row(r, allowed, &list->children[i], &one);
    any = any || one == RL_GIVEN_VALUE;
    good = good && one != RL_GIVEN_FAULT;
  }
  *given = !good ? RL_GIVEN_FAULT : any ? RL_GIVEN_VALUE : RL_GIVEN_EMPTY;
  return status < 0 ? status : rl_form_put(r, RL_FORM_CLOSE_LIST);
}

static rille_status read_all(rl_form_reading *r, const rl_allowed *allowed, rl_arg *arg, rl_given *given) {
  if (!allowed->field->list) return read_row(r, allowed, arg, given);
  if (arg->kind == RL_ARG_LIST) return read_rows(r, allowed, arg, given);
  rille_status status = rl_form_put(r, RL_FORM_OPEN_LIST);
  if (status == RILLE_OK) status = read_row(r, allowed, arg, given);
  return status < 0 ? status : rl_form_put(r, RL_FORM_CLOSE_LIST);
}

rille_status rl_form_read_relation(rl_form_reading *r, const rl_allowed *allowed, rl_arg *arg, rl_given *given) {
  size_t start = r->out->token_count;
  *given = RL_GIVEN_EMPTY;
  if (rl_form_is_empty(arg)) return RILLE_OK;
  rille_status status = rl_form_put_key(r, allowed->field->name);
  if (status == RILLE_OK) status = rl_form_put(r, RL_FORM_OPEN_OBJECT);
  if (status == RILLE_OK) status = rl_form_put_key(r, allowed->nested ? RL_STR("create") : RL_STR("connect"));
  if (status == RILLE_OK) status = read_all(r, allowed, arg, given);
  if (status == RILLE_OK) status = rl_form_put(r, RL_FORM_CLOSE_OBJECT);
  if (*given != RL_GIVEN_VALUE) r->out->token_count = start;
  return status;
}
