/* How databases differ in creating tables. Private to sql. */
#ifndef RL_SQL_DDL_FORMS_H
#define RL_SQL_DDL_FORMS_H

#include "sql/ddl.h"

typedef struct rl_ddl_forms {
  rl_ddl_features features;
  const char *before, *after; /* around a change of the structure */
  void (*list_drops)(rl_buf *out, const rl_str *namespaces, size_t count);
  void (*type)(rl_buf *out, const rl_dialect *d, const rl_field *f,
               bool referring);             /* referring: a column of a join table, which has no sequence */
  bool (*key_in_column)(const rl_field *f); /* the primary key is written in the column */
  const char *bytes_prefix;                 /* before the hexadecimal digits of a bytes literal */
  void (*list)(rl_buf *out, const rl_dialect *d, const rl_field *f);
} rl_ddl_forms;

extern const rl_ddl_forms rl_ddl_postgres, rl_ddl_sqlite;

void rl_ddl_table(rl_buf *out, const rl_dialect *d, const rl_ddl_forms *forms, rl_str namespace_, rl_str table);
/* Writes a literal of the schema as SQL. Bytes are written like Prisma does. Both clients fill in such defaults, so
 * only other programs see them. */
void rl_ddl_literal(rl_buf *out, const rl_ddl_forms *forms, const rl_field *f, const rl_literal *l);

#endif
