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
  const rille_schema *names;   /* NULL, or the one whose database schemas are read when both sides are URLs */
  const rille_rename *renames; /* that are known; borrowed during the call */
  size_t rename_count;
  int32_t mirror;     /* 1: what the comments in from_schema say was renamed is named back */
  int32_t reserved_2; /* 0 */
  /* NULL, or the scripts that made the database of the one URL: on SQLite, where the values of enums are texts in rows,
   * they tell which values a comment says were renamed have been so already. Without it the rows that are there tell.
   */
  const char *past;
} rille_diff_options;

typedef struct rille_diff_step {
  uint32_t struct_size;
  uint32_t reserved;
  const char *kind;    /* "create_table", "alter_table", "add_foreign_key", ...; static */
  const char *subject; /* the table or type; borrowed from the diff, as is: */
  const char *sql;     /* one statement without a semicolon */
  const char *changes; /* what it changes, in words, a line each; of the steps of one table the first has them; or "" */
} rille_diff_step;

/* Nothing is changed in any database. *out is owned by the caller:
 * rille_diff_free. Blocking. Errors: P1xxx, and P1012 when the sides are of
 * different kinds or neither tells its kind. */
RILLE_API rille_status rille_diff_open(const rille_diff_options *options, rille_diff **out, rille_error **err);
RILLE_API size_t rille_diff_step_count(const rille_diff *d); /* 0: there is no difference */
RILLE_API void rille_diff_step_get(const rille_diff *d, size_t index,
                                   rille_diff_step *out); /* out->struct_size set by the caller */
RILLE_API size_t rille_diff_warning_count(const rille_diff *d);
RILLE_API const char *rille_diff_warning_get(const rille_diff *d, size_t index); /* borrowed; NULL when out of range */
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
