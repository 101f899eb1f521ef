/* What the tests of writes of others share: a client with a cache, what it keeps, and threads that look. */
#ifndef SPEC_RUNNING_NOTICING_H
#define SPEC_RUNNING_NOTICING_H

#include <pthread.h>
#include <sys/wait.h>

#include "base/failing_allocator.h"
#include "running/running.h"

#include "cache/cache.h"
#include "run/foreign.h"

MAYBE_UNUSED static rl_cache *cache_of(world *w) {
  assert_true(rl_cache_own(&w->client->client->answers));
  return w->client->client->answers;
}

MAYBE_UNUSED static void open_cached(world *w, bool postgres, const char *parameters) {
  open_world(w, postgres, blog_schema, parameters, 4);
  rl_client *c = w->client->client;
  assert_true(c->answers && rl_cache_activate(c->answers, &(rl_cache_limits){0}));
}

MAYBE_UNUSED static bool look(world *w) {
  return rl_foreign_look(w->client->client);
}

/* Looks until it is known what others did. */
MAYBE_UNUSED static void look_until_known(world *w) {
  int64_t until = rl_clock_after(20000);
  while (!look(w)) {
    if (rl_clock_ms() > until) fail_msg("it never became known");
    poll(NULL, 0, 2);
  }
}

MAYBE_UNUSED static void look_until_not_known(world *w) {
  int64_t until = rl_clock_after(20000);
  while (look(w)) {
    if (rl_clock_ms() > until) fail_msg("the loss was not noticed");
    poll(NULL, 0, 2);
  }
}

MAYBE_UNUSED static rl_question question(const char *key) {
  return (rl_question){.key = rl_str_of(key), .ttl_ms = INT64_MAX};
}

/* Keeps an answer under the name of a table, or under that of its rows, or under another one. */
MAYBE_UNUSED static void keep(world *w, const char *key, rl_name name) {
  rl_question q = question(key);
  rl_cache_entry *entry = NULL;
  rl_flight *flight = NULL;
  rl_seat seat = {0};
  rl_names names;
  rl_names_init(&names);
  rl_names_add(&names, name);
  assert_int_equal(rl_cache_ask(cache_of(w), &q, &entry, &flight, &seat), RL_CACHE_COMPUTE);
  rl_flight_note(flight, &names);
  assert_true(rl_flight_land(flight, RL_STR("answer"), true));
  rl_names_dispose(&names);
}

MAYBE_UNUSED static bool is_kept(world *w, const char *key) {
  rl_question q = question(key);
  rl_cache_entry *entry = NULL;
  rl_flight *flight = NULL;
  rl_seat seat = {0};
  rl_cache_answer a = rl_cache_ask(cache_of(w), &q, &entry, &flight, &seat);
  if (a == RL_CACHE_HIT) rl_cache_entry_release(entry);
  if (a == RL_CACHE_COMPUTE) rl_flight_fail(flight, NULL);
  assert_true(a == RL_CACHE_HIT || a == RL_CACHE_COMPUTE);
  return a == RL_CACHE_HIT;
}

MAYBE_UNUSED static void keep_both(world *w) {
  look_until_known(w);
  if (!is_kept(w, "users")) keep(w, "users", rl_name_of_table(RL_STR("User"), RL_TABLE_ANY));
  if (!is_kept(w, "posts")) keep(w, "posts", rl_name_of_table(RL_STR("Post"), RL_TABLE_ANY));
}

/* Looks until what was kept is stale: a notice takes a moment. */
MAYBE_UNUSED static void expect_stale(world *w, const char *key) {
  int64_t until = rl_clock_after(20000);
  for (;;) {
    (void)look(w);
    if (!is_kept(w, key)) return;
    if (rl_clock_ms() > until) fail_msg("%s: still kept", key);
    poll(NULL, 0, 2);
  }
}

MAYBE_UNUSED static void own_write(world *w, rille_tx *tx, const char *email) {
  char data[100];
  snprintf(data, sizeof data, "{'data':{'email':'%s'}}", email);
  answer a = call(w->client, tx, "User", RILLE_CREATE, data);
  if (a.status != RILLE_DONE) fail_msg("%s", a.message);
}

MAYBE_UNUSED static int warnings_of(rille_client *c, const char *words) {
  int found = 0;
  const rille_client_event *e;
  while (rille_client_next_event(c, &e) == RILLE_OK) {
    if (e->kind == RILLE_CLIENT_EVENT_WARN && !(e->message && strstr(e->message, words)))
      fail_msg("warning: %s", e->message ? e->message : "");
    found += e->kind == RILLE_CLIENT_EVENT_WARN;
    rille_client_event_free(e);
  }
  return found;
}

MAYBE_UNUSED static void observe_warnings(rille_client *c) {
  rille_error *err = NULL;
  rille_observe_options o = {.struct_size = sizeof o, .what = RILLE_OBSERVE_WARNINGS};
  must(rille_client_observe(c, &o, &err), err);
}

typedef struct looker {
  world *w;
  _Atomic bool *ends;
  int64_t known; /* how often it was known */
} looker;

MAYBE_UNUSED static void *look_on(void *argument) {
  looker *l = argument;
  while (!*l->ends) l->known += rl_foreign_look(l->w->client->client);
  return NULL;
}

/* Threads look while others write, and while we do. */
MAYBE_UNUSED static void check_threads(world *w, void (*other)(const world *w)) {
  _Atomic bool ends = false;
  looker lookers[4];
  pthread_t threads[4];
  look_until_known(w);
  for (int i = 0; i < 4; i++) {
    lookers[i] = (looker){.w = w, .ends = &ends};
    assert_int_equal(pthread_create(&threads[i], NULL, look_on, &lookers[i]), 0);
  }
  for (int i = 0; i < 10; i++) {
    char email[20];
    snprintf(email, sizeof email, "thread%d", i);
    other(w);
    own_write(w, NULL, email);
    expect_stale(w, "users");
    keep_both(w);
  }
  ends = true;
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    assert_true(lookers[i].known > 0);
  }
}

/* Opens a client with a cache, looks until it is known what others did or memory has run out, and closes it. */
MAYBE_UNUSED static bool look_once(const world *w, const failing_allocator *memory) {
  rille_client_options o = {.struct_size = sizeof o, .url = w->url, .schema = w->schema, .pool_size = 3};
  rille_client *c = NULL;
  if (rille_client_open(&o, &c, NULL) != RILLE_OK) return false;
  bool known = false, active = rl_cache_activate(c->client->answers, &(rl_cache_limits){.max_bytes = 1 << 16});
  int64_t until = rl_clock_after(20000);
  while (active && !known && rl_clock_ms() < until) {
    known = rl_foreign_look(c->client);
    if (memory->failed) break;
    poll(NULL, 0, 1);
  }
  rille_client_release(c);
  return known;
}

/* Each allocation fails in turn, and all after it. */
MAYBE_UNUSED static void check_memory(world *w) {
  rille_client_release(w->client);
  failing_allocator memory = {.failed = true};
  long n = 0;
  for (; memory.failed && n < 1000; n++) {
    memory = (failing_allocator){.left = n};
    rl_allocator_set(failing_alloc, &memory);
    bool known = look_once(w, &memory);
    rl_allocator_set(NULL, NULL);
    assert_int_equal(memory.live, 0);
    assert_true(known || memory.failed);
  }
  assert_in_range(n, 5, 999);
  w->client = open_client(w->url, w->schema, 1);
}

#endif
