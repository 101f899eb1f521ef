/* The difference between two structures: the steps that lead from one to the other, and what they may lose. */
#ifndef RL_MIGRATE_DIFF_H
#define RL_MIGRATE_DIFF_H

#include "migrate/structure/structure.h"

/* Kinds of steps, in the order in which they run. */
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

typedef enum rl_change_kind {
  RL_CHANGE_ADD_COLUMN,
  RL_CHANGE_DROP_COLUMN,
  RL_CHANGE_ALTER_COLUMN,
  RL_CHANGE_PRIMARY_KEY,
  RL_CHANGE_ADD_INDEX,
  RL_CHANGE_DROP_INDEX,
  RL_CHANGE_ADD_FOREIGN_KEY,
  RL_CHANGE_DROP_FOREIGN_KEY,
  RL_CHANGE_RENAME, /* of an index or constraint */
  RL_CHANGE_COUNT
} rl_change_kind;

/* One of the changes that a step makes to its table. */
typedef struct rl_diff_change {
  rl_change_kind kind;
  rl_str name; /* of the column, index or constraint, after the diff; empty for an unnamed key */
  rl_str text; /* a description of one line */
} rl_diff_change;

typedef struct rl_diff_step {
  rl_step_order order;
  rl_str subject; /* the table or enum */
  rl_str sql;     /* one statement, without a semicolon */
  /* of a renamed index or constraint: */
  rl_str old_name, new_name;
  rl_str rename_head; /* the statement up to the old name */
  struct {
    rl_diff_change *items;
    size_t count, cap;
  } changes; /* the first step of a table has those of the table; each step of an index has its own */
} rl_diff_step;

typedef enum rl_warning_kind {
  RL_WARNING_DROP_TABLE,
  RL_WARNING_DROP_COLUMN,
  RL_WARNING_ADD_REQUIRED_COLUMN, /* without a default */
  RL_WARNING_MAKE_REQUIRED,
  RL_WARNING_CAST,            /* values are cast to a type that may not hold them */
  RL_WARNING_REMAKE_COLUMN,   /* no cast exists: the column is dropped and created again */
  RL_WARNING_REMAKE_REQUIRED, /* the same for a required column without a default: impossible if there are rows */
  RL_WARNING_ADD_UNIQUE,
  RL_WARNING_DROP_ENUM_VALUES,
  RL_WARNING_VIEW_IN_THE_WAY,
  RL_WARNING_COUNT
} rl_warning_kind;

/* What may be lost, or may be impossible. On a live database `count_sql` counts the affected rows, and the warning
 * applies only if the count is above 0. A warning without `count_sql` does not depend on rows. */
typedef struct rl_diff_warning {
  rl_warning_kind kind;
  bool blocks;          /* the step fails if there are such rows */
  rl_str table, column; /* empty: none, or several columns */
  rl_str name;          /* of the enum or view; otherwise empty */
  const rl_str *items;  /* the columns of a key, or the removed values of an enum */
  size_t item_count;
  rl_str text;    /* the message if no rows were counted */
  rl_str counted; /* the message with {n} for the number of rows */
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

/* Computes the steps from `from` to `to`. Things of `from` that are renamed get their names of `to`. */
rille_status rl_db_diff(rl_db *from, const rl_db *to, rl_arena *arena, rl_diff *out, rl_error *err);

const char *rl_diff_step_kind(rl_step_order order);     /* "create_table" */
const char *rl_diff_change_kind(rl_change_kind kind);   /* "add_column" */
const char *rl_diff_warning_kind(rl_warning_kind kind); /* "drop_column" */
/* Writes the steps as a script, like Prisma's migration.sql: with the warnings,
 * and a comment above each step. */
void rl_diff_script(const rl_diff *diff, const rl_dialect *dialect, rl_buf *out);

#endif
