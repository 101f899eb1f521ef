/* The SQL of a schema's fields and indexes, with the types that Prisma uses, and queries about what a database
 * contains. */
#ifndef RL_SQL_DDL_H
#define RL_SQL_DDL_H

#include "sql/sql.h"

/* Writes the type of a field's column without a sequence: INTEGER, never SERIAL. */
void rl_ddl_column_type(const rl_dialect *dialect, const rl_field *f, rl_buf *out);
/* Returns whether the field is the row id, which the database sets. */
bool rl_ddl_is_row_id(const rl_dialect *dialect, const rl_field *f);
/* Writes the expression after DEFAULT; nothing: the database has no default. */
void rl_ddl_default(const rl_dialect *dialect, const rl_field *f, rl_buf *out);
void rl_ddl_name(const rl_dialect *dialect, rl_str namespace_, rl_str table, rl_buf *out); /* quoted */
void rl_ddl_text(rl_buf *out, rl_str text);                                                /* 'text', quotes doubled */
void rl_ddl_datetime(rl_buf *out, rl_str iso); /* the default of a DateTime, quoted */
void rl_ddl_operator_class(const rl_index_field *f, rl_buf *out);
void rl_ddl_method(rl_str method, rl_buf *out);
/* What a database can do with its structure. Each flag says one thing and is not asked for another. */
typedef struct rl_ddl_features {
  bool enum_types;      /* an enum is a type of the database; false: its columns are text */
  bool namespaces;      /* tables are in schemas */
  bool extensions;      /* CREATE EXTENSION */
  bool exact_types;     /* a column has values of its type only; false: any type may be declared, any value stored */
  bool sequences;       /* autoincrement is a sequence; false: the row id of an integer key */
  bool text_datetimes;  /* a date-time is a string, so its format matters */
  bool index_methods;   /* CREATE INDEX ... USING */
  bool renames_indexes; /* ALTER INDEX ... RENAME */
  bool key_names;       /* primary and foreign keys have names */
  bool column_keys;     /* a primary key of one column is part of the column's definition */
  bool alters_tables;   /* columns, keys and constraints change in place; false: the table is created again */
  bool adds_references; /* foreign keys are added to existing tables; false: only CREATE TABLE has them */
  bool guards_views;    /* what a view uses cannot be dropped or changed; false: the view breaks when it is read */
  bool keeps_texts;     /* definitions of indexes and triggers are kept as text, with the names in it */
  bool join_keys;       /* a join table has a primary key; false: a unique index */
  bool enclosed_expressions; /* the expression of a DEFAULT is in parentheses */
  /* As Prisma writes them: between the columns of a primary key; before the columns that a foreign key refers to. */
  const char *key_separator, *target_opening;
} rl_ddl_features;

const rl_ddl_features *rl_ddl_features_of(const rl_dialect *dialect);

/* Queries about what exists, each with one text column. search_path: its first schema; empty: not set. */
/* The statements that remove everything, one per row. */
char *rl_ddl_list_drops(const rl_dialect *dialect, const rl_schema *schema, rl_str search_path, rl_arena *arena);
/* Statements before and after a change of the structure; "": none. */
const char *rl_ddl_before(const rl_dialect *dialect);
const char *rl_ddl_after(const rl_dialect *dialect);
/* Creates the schema for the tables if it does not exist; NULL text: nothing to do. */
rille_status rl_ddl_home(const rl_dialect *dialect, rl_str search_path, rl_arena *arena, char **out, rl_error *err);

#endif
