/* Connections that the server has ended, used immediately. What was certainly not executed moves to another connection,
 * and a read is repeated. A write with an unknown outcome is an error, and is never sent twice. */
#include "running.h"

static const char things[] = "model Thing {\n  id Int @id\n  name String @default(\"x\")\n  parts Part[]\n}\n"
                             "model Part {\n  id Int @id\n  thingId Int\n  thing Thing @relation(fields: [thingId], "
                             "references: [id])\n}\n"
                             "model Trap {\n  id Int @id\n}\n";

/* Ends all connections with this name, and returns when they are closed. The next call comes soon after the last use.
 */
static void end_connections(rille_client *killer, const char *name) {
  char sql[200];
  snprintf(sql, sizeof sql,
           "SELECT count(*) FROM (SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
           "application_name = '%s') t",
           name);
  assert_int_equal(raw(killer, NULL, sql, NULL).status, RILLE_DONE);
}

typedef struct pair {
  world w;
  rille_client *killer;
} pair;

static void open_pair(pair *p) {
  open_world(&p->w, true, things, "application_name=fragile", 2);
  p->killer = open_client(postgres_url(), p->w.schema, 1);
}
static void close_pair(pair *p) {
  rille_client_release(p->killer);
  close_world(&p->w);
}

static int64_t killed_and_called(pair *p, int i) {
  rille_client *c = p->w.client;
  char json[200];
  expect_rows(raw(c, NULL, "SELECT 1", NULL), "(1)"); /* used a moment ago */
  end_connections(p->killer, "fragile");
  switch (i % 6) {
  case 0: expect_rows(call(c, NULL, "thing", RILLE_COUNT, "{'where':{'id':-1}}"), "(0)"); return 0;
  case 1: expect_rows(raw(c, NULL, "SELECT 2", NULL), "(2)"); return 0;
  case 2: {
    rille_tx *tx = begin_tx(c, NULL);
    assert_int_equal(step(c, tx, rille_op_rollback).status, RILLE_DONE);
    rille_tx_free(tx);
    return 0;
  }
  case 3: snprintf(json, sizeof json, "{'data':{'id':%d}}", i); break;
  case 4: snprintf(json, sizeof json, "{'data':{'id':%d,'parts':{'create':[{'id':%d}]}}}", i, i); break;
  default: {
    char sql[100];
    snprintf(sql, sizeof sql, "INSERT INTO \"Thing\" (id) VALUES (%d)", i);
    assert_int_equal(raw(c, NULL, sql, NULL).status, RILLE_DONE);
    return 1;
  }
  }
  answer a = call(c, NULL, "thing", RILLE_CREATE, json);
  if (a.status != RILLE_DONE) fail_msg("%s %s", a.code, a.message);
  return 1;
}

static void test_ended_while_idle(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  pair p;
  open_pair(&p);
  int64_t written = 0;
  for (int i = 0; i < 30; i++) written += killed_and_called(&p, i);
  char expected[32];
  snprintf(expected, sizeof expected, "(%d)", (int)written);
  expect_rows(call(p.w.client, NULL, "thing", RILLE_COUNT, "{}"), expected);
  assert_int_equal(pool_stats(p.w.client).in_use, 0);
  close_pair(&p);
}

/* How often it was tried: a sequence is not rolled back. */
static void expect_attempts(pair *p, const char *rows) {
  char url[512], *slash;
  snprintf(url, sizeof url, "%s", p->w.url);
  slash = strrchr(url, '?');
  *slash = 0;
  rille_client *c = open_client(url, p->w.schema, 1);
  expect_rows(raw(c, NULL, "SELECT last_value, is_called FROM attempts", NULL), rows);
  assert_int_equal(raw(c, NULL, "ALTER SEQUENCE attempts RESTART", NULL).status, RILLE_DONE);
  rille_client_release(c);
}

static const char trap_function[] =
    "CREATE FUNCTION trap() RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT nextval(''attempts'') > 0 AND "
    "pg_terminate_backend(pg_backend_pid())'";

static void set_traps(rille_client *c) {
  static const char *const sql[] = {
      "CREATE SEQUENCE attempts",
      trap_function,
      "CREATE FUNCTION on_write() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM trap(); RETURN NEW; END'",
      "CREATE TRIGGER trap BEFORE INSERT ON \"Thing\" FOR EACH ROW EXECUTE FUNCTION on_write()",
      "DROP TABLE \"Trap\"",
      "CREATE VIEW \"Trap\" AS SELECT 1 AS id WHERE trap()",
  };
  for (size_t i = 0; i < sizeof sql / sizeof *sql; i++) assert_int_equal(raw(c, NULL, sql[i], NULL).status, RILLE_DONE);
}

/* The connection is lost while the server works. */
static void test_ended_at_work(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  pair p;
  open_pair(&p);
  rille_client *c = p.w.client;
  set_traps(c);
  expect_code(call(c, NULL, "thing", RILLE_CREATE, "{'data':{'id':1}}"), "P1017");
  expect_attempts(&p, "(1,true)");
  expect_rows(raw(c, NULL, "SELECT 1", NULL), "(1)");
  expect_code(call(c, NULL, "thing", RILLE_CREATE, "{'data':{'id':1,'parts':{'create':[{'id':1}]}}}"), "P1017");
  expect_attempts(&p, "(1,true)");
  expect_rows(raw(c, NULL, "SELECT 1", NULL), "(1)");
  expect_code(raw(c, NULL, "SELECT trap()", NULL), "P1017"); /* it may write */
  expect_attempts(&p, "(1,true)");
  expect_rows(raw(c, NULL, "SELECT 1", NULL), "(1)");
  expect_code(call(c, NULL, "trap", RILLE_FIND_MANY, "{}"), "P1017"); /* repeated, once */
  expect_attempts(&p, "(2,true)");
  expect_rows(raw(c, NULL, "SELECT 1", NULL), "(1)");
  rille_tx *tx = begin_tx(c, NULL);
  expect_code(call(c, tx, "trap", RILLE_FIND_MANY, "{}"), "P1017"); /* not in a transaction */
  rille_tx_free(tx);
  expect_attempts(&p, "(1,true)");
  assert_int_equal(pool_stats(c).in_use, 0);
  close_pair(&p);
}

/* Reads of several round trips whose connection ends halfway, when the rows of the first level have been delivered. */
static void test_ended_between_levels(void **state) {
  static const struct {
    rille_action action;
    const char *json, *rows;
  } calls[] = {
      {RILLE_FIND_MANY, "{'include':{'parts':true},'order_by':{'id':'asc'}}", "(1,x) (2,x) 1<0(10,1) 1<1(20,2)"},
      {RILLE_FIND_FIRST, "{'select':{'id':true,'parts':{'select':{'id':true}}},'where':{'id':2}}", "(2) 1<0(20)"},
  };
  (void)state;
  if (!postgres_url()) skip();
  pair p;
  open_pair(&p);
  rille_client *c = p.w.client;
  set_traps(c);
  assert_int_equal(raw(c, NULL, "ALTER TABLE \"Thing\" DISABLE TRIGGER trap", NULL).status, RILLE_DONE);
  assert_int_equal(call(c, NULL, "thing", RILLE_CREATE_MANY, "{'data':[{'id':1},{'id':2}]}").status, RILLE_DONE);
  assert_int_equal(raw(c, NULL, "DROP TABLE \"Part\"", NULL).status, RILLE_DONE);
  assert_int_equal(raw(c, NULL,
                       "CREATE FUNCTION trap_once() RETURNS boolean LANGUAGE plpgsql VOLATILE AS 'BEGIN IF "
                       "nextval(''attempts'') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN "
                       "true; END'",
                       NULL)
                       .status,
                   RILLE_DONE);
  assert_int_equal(raw(c, NULL,
                       "CREATE VIEW \"Part\" AS SELECT i * 10 AS id, i AS \"thingId\" FROM (SELECT 1 AS i UNION ALL "
                       "SELECT 2) t, LATERAL (SELECT i = 1 OR trap_once() AS ok) o WHERE ok",
                       NULL)
                       .status,
                   RILLE_DONE);
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    for (int whole = 0; whole < 2; whole++) {
      rille_op *op = rille_op_new(c);
      rille_op_set_whole(op, whole);
      answer a = call_with(op, NULL, "thing", calls[i].action, calls[i].json);
      if (whole)
        expect_rows(a, calls[i].rows);
      else
        expect_code(a, "P1017"); /* a caller that uses rows immediately cannot drop them */
      expect_attempts(&p, whole ? "(2,true)" : "(1,true)");
      expect_rows(raw(c, NULL, "SELECT 1", NULL), "(1)");
      if (whole) { /* in a transaction nothing is repeated */
        rille_tx *tx = begin_tx(c, NULL);
        expect_code(call_with(op, tx, "thing", calls[i].action, calls[i].json), "P1017");
        rille_tx_free(tx);
        expect_attempts(&p, "(1,true)");
        expect_rows(raw(c, NULL, "SELECT 1", NULL), "(1)");
      }
      rille_op_free(op);
    }
  }
  assert_int_equal(pool_stats(c).in_use, 0);
  close_pair(&p);
}

/* Many rows in one call, sent to a dead connection: all of them move to the next one. */
static void test_many_rows(void **state) {
  static const struct {
    rille_action action;
    const char *json, *rows;
  } calls[] = {
      {RILLE_CREATE_MANY, "{'data':[{'id':1},{'id':2},{'id':3}]}", ""},
      {RILLE_CREATE_MANY, "{'data':[{'id':4},{'id':5,'name':'y'},{'id':6}]}", ""},
      {RILLE_CREATE_MANY_AND_RETURN, "{'data':[{'id':7},{'id':8}],'select':{'id':true}}", "(7) (8)"},
      {RILLE_CREATE,
       "{'data':{'id':9,'parts':{'create':[{'id':1},{'id':2}]}},'select':{'id':true,'parts':{'select':{'id':true}}}}",
       "(9) 1<0(1) 1<0(2)"},
  };
  (void)state;
  if (!postgres_url()) skip();
  pair p;
  open_pair(&p);
  for (int batched = 0; batched < 2; batched++) {
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
      rille_client *c = p.w.client;
      expect_rows(raw(c, NULL, "SELECT 1", NULL), "(1)");
      end_connections(p.killer, "fragile");
      if (!batched) {
        expect_rows(call(c, NULL, "thing", calls[i].action, calls[i].json), calls[i].rows);
        continue;
      }
      answer a;
      rille_error *err = NULL;
      rille_op *op = rille_op_new(c);
      rille_tape *tape = rille_tape_new();
      must(rille_op_batch(op, NULL, 0, &err), err);
      must(write_tape(tape, calls[i].json), err);
      must(
          rille_op_batch_model(op, rille_schema_model(rille_client_schema(c), "thing", 5), calls[i].action, tape, &err),
          err);
      drain(op, rille_op_batch_run(op, NULL, &err), err, &a);
      expect_rows(a, calls[i].rows);
      rille_op_free(op);
      rille_tape_free(tape);
    }
    expect_rows(call(p.w.client, NULL, "thing", RILLE_COUNT, "{}"), "(9)");
    expect_rows(call(p.w.client, NULL, "part", RILLE_DELETE_MANY, "{'where':'<all>'}"), "");
    expect_rows(call(p.w.client, NULL, "thing", RILLE_DELETE_MANY, "{'where':'<all>'}"), "");
  }
  close_pair(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_ended_while_idle), cmocka_unit_test(test_ended_at_work),
                                     cmocka_unit_test(test_ended_between_levels), cmocka_unit_test(test_many_rows)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
