/* Runs a folder of migrations on a database and records them in its history. One thread at a time.
 *
 * The order of a run: open, lock, load, prepare, then begin and finish for each pending migration. Between begin and
 * finish the caller may do more in the same transaction (a migration.lua). */
#ifndef RL_MIGRATE_MIGRATIONS_H
#define RL_MIGRATE_MIGRATIONS_H

#include "migrate/structure/open.h"
#include "migrate/structure/provider.h"
#include "migrate/history/statements.h"
#include "run/tx.h"

/* The states, with the numbers of the public header. */
typedef enum rl_migration_state {
  RL_MIGRATION_PENDING,
  RL_MIGRATION_APPLIED,
  RL_MIGRATION_FAILED,
  RL_MIGRATION_ROLLED_BACK, /* will be applied again */
  RL_MIGRATION_EDITED,      /* applied, but the script was changed since */
  RL_MIGRATION_MISSING      /* applied, but not in the folder */
} rl_migration_state;

typedef struct rl_migration {
  rl_str name;
  rl_migration_state state;
  bool in_folder, has_script, has_down, has_lua, has_schema;
  rl_str script;      /* migration.sql, read once, so what runs matches the checksum */
  char checksum[65];  /* of the script; "": none */
  char others[2][65]; /* of the script with other line endings, which Prisma accepts too */
  /* its row of the history; id is empty: none */
  rl_str id, recorded, started_at, finished_at, rolled_back_at, logs;
  int64_t steps;
} rl_migration;

/* What an unfinished migration left in the database. */
typedef enum rl_left {
  RL_LEFT_UNKNOWN, /* the history does not say: Prisma's, or a killed process */
  RL_LEFT_NOTHING,
  RL_LEFT_PART /* some of its statements may have run */
} rl_left;

typedef enum rl_problem_kind {
  RL_PROBLEM_FAILED,
  RL_PROBLEM_EDITED,
  RL_PROBLEM_MISSING,
  RL_PROBLEM_NO_SCRIPT,  /* a pending migration without a migration.sql */
  RL_PROBLEM_NO_HISTORY, /* tables, but no history */
  RL_PROBLEM_PROVIDER    /* the folder is for another provider */
} rl_problem_kind;

typedef struct rl_migration_problem {
  rl_problem_kind kind;
  const char *code; /* "P3009", "EDITED", ...; static */
  rl_str migration; /* empty: none */
  const char *message, *advice;
} rl_migration_problem;

/* Positions of the migrations to run or undo. */
typedef struct rl_migrations_due {
  size_t *items;
  size_t count, at;
  bool down;
} rl_migrations_due;

typedef struct rl_migrations {
  rl_session session;
  bool open;
  const rl_migrate_part *part;
  const rl_dialect *dialect;
  rl_str folder, display;
  rl_arena texts; /* of the list; reset by each load */
  struct {
    rl_migration *items;
    size_t count, cap;
  } list;
  rl_migrations_due due; /* in the same arena as the list */
  struct {
    rl_migration_problem *items;
    size_t count, cap;
  } problems;      /* in the same arena; see rl_migrations_evaluate */
  bool up_to_date; /* all migrations of the folder are applied; see rl_migrations_evaluate */
  bool has_history;
  bool counts_time;   /* SQLite: the history has times in milliseconds, as Prisma's engine once wrote them */
  rl_str table;       /* the quoted name of the history's table */
  rl_str settings[3]; /* PostgreSQL: of the session when it was opened; restored after each script */
  rl_str *namespaces; /* PostgreSQL's schemas of the project, in addition to the connection's own */
  size_t namespace_count;
  bool locked;
  int lock_file; /* SQLite; -1: none */
  char *lock_path;
  bool replay;                 /* a shadow database: no history */
  const rl_migration *current; /* begun and not finished; NULL: none */
  char id[40];                 /* of its row */
  rl_lease lent;               /* the connection, as a transaction of a client sees it */
  bool in_transaction, keys_off;
  bool undoes;         /* `current` runs down.sql */
  int64_t broken_keys; /* rows that referred to missing rows before */
  int64_t steps;
} rl_migrations;

typedef struct rl_migrations_settings {
  rl_str url, folder;
  bool create; /* create the database if it is missing */
  bool replay;
  const rl_schema *schema; /* may be NULL; not kept */
} rl_migrations_settings;

rille_status rl_migrations_open(rl_migrations *m, const rl_migrations_settings *s, rl_error *err);
void rl_migrations_close(rl_migrations *m); /* rolls back a started migration, and releases the lock */

/* lock.c: P1002 if another runner keeps the lock longer than wait_ms. */
rille_status rl_migrations_lock(rl_migrations *m, int64_t wait_ms, rl_error *err);
void rl_migrations_unlock(rl_migrations *m);

/* folder.c */
rille_status rl_folder_read(rl_migrations *m, rl_error *err); /* the list, sorted by name */
/* Reads a file of a migration; P3015 if it cannot be read. */
rille_status rl_folder_file(const rl_migrations *m, rl_str name, const char *file, rl_arena *arena, rl_str *out,
                            rl_error *err);
/* P3019 if the lock file names another provider than the database's. */
rille_status rl_folder_check_provider(const rl_migrations *m, rl_error *err);
/* Writes a file of the folder, or of a migration in it. Creates missing folders. */
rille_status rl_folder_write(rl_str folder, rl_str name, const char *file, rl_str text, rl_error *err);
rille_status rl_folder_write_lock(rl_str folder, rl_provider provider, rl_error *err); /* migration_lock.toml */

/* history.c */
rille_status rl_migrations_load(rl_migrations *m, rl_error *err); /* reads the folder and the history */
/* Creates the history's table if it is missing. P3005: the database already has tables. P3009: a migration failed. */
rille_status rl_migrations_prepare(rl_migrations *m, bool baseline, rl_error *err);
/* Returns whether there are tables other than the history's, in any database schema of the project. */
rille_status rl_migrations_has_tables(rl_migrations *m, bool *some, rl_error *err);
rille_status rl_history_start(rl_migrations *m, rl_str note, rl_error *err);
rille_status rl_history_steps(rl_migrations *m, int64_t steps, rl_str note, rl_error *err);
rille_status rl_history_finish(rl_migrations *m, int64_t steps, rl_error *err);
rille_status rl_history_log(rl_migrations *m, rl_str text, rl_error *err);
rille_status rl_migrations_mark(rl_migrations *m, rl_str name, bool applied,
                                rl_error *err); /* P3008, 3011, 3012, 3017 */
rille_status rl_history_revert(rl_migrations *m, const rl_migration *x, rl_error *err);

/* run.c, after a load. Makes all pending migrations due. P3015, and the errors of prepare. */
rille_status rl_migrations_apply(rl_migrations *m, rl_error *err);
/* Makes the last `steps` applied migrations due to be undone, or all after the one that `to` names. P3009, P3015 (one
 * of them has no down.sql), P3017, P3019. */
rille_status rl_migrations_take_back(rl_migrations *m, int64_t steps, rl_str to, rl_error *err);
/* Finishes the started migration, if any, and begins the next one that is due. RILLE_ROW: *out was begun, and the
 * caller may do more in its transaction. RILLE_DONE: none is left. After an error none is due. */
rille_status rl_migrations_next(rl_migrations *m, const rl_migration **out, rl_error *err);
bool rl_migration_is_pending(const rl_migration *x);

/* problems.c, after a load: sets problems and up_to_date. Changes nothing in the database. */
rille_status rl_migrations_evaluate(rl_migrations *m, rl_error *err);

/* left.c */
typedef enum rl_remains {
  RL_REMAINS_RUNNING_WHOLE, /* recorded while it runs, so a killed process leaves it */
  RL_REMAINS_OWN_TRANSACTIONS,
  RL_REMAINS_ROLLED_BACK,
  RL_REMAINS_PART,
  RL_REMAINS_ALL_RAN,
  RL_REMAINS_SOME_RAN,
  RL_REMAINS_NONE_RAN,
  RL_REMAINS_COUNT
} rl_remains;
const char *rl_remains_text(rl_remains r); /* the history's sentence; static */
rl_left rl_remains_left(rl_remains r);
char *rl_remains_progress(rl_arena *arena, size_t done, size_t count); /* without a transaction; NULL: out of memory */
rl_left rl_left_of(rl_str logs);                                       /* reads the sentence in logs of the history */
rl_str rl_reason_of(const rl_migration *x); /* its logs without "the migration NAME failed: " */

/* apply.c */
rille_status rl_migrations_begin(rl_migrations *m, rl_str name, bool down, rl_error *err);
rille_status rl_migrations_finish(rl_migrations *m, rl_error *err);
/* Ends the migration because the caller's part failed: rolls back, and records the message in the history. */
rille_status rl_migrations_fail(rl_migrations *m, rl_str message, rl_error *err);
rille_status rl_migrations_reset(rl_migrations *m, const rl_schema *schema, rl_error *err);
rl_migration *rl_migrations_find(const rl_migrations *m, rl_str name); /* NULL: none */

/* script_head.c: the directives at the head of a script */
typedef struct rl_script_head {
  bool no_transaction;
  rl_str lock_timeout, statement_timeout;
} rl_script_head;
rille_status rl_script_head_of(rl_str script, rl_provider provider, rl_script_head *out, rl_error *err);

/* shadow.c: an empty database for replays. */
typedef struct rl_shadow {
  rl_session admin;           /* PostgreSQL: has the lock that marks the database as used */
  bool open, created, memory; /* of admin; of the database; it is in memory */
  char *url, *name;
  const char *real_database; /* for an existing shadow: the name of the real database */
  rl_arena arena;
} rl_shadow;
rille_status rl_shadow_open(rl_shadow *s, rl_str url, rl_str shadow_url, rl_error *err); /* P3014 */
void rl_shadow_close(rl_shadow *s);                                                      /* drops or empties it */

#endif
