/* The keys of each object in their order: fields as in the schema, then other keys by their bytes. */
#include "run/json_layout.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tape/json.h"

/* A key of an object, before the keys are in order. */
typedef struct layout_key {
  const rl_json_part *parts; /* of one key */
  size_t count;
  rl_str name;
  uint32_t field; /* position in the model, UINT32_MAX: it is not a field */
} layout_key;

typedef struct layouting {
  rl_json_layout *layout;
  const rl_compiled *compiled;
  rl_buf text;
  bool failed;
} layouting;

static void *layout_alloc(layouting *w, size_t count, size_t size) {
  void *p = rl_arena_array(&w->layout->arena, count ? count : 1, size);
  if (!p) w->failed = true;
  return p;
}

static rl_str layout_head(layouting *w, rl_str name) {
  rl_buf_reset(&w->text);
  rl_buf_byte(&w->text, ',');
  rl_json_write_text(&w->text, name);
  rl_buf_byte(&w->text, ':');
  size_t size = (w->text.len + RL_JSON_BLOCK) / RL_JSON_BLOCK * RL_JSON_BLOCK;
  char *head = w->text.failed ? NULL : rl_arena_zalloc(&w->layout->arena, size);
  if (!head) {
    w->failed = true;
    return (rl_str){0};
  }
  memcpy(head, w->text.p, w->text.len);
  return rl_str_make(head, w->text.len);
}

static rl_json_known known_of(const rl_field *f) {
  if (!f || f->is_relation) return RL_KNOWN_ANY;
  switch (f->type.scalar) {
  case RL_BYTES: return RL_KNOWN_BYTES;
  case RL_INT: return RL_KNOWN_INT;
  case RL_BIGINT: return RL_KNOWN_BIGINT;
  case RL_JSON: return RL_KNOWN_JSON;
  default: return RL_KNOWN_ANY;
  }
}

static layout_key key_of(const rl_model *model, rl_str name, const rl_json_part *parts, size_t count) {
  const rl_field *f = model ? rl_model_field(model, name) : NULL;
  return (layout_key){parts, count, name, f ? f->index : UINT32_MAX};
}

static int compare_keys(const void *a, const void *b) {
  const layout_key *x = a, *y = b;
  if (x->field != y->field) return x->field < y->field ? -1 : 1;
  return x->field == UINT32_MAX ? rl_str_cmp(x->name, y->name) : 0;
}

static size_t join_keys(layout_key *keys, size_t count, rl_json_part *out) {
  size_t n = 0;
  qsort(keys, count, sizeof *keys, compare_keys);
  for (size_t i = 0; i < count; i++) {
    memcpy(&out[n], keys[i].parts, keys[i].count * sizeof *out);
    n += keys[i].count;
  }
  return n;
}

static rl_json_part *layout_cell(layouting *w, const rl_model *model, const rille_column *c, uint32_t index,
                                 bool counted) {
  rl_str name = rl_str_make(c->name, c->name_len);
  rl_json_part *part = layout_alloc(w, 1, sizeof *part);
  if (!part) return NULL;
  *part = (rl_json_part){RL_PART_CELL, counted ? RL_KNOWN_ANY : known_of(rl_model_field(model, name)),
                         layout_head(w, name), index};
  return part;
}

static bool same_group(const rille_column *a, const rille_column *b) {
  return a->group && b->group && a->group_len == b->group_len && memcmp(a->group, b->group, a->group_len) == 0;
}

/* The group that begins with the column: `_count` and the like, whose keys are names of fields too. */
static layout_key layout_group(layouting *w, const rl_model *model, const rille_node *n, uint32_t first) {
  rl_str group = rl_str_make(n->columns[first].group, n->columns[first].group_len);
  bool counted = rl_str_is(group, "_count") || rl_str_is(group, "_avg");
  uint32_t count = 0;
  while (first + count < n->column_count && same_group(&n->columns[first], &n->columns[first + count])) count++;
  layout_key *keys = layout_alloc(w, count, sizeof *keys);
  rl_json_part *parts = layout_alloc(w, count + 2u, sizeof *parts);
  if (!keys || !parts) return (layout_key){0};
  for (uint32_t i = 0; i < count; i++) {
    const rille_column *c = &n->columns[first + i];
    rl_json_part *cell = layout_cell(w, model, c, first + i, counted);
    keys[i] = key_of(model, rl_str_make(c->name, c->name_len), cell, cell ? 1 : 0);
  }
  parts[0] = (rl_json_part){.kind = RL_PART_OPEN, .head = layout_head(w, group)};
  size_t end = 1 + join_keys(keys, count, parts + 1);
  parts[end] = (rl_json_part){.kind = RL_PART_CLOSE};
  return key_of(model, group, parts, end + 1);
}

static size_t layout_column_keys(layouting *w, const rl_model *model, const rille_node *n, layout_key *keys) {
  size_t count = 0;
  for (uint32_t i = 0; i < n->column_count; i++) {
    const rille_column *c = &n->columns[i];
    if (i > 0 && same_group(c - 1, c)) continue;
    if (c->group) {
      keys[count++] = layout_group(w, model, n, i);
      continue;
    }
    rl_json_part *cell = layout_cell(w, model, c, i, false);
    keys[count++] = key_of(model, rl_str_make(c->name, c->name_len), cell, cell ? 1 : 0);
  }
  return count;
}

/* The nodes below the rows of a home node: its children, and the first of those that continue it. */
static bool layout_is_below(const rl_json_layout *l, uint32_t home, uint32_t node) {
  const rl_json_node *n = &l->nodes[node];
  return n->parent == home && (n->home == node || node == home + 1);
}

static size_t layout_child_keys(layouting *w, const rl_model *model, uint32_t home, layout_key *keys) {
  rl_json_layout *l = w->layout;
  rl_json_node *out = &l->nodes[home];
  size_t count = 0;
  for (uint32_t i = home + 1; i < l->node_count; i++) out->slot_count += layout_is_below(l, home, i);
  out->slots = layout_alloc(w, out->slot_count, sizeof *out->slots);
  for (uint32_t i = home + 1; i < l->node_count && !w->failed; i++) {
    if (!layout_is_below(l, home, i)) continue;
    rl_json_node *child = &l->nodes[i];
    rl_json_part *part = layout_alloc(w, 1, sizeof *part);
    if (!part) return count;
    child->slot = (uint32_t)count;
    *part = (rl_json_part){.kind = RL_PART_CHILD, .head = layout_head(w, child->name), .index = child->slot};
    out->slots[count] = (rl_json_slot){child->home, part->head, w->compiled->nodes[i].list != 0, child->home != i};
    keys[count++] = key_of(model, child->name, part, 1);
  }
  return count;
}

static void layout_add_node(layouting *w, uint32_t index) {
  const rille_node *n = &w->compiled->nodes[index];
  const rl_model *model = w->compiled->plan->nodes[index].model;
  rl_json_node *out = &w->layout->nodes[index];
  size_t most = n->column_count + (size_t)w->layout->node_count;
  layout_key *keys = layout_alloc(w, most, sizeof *keys);
  if (!keys) return;
  size_t count = layout_column_keys(w, model, n, keys);
  count += layout_child_keys(w, model, index, keys + count);
  size_t parts = 0;
  for (size_t i = 0; i < count; i++) parts += keys[i].count;
  out->parts = layout_alloc(w, parts, sizeof *out->parts);
  if (w->failed) return;
  out->part_count = join_keys(keys, count, out->parts);
  out->levels = 1;
  for (uint32_t i = 0; i < n->column_count; i++)
    if (n->columns[i].group || n->columns[i].list) out->levels = 2;
}

/* Where the nodes are in the tree. */
static void layout_place_nodes(layouting *w) {
  const rille_node *nodes = w->compiled->nodes;
  for (uint32_t i = 0; i < w->layout->node_count; i++) {
    rl_json_node *n = &w->layout->nodes[i];
    bool continues = nodes[i].parent == i;
    n->home = continues ? w->layout->nodes[i - 1].home : i;
    n->parent = i == 0 ? 0 : continues ? n->home : nodes[i].parent;
    n->last = w->compiled->plan->nodes[i].last;
    n->name = rl_str_make(nodes[i].name, nodes[i].name_len);
  }
}

static rl_json_layout *layout_new(const rl_compiled *c) {
  rl_json_layout *l = rl_calloc(1, sizeof *l);
  if (!l) return NULL;
  rl_arena_init(&l->arena, 1024);
  l->node_count = (uint32_t)c->plan->node_count;
  layouting w = {.layout = l, .compiled = c};
  rl_buf_init(&w.text);
  l->nodes = layout_alloc(&w, l->node_count, sizeof *l->nodes);
  if (l->nodes) layout_place_nodes(&w);
  for (uint32_t i = 0; i < l->node_count && !w.failed; i++)
    if (l->nodes[i].home == i) layout_add_node(&w, i);
  for (uint32_t i = 1; i < l->node_count && !w.failed; i++)
    if (l->nodes[i].home != i) l->nodes[i].slot = l->nodes[l->nodes[i].home + 1].slot;
  rl_buf_dispose(&w.text);
  if (!w.failed) return l;
  rl_json_layout_free(l);
  return NULL;
}

void rl_json_layout_free(rl_json_layout *l) {
  if (!l) return;
  rl_arena_dispose(&l->arena);
  rl_free(l);
}

const rl_json_layout *rl_json_layout_of(rl_compiled *c) {
  rl_json_layout *known = atomic_load_explicit(&c->json, memory_order_acquire);
  if (known) return known;
  rl_json_layout *made = layout_new(c);
  if (!made || atomic_compare_exchange_strong(&c->json, &known, made)) return made;
  rl_json_layout_free(made); /* another thread was faster */
  return known;
}
