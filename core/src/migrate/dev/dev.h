/* The decisions of `migrate dev`: what a changed schema requires, what to ask, and what to write.
 *
 * The core does not call back. The caller asks for one step after the other, answers the questions, and runs the
 * migration.lua of a migration in its transaction. One thread at a time. */
#ifndef RL_MIGRATE_DEV_H
#define RL_MIGRATE_DEV_H

#include "migrate/diff/rename_hints.h"
#include "migrate/diff/sources.h"
#include "migrate/history/migrations.h"

typedef struct rl_dev_settings {
  rl_str url, folder, shadow_url;
  rl_str name;             /* of the new migration; empty: ask, or "migration" */
  const rl_schema *schema; /* borrowed until rl_dev_close */
  int64_t lock_wait_ms;
  bool asks;             /* the caller answers questions; false: each counts as answered with no */
  bool create_only;      /* write the migration without applying it */
  bool data;             /* the same, with a migration.lua */
  bool accept_data_loss; /* rows and values may be lost */
  bool no_down;          /* without a down.sql */
} rl_dev_settings;

/* The next step of the caller. */
typedef enum rl_dev_step {
  RL_DEV_MIGRATION,     /* `migration` was begun; the caller may do more in its transaction */
  RL_DEV_ASK_RESET,     /* may everything in the database be dropped? `reasons` say why that is needed */
  RL_DEV_ASK_RENAME,    /* is `rename` a rename? */
  RL_DEV_ASK_DATA_LOSS, /* may the data that `warnings` name be lost? */
  RL_DEV_ASK_NAME       /* what is the name of the migration? */
} rl_dev_step;

typedef enum rl_dev_reason_kind {
  RL_DEV_FAILED, /* states of `migration` */
  RL_DEV_EDITED,
  RL_DEV_MISSING,
  RL_DEV_DRIFT /* the database differs from its migrations: `script` leads from them to it */
} rl_dev_reason_kind;

typedef struct rl_dev_reason {
  rl_dev_reason_kind kind;
  const char *migration, *script; /* "": none */
  const char *text;
} rl_dev_reason;

/* A warning with its number of rows. `about` has the text without them. */
typedef struct rl_dev_warning {
  rl_diff_warning about;
  int64_t rows;
  rl_str text;
} rl_dev_warning;

typedef struct rl_dev_texts {
  const char **items;
  size_t count, cap;
} rl_dev_texts;

/* The result of a comparison, allocated in the arena of rl_dev. */
typedef struct rl_dev_found {
  size_t steps;
  rl_str script;
  rl_diff_warning *losses; /* all warnings, without rows */
  size_t loss_count;
  rl_dev_warning *warnings; /* those that apply to the database, with rows */
  size_t warning_count;
  bool blocked;
  rl_renames guesses;
} rl_dev_found;

typedef struct rl_dev rl_dev;
typedef rille_status rl_dev_stage(rl_dev *d, rl_error *err);

struct rl_dev {
  rl_arena arena;
  rl_dev_settings s; /* strings are in the arena */
  rl_migrations *m;  /* borrowed memory; see `open` */
  bool open, in_memory;
  rl_shadow shadow;
  bool has_shadow;
  bool shadow_is_complete; /* the shadow has all migrations of the folder */
  rl_dev_texts replayed;   /* names of the migrations that the shadow has */
  rl_db_names done;        /* from names to positions in `replayed` */
  rl_dev_stage *stage;     /* runs next; NULL: done */
  rl_dev_step step;        /* the last one returned */
  bool asked, yes;         /* a question is open; its answer */
  const rl_migration *migration;
  struct {
    rl_dev_reason *items;
    size_t count, cap;
  } reasons;
  rl_rename rename;
  rl_renames renames, refused;
  const char *past; /* the scripts of all migrations; NULL: not needed */
  rl_dev_found found;
  rl_dev_texts applied, irreversible;
  const char *created; /* name of the new folder; NULL: nothing was written */
  bool up_to_date;
};

/* m: memory for the handle that runs the migrations. It must live as long as d. */
rille_status rl_dev_open(rl_dev *d, rl_migrations *m, const rl_dev_settings *s, rl_error *err);
/* Runs to the next step of the caller. RILLE_ROW: d->step says which. RILLE_DONE: all is done. An open question counts
 * as answered with no. After an error only rl_dev_close may follow. Errors: VALIDATION with "reasons" (a reset is
 * needed), P3001 with "warnings", P3006, P3010, P3014, P3018, P3019. */
rille_status rl_dev_next(rl_dev *d, rl_error *err);
/* Answers the open question. name: only for RL_DEV_ASK_NAME. VALIDATION if no question is open. */
rille_status rl_dev_answer(rl_dev *d, bool yes, rl_str name, rl_error *err);
void rl_dev_close(rl_dev *d); /* rolls back a running migration, and drops the shadow database */

/* ---- private to this wing */
/* Adds a text, which must be in the arena, to the list. Returns false for NULL or if out of memory. */
bool rl_dev_keep(rl_dev *d, rl_dev_texts *list, const char *text);
/* Opens and locks the handle if it is closed. */
rille_status rl_dev_open_handle(rl_dev *d, rl_error *err);
/* Closes the handle of a database in memory, which has one connection, so others can read the database. */
void rl_dev_yield_handle(rl_dev *d);
void rl_dev_close_handle(rl_dev *d);
/* replay.c: finds the reasons for a reset, and replays the folder in the shadow. On the way, with the applied
 * migrations only, it compares the shadow with the database. */
rille_status rl_dev_replay(rl_dev *d, rl_error *err);
rille_status rl_dev_replay_again(rl_dev *d, rl_error *err); /* replays the whole folder in a new shadow */
/* compare.c: compares the shadow with the schema. */
rille_status rl_dev_compare(rl_dev *d, rl_error *err);
bool rl_dev_next_guess(rl_dev *d); /* sets d->rename; false: none is left to ask about */
bool rl_dev_keep_rename(rl_dev *d, rl_renames *list, const rl_rename *r);
/* write.c: writes the folder of the new migration. */
rille_status rl_dev_write(rl_dev *d, rl_error *err);

#endif
