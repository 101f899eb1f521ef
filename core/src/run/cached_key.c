/* The keys of cached reads. Lua tables have no order, so the members of an object are written in the order of their
 * names. */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "run/cached.h"

typedef struct member {
  rl_str key;
  uint32_t shape, slot;
} member;

static void write_value(rl_buf *out, const rl_tape *t, uint32_t *shape, uint32_t *slot);

static void put_number(rl_buf *out, uint64_t n) {
  rl_buf_put(out, &n, sizeof n);
}

static void put_text(rl_buf *out, const char *p, size_t len) {
  put_number(out, len);
  if (len) rl_buf_put(out, p, len);
}

static int compare_members(const void *a, const void *b) {
  return rl_str_cmp(((const member *)a)->key, ((const member *)b)->key);
}

enum { FEW_MEMBERS = 16 };

/* Returns the members of an object, in `few` or allocated. NULL when out of memory. */
static member *read_members(const rl_tape *t, uint32_t *shape, uint32_t *slot, member *few, size_t *count) {
  member *list = few, one;
  size_t n = 0, cap = FEW_MEMBERS;
  uint32_t value_shape, value_slot;
  while (rl_tape_member(t, shape, slot, &one.key, &value_shape, &value_slot)) {
    one.shape = value_shape;
    one.slot = value_slot;
    if (n == cap) {
      member *more = rl_realloc(list == few ? NULL : list, cap * 2 * sizeof *more);
      if (!more) {
        if (list != few) rl_free(list);
        return NULL;
      }
      if (list == few) memcpy(more, few, sizeof *few * FEW_MEMBERS);
      list = more;
      cap *= 2;
    }
    list[n++] = one;
  }
  *count = n;
  return list;
}

static void write_object(rl_buf *out, const rl_tape *t, uint32_t *shape, uint32_t *slot) {
  member few[FEW_MEMBERS];
  size_t count = 0;
  rl_buf_byte(out, t->shape.p[*shape]);
  member *list = read_members(t, shape, slot, few, &count);
  if (!list) {
    out->failed = true;
    return;
  }
  if (count > 1) qsort(list, count, sizeof *list, compare_members);
  for (size_t i = 0; i < count; i++) {
    put_text(out, list[i].key.p, list[i].key.len);
    write_value(out, t, &list[i].shape, &list[i].slot);
  }
  rl_buf_byte(out, '}');
  if (list != few) rl_free(list);
}

static void write_list(rl_buf *out, const rl_tape *t, uint32_t *shape, uint32_t *slot) {
  rl_list_walk w;
  uint32_t at, first;
  rl_buf_byte(out, '[');
  rl_list_walk_init(&w, t, *shape, *slot);
  while (rl_list_walk_next(&w, &at, &first)) write_value(out, t, &at, &first);
  rl_buf_byte(out, ']');
  rl_tape_skip(t, shape, slot);
}

/* The bytes of a scalar's shape hold all that is not in its value: the text of a mark, or that it is null. */
static void write_scalar(rl_buf *out, const rl_tape *t, uint32_t *shape, uint32_t *slot) {
  uint32_t from = *shape, first = *slot;
  rl_tape_skip(t, shape, slot);
  rl_buf_put(out, t->shape.p + from, *shape - from);
  if (*slot > first) rl_pack_values(out, t->values + first, *slot - first);
}

static void write_value(rl_buf *out, const rl_tape *t, uint32_t *shape, uint32_t *slot) {
  if (rl_tape_is_table(t, *shape))
    write_object(out, t, shape, slot);
  else if (rl_tape_is_list(t, *shape))
    write_list(out, t, shape, slot);
  else
    write_scalar(out, t, shape, slot);
}

/* ------------------------------------------------------------------ the layout of the result */

static uint64_t hash_text(uint64_t h, const char *p, size_t len) {
  h = rl_hash(&len, sizeof len, h);
  return len ? rl_hash(p, len, h) : h;
}

/* Rows are kept in the layout of the call that has read them. */
static uint64_t hash_layout(const rl_call *call) {
  const rille_node *nodes;
  uint32_t count;
  uint64_t h = 0;
  call->kind->shape(call, &nodes, &count);
  for (uint32_t i = 0; i < count; i++) {
    const rille_node *n = &nodes[i];
    uint32_t facts[] = {n->parent, (uint32_t)n->list, n->column_count, n->child_count};
    h = hash_text(rl_hash(facts, sizeof facts, h), n->name, n->name_len);
    for (uint32_t k = 0; k < n->column_count; k++) {
      const rille_column *c = &n->columns[k];
      h = hash_text(hash_text(h, c->name, c->name_len), c->group, c->group_len);
    }
  }
  return h | 1;
}

static uint64_t layout_of(const rl_call *call) {
  rl_compiled *compiled = call->compiled;
  uint64_t h = atomic_load_explicit(&compiled->layout_hash, memory_order_relaxed);
  if (h) return h;
  h = hash_layout(call);
  atomic_store_explicit(&compiled->layout_hash, h, memory_order_relaxed);
  return h;
}

void rl_cached_write_key(rl_buf *out, const char *client_key, const rl_call *call, rl_json_wanted json,
                         const rl_cached_how *how) {
  const rl_compiled *c = call->compiled;
  uint32_t shape = 0, slot = 0;
  rl_buf_put(out, client_key, RL_CLIENT_KEY);
  rl_buf_byte(out, json.wanted ? 'j' : 'r');
  rl_buf_byte(out, how ? (char)how->by_ttl_only : 0);
  put_number(out, json.wanted ? json.how : 0);
  put_number(out, layout_of(call));
  put_text(out, c->model->name.p, c->model->name.len);
  put_number(out, (uint64_t)c->action);
  put_text(out, how ? how->tags.p : NULL, how ? how->tags.len : 0);
  while (shape < call->tape->shape.len) { /* the arguments, and the scope of the client */
    uint32_t at = shape, first = slot;
    write_value(out, call->tape, &at, &first);
    rl_tape_skip(call->tape, &shape, &slot);
  }
}
