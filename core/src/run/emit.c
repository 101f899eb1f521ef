/* Rows on their way out: kept for later steps, assigned to their parents, delivered to the caller. */
#include "run/emit.h"

static rille_status copy_value(rl_arena *arena, const rl_value *from, rl_value *to) {
  *to = *from;
  switch (from->kind) {
  case RILLE_TEXT:
  case RILLE_BYTES:
  case RILLE_DECIMAL:
  case RILLE_JSON: {
    char *p = rl_arena_alloc(arena, from->len + 1u);
    if (!p) return RILLE_NOMEM;
    if (from->len) memcpy(p, from->as.p, from->len);
    to->as.p = p;
    return RILLE_OK;
  }
  case RILLE_LIST: {
    rl_value *items = rl_arena_alloc(arena, (from->len + 1u) * sizeof *items);
    if (!items) return RILLE_NOMEM;
    for (uint32_t i = 0; i < from->len; i++)
      if (copy_value(arena, &from->as.list[i], &items[i]) != RILLE_OK) return RILLE_NOMEM;
    to->as.list = items;
    return RILLE_OK;
  }
  default: return RILLE_OK;
  }
}

static rille_status copy_kept(rl_call *call, const rl_step *step, rl_error *err) {
  call->kept = rl_arena_alloc(call->arena, (step->keep_count + 1) * sizeof *call->kept);
  if (!call->kept) return rl_fail_nomem(err);
  for (size_t i = 0; i < step->keep_count; i++)
    if (copy_value(call->arena, &call->view.cells[step->keep[i]], &call->kept[i]) != RILLE_OK)
      return rl_fail_nomem(err);
  return RILLE_OK;
}

static rille_status add_to_rowset(rl_call *call, const rl_step *step, rl_error *err) {
  rl_rowset *set = &call->inputs.rowsets[step->rowset];
  set->columns = step->keep_count;
  if (set->rows == set->cap) {
    size_t cap = set->cap ? set->cap * 2 : 8;
    rl_value *cells = rl_arena_alloc(call->arena, cap * (step->keep_count + 1) * sizeof *cells);
    if (!cells) return rl_fail_nomem(err);
    if (set->rows) memcpy(cells, set->cells, set->rows * set->columns * sizeof *cells);
    set->cells = cells;
    set->cap = cap;
  }
  if (!call->kept) {
    rille_status st = copy_kept(call, step, err);
    if (st != RILLE_OK) return st;
  }
  if (step->keep_count)
    memcpy(set->cells + set->rows * set->columns, call->kept, step->keep_count * sizeof *call->kept);
  set->rows++;
  return RILLE_OK;
}

static inline rille_status keep_row(rl_call *call, const rl_step *step, rl_error *err) {
  return step->rowset == RL_NO_ROWSET ? RILLE_OK : add_to_rowset(call, step, err);
}

/* ------------------------------------------------------------------ parents by key */

typedef struct key_view {
  const rl_value *row;
  const uint32_t *columns;
  size_t count;
} key_view;

/* Most keys are integers. */
static inline uint64_t hash_value(const rl_value *v, uint64_t seed) {
  if (v->kind != RILLE_INT) return rl_value_hash(v, seed);
  uint64_t x = ((uint64_t)v->as.i + seed) * 0xD6E8FEB86659FD93u;
  return x ^ x >> 32;
}

static inline bool same_value(const rl_value *a, const rl_value *b) {
  if (a->kind == RILLE_INT && b->kind == RILLE_INT) return a->as.i == b->as.i;
  return rl_value_same(a, b);
}

static inline bool hash_key(key_view k, uint64_t *out) {
  uint64_t h = 0x9E3779B97F4A7C15u;
  for (size_t i = 0; i < k.count; i++) {
    const rl_value *v = &k.row[k.columns[i]];
    if (v->kind == RILLE_NULL) return false;
    h = hash_value(v, h);
  }
  *out = h;
  return true;
}

static inline bool same_key(key_view a, key_view b) {
  for (size_t i = 0; i < a.count; i++)
    if (!same_value(&a.row[a.columns[i]], &b.row[b.columns[i]])) return false;
  return true;
}

static inline key_view parent_key(const rl_call *call, const rl_node_plan *n, const rl_key_map *m, uint32_t ordinal) {
  const rl_rowset *set = &call->inputs.rowsets[n->parent_rowset];
  return (key_view){set->cells + (m->base + ordinal) * set->columns, n->parent_link, n->link_count};
}

/* Finds the map's place for a key: that of its first row, or a free one. */
static inline uint32_t *find_slot(const rl_call *call, const rl_node_plan *n, const rl_key_map *m, key_view key,
                                  uint64_t hash) {
  uint32_t at = (uint32_t)hash & m->mask;
  while (m->slots[at] && !same_key(key, parent_key(call, n, m, m->slots[at] - 1))) at = (at + 1) & m->mask;
  return &m->slots[at];
}

static rille_status map_parents(rl_call *call, const rl_node_plan *n, rl_key_map *m, rl_error *err) {
  size_t rows = call->inputs.rowsets[n->parent_rowset].rows - m->base;
  size_t slots = 16;
  while (slots < rows * 2) slots *= 2;
  m->slots = RL_NEW_ARRAY(call->arena, uint32_t, slots);
  m->next = RL_NEW_ARRAY(call->arena, uint32_t, rows + 1);
  m->mask = (uint32_t)(slots - 1);
  if (!m->slots || !m->next) return rl_fail_nomem(err);
  for (size_t i = rows; i-- > 0;) { /* backwards, so chains run forwards */
    key_view key = parent_key(call, n, m, (uint32_t)i);
    uint64_t hash;
    if (!hash_key(key, &hash)) continue;
    uint32_t *slot = find_slot(call, n, m, key, hash);
    m->next[i] = *slot;
    *slot = (uint32_t)i + 1;
  }
  return RILLE_OK;
}

/* ------------------------------------------------------------------ enum names */

static void map_enum(const rl_enum *e, rl_value *v) {
  if (v->kind != RILLE_TEXT) return;
  const rl_enum_value *known = rl_enum_by_column(e, rl_str_make(v->as.p, v->len));
  if (!known) return;
  v->as.p = known->name.p;
  v->len = (uint32_t)known->name.len;
}

static rille_status map_enums(rl_call *call, uint32_t step, rl_error *err) {
  const rl_template *t = &call->compiled->program->steps[step].main;
  if (!call->mapped || call->mapped_cap < call->view.count) { /* a later step may have more columns */
    call->mapped_cap = call->view.count;
    call->mapped = rl_arena_alloc(call->arena, (call->mapped_cap + 1) * sizeof *call->mapped);
  }
  if (!call->mapped) return rl_fail_nomem(err);
  memcpy(call->mapped, call->view.cells, call->view.count * sizeof *call->mapped);
  for (uint32_t i = 0; i < t->column_count; i++) {
    const rl_field *f = t->column_fields[i];
    if (!f || f->type.scalar != RL_ENUM) continue;
    rl_value *v = &call->mapped[i];
    if (v->kind == RILLE_LIST) {
      rl_value *items = rl_arena_alloc(call->arena, (v->len + 1u) * sizeof *items);
      if (!items) return rl_fail_nomem(err);
      memcpy(items, v->as.list, v->len * sizeof *items);
      for (uint32_t k = 0; k < v->len; k++) map_enum(f->type.enumeration, &items[k]);
      v->as.list = items;
    } else {
      map_enum(f->type.enumeration, v);
    }
  }
  call->view.cells = call->mapped;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ */

/* Returns the node that numbers the rows of `node`: itself, or the first node that it continues. */
static uint32_t numbered_as(const rl_call *call, uint32_t node) {
  while (call->compiled->plan->nodes[node].parent == node) node--;
  return node;
}

static rille_status emit_row_as(rl_call *call, uint32_t node, uint64_t parent, rille_row *row) {
  *row = (rille_row){.node = node,
                     .count = (uint32_t)call->compiled->plan->nodes[node].column_count,
                     .ordinal = call->node_rows[numbered_as(call, node)]++,
                     .parent = parent,
                     .cells = call->view.cells};
  return RILLE_ROW;
}

/* ------------------------------------------------------------------ recursive reads */

static bool is_recursive(const rl_step *step) {
  return step->kind == RL_STEP_SELECT && step->as.select->recursive;
}

static bool row_is_same(const rl_call *call, const rl_node_plan *n, const rl_value *candidate, uint32_t rowset,
                        size_t row, const uint32_t *columns) {
  const rl_rowset *set = &call->inputs.rowsets[rowset];
  for (size_t i = 0; i < n->self_count; i++)
    if (!rl_value_same(&candidate[n->self[i]], &set->cells[row * set->columns + columns[i]])) return false;
  return n->self_count > 0;
}

/* Returns whether the current row is its own ancestor if row `at` is its parent. */
static bool row_is_its_ancestor(const rl_call *call, const rl_step *step, size_t at) {
  const rl_node_plan *n = &call->compiled->plan->nodes[step->node];
  const rl_key_map *first = &call->maps[step->node];
  bool below_first = call->emit_map != step->node;
  while (below_first) {
    if (row_is_same(call, n, call->kept, step->rowset, at, n->self)) return true;
    below_first = at >= first->level_one;
    at = first->above[at];
  }
  return row_is_same(call, n, call->kept, n->parent_rowset, at, n->parent_self);
}

static rille_status remember_parent_row(rl_call *call, const rl_step *step, size_t at, rl_error *err) {
  rl_key_map *first = &call->maps[step->node];
  size_t rows = call->inputs.rowsets[step->rowset].rows;
  if (rows > first->above_cap) {
    size_t cap = first->above_cap ? first->above_cap * 2 : 16;
    uint32_t *above = rl_arena_alloc(call->arena, cap * sizeof *above);
    if (!above) return rl_fail_nomem(err);
    if (first->above_cap) memcpy(above, first->above, first->above_cap * sizeof *above);
    first->above = above;
    first->above_cap = cap;
  }
  first->above[rows - 1] = (uint32_t)at;
  if (call->emit_map == step->node) first->level_one = rows;
  return RILLE_OK;
}

/* Sets node and map for a row of a recursive read. The rows come level by level, with the number of the level. Below
 * the first level, the parents are the rows of the previous level, in the step's own rowset. The first node that
 * continues has their map, which is built again for each level. */
static void emit_find_level(rl_call *call, const rl_step *step) {
  const rl_select *s = step->as.select;
  int64_t depth = call->view.cells[s->column_count - 1].as.i;
  if (depth == 1) return;
  call->emit_map = call->emit_node = step->node + 1;
  if (depth == s->depth && !call->compiled->plan->nodes[call->emit_node].last) call->emit_node++;
  rl_key_map *m = &call->maps[call->emit_map];
  if (m->depth == depth) return;
  m->base = m->level_base;
  m->level_base = call->inputs.rowsets[step->rowset].rows;
  m->depth = depth;
  m->slots = NULL;
}

rille_status rl_call_emit_more(rl_call *call, uint32_t index, rille_row *row, rl_error *err) {
  const rl_step *step = &call->compiled->plan->steps[index];
  const rl_key_map *m = &call->maps[call->emit_map];
  bool recursive = is_recursive(step);
  while (call->emit_next) {
    uint32_t next = call->emit_next - 1;
    size_t at = m->base + next;
    call->emit_next = m->next[next];
    if (recursive && !call->kept && copy_kept(call, step, err) != RILLE_OK) return RILLE_NOMEM;
    if (recursive && row_is_its_ancestor(call, step, at)) continue;
    rille_status st = keep_row(call, step, err);
    if (st == RILLE_OK && recursive) st = remember_parent_row(call, step, at, err);
    return st == RILLE_OK ? emit_row_as(call, call->emit_node, at, row) : st;
  }
  return RILLE_OK;
}

rille_status rl_call_take_row(rl_call *call, uint32_t index, rille_row *row, rl_error *err) {
  const rl_step *step = &call->compiled->plan->steps[index];
  call->kept = NULL;
  call->step_rows++;
  if (call->compiled->steps[index].maps_enums) {
    rille_status st = map_enums(call, index, err);
    if (st != RILLE_OK) return st;
  }
  const rl_node_plan *n = step->node == RL_NO_NODE ? NULL : &call->compiled->plan->nodes[step->node];
  if (!n || n->parent == RL_NO_NODE) {
    rille_status st = keep_row(call, step, err);
    return st != RILLE_OK || !n ? st : emit_row_as(call, step->node, 0, row);
  }
  call->emit_map = call->emit_node = step->node;
  if (is_recursive(step)) emit_find_level(call, step);
  n = &call->compiled->plan->nodes[call->emit_map];
  rl_key_map *m = &call->maps[call->emit_map];
  if (!m->slots) {
    rille_status st = map_parents(call, n, m, err);
    if (st != RILLE_OK) return st;
  }
  key_view key = {call->view.cells, n->link, n->link_count};
  uint64_t hash;
  call->emit_next = hash_key(key, &hash) ? *find_slot(call, n, m, key, hash) : 0;
  return call->emit_next ? rl_call_emit_more(call, index, row, err) : RILLE_OK;
}
