/* The public function that checks arguments and lists every error. */
#include "api/handle.h"
#include "base/alloc.h"
#include "input/input.h"

struct rille_faults {
  size_t count;
  char **messages; /* one per error, for people; owned */
  rille_error items[];
};

static char *message_for_people(const rl_schema *s, const rl_error *e) {
  rl_buf text;
  rl_buf_init(&text);
  rl_message_for_people(s, e, &text);
  char *z = rl_buf_take(&text);
  rl_buf_dispose(&text);
  return z;
}

/* ------------------------------------------------------------------ the list */

static rille_status find_faults(const rl_client *c, const rl_model *model, rille_action action, const rl_tape *tape,
                                rl_faults *faults, rl_error *err) {
  rl_arena arena;
  rl_arg_tree *tree = NULL;
  rl_arena_init(&arena, 0);
  rille_status st = rl_arg_tree_read(tape, &arena, &tree, err);
  if (st == RILLE_OK) st = rl_bind_faults(c->schema, model, action, tree, &c->context.bind, &arena, faults, err);
  rl_arena_dispose(&arena);
  return st;
}

static rille_status give_faults(const rl_schema *s, rl_faults *faults, rille_faults **out, rl_error *err) {
  if (!faults->count) return RILLE_OK;
  rille_faults *f = rl_calloc(1, sizeof *f + faults->count * sizeof *f->items);
  if (f) f->messages = rl_calloc(faults->count, sizeof *f->messages);
  bool complete = f && f->messages;
  for (size_t i = 0; complete && i < faults->count; i++) {
    f->messages[i] = message_for_people(s, &faults->items[i]);
    rl_error_move(&f->items[f->count++].error, &faults->items[i]);
    complete = f->messages[i] != NULL;
  }
  if (complete)
    *out = f;
  else
    rille_faults_free(f);
  return complete ? RILLE_OK : rl_fail_nomem(err);
}

rille_status rille_client_validate(const rille_client *c, int32_t model, rille_action action, rille_tape *args,
                                   rille_faults **out, rille_error **err) {
  rl_error error = {0};
  rl_faults faults = {0};
  const rl_schema *s = c->client->schema;
  *out = NULL;
  rille_status st = rl_check_call(c->client, model, action, args, &error);
  if (st == RILLE_OK) st = find_faults(c->client, s->models[model], action, &args->tape, &faults, &error);
  if (st == RILLE_OK) st = give_faults(s, &faults, out, &error);
  rl_faults_dispose(&faults);
  return rl_box(st, &error, err);
}

size_t rille_faults_count(const rille_faults *f) {
  return f ? f->count : 0;
}
const rille_error *rille_faults_get(const rille_faults *f, size_t index) {
  return index < rille_faults_count(f) ? &f->items[index] : NULL;
}

const char *rille_faults_message(const rille_faults *f, size_t index) {
  return index < rille_faults_count(f) ? f->messages[index] : NULL;
}

void rille_faults_free(rille_faults *f) {
  if (!f) return;
  for (size_t i = 0; i < f->count; i++) {
    rl_error_clear(&f->items[i].error);
    rl_free(f->messages[i]);
  }
  rl_free(f->messages);
  rl_free(f);
}
