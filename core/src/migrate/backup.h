/* A whole database into a file, and back. */
#ifndef RL_MIGRATE_BACKUP_H
#define RL_MIGRATE_BACKUP_H

#include "base/error.h"
#include "base/str.h"

/* The file appears under its name when it is complete and on the disk, or not at all. VALIDATION when it is there
 * already and may not be overwritten. */
rille_status rl_backup(rl_str url, const char *file, bool overwrite, rl_error *err);
/* All or nothing. P3005 when the database has tables and is not to be replaced; it is created when it is missing. */
rille_status rl_restore(rl_str url, const char *file, bool force, rl_error *err);

#endif
