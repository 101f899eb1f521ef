/* Where the rows of a bulk write lie on the tape, one after the other: in the list of the call, or in lists that its
 * rows have by a relation. Private to the input room. */
#ifndef RL_INPUT_ROWS_POSITION_H
#define RL_INPUT_ROWS_POSITION_H

#include "input/input.h"

typedef struct rl_rows_position {
  const rl_rows *rows;
  const rl_tape *tape;
  struct rl_rows_position *outer; /* of the parents; NULL at the top */
  rl_list_walk list;
  bool in_list;
  struct {
    uint32_t shape, slot;
    const char *name;
  } parts[2]; /* lists or single rows to come: create, create_many.data */
  size_t part, part_count;
  size_t parent; /* rows of the parents passed so far */
  size_t index;  /* of the row at hand in its list, from 1; 0: it is no element of a list */
} rl_rows_position;

rille_status rl_rows_position_init(rl_rows_position *p, const rl_rows *rows, const rl_inputs *in, rl_error *err);
/* The next row; its parent is row p->parent - 1 of the parents. */
bool rl_rows_position_next(rl_rows_position *p, uint32_t *shape, uint32_t *slot);
/* "data[2].posts.create[1]": the row at hand. NULL when memory is short. */
const char *rl_rows_position_path(const rl_rows_position *p, rl_arena *arena);

#endif
