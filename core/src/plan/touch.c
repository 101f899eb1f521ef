/* What a program reads and writes: one walk over its steps, then what the database does on its own. */
#include "plan/touch.h"

#include "base/alloc.h"
#include "plan/touching.h"

/* Returns an array with room for one more item. NULL when out of memory; the old array stays. */
static void *more_room(rl_touching *t, void *items, size_t count, size_t *cap, size_t size) {
  if (count < *cap) return items;
  size_t grown = *cap ? *cap * 2 : 8;
  void *wider = rl_arena_array(&t->touch->arena, grown, size);
  if (!wider) {
    t->failed = true;
    return NULL;
  }
  if (count) memcpy(wider, items, count * size);
  *cap = grown;
  return wider;
}

/* ------------------------------------------------------------------ reads */

static void read_table(rl_touching *t, rl_str table, bool is_view) {
  rl_touch *touch = t->touch;
  touch->reads_view |= is_view;
  for (size_t i = 0; i < touch->read_count; i++) {
    if (!rl_str_eq(touch->reads[i], table)) continue;
    if (i == 0) touch->by_key = false; /* more than the row */
    return;
  }
  rl_str *wider = more_room(t, touch->reads, touch->read_count, &t->read_cap, sizeof *wider);
  if (!wider) return;
  touch->reads = wider;
  touch->reads[touch->read_count++] = table;
}

static void read_model(rl_touching *t, const rl_model *model) {
  read_table(t, model->table, model->is_view);
}

static void read_relation(rl_touching *t, const rl_field *field) {
  if (field->relation->kind == RL_MANY_TO_MANY) read_table(t, field->relation->join_table, false);
  read_model(t, field->target);
}

static void read_filter(rl_touching *t, const rl_filter *f) {
  if (!f) return;
  if (f->kind == RL_FILTER_RELATION) read_relation(t, f->field);
  read_filter(t, f->inner);
  read_filter(t, f->scope);
  for (size_t i = 0; f->items && i < f->count; i++) read_filter(t, f->items[i]);
}

static void read_order(rl_touching *t, const rl_order *o) {
  for (size_t i = 0; i < o->path_count; i++) read_relation(t, o->path[i]);
  bool counts = o->kind == RL_ORDER_COUNT;
  if (counts) read_relation(t, o->field);
  for (size_t i = 0; o->scopes && i < o->path_count + (counts ? 1 : 0); i++) read_filter(t, o->scopes[i]);
}

static void read_select(rl_touching *t, const rl_select *s) {
  read_model(t, s->model);
  t->touch->locks |= s->lock != RL_LOCK_NONE;
  if (s->link) read_table(t, s->link->join_table, false);
  if (s->recursive) read_relation(t, s->recursive);
  for (size_t i = 0; i < s->column_count; i++) {
    if (s->columns[i].kind == RL_COLUMN_COUNT) read_relation(t, s->columns[i].relation);
    read_filter(t, s->columns[i].where);
  }
  for (size_t i = 0; i < s->order_count; i++) read_order(t, &s->orders[i]);
  read_filter(t, s->where);
  read_filter(t, s->keys);
  read_filter(t, s->cursor);
  read_filter(t, s->having);
}

/* ------------------------------------------------------------------ writes */

rl_touched *rl_touching_write(rl_touching *t, rl_str table, const rl_model *model) {
  rl_touch *touch = t->touch;
  rl_model_touch *state = model ? &t->models[model->index] : NULL;
  if (state && state->written) return &touch->writes[state->written - 1];
  for (size_t i = 0; !model && i < touch->write_count; i++)
    if (!touch->writes[i].model && rl_str_eq(touch->writes[i].table, table)) return &touch->writes[i];
  rl_touched *wider = more_room(t, touch->writes, touch->write_count, &t->write_cap, sizeof *wider);
  if (!wider) return NULL;
  touch->writes = wider;
  rl_touched *w = &touch->writes[touch->write_count++];
  *w = (rl_touched){.table = table, .model = model};
  if (state) state->written = (uint32_t)touch->write_count;
  t->changed = true;
  return w;
}

void rl_touching_whole(rl_touching *t, const rl_model *model) {
  rl_touched *w = rl_touching_write(t, model->table, model);
  if (w) w->whole = w->new_key = true;
}

static void write_new_key(rl_touching *t, const rl_model *model) {
  rl_touched *w = rl_touching_write(t, model->table, model);
  if (w) w->new_key = true;
}

/* Adds a row by its primary key. key: in the order of the key's fields; NULL: unknown. */
static void write_row(rl_touching *t, const rl_model *model, const rl_input *const *key) {
  rl_touched *w = key ? rl_touching_write(t, model->table, model) : NULL;
  if (w && w->whole) return;
  if (!w || w->row_count == RL_MOST_KNOWN_ROWS) {
    rl_touching_whole(t, model);
    return;
  }
  size_t width = model->primary->count;
  if (!w->keys) w->keys = RL_NEW_ARRAY(&t->touch->arena, const rl_input *, width *RL_MOST_KNOWN_ROWS);
  if (!w->keys) {
    t->failed = true;
    return;
  }
  for (size_t row = 0; row < w->row_count; row++)
    if (memcmp(w->keys + row * width, key, width * sizeof *key) == 0) return;
  memcpy(w->keys + w->row_count++ * width, key, width * sizeof *key);
}

static const rl_input **new_key(rl_touching *t, const rl_model *model) {
  if (!model->primary) return NULL;
  const rl_input **key = RL_NEW_ARRAY(&t->touch->arena, const rl_input *, model->primary->count);
  if (!key) t->failed = true;
  return key;
}

static bool is_whole(const rl_touching *t, const rl_model *model) {
  uint32_t written = t->models[model->index].written;
  return written && t->touch->writes[written - 1].whole;
}

/* Returns the primary key of the only row that the step can mean; NULL: it is not known, or of no use any more. */
static const rl_input **key_of_step(rl_touching *t, size_t at, const rl_model *model) {
  const rl_input **key = is_whole(t, model) ? NULL : new_key(t, model);
  for (size_t i = 0; key && i < model->primary->count; i++) {
    key[i] = rl_known_value(t->plan, at, model->primary->fields[i].field);
    if (!key[i]) return NULL;
  }
  return key;
}

/* Returns whether a unique key may be computed from other columns of the row. */
static bool has_computed_key(const rl_model *model) {
  for (size_t i = 0; i < model->column_count; i++)
    if (model->columns[i]->def.kind == RL_DEFAULT_DBGENERATED && rl_field_in_unique(model->columns[i])) return true;
  return false;
}

static void set_field(rl_touching *t, const rl_model *model, const rl_field *field) {
  rl_touching_sets(t, model, field);
  if (model->primary && rl_index_has(model->primary, field)) rl_touching_whole(t, model);
  if (rl_field_in_unique(field)) write_new_key(t, model);
}

/* ------------------------------------------------------------------ steps */

/* Returns the primary key of the row that an upsert of one row may find; NULL: it is not known. */
static const rl_input **key_of_conflict(rl_touching *t, const rl_insert *insert) {
  const rl_index *primary = insert->model->primary;
  const rl_input **key = insert->rows ? NULL : new_key(t, insert->model);
  if (!key || insert->conflict_count != primary->count) return NULL;
  for (size_t i = 0; i < insert->conflict_count; i++)
    if (!rl_index_has(primary, insert->conflict[i])) return NULL;
  for (size_t i = 0; i < primary->count; i++) {
    const rl_assign *a = rl_assign_of(insert->assigns, insert->assign_count, primary->fields[i].field);
    bool known = a && a->input && (a->input->kind == RL_INPUT_VALUE || a->input->kind == RL_INPUT_CONSTANT);
    if (!known) return NULL;
    key[i] = a->input;
  }
  return key;
}

/* A field that an upsert sets to the value by which it found the row stays as it is. */
static bool stays(const rl_insert *insert, const rl_assign *a) {
  const rl_assign *given = rl_assign_of(insert->assigns, insert->assign_count, a->field);
  bool by_it = false;
  for (size_t i = 0; i < insert->conflict_count; i++) by_it |= insert->conflict[i] == a->field;
  return by_it && given && a->op == RL_SET && a->input == given->input;
}

static void write_insert(rl_touching *t, const rl_insert *insert) {
  const rl_model *model = insert->model;
  if (insert->link) {
    (void)rl_touching_write(t, insert->link->join_table, NULL);
    return;
  }
  write_new_key(t, model);
  if (!rl_insert_updates(insert)) return;
  write_row(t, model, key_of_conflict(t, insert));
  for (size_t i = 0; i < insert->on_conflict_count; i++)
    if (!stays(insert, &insert->on_conflict[i])) set_field(t, model, insert->on_conflict[i].field);
  for (size_t i = 0; insert->rows && i < insert->rows->update_count; i++) set_field(t, model, insert->rows->update[i]);
}

static void write_update(rl_touching *t, size_t at, const rl_update *update) {
  const rl_model *model = update->model;
  write_row(t, model, update->rows ? NULL : key_of_step(t, at, model));
  if (has_computed_key(model)) write_new_key(t, model);
  for (size_t i = 0; i < update->assign_count; i++) set_field(t, model, update->assigns[i].field);
  for (size_t i = 0; update->rows && i < update->rows->update_count; i++) set_field(t, model, update->rows->update[i]);
}

static void write_delete(rl_touching *t, size_t at, const rl_delete *gone) {
  if (gone->link) {
    (void)rl_touching_write(t, gone->link->join_table, NULL);
    return;
  }
  write_row(t, gone->model, key_of_step(t, at, gone->model));
  rl_touching_deletes(t, gone->model);
}

static void touch_step(rl_touching *t, size_t at) {
  const rl_step *step = &t->plan->steps[at];
  switch (step->kind) {
  case RL_STEP_SELECT: read_select(t, step->as.select); break;
  case RL_STEP_INSERT:
    read_filter(t, step->as.insert->conflict_where);
    write_insert(t, step->as.insert);
    break;
  case RL_STEP_UPDATE:
    read_filter(t, step->as.update->where);
    read_filter(t, step->as.update->keys);
    write_update(t, at, step->as.update);
    break;
  case RL_STEP_DELETE:
    read_filter(t, step->as.delete_->where);
    read_filter(t, step->as.delete_->keys);
    write_delete(t, at, step->as.delete_);
    break;
  case RL_STEP_RAISE:
  case RL_STEP_MERGE: break;
  }
}

/* ------------------------------------------------------------------ whole programs */

/* Before its steps are walked: they may find that more of the table is read than one row. */
static void see_by_key(rl_touching *t) {
  const rl_plan *plan = t->plan;
  bool unique = plan->action == RILLE_FIND_UNIQUE || plan->action == RILLE_FIND_UNIQUE_OR_THROW;
  if (!unique || !plan->step_count || plan->steps[0].kind != RL_STEP_SELECT || plan->model->is_view) return;
  const rl_select *root = plan->steps[0].as.select;
  bool plain = !root->keys && !root->link && !root->cursor && !root->skip && !root->take_none && !root->distinct_count;
  t->touch->by_key = plain && root->model == plan->model && rl_is_one_key(root->model, root->where);
  if (t->touch->by_key) t->touch->key = key_of_step(t, 0, root->model);
}

static rl_touch *touch_new(rl_touching *t, const rl_schema *schema, const rl_plan *plan) {
  rl_touch *touch = rl_calloc(1, sizeof *touch);
  if (!touch) return NULL;
  rl_arena_init(&touch->arena, 512);
  *t = (rl_touching){.schema = schema, .plan = plan, .touch = touch};
  t->models = rl_calloc(schema->model_count + 1, sizeof *t->models);
  t->failed = !t->models;
  return touch;
}

static rl_touch *touch_finish(rl_touching *t) {
  rl_touch *touch = t->touch;
  rl_free(t->models);
  if (!t->failed) return touch;
  rl_touch_free(touch);
  return NULL;
}

rl_touch *rl_touch_of_plan(const rl_schema *schema, const rl_plan *plan) {
  rl_touching t;
  if (!touch_new(&t, schema, plan)) return NULL;
  if (!t.failed) see_by_key(&t);
  for (size_t i = 0; i < plan->step_count && !t.failed; i++) touch_step(&t, i);
  if (!t.failed && t.touch->write_count) rl_touching_act(&t);
  return touch_finish(&t);
}

rl_touch *rl_touch_of_models(const rl_schema *schema, const rl_model *const *models, size_t count) {
  rl_touching t;
  if (!touch_new(&t, schema, NULL)) return NULL;
  for (size_t i = 0; i < count && !t.failed; i++) {
    const rl_model *m = models[i];
    read_model(&t, m);
    for (size_t k = 0; k < m->relation_count; k++)
      if (m->relations[k]->relation->kind == RL_MANY_TO_MANY)
        read_table(&t, m->relations[k]->relation->join_table, false);
    t.touch->writes_view |= m->is_view;
    if (m->is_view) continue;
    rl_touching_whole(&t, m);
    rl_touching_deletes(&t, m);
    rl_touching_sets_all(&t, m);
  }
  if (!t.failed) rl_touching_act(&t);
  return touch_finish(&t);
}

void rl_touch_free(rl_touch *touch) {
  if (!touch) return;
  rl_arena_dispose(&touch->arena);
  rl_free(touch);
}

/* ------------------------------------------------------------------ as text */

static bool is_plain(rl_str name) {
  for (size_t i = 0; i < name.len; i++) {
    char c = name.p[i], lower = (char)(c | 0x20);
    if ((lower < 'a' || lower > 'z') && (c < '0' || c > '9') && c != '_') return false;
  }
  return true;
}

/* Writes the name of a table; one that is no plain word in quotes, as in SQL. */
static void dump_name(rl_buf *out, rl_str name) {
  rl_buf_byte(out, ' ');
  if (is_plain(name)) {
    rl_buf_str(out, name);
    return;
  }
  rl_buf_byte(out, '"');
  for (size_t i = 0; i < name.len; i++) {
    if (name.p[i] == '"') rl_buf_byte(out, '"');
    rl_buf_byte(out, name.p[i]);
  }
  rl_buf_byte(out, '"');
}

void rl_touch_dump(const rl_touch *touch, rl_buf *out) {
  if (touch->by_key) rl_buf_text(out, touch->key ? "one by its primary key, " : "one by a key, ");
  rl_buf_text(out, touch->locks ? "locks and reads" : "reads");
  for (size_t i = 0; i < touch->read_count; i++) dump_name(out, touch->reads[i]);
  if (touch->reads_view) rl_buf_text(out, " by a view");
  rl_buf_byte(out, '\n');
  if (!touch->write_count) return;
  rl_buf_text(out, "writes");
  for (size_t i = 0; i < touch->write_count; i++) {
    const rl_touched *w = &touch->writes[i];
    dump_name(out, w->table);
    if (!w->whole && w->row_count) rl_buf_printf(out, "[%zu]", w->row_count);
    rl_buf_text(out, w->whole ? "*" : w->new_key ? "+" : "");
  }
  rl_buf_byte(out, '\n');
}
