/* Raw statements: the caller's own SQL, values as parameters. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "run/route.h"
#include "tape/json.h"

/* ------------------------------------------------------------------ parameters */

static rl_wire wire_of(rille_value_kind kind) {
  switch (kind) {
  case RILLE_BOOL: return RL_WIRE_BOOL;
  case RILLE_INT: return RL_WIRE_INT8;
  case RILLE_FLOAT: return RL_WIRE_FLOAT8;
  case RILLE_BYTES: return RL_WIRE_BYTES;
  case RILLE_DATETIME: return RL_WIRE_TIMESTAMPTZ;
  default: return RL_WIRE_TEXT;
  }
}

/* As the database reads it, whatever the locale of the process. */
static char *float_text(rl_op *op, double f) {
  if (isnan(f)) return rl_arena_strdup(&op->arena, RL_STR("NaN"));
  if (isinf(f)) return rl_arena_strdup(&op->arena, f < 0 ? RL_STR("-Infinity") : RL_STR("Infinity"));
  rl_buf text;
  rl_buf_init(&text);
  rl_json_write_float(&text, f);
  char *copy = text.failed ? NULL : rl_arena_strdup(&op->arena, rl_buf_view(&text));
  rl_buf_dispose(&text);
  return copy;
}

/* The database is left to infer the type of a scalar from where it stands, so `WHERE id = $1` uses an index whatever
 * the column's type: every scalar but bytes is sent as text of unknown type. */
static rille_status as_text(rl_op *op, rl_value *v, rl_error *err) {
  char *text = NULL;
  if (v->kind == RILLE_INT)
    text = rl_arena_printf(&op->arena, "%lld", (long long)v->as.i);
  else if (v->kind == RILLE_BOOL)
    text = rl_arena_printf(&op->arena, "%s", v->as.i ? "true" : "false");
  else if (v->kind == RILLE_FLOAT)
    text = float_text(op, v->as.f);
  else
    return RILLE_OK;
  if (!text) return rl_fail_nomem(err);
  *v = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)strlen(text), .as.p = text};
  return RILLE_OK;
}

/* A list goes the same way: an array whose type the place tells, or on a database without arrays a Json array. */
static rille_status list_param(rl_op *op, rl_node *node, rl_value *out, rl_slot *slot, rl_error *err) {
  rl_value *items = RL_NEW_ARRAY(&op->arena, rl_value, node->count + 1);
  if (!items) return rl_fail_nomem(err);
  *slot = (rl_slot){.wire = op->driver->infers_types ? RL_WIRE_UNKNOWN : RL_WIRE_ANY, .list = true};
  for (size_t i = 0; i < node->count; i++) {
    const rl_node *n = &node->children[i];
    if (n->kind == RL_NODE_NULL) continue;
    if (!n->value)
      return rl_fail(err, RL_VALIDATION, "params[%u][%zu]: a list parameter has scalars only", node->index + 1, i + 1);
    items[i] = *n->value;
  }
  *out = (rl_value){.kind = RILLE_LIST, .len = (uint32_t)node->count, .as.list = items};
  return RILLE_OK;
}

static rille_status json_param(rl_op *op, const rl_tape *tape, const rl_node *node, rl_value *out, rl_error *err) {
  rl_buf text;
  rl_buf_init(&text);
  rille_status st = rl_node_json(tape, node, &text, err);
  rl_str copy = st == RILLE_OK ? rl_arena_str(&op->arena, rl_buf_view(&text)) : (rl_str){NULL, 0};
  rl_buf_dispose(&text);
  if (st != RILLE_OK) return st;
  if (!copy.p) return rl_fail_nomem(err);
  *out = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)copy.len, .as.p = copy.p};
  return RILLE_OK;
}

static rille_status one_param(rl_op *op, const rl_tape *tape, rl_tree *tree, rl_node *n, rl_value *out, rl_slot *slot,
                              rl_error *err) {
  *slot = (rl_slot){.wire = RL_WIRE_UNKNOWN};
  *out = (rl_value){.kind = RILLE_NULL};
  if (n->kind == RL_NODE_NULL || n->kind == RL_NODE_MARK) return RILLE_OK;
  if (n->kind == RL_NODE_OBJECT) return json_param(op, tape, n, out, err);
  if (n->kind == RL_NODE_LIST) {
    rille_status st = rl_node_expand(tree, n, err);
    return st == RILLE_OK ? list_param(op, n, out, slot, err) : st;
  }
  *out = *n->value;
  bool typed = out->kind == RILLE_BYTES || out->kind == RILLE_DATETIME;
  if (typed || !op->driver->infers_types) {
    slot->wire = wire_of(out->kind);
    return RILLE_OK;
  }
  return as_text(op, out, err);
}

static rille_status take_params(rl_op *op, const rl_tape *tape, uint32_t used, rl_error *err) {
  rl_tree *tree = NULL;
  size_t count = 0;
  rl_node *list = NULL;
  if (tape) {
    rille_status st = rl_tree_read(tape, &op->arena, &tree, err);
    if (st != RILLE_OK) return st;
    list = tree->root;
    if (list->kind != RL_NODE_LIST)
      return rl_fail(err, RL_VALIDATION, "params: the parameters of a raw statement are a list");
    st = rl_node_expand(tree, list, err);
    if (st != RILLE_OK) return st;
    count = list->count;
  }
  if (count != used)
    return rl_fail(err, RL_P1016, "the statement has %u placeholder%s, but %zu parameter%s given", used,
                   used == 1 ? "" : "s", count, count == 1 ? " is" : "s are");
  rl_value *values = RL_NEW_ARRAY(&op->arena, rl_value, count + 1);
  rl_slot *slots = RL_NEW_ARRAY(&op->arena, rl_slot, count + 1);
  if (!values || !slots) return rl_fail_nomem(err);
  for (size_t i = 0; i < count; i++) {
    rille_status st = one_param(op, tape, tree, &list->children[i], &values[i], &slots[i], err);
    if (st != RILLE_OK) return st;
  }
  op->raw_params = values;
  op->raw.params = slots;
  op->raw.param_count = (uint32_t)count;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ start, send, shape */

static bool only_reads(rl_str sql) {
  size_t i = 0;
  while (i < sql.len && (isspace((unsigned char)sql.p[i]) || sql.p[i] == '(')) i++;
  static const char *const words[] = {"select", "values", "explain"};
  for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
    size_t n = strlen(words[w]), k = 0;
    while (k < n && i + k < sql.len && tolower((unsigned char)sql.p[i + k]) == words[w][k]) k++;
    if (k == n) return true;
  }
  return false;
}

/* The databases read to the first byte 0: what lies behind it would be left out without a word. */
static rille_status check_text(rl_str sql, rl_error *err) {
  const char *zero = sql.len ? memchr(sql.p, 0, sql.len) : NULL;
  if (!zero) return RILLE_OK;
  return rl_fail(err, RL_VALIDATION, "the SQL has a byte 0 at offset %zu; nothing of it is run",
                 (size_t)(zero - sql.p));
}

rille_status rl_op_start_raw(rl_op *op, rl_tx *tx, rl_str sql, const rl_tape *params, bool rows, rl_error *err) {
  rille_status st = check_text(sql, err);
  if (st == RILLE_OK) st = rl_op_begin_start(op, tx, RL_OP_RAW, err);
  if (st != RILLE_OK) return st;
  rl_buf text;
  rl_buf_init(&text);
  uint32_t used = 0;
  rl_raw_placeholders(sql, op->driver->provider, &text, &used);
  char *z = text.failed ? NULL : rl_arena_strdup(&op->arena, rl_buf_view(&text));
  op->raw = (rl_stmt){.sql = z, .sql_len = text.len, .writes = !only_reads(sql), .returns_rows = rows};
  rl_buf_dispose(&text);
  if (!z) return rl_fail_nomem(err);
  st = take_params(op, params, used, err);
  if (st == RILLE_OK) rl_op_started(op, tx);
  return st;
}

rille_status rl_op_start_script(rl_op *op, rl_tx *tx, rl_str sql, rl_error *err) {
  rille_status st = check_text(sql, err);
  if (st == RILLE_OK) st = rl_op_begin_start(op, tx, RL_OP_SCRIPT, err);
  if (st != RILLE_OK) return st;
  char *z = rl_arena_strdup(&op->arena, sql);
  if (!z) return rl_fail_nomem(err);
  op->raw = (rl_stmt){.sql = z, .sql_len = sql.len, .writes = true};
  rl_op_started(op, tx);
  return RILLE_OK;
}

rille_status rl_raw_queue(rl_op *op, rl_error *err) {
  op->statements++;
  rille_status st =
      rl_op_dispatch(op, (rl_dispatch){&op->raw, op->raw_params, NULL, false, (uint32_t)op->sent_count}, err);
  return st == RILLE_OK ? rl_op_push_sent(op, op->kind == RL_OP_SCRIPT ? RL_SENT_COMMAND : RL_SENT_RAW, 0, err) : st;
}

/* With settings of the session a transaction is around it. A script goes to the server apart from everything else. */
rille_status rl_raw_send(rl_op *op, rl_error *err) {
  enum { OPEN, RUN, CLOSE, TOLD };
  bool wrapped = !op->tx && rl_op_has_settings(op), apart = op->kind == RL_OP_SCRIPT;
  rille_status st = RILLE_OK;
  bool more = true;
  op->sent_count = op->read_count = 0;
  st = rl_route_send_probe(op, err);
  while (st == RILLE_OK && more && op->pc < TOLD) {
    if (op->pc == RUN)
      st = rl_raw_queue(op, err);
    else if (wrapped)
      st = op->pc == OPEN ? rl_op_open_transaction(op, err) : rl_op_send_commit(op, err);
    op->pc++;
    more = !apart || op->sent_count == 0;
  }
  if (st != RILLE_OK) return st;
  return op->sent_count ? op->driver->flush(op->conn, err) : RILLE_DONE;
}

rille_status rl_raw_describe(rl_op *op, rl_error *err) {
  if (op->raw_described) return RILLE_OK;
  const rl_column_info *info = NULL;
  uint32_t n = op->driver->columns(op->conn, &info);
  rille_column *columns = RL_NEW_ARRAY(&op->arena, rille_column, n + 1);
  if (!columns) return rl_fail_nomem(err);
  for (uint32_t i = 0; i < n; i++) {
    rl_str name = rl_arena_str(&op->arena, info[i].name);
    if (!name.p) return rl_fail_nomem(err);
    columns[i] = (rille_column){.name = name.p, .name_len = name.len, .kind = RILLE_NULL, .list = info[i].slot.list};
  }
  op->raw_node = (rille_node){.parent = UINT32_MAX, .list = 1, .columns = columns, .column_count = n};
  op->raw_described = true;
  return RILLE_OK;
}

void rl_raw_explain(rl_op *op) {
  rl_error *err = &op->error;
  bool ours = err->code == RL_P2024 || err->code == RL_P2028 || err->code == RL_P2034 || err->code == RL_P1008 ||
              err->code == RL_P1016;
  if (ours || err->nomem || rl_code_kind(err->code) == RILLE_KIND_CONNECTION || err->code == RL_INTERNAL) return;
  char native[16];
  snprintf(native, sizeof native, "%d", (int)err->native);
  rl_error_detail(err, "code", rl_str_of(err->sqlstate[0] ? err->sqlstate : native));
  err->code = RL_P2010;
}
