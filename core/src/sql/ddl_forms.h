/* Where databases differ in how a table is made. Private to sql. */
#ifndef RL_SQL_DDL_FORMS_H
#define RL_SQL_DDL_FORMS_H

#include "sql/ddl.h"

typedef struct rl_ddl_forms {
  bool enum_types;            /* an enum is a type of the database; else text */
  bool namespaces;            /* tables lie in schemas */
  const char *before, *after; /* around a change of the structure */
  void (*list_drops)(rl_buf *out, const rl_str *namespaces, size_t count);
  void (*type)(rl_buf *out, const rl_dialect *d, const rl_field *f,
               bool referring);             /* referring: the column of a join table: no sequence */
  bool (*key_in_column)(const rl_field *f); /* the whole primary key is written in the column */
  void (*literal)(rl_buf *out, const rl_field *f, const rl_literal *l);
  void (*list)(rl_buf *out, const rl_dialect *d, const rl_field *f);
} rl_ddl_forms;

extern const rl_ddl_forms rl_ddl_postgres, rl_ddl_sqlite;

void rl_ddl_table(rl_buf *out, const rl_dialect *d, const rl_ddl_forms *forms, rl_str namespace_, rl_str table);
void rl_ddl_hex(rl_buf *out, rl_str base64); /* the bytes that base64 text stands for, as hexadecimal */
/* A DateTime literal as the server reads it in any time zone: '2020-01-01
 * 00:00:00 +00:00'. */
void rl_ddl_datetime(rl_buf *out, rl_str iso);

#endif
