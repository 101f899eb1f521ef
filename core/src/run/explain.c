/* Explaining a call: its statements and steps, and the database's plan of each statement. The head needs no database.
 * The plans come from the database, which runs nothing. */
#include "run/explain.h"

#include "plan/touch.h"
#include "run/model.h"
#include "run/op.h"
#include "run/steps.h"

enum { NODE_CALL, NODE_STATEMENT, NODE_LINE, MOST_LINES = 256 };

static const rille_column call_columns[] = {
    {.name = "round_trips", .name_len = 11, .kind = RILLE_INT},
    {.name = "steps", .name_len = 5, .kind = RILLE_TEXT},
    {.name = "touches", .name_len = 7, .kind = RILLE_TEXT},
};
static const rille_column statement_columns[] = {
    {.name = "sql", .name_len = 3, .kind = RILLE_TEXT},
    {.name = "params", .name_len = 6, .kind = RILLE_INT},
    {.name = "dependent", .name_len = 9, .kind = RILLE_BOOL},
};
static const rille_column line_columns[] = {{.name = "line", .name_len = 4, .kind = RILLE_TEXT}};

static const rille_node nodes[3] = {
    {.parent = UINT32_MAX, .columns = call_columns, .column_count = 3, .child_count = 1},
    {.parent = NODE_CALL,
     .list = 1,
     .name = "statements",
     .name_len = 10,
     .columns = statement_columns,
     .column_count = 3,
     .child_count = 1},
    {.parent = NODE_STATEMENT, .list = 1, .name = "plan", .name_len = 4, .columns = line_columns, .column_count = 1},
};

typedef struct rl_explain {
  uint32_t *steps; /* the steps of the plan that are statements */
  uint32_t count;
  uint32_t trips; /* expected round trips */
  const rl_driver *driver;
  uint32_t head_rows; /* rows of the head delivered so far */
  uint64_t lines;     /* delivered so far */
  uint32_t reading;   /* the statement whose lines are being read */
  rl_stmt *stmts;
  rl_value cells[3];
  int64_t ids[MOST_LINES]; /* of the lines of this plan, with their depths, for indentation */
  uint32_t depths[MOST_LINES], line_count;
} rl_explain;

/* Returns the template that is shown. For a bulk insert in several statements it is that of a single row. */
static const rl_template *template_of(const rl_call *call, uint32_t step) {
  const rl_step_sql *s = &call->compiled->program->steps[step];
  return s->bulk == RL_BULK_VALUES ? &s->one : &s->main;
}

static rille_status explain_prepare(rl_call *call, rl_explain *x, rl_error *err) {
  const rl_plan *plan = call->compiled->plan;
  x->steps = RL_NEW_ARRAY(call->arena, uint32_t, plan->step_count + 1);
  x->stmts = RL_NEW_ARRAY(call->arena, rl_stmt, plan->step_count + 1);
  if (!x->steps || !x->stmts) return rl_fail_nomem(err);
  for (uint32_t i = 0; i < plan->step_count; i++) {
    const rl_template *t = template_of(call, i);
    if (!t->sql) continue;
    char *sql = rl_arena_printf(call->arena, "%s%s", x->driver->explain, t->sql);
    if (!sql) return rl_fail_nomem(err);
    x->stmts[x->count] = (rl_stmt){.sql = sql,
                                   .sql_len = strlen(sql),
                                   .params = t->wire_types,
                                   .param_count = t->param_count,
                                   .returns_rows = true};
    x->steps[x->count++] = i;
  }
  return RILLE_OK;
}

/* ------------------------------------------------------------------ the head */

static rl_value text_value(rl_str s) {
  return (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)s.len, .as.p = s.p};
}

/* Takes the text of the buffer, and empties it. p is NULL when out of memory. */
static rl_str take_text(rl_call *call, rl_buf *text) {
  rl_str taken = text->failed ? (rl_str){NULL, 0} : rl_arena_str(call->arena, rl_buf_view(text));
  rl_buf_dispose(text);
  rl_buf_init(text);
  return taken;
}

static rille_status call_row(rl_call *call, rl_explain *x, rl_error *err) {
  rl_buf text;
  rl_buf_init(&text);
  rl_plan_dump(call->compiled->plan, &text);
  rl_str steps = take_text(call, &text);
  const rl_touch *touch = rl_compiled_touch(call->compiled);
  if (touch) rl_touch_dump(touch, &text);
  rl_str touches = take_text(call, &text);
  if (!steps.p || !touch || !touches.p) return rl_fail_nomem(err);
  x->cells[0] = (rl_value){.kind = RILLE_INT, .as.i = x->trips};
  x->cells[1] = text_value(steps);
  x->cells[2] = text_value(touches);
  return RILLE_ROW;
}

static void statement_row(const rl_call *call, rl_explain *x, uint32_t statement) {
  const rl_template *t = template_of(call, x->steps[statement]);
  x->cells[0] = text_value((rl_str){t->sql, t->sql_len});
  x->cells[1] = (rl_value){.kind = RILLE_INT, .as.i = t->param_count};
  x->cells[2] = (rl_value){.kind = RILLE_BOOL, .as.i = call->compiled->plan->steps[x->steps[statement]].needs != 0};
}

static rille_status explain_head(rl_call *call, rille_row *row, rl_error *err) {
  rl_explain *x = call->explain;
  if (x->head_rows > x->count) return RILLE_DONE;
  uint32_t node = x->head_rows ? NODE_STATEMENT : NODE_CALL;
  if (node == NODE_CALL && call_row(call, x, err) != RILLE_ROW) return RILLE_NOMEM;
  if (node == NODE_STATEMENT) statement_row(call, x, x->head_rows - 1);
  *row = (rille_row){.node = node,
                     .count = nodes[node].column_count,
                     .ordinal = node == NODE_CALL ? 0 : x->head_rows - 1,
                     .cells = x->cells};
  x->head_rows++;
  return RILLE_ROW;
}

/* ------------------------------------------------------------------ parameters */

static bool is_dependent(const rl_input *input) {
  if (input->kind == RL_INPUT_CELL || input->kind == RL_INPUT_KEYS) return true;
  for (size_t i = 0; input->kind == RL_INPUT_ARRAY && i < input->count; i++)
    if (is_dependent(&input->items[i])) return true;
  return false;
}

/* Returns a value in place of one that only a run would know. It has the right type, because planners make nothing of
 * NULL. */
static rl_value explain_stand_in(rl_wire_type wire_type) {
  static const char *const no_uuid = "00000000-0000-0000-0000-000000000000";
  if (wire_type.list) return (rl_value){.kind = RILLE_LIST};
  switch (wire_type.wire) {
  case RL_WIRE_BOOL: return (rl_value){.kind = RILLE_BOOL};
  case RL_WIRE_INT2:
  case RL_WIRE_INT4:
  case RL_WIRE_INT8:
  case RL_WIRE_OID: return (rl_value){.kind = RILLE_INT};
  case RL_WIRE_FLOAT4:
  case RL_WIRE_FLOAT8: return (rl_value){.kind = RILLE_FLOAT};
  case RL_WIRE_DECIMAL: return (rl_value){.kind = RILLE_DECIMAL, .len = 1, .as.p = "0"};
  case RL_WIRE_TIMESTAMP:
  case RL_WIRE_TIMESTAMPTZ:
  case RL_WIRE_DATE:
  case RL_WIRE_TIME:
  case RL_WIRE_TIMETZ: return (rl_value){.kind = RILLE_DATETIME};
  case RL_WIRE_JSON:
  case RL_WIRE_JSONB: return (rl_value){.kind = RILLE_JSON, .len = 4, .as.p = "null"};
  case RL_WIRE_BYTES: return (rl_value){.kind = RILLE_BYTES, .as.p = ""};
  case RL_WIRE_TEXT: return (rl_value){.kind = RILLE_TEXT, .as.p = ""};
  case RL_WIRE_UUID: return (rl_value){.kind = RILLE_TEXT, .len = 36, .as.p = no_uuid};
  case RL_WIRE_ANY:
  case RL_WIRE_ENUM:
  case RL_WIRE_UNKNOWN: break;
  }
  return (rl_value){.kind = RILLE_NULL};
}

static rille_status explain_params(rl_call *call, const rl_template *t, rl_value **out, rl_error *err) {
  rl_value *params = RL_NEW_ARRAY(call->arena, rl_value, t->param_count + 1);
  if (!params) return rl_fail_nomem(err);
  for (uint32_t i = 0; i < t->param_count; i++) {
    const rl_input *input = t->inputs[i]; /* NULL: a row of a bulk insert */
    bool known = input && !is_dependent(input);
    rille_status st = known ? rl_input_value(input, &call->inputs, &params[i], err) : RILLE_OK;
    if (st != RILLE_OK) return st;
    if (!known) params[i] = explain_stand_in(t->wire_types[i]);
  }
  *out = params;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ the plans */

static bool explain_is_sent(const rl_call *call) {
  return call->pc == call->explain->count;
}

static rille_status explain_send(rl_call *call, rl_exchange *io, rl_group *group, rl_error *err) {
  rl_explain *x = call->explain;
  rille_status st = RILLE_OK;
  while (st == RILLE_OK && call->pc < x->count && (x->driver->pipelines || group->steps == 0)) {
    rl_value *params = NULL;
    st = explain_params(call, template_of(call, x->steps[call->pc]), &params, err);
    if (st == RILLE_OK) st = io->driver->send(io->conn, &x->stmts[call->pc], params, err);
    if (st == RILLE_OK) st = rl_exchange_push(io, (rl_sent){RL_SENT_STATEMENT, call->pc, call}, err);
    call->pc++;
    io->statements++;
    group->steps++;
  }
  return st;
}

/* Returns the depth of a line in the tree of its plan. */
static uint32_t depth_of(rl_explain *x, int64_t id, int64_t parent) {
  uint32_t depth = 0;
  for (uint32_t i = 0; i < x->line_count; i++)
    if (x->ids[i] == parent) depth = x->depths[i] + 1;
  if (x->line_count < MOST_LINES) {
    x->ids[x->line_count] = id;
    x->depths[x->line_count++] = depth;
  }
  return depth;
}

static rille_status line_row(rl_call *call, rl_exchange *io, const rl_sent *sent, rille_row *row, rl_error *err) {
  rl_explain *x = call->explain;
  uint32_t statement = sent->step;
  (void)io;
  const rl_value *cells = call->view.cells;
  uint32_t text = x->driver->explain_text;
  if (call->view.count <= text) return rl_fail(err, RL_INTERNAL, "the database's plan has no text");
  if (statement != x->reading) x->line_count = 0;
  x->reading = statement;
  x->cells[0] = cells[text];
  if (x->driver->explain_tree) {
    uint32_t depth = depth_of(x, cells[0].as.i, cells[1].as.i);
    char *line = rl_arena_printf(call->arena, "%*s%.*s", (int)depth * 2, "", (int)cells[text].len, cells[text].as.p);
    if (!line) return rl_fail_nomem(err);
    x->cells[0] = text_value(rl_str_of(line));
  }
  *row = (rille_row){.node = NODE_LINE, .count = 1, .ordinal = x->lines++, .parent = statement, .cells = x->cells};
  return RILLE_ROW;
}

/* ------------------------------------------------------------------ the kind, and the start */

static const char *explain_action(const rl_call *call) {
  (void)call;
  return "explain";
}

static void explain_failed(const rl_call *call, rl_error *err) {
  (void)call;
  (void)err;
}

static void explain_rewind(rl_call *call) {
  call->pc = 0;
}

static uint64_t explain_shape(const rl_call *call, const rille_node **out, uint32_t *count) {
  *out = call->explain ? nodes : NULL; /* NULL before it has started */
  *count = call->explain ? 3 : 0;
  return 0;
}

static rille_result explain_result(const rl_call *call) {
  (void)call;
  return RILLE_RESULT_ROW;
}

/* A replica may plan otherwise, so explanations do not go there. */
static const rl_call_kind explain_kind = {.action = explain_action,
                                          .writes = rl_call_never,
                                          .repeats = rl_call_always,
                                          .may_write = rl_call_never,
                                          .head = explain_head,
                                          .is_sent = explain_is_sent,
                                          .send = explain_send,
                                          .row = line_row,
                                          .answered = rl_call_ignore_end,
                                          .failed = explain_failed,
                                          .rewind = explain_rewind,
                                          .shape = explain_shape,
                                          .result = explain_result};

rille_status rl_op_start_explain(rl_op *op, rl_tx *tx, const rl_model *model, rille_action action_of,
                                 const rl_tape *tape, rl_error *err) {
  rl_call *call = NULL;
  rille_status st = rl_op_begin_start(op, tx, &rl_op_calls, err);
  if (st == RILLE_OK) st = rl_op_add_call(op, &explain_kind, &call, err);
  if (st == RILLE_OK) st = rl_call_compile(call, &(rl_model_call){op->client->cache, model, action_of, tape, tx}, err);
  if (st != RILLE_OK) return st;
  call->explain = RL_NEW(call->arena, rl_explain);
  if (!call->explain) return rl_fail_nomem(err);
  bool within = tx != NULL, wrapped = (!within && rl_client_has_session(op->client)) || rl_call_is_atomic(call, within);
  call->explain->driver = op->client->driver;
  call->explain->trips = rl_call_foresee_trips(call, op->client->driver->pipelines, wrapped);
  st = explain_prepare(call, call->explain, err);
  if (st == RILLE_OK) rl_op_started(op, tx);
  return st;
}
