/* Errors that rl_bind leaves to each call: values that break rules, and the rows of bulk writes. Found while faults are
 * collected. */
#include "query/bind.h"

static rille_status note_in_binder(void *state, rille_status status) {
  return rl_note(state, status);
}

rille_status rl_note_value(rl_binder *b, const rl_input *input) {
  rl_note_to note = {note_in_binder, b};
  if (!b->faults || !rl_input_has_rules(input)) return RILLE_OK;
  return rl_input_find_faults(input, b->tree->tape, b->arena, &note, b->err);
}

rille_status rl_note_rows(rl_binder *b) {
  rl_note_to note = {note_in_binder, b};
  if (!b->rows) return RILLE_OK;
  RL_TRY(rl_seal(b));
  uint32_t *anchors = RL_NEW_ARRAY(b->arena, uint32_t, b->tree->run_count + 1);
  if (!anchors) return rl_nomem(b);
  (void)rl_tape_anchors(b->tree->tape, b->tree->runs, b->tree->run_count, NULL, 0, anchors);
  rl_inputs in = {.tape = b->tree->tape, .anchors = anchors, .arena = b->arena};
  for (rl_sealed_rows *r = b->rows; r; r = r->next) RL_TRY(rl_rows_find_faults(r->rows, &in, &note, b->err));
  return RILLE_OK;
}
