/* Confirmed renames, and pairs of names that might be renames. */
#ifndef RL_MIGRATE_RENAME_HINTS_H
#define RL_MIGRATE_RENAME_HINTS_H

#include "migrate/diff/diff.h"

typedef struct rl_rename {
  const char *what; /* "table", "column", "enum value"; static */
  rl_str table;     /* the new name of the table or enum that has the column or value; empty for a table */
  rl_str from, to;
} rl_rename;

typedef struct rl_renames {
  rl_rename *items;
  size_t count, cap;
} rl_renames;

/* Sets `renamed_from` for confirmed renames, as a doc comment would. */
void rl_renames_apply(rl_db *to, const rl_renames *hints);
/* Copies the renames of the schema `from` to `to`, the other way round, for a diff that undoes them. */
void rl_renames_mirror(const rl_db *from, rl_db *to, rl_arena *arena);
/* Lists pairs of a dropped and an added thing of the same kind and type, which might be renames. Texts are borrowed. */
rille_status rl_renames_guess(const rl_db *from, const rl_db *to, rl_arena *arena, rl_renames *out, rl_error *err);

#endif
