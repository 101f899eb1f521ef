/* PostgreSQL connections: connecting without waiting, closing, state; and the table of the driver's functions. */
#include "driver/postgres/hosts.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/process.h"

/* KEPT_TEXT: bytes of SQL in the prepared statements of a connection. The server needs about ten times as many. */
enum { OLDEST_VERSION = 90600, KEPT_STATEMENTS = 500, KEPT_TEXT = 2 << 20, CONNECT_MS = 5000 };

/* Keeps notices from stderr. A server that shuts down an idle connection sends one. libpq's own notices, which have no
 * SQLSTATE, report what it did not expect, for example an answer that nobody asked for. */
static void on_notice(void *context, const PGresult *r) {
  rl_conn *c = context;
  const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (c->ready && !PQresultErrorField(r, PG_DIAG_SQLSTATE)) c->server_gone = true;
  if (severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0)) c->server_gone = true;
}

static const char *user_options(const PQconninfoOption *list) {
  for (const PQconninfoOption *o = list; o->keyword; o++)
    if (strcmp(o->keyword, "options") == 0) return o->val;
  return NULL;
}

/* Sends the settings with the request to connect, without another round trip. A pooler would refuse them. */
static rille_status connect_start(rl_conn *c, size_t first, rl_error *err) {
  const char *keys[8] = {"dbname", "client_encoding", "fallback_application_name"};
  const char *values[8] = {c->options->conninfo, "UTF8", "rille"};
  size_t n = 3;
  rl_pg_host_lists to;
  rille_status s = rl_pg_hosts_list(c->hosts, first, &to, err);
  if (s != RILLE_OK) return s;
  const char *const where[3][2] = {{"host", to.host}, {"hostaddr", to.hostaddr}, {"port", to.port}};
  for (size_t i = 0; i < 3 && to.host; i++, n++) {
    keys[n] = where[i][0];
    values[n] = where[i][1];
  }
  rl_buf settings;
  rl_buf_init(&settings);
  if (!c->options->pooled) {
    rl_pg_session_options(c->options, user_options(c->wanted), &settings);
    keys[n] = "options";
    values[n++] = rl_buf_z(&settings);
  }
  if (!settings.failed) c->pg = PQconnectStartParams(keys, values, 1);
  rl_buf_dispose(&settings);
  if (!c->pg) return rl_fail_nomem(err);
  PQsetNoticeReceiver(c->pg, on_notice, c);
  if (PQstatus(c->pg) == CONNECTION_BAD) return rl_pg_fail_connect(c, err);
  /* Otherwise libpq would wait until the server has accepted what it is sent. */
  if (PQsetnonblocking(c->pg, 1) != 0) return rl_pg_fail_connect(c, err);
  PQsetErrorVerbosity(c->pg, PQERRORS_VERBOSE); /* puts the SQLSTATE into the message of a failure to connect */
  c->address = first;
  c->address_since = rl_clock_ms();
  return RILLE_OK;
}

static rille_status connect_prepare(rl_conn *c, rl_error *err) {
  char *why = NULL;
  c->wanted = PQconninfoParse(c->options->conninfo, &why); /* valid: the URL has been checked */
  PQfreemem(why);
  if (!c->wanted) return rl_fail_nomem(err);
  rille_status s = rl_pg_hosts_of(c->wanted, &c->hosts, err);
  rl_wait none;
  if (s == RILLE_OK && c->hosts) s = rl_pg_hosts_poll(c->hosts, &none, err);
  if (s == RILLE_AGAIN) return RILLE_OK;
  return s == RILLE_OK ? connect_start(c, 0, err) : s;
}

static void connect_forget(rl_conn *c) {
  PQconninfoFree(c->wanted);
  rl_pg_hosts_free(c->hosts);
  c->wanted = NULL;
  c->hosts = NULL;
}

/* Replaces the socket, which the parent process still uses after a fork. libpq sends a message to the server when it
 * closes the connection; this one must not arrive. */
static void detach_socket(PGconn *pg) {
  int fd = PQsocket(pg), nowhere = fd >= 0 ? open("/dev/null", O_RDWR) : -1;
  if (nowhere < 0) return;
  (void)dup2(nowhere, fd);
  (void)close(nowhere);
}

static void pg_close(rl_conn *c) {
  if (!c) return;
  PQclear(c->result);
  PQclear(c->described);
  PQfreemem(c->notify);
  bool inherited = c->pg && c->pid != rl_process_id(); /* a canceller's thread, if any, was not */
  if (inherited) {
    detach_socket(c->pg);
    PQfinish(c->pg);
  }
  rl_pg_canceller_free(c->canceller, inherited ? NULL : c->pg);
  connect_forget(c);
  rl_pg_forget_statements(c);
  rl_stmt_cache_dispose(&c->statements);
  rl_buf_dispose(&c->bytes);
  rl_arena_dispose(&c->scratch);
  rl_error_clear(&c->error);
  rl_error_clear(&c->hidden);
  rl_free(c->settings);
  rl_pg_forget_session(c);
  rl_free(c->items);
  rl_free(c->params);
  rl_free(c->values);
  rl_free(c->lengths);
  rl_free(c->formats);
  rl_free(c->types);
  rl_free(c->columns);
  rl_free(c->infos);
  rl_free(c->cells);
  rl_free(c);
}

static rille_status pg_open(const rl_conn_options *options, rl_conn **out, rl_error *err) {
  *out = NULL;
  rl_conn *c = rl_calloc(1, sizeof *c);
  if (!c) return rl_fail_nomem(err);
  size_t kept = options->statement_cache_size >= 0 ? (size_t)options->statement_cache_size : KEPT_STATEMENTS;
  c->options = options;
  c->pid = rl_process_id();
  c->connect_ms = options->connect_timeout_ms >= 0 ? options->connect_timeout_ms : CONNECT_MS;
  c->connect_until = rl_clock_ms() + c->connect_ms;
  c->prepares = !options->pooled && kept > 0;
  rl_stmt_cache_init(&c->statements, kept, KEPT_TEXT);
  rl_buf_init(&c->bytes);
  rl_arena_init(&c->scratch, 0);
  rille_status s = connect_prepare(c, err);
  if (s != RILLE_OK) {
    pg_close(c);
    return s;
  }
  *out = c;
  return RILLE_OK;
}

static rille_status pg_check_version(rl_conn *c, rl_error *err) {
  int version = PQserverVersion(c->pg);
  const char *text = PQparameterStatus(c->pg, "server_version");
  if (version == 0 || version >= OLDEST_VERSION) return RILLE_OK;
  return rl_fail(err, RL_P1015, "PostgreSQL %s is too old; rille needs 9.6 or later", text ? text : "unknown");
}

static rille_status connect_finish(rl_conn *c, rl_error *err) {
  PQsetErrorVerbosity(c->pg, PQERRORS_DEFAULT);
  rille_status s = pg_check_version(c, err);
  if (s != RILLE_OK) return s;
  connect_forget(c);
  if (c->options->pooled) s = rl_pg_transaction_settings(c->options, c->pg, &c->settings, err);
  if (s != RILLE_OK) return s;
  c->canceller = rl_pg_canceller_new(c->pg);
  if (!c->canceller) return rl_fail_nomem(err);
  if (!PQenterPipelineMode(c->pg)) return rl_pg_fail_lost(c, true, err);
  c->ready = true;
  c->last_used = rl_clock_ms();
  return RILLE_OK;
}

static rille_status connect_timed_out(rl_conn *c, rl_error *err) {
  rl_fail(err, RL_P1001, "the database server at %s did not answer within `connect_timeout`", c->options->address);
  if (err) err->connection_lost = err->not_sent = true;
  c->lost = true;
  return RILLE_ERROR;
}

/* Gives each of several addresses its share of the time. Otherwise one that does not answer would use all of it. */
static bool address_timed_out(rl_conn *c, int64_t now) {
  size_t count = rl_pg_hosts_count(c->hosts);
  if (count < 2) return false;
  size_t at = rl_pg_hosts_at(c->hosts, c->pg);
  if (at != c->address) {
    c->address = at;
    c->address_since = now;
  }
  return now - c->address_since >= c->connect_ms / (int64_t)count;
}

static rille_status connect_next_address(rl_conn *c, rl_error *err) {
  size_t next = (c->address + 1) % rl_pg_hosts_count(c->hosts);
  PQfinish(c->pg);
  c->pg = NULL;
  return connect_start(c, next, err);
}

static rille_status connect_resolve(rl_conn *c, rl_wait *wait, rl_error *err) {
  rille_status s = rl_pg_hosts_poll(c->hosts, wait, err);
  if (s == RILLE_AGAIN) wait->until_ms = c->connect_until;
  return s == RILLE_OK ? connect_start(c, 0, err) : s;
}

static int64_t connect_wake_at(const rl_conn *c) {
  size_t count = rl_pg_hosts_count(c->hosts);
  int64_t until = count > 1 ? c->address_since + c->connect_ms / (int64_t)count : c->connect_until;
  return until < c->connect_until ? until : c->connect_until;
}

static rille_status pg_poll_connect(rl_conn *c, rl_wait *wait, rl_error *err) {
  if (c->ready) return RILLE_OK;
  int64_t now = rl_clock_ms();
  if (now >= c->connect_until) return connect_timed_out(c, err);
  rille_status s = RILLE_OK;
  if (!c->pg)
    s = connect_resolve(c, wait, err);
  else if (address_timed_out(c, now))
    s = connect_next_address(c, err);
  if (s != RILLE_OK) {
    if (s < 0) c->lost = true;
    return s;
  }
  PostgresPollingStatusType state = PQconnectPoll(c->pg);
  if (state == PGRES_POLLING_OK) return connect_finish(c, err);
  if (state == PGRES_POLLING_FAILED) {
    c->lost = true;
    return rl_pg_fail_connect(c, err);
  }
  bool write = state == PGRES_POLLING_WRITING;
  *wait = (rl_wait){.fd = PQsocket(c->pg), .read = !write, .write = write, .until_ms = connect_wake_at(c)};
  return RILLE_AGAIN;
}

/* A server before 14 does not say it. */
static bool pg_is_standby(const rl_conn *c) {
  const char *said = PQparameterStatus(c->pg, "in_hot_standby");
  return said && strcmp(said, "on") == 0;
}

static bool pg_is_usable(const rl_conn *c) {
  return c->ready && !c->lost && !c->server_gone && c->pid == rl_process_id() && PQstatus(c->pg) == CONNECTION_OK;
}

static bool pg_in_transaction(const rl_conn *c) {
  PGTransactionStatusType s = PQtransactionStatus(c->pg);
  return s == PQTRANS_INTRANS || s == PQTRANS_INERROR;
}

static bool pg_transaction_failed(const rl_conn *c) {
  return PQtransactionStatus(c->pg) == PQTRANS_INERROR;
}

static int pg_descriptor(const rl_conn *c) {
  return PQsocket(c->pg);
}

/* 150004 is 15.4; before 10 there were three numbers. */
static void pg_library_version(char out[RL_VERSION_SIZE]) {
  int v = PQlibVersion();
  if (v >= 100000)
    snprintf(out, RL_VERSION_SIZE, "%d.%d", v / 10000, v % 10000);
  else
    snprintf(out, RL_VERSION_SIZE, "%d.%d.%d", v / 10000, v / 100 % 100, v % 100);
}

const rl_driver rl_driver_postgres = {
    .provider = RL_PROVIDER_POSTGRESQL,
    .library_version = pg_library_version,
    .may_be_lost = true,
    .statements_expire = true,
    .infers_types = true,
    .pipelines = true,
    .parse_url = rl_pg_parse_url,
    .open = pg_open,
    .poll_connect = pg_poll_connect,
    .close = pg_close,
    .send = rl_pg_send,
    .fetch = rl_pg_fetch_rows,
    .explain = "EXPLAIN ",
    .close_cursor = rl_pg_close_cursor,
    .flush = rl_pg_flush,
    .next = rl_pg_next,
    .columns = rl_pg_columns,
    .abandon = rl_pg_abandon,
    .begin = rl_pg_begin,
    .commit = rl_pg_commit,
    .rollback = rl_pg_rollback,
    .savepoint = rl_pg_savepoint,
    .release = rl_pg_release,
    .rollback_to = rl_pg_rollback_to,
    .isolation_levels = 1u << RL_ISOLATION_DEFAULT | 1u << RL_ISOLATION_READ_UNCOMMITTED |
                        1u << RL_ISOLATION_READ_COMMITTED | 1u << RL_ISOLATION_REPEATABLE_READ |
                        1u << RL_ISOLATION_SERIALIZABLE,
    .check_setting = rl_pg_check_setting,
    .send_command = rl_pg_send_command,
    .send_script = rl_pg_send_script,
    .is_usable = pg_is_usable,
    .is_standby = pg_is_standby,
    .in_transaction = pg_in_transaction,
    .transaction_failed = pg_transaction_failed,
    .descriptor = pg_descriptor,
    .backup = rl_pg_backup,
    .restore = rl_pg_restore,
    .advisory_locks = &rl_pg_advisory_locks,
    .notifications = &rl_pg_notifications,
    .position = rl_pg_position,
};
