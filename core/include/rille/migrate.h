/* Bringing a database into the form of a schema. */
#ifndef RILLE_MIGRATE_H
#define RILLE_MIGRATE_H

#include <rille/client.h>

RILLE_BEGIN_DECLS

typedef struct rille_push_options {
  uint32_t struct_size;     /* sizeof(rille_push_options) */
  int32_t reset;            /* 1: everything in the database (PostgreSQL: in its schema) is
                               dropped first */
  int32_t accept_data_loss; /* 1: go on although rows or columns may be lost */
  int32_t reserved;         /* 0 */
  const char *url;          /* required */
  rille_schema *schema;     /* required; borrowed */
} rille_push_options;

/* Makes what the database lacks of the schema and drops what the schema lacks,
 * in one transaction; the database itself is created when it does not exist. A
 * database in memory is that of this process and URL, and lives on until the
 * last client that is opened on it closes. Blocking. Errors: P1xxx, P3000, what
 * the database says, and P3001 with the list "warnings" when rows or values
 * would be lost and that is not accepted, or when the rows that are there make
 * a step impossible. */
RILLE_API rille_status rille_push(const rille_push_options *options, rille_error **err);

/* The SQL that push would run on an empty database; *out is owned by the
 * caller: rille_free. No round trip. provider: "postgresql" or "sqlite". */
RILLE_API rille_status rille_schema_sql(const rille_schema *schema, const char *provider, char **out, size_t *len,
                                        rille_error **err);

/* What it takes to bring a database of one form into another. A side without
 * schema and URL is an empty database. */
typedef struct rille_diff rille_diff;

/* The same thing under another name. */
typedef struct rille_rename {
  uint32_t struct_size; /* sizeof(rille_rename) */
  uint32_t reserved;    /* 0 */
  const char *what;     /* "table", "column" or "enum value" */
  const char *table;    /* the table or enum that a column or value is of, as it is called in the end; "" for a table */
  const char *from, *to;
} rille_rename;

typedef struct rille_diff_options {
  uint32_t struct_size; /* sizeof(rille_diff_options) */
  uint32_t reserved;    /* 0 */
  const rille_schema *from_schema;
  const char *from_url;
  const rille_schema *to_schema;
  const char *to_url;
  const rille_schema *names; /* NULL, or the one whose database schemas are read when both sides are URLs */
  /* That are known; borrowed during the call. Each element is as long as its own struct_size says. */
  const rille_rename *renames;
  size_t rename_count;
  int32_t mirror;     /* 1: what the comments in from_schema say was renamed is named back */
  int32_t reserved_2; /* 0 */
  /* NULL, or the scripts that made the database of the one URL: on SQLite, where the values of enums are texts in rows,
   * they tell which values a comment says were renamed have been so already. Without it the rows that are there tell.
   */
  const char *past;
} rille_diff_options;

/* Kinds of step. */
#define RILLE_STEP_CREATE_SCHEMA 1
#define RILLE_STEP_CREATE_EXTENSION 2
#define RILLE_STEP_CREATE_ENUM 3
#define RILLE_STEP_ALTER_ENUM 4
#define RILLE_STEP_DROP_ENUM 5
#define RILLE_STEP_CREATE_TABLE 6
#define RILLE_STEP_ALTER_TABLE 7
#define RILLE_STEP_REDEFINE_TABLE 8 /* SQLite: built anew */
#define RILLE_STEP_DROP_TABLE 9
#define RILLE_STEP_CREATE_INDEX 10
#define RILLE_STEP_RENAME_INDEX 11
#define RILLE_STEP_DROP_INDEX 12
#define RILLE_STEP_ADD_FOREIGN_KEY 13
#define RILLE_STEP_DROP_FOREIGN_KEY 14
#define RILLE_STEP_CREATE_VIEW 15
#define RILLE_STEP_DROP_VIEW 16
#define RILLE_STEP_RENAME 17 /* of a table, a column, a type or a value */

typedef struct rille_diff_step {
  uint32_t struct_size; /* set by the caller */
  int32_t kind;         /* RILLE_STEP_* */
  const char *name;     /* the kind as a word: "create_table", "alter_table", ...; static */
  const char *subject;  /* the table or type; borrowed from the diff, as is: */
  const char *sql;      /* one statement without a semicolon */
  size_t change_count;  /* what it changes; of the steps of one table the first has them */
} rille_diff_step;

/* Kinds of change. */
#define RILLE_CHANGE_ADD_COLUMN 1
#define RILLE_CHANGE_DROP_COLUMN 2
#define RILLE_CHANGE_ALTER_COLUMN 3
#define RILLE_CHANGE_ALTER_PRIMARY_KEY 4
#define RILLE_CHANGE_ADD_INDEX 5
#define RILLE_CHANGE_DROP_INDEX 6
#define RILLE_CHANGE_ADD_FOREIGN_KEY 7
#define RILLE_CHANGE_DROP_FOREIGN_KEY 8
#define RILLE_CHANGE_RENAME 9 /* of an index or constraint */

typedef struct rille_diff_change {
  uint32_t struct_size; /* set by the caller */
  int32_t kind;         /* RILLE_CHANGE_* */
  const char *name;     /* the kind as a word: "add_column", ...; static */
  const char *subject;  /* the column, index or constraint, as it is called in the end; "" when it has no name */
  const char *text;     /* the change in words, one line */
} rille_diff_change;

/* Kinds of warning. */
#define RILLE_WARNING_DROP_TABLE 1          /* its rows are lost */
#define RILLE_WARNING_DROP_COLUMN 2         /* its values are lost */
#define RILLE_WARNING_ADD_REQUIRED_COLUMN 3 /* without a default: not possible where there are rows */
#define RILLE_WARNING_MAKE_REQUIRED 4       /* not possible where there are NULLs */
#define RILLE_WARNING_CAST 5                /* values are cast to a type that may not hold them */
#define RILLE_WARNING_REMAKE_COLUMN 6       /* nothing casts the values: the column is dropped and made again */
#define RILLE_WARNING_REMAKE_REQUIRED_COLUMN                                                                           \
  7 /* the same, but it is required and has no default: not possible where there are rows */
#define RILLE_WARNING_ADD_UNIQUE 8       /* not possible where values are there more than once */
#define RILLE_WARNING_DROP_ENUM_VALUES 9 /* rows may still have them */
#define RILLE_WARNING_VIEW_IN_THE_WAY 10 /* it uses what would go */

/* What may be lost, or cannot be done. Strings are borrowed from the diff. */
typedef struct rille_diff_warning {
  uint32_t struct_size;     /* set by the caller */
  int32_t kind;             /* RILLE_WARNING_* */
  const char *name;         /* the kind as a word: "drop_column", ...; static */
  const char *table;        /* "" when it is about none */
  const char *column;       /* "" when it is about none, or about several */
  const char *subject;      /* the enum or view, or "" */
  const char *const *items; /* the columns of a key, or the values of an enum that go */
  size_t item_count;
  int64_t rows;   /* what was counted; -1: not counted, or not about rows */
  int32_t blocks; /* 1: the step is not possible with such rows */
  int32_t reserved;
  const char *text; /* all of it as a sentence */
} rille_diff_warning;

/* Nothing is changed in any database. *out is owned by the caller:
 * rille_diff_free. Blocking. Errors: P1xxx, and P1012 when the sides are of
 * different kinds or both kinds are unknown. */
RILLE_API rille_status rille_diff_open(const rille_diff_options *options, rille_diff **out, rille_error **err);
RILLE_API size_t rille_diff_step_count(const rille_diff *d); /* 0: there is no difference */
/* An index that is out of range leaves *out as it is, here and below. */
RILLE_API void rille_diff_step_at(const rille_diff *d, size_t index, rille_diff_step *out);
RILLE_API void rille_diff_change_at(const rille_diff *d, size_t step, size_t index, rille_diff_change *out);
RILLE_API size_t rille_diff_warning_count(const rille_diff *d);
RILLE_API void rille_diff_warning_at(const rille_diff *d, size_t index, rille_diff_warning *out);
/* The warnings are counted on a live database from then on: those that are about no row are gone, the others tell the
 * number. */
RILLE_API rille_status rille_diff_count_rows(rille_diff *d, const char *url, rille_error **err);
RILLE_API int rille_diff_is_blocked(const rille_diff *d); /* after that: 1 when rows make a step impossible */
/* Things that go while one of the same type comes, which might be renames. */
RILLE_API size_t rille_diff_guess_count(const rille_diff *d);
RILLE_API void rille_diff_guess_get(const rille_diff *d, size_t index, rille_rename *out); /* texts borrowed from d */
/* All steps as a script with titles and warnings, as Prisma writes a
 * migration.sql; borrowed. */
RILLE_API const char *rille_diff_script(const rille_diff *d);
RILLE_API void rille_diff_free(rille_diff *d);

typedef struct rille_pull_options {
  uint32_t struct_size;       /* sizeof(rille_pull_options) */
  uint32_t reserved;          /* 0 */
  const char *url;            /* required */
  const rille_schema *schema; /* NULL, or one whose names, comments and order
                                 are kept where they still fit */
  const char *const *schemas; /* PostgreSQL: the schemas to read; NULL: those that `schema` names, else the
                                 connection's own */
  size_t schema_count;
  uint32_t by_file; /* not 0: of a schema that was read from a folder, the files that change, each as its name, a zero
                       byte, its text, a zero byte. What is in no file comes last, in introspected.prisma, or under an
                       empty name when the folder has no such file */
} rille_pull_options;

/* The schema of a live database as text. *out is owned by the caller:
 * rille_free. Blocking. Errors: P1xxx, P4001 when the database has no table. */
RILLE_API rille_status rille_pull(const rille_pull_options *options, char **out, size_t *len, rille_error **err);

RILLE_END_DECLS
#endif
