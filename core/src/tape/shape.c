/* Moving in a shape: past a value, past a member. */
#include "tape/shape.h"

uint32_t rl_shape_past(const rl_tape *t, uint32_t at, uint32_t *slots) {
  uint32_t depth = 0, scalars = 0;
  bool varies = false;
  do {
    switch (rl_shape_at(t, at)) {
    case SHAPE_KEY: /* its value follows */ at = rl_shape_past_key(t, at); continue;
    case SHAPE_MARK: at += SHAPE_MARK_HEAD + rl_shape_u16(t, at + 2); break;
    case SHAPE_OPEN_LIST: varies = true; /* fall through */
    case SHAPE_OPEN_OBJECT:
    case SHAPE_OPEN_DECODED_JSON:
    case SHAPE_OPEN_DECODED_FORM:
      depth++;
      at++;
      break;
    case SHAPE_CLOSE_LIST:
    case SHAPE_CLOSE_OBJECT:
      depth--;
      at++;
      break;
    case SHAPE_NULL:
    case SHAPE_END_RUN: at++; break;
    default:
      scalars++;
      at++;
      break;
    }
  } while (depth > 0);
  if (slots) *slots = varies ? UINT32_MAX : scalars;
  return at;
}

void rl_tape_skip(const rl_tape *t, uint32_t *shape, uint32_t *slot) {
  uint32_t depth = 0;
  do {
    switch (rl_shape_at(t, *shape)) {
    case SHAPE_KEY: *shape = rl_shape_past_key(t, *shape); continue;
    case SHAPE_MARK: *shape += SHAPE_MARK_HEAD + rl_shape_u16(t, *shape + 2); break;
    case SHAPE_OPEN_LIST: /* each run knows how many values it has */
      for (++*shape; rl_shape_at(t, *shape) != SHAPE_CLOSE_LIST; ++*shape) {
        *slot += t->values[*slot].len;
        *shape = rl_shape_past(t, *shape, NULL);
      }
      ++*shape;
      break;
    case SHAPE_OPEN_OBJECT:
    case SHAPE_OPEN_DECODED_JSON:
    case SHAPE_OPEN_DECODED_FORM:
      depth++;
      ++*shape;
      break;
    case SHAPE_CLOSE_OBJECT:
      depth--;
      ++*shape;
      break;
    case SHAPE_NULL: ++*shape; break;
    default:
      ++*slot;
      ++*shape;
      break;
    }
  } while (depth > 0);
}

bool rl_tape_member(const rl_tape *t, uint32_t *shape, uint32_t *slot, rl_str *key, uint32_t *value_shape,
                    uint32_t *value_slot) {
  if (rl_tape_is_table(t, *shape)) ++*shape;
  if (rl_shape_at(t, *shape) != SHAPE_KEY) return false;
  *key = rl_shape_key(t, *shape);
  *shape = rl_shape_past_key(t, *shape);
  *value_shape = *shape;
  *value_slot = *slot;
  rl_tape_skip(t, shape, slot);
  return true;
}

rl_decoded rl_tape_decoded(const rl_tape *t, uint32_t shape) {
  switch (rl_shape_at(t, shape)) {
  case SHAPE_OPEN_DECODED_JSON: return RL_DECODED_JSON;
  case SHAPE_OPEN_DECODED_FORM: return RL_DECODED_FORM;
  case SHAPE_MARK: /* see rl_tape_empty_decoded_list */
    if (rl_shape_mark(t, shape) != RL_MARK_EMPTY_ARRAY) return RL_DECODED_NOT;
    if (rl_str_is(rl_shape_mark_text(t, shape), "(")) return RL_DECODED_JSON;
    return rl_str_is(rl_shape_mark_text(t, shape), "<") ? RL_DECODED_FORM : RL_DECODED_NOT;
  default: return RL_DECODED_NOT;
  }
}

rl_decoded rl_tape_has_decoded(const rl_tape *t, uint32_t shape) {
  uint32_t end = rl_shape_past(t, shape, NULL);
  while (shape < end) {
    rl_decoded decoded = rl_tape_decoded(t, shape);
    if (decoded) return decoded;
    switch (rl_shape_at(t, shape)) {
    case SHAPE_KEY: shape = rl_shape_past_key(t, shape); break;
    case SHAPE_MARK: shape += SHAPE_MARK_HEAD + (uint32_t)rl_shape_mark_text(t, shape).len; break;
    default: shape++; break;
    }
  }
  return RL_DECODED_NOT;
}
