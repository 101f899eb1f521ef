/* Operations: reads with includes, writes, errors, abandoned operations, round trips, on both databases. */
#include "running/running.h"

static void seed(world *w) {
  expect_rows(call(w->client, NULL, "user", RILLE_CREATE,
                   "{'data':{'email':'a@x','name':'Ann','posts':{'create':[{'title':'one'},{'title':'two','score':5}]}}"
                   ",'select':{'id':true}}"),
              "(1)");
  expect_rows(call(w->client, NULL, "user", RILLE_CREATE,
                   "{'data':{'email':'b@x','rank':'OLD','posts':{'create':{'title':'three','tags':{'create':[{'name':'"
                   "t'}]}}}},'select':{'id':true}}"),
              "(2)");
}

static void reads(world *w) {
  seed(w);
  expect_rows(call(w->client, NULL, "user", RILLE_FIND_MANY, "{'order_by':{'id':'asc'}}"),
              "(1,a@x,Ann,NEW) (2,b@x,null,OLD)");
  expect_rows(call(w->client, NULL, "user", RILLE_FIND_UNIQUE, "{'where':{'email':'b@x'},'select':{'id':true}}"),
              "(2)");
  expect_rows(call(w->client, NULL, "user", RILLE_FIND_UNIQUE, "{'where':{'id':77}}"), "");
  expect_code(call(w->client, NULL, "user", RILLE_FIND_UNIQUE_OR_THROW, "{'where':{'id':77}}"), "P2025");
  answer a = call(w->client, NULL, "user", RILLE_FIND_MANY,
                  "{'select':{'id':true,'posts':{'select':{'title':true,'tags':{'select':{'name':true}}},'order_by':{'"
                  "id':'desc'}}},'order_by':{'id':'asc'}}");
  expect_rows(a, "(1) (2) 1<1(three) 1<0(two) 1<0(one) 2<0(t)");
  assert_int_equal(a.round_trips, 3);
  expect_rows(call(w->client, NULL, "post", RILLE_FIND_MANY,
                   "{'select':{'id':true,'author':{'select':{'email':true}}},'order_by':{'id':'asc'}}"),
              "(1) (2) (3) 1<0(a@x) 1<1(a@x) 1<2(b@x)");
  expect_rows(call(w->client, NULL, "post", RILLE_COUNT, "{'where':{'score':{'gt':1}}}"), "(1)");
  expect_rows(call(w->client, NULL, "post", RILLE_EXISTS, "{'where':{'title':'nine'}}"), "(false)");
}
static void test_reads(void **state) {
  (void)state;
  on_both(reads, "", 2);
}

/* Each node of a result knows its model; rows of a raw statement have none. */
static void models_of_nodes(world *w) {
  seed(w);
  rille_schema *s = rille_client_schema(w->client);
  rille_op *op = rille_op_new(w->client);
  rille_tape *tape = rille_tape_new();
  rille_row row;
  write_tape(tape, "{'include':{'posts':{'include':{'tags':true}}}}");
  assert_int_equal(rille_op_model(op, NULL, rille_schema_model(s, "user", 4), RILLE_FIND_MANY, tape, NULL), RILLE_OK);
  assert_int_equal(rille_op_node_model(op, 0), rille_schema_model(s, "user", 4));
  assert_int_equal(rille_op_node_model(op, 1), rille_schema_model(s, "post", 4));
  assert_int_equal(rille_op_node_model(op, 2), rille_schema_model(s, "tag", 3));
  assert_int_equal(rille_op_node_model(op, 3), -1);
  while (rille_op_next(op, &row, NULL) == RILLE_ROW) {}
  rille_op_reset(op);
  assert_int_equal(rille_op_node_model(op, 0), -1);
  assert_int_equal(rille_op_raw(op, NULL, "SELECT 1", 8, NULL, RILLE_RAW_ROWS, NULL), RILLE_OK);
  assert_int_equal(rille_op_node_model(op, 0), -1);
  rille_op_free(op);
  rille_tape_free(tape);
}
static void test_models_of_nodes(void **state) {
  (void)state;
  on_both(models_of_nodes, "", 1);
}

/* A failed write leaves nothing, neither of itself nor of its nested writes. */
static void failures(world *w) {
  seed(w);
  answer a = call(w->client, NULL, "user", RILLE_CREATE, "{'data':{'email':'a@x'}}");
  expect_code(a, "P2002");
  assert_non_null(strstr(a.message, "`email`"));
  expect_code(call(w->client, NULL, "post", RILLE_CREATE, "{'data':{'title':'x','authorId':99}}"), "P2003");
  expect_code(call(w->client, NULL, "user", RILLE_UPDATE, "{'where':{'id':99},'data':{'name':'x'}}"), "P2025");
  expect_code(call(w->client, NULL, "user", RILLE_CREATE,
                   "{'data':{'email':'c@x','posts':{'create':[{'title':'p','tags':{'create':[{'name':'t'}]}}]}}}"),
              "P2002");
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(2)");
  expect_rows(call(w->client, NULL, "post", RILLE_COUNT, "{}"), "(3)");
  expect_code(call(w->client, NULL, "user", RILLE_FIND_MANY, "{'where':{'nope':1}}"), "VALIDATION");
  rille_pool_stats s = pool_stats(w->client);
  assert_int_equal(s.in_use, 0);
  assert_int_equal(s.connects, w->postgres ? 1 : s.connects);
}
static void test_failures(void **state) {
  (void)state;
  on_both(failures, "", 2);
}

/* Abandoned after one row, with more rows and more statements outstanding: the connection stays usable. */
static void abandon_in_rows(world *w) {
  seed(w);
  for (int i = 0; i < 4; i++) {
    rille_op *op = rille_op_new(w->client);
    rille_tape *tape = rille_tape_new();
    rille_row row;
    assert_int_equal(start_call(op, NULL, "user", RILLE_FIND_MANY, tape, "{'include':{'posts':true}}", NULL), RILLE_OK);
    for (int k = 0; k <= i; k++) assert_int_equal(rille_op_next(op, &row, NULL), RILLE_ROW);
    if (i % 2) rille_op_reset(op);
    rille_op_free(op);
    rille_tape_free(tape);
    assert_int_equal(pool_stats(w->client).in_use, 0);
    expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(2)");
  }
  assert_true(pool_stats(w->client).connects <= 2);
}
static void test_abandon_in_rows(void **state) {
  (void)state;
  on_both(abandon_in_rows, "", 1);
}

/* A nested create that is abandoned halfway leaves nothing. */
static void abandon_write(world *w) {
  rille_op *op = rille_op_new(w->client);
  rille_tape *tape = rille_tape_new();
  rille_row row;
  rille_op_set_blocking(op, 0);
  assert_int_equal(start_call(op, NULL, "user", RILLE_CREATE, tape,
                              "{'data':{'email':'z@x','posts':{'create':[{'title':'one'}]}},'include':{'posts':true}}",
                              NULL),
                   RILLE_OK);
  rille_status st = RILLE_OK;
  for (int i = 0; i < 100 && rille_op_statements(op) == 0; i++) {
    st = rille_op_next(op, &row, NULL);
    if (st == RILLE_AGAIN) wait_for_op(op);
  }
  rille_op_free(op);
  rille_tape_free(tape);
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), st == RILLE_DONE ? "(1)" : "(0)");
  expect_rows(call(w->client, NULL, "user", RILLE_CREATE, "{'data':{'email':'y@x'},'select':{'email':true}}"), "(y@x)");
}
static void test_abandon_write(void **state) {
  (void)state;
  on_both(abandon_write, "", 1);
}

static void cooperative(world *w) {
  seed(w);
  rille_op *op = rille_op_new(w->client);
  rille_op_set_blocking(op, 0);
  expect_rows(call_with(op, NULL, "user", RILLE_FIND_MANY,
                        "{'select':{'id':true,'posts':{'select':{'id':true}}},'order_by':{'id':'asc'}}"),
              "(1) (2) 1<0(1) 1<0(2) 1<1(3)");
  expect_rows(
      call_with(op, NULL, "user", RILLE_UPDATE, "{'where':{'id':1},'data':{'name':'B'},'select':{'name':true}}"),
      "(B)");
  expect_code(call_with(op, NULL, "user", RILLE_DELETE, "{'where':{'id':9}}"), "P2025");
  rille_op_free(op);
}
static void test_cooperative(void **state) {
  (void)state;
  on_both(cooperative, "", 2);
}

/* The same shape is found in the cache. Results of one call do not leak into the next. */
static void repeated(world *w) {
  seed(w);
  rille_op *op = rille_op_new(w->client);
  for (int i = 0; i < 20; i++) {
    char json[64], want[16];
    snprintf(json, sizeof json, "{'where':{'id':%d},'select':{'id':true}}", i % 3);
    snprintf(want, sizeof want, "(%d)", i % 3);
    if (i % 3 == 0) want[0] = 0;
    expect_rows(call_with(op, NULL, "user", RILLE_FIND_UNIQUE, json), want);
  }
  rille_op_free(op);
  rille_plan_stats s = {.struct_size = sizeof s};
  rille_client_plan_stats(w->client, &s);
  assert_true(s.hits >= 19);
}
static void test_repeated(void **state) {
  (void)state;
  on_both(repeated, "", 2);
}

static int64_t ms_since(int64_t from) {
  return rl_clock_ms() - from;
}

/* socket_timeout cancels on the server. The pool is intact afterwards. */
static void test_socket_timeout(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  world w;
  open_world(&w, true, blog_schema, "socket_timeout=3", 1); /* long enough for anything but a sleep */
  int64_t from = rl_clock_ms();
  expect_code(raw(w.client, NULL, "SELECT pg_sleep(30)", NULL), "P1008");
  assert_in_range(ms_since(from), 2900, 20000);
  expect_rows(raw(w.client, NULL,
                  "SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND pid <> "
                  "pg_backend_pid() AND state = 'active'",
                  NULL),
              "(0)");
  close_world(&w);
}

/* The server has ended an idle connection: the next call does not notice. */
static void test_idle_connection_killed(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  world w;
  open_world(&w, true, blog_schema, "application_name=victim", 2);
  expect_rows(call(w.client, NULL, "user", RILLE_COUNT, "{}"), "(0)");
  for (int pause = 0; pause < 2; pause++) {
    assert_int_equal(
        psql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'"),
        0);
    usleep(pause ? 1200000 : 300000);
    expect_rows(call(w.client, NULL, "user", RILLE_COUNT, "{}"), "(0)");
  }
  rille_pool_stats s = pool_stats(w.client);
  assert_int_equal(s.open, 1);
  assert_int_equal(s.connects, 3);
  close_world(&w);
}

/* Killed during a statement: an error, and the pool stays usable. */
static void test_backend_killed_in_statement(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  world w;
  open_world(&w, true, blog_schema, "application_name=victim2", 2);
  rille_op *op = rille_op_new(w.client);
  rille_row row;
  rille_error *err = NULL;
  rille_op_set_blocking(op, 0);
  must(rille_op_raw(op, NULL, "SELECT pg_sleep(20)", 19, NULL, 1, &err), err);
  rille_status st = RILLE_AGAIN;
  for (int i = 0; i < 1000 && (st = rille_op_next(op, &row, &err)) == RILLE_AGAIN && rille_op_statements(op) == 0; i++)
    wait_for_op(op);
  usleep(50000);
  assert_int_equal(psql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                                    "'victim2' AND query LIKE '%sleep(20)%'"),
                   0);
  while ((st = rille_op_next(op, &row, &err)) == RILLE_AGAIN) wait_for_op(op);
  assert_int_equal(st, RILLE_ERROR);
  assert_string_equal(rille_error_code(err), "P1017");
  assert_int_equal(rille_error_kind(err), RILLE_KIND_CONNECTION);
  rille_error_free(err);
  rille_op_free(op);
  assert_int_equal(pool_stats(w.client).open, 0);
  expect_rows(call(w.client, NULL, "user", RILLE_COUNT, "{}"), "(0)");
  close_world(&w);
}

/* A raw BEGIN must not stay open on a connection of the pool for the next caller. */
static void raw_begin(world *w) {
  expect_code(raw(w->client, NULL, "BEGIN", NULL), "P2028");
  expect_rows(raw(w->client, NULL, "CREATE TABLE extra (n INTEGER)", NULL), "");
  expect_rows(raw(w->client, NULL, "SELECT count(*) FROM extra", NULL), "(0)");
  assert_int_equal(pool_stats(w->client).in_use, 0);
}
static void test_raw_begin(void **state) {
  (void)state;
  on_both(raw_begin, "", 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reads),
      cmocka_unit_test(test_failures),
      cmocka_unit_test(test_models_of_nodes),
      cmocka_unit_test(test_abandon_in_rows),
      cmocka_unit_test(test_abandon_write),
      cmocka_unit_test(test_cooperative),
      cmocka_unit_test(test_repeated),
      cmocka_unit_test(test_socket_timeout),
      cmocka_unit_test(test_idle_connection_killed),
      cmocka_unit_test(test_backend_killed_in_statement),
      cmocka_unit_test(test_raw_begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
