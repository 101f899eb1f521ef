/* Names of migrations. */
#ifndef RL_MIGRATE_NAME_H
#define RL_MIGRATE_NAME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

/* What remains of a name: small letters, digits and _. P3010 when that is longer than 200 characters. */
rille_status rl_migration_slug(rl_str text, rl_buf *out, rl_error *err);
/* The name of a new folder: the time and the slug. It is later than `last`, the name of the last one there is, whatever
 * the clock says. now: seconds since 1970. NULL when memory is short. */
char *rl_migration_folder_name(rl_str last, rl_str slug, int64_t now, rl_arena *arena);

#endif
