/* Parts of a structure as SQL, in the form of Prisma's migrations. Statements
 * are written without a semicolon. */
#ifndef RL_MIGRATE_RENDER_H
#define RL_MIGRATE_RENDER_H

#include "migrate/structure/structure.h"

void rl_sql_name(rl_buf *out, const rl_dialect *d, rl_str name);
void rl_sql_names(rl_buf *out, const rl_dialect *d, const rl_str *names, size_t count, const char *separator);
void rl_sql_table(rl_buf *out, const rl_dialect *d, const rl_db_table *t);
void rl_sql_default(rl_buf *out, const rl_dialect *d, const rl_db_column *c);
/* Writes "name" TYPE NOT NULL DEFAULT ..., as in CREATE TABLE and ADD COLUMN.
 * t: the column's table, for its primary key; NULL for ADD COLUMN. */
void rl_sql_column(rl_buf *out, const rl_dialect *d, const rl_db_table *t, const rl_db_column *c);
/* name: the name to create the table under: its own or a temporary one.
 * kept: NULL, or a live table whose checks and options are kept. */
void rl_sql_create_table(rl_buf *out, const rl_dialect *d, const rl_db_table *t, rl_str name, const rl_db_table *kept);
void rl_sql_create_index(rl_buf *out, const rl_dialect *d, const rl_db_table *t, const rl_db_index *x);
void rl_sql_reference(rl_buf *out, const rl_dialect *d, const rl_db_reference *k); /* CONSTRAINT ... FOREIGN KEY ... */
void rl_sql_create_enum(rl_buf *out, const rl_dialect *d, const rl_db_enum *e, const char *suffix);
void rl_sql_enum_name(rl_buf *out, const rl_dialect *d, const rl_db_enum *e, const char *suffix);

#endif
