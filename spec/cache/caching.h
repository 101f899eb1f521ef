/* Short words for the tests of the cache: names are numbers, keys and answers are texts. */
#ifndef RL_SPEC_CACHING_H
#define RL_SPEC_CACHING_H

#include <stdlib.h>

#include "cache/cache.h"

/* An active cache, shared by all who name it. */
static inline rl_cache *caching_open(const char *identity) {
  rl_cache *c = rl_cache_of_database(rl_str_of(identity));
  if (!c || !rl_cache_activate(c, NULL)) abort();
  return c;
}

/* 0: none. The caller disposes of them. */
static inline rl_names caching_names(uint64_t a, uint64_t b) {
  rl_names n;
  rl_names_init(&n);
  if (a) rl_names_add(&n, a);
  if (b) rl_names_add(&n, b);
  return n;
}

static inline rl_question caching_ask_for(const char *key) {
  return (rl_question){.key = rl_str_of(key), .ttl_ms = INT64_MAX};
}

/* Returns the flight of a key that nobody computes, with one name noted (0: none). NULL: it is not to be computed. */
static inline rl_flight *caching_begin(rl_cache *c, const char *key, uint64_t name) {
  rl_question q = caching_ask_for(key);
  rl_cache_entry *e = NULL;
  rl_flight *f = NULL;
  (void)rl_cache_ask(c, &q, &e, &f, NULL);
  rl_cache_entry_release(e);
  rl_names names = caching_names(name, 0);
  if (f) rl_flight_note(f, &names);
  rl_names_dispose(&names);
  return f;
}

/* Computes a key; returns whether it is kept. */
static inline bool caching_fill(rl_cache *c, const char *key, const char *value, uint64_t name) {
  rl_flight *f = caching_begin(c, key, name);
  return f && rl_flight_land(f, rl_str_of(value), true);
}

static inline bool caching_has(rl_cache *c, const char *key) {
  rl_question q = caching_ask_for(key);
  rl_cache_entry *e = NULL;
  rl_flight *f = NULL;
  bool hit = rl_cache_ask(c, &q, &e, &f, NULL) == RL_CACHE_HIT;
  rl_cache_entry_release(e);
  if (f) rl_flight_fail(f, NULL);
  return hit;
}

#endif
