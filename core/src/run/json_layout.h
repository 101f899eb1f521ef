/* What is known of a result before its rows come, for writing them as JSON: the keys of each object in their order,
 * already escaped, and how to write their values. It belongs to the program, is built when it is first used, and is
 * immutable. */
#ifndef RL_RUN_JSON_LAYOUT_H
#define RL_RUN_JSON_LAYOUT_H

#include "run/compile.h"

/* Heads are padded to whole blocks, so that they can be copied in blocks. */
#define RL_JSON_BLOCK 16u

/* What the schema says of a value. Everything else follows from the kind of the value. */
typedef enum rl_json_known {
  RL_KNOWN_ANY,
  RL_KNOWN_BYTES,  /* base64 */
  RL_KNOWN_INT,    /* a decimal is a number */
  RL_KNOWN_BIGINT, /* the same; a string if asked for */
  RL_KNOWN_JSON    /* JSON text, which becomes a part of the document */
} rl_json_known;

typedef enum rl_json_part_kind {
  RL_PART_CELL,
  RL_PART_OPEN, /* of a group such as _count: its cells follow */
  RL_PART_CLOSE,
  RL_PART_CHILD /* the rows of a node below */
} rl_json_part_kind;

typedef struct rl_json_part {
  rl_json_part_kind kind;
  rl_json_known known; /* CELL */
  rl_str head;         /* the key with a comma before it and a colon after it; of CLOSE empty */
  uint32_t index;      /* CELL: of the cell; CHILD: of the slot */
} rl_json_part;

/* The rows of a child below one row are one of the row's slots. */
typedef struct rl_json_slot {
  uint32_t node; /* whose rows they are: the first that has them */
  rl_str head;
  bool list;
  bool continues; /* the levels below of a recursive read */
} rl_json_slot;

typedef struct rl_json_node {
  uint32_t home;   /* itself, or the node that it continues, whose numbers and parts its rows have */
  uint32_t parent; /* the home of the node that its rows are below; of the root 0 */
  uint32_t slot;   /* of the parent's rows */
  bool last;       /* of a recursive read: nothing was read below its rows */
  rl_str name;     /* borrowed from the program */
  rl_json_part *parts;
  size_t part_count;
  rl_json_slot *slots;
  uint32_t slot_count;
  uint32_t levels; /* of nesting within a row, its own brackets included, JSON fields not */
} rl_json_node;

typedef struct rl_json_layout {
  rl_arena arena;
  rl_json_node *nodes; /* as many as the plan has */
  uint32_t node_count;
} rl_json_layout;

/* Borrowed from the program. NULL when out of memory. Any thread. */
const rl_json_layout *rl_json_layout_of(rl_compiled *c);
void rl_json_layout_free(rl_json_layout *l);

#endif
