/* Every allocation of whole calls fails in turn: RILLE_NOMEM, no leak, nothing half-written, and the client stays
 * usable. */
#include "../base/failing_allocator.h"
#include "running/running.h"

typedef struct job {
  rille_client *client;
  const char *model, *json;
  rille_action action;
  bool transaction;
  const char *want;
} job;

/* Runs one call with a new operation and tape. If memory runs out, it must say so in the documented way. */
static rille_status attempt(const job *j, rille_tx *tx) {
  rille_error *err = NULL;
  rille_row row;
  rille_op *op = rille_op_new(j->client);
  rille_tape *tape = op ? rille_tape_new() : NULL;
  rille_status st = tape ? start_call(op, tx, j->model, j->action, tape, j->json, &err) : RILLE_NOMEM;
  while (st == RILLE_OK || st == RILLE_ROW) st = rille_op_next(op, &row, &err);
  if (st < 0 && st != RILLE_NOMEM) fail_msg("status %d: %s", (int)st, err ? rille_error_message(err) : "");
  rille_error_free(err);
  rille_op_free(op);
  rille_tape_free(tape);
  return st;
}

static rille_status tx_step(const job *j, rille_tx *tx, step_fn *start) {
  rille_row row;
  rille_error *err = NULL;
  rille_op *op = rille_op_new(j->client);
  rille_status st = op ? start(op, tx, &err) : RILLE_NOMEM;
  if (st == RILLE_OK) st = rille_op_next(op, &row, &err);
  if (st < 0 && st != RILLE_NOMEM) fail_msg("status %d: %s", (int)st, err ? rille_error_message(err) : "");
  rille_error_free(err);
  rille_op_free(op);
  return st;
}

static rille_status attempt_in_transaction(const job *j) {
  rille_tx *tx = NULL;
  rille_status st = rille_tx_new(j->client, NULL, &tx, NULL);
  if (st == RILLE_OK) st = tx_step(j, tx, rille_op_begin);
  if (st == RILLE_DONE) st = attempt(j, tx);
  if (st == RILLE_DONE) st = tx_step(j, tx, rille_op_commit);
  rille_tx_free(tx);
  return st;
}

/* One attempt is the whole life of a client. With one client for all attempts, programs and buffers that a later
 * attempt keeps would look like leaks. */
static bool whole_life(void *argument) {
  job *j = argument;
  world *w = (world *)(void *)j->client;
  rille_client_options o = {.struct_size = sizeof o,
                            .url = w->url,
                            .schema = w->schema,
                            .pool_size = 2}; /* not the size of w->client: that pool stays */
  rille_client *c = NULL;
  if (rille_client_open(&o, &c, NULL) != RILLE_OK) return false;
  job own = *j;
  own.client = c;
  rille_status st = j->transaction ? attempt_in_transaction(&own) : attempt(&own, NULL);
  if (st == RILLE_DONE)
    st = j->transaction ? attempt_in_transaction(&own) : attempt(&own, NULL); /* now from the plan cache */
  if (pool_stats(c).in_use != 0) fail_msg("a connection leaked");
  rille_client_release(c);
  return st == RILLE_DONE;
}

static void each_allocation(world *w, job j) {
  j.client = (rille_client *)(void *)w;
  for (long n = 0;; n++) {
    failing_allocator f = {.left = n};
    rl_allocator_set(failing_alloc, &f);
    bool done = whole_life(&j);
    rl_allocator_set(NULL, NULL);
    if (f.live != 0) fail_msg("%s: request %ld failed: %ld blocks leaked", j.json, n, f.live);
    if (!f.failed) {
      assert_true(done && n > 20);
      break;
    }
  }
  expect_rows(raw(w->client, NULL, "SELECT count(*) FROM \"User\"", NULL), j.want);
}

static void run_jobs(world *w) {
  expect_rows(call(w->client, NULL, "user", RILLE_CREATE,
                   "{'data':{'email':'a@x','posts':{'create':[{'title':'p'},{'title':'q'}]}},'select':{'id':true}}"),
              "(1)");
  each_allocation(w,
                  (job){.model = "user",
                        .action = RILLE_FIND_MANY,
                        .json = "{'where':{'rank':{'in':['NEW','OLD']}},'include':{'posts':{'include':{'tags':true}}}}",
                        .want = "(1)"});
  each_allocation(w, (job){.model = "post",
                           .action = RILLE_UPDATE,
                           .json = "{'where':{'id':1},'data':{'title':'z'},'include':{'author':true}}",
                           .transaction = true,
                           .want = "(1)"});
  each_allocation(w, (job){.model = "user",
                           .action = RILLE_UPSERT,
                           .json = "{'where':{'email':'n@x'},'create':{'email':'n@x','posts':{'create':[{'title':'p'}]}"
                                   "},'update':{'name':'N'}}",
                           .want = "(2)"});
}

/* Rules of values that are written at once, and of those that wait for another step. */
static void test_rules(void **state) {
  (void)state;
  static const char rules[] = "  /// @trim\n  /// @lowercase\n  /// @length 1..\n  title String\n";
  static const char plain[] = "  title String\n";
  const char *at = strstr(blog_schema, plain);
  assert_non_null(at);
  char schema[sizeof blog_schema + sizeof rules];
  (void)snprintf(schema, sizeof schema, "%.*s%s%s", (int)(at - blog_schema), blog_schema, rules, at + strlen(plain));
  world w;
  open_world(&w, false, schema, "", 1);
  expect_rows(call(w.client, NULL, "user", RILLE_CREATE,
                   "{'data':{'email':'a@x','posts':{'create':[{'title':'P'},{'title':'q'}]}},'select':{'id':true}}"),
              "(1)");
  each_allocation(&w, (job){.model = "post",
                            .action = RILLE_UPDATE,
                            .json = "{'where':{'id':1},'data':{'title':' Z '},'include':{'author':true}}",
                            .want = "(1)"});
  each_allocation(&w, (job){.model = "user",
                            .action = RILLE_UPSERT,
                            .json = "{'where':{'email':'n@x'},'create':{'email':'n@x','posts':{'create_many':{'data':"
                                    "[{'title':' P '},{'title':'Q'}]}}},'update':{'posts':{'create':{'title':'R'}}}}",
                            .want = "(2)"});
  expect_rows(raw(w.client, NULL, "SELECT DISTINCT title FROM \"Post\" ORDER BY title", NULL), "(p) (q) (r) (z)");
  close_world(&w);
}

static bool validate(void *argument) {
  const world *w = argument;
  rille_client_options o = {.struct_size = sizeof o, .url = w->url, .schema = w->schema, .pool_size = 2};
  rille_client *c = NULL;
  rille_faults *faults = NULL;
  rille_tape *tape = rille_tape_new();
  rille_status st = tape ? rille_client_open(&o, &c, NULL) : RILLE_NOMEM;
  if (st == RILLE_OK) {
    st = write_tape(tape, "{'data':{'email':3,'x':1,'posts':{'create':[{'title':7},{'title':'q'},{'y':2}]}}}");
    if (st == RILLE_OK)
      st = rille_client_validate(c, rille_schema_model(w->schema, "user", 4), RILLE_CREATE, tape, &faults, NULL);
  }
  if (st == RILLE_OK) {
    assert_int_equal(rille_faults_count(faults), 5);
    assert_string_equal(rille_faults_message(faults, 0), "must be a text");
    assert_null(rille_faults_message(faults, 5));
  }
  rille_faults_free(faults);
  rille_client_release(c);
  rille_tape_free(tape);
  return st == RILLE_OK;
}

static void test_validate(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 1);
  assert_true(fail_each_allocation(validate, &w, true) > 20);
  close_world(&w);
}

static void test_sqlite(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 1);
  run_jobs(&w);
  close_world(&w);
}

static void test_postgres(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  world w;
  open_world(&w, true, blog_schema, "", 1);
  run_jobs(&w);
  close_world(&w);
}

/* A failed create has written nothing. SQLite commits separately, so that running out of memory is reported before. */
typedef struct create_job {
  rille_client *client;
  int serial;
} create_job;

static void test_failed_create_writes_nothing(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 1);
  int written = 0;
  for (long n = 0; n < 3000; n++) {
    char json[160];
    snprintf(json, sizeof json,
             "{'data':{'email':'%ld@x','posts':{'create':[{'title':'p'}]}},'include':{'posts':true}}", n);
    job j = {.client = w.client, .model = "user", .action = RILLE_CREATE, .json = json};
    failing_allocator f = {.left = n};
    rl_allocator_set(failing_alloc, &f);
    rille_status st = attempt(&j, NULL);
    rl_allocator_set(NULL, NULL);
    written += st == RILLE_DONE;
    char want[16];
    snprintf(want, sizeof want, "(%d)", written);
    expect_rows(call(w.client, NULL, "user", RILLE_COUNT, "{}"), want);
    expect_rows(call(w.client, NULL, "post", RILLE_COUNT, "{}"), want);
    if (!f.failed) break;
  }
  assert_true(written > 0);
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_validate),
      cmocka_unit_test(test_rules),
      cmocka_unit_test(test_sqlite),
      cmocka_unit_test(test_postgres),
      cmocka_unit_test(test_failed_create_writes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
