/* The plan cache: hits by shape, eviction, bounds, cycles, pins, many threads, forks. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "running/running.h"

static rille_client *small_client(const world *w, int32_t programs) {
  rille_client_options o = {
      .struct_size = sizeof o, .url = w->url, .schema = w->schema, .plan_cache_size = programs, .pool_size = 4};
  rille_client *c = NULL;
  rille_error *err = NULL;
  must(rille_client_open(&o, &c, &err), err);
  return c;
}

static rille_plan_stats stats(rille_client *c) {
  rille_plan_stats s = {.struct_size = sizeof s};
  rille_client_plan_stats(c, &s);
  return s;
}

static uint64_t shape_of(rille_client *c, const char *json) {
  const rille_node *nodes;
  uint32_t count;
  rille_op *op = rille_op_new(c);
  rille_tape *tape = rille_tape_new();
  assert_int_equal(start_call(op, NULL, "user", RILLE_FIND_MANY, tape, json, NULL), RILLE_OK);
  uint64_t id = rille_op_shape(op, &nodes, &count);
  rille_op_free(op);
  rille_tape_free(tape);
  return id;
}

static void test_by_shape(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 1);
  rille_client *c = small_client(&w, 3);
  uint64_t one = shape_of(c, "{'where':{'id':1}}");
  assert_int_not_equal(one, 0);
  assert_int_equal(shape_of(c, "{'where':{'id':2}}"), one);
  assert_int_not_equal(shape_of(c, "{'where':{'name':'x'}}"), one);
  assert_int_equal(shape_of(c, "{'where':{'id':{'in':[1,2]}}}"), shape_of(c, "{'where':{'id':{'in':[1,2,3,4]}}}"));
  /* values that decide the program make separate programs */
  uint64_t ascending = shape_of(c, "{'order_by':{'id':'asc'}}");
  assert_int_not_equal(shape_of(c, "{'order_by':{'id':'desc'}}"), ascending);
  rille_plan_stats s = stats(c);
  assert_int_equal(s.kept, 3);
  assert_int_equal(s.hits, 2);
  assert_int_equal(s.evictions, s.misses - 3);
  /* evicted at some time, and built again */
  for (int i = 0; i < 40; i++) {
    char json[64];
    snprintf(json, sizeof json, "{'take':%d,'where':{'id':{'%s':1}}}", 1 + i, i % 2 ? "lt" : "gt");
    shape_of(c, i % 3 ? json : "{'order_by':{'id':'desc'}}");
    shape_of(c, i % 5 ? "{'select':{'id':true}}" : "{'where':{'name':'x'}}");
  }
  assert_int_not_equal(shape_of(c, "{'where':{'id':1}}"), one);
  assert_int_equal(stats(c).kept, 3);
  rille_client_release(c);
  close_world(&w);
}

/* Compiles a call with `n` conditions. */
static void compile_long(rille_client *c, int n) {
  rille_error *err = NULL;
  rille_op *op = rille_op_new(c);
  rille_tape *t = rille_tape_new();
  rille_tape_open_object(t);
  rille_tape_key(t, "where", 5);
  rille_tape_open_object(t);
  rille_tape_key(t, "OR", 2);
  rille_tape_open_list(t);
  for (int i = 0; i < n; i++) {
    bool email = i % 3 == 0;
    rille_tape_open_object(t);
    rille_tape_key(t, email ? "email" : "name", email ? 5 : 4);
    rille_tape_text(t, "x", 1);
    rille_tape_close_object(t);
  }
  rille_tape_close_list(t);
  rille_tape_close_object(t);
  rille_tape_close_object(t);
  must(rille_op_model(op, NULL, rille_schema_model(rille_client_schema(c), "user", 4), RILLE_COUNT, t, &err), err);
  rille_op_free(op);
  rille_tape_free(t);
}

static void test_bound_in_bytes(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 1);
  rille_client *c = small_client(&w, 1000);
  for (int i = 0; i < 250; i++) compile_long(c, 250 + i);
  rille_plan_stats s = stats(c);
  assert_true(s.bytes > (int64_t)1 << 20 && s.bytes <= (int64_t)32 << 20);
  assert_true(s.evictions > 0 && s.kept < 250);
  assert_int_equal(s.kept, s.misses - s.evictions);
  rille_client_release(c);
  close_world(&w);
}

/* A cycle of slightly more shapes than are kept finds most of them. */
static void test_cycle(void **state) {
  (void)state;
  enum { KEPT = 50, SHAPES = 55, ROUNDS_OF_ALL = 40 };
  world w;
  open_world(&w, false, blog_schema, "", 1);
  rille_client *c = small_client(&w, KEPT);
  for (int round = 0; round < ROUNDS_OF_ALL; round++)
    for (int i = 0; i < SHAPES; i++) compile_long(c, 1 + i);
  rille_plan_stats s = stats(c);
  assert_true(s.hits > (int64_t)SHAPES * ROUNDS_OF_ALL / 2);
  rille_client_release(c);
  close_world(&w);
}

/* An evicted program stays alive in the operation that runs it. */
static void test_eviction_while_running(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 1);
  expect_rows(call(w.client, NULL, "user", RILLE_CREATE_MANY, "{'data':[{'email':'a@x'},{'email':'b@x'}]}"), "");
  rille_client *c = small_client(&w, 1);
  rille_op *op = rille_op_new(c);
  rille_tape *tape = rille_tape_new();
  rille_row row;
  assert_int_equal(start_call(op, NULL, "user", RILLE_FIND_MANY, tape, "{'include':{'posts':true}}", NULL), RILLE_OK);
  assert_int_equal(rille_op_next(op, &row, NULL), RILLE_ROW);
  for (int i = 0; i < 3; i++) shape_of(c, i % 2 ? "{'where':{'id':1}}" : "{'where':{'name':'x'}}");
  assert_int_equal(stats(c).kept, 1);
  assert_int_equal(rille_op_next(op, &row, NULL), RILLE_ROW);
  assert_int_equal(rille_op_next(op, &row, NULL), RILLE_DONE);
  rille_op_free(op);
  rille_tape_free(tape);
  rille_client_release(c);
  close_world(&w);
}

enum { THREADS = 6, ROUNDS = 120 };
typedef struct crowd {
  rille_client *client;
  _Atomic int wrong;
  _Atomic bool done;
} crowd;

static const char *const shapes[] = {"{'where':{'id':1}}",         "{'where':{'name':'x'}}",
                                     "{'select':{'id':true}}",     "{'where':{'id':{'in':[1,2]}}}",
                                     "{'include':{'posts':true}}", "{'order_by':{'id':'asc'}}"};

static void *call_on(void *argument) {
  crowd *c = argument;
  for (int i = 0; i < ROUNDS; i++) {
    answer a = call(c->client, NULL, "user", RILLE_FIND_MANY, shapes[(size_t)(i * 7 + i / 5) % 6]);
    if (a.status != RILLE_DONE) c->wrong++;
  }
  return NULL;
}

static void test_many_threads(void **state) {
  (void)state;
  world w;
  open_world(&w, false, blog_schema, "", 1);
  crowd c = {.client = small_client(&w, 3)};
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, call_on, &c), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  assert_int_equal(c.wrong, 0);
  rille_plan_stats s = stats(c.client);
  assert_int_equal(s.hits + s.misses, THREADS * ROUNDS);
  assert_int_equal(s.kept, 3);
  rille_client_release(c.client);
  close_world(&w);
}

static void *compile_on(void *argument) {
  crowd *c = argument;
  for (size_t i = 0; !c->done; i++) (void)shape_of(c->client, shapes[i % 6]);
  return NULL;
}

/* The child of a process whose other threads are in a look-up. */
static void test_fork_among_threads(void **state) {
  (void)state;
#ifdef __SANITIZE_ADDRESS__
  skip(); /* the sanitizer's own allocator may be locked at the fork */
#endif
  world w;
  open_world(&w, false, blog_schema, "", 1);
  crowd c = {.client = small_client(&w, 3)};
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, compile_on, &c), 0);
  for (int i = 0; i < 30; i++) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
      alarm(10); /* a lock held by no thread here would never be released */
      if (call(c.client, NULL, "user", RILLE_COUNT, "{}").status != RILLE_DONE) _exit(1);
      raise(SIGKILL); /* success; leak checkers must not check what is the parent's */
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }
  c.done = true;
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  rille_client_release(c.client);
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_by_shape),     cmocka_unit_test(test_bound_in_bytes),
      cmocka_unit_test(test_cycle),        cmocka_unit_test(test_eviction_while_running),
      cmocka_unit_test(test_many_threads), cmocka_unit_test(test_fork_among_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
