/* A folder of migrations and a database's history of them, brought together step by step. One thread at a time.
 *
 * The order of a run: open, lock, load, prepare, and for each pending one begin, finish. Between begin and finish the
 * caller may do more in the same transaction (a migration.lua). */
#ifndef RL_MIGRATE_MIGRATIONS_H
#define RL_MIGRATE_MIGRATIONS_H

#include "migrate/structure/open.h"
#include "migrate/structure/provider.h"
#include "migrate/history/statements.h"
#include "run/tx.h"

/* States as the public header numbers them. */
typedef enum rl_migration_state {
  RL_MIGRATION_PENDING,
  RL_MIGRATION_APPLIED,
  RL_MIGRATION_FAILED,
  RL_MIGRATION_ROLLED_BACK, /* in the folder, to be applied again */
  RL_MIGRATION_EDITED,      /* applied, but with another text */
  RL_MIGRATION_MISSING      /* applied, but not in the folder */
} rl_migration_state;

typedef struct rl_migration {
  rl_str name;
  rl_migration_state state;
  bool in_folder, has_script, has_down, has_lua, has_schema;
  rl_str script;      /* migration.sql: what is applied is what the checksum is of */
  char checksum[65];  /* of it; "" when there is none */
  char others[2][65]; /* of the same text with the other ends of line, which Prisma takes for the same too */
  /* the last row of the history; id is empty when there is none */
  rl_str id, recorded, started_at, finished_at, rolled_back_at, logs;
  int64_t steps;
} rl_migration;

/* What a migration that did not finish left in the database. */
typedef enum rl_left {
  RL_LEFT_UNKNOWN, /* the history does not tell: Prisma's, or a process that was killed */
  RL_LEFT_NOTHING,
  RL_LEFT_PART /* some of its statements may have had their effect */
} rl_left;

typedef enum rl_problem_kind {
  RL_PROBLEM_FAILED,
  RL_PROBLEM_EDITED,
  RL_PROBLEM_MISSING,
  RL_PROBLEM_NO_SCRIPT,  /* a pending migration without a migration.sql */
  RL_PROBLEM_NO_HISTORY, /* tables, but no history */
  RL_PROBLEM_PROVIDER    /* the folder is for another database */
} rl_problem_kind;

typedef struct rl_migration_problem {
  rl_problem_kind kind;
  const char *code; /* "P3009", "EDITED", ...; static */
  rl_str migration; /* empty when it is about none */
  const char *message, *advice;
} rl_migration_problem;

/* Migrations to be run, by their positions in the list. */
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
  rl_arena texts; /* of the list, until it is loaded again */
  struct {
    rl_migration *items;
    size_t count, cap;
  } list;
  rl_migrations_due due; /* in the same arena as the list */
  struct {
    rl_migration_problem *items;
    size_t count, cap;
  } problems;      /* likewise, once evaluated */
  bool up_to_date; /* once evaluated: all that is in the folder is applied */
  bool has_history;
  bool counts_time;   /* SQLite: the history keeps times as milliseconds, as Prisma's own engine once wrote them */
  rl_str table;       /* the history's, quoted */
  rl_str settings[3]; /* PostgreSQL: as they were at first, see rl_migrations_open */
  rl_str *namespaces; /* PostgreSQL's schemas that a project has beside the connection's own */
  size_t namespace_count;
  bool locked;
  int lock_file; /* SQLite; -1: none */
  char *lock_path;
  bool replay;               /* a shadow database: no history */
  const rl_migration *under; /* way */
  char id[40];               /* its row's */
  rl_lease lent;             /* the connection, as a transaction of a client sees it */
  bool in_transaction, keys_off, was_down;
  int64_t broken_keys; /* rows that referred to nothing before */
  int64_t steps;
} rl_migrations;

typedef struct rl_migrations_settings {
  rl_str url, folder;
  bool create; /* the database is made when it is missing */
  bool replay;
  const rl_schema *schema; /* may be NULL; not kept */
} rl_migrations_settings;

rille_status rl_migrations_open(rl_migrations *m, const rl_migrations_settings *s, rl_error *err);
void rl_migrations_close(rl_migrations *m); /* gives the lock back too, and rolls back what is under way */

/* lock.c: P1002 when another runner has it longer than wait_ms. */
rille_status rl_migrations_lock(rl_migrations *m, int64_t wait_ms, rl_error *err);
void rl_migrations_unlock(rl_migrations *m);

/* folder.c */
rille_status rl_folder_read(rl_migrations *m, rl_error *err); /* the list, sorted by name */
/* The text of a migration's file; P3015 when it cannot be read. */
rille_status rl_folder_file(const rl_migrations *m, rl_str name, const char *file, rl_arena *arena, rl_str *out,
                            rl_error *err);
/* P3019 when the lock file names another provider than the database is of. */
rille_status rl_folder_check_provider(const rl_migrations *m, rl_error *err);
/* Writes a file of the folder, or of a migration in it, making the folders that are missing. */
rille_status rl_folder_write(rl_str folder, rl_str name, const char *file, rl_str text, rl_error *err);

/* history.c */
rille_status rl_migrations_load(rl_migrations *m, rl_error *err); /* folder and history */
/* The history's table is made when it is not there. P3005: the database has tables already; P3009: a migration failed.
 */
rille_status rl_migrations_prepare(rl_migrations *m, bool baseline, rl_error *err);
/* Tables other than the history's, in any of the project's schemas. */
rille_status rl_migrations_has_tables(rl_migrations *m, bool *some, rl_error *err);
rille_status rl_history_start(rl_migrations *m, rl_str note, rl_error *err);
rille_status rl_history_steps(rl_migrations *m, int64_t steps, rl_str note, rl_error *err);
rille_status rl_history_finish(rl_migrations *m, int64_t steps, rl_error *err);
rille_status rl_history_log(rl_migrations *m, rl_str text, rl_error *err);
rille_status rl_migrations_mark(rl_migrations *m, rl_str name, bool applied,
                                rl_error *err); /* P3008, 3011, 3012, 3017 */
rille_status rl_history_revert(rl_migrations *m, const rl_migration *x, rl_error *err);

/* run.c, after a load. All that is pending is due then. P3015, and the errors of prepare. */
rille_status rl_migrations_apply(rl_migrations *m, rl_error *err);
/* The latest applied ones are due then, to be taken back: so many, or all behind the one that `to` names. P3009, P3015
 * (one of them has no down.sql), P3017, P3019. */
rille_status rl_migrations_take_back(rl_migrations *m, int64_t steps, rl_str to, rl_error *err);
/* Finishes what is under way and begins the next that is due. RILLE_ROW: it is *out, and the caller may do more in its
 * transaction. RILLE_DONE: none is left. After an error none is due. */
rille_status rl_migrations_next(rl_migrations *m, const rl_migration **out, rl_error *err);
bool rl_migration_is_pending(const rl_migration *x);

/* problems.c, after a load: fills problems and up_to_date. Changes nothing in the database. */
rille_status rl_migrations_evaluate(rl_migrations *m, rl_error *err);

/* left.c */
typedef enum rl_remains {
  RL_REMAINS_RUNNING_WHOLE, /* in the history while it runs, and so after the process was killed */
  RL_REMAINS_OWN_TRANSACTIONS,
  RL_REMAINS_ROLLED_BACK,
  RL_REMAINS_PART,
  RL_REMAINS_ALL_RAN,
  RL_REMAINS_SOME_RAN,
  RL_REMAINS_NONE_RAN,
  RL_REMAINS_COUNT
} rl_remains;
const char *rl_remains_text(rl_remains r); /* as the history says it; static */
rl_left rl_remains_left(rl_remains r);
char *rl_remains_progress(rl_arena *arena, size_t done, size_t count); /* without a transaction; NULL: out of memory */
rl_left rl_left_of(rl_str logs);                                       /* of the history */
rl_str rl_reason_of(const rl_migration *x); /* its logs without the beginning that names it */

/* apply.c */
rille_status rl_migrations_begin(rl_migrations *m, rl_str name, bool down, rl_error *err);
rille_status rl_migrations_finish(rl_migrations *m, rl_error *err);
/* What the caller did failed: rolls back and keeps the words in the history. */
rille_status rl_migrations_fail(rl_migrations *m, rl_str message, rl_error *err);
rille_status rl_migrations_reset(rl_migrations *m, const rl_schema *schema, rl_error *err);
rl_migration *rl_migrations_find(const rl_migrations *m, rl_str name); /* NULL when there is none */

/* script_head.c: what a script says at its head */
typedef struct rl_script_head {
  bool no_transaction;
  rl_str lock_timeout, statement_timeout;
} rl_script_head;
rille_status rl_script_head_of(rl_str script, rl_provider provider, rl_script_head *out, rl_error *err);

/* shadow.c: a database for replays, empty at first. */
typedef struct rl_shadow {
  rl_session admin; /* PostgreSQL: holds the lock that tells the database is in use */
  bool open, made, memory;
  char *url, *name;
  const char *beside; /* a database that is kept: the real one's name */
  rl_arena arena;
} rl_shadow;
rille_status rl_shadow_open(rl_shadow *s, rl_str url, rl_str shadow_url, rl_error *err); /* P3014 */
void rl_shadow_close(rl_shadow *s);                                                      /* nothing of it is left */

#endif
