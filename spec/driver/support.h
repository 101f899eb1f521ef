/* Shared by the driver tests: values, statements, and a poll(2) loop around functions that return AGAIN. */
#ifndef SPEC_DRIVER_SUPPORT_H
#define SPEC_DRIVER_SUPPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "driver/driver.h"
#include "tape/datetime.h"

enum { MAX_CELLS = 64 };

/* A connection under test, with what its options borrow. */
typedef struct fixture {
  rl_arena arena;
  rl_conn_options options;
  const rl_driver *driver;
  rl_conn *conn;
  rl_error err;
  /* of the last statement */
  rille_status status;
  int64_t affected;
  int rows;
  rl_arena kept; /* copies of the last row */
  rl_value cells[MAX_CELLS];
  uint32_t count;
} fixture;

static inline void wait_for(const rl_wait *w) {
  struct pollfd p = {.fd = w->fd, .events = (short)((w->read ? POLLIN : 0) | (w->write ? POLLOUT : 0))};
  int64_t left = w->until_ms == RL_NO_DEADLINE ? 30000 : w->until_ms - rl_clock_ms();
  if (left < 0) left = 0;
  int n = poll(&p, w->fd >= 0 ? 1 : 0, (int)(left > 30000 ? 30000 : left));
  /* Half a minute without an answer is a hang. */
  if (n == 0 && w->until_ms == RL_NO_DEADLINE) fail_msg("no answer within 30 s");
}

static inline rille_status parse_options(fixture *f, const char *url) {
  rl_arena_init(&f->arena, 0);
  rl_arena_init(&f->kept, 0);
  rille_status s = rl_driver_parse_url(rl_str_of(url), &f->arena, &f->options, &f->err);
  f->driver = f->options.driver;
  return s;
}

static inline rille_status connect_now(fixture *f) {
  rl_wait w;
  rille_status s = f->driver->open(&f->options, &f->conn, &f->err);
  while (s == RILLE_OK && (s = f->driver->poll_connect(f->conn, &w, &f->err)) == RILLE_AGAIN) {
    wait_for(&w);
    s = RILLE_OK;
  }
  return s;
}

static inline void open_fixture(fixture *f, const char *url) {
  memset(f, 0, sizeof *f);
  rille_status s = parse_options(f, url);
  if (s == RILLE_OK) s = connect_now(f);
  if (s != RILLE_OK) fail_msg("cannot connect: %s", rl_error_message(&f->err));
}

static inline void close_fixture(fixture *f) {
  if (f->conn) f->driver->close(f->conn);
  f->conn = NULL;
  rl_error_clear(&f->err);
  rl_arena_dispose(&f->kept);
  rl_arena_dispose(&f->arena);
}

static inline rl_value keep_value(fixture *f, rl_value v) {
  if (v.kind == RILLE_LIST) {
    rl_value *items = rl_arena_array(&f->kept, v.len + 1, sizeof *items);
    for (uint32_t i = 0; items && i < v.len; i++) items[i] = keep_value(f, v.as.list[i]);
    v.as.list = items;
  } else if (v.kind == RILLE_TEXT || v.kind == RILLE_BYTES || v.kind == RILLE_DECIMAL || v.kind == RILLE_JSON) {
    v.as.p = rl_arena_strdup(&f->kept, (rl_str){v.as.p, v.len});
  }
  return v;
}

/* Returns the next result other than AGAIN. */
static inline rille_status next_now(fixture *f, rl_row_view *row) {
  rl_wait w;
  for (;;) {
    rille_status s = f->driver->next(f->conn, row, &f->affected, &w, &f->err);
    if (s != RILLE_AGAIN) return s;
    wait_for(&w);
  }
}

/* Reads a statement to its end and keeps its last row. */
static inline rille_status finish_now(fixture *f) {
  rl_row_view row = {NULL, 0};
  f->rows = 0;
  f->count = 0;
  rl_arena_reset(&f->kept);
  rl_error_clear(&f->err);
  while ((f->status = next_now(f, &row)) == RILLE_ROW) {
    f->rows++;
    f->count = row.count;
    for (uint32_t i = 0; i < row.count && i < MAX_CELLS; i++) f->cells[i] = keep_value(f, row.cells[i]);
  }
  return f->status;
}

static inline rille_status run_statement(fixture *f, const rl_stmt *stmt, const rl_value *params) {
  rl_error_clear(&f->err);
  f->status = f->driver->send(f->conn, stmt, params, &f->err);
  if (f->status == RILLE_OK) f->status = f->driver->flush(f->conn, &f->err);
  if (f->status != RILLE_OK) return f->status;
  return finish_now(f);
}

static inline rille_status run_command(fixture *f, const char *sql) {
  rl_error_clear(&f->err);
  f->status = f->driver->send_command(f->conn, sql, &f->err);
  if (f->status == RILLE_OK) f->status = f->driver->flush(f->conn, &f->err);
  return f->status == RILLE_OK ? finish_now(f) : f->status;
}

static inline rille_status run_script(fixture *f, const char *sql) {
  rl_error_clear(&f->err);
  f->status = f->driver->send_script(f->conn, sql, &f->err);
  if (f->status == RILLE_OK) f->status = f->driver->flush(f->conn, &f->err);
  return f->status == RILLE_OK ? finish_now(f) : f->status;
}

static inline void must(fixture *f, rille_status s) {
  if (s != RILLE_DONE) fail_msg("%s: %s", rl_code_name(f->err.code), rl_error_message(&f->err));
}

static inline rl_stmt statement(uint64_t id, const char *sql, const rl_wire_type *params, uint32_t param_count,
                                const rl_wire_type *columns, uint32_t column_count) {
  bool writes = strncmp(sql, "SELECT", 6) != 0 && strncmp(sql, "select", 6) != 0;
  return (rl_stmt){.id = id,
                   .sql = sql,
                   .sql_len = strlen(sql),
                   .params = params,
                   .param_count = param_count,
                   .columns = columns,
                   .column_count = column_count,
                   .writes = writes,
                   .returns_rows = column_count > 0 || !writes};
}

/* A raw query: no declared columns, every parameter as ANY. */
static inline rille_status run_raw(fixture *f, const char *sql, const rl_value *params, uint32_t count) {
  static const rl_wire_type any[8] = {{.wire = RL_WIRE_ANY}};
  rl_stmt stmt = statement(0, sql, any, count, NULL, 0);
  return run_statement(f, &stmt, params);
}

static inline rl_value v_null(void) {
  return (rl_value){.kind = RILLE_NULL};
}
static inline rl_value v_int(int64_t i) {
  return (rl_value){.kind = RILLE_INT, .as.i = i};
}
static inline rl_value v_bool(bool b) {
  return (rl_value){.kind = RILLE_BOOL, .as.i = b};
}
static inline rl_value v_float(double d) {
  return (rl_value){.kind = RILLE_FLOAT, .as.f = d};
}
static inline rl_value v_time(int64_t us) {
  return (rl_value){.kind = RILLE_DATETIME, .as.i = us};
}
static inline rl_value v_data(rille_value_kind kind, const char *p, size_t len) {
  return (rl_value){.kind = kind, .len = (uint32_t)len, .as.p = p};
}
static inline rl_value v_text(const char *z) {
  return v_data(RILLE_TEXT, z, strlen(z));
}
static inline rl_value v_decimal(const char *z) {
  return v_data(RILLE_DECIMAL, z, strlen(z));
}
static inline rl_value v_json(const char *z) {
  return v_data(RILLE_JSON, z, strlen(z));
}
static inline rl_value v_list(const rl_value *items, size_t count) {
  return (rl_value){.kind = RILLE_LIST, .len = (uint32_t)count, .as.list = items};
}

static inline bool same_value(const rl_value *a, const rl_value *b) {
  if (a->kind != b->kind) return false;
  switch (a->kind) {
  case RILLE_NULL: return true;
  case RILLE_BOOL:
  case RILLE_INT:
  case RILLE_DATETIME: return a->as.i == b->as.i;
  case RILLE_FLOAT: return (isnan(a->as.f) && isnan(b->as.f)) || memcmp(&a->as.f, &b->as.f, sizeof(double)) == 0;
  case RILLE_LIST:
    if (a->len != b->len) return false;
    for (uint32_t i = 0; i < a->len; i++)
      if (!same_value(&a->as.list[i], &b->as.list[i])) return false;
    return true;
  default: return a->len == b->len && (a->len == 0 || memcmp(a->as.p, b->as.p, a->len) == 0);
  }
}

static inline const char *show(const rl_value *v, char out[200]) {
  switch (v->kind) {
  case RILLE_BOOL:
  case RILLE_INT:
  case RILLE_DATETIME: snprintf(out, 200, "kind %u: %lld", v->kind, (long long)v->as.i); break;
  case RILLE_FLOAT: snprintf(out, 200, "float %.17g", v->as.f); break;
  case RILLE_NULL: snprintf(out, 200, "null"); break;
  case RILLE_LIST: snprintf(out, 200, "list of %u", v->len); break;
  default: snprintf(out, 200, "kind %u: '%.*s'", v->kind, (int)(v->len > 150 ? 150 : v->len), v->as.p);
  }
  return out;
}

static inline void expect_cell(const fixture *f, uint32_t i, rl_value want) {
  char a[200], b[200];
  if (i >= f->count) fail_msg("the row has %u cells only", f->count);
  if (!same_value(&f->cells[i], &want)) fail_msg("cell %u is %s, not %s", i, show(&f->cells[i], a), show(&want, b));
}

static inline void expect_error(fixture *f, rille_status s, rl_code code) {
  if (s != RILLE_ERROR || f->err.code != code)
    fail_msg("status %d, %s '%s' instead of %s", s, rl_code_name(f->err.code), rl_error_message(&f->err),
             rl_code_name(code));
}

static inline void expect_detail(const fixture *f, const char *key, const char *value) {
  rl_str got = rl_error_get(&f->err, key);
  if (!rl_str_is(got, value))
    fail_msg("detail %s is '%.*s', not '%s' (%s)", key, RL_STR_ARG(got), value, rl_error_message(&f->err));
}

static inline void expect_list(const fixture *f, const char *key, const char *a, const char *b) {
  for (size_t i = 0; i < f->err.detail_count; i++) {
    const rl_detail *d = &f->err.details[i];
    if (strcmp(d->key, key) != 0) continue;
    assert_true(d->is_list);
    assert_int_equal(d->count, b ? 2 : 1);
    assert_string_equal(d->values[0], a);
    if (b) assert_string_equal(d->values[1], b);
    return;
  }
  fail_msg("no detail %s", key);
}

#endif
