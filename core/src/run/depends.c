/* What calls depend on and touch, as names: the tables of the plan, and the rows whose keys are known. */
#include "run/depends.h"

#include "base/sql_scan.h"
#include "plan/touch.h"

static void add_everything(rl_names *out) {
  out->everything = true;
}

static void add_reads(const rl_touch *touch, size_t from, rl_names *out) {
  for (size_t i = from; i < touch->read_count; i++) rl_names_add(out, rl_name_of_table(touch->reads[i], RL_TABLE_ANY));
  if (touch->reads_view) rl_names_add(out, RL_NAME_ANY_WRITE);
}

/* ------------------------------------------------------------------ keys */

enum { MOST_KEY_FIELDS = 32 };

/* Returns whether equal values of the field have the same name, however they are written. An address such as 10.0.0.1
 * may also be written 10.0.0.1/32. */
static bool has_one_form(const rl_field *field) {
  switch (field->type.native) {
  case RL_NATIVE_BIT:
  case RL_NATIVE_VARBIT:
  case RL_NATIVE_XML:
  case RL_NATIVE_INET: return false;
  default: return true;
  }
}

/* Returns whether a value is of the kind that rows have too, so it has the same name there. */
static bool suits_key(const rl_field *field, const rl_value *v) {
  switch (field->type.scalar) {
  case RL_INT:
  case RL_BIGINT: return v->kind == RILLE_INT;
  case RL_BOOLEAN: return v->kind == RILLE_BOOL;
  case RL_ENUM: return v->kind == RILLE_TEXT;
  case RL_STRING: return v->kind == RILLE_TEXT && has_one_form(field);
  default: return false;
  }
}

/* Returns the name of the row with this key; 0: it has none. */
static rl_name name_of_row(const rl_model *model, const rl_value *values) {
  const rl_index *key = model->primary;
  for (size_t i = 0; i < key->count; i++)
    if (!suits_key(key->fields[i].field, &values[i])) return 0;
  return rl_name_of_key(model->table, values, key->count);
}

static rl_name name_by_inputs(const rl_call *call, const rl_model *model, const rl_input *const *key) {
  rl_value values[MOST_KEY_FIELDS];
  rl_inputs in = call->inputs;
  rl_error ignored = {0};
  rille_status st = model->primary->count <= MOST_KEY_FIELDS ? RILLE_OK : RILLE_ERROR;
  for (size_t i = 0; st == RILLE_OK && i < model->primary->count; i++)
    st = rl_input_value(key[i], &in, &values[i], &ignored);
  rl_error_clear(&ignored);
  return st == RILLE_OK ? name_of_row(model, values) : 0;
}

/* Takes the value of a field from the root's row, with an enum's value as the database has it. */
static bool value_in_row(const rl_plan *plan, const rille_row *root, const rl_field *field, rl_value *out) {
  const rl_node_plan *node = &plan->nodes[0];
  for (size_t i = 0; i < node->column_count && i < root->count; i++) {
    if (node->columns[i].kind != RL_COLUMN_FIELD || node->columns[i].field != field) continue;
    *out = root->cells[i];
    if (field->type.scalar != RL_ENUM || out->kind != RILLE_TEXT) return true;
    const rl_enum_value *v = rl_enum_by_name(field->type.enumeration, rl_str_make(out->as.p, out->len));
    if (v) *out = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)v->column.len, .as.p = v->column.p};
    return v != NULL;
  }
  return false;
}

static rl_name name_by_row(const rl_call *call, const rille_row *root) {
  rl_value values[MOST_KEY_FIELDS];
  const rl_plan *plan = call->compiled->plan;
  const rl_index *key = plan->model->primary;
  if (!key || key->count > MOST_KEY_FIELDS) return 0;
  for (size_t i = 0; i < key->count; i++)
    if (!value_in_row(plan, root, key->fields[i].field, &values[i])) return 0;
  return name_of_row(plan->model, values);
}

/* ------------------------------------------------------------------ raw statements */

/* Returns whether a statement counts as a read. Two statements in one text do not. */
static bool raw_reads(const rl_raw *raw) {
  rl_sql_scan scan;
  rl_sql_scan_init(&scan, rl_str_make(raw->stmt.sql, raw->stmt.sql_len), raw->driver->provider);
  rl_sql_token token = rl_sql_next_solid(&scan);
  if (!rl_sql_is_word(token, "SELECT") && !rl_sql_is_word(token, "VALUES")) return false;
  while (token.kind != RL_SQL_END && !rl_sql_is_sign(token, ';')) token = rl_sql_next_solid(&scan);
  while (rl_sql_is_sign(token, ';')) token = rl_sql_next_solid(&scan);
  return token.kind == RL_SQL_END;
}

static bool raw_call_reads(const rl_call *call) {
  return !call->kind->script && raw_reads(call->raw);
}

static rl_touch *touch_of_raw(const rl_call *call) {
  return rl_touch_of_models(call->context->schema, call->raw->models, call->raw->model_count);
}

static void add_raw_reads(const rl_call *call, rl_names *out) {
  if (!call->raw->model_count) {
    rl_names_add(out, RL_NAME_ANY_WRITE);
    return;
  }
  rl_touch *touch = touch_of_raw(call);
  if (touch)
    add_reads(touch, 0, out);
  else
    rl_names_add(out, RL_NAME_ANY_WRITE);
  rl_touch_free(touch);
}

/* ------------------------------------------------------------------ what answers depend on */

/* Returns what a call that only reads reads; NULL: it is another call. An update that sets nothing is one, too. */
static const rl_touch *touch_of_read(const rl_call *call) {
  if (!call->kind->of_model || rl_action_info_of(call->compiled->action)->writes) return NULL;
  const rl_touch *touch = rl_compiled_touch(call->compiled);
  return touch && !touch->locks ? touch : NULL;
}

void rl_depends_before(const rl_call *call, rl_names *out) {
  if (call->raw && raw_call_reads(call)) {
    add_raw_reads(call, out);
    return;
  }
  const rl_touch *touch = touch_of_read(call);
  if (touch)
    add_reads(touch, 0, out);
  else
    add_everything(out);
}

/* Adds the names of the only row of an answer, or of its absence. Returns false if it is not known which row that is.
 */
static bool add_row(const rl_call *call, const rl_touch *touch, const rille_row *root, rl_names *out) {
  const rl_model *model = call->compiled->plan->model;
  rl_name row = 0;
  bool absent = !root;
  if (root) {
    row = name_by_row(call, root);
    if (!row && touch->key) row = name_by_inputs(call, model, touch->key);
  } else if (call->document) { /* the row was written as JSON, if there was one */
    row = touch->key ? name_by_inputs(call, model, touch->key) : 0;
    if (!row) return false;
  }
  if (!row && !absent) return false;
  rl_names_add(out, rl_name_of_table(model->table, RL_TABLE_ROWS));
  if (row) rl_names_add(out, row);
  if (absent) rl_names_add(out, rl_name_of_table(model->table, RL_TABLE_NONE));
  return true;
}

void rl_depends_after(const rl_call *call, const rille_row *root, rl_names *out) {
  const rl_touch *touch = call->raw ? NULL : touch_of_read(call);
  if (touch && touch->by_key && add_row(call, touch, root, out))
    add_reads(touch, 1, out);
  else
    rl_depends_before(call, out);
}

/* ------------------------------------------------------------------ what writes touch */

static void add_written(const rl_call *call, const rl_touched *w, rl_names *out) {
  bool rows = w->whole, none = w->new_key;
  rl_names_add(out, rl_name_of_table(w->table, RL_TABLE_ANY));
  for (size_t i = 0; !w->whole && i < w->row_count; i++) {
    rl_name row = name_by_inputs(call, w->model, w->keys + i * w->model->primary->count);
    if (row)
      rl_names_add(out, row);
    else
      rows = none = true;
  }
  if (rows) rl_names_add(out, rl_name_of_table(w->table, RL_TABLE_ROWS));
  if (none) rl_names_add(out, rl_name_of_table(w->table, RL_TABLE_NONE));
}

static void add_writes(const rl_call *call, const rl_touch *touch, rl_names *out) {
  if (!touch || touch->writes_view) {
    add_everything(out);
    return;
  }
  if (touch->write_count) rl_names_add(out, RL_NAME_ANY_WRITE);
  for (size_t i = 0; i < touch->write_count; i++) add_written(call, &touch->writes[i], out);
}

void rl_touches_of_call(const rl_call *call, rl_names *out) {
  if (call->raw) {
    if (raw_call_reads(call)) return;
    rl_touch *touch = call->raw->model_count ? touch_of_raw(call) : NULL;
    add_writes(call, touch, out);
    rl_touch_free(touch);
  } else if (call->kind->of_model && call->compiled->plan->writes) {
    add_writes(call, rl_compiled_touch(call->compiled), out);
  }
}
