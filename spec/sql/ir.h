/* Steps built by hand, so rendering is tested without the rooms that build them from calls. Everything is allocated
 * in one arena. The test fails when out of memory. */
#ifndef SPEC_SQL_IR_H
#define SPEC_SQL_IR_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "sql/sql.h"

static rl_arena ir_arena;
static rl_schema *ir_schema;

static inline void *ir_new(size_t size) {
  void *p = rl_arena_zalloc(&ir_arena, size);
  assert_non_null(p);
  return p;
}
#define IR_NEW(type) ((type *)ir_new(sizeof(type)))

static inline void ir_open(const char *text, rl_provider provider) {
  rl_arena_init(&ir_arena, 0);
  rl_source source = {RL_STR("schema.prisma"), rl_str_of(text)};
  rl_error err = {0};
  if (rl_schema_parse(&source, 1, provider, &ir_schema, NULL, &err) != RILLE_OK) fail_msg("%s", rl_error_message(&err));
}

static inline void ir_close(void) {
  rl_schema_release(ir_schema);
  rl_arena_dispose(&ir_arena);
}

/* "User" and "User.name" */
static inline const rl_model *ir_model(const char *name) {
  const rl_model *m = rl_schema_model(ir_schema, rl_str_of(name));
  if (!m) fail_msg("no model %s", name);
  return m;
}

static inline const rl_field *ir_field(const char *path) {
  const char *dot = strchr(path, '.');
  assert_non_null(dot);
  const rl_model *m = rl_schema_model(ir_schema, rl_str_make(path, (size_t)(dot - path)));
  const rl_field *f = m ? rl_model_field(m, rl_str_of(dot + 1)) : NULL;
  if (!f) fail_msg("no field %s", path);
  return f;
}

/* ------------------------------------------------------------------ inputs */

static inline rl_value ir_int(int64_t i) {
  return (rl_value){.kind = RILLE_INT, .as.i = i};
}
static inline rl_value ir_text(const char *z) {
  return (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)strlen(z), .as.p = z};
}
static inline rl_value ir_decimal(const char *z) {
  return (rl_value){.kind = RILLE_DECIMAL, .len = (uint32_t)strlen(z), .as.p = z};
}
static inline rl_value ir_json(const char *z) {
  return (rl_value){.kind = RILLE_JSON, .len = (uint32_t)strlen(z), .as.p = z};
}

static inline rl_input *ir_input(rl_type type, rl_value value) {
  rl_input *in = IR_NEW(rl_input);
  in->kind = RL_INPUT_CONSTANT;
  in->type = type;
  in->constant = value;
  return in;
}
static inline rl_input *ir_of(const char *field, rl_value value) {
  rl_type type = ir_field(field)->type;
  type.list = false;
  return ir_input(type, value);
}
static inline rl_input *ir_number(int64_t i) {
  return ir_input((rl_type){.scalar = RL_INT}, ir_int(i));
}

static inline rl_input *ir_list(rl_type type, size_t count, ...) {
  rl_value *items = ir_new((count + 1) * sizeof *items);
  va_list args;
  va_start(args, count);
  for (size_t i = 0; i < count; i++) items[i] = va_arg(args, rl_value);
  va_end(args);
  type.list = false;
  rl_input *in = ir_input(type, (rl_value){.kind = RILLE_LIST, .len = (uint32_t)count, .as.list = items});
  return in;
}
#define IR_COUNT(...) (sizeof((rl_value[]){__VA_ARGS__}) / sizeof(rl_value))
#define ir_list_of(field, ...) ir_list(ir_field(field)->type, IR_COUNT(__VA_ARGS__), __VA_ARGS__)
#define ir_path(...) ir_list((rl_type){.scalar = RL_STRING}, IR_COUNT(__VA_ARGS__), __VA_ARGS__)

/* ------------------------------------------------------------------ filters */

static inline rl_filter *ir_filter(rl_filter_kind kind, const char *field) {
  rl_filter *f = IR_NEW(rl_filter);
  f->kind = kind;
  if (field) f->field = ir_field(field);
  return f;
}
static inline rl_filter *ir_compare(const char *field, rl_operator op, rl_value value) {
  rl_filter *f = ir_filter(RL_FILTER_COMPARE, field);
  f->op = op;
  f->input = ir_of(field, value);
  return f;
}
static inline rl_filter *ir_in(const char *field, rl_input *list, bool negated) {
  rl_filter *f = ir_filter(RL_FILTER_IN, field);
  f->input = list;
  f->negated = negated;
  return f;
}
static inline rl_filter *ir_null(const char *field, bool negated) {
  rl_filter *f = ir_filter(RL_FILTER_IS_NULL, field);
  f->negated = negated;
  return f;
}
static inline rl_filter *ir_logic(rl_filter_kind kind, rl_filter *a, rl_filter *b) {
  rl_filter *f = ir_filter(kind, NULL);
  f->items = ir_new(2 * sizeof *f->items);
  f->items[f->count++] = a;
  if (b) f->items[f->count++] = b;
  return f;
}
#define ir_and(a, b) ir_logic(RL_FILTER_AND, a, b)
#define ir_or(a, b) ir_logic(RL_FILTER_OR, a, b)
#define ir_not(a) ir_logic(RL_FILTER_NOT, a, NULL)

static inline rl_filter *ir_relation(const char *field, rl_quantifier quantifier, rl_filter *inner) {
  rl_filter *f = ir_filter(RL_FILTER_RELATION, field);
  f->quantifier = quantifier;
  f->inner = inner;
  return f;
}
static inline rl_filter *ir_json_filter(const char *field, rl_operator op, rl_input *path, rl_value value) {
  rl_filter *f = ir_filter(RL_FILTER_JSON, field);
  f->op = op;
  f->json_path = path;
  f->input = ir_input((rl_type){.scalar = value.kind == RILLE_JSON ? RL_JSON : RL_STRING}, value);
  return f;
}
static inline rl_filter *ir_keys(size_t count, const char *const *fields, rl_input *const *inputs) {
  rl_filter *f = ir_filter(RL_FILTER_KEYS, NULL);
  f->fields = ir_new(count * sizeof *f->fields);
  f->inputs = ir_new(count * sizeof *f->inputs);
  f->field_count = count;
  for (size_t i = 0; i < count; i++) {
    f->fields[i] = ir_field(fields[i]);
    f->inputs[i] = inputs[i];
  }
  return f;
}
static inline rl_filter *ir_key(const char *field, rl_input *input) {
  return ir_keys(1, &field, &input);
}

/* ------------------------------------------------------------------ selects */

static inline rl_column *ir_add_column(rl_select *s, rl_column_kind kind, const char *field) {
  rl_column *columns = ir_new((s->column_count + 1) * sizeof *columns);
  if (s->column_count) memcpy(columns, s->columns, s->column_count * sizeof *columns);
  s->columns = columns;
  rl_column *c = &columns[s->column_count++];
  c->kind = kind;
  if (field) c->field = ir_field(field);
  return c;
}

/* Fields by their names, with a space between. */
static inline rl_select *ir_select(const char *model, const char *fields, rl_filter *where) {
  rl_select *s = IR_NEW(rl_select);
  s->model = ir_model(model);
  s->where = where;
  char name[128];
  for (const char *p = fields; *p;) {
    size_t len = strcspn(p, " ");
    snprintf(name, sizeof name, "%s.%.*s", model, (int)len, p);
    ir_add_column(s, RL_COLUMN_FIELD, name);
    p += len + (p[len] == ' ');
  }
  s->visible = s->column_count;
  return s;
}

static inline rl_order *ir_order(rl_select *s, const char *field, bool descending) {
  rl_order *orders = ir_new((s->order_count + 1) * sizeof *orders);
  if (s->order_count) memcpy(orders, s->orders, s->order_count * sizeof *orders);
  s->orders = orders;
  rl_order *o = &orders[s->order_count++];
  o->kind = RL_ORDER_FIELD;
  if (field) o->field = ir_field(field);
  o->descending = descending;
  return o;
}

static inline const rl_field **ir_fields(size_t count, ...) {
  const rl_field **fields = ir_new(count * sizeof *fields);
  va_list args;
  va_start(args, count);
  for (size_t i = 0; i < count; i++) fields[i] = ir_field(va_arg(args, const char *));
  va_end(args);
  return fields;
}

static inline rl_step *ir_read(rl_select *s) {
  rl_step *step = IR_NEW(rl_step);
  step->kind = RL_STEP_SELECT;
  step->as.select = s;
  return step;
}

/* ------------------------------------------------------------------ writes */

static inline rl_step *ir_write(rl_step_kind kind, void *what) {
  rl_step *step = IR_NEW(rl_step);
  step->kind = kind;
  if (kind == RL_STEP_INSERT) step->as.insert = what;
  if (kind == RL_STEP_UPDATE) step->as.update = what;
  if (kind == RL_STEP_DELETE) step->as.delete_ = what;
  return step;
}

static inline void ir_returning(rl_step *step, const char *model, const char *fields) {
  rl_select *s = ir_select(model, fields, NULL);
  step->returning = s->columns;
  step->returning_count = step->returning_visible = s->column_count;
}

static inline rl_assign *ir_assigns(size_t count, ...) {
  rl_assign *assigns = ir_new((count + 1) * sizeof *assigns);
  va_list args;
  va_start(args, count);
  for (size_t i = 0; i < count; i++) {
    const char *field = va_arg(args, const char *);
    assigns[i].field = ir_field(field);
    assigns[i].op = (rl_assign_op)va_arg(args, int);
    assigns[i].input = va_arg(args, rl_input *);
  }
  va_end(args);
  return assigns;
}

static inline rl_rows *ir_rows(const char *model, size_t count, ...) {
  rl_rows *rows = IR_NEW(rl_rows);
  rows->model = ir_model(model);
  rows->columns = ir_new((count + 1) * sizeof *rows->columns);
  rows->column_count = count;
  va_list args;
  va_start(args, count);
  for (size_t i = 0; i < count; i++) rows->columns[i].field = ir_field(va_arg(args, const char *));
  va_end(args);
  return rows;
}

/* ------------------------------------------------------------------ rendering */

static inline rl_step_sql *ir_render(const rl_dialect *dialect, rl_step *step) {
  rl_plan *plan = IR_NEW(rl_plan);
  plan->steps = step;
  plan->step_count = 1;
  rl_program *program = NULL;
  rl_error err = {0};
  if (rl_sql_render(dialect, ir_schema, plan, &ir_arena, &program, &err) != RILLE_OK)
    fail_msg("%s: %s", rl_provider_name(dialect->provider), rl_error_message(&err));
  return &program->steps[0];
}

static inline void ir_expect(const rl_dialect *dialect, rl_step *step, const char *sql) {
  assert_string_equal(ir_render(dialect, step)->main.sql, sql);
}

#endif
