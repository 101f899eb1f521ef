/* Options of the public interface: sizes, unknown tails, wrong values, each refused before anything is opened. */
#include "running/running.h"

typedef struct thing {
  uint32_t struct_size;
  int32_t a;
  int64_t b;
} thing;
typedef struct larger_thing {
  thing known;
  int64_t unknown;
} larger_thing;

static void test_sizes(void **state) {
  (void)state;
  rl_error e = {0};
  thing out;
  larger_thing in = {{sizeof in, 7, 8}, 0};
  assert_int_equal(rl_read_options(&out, sizeof out, &in, sizeof out, "thing", &e), RILLE_OK);
  assert_int_equal(out.a, 7);
  assert_int_equal(out.b, 8);
  in.unknown = 1;
  assert_int_equal(rl_read_options(&out, sizeof out, &in, sizeof out, "thing", &e), RILLE_ERROR);
  assert_int_equal(e.code, RL_P2026);
  rl_error_clear(&e);
  in.known.struct_size = 8; /* an older caller: what it does not have is 0 */
  assert_int_equal(rl_read_options(&out, sizeof out, &in, 8, "thing", &e), RILLE_OK);
  assert_int_equal(out.a, 7);
  assert_int_equal(out.b, 0);
  static const uint32_t wrong[] = {0, 4, 5000, UINT32_MAX};
  for (size_t i = 0; i < 4; i++) {
    in.known.struct_size = wrong[i];
    assert_int_equal(rl_read_options(&out, sizeof out, &in, 8, "thing", &e), RILLE_ERROR);
    assert_int_equal(e.code, RL_VALIDATION);
    assert_non_null(strstr(e.message, "thing: struct_size"));
    rl_error_clear(&e);
  }
  assert_int_equal(rl_read_options(&out, sizeof out, NULL, 8, "thing", &e), RILLE_ERROR);
  rl_error_clear(&e);
}

static void test_written_structs(void **state) {
  (void)state;
  thing full = {0, 7, 8};
  larger_thing out = {{sizeof out, 1, 1}, 99};
  rl_write_struct(&out, &full, sizeof full);
  assert_int_equal(out.known.struct_size, sizeof out);
  assert_int_equal(out.known.b, 8);
  assert_int_equal(out.unknown, 99);
  thing small = {8, 1, 1};
  rl_write_struct(&small, &full, sizeof full);
  assert_int_equal(small.a, 7);
  assert_int_equal(small.b, 1);
  thing none = {0, 1, 1};
  rl_write_struct(&none, &full, sizeof full);
  assert_int_equal(none.a, 1);
}

static void expect_client(rille_client_options o, const char *code, const char *message) {
  rille_client *c = NULL;
  rille_error *err = NULL;
  o.struct_size = sizeof o;
  assert_int_equal(rille_client_open(&o, &c, &err), RILLE_ERROR);
  assert_null(c);
  assert_string_equal(rille_error_code(err), code);
  if (!strstr(rille_error_message(err), message)) fail_msg("%s", rille_error_message(err));
  rille_error_free(err);
}

static void test_client(void **state) {
  (void)state;
  rille_schema *s = open_schema(blog_schema, false);
  const char *good[] = {"user.name"}, *no_field[] = {"user.nope"}, *relation[] = {"user.posts"}, *no_dot[] = {"user"};
  expect_client((rille_client_options){.schema = s}, "P1013", "url");
  expect_client((rille_client_options){.schema = s, .url = ""}, "P1013", "url");
  expect_client((rille_client_options){.schema = s, .url = "mysql://h/d"}, "P1013", "mysql");
  expect_client((rille_client_options){.schema = s, .url = "file:x.db?nonsense=1"}, "P1013", "nonsense");
  expect_client((rille_client_options){.url = "file:x.db"}, "VALIDATION", "schema");
  expect_client((rille_client_options){.schema = s, .url = "file:x.db", .pool_size = -1}, "VALIDATION", "pool");
  expect_client((rille_client_options){.schema = s, .url = "file:x.db", .plan_cache_size = -1}, "VALIDATION",
                "negative");
  expect_client((rille_client_options){.schema = s, .url = "postgresql://h/d"}, "P1012", "sqlite");
  expect_client((rille_client_options){.schema = s, .url = "file:x.db", .omit = no_field, .omit_count = 1},
                "VALIDATION", "user.nope");
  expect_client((rille_client_options){.schema = s, .url = "file:x.db", .omit = relation, .omit_count = 1},
                "VALIDATION", "user.posts");
  expect_client((rille_client_options){.schema = s, .url = "file:x.db", .omit = no_dot, .omit_count = 1}, "VALIDATION",
                "model.field");
  rille_client_options o = {
      .struct_size = sizeof o, .schema = s, .url = "file:/nonexistent-folder/x.db", .omit = good, .omit_count = 1};
  rille_client *c = NULL;
  rille_error *err = NULL;
  must(rille_client_open(&o, &c, &err), err); /* opens no connection yet */
  assert_string_equal(rille_client_provider(c), "sqlite");
  expect_code(call(c, NULL, "user", RILLE_COUNT, "{}"), "P1003");
  rille_client_release(c);
  rille_schema_release(s);
}

static void test_transaction(void **state) {
  (void)state;
  rille_schema *s = open_schema(blog_schema, false);
  rille_client *c = open_client("sqlite::memory:", s, 0);
  rille_tx_options wrong[] = {{.struct_size = 3},
                              {.struct_size = sizeof wrong[0], .isolation = 9},
                              {.struct_size = sizeof wrong[0], .timeout_ms = -1},
                              {.struct_size = sizeof wrong[0], .max_wait_ms = -1}};
  for (size_t i = 0; i < 4; i++) {
    rille_tx *tx = NULL;
    rille_error *err = NULL;
    assert_int_equal(rille_tx_new(c, &wrong[i], &tx, &err), RILLE_ERROR);
    assert_null(tx);
    assert_string_equal(rille_error_code(err), "VALIDATION");
    rille_error_free(err);
  }
  rille_client_release(c);
  rille_schema_release(s);
}

/* As long as a caller can say: no sum of it and the clock overflows. */
static void test_longest_times(void **state) {
  (void)state;
  rille_schema *s = open_schema(blog_schema, false);
  push_schema("sqlite::memory:", s);
  rille_client_options o = {.struct_size = sizeof o,
                            .url = "sqlite::memory:",
                            .schema = s,
                            .pool_wait_ms = INT64_MAX,
                            .pool_idle_ms = INT64_MAX,
                            .pool_lifetime_ms = INT64_MAX};
  rille_derive_options d = {.struct_size = sizeof d, .timeout_ms = INT64_MAX};
  rille_tx_options t = {.struct_size = sizeof t, .max_wait_ms = INT64_MAX, .timeout_ms = INT64_MAX};
  rille_client *c = NULL, *derived = NULL;
  rille_error *err = NULL;
  rille_row row;
  must(rille_client_open(&o, &c, &err), err);
  must(rille_client_derive(c, &d, &derived, &err), err);
  expect_rows(call(derived, NULL, "user", RILLE_COUNT, "{}"), "(0)");
  rille_tx *tx = begin_tx(derived, &t);
  expect_rows(call(derived, tx, "user", RILLE_CREATE, "{'data':{'email':'a'},'select':{'id':true}}"), "(1)");
  /* the one connection is taken: who waits, waits */
  rille_op *waits = rille_op_new(c);
  rille_op_set_blocking(waits, 0);
  must(rille_op_raw(waits, NULL, "SELECT 1", 8, NULL, 1, &err), err);
  for (int i = 0; i < 2; i++) assert_int_equal(rille_op_next(waits, &row, &err), RILLE_AGAIN);
  rille_op_free(waits);
  expect_rows(step(derived, tx, rille_op_commit), "");
  rille_tx_free(tx);
  rille_client_release(derived);
  rille_client_release(c);
  rille_schema_release(s);
}

static void test_longest_wait_for_a_lock(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  world w;
  open_world(&w, true, blog_schema, "", 2);
  rille_lock_options o = {.struct_size = sizeof o, .number = 1, .wait_ms = INT64_MAX};
  rille_lock *lock[2] = {NULL, NULL};
  rille_error *err = NULL;
  rille_status st;
  for (int i = 0; i < 2; i++) {
    must(rille_lock_new(w.client, &o, &lock[i], &err), err);
    rille_wait wait = {.struct_size = sizeof wait};
    for (int n = 0; (st = rille_lock_take(lock[i], &err)) == RILLE_AGAIN && n < 20; n++) {
      rille_lock_wait(lock[i], &wait);
      poll(NULL, 0, 5);
    }
    assert_int_equal(st, i == 0 ? RILLE_OK : RILLE_AGAIN);
  }
  for (int i = 0; i < 2; i++) rille_lock_free(lock[i]);
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sizes),         cmocka_unit_test(test_written_structs),
      cmocka_unit_test(test_client),        cmocka_unit_test(test_transaction),
      cmocka_unit_test(test_longest_times), cmocka_unit_test(test_longest_wait_for_a_lock),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
