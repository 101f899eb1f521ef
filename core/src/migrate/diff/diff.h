/* The difference of two structures as steps, and what they may cost. */
#ifndef RL_MIGRATE_DIFF_H
#define RL_MIGRATE_DIFF_H

#include "migrate/structure/structure.h"

/* In the order in which they are taken: what stands in the way goes first, what
 * refers to something comes last. */
typedef enum rl_step_order {
  RL_STEP_CREATE_SCHEMA,
  RL_STEP_CREATE_EXTENSION,
  RL_STEP_DROP_VIEW,
  RL_STEP_RENAME,
  RL_STEP_CREATE_ENUM,
  RL_STEP_DROP_FOREIGN_KEY,
  RL_STEP_DROP_INDEX,
  RL_STEP_ALTER_ENUM,
  RL_STEP_ALTER_TABLE,
  RL_STEP_DROP_TABLE,
  RL_STEP_DROP_ENUM,
  RL_STEP_CREATE_TABLE,
  RL_STEP_REDEFINE_TABLE,
  RL_STEP_RENAME_INDEX,
  RL_STEP_CREATE_INDEX,
  RL_STEP_ADD_FOREIGN_KEY,
  RL_STEP_CREATE_VIEW,
  RL_STEP_COUNT
} rl_step_order;

typedef struct rl_diff_step {
  rl_step_order order;
  rl_str subject;       /* the table or enum */
  rl_str sql;           /* one statement, without a semicolon */
  rl_str leaves, takes; /* of a renamed index or constraint: its names */
  rl_str renames;       /* of one, too: the statement up to the old name */
  rl_str changes;       /* in words, a line each: of a table its first step has them, and an index its own */
} rl_diff_step;

/* What may be lost, or cannot be done. On a live database `count_sql` counts
 * the rows that it is about, and only a count above 0 makes it real. */
typedef struct rl_diff_warning {
  bool blocks; /* the step fails on such rows */
  rl_str subject;
  rl_str text;    /* what is said without a database at hand */
  rl_str counted; /* the same with {n} for the number of rows */
  rl_str count_sql;
} rl_diff_warning;

typedef struct rl_diff {
  struct {
    rl_diff_step *items;
    size_t count, cap;
  } steps;
  struct {
    rl_diff_warning *items;
    size_t count, cap;
  } warnings;
} rl_diff;

/* from: its names may be changed to those of `to`, as renames are found. */
rille_status rl_db_diff(rl_db *from, const rl_db *to, rl_arena *arena, rl_diff *out, rl_error *err);

const char *rl_diff_step_kind(rl_step_order order); /* "create_table" */
/* The steps as a script, as Prisma writes a migration.sql: warnings and a
 * comment above each step. */
void rl_diff_script(const rl_diff *diff, const rl_dialect *dialect, rl_buf *out);

#endif
