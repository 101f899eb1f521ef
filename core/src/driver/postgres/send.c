/* Sending. Everything uses libpq's pipeline mode, so a new statement is prepared in the round trip of its first run.
 * Measured: the mode costs a single statement nothing. */
#include "driver/postgres/pg.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "driver/trace.h"

enum { QUIET_MS = 200, KEPT_BYTES = 1 << 20 };

static bool queue_reserve(rl_conn *c, size_t more) {
  if (c->cap - c->count >= more) return true;
  size_t cap = c->cap ? c->cap * 2 : 16;
  rl_pg_item *items = rl_realloc(c->items, cap * sizeof *items);
  if (!items) return false;
  c->items = items;
  c->cap = cap;
  return true;
}

static void queue_push(rl_conn *c, rl_pg_item item) {
  c->items[c->count++] = item;
}

void rl_pg_queue_reset(rl_conn *c) {
  c->head = c->count = c->segment = 0;
  c->param_count = 0;
  if (c->bytes.cap > KEPT_BYTES)
    rl_buf_dispose(&c->bytes); /* a bulk insert must not stay in memory */
  else
    rl_buf_reset(&c->bytes);
  c->retries = 0;
  c->retry_at = 0;
  c->last_used = rl_clock_ms();
}

/* Checks for a server that closed the idle connection: its last message, or the end of the stream, is in the socket.
 * Seen now, the work can safely go to another connection. */
static rille_status check_alive(rl_conn *c, rl_error *err) {
  bool readable = PQconsumeInput(c->pg) == 1;
  if (readable) (void)PQisBusy(c->pg); /* passes messages to the notice receiver */
  if (readable && !c->server_gone && PQstatus(c->pg) == CONNECTION_OK) return RILLE_OK;
  return rl_pg_fail_lost(c, true, err);
}

/* Starts to send. careful: what is sent must not be sent twice, so a closed connection is noticed now. The room above
 * repeats rille's own reads, so those skip the check while the connection is in frequent use. */
static rille_status send_begin(rl_conn *c, size_t items, bool careful, rl_error *err) {
  if (c->lost || !c->ready) {
    rl_fail(err, RL_P1017, "the connection to the database is closed");
    if (err) err->connection_lost = err->not_sent = true;
    return RILLE_ERROR;
  }
  if (!queue_reserve(c, items)) return rl_fail_nomem(err);
  if (c->head < c->count) return RILLE_OK;
  bool idle = PQtransactionStatus(c->pg) == PQTRANS_IDLE;
  if ((careful && idle) || rl_clock_ms() - c->last_used > QUIET_MS) {
    rille_status s = check_alive(c, err);
    if (s != RILLE_OK) return s;
  }
  rl_pg_queue_reset(c);
  c->began_idle = idle;
  return RILLE_OK;
}

/* A pooler may give each transaction another session, so each transaction sets its settings. */
static bool needs_settings(const rl_conn *c) {
  return c->settings && c->began_idle && c->segment == c->count;
}

static rille_status send_settings(rl_conn *c, rl_error *err);

static rille_status enter_pipeline(rl_conn *c, rl_error *err) {
  if (PQpipelineStatus(c->pg) == PQ_PIPELINE_OFF && !PQenterPipelineMode(c->pg)) return rl_pg_fail_lost(c, true, err);
  return needs_settings(c) ? send_settings(c, err) : RILLE_OK;
}

/* Fails if libpq did not queue: it is out of memory, or the connection has broken. */
static rille_status send_check(rl_conn *c, int sent, rl_error *err) {
  if (sent) return RILLE_OK;
  return rl_pg_fail_lost(c, c->head == 0 && c->count == 0, err);
}

static rille_status send_settings(rl_conn *c, rl_error *err) {
  if (!queue_reserve(c, 4)) return rl_fail_nomem(err); /* and for what follows */
  rille_status s = send_check(c, PQsendQueryParams(c->pg, c->settings, 0, NULL, NULL, NULL, NULL, 1), err);
  if (s == RILLE_OK) queue_push(c, (rl_pg_item){.kind = RL_PG_SETTINGS});
  return s;
}

static rille_status push_deallocate(rl_conn *c, int sent, rl_error *err) {
  rille_status s = send_check(c, sent, err);
  if (s == RILLE_OK) queue_push(c, (rl_pg_item){.kind = RL_PG_DEALLOCATE});
  return s;
}

/* Reserves room for the statement that follows, too. */
static rille_status send_deallocate(rl_conn *c, const char *name, rl_error *err) {
  if (!queue_reserve(c, 4)) return rl_fail_nomem(err);
#ifdef LIBPQ_HAS_CLOSE_PREPARED
  return push_deallocate(c, PQsendClosePrepared(c->pg, name), err);
#else
  char sql[RL_PG_NAME_MAX + 16];
  snprintf(sql, sizeof sql, "DEALLOCATE %s", name);
  return push_deallocate(c, PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 1), err);
#endif
}

/* Removes statements that the cache has forgotten from the server. */
static rille_status send_deallocate_all(rl_conn *c, rl_error *err) {
  if (!queue_reserve(c, 4)) return rl_fail_nomem(err);
  c->has_forgotten = false;
  return push_deallocate(c, PQsendQueryParams(c->pg, "DEALLOCATE ALL", 0, NULL, NULL, NULL, NULL, 1), err);
}

/* Puts the statement into the cache, which may evict others, and asks the server to prepare it. */
static rille_status send_prepare(rl_conn *c, const rl_stmt *stmt, rl_pg_prepared **out, rl_error *err) {
  rille_status s = c->has_forgotten ? send_deallocate_all(c, err) : RILLE_OK;
  for (rl_pg_prepared *old; s == RILLE_OK && (old = rl_stmt_cache_evict(&c->statements, stmt->sql_len)) != NULL;) {
    s = send_deallocate(c, old->name, err);
    rl_free(old);
  }
  rl_pg_prepared *p = s == RILLE_OK ? rl_alloc(sizeof *p) : NULL;
  if (!p) return s == RILLE_OK ? rl_fail_nomem(err) : s;
  p->number = c->next_number++;
  snprintf(p->name, sizeof p->name, "rille_%u", (unsigned)p->number);
  if (!rl_stmt_cache_put(&c->statements, stmt->id, p, stmt->sql_len)) {
    rl_free(p);
    return rl_fail_nomem(err);
  }
  s = send_check(c, PQsendPrepare(c->pg, p->name, stmt->sql, (int)stmt->param_count, c->types), err);
  if (s == RILLE_OK)
    queue_push(c, (rl_pg_item){.kind = RL_PG_PREPARE, .stmt = stmt, .number = p->number});
  else
    rl_free(rl_stmt_cache_remove(&c->statements, stmt->id));
  *out = p;
  return s;
}

static bool grow_arrays(rl_conn *c, size_t count) {
  if (count <= c->array_cap) return true;
  const char **values = rl_realloc(c->values, count * sizeof *values);
  if (values) c->values = values;
  int *lengths = rl_realloc(c->lengths, count * sizeof *lengths);
  if (lengths) c->lengths = lengths;
  int *formats = rl_realloc(c->formats, count * sizeof *formats);
  if (formats) c->formats = formats;
  Oid *types = rl_realloc(c->types, count * sizeof *types);
  if (types) c->types = types;
  if (!values || !lengths || !formats || !types) return false;
  c->array_cap = count;
  return true;
}

static rille_status lay_out_params(rl_conn *c, uint32_t first, uint32_t count, rl_error *err) {
  if (!grow_arrays(c, count)) return rl_fail_nomem(err);
  for (uint32_t i = 0; i < count; i++) {
    const rl_pg_param *p = &c->params[first + i];
    c->values[i] = p->offset == SIZE_MAX ? NULL : c->bytes.len > p->offset ? c->bytes.p + p->offset : "";
    c->lengths[i] = p->length;
    c->formats[i] = p->format;
    c->types[i] = p->type;
  }
  return RILLE_OK;
}

/* Sends a statement whose encoded parameters start at first_param. */
static rille_status send_statement(rl_conn *c, const rl_stmt *stmt, uint32_t first_param, rl_error *err) {
  int count = (int)stmt->param_count, sent;
  uint32_t number = 0;
  rille_status s = lay_out_params(c, first_param, stmt->param_count, err);
  if (s != RILLE_OK) return s;
  if (c->prepares && stmt->id != 0 && rl_stmt_cache_takes(&c->statements, stmt->sql_len)) {
    rl_pg_prepared *p = rl_stmt_cache_get(&c->statements, stmt->id);
    if (!p) s = send_prepare(c, stmt, &p, err);
    if (s != RILLE_OK) return s;
    number = p->number;
    sent = PQsendQueryPrepared(c->pg, p->name, count, c->values, c->lengths, c->formats, 1);
  } else {
    sent = PQsendQueryParams(c->pg, stmt->sql, count, c->types, c->values, c->lengths, c->formats, 1);
  }
  s = send_check(c, sent, err);
  if (s == RILLE_OK)
    queue_push(c, (rl_pg_item){.kind = RL_PG_STATEMENT, .stmt = stmt, .number = number, .first_param = first_param});
  return s;
}

rille_status rl_pg_send(rl_conn *c, const rl_stmt *stmt, const rl_value *params, rl_error *err) {
  if (stmt->param_count > 65535)
    return rl_fail(err, RL_P2029, "PostgreSQL accepts at most 65,535 parameters in a statement; this one has %u",
                   stmt->param_count);
  rille_status s = send_begin(c, 3, stmt->writes || stmt->id == 0, err);
  if (s == RILLE_OK) s = enter_pipeline(c, err);
  uint32_t first = (uint32_t)c->param_count;
  rl_trace_statement(c, stmt, params);
  if (s == RILLE_OK) s = rl_pg_encode(c, stmt, params, err);
  if (s == RILLE_OK) s = send_statement(c, stmt, first, err);
  return s;
}

static rille_status queue_command(rl_conn *c, const char *sql, rl_error *err) {
  rl_trace_text(c, sql);
  rille_status s = send_check(c, PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 1), err);
  if (s == RILLE_OK) queue_push(c, (rl_pg_item){.kind = RL_PG_COMMAND});
  return s;
}

rille_status rl_pg_send_command(rl_conn *c, const char *sql, rl_error *err) {
  rille_status s = send_begin(c, 2, true, err);
  if (s == RILLE_OK) s = enter_pipeline(c, err);
  return s == RILLE_OK ? queue_command(c, sql, err) : s;
}

rille_status rl_pg_send_begin(rl_conn *c, const char *sql, rl_error *err) {
  rille_status s = send_begin(c, 2, true, err);
  bool sets = s == RILLE_OK && needs_settings(c);
  if (sets) c->began_idle = false; /* the isolation level must be set before the first statement */
  if (s == RILLE_OK) s = enter_pipeline(c, err);
  c->began_idle = c->began_idle || sets;
  if (s == RILLE_OK) s = queue_command(c, sql, err);
  return s == RILLE_OK && sets ? send_settings(c, err) : s;
}

/* Sends the cursor's statement with its parameters. Cursors share the numbers of prepared statements, not their names.
 * Their numbers are one higher, since 0 means no cursor. */
static rille_status send_declare(rl_conn *c, rl_cursor *cursor, const rl_stmt *stmt, const rl_value *params,
                                 rl_error *err) {
  uint32_t first = (uint32_t)c->param_count, number = ++c->next_number;
  rl_trace_statement(c, stmt, params);
  rille_status s = rl_pg_encode(c, stmt, params, err);
  if (s == RILLE_OK) s = lay_out_params(c, first, stmt->param_count, err);
  if (s != RILLE_OK) return s;
  rl_buf sql;
  rl_buf_init(&sql);
  rl_buf_printf(&sql, "DECLARE rille_%u NO SCROLL CURSOR FOR ", (unsigned)number);
  rl_buf_put(&sql, stmt->sql, stmt->sql_len);
  char *text = rl_buf_take(&sql);
  if (!text) return rl_fail_nomem(err);
  s = send_check(
      c, PQsendQueryParams(c->pg, text, (int)stmt->param_count, c->types, c->values, c->lengths, c->formats, 1), err);
  rl_free(text);
  if (s != RILLE_OK) return s;
  queue_push(c, (rl_pg_item){.kind = RL_PG_DECLARE, .stmt = stmt});
  cursor->number = number;
  return RILLE_OK;
}

rille_status rl_pg_fetch_rows(rl_conn *c, rl_cursor *cursor, const rl_stmt *stmt, const rl_value *params, uint32_t rows,
                              rl_error *err) {
  char sql[64];
  rille_status s = send_begin(c, 2, false, err);
  if (s == RILLE_OK) s = enter_pipeline(c, err);
  if (s == RILLE_OK && cursor->number == 0) s = send_declare(c, cursor, stmt, params, err);
  if (s != RILLE_OK) return s;
  snprintf(sql, sizeof sql, "FETCH %lu FROM rille_%u", (unsigned long)rows, (unsigned)cursor->number);
  s = send_check(c, PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 1), err);
  if (s == RILLE_OK) queue_push(c, (rl_pg_item){.kind = RL_PG_STATEMENT, .stmt = stmt});
  return s;
}

rille_status rl_pg_close_cursor(rl_conn *c, rl_cursor *cursor, rl_error *err) {
  char sql[64];
  snprintf(sql, sizeof sql, "CLOSE rille_%u", (unsigned)cursor->number);
  cursor->number = 0;
  return rl_pg_send_command(c, sql, err);
}

rille_status rl_pg_send_script(rl_conn *c, const char *sql, rl_error *err) {
  if (c->head < c->count)
    return rl_fail(err, RL_INTERNAL, "a script cannot be sent while other statements are running");
  rille_status s = send_begin(c, 1, true, err);
  if (s != RILLE_OK) return s;
  rl_trace_text(c, sql);
  char *whole = NULL;
  if (needs_settings(c)) {
    rl_buf text;
    rl_buf_init(&text);
    rl_buf_printf(&text, "%s;\n%s", c->settings, sql);
    whole = rl_buf_take(&text);
    if (!whole) return rl_fail_nomem(err);
  }
  bool sent = PQexitPipelineMode(c->pg) && PQsendQuery(c->pg, whole ? whole : sql);
  bool is_own = !whole;
  rl_free(whole);
  if (!sent) return rl_pg_fail_lost(c, true, err);
  queue_push(c, (rl_pg_item){.kind = RL_PG_SCRIPT});
  c->counts_answers = is_own;
  c->answers = 0;
  c->segment = c->count; /* it needs no SYNC */
  c->must_write = true;
  return RILLE_OK;
}

rille_status rl_pg_flush(rl_conn *c, rl_error *err) {
  if (c->lost || c->head == c->count) return RILLE_OK;
  bool synced = c->segment == c->count, first = c->head == 0 && c->segment == 0;
  if (!synced && !queue_reserve(c, 1)) return rl_fail_nomem(err);
  if (!synced && !PQpipelineSync(c->pg)) return rl_pg_fail_lost(c, false, err);
  if (!synced) queue_push(c, (rl_pg_item){.kind = RL_PG_SYNC});
  c->segment = c->count;
  int more = PQflush(c->pg);
  if (more < 0) return rl_pg_fail_lost(c, false, err);
  c->must_write = more > 0;
  c->just_sent = first;
  return RILLE_OK;
}

rille_status rl_pg_send_again(rl_conn *c, size_t first, size_t end, rl_error *err) {
  rille_status s = RILLE_OK;
  for (size_t i = first; i < end && s == RILLE_OK; i++) {
    if (!queue_reserve(c, 3)) return rl_fail_nomem(err);
    rl_pg_item item = c->items[i];
    if (item.kind == RL_PG_STATEMENT) s = send_statement(c, item.stmt, item.first_param, err);
  }
  return s == RILLE_OK ? rl_pg_flush(c, err) : s;
}

void rl_pg_forget(rl_conn *c, const rl_pg_item *prepare_item) {
  const rl_pg_prepared *p = rl_stmt_cache_get(&c->statements, prepare_item->stmt->id);
  if (p && p->number == prepare_item->number) rl_free(rl_stmt_cache_remove(&c->statements, prepare_item->stmt->id));
}

void rl_pg_forget_statements(rl_conn *c) {
  c->has_forgotten = c->has_forgotten || c->statements.count > 0;
  for (void *p; (p = rl_stmt_cache_pop(&c->statements)) != NULL;) rl_free(p);
}
