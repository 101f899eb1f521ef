/* Addresses: where a value of the first call's tape is in the tape of a later call of the same shape. Pins: whether a
 * plan that depends on values fits a call. */
#include "tape/shape.h"

/* The walk in tape order. It runs twice: first to count, then to fill arrays of that size. */
typedef struct addressing {
  rl_arg_tree *tree;
  uint32_t anchor, base; /* the current anchor, and its index in the tape */
  size_t run_count, pin_count;
  bool filling, nomem;
} addressing;

static rl_address address_of(const addressing *p, uint32_t slot) {
  return (rl_address){p->anchor, slot - p->base};
}

static void add_pin(addressing *p, rl_pin pin) {
  if (p->filling) p->tree->pins[p->pin_count] = pin;
  p->pin_count++;
}

static void add_run(addressing *p, uint32_t slot) {
  if (p->filling) p->tree->runs[p->run_count] = address_of(p, slot);
  p->run_count++;
  p->anchor++;
  p->base = slot + p->tree->tape->values[slot].len;
}

/* Pairs of scalars whose equality decided something. Their addresses are known once all nodes have one. */
struct rl_same {
  struct rl_same *next;
  const rl_arg *a, *b;
  bool same;
};

static void pin_length(addressing *p, uint32_t slot) {
  add_pin(p, (rl_pin){.address = address_of(p, slot), .kind = RL_PIN_LENGTH, .expected = p->tree->tape->values[slot]});
}

static bool holds_text(rille_value_kind kind) {
  return kind == RILLE_TEXT || kind == RILLE_BYTES || kind == RILLE_DECIMAL || kind == RILLE_JSON;
}

static bool same_scalar(const rl_value *a, const rl_value *b) {
  if (a->kind != b->kind) return false;
  if (holds_text(a->kind)) return a->len == b->len && memcmp(a->as.p, b->as.p, a->len) == 0;
  return a->as.i == b->as.i; /* compares the bits of floats: 0.0 and -0.0 differ, NaN equals itself */
}

/* Returns -1, 0 or 1; 0 if it is not a number. */
static int sign_of(const rl_value *v) {
  switch (v->kind) {
  case RILLE_BOOL:
  case RILLE_INT:
  case RILLE_DATETIME: return (v->as.i > 0) - (v->as.i < 0);
  case RILLE_FLOAT: return (v->as.f > 0) - (v->as.f < 0);
  case RILLE_DECIMAL:
    for (uint32_t i = 0; i < v->len; i++)
      if (v->as.p[i] >= '1' && v->as.p[i] <= '9') return v->as.p[0] == '-' ? -1 : 1;
    return 0;
  default: return 0;
  }
}

static void pin_scalar(addressing *p, const rl_arg *n) {
  rl_pin pin = {.address = n->address, .kind = RL_PIN_EQUAL, .expected = *n->value};
  if (n->sign_only) {
    pin.kind = RL_PIN_SIGN;
    pin.expected = (rl_value){.kind = RILLE_INT, .as.i = sign_of(n->value)};
  } else if (p->filling && holds_text(pin.expected.kind)) {
    rl_str kept = rl_arena_str(p->tree->arena, rl_str_make(n->value->as.p, n->value->len));
    if (!kept.p) p->nomem = true;
    pin.expected.as.p = kept.p;
  }
  add_pin(p, pin);
}

static void pin_sames(addressing *p) {
  for (const struct rl_same *s = p->tree->sames; s; s = s->next)
    add_pin(p, (rl_pin){.address = s->a->address,
                        .other = s->b->address,
                        .kind = RL_PIN_SAME,
                        .expected = {.kind = RILLE_BOOL, .as.i = s->same}});
}

static void address_node(addressing *p, rl_arg *n);

static void address_opaque_list(addressing *p, const rl_arg *list) {
  const rl_tape *t = p->tree->tape;
  uint32_t shape = list->shape_at + 1, slot = list->slot;
  for (; rl_shape_at(t, shape) != SHAPE_CLOSE_LIST; shape = rl_shape_past(t, shape, NULL) + 1) {
    if (list->pinned) pin_length(p, slot);
    uint32_t next = slot + t->values[slot].len;
    add_run(p, slot);
    slot = next;
  }
}

static void address_expanded_list(addressing *p, rl_arg *list) {
  const rl_tape *t = p->tree->tape;
  uint32_t slot = list->slot;
  for (size_t i = 0; i < list->count;) {
    pin_length(p, slot);
    size_t end = i + (size_t)t->values[slot].as.i;
    slot += t->values[slot].len;
    for (; i < end; i++) address_node(p, &list->children[i]);
  }
}

static void address_node(addressing *p, rl_arg *n) {
  n->address = address_of(p, n->slot);
  if (n->kind == RL_ARG_OBJECT)
    for (size_t i = 0; i < n->count; i++) address_node(p, &n->children[i]);
  else if (n->kind == RL_ARG_LIST && n->expanded)
    address_expanded_list(p, n);
  else if (n->kind == RL_ARG_LIST)
    address_opaque_list(p, n);
  else if (n->pinned && n->value)
    pin_scalar(p, n);
}

rille_status rl_arg_pin_same(rl_arg_tree *tree, const rl_arg *a, const rl_arg *b, bool *same, rl_error *err) {
  *same = false;
  if (a->kind != b->kind) return RILLE_OK; /* the shape decides this, so no pin is needed */
  if (!a->value || !b->value) {
    *same = a->kind == RL_ARG_NULL || (a->kind == RL_ARG_MARK && a->mark == b->mark && rl_str_eq(a->text, b->text));
    return RILLE_OK;
  }
  struct rl_same *pair = RL_NEW(tree->arena, struct rl_same);
  if (!pair) return rl_fail_nomem(err);
  *same = same_scalar(a->value, b->value);
  *pair = (struct rl_same){tree->sames, a, b, *same};
  tree->sames = pair;
  return RILLE_OK;
}

static void address_all(addressing *p) {
  address_node(p, p->tree->root);
  for (size_t i = 0; i < p->tree->suffix_count; i++) address_node(p, &p->tree->suffix[i]);
  pin_sames(p);
}

rille_status rl_arg_tree_address(rl_arg_tree *tree, rl_error *err) {
  addressing counting = {.tree = tree};
  address_all(&counting);
  tree->runs = RL_NEW_ARRAY(tree->arena, rl_address, counting.run_count);
  tree->pins = RL_NEW_ARRAY(tree->arena, rl_pin, counting.pin_count);
  if (!tree->runs || !tree->pins) return rl_fail_nomem(err);
  addressing filling = {.tree = tree, .filling = true};
  address_all(&filling);
  tree->run_count = filling.run_count;
  tree->pin_count = filling.pin_count;
  return filling.nomem ? rl_fail_nomem(err) : RILLE_OK;
}

/* ------------------------------------------------------------------ at run time */

/* Returns the last anchor that the addresses of the pin need. */
static uint32_t anchor_of(const rl_pin *pin) {
  return pin->kind == RL_PIN_SAME && pin->other.anchor > pin->address.anchor ? pin->other.anchor : pin->address.anchor;
}

static bool holds(const rl_tape *t, const uint32_t *anchors, const rl_pin *pin) {
  const rl_value *v = rl_tape_at(t, anchors, pin->address);
  switch (pin->kind) {
  case RL_PIN_EQUAL: return same_scalar(v, &pin->expected);
  case RL_PIN_SIGN: return sign_of(v) == pin->expected.as.i;
  case RL_PIN_SAME: return same_scalar(v, rl_tape_at(t, anchors, pin->other)) == (pin->expected.as.i != 0);
  case RL_PIN_LENGTH: return v->as.i == pin->expected.as.i;
  }
  return false;
}

bool rl_tape_anchors(const rl_tape *t, const rl_address *runs, size_t run_count, const rl_pin *pins, size_t pin_count,
                     uint32_t *anchors) {
  anchors[0] = 0;
  for (size_t i = 0, pin = 0;; i++) {
    /* If the length of a list differs from its pin, the values behind it are elsewhere. So pins are checked in tape
     * order, each before a value behind it is read. */
    for (; pin < pin_count && anchor_of(&pins[pin]) <= i; pin++)
      if (!holds(t, anchors, &pins[pin])) return false;
    if (i == run_count) return true;
    uint32_t slot = anchors[runs[i].anchor] + runs[i].offset;
    anchors[i + 1] = slot + t->values[slot].len;
  }
}
