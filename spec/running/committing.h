/* Helpers for what writes tell the cache of their database, and other processes. */
#ifndef SPEC_RUNNING_COMMITTING_H
#define SPEC_RUNNING_COMMITTING_H

#include <rille/cache.h>

#include "run/answers.h"
#include "run/foreign.h"
#include "running/running.h"

static const char ddl[] =
    "CREATE TABLE slow (id int PRIMARY KEY); CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS "
    "\\$\\$BEGIN PERFORM pg_sleep(NEW.id); RETURN NULL; END\\$\\$; CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT "
    "ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow_commit()";

MAYBE_UNUSED static rille_client *open_cached(world *w) {
  rille_cache_options cache = {.struct_size = sizeof cache};
  rille_client_options o = {
      .struct_size = sizeof o, .url = w->url, .schema = w->schema, .pool_size = 3, .cache = &cache};
  rille_client *c = NULL;
  rille_error *err = NULL;
  must(rille_client_open(&o, &c, &err), err);
  return c;
}

MAYBE_UNUSED static rl_cache *cache_of(rille_client *c) {
  return rl_client_answers(c->client);
}

MAYBE_UNUSED static rl_name table(const char *name) {
  return rl_name_of_table(rl_str_of(name), RL_TABLE_ANY);
}

/* Computes an answer that depends on one name. Returns whether it was kept. */
MAYBE_UNUSED static bool keeps(rl_cache *c, const char *key, rl_name name) {
  rl_question q = {.key = rl_str_of(key), .ttl_ms = INT64_MAX, .blocking = true};
  rl_cache_entry *entry = NULL;
  rl_flight *flight = NULL;
  rl_seat seat = {0};
  rl_names names;
  assert_int_equal(rl_cache_ask(c, &q, &entry, &flight, &seat), RL_CACHE_COMPUTE);
  rl_names_init(&names);
  rl_names_add(&names, name);
  rl_flight_note(flight, &names);
  rl_names_dispose(&names);
  return rl_flight_land(flight, RL_STR("x"), true);
}

MAYBE_UNUSED static bool holds(rl_cache *c, const char *key) {
  rl_question q = {.key = rl_str_of(key), .ttl_ms = INT64_MAX, .blocking = true};
  rl_cache_entry *entry = NULL;
  rl_flight *flight = NULL;
  rl_seat seat = {0};
  rl_cache_answer got = rl_cache_ask(c, &q, &entry, &flight, &seat);
  if (got == RL_CACHE_HIT) rl_cache_entry_release(entry);
  if (got == RL_CACHE_COMPUTE) rl_flight_fail(flight, NULL);
  return got == RL_CACHE_HIT;
}

/* Entries of three tables and a tag. */
MAYBE_UNUSED static void fill(rl_cache *c) {
  rl_cache_clear(c);
  assert_true(keeps(c, "user", table("User")));
  assert_true(keeps(c, "post", table("Post")));
  assert_true(keeps(c, "tag", table("Tag")));
  assert_true(keeps(c, "tagged", rl_name_of_tag(RL_STR("news"))));
}

/* Which of them hold: "user post tag tagged". */
MAYBE_UNUSED static void expect_holds(rl_cache *c, const char *wanted) {
  static const char *const keys[] = {"user", "post", "tag", "tagged"};
  char got[64] = "";
  for (size_t i = 0; i < 4; i++)
    if (holds(c, keys[i])) snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", *got ? " " : "", keys[i]);
  assert_string_equal(got, wanted);
}
#define ALL "user post tag tagged"

MAYBE_UNUSED static void must_do(answer a) {
  if (a.status != RILLE_DONE) fail_msg("%s %s", a.code, a.message);
}

MAYBE_UNUSED static answer new_user(rille_client *c, rille_tx *tx, const char *email) {
  char args[100];
  snprintf(args, sizeof args, "{'data':{'email':'%s'}}", email);
  return call(c, tx, "User", RILLE_CREATE, args);
}

MAYBE_UNUSED static void open_postgres(world *w) {
  if (!postgres_url()) skip();
  open_world(w, true, blog_schema, "", 3);
  assert_int_equal(psql(strrchr(w->url, '/') + 1, ddl), 0);
}

MAYBE_UNUSED static rille_listener *listen_for_notices(rille_client *c) {
  rille_listener *l = NULL;
  rille_error *err = NULL;
  rille_event e = {.struct_size = sizeof e};
  must(rille_listener_open(c, &l, &err), err);
  must(rille_listener_add(l, RL_NOTICE_CHANNEL, strlen(RL_NOTICE_CHANNEL), &err), err);
  while (rille_listener_next(l, &e, &err) != RILLE_ROW) usleep(2000);
  assert_int_equal(e.kind, RILLE_EVENT_LISTENING);
  return l;
}

/* Expects one notice that touches the names, and not more. NULL: no notice. A separate one marks the end. */
MAYBE_UNUSED static void expect_notice(world *w, rille_listener *l, const rl_name *names, size_t count) {
  rille_event e = {.struct_size = sizeof e};
  rille_error *err = NULL;
  bool heard = false;
  must_do(raw(w->client, NULL, "SELECT pg_notify('rille_cache', 'end')", NULL));
  for (;;) {
    rille_status st = rille_listener_next(l, &e, &err);
    check_status(st, err);
    if (st == RILLE_AGAIN) {
      usleep(1000);
      continue;
    }
    if (strcmp(e.payload, "end") == 0) break;
    rl_names got;
    bool own = false;
    rl_names_init(&got);
    rl_notice_read(rl_str_of(e.payload), &got, cache_of(w->client), &own);
    if (heard || !count) fail_msg("one too many: %s", e.payload);
    heard = true;
    assert_true(own);
    for (size_t i = 0; i < count; i++) {
      bool found = got.everything;
      for (size_t k = 0; k < got.count; k++) found = found || got.items[k] == names[i];
      if (!found) fail_msg("name %zu is missing: %s", i, e.payload);
    }
    rl_names_dispose(&got);
  }
  if (!heard && count) fail_msg("no notice");
}

MAYBE_UNUSED static void expect_cost(answer a, uint32_t round_trips, uint32_t statements) {
  must_do(a);
  assert_int_equal(a.round_trips, round_trips);
  assert_int_equal(a.statements, statements);
}

#endif
