/* A build without Redis: a store with a URL is an error, so the other functions are never reached. */
#include "cache/redis/survey.h"

rille_status rl_remote_open(rl_str url, rl_str prefix, size_t most, rl_remote **out, rl_error *err) {
  (void)url, (void)prefix, (void)most;
  *out = NULL;
  return rl_fail(err, RL_VALIDATION, "cache.store: this build of rille has no Redis (WITH_REDIS=0); use `memory`");
}
rl_remote *rl_remote_retain(rl_remote *r) {
  return r;
}
void rl_remote_release(rl_remote *r) {
  (void)r;
}
const char *rl_remote_display(const rl_remote *r) {
  (void)r;
  return "";
}
uint64_t rl_remote_number(const rl_remote *r) {
  (void)r;
  return 1;
}
void rl_remote_count(rl_remote *r, rl_remote_figures *out) {
  (void)r;
  *out = (rl_remote_figures){0};
}
void rl_remote_work_init(rl_remote_work *w) {
  *w = (rl_remote_work){0};
}
void rl_remote_work_dispose(rl_remote_work *w) {
  (void)w;
}
void rl_remote_work_clear(rl_remote_work *w) {
  (void)w;
}
void rl_remote_work_add(rl_remote_work *w, const rl_remote_work *hit) {
  (void)w, (void)hit;
}
void rl_remote_owe(rl_remote_writing *w, rl_write_outcome outcome, const rl_names *done) {
  (void)w, (void)outcome, (void)done;
}
void rl_remote_owe_names(rl_remote *r, const rl_names *names, bool unknown) {
  (void)r, (void)names, (void)unknown;
}
void rl_talk_init(rl_talk *t) {
  *t = (rl_talk){.stage = RL_TALK_IDLE};
}
void rl_talk_dispose(rl_talk *t) {
  (void)t;
}
void rl_talk_ask(rl_talk *t, rl_remote *r, const rl_remote_question *q, rl_remote_work *work) {
  (void)t, (void)r, (void)q, (void)work;
}
void rl_talk_stamps(rl_talk *t, rl_remote *r, const rl_names *names, rl_remote_work *work) {
  (void)t, (void)r, (void)names, (void)work;
}
void rl_talk_keep(rl_talk *t, rl_remote *r, rl_remote_work *work, rl_str bytes, int64_t life_ms,
                  const rl_names *final) {
  (void)t, (void)r, (void)work, (void)bytes, (void)life_ms, (void) final;
}
void rl_talk_mark(rl_talk *t, rl_remote *r, rl_remote_writing *w, const rl_names *names) {
  (void)t, (void)r, (void)w, (void)names;
}
void rl_talk_settle(rl_talk *t, rl_remote_writing *w, rl_write_outcome outcome, const rl_names *done) {
  (void)t, (void)w, (void)outcome, (void)done;
}
bool rl_talk_post(rl_talk *t) {
  (void)t;
  return true;
}
rille_status rl_talk_next(rl_talk *t, rl_wait *wait) {
  (void)t, (void)wait;
  return RILLE_DONE;
}
void rl_talk_end(rl_talk *t) {
  (void)t;
}
void rl_survey_begin(rl_survey *s, rl_remote *r, bool clears) {
  (void)r, (void)clears;
  *s = (rl_survey){.stage = RL_SURVEY_OVER};
}
rille_status rl_survey_next(rl_survey *s, rl_wait *wait, rl_error *err) {
  (void)s, (void)wait, (void)err;
  return RILLE_DONE;
}
void rl_survey_end(rl_survey *s) {
  (void)s;
}
