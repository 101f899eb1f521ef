/* The schema of a live database, as text. */
#ifndef RL_MIGRATE_PULL_H
#define RL_MIGRATE_PULL_H

#include "migrate/structure/describe.h"
#include "run/client.h"

typedef struct rl_pull_order {
  const rl_schema *known;   /* NULL, or a schema whose names, comments and order are kept if they still fit */
  const rl_str *namespaces; /* PostgreSQL's schemas to read; none: those of `known`, or the connection's own */
  size_t namespace_count;
  /* `known` is a folder. The result has the files that change, each as its name, a zero byte, its text, a zero byte.
   * What no file has yet comes last, in introspected.prisma, or under an empty name if that file does not exist. */
  bool by_file;
} rl_pull_order;

/* Writes the schema of a database. P4001 if it has no tables. */
rille_status rl_pull(rl_str url, const rl_pull_order *order, rl_buf *out, rl_error *err);
/* Does the same in an open session, as its transaction sees the database. */
rille_status rl_pull_session(rl_session *s, const rl_schema *known, rl_buf *out, rl_error *err);

/* ---- private to this wing */

/* A model that will be written: a table and the names of its fields. */
typedef struct rl_pulled {
  const rl_db_table *table;
  const rl_model *known;
  rl_str name;
  rl_str *fields;                /* one per column */
  const rl_field **known_fields; /* one per column; NULL: the known schema has none */
  bool is_view;
  bool is_link; /* the table of an implicit many-to-many relation */
  bool has_key; /* a key identifies its rows */
  struct {
    size_t *items;
    size_t count, cap;
  } relations; /* positions of its relations */
} rl_pulled;

/* A relation that will be written: a foreign key, or the two of a link table. */
typedef struct rl_pulled_relation {
  size_t from, to;            /* models: the referencing side and the other; of a link: A and B */
  const rl_db_reference *key; /* NULL for a link */
  const rl_db_table *link;
  const rl_relation *known;
  rl_str name; /* empty: none is needed */
  rl_str from_field, to_field;
  bool single; /* the other side has at most one */
  bool optional;
} rl_pulled_relation;

static inline bool rl_pull_is_ignored(const rl_pulled *m) {
  return !m->has_key || (m->known && m->known->ignored);
}

typedef struct rl_puller {
  const rl_db *db;
  const rl_schema *known;
  const rl_str *namespaces; /* named by the caller; none: those of `known` */
  size_t namespace_count;
  rl_str home; /* PostgreSQL: the schema of unqualified names */
  rl_arena *arena;
  rl_pulled *models;
  size_t count;
  rl_db_names tables, names; /* positions of models by table name and by model name */
  size_t *of_known;          /* positions of models by the known model's index; RL_DB_NO_NAME: not in the database */
  rl_db_names known_tables;  /* positions in known->models by table name */
  rl_str *enum_names;        /* one per enum of db, built at first use */
  rl_str **value_names;      /* one list per enum of db, built at first use */
  rl_db_names known_enums;   /* positions in known->enums by the name of the type */
  rl_db_names index_names;   /* from names of keys and indexes to the positions of their tables */
  struct {
    rl_pulled_relation *items;
    size_t count, cap;
  } relations;
  rl_buf *out;
  bool failed;
} rl_puller;

void rl_pull_index_known(rl_puller *p); /* indexes the known schema by its tables and types; comes first */
void rl_pull_names(rl_puller *p);       /* names models and fields */
const rl_model *rl_pull_known_model(const rl_puller *p, const rl_db_table *t);
const rl_field *rl_pull_known_field(const rl_model *m, rl_str column); /* m: may be NULL */
void rl_pull_relations(rl_puller *p);                                  /* finds relations and names their fields */
void rl_pull_write(rl_puller *p);                                      /* writes the text */
/* Writes a text of the known schema with the differences merged in. wanted:
 * a puller of the structure that the known schema describes. */
void rl_pull_keep(rl_puller *p, rl_puller *wanted, rl_str source);
void rl_pull_new(rl_puller *p); /* writes what the known schema lacks */
void rl_pull_model(rl_puller *p, size_t index);
void rl_pull_enum(rl_puller *p, const rl_db_enum *e);
const rl_enum *rl_pull_known_enum(const rl_puller *p, const rl_db_enum *e);

/* One file of the pulled schema. */
typedef struct rl_pull_part {
  rl_str file, source; /* source: its known text; p is NULL for a new file */
  rl_buf text;
} rl_pull_part;
/* Turns what does not parse into comments. */
rille_status rl_pull_comment_out(rl_pull_part *parts, size_t count, rl_provider provider, rl_error *err);

const char *rl_pull_printf(rl_puller *p, const char *format, ...);
rl_str rl_pull_enum_name(rl_puller *p, const rl_db_enum *e);
/* Returns Prisma's name for a constraint: Table_column_column_suffix, cut to
 * the length that PostgreSQL allows. */
rl_str rl_pull_default_name(rl_puller *p, rl_str table, const rl_str *columns, size_t count, const char *suffix);
rl_str rl_pull_field_name(const rl_puller *p, const rl_pulled *m, rl_str column);
/* Returns whether a column or relation has the name. */
bool rl_pull_has_field(const rl_puller *p, const rl_pulled *m, rl_str name);
/* Find the type as a schema writes it: scalar, and the text after @db. or an
 * empty string. They return false for Unsupported. */
bool rl_pull_known_type(const rl_type *t, rl_str *scalar);
bool rl_pull_type(rl_puller *p, const rl_db_column *c, rl_str *scalar, rl_str *native);

#endif
