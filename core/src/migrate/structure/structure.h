/* The structure of a database in one neutral form, as a schema describes it or
 * as a catalogue reports it. Strings and lists are in the arena it was built
 * with. */
#ifndef RL_MIGRATE_STRUCTURE_H
#define RL_MIGRATE_STRUCTURE_H

#include "sql/ddl.h"

/* Hash tables from names to positions in a list: see names.c. */
typedef struct rl_db_name {
  uint32_t hash, index; /* index + 1; 0 is free */
} rl_db_name;
typedef struct rl_db_names {
  rl_db_name *slots;
  size_t cap, count;
} rl_db_names;
typedef struct rl_db_cursor {
  size_t at;
  bool begun;
} rl_db_cursor;
#define RL_DB_NO_NAME ((size_t)-1)
bool rl_db_names_put(rl_arena *arena, rl_db_names *n, rl_str name, size_t index); /* false: out of memory */
/* Returns the next position that may have this name, which the caller compares; RL_DB_NO_NAME: none is left. */
size_t rl_db_names_next(const rl_db_names *n, rl_str name, rl_db_cursor *c);
#define RL_DB_EACH_NAMED(i, names, name)                                                                               \
  rl_db_cursor i##_cursor = {0, false};                                                                                \
  for (size_t i = rl_db_names_next((names), (name), &i##_cursor); i != RL_DB_NO_NAME;                                  \
       i = rl_db_names_next((names), (name), &i##_cursor))

typedef enum rl_db_default_kind {
  RL_DB_DEFAULT_NONE,
  RL_DB_DEFAULT_VALUE, /* a constant: `value` has it without quotes and cast */
  RL_DB_DEFAULT_LIST,  /* of constants: `value` has each, followed by the byte 0x1f */
  RL_DB_DEFAULT_NOW,
  RL_DB_DEFAULT_EXPRESSION
} rl_db_default_kind;

typedef struct rl_db_default {
  rl_db_default_kind kind;
  rl_str value;
  rl_str sql; /* what follows DEFAULT */
} rl_db_default;

typedef struct rl_db_column {
  rl_str name;
  rl_str was;       /* the name before the renames of a diff */
  rl_str type;      /* as a statement writes it: VARCHAR(191), "Role", TEXT[] */
  rl_str enum_name; /* of an enum column: the type and its schema */
  rl_str enum_namespace;
  bool list, required;
  bool autoincrement; /* its own sequence, an identity, or SQLite's row id */
  bool implied;       /* autoincrement without @default(autoincrement()): an Int key of SQLite */
  bool identity;      /* PostgreSQL: GENERATED ... AS IDENTITY */
  bool computed;      /* GENERATED ALWAYS AS (...); it is left alone */
  rl_str generated;   /* of a computed column: that clause */
  rl_str collation;   /* SQLite, live: of the definition */
  rl_str sequence;    /* PostgreSQL, autoincrement: the sequence's name */
  rl_db_default def;
  rl_str comment;
  rl_str field;        /* the name in the schema; empty: from a catalogue */
  rl_str renamed_from; /* of the doc comment, or confirmed */
  rl_str *stale;       /* SQLite, live: values of rows that the wanted enum lacks, old names and others */
  size_t stale_count;
  bool retyped;      /* by a diff: a new type of the same name replaces its enum */
  bool type_unknown; /* pull: an expression in a view; its type is that of the known schema */
  bool needs_probe;  /* only the database can compare its type and default with the live ones */
} rl_db_column;

typedef struct rl_db_part {
  rl_str column;
  bool descending;
  rl_str opclass;          /* empty: the default one */
  bool is_default_opclass; /* according to the catalogue */
} rl_db_part;

typedef struct rl_db_index {
  rl_str name;
  bool unique;
  bool opaque;      /* over expressions, with INCLUDE, or of another constraint; it is left alone */
  bool constraint;  /* a UNIQUE of the table's definition, which cannot be dropped as an index */
  rl_str method;    /* "BTREE", "GIN", ... */
  rl_str predicate; /* without WHERE and outer parentheses */
  rl_db_part *parts;
  size_t count, cap;
  rl_str sql; /* SQLite, live: its statement, to create an opaque one again */
} rl_db_index;

typedef struct rl_db_reference {
  rl_str name;
  rl_str *columns, *targets; /* pairs */
  size_t count;
  rl_str target_namespace, target;
  rl_action_ref on_delete, on_update;
  rl_str target_index; /* PostgreSQL, live: the index of the target that it depends on */
} rl_db_reference;

typedef struct rl_db_check {
  rl_str name; /* empty: none */
  rl_str sql;  /* CHECK (...) */
} rl_db_check;

typedef struct rl_db_table {
  rl_str namespace_, name;
  rl_str was; /* the name before the renames of a diff */
  struct {
    rl_db_column *items;
    size_t count, cap;
  } columns;
  rl_str primary_name;
  struct {
    rl_str *items;
    size_t count, cap;
  } primary;
  struct {
    rl_db_index *items;
    size_t count, cap;
  } indexes;
  struct {
    rl_db_reference *items;
    size_t count, cap;
  } references;
  struct {
    rl_db_check *items;
    size_t count, cap;
  } checks;
  struct {
    rl_str *items;
    size_t count, cap;
  } triggers;                 /* SQLite: their statements, for a rebuild */
  bool strict, without_rowid; /* SQLite */
  rl_str comment;
  rl_str model; /* the name in the schema; empty: from a catalogue */
  rl_str renamed_from;
  const rl_relation *join; /* of a schema: the implicit many-to-many relation that it is the table of */
  bool exchanged;          /* wanted: the rename exchanges its sides */
} rl_db_table;

typedef struct rl_db_value {
  rl_str name;
  rl_str renamed_from;
} rl_db_value;

typedef struct rl_db_enum {
  rl_str namespace_, name;
  struct {
    rl_db_value *items;
    size_t count, cap;
  } values;
  rl_str comment;
  rl_str model;
  rl_str renamed_from;
  bool replaced; /* by a diff: a new type replaces it */
} rl_db_enum;

/* What a view uses. The column is empty for a whole table and for an enum. */
typedef struct rl_db_use {
  rl_str namespace_, table, column;
  bool is_enum;
} rl_db_use;

typedef struct rl_db_view {
  rl_str namespace_, name;
  rl_str sql;
  rl_str options; /* PostgreSQL: WITH (...), or empty */
  rl_str comment;
  bool materialized;
  struct {
    rl_db_use *items;
    size_t count, cap;
  } uses; /* PostgreSQL */
  struct {
    rl_str *items;
    size_t count, cap;
  } dependents; /* PostgreSQL: the statements that create its indexes, comments, privileges and triggers again */
  struct {
    rl_db_column *items;
    size_t count, cap;
  } columns;
} rl_db_view;

typedef struct rl_db {
  const rl_dialect *dialect;
  struct {
    rl_str *items;
    size_t count, cap;
  } namespaces; /* existing or wanted ones, without the connection's own */
  struct {
    rl_str *items;
    size_t count, cap;
  } extensions;
  struct {
    rl_db_enum *items;
    size_t count, cap;
  } enums;
  struct {
    rl_db_table *items;
    size_t count, cap;
  } tables;
  struct {
    rl_db_view *items;
    size_t count, cap;
  } views;
  struct {
    rl_db_use *items;
    size_t count, cap;
  } others; /* live: names of foreign and virtual tables, which are left alone */
  rl_db_names table_names, enum_names, view_names;
  bool leaves_partial; /* of a schema that cannot express partial indexes: Prisma's without the preview feature */
  bool of_schema;      /* described by a schema: what it cannot express (checks, comments, views) is left alone */
  bool is_live;
  const char *past; /* live: the scripts that created it, see rille_diff_options; NULL: unknown */
} rl_db;

/* Adds a zeroed item to a list and returns it; NULL: out of memory. */
#define RL_DB_ADD(arena, list)                                                                                         \
  (((list)->count < (list)->cap ||                                                                                     \
    ((list)->items = rl_db_grow((arena), (list)->items, (list)->count, &(list)->cap, sizeof *(list)->items)))          \
       ? &(list)->items[(list)->count++]                                                                               \
       : NULL)
void *rl_db_grow(rl_arena *arena, const void *items, size_t count, size_t *cap, size_t size);

/* Add an item and return it; NULL: out of memory. Only these functions make names known to rl_db_table_of and the
 * others. */
rl_db_table *rl_db_add_table(rl_arena *arena, rl_db *db, rl_str namespace_, rl_str name);
rl_db_enum *rl_db_add_enum(rl_arena *arena, rl_db *db, rl_str namespace_, rl_str name);
/* A schema cannot express an empty value of an enum. */
static inline bool rl_db_can_express_value(rl_str label) {
  return label.len > 0;
}
rl_db_view *rl_db_add_view(rl_arena *arena, rl_db *db, rl_str namespace_, rl_str name);
bool rl_db_rename_table(rl_arena *arena, rl_db *db, rl_db_table *t, rl_str name);
bool rl_db_rename_enum(rl_arena *arena, rl_db *db, rl_db_enum *e, rl_str name);
bool rl_db_set_model(rl_arena *arena, rl_db *db, rl_db_table *t, rl_str model);
/* Return NULL if there is none. _named: in any schema. _was: by the name before the renames of a diff. */
rl_db_table *rl_db_table_of(const rl_db *db, rl_str namespace_, rl_str name);
rl_db_table *rl_db_table_named(const rl_db *db, rl_str name);
rl_db_table *rl_db_table_was(const rl_db *db, rl_str namespace_, rl_str was);
rl_db_enum *rl_db_enum_of(const rl_db *db, rl_str namespace_, rl_str name);
rl_db_enum *rl_db_enum_named(const rl_db *db, rl_str name);
rl_db_view *rl_db_view_of(const rl_db *db, rl_str namespace_, rl_str name);
rl_db_column *rl_db_column_of(const rl_db_table *t, rl_str name);
bool rl_db_is_other(const rl_db *db, rl_str namespace_, rl_str name);
bool rl_db_is_key(const rl_db_table *t, rl_str column); /* part of the primary key */
/* Return whether the primary key, an index, or either of them with exactly these columns exists, in any order. */
bool rl_db_is_unique(const rl_db_table *t, const rl_str *columns, size_t count);
bool rl_db_primary_is_over(const rl_db_table *t, const rl_str *columns, size_t count);
bool rl_db_index_is_over(const rl_db_index *x, const rl_str *columns, size_t count);
bool rl_db_same_index(const rl_db_index *a, const rl_db_index *b); /* except for their names */
const rl_db_index *rl_db_index_of(const rl_db_table *t, rl_str name);
bool rl_db_same_primary(const rl_db_table *a, const rl_db_table *b);
bool rl_db_has_reference(const rl_db_table *t, const rl_db_reference *k); /* except for its name */
/* Returns whether a schema can express a foreign key of t: its target exists and has a key of the same types. */
bool rl_db_can_express_reference(const rl_db *db, const rl_db_table *t, const rl_db_reference *k);

#define RL_DB_LIST_END '\x1f'
/* Reads a default from the SQL that follows DEFAULT. value.p of a constant is NULL: out of memory. */
rl_db_default rl_db_default_of(rl_arena *arena, rl_provider provider, rl_str sql);
bool rl_db_default_equal(const rl_db_default *a, const rl_db_default *b);
/* Removes white space at the ends, and parentheses around the whole. */
rl_str rl_db_bare(rl_provider provider, rl_str expression);
/* Returns the text of a quoted literal or name, with doubled quotes reduced. */
rl_str rl_db_unquote(rl_arena *arena, rl_str quoted);

/* Returns the type that Prisma assumes for a declared one, if any name may be declared: INTEGER, BIGINT, REAL, DECIMAL,
 * TEXT, BLOB, BOOLEAN, DATETIME, JSONB; NULL: none. */
const char *rl_db_family(const rl_dialect *dialect, rl_str type);

/* A type that a schema can express. */
typedef struct rl_db_known_type {
  const char *type, *scalar;
  const char *native; /* what follows @db.; NULL: the default of the scalar */
} rl_db_known_type;
/* Finds a type by its name in upper or lower case; NULL: none. */
const rl_db_known_type *rl_db_find_type(const rl_db_known_type *all, size_t count, rl_str name);
/* Returns NULL for a type that is Unsupported in a schema. *len: length of the type's name, without arguments. */
const rl_db_known_type *rl_db_known_type_of(const rl_dialect *dialect, rl_str type, size_t *len);
rl_str rl_db_element_type(rl_str type); /* without [] */
/* Returns whether the columns have the same type or enum in a schema. */
bool rl_db_same_scalar(const rl_db *db, const rl_db_column *a, const rl_db_column *b);

/* Builds the structure that a schema describes. */
rille_status rl_db_of_schema(const rl_dialect *dialect, const rl_schema *schema, rl_arena *arena, rl_db *out,
                             rl_error *err);

#endif
