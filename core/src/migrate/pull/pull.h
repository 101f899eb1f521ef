/* The schema of a live database, as text. */
#ifndef RL_MIGRATE_PULL_H
#define RL_MIGRATE_PULL_H

#include "migrate/structure/describe.h"
#include "run/client.h"

typedef struct rl_pull_order {
  const rl_schema *known;   /* NULL, or a schema whose names, comments and order stay where they still fit */
  const rl_str *namespaces; /* PostgreSQL's schemas to read; none: those of `known`, else the connection's own */
  size_t namespace_count;
  bool by_file; /* `known` is of a folder: the files that change, each as its name, a zero byte, its text, a zero byte;
                   what is in none of them comes last, in introspected.prisma, or under an empty name when there is no
                   such file yet */
} rl_pull_order;

/* P4001 when there is no table. */
rille_status rl_pull(rl_str url, const rl_pull_order *order, rl_buf *out, rl_error *err);
/* The same of an open session, as its transaction sees the database. */
rille_status rl_pull_session(rl_session *s, const rl_schema *known, rl_buf *out, rl_error *err);

/* ---- private to this wing */

/* A model to be: a table and the names of its columns. */
typedef struct rl_pulled {
  const rl_db_table *table;
  const rl_model *known;
  rl_str name;
  rl_str *fields;          /* one a column */
  const rl_field **knowns; /* one a column, NULL where the known schema has none */
  bool is_view;
  bool is_link;  /* the table of an implicit many-to-many relation */
  bool is_found; /* a record can be told from the others: it has a key */
  struct {
    size_t *items;
    size_t count, cap;
  } relations; /* those that it takes part in */
} rl_pulled;

/* A relation to be: a foreign key, or the two of a link table. */
typedef struct rl_pulled_relation {
  size_t from, to;            /* models: the one with the key, the other; of a link: A and B */
  const rl_db_reference *key; /* NULL for a link */
  const rl_db_table *link;
  const rl_relation *known;
  rl_str name; /* empty: it needs none */
  rl_str from_field, to_field;
  bool single; /* the other side has one at most */
  bool optional;
} rl_pulled_relation;

static inline bool rl_pull_is_ignored(const rl_pulled *m) {
  return !m->is_found || (m->known && m->known->ignored);
}

typedef struct rl_puller {
  const rl_db *db;
  const rl_schema *known;
  const rl_str *namespaces; /* asked for by the caller; none: as `known` says */
  size_t namespace_count;
  rl_str home; /* PostgreSQL: the schema of names without one */
  rl_arena *arena;
  rl_pulled *models;
  size_t count;
  rl_db_names tables, names; /* positions of models by the names of their tables, and by their own */
  size_t *of_known;          /* the same by a known model's index; RL_DB_NO_NAME: it is not there */
  rl_db_names known_tables;  /* positions in known->models by table */
  rl_str *enum_names;        /* one an enum of db, made when first asked for */
  rl_str **value_names;      /* the same of its values */
  rl_db_names known_enums;   /* positions in known->enums by type */
  rl_db_names index_names;   /* of the keys and indexes of db: positions in it do not matter */
  struct {
    rl_pulled_relation *items;
    size_t count, cap;
  } relations;
  rl_buf *out;
  bool failed;
} rl_puller;

void rl_pull_index_known(rl_puller *p); /* before all else: the known schema by its tables and types */
void rl_pull_names(rl_puller *p);       /* models and fields */
const rl_model *rl_pull_known_model(const rl_puller *p, const rl_db_table *t);
const rl_field *rl_pull_known_field(const rl_model *m, rl_str column); /* NULL for a model that is NULL */
void rl_pull_relations(rl_puller *p);                                  /* and the names of their fields */
void rl_pull_write(rl_puller *p);                                      /* the text */
/* A text of the known schema with what differs in its place. wanted: the same
 * of what the known schema itself asks for. */
void rl_pull_keep(rl_puller *p, rl_puller *wanted, rl_str source);
void rl_pull_new(rl_puller *p); /* what the known schema lacks */
void rl_pull_model(rl_puller *p, size_t index);
void rl_pull_enum(rl_puller *p, const rl_db_enum *e);
const rl_enum *rl_pull_known_enum(const rl_puller *p, const rl_db_enum *e);

/* One file of the pulled schema. */
typedef struct rl_pull_part {
  rl_str file, source; /* source: of the known one; p is NULL when it is new */
  rl_buf text;
} rl_pull_part;
/* Leaves out, as comments, what keeps the texts from being a schema. */
rille_status rl_pull_mend(rl_pull_part *parts, size_t count, rl_provider provider, rl_error *err);

const char *rl_pull_printf(rl_puller *p, const char *format, ...);
rl_str rl_pull_enum_name(rl_puller *p, const rl_db_enum *e);
/* What Prisma calls a constraint: Table_column_column_suffix, cut to what
 * PostgreSQL takes. */
rl_str rl_pull_default_name(rl_puller *p, rl_str table, const rl_str *columns, size_t count, const char *suffix);
rl_str rl_pull_field_name(const rl_puller *p, const rl_pulled *m, rl_str column);
/* Whether the name is taken, by a column or by a relation. */
bool rl_pull_has_field(const rl_puller *p, const rl_pulled *m, rl_str name);
/* The type as a schema writes it: scalar, and the text behind @db. or empty;
 * false: Unsupported. */
bool rl_pull_known_type(const rl_type *t, rl_str *scalar);
bool rl_pull_type(rl_puller *p, const rl_db_column *c, rl_str *scalar, rl_str *native);

#endif
