/* The cells of a row as JSON, in the order of the layout. */
#ifndef RL_RUN_JSON_CELLS_H
#define RL_RUN_JSON_CELLS_H

#include "run/json_layout.h"
#include "tape/json_form.h"

/* How to write: bits. */
enum {
  RL_DOCUMENT_BIG_AS_TEXT = 1, /* BigInt fields, and integers beyond 2^53, as strings */
  RL_DOCUMENT_NULLS = 2        /* keys with null for columns that are NULL, and for missing rows of a relation */
};

/* The rows below one row in one slot: a chain. */
typedef struct rl_json_children {
  size_t split;         /* where the row's text continues after them */
  uint32_t first, last; /* ordinals + 1; 0: none */
} rl_json_children;

typedef struct rl_json_cells {
  uint32_t how;
  rl_json_form form;
  uint32_t levels; /* how deep the row written last is nested, its own brackets included */
  /* the first value that JSON does not have */
  const rl_json_part *failed; /* NULL: none */
  rl_error error;
} rl_json_cells;

void rl_json_cells_begin(rl_json_cells *w, uint32_t how);
void rl_json_cells_dispose(rl_json_cells *w);
/* Appends the cells, each with a comma before its key. children: one per slot, receives where they are. */
void rl_json_cells_write(rl_json_cells *w, const rl_json_node *n, const rl_value *cells, rl_buf *out,
                         rl_json_children *children);
/* A value without a key. */
void rl_json_cells_write_alone(rl_json_cells *w, const rl_value *v, rl_buf *out);
/* Makes an object of what was appended since `start`: members that begin with a comma, or nothing. */
static inline void rl_json_close_object(rl_buf *out, size_t start) {
  if (!rl_buf_reserve(out, 2)) return;
  if (out->len == start) out->len++;
  out->p[start] = '{';
  out->p[out->len++] = '}';
}

#endif
