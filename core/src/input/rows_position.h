/* Iterates over the rows of a bulk write on the tape: those of the call's list, or of the lists that its rows have for
 * a relation. Private to the input room. */
#ifndef RL_INPUT_ROWS_POSITION_H
#define RL_INPUT_ROWS_POSITION_H

#include "input/input.h"

typedef struct rl_rows_position {
  const rl_rows *rows;
  const rl_tape *tape;
  struct rl_rows_position *outer; /* of the parents; NULL: at the top */
  rl_list_walk list;
  bool in_list;
  struct {
    uint32_t shape, slot;
    const char *name;
  } parts[2]; /* the next lists or single rows: create, create_many.data */
  size_t part, part_count;
  size_t parent; /* rows of the parents passed so far */
  size_t index;  /* of the current row in its list, from 1; 0: it is not in a list */
} rl_rows_position;

rille_status rl_rows_position_init(rl_rows_position *p, const rl_rows *rows, const rl_inputs *in, rl_error *err);
/* Moves to the next row. Its parent is row p->parent - 1 of the parents. */
bool rl_rows_position_next(rl_rows_position *p, uint32_t *shape, uint32_t *slot);
/* Returns the path of the current row, "data[2].posts.create[1]". NULL: out of memory. */
const char *rl_rows_position_path(const rl_rows_position *p, rl_arena *arena);

#endif
