/* The SQL that makes a schema in an empty database, statement by statement, named and typed as Prisma names and types
 * it. */
#ifndef RL_SQL_DDL_H
#define RL_SQL_DDL_H

#include "sql/sql.h"

typedef struct rl_ddl {
  char **statements;
  size_t count;
} rl_ddl; /* each without a final semicolon; lies in the arena */

rille_status rl_ddl_create(const rl_dialect *dialect, const rl_schema *schema, rl_arena *arena, rl_ddl *out,
                           rl_error *err);

/* Queries about what is there, each of one text column. search_path: the first schema of it, empty when not given. */
/* The names of the tables and views that are there. */
char *rl_ddl_list_tables(const rl_dialect *dialect, const rl_schema *schema, rl_str search_path,
                         rl_arena *arena); /* NULL: memory is short */
/* The statements, one a row, that remove everything. */
char *rl_ddl_list_drops(const rl_dialect *dialect, const rl_schema *schema, rl_str search_path, rl_arena *arena);
/* What is sent before and after a change of the structure; "" when nothing is. */
const char *rl_ddl_before(const rl_dialect *dialect);
const char *rl_ddl_after(const rl_dialect *dialect);
/* Creates what tables are to lie in, when it is not there; NULL text when there is nothing to do. */
rille_status rl_ddl_home(const rl_dialect *dialect, rl_str search_path, rl_arena *arena, char **out, rl_error *err);

#endif
