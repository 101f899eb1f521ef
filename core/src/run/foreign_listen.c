/* Noticing writes of others by listening: a connection outside the pool, driven by looks. What was received is read
 * without waiting, and connecting goes a step further each time. While nobody looks, a thread reads it now and then:
 * the server must get rid of its notices, and the next look wants a recent sign of life.
 *
 * It is known what others did if the connection listens, all that had been received was read, and the server gave a
 * sign of life in the last ten seconds. A look that finds an older one asks, and waits a moment for the answer. While a
 * thread reads, others do not wait for it: what was read in the last moments is enough for them, because a notice takes
 * about as long to arrive. */
#include <stdatomic.h>
#include <stddef.h>

#include "base/clock.h"
#include "run/drive.h"
#include "run/foreign.h"
#include "run/foreign_inside.h"
#include "run/observe.h"

_Atomic int64_t rl_foreign_silence_ms = 10000, rl_foreign_answer_ms = 20;
_Atomic int rl_foreign_ticks = 5; /* a question and its answer need two */

/* A look relies on another thread's for this long. */
enum { RECENT_MS = 50 };
/* Notices that one look reads. If there are more, it is not known yet what others did. A tick reads so many parts. */
enum { MOST_NOTICES = 1000, MOST_PARTS = 50 };

static void take_notice(const rl_event *e, rl_cache *cache) {
  rl_names names;
  bool own = false;
  rl_names_init(&names);
  rl_str payload = rl_str_of(e->heard.payload);
  rl_notice_read(payload, &names, cache, &own);
  uint64_t server = rl_notice_read_server(payload);
  if (!own && server && server == rl_cache_server(cache))
    rl_cache_touch_here(cache, &names);
  else if (!own)
    rl_cache_touch(cache, &names);
  rl_names_dispose(&names);
}

static void warn_of_silence(rl_foreign *f, rl_client *c, const rl_error *err) {
  rl_buf text;
  if (atomic_load(&f->warned)) return;
  rl_buf_init(&text);
  rl_buf_printf(&text, "the cache is not used, because rille cannot listen for writes of others: %s",
                rl_error_message(err));
  const char *message = rl_buf_z(&text);
  if (message && rl_observe_client_warning(c, rl_code_name(err->code), message)) atomic_store(&f->warned, true);
  rl_buf_dispose(&text);
}

/* Returns whether the notice is that of the proof. Behind a pooler, the listener has the session that listens while it
 * asks a question, so one that came meanwhile proves nothing. */
static bool take_proof(rl_foreign *f, rl_str payload) {
  rl_proof *p = &f->proof;
  if (!rl_proof_take(p, payload)) return false;
  if (p->questions != f->listener.questions)
    rl_proof_begin(p, p->options);
  else
    atomic_store(&f->warned, false);
  return true;
}

/* Reads what was received. Whatever happened while nobody listened is not known, so every beginning makes everything
 * stale. Returns whether all was read. c: gets a warning; NULL: nobody does. */
static bool read_events(rl_foreign *f, rl_client *c) {
  for (int i = 0; i < MOST_NOTICES; i++) {
    rl_event e;
    rl_error err = {0};
    rille_status st = rl_listener_next(&f->listener, &e, &err);
    if (st == RILLE_AGAIN) return true;
    if (st < 0 && c) warn_of_silence(f, c, &err);
    rl_error_clear(&err);
    if (st != RILLE_ROW) return false;
    if (e.kind == RL_EVENT_HEARD) {
      if (!take_proof(f, rl_str_of(e.heard.payload))) take_notice(&e, f->cache);
    } else {
      rl_cache_touch_everything(f->cache);
      if (e.kind == RL_EVENT_LISTENING) rl_proof_begin(&f->proof, &f->pool->options);
    }
  }
  return false;
}

/* Returns whether a notice from where the pool connects has arrived on this connection. Goes a step further, without
 * waiting. */
static bool is_proven(rl_foreign *f, rl_client *c) {
  rl_proof *p = &f->proof;
  if (p->state == RL_PROOF_ARRIVED) return true;
  if (!rl_listener_hears(&f->listener)) return false;
  bool quiet = f->listener.state == RL_LISTENER_READY;
  if (quiet && p->state <= RL_PROOF_CONNECTING) p->questions = f->listener.questions;
  rl_proof_step(p);
  if (c && p->failed.code) {
    warn_of_silence(f, c, &p->failed);
    rl_error_clear(&p->failed);
  }
  if (p->state == RL_PROOF_SENT) (void)read_events(f, c);
  return p->state == RL_PROOF_ARRIVED;
}

/* Reads on behalf of nobody, and proves the way. A lost connection is left alone: the next look opens it again. */
static void listen_tick(rl_tick *t) {
  rl_foreign *f = (rl_foreign *)((char *)t - offsetof(rl_foreign, tick));
  if (pthread_mutex_trylock(&f->lock) != 0) return; /* somebody looks */
  for (int i = 0; i < MOST_PARTS && rl_listener_hears(&f->listener); i++)
    if (read_events(f, NULL)) break;
  (void)is_proven(f, NULL);
  pthread_mutex_unlock(&f->lock);
}

static bool start(rl_foreign *f, rl_cache *cache) {
  int64_t limit = rl_foreign_silence_ms;
  if (f->cache != cache) {
    rl_cache_release(f->cache);
    f->cache = rl_cache_retain(cache);
    rl_cache_touch_everything(cache); /* what was read before went to another one */
  }
  if (f->listener.options) return true;
  rl_listener_init(&f->listener, &f->options);
  f->listener.silence_ms = limit / 2;
  f->listener.answer_ms = limit - limit / 2;
  if (rl_listener_add(&f->listener, RL_STR(RL_NOTICE_CHANNEL), NULL) != RILLE_OK) {
    rl_listener_close(&f->listener);
    return false;
  }
  int ticks = rl_foreign_ticks;
  f->tick = (rl_tick){.run = listen_tick, .every_ms = ticks ? limit / ticks : 0};
  if (ticks) rl_tick_join(&f->tick);
  return true;
}

static bool is_alive(const rl_listener *l) {
  return rl_listener_hears(l) && l->quiet_ms - l->life_ms <= l->silence_ms + l->answer_ms;
}

/* Waits briefly for the answer to a question that this look has asked. The server answers after it has sent the notices
 * that came before, so what was committed before the question is known when the answer is read. Without that wait the
 * answer would be read by the next look, and be too old for it if calls are rare. A server that does not answer at once
 * costs one look this time, not all. */
static bool await_life(rl_foreign *f, rl_client *c, int64_t begun) {
  rl_listener *l = &f->listener;
  int64_t until = begun + rl_foreign_answer_ms;
  bool asked = l->state == RL_LISTENER_ASKING && l->due_ms - l->answer_ms >= begun;
  while (asked && !is_alive(l) && rl_listener_hears(l) && rl_clock_ms() < until) {
    rl_wait_block(&l->wait, until);
    asked = read_events(f, c) && l->state == RL_LISTENER_ASKING;
  }
  return l->state != RL_LISTENER_DOWN && is_alive(l);
}

static bool listen_look(rl_foreign *f, rl_client *c, rl_cache *cache) {
  int64_t begun = rl_clock_ms();
  if (pthread_mutex_trylock(&f->lock) != 0) return rl_clock_ms() - atomic_load(&f->quiet_ms) <= RECENT_MS;
  bool known = start(f, cache) && read_events(f, c);
  known = known && (is_alive(&f->listener) || await_life(f, c, begun)) && is_proven(f, c);
  atomic_store(&f->quiet_ms, known ? f->listener.quiet_ms : 0);
  pthread_mutex_unlock(&f->lock);
  return known;
}

static void listen_close(rl_foreign *f) {
  if (f->listener.options) rl_tick_leave(&f->tick);
  rl_proof_stop(&f->proof);
  rl_listener_close(&f->listener);
  rl_cache_release(f->cache);
}

const rl_foreign_kind rl_foreign_listens = {listen_look, NULL, listen_close};
