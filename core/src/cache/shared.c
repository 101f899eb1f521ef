/* What a cache does for a server that several processes share. */
#include "cache/inside.h"
#include "cache/redis/remote.h"
#include "base/alloc.h"

bool rl_cache_share(rl_cache *c, rl_remote *r) {
  rl_remote *seen = NULL;
  if (atomic_compare_exchange_strong(&c->remote, &seen, r)) {
    rl_remote_retain(r);
    return true;
  }
  return seen == r;
}

rl_remote *rl_cache_remote(const rl_cache *c) {
  return atomic_load_explicit(&c->remote, memory_order_acquire);
}

rl_cache_entry *rl_cache_entry_outside(rl_str bytes) {
  rl_cache_entry *e = rl_entry_new((rl_str){"", 0}, bytes, NULL, 0);
  if (e) e->spoiled = true;
  return e;
}

void rl_cache_count_outside(rl_cache *c, uint32_t label, bool stale) {
  rl_count(c, label, RL_COUNT_MISSES, -1);
  rl_count(c, label, stale ? RL_COUNT_STALE_HITS : RL_COUNT_HITS, 1);
}

uint64_t rl_cache_server(const rl_cache *c) {
  rl_remote *r = rl_cache_remote(c);
  return r ? rl_remote_number(r) : 0;
}

static const rl_names everything = {.everything = true};

void rl_touch_remote(const rl_cache *c, const rl_names *names) {
  rl_remote *r = rl_cache_remote(c);
  if (r) rl_remote_owe_names(r, names ? names : &everything, false);
}

/* ------------------------------------------------------------------ writes */

typedef struct rl_writing_shared {
  rl_talk talk;
  rl_remote_writing writing;
  bool told; /* the mark has been answered, or was given up */
} rl_writing_shared;

static const rl_names *names_of(const rl_writing *w) {
  return w->counted_only ? &everything : &w->names;
}

rille_status rl_cache_write_told(rl_writing *w, rl_wait *wait) {
  rl_remote *r = w->cache ? rl_cache_remote(w->cache) : NULL;
  if (!r) return RILLE_OK;
  if (!w->shared) {
    w->shared = rl_calloc(1, sizeof *w->shared);
    if (!w->shared) return RILLE_OK; /* its end is owed */
    rl_talk_mark(&w->shared->talk, r, &w->shared->writing, names_of(w));
  }
  rl_writing_shared *s = w->shared;
  if (s->told) return RILLE_OK;
  if (rl_talk_next(&s->talk, wait) == RILLE_AGAIN) return RILLE_AGAIN;
  rl_talk_end(&s->talk);
  s->told = true;
  return RILLE_OK;
}

uint64_t rl_writing_server(const rl_writing *w) {
  return w->shared && w->shared->writing.marked ? rl_cache_server(w->cache) : 0;
}

static void end_marked(rl_writing_shared *s, rl_write_outcome outcome, const rl_names *done) {
  rl_talk_settle(&s->talk, &s->writing, outcome, done);
  (void)rl_talk_post(&s->talk);
  rl_talk_end(&s->talk); /* if it could not be sent now, it is owed */
}

void rl_writing_end_shared(rl_writing *w, rl_write_outcome outcome, const rl_names *done) {
  rl_writing_shared *s = w->shared;
  rl_remote *r = rl_cache_remote(w->cache);
  if (s) {
    rl_talk_end(&s->talk);
    if (s->writing.marked)
      end_marked(s, outcome, done);
    else
      rl_remote_owe(&s->writing, outcome, done);
    rl_talk_dispose(&s->talk);
    rl_free(s);
    w->shared = NULL;
  } else if (r && outcome != RL_WRITE_FAILED) {
    rl_remote_owe_names(r, done ? done : names_of(w), outcome == RL_WRITE_UNKNOWN);
  }
}
