/* A row of a form: its fields by what is allowed, what is missing, and what cannot be given together. */
#include "input/form_read.h"

typedef struct row {
  const rl_allow *allow;
  rl_arg *object;
  rl_arg **found; /* by position in allow->items; NULL: not in the form */
  rl_given *given;
} row;

static rille_status find_members(rl_form_reading *r, row *w) {
  rille_status status = RILLE_OK;
  if (w->object->kind != RL_ARG_OBJECT) return RILLE_OK; /* a table without members */
  for (size_t i = 0; status == RILLE_OK && i < w->object->count; i++) {
    rl_arg *member = &w->object->children[i];
    const rl_field *f = rl_model_field(w->allow->model, member->key);
    uint32_t position = f ? w->allow->positions[f->index] : 0;
    if (position)
      w->found[position - 1] = member;
    else if (r->options->report_unknown)
      status = rl_form_add_fault(r, member, RL_STR(""), NULL, "unknown", (rl_str){NULL, 0});
  }
  return status;
}

/* ------------------------------------------------------------------ fields */

/* An empty value is NULL, or an empty list. For a field that cannot be NULL it is as if it were missing. */
static rille_status put_empty(rl_form_reading *r, const rl_allowed *item) {
  const rl_field *f = item->field;
  rl_value empty = {.kind = f->list ? RILLE_LIST : RILLE_NULL};
  if (f->required || item->demanded) return RILLE_OK;
  rille_status status = rl_form_put_key(r, f->name);
  return status < 0 ? status : rl_form_put_value(r, &empty);
}

static rille_status read_item(rl_form_reading *r, const rl_allowed *item, rl_arg *arg, rl_given *given) {
  rl_value value;
  if (!arg) {
    *given = RL_GIVEN_NOT;
    return RILLE_OK;
  }
  if (item->field->is_relation) return rl_form_read_relation(r, item, arg, given);
  rille_status status = rl_form_read_field(r, item->field, arg, true, given, &value);
  if (status < 0 || *given == RL_GIVEN_FAULT) return status;
  if (*given == RL_GIVEN_EMPTY) return put_empty(r, item);
  status = rl_form_put_key(r, item->field->name);
  return status < 0 ? status : rl_form_put_value(r, &value);
}

/* ------------------------------------------------------------------ missing */

static bool is_there(rl_given given) {
  return given == RL_GIVEN_VALUE || given == RL_GIVEN_FAULT;
}

/* Returns whether a relation that the form gives, or that is reported missing itself, sets a foreign key. */
static bool comes_with_relation(const row *w, const rl_field *scalar) {
  for (size_t i = 0; i < w->allow->count; i++)
    if (w->allow->items[i].field->is_relation && rl_form_is_key_of(scalar, w->allow->items[i].field) &&
        is_there(w->given[i]))
      return true;
  return false;
}

/* Returns whether the keys of a relation are allowed too: they are then reported, not the relation. */
static bool comes_with_keys(const row *w, const rl_field *relation) {
  for (size_t i = 0; i < w->allow->count; i++)
    if (rl_form_is_key_of(w->allow->items[i].field, relation)) return true;
  return false;
}

static bool is_missing(const row *w, size_t i, bool creates) {
  const rl_allowed *item = &w->allow->items[i];
  const rl_field *f = item->field;
  if (is_there(w->given[i])) return false;
  if (item->demanded) return true;
  if (w->given[i] == RL_GIVEN_NOT && !item->needed) return false;
  if (f->is_relation) {
    bool cleared = !creates && f->required && f->holds_key && w->given[i] == RL_GIVEN_EMPTY;
    return (item->needed || cleared) && !comes_with_keys(w, f);
  }
  if (!f->required) return false;             /* NULL, or an empty list */
  if (!item->needed && creates) return false; /* it has a default */
  return !comes_with_relation(w, f);
}

static rille_status add_missing(rl_form_reading *r, const row *w, bool creates) {
  rille_status status = RILLE_OK;
  for (size_t i = 0; status == RILLE_OK && i < w->allow->count; i++)
    if (is_missing(w, i, creates))
      status = rl_form_add_fault(r, w->object, w->allow->items[i].field->name, NULL, "required", (rl_str){NULL, 0});
  return status;
}

/* ------------------------------------------------------------------ together */

static bool is_key_of_any(const rl_field *scalar) {
  for (size_t i = 0; i < scalar->model->relation_count; i++)
    if (rl_form_is_key_of(scalar, scalar->model->relations[i])) return true;
  return false;
}

/* A row is written either through its relations or through its foreign keys; see query/data_check.c. */
static rille_status add_conflicts(rl_form_reading *r, const row *w) {
  const rl_field *written = NULL;
  rille_status status = RILLE_OK;
  for (size_t i = 0; i < w->allow->count && !written; i++) {
    const rl_field *f = w->allow->items[i].field;
    if (f->is_relation && f->holds_key && w->given[i] == RL_GIVEN_VALUE) written = f;
  }
  for (size_t i = 0; written && status == RILLE_OK && i < w->allow->count; i++) {
    const rl_field *f = w->allow->items[i].field;
    bool put = w->given[i] == RL_GIVEN_VALUE || (w->given[i] == RL_GIVEN_EMPTY && !f->required);
    bool serial = f->def.kind == RL_DEFAULT_AUTOINCREMENT && f->type.scalar == RL_INT;
    if (f->is_relation || !put || !(serial || is_key_of_any(f))) continue;
    status = rl_form_add_fault(r, w->found[i], RL_STR(""), f, "conflict", written->name);
  }
  return status;
}

/* ------------------------------------------------------------------ entry */

rille_status rl_form_read_row(rl_form_reading *r, const rl_allow *allow, rl_arg *object) {
  row w = {.allow = allow, .object = object};
  w.found = RL_NEW_ARRAY(r->arena, rl_arg *, allow->count);
  w.given = RL_NEW_ARRAY(r->arena, rl_given, allow->count);
  if (!w.found || !w.given) return rl_fail_nomem(r->err);
  rille_status status = rl_form_put(r, RL_FORM_OPEN_OBJECT);
  if (status == RILLE_OK) status = find_members(r, &w);
  for (size_t i = 0; status == RILLE_OK && i < allow->count; i++)
    status = read_item(r, &allow->items[i], w.found[i], &w.given[i]);
  if (status == RILLE_OK) status = add_missing(r, &w, allow->creates);
  if (status == RILLE_OK) status = add_conflicts(r, &w);
  return status < 0 ? status : rl_form_put(r, RL_FORM_CLOSE_OBJECT);
}

rille_status rl_form_read(const rl_form_options *options, const rl_tape *tape, rl_form *out, rl_error *err) {
  rl_form_reading r = {.options = options, .out = out, .arena = &out->arena, .err = err};
  rille_status status = rl_arg_tree_read(tape, &out->arena, &r.tree, err);
  if (status < 0) return status;
  rl_arg *root = r.tree->root;
  const char *unreadable = rl_form_unreadable(root);
  if (root->kind == RL_ARG_OBJECT && root->count > options->max_fields) unreadable = "too_many";
  if (!unreadable && (root->kind == RL_ARG_OBJECT || rl_form_is_empty_table(root)))
    return rl_form_read_row(&r, options->allow, root);
  return rl_form_add_fault(&r, NULL, RL_STR(""), NULL, unreadable ? unreadable : "not_object", (rl_str){NULL, 0});
}
