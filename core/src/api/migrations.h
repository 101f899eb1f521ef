/* The public handle of migrations, which two files of this room create, and copies of facts for the caller. */
#ifndef RL_API_MIGRATIONS_H
#define RL_API_MIGRATIONS_H

#include "api/handle.h"
#include "migrate/diff/diff.h"
#include "migrate/history/migrations.h"

struct rille_migrations {
  rl_migrations m;
};

/* Copies a warning into the arena. false: out of memory. */
bool rl_copy_warning(rl_arena *arena, const rl_diff_warning *w, int64_t rows, rl_str text, rille_diff_warning *out);

#endif
