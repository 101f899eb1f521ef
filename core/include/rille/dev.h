/* From a changed schema to a new migration, applied: the decisions of `migrate dev`.
 *
 * The core never calls back. The caller goes from step to step with rille_dev_next, answers the questions, and runs the
 * migration.lua of a migration that has one. One thread at a time. Every call blocks. */
#ifndef RILLE_DEV_H
#define RILLE_DEV_H

#include <rille/migrations.h>

RILLE_BEGIN_DECLS

typedef struct rille_dev rille_dev;

typedef struct rille_dev_options {
  uint32_t struct_size;     /* sizeof(rille_dev_options) */
  int32_t asks;             /* 1: the caller answers questions; 0: each counts as answered with no */
  const char *url;          /* required */
  const char *folder;       /* required; it need not exist */
  rille_schema *schema;     /* required; borrowed until the handle is freed */
  const char *shadow_url;   /* NULL, or an empty database for replays, see rille_shadow_open */
  const char *name;         /* of the new migration; NULL or "": it is asked for, or "migration" */
  int64_t lock_wait_ms;     /* see rille_migrations_lock */
  int32_t create_only;      /* 1: writes the migration and does not apply it, so it can be edited */
  int32_t data;             /* 1: the same, with a migration.lua to fill in */
  int32_t accept_data_loss; /* 1: continues although rows or values will be lost */
  int32_t no_down;          /* 1: writes no down.sql */
} rille_dev_options;

#define RILLE_DEV_MIGRATION 1  /* `migration` was begun, as by rille_migrations_next: the rest of it is the caller's */
#define RILLE_DEV_ASK_RESET 2  /* may all data be dropped? rille_dev_reason_at says why that is needed */
#define RILLE_DEV_ASK_RENAME 3 /* is it a rename, from `from` to `to`? */
#define RILLE_DEV_ASK_DATA_LOSS 4 /* may be lost what rille_dev_warning_at says? */
#define RILLE_DEV_ASK_NAME 5      /* what is the migration called? */

typedef struct rille_dev_step {
  uint32_t struct_size;        /* set by the caller */
  int32_t kind;                /* RILLE_DEV_* */
  const char *migration;       /* of RILLE_DEV_MIGRATION; strings are borrowed until the next call */
  int32_t has_lua, has_schema; /* of it: migration.lua, schema.prisma */
  const char *what;            /* of RILLE_DEV_ASK_RENAME: "table", "column" or "enum value"; static */
  const char *table;           /* the table or enum of a column or value; "" for a table */
  const char *from, *to;
  size_t count; /* reasons of RILLE_DEV_ASK_RESET, warnings of RILLE_DEV_ASK_DATA_LOSS */
} rille_dev_step;

#define RILLE_REASON_FAILED 1  /* `migration` failed */
#define RILLE_REASON_EDITED 2  /* it was changed after it had been applied */
#define RILLE_REASON_MISSING 3 /* it is applied, but not in the folder */
#define RILLE_REASON_DRIFT 4   /* the database is not as its migrations leave it; `script` leads from there to it */

typedef struct rille_dev_reason {
  uint32_t struct_size;  /* set by the caller */
  int32_t kind;          /* RILLE_REASON_* */
  const char *migration; /* "" when it is about none */
  const char *script;    /* "" when there is none */
  const char *text;      /* all of it as a sentence */
} rille_dev_reason;

/* What was done so far. Strings and lists are borrowed until the handle is freed. */
typedef struct rille_dev_result {
  uint32_t struct_size; /* set by the caller */
  int32_t up_to_date;   /* 1: the schema and the migrations are the same */
  const char *created;  /* NULL, or the name of the new migration */
  const char *const *applied;
  size_t applied_count;
  const char *const *irreversible; /* what down.sql cannot bring back */
  size_t irreversible_count;
  size_t warning_count; /* see rille_dev_warning_at */
} rille_dev_result;

/* *out is owned by the caller: rille_dev_free. Errors: VALIDATION, P1012, P1013. */
RILLE_API rille_status rille_dev_open(const rille_dev_options *options, rille_dev **out, rille_error **err);
/* RILLE_ROW: *step says what is next. RILLE_DONE: all is done. A question that was not answered counts as answered with
 * no. After an error nothing is left to do. Errors: VALIDATION with "reasons" (a reset is needed), P3001 with
 * "warnings" (data would be lost), P3006 (the folder does not apply to an empty database), P3010, P3014, P3015, P3018,
 * P3019. */
RILLE_API rille_status rille_dev_next(rille_dev *d, rille_dev_step *step, rille_error **err);
/* yes: 0 is no. name: of RILLE_DEV_ASK_NAME, NULL else. VALIDATION when nothing is asked. */
RILLE_API rille_status rille_dev_answer(rille_dev *d, int32_t yes, const char *name, rille_error **err);
/* The handle that has the migration under way, for rille_migrations_tx, _pull and _fail; borrowed until the next call
 * of rille_dev_next. */
RILLE_API rille_migrations *rille_dev_migrations(rille_dev *d);
RILLE_API void rille_dev_reason_at(const rille_dev *d, size_t index, rille_dev_reason *out);
/* The warnings of the rows that are there. */
RILLE_API void rille_dev_warning_at(const rille_dev *d, size_t index, rille_diff_warning *out);
RILLE_API void rille_dev_result_get(const rille_dev *d, rille_dev_result *out);
/* Rolls back what is under way, and drops the shadow database. */
RILLE_API void rille_dev_free(rille_dev *d);

RILLE_END_DECLS
#endif
