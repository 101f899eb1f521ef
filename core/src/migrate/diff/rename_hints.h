/* Renames that somebody confirmed, and pairs that might be ones. */
#ifndef RL_MIGRATE_RENAME_HINTS_H
#define RL_MIGRATE_RENAME_HINTS_H

#include "migrate/diff/diff.h"

typedef struct rl_rename {
  const char *what; /* "table", "column", "enum value"; static */
  rl_str table;     /* the table or enum of a column or value, as it is named in the end; empty for a table */
  rl_str from, to;
} rl_rename;

typedef struct rl_renames {
  rl_rename *items;
  size_t count, cap;
} rl_renames;

/* What is confirmed becomes what a doc comment would say. */
void rl_renames_apply(rl_db *to, const rl_renames *hints);
/* The schema of `from` tells what it renamed: for the way back, `to` is told the same the other way round. */
void rl_renames_mirror(const rl_db *from, rl_db *to, rl_arena *arena);
/* One goes and one of the same kind and type comes: it might be the same under another name. Texts are borrowed. */
rille_status rl_renames_guess(const rl_db *from, const rl_db *to, rl_arena *arena, rl_renames *out, rl_error *err);

#endif
