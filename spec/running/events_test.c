/* What an observed client records, by the C interface: which events, in which order, how many are kept, several
 * threads, and running out of memory. */
#include <pthread.h>

#include "../base/failing_allocator.h"
#include "running/running.h"

static void observe(rille_client *c, uint32_t what, int32_t capacity) {
  rille_observe_options o = {.struct_size = sizeof o, .what = what, .capacity = capacity};
  rille_error *err = NULL;
  must(rille_client_observe(c, &o, &err), err);
}

/* "kind:rows" of every event, oldest first. */
static const char *told(rille_client *c) {
  static char text[2048];
  const rille_client_event *e = NULL;
  text[0] = 0;
  while (rille_client_next_event(c, &e) == RILLE_OK) {
    size_t n = strlen(text);
    snprintf(text + n, sizeof text - n, "%s%d:%d", n ? " " : "", (int)e->kind, (int)e->rows);
    rille_client_event_free(e);
  }
  return text;
}

static void tells_what_was_sent(world *w) {
  const rille_client_event *e = NULL;
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(0)");
  assert_int_equal(rille_client_next_event(w->client, &e), RILLE_DONE);
  assert_null(e);
  observe(w->client, RILLE_OBSERVE_QUERIES, 0);
  call(w->client, NULL, "user", RILLE_CREATE,
       "{'data':{'email':'a','posts':{'create':[{'title':'p'},{'title':'q'}]}}}");
  assert_string_equal(told(w->client), "2:-1 1:1 1:1 1:1 3:-1");
  call(w->client, NULL, "user", RILLE_FIND_MANY, "{'where':{'email':'a'}}");
  assert_int_equal(rille_client_next_event(w->client, &e), RILLE_OK);
  assert_int_equal(e->struct_size, sizeof *e);
  assert_string_equal(e->params, "[\"a\"]");
  assert_string_equal(e->model, "User");
  assert_string_equal(e->action, "find_many");
  assert_null(e->code);
  assert_null(e->trace);
  assert_true(e->duration_ms >= 0 && e->transaction == 0 && e->round_trip == 1);
  rille_client_event_free(e);
  rille_error *err = NULL;
  must(rille_client_observe(w->client, NULL, &err), err);
  call(w->client, NULL, "user", RILLE_COUNT, "{}");
  assert_string_equal(told(w->client), "");
}

static void tells_of_transactions(world *w) {
  observe(w->client, RILLE_OBSERVE_QUERIES, 0);
  rille_tx *tx = begin_tx(w->client, NULL);
  call(w->client, tx, "user", RILLE_CREATE, "{'data':{'email':'a'}}");
  step(w->client, tx, rille_op_savepoint);
  call(w->client, tx, "user", RILLE_CREATE, "{'data':{'email':'a'}}");
  step(w->client, tx, rille_op_rollback_savepoint);
  step(w->client, tx, rille_op_commit);
  rille_tx_free(tx);
  const rille_client_event *e = NULL;
  int32_t kinds[32];
  size_t n = 0;
  uint64_t transaction = 0;
  bool failed = false;
  while (rille_client_next_event(w->client, &e) == RILLE_OK) {
    if (e->kind != RILLE_CLIENT_EVENT_QUERY || e->model) kinds[n++] = e->kind;
    if (!transaction) transaction = e->transaction;
    assert_true(e->transaction == transaction && transaction != 0);
    failed = failed || (e->code && strcmp(e->code, "P2002") == 0);
    rille_client_event_free(e);
  }
  static const int32_t want[] = {RILLE_CLIENT_EVENT_BEGIN, RILLE_CLIENT_EVENT_QUERY,       RILLE_CLIENT_EVENT_SAVEPOINT,
                                 RILLE_CLIENT_EVENT_QUERY, RILLE_CLIENT_EVENT_ROLLBACK_TO, RILLE_CLIENT_EVENT_RELEASE,
                                 RILLE_CLIENT_EVENT_COMMIT};
  assert_int_equal(n, sizeof want / sizeof *want);
  assert_memory_equal(kinds, want, sizeof want);
  assert_true(failed);
}

static void drops_the_oldest(world *w) {
  observe(w->client, RILLE_OBSERVE_QUERIES, 3);
  static const char *const actions[] = {"find_many", "count", "exists"};
  call(w->client, NULL, "user", RILLE_FIND_FIRST, "{}");
  call(w->client, NULL, "user", RILLE_FIND_FIRST, "{}");
  call(w->client, NULL, "user", RILLE_FIND_MANY, "{}");
  call(w->client, NULL, "user", RILLE_COUNT, "{}");
  call(w->client, NULL, "user", RILLE_EXISTS, "{}");
  assert_int_equal(rille_client_events_dropped(w->client), 2);
  const rille_client_event *e = NULL;
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(rille_client_next_event(w->client, &e), RILLE_OK);
    assert_string_equal(e->action, actions[i]);
    rille_client_event_free(e);
  }
  assert_int_equal(rille_client_next_event(w->client, &e), RILLE_DONE);
}

#define THREADS 4
#define CALLS 50

static void *count_often(void *client) {
  rille_op *op = rille_op_new(client);
  for (int i = 0; i < CALLS; i++) {
    answer a = call_with(op, NULL, "user", RILLE_COUNT, "{}");
    if (a.status != RILLE_DONE) return client;
  }
  rille_op_free(op);
  return NULL;
}

/* Every event is either taken or counted as dropped. */
static void serves_threads(world *w) {
  pthread_t threads[THREADS];
  observe(w->client, RILLE_OBSERVE_QUERIES | RILLE_OBSERVE_FIGURES, 16);
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, count_often, w->client), 0);
  const rille_client_event *e = NULL;
  int64_t taken = 0;
  for (int i = 0; i < 1000; i++) {
    if (rille_client_next_event(w->client, &e) != RILLE_OK) continue;
    taken++;
    assert_string_equal(e->model, "User");
    rille_client_event_free(e);
  }
  for (int i = 0; i < THREADS; i++) {
    void *failed = NULL;
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  for (; rille_client_next_event(w->client, &e) == RILLE_OK; taken++) rille_client_event_free(e);
  assert_int_equal(taken + rille_client_events_dropped(w->client), THREADS * CALLS);
  rille_action_stats stats = {.struct_size = sizeof stats};
  assert_int_equal(rille_client_action_stats(w->client, 0, RILLE_COUNT, &stats), RILLE_OK);
  assert_int_equal(stats.operations, THREADS * CALLS);
  assert_int_equal(stats.errors, 0);
  int64_t sum = 0;
  for (int i = 0; i < RILLE_DURATION_BUCKETS; i++) sum += stats.buckets[i];
  assert_int_equal(sum, THREADS * CALLS);
}

static void *create_one(void *client) {
  answer a = call(client, NULL, "user", RILLE_CREATE, "{'data':{'email':'b'}}");
  return a.status == RILLE_DONE ? NULL : client;
}

static void warns_of_waiting(world *w) {
  rille_observe_options o = {.struct_size = sizeof o, .what = RILLE_OBSERVE_WARNINGS, .pool_wait_ms = 1};
  rille_pool_stats stats = {.struct_size = sizeof stats};
  const rille_client_event *e = NULL;
  pthread_t thread;
  void *failed = NULL;
  rille_error *err = NULL;
  rille_tx *tx = begin_tx(w->client, NULL);
  must(rille_client_observe(w->client, &o, &err), err);
  assert_int_equal(pthread_create(&thread, NULL, create_one, w->client), 0);
  for (int i = 0; i < 1000 && stats.waiting == 0; i++) {
    usleep(1000);
    rille_client_pool_stats(w->client, &stats);
  }
  usleep(10000);
  step(w->client, tx, rille_op_commit);
  pthread_join(thread, &failed);
  rille_tx_free(tx);
  assert_null(failed);
  assert_int_equal(rille_client_next_event(w->client, &e), RILLE_OK);
  assert_int_equal(e->kind, RILLE_CLIENT_EVENT_WARN);
  assert_non_null(strstr(e->message, "for a connection"));
  assert_string_equal(e->action, "create");
  rille_client_event_free(e);
  rille_client_pool_stats(w->client, &stats);
  assert_true(stats.waited_ms >= 5);
}

/* Returns the number of warnings about the plan cache. No others are expected. */
static int plan_warnings(rille_client *c, const char *expected) {
  const rille_client_event *e = NULL;
  int n = 0;
  for (; rille_client_next_event(c, &e) == RILLE_OK; n++) {
    assert_int_equal(e->kind, RILLE_CLIENT_EVENT_WARN);
    if (!strstr(e->message, "the plan cache of 2 calls is too small")) fail_msg("%s", e->message);
    if (!strstr(e->message, expected)) fail_msg("%s", e->message);
    rille_client_event_free(e);
  }
  return n;
}

/* Warned when as many calls were evicted as are kept, and again after as many more. */
static void warns_of_a_small_plan_cache(world *w) {
  rille_client_options o = {
      .struct_size = sizeof o, .url = w->url, .schema = w->schema, .plan_cache_size = 2, .pool_size = 2};
  rille_client *c = NULL;
  rille_error *err = NULL;
  must(rille_client_open(&o, &c, &err), err);
  observe(c, RILLE_OBSERVE_WARNINGS, 0);
  for (int i = 0; i < 5; i++) { /* there is room for two calls */
    call(c, NULL, "user", RILLE_COUNT, "{}");
    call(c, NULL, "user", RILLE_EXISTS, "{}");
  }
  assert_int_equal(plan_warnings(c, ""), 0);
  call(c, NULL, "user", RILLE_FIND_MANY, "{}");
  assert_int_equal(plan_warnings(c, ""), 0);
  call(c, NULL, "user", RILLE_FIND_FIRST, "{}");
  assert_int_equal(plan_warnings(c, "2 were evicted, 4 had to be compiled"), 1);
  call(c, NULL, "user", RILLE_FIND_MANY, "{'take':1}");
  assert_int_equal(plan_warnings(c, ""), 0);
  call(c, NULL, "user", RILLE_FIND_FIRST, "{'skip':1}");
  assert_int_equal(plan_warnings(c, "4 were evicted, 6 had to be compiled"), 1);
  rille_client_release(c);
}

static void counts_by_action(world *w) {
  rille_action_stats stats = {.struct_size = sizeof stats};
  call(w->client, NULL, "user", RILLE_COUNT, "{}");
  assert_int_equal(rille_client_action_stats(w->client, 0, RILLE_COUNT, &stats), RILLE_DONE);
  observe(w->client, RILLE_OBSERVE_FIGURES, 0);
  call(w->client, NULL, "user", RILLE_CREATE, "{'data':{'email':'a'}}");
  call(w->client, NULL, "user", RILLE_CREATE, "{'data':{'email':'a'}}");
  raw(w->client, NULL, "select 1", NULL);
  raw(w->client, NULL, "selct 1", NULL);
  assert_int_equal(rille_client_action_stats(w->client, 0, RILLE_CREATE, &stats), RILLE_OK);
  assert_true(stats.operations == 2 && stats.errors == 1 && stats.duration_us > 0);
  assert_int_equal(rille_client_action_stats(w->client, -1, RILLE_RAW_QUERY, &stats), RILLE_OK);
  assert_true(stats.operations == 2 && stats.errors == 1);
  assert_int_equal(rille_client_action_stats(w->client, 0, RILLE_COUNT, &stats), RILLE_DONE);
  assert_int_equal(rille_client_action_stats(w->client, 99, RILLE_COUNT, &stats), RILLE_DONE);
  assert_int_equal(rille_client_action_stats(w->client, 0, 99, &stats), RILLE_DONE);
  assert_string_equal(told(w->client), "");
}

static void cuts_what_is_long(world *w) {
  char text[900] = "{'where':{'email':'";
  size_t n = strlen(text);
  for (int i = 0; i < 127; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, "ab"); /* the cut falls within a character */
  snprintf(text + n, sizeof text - n, "axxé%s'}}", "éééééééééééééé");
  observe(w->client, RILLE_OBSERVE_QUERIES, 0);
  call(w->client, NULL, "user", RILLE_FIND_MANY, text);
  const rille_client_event *e = NULL;
  assert_int_equal(rille_client_next_event(w->client, &e), RILLE_OK);
  assert_true(strlen(e->params) < 300);
  assert_true(rl_utf8_valid(rl_str_of(e->params), NULL));
  assert_non_null(strstr(e->params, "…\"]"));
  rille_client_event_free(e);
}

static void derive_fails(rille_client *c, const char *comment, const char *trace) {
  rille_derive_options o = {.struct_size = sizeof o, .comment = comment, .trace = trace};
  rille_client *out = NULL;
  rille_error *err = NULL;
  assert_int_equal(rille_client_derive(c, &o, &out, &err), RILLE_ERROR);
  assert_string_equal(rille_error_code(err), "VALIDATION");
  rille_error_free(err);
}

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-"

static void comments_cannot_be_left(world *w) {
  static const char *const hostile[] = {"a*/ drop table \"User\" /*b", "/*", "*/", "x/", "/x", "x*", "*x", "a\nb", "/"};
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) derive_fails(w->client, hostile[i], NULL);
  derive_fails(w->client, NULL, "00-xyz");
  derive_fails(w->client, NULL, TRACE "*/");
  rille_error *err = NULL;
  rille_op *op = rille_op_new(w->client);
  assert_int_equal(rille_op_set_trace(op, TRACE "01*/", &err), RILLE_ERROR);
  rille_error_free(err);
  rille_op_free(op);
}

static void traces_go_along(world *w) {
  rille_derive_options o = {.struct_size = sizeof o, .comment = "a='1',z='2'"};
  rille_client *c = NULL;
  rille_error *err = NULL;
  const rille_client_event *e = NULL;
  must(rille_client_derive(w->client, &o, &c, &err), err);
  observe(c, RILLE_OBSERVE_QUERIES, 0);
  rille_op *op = rille_op_new(c);
  static const struct {
    const char *trace, *tail;
  } cases[] = {{TRACE "01", "/*a='1',traceparent='" TRACE "01',z='2'*/"},
               {TRACE "00", "/*a='1',z='2'*/"},
               {NULL, "/*a='1',z='2'*/"}};
  for (size_t i = 0; i < 3; i++) {
    must(rille_op_set_trace(op, cases[i].trace, &err), err);
    call_with(op, NULL, "user", RILLE_COUNT, "{}");
    assert_int_equal(rille_client_next_event(w->client, &e), RILLE_OK); /* the same ring */
    assert_string_equal(e->sql + strlen(e->sql) - strlen(cases[i].tail), cases[i].tail);
    assert_true(cases[i].trace ? strcmp(e->trace, cases[i].trace) == 0 : !e->trace);
    rille_client_event_free(e);
  }
  rille_op_free(op);
  rille_client_release(c);
}

static void options_are_checked(world *w) {
  rille_error *err = NULL;
  rille_observe_options o = {.struct_size = sizeof o, .capacity = -1};
  assert_int_equal(rille_client_observe(w->client, &o, &err), RILLE_ERROR);
  assert_string_equal(rille_error_code(err), "VALIDATION");
  rille_error_free(err);
}

/* ------------------------------------------------------------------ out of memory */

static bool observed_life(void *argument) {
  world *w = argument;
  rille_client_options o = {.struct_size = sizeof o, .url = w->url, .schema = w->schema, .pool_size = 2};
  rille_observe_options all = {.struct_size = sizeof all, .what = 15};
  rille_derive_options tags = {.struct_size = sizeof tags, .comment = "a='1'", .trace = TRACE "01"};
  rille_client *root = NULL, *c = NULL;
  const rille_client_event *e = NULL;
  rille_tape *tape = rille_tape_new();
  rille_op *op = NULL;
  rille_row row;
  bool ok = tape && rille_client_open(&o, &root, NULL) == RILLE_OK &&
            rille_client_observe(root, &all, NULL) == RILLE_OK &&
            rille_client_derive(root, &tags, &c, NULL) == RILLE_OK;
  op = ok ? rille_op_new(c) : NULL;
  rille_status st = RILLE_NOMEM;
  if (op)
    st = start_call(op, NULL, "user", RILLE_CREATE, tape, "{'data':{'email':'m','posts':{'create':{'title':'p'}}}}",
                    NULL);
  while (st == RILLE_OK || st == RILLE_ROW) st = rille_op_next(op, &row, NULL);
  int64_t events = 0;
  for (; root && rille_client_next_event(root, &e) == RILLE_OK; events++) rille_client_event_free(e);
  if (st == RILLE_DONE && events + rille_client_events_dropped(root) == 0 && !op) fail_msg("no event");
  rille_op_free(op);
  rille_client_release(c);
  rille_client_release(root);
  rille_tape_free(tape);
  if (st < 0 && st != RILLE_NOMEM) fail_msg("status %d", (int)st);
  return st == RILLE_DONE;
}

/* Out of memory for an event: the call itself continues, and nothing leaks. */
static void short_memory(world *w) {
  for (long n = 0; n < 100000; n++) {
    failing_allocator f = {.left = n};
    rl_allocator_set(failing_alloc, &f);
    bool done = observed_life(w);
    rl_allocator_set(NULL, NULL);
    if (f.live != 0) fail_msg("request %ld failed: %ld blocks leaked", n, f.live);
    if (done) raw(w->client, NULL, "delete from \"Post\"", NULL);
    if (done) raw(w->client, NULL, "delete from \"User\"", NULL);
    if (!f.failed) {
      assert_true(done);
      return;
    }
  }
  fail_msg("no end");
}

static void test_sent(void **state) {
  (void)state;
  on_both(tells_what_was_sent, "", 2);
}
static void test_transactions(void **state) {
  (void)state;
  on_both(tells_of_transactions, "", 2);
}
static void test_ring(void **state) {
  (void)state;
  on_both(drops_the_oldest, "", 2);
}
static void test_threads(void **state) {
  (void)state;
  on_both(serves_threads, "", 4);
}
static void test_figures(void **state) {
  (void)state;
  on_both(counts_by_action, "", 2);
}
static void test_waiting(void **state) {
  (void)state;
  on_both(warns_of_waiting, "", 1);
}
static void test_plan_cache(void **state) {
  (void)state;
  on_both(warns_of_a_small_plan_cache, "", 2);
}
static void test_cut(void **state) {
  (void)state;
  on_both(cuts_what_is_long, "", 2);
}
static void test_comments(void **state) {
  (void)state;
  on_both(comments_cannot_be_left, "", 2);
}
static void test_traces(void **state) {
  (void)state;
  on_both(traces_go_along, "", 2);
}
static void test_options(void **state) {
  (void)state;
  on_both(options_are_checked, "", 2);
}
static void test_memory(void **state) {
  (void)state;
  on_both(short_memory, "", 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sent),     cmocka_unit_test(test_transactions), cmocka_unit_test(test_ring),
      cmocka_unit_test(test_threads),  cmocka_unit_test(test_figures),      cmocka_unit_test(test_cut),
      cmocka_unit_test(test_comments), cmocka_unit_test(test_traces),       cmocka_unit_test(test_options),
      cmocka_unit_test(test_memory),   cmocka_unit_test(test_waiting),      cmocka_unit_test(test_plan_cache)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
