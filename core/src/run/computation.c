/* Computations: asking for their value, and what it depends on. */
#include "run/computation.h"

#include "base/alloc.h"
#include "base/process.h"
#include "run/answers.h"
#include "run/foreign.h"
#include "run/observe.h"
#include "run/shared.h"
#include "run/drive.h"

struct rl_computation {
  rl_client *client; /* retained */
  rl_computation *within;
  char traits[RL_CLIENT_KEY];
  rl_cached_how how;
  rl_names names; /* of its tags and paths */
  rl_buf key, label;
  bool blocking, computing;
  rl_flight *flight;     /* NULL: nobody waits, and it is not kept */
  rl_cache_entry *entry; /* retained: its value */
  rl_turn turn;
  rl_shared shared;
  bool talks, peeks;    /* with the server that processes share; for an old answer */
  rl_snapshot snapshot; /* of before that */
  rl_wait wait;
  long pid; /* flight, entry and seat belong to this process */
};

/* ------------------------------------------------------------------ life */

static rille_status check_client(rl_client *client, const rl_computation *within, rl_error *err) {
  if (!rl_client_caches(client))
    return rl_fail(err, RL_VALIDATION, "the client has no cache: open it with `cache`, as in `cache = true`");
  return within ? rl_computation_check(within, client, err) : RILLE_OK;
}

static void write_key(rl_computation *c, const rl_computation_options *o) {
  rl_buf_put(&c->key, c->traits, sizeof c->traits);
  rl_buf_byte(&c->key, 'c');
  rl_buf_byte(&c->key, (char)c->how.by_ttl_only);
  uint64_t len = c->how.tags.len;
  rl_buf_put(&c->key, &len, sizeof len);
  rl_buf_str(&c->key, rl_buf_view(&c->how.tags));
  rl_buf_str(&c->key, o->key);
}

static rille_status fill(rl_computation *c, const rl_computation_options *o, rl_error *err) {
  rille_status st = rl_cached_how_set(&c->how, o->how, err);
  if (st != RILLE_OK) return st;
  rl_names_add_all(&c->names, &c->how.names);
  for (size_t i = 0; i < o->path_count; i++) {
    if (!o->paths[i] || o->paths[i][0] != '/')
      return rl_fail(err, RL_VALIDATION, "paths[%zu]: expected a path that begins with /", i + 1);
    rl_names_add_path(&c->names, rl_str_of(o->paths[i]));
  }
  if (!rl_client_key(c->client, c->traits)) return rl_fail_nomem(err);
  write_key(c, o);
  rl_buf_str(&c->label, o->label);
  return c->key.failed || c->label.failed ? rl_fail_nomem(err) : RILLE_OK;
}

rille_status rl_computation_new(rl_client *client, const rl_computation_options *o, rl_computation **out,
                                rl_error *err) {
  rille_status st = check_client(client, o->within, err);
  if (st != RILLE_OK) return st;
  rl_computation *c = rl_calloc(1, sizeof *c);
  if (!c) return rl_fail_nomem(err);
  c->client = rl_client_retain(client);
  c->within = o->within;
  c->blocking = o->blocking;
  c->pid = rl_process_id();
  c->turn.came = rl_flights_last();
  st = fill(c, o, err);
  if (st != RILLE_OK) {
    rl_computation_free(c);
    return st;
  }
  *out = c;
  return RILLE_OK;
}

/* In a forked child, flight and seat are the parent's, and a thread that does not exist here may hold their locks. */
static void own(rl_computation *c) {
  if (c->pid == rl_process_id()) return;
  c->pid = rl_process_id();
  c->flight = NULL;
  c->entry = NULL;
  c->talks = false;
  rl_shared_reset(&c->shared);
  rl_turn_forget(&c->turn);
}

void rl_computation_free(rl_computation *c) {
  if (!c) return;
  rl_computation_fail(c, NULL);
  rl_turn_dispose(&c->turn);
  rl_shared_dispose(&c->shared);
  if (c->entry) rl_cache_entry_release(c->entry);
  rl_cached_how_dispose(&c->how);
  rl_names_dispose(&c->names);
  rl_buf_dispose(&c->key);
  rl_buf_dispose(&c->label);
  rl_client_release(c->client);
  rl_free(c);
}

/* ------------------------------------------------------------------ asking */

static void tell(const rl_computation *c, const char *what) {
  rl_observe_cache(c->client, &(rl_cache_told){.what = what, .action = "cached", .label = rl_buf_view(&c->label)});
}

static rille_status known(rl_computation *c, const char *what) {
  tell(c, what);
  if (!c->within) return RILLE_ROW;
  rl_computation_note_entry(c->within, c->entry);
  rl_computation_spoil_shared(c->within);
  return RILLE_ROW;
}

static rille_status compute(rl_computation *c) {
  c->computing = true;
  tell(c, "miss");
  rl_computation_note(c, &c->names);
  return RILLE_DONE;
}

/* ------------------------------------------------------------------ asking the server that processes share */

/* Notes here what an answer of the server depends on. */
static void note_work(rl_computation *c) {
  const rl_remote_work *work = &c->shared.work;
  rl_names names;
  rl_names_init(&names);
  for (size_t i = 0; i < work->count; i++)
    if (work->notes[i].name != RL_NAME_EVERYTHING) rl_names_add(&names, work->notes[i].name);
  if (c->flight) rl_flight_note(c->flight, &names);
  if (c->within) rl_computation_note(c->within, &names);
  rl_names_dispose(&names);
}

/* A hit there is one for all who wait here, if nothing was written here since before it was asked for. */
static rille_status known_shared(rl_computation *c, bool stale) {
  rl_str bytes = c->shared.talk.bytes;
  rl_cache *answers = rl_client_answers(c->client);
  c->entry = rl_cache_entry_outside(bytes);
  if (!c->entry) return compute(c);
  note_work(c);
  bool still = answers && rl_cache_is_still(answers, &c->snapshot);
  if (c->flight) rl_flight_give(c->flight, still ? bytes : (rl_str){0}, RL_GIVEN);
  c->flight = NULL;
  rl_turn_leave(&c->turn);
  if (answers && !c->peeks) rl_cache_count_outside(answers, rl_cache_label(answers, rl_buf_view(&c->label)), stale);
  if (c->within) rl_computation_add_work(c->within, &c->shared.work);
  rl_talk_end(&c->shared.talk);
  tell(c, stale ? "stale" : "hit");
  return RILLE_ROW;
}

static rille_status talk_on(rl_computation *c) {
  if (rl_shared_next(&c->shared, &c->wait) == RILLE_AGAIN) return RILLE_AGAIN;
  rl_remote_answer answer = c->shared.talk.answer;
  c->talks = false;
  if (answer == RL_REMOTE_HIT || answer == RL_REMOTE_STALE_HIT) return known_shared(c, answer == RL_REMOTE_STALE_HIT);
  rl_talk_end(&c->shared.talk);
  if (c->peeks) return RILLE_AGAIN;
  if (c->within && answer == RL_REMOTE_NONE) rl_computation_spoil_shared(c->within);
  if (c->within && answer == RL_REMOTE_COMPUTE) rl_computation_add_work(c->within, &c->shared.work);
  return compute(c);
}

static rille_status ask_shared(rl_computation *c, const rl_caller *from, bool peeks) {
  rl_cache *answers = rl_client_answers(c->client);
  rl_remote_question q = {rl_buf_view(&c->key),  c->how.ttl_ms, c->how.stale_ms, peeks,
                          rl_caller_limit(from), &c->names};
  c->snapshot = answers ? rl_cache_snapshot(answers) : (rl_snapshot){0};
  rl_shared_ask(&c->shared, c->client, &q);
  c->talks = true;
  c->peeks = peeks;
  return talk_on(c);
}

/* Asks once. AGAIN: it talks with the server, or waits for another caller. */
static rille_status ask(rl_computation *c, const rl_caller *from) {
  rl_cache *answers = rl_client_answers(c->client);
  if (!answers || !rl_foreign_look(c->client) || !rl_turn_prepare(&c->turn, from)) return compute(c);
  rl_question q = {.key = rl_buf_view(&c->key),
                   .ttl_ms = rl_computation_least_ttl(c, c->how.ttl_ms),
                   .stale_ms = c->how.stale_ms,
                   .blocking = c->blocking,
                   .within = c->within ? rl_computation_flight(c->within) : NULL,
                   .label = rl_cache_label(answers, rl_buf_view(&c->label)),
                   .by_ttl_only = c->how.by_ttl_only};
  switch (rl_cache_ask(answers, &q, &c->entry, &c->flight, &c->turn.seat)) {
  case RL_CACHE_HIT: return known(c, "hit");
  case RL_CACHE_STALE_HIT: return known(c, "stale");
  case RL_CACHE_WAIT:
    return rl_client_remote(c->client) && c->how.stale_ms > 0 ? ask_shared(c, from, true) : RILLE_AGAIN;
  case RL_CACHE_COMPUTE:
    if (rl_client_remote(c->client)) return ask_shared(c, from, false);
    break;
  case RL_CACHE_ALONE:
    if (c->within) rl_computation_spoil_shared(c->within);
    break;
  }
  return compute(c);
}

static rille_status next(rl_computation *c, rl_error *err) {
  rl_caller from = {.client = c->client, .blocking = c->blocking, .limit_ms = rl_client_limit(c->client)};
  own(c);
  if (c->entry) return RILLE_ROW;
  if (c->computing) return RILLE_DONE;
  rille_status st = c->talks ? talk_on(c) : RILLE_AGAIN;
  if (st != RILLE_AGAIN || c->talks) return st;
  for (;;) {
    if (!rl_turn_is_taken(&c->turn)) {
      st = ask(c, &from);
      if (st != RILLE_AGAIN || c->talks) return st;
    }
    switch (rl_turn_look(&c->turn, &from, &c->entry, &c->wait, err)) {
    case RL_TURN_GOT:
      if (!rl_turn_may_be_old(&c->turn, c->client)) return known(c, "wait");
      rl_cache_entry_release(c->entry);
      c->entry = NULL;
      st = ask_shared(c, &from, true);
      if (st != RILLE_AGAIN || c->talks) return st;
      break;
    case RL_TURN_FAILED: return err && err->nomem ? RILLE_NOMEM : RILLE_ERROR;
    case RL_TURN_WAITS: return RILLE_AGAIN;
    case RL_TURN_LATE: return compute(c);
    case RL_TURN_AGAIN: break;
    }
  }
}

rille_status rl_computation_next(rl_computation *c, rl_error *err) {
  rille_status st = next(c, err);
  while (st == RILLE_AGAIN && c->blocking) {
    rl_wait_block(&c->wait, RL_NO_DEADLINE);
    st = next(c, err);
  }
  return st;
}

const rl_wait *rl_computation_wait(const rl_computation *c) {
  return &c->wait;
}

rl_str rl_computation_value(const rl_computation *c) {
  return c->entry ? rl_cache_entry_bytes(c->entry) : (rl_str){0};
}

void rl_computation_land(rl_computation *c, rl_str value) {
  own(c);
  if (c->flight)
    rl_shared_land(&c->shared, c->flight,
                   &(rl_landing){.bytes = value,
                                 .known = rl_foreign_look(c->client),
                                 .life_ms = rl_cached_life(&c->how),
                                 .blocking = c->blocking});
  c->flight = NULL;
  c->computing = false;
}

void rl_computation_fail(rl_computation *c, const rl_error *err) {
  own(c);
  if (c->flight) {
    (void)rl_shared_end(&c->shared, (rl_str){0}, 0, NULL, false);
    rl_flight_fail(c->flight, err);
  }
  rl_shared_reset(&c->shared);
  c->talks = false;
  c->flight = NULL;
  c->computing = false;
}

/* ------------------------------------------------------------------ what it depends on */

rille_status rl_computation_check(const rl_computation *c, rl_client *client, rl_error *err) {
  char traits[RL_CLIENT_KEY];
  if (client == c->client) return RILLE_OK;
  if (!rl_client_key(client, traits)) return rl_fail_nomem(err);
  if (memcmp(traits, c->traits, sizeof traits) == 0) return RILLE_OK;
  return rl_fail(err, RL_VALIDATION,
                 "a cached value cannot depend on what another client reads: this one has another database, role, "
                 "session, scope or extension than the client that computes the value; read it outside, and give it to "
                 "the function as an argument");
}

/* Writes make a value with by_ttl_only stale only by its tags, for those that it is part of too. */
void rl_computation_note(rl_computation *c, const rl_names *names) {
  for (; c; c = c->within) {
    if (c->flight && !(c->how.by_ttl_only && names != &c->names)) rl_flight_note(c->flight, names);
    if (c->how.by_ttl_only && names != &c->names) return;
  }
}

void rl_computation_note_entry(rl_computation *c, const rl_cache_entry *e) {
  bool depends = true;
  for (; c; c = c->within) {
    depends = depends && !c->how.by_ttl_only;
    if (c->flight && depends) rl_flight_note_entry(c->flight, e);
    if (c->flight && !depends) rl_flight_note_age(c->flight, e);
  }
}

int64_t rl_computation_least_ttl(const rl_computation *c, int64_t ttl_ms) {
  for (; c; c = c->within)
    if (c->how.ttl_ms < ttl_ms) ttl_ms = c->how.ttl_ms;
  return ttl_ms;
}

void rl_computation_note_snapshot(rl_computation *c, const rl_snapshot *s) {
  for (; c && !c->how.by_ttl_only; c = c->within)
    if (c->flight) rl_flight_note_snapshot(c->flight, s);
}

void rl_computation_spoil(rl_computation *c) {
  rl_computation_spoil_shared(c);
  for (; c; c = c->within)
    if (c->flight) rl_flight_spoil(c->flight);
}

const rl_remote_work *rl_computation_work(const rl_computation *c) {
  for (; c && !c->how.by_ttl_only; c = c->within)
    if (c->shared.work.asked && !c->shared.work.spoiled) return &c->shared.work;
  return NULL;
}

void rl_computation_add_work(rl_computation *c, const rl_remote_work *work) {
  for (; c && !c->how.by_ttl_only; c = c->within)
    if (c->shared.work.asked) rl_remote_work_add(&c->shared.work, work);
}

void rl_computation_spoil_shared(rl_computation *c) {
  for (; c && !c->how.by_ttl_only; c = c->within) c->shared.work.spoiled = true;
}

rl_flight *rl_computation_flight(const rl_computation *c) {
  while (c && !c->flight) c = c->within;
  return c ? c->flight : NULL;
}
