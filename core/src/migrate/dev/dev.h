/* From a changed schema to a new migration, applied: what there is to do, what is asked, and what is written.
 *
 * The core never calls back. The caller goes from step to step: it answers the questions, and runs the migration.lua of
 * a migration that has one, in its transaction. One thread at a time. */
#ifndef RL_MIGRATE_DEV_H
#define RL_MIGRATE_DEV_H

#include "migrate/diff/rename_hints.h"
#include "migrate/diff/sources.h"
#include "migrate/history/migrations.h"

typedef struct rl_dev_settings {
  rl_str url, folder, shadow_url;
  rl_str name;             /* of the new migration; empty: it is asked for, or "migration" */
  const rl_schema *schema; /* borrowed until the end */
  int64_t lock_wait_ms;
  bool asks;             /* questions are answered; else each is answered with no */
  bool create_only;      /* the migration is written, to be edited, and not applied */
  bool data;             /* likewise, with a migration.lua */
  bool accept_data_loss; /* rows and values may be lost */
  bool no_down;          /* without a down.sql */
} rl_dev_settings;

/* What is next. */
typedef enum rl_dev_step {
  RL_DEV_MIGRATION,     /* `migration` was begun: the rest of it is the caller's */
  RL_DEV_ASK_RESET,     /* may everything in the database be dropped? `reasons` say why that is needed */
  RL_DEV_ASK_RENAME,    /* is `rename` one? */
  RL_DEV_ASK_DATA_LOSS, /* may be lost what `warnings` say? */
  RL_DEV_ASK_NAME       /* what is the migration called? */
} rl_dev_step;

typedef enum rl_dev_reason_kind {
  RL_DEV_FAILED, /* states of `migration` */
  RL_DEV_EDITED,
  RL_DEV_MISSING,
  RL_DEV_DRIFT /* the database is not as its migrations leave it: `script` leads back */
} rl_dev_reason_kind;

typedef struct rl_dev_reason {
  rl_dev_reason_kind kind;
  const char *migration, *script; /* "" when there is none */
  const char *text;
} rl_dev_reason;

/* A warning of the rows that are there, and what it says without them. */
typedef struct rl_dev_warning {
  rl_diff_warning about;
  int64_t rows;
  rl_str text;
} rl_dev_warning;

typedef struct rl_dev_texts {
  const char **items;
  size_t count, cap;
} rl_dev_texts;

/* What a comparison came to, in the arena of its owner. */
typedef struct rl_dev_found {
  size_t steps;
  rl_str script;
  rl_diff_warning *losses; /* as they are without rows */
  size_t loss_count;
  rl_dev_warning *warnings; /* counted */
  size_t warning_count;
  bool blocked;
  rl_renames guesses;
} rl_dev_found;

typedef struct rl_dev rl_dev;
typedef rille_status rl_dev_stage(rl_dev *d, rl_error *err);

struct rl_dev {
  rl_arena arena;
  rl_dev_settings s; /* strings in the arena */
  rl_migrations *m;  /* the caller's, open or not */
  bool open, in_memory;
  rl_shadow shadow;
  bool has_shadow, at_the_end; /* the shadow holds what the folder comes to */
  rl_db_names done;            /* migrations that the shadow has, as positions in: */
  rl_dev_texts replayed;
  rl_dev_stage *stage; /* what is next; NULL: nothing */
  rl_dev_step step;    /* of the question or migration that was given out last */
  bool asked, yes;     /* a question is open, and its answer */
  const rl_migration *migration;
  struct {
    rl_dev_reason *items;
    size_t count, cap;
  } reasons;
  rl_rename rename;
  rl_renames renames, refused;
  const char *past; /* NULL, or the scripts of all migrations */
  rl_dev_found found;
  rl_dev_texts applied, irreversible;
  const char *created; /* NULL: nothing was written */
  bool up_to_date;
};

/* m: memory for the handle, which lives as long as d. It is the one that runs the migrations. */
rille_status rl_dev_open(rl_dev *d, rl_migrations *m, const rl_dev_settings *s, rl_error *err);
/* RILLE_ROW: d->step says what is next. RILLE_DONE: all is done. An open question counts as answered with no. After an
 * error nothing is left to do. Errors: VALIDATION with "reasons" (a reset is needed), P3001 with "warnings", P3006,
 * P3010, P3014, P3018, P3019. */
rille_status rl_dev_next(rl_dev *d, rl_error *err);
/* name: only of RL_DEV_ASK_NAME. VALIDATION when nothing is asked. */
rille_status rl_dev_answer(rl_dev *d, bool yes, rl_str name, rl_error *err);
void rl_dev_close(rl_dev *d); /* rolls back what is under way, and drops the shadow database */

/* ---- private to this wing */
bool rl_dev_keep(rl_dev *d, rl_dev_texts *list,
                 const char *text); /* the text lies in the arena; false: NULL was given */
/* The handle, opened and locked when it is not. */
rille_status rl_dev_handle(rl_dev *d, rl_error *err);
/* A database in memory has one connection: while others look at it, the handle is closed. */
void rl_dev_step_aside(rl_dev *d);
void rl_dev_close_handle(rl_dev *d);
/* replay.c: finds the reasons for a reset, and brings the shadow to where the folder ends, by way of where the database
 * should be. */
rille_status rl_dev_replay(rl_dev *d, rl_error *err);
rille_status rl_dev_replay_again(rl_dev *d, rl_error *err); /* all of the folder, in another shadow */
/* compare.c: what the schema has and the shadow lacks. */
rille_status rl_dev_compare(rl_dev *d, rl_error *err);
bool rl_dev_next_guess(rl_dev *d); /* sets d->rename; false: all were asked about */
bool rl_dev_keep_rename(rl_dev *d, rl_renames *list, const rl_rename *r);
/* write.c: the folder of the new migration. */
rille_status rl_dev_write(rl_dev *d, rl_error *err);

#endif
