/* A blocking session. */
#include "run/session.h"

#include "base/clock.h"
#include "run/pool.h"

static rille_status connect(rl_session *s, rl_error *err) {
  const rl_driver *d = s->options.driver;
  int64_t limit = s->options.connect_timeout_ms;
  int64_t deadline = limit == 0 ? RL_NO_DEADLINE : rl_clock_ms() + (limit > 0 ? limit : 5000);
  rille_status st = d->open(&s->options, &s->conn, err);
  while (st == RILLE_OK || st == RILLE_AGAIN) {
    rl_wait wait = {-1, false, false, RL_NO_DEADLINE};
    st = d->poll_connect(s->conn, &wait, err);
    if (st != RILLE_AGAIN) return st;
    if (rl_wait_block(&wait, deadline) == RILLE_DONE)
      return rl_fail(err, RL_P1001, "Can't reach the database server at %s:%d", s->options.host ? s->options.host : "?",
                     s->options.port);
  }
  return st;
}

rille_status rl_session_open(rl_session *s, rl_str url, rl_error *err) {
  *s = (rl_session){0};
  rl_arena_init(&s->arena, 0);
  rille_status st = rl_driver_parse_url(url, &s->arena, &s->options, err);
  if (st == RILLE_OK) st = connect(s, err);
  if (st != RILLE_OK) rl_session_close(s);
  return st;
}

void rl_session_close(rl_session *s) {
  if (s->conn) s->options.driver->close(s->conn);
  rl_arena_dispose(&s->arena);
  *s = (rl_session){0};
}

static rille_status finish(rl_session *s, rl_error *err) {
  rille_status st = s->options.driver->flush(s->conn, err);
  while (st == RILLE_OK || st == RILLE_ROW || st == RILLE_AGAIN) {
    rl_row_view view;
    int64_t affected;
    rl_wait wait = {-1, false, false, RL_NO_DEADLINE};
    st = s->options.driver->next(s->conn, &view, &affected, &wait, err);
    if (st == RILLE_AGAIN) rl_wait_block(&wait, RL_NO_DEADLINE);
  }
  return st == RILLE_DONE ? RILLE_OK : st;
}

rille_status rl_session_command(rl_session *s, const char *sql, rl_error *err) {
  rille_status st = s->options.driver->send_command(s->conn, sql, err);
  return st == RILLE_OK ? finish(s, err) : st;
}

rille_status rl_session_script(rl_session *s, const char *sql, rl_error *err) {
  rille_status st = s->options.driver->send_script(s->conn, sql, err);
  return st == RILLE_OK ? finish(s, err) : st;
}

typedef struct text_list {
  rl_str *items;
  size_t count, cap;
} text_list;

static rille_status keep_text(rl_session *s, text_list *l, const rl_row_view *view, rl_error *err) {
  if (l->count == l->cap) {
    size_t cap = l->cap ? l->cap * 2 : 16;
    rl_str *more = RL_NEW_ARRAY(&s->arena, rl_str, cap);
    if (!more) return rl_fail_nomem(err);
    if (l->count) memcpy(more, l->items, l->count * sizeof *more);
    l->items = more;
    l->cap = cap;
  }
  const rl_value *v = view->count ? &view->cells[0] : NULL;
  rl_str text = v && v->kind == RILLE_TEXT ? rl_str_make(v->as.p, v->len) : (rl_str){"", 0};
  text = rl_arena_str(&s->arena, text);
  if (!text.p) return rl_fail_nomem(err);
  l->items[l->count++] = text;
  return RILLE_OK;
}

/* Leaves the connection ready for the next statement. */
static void give_up(rl_session *s) {
  rl_error ignored = {0};
  rl_wait wait = {-1, false, false, RL_NO_DEADLINE};
  while (s->options.driver->abandon(s->conn, &wait, &ignored) == RILLE_AGAIN) rl_wait_block(&wait, RL_NO_DEADLINE);
  rl_error_clear(&ignored);
}

rille_status rl_session_texts(rl_session *s, const char *sql, rl_str **out, size_t *count, rl_error *err) {
  static const rl_slot text = {RL_WIRE_TEXT, false};
  rl_stmt stmt = {.sql = sql, .sql_len = strlen(sql), .columns = &text, .column_count = 1, .returns_rows = true};
  text_list list = {0};
  rille_status st = s->options.driver->send(s->conn, &stmt, NULL, err);
  if (st == RILLE_OK) st = s->options.driver->flush(s->conn, err);
  while (st == RILLE_OK || st == RILLE_ROW || st == RILLE_AGAIN) {
    rl_row_view view;
    int64_t affected;
    rl_wait wait = {-1, false, false, RL_NO_DEADLINE};
    st = s->options.driver->next(s->conn, &view, &affected, &wait, err);
    if (st == RILLE_AGAIN) rl_wait_block(&wait, RL_NO_DEADLINE);
    if (st == RILLE_ROW && keep_text(s, &list, &view, err) != RILLE_OK) {
      give_up(s);
      return RILLE_NOMEM;
    }
  }
  *out = list.items;
  *count = list.count;
  return st == RILLE_DONE ? RILLE_OK : st;
}
