/* The value of an input in one call: read from the tape, generated, or read from rows that earlier steps kept. */
#include "input/convert.h"

/* ------------------------------------------------------------------ rows of earlier steps */

static rille_status value_of_cell(const rl_input *input, const rl_inputs *in, rl_value *out) {
  const rl_rowset *set = &in->rowsets[input->rowset];
  *out = set->rows ? set->cells[input->column] : (rl_value){.kind = RILLE_NULL};
  return RILLE_OK;
}

static bool holds_text(const rl_value *v) {
  return v->kind == RILLE_TEXT || v->kind == RILLE_BYTES || v->kind == RILLE_DECIMAL || v->kind == RILLE_JSON;
}

static bool same_value(const rl_value *a, const rl_value *b) {
  if (a->kind != b->kind) return false;
  if (holds_text(a)) return a->len == b->len && memcmp(a->as.p, b->as.p, a->len) == 0;
  return a->as.i == b->as.i;
}

static uint64_t hash_of(const rl_value *v) {
  return holds_text(v) ? rl_hash(v->as.p, v->len, v->kind) : rl_hash(&v->as.i, sizeof v->as.i, v->kind);
}

/* Adds the value if it is new. The table has open addressing, contains indices + 1, and is at most half full. */
static bool add_distinct(uint32_t *slots, size_t mask, rl_value *items, size_t *count, const rl_value *v) {
  size_t at = (size_t)hash_of(v) & mask;
  for (; slots[at]; at = (at + 1) & mask)
    if (same_value(&items[slots[at] - 1], v)) return false;
  items[(*count)++] = *v;
  slots[at] = (uint32_t)*count;
  return true;
}

static rille_status value_of_keys(const rl_input *input, const rl_inputs *in, rl_value *out, rl_error *err) {
  const rl_rowset *set = &in->rowsets[input->rowset];
  size_t count = 0, table = 8;
  while (table < set->rows * 2) table *= 2;
  rl_value *items = RL_NEW_ARRAY(in->arena, rl_value, set->rows);
  uint32_t *slots = input->paired ? NULL : RL_NEW_ARRAY(in->arena, uint32_t, table);
  if (!items || (!slots && !input->paired)) return rl_fail_nomem(err);
  for (size_t row = 0; row < set->rows; row++) {
    const rl_value *v = &set->cells[row * set->columns + input->column];
    if (input->paired)
      items[count++] = *v;
    else if (v->kind != RILLE_NULL)
      (void)add_distinct(slots, table - 1, items, &count, v);
  }
  *out = (rl_value){.kind = RILLE_LIST, .len = (uint32_t)count, .as.list = items};
  return RILLE_OK;
}

/* ------------------------------------------------------------------ the tape */

static uint32_t slot_of(const rl_input *input, const rl_inputs *in) {
  return in->anchors[input->address.anchor] + input->address.offset;
}

static rille_status value_of_tape(const rl_input *input, const rl_inputs *in, rl_value *out, rl_error *err) {
  if (input->shape_at) return rl_coerce_at(input, in->tape, input->shape_at, slot_of(input, in), in->arena, out, err);
  return rl_coerce(input, rl_tape_at(in->tape, in->anchors, input->address), in->arena, out, err);
}

static rille_status value_of_array(const rl_input *input, rl_inputs *in, rl_value *out, rl_error *err) {
  rl_value *items = RL_NEW_ARRAY(in->arena, rl_value, input->count);
  if (!items) return rl_fail_nomem(err);
  for (size_t i = 0; i < input->count; i++) {
    rille_status status = rl_input_value(&input->items[i], in, &items[i], err);
    if (status < 0) return status;
  }
  *out = (rl_value){.kind = RILLE_LIST, .len = (uint32_t)input->count, .as.list = items};
  return RILLE_OK;
}

static rille_status value_of_generator(const rl_input *input, rl_inputs *in, rl_value *out, rl_error *err) {
  rl_value *kept = &in->generated[input->slot];
  rille_status status = RILLE_OK;
  if (kept->kind == RILLE_NULL)
    status = rl_generate(input->generator, input->generator_size, in->now_us, in->arena, kept, err);
  *out = *kept;
  return status;
}

static rille_status read_input(const rl_input *input, rl_inputs *in, rl_value *out, rl_error *err) {
  switch (input->kind) {
  case RL_INPUT_VALUE: return value_of_tape(input, in, out, err);
  case RL_INPUT_LIST: return rl_coerce_list(input, in->tape, input->shape_at, slot_of(input, in), in->arena, out, err);
  case RL_INPUT_JSON: return rl_coerce_at(input, in->tape, input->shape_at, slot_of(input, in), in->arena, out, err);
  case RL_INPUT_CONSTANT: *out = input->constant; return RILLE_OK;
  case RL_INPUT_GENERATED: return value_of_generator(input, in, out, err);
  case RL_INPUT_CELL: return value_of_cell(input, in, out);
  case RL_INPUT_KEYS: return value_of_keys(input, in, out, err);
  case RL_INPUT_ARRAY: return value_of_array(input, in, out, err);
  }
  return rl_fail(err, RL_INTERNAL, "an input of an unknown kind");
}

rille_status rl_input_value(const rl_input *input, rl_inputs *in, rl_value *out, rl_error *err) {
  rille_status status = read_input(input, in, out, err);
  return status < 0 || input->transform == RL_TRANSFORM_NONE ? status : rl_transform_value(input, in->arena, out, err);
}
