/* The cache in Redis: what is given, what is kept, and what writes make of it. Another limit in the URL makes another
 * "process", with its own connections and debts. */
#include "cache/redis_server.h"

#include <pthread.h>
#include <stdatomic.h>

enum { POST = 100, USER = 101, POST_ROW = 102, POST_ROWS = 103 };

static redis_server server;
static rl_remote *one, *two;

static int set_up(void **state) {
  (void)state;
  redis_start(&server, "");
  one = redis_open(&server, 20000);
  two = redis_open(&server, 20001);
  assert_ptr_not_equal(one, two);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  rl_remote_release(one);
  rl_remote_release(two);
  redis_remove(&server);
  return 0;
}

static int flush(void **state) {
  (void)state;
  redis_cli(&server, "FLUSHALL");
  return 0;
}

/* The key of the only entry, lock or name: `kind` is e, f or n. */
static const char *key_of(const char *kind) {
  static char key[256];
  snprintf(key, sizeof key, "%s", redis_cli(&server, "--raw KEYS 'test:*:%s:*'", kind));
  assert_true(key[0] != '\0');
  return key;
}

static const char *name_key(rl_name name) {
  static char key[256];
  snprintf(key, sizeof key, "%s", redis_cli(&server, "--raw KEYS 'test:*:n:%016llx'", (unsigned long long)name));
  assert_true(key[0] != '\0');
  return key;
}

static void test_what_is_kept_is_given_to_all(void **state) {
  (void)state;
  reader a = reader_of(one, POST, USER), b = reader_of(two, POST, USER);
  fill(&a, "posts", "some rows");
  assert_hit(&a, "posts", "some rows");
  assert_hit(&b, "posts", "some rows");
  assert_in_range(b.talk.age_ms, 0, 30000);
  assert_int_equal(ask(&b, "others"), RL_REMOTE_COMPUTE);
  assert_int_equal(keep(&b, "", NULL), RL_REMOTE_DONE);
  assert_hit(&a, "others", "");
  reader_end(&a);
  reader_end(&b);
}

static void test_a_write_hides_and_then_ends_what_depends_on_it(void **state) {
  (void)state;
  reader posts = reader_of(one, POST, 0), users = reader_of(one, USER, 0);
  writer w = writer_of(two, POST, 0);
  fill(&posts, "posts", "old");
  fill(&users, "users", "users");
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  assert_int_equal(ask(&posts, "posts"), RL_REMOTE_COMPUTE);
  assert_true(posts.work.spoiled);
  assert_int_equal(keep(&posts, "perhaps old", NULL), RL_REMOTE_NONE);
  assert_hit(&users, "users", "users");
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  fill(&posts, "posts", "new");
  assert_hit(&posts, "posts", "new");
  reader_end(&posts);
  reader_end(&users);
  writer_end(&w);
}

static void test_nothing_is_stale_after_a_failed_write(void **state) {
  (void)state;
  reader a = reader_of(one, POST, 0);
  writer w = writer_of(two, POST, USER);
  fill(&a, "posts", "rows");
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  assert_int_equal(settle(&w, RL_WRITE_FAILED, NULL), RL_REMOTE_DONE);
  assert_hit(&a, "posts", "rows");
  reader_end(&a);
  writer_end(&w);
}

static void test_what_was_written_while_it_was_computed_is_not_kept(void **state) {
  (void)state;
  reader a = reader_of(one, POST, 0);
  writer w = writer_of(two, POST, 0);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  assert_int_equal(keep(&a, "old", NULL), RL_REMOTE_NONE);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  assert_int_equal(keep(&a, "old", NULL), RL_REMOTE_NONE);
  assert_int_equal(settle(&w, RL_WRITE_FAILED, NULL), RL_REMOTE_DONE);
  fill(&a, "posts", "new");
  reader_end(&a);
  writer_end(&w);
}

/* Each writer has its own mark; the name is being written until the last one has ended. */
static void test_two_writers_of_one_name(void **state) {
  (void)state;
  reader a = reader_of(one, POST, 0);
  writer v = writer_of(one, POST, 0), w = writer_of(two, POST, 0);
  fill(&a, "posts", "0");
  assert_int_equal(mark(&v), RL_REMOTE_DONE);
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  assert_int_equal(settle(&v, RL_WRITE_FAILED, NULL), RL_REMOTE_DONE);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_true(a.work.spoiled);
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  fill(&a, "posts", "1");
  assert_int_equal(mark(&v), RL_REMOTE_DONE);
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_true(a.work.spoiled);
  assert_int_equal(settle(&v, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  fill(&a, "posts", "2");
  reader_end(&a);
  writer_end(&v);
  writer_end(&w);
}

/* A row by its key: the table is noted before the statement, the row is what the answer depends on. */
static void test_it_may_depend_on_less_in_the_end(void **state) {
  (void)state;
  reader a = reader_of(one, POST, 0);
  writer others = writer_of(two, POST, 0), same = writer_of(two, POST, POST_ROW);
  rl_names row = names_of(POST_ROW, (rl_name)POST_ROWS, (rl_name)0);
  assert_int_equal(ask(&a, "post 1"), RL_REMOTE_COMPUTE);
  assert_int_equal(keep(&a, "row", &row), RL_REMOTE_DONE);
  assert_int_equal(mark(&others), RL_REMOTE_DONE);
  assert_hit(&a, "post 1", "row");
  assert_int_equal(settle(&others, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  assert_hit(&a, "post 1", "row");
  assert_int_equal(mark(&same), RL_REMOTE_DONE);
  assert_int_equal(settle(&same, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  assert_int_equal(ask(&a, "post 1"), RL_REMOTE_COMPUTE);
  /* what was noted first has been written since */
  assert_int_equal(mark(&others), RL_REMOTE_DONE);
  assert_int_equal(settle(&others, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  assert_int_equal(keep(&a, "row", &row), RL_REMOTE_NONE);
  rl_names_dispose(&row);
  reader_end(&a);
  writer_end(&others);
  writer_end(&same);
}

/* Marked coarsely, settled precisely. */
static void test_a_write_may_touch_less_in_the_end(void **state) {
  (void)state;
  reader posts = reader_of(one, POST, 0), users = reader_of(one, USER, 0);
  writer w = writer_of(two, POST, USER);
  rl_names done = names_of(POST, (rl_name)0);
  fill(&posts, "posts", "p");
  fill(&users, "users", "u");
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  assert_int_equal(settle(&w, RL_WRITE_DONE, &done), RL_REMOTE_DONE);
  assert_hit(&users, "users", "u");
  assert_int_equal(ask(&posts, "posts"), RL_REMOTE_COMPUTE);
  rl_names_dispose(&done);
  reader_end(&posts);
  reader_end(&users);
  writer_end(&w);
}

/* A computation that reads more than one thing, and a kept answer inside another one. */
static void test_names_that_are_noted_later(void **state) {
  (void)state;
  reader outer = reader_of(one, POST, 0), inner = reader_of(one, USER, 0);
  writer w = writer_of(two, USER, 0);
  rl_names more = names_of(USER, (rl_name)POST, (rl_name)0);
  fill(&inner, "users", "u");
  assert_int_equal(ask(&outer, "page"), RL_REMOTE_COMPUTE);
  rl_talk_stamps(&outer.talk, one, &more, &outer.work);
  assert_int_equal(drive(&outer.talk), RL_REMOTE_DONE);
  assert_hit(&inner, "users", "u");
  rl_remote_work_add(&outer.work, &inner.work);
  assert_false(outer.work.spoiled);
  assert_int_equal(keep(&outer, "page", NULL), RL_REMOTE_DONE);
  assert_hit(&outer, "page", "page");
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  assert_int_equal(ask(&outer, "page"), RL_REMOTE_COMPUTE);
  rl_talk_stamps(&outer.talk, one, &more, &outer.work);
  assert_int_equal(drive(&outer.talk), RL_REMOTE_DONE);
  /* the same name with two stamps: written between two reads */
  rl_remote_work_add(&inner.work, &outer.work);
  assert_true(inner.work.spoiled);
  rl_names_dispose(&more);
  reader_end(&outer);
  reader_end(&inner);
  writer_end(&w);
}

static void test_one_process_computes(void **state) {
  (void)state;
  reader a = reader_of(one, POST, 0), b = reader_of(two, POST, 0);
  rl_wait wait;
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  begin_ask(&b, "posts");
  while (rl_talk_next(&b.talk, &wait) == RILLE_AGAIN && wait.fd >= 0) {}
  assert_int_equal(b.talk.stage, RL_TALK_PAUSE);
  assert_int_equal(keep(&a, "rows", NULL), RL_REMOTE_DONE);
  assert_int_equal(drive(&b.talk), RL_REMOTE_HIT);
  /* one that waits no longer than its caller, and one that takes over when the lock is free */
  assert_int_equal(ask(&a, "users"), RL_REMOTE_COMPUTE);
  b.limit_ms = rl_clock_ms() + 20;
  assert_int_equal(ask(&b, "users"), RL_REMOTE_NONE);
  b.limit_ms = INT64_MAX;
  rl_talk_keep(&a.talk, one, &a.work, (rl_str){0}, 0, NULL);
  assert_int_equal(drive(&a.talk), RL_REMOTE_NONE);
  assert_int_equal(ask(&b, "users"), RL_REMOTE_COMPUTE);
  /* the one that computes has died */
  redis_cli(&server, "PEXPIRE '%s' 1", key_of("f"));
  assert_int_equal(ask(&a, "users"), RL_REMOTE_COMPUTE);
  reader_end(&a);
  reader_end(&b);
}

static void test_old_answers_while_one_renews(void **state) {
  (void)state;
  reader a = reader_of(one, POST, 0), b = reader_of(two, POST, 0), c = reader_of(two, POST, 0);
  a.ttl_ms = b.ttl_ms = c.ttl_ms = 10000;
  a.stale_ms = b.stale_ms = c.stale_ms = 50000;
  c.peeks = true;
  assert_int_equal(ask(&c, "posts"), RL_REMOTE_NONE);
  fill(&a, "posts", "old");
  assert_int_equal(ask(&c, "posts"), RL_REMOTE_HIT);
  redis_cli(&server, "HINCRBY '%s' b -20000", key_of("e"));
  assert_int_equal(ask(&c, "posts"), RL_REMOTE_STALE_HIT);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_int_equal(ask(&b, "posts"), RL_REMOTE_STALE_HIT);
  assert_memory_equal(b.talk.bytes.p, "old", 3);
  assert_int_equal(keep(&a, "new", NULL), RL_REMOTE_DONE);
  assert_hit(&b, "posts", "new");
  redis_cli(&server, "HINCRBY '%s' b -80000", key_of("e"));
  assert_int_equal(ask(&c, "posts"), RL_REMOTE_NONE);
  assert_int_equal(ask(&b, "posts"), RL_REMOTE_COMPUTE);
  reader_end(&a);
  reader_end(&b);
  reader_end(&c);
}

/* The mark of a writer that died, and of one whose outcome is unknown, ends by itself, with the stamp. */
static void test_a_writer_that_dies(void **state) {
  (void)state;
  reader a = reader_of(one, POST, 0);
  writer w = writer_of(two, POST, 0), u = writer_of(two, POST, 0);
  fill(&a, "posts", "old");
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_true(a.work.spoiled);
  redis_cli(&server, "HSET '%s' %s 1", name_key(POST), w.writing.token);
  fill(&a, "posts", "new");
  assert_hit(&a, "posts", "new");
  assert_int_equal(settle(&w, RL_WRITE_FAILED, NULL), RL_REMOTE_DONE);
  assert_int_equal(mark(&u), RL_REMOTE_DONE);
  char token[RL_TOKEN_SIZE];
  memcpy(token, u.writing.token, sizeof token);
  assert_int_equal(settle(&u, RL_WRITE_UNKNOWN, NULL), RL_REMOTE_DONE);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_true(a.work.spoiled);
  redis_cli(&server, "HSET '%s' %s 1", name_key(POST), token);
  fill(&a, "posts", "newer");
  reader_end(&a);
  writer_end(&w);
  writer_end(&u);
}

static void test_touching_what_others_have_written(void **state) {
  (void)state;
  reader a = reader_of(one, POST, 0), b = reader_of(one, USER, 0), other = reader_of(two, USER, 0);
  rl_names posts = names_of(POST, (rl_name)0), all = {.everything = true};
  fill(&a, "posts", "p");
  fill(&b, "users", "u");
  rl_remote_owe_names(two, &posts, false);
  assert_hit(&other, "users", "u"); /* delivers it */
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_hit(&b, "users", "u");
  rl_remote_owe_names(two, &all, false);
  assert_int_equal(ask(&other, "another"), RL_REMOTE_COMPUTE);
  assert_int_equal(ask(&b, "users"), RL_REMOTE_COMPUTE);
  rl_names_dispose(&posts);
  reader_end(&a);
  reader_end(&b);
  reader_end(&other);
}

static void test_prefixes_and_names_keep_apart(void **state) {
  (void)state;
  char url[200];
  rl_remote *other = NULL;
  rl_error err = {0};
  snprintf(url, sizeof url, "unix://%s?timeout=20000", server.socket);
  assert_int_equal(rl_remote_open(rl_str_of(url), RL_STR("other:"), REDIS_MOST, &other, &err), RILLE_OK);
  reader a = reader_of(one, POST, 0), b = reader_of(other, POST, 0);
  writer w = writer_of(other, POST, 0);
  fill(&a, "posts", "p");
  fill(&b, "posts", "q");
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  assert_hit(&a, "posts", "p");
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  assert_hit(&a, "posts", "p");
  reader_end(&a);
  reader_end(&b);
  writer_end(&w);
  rl_remote_release(other);
}

static void test_too_long_and_too_many(void **state) {
  (void)state;
  reader a = reader_of(one, POST, 0);
  char *bytes = malloc(REDIS_MOST + 2);
  memset(bytes, 'x', REDIS_MOST + 1);
  bytes[REDIS_MOST + 1] = '\0';
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_int_equal(keep(&a, bytes, NULL), RL_REMOTE_NONE);
  bytes[REDIS_MOST] = '\0';
  fill(&a, "posts", bytes);
  assert_hit(&a, "posts", bytes);
  free(bytes);
  for (rl_name n = 1000; n < 1900; n++) rl_names_add(&a.names, n);
  fill(&a, "many", "rows");
  assert_hit(&a, "many", "rows");
  a.names.everything = true;
  assert_int_equal(ask(&a, "everything"), RL_REMOTE_NONE);
  reader_end(&a);
}

static void test_scripts_that_the_server_has_forgotten(void **state) {
  (void)state;
  reader a = reader_of(one, POST, 0);
  writer w = writer_of(one, POST, 0);
  fill(&a, "posts", "p");
  redis_cli(&server, "SCRIPT FLUSH");
  assert_hit(&a, "posts", "p");
  redis_cli(&server, "SCRIPT FLUSH");
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  rl_remote_owe(&w.writing, RL_WRITE_DONE, NULL);
  redis_cli(&server, "SCRIPT FLUSH");
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_int_equal(keep(&a, "q", NULL), RL_REMOTE_DONE);
  reader_end(&a);
  writer_end(&w);
}

static void test_a_child_has_its_own_connections(void **state) {
  (void)state;
  reader a = reader_of(one, POST, 0);
  writer w = writer_of(one, USER, 0);
  fill(&a, "posts", "p");
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  pid_t child = fork();
  if (child == 0) {
    reader b = reader_of(one, POST, 0);
    bool good = ask(&b, "posts") == RL_REMOTE_HIT && rl_str_is(b.talk.bytes, "p");
    reader_end(&b);
    _exit(good ? 0 : 1);
  }
  int status = 1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_hit(&a, "posts", "p");
  assert_int_equal(settle(&w, RL_WRITE_DONE, NULL), RL_REMOTE_DONE);
  reader_end(&a);
  writer_end(&w);
}

/* A keep and a settle that are sent without waiting. What the server has not answered when it ends is owed. */
static void test_posting(void **state) {
  (void)state;
  reader a = reader_of(one, POST, 0), b = reader_of(two, POST, 0);
  writer w = writer_of(one, POST, 0);
  rl_remote_figures f;
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  rl_talk_keep(&a.talk, one, &a.work, RL_STR("rows"), 60000, NULL);
  assert_true(rl_talk_post(&a.talk));
  rl_talk_end(&a.talk);
  assert_hit(&a, "posts", "rows"); /* on the same connection, so it is kept by then */
  assert_hit(&b, "posts", "rows");
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  rl_talk_settle(&w.talk, &w.writing, RL_WRITE_DONE, NULL);
  assert_true(rl_talk_post(&w.talk));
  rl_talk_end(&w.talk);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_COMPUTE);
  assert_false(a.work.spoiled);
  assert_int_equal(mark(&w), RL_REMOTE_DONE);
  redis_stop(&server);
  rl_talk_settle(&w.talk, &w.writing, RL_WRITE_DONE, NULL);
  (void)rl_talk_post(&w.talk);
  rl_talk_end(&w.talk);
  assert_int_equal(ask(&a, "posts"), RL_REMOTE_NONE);
  rl_remote_count(one, &f);
  assert_true(f.owes);
  redis_start(&server, "");
  for (int64_t until = rl_clock_ms() + 30000; ask(&a, "posts") == RL_REMOTE_NONE;) {
    assert_true(rl_clock_ms() < until);
    usleep(10000);
  }
  rl_remote_count(one, &f);
  assert_false(f.owes);
  reader_end(&a);
  reader_end(&b);
  writer_end(&w);
}

/* ------------------------------------------------------------------ an oracle */

enum { THREADS = 4, ROUNDS = 250 };
static _Atomic long database; /* what a read gives */
static pthread_mutex_t commit_lock = PTHREAD_MUTEX_INITIALIZER;

typedef struct actor {
  pthread_t thread;
  unsigned seed;
  long hits;
  bool wrong;
} actor;

static unsigned next_of(actor *a) {
  a->seed = a->seed * 1103515245u + 12345u;
  return a->seed >> 16 & 0x7FFF;
}

static void act_write(actor *a, writer *w) {
  (void)mark(w);
  bool done = next_of(a) % 4 != 0;
  pthread_mutex_lock(&commit_lock);
  if (done) atomic_fetch_add(&database, 1);
  pthread_mutex_unlock(&commit_lock);
  rl_talk_settle(&w->talk, &w->writing, done ? RL_WRITE_DONE : RL_WRITE_FAILED, NULL);
  if (next_of(a) % 2 || !rl_talk_post(&w->talk)) (void)drive(&w->talk);
  rl_talk_end(&w->talk);
}

/* A hit is what the database had at some moment since the call began. */
static void act_read(actor *a, reader *r) {
  char text[32];
  long before = atomic_load(&database), got;
  switch (ask(r, "counter")) {
  case RL_REMOTE_HIT:
  case RL_REMOTE_STALE_HIT:
    snprintf(text, sizeof text, "%.*s", RL_STR_ARG(r->talk.bytes));
    got = strtol(text, NULL, 10);
    a->hits++;
    if (got < before || got > atomic_load(&database)) a->wrong = true;
    return;
  case RL_REMOTE_COMPUTE:
    snprintf(text, sizeof text, "%ld", atomic_load(&database));
    (void)keep(r, text, NULL);
    return;
  case RL_REMOTE_NONE:
  case RL_REMOTE_DONE: return;
  }
}

static void *act(void *context) {
  actor *a = context;
  rl_remote *r = a->seed % 2 ? one : two;
  reader x = reader_of(r, POST, 0);
  writer w = writer_of(r, POST, 0);
  for (int i = 0; i < ROUNDS; i++) {
    if (next_of(a) % 8 == 0)
      act_write(a, &w);
    else
      act_read(a, &x);
  }
  reader_end(&x);
  writer_end(&w);
  return NULL;
}

static void test_no_hit_is_older_than_its_call(void **state) {
  (void)state;
  static actor actors[THREADS];
  long hits = 0;
  for (unsigned i = 0; i < THREADS; i++) {
    actors[i] = (actor){.seed = i + 1};
    assert_int_equal(pthread_create(&actors[i].thread, NULL, act, &actors[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(actors[i].thread, NULL);
    assert_false(actors[i].wrong);
    hits += actors[i].hits;
  }
  assert_true(hits > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_what_is_kept_is_given_to_all, flush),
      cmocka_unit_test_setup(test_a_write_hides_and_then_ends_what_depends_on_it, flush),
      cmocka_unit_test_setup(test_nothing_is_stale_after_a_failed_write, flush),
      cmocka_unit_test_setup(test_what_was_written_while_it_was_computed_is_not_kept, flush),
      cmocka_unit_test_setup(test_two_writers_of_one_name, flush),
      cmocka_unit_test_setup(test_it_may_depend_on_less_in_the_end, flush),
      cmocka_unit_test_setup(test_a_write_may_touch_less_in_the_end, flush),
      cmocka_unit_test_setup(test_names_that_are_noted_later, flush),
      cmocka_unit_test_setup(test_one_process_computes, flush),
      cmocka_unit_test_setup(test_old_answers_while_one_renews, flush),
      cmocka_unit_test_setup(test_a_writer_that_dies, flush),
      cmocka_unit_test_setup(test_touching_what_others_have_written, flush),
      cmocka_unit_test_setup(test_prefixes_and_names_keep_apart, flush),
      cmocka_unit_test_setup(test_too_long_and_too_many, flush),
      cmocka_unit_test_setup(test_scripts_that_the_server_has_forgotten, flush),
      cmocka_unit_test_setup(test_a_child_has_its_own_connections, flush),
      cmocka_unit_test_setup(test_posting, flush),
      cmocka_unit_test_setup(test_no_hit_is_older_than_its_call, flush),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
