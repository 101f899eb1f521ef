/* A migration with triggers that tell the caches of clients about writes that rille does not make. */
#ifndef RL_MIGRATE_CACHE_TRIGGERS_H
#define RL_MIGRATE_CACHE_TRIGGERS_H

#include "migrate/history/migrations.h"

typedef struct rl_cache_triggers_settings {
  rl_str folder;
  rl_str name; /* of the migration; empty: a usual one */
  const rl_schema *schema;
  const rl_dialect *dialect;
  bool drop; /* a migration that removes them */
} rl_cache_triggers_settings;

/* Writes the migration, and names it in *created, in the arena. NULL: the folder already has it, and no later one
 * undoes it. No database is asked. Errors: P2026 (the database needs no triggers, or has no notifications), P3010,
 * P3015. */
rille_status rl_cache_triggers_write(const rl_cache_triggers_settings *s, rl_arena *arena, const char **created,
                                     rl_error *err);

#endif
