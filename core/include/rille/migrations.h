/* Migrations: a folder as Prisma lays it out, and a database's history of it in the table _prisma_migrations.
 *
 * A handle holds one connection and, once asked for, the lock that keeps other runners away. The core never calls back:
 * the caller goes through the list and begins and finishes each migration, and may do more in its transaction between
 * the two. One thread at a time. Every call that names a database blocks. */
#ifndef RILLE_MIGRATIONS_H
#define RILLE_MIGRATIONS_H

#include <rille/migrate.h>
#include <rille/tx.h>

RILLE_BEGIN_DECLS

typedef struct rille_migrations rille_migrations;

typedef struct rille_migrations_options {
  uint32_t struct_size;       /* sizeof(rille_migrations_options) */
  int32_t create;             /* 1: the database is created when it does not exist */
  int32_t replay;             /* 1: a shadow database: no history is kept, and a failure is P3006 */
  int32_t reserved;           /* 0 */
  const char *url;            /* required */
  const char *folder;         /* required; it need not exist */
  const rille_schema *schema; /* may be NULL; its `schemas = [...]` are what must be empty where there is no history.
                                 Not looked at after the call */
} rille_migrations_options;

/* Errors: P1xxx. *out is owned by the caller: rille_migrations_free. */
RILLE_API rille_status rille_migrations_open(const rille_migrations_options *options, rille_migrations **out,
                                             rille_error **err);
/* Rolls back what is under way and gives the lock back. */
RILLE_API void rille_migrations_free(rille_migrations *m);

/* One runner at a time: P1002 when another one has it longer than wait_ms. PostgreSQL: Prisma's advisory lock (none
 * when PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK is set); SQLite: the file beside the database whose name ends in -migrate.
 */
RILLE_API rille_status rille_migrations_lock(rille_migrations *m, int64_t wait_ms, rille_error **err);
RILLE_API void rille_migrations_unlock(rille_migrations *m);

#define RILLE_MIGRATION_PENDING 0
#define RILLE_MIGRATION_APPLIED 1
#define RILLE_MIGRATION_FAILED 2      /* begun and not finished: killed, or refused by the database */
#define RILLE_MIGRATION_ROLLED_BACK 3 /* as pending, but it was there once, or tried */
#define RILLE_MIGRATION_EDITED 4      /* applied, but migration.sql has another text by now */
#define RILLE_MIGRATION_MISSING 5     /* applied, but not in the folder */

/* What a failed migration left in the database. */
#define RILLE_LEFT_UNKNOWN 0 /* the history does not tell */
#define RILLE_LEFT_NOTHING 1 /* it ran in a transaction, which was rolled back or never committed */
#define RILLE_LEFT_PART 2    /* some of its statements may have had their effect */

typedef struct rille_migration {
  uint32_t struct_size;                              /* set by the caller */
  int32_t state;                                     /* RILLE_MIGRATION_* */
  int32_t has_script, has_down, has_lua, has_schema; /* migration.sql, down.sql, migration.lua, schema.prisma */
  /* Borrowed until the next load; NULL where there is nothing to tell. Times are ISO-8601 in UTC. */
  const char *name, *checksum, *recorded, *started_at, *finished_at, *rolled_back_at, *logs;
  int64_t steps;
  int32_t left; /* RILLE_LEFT_* of a failed one */
  int32_t reserved;
} rille_migration;

/* Reads folder and history; changes nothing. Errors: P3015 (a file cannot be read), what the database says. */
RILLE_API rille_status rille_migrations_load(rille_migrations *m, rille_error **err);
RILLE_API size_t rille_migrations_count(const rille_migrations *m); /* sorted by name */
RILLE_API void rille_migrations_get(const rille_migrations *m, size_t index, rille_migration *out);
RILLE_API int rille_migrations_has_history(const rille_migrations *m);

#define RILLE_PROBLEM_FAILED 1
#define RILLE_PROBLEM_EDITED 2
#define RILLE_PROBLEM_MISSING 3
#define RILLE_PROBLEM_NO_SCRIPT 4  /* a pending migration has no migration.sql */
#define RILLE_PROBLEM_NO_HISTORY 5 /* the database has tables, but no history */
#define RILLE_PROBLEM_PROVIDER 6   /* the folder is for another kind of database */

typedef struct rille_migration_problem {
  uint32_t struct_size;  /* set by the caller */
  int32_t kind;          /* RILLE_PROBLEM_* */
  const char *code;      /* "P3009", "P3005", "P3015", "P3019", "EDITED" or "MISSING"; static */
  const char *migration; /* NULL when it is about none; borrowed until the next load, as is: */
  const char *message, *advice;
} rille_migration_problem;

/* After load: finds out what is wrong. Changes nothing. */
RILLE_API rille_status rille_migrations_evaluate(rille_migrations *m, rille_error **err);
RILLE_API int rille_migrations_is_up_to_date(const rille_migrations *m); /* all of the folder is applied */
RILLE_API size_t rille_migrations_problem_count(const rille_migrations *m);
RILLE_API void rille_migrations_problem_at(const rille_migrations *m, size_t index, rille_migration_problem *out);

/* P3019 when migration_lock.toml names another provider than the database is of. */
RILLE_API rille_status rille_migrations_check_provider(const rille_migrations *m, rille_error **err);
/* Whether there are tables where the history is, or would be. */
RILLE_API rille_status rille_migrations_has_tables(rille_migrations *m, int32_t *out, rille_error **err);
/* After load, before the first begin: makes the history's table. Errors: P3019 (migration_lock.toml names another
 * provider), P3009 (a failed migration is not resolved), P3005 (tables, but no history). */
RILLE_API rille_status rille_migrations_prepare(rille_migrations *m, rille_error **err);
/* After load: all that is pending is due. Errors: P3015 (one has no migration.sql), and those of prepare, which it
 * calls. */
RILLE_API rille_status rille_migrations_apply(rille_migrations *m, rille_error **err);
/* After load: the latest `steps` applied ones are due to be taken back; or all behind `to`, when that is not NULL.
 * Errors: P3009, P3015 (one of them has no down.sql), P3017, P3019. */
RILLE_API rille_status rille_migrations_take_back(rille_migrations *m, int64_t steps, const char *to,
                                                  rille_error **err);
/* Finishes the migration under way and begins the next that is due. RILLE_ROW: its script has run, and what else is
 * part of it (out->has_lua) is the caller's to do now, in its transaction. RILLE_DONE: none is left. Errors: those of
 * begin and finish; none is due then. */
RILLE_API rille_status rille_migrations_next(rille_migrations *m, rille_migration *out, rille_error **err);
/* Runs migration.sql of one of the list, or with down its down.sql. After an error nothing is under way: P3018 (P3006
 * in a replay), with "migration", "line", "statement", "cause" and "left" ("nothing" or "part"); P3015, P3017,
 * VALIDATION (words at the script's head). */
RILLE_API rille_status rille_migrations_begin(rille_migrations *m, const char *name, int32_t down, rille_error **err);
/* The schema of the database as the transaction under way sees it; see rille_pull. */
RILLE_API rille_status rille_migrations_pull(rille_migrations *m, const rille_schema *schema, char **out, size_t *len,
                                             rille_error **err);
/* The transaction under way, for operations of a client of the same database. It can have savepoints, but is ended by
 * finish or fail, before which it is to be freed. *out is owned by the caller: rille_tx_free. */
RILLE_API rille_status rille_migrations_tx(rille_migrations *m, rille_client *c, rille_tx **out, rille_error **err);
/* Writes the history and commits; P3018. */
RILLE_API rille_status rille_migrations_finish(rille_migrations *m, rille_error **err);
/* The caller's part failed: rolls back, keeps the message in the history, and returns P3018 with it. */
RILLE_API rille_status rille_migrations_fail(rille_migrations *m, const char *message, rille_error **err);

/* Only the history: applied, or a failed one as rolled back. Errors: P3008, P3011, P3012, P3017. */
RILLE_API rille_status rille_migrations_mark(rille_migrations *m, const char *name, int32_t applied, rille_error **err);
/* Drops everything, the history too, and loads. schema: NULL, or one whose database schemas are meant. */
RILLE_API rille_status rille_migrations_reset(rille_migrations *m, const rille_schema *schema, rille_error **err);

/* Writes a file of the folder (name NULL) or of a migration in it; folders that are missing are made. */
RILLE_API rille_status rille_migrations_write(const char *folder, const char *name, const char *file, const char *text,
                                              size_t len, rille_error **err);
/* What the history keeps of a migration.sql: SHA-256 in 64 hexadecimal digits. */
RILLE_API void rille_migrations_checksum(const char *text, size_t len, char out[65]);

/* Writes a migration whose triggers tell the caches of clients about writes of programs without rille, or with `drop`
 * one that removes them. It is not applied. No round trip. *created is its name, owned by the caller: rille_free. NULL:
 * the folder has it already. Errors: P2026 (the database needs no triggers, or has no notifications), P3010, P3015,
 * P3019. */
typedef struct rille_cache_triggers_options {
  uint32_t struct_size; /* sizeof(rille_cache_triggers_options) */
  int32_t drop;
  const char *provider;       /* required: "postgresql", ... */
  const char *folder;         /* required; it need not exist */
  const rille_schema *schema; /* required; borrowed during the call */
  const char *name;           /* NULL: a usual one */
} rille_cache_triggers_options;
RILLE_API rille_status rille_cache_triggers(const rille_cache_triggers_options *options, char **created,
                                            rille_error **err);

/* An empty database to replay migrations in: in memory (SQLite), created beside the one of the URL, or the one of
 * shadow_url, which is emptied before and after. Freeing it leaves nothing. Errors: P3014. */
typedef struct rille_shadow rille_shadow;
RILLE_API rille_status rille_shadow_open(const char *url, const char *shadow_url, rille_shadow **out,
                                         rille_error **err);
RILLE_API const char *rille_shadow_url(const rille_shadow *s); /* borrowed */
RILLE_API void rille_shadow_free(rille_shadow *s);

RILLE_END_DECLS
#endif
