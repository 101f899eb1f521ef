/* Copying a whole database to a file, and back. */
#ifndef RILLE_BACKUP_H
#define RILLE_BACKUP_H

#include <rille/error.h>

RILLE_BEGIN_DECLS

typedef struct rille_backup_options {
  uint32_t struct_size; /* sizeof(rille_backup_options) */
  int32_t overwrite;    /* 1: replace an existing file */
  const char *url;      /* required */
  const char *file;     /* required: path of the backup */
} rille_backup_options;

/* Copies the database while others read and write. The copy shows the database at one point in time. SQLite: a complete
 * database file, made with the online backup. PostgreSQL: the output of pg_dump in its custom format; the program must
 * be in PATH and not older than the server. If the URL names a schema other than public, only that schema is copied.
 * The file appears under its name once it is complete and on disk, readable only by its owner; after a failure there is
 * no file. Blocks; any thread. Errors: P1xxx; VALIDATION (the file already exists); BACKUP (disk full, pg_dump is
 * missing or failed, with its message). */
RILLE_API rille_status rille_backup(const rille_backup_options *options, rille_error **err);

typedef struct rille_restore_options {
  uint32_t struct_size; /* sizeof(rille_restore_options) */
  int32_t force;    /* 1: also if the database has tables. SQLite: all of it is replaced. PostgreSQL: what the backup
                       contains is dropped first, the rest is kept */
  const char *url;  /* required; a missing database is created */
  const char *file; /* required: a backup of the same provider */
} rille_restore_options;

/* Restores a backup into a database, all or nothing, in one transaction. SQLite: no other connection may have the
 * database open. PostgreSQL: pg_restore does it; the user of the URL owns everything, with the privileges that CREATE
 * gives. Blocks; any thread. Errors: P1xxx (P1008: in use); VALIDATION (not a backup, or one of another provider);
 * P3005 (not empty, and not force); BACKUP (damaged, disk full, pg_restore is missing or failed, with its message). */
RILLE_API rille_status rille_restore(const rille_restore_options *options, rille_error **err);

RILLE_END_DECLS
#endif
