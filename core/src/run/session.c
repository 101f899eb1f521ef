/* A blocking session. */
#include "run/session.h"

#include "base/clock.h"
#include "run/answers.h"
#include "run/drive.h"
#include "run/pool.h"

static rille_status connect_step(void *what, rl_wait *wait, rl_error *err) {
  return rl_connecting_poll(what, wait, err);
}

static rille_status session_connect(rl_session *s, rl_error *err) {
  rl_connecting c;
  rille_status st;
  rl_connecting_begin(&c, &s->options, 0, false);
  do st = rl_drive(connect_step, &c, c.deadline_ms, err);
  while (st == RILLE_AGAIN); /* a passed deadline is an error of rl_connecting_poll */
  if (st == RILLE_OK) s->conn = rl_connecting_take(&c);
  rl_connecting_stop(&c);
  return st;
}

rille_status rl_session_open(rl_session *s, rl_str url, rl_error *err) {
  *s = (rl_session){0};
  rl_arena_init(&s->arena, 0);
  rille_status st = rl_driver_parse_url(url, &s->arena, &s->options, err);
  if (st == RILLE_OK) st = session_connect(s, err);
  if (st != RILLE_OK) rl_session_close(s);
  s->unseen = s->options.memory;
  return st;
}

static rille_status session_borrow(rl_session *s, rl_str url, rl_error *err) {
  rl_pool_options defaults = {0};
  rl_pool *pool = NULL;
  rl_wait wait = {-1, false, false, RL_NO_DEADLINE};
  rille_status st = rl_pool_get(url, &defaults, &pool, err);
  if (st != RILLE_OK) return st;
  rl_pool *_Atomic mine = pool;
  st = rl_pool_take(&mine, true, RL_NO_DEADLINE, &s->lease, err);
  if (st != RILLE_OK) {
    rl_pool_bequeath(mine);
    return st;
  }
  st = rl_pool_poll(s->lease, true, &wait, err);
  if (st == RILLE_OK) s->conn = s->lease->conn;
  return st;
}

static rille_status session_open(rl_session *s, rl_str url, bool must_exist, rl_error *err) {
  *s = (rl_session){0};
  rl_arena_init(&s->arena, 0);
  rille_status st = rl_driver_parse_url(url, &s->arena, &s->options, err);
  s->options.must_exist = must_exist;
  if (st == RILLE_OK) st = s->options.memory ? session_borrow(s, url, err) : session_connect(s, err);
  if (st != RILLE_OK) rl_session_close(s);
  return st;
}

rille_status rl_session_open_shared(rl_session *s, rl_str url, rl_error *err) {
  return session_open(s, url, false, err);
}

rille_status rl_session_open_existing(rl_session *s, rl_str url, rl_error *err) {
  rille_status st = session_open(s, url, true, err);
  s->unseen = true;
  return st;
}

static void session_return_lease(rl_session *s) {
  const rl_driver *d = s->options.driver;
  rl_pool *pool = s->lease->pool;
  rl_lease_release(s->lease, s->conn && d->is_usable(s->conn) && !d->in_transaction(s->conn));
  rl_pool_bequeath(pool);
}

void rl_session_close(rl_session *s) {
  if (s->lease)
    session_return_lease(s);
  else if (s->conn)
    s->options.driver->close(s->conn);
  if (s->answers) rl_cache_release(s->answers);
  rl_arena_dispose(&s->arena);
  *s = (rl_session){0};
}

/* ------------------------------------------------------------------ what it writes */

static rl_cache *session_answers(rl_session *s) {
  rl_buf name;
  if (s->answers) return s->answers;
  rl_buf_init(&name);
  rl_database_name(&name, &s->options, s->lease ? s->lease->pool : NULL);
  if (!name.failed) s->answers = rl_cache_of_database(rl_buf_view(&name));
  rl_buf_dispose(&name);
  return s->answers;
}

/* Marks everything as being written: statements of sessions may change the structure of the database. NOMEM: it cannot
 * be marked, so nothing is sent. */
static rille_status session_write_begins(rl_session *s, rl_error *err) {
  if (s->unseen) return RILLE_OK;
  rl_cache *answers = session_answers(s);
  if (!answers) return rl_fail_nomem(err);
  rl_cache_write_begins(answers, &s->writing, NULL);
  return RILLE_OK;
}

static rille_status session_write_ends(rl_session *s, rille_status st) {
  bool answered = st >= 0 || (s->conn && s->options.driver->is_usable(s->conn));
  if (s->writing.cache) rl_cache_write_ends(&s->writing, answered ? RL_WRITE_DONE : RL_WRITE_UNKNOWN, NULL);
  return st;
}

/* ------------------------------------------------------------------ statements */

static int64_t answer_until(const rl_session *s) {
  return s->options.socket_timeout_ms > 0 ? rl_clock_after(s->options.socket_timeout_ms) : RL_NO_DEADLINE;
}

static rille_status session_next_row(rl_session *s, int64_t until_ms, rl_row_view *view, rl_error *err) {
  rille_status st = rl_drive_next(s->options.driver, s->conn, until_ms, view, err);
  if (st != RILLE_AGAIN) return st;
  rl_drive_abandon(s->options.driver, s->conn, RL_NO_DEADLINE); /* ready for the next statement */
  return rl_fail(err, RL_P1008, "the database did not answer within the socket_timeout of %lld ms",
                 (long long)s->options.socket_timeout_ms);
}

rille_status rl_session_finish(rl_session *s, rl_error *err) {
  rl_row_view view;
  int64_t until_ms = answer_until(s);
  rille_status st = s->options.driver->flush(s->conn, err);
  while (st == RILLE_OK || st == RILLE_ROW) st = session_next_row(s, until_ms, &view, err);
  return st == RILLE_DONE ? RILLE_OK : st;
}

rille_status rl_session_command(rl_session *s, const char *sql, rl_error *err) {
  rille_status st = session_write_begins(s, err);
  if (st == RILLE_OK) st = s->options.driver->send_command(s->conn, sql, err);
  return session_write_ends(s, st == RILLE_OK ? rl_session_finish(s, err) : st);
}

static rille_status session_finish_all(rl_session *s, rille_status st, const rl_commands *queued, rl_error *err) {
  for (uint32_t i = 0; i < queued->count && st == RILLE_OK; i++) st = rl_session_finish(s, err);
  return st;
}

rille_status rl_session_begin(rl_session *s, const rl_begin *how, rl_error *err) {
  rl_commands queued = {0};
  rille_status st = s->options.driver->begin(s->conn, how, &queued, err);
  return session_finish_all(s, st, &queued, err);
}

rille_status rl_session_commit(rl_session *s, rl_error *err) {
  rl_commands queued = {0};
  rille_status st = session_write_begins(s, err);
  if (st == RILLE_OK) st = s->options.driver->commit(s->conn, &queued, err);
  return session_write_ends(s, session_finish_all(s, st, &queued, err));
}

rille_status rl_session_rollback(rl_session *s, rl_error *err) {
  rl_commands queued = {0};
  rille_status st = s->options.driver->rollback(s->conn, &queued, err);
  return session_finish_all(s, st, &queued, err);
}

rille_status rl_session_script(rl_session *s, const char *sql, rl_error *err) {
  rille_status st = session_write_begins(s, err);
  if (st == RILLE_OK) st = s->options.driver->send_script(s->conn, sql, err);
  return session_write_ends(s, st == RILLE_OK ? rl_session_finish(s, err) : st);
}

rille_status rl_session_restore(rl_session *s, const char *file, bool force, rl_error *err) {
  rille_status st = session_write_begins(s, err);
  if (st == RILLE_OK) st = s->options.driver->restore(s->conn, file, force, err);
  return session_write_ends(s, st);
}

typedef struct text_list {
  rl_str *items;
  size_t count, cap;
} text_list;

static rille_status keep_text(rl_session *s, text_list *l, const rl_value *v, rl_error *err) {
  if (l->count == l->cap) {
    size_t cap = l->cap ? l->cap * 2 : 64;
    rl_str *more = RL_NEW_ARRAY(&s->arena, rl_str, cap);
    if (!more) return rl_fail_nomem(err);
    if (l->count) memcpy(more, l->items, l->count * sizeof *more);
    l->items = more;
    l->cap = cap;
  }
  rl_str text = {"", 0};
  if (v->kind == RILLE_TEXT) text = rl_arena_str(&s->arena, rl_str_make(v->as.p, v->len));
  if (!text.p) return rl_fail_nomem(err);
  l->items[l->count++] = text;
  return RILLE_OK;
}

static rille_status keep_row(rl_session *s, text_list *l, const rl_row_view *view, rl_error *err) {
  rille_status st = RILLE_OK;
  for (uint32_t i = 0; i < view->count && st == RILLE_OK; i++) st = keep_text(s, l, &view->cells[i], err);
  return st;
}

rille_status rl_session_rows(rl_session *s, const char *sql, uint32_t columns, rl_text_rows *out, rl_error *err) {
  rl_wire_type wire_types[RL_SESSION_COLUMNS];
  for (uint32_t i = 0; i < columns; i++) wire_types[i] = (rl_wire_type){.wire = RL_WIRE_TEXT};
  rl_stmt stmt = {
      .sql = sql, .sql_len = strlen(sql), .columns = wire_types, .column_count = columns, .returns_rows = true};
  text_list list = {0};
  rille_status st = s->options.driver->send(s->conn, &stmt, NULL, err);
  if (st == RILLE_OK) st = s->options.driver->flush(s->conn, err);
  int64_t until_ms = answer_until(s);
  while (st == RILLE_OK || st == RILLE_ROW) {
    rl_row_view view;
    st = session_next_row(s, until_ms, &view, err);
    if (st == RILLE_ROW && keep_row(s, &list, &view, err) != RILLE_OK) {
      rl_drive_abandon(s->options.driver, s->conn, RL_NO_DEADLINE);
      return RILLE_NOMEM;
    }
  }
  *out = (rl_text_rows){list.items, list.count / columns, columns};
  return st == RILLE_DONE ? RILLE_OK : st;
}

rille_status rl_session_texts(rl_session *s, const char *sql, rl_str **out, size_t *count, rl_error *err) {
  rl_text_rows rows = {0};
  rille_status st = rl_session_rows(s, sql, 1, &rows, err);
  *out = rows.cells;
  *count = rows.count;
  return st;
}
