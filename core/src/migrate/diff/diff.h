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

/* ---- private to this wing */
typedef struct rl_incoming { /* positions of a table and of a foreign key in it */
  size_t table, reference;
} rl_incoming;

typedef struct rl_differ {
  rl_db *from;
  const rl_db *to;
  const rl_dialect *dialect;
  bool types; /* keys, indexes and enums are things of their own */
  rl_arena *arena;
  rl_diff *out;
  rl_buf buf; /* the statement in work */
  struct {
    rl_incoming *items;
    size_t count, cap;
  } incoming;
  rl_db_names targets; /* positions in incoming by the name that the target had before the renames */
  bool failed;
} rl_differ;

void rl_differ_step(rl_differ *d, rl_step_order order, rl_str subject); /* takes the buffer */
/* Likewise: the buffer has what stands before the old name. */
void rl_differ_rename(rl_differ *d, rl_str subject, rl_str leaves, rl_str takes);
/* text and counted are kept as they are; the query is in the buffer, which it
 * takes. */
void rl_differ_warn(rl_differ *d, bool blocks, rl_str subject, const char *text, const char *counted);
const char *rl_differ_printf(rl_differ *d, const char *format, ...);

/* VALIDATION: names that change places and may not. */
rille_status rl_diff_circles(const rl_db *from, const rl_db *to, rl_error *err);
void rl_diff_renames(rl_differ *d);
/* Tables of implicit many-to-many relations whose models have other names; after the tables. */
void rl_diff_joins(rl_differ *d);
/* The name that the join table had while both models had their former names (0), only A (1), only B (2). false: the
 * same, or one that does not follow from theirs. db: of the schema. */
bool rl_join_former_name(const rl_db *db, const rl_relation *r, int which, rl_arena *arena, rl_str *out);
bool rl_join_changes_sides(const rl_db *db, const rl_relation *r); /* the former names stand in another order */
void rl_diff_rename_table(rl_differ *d, rl_db_table *from, rl_str now);
void rl_diff_rename_column(rl_differ *d, rl_db_table *from, rl_db_column *c, rl_str now);
void rl_diff_enums(rl_differ *d);
void rl_diff_table(rl_differ *d, rl_db_table *from, const rl_db_table *to); /* both there */
/* SQLite: adds columns where that is all; else builds the table anew, indexes
 * too, and then returns true. */
bool rl_diff_redefine(rl_differ *d, const rl_db_table *from, const rl_db_table *to);
/* SQLite: the wanted table with what a schema has no words for: generated
 * columns, collations, STRICT. */
const rl_db_table *rl_diff_kept(rl_differ *d, const rl_db_table *from, const rl_db_table *to);
void rl_diff_references(rl_differ *d);
/* Gives the steps of a table, which begin at `first`, their changes. */
void rl_diff_changes(rl_differ *d, const rl_db_table *from, const rl_db_table *to, size_t first);
void rl_diff_index_text(rl_buf *out, const rl_db_index *x);
bool rl_db_has_reference(const rl_db_table *t, const rl_db_reference *k); /* whatever its name */
void rl_diff_views(rl_differ *d);  /* PostgreSQL: views that stand in the way; after the tables */
void rl_diff_values(rl_differ *d); /* SQLite: rows that have old names of enum values */
void rl_diff_loss(rl_differ *d, const rl_db_table *from, const rl_db_table *to); /* what columns may lose */

bool rl_db_same_type(const rl_differ *d, const rl_db_column *a, const rl_db_column *b);
typedef enum rl_cast { RL_CAST_SAFE, RL_CAST_RISKY, RL_CAST_NONE } rl_cast;
rl_cast rl_db_cast(const rl_differ *d, const rl_db_column *from, const rl_db_column *to);
/* Whether values that differ may come to the same by it, and what a value comes to: an expression over the old column.
 */
bool rl_db_cast_merges(const rl_differ *d, const rl_db_column *from, const rl_db_column *to);
void rl_db_cast_value(const rl_differ *d, const rl_db_column *from, const rl_db_column *to, rl_buf *out);
bool rl_db_same_index(const rl_db_index *a, const rl_db_index *b);
/* A live index that no schema, or not this one, can say: it is neither dropped nor made, and what the schema has under
 * its name is taken for it. */
bool rl_db_is_left(const rl_differ *d, const rl_db_index *x);
/* The key that a foreign key rests on goes, although another one may take its place. */
bool rl_db_loses_key(const rl_differ *d, const rl_db_reference *k);
/* What a schema cannot say, and so cannot want away. */
bool rl_db_is_left_reference(const rl_differ *d, const rl_db_table *from, const rl_db_reference *k);
const rl_db_index *rl_db_index_of(const rl_db_table *t, rl_str name);
bool rl_db_same_primary(const rl_db_table *a, const rl_db_table *b);
/* The column is dropped and made again, because nothing casts its values. */
bool rl_db_is_remade(const rl_differ *d, const rl_db_table *from, const rl_db_table *to, rl_str column);
bool rl_db_same_column(const rl_differ *d, const rl_db_column *a, const rl_db_column *b);

#endif
