/* A diff while it is computed. Private to this wing. */
#ifndef RL_MIGRATE_DIFFER_H
#define RL_MIGRATE_DIFFER_H

#include "migrate/diff/diff.h"

/* The positions of a table and of a foreign key in it. */
typedef struct rl_incoming {
  size_t table, reference;
} rl_incoming;

typedef struct rl_differ {
  rl_db *from;
  const rl_db *to;
  const rl_dialect *dialect;
  const rl_ddl_features *features; /* of `dialect` */
  rl_arena *arena;
  rl_diff *out;
  rl_buf buf; /* the statement that is being written */
  struct {
    rl_incoming *items;
    size_t count, cap;
  } incoming;
  rl_db_names targets; /* from the target's name before the renames to positions in `incoming` */
  bool failed;
} rl_differ;

/* Adds a step with the statement in the buffer, which it empties. */
void rl_differ_step(rl_differ *d, rl_step_order order, rl_str subject);
/* Adds a step that renames an index or constraint. The buffer contains the statement up to the old name. */
void rl_differ_rename(rl_differ *d, rl_str subject, rl_str old_name, rl_str new_name);
/* Returns the statement of such a step. head: up to the old name. */
rl_str rl_differ_rename_sql(rl_differ *d, rl_str head, rl_str old_name, rl_str new_name);
/* Adds a warning with the query in the buffer, which it empties. Texts are borrowed. */
void rl_differ_warn(rl_differ *d, const rl_diff_warning *w);
/* Copies a list of names, for a warning. */
const rl_str *rl_differ_names(rl_differ *d, const rl_str *names, size_t count);
/* Adds a change to the step at `step`, with the text in the buffer, which it empties. */
void rl_differ_change(rl_differ *d, size_t step, rl_change_kind kind, rl_str name);
const char *rl_differ_printf(rl_differ *d, const char *format, ...);
rl_str rl_differ_text(rl_differ *d, const char *format, ...); /* the same as a string with its length */

/* Fails with VALIDATION if renames form a circle that cannot be resolved. */
rille_status rl_diff_circles(const rl_db *from, const rl_db *to, rl_error *err);
void rl_diff_renames(rl_differ *d);
/* Renames the tables of implicit many-to-many relations whose models are renamed. Runs after the tables' renames. */
void rl_diff_joins(rl_differ *d);
/* Finds the name that the join table had while both models (0), only A (1) or only B (2) had their former names.
 * Returns false if the name is the same, or does not follow from theirs. db: of the schema. */
bool rl_join_former_name(const rl_db *db, const rl_relation *r, int which, rl_arena *arena, rl_str *out);
bool rl_join_changes_sides(const rl_db *db, const rl_relation *r); /* the former names sort in another order */
void rl_diff_rename_table(rl_differ *d, rl_db_table *from, rl_str now);
void rl_diff_rename_column(rl_differ *d, rl_db_table *from, rl_db_column *c, rl_str now);
void rl_diff_enums(rl_differ *d);
void rl_diff_table(rl_differ *d, rl_db_table *from, const rl_db_table *to); /* a table of both structures */
/* SQLite: adds columns if that is enough. Otherwise rebuilds the table with its
 * indexes, and returns true. */
bool rl_diff_redefine(rl_differ *d, const rl_db_table *from, const rl_db_table *to);
/* SQLite: returns the wanted table with what a schema cannot express: generated
 * columns, collations, STRICT. */
const rl_db_table *rl_diff_kept(rl_differ *d, const rl_db_table *from, const rl_db_table *to);
void rl_diff_references(rl_differ *d);
/* Lists the changes of a table in its first step, at `first`. */
void rl_diff_changes(rl_differ *d, const rl_db_table *from, const rl_db_table *to, size_t first);
/* Adds the one change of the last step, which creates or drops an index. */
void rl_diff_change_index(rl_differ *d, rl_change_kind kind, const rl_db_index *x);
void rl_diff_views(rl_differ *d);  /* PostgreSQL: views that use what changes; after the tables */
void rl_diff_values(rl_differ *d); /* SQLite: updates rows that have old names of enum values */
void rl_diff_loss(rl_differ *d, const rl_db_table *from, const rl_db_table *to); /* warns of what columns may lose */

bool rl_db_same_type(const rl_differ *d, const rl_db_column *a, const rl_db_column *b);
typedef enum rl_cast { RL_CAST_SAFE, RL_CAST_RISKY, RL_CAST_NONE } rl_cast;
rl_cast rl_db_cast(const rl_differ *d, const rl_db_column *from, const rl_db_column *to);
/* Returns whether the cast may make different values equal. */
bool rl_db_cast_merges(const rl_differ *d, const rl_db_column *from, const rl_db_column *to);
/* Writes the value after the cast as an expression over the old column. */
void rl_db_cast_value(const rl_differ *d, const rl_db_column *from, const rl_db_column *to, rl_buf *out);
/* A live index that the schema cannot express is left alone: neither dropped nor created. An index of the schema with
 * the same name counts as equal. */
bool rl_db_is_left(const rl_differ *d, const rl_db_index *x);
/* A live foreign key that the schema cannot express is left alone. */
bool rl_db_is_left_reference(const rl_differ *d, const rl_db_table *from, const rl_db_reference *k);
/* Returns whether the column is dropped and created again because no cast exists. */
bool rl_db_is_recreated(const rl_differ *d, const rl_db_table *from, const rl_db_table *to, rl_str column);
bool rl_db_same_column(const rl_differ *d, const rl_db_column *a, const rl_db_column *b);

#endif
