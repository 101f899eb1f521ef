/* Answers, in the order of sending. Takes libpq's results as they arrive, without waiting, and delivers them row by
 * row. */
#include "driver/postgres/pg.h"

#include <stdlib.h>

#include "base/clock.h"

enum { MOST_RETRIES = 8, MOST_EMPTY_ANSWERS = 16 };

static rille_status result_wait(rl_conn *c, rl_wait *wait) {
  *wait = (rl_wait){.fd = PQsocket(c->pg), .read = true, .write = c->must_write, .until_ms = RL_NO_DEADLINE};
  return RILLE_AGAIN;
}

static bool flush_output(rl_conn *c) {
  if (!c->must_write) return true;
  int more = PQflush(c->pg);
  c->must_write = more > 0;
  return more >= 0;
}

/* Drops the notifications that libpq keeps, on a connection without a listener. */
static void drop_notifications(rl_conn *c) {
  if (c->keeps_notifications) return;
  for (PGnotify *n; (n = PQnotifies(c->pg)) != NULL;) PQfreemem(n);
}

rille_status rl_pg_fetch(rl_conn *c, PGresult **out, rl_wait *wait, rl_error *err) {
  if (!flush_output(c)) return rl_pg_fail_lost(c, false, err);
  if (c->just_sent) {
    c->just_sent = false;
    return result_wait(c, wait);
  }
  if (PQisBusy(c->pg)) {
    if (!PQconsumeInput(c->pg) || !flush_output(c)) return rl_pg_fail_lost(c, false, err);
    if (PQisBusy(c->pg)) {
      drop_notifications(c);
      return result_wait(c, wait);
    }
  }
  *out = PQgetResult(c->pg);
  return RILLE_OK;
}

static size_t segment_start(const rl_conn *c) {
  size_t i = c->head;
  while (i > 0 && c->items[i - 1].kind != RL_PG_SYNC) i--;
  return i;
}

/* Returns whether sending again repeats and loses nothing: the caller has no transaction, what ran before in this
 * pipeline only read, and nothing was sent after it. */
static bool may_retry(const rl_conn *c) {
  if (c->retries >= MOST_RETRIES || !c->began_idle || c->abandoning || c->items[c->count - 1].kind != RL_PG_SYNC)
    return false;
  for (size_t i = segment_start(c); i + 1 < c->count; i++) {
    const rl_pg_item *item = &c->items[i];
    if (item->kind == RL_PG_SYNC || item->kind == RL_PG_COMMAND) return false;
    if (i < c->head && item->kind == RL_PG_STATEMENT && item->stmt->writes) return false;
  }
  return true;
}

static const char *error_field(const PGresult *r, int code) {
  const char *text = PQresultErrorField(r, code);
  return text ? text : "";
}

/* Returns whether the server has forgotten the prepared statement (DISCARD ALL), or its result has other columns since
 * the schema changed. Other statements are probably affected too, so all are prepared again. */
static bool is_stale(rl_conn *c, const rl_pg_item *item, const PGresult *r) {
  const char *state = error_field(r, PG_DIAG_SQLSTATE);
  bool ours = item->kind == RL_PG_DEALLOCATE || item->kind == RL_PG_PREPARE || (item->stmt && item->stmt->id != 0);
  bool gone = ours && strcmp(state, "26000") == 0;
  bool changed =
      strcmp(state, "0A000") == 0 && strcmp(error_field(r, PG_DIAG_SOURCE_FUNCTION), "RevalidateCachedQuery") == 0;
  if (!c->prepares || (!gone && !changed)) return false;
  rl_pg_forget_statements(c);
  return true;
}

/* Fails for a statement that is no longer valid. Nothing of the transaction lasts, so it can be run again. */
static void fail_stale(rl_conn *c, const PGresult *r, rl_error *err) {
  rl_pg_fail_result(c, r, err);
  if (err->nomem) return;
  err->code = RL_P2034;
  err->stale = true;
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_printf(&text,
                "the schema of the database has changed since this connection prepared its statements; run the "
                "transaction again (%s)",
                error_field(r, PG_DIAG_MESSAGE_PRIMARY));
  char *message = rl_buf_take(&text);
  if (message) rl_error_replace_message(err, message);
}

static void set_failure(rl_conn *c, const PGresult *r, bool stale) {
  if (c->failed) return;
  c->failed = true;
  if (c->hidden.code != RL_CODE_NONE)
    rl_error_move(&c->error, &c->hidden);
  else if (PQresultStatus(r) == PGRES_PIPELINE_ABORTED)
    rl_fail(&c->error, RL_P2039, "not run, because a statement sent before it failed");
  else if (stale)
    fail_stale(c, r, &c->error);
  else
    rl_pg_fail_result(c, r, &c->error);
}

static void answer_take_failure(rl_conn *c, const rl_pg_item *item, const PGresult *r) {
  bool stale = PQresultStatus(r) == PGRES_FATAL_ERROR && is_stale(c, item, r);
  if (stale && may_retry(c))
    c->retry_at = c->head + 1;
  else
    set_failure(c, r, stale);
  if (item->kind != RL_PG_SCRIPT || !c->counts_answers) return;
  c->error.failed.number = c->answers + 1;
  c->error.failed.at = (uint32_t)strtoul(error_field(r, PG_DIAG_STATEMENT_POSITION), NULL, 10);
}

static int64_t affected_rows(PGresult *r) {
  return strtoll(PQcmdTuples(r), NULL, 10);
}

static void answer_take_rows(rl_conn *c, const rl_pg_item *item, PGresult *r) {
  PQclear(c->described);
  c->described = NULL;
  c->result = r;
  c->row = 0;
  c->row_count = PQntuples(r);
  rille_status s = rl_pg_describe(c, item->stmt, &c->error);
  if (s == RILLE_OK) return;
  c->failed = true;
  rl_pg_drop_result(c);
}

static rille_status refuse_copy(rl_conn *c, PGresult *r, rl_error *err) {
  PQclear(r);
  rl_fail(err, RL_P2026, "COPY to or from the client is not supported in a query");
  return rl_pg_fail_lost(c, false, err); /* the server waits for data and would never answer */
}

/* Returns whether a select has ended without even its columns. It must not pass for one without rows. */
static bool lacks_rows(const rl_conn *c, const rl_pg_item *item, ExecStatusType status) {
  if (item->kind != RL_PG_STATEMENT || c->abandoning || c->result) return false;
  return (status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) && item->stmt->column_count > 0;
}

static rille_status answer_take_result(rl_conn *c, const rl_pg_item *item, PGresult *r, rl_error *err) {
  ExecStatusType status = PQresultStatus(r);
  if (lacks_rows(c, item, status)) {
    PQclear(r);
    return rl_pg_fail_out_of_step(c, "rows were expected and none announced", err);
  }
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) c->answers++;
  switch (status) {
  case PGRES_TUPLES_OK:
    c->affected = affected_rows(r);
    if (item->kind == RL_PG_STATEMENT && !c->abandoning) {
      answer_take_rows(c, item, r);
      return RILLE_OK;
    }
    break;
  case PGRES_COMMAND_OK: c->affected = affected_rows(r); break;
  case PGRES_EMPTY_QUERY: c->affected = 0; break;
  case PGRES_COPY_IN:
  case PGRES_COPY_OUT:
  case PGRES_COPY_BOTH: return refuse_copy(c, r, err);
  default: answer_take_failure(c, item, r); break;
  }
  PQclear(r);
  return RILLE_OK;
}

/* Takes the answer to one of the driver's own items. Its failure is reported as that of the next statement. */
static void answer_take_hidden(rl_conn *c, const rl_pg_item *item, PGresult *r) {
  ExecStatusType status = PQresultStatus(r);
  if (status != PGRES_COMMAND_OK && item->kind == RL_PG_PREPARE) rl_pg_forget(c, item);
  if (status == PGRES_FATAL_ERROR && c->hidden.code == RL_CODE_NONE) {
    bool stale = is_stale(c, item, r);
    if (stale && may_retry(c))
      c->retry_at = c->head + 1;
    else if (stale)
      fail_stale(c, r, &c->hidden);
    else
      rl_pg_fail_result(c, r, &c->hidden);
  }
  PQclear(r);
}

/* Takes the end of a pipeline. It may still bring an error: the implicit transaction is committed only here. */
static rille_status answer_take_sync(rl_conn *c, PGresult *r, rl_error *err) {
  bool sync = PQresultStatus(r) == PGRES_PIPELINE_SYNC;
  if (!sync && PQresultStatus(r) == PGRES_FATAL_ERROR) set_failure(c, r, false);
  PQclear(r);
  if (!sync) return RILLE_OK;
  size_t end = c->head++;
  if (c->retry_at == 0) return RILLE_OK;
  size_t first = c->retry_at - 1;
  c->retry_at = 0;
  c->retries++;
  rl_error_clear(&c->hidden);
  return rl_pg_send_again(c, first, end, err);
}

/* Checks that the end of a pipeline comes exactly where it was asked for. */
static bool answer_fits(rl_conn *c, const rl_pg_item *item, const PGresult *r) {
  c->empty_answers = r ? 0 : c->empty_answers + 1;
  if (!r) return c->empty_answers <= MOST_EMPTY_ANSWERS;
  ExecStatusType status = PQresultStatus(r);
  if (item->kind == RL_PG_SYNC) return status == PGRES_PIPELINE_SYNC || status == PGRES_FATAL_ERROR;
  return status != PGRES_PIPELINE_SYNC;
}

/* Takes one answer of libpq. NULL is the end of a statement's answers. */
static rille_status answer_take(rl_conn *c, PGresult *r, rl_error *err) {
  rl_pg_item item = c->items[c->head];
  if (!answer_fits(c, &item, r)) {
    PQclear(r);
    return rl_pg_fail_out_of_step(c, "one answer too many or too few", err);
  }
  if (r && PQstatus(c->pg) == CONNECTION_BAD) c->lost = true;
  if (item.kind == RL_PG_SYNC) return r ? answer_take_sync(c, r, err) : RILLE_OK;
  bool hidden = item.kind == RL_PG_PREPARE || item.kind == RL_PG_DEALLOCATE || item.kind == RL_PG_DECLARE ||
                item.kind == RL_PG_SETTINGS;
  if (!r) {
    c->head++;
    c->ended = !hidden && c->retry_at == 0;
    return RILLE_OK;
  }
  if (c->retry_at != 0) {
    if (item.kind == RL_PG_PREPARE) rl_pg_forget(c, &item);
    PQclear(r);
  } else if (hidden) {
    answer_take_hidden(c, &item, r);
  } else {
    return answer_take_result(c, &item, r, err);
  }
  return RILLE_OK;
}

static bool statement_is_complete(const rl_conn *c) {
  return c->ended && (c->head == c->count || c->items[c->head].kind != RL_PG_SYNC);
}

static rille_status statement_finish(rl_conn *c, int64_t *affected, rl_error *err) {
  c->ended = false;
  *affected = c->affected;
  c->affected = 0;
  bool failed = c->failed;
  c->failed = false;
  rl_error_clear(&c->hidden);
  if (c->head == c->count) {
    rl_pg_queue_reset(c);
    /* Notices now what belongs to no statement, so it is not taken for the next answer. */
    (void)PQisBusy(c->pg);
    drop_notifications(c);
  }
  if (!failed) return RILLE_DONE;
  rille_status s = c->error.nomem ? RILLE_NOMEM : RILLE_ERROR;
  if (err && err->code == RL_CODE_NONE)
    rl_error_move(err, &c->error);
  else
    rl_error_clear(&c->error);
  return s;
}

static rille_status deliver_row(rl_conn *c, rl_row_view *row) {
  rille_status s = rl_pg_decode_row(c, row, &c->error);
  if (s == RILLE_OK) return RILLE_ROW;
  c->failed = true;
  rl_pg_drop_result(c);
  return s;
}

/* An invalid cell is not retried: it would come again. */
static rille_status next_fail_lost(rl_conn *c, rl_error *err) {
  rille_status s = rl_pg_fail_lost(c, false, err);
  if (err && err->code == RL_P2023) err->connection_lost = false;
  return s;
}

rille_status rl_pg_next(rl_conn *c, rl_row_view *row, int64_t *affected, rl_wait *wait, rl_error *err) {
  if (c->row < c->row_count && deliver_row(c, row) == RILLE_ROW) return RILLE_ROW;
  if (c->lost) return next_fail_lost(c, err);
  if (c->head == c->count && !c->ended)
    return rl_fail(err, RL_INTERNAL, "no statement was sent that could be answered");
  if (c->head >= c->segment && c->segment != c->count) {
    rille_status s = rl_pg_flush(c, err);
    if (s != RILLE_OK) return s;
  }
  if (c->result) rl_pg_drop_result(c);
  while (!statement_is_complete(c)) {
    PGresult *r = NULL;
    rille_status s = rl_pg_fetch(c, &r, wait, err);
    if (s == RILLE_OK) s = answer_take(c, r, err);
    if (s != RILLE_OK) return s;
    if (c->row < c->row_count && !c->lost && deliver_row(c, row) == RILLE_ROW) return RILLE_ROW;
    if (c->lost) return next_fail_lost(c, err);
  }
  return statement_finish(c, affected, err);
}

uint32_t rl_pg_columns(rl_conn *c, const rl_column_info **out) {
  const PGresult *r = c->result ? c->result : c->described;
  *out = c->infos;
  if (!r) return 0;
  for (uint32_t i = 0; i < c->column_count; i++)
    c->infos[i] = (rl_column_info){rl_str_of(PQfname(r, (int)i)), c->columns[i].wire_type};
  return c->column_count;
}
