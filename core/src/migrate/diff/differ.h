/* A diff in work. Private to this wing. */
#ifndef RL_MIGRATE_DIFFER_H
#define RL_MIGRATE_DIFFER_H

#include "migrate/diff/diff.h"

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
/* The statement of such a step. */
rl_str rl_differ_rename_sql(rl_differ *d, rl_str begin, rl_str leaves, rl_str takes);
/* The texts are kept as they are; the query is in the buffer, which it takes. */
void rl_differ_warn(rl_differ *d, const rl_diff_warning *w);
/* A copy of a list of names, for a warning. */
const rl_str *rl_differ_names(rl_differ *d, const rl_str *names, size_t count);
/* Adds a change to the step at `step`; its text is in the buffer, which it takes. */
void rl_differ_change(rl_differ *d, size_t step, rl_change_kind kind, rl_str name);
const char *rl_differ_printf(rl_differ *d, const char *format, ...);
rl_str rl_differ_text(rl_differ *d, const char *format, ...); /* the same as a string with its length */

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
/* The one change of the last step, which adds or drops an index. */
void rl_diff_change_index(rl_differ *d, rl_change_kind kind, const rl_db_index *x);
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
/* A live index that no schema, or not this one, can say: it is neither dropped nor made, and what the schema has under
 * its name is taken for it. */
bool rl_db_is_left(const rl_differ *d, const rl_db_index *x);
/* What a schema cannot say, and so cannot want away. */
bool rl_db_is_left_reference(const rl_differ *d, const rl_db_table *from, const rl_db_reference *k);
/* The column is dropped and made again, because nothing casts its values. */
bool rl_db_is_remade(const rl_differ *d, const rl_db_table *from, const rl_db_table *to, rl_str column);
bool rl_db_same_column(const rl_differ *d, const rl_db_column *a, const rl_db_column *b);

#endif
