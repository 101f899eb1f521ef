/* What goes along with a BEGIN, in the same round trip: the settings of the client's session, and the server's own
 * limits of time. All of it is of the transaction alone, so that its end, whichever it is, leaves nothing of it on the
 * connection for the next user. */
#include "run/tx.h"

/* Prepared under numbers that no compiled statement reaches: the text depends on how many settings there are. */
#define MOST_KEPT 16

bool rl_op_has_settings(const rl_op *op) {
  return op->client->traits.session_count > 0;
}

static rille_status write_call(rl_op *op, size_t count, rl_stmt *stmt, rl_error *err) {
  rl_buf sql;
  rl_buf_init(&sql);
  for (size_t i = 0; i < count; i++)
    rl_buf_printf(&sql, "%s set_config($%zu, $%zu, true)", i ? "," : "SELECT", 2 * i + 1, 2 * i + 2);
  char *text = sql.failed ? NULL : rl_arena_strdup(&op->arena, rl_buf_view(&sql));
  *stmt = (rl_stmt){.id = count <= MOST_KEPT ? UINT64_MAX - count : 0,
                    .sql = text,
                    .sql_len = sql.len,
                    .param_count = (uint32_t)(2 * count),
                    .returns_rows = true};
  rl_buf_dispose(&sql);
  return text ? RILLE_OK : rl_fail_nomem(err);
}

rille_status rl_op_send_settings(rl_op *op, rl_error *err) {
  const rl_client_traits *t = &op->client->traits;
  size_t n = t->session_count;
  if (n == 0) return RILLE_OK;
  rl_stmt *stmt = RL_NEW(&op->arena, rl_stmt);
  rl_value *values = RL_NEW_ARRAY(&op->arena, rl_value, 2 * n);
  rl_slot *slots = RL_NEW_ARRAY(&op->arena, rl_slot, 2 * n);
  if (!stmt || !values || !slots) return rl_fail_nomem(err);
  rille_status st = write_call(op, n, stmt, err);
  if (st != RILLE_OK) return st;
  stmt->params = slots;
  for (size_t i = 0; i < 2 * n; i++) {
    rl_str s = i % 2 ? t->session[i / 2].value : t->session[i / 2].name;
    values[i] = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)s.len, .as.p = s.p};
    slots[i] = (rl_slot){.wire = RL_WIRE_TEXT};
  }
  rl_observe_command(op, stmt->sql); /* its values are nobody's business */
  st = op->driver->send(op->conn, stmt, values, err);
  return st == RILLE_OK ? rl_op_push_sent(op, RL_SENT_SETTINGS, 0, err) : st;
}

/* The client ends a transaction whose time has passed (expiry.h), unless its process is stopped or cut off. */
rille_status rl_op_send_limits(rl_op *op, int64_t timeout_ms, rl_error *err) {
  const char(*commands)[RL_LIMIT_SIZE] = NULL;
  size_t n = op->driver->limits ? op->driver->limits(op->conn, timeout_ms, &commands) : 0;
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < n && st == RILLE_OK; i++) {
    rl_observe_command(op, commands[i]);
    st = op->driver->send_command(op->conn, commands[i], err);
    if (st == RILLE_OK) st = rl_op_push_sent(op, RL_SENT_COMMAND, 0, err);
  }
  return st;
}

/* Names of settings are the same in capitals. */
static bool is_setting(rl_str name, rl_str wanted) {
  if (name.len != wanted.len) return false;
  for (size_t i = 0; i < name.len; i++)
    if ((name.p[i] | 0x20) != wanted.p[i] && name.p[i] != wanted.p[i]) return false;
  return true;
}

rille_status rl_check_setting_name(rl_str name, rl_error *err) {
  if (is_setting(name, RL_STR("client_encoding")))
    return rl_fail(err, RL_VALIDATION, "session: client_encoding stays UTF8, since texts are UTF-8 on both sides");
  bool start = true, good = name.len > 0 && name.len < 256;
  for (size_t i = 0; i < name.len && good; i++) {
    unsigned char c = (unsigned char)name.p[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    bool more = (c >= '0' && c <= '9') || c == '$';
    good = letter || (!start && (more || c == '.'));
    start = c == '.';
  }
  if (good && !start) return RILLE_OK;
  return rl_fail(
      err, RL_VALIDATION,
      "session: \"%.*s\" is no name of a setting; letters, digits and _ are wanted, for settings of your own "
      "in two parts, as in app.tenant",
      RL_STR_ARG(name));
}
