/* What a form may say: the options `allow` and `required`, checked against the schema. */
#include "input/form.h"

typedef struct allowing {
  rl_arg_tree *tree;
  rl_arena *arena;
  rl_error *err;
  const char *option; /* "allow", "required" */
} allowing;

static bool has_key(const rl_model *model) {
  for (size_t i = 0; i < model->index_count; i++)
    if (rl_index_names_row(&model->indexes[i])) return true;
  return false;
}

bool rl_form_is_key_of(const rl_field *scalar, const rl_field *relation) {
  if (!relation->holds_key || scalar->is_relation) return false;
  for (size_t i = 0; i < relation->relation->count; i++)
    if (relation->relation->fields[i] == scalar) return true;
  return false;
}

/* ------------------------------------------------------------------ errors */

/* at: the table or list; name: a key of it, or empty. */
static rille_status refuse_option(const allowing *a, const rl_arg *at, rl_str name, const char *format, ...) {
  rl_str path = rl_arg_path(a->arena, at);
  va_list args;
  va_start(args, format);
  char *text = rl_arena_vprintf(a->arena, format, args);
  va_end(args);
  if (!text) return rl_fail_nomem(a->err);
  if (name.len > 100) name.len = 100;
  bool dot = path.len && path.p[0] != '[';
  return rl_fail(a->err, RL_VALIDATION, "input: %s%s%.*s%s%.*s: %s", a->option, dot ? "." : "", RL_STR_ARG(path),
                 name.len ? "." : "", RL_STR_ARG(name), text);
}

static rille_status refuse_unknown(const allowing *a, const rl_arg *at, rl_str name, const rl_model *model) {
  size_t count = 0;
  rl_str *names = RL_NEW_ARRAY(a->arena, rl_str, model->field_count);
  if (!names) return rl_fail_nomem(a->err);
  for (size_t i = 0; i < model->field_count; i++)
    if (!model->fields[i].ignored) names[count++] = model->fields[i].name;
  rl_str near = rl_str_nearest(name, names, count);
  if (!near.len) return refuse_option(a, at, name, "unknown field of %.*s", RL_STR_ARG(model->name));
  return refuse_option(a, at, name, "unknown field of %.*s; did you mean `%.*s`?", RL_STR_ARG(model->name),
                       RL_STR_ARG(near));
}

/* ------------------------------------------------------------------ names, and what is said of them */

typedef struct entry {
  rl_str name;
  rl_arg *value; /* NULL: an element of a list of names */
} entry;

static bool is_true(const entry *e) {
  return !e->value || (e->value->kind == RL_ARG_BOOL && e->value->value->as.i);
}

static bool is_names(const entry *e) {
  return e->value && (e->value->kind == RL_ARG_OBJECT || e->value->kind == RL_ARG_LIST);
}

static bool is_empty_mark(const rl_arg *arg) {
  return arg->kind == RL_ARG_MARK && (arg->mark == RL_MARK_EMPTY_ARRAY || arg->mark == RL_MARK_EMPTY_OBJECT);
}

/* Makes the names of a table or of a list readable, and returns how many there are. */
static rille_status open_names(const allowing *a, rl_arg *arg, size_t *count) {
  *count = arg->count;
  if (is_empty_mark(arg)) return RILLE_OK;
  if (arg->kind == RL_ARG_LIST) return rl_arg_expand(a->tree, arg, a->err);
  if (arg->kind == RL_ARG_OBJECT) return RILLE_OK;
  return refuse_option(a, arg, RL_STR(""), "expected a list of fields, as in { \"title\", tags = { \"name\" } }");
}

static rille_status read_entry(const allowing *a, rl_arg *arg, size_t i, entry *out) {
  rl_arg *child = &arg->children[i];
  if (arg->kind == RL_ARG_OBJECT) {
    *out = (entry){child->key, child};
    return RILLE_OK;
  }
  if (child->kind != RL_ARG_TEXT) return refuse_option(a, child, RL_STR(""), "expected the name of a field");
  *out = (entry){rl_str_make(child->value->as.p, child->value->len), NULL};
  return RILLE_OK;
}

/* ------------------------------------------------------------------ allow */

static bool has_default(const rl_field *f) {
  return f->updated_at || f->generated_by_db || f->def.kind != RL_DEFAULT_NONE;
}

static bool is_needed(const rl_field *f) {
  if (!f->required || f->list) return false;
  if (!f->is_relation) return !has_default(f);
  if (!f->holds_key) return false;
  for (size_t i = 0; i < f->relation->count; i++)
    if (!has_default(f->relation->fields[i])) return true;
  return false;
}

static rille_status check_parent(const allowing *a, const rl_arg *at, const rl_field *f, const rl_field *parent) {
  if (!parent || (f != parent->opposite && !rl_form_is_key_of(f, parent->opposite))) return RILLE_OK;
  return refuse_option(a, at, f->name, "cannot be allowed; `%.*s`, through which the row is written, sets it",
                       RL_STR_ARG(parent->name));
}

static rille_status read_names(const allowing *a, const rl_model *model, const rl_field *parent, bool creates,
                               rl_arg *arg, rl_allow **out);

static rille_status read_relation(const allowing *a, const rl_arg *at, const entry *e, rl_allowed *out) {
  const rl_field *f = out->field;
  if (is_names(e)) {
    rl_allow *nested;
    if (e->value->count == 0) return refuse_option(a, at, f->name, "expected the fields of its rows, got none");
    rille_status status = read_names(a, f->target, f, true, e->value, &nested);
    out->nested = nested;
    return status;
  }
  bool connects = e->value && e->value->kind == RL_ARG_TEXT &&
                  rl_str_is(rl_str_make(e->value->value->as.p, e->value->value->len), "connect");
  if (!connects)
    return refuse_option(a, at, f->name, "is a relation; write `{ \"field\", ... }` for new rows, or \"connect\"");
  if (has_key(f->target)) return RILLE_OK;
  return refuse_option(a, at, f->name, "cannot be \"connect\"; %.*s has no unique key", RL_STR_ARG(f->target->name));
}

static rille_status read_allowed(const allowing *a, rl_allow *allow, const rl_field *parent, bool creates,
                                 const rl_arg *at, const entry *e, rl_allowed *by_field) {
  const rl_field *f = rl_model_field(allow->model, e->name);
  if (!f || f->ignored || (!f->is_relation && f->type.scalar == RL_UNSUPPORTED))
    return refuse_unknown(a, at, e->name, allow->model);
  rille_status status = check_parent(a, at, f, parent);
  if (status < 0) return status;
  rl_allowed *item = &by_field[f->index];
  *item = (rl_allowed){.field = f, .needed = creates && is_needed(f)};
  if (f->is_relation) return read_relation(a, at, e, item);
  return is_true(e) ? RILLE_OK : refuse_option(a, at, f->name, "expected true; the field is no relation");
}

static rille_status read_names(const allowing *a, const rl_model *model, const rl_field *parent, bool creates,
                               rl_arg *arg, rl_allow **out) {
  size_t count;
  rl_allow *allow = RL_NEW(a->arena, rl_allow);
  rl_allowed *by_field = RL_NEW_ARRAY(a->arena, rl_allowed, model->field_count);
  if (!allow || !by_field) return rl_fail_nomem(a->err);
  allow->model = model;
  allow->creates = creates;
  rille_status status = open_names(a, arg, &count);
  for (size_t i = 0; status == RILLE_OK && i < count; i++) {
    entry e = {{NULL, 0}, NULL};
    status = read_entry(a, arg, i, &e);
    if (status == RILLE_OK) status = read_allowed(a, allow, parent, creates, arg, &e, by_field);
  }
  if (status < 0) return status;
  allow->items = RL_NEW_ARRAY(a->arena, rl_allowed, model->field_count);
  allow->positions = RL_NEW_ARRAY(a->arena, uint32_t, model->field_count);
  if (!allow->items || !allow->positions) return rl_fail_nomem(a->err);
  for (size_t i = 0; i < model->field_count; i++) {
    if (!by_field[i].field) continue;
    allow->items[allow->count++] = by_field[i];
    allow->positions[i] = (uint32_t)allow->count;
  }
  *out = allow;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ required */

static rille_status demand_names(const allowing *a, const rl_allow *allow, rl_arg *arg) {
  size_t count;
  rille_status status = open_names(a, arg, &count);
  for (size_t i = 0; status == RILLE_OK && i < count; i++) {
    entry e = {{NULL, 0}, NULL};
    status = read_entry(a, arg, i, &e);
    if (status < 0) return status;
    const rl_field *f = rl_model_field(allow->model, e.name);
    if (!f || f->ignored) return refuse_unknown(a, arg, e.name, allow->model);
    if (!allow->positions[f->index]) return refuse_option(a, arg, e.name, "is not among the fields of `allow`");
    rl_allowed *item = &allow->items[allow->positions[f->index] - 1];
    item->demanded = item->demanded || is_true(&e);
    if (is_true(&e)) continue;
    if (!is_names(&e)) return refuse_option(a, arg, e.name, "expected true, or the fields of its rows");
    if (!item->nested) return refuse_option(a, arg, e.name, "has no fields in `allow`");
    status = demand_names(a, item->nested, e.value);
  }
  return status;
}

rille_status rl_allow_read(const rl_model *model, bool creates, rl_arg_tree *allow, rl_arg_tree *required,
                           rl_allow **out, rl_error *err) {
  allowing a = {allow, allow->arena, err, "allow"};
  rille_status status = read_names(&a, model, NULL, creates, allow->root, out);
  if (status < 0 || !required) return status;
  a = (allowing){required, allow->arena, err, "required"};
  return demand_names(&a, *out, required->root);
}
