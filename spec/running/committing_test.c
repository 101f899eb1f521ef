/* What writes tell the cache of their database, and when: with a real cache, asked directly. And what clients with a
 * cache tell other processes. */
#include "../base/failing_allocator.h"
#include "running/committing.h"

/* ------------------------------------------------------------------ single writes */

static void single(world *w) {
  rille_client *cached = open_cached(w);
  rl_cache *cache = cache_of(cached);
  fill(cache);
  must_do(call(cached, NULL, "User", RILLE_FIND_MANY, "{}"));
  must_do(raw(cached, NULL, "SELECT 1", NULL));
  expect_holds(cache, ALL);
  must_do(new_user(cached, NULL, "a"));
  expect_holds(cache, "post tag tagged");
  fill(cache);
  expect_code(new_user(cached, NULL, "a"), "P2002"); /* refused; SQLite may have kept rows of it */
  expect_holds(cache, w->postgres ? ALL : "post tag tagged");
  must_do(new_user(w->client, NULL, "b")); /* a client without cache */
  expect_holds(cache, "post tag tagged");
  fill(cache);
  must_do(call(cached, NULL, "User", RILLE_UPDATE_MANY, "{'where':{'email':'b'},'data':{'name':'B'}}"));
  expect_holds(cache, "post tag tagged");
  fill(cache);
  must_do(raw(w->client, NULL, "UPDATE \"Tag\" SET \"name\" = 'x'", NULL));
  expect_holds(cache, "");
  fill(cache);
  expect_code(raw(cached, NULL, "UPDATE \"Tag\" SET nothing = 1", NULL), "P2010");
  expect_holds(cache, w->postgres ? ALL : "");
  rille_client_release(cached);
}
static void test_single(void **state) {
  (void)state;
  on_both(single, "", 3);
}

static rille_status start_raw_touching(rille_op *op, const char *sql, const char *model, rille_error **err) {
  rille_schema *s = rille_client_schema(op->client);
  int32_t number = rille_schema_model(s, model, strlen(model));
  must(rille_op_set_touches(op, &number, 1, err), *err);
  return rille_op_raw(op, NULL, sql, strlen(sql), NULL, 0, err);
}

static void named_models(world *w) {
  rille_client *cached = open_cached(w);
  rl_cache *cache = cache_of(cached);
  rille_op *op = rille_op_new(cached);
  rille_error *err = NULL;
  answer a;
  fill(cache);
  rille_status st = start_raw_touching(op, "DELETE FROM \"Tag\"", "Tag", &err);
  drain(op, st, err, &a);
  must_do(a);
  expect_holds(cache, "user post tagged");
  err = NULL;
  st = rille_op_raw(op, NULL, "DELETE FROM \"Tag\"", 17, NULL, 0, &err); /* the models were of the one before */
  drain(op, st, err, &a);
  must_do(a);
  expect_holds(cache, "");
  int32_t none = 77;
  assert_true(rille_op_set_touches(op, &none, 1, &err) < 0);
  assert_string_equal(rille_error_code(err), "VALIDATION");
  rille_error_free(err);
  rille_op_free(op);
  rille_client_release(cached);
}
static void test_named_models(void **state) {
  (void)state;
  on_both(named_models, "", 3);
}

static void push_touches_all(world *w) {
  rille_client *cached = open_cached(w);
  rl_cache *cache = cache_of(cached);
  fill(cache);
  push_schema(w->url, w->schema);
  expect_holds(cache, "");
  rille_client_release(cached);
}
static void test_push(void **state) {
  (void)state;
  on_both(push_touches_all, "", 3);
}

/* ------------------------------------------------------------------ transactions */

static void transactions(world *w) {
  rille_client *cached = open_cached(w);
  rl_cache *cache = cache_of(cached);
  fill(cache);
  rille_tx *tx = begin_tx(cached, NULL);
  assert_true(tx->tx.snapshot.usable);
  must_do(new_user(cached, tx, "a"));
  expect_holds(cache, ALL); /* nothing is visible yet */
  must_do(step(cached, tx, rille_op_commit));
  expect_holds(cache, "post tag tagged");
  rille_tx_free(tx);
  fill(cache);
  tx = begin_tx(cached, NULL);
  must_do(new_user(cached, tx, "b"));
  must_do(step(cached, tx, rille_op_rollback));
  rille_tx_free(tx);
  expect_holds(cache, ALL);
  tx = begin_tx(cached, NULL);
  must_do(new_user(cached, tx, "b"));
  rille_tx_free(tx); /* dropped */
  expect_holds(cache, ALL);
  tx = begin_tx(cached, NULL);
  must_do(call(cached, tx, "Tag", RILLE_CREATE, "{'data':{'name':'t'}}"));
  must_do(step(cached, tx, rille_op_savepoint));
  must_do(new_user(cached, tx, "b"));
  must_do(step(cached, tx, rille_op_rollback_savepoint));
  expect_holds(cache, ALL);
  must_do(step(cached, tx, rille_op_commit));
  rille_tx_free(tx);
  expect_holds(cache, "post tagged"); /* too much, never too little */
  fill(cache);
  tx = begin_tx(cached, NULL);
  must_do(call(cached, tx, "User", RILLE_FIND_MANY, "{}"));
  must_do(step(cached, tx, rille_op_commit));
  rille_tx_free(tx);
  expect_holds(cache, ALL);
  rille_client_release(cached);
}
static void test_transactions(void **state) {
  (void)state;
  on_both(transactions, "", 3);
}

/* A transaction that has written before the cache of its database is turned on has written anything. */
static void turned_on_meanwhile(world *w) {
  rille_tx *tx = begin_tx(w->client, NULL);
  must_do(new_user(w->client, tx, "a"));
  rille_client *cached = open_cached(w);
  rl_cache *cache = cache_of(cached);
  fill(cache);
  must_do(step(w->client, tx, rille_op_commit));
  expect_holds(cache, "");
  rille_tx_free(tx);
  rille_client_release(cached);
}
static void test_turned_on_meanwhile(void **state) {
  (void)state;
  on_both(turned_on_meanwhile, "", 3);
}

static void ended_by_hand(world *w) {
  rille_client *cached = open_cached(w);
  rl_cache *cache = cache_of(cached);
  fill(cache);
  rille_tx *tx = begin_tx(cached, NULL);
  must_do(new_user(cached, tx, "a"));
  must_do(raw(cached, tx, "commit", NULL));
  expect_holds(cache, "");
  rille_tx_free(tx);
  fill(cache);
  tx = begin_tx(cached, NULL);
  must_do(new_user(cached, tx, "b"));
  must_do(raw(cached, tx, "/* no word of it */ rollback", NULL));
  expect_holds(cache, ALL);
  expect_code(new_user(cached, tx, "c"), "P2028"); /* the database has ended it */
  expect_holds(cache, "");
  rille_tx_free(tx);
  rille_client_release(cached);
}
static void test_ended_by_hand(void **state) {
  (void)state;
  on_both(ended_by_hand, "", 3);
}

static void expiry(world *w) {
  rille_client *cached = open_cached(w);
  rl_cache *cache = cache_of(cached);
  rille_tx_options o = {.struct_size = sizeof o, .timeout_ms = 60};
  fill(cache);
  rille_tx *tx = begin_tx(cached, &o);
  must_do(new_user(cached, tx, "a"));
  while (new_user(cached, tx, "b").status >= 0) usleep(5000);
  usleep(100000);
  expect_code(step(cached, tx, rille_op_commit), "P2028");
  rille_tx_free(tx);
  expect_holds(cache, ALL);
  assert_true(keeps(cache, "another", table("User")));
  rille_client_release(cached);
}
static void test_expiry(void **state) {
  (void)state;
  on_both(expiry, "", 3);
}

/* Whatever runs out of memory, no mark is left, and what was written is stale. */
static void test_out_of_memory(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 3);
  rille_client *cached = open_cached(&w);
  rl_cache *cache = cache_of(cached);
  rille_op *op = rille_op_new(cached);
  int64_t users = 0;
  bool failed = true;
  for (long n = 0; failed && n < 2000; n++) {
    char args[100];
    answer a;
    rille_error *err = NULL;
    snprintf(args, sizeof args, "{'data':{'email':'%ld','posts':{'create':[{'title':'t'}]}}}", n);
    rille_tape *tape = rille_tape_new();
    fill(cache);
    failing_allocator f = {.left = n};
    rl_allocator_set(failing_alloc, &f);
    rille_status st = start_call(op, NULL, "User", RILLE_CREATE, tape, args, &err);
    drain(op, st, err, &a);
    rille_op_reset(op);
    rl_allocator_set(NULL, NULL);
    failed = f.failed;
    answer now = raw(cached, NULL, "SELECT count(*) FROM \"User\"", NULL);
    must_do(now);
    int64_t count = strtoll(now.rows + 1, NULL, 10);
    if (count != users) expect_holds(cache, "tag tagged");
    users = count;
    assert_true(keeps(cache, "later", table("User")));
    assert_true(keeps(cache, "latest", table("Post")));
    rille_tape_free(tape);
  }
  assert_false(failed);
  assert_true(users > 0);
  rille_op_free(op);
  rille_client_release(cached);
  close_world(&w);
}

/* ------------------------------------------------------------------ while the answer is awaited */

/* Runs an operation until its statements are sent. The server is slower than that. */
static void send_only(rille_op *op) {
  rille_row row;
  rille_error *err = NULL;
  rille_op_set_blocking(op, 0);
  for (;;) {
    rille_status st = rille_op_next(op, &row, &err);
    check_status(st, err);
    assert_int_equal(st, RILLE_AGAIN);
    if (op->op.phase == RL_PHASE_READ) return;
    wait_for_op(op);
  }
}

static void expect_marked(rl_cache *cache) {
  assert_false(holds(cache, "tag"));
  assert_false(keeps(cache, "later", table("Tag")));
  assert_true(holds(cache, "user"));
}

#define SLOW_TAG "UPDATE \"Tag\" SET \"name\" = 'x' FROM pg_sleep(0.4)"

static void test_single_under_way(void **state) {
  (void)state;
  world w;
  answer a;
  rille_error *err = NULL;
  open_postgres(&w);
  rille_client *cached = open_cached(&w);
  rl_cache *cache = cache_of(cached);
  rille_client *const clients[] = {cached, w.client};
  for (size_t i = 0; i < 2; i++) {
    fill(cache);
    rille_op *op = rille_op_new(clients[i]);
    must(start_raw_touching(op, SLOW_TAG, "Tag", &err), err);
    expect_holds(cache, ALL);
    send_only(op);
    expect_marked(cache);
    drain(op, RILLE_OK, NULL, &a);
    must_do(a);
    assert_true(keeps(cache, "later", table("Tag")));
    rille_op_free(op);
  }
  rille_client_release(cached);
  close_world(&w);
}

static void test_commit_under_way(void **state) {
  (void)state;
  world w;
  answer a;
  rille_error *err = NULL;
  open_postgres(&w);
  rille_client *cached = open_cached(&w);
  rl_cache *cache = cache_of(cached);
  fill(cache);
  rille_tx *tx = begin_tx(cached, NULL);
  must_do(call(cached, tx, "Tag", RILLE_CREATE, "{'data':{'name':'t'}}"));
  must_do(raw(cached, tx, "SELECT 1", NULL));
  rille_op *op = rille_op_new(cached);
  must(rille_op_commit(op, tx, &err), err);
  expect_holds(cache, ALL);
  send_only(op);
  expect_marked(cache);
  drain(op, RILLE_OK, NULL, &a);
  must_do(a);
  expect_holds(cache, "user post tagged");
  assert_true(keeps(cache, "later", table("Tag")));
  rille_op_free(op);
  rille_tx_free(tx);
  rille_client_release(cached);
  close_world(&w);
}

static void kill_sessions(void) {
  assert_int_equal(psql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                                    "query LIKE '%COMMIT%' AND pid <> pg_backend_pid()"),
                   0);
}

/* The commit waits in a trigger when its session is ended. */
static void test_commit_lost(void **state) {
  (void)state;
  world w;
  answer a;
  rille_error *err = NULL;
  open_postgres(&w);
  rille_client *cached = open_cached(&w);
  rl_cache *cache = cache_of(cached);
  fill(cache);
  rille_tx *tx = begin_tx(cached, NULL);
  rille_op *op = rille_op_new(cached);
  must_do(call(cached, tx, "Tag", RILLE_CREATE, "{'data':{'name':'t'}}"));
  must_do(raw(cached, tx, "SELECT 1", NULL));
  int32_t tag = rille_schema_model(w.schema, "Tag", 3);
  must(rille_op_set_touches(op, &tag, 1, &err), err);
  rille_status st = rille_op_raw(op, tx, "INSERT INTO slow VALUES (60)", 28, NULL, 0, &err);
  drain(op, st, err, &a);
  must_do(a);
  err = NULL;
  must(rille_op_commit(op, tx, &err), err);
  send_only(op);
  kill_sessions();
  drain(op, RILLE_OK, NULL, &a);
  assert_true(a.status < 0);
  expect_holds(cache, "user post tagged");
  assert_false(keeps(cache, "later", table("Tag"))); /* it may be committed for a while */
  assert_true(keeps(cache, "other", table("User")));
  rille_op_free(op);
  rille_tx_free(tx);
  rille_client_release(cached);
  close_world(&w);
}

static void test_given_up(void **state) {
  (void)state;
  world w;
  rille_error *err = NULL;
  open_postgres(&w);
  rille_client *cached = open_cached(&w);
  rl_cache *cache = cache_of(cached);
  fill(cache);
  rille_op *op = rille_op_new(cached);
  must(start_raw_touching(op, SLOW_TAG, "Tag", &err), err);
  rille_op_reset(op); /* nothing was sent */
  expect_holds(cache, ALL);
  must(start_raw_touching(op, SLOW_TAG, "Tag", &err), err);
  send_only(op);
  expect_marked(cache);
  rille_op_set_blocking(op, 1);
  rille_op_reset(op); /* cancelled and answered: it is decided */
  expect_holds(cache, "user post tagged");
  assert_true(keeps(cache, "later", table("Tag")));
  rille_op_free(op);
  rille_client_release(cached);
  close_world(&w);
}

/* ------------------------------------------------------------------ notices */

static void test_notices(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  rille_client *cached = open_cached(&w);
  rille_listener *l = listen_for_notices(w.client);
  rl_name users = table("User"), tags = table("Tag"), both[2] = {users, tags};
  expect_cost(new_user(cached, NULL, "a"), 1, 1);
  expect_notice(&w, l, &users, 1);
  answer a = call(cached, NULL, "User", RILLE_UPDATE, "{'where':{'email':'a'},'data':{'name':'A'}}");
  expect_cost(a, 1, 1);
  expect_notice(&w, l, &users, 1);
  a = call(cached, NULL, "User", RILLE_CREATE_MANY, "{'data':[{'email':'b'},{'email':'c'}]}");
  expect_cost(a, 1, 1);
  assert_int_equal(a.affected, 2);
  expect_notice(&w, l, &users, 1);
  a = call(cached, NULL, "User", RILLE_CREATE, "{'data':{'email':'d'},'include':{'posts':true}}");
  expect_cost(a, 2, 2);
  assert_string_equal(a.rows, "(4,d,null,NEW)");
  expect_notice(&w, l, &users, 1);
  expect_code(call(cached, NULL, "User", RILLE_UPDATE, "{'where':{'id':99},'data':{'name':'A'}}"), "P2025");
  expect_notice(&w, l, &users, 1); /* its commit was sent with it */
  expect_code(new_user(cached, NULL, "a"), "P2002");
  expect_notice(&w, l, NULL, 0);
  must_do(new_user(w.client, NULL, "e")); /* without cache */
  must_do(call(cached, NULL, "User", RILLE_FIND_MANY, "{}"));
  expect_notice(&w, l, NULL, 0);
  rille_tx *tx = begin_tx(cached, NULL);
  must_do(new_user(cached, tx, "f"));
  must_do(call(cached, tx, "Tag", RILLE_CREATE, "{'data':{'name':'t'}}"));
  expect_cost(step(cached, tx, rille_op_commit), 1, 0);
  rille_tx_free(tx);
  expect_notice(&w, l, both, 2);
  tx = begin_tx(cached, NULL);
  must_do(new_user(cached, tx, "g"));
  must_do(step(cached, tx, rille_op_rollback));
  rille_tx_free(tx);
  expect_notice(&w, l, NULL, 0);
  rille_listener_close(l);
  rille_client_release(cached);
  close_world(&w);
}

static void test_raw_notices(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  rille_client *cached = open_cached(&w);
  rille_listener *l = listen_for_notices(w.client);
  rl_name users = table("User");
  expect_cost(raw(cached, NULL, "UPDATE \"User\" SET name = 'x'", NULL), 1, 1);
  expect_notice(&w, l, &users, 1);
  expect_cost(raw(cached, NULL, "VACUUM \"User\"", NULL), 2, 1); /* not in a transaction */
  expect_notice(&w, l, &users, 1);
  expect_code(raw(cached, NULL, "CALL nothing()", NULL), "P2010"); /* it may have committed */
  expect_notice(&w, l, &users, 1);
  expect_code(raw(cached, NULL, "INSERT INTO nothing VALUES (1)", NULL), "P2010");
  expect_cost(raw(cached, NULL, "SELECT 1", NULL), 1, 1);
  expect_cost(raw(cached, NULL, "EXPLAIN DELETE FROM \"User\"", NULL), 1, 1);
  expect_notice(&w, l, NULL, 0);
  expect_cost(raw(cached, NULL, "EXPLAIN ANALYZE DELETE FROM \"User\"", NULL), 2, 1);
  expect_notice(&w, l, &users, 1);
  rille_op *op = rille_op_new(cached);
  rille_error *err = NULL;
  answer a;
  rille_status st = rille_op_script(op, NULL, "BEGIN; DELETE FROM \"User\"; COMMIT", 33, &err);
  drain(op, st, err, &a);
  expect_cost(a, 2, 1);
  expect_notice(&w, l, &users, 1);
  rille_op_free(op);
  rille_listener_close(l);
  rille_client_release(cached);
  close_world(&w);
}

/* ------------------------------------------------------------------ by hand */

static const char *const news[] = {"news"};
static rille_status revalidate_news(rille_op *op, rille_tx *tx, rille_error **err) {
  return rille_op_revalidate(op, tx, news, 1, NULL, 0, err);
}

static void revalidation(world *w) {
  rille_client *cached = open_cached(w);
  rl_cache *cache = cache_of(cached);
  fill(cache);
  expect_cost(step(cached, NULL, revalidate_news), w->postgres, 0);
  expect_holds(cache, "user post tag");
  fill(cache);
  rille_tx *tx = begin_tx(cached, NULL);
  expect_cost(step(cached, tx, revalidate_news), 0, 0);
  expect_holds(cache, ALL);
  must_do(step(cached, tx, rille_op_rollback));
  rille_tx_free(tx);
  expect_holds(cache, ALL);
  tx = begin_tx(cached, NULL);
  expect_cost(step(cached, tx, revalidate_news), 0, 0);
  expect_cost(step(cached, tx, rille_op_commit), 1, 0);
  expect_code(step(cached, tx, revalidate_news), "P2028");
  rille_tx_free(tx);
  expect_holds(cache, "user post tag");
  expect_code(step(w->client, NULL, revalidate_news), "VALIDATION");
  rille_client_release(cached);
}
static void test_revalidation(void **state) {
  (void)state;
  on_both(revalidation, "", 3);
}

static rille_status revalidate_wrong(rille_op *op, rille_tx *tx, rille_error **err) {
  static const char *const wrong[] = {"/posts", "/posts*"};
  return rille_op_revalidate(op, tx, NULL, 0, wrong, 2, err);
}
static rille_status revalidate_paths(rille_op *op, rille_tx *tx, rille_error **err) {
  static const char *const paths[] = {"/posts", "/posts/*", "/*"};
  return rille_op_revalidate(op, tx, NULL, 0, paths, 3, err);
}

static void test_paths(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 3);
  rille_client *cached = open_cached(&w);
  answer a = step(cached, NULL, revalidate_wrong);
  expect_code(a, "VALIDATION");
  assert_non_null(strstr(a.message, "paths[2]"));
  must_do(step(cached, NULL, revalidate_paths));
  rille_client_release(cached);
  close_world(&w);
}

static void test_revalidation_notices(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  rille_client *cached = open_cached(&w);
  rille_listener *l = listen_for_notices(w.client);
  rl_name tag = rl_name_of_tag(RL_STR("news"));
  must_do(step(cached, NULL, revalidate_news));
  expect_notice(&w, l, &tag, 1);
  rille_tx *tx = begin_tx(cached, NULL);
  must_do(step(cached, tx, revalidate_news));
  expect_notice(&w, l, NULL, 0);
  must_do(step(cached, tx, rille_op_commit));
  expect_notice(&w, l, &tag, 1);
  rille_tx_free(tx);
  rille_listener_close(l);
  rille_client_release(cached);
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_single),
      cmocka_unit_test(test_named_models),
      cmocka_unit_test(test_push),
      cmocka_unit_test(test_transactions),
      cmocka_unit_test(test_turned_on_meanwhile),
      cmocka_unit_test(test_ended_by_hand),
      cmocka_unit_test(test_out_of_memory),
      cmocka_unit_test(test_expiry),
      cmocka_unit_test(test_single_under_way),
      cmocka_unit_test(test_commit_under_way),
      cmocka_unit_test(test_commit_lost),
      cmocka_unit_test(test_given_up),
      cmocka_unit_test(test_notices),
      cmocka_unit_test(test_raw_notices),
      cmocka_unit_test(test_revalidation),
      cmocka_unit_test(test_paths),
      cmocka_unit_test(test_revalidation_notices),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
