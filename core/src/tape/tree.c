/* The tree: reading a finished tape into nodes, for the binder. Only done for a new shape. */
#include "tape/shape.h"

typedef struct reading {
  const rl_tape *tape;
  rl_arena *arena;
  uint32_t shape, slot; /* where the next value is */
} reading;

static rl_arg_kind kind_of(char letter) {
  switch (letter) {
  case SHAPE_BOOL: return RL_ARG_BOOL;
  case SHAPE_INT: return RL_ARG_INT;
  case SHAPE_FLOAT: return RL_ARG_FLOAT;
  case SHAPE_TEXT: return RL_ARG_TEXT;
  case SHAPE_BYTES: return RL_ARG_BYTES;
  case SHAPE_DECIMAL: return RL_ARG_DECIMAL;
  case SHAPE_DATETIME: return RL_ARG_DATETIME;
  case SHAPE_JSON: return RL_ARG_JSON;
  case SHAPE_MARK: return RL_ARG_MARK;
  case SHAPE_OPEN_OBJECT:
  case SHAPE_OPEN_DECODED_JSON:
  case SHAPE_OPEN_DECODED_FORM: return RL_ARG_OBJECT;
  case SHAPE_OPEN_LIST: return RL_ARG_LIST;
  default: return RL_ARG_NULL;
  }
}

static bool read_node(reading *r, rl_arg *n);

static size_t count_members(const rl_tape *t, uint32_t shape) {
  size_t count = 0;
  for (shape++; rl_shape_at(t, shape) == SHAPE_KEY; count++)
    shape = rl_shape_past(t, rl_shape_past_key(t, shape), NULL);
  return count;
}

static bool read_members(reading *r, rl_arg *object) {
  object->count = count_members(r->tape, r->shape);
  object->children = RL_NEW_ARRAY(r->arena, rl_arg, object->count);
  if (!object->children) return false;
  r->shape++;
  for (size_t i = 0; i < object->count; i++) {
    rl_arg *member = &object->children[i];
    member->key = rl_shape_key(r->tape, r->shape);
    member->parent = object;
    member->index = (uint32_t)i;
    r->shape = rl_shape_past_key(r->tape, r->shape);
    if (!read_node(r, member)) return false;
  }
  r->shape++;
  return true;
}

/* Records what the list is, and skips it. */
static void read_list(reading *r, rl_arg *list) {
  const rl_tape *t = r->tape;
  uint32_t shape = r->shape + 1, slot = r->slot;
  list->element = rl_shape_at(t, shape) == SHAPE_CLOSE_LIST ? RL_ARG_NULL : kind_of(rl_shape_at(t, shape));
  size_t runs = 0;
  for (; rl_shape_at(t, shape) != SHAPE_CLOSE_LIST; runs++) {
    list->count += (size_t)t->values[slot].as.i;
    slot += t->values[slot].len;
    shape = rl_shape_past(t, shape, NULL) + 1;
  }
  list->mixed = runs > 1;
  r->shape = shape + 1;
  r->slot = slot;
}

static bool read_node(reading *r, rl_arg *n) {
  n->kind = kind_of(rl_shape_at(r->tape, r->shape));
  n->shape_at = r->shape;
  n->slot = r->slot;
  n->decoded = rl_tape_decoded(r->tape, r->shape);
  switch (n->kind) {
  case RL_ARG_OBJECT: return read_members(r, n);
  case RL_ARG_LIST: read_list(r, n); return true;
  case RL_ARG_NULL: r->shape++; return true;
  case RL_ARG_MARK:
    n->mark = rl_shape_mark(r->tape, r->shape);
    n->text = rl_shape_mark_text(r->tape, r->shape);
    r->shape += SHAPE_MARK_HEAD + (uint32_t)n->text.len;
    return true;
  default:
    n->value = &r->tape->values[r->slot++];
    r->shape++;
    return true;
  }
}

/* Reads the values behind the arguments. */
static bool read_suffix(reading *r, rl_arg_tree *tree) {
  size_t end = r->tape->shape.len;
  for (uint32_t at = r->shape; at < end; at = rl_shape_past(r->tape, at, NULL)) tree->suffix_count++;
  tree->suffix = RL_NEW_ARRAY(r->arena, rl_arg, tree->suffix_count);
  if (!tree->suffix) return false;
  for (size_t i = 0; i < tree->suffix_count; i++)
    if (!read_node(r, &tree->suffix[i])) return false;
  return true;
}

rille_status rl_arg_tree_read(const rl_tape *t, rl_arena *arena, rl_arg_tree **out, rl_error *err) {
  rl_arg_tree *tree = RL_NEW(arena, rl_arg_tree);
  rl_arg *root = RL_NEW(arena, rl_arg);
  reading r = {t, arena, 0, 0};
  if (!tree || !root || !read_node(&r, root)) return rl_fail_nomem(err);
  *tree = (rl_arg_tree){.root = root, .arena = arena, .tape = t};
  if (r.shape < t->shape.len && !read_suffix(&r, tree)) return rl_fail_nomem(err);
  *out = tree;
  return RILLE_OK;
}

rl_arg *rl_arg_get(const rl_arg *object, const char *key) {
  if (!object || object->kind != RL_ARG_OBJECT) return NULL;
  for (size_t i = 0; i < object->count; i++)
    if (rl_str_is(object->children[i].key, key)) return &object->children[i];
  return NULL;
}

rille_status rl_arg_expand(rl_arg_tree *tree, rl_arg *list, rl_error *err) {
  if (list->kind != RL_ARG_LIST || list->expanded) return RILLE_OK;
  const rl_tape *t = tree->tape;
  rl_arg *elements = RL_NEW_ARRAY(tree->arena, rl_arg, list->count);
  if (!elements) return rl_fail_nomem(err);
  reading r = {t, tree->arena, list->shape_at + 1, list->slot};
  for (size_t i = 0; i < list->count;) {
    int64_t left = t->values[r.slot++].as.i;
    uint32_t start = r.shape;
    for (; left > 0; left--, i++) {
      r.shape = start;
      elements[i].parent = list;
      elements[i].index = (uint32_t)i;
      if (!read_node(&r, &elements[i])) return rl_fail_nomem(err);
    }
    r.shape++; /* past the '*' */
  }
  list->children = elements;
  list->expanded = list->pinned = true;
  return RILLE_OK;
}

void rl_arg_pin(rl_arg *scalar) {
  scalar->pinned = true;
  scalar->sign_only = false;
}

void rl_arg_pin_sign(rl_arg *number) {
  if (number->pinned) return; /* already pinned by its value or by its sign */
  number->pinned = number->sign_only = true;
}

static void write_path(const rl_arg *n, rl_buf *out) {
  if (!n->parent) return;
  write_path(n->parent, out);
  if (n->parent->kind == RL_ARG_LIST) {
    rl_buf_printf(out, "[%lu]", (unsigned long)n->index + 1);
  } else {
    if (out->len) rl_buf_byte(out, '.');
    rl_buf_str(out, n->key);
  }
}

rl_str rl_arg_path(rl_arena *arena, const rl_arg *n) {
  rl_buf path;
  rl_buf_init(&path);
  write_path(n, &path);
  rl_str kept = path.failed ? (rl_str){NULL, 0} : rl_arena_str(arena, rl_buf_view(&path));
  rl_buf_dispose(&path);
  return kept;
}
