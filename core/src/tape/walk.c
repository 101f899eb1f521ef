/* Iterating over the elements of a list at run time, in the tape of any call. */
#include "tape/shape.h"

void rl_list_walk_init(rl_list_walk *w, const rl_tape *t, uint32_t list_shape_at, uint32_t first_slot) {
  *w = (rl_list_walk){.tape = t, .shape_at = list_shape_at + 1, .slot = first_slot, .run_index = UINT32_MAX};
}

/* shape_at is at the element of the next run when the current one has no elements left. */
static bool next_run(rl_list_walk *w) {
  if (rl_shape_at(w->tape, w->shape_at) == SHAPE_CLOSE_LIST) return false;
  w->run_shape = w->shape_at;
  w->shape_at = rl_shape_past(w->tape, w->run_shape, &w->stride) + 1;
  w->left = w->tape->values[w->slot++].as.i;
  w->run_index++;
  return true;
}

bool rl_list_walk_next(rl_list_walk *w, uint32_t *shape, uint32_t *slot) {
  if (w->left == 0 && !next_run(w)) return false;
  w->left--;
  *shape = w->run_shape;
  *slot = w->slot;
  if (w->stride != UINT32_MAX) {
    w->slot += w->stride;
  } else {
    uint32_t past = w->run_shape;
    rl_tape_skip(w->tape, &past, &w->slot);
  }
  return true;
}

rl_value rl_tape_scalar(const rl_tape *t, uint32_t shape, uint32_t slot) {
  switch (rl_shape_at(t, shape)) {
  case SHAPE_MARK: return (rl_value){.kind = RILLE_NULL, .as.i = rl_shape_mark(t, shape)};
  case SHAPE_NULL:
  case SHAPE_OPEN_OBJECT:
  case SHAPE_OPEN_DECODED_JSON:
  case SHAPE_OPEN_DECODED_FORM:
  case SHAPE_OPEN_LIST: return (rl_value){.kind = RILLE_NULL};
  default: return t->values[slot];
  }
}
