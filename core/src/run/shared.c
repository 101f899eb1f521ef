/* Opening a store that processes share, and its conversations for a read. */
#include "run/shared.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "run/drive.h"

#define USUAL_ENTRY ((size_t)1 << 20)
#define USUAL_PREFIX "rille:"

/* ------------------------------------------------------------------ opening */

bool rl_shared_is_wanted(const rl_cache_settings *s) {
  return s && s->store.len && !rl_str_is(s->store, "memory");
}

rille_status rl_shared_open(rl_client *c, const rl_cache_settings *s, rl_cache *answers, rl_error *err) {
  rl_str prefix = s->prefix.len ? s->prefix : RL_STR(USUAL_PREFIX);
  size_t most = s->limits.max_entry > 0 ? (size_t)s->limits.max_entry : USUAL_ENTRY;
  if (rl_pool_conn_options(c->pool)->memory)
    return rl_fail(err, RL_VALIDATION,
                   "cache.store: a database in memory belongs to one process; use `memory` as its store");
  rille_status st = rl_remote_open(s->store, prefix, most, &c->remote, err);
  if (st != RILLE_OK || rl_cache_share(answers, c->remote)) return st;
  return rl_fail(err, RL_VALIDATION,
                 "cache.store: another client of this process has another store or prefix for this database: %s",
                 rl_remote_display(rl_cache_remote(answers)));
}

static void write_file(rl_buf *out, const char *path) {
  char line[256];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? read(fd, line, sizeof line) : -1;
  if (fd >= 0) (void)close(fd);
  if (n > 0) rl_buf_put(out, line, (size_t)n);
}

/* Containers of one image may have the same number, and machines the same name. */
static void write_machine(rl_buf *out) {
  char name[256] = "";
  (void)gethostname(name, sizeof name - 1);
  rl_buf_printf(out, "%s/", name);
  write_file(out, "/etc/machine-id");
}

/* Another file in the same place is another database. */
static void write_path(rl_buf *out, const char *path) {
  struct stat facts;
  char *real = realpath(path, NULL), *here = real ? NULL : realpath(".", NULL);
  rl_buf_printf(out, "/%s/%s", here ? here : "", real ? real : path);
  if (real && stat(real, &facts) == 0)
    rl_buf_printf(out, "/%" PRIu64 "/%" PRIu64, (uint64_t)facts.st_dev, (uint64_t)facts.st_ino);
  free(real);
  free(here);
}

void rl_shared_write_place(rl_buf *out, const rl_conn_options *o) {
  static const char *const local[] = {"localhost", "127.", "::1", "/"};
  if (!o->address) {
    write_machine(out);
    write_path(out, o->conninfo);
    return;
  }
  for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
    if (!strstr(o->address, local[i])) continue;
    write_machine(out);
    return;
  }
}

/* ------------------------------------------------------------------ conversations */

void rl_shared_reset(rl_shared *s) {
  rl_talk_end(&s->talk);
  rl_remote_work_clear(&s->work);
  s->remote = NULL;
}

void rl_shared_dispose(rl_shared *s) {
  rl_talk_dispose(&s->talk);
  rl_remote_work_dispose(&s->work);
}

void rl_shared_ask(rl_shared *s, rl_client *c, const rl_remote_question *q) {
  rl_remote_work_clear(&s->work);
  s->remote = rl_client_remote(c);
  rl_talk_ask(&s->talk, s->remote, q, &s->work);
}

/* The stamps are for the computation, whose lock lives on. */
void rl_shared_note(rl_shared *s, rl_client *c, const rl_names *names, const rl_remote_work *of) {
  rl_remote_work_clear(&s->work);
  memcpy(s->work.entry, of->entry, sizeof of->entry);
  memcpy(s->work.token, of->token, sizeof of->token);
  s->remote = rl_client_remote(c);
  rl_talk_stamps(&s->talk, s->remote, names, &s->work);
}

rille_status rl_shared_next(rl_shared *s, rl_wait *wait) {
  return rl_talk_next(&s->talk, wait);
}

static rille_status shared_step(void *what, rl_wait *wait, rl_error *err) {
  (void)err;
  return rl_shared_next(what, wait);
}

bool rl_shared_end(rl_shared *s, rl_str bytes, int64_t life_ms, const rl_names *final, bool blocking) {
  if (!s->remote || !s->work.asked) return false;
  s->work.asked = false;
  rl_talk_keep(&s->talk, s->remote, &s->work, bytes, life_ms, final);
  bool ended = rl_talk_post(&s->talk);
  if (!ended && blocking && bytes.p) ended = rl_drive(shared_step, s, RL_NO_DEADLINE, NULL) == RILLE_DONE;
  bool kept = ended && bytes.p && s->talk.answer == RL_REMOTE_DONE;
  rl_talk_end(&s->talk);
  return kept;
}

void rl_shared_land(rl_shared *s, rl_flight *f, const rl_landing *l) {
  if (!s->remote) {
    rl_flight_land(f, l->bytes, l->known);
    return;
  }
  bool holds = l->known && rl_flight_holds(f);
  bool kept = rl_shared_end(s, holds ? l->bytes : (rl_str){0}, l->life_ms, l->final, l->blocking);
  rl_flight_give(f, l->bytes, kept ? RL_GIVEN_KEPT : RL_GIVEN_REFUSED);
}

/* ------------------------------------------------------------------ clearing and counting */

static rille_status survey_step(void *what, rl_wait *wait, rl_error *err) {
  return rl_survey_next(what, wait, err);
}

static rille_status survey(rl_remote *r, bool clears, rl_survey_figures *out, rl_error *err) {
  rl_survey s;
  rl_survey_begin(&s, r, clears);
  rille_status st = rl_drive(survey_step, &s, RL_NO_DEADLINE, err);
  if (st == RILLE_DONE) *out = s.figures;
  rl_survey_end(&s);
  return st == RILLE_DONE ? RILLE_OK : st;
}

rille_status rl_shared_clear(rl_cache *answers, rl_error *err) {
  rl_survey_figures ignored;
  rl_cache_clear(answers);
  rl_cache_touch_everything(answers);
  rl_remote *r = rl_cache_remote(answers);
  return r ? survey(r, true, &ignored, err) : RILLE_OK;
}

rille_status rl_shared_survey(rl_str store, rl_str prefix, bool clears, rl_survey_figures *out, rl_error *err) {
  rl_remote *r = NULL;
  if (!prefix.len) prefix = RL_STR(USUAL_PREFIX);
  rille_status st = rl_remote_open(store, prefix, USUAL_ENTRY, &r, err);
  if (st == RILLE_OK) st = survey(r, clears, out, err);
  rl_remote_release(r);
  return st;
}
