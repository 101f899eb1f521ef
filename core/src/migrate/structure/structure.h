/* What a database holds, in one neutral form, whether a schema wants it or a
 * catalogue told it. Texts and lists lie in the arena of whoever made it. */
#ifndef RL_MIGRATE_STRUCTURE_H
#define RL_MIGRATE_STRUCTURE_H

#include "sql/ddl.h"

/* Names of things, by which their positions in a list are found: see names.c. */
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
bool rl_db_names_put(rl_arena *arena, rl_db_names *n, rl_str name, size_t index); /* false: memory is short */
/* The next position that may have this name, which the caller looks at; RL_DB_NO_NAME when there is none. */
size_t rl_db_names_next(const rl_db_names *n, rl_str name, rl_db_cursor *c);
#define RL_DB_EACH_NAMED(i, names, name)                                                                               \
  rl_db_cursor i##_cursor = {0, false};                                                                                \
  for (size_t i = rl_db_names_next((names), (name), &i##_cursor); i != RL_DB_NO_NAME;                                  \
       i = rl_db_names_next((names), (name), &i##_cursor))

typedef enum rl_db_default_kind {
  RL_DB_DEFAULT_NONE,
  RL_DB_DEFAULT_VALUE, /* a constant: `value` has it without quotes and cast */
  RL_DB_DEFAULT_LIST,  /* of constants: `value` has each with the byte 0x1f behind it */
  RL_DB_DEFAULT_NOW,
  RL_DB_DEFAULT_EXPRESSION
} rl_db_default_kind;

typedef struct rl_db_default {
  rl_db_default_kind kind;
  rl_str value;
  rl_str sql; /* as it stands behind DEFAULT */
} rl_db_default;

typedef struct rl_db_column {
  rl_str name;
  rl_str was;       /* the name before the renames of a diff */
  rl_str type;      /* as a statement writes it: VARCHAR(191), "Role", TEXT[] */
  rl_str enum_name; /* of an enum's column: the type and its schema */
  rl_str enum_namespace;
  bool list, required;
  bool autoincrement; /* a sequence of its own, an identity, or SQLite's row id
                       */
  bool implied;       /* autoincrement, but the schema does not ask for it: an Int key of SQLite */
  bool identity;      /* PostgreSQL: GENERATED ... AS IDENTITY */
  bool computed;      /* GENERATED ALWAYS AS (...): left as it is */
  rl_str generated;   /* computed: those words */
  rl_str collation;   /* SQLite, live: of the definition */
  rl_str sequence;    /* PostgreSQL, autoincrement: the sequence's name */
  rl_db_default def;
  rl_str comment;
  rl_str field;        /* the name in the schema; empty when a catalogue told */
  rl_str renamed_from; /* of the doc comment */
  rl_str *stale;       /* SQLite, live: values that rows have and the wanted enum lacks: old names and others */
  size_t stale_count;
  bool retyped;     /* by a diff: its enum gets a new type of the same name */
  bool is_believed; /* pull: of an expression in a view, whose type the known schema tells */
  bool probed;      /* only the database can tell whether type or default differ from
                       its own wording */
} rl_db_column;

typedef struct rl_db_part {
  rl_str column;
  bool descending;
  rl_str opclass; /* empty: the default one */
  bool usual;     /* a catalogue told that it is the default one */
} rl_db_part;

typedef struct rl_db_index {
  rl_str name;
  bool unique;
  bool opaque;      /* over expressions, with INCLUDE or the like, or the constraint
                       of something else: left as it is */
  bool constraint;  /* a UNIQUE of the table's definition: cannot be dropped as
                       an index */
  rl_str method;    /* "BTREE", "GIN", ... */
  rl_str predicate; /* without WHERE and outer parentheses */
  rl_db_part *parts;
  size_t count, cap;
  rl_str sql; /* SQLite, live: its statement, by which an opaque one is made
                 again */
} rl_db_index;

typedef struct rl_db_reference {
  rl_str name;
  rl_str *columns, *targets; /* pairs */
  size_t count;
  rl_str target_namespace, target;
  rl_action_ref on_delete, on_update;
  rl_str rests_on; /* PostgreSQL, live: the index of the target that makes it possible */
} rl_db_reference;

typedef struct rl_db_check {
  rl_str name; /* empty when it has none */
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
  rl_str model; /* the name in the schema; empty when a catalogue told */
  rl_str renamed_from;
  const rl_relation *join; /* of a schema: the implicit many-to-many relation whose table it is */
  bool exchanged;          /* wanted: its sides are those of the one it was renamed from, the other way round */
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
  bool replaced; /* by a diff: a new type takes its place */
} rl_db_enum;

/* What a view's text names; the column is empty when it is the whole table, or an enum. */
typedef struct rl_db_use {
  rl_str namespace_, table, column;
  bool is_enum;
} rl_db_use;

typedef struct rl_db_view {
  rl_str namespace_, name;
  rl_str sql;
  rl_str options; /* PostgreSQL: WITH (...), or nothing */
  rl_str comment;
  bool materialized;
  struct {
    rl_db_use *items;
    size_t count, cap;
  } uses; /* PostgreSQL */
  struct {
    rl_str *items;
    size_t count, cap;
  } belongings; /* PostgreSQL: the statements that make its indexes, comments, rights and triggers again */
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
  } namespaces; /* those that are there, or are wanted; not the home */
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
  } others; /* live: names taken by foreign and virtual tables, which are left alone */
  rl_db_names table_names, enum_names, view_names;
  bool leaves_partial; /* of a schema that has no word for partial indexes: Prisma's, without the preview feature */
  bool of_schema;      /* what it does not name (checks, comments, views) is not
                          unwanted */
  bool is_live;
  const char *past; /* live; NULL, or the scripts that made it, see rille_diff_options */
} rl_db;

/* The new last item of a list, zeroed; NULL when memory is short. */
#define RL_DB_ADD(arena, list)                                                                                         \
  (((list)->count < (list)->cap ||                                                                                     \
    ((list)->items = rl_db_grow((arena), (list)->items, (list)->count, &(list)->cap, sizeof *(list)->items)))          \
       ? &(list)->items[(list)->count++]                                                                               \
       : NULL)
void *rl_db_grow(rl_arena *arena, const void *items, size_t count, size_t *cap, size_t size);

/* A new last item; NULL when memory is short. Tables that have a name or model set in another way are not found. */
rl_db_table *rl_db_add_table(rl_arena *arena, rl_db *db, rl_str namespace_, rl_str name);
rl_db_enum *rl_db_add_enum(rl_arena *arena, rl_db *db, rl_str namespace_, rl_str name);
/* An empty label is no value of a schema. */
static inline bool rl_db_can_say_value(rl_str label) {
  return label.len > 0;
}
rl_db_view *rl_db_add_view(rl_arena *arena, rl_db *db, rl_str namespace_, rl_str name);
bool rl_db_rename_table(rl_arena *arena, rl_db *db, rl_db_table *t, rl_str name);
bool rl_db_rename_enum(rl_arena *arena, rl_db *db, rl_db_enum *e, rl_str name);
bool rl_db_set_model(rl_arena *arena, rl_db *db, rl_db_table *t, rl_str model);
/* NULL when there is none; _named: in whatever schema; _was: by its name before the renames of a diff. */
rl_db_table *rl_db_table_of(const rl_db *db, rl_str namespace_, rl_str name);
rl_db_table *rl_db_table_named(const rl_db *db, rl_str name);
rl_db_table *rl_db_table_was(const rl_db *db, rl_str namespace_, rl_str was);
rl_db_enum *rl_db_enum_of(const rl_db *db, rl_str namespace_, rl_str name);
rl_db_enum *rl_db_enum_named(const rl_db *db, rl_str name);
rl_db_view *rl_db_view_of(const rl_db *db, rl_str namespace_, rl_str name);
rl_db_column *rl_db_column_of(const rl_db_table *t, rl_str name);
bool rl_db_is_other(const rl_db *db, rl_str namespace_, rl_str name);
bool rl_db_is_key(const rl_db_table *t, rl_str column); /* part of the primary key */
/* The primary key or a unique index that a schema can name is over exactly these columns, in any order. */
bool rl_db_is_unique(const rl_db_table *t, const rl_str *columns, size_t count);
bool rl_db_primary_is_over(const rl_db_table *t, const rl_str *columns, size_t count); /* likewise */
bool rl_db_index_is_over(const rl_db_index *x, const rl_str *columns, size_t count);
bool rl_db_same_index(const rl_db_index *a, const rl_db_index *b); /* whatever their names */
const rl_db_index *rl_db_index_of(const rl_db_table *t, rl_str name);
bool rl_db_same_primary(const rl_db_table *a, const rl_db_table *b);
bool rl_db_has_reference(const rl_db_table *t, const rl_db_reference *k); /* whatever its name */
/* Whether a schema has words for a foreign key of t: its target is there and has such a key, of the same types. */
bool rl_db_can_say_reference(const rl_db *db, const rl_db_table *t, const rl_db_reference *k);

#define RL_DB_LIST_END '\x1f'
/* A default in neutral form, from the SQL behind DEFAULT. */
rl_db_default rl_db_default_of(rl_arena *arena, rl_provider provider,
                               rl_str sql); /* a failed copy leaves value.p NULL */
bool rl_db_default_equal(const rl_db_default *a, const rl_db_default *b);
/* Without white space at its ends and without parentheses around all of it. */
rl_str rl_db_bare(rl_provider provider, rl_str expression);
/* The text of a quoted literal, quotes undoubled; a name in double quotes
 * likewise. */
rl_str rl_db_unquote(rl_arena *arena, rl_str quoted);

/* What Prisma takes a declared type for where any name may be declared: INTEGER, BIGINT, REAL, DECIMAL, TEXT, BLOB,
 * BOOLEAN, DATETIME, JSONB; NULL when it is none. */
const char *rl_db_family(const rl_dialect *dialect, rl_str type);

/* A type that a schema has a word for. */
typedef struct rl_db_known_type {
  const char *type, *scalar;
  const char *native; /* what is behind @db.; NULL: the default of the scalar */
} rl_db_known_type;
/* The one of this name, in any case. */
const rl_db_known_type *rl_db_find_type(const rl_db_known_type *all, size_t count, rl_str name);
/* NULL: a schema says Unsupported. *len: of the type's name, without arguments. */
const rl_db_known_type *rl_db_known_type_of(const rl_dialect *dialect, rl_str type, size_t *len);
rl_str rl_db_element_type(rl_str type); /* without [] */
/* Columns that a schema gives the same type, or the same enum. */
bool rl_db_same_scalar(const rl_db *db, const rl_db_column *a, const rl_db_column *b);

rille_status rl_db_of_schema(const rl_dialect *dialect, const rl_schema *schema, rl_arena *arena, rl_db *out,
                             rl_error *err);

#endif
