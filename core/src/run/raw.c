/* Raw statements and scripts: the application's own SQL, with values as parameters. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "base/alloc.h"
#include "input/input.h"
#include "run/placeholders.h"
#include "run/raw.h"
#include "tape/json.h"

/* ------------------------------------------------------------------ parameters */

static rl_wire raw_wire_of(rille_value_kind kind) {
  switch (kind) {
  case RILLE_BOOL: return RL_WIRE_BOOL;
  case RILLE_INT: return RL_WIRE_INT8;
  case RILLE_FLOAT: return RL_WIRE_FLOAT8;
  case RILLE_BYTES: return RL_WIRE_BYTES;
  case RILLE_DATETIME: return RL_WIRE_TIMESTAMPTZ;
  default: return RL_WIRE_TEXT;
  }
}

/* Writes a number as the database reads it, in any locale. */
static char *raw_float_text(rl_call *call, double f) {
  if (isnan(f)) return rl_arena_strdup(call->arena, RL_STR("NaN"));
  if (isinf(f)) return rl_arena_strdup(call->arena, f < 0 ? RL_STR("-Infinity") : RL_STR("Infinity"));
  rl_buf text;
  rl_buf_init(&text);
  rl_json_write_float(&text, f);
  char *copy = text.failed ? NULL : rl_arena_strdup(call->arena, rl_buf_view(&text));
  rl_buf_dispose(&text);
  return copy;
}

/* Turns a scalar into text of unknown type, unless it is bytes. The database then infers the type from the context, so
 * `WHERE id = $1` uses an index whatever the column's type. */
static rille_status raw_param_as_text(rl_call *call, rl_value *v, rl_error *err) {
  char *text = NULL;
  if (v->kind == RILLE_INT)
    text = rl_arena_printf(call->arena, "%lld", (long long)v->as.i);
  else if (v->kind == RILLE_BOOL)
    text = rl_arena_printf(call->arena, "%s", v->as.i ? "true" : "false");
  else if (v->kind == RILLE_FLOAT)
    text = raw_float_text(call, v->as.f);
  else
    return RILLE_OK;
  if (!text) return rl_fail_nomem(err);
  *v = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)strlen(text), .as.p = text};
  return RILLE_OK;
}

/* Turns a list into an array of unknown type, or into a JSON array on a database without arrays. */
static rille_status raw_list_param(rl_call *call, rl_arg *node, rl_value *out, rl_wire_type *wire_type, rl_error *err) {
  rl_value *items = RL_NEW_ARRAY(call->arena, rl_value, node->count + 1);
  if (!items) return rl_fail_nomem(err);
  *wire_type = (rl_wire_type){.wire = call->raw->driver->infers_types ? RL_WIRE_UNKNOWN : RL_WIRE_ANY, .list = true};
  for (size_t i = 0; i < node->count; i++) {
    const rl_arg *n = &node->children[i];
    if (n->kind == RL_ARG_NULL) continue;
    if (!n->value)
      return rl_fail(err, RL_VALIDATION,
                     "params[%u][%zu]: expected a scalar, because a list parameter has only scalars", node->index + 1,
                     i + 1);
    items[i] = *n->value;
  }
  *out = (rl_value){.kind = RILLE_LIST, .len = (uint32_t)node->count, .as.list = items};
  return RILLE_OK;
}

static rille_status raw_json_param(rl_call *call, const rl_tape *tape, const rl_arg *node, rl_value *out,
                                   rl_error *err) {
  rl_buf text;
  rl_buf_init(&text);
  rille_status st = rl_arg_json(tape, node, &text, err);
  rl_str copy = st == RILLE_OK ? rl_arena_str(call->arena, rl_buf_view(&text)) : (rl_str){NULL, 0};
  rl_buf_dispose(&text);
  if (st != RILLE_OK) return st;
  if (!copy.p) return rl_fail_nomem(err);
  *out = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)copy.len, .as.p = copy.p};
  return RILLE_OK;
}

/* An empty list of rille has only a mark: it is a list, not NULL. Marks that are no value are refused. */
static rille_status raw_mark_param(rl_call *call, rl_arg *n, rl_value *out, rl_wire_type *wire_type, rl_error *err) {
  switch (n->mark) {
  case RL_MARK_JSON_NULL:
  case RL_MARK_DB_NULL: return RILLE_OK;
  case RL_MARK_EMPTY_ARRAY: n->count = 0; return raw_list_param(call, n, out, wire_type, err);
  case RL_MARK_EMPTY_OBJECT: *out = (rl_value){.kind = RILLE_TEXT, .len = 2, .as.p = "{}"}; return RILLE_OK;
  default:
    return rl_fail(err, RL_VALIDATION, "params[%u]: expected a value, got %s", n->index + 1, rl_mark_text(n->mark));
  }
}

static rille_status raw_param(rl_call *call, const rl_tape *tape, rl_arg_tree *tree, rl_arg *n, rl_value *out,
                              rl_wire_type *wire_type, rl_error *err) {
  *wire_type = (rl_wire_type){.wire = RL_WIRE_UNKNOWN};
  *out = (rl_value){.kind = RILLE_NULL};
  if (n->kind == RL_ARG_NULL) return RILLE_OK;
  if (n->kind == RL_ARG_MARK) return raw_mark_param(call, n, out, wire_type, err);
  if (n->kind == RL_ARG_OBJECT) return raw_json_param(call, tape, n, out, err);
  if (n->kind == RL_ARG_LIST) {
    rille_status st = rl_arg_expand(tree, n, err);
    return st == RILLE_OK ? raw_list_param(call, n, out, wire_type, err) : st;
  }
  *out = *n->value;
  bool typed = out->kind == RILLE_BYTES || out->kind == RILLE_DATETIME;
  if (typed || !call->raw->driver->infers_types) {
    wire_type->wire = raw_wire_of(out->kind);
    return RILLE_OK;
  }
  return raw_param_as_text(call, out, err);
}

static rille_status raw_take_params(rl_call *call, const rl_tape *tape, uint32_t used, rl_error *err) {
  rl_arg_tree *tree = NULL;
  size_t count = 0;
  rl_arg *list = NULL;
  if (tape) {
    rille_status st = rl_arg_tree_read(tape, call->arena, &tree, err);
    if (st != RILLE_OK) return st;
    list = tree->root;
    if (list->kind != RL_ARG_LIST) return rl_fail(err, RL_VALIDATION, "params: expected a list");
    st = rl_arg_expand(tree, list, err);
    if (st != RILLE_OK) return st;
    count = list->count;
  }
  if (count != used)
    return rl_fail(err, RL_P1016, "the statement has %u placeholder%s, but %zu parameter%s passed", used,
                   used == 1 ? "" : "s", count, count == 1 ? " was" : "s were");
  rl_value *values = RL_NEW_ARRAY(call->arena, rl_value, count + 1);
  rl_wire_type *wire_types = RL_NEW_ARRAY(call->arena, rl_wire_type, count + 1);
  if (!values || !wire_types) return rl_fail_nomem(err);
  for (size_t i = 0; i < count; i++) {
    rille_status st = raw_param(call, tape, tree, &list->children[i], &values[i], &wire_types[i], err);
    if (st != RILLE_OK) return st;
  }
  call->raw->params = values;
  call->raw->stmt.params = wire_types;
  call->raw->stmt.param_count = (uint32_t)count;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ send, rows, shape */

static bool raw_is_sent(const rl_call *call) {
  return call->pc > 0;
}

static rille_status raw_send(rl_call *call, rl_exchange *io, rl_group *group, rl_error *err) {
  rl_dispatch d = {
      .call = call, .stmt = &call->raw->stmt, .params = call->raw->params, .index = (uint32_t)io->sent_count};
  io->statements++;
  call->pc = 1;
  group->steps++;
  rille_status st = rl_exchange_send(io, &d, err);
  return st == RILLE_OK ? rl_exchange_push(io, (rl_sent){RL_SENT_STATEMENT, 0, call}, err) : st;
}

static rille_status raw_describe(rl_call *call, const rl_exchange *io, rl_error *err) {
  if (call->raw->described) return RILLE_OK;
  const rl_column_info *info = NULL;
  uint32_t n = io->driver->columns(io->conn, &info);
  rille_column *columns = RL_NEW_ARRAY(call->arena, rille_column, n + 1);
  if (!columns) return rl_fail_nomem(err);
  for (uint32_t i = 0; i < n; i++) {
    rl_str name = rl_arena_str(call->arena, info[i].name);
    if (!name.p) return rl_fail_nomem(err);
    columns[i] =
        (rille_column){.name = name.p, .name_len = name.len, .kind = RILLE_NULL, .list = info[i].wire_type.list};
  }
  call->raw->node = (rille_node){.parent = UINT32_MAX, .list = 1, .columns = columns, .column_count = n};
  call->raw->described = true;
  return RILLE_OK;
}

static rille_status raw_deliver_row(rl_call *call, rl_exchange *io, const rl_sent *sent, rille_row *row,
                                    rl_error *err) {
  (void)sent;
  rille_status st = raw_describe(call, io, err);
  if (st != RILLE_OK) return st;
  *row = (rille_row){.count = call->view.count, .ordinal = call->step_rows++, .cells = call->view.cells};
  return RILLE_ROW;
}

static rille_status raw_answered(rl_call *call, rl_exchange *io, const rl_sent *sent, int64_t affected, rl_error *err) {
  (void)sent;
  call->affected = affected;
  return raw_describe(call, io, err);
}

static void raw_rewind(rl_call *call) {
  call->pc = 0;
  call->step_rows = 0;
  call->affected = 0;
  call->raw->described = false;
}

static uint64_t raw_shape(const rl_call *call, const rille_node **nodes, uint32_t *count) {
  *nodes = call->raw ? &call->raw->node : NULL;
  *count = call->raw && call->raw->described ? 1 : 0;
  return 0;
}

static rille_result raw_result(const rl_call *call) {
  return call->raw && call->raw->stmt.returns_rows ? RILLE_RESULT_ROWS : RILLE_RESULT_COUNT;
}

/* Turns the error of a raw statement into P2010, whatever constraint it violated. */
static void raw_failed(const rl_call *call, rl_error *err) {
  (void)call;
  bool ours = err->code == RL_P2024 || err->code == RL_P2028 || err->code == RL_P2034 || err->code == RL_P1008 ||
              err->code == RL_P1016;
  if (ours || err->nomem || rl_code_kind(err->code) == RILLE_KIND_CONNECTION || err->code == RL_INTERNAL) return;
  char native[16];
  snprintf(native, sizeof native, "%d", (int)err->native);
  rl_error_detail(err, "code", rl_str_of(err->sqlstate[0] ? err->sqlstate : native));
  err->code = RL_P2010;
}

/* ------------------------------------------------------------------ the kinds */

static const char *raw_action(const rl_call *call) {
  return call->raw->stmt.returns_rows ? "query_raw" : "execute_raw";
}

static int32_t raw_counted_as(const rl_call *call) {
  return call->raw->stmt.returns_rows ? RILLE_RAW_QUERY : RILLE_RAW_EXECUTE;
}

static bool raw_writes(const rl_call *call) {
  return call->raw->stmt.writes;
}

/* Returns whether the statement may be about the server itself, its locks or sessions. A replica has other ones. All
 * such functions and tables have pg_ in their names. */
static bool is_about_the_server(const rl_stmt *s) {
  for (size_t i = 0; i + 3 <= s->sql_len; i++)
    if (tolower((unsigned char)s->sql[i]) == 'p' && tolower((unsigned char)s->sql[i + 1]) == 'g' &&
        s->sql[i + 2] == '_')
      return true;
  return false;
}

static bool raw_may_write(const rl_call *call) {
  return call->raw->stmt.writes || is_about_the_server(&call->raw->stmt);
}

const rl_call_kind rl_call_raw = {.own_sql = true,
                                  .suits_replica = true,
                                  .action = raw_action,
                                  .counted_as = raw_counted_as,
                                  .writes = raw_writes,
                                  .may_write = raw_may_write,
                                  .repeats = rl_call_never, /* even a SELECT may call a function that writes */
                                  .is_sent = raw_is_sent,
                                  .send = raw_send,
                                  .row = raw_deliver_row,
                                  .answered = raw_answered,
                                  .failed = raw_failed,
                                  .rewind = raw_rewind,
                                  .shape = raw_shape,
                                  .result = raw_result};

static const char *script_action(const rl_call *call) {
  (void)call;
  return "execute_script";
}

static int32_t script_counted_as(const rl_call *call) {
  (void)call;
  return RILLE_RAW_SCRIPT;
}

static rille_status script_send(rl_call *call, rl_exchange *io, rl_group *group, rl_error *err) {
  group->waits = true;
  return raw_send(call, io, group, err);
}

static rille_status script_skip_row(rl_call *call, rl_exchange *io, const rl_sent *sent, rille_row *row,
                                    rl_error *err) {
  (void)call;
  (void)io;
  (void)sent;
  (void)row;
  (void)err;
  return RILLE_OK;
}

static rille_result script_result(const rl_call *call) {
  (void)call;
  return RILLE_RESULT_NONE;
}

static const rl_call_kind script_kind = {.script = true,
                                         .own_sql = true,
                                         .action = script_action,
                                         .counted_as = script_counted_as,
                                         .writes = raw_writes,
                                         .may_write = raw_writes,
                                         .repeats = rl_call_never,
                                         .is_sent = raw_is_sent,
                                         .send = script_send,
                                         .row = script_skip_row,
                                         .answered = rl_call_ignore_end,
                                         .failed = raw_failed,
                                         .rewind = raw_rewind,
                                         .shape = raw_shape,
                                         .result = script_result};

/* ------------------------------------------------------------------ start */

/* word: in small letters. */
static bool sql_has_at(rl_str sql, size_t at, const char *word) {
  size_t k = 0;
  while (word[k] && at + k < sql.len && tolower((unsigned char)sql.p[at + k]) == word[k]) k++;
  return word[k] == 0;
}

/* EXPLAIN ANALYZE runs what it explains. */
static bool sql_only_reads(rl_str sql) {
  size_t i = 0;
  while (i < sql.len && (isspace((unsigned char)sql.p[i]) || sql.p[i] == '(')) i++;
  if (sql_has_at(sql, i, "select") || sql_has_at(sql, i, "values")) return true;
  if (!sql_has_at(sql, i, "explain")) return false;
  for (; i < sql.len; i++)
    if (sql_has_at(sql, i, "analy")) return false;
  return true;
}

/* Rejects a zero byte: the databases would silently ignore what follows it. */
static rille_status sql_check_text(rl_str sql, rl_error *err) {
  const char *zero = sql.len ? memchr(sql.p, 0, sql.len) : NULL;
  if (!zero) return RILLE_OK;
  return rl_fail(err, RL_VALIDATION, "the SQL has a zero byte at offset %zu, so none of it was run",
                 (size_t)(zero - sql.p));
}

static rille_status raw_fill(rl_call *call, const rl_driver *driver, rl_stmt stmt, rl_error *err) {
  call->raw = RL_NEW(call->arena, rl_raw);
  if (!call->raw || !stmt.sql) return rl_fail_nomem(err);
  call->raw->driver = driver;
  call->raw->stmt = stmt;
  return RILLE_OK;
}

rille_status rl_raw_make(rl_call *call, const rl_driver *driver, const rl_raw_call *from, rl_error *err) {
  rille_status st = sql_check_text(from->sql, err);
  if (st != RILLE_OK) return st;
  rl_buf text;
  rl_buf_init(&text);
  uint32_t used = 0;
  rl_raw_placeholders(from->sql, driver->provider, from->numbered, &text, &used);
  char *z = text.failed ? NULL : rl_arena_strdup(call->arena, rl_buf_view(&text));
  rl_stmt stmt = {.sql = z, .sql_len = text.len, .writes = !sql_only_reads(from->sql), .returns_rows = from->rows};
  rl_buf_dispose(&text);
  st = raw_fill(call, driver, stmt, err);
  return st == RILLE_OK ? raw_take_params(call, from->params, used, err) : st;
}

rl_named_models rl_raw_take_models(rl_op *op) {
  rl_named_models named = op->named;
  op->named = (rl_named_models){0};
  return named;
}

rille_status rl_raw_name_models(rl_call *call, rl_named_models *named, rille_status st, rl_error *err) {
  if (st == RILLE_OK && named->count) {
    call->raw->models = RL_NEW_ARRAY(call->arena, const rl_model *, named->count);
    if (call->raw->models) {
      memcpy(call->raw->models, named->items, named->count * sizeof *named->items);
      call->raw->model_count = named->count;
    } else {
      st = rl_fail_nomem(err);
    }
  }
  rl_free(named->items);
  *named = (rl_named_models){0};
  return st;
}

rille_status rl_op_start_raw(rl_op *op, rl_tx *tx, const rl_raw_call *from, rl_error *err) {
  rl_call *call = NULL;
  rl_named_models named = rl_raw_take_models(op);
  rille_status st = from->unscoped ? RILLE_OK : rl_client_check_raw(op->client, err);
  if (st == RILLE_OK) st = sql_check_text(from->sql, err);
  if (st == RILLE_OK) st = rl_op_begin_start(op, tx, &rl_op_calls, err);
  if (st == RILLE_OK) st = rl_op_add_call(op, &rl_call_raw, &call, err);
  if (st == RILLE_OK) st = rl_raw_make(call, op->client->driver, from, err);
  st = rl_raw_name_models(call, &named, st, err);
  if (st == RILLE_OK) rl_op_started(op, tx);
  return st;
}

rille_status rl_op_start_script(rl_op *op, rl_tx *tx, rl_str sql, rl_error *err) {
  rl_call *call = NULL;
  rl_named_models named = rl_raw_take_models(op);
  rille_status st = rl_client_check_raw(op->client, err);
  if (st == RILLE_OK) st = sql_check_text(sql, err);
  if (st == RILLE_OK) st = rl_op_begin_start(op, tx, &rl_op_calls, err);
  if (st == RILLE_OK) st = rl_op_add_call(op, &script_kind, &call, err);
  if (st == RILLE_OK) {
    char *z = rl_arena_strdup(call->arena, sql);
    st = raw_fill(call, op->client->driver, (rl_stmt){.sql = z, .sql_len = sql.len, .writes = true}, err);
  }
  st = rl_raw_name_models(call, &named, st, err);
  if (st == RILLE_OK) rl_op_started(op, tx);
  return st;
}
