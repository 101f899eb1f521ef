/* SQL text read as a database reads it: the statements of a script, and the placeholders of a statement. Strings,
 * quoted names, comments, dollar quotes and the bodies of triggers and functions are understood by the rules of the
 * database. No connection is needed.
 *
 * A reader is used by one thread at a time, and for one of the two. Text that the database would refuse is
 * still read to its end. */
#ifndef RILLE_SQL_H
#define RILLE_SQL_H

#include <rille/error.h>

RILLE_BEGIN_DECLS

typedef struct rille_sql_reader rille_sql_reader;

/* provider: "postgresql" or "sqlite", as rille_url_provider returns it. The text is borrowed until the reader is freed.
 * Errors: VALIDATION (provider), memory. */
RILLE_API rille_status rille_sql_reader_new(const char *provider, const char *sql, size_t len, rille_sql_reader **out,
                                            rille_error **err);
RILLE_API void rille_sql_reader_free(rille_sql_reader *r); /* NULL is fine */

/* Where a statement is: in bytes from the start of the text, and as a line and a column of characters, from 1. */
typedef struct rille_sql_statement {
  uint32_t struct_size; /* set by the caller */
  uint32_t line, column;
  size_t offset, length; /* without the semicolon, and without white space and comments around it */
} rille_sql_statement;

/* Returns the next statement of a script: RILLE_ROW and *out, or RILLE_DONE. Skips empty statements. */
RILLE_API rille_status rille_sql_next_statement(rille_sql_reader *r, rille_sql_statement *out);

#define RILLE_SQL_BARE 1     /* `?`. On PostgreSQL it may also belong to an operator, which only the caller can know */
#define RILLE_SQL_NUMBERED 2 /* $1, and ?1 on SQLite */
#define RILLE_SQL_NAMED 3    /* SQLite: :name, @name, $name */

typedef struct rille_sql_placeholder {
  uint32_t struct_size; /* set by the caller */
  uint32_t line, column;
  int32_t kind;    /* RILLE_SQL_BARE, ... */
  uint32_t number; /* of a numbered one, at most 1000000; otherwise 0 */
  size_t offset, length;
} rille_sql_placeholder;

/* Returns the next placeholder: RILLE_ROW and *out, or RILLE_DONE. */
RILLE_API rille_status rille_sql_next_placeholder(rille_sql_reader *r, rille_sql_placeholder *out);

RILLE_END_DECLS
#endif
