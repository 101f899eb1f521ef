/* The SQL that a schema's fields and indexes are made of, typed as Prisma types
 * them; and queries about what a database holds. */
#ifndef RL_SQL_DDL_H
#define RL_SQL_DDL_H

#include "sql/sql.h"

/* The type of a field's column, without a sequence: INTEGER, never SERIAL. */
void rl_ddl_column_type(const rl_dialect *dialect, const rl_field *f, rl_buf *out);
/* Its value is the row id that the database gives. */
bool rl_ddl_is_row_id(const rl_dialect *dialect, const rl_field *f);
/* What stands behind DEFAULT; nothing when the database fills nothing in. */
void rl_ddl_default(const rl_dialect *dialect, const rl_field *f, rl_buf *out);
void rl_ddl_name(const rl_dialect *dialect, rl_str namespace_, rl_str table, rl_buf *out); /* quoted */
void rl_ddl_text(rl_buf *out, rl_str text);                                                /* 'text', quotes doubled */
void rl_ddl_datetime(rl_buf *out, rl_str iso); /* the default of a DateTime, quoted */
void rl_ddl_operator_class(const rl_index_field *f, rl_buf *out);
void rl_ddl_method(rl_str method, rl_buf *out);
/* Enums are types, tables lie in schemas, and keys and comments are things of
 * their own. */
bool rl_ddl_has_types(const rl_dialect *dialect);

/* Queries about what is there, each of one text column. search_path: the first
 * schema of it, empty when not given. */
/* The statements, one a row, that remove everything. */
char *rl_ddl_list_drops(const rl_dialect *dialect, const rl_schema *schema, rl_str search_path, rl_arena *arena);
/* What is sent before and after a change of the structure; "" when nothing is.
 */
const char *rl_ddl_before(const rl_dialect *dialect);
const char *rl_ddl_after(const rl_dialect *dialect);
/* Creates what tables are to lie in, when it is not there; NULL text when there
 * is nothing to do. */
rille_status rl_ddl_home(const rl_dialect *dialect, rl_str search_path, rl_arena *arena, char **out, rl_error *err);

#endif
