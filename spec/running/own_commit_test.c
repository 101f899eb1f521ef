/* Raw statements that commit on their own: what the cache and other processes learn of those that fail later, of those
 * whose notice fails, and of those that end a transaction of rille. */
#include "running/committing.h"

static answer script(rille_client *c, rille_tx *tx, const char *sql) {
  answer a;
  rille_error *err = NULL;
  rille_op *op = rille_op_new(c);
  rille_status st = rille_op_script(op, tx, sql, strlen(sql), &err);
  drain(op, st, err, &a);
  rille_op_free(op);
  return a;
}

static int tags_of(rille_client *c) {
  answer a = raw(c, NULL, "SELECT count(*) FROM \"Tag\"", NULL);
  must_do(a);
  return atoi(a.rows + 1);
}

static void must_fail(answer a) {
  if (a.status >= 0) fail_msg("it must fail");
}

/* ------------------------------------------------------------------ failures that have committed something */

static void failures(world *w) {
  rille_client *cached = open_cached(w);
  rl_cache *cache = cache_of(cached);
  rille_client *const clients[] = {cached, w->client};
  for (size_t i = 0; i < 2; i++) {
    int tags = tags_of(cached);
    fill(cache);
    must_fail(script(clients[i], NULL,
                     w->postgres
                         ? "BEGIN; INSERT INTO \"Tag\" (name) VALUES (random()::text); COMMIT; DELETE FROM nothing"
                         : "INSERT INTO Tag (name) VALUES (random()); DELETE FROM nothing"));
    assert_int_equal(tags_of(cached), tags + 1);
    expect_holds(cache, "");
  }
  rille_client_release(cached);
}
static void test_failures(void **state) {
  (void)state;
  on_both(failures, "", 3);
}

static void test_failures_of_sqlite(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 3);
  rille_client *cached = open_cached(&w);
  rl_cache *cache = cache_of(cached);
  must_do(script(cached, NULL,
                 "INSERT INTO Tag (name) VALUES ('last'); CREATE TRIGGER fails AFTER INSERT ON Tag WHEN NEW.name = "
                 "'second' BEGIN SELECT RAISE(FAIL, 'no'); END"));
  static const char *const failing[] = {
      "INSERT OR FAIL INTO Tag (name) VALUES ('first'), ('last')",
      "INSERT INTO Tag (name) VALUES ('before'), ('second')",
  };
  for (size_t i = 0; i < 2; i++) {
    int tags = tags_of(cached);
    fill(cache);
    must_fail(raw(cached, NULL, failing[i], NULL));
    assert_true(tags_of(cached) > tags);
    expect_holds(cache, "");
  }
  int tags = tags_of(cached);
  fill(cache);
  must_fail(call(cached, NULL, "Tag", RILLE_CREATE, "{'data':{'name':'second'}}"));
  assert_true(tags_of(cached) >= tags);
  expect_holds(cache, "user post tagged");
  rille_client_release(cached);
  close_world(&w);
}

static void test_failures_of_postgres(void **state) {
  (void)state;
  world w;
  open_postgres(&w);
  rille_client *cached = open_cached(&w);
  rl_cache *cache = cache_of(cached);
  rille_listener *l = listen_for_notices(w.client);
  rl_name tags = table("Tag");
  must_do(raw(cached, NULL,
              "CREATE PROCEDURE halfway() LANGUAGE plpgsql AS 'BEGIN INSERT INTO \"Tag\" (name) VALUES "
              "(random()::text); COMMIT; RAISE ''no''; PERFORM 1 / 0; END'",
              NULL));
  expect_notice(&w, l, &tags, 1);
  static const char *const failing[] = {
      "CALL halfway()",
      "DO 'BEGIN INSERT INTO \"Tag\" (name) VALUES (random()::text); COMMIT; PERFORM 1 / 0; END'",
      "; CALL halfway()",
  };
  for (size_t i = 0; i < 3; i++) {
    int before = tags_of(cached);
    fill(cache);
    must_fail(raw(cached, NULL, failing[i], NULL));
    assert_int_equal(tags_of(cached), before + 1);
    expect_holds(cache, "");
    expect_notice(&w, l, &tags, 1);
  }
  int before = tags_of(cached);
  fill(cache);
  must_fail(script(cached, NULL, "BEGIN; INSERT INTO \"Tag\" (name) VALUES ('s'); COMMIT; BEGIN; SELECT 1 / 0"));
  assert_int_equal(tags_of(cached), before + 1);
  expect_holds(cache, "");
  expect_notice(&w, l, &tags, 1);
  fill(cache);
  must_fail(raw(cached, NULL, "INSERT INTO \"Tag\" (name) VALUES ('s')", NULL)); /* one statement, all or nothing */
  must_fail(raw(w.client, NULL, "INSERT INTO \"Tag\" (name) VALUES ('s')", NULL));
  expect_holds(cache, ALL);
  expect_notice(&w, l, NULL, 0);
  rille_listener_close(l);
  rille_client_release(cached);
  close_world(&w);
}

/* ------------------------------------------------------------------ a notice that fails */

static void expect_warning(rille_client *c, const char *words) {
  const rille_client_event *e;
  bool found = false;
  while (rille_client_next_event(c, &e) == RILLE_OK) {
    found = found || (e->kind == RILLE_CLIENT_EVENT_WARN && strstr(e->message, words));
    rille_client_event_free(e);
  }
  if (!found) fail_msg("no warning with `%s`", words);
}

/* Whatever happens to the notice, the call has succeeded, and is not repeated. */
static void test_notice_fails(void **state) {
  (void)state;
  world w;
  static const char *const bodies[] = {"RAISE EXCEPTION ''no notice'';",
                                       "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60);"};
  open_postgres(&w);
  rille_client *cached = open_cached(&w);
  rl_cache *cache = cache_of(cached);
  rille_error *err = NULL;
  rille_observe_options o = {.struct_size = sizeof o, .what = RILLE_OBSERVE_WARNINGS};
  must(rille_client_observe(cached, &o, &err), err);
  must_do(raw(w.client, NULL, "ALTER FUNCTION pg_catalog.pg_notify(text, text) RENAME TO pg_notify_before", NULL));
  for (size_t i = 0; i < 2; i++) {
    char sql[400];
    snprintf(sql, sizeof sql,
             "CREATE OR REPLACE FUNCTION pg_catalog.pg_notify(text, text) RETURNS void LANGUAGE plpgsql AS 'BEGIN %s "
             "END'",
             bodies[i]);
    must_do(raw(w.client, NULL, sql, NULL));
    int before = tags_of(cached);
    fill(cache);
    must_do(raw(cached, NULL, "DO 'BEGIN INSERT INTO \"Tag\" (name) VALUES (random()::text); END'", NULL));
    assert_int_equal(tags_of(cached), before + 1);
    expect_holds(cache, "");
    assert_true(keeps(cache, "later", table("Tag"))); /* the outcome is known */
    expect_warning(cached, "were not told");
  }
  rille_client_release(cached);
  close_world(&w);
}

/* ------------------------------------------------------------------ raw ends of transactions */

static void ends(world *w) {
  static const char *const commits[] = {"commit", ";COMMIT", "/* it */ ; -- is\n end"};
  rille_client *cached = open_cached(w);
  rl_cache *cache = cache_of(cached);
  rille_listener *l = w->postgres ? listen_for_notices(w->client) : NULL;
  rl_name tags = table("Tag");
  for (size_t i = 0; i < 4; i++) {
    fill(cache);
    rille_tx *tx = begin_tx(cached, NULL);
    char data[60];
    snprintf(data, sizeof data, "{'data':{'name':'t%zu'}}", i);
    must_do(call(cached, tx, "Tag", RILLE_CREATE, data));
    expect_holds(cache, ALL);
    must_do(i < 3 ? raw(cached, tx, commits[i], NULL) : script(cached, tx, "SELECT 1; COMMIT"));
    expect_holds(cache, "");
    if (l) expect_notice(w, l, &tags, 1);
    rille_tx_free(tx);
  }
  if (l) rille_listener_close(l);
  rille_client_release(cached);
}
static void test_ends(void **state) {
  (void)state;
  on_both(ends, "", 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_failures),
      cmocka_unit_test(test_failures_of_sqlite),
      cmocka_unit_test(test_failures_of_postgres),
      cmocka_unit_test(test_notice_fails),
      cmocka_unit_test(test_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
