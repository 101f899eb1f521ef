/* What the tests of `run` share: a schema and a client for either database, calls written as JSON with single quotes,
 * and their answers as text. */
#ifndef SPEC_RUNNING_H
#define SPEC_RUNNING_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/handle.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "tape/json.h"

#ifdef __GNUC__
#define MAYBE_UNUSED __attribute__((unused))
#else
#define MAYBE_UNUSED
#endif

MAYBE_UNUSED static const char blog_schema[] =
    "model User {\n  id Int @id @default(autoincrement())\n  email String @unique\n  name String?\n  rank Rank "
    "@default(NEW)\n  posts Post[]\n}\n"
    "model Post {\n  id Int @id @default(autoincrement())\n  title String\n  score Int @default(0)\n  authorId Int\n"
    "  author User @relation(fields: [authorId], references: [id])\n  tags Tag[]\n}\n"
    "model Tag {\n  id Int @id @default(autoincrement())\n  name String @unique\n  posts Post[]\n}\n"
    "enum Rank {\n  NEW @map(\"new\")\n  OLD @map(\"old\")\n}\n";

/* ------------------------------------------------------------------ databases */

static const char *postgres_url(void) {
  return getenv("RILLE_TEST_POSTGRES");
}

typedef struct world {
  bool postgres;
  char url[512], path[128];
  rille_schema *schema;
  rille_client *client;
} world;

static void check_status(rille_status st, rille_error *err) {
  if (st >= 0) return;
  char text[400];
  snprintf(text, sizeof text, "%s", err ? rille_error_message(err) : "no error");
  rille_error_free(err);
  fail_msg("status %d: %s", (int)st, text);
}
/* A macro, so err is read after the call has set it. */
#define must(call, err)                                                                                                \
  do {                                                                                                                 \
    rille_status st_ = (call);                                                                                         \
    check_status(st_, err);                                                                                            \
  } while (0)

/* "postgresql://.../postgres" with another database, and more parameters. */
MAYBE_UNUSED static void url_with(const char *database, const char *parameters, char *out, size_t size) {
  const char *base = postgres_url(), *slash = strrchr(base, '/');
  snprintf(out, size, "%.*s/%s%s%s", (int)(slash - base), base, database, *parameters ? "?" : "", parameters);
}

/* Runs SQL on the server, without rille. */
MAYBE_UNUSED static int psql(const char *database, const char *sql) {
  char url[512], command[2048];
  url_with(database, "", url, sizeof url);
  snprintf(command, sizeof command, "psql -X -q -v ON_ERROR_STOP=1 '%s' -c \"%s\" >/dev/null 2>&1", url, sql);
  return system(command);
}

static rille_schema *open_schema(const char *text, bool postgres) {
  char full[8192];
  int n = snprintf(full, sizeof full, "datasource db {\n  provider = \"%s\"\n}\n%s", postgres ? "postgresql" : "sqlite",
                   text);
  rille_schema_options o = {.struct_size = sizeof o, .text = full, .text_len = (size_t)n};
  rille_schema *s = NULL;
  rille_error *err = NULL;
  must(rille_schema_open(&o, &s, NULL, &err), err);
  return s;
}

static void push_schema(const char *url, rille_schema *schema) {
  rille_push_options o = {.struct_size = sizeof o, .reset = 1, .url = url, .schema = schema};
  rille_error *err = NULL;
  must(rille_push(&o, &err), err);
}

static rille_client *open_client(const char *url, rille_schema *schema, int pool_size) {
  rille_client_options o = {.struct_size = sizeof o, .url = url, .schema = schema, .pool_size = pool_size};
  rille_client *c = NULL;
  rille_error *err = NULL;
  must(rille_client_open(&o, &c, &err), err);
  return c;
}

/* Creates a database with the schema, and a client. parameters: of the URL. */
static void open_world(world *w, bool postgres, const char *schema, const char *parameters, int pool_size) {
  static int serial;
  *w = (world){.postgres = postgres};
  char name[64];
  snprintf(name, sizeof name, "rille_run_%d_%d", (int)getpid(), ++serial);
  if (postgres) {
    url_with(name, parameters, w->url, sizeof w->url);
  } else {
    snprintf(w->path, sizeof w->path, "/tmp/%s.db", name);
    snprintf(w->url, sizeof w->url, "file:%s%s%s", w->path, *parameters ? "?" : "", parameters);
  }
  w->schema = open_schema(schema, postgres);
  push_schema(w->url, w->schema);
  w->client = open_client(w->url, w->schema, pool_size);
}

static void remove_files(const char *path) {
  static const char *const tails[] = {"", "-wal", "-shm"};
  char name[160];
  for (size_t i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "%s%s", path, tails[i]);
    unlink(name);
  }
}

static void close_world(world *w) {
  rille_client_release(w->client);
  rille_schema_release(w->schema);
  if (!w->postgres) {
    remove_files(w->path);
    return;
  }
  char sql[128], *slash = strrchr(w->url, '/'), *end = strchr(slash, '?');
  if (end) *end = 0;
  snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s WITH (FORCE)", slash + 1);
  assert_int_equal(psql("postgres", sql), 0);
}

MAYBE_UNUSED static void on_both(void (*test)(world *w), const char *parameters, int pool_size) {
  world w;
  open_world(&w, false, blog_schema, parameters, pool_size);
  test(&w);
  close_world(&w);
  if (!postgres_url()) return;
  open_world(&w, true, blog_schema, parameters, pool_size);
  test(&w);
  close_world(&w);
}

/* ------------------------------------------------------------------ calls */

static void write_token(rille_tape *t, rl_json_token token, rl_str v) {
  switch (token) {
  case RL_JSON_OPEN_OBJECT: rille_tape_open_object(t); break;
  case RL_JSON_CLOSE_OBJECT: rille_tape_close_object(t); break;
  case RL_JSON_OPEN_ARRAY: rille_tape_open_list(t); break;
  case RL_JSON_CLOSE_ARRAY: rille_tape_close_list(t); break;
  case RL_JSON_KEY: rille_tape_key(t, v.p, v.len); break;
  case RL_JSON_TEXT:
    if (rl_str_is(v, "<all>"))
      rille_tape_mark(t, RILLE_MARK_ALL, NULL, 0);
    else
      rille_tape_text_copy(t, v.p, v.len);
    break;
  case RL_JSON_NUMBER:
    if (memchr(v.p, '.', v.len))
      rille_tape_float(t, strtod(v.p, NULL));
    else
      rille_tape_int(t, strtoll(v.p, NULL, 10));
    break;
  case RL_JSON_TRUE:
  case RL_JSON_FALSE: rille_tape_bool(t, token == RL_JSON_TRUE); break;
  case RL_JSON_NULL: rille_tape_null(t); break;
  case RL_JSON_END: break;
  }
}

/* Writes JSON with single quotes onto a tape. RILLE_NOMEM: reading it ran out of memory. */
static rille_status write_tape(rille_tape *t, const char *json) {
  char text[4096];
  size_t n = 0;
  for (const char *p = json; *p && n + 1 < sizeof text; p++) text[n++] = *p == '\'' ? '"' : *p;
  rl_json_reader r;
  rl_error err = {0};
  rl_json_token token;
  rl_json_reader_init(&r, rl_str_make(text, n));
  rille_status st;
  while ((st = rl_json_next(&r, &token, &err)) == RILLE_ROW) write_token(t, token, r.value);
  rl_json_reader_dispose(&r);
  rl_error_clear(&err);
  return st == RILLE_DONE ? RILLE_OK : st;
}

typedef struct answer {
  rille_status status;
  char code[16], message[512], rows[4096];
  uint32_t round_trips, statements;
  int64_t affected;
} answer;

static size_t show_cell(const rille_value *v, char *out, size_t size) {
  switch (v->kind) {
  case RILLE_NULL: return (size_t)snprintf(out, size, "null");
  case RILLE_BOOL: return (size_t)snprintf(out, size, v->as.i ? "true" : "false");
  case RILLE_INT:
  case RILLE_DATETIME: return (size_t)snprintf(out, size, "%lld", (long long)v->as.i);
  case RILLE_FLOAT: return (size_t)snprintf(out, size, "%g", v->as.f);
  case RILLE_LIST: return (size_t)snprintf(out, size, "list of %u", v->len);
  default: return (size_t)snprintf(out, size, "%.*s", (int)v->len, v->as.p);
  }
}

/* "NODE<PARENT(cell,cell) ..." */
static void show_row(answer *a, const rille_row *row) {
  size_t n = strlen(a->rows), size = sizeof a->rows;
  if (n + 200 > size) return;
  if (row->node) n += (size_t)snprintf(a->rows + n, size - n, "%u<%d", row->node, (int)row->parent);
  for (uint32_t i = 0; i < row->count && n + 100 < size; i++) {
    a->rows[n++] = i ? ',' : '(';
    n += show_cell(&row->cells[i], a->rows + n, size - n);
  }
  snprintf(a->rows + n, size - n, ") ");
}

static void keep_error(answer *a, rille_status st, rille_error *err) {
  a->status = st;
  snprintf(a->code, sizeof a->code, "%s", err ? rille_error_code(err) : "");
  snprintf(a->message, sizeof a->message, "%s", err ? rille_error_message(err) : "");
  rille_error_free(err);
}

/* Waits as a cooperative caller does. */
static void wait_for_op(rille_op *op) {
  rille_wait w = {.struct_size = sizeof w};
  rille_op_wait(op, &w);
  struct pollfd q = {w.fd, (short)((w.read ? POLLIN : 0) | (w.write ? POLLOUT : 0)), 0};
  poll(&q, w.fd >= 0 ? 1 : 0, w.timeout_ms < 0 ? 10000 : (int)w.timeout_ms);
}

static void drain(rille_op *op, rille_status started, rille_error *err, answer *a) {
  *a = (answer){.status = started};
  rille_row row;
  rille_status st = started;
  while (st == RILLE_OK || st == RILLE_ROW || st == RILLE_AGAIN || st == RILLE_RESTART) {
    st = rille_op_next(op, &row, &err);
    if (st == RILLE_ROW) show_row(a, &row);
    if (st == RILLE_RESTART) a->rows[0] = 0;
    if (st == RILLE_AGAIN) wait_for_op(op);
  }
  keep_error(a, st, err);
  a->affected = rille_op_affected(op);
  a->round_trips = rille_op_round_trips(op);
  a->statements = rille_op_statements(op);
  size_t n = strlen(a->rows);
  if (n) a->rows[n - 1] = 0;
}

static rille_status start_call(rille_op *op, rille_tx *tx, const char *model, rille_action action, rille_tape *tape,
                               const char *json, rille_error **err) {
  rille_schema *s = rille_client_schema(op->client);
  rille_tape_reset(tape);
  rille_status st = write_tape(tape, json);
  return st < 0 ? st : rille_op_model(op, tx, rille_schema_model(s, model, strlen(model)), action, tape, err);
}

MAYBE_UNUSED static answer call_with(rille_op *op, rille_tx *tx, const char *model, rille_action action,
                                     const char *json) {
  answer a;
  rille_error *err = NULL;
  rille_tape *tape = rille_tape_new();
  assert_non_null(tape);
  rille_status st = start_call(op, tx, model, action, tape, json, &err);
  drain(op, st, err, &a);
  rille_op_reset(op);
  rille_tape_free(tape);
  return a;
}

MAYBE_UNUSED static answer call(rille_client *c, rille_tx *tx, const char *model, rille_action action,
                                const char *json) {
  rille_op *op = rille_op_new(c);
  assert_non_null(op);
  answer a = call_with(op, tx, model, action, json);
  rille_op_free(op);
  return a;
}

MAYBE_UNUSED static answer raw(rille_client *c, rille_tx *tx, const char *sql, const char *params) {
  answer a;
  rille_error *err = NULL;
  rille_op *op = rille_op_new(c);
  rille_tape *tape = params ? rille_tape_new() : NULL;
  if (tape) write_tape(tape, params);
  rille_status st = rille_op_raw(op, tx, sql, strlen(sql), tape, 1, &err);
  drain(op, st, err, &a);
  rille_op_free(op);
  rille_tape_free(tape);
  return a;
}

typedef rille_status step_fn(rille_op *op, rille_tx *tx, rille_error **err);
MAYBE_UNUSED static answer step(rille_client *c, rille_tx *tx, step_fn *start) {
  answer a;
  rille_error *err = NULL;
  rille_op *op = rille_op_new(c);
  rille_status st = start(op, tx, &err);
  drain(op, st, err, &a);
  rille_op_free(op);
  return a;
}

MAYBE_UNUSED static rille_tx *begin_tx(rille_client *c, const rille_tx_options *o) {
  rille_tx *tx = NULL;
  rille_error *err = NULL;
  must(rille_tx_new(c, o, &tx, &err), err);
  answer a = step(c, tx, rille_op_begin);
  if (a.status != RILLE_DONE) fail_msg("begin: %s", a.message);
  return tx;
}

#define expect_rows(a, text)                                                                                           \
  do {                                                                                                                 \
    answer got_ = (a);                                                                                                 \
    if (got_.status != RILLE_DONE) fail_msg("%s: %s", got_.code, got_.message);                                        \
    assert_string_equal(got_.rows, text);                                                                              \
  } while (0)
#define expect_code(a, name)                                                                                           \
  do {                                                                                                                 \
    answer got_ = (a);                                                                                                 \
    if (got_.status >= 0 || strcmp(got_.code, name) != 0)                                                              \
      fail_msg("status %d, %s '%s' instead of %s", (int)got_.status, got_.code, got_.message, name);                   \
  } while (0)

MAYBE_UNUSED static rille_pool_stats pool_stats(rille_client *c) {
  rille_pool_stats s = {.struct_size = sizeof s};
  rille_client_pool_stats(c, &s);
  return s;
}

#endif
