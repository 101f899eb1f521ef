/* Conversations: a connection, one command, its answer. What is owed is sent in front of it. */
#include "cache/redis/entry.h"
#include "cache/redis/inside.h"

#include "base/clock.h"
#include "base/process.h"
#include "base/sha256.h"

/* How long until another process that computes is asked for again: at first, and at most. */
enum { FIRST_LOOK_MS = 4, LAST_LOOK_MS = 50 };
/* No entry lives longer in the server, whatever its ttl. */
#define LONGEST_LIFE_MS (INT64_C(30) * 24 * 3600 * 1000)

enum { LONGEST_KEY = 64 * 1024 };

/* ------------------------------------------------------------------ arguments */

static void arg(rl_talk *t, rl_str s) {
  rl_command_add(&t->args, s);
  t->arg_count++;
}

static void arg_number(rl_talk *t, int64_t n) {
  rl_script_add_number(&t->args, n);
  t->arg_count++;
}

static void arg_name(rl_talk *t, rl_name name) {
  rl_script_add_name(&t->args, name);
  t->arg_count++;
}

static void arg_names(rl_talk *t, const rl_names *names) {
  t->arg_count += rl_script_add_names(&t->args, names);
}

static void arg_fresh(rl_talk *t) {
  char fresh[RL_STAMP_SIZE];
  if (rl_remote_fresh(fresh))
    arg(t, rl_str_make(fresh, sizeof fresh));
  else
    t->args.failed = true;
}

/* ------------------------------------------------------------------ life */

void rl_talk_init(rl_talk *t) {
  *t = (rl_talk){.stage = RL_TALK_IDLE};
  rl_buf_init(&t->args);
}

void rl_talk_dispose(rl_talk *t) {
  rl_talk_end(t);
  rl_buf_dispose(&t->args);
}

static void talk_begin(rl_talk *t, rl_remote *r, rl_script script) {
  rl_talk_end(t);
  rl_buf_reset(&t->args);
  *t = (rl_talk){.stage = RL_TALK_LINK, .remote = rl_remote_retain(r), .script = script, .args = t->args};
  rl_remote_own(r);
  t->limit_ms = INT64_MAX;
  t->until_ms = rl_clock_after(rl_remote_limit(r));
}

/* What has not been settled is owed. A mark that may have been delivered counts as not delivered. */
static void end_write(rl_talk *t) {
  rl_remote_writing *w = t->writes;
  t->writes = NULL;
  if (!w || !w->remote) return;
  if (t->script == RL_SCRIPT_MARK)
    rl_remote_count_write(w->remote, w);
  else
    rl_remote_owe(w, t->outcome, t->done);
}

void rl_talk_end(rl_talk *t) {
  if (t->stage == RL_TALK_IDLE) return;
  if (t->link && t->stage == RL_TALK_OVER) {
    rl_link_forget(t->link);
    rl_remote_give(t->remote, t->link);
  } else if (t->link) {
    rl_remote_drop(t->remote, t->link);
  }
  t->link = NULL;
  end_write(t);
  if (t->work && t->stage != RL_TALK_OVER) t->work->spoiled = true;
  t->work = NULL;
  t->bytes = (rl_str){0};
  t->stage = RL_TALK_IDLE;
  rl_remote_release(t->remote);
  t->remote = NULL;
}

static rille_status talk_over(rl_talk *t, rl_remote_answer answer) {
  t->stage = RL_TALK_OVER;
  t->answer = answer;
  if (answer == RL_REMOTE_NONE && t->work) t->work->spoiled = true;
  if (answer == RL_REMOTE_NONE) end_write(t);
  t->writes = NULL;
  return RILLE_DONE;
}

/* problem NULL: nothing is wrong with the server. */
static rille_status talk_fail(rl_talk *t, const char *problem) {
  if (problem)
    rl_remote_fail(t->remote, t->link, problem);
  else if (t->link)
    rl_remote_drop(t->remote, t->link);
  t->link = NULL;
  return talk_over(t, RL_REMOTE_NONE);
}

/* ------------------------------------------------------------------ beginnings */

static int64_t life_of(int64_t ttl_ms, int64_t stale_ms) {
  int64_t ttl = ttl_ms < LONGEST_LIFE_MS ? ttl_ms : LONGEST_LIFE_MS;
  return stale_ms < LONGEST_LIFE_MS - ttl ? ttl + stale_ms : LONGEST_LIFE_MS;
}

/* refuses: what the server has is no entry, so it is to be computed again. */
static void ask_args(rl_talk *t, bool refuses) {
  rl_remote_work *work = t->work;
  rl_buf_reset(&t->args);
  t->arg_count = work->count = 0;
  rl_work_note(work, RL_NAME_EVERYTHING);
  rl_work_names(work, t->names);
  arg(t, rl_str_of(work->entry));
  arg_fresh(t);
  arg(t, rl_str_of(work->token));
  arg_number(t, RL_REMOTE_LOCK_MS);
  arg_number(t, refuses ? 0 : t->ttl_ms);
  arg_number(t, refuses ? 0 : t->life_ms);
  arg_number(t, (int64_t)(rl_remote_most(t->remote) + work->key.len + RL_ENTRY_HEAD));
  arg_number(t, t->peeks);
  for (size_t i = 0; i < work->count; i++) arg_name(t, work->notes[i].name);
}

void rl_talk_ask(rl_talk *t, rl_remote *r, const rl_remote_question *q, rl_remote_work *work) {
  talk_begin(t, r, RL_SCRIPT_ASK);
  rl_sha256_hex(&q->key, 1, work->entry);
  rl_remote_instance(r, work->token);
  rl_buf_str(&work->key, q->key);
  t->work = work;
  t->limit_ms = q->limit_ms;
  t->peeks = q->peeks;
  t->names = q->names;
  t->ttl_ms = life_of(q->ttl_ms, 0);
  t->life_ms = life_of(q->ttl_ms, q->stale_ms);
  ask_args(t, false);
  if (work->key.failed || work->spoiled || q->key.len > LONGEST_KEY) talk_over(t, RL_REMOTE_NONE);
}

void rl_talk_stamps(rl_talk *t, rl_remote *r, const rl_names *names, rl_remote_work *work) {
  talk_begin(t, r, RL_SCRIPT_STAMPS);
  t->work = work;
  t->wanted = work->count;
  rl_work_names(work, names);
  arg(t, rl_str_of(work->entry));
  arg_fresh(t);
  arg(t, rl_str_of(work->token));
  arg_number(t, RL_REMOTE_LOCK_MS);
  for (size_t i = t->wanted; i < work->count; i++) arg_name(t, work->notes[i].name);
  if (work->spoiled)
    talk_over(t, RL_REMOTE_NONE);
  else if (t->wanted == work->count)
    talk_over(t, RL_REMOTE_DONE);
}

/* Adds an argument that a function writes. */
#define ARG_WRITTEN(t, write)                                                                                          \
  do {                                                                                                                 \
    rl_buf b_;                                                                                                         \
    rl_buf_init(&b_);                                                                                                  \
    write;                                                                                                             \
    if (b_.failed) (t)->args.failed = true;                                                                            \
    arg(t, rl_buf_view(&b_));                                                                                          \
    rl_buf_dispose(&b_);                                                                                               \
  } while (0)

void rl_talk_keep(rl_talk *t, rl_remote *r, rl_remote_work *work, rl_str bytes, int64_t life_ms,
                  const rl_names *final) {
  talk_begin(t, r, RL_SCRIPT_KEEP);
  bool keeps = bytes.p && !work->spoiled && bytes.len <= rl_remote_most(r) && !(final && final->everything);
  t->work = work;
  arg(t, rl_str_of(work->entry));
  arg_fresh(t);
  arg(t, rl_str_of(work->token));
  ARG_WRITTEN(t, rl_entry_write_notes(&b_, work));
  ARG_WRITTEN(t, if (final) rl_entry_write_final(&b_, final));
  ARG_WRITTEN(t, if (keeps) rl_entry_write_value(&b_, rl_buf_view(&work->key), bytes));
  arg_number(t, life_of(life_ms, 0));
  arg_number(t, work->born_ms);
}

/* ------------------------------------------------------------------ writes */

static void write_opens(rl_talk *t, rl_remote *r, rl_remote_writing *w, const rl_names *names) {
  if (!w->remote) w->remote = rl_remote_retain(r);
  w->marked = w->counted = false;
  rl_names_clear(&w->names);
  rl_names_add_all(&w->names, names);
  rl_remote_token(r, w->token);
  t->writes = w;
}

static void write_closes(rl_remote_writing *w) {
  rl_remote *r = w->remote;
  rl_remote_end_write(r, w);
  w->remote = NULL;
  rl_names_dispose(&w->names);
  rl_remote_release(r);
}

void rl_talk_mark(rl_talk *t, rl_remote *r, rl_remote_writing *w, const rl_names *names) {
  talk_begin(t, r, RL_SCRIPT_MARK);
  write_opens(t, r, w, names);
  arg(t, rl_str_of(w->token));
  arg_number(t, RL_REMOTE_MARK_MS);
  arg_names(t, &w->names);
  if (rl_names_is_empty(&w->names)) talk_over(t, RL_REMOTE_DONE);
}

/* The names that become stale come first, then those that only lose their mark. */
static void arg_outcome(rl_talk *t, const rl_remote_writing *w, rl_write_outcome outcome, const rl_names *done) {
  static const rl_names none;
  const rl_names *stale = outcome == RL_WRITE_FAILED ? &none : outcome == RL_WRITE_UNKNOWN || !done ? &w->names : done;
  arg_fresh(t);
  arg(t, outcome == RL_WRITE_UNKNOWN ? RL_STR("unknown") : RL_STR("done"));
  arg_number(t, RL_REMOTE_MARK_MS);
  arg_number(t, (int64_t)stale->count + stale->everything);
  arg_number(t, 1);
  arg(t, rl_str_of(w->token));
  arg_names(t, stale);
  if (stale != &w->names) arg_names(t, &w->names);
}

void rl_talk_settle(rl_talk *t, rl_remote_writing *w, rl_write_outcome outcome, const rl_names *done) {
  talk_begin(t, w->remote, RL_SCRIPT_SETTLE);
  t->writes = w;
  t->outcome = outcome;
  t->done = done;
  arg_outcome(t, w, outcome, done);
}

void rl_remote_owe(rl_remote_writing *w, rl_write_outcome outcome, const rl_names *done) {
  if (!w->remote) return;
  rl_names all;
  rl_names_init(&all);
  rl_names_add_all(&all, &w->names);
  if (done && outcome == RL_WRITE_DONE) rl_names_add_all(&all, done);
  bool gone = outcome == RL_WRITE_FAILED && !w->marked && !w->counted;
  if (!rl_names_is_empty(&all) && !gone) rl_remote_add_debt(w->remote, &all, outcome == RL_WRITE_UNKNOWN, w->token);
  rl_names_dispose(&all);
  write_closes(w);
}

/* ------------------------------------------------------------------ without waiting */

/* What is owed if the server never does what was posted. */
static void post_settle(rl_talk *t) {
  rl_remote_writing *w = t->writes;
  rl_names owed;
  rl_names_init(&owed);
  rl_names_add_all(&owed, &w->names);
  if (t->done) rl_names_add_all(&owed, t->done);
  rl_link_post(t->link, &owed, t->outcome == RL_WRITE_UNKNOWN);
  rl_names_dispose(&owed);
  t->writes = NULL;
  write_closes(w);
}

bool rl_talk_post(rl_talk *t) {
  rl_buf out, space;
  if (t->stage != RL_TALK_LINK) return true;
  if (t->args.failed || !rl_remote_is_open(t->remote, false)) return false;
  if (t->script == RL_SCRIPT_KEEP && !rl_remote_is_settled(t->remote)) return false;
  t->link = rl_remote_take_idle(t->remote);
  if (!t->link) return false;
  rl_buf_init(&out);
  rl_buf_init(&space);
  rl_script_begin(&out, t->script, false, rl_remote_space(t->remote, t->link, &space), t->arg_count);
  rl_buf_str(&out, rl_buf_view(&t->args));
  bool good = !space.failed && !out.failed && rl_link_send(t->link, rl_buf_view(&out)) && rl_link_push(t->link);
  rl_buf_dispose(&out);
  rl_buf_dispose(&space);
  if (!good) {
    talk_fail(t, "the connection was lost");
    return true;
  }
  if (t->script == RL_SCRIPT_SETTLE)
    post_settle(t);
  else
    rl_link_post(t->link, NULL, false);
  rl_remote_give(t->remote, t->link);
  t->link = NULL;
  talk_over(t, RL_REMOTE_DONE);
  return true;
}

/* ------------------------------------------------------------------ going on */

static bool is_write(const rl_talk *t) {
  return t->script == RL_SCRIPT_MARK || t->script == RL_SCRIPT_SETTLE;
}

static rille_status talk_wait_until(rl_wait *wait, int64_t until_ms) {
  *wait = (rl_wait){-1, false, false, until_ms};
  return RILLE_AGAIN;
}

static rille_status talk_take_link(rl_talk *t, rl_wait *wait) {
  bool none_free;
  if (t->args.failed || !rl_remote_is_open(t->remote, !is_write(t))) return talk_fail(t, NULL);
  t->link = rl_remote_take(t->remote, t->until_ms, &none_free);
  if (!t->link && !none_free) return talk_fail(t, "out of memory, descriptors or threads");
  if (!t->link) return rl_clock_ms() < t->until_ms ? talk_wait_until(wait, rl_clock_ms() + 1) : talk_fail(t, NULL);
  t->stage = RL_TALK_CONNECT;
  return RILLE_OK;
}

static rille_status talk_send(rl_talk *t) {
  rl_buf out, space;
  bool failed;
  rl_buf_init(&out);
  rl_buf_init(&space);
  rl_str prefix = rl_remote_space(t->remote, t->link, &space);
  t->debt = rl_remote_write_debt(t->remote, &out, t->whole, prefix, &failed);
  t->pays = t->debt != 0;
  rl_script_begin(&out, t->script, t->whole, prefix, t->arg_count);
  rl_buf_str(&out, rl_buf_view(&t->args));
  bool good = !failed && !space.failed && !out.failed && rl_link_send(t->link, rl_buf_view(&out));
  rl_buf_dispose(&out);
  rl_buf_dispose(&space);
  if (!good) return talk_fail(t, "out of memory");
  t->lacks_text = false;
  t->replies = t->pays ? 2 : 1;
  t->stage = RL_TALK_ANSWER;
  return RILLE_OK;
}

static rille_status talk_connect(rl_talk *t, rl_wait *wait) {
  rille_status st = rl_link_connect(t->link, wait);
  if (st < 0) return talk_fail(t, rl_link_problem(t->link));
  return st == RILLE_OK ? talk_send(t) : st;
}

/* ------------------------------------------------------------------ answers */

/* Takes the stamps of the notes from `wanted` on. Returns false if the reply has another form. */
static bool take_stamps(rl_talk *t, const rl_reply *reply) {
  int64_t busy, now;
  rl_str stamp;
  rl_remote_work *w = t->work;
  if (!rl_reply_integer_at(reply, 1, &busy) || !rl_reply_integer_at(reply, 2, &now) ||
      reply->count != 3 + w->count - t->wanted)
    return false;
  if (busy) w->spoiled = true;
  if (t->script == RL_SCRIPT_ASK) w->born_ms = now;
  for (size_t i = t->wanted; i < w->count; i++) {
    if (!rl_reply_text_at(reply, 3 + i - t->wanted, &stamp)) return false;
    if (stamp.len == RL_STAMP_SIZE)
      memcpy(w->notes[i].stamp, stamp.p, RL_STAMP_SIZE);
    else if (!busy)
      return false;
  }
  return true;
}

/* A hit that cannot be read was written by others. It is computed again and replaced. */
static rille_status talk_take_hit(rl_talk *t, const rl_reply *reply, bool stale) {
  rl_str notes, value;
  if (!rl_reply_integer_at(reply, 1, &t->age_ms) || !rl_reply_text_at(reply, 2, &notes) ||
      !rl_reply_text_at(reply, 3, &value) || !rl_reply_integer_at(reply, 4, &t->work->born_ms))
    return talk_fail(t, "the server's answer has another form");
  if (rl_entry_read_value(value, rl_buf_view(&t->work->key), &t->bytes) && rl_entry_read_notes(t->work, notes))
    return talk_over(t, stale ? RL_REMOTE_STALE_HIT : RL_REMOTE_HIT);
  if (t->peeks || t->refuses) return talk_over(t, RL_REMOTE_NONE);
  t->refuses = true;
  t->work->spoiled = false;
  ask_args(t, true);
  return talk_send(t);
}

static rille_status talk_pause(rl_talk *t) {
  rl_link_forget(t->link);
  rl_remote_give(t->remote, t->link);
  t->link = NULL;
  t->pause_ms = t->pause_ms == 0 ? FIRST_LOOK_MS : t->pause_ms * 2 < LAST_LOOK_MS ? t->pause_ms * 2 : LAST_LOOK_MS;
  t->pause_until_ms = rl_clock_ms() + t->pause_ms;
  t->stage = RL_TALK_PAUSE;
  return RILLE_OK;
}

static rille_status talk_take_asked(rl_talk *t, const rl_reply *reply) {
  int64_t kind;
  if (!rl_remote_is_settled(t->remote)) return talk_over(t, RL_REMOTE_NONE);
  if (!rl_reply_integer_at(reply, 0, &kind)) kind = -1;
  switch (kind) {
  case 0: return talk_over(t, RL_REMOTE_NONE);
  case 1: return talk_take_hit(t, reply, false);
  case 2: return talk_take_hit(t, reply, true);
  case 3: return talk_pause(t);
  case 4: break;
  default: return talk_fail(t, "the server's answer has another form");
  }
  if (!take_stamps(t, reply)) return talk_fail(t, "the server's answer has another form");
  if (t->script == RL_SCRIPT_STAMPS) return talk_over(t, t->work->spoiled ? RL_REMOTE_NONE : RL_REMOTE_DONE);
  t->work->asked = true;
  return talk_over(t, RL_REMOTE_COMPUTE);
}

static rille_status talk_take_done(rl_talk *t, const rl_reply *reply) {
  rl_remote_writing *w = t->writes;
  bool done = reply->integer == 1;
  if (t->script == RL_SCRIPT_MARK && done) w->marked = true;
  if (t->script == RL_SCRIPT_SETTLE) {
    t->writes = NULL;
    write_closes(w);
    done = true;
  }
  return talk_over(t, done ? RL_REMOTE_DONE : RL_REMOTE_NONE);
}

static rille_status talk_take_reply(rl_talk *t, const rl_reply *reply) {
  t->replies--;
  if (reply->kind == RL_REPLY_ERROR && !t->whole && rl_str_starts(reply->text, RL_STR("NOSCRIPT")))
    t->lacks_text = true;
  else if (reply->kind == RL_REPLY_ERROR)
    return talk_fail(t, "the server refused a script");
  if (t->lacks_text) {
    if (t->replies > 0) return RILLE_OK;
    t->whole = true;
    return talk_send(t);
  }
  if (t->replies > 0 || is_write(t) || t->script == RL_SCRIPT_KEEP) {
    if (reply->kind != RL_REPLY_INTEGER) return talk_fail(t, "the server's answer has another form");
    if (t->replies == 0) {
      rl_remote_succeed(t->remote);
      return talk_take_done(t, reply);
    }
    rl_remote_paid(t->remote, t->debt);
    return RILLE_OK;
  }
  rl_remote_succeed(t->remote);
  return talk_take_asked(t, reply);
}

static rille_status talk_answer(rl_talk *t, rl_wait *wait) {
  const rl_reply *reply;
  rille_status st = rl_link_next(t->link, &reply, wait);
  if (st < 0) return talk_fail(t, rl_link_problem(t->link));
  return st == RILLE_OK ? talk_take_reply(t, reply) : st;
}

static rille_status talk_look_again(rl_talk *t, rl_wait *wait) {
  int64_t now = rl_clock_ms();
  if (now >= t->limit_ms) return talk_over(t, RL_REMOTE_NONE);
  int64_t until = t->pause_until_ms < t->limit_ms ? t->pause_until_ms : t->limit_ms;
  if (now < until) return talk_wait_until(wait, until);
  t->until_ms = rl_clock_after(rl_remote_limit(t->remote));
  t->stage = RL_TALK_LINK;
  return RILLE_OK;
}

rille_status rl_talk_next(rl_talk *t, rl_wait *wait) {
  for (;;) {
    rille_status st = RILLE_OK;
    rl_wait w = {-1, false, false, RL_NO_DEADLINE};
    switch (t->stage) {
    case RL_TALK_IDLE:
    case RL_TALK_OVER: return RILLE_DONE;
    case RL_TALK_LINK: st = talk_take_link(t, &w); break;
    case RL_TALK_CONNECT: st = talk_connect(t, &w); break;
    case RL_TALK_ANSWER: st = talk_answer(t, &w); break;
    case RL_TALK_PAUSE: st = talk_look_again(t, &w); break;
    }
    if (st != RILLE_AGAIN) continue;
    if (t->stage == RL_TALK_CONNECT || t->stage == RL_TALK_ANSWER) {
      if (rl_clock_ms() >= t->until_ms) {
        talk_fail(t, "the server did not answer in time");
        continue;
      }
      if (w.until_ms > t->until_ms) w.until_ms = t->until_ms;
    }
    *wait = w;
    return st;
  }
}
