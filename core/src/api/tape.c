/* The public functions that write tapes. */
#include "api/handle.h"
#include "base/alloc.h"

rille_tape *rille_tape_new(void) {
  rille_tape *t = rl_calloc(1, sizeof *t);
  if (t) rl_tape_init(&t->tape);
  return t;
}

void rille_tape_free(rille_tape *t) {
  if (!t) return;
  rl_tape_dispose(&t->tape);
  rl_free(t);
}

void rille_tape_reset(rille_tape *t) {
  rl_tape_reset(&t->tape);
}

void rille_tape_set_schema(rille_tape *t, const rille_schema *s) {
  rl_tape_json_keys(&t->tape, s ? &s->schema->json_fields : NULL);
}

rille_status rl_tape_finish(rille_tape *t, rl_error *err) {
  return rl_tape_end(&t->tape, err);
}

void rille_tape_open_object(rille_tape *t) {
  rl_tape_open_object(&t->tape);
}
static rl_decoded decoded_from(int32_t from) {
  return from == RILLE_DECODED_FORM ? RL_DECODED_FORM : RL_DECODED_JSON;
}
void rille_tape_open_decoded(rille_tape *t, int32_t from) {
  rl_tape_open_decoded(&t->tape, decoded_from(from));
}
void rille_tape_empty_decoded_list(rille_tape *t, int32_t from) {
  rl_tape_empty_decoded_list(&t->tape, decoded_from(from));
}
void rille_tape_close_object(rille_tape *t) {
  rl_tape_close_object(&t->tape);
}
void rille_tape_open_list(rille_tape *t) {
  rl_tape_open_list(&t->tape);
}
void rille_tape_close_list(rille_tape *t) {
  rl_tape_close_list(&t->tape);
}
void rille_tape_key(rille_tape *t, const char *key, size_t len) {
  rl_tape_key(&t->tape, rl_str_make(key, len));
}
void rille_tape_null(rille_tape *t) {
  rl_tape_null(&t->tape);
}
void rille_tape_bool(rille_tape *t, int b) {
  rl_tape_bool(&t->tape, b != 0);
}
void rille_tape_int(rille_tape *t, int64_t i) {
  rl_tape_int(&t->tape, i);
}
void rille_tape_float(rille_tape *t, double f) {
  rl_tape_float(&t->tape, f);
}
void rille_tape_text(rille_tape *t, const char *p, size_t len) {
  rl_tape_text(&t->tape, rl_str_make(p, len));
}
void rille_tape_text_copy(rille_tape *t, const char *p, size_t len) {
  rl_tape_text_copy(&t->tape, rl_str_make(p, len));
}
void rille_tape_keep_texts(rille_tape *t) {
  rl_tape_keep_texts(&t->tape);
}
void rille_tape_decimal(rille_tape *t, const char *p, size_t len) {
  rl_tape_decimal(&t->tape, rl_str_make(p, len));
}
void rille_tape_datetime(rille_tape *t, int64_t us) {
  rl_tape_datetime(&t->tape, us);
}

void rille_tape_mark(rille_tape *t, int32_t mark, const char *text, size_t len) {
  rl_tape_mark(&t->tape, (rl_mark)mark, rl_str_make(text, text ? len : 0));
}
