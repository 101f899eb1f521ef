/* Finds the rows of a bulk write on the tape. */
#include "input/rows_position.h"

rille_status rl_rows_position_init(rl_rows_position *p, const rl_rows *rows, const rl_inputs *in, rl_error *err) {
  *p = (rl_rows_position){.rows = rows, .tape = in->tape};
  if (!rows->parent) {
    p->parts[0].shape = rows->shape_at;
    p->parts[0].slot = in->anchors[rows->address.anchor] + rows->address.offset;
    p->part_count = 1;
    return RILLE_OK;
  }
  p->outer = RL_NEW(in->arena, rl_rows_position);
  return p->outer ? rl_rows_position_init(p->outer, rows->parent, in, err) : rl_fail_nomem(err);
}

static bool find_member(const rl_tape *t, uint32_t shape, uint32_t slot, rl_str name, uint32_t *value_shape,
                        uint32_t *value_slot) {
  rl_str key;
  if (!rl_tape_is_table(t, shape)) return false;
  while (rl_tape_member(t, &shape, &slot, &key, value_shape, value_slot))
    if (rl_str_eq(key, name)) return true;
  return false;
}

static void add_part(rl_rows_position *p, const char *name, uint32_t shape, uint32_t slot) {
  p->parts[p->part_count].name = name;
  p->parts[p->part_count].shape = shape;
  p->parts[p->part_count++].slot = slot;
}

/* Finds the lists of the next parent. */
static bool next_parent(rl_rows_position *p) {
  uint32_t shape, slot, part_shape, part_slot, data_shape, data_slot;
  p->part = p->part_count = 0;
  if (!p->outer || !rl_rows_position_next(p->outer, &shape, &slot)) return false;
  p->parent++;
  if (!find_member(p->tape, shape, slot, p->rows->via->name, &shape, &slot)) return true;
  rl_str name = p->rows->connects ? RL_STR("connect") : RL_STR("create");
  if (find_member(p->tape, shape, slot, name, &part_shape, &part_slot)) add_part(p, name.p, part_shape, part_slot);
  if (p->rows->connects || !find_member(p->tape, shape, slot, RL_STR("create_many"), &part_shape, &part_slot))
    return true;
  if (find_member(p->tape, part_shape, part_slot, RL_STR("data"), &data_shape, &data_slot))
    add_part(p, "create_many.data", data_shape, data_slot);
  return true;
}

/* Returns whether the value is a single row and not a list. An empty table is an empty list. */
static bool is_single(const rl_tape *t, uint32_t shape, uint32_t slot) {
  uint32_t value_shape, value_slot;
  rl_str key;
  return rl_tape_is_table(t, shape) && rl_tape_member(t, &shape, &slot, &key, &value_shape, &value_slot);
}

bool rl_rows_position_next(rl_rows_position *p, uint32_t *shape, uint32_t *slot) {
  for (;;) {
    p->index++;
    if (p->in_list && rl_list_walk_next(&p->list, shape, slot)) return true;
    p->in_list = false;
    p->index = 0;
    if (p->part == p->part_count && !next_parent(p)) return false;
    if (p->part == p->part_count) continue;
    *shape = p->parts[p->part].shape;
    *slot = p->parts[p->part++].slot;
    if (is_single(p->tape, *shape, *slot)) return true;
    p->in_list = rl_tape_is_list(p->tape, *shape);
    if (p->in_list) rl_list_walk_init(&p->list, p->tape, *shape, *slot);
  }
}

const char *rl_rows_position_path(const rl_rows_position *p, rl_arena *arena) {
  const char *list = NULL;
  if (p->outer) {
    const char *parent = rl_rows_position_path(p->outer, arena);
    if (parent)
      list = rl_arena_printf(arena, "%s.%.*s.%s", parent, RL_STR_ARG(p->rows->via->name), p->parts[p->part - 1].name);
  } else {
    list = rl_arena_strdup(arena, p->rows->path);
  }
  return list && p->index ? rl_arena_printf(arena, "%s[%lu]", list, (unsigned long)p->index) : list;
}
