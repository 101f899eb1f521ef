/* Reading `how`, and waiting for an answer that another caller computes. */
#include "run/asking.h"

#include <stdlib.h>

#include "base/clock.h"

/* ------------------------------------------------------------------ how */

static int compare_tags(const void *a, const void *b) {
  return rl_str_cmp(*(const rl_str *)a, *(const rl_str *)b);
}

static rille_status take_tags(rl_cached_how *how, const char *const *tags, size_t count, rl_error *err) {
  rl_str sorted[RL_MOST_TAGS];
  if (count > RL_MOST_TAGS)
    return rl_fail(err, RL_VALIDATION, "cache.tags: expected at most %d tags, got %zu", RL_MOST_TAGS, count);
  for (size_t i = 0; i < count; i++) {
    if (!tags[i] || !*tags[i])
      return rl_fail(err, RL_VALIDATION, "cache.tags[%zu]: expected a string that is not empty", i + 1);
    sorted[i] = rl_str_of(tags[i]);
  }
  qsort(sorted, count, sizeof *sorted, compare_tags);
  for (size_t i = 0; i < count; i++) {
    uint32_t len = (uint32_t)sorted[i].len;
    rl_buf_put(&how->tags, &len, sizeof len);
    rl_buf_str(&how->tags, sorted[i]);
    rl_names_add(&how->names, rl_name_of_tag(sorted[i]));
  }
  return how->tags.failed ? rl_fail_nomem(err) : RILLE_OK;
}

rille_status rl_cached_how_set(rl_cached_how *how, const rl_cached_given *given, rl_error *err) {
  rl_buf_reset(&how->tags);
  rl_names_clear(&how->names);
  if (given->ttl_ms <= 0)
    return rl_fail(err, RL_VALIDATION, "cache.ttl: expected a time of more than 0, got %lld ms",
                   (long long)given->ttl_ms);
  if (given->stale_ms < 0)
    return rl_fail(err, RL_VALIDATION, "cache.stale: expected a time of 0 or more, got %lld ms",
                   (long long)given->stale_ms);
  how->ttl_ms = given->ttl_ms;
  how->stale_ms = given->stale_ms;
  how->by_ttl_only = given->by_ttl_only;
  return given->tag_count ? take_tags(how, given->tags, given->tag_count, err) : RILLE_OK;
}

void rl_cached_how_dispose(rl_cached_how *how) {
  rl_buf_dispose(&how->tags);
  rl_names_dispose(&how->names);
}

/* ------------------------------------------------------------------ waiting */

bool rl_turn_prepare(rl_turn *t, const rl_caller *from) {
  rl_seat *s = &t->seat;
  *s = (rl_seat){.blocking = from->blocking};
  if (from->blocking) return true;
  if (from->shared && rl_bell_is_own(from->shared)) {
    s->bell = from->shared;
    s->shared_bell = true;
    s->waiter.tag = from->tag;
    return true;
  }
  if (t->bell && !rl_bell_is_own(t->bell)) {
    rl_bell_free(t->bell);
    t->bell = NULL;
  }
  if (!t->bell) t->bell = rl_bell_new();
  s->bell = t->bell;
  return t->bell != NULL;
}

int64_t rl_caller_limit(const rl_caller *from) {
  return from->limit_ms != RL_NO_DEADLINE ? from->limit_ms : rl_clock_after(rl_pool_wait_ms(from->client->pool));
}

static void start_limit(rl_turn *t, const rl_caller *from) {
  if (t->until_ms) return;
  t->own_limit = from->limit_ms != RL_NO_DEADLINE;
  t->until_ms = rl_caller_limit(from);
}

/* A coroutine that computes may have been dropped and not collected yet. Those who come later compute at once. A short
 * timeout of one caller does not send away the others: the answer may come in time for them. */
static rl_turn_state turn_is_late(rl_turn *t, const rl_caller *from, rl_error *err) {
  rl_seat_despair(&t->seat, !t->own_limit);
  rl_turn_leave(t);
  if (!t->own_limit) return RL_TURN_LATE;
  rl_fail(err, RL_P1008,
          "the call was cancelled: another caller computes the answer, and has not done so within the timeout of %lld "
          "ms of this client",
          (long long)from->client->traits.timeout_ms);
  return RL_TURN_FAILED;
}

rl_turn_state rl_turn_look(rl_turn *t, const rl_caller *from, rl_cache_entry **entry, rl_wait *wait, rl_error *err) {
  start_limit(t, from);
  if (t->bell && !from->blocking) rl_bell_hush(t->bell);
  if (from->blocking) rl_seat_wait(&t->seat, t->until_ms);
  switch (rl_seat_look(&t->seat, entry, err)) {
  case RL_SEAT_LANDED: rl_turn_leave(t); return RL_TURN_GOT;
  case RL_SEAT_FAILED: rl_turn_leave(t); return RL_TURN_FAILED;
  case RL_SEAT_AGAIN: rl_turn_leave(t); return RL_TURN_AGAIN;
  case RL_SEAT_WAITING: break;
  }
  if (rl_clock_ms() >= t->until_ms) return turn_is_late(t, from, err);
  *wait = (rl_wait){t->seat.bell ? t->seat.bell->listen : -1, t->seat.bell != NULL, false, t->until_ms};
  return RL_TURN_WAITS;
}

void rl_turn_leave(rl_turn *t) {
  if (t->seat.flight) rl_seat_leave(&t->seat);
}

void rl_turn_dispose(rl_turn *t) {
  rl_turn_leave(t);
  rl_bell_free(t->bell);
  t->bell = NULL;
}

void rl_turn_forget(rl_turn *t) {
  t->seat = (rl_seat){0};
  t->until_ms = 0;
}
