/* What a session of PostgreSQL offers in addition to queries: advisory locks, notifications, replication. */
#include "base/clock.h"
#include "driver/postgres/pg.h"

/* The server turns texts into numbers, so code in SQL can take the same lock. */
const rl_advisory_locks rl_pg_advisory_locks = {
    .take = {{"SELECT pg_try_advisory_lock($1)", "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"},
             {"SELECT pg_try_advisory_lock_shared($1)", "SELECT pg_try_advisory_lock_shared(hashtextextended($1, 0))"}},
    .release = {{"SELECT pg_advisory_unlock($1)", "SELECT pg_advisory_unlock(hashtextextended($1, 0))"},
                {"SELECT pg_advisory_unlock_shared($1)", "SELECT pg_advisory_unlock_shared(hashtextextended($1, 0))"}},
};

static rille_status next_notification(rl_conn *c, rl_notification *out, rl_wait *wait, rl_error *err) {
  c->keeps_notifications = true;
  PQfreemem(c->notify);
  c->notify = PQnotifies(c->pg);
  if (!c->notify && wait) {
    if (!PQconsumeInput(c->pg) || c->server_gone || PQstatus(c->pg) != CONNECTION_OK)
      return rl_pg_fail_lost(c, false, err);
    c->notify = PQnotifies(c->pg);
    if (c->server_gone) return rl_pg_fail_lost(c, false, err); /* PQnotifies reads the server's last message */
  }
  if (!c->notify) {
    if (wait) *wait = (rl_wait){.fd = PQsocket(c->pg), .read = true, .until_ms = RL_NO_DEADLINE};
    return RILLE_AGAIN;
  }
  *out = (rl_notification){c->notify->relname, c->notify->extra, c->notify->be_pid};
  return RILLE_ROW;
}

static void write_listen(rl_buf *out, rl_str channel, bool listen) {
  rl_buf_text(out, listen ? "LISTEN \"" : "UNLISTEN \"");
  for (size_t i = 0; i < channel.len; i++) {
    if (channel.p[i] == '"') rl_buf_byte(out, '"');
    rl_buf_byte(out, channel.p[i]);
  }
  rl_buf_byte(out, '"');
}

/* Prepared, because each write of a client with a cache sends it. Its id is at the end of the range, where no other
 * statement has one (transaction.c has the next ones). */
static rille_status notify(rl_conn *c, rl_str channel, rl_str payload, rl_commands *out, rl_error *err) {
  static const rl_wire_type texts[2] = {{.wire = RL_WIRE_TEXT}, {.wire = RL_WIRE_TEXT}};
  static const char sql[] = "SELECT pg_notify($1, $2)";
  static const rl_stmt stmt = {.id = UINT64_MAX,
                               .sql = sql,
                               .sql_len = sizeof sql - 1,
                               .params = texts,
                               .param_count = 2,
                               .writes = true,
                               .returns_rows = true};
  const rl_value values[2] = {{.kind = RILLE_TEXT, .len = (uint32_t)channel.len, .as.p = channel.p},
                              {.kind = RILLE_TEXT, .len = (uint32_t)payload.len, .as.p = payload.p}};
  rille_status st = rl_pg_send(c, &stmt, values, err);
  if (st == RILLE_OK) out->sql[out->count++] = sql;
  return st;
}

const rl_notifications rl_pg_notifications = {
    .longest_name = 63, .write_listen = write_listen, .ping = "SELECT 1", .notify = notify, .next = next_notification};

/* An answered commit is within the flushed log; without synchronous commits, within the log written to memory. What is
 * between the two may not leave the server for a long time. */
const char rl_pg_position[] =
    "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() WHEN current_setting('synchronous_commit') = "
    "'off' THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn)::int8";
