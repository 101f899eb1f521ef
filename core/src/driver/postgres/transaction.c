/* The verbs of transactions in PostgreSQL, and what is sent with BEGIN in the same round trip: the server's timeouts,
 * and the settings of the client's session. All of it belongs to the transaction only. However the transaction ends,
 * the next user of the connection sees nothing of it. */
#include "driver/postgres/pg.h"

#ifdef RILLE_WITH_POSTGRES

#include <stdio.h>

#include "base/alloc.h"

enum { LIMIT_GRACE_MS = 250, LONGEST_LIMIT_MS = 2000000000 };
/* The number of settings up to which the statement is prepared. Its text depends on their number. Its ids are at the
 * end of the range, where no other statement has one. */
enum { MOST_KEPT = 16 };

/* A server before 17 has no timeout for a whole transaction. There each statement has that long, and so has each pause
 * between two. A timeout that ends the session has a grace period: the client's own timeout should come first, since it
 * keeps the connection. */
static void write_limits(rl_conn *c, int64_t timeout_ms) {
  static const struct {
    const char *name;
    int version, grace_ms;
  } clocks[] = {{"idle_in_transaction_session_timeout", 90600, LIMIT_GRACE_MS},
                {"statement_timeout", 0, 0},
                {"transaction_timeout", 170000, LIMIT_GRACE_MS}};
  c->limits_ms = timeout_ms;
  c->limit_count = 0;
  long long most = timeout_ms < LONGEST_LIMIT_MS ? timeout_ms : LONGEST_LIMIT_MS;
  for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
    if (PQserverVersion(c->pg) < clocks[i].version) continue;
    snprintf(c->limits[c->limit_count++], RL_LIMIT_SIZE, "SET LOCAL %s = %lld", clocks[i].name,
             most + clocks[i].grace_ms);
  }
}

/* Sends the server's timeouts. They end the transaction if the client cannot, because its process is stopped or cut
 * off.
 */
static rille_status send_limits(rl_conn *c, int64_t timeout_ms, rl_commands *out, rl_error *err) {
  rille_status s = RILLE_OK;
  if (c->limit_count == 0 || c->limits_ms != timeout_ms) write_limits(c, timeout_ms);
  for (size_t i = 0; i < c->limit_count && s == RILLE_OK; i++) {
    s = rl_pg_send_command(c, c->limits[i], err);
    if (s == RILLE_OK) out->sql[out->count++] = c->limits[i];
  }
  return s;
}

/* ------------------------------------------------------------------ settings of the session */

void rl_pg_forget_session(rl_conn *c) {
  rl_free((char *)c->session_stmt.sql);
  rl_free(c->session_wire_types);
  c->session_stmt = (rl_stmt){0};
  c->session_wire_types = NULL;
}

static rille_status write_session(rl_conn *c, size_t count, rl_error *err) {
  rl_buf sql;
  if (c->session_stmt.sql && c->session_stmt.param_count == 2 * count) return RILLE_OK;
  rl_pg_forget_session(c);
  rl_buf_init(&sql);
  for (size_t i = 0; i < count; i++)
    rl_buf_printf(&sql, "%s set_config($%zu, $%zu, true)", i ? "," : "SELECT", 2 * i + 1, 2 * i + 2);
  size_t len = sql.len;
  c->session_stmt.sql = rl_buf_take(&sql);
  c->session_wire_types = rl_calloc(2 * count, sizeof *c->session_wire_types);
  if (!c->session_stmt.sql || !c->session_wire_types) {
    rl_pg_forget_session(c);
    return rl_fail_nomem(err);
  }
  for (size_t i = 0; i < 2 * count; i++) c->session_wire_types[i] = (rl_wire_type){.wire = RL_WIRE_TEXT};
  c->session_stmt.id = count <= MOST_KEPT ? UINT64_MAX - count : 0;
  c->session_stmt.sql_len = len;
  c->session_stmt.params = c->session_wire_types;
  c->session_stmt.param_count = (uint32_t)(2 * count);
  c->session_stmt.returns_rows = true;
  return RILLE_OK;
}

static rille_status send_session(rl_conn *c, const rl_begin *how, rl_commands *out, rl_error *err) {
  size_t n = 2 * how->session_count;
  rille_status s = write_session(c, how->session_count, err);
  if (s != RILLE_OK) return s;
  rl_value *values = rl_calloc(n, sizeof *values);
  if (!values) return rl_fail_nomem(err);
  for (size_t i = 0; i < n; i++) {
    rl_str text = i % 2 ? how->session[i / 2].value : how->session[i / 2].name;
    values[i] = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)text.len, .as.p = text.p};
  }
  s = rl_pg_send(c, &c->session_stmt, values, err);
  rl_free(values);
  if (s == RILLE_OK) out->sql[out->count++] = c->session_stmt.sql; /* without its values */
  return s;
}

/* Compares names of settings, in any case. */
static bool is_setting(rl_str name, rl_str wanted) {
  if (name.len != wanted.len) return false;
  for (size_t i = 0; i < name.len; i++)
    if ((name.p[i] | 0x20) != wanted.p[i] && name.p[i] != wanted.p[i]) return false;
  return true;
}

rille_status rl_pg_check_setting(rl_str name, rl_error *err) {
  if (is_setting(name, RL_STR("client_encoding")))
    return rl_fail(err, RL_VALIDATION, "session: `client_encoding` cannot be changed; rille sends and reads UTF-8");
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
      "session: `%.*s` is not the name of a setting; use letters, digits and _, and two parts for your own settings, as "
      "in `app.tenant`",
      RL_STR_ARG(name));
}

/* ------------------------------------------------------------------ the verbs */

static const char *isolation_text(const rl_begin *how) {
  static const char *const words[] = {
      [RL_ISOLATION_DEFAULT] = "",
      [RL_ISOLATION_READ_UNCOMMITTED] = " ISOLATION LEVEL READ UNCOMMITTED",
      [RL_ISOLATION_READ_COMMITTED] = " ISOLATION LEVEL READ COMMITTED",
      [RL_ISOLATION_REPEATABLE_READ] = " ISOLATION LEVEL REPEATABLE READ",
      [RL_ISOLATION_SERIALIZABLE] = " ISOLATION LEVEL SERIALIZABLE",
  };
  rl_isolation least = how->snapshot ? RL_ISOLATION_REPEATABLE_READ : RL_ISOLATION_DEFAULT;
  return words[how->isolation > least ? how->isolation : least];
}

rille_status rl_pg_begin(rl_conn *c, const rl_begin *how, rl_commands *out, rl_error *err) {
  snprintf(out->text, sizeof out->text, "BEGIN%s%s", isolation_text(how), how->read_only ? " READ ONLY" : "");
  rille_status s = rl_pg_send_begin(c, out->text, err);
  out->sql[0] = out->text;
  out->count = s == RILLE_OK;
  if (s == RILLE_OK && how->timeout_ms > 0) s = send_limits(c, how->timeout_ms, out, err);
  if (s == RILLE_OK && how->session_count > 0) s = send_session(c, how, out, err);
  return s;
}

static rille_status pg_queue_verb(rl_conn *c, rl_verb verb, const char *savepoint, rl_commands *out, rl_error *err) {
  rl_verb_write(verb, savepoint, out);
  return rl_pg_send_command(c, out->sql[0], err);
}

rille_status rl_pg_commit(rl_conn *c, rl_commands *out, rl_error *err) {
  return pg_queue_verb(c, RL_VERB_COMMIT, NULL, out, err);
}

rille_status rl_pg_rollback(rl_conn *c, rl_commands *out, rl_error *err) {
  return pg_queue_verb(c, RL_VERB_ROLLBACK, NULL, out, err);
}

rille_status rl_pg_savepoint(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err) {
  return pg_queue_verb(c, RL_VERB_SAVEPOINT, savepoint, out, err);
}

rille_status rl_pg_release(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err) {
  return pg_queue_verb(c, RL_VERB_RELEASE, savepoint, out, err);
}

rille_status rl_pg_rollback_to(rl_conn *c, const char *savepoint, rl_commands *out, rl_error *err) {
  return pg_queue_verb(c, RL_VERB_ROLLBACK_TO, savepoint, out, err);
}

#endif
