/* The server of a store: found by URL and prefix, with its idle connections, its pauses, and what is owed to it. */
#include "cache/redis/inside.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fork_lock.h"
#include "base/hex.h"
#include "base/id.h"
#include "base/process.h"

enum { IDLE_LINKS = 16, MOST_LINKS = 64, FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 5000, MOST_TOKENS = 32 };
/* A reply has an entry, or the stamps of the most names, and what surrounds them. */
#define REPLY_EXTRA ((size_t)256 * 1024)

struct rl_remote {
  rl_remote *next;
  _Atomic int references;
  rl_arena arena;
  rl_str url, prefix;
  rl_redis_url parts;
  rl_tls_trust *trust;
  _Atomic size_t most;
  _Atomic uint64_t tokens;
  char instance[17]; /* of the process, random: begins each token */
  /* under the lock */
  rl_fork_lock lock;
  long pid;
  rl_link *idle[IDLE_LINKS];
  int idle_count, open;
  int64_t away_until_ms, pause_ms;
  int64_t unmarked; /* writes under way that the server does not know */
  rl_names owed;
  bool owes_unknown;
  int64_t unknown_until_ms;
  char owed_tokens[MOST_TOKENS][RL_TOKEN_SIZE];
  int owed_token_count;
  uint64_t debt; /* changes with each addition; 0: nothing is owed */
  uint64_t debts;
  rl_remote_figures figures;
};

static rl_fork_lock registry_lock;
static pthread_once_t registry_once = PTHREAD_ONCE_INIT;
static rl_remote *registry;

static void registry_init(void) {
  rl_fork_lock_init(&registry_lock);
}

/* ------------------------------------------------------------------ life */

static void make_instance(rl_remote *r) {
  uint64_t random = 0;
  if (!rl_random(&random, sizeof random)) random = (uint64_t)rl_clock_us() ^ (uint64_t)rl_process_id() << 40;
  snprintf(r->instance, sizeof r->instance, "%016" PRIx64, random);
}

static void remote_free(rl_remote *r) {
  for (int i = 0; i < r->idle_count; i++) rl_link_close(r->idle[i]);
  rl_names_dispose(&r->owed);
  rl_tls_trust_free(r->trust);
  rl_fork_lock_dispose(&r->lock);
  rl_arena_dispose(&r->arena);
  rl_free(r);
}

static rille_status remote_new(rl_str url, rl_str prefix, rl_remote **out, rl_error *err) {
  rl_remote *r = rl_calloc(1, sizeof *r);
  if (!r) return rl_fail_nomem(err);
  rl_arena_init(&r->arena, 0);
  rl_names_init(&r->owed);
  rl_fork_lock_init(&r->lock);
  atomic_init(&r->references, 1);
  r->pid = rl_process_id();
  make_instance(r);
  r->url = rl_arena_str(&r->arena, url);
  r->prefix = rl_arena_str(&r->arena, prefix);
  rille_status st = r->url.p && r->prefix.p ? rl_redis_parse_url(url, &r->arena, &r->parts, err) : rl_fail_nomem(err);
  if (st == RILLE_OK && r->parts.tls) {
    const char *problem;
    r->trust = rl_tls_trust_new(r->parts.ca, &problem);
    if (!r->trust) st = rl_fail(err, RL_VALIDATION, "cache.store: %s: %s", r->parts.display, problem);
  }
  if (st == RILLE_OK)
    *out = r;
  else
    remote_free(r);
  return st;
}

/* The lock of the registry is held. */
static rl_remote *registry_find(rl_str url, rl_str prefix) {
  rl_remote *r = registry;
  while (r && !(rl_str_eq(r->url, url) && rl_str_eq(r->prefix, prefix))) r = r->next;
  if (r) atomic_fetch_add(&r->references, 1);
  return r;
}

rille_status rl_remote_open(rl_str url, rl_str prefix, size_t most, rl_remote **out, rl_error *err) {
  pthread_once(&registry_once, registry_init);
  rl_remote *own = NULL;
  *out = NULL;
  rl_fork_lock_take(&registry_lock);
  rl_remote *r = registry_find(url, prefix);
  rl_fork_lock_give(&registry_lock);
  if (!r) {
    rille_status st = remote_new(url, prefix, &own, err);
    if (st != RILLE_OK) return st;
    rl_fork_lock_take(&registry_lock);
    r = registry_find(url, prefix); /* another thread may have been faster */
    if (!r) {
      r = own;
      r->next = registry;
      registry = r;
    }
    rl_fork_lock_give(&registry_lock);
    if (r != own) remote_free(own);
  }
  if (atomic_load(&r->most) < most) atomic_store(&r->most, most);
  *out = r;
  return RILLE_OK;
}

rl_remote *rl_remote_retain(rl_remote *r) {
  atomic_fetch_add(&r->references, 1);
  return r;
}

void rl_remote_release(rl_remote *r) {
  if (!r) return;
  rl_fork_lock_take(&registry_lock);
  bool last = atomic_fetch_sub(&r->references, 1) == 1;
  if (last) {
    rl_remote **at = &registry;
    while (*at && *at != r) at = &(*at)->next;
    if (*at) *at = r->next;
  }
  rl_fork_lock_give(&registry_lock);
  if (last) remote_free(r);
}

void rl_remote_own(rl_remote *r) {
  rl_link *inherited[IDLE_LINKS];
  int count = 0;
  rl_fork_lock_take(&r->lock);
  if (r->pid != rl_process_id()) {
    r->pid = rl_process_id();
    count = r->idle_count;
    memcpy(inherited, r->idle, sizeof inherited);
    r->idle_count = r->open = r->owed_token_count = 0;
    r->away_until_ms = r->pause_ms = r->unmarked = 0;
    r->debt = 0;
    r->owes_unknown = false;
    rl_names_clear(&r->owed);
    make_instance(r);
  }
  rl_fork_lock_give(&r->lock);
  for (int i = 0; i < count; i++) rl_link_close(inherited[i]);
}

const char *rl_remote_display(const rl_remote *r) {
  return r->parts.display;
}

uint64_t rl_remote_number(const rl_remote *r) {
  rl_str display = rl_str_of(r->parts.display);
  uint64_t number = rl_hash(display.p, display.len, rl_hash(r->prefix.p, r->prefix.len, 5));
  return number ? number : 1;
}

void rl_remote_count(rl_remote *r, rl_remote_figures *out) {
  rl_fork_lock_take(&r->lock);
  *out = r->figures;
  out->away = rl_clock_ms() < r->away_until_ms;
  out->owes = r->debt != 0;
  rl_fork_lock_give(&r->lock);
}

int64_t rl_remote_limit(const rl_remote *r) {
  return r->parts.limit_ms;
}

size_t rl_remote_most(const rl_remote *r) {
  return atomic_load(&r->most);
}

rl_str rl_remote_prefix(const rl_remote *r) {
  return r->prefix;
}

rl_str rl_remote_space(const rl_remote *r, const rl_link *l, rl_buf *out) {
  rl_buf_reset(out);
  rl_buf_str(out, r->prefix);
  rl_buf_text(out, rl_link_life(l));
  rl_buf_byte(out, ':');
  return rl_buf_view(out);
}

void rl_remote_token(rl_remote *r, char out[RL_TOKEN_SIZE]) {
  snprintf(out, RL_TOKEN_SIZE, "%s%016" PRIx64, r->instance, atomic_fetch_add(&r->tokens, 1));
}

void rl_remote_instance(rl_remote *r, char out[RL_TOKEN_SIZE]) {
  memcpy(out, r->instance, sizeof r->instance);
}

bool rl_remote_fresh(char out[RL_STAMP_SIZE]) {
  uint8_t random[RL_STAMP_SIZE / 2];
  if (!rl_random(random, sizeof random)) return false;
  rl_hex_bytes(random, sizeof random, out);
  return true;
}

/* ------------------------------------------------------------------ connections */

bool rl_remote_is_open(rl_remote *r, bool reads) {
  rl_fork_lock_take(&r->lock);
  bool open = rl_clock_ms() >= r->away_until_ms && !(reads && r->unmarked > 0);
  rl_fork_lock_give(&r->lock);
  return open;
}

bool rl_remote_is_settled(rl_remote *r) {
  rl_fork_lock_take(&r->lock);
  bool settled = r->unmarked == 0 && r->debt == 0;
  rl_fork_lock_give(&r->lock);
  return settled;
}

/* What was posted on it, and not answered, is owed. */
static void remote_close(rl_remote *r, rl_link *l) {
  bool unknown;
  const rl_names *owed = l ? rl_link_owes(l, &unknown) : NULL;
  if (owed) rl_remote_add_debt(r, owed, unknown, NULL);
  rl_link_close(l);
}

rl_link *rl_remote_take(rl_remote *r, int64_t until_ms, bool *none_free) {
  *none_free = false;
  for (;;) {
    rl_link *l = NULL;
    rl_fork_lock_take(&r->lock);
    bool room = r->idle_count > 0 || r->open < MOST_LINKS;
    if (r->idle_count > 0)
      l = r->idle[--r->idle_count];
    else if (room)
      r->open++;
    rl_fork_lock_give(&r->lock);
    *none_free = !room;
    if (!room || (l && rl_link_is_quiet(l))) return l;
    if (!l) {
      l = rl_link_open(&r->parts, r->trust, rl_remote_most(r) + REPLY_EXTRA, until_ms);
      if (!l) rl_remote_drop(r, NULL);
      return l;
    }
    rl_remote_drop(r, l);
  }
}

rl_link *rl_remote_take_idle(rl_remote *r) {
  for (;;) {
    rl_fork_lock_take(&r->lock);
    rl_link *l = r->idle_count > 0 ? r->idle[--r->idle_count] : NULL;
    rl_fork_lock_give(&r->lock);
    if (!l || rl_link_is_quiet(l)) return l;
    rl_remote_drop(r, l);
  }
}

void rl_remote_give(rl_remote *r, rl_link *l) {
  rl_fork_lock_take(&r->lock);
  bool keep = r->idle_count < IDLE_LINKS;
  if (keep)
    r->idle[r->idle_count++] = l;
  else
    r->open--;
  rl_fork_lock_give(&r->lock);
  if (!keep) remote_close(r, l);
}

void rl_remote_drop(rl_remote *r, rl_link *l) {
  remote_close(r, l);
  rl_fork_lock_take(&r->lock);
  if (r->open > 0) r->open--;
  rl_fork_lock_give(&r->lock);
}

/* Conversations that fail at the same time make one pause. */
void rl_remote_fail(rl_remote *r, rl_link *l, const char *problem) {
  int64_t now = rl_clock_ms();
  rl_fork_lock_take(&r->lock);
  snprintf(r->figures.problem, sizeof r->figures.problem, "%s", problem);
  if (now >= r->away_until_ms) {
    r->pause_ms = r->pause_ms == 0 ? FIRST_PAUSE_MS : r->pause_ms * 2;
    if (r->pause_ms > LONGEST_PAUSE_MS) r->pause_ms = LONGEST_PAUSE_MS;
    r->away_until_ms = now + r->pause_ms;
  }
  rl_fork_lock_give(&r->lock);
  if (l) rl_remote_drop(r, l);
}

void rl_remote_succeed(rl_remote *r) {
  rl_fork_lock_take(&r->lock);
  r->pause_ms = 0;
  r->figures.problem[0] = '\0';
  rl_fork_lock_give(&r->lock);
}

/* ------------------------------------------------------------------ what is owed */

void rl_remote_count_write(rl_remote *r, rl_remote_writing *w) {
  rl_fork_lock_take(&r->lock);
  if (!w->counted) r->unmarked++;
  w->counted = true;
  rl_fork_lock_give(&r->lock);
}

void rl_remote_end_write(rl_remote *r, rl_remote_writing *w) {
  rl_fork_lock_take(&r->lock);
  if (w->counted && r->unmarked > 0) r->unmarked--;
  w->counted = false;
  rl_fork_lock_give(&r->lock);
}

void rl_remote_add_debt(rl_remote *r, const rl_names *names, bool unknown, const char *token) {
  rl_fork_lock_take(&r->lock);
  rl_names_add_all(&r->owed, names);
  if (unknown) {
    r->owes_unknown = true;
    r->unknown_until_ms = rl_clock_ms() + RL_REMOTE_MARK_MS;
  }
  if (token && r->owed_token_count < MOST_TOKENS) memcpy(r->owed_tokens[r->owed_token_count++], token, RL_TOKEN_SIZE);
  r->debt = ++r->debts;
  rl_fork_lock_give(&r->lock);
}

void rl_remote_owe_names(rl_remote *r, const rl_names *names, bool unknown) {
  if (rl_names_is_empty(names)) return;
  rl_remote_own(r);
  rl_remote_add_debt(r, names, unknown, NULL);
}

/* The lock is held. */
static void write_debt(rl_remote *r, rl_buf *out, bool whole, rl_str space, rl_str fresh) {
  bool unknown = r->owes_unknown && rl_clock_ms() < r->unknown_until_ms;
  if (unknown && r->owed_token_count == 0) rl_remote_token(r, r->owed_tokens[r->owed_token_count++]);
  size_t tokens = (size_t)r->owed_token_count, names = r->owed.count + r->owed.everything;
  rl_script_begin(out, RL_SCRIPT_SETTLE, whole, space, 5 + tokens + names);
  rl_command_add(out, fresh);
  rl_command_add(out, unknown ? RL_STR("unknown") : RL_STR("done"));
  rl_script_add_number(out, RL_REMOTE_MARK_MS);
  rl_script_add_number(out, (int64_t)names);
  rl_script_add_number(out, (int64_t)tokens);
  for (size_t i = 0; i < tokens; i++) rl_command_add(out, rl_str_of(r->owed_tokens[i]));
  rl_script_add_names(out, &r->owed);
}

uint64_t rl_remote_write_debt(rl_remote *r, rl_buf *out, bool whole, rl_str space, bool *failed) {
  char fresh[RL_STAMP_SIZE];
  rl_fork_lock_take(&r->lock);
  uint64_t debt = r->debt;
  *failed = debt && !rl_remote_fresh(fresh);
  if (debt && !*failed) write_debt(r, out, whole, space, rl_str_make(fresh, sizeof fresh));
  rl_fork_lock_give(&r->lock);
  *failed = *failed || out->failed;
  return debt;
}

void rl_remote_paid(rl_remote *r, uint64_t debt) {
  rl_fork_lock_take(&r->lock);
  if (r->debt == debt) {
    r->debt = 0;
    r->owes_unknown = false;
    r->owed_token_count = 0;
    rl_names_clear(&r->owed);
  }
  rl_fork_lock_give(&r->lock);
}
