/* Names of migrations. */
#ifndef RL_MIGRATE_NAME_H
#define RL_MIGRATE_NAME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

/* Reduces a name to small letters, digits and _. P3010 if the result is longer than 200 characters. */
rille_status rl_migration_slug(rl_str text, rl_buf *out, rl_error *err);
/* Returns the name of a new folder: the time and the slug. The time is later than that of `last`, the name of the last
 * folder, whatever the clock says. now: seconds since 1970. NULL: out of memory. */
char *rl_migration_folder_name(rl_str last, rl_str slug, int64_t now, rl_arena *arena);

#endif
