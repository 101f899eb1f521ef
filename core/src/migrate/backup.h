/* Copies of a whole database in a file. */
#ifndef RL_MIGRATE_BACKUP_H
#define RL_MIGRATE_BACKUP_H

#include "base/error.h"
#include "base/str.h"

/* Writes the database to a file. The file appears under its name when it is complete and on the disk, or not at all.
 * VALIDATION if it already exists and may not be overwritten. */
rille_status rl_backup(rl_str url, const char *file, bool overwrite, rl_error *err);
/* Replaces the database with the file's content, all of it or nothing. A missing database is created. P3005 if it has
 * tables, unless `force` is set. */
rille_status rl_restore(rl_str url, const char *file, bool force, rl_error *err);

#endif
