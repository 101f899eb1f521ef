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

/* One of the things that a step changes in its table. */
typedef struct rl_diff_change {
  rl_change_kind kind;
  rl_str name; /* the column, index or constraint, as it is called in the end; empty for a key that has no name */
  rl_str text; /* the change in words, one line */
} rl_diff_change;

typedef struct rl_diff_step {
  rl_step_order order;
  rl_str subject;       /* the table or enum */
  rl_str sql;           /* one statement, without a semicolon */
  rl_str leaves, takes; /* of a renamed index or constraint: its names */
  rl_str renames;       /* of one, too: the statement up to the old name */
  struct {
    rl_diff_change *items;
    size_t count, cap;
  } changes; /* of a table its first step has them, and an index its own */
} rl_diff_step;

typedef enum rl_warning_kind {
  RL_WARNING_DROP_TABLE,
  RL_WARNING_DROP_COLUMN,
  RL_WARNING_ADD_REQUIRED_COLUMN, /* without a default */
  RL_WARNING_MAKE_REQUIRED,
  RL_WARNING_CAST,            /* values are cast to a type that may not hold them */
  RL_WARNING_REMAKE_COLUMN,   /* nothing casts the values: the column is dropped and made again */
  RL_WARNING_REMAKE_REQUIRED, /* the same of a required column without a default, which cannot be made again */
  RL_WARNING_ADD_UNIQUE,
  RL_WARNING_DROP_ENUM_VALUES,
  RL_WARNING_VIEW_IN_THE_WAY,
  RL_WARNING_COUNT
} rl_warning_kind;

/* What may be lost, or cannot be done. On a live database `count_sql` counts the rows that it is about, and only a
 * count above 0 makes it true. Without `count_sql` it does not depend on rows. */
typedef struct rl_diff_warning {
  rl_warning_kind kind;
  bool blocks;          /* the step fails on such rows */
  rl_str table, column; /* empty where it is about none, or about several columns */
  rl_str name;          /* the enum or view; else empty */
  const rl_str *items;  /* the columns of a key, or the values of an enum that go */
  size_t item_count;
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

const char *rl_diff_step_kind(rl_step_order order);     /* "create_table" */
const char *rl_diff_change_kind(rl_change_kind kind);   /* "add_column" */
const char *rl_diff_warning_kind(rl_warning_kind kind); /* "drop_column" */
/* The steps as a script, as Prisma writes a migration.sql: warnings and a
 * comment above each step. */
void rl_diff_script(const rl_diff *diff, const rl_dialect *dialect, rl_buf *out);

#endif
