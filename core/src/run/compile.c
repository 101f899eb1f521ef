/* From a tape to a program: bind, plan, render, and what the interpreter needs to know in advance. */
#include "run/compile.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/debug.h"
#include "plan/touch.h"

/* Longer shapes, such as literal lists of tables, hardly ever come again: they are compiled but not kept. */
#define LONGEST_KEPT_SHAPE 16384

static _Atomic uint64_t last_statement_id,
    last_shape_id; /* process-wide: numbers must differ across clients that share connections */

uint64_t rl_statement_id(void) {
  return atomic_fetch_add(&last_statement_id, 1) + 1;
}

void rl_run_describe_stmt(const rl_template *t, rl_stmt *s) {
  *s = (rl_stmt){.id = t->sql ? rl_statement_id() : 0,
                 .sql = t->sql,
                 .sql_len = t->sql_len,
                 .params = t->wire_types,
                 .param_count = t->param_count,
                 .columns = t->columns,
                 .column_count = t->column_count,
                 .writes = t->writes,
                 .returns_rows = t->returns_rows,
                 .numbers_rows = t->numbers_rows};
}

static bool template_maps_enums(const rl_template *t) {
  for (uint32_t i = 0; i < t->column_count; i++) {
    const rl_field *f = t->column_fields ? t->column_fields[i] : NULL;
    if (!f || f->type.scalar != RL_ENUM) continue;
    for (size_t k = 0; k < f->type.enumeration->count; k++) {
      const rl_enum_value *v = &f->type.enumeration->values[k];
      if (!rl_str_eq(v->name, v->column)) return true;
    }
  }
  return false;
}

static rille_value_kind kind_of_wire(rl_wire w) {
  switch (w) {
  case RL_WIRE_ANY: return RILLE_NULL;
  case RL_WIRE_BOOL: return RILLE_BOOL;
  case RL_WIRE_INT2:
  case RL_WIRE_INT4:
  case RL_WIRE_INT8:
  case RL_WIRE_OID: return RILLE_INT;
  case RL_WIRE_FLOAT4:
  case RL_WIRE_FLOAT8: return RILLE_FLOAT;
  case RL_WIRE_DECIMAL: return RILLE_DECIMAL;
  case RL_WIRE_TIMESTAMP:
  case RL_WIRE_TIMESTAMPTZ:
  case RL_WIRE_DATE:
  case RL_WIRE_TIME:
  case RL_WIRE_TIMETZ: return RILLE_DATETIME;
  case RL_WIRE_JSON:
  case RL_WIRE_JSONB: return RILLE_JSON;
  case RL_WIRE_BYTES: return RILLE_BYTES;
  case RL_WIRE_TEXT:
  case RL_WIRE_UUID:
  case RL_WIRE_ENUM:
  case RL_WIRE_UNKNOWN: break;
  }
  return RILLE_TEXT;
}

/* Returns whether the step fills the node. A recursive read also fills the nodes that continue its own. */
static bool step_fills_node(const rl_plan *plan, const rl_step *step, uint32_t node) {
  if (step->node == RL_NO_NODE) return false;
  while (plan->nodes[node].parent == node) node--;
  return node == step->node;
}

static const rl_template *template_of_node(const rl_compiled *c, uint32_t node) {
  for (size_t i = 0; i < c->plan->step_count; i++)
    if (step_fills_node(c->plan, &c->plan->steps[i], node)) return &c->program->steps[i].main;
  return NULL;
}

static rille_status describe_node(rl_compiled *c, uint32_t index, rl_error *err) {
  const rl_node_plan *n = &c->plan->nodes[index];
  const rl_template *t = template_of_node(c, index);
  rille_column *columns = RL_NEW_ARRAY(&c->arena, rille_column, n->column_count ? n->column_count : 1);
  if (!columns) return rl_fail_nomem(err);
  for (size_t i = 0; i < n->column_count; i++) {
    const rl_column *from = &n->columns[i];
    rl_wire_type type = t && i < t->column_count ? t->columns[i] : (rl_wire_type){.wire = RL_WIRE_ANY};
    columns[i] = (rille_column){.name = from->name.p,
                                .name_len = from->name.len,
                                .group = from->group.len ? from->group.p : NULL,
                                .group_len = from->group.len,
                                .kind = kind_of_wire(type.wire),
                                .list = type.list};
  }
  rille_node *out = &c->nodes[index];
  out->parent = n->parent;
  out->list = n->list;
  out->name = n->name.p;
  out->name_len = n->name.len;
  out->columns = columns;
  out->column_count = (uint32_t)n->column_count;
  return RILLE_OK;
}

/* Counts the children of each node. A node that continues another has the same children, the next such node among them.
 * The last has no next one. */
static void count_children(rl_compiled *c) {
  const rl_node_plan *nodes = c->plan->nodes;
  uint32_t count = (uint32_t)c->plan->node_count;
  for (uint32_t i = 1; i < count; i++) {
    if (nodes[i].parent != i)
      c->nodes[nodes[i].parent].child_count++;
    else if (nodes[i - 1].parent != i - 1)
      c->nodes[i - 1].child_count++;
  }
  for (uint32_t i = 1; i < count; i++)
    if (nodes[i].parent == i) c->nodes[i].child_count = c->nodes[i - 1].child_count - (nodes[i].last ? 1 : 0);
}

/* Values of a step that reads no rowset are taken, and so checked, before the call starts. Those of the others are
 * looked up here, so that their rules are checked then as well. */
static bool has_late_rules(const rl_step *step, const rl_template *t) {
  if (!step->needs) return false;
  const rl_rows *rows = rl_step_rows(step);
  for (size_t i = 0; rows && i < rows->column_count; i++)
    if (rows->columns[i].ruled) return true;
  for (uint32_t i = 0; !rows && i < t->param_count; i++)
    if (rl_input_has_rules(t->inputs[i])) return true;
  return false;
}

static rille_status compiled_finish(rl_compiled *c, rl_error *err) {
  rl_plan *p = c->plan;
  c->steps = RL_NEW_ARRAY(&c->arena, rl_run_step, p->step_count ? p->step_count : 1);
  c->nodes = RL_NEW_ARRAY(&c->arena, rille_node, p->node_count ? p->node_count : 1);
  if (!c->steps || !c->nodes) return rl_fail_nomem(err);
  for (size_t i = 0; i < p->step_count; i++) {
    const rl_step_sql *s = &c->program->steps[i];
    rl_run_describe_stmt(&s->main, &c->steps[i].main);
    rl_run_describe_stmt(&s->one, &c->steps[i].one);
    c->steps[i].has_late_rules = has_late_rules(&p->steps[i], &s->main);
    c->has_late_rules |= c->steps[i].has_late_rules;
    c->steps[i].maps_enums = template_maps_enums(&s->main);
    bool checks = (p->steps[i].if_none && !p->steps[i].checked_late) || p->steps[i].if_fewer;
    c->steps[i].waits = checks || s->bulk != RL_BULK_NONE;
  }
  for (uint32_t i = 0; i < p->node_count; i++) {
    rille_status st = describe_node(c, i, err);
    if (st != RILLE_OK) return st;
  }
  count_children(c);
  return RILLE_OK;
}

static rille_status compiled_fill(rl_compiled *c, const rl_compile_context *x, const rl_cache_key *key, rl_error *err) {
  rl_arg_tree *tree = NULL;
  rl_query *query = NULL;
  rille_status st = rl_arg_tree_read(key->tape, &c->arena, &tree, err);
  if (st == RILLE_OK) st = rl_bind(x->schema, key->model, key->action, tree, &x->bind, &c->arena, &query, err);
  if (st == RILLE_OK) st = rl_plan_make(x->schema, query, &x->dialect->features, &c->arena, &c->plan, err);
  if (st == RILLE_OK) st = rl_sql_render(x->dialect, x->schema, c->plan, &c->arena, &c->program, err);
  if (st != RILLE_OK) return st;
  c->runs = tree->runs;
  c->run_count = tree->run_count;
  c->pins = tree->pins;
  c->pin_count = tree->pin_count;
  return compiled_finish(c, err);
}

const rl_touch *rl_compiled_touch(rl_compiled *c) {
  rl_touch *known = atomic_load_explicit(&c->touch, memory_order_acquire);
  if (known) return known;
  rl_touch *made = rl_touch_of_plan(c->model->schema, c->plan);
  if (!made || atomic_compare_exchange_strong(&c->touch, &known, made)) return made;
  rl_touch_free(made); /* another thread was faster */
  return known;
}

static void trace_plan(rl_compiled *c) {
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_printf(&text, "%.*s, %u steps\n", RL_STR_ARG(c->model->name), (unsigned)c->plan->step_count);
  rl_plan_dump(c->plan, &text);
  const rl_touch *touch = rl_compiled_touch(c);
  if (touch) rl_touch_dump(touch, &text);
  rl_debug_lines(RL_DEBUG_PLAN, rl_buf_view(&text));
  rl_buf_dispose(&text);
}

static rille_status compiled_new(const rl_compile_context *x, const rl_cache_key *key, rl_compiled **out,
                                 rl_error *err) {
  rl_compiled *c = rl_calloc(1, sizeof *c);
  if (!c) return rl_fail_nomem(err);
  rl_arena_init(&c->arena, 8192);
  c->references = 1;
  c->hash = key->hash;
  c->model = key->model;
  c->action = key->action;
  c->id = atomic_fetch_add(&last_shape_id, 1) + 1;
  c->shape = rl_arena_str(&c->arena, key->shape);
  rille_status st = c->shape.p ? compiled_fill(c, x, key, err) : rl_fail_nomem(err);
  if (st != RILLE_OK) {
    rl_error_detail(err, "model", key->model->name);
    rl_compiled_release(c);
    return st;
  }
  if (RL_DEBUGS(RL_DEBUG_PLAN)) trace_plan(c);
  *out = c;
  return RILLE_OK;
}

rille_status rl_compile(rl_plan_cache *cache, const rl_compile_context *x, const rl_model *model, rille_action action,
                        const rl_tape *tape, rl_arena *arena, rl_compiled **out, uint32_t **anchors, rl_error *err) {
  if (tape->end.suffix != x->scope) return rl_fail(err, RL_INTERNAL, "the call does not have the scope of its client");
  rl_cache_key key = {rl_tape_hash(tape) + (uint64_t)model->index * 0x9E3779B97F4A7C15u +
                          (uint64_t)action * 0xC2B2AE3D27D4EB4Fu,
                      rl_buf_view(&tape->shape), model, action, tape};
  *out = rl_plan_cache_find(cache, &key, arena, anchors);
  if (*out) return RILLE_OK;
  rille_status st = compiled_new(x, &key, out, err);
  if (st != RILLE_OK) return st;
  *anchors = rl_arena_alloc(arena, ((*out)->run_count + 1) * sizeof **anchors);
  if (!*anchors) {
    rl_compiled_release(*out);
    *out = NULL;
    return rl_fail_nomem(err);
  }
  (void)rl_tape_anchors(tape, (*out)->runs, (*out)->run_count, NULL, 0, *anchors); /* its own pins match */
  /* A program that is not kept is not run again: preparing its statements would gain nothing. */
  if (key.shape.len > LONGEST_KEPT_SHAPE || !rl_plan_cache_keep(cache, *out))
    for (size_t i = 0; i < (*out)->plan->step_count; i++) (*out)->steps[i].main.id = (*out)->steps[i].one.id = 0;
  return RILLE_OK;
}
