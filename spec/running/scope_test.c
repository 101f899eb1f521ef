/* Clients with a scope, through the C interface: what they reach, what is refused, what deriving one costs, no memory,
 * many threads. */
#include <pthread.h>

#include "../base/failing_allocator.h"
#include "running/running.h"

/* except: NULL, or the name of one model. */
static rille_status derive(rille_client *from, const char *scope, const char *except, rille_client **out,
                           rille_error **err) {
  rille_derive_options o = {.struct_size = sizeof o, .except = &except, .except_count = except ? 1 : 0};
  rille_tape *tape = o.scope = scope ? rille_tape_new() : NULL;
  rille_status st = tape ? write_tape(tape, scope) : scope ? RILLE_NOMEM : RILLE_OK;
  if (st == RILLE_OK) st = rille_client_derive(from, &o, out, err);
  rille_tape_free(tape);
  return st;
}

static rille_client *must_derive(rille_client *from, const char *scope, const char *except) {
  rille_client *c = NULL;
  rille_error *err = NULL;
  must(derive(from, scope, except, &c, &err), err);
  return c;
}

static void rows_within(world *w) {
  expect_rows(call(w->client, NULL, "user", RILLE_CREATE_MANY, "{'data':[{'email':'a','name':'x'},{'email':'b'}]}"),
              "");
  rille_client *named = must_derive(w->client, "{'user':{'name':'x'}}", NULL);
  rille_client *none = must_derive(named, "{'user':{'email':'b'}}", NULL);
  rille_client *plain = must_derive(named, NULL, NULL);
  rille_client_release(named); /* the others have what they need of it */
  expect_rows(call(w->client, NULL, "user", RILLE_COUNT, "{}"), "(2)");
  expect_rows(call(plain, NULL, "user", RILLE_COUNT, "{}"), "(1)");
  expect_rows(call(none, NULL, "user", RILLE_COUNT, "{}"), "(0)");
  expect_code(call(plain, NULL, "user", RILLE_DELETE, "{'where':{'email':'b'}}"), "P2025");
  expect_code(raw(plain, NULL, "SELECT 1", NULL), "VALIDATION");
  expect_rows(call(plain, NULL, "user", RILLE_CREATE, "{'data':{'email':'c'},'select':{'name':true}}"), "(x)");
  rille_client_release(none);
  rille_client_release(plain);
}

static void test_rows_within(void **state) {
  (void)state;
  on_both(rows_within, "", 2);
}

static void refuses(rille_client *c, const char *scope, const char *except, const char *message) {
  rille_client *none = NULL;
  rille_error *err = NULL;
  assert_true(derive(c, scope, except, &none, &err) < 0);
  assert_null(none);
  assert_string_equal(rille_error_code(err), "VALIDATION");
  if (!strstr(rille_error_message(err), message)) fail_msg("%s", rille_error_message(err));
  rille_error_free(err);
}

static void test_refused(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 1);
  refuses(w.client, NULL, "tag", "except: needs a scope");
  refuses(w.client, "{}", NULL, "scope");
  refuses(w.client, "{'user':{}}", NULL, "scope.user: a scope without a condition");
  refuses(w.client, "{'usr':{'name':'x'}}", NULL, "scope.usr");
  refuses(w.client, "{'*':{'email':'x'}}", "tag", "scope.*.email: Post has no field `email`");
  refuses(w.client, "{'*':{'email':'x'}}", "tga", "except.tga");
  refuses(w.client, "[1]", NULL, "scope: expected a table of models");
  close_world(&w);
}

/* ------------------------------------------------------------------ what it costs */

static const char owned[] = "{'user':{'name':'x','rank':'NEW'},'post':{'score':{'gt':1}},'tag':{'name':'x'}}";

static bool derive_once(void *argument) {
  rille_derive_options o = {.struct_size = sizeof o, .scope = ((rille_tape **)argument)[1]};
  rille_client *c = NULL;
  rille_error *err = NULL;
  rille_status st = rille_client_derive(((rille_client **)argument)[0], &o, &c, &err);
  if (st < 0 && st != RILLE_NOMEM) fail_msg("status %d: %s", (int)st, err ? rille_error_message(err) : "");
  rille_error_free(err);
  rille_client_release(c);
  return st == RILLE_OK;
}

/* One per request is usual, so it must stay cheap: the handle, the client, and one block with its scope. */
static void test_cost_of_deriving(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 1);
  rille_tape *tape = rille_tape_new();
  write_tape(tape, owned);
  void *argument[] = {w.client, tape};
  assert_true(derive_once(argument)); /* checks the shape of the scope, which is then known */
  assert_int_equal(fail_each_allocation(derive_once, argument, false), 3);
  rille_tape_free(tape);
  close_world(&w);
}

static bool whole_life(void *argument) {
  const world *w = argument;
  rille_client_options o = {.struct_size = sizeof o, .url = w->url, .schema = w->schema, .pool_size = 3};
  rille_client *c = NULL, *scoped = NULL;
  rille_status st = rille_client_open(&o, &c, NULL);
  if (st == RILLE_OK) st = derive(c, owned, NULL, &scoped, NULL);
  if (st < 0 && st != RILLE_NOMEM) fail_msg("status %d", (int)st);
  rille_client_release(scoped);
  rille_client_release(c);
  return st == RILLE_OK;
}

/* May do without: a shape that cannot be remembered is checked again. */
static void test_no_memory(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 1);
  assert_true(fail_each_allocation(whole_life, &w, true) > 10);
  close_world(&w);
}

/* ------------------------------------------------------------------ threads */

#define SHAPES 200 /* more than are remembered */

typedef struct worker {
  rille_client *client;
  int number, wrong;
} worker;

static void *derive_and_count(void *argument) {
  worker *own = argument;
  for (int i = 0; i < SHAPES; i++) {
    char scope[64 + 70 * 20] = "{'user':{'id':{'in':[", want[16];
    int within = (i * 7 + own->number) % 2 + 1; /* one of the rows, or both */
    for (int k = 0; k < within; k++) strcat(scope, k ? ",2" : "1");
    strcat(scope, "]},'OR':[");
    for (int k = 0; k <= i % 70; k++) strcat(scope, k ? ",{'id':{'gt':0}}" : "{'id':{'gt':0}}");
    strcat(scope, "]}}");
    rille_client *c = NULL;
    if (derive(own->client, scope, NULL, &c, NULL) < 0) return own->wrong++, NULL;
    snprintf(want, sizeof want, "(%d)", within);
    if (strcmp(call(c, NULL, "user", RILLE_COUNT, "{}").rows, want) != 0) own->wrong++;
    rille_client_release(c);
  }
  return NULL;
}

static void test_many_threads(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 4);
  expect_rows(call(w.client, NULL, "user", RILLE_CREATE_MANY, "{'data':[{'email':'a'},{'email':'b'}]}"), "");
  pthread_t threads[4];
  worker workers[4];
  for (int i = 0; i < 4; i++) {
    workers[i] = (worker){w.client, i, 0};
    assert_int_equal(pthread_create(&threads[i], NULL, derive_and_count, &workers[i]), 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(workers[i].wrong, 0);
  }
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows_within), cmocka_unit_test(test_refused),      cmocka_unit_test(test_cost_of_deriving),
      cmocka_unit_test(test_no_memory),   cmocka_unit_test(test_many_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
