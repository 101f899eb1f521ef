/* Names of what answers depend on and what writes touch. A name is a number of 64 bits, the same in every process.
 * Two things with one name make too much stale, never too little. */
#ifndef RL_CACHE_NAMES_H
#define RL_CACHE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "tape/tape.h"

typedef uint64_t rl_name;

/* Every write of a table touches it. Views, and raw reads that name no model, depend on it. */
#define RL_NAME_ANY_WRITE ((rl_name)1)

/* What is known of the rows that a write touches, or that an answer depends on. A table is named as in the database,
 * without its schema: tables of the same name in several schemas count as one. */
typedef enum rl_table_part {
  RL_TABLE_ANY,  /* answers: the table as a whole. Every write touches it */
  RL_TABLE_ROWS, /* answers: one row, by its primary key. Writes of rows whose primary keys are not known touch it */
  RL_TABLE_NONE, /* answers: that there is no such row. Writes that may give a row a new unique key touch it */
} rl_table_part;

rl_name rl_name_of_table(rl_str table, rl_table_part part);
/* A row by its primary key. Texts that a collation might take for equal have the same name, because only letters and
 * digits of ASCII count, without case. Returns 0 if a value has no such form: a text with other letters, a decimal, a
 * float, a date-time, bytes. Then a write touches RL_TABLE_ROWS instead, and an answer depends on RL_TABLE_ANY: a write
 * may find its row by a text that has a name, if the collation takes the two for equal. */
rl_name rl_name_of_key(rl_str table, const rl_value *values, size_t count);
/* Returns whether it names one row by its key. */
bool rl_name_is_row(rl_name name);
/* Returns the RL_TABLE_ROWS of the table whose RL_TABLE_ANY this is. 0: it is another name. */
rl_name rl_name_rows_of(rl_name any);
rl_name rl_name_of_tag(rl_str tag);
/* A path, or all paths below one: "/posts", "/posts/" and a star. Answers depend on rl_names_add_path. */
rl_name rl_name_of_path(rl_str path);

/* A sorted list of names without duplicates. Owned memory. When it would be too long, or memory is short, it is
 * `everything`. */
typedef struct rl_names {
  rl_name *items;
  size_t count, cap;
  bool everything;
} rl_names;

enum { RL_MOST_NAMES = 1000 };
/* Returns where a number is in a list that is sorted by these bits, or would be. */
size_t rl_sorted_place(const uint64_t *list, size_t count, uint64_t bits, uint64_t number);

void rl_names_init(rl_names *n);
void rl_names_dispose(rl_names *n);
void rl_names_clear(rl_names *n); /* keeps memory */
void rl_names_add(rl_names *n, rl_name name);
void rl_names_add_all(rl_names *n, const rl_names *more);
void rl_names_add_path(rl_names *n,
                       rl_str path); /* the path itself, and "/...*" of each folder above it, for answers */
static inline bool rl_names_is_empty(const rl_names *n) {
  return n->count == 0 && !n->everything;
}

#endif
