/* A whole database into a file, and back. */
#ifndef RILLE_BACKUP_H
#define RILLE_BACKUP_H

#include <rille/error.h>

RILLE_BEGIN_DECLS

typedef struct rille_backup_options {
  uint32_t struct_size; /* sizeof(rille_backup_options) */
  int32_t overwrite;    /* 1: a file of this name is replaced */
  const char *url;      /* required */
  const char *file;     /* required: path of the backup */
} rille_backup_options;

/* Copies the database while others go on reading and writing: the copy is as the database was at one moment. SQLite: a
 * database file that stands alone, by the online backup. PostgreSQL: what pg_dump writes in its custom format; the
 * program must be in PATH and not older than the server. When the URL names a schema other than public, of that schema
 * only. The file appears under its name when it is complete and on the disk, readable by its owner only; after a
 * failure there is none. Blocking, from any thread. Errors: P1xxx; VALIDATION (the file is there already); BACKUP
 * (disk full, pg_dump is missing or failed: with its own words). */
RILLE_API rille_status rille_backup(const rille_backup_options *options, rille_error **err);

typedef struct rille_restore_options {
  uint32_t struct_size; /* sizeof(rille_restore_options) */
  int32_t force;        /* 1: also onto a database that has tables. SQLite: all of it is replaced. PostgreSQL: what the
                           backup has is dropped first, what it has not stays */
  const char *url;      /* required; the database is created when it is missing */
  const char *file;     /* required: a backup of the same kind of database */
} rille_restore_options;

/* Puts a backup into a database, all or nothing, in one transaction. SQLite: nobody else may have the database open.
 * PostgreSQL: by pg_restore; owner of everything is the user of the URL, and rights are as after CREATE. Blocking, from
 * any thread. Errors: P1xxx (P1008: in use); VALIDATION (no backup, or one of another kind); P3005 (not empty, and not
 * force); BACKUP (damaged, disk full, pg_restore is missing or failed: with its own words). */
RILLE_API rille_status rille_restore(const rille_restore_options *options, rille_error **err);

RILLE_END_DECLS
#endif
