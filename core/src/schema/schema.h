/* The resolved schema: what the rest of the house reads. Immutable after rl_schema_parse; owns one arena;
 * reference-counted (atomic); any thread may read it. Every pointer in it is borrowed until the last release. */
#ifndef RL_SCHEMA_SCHEMA_H
#define RL_SCHEMA_SCHEMA_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "base/provider.h"
#include "base/str.h"

typedef struct rl_schema rl_schema;
typedef struct rl_model rl_model;
typedef struct rl_field rl_field;
typedef struct rl_enum rl_enum;
typedef struct rl_relation rl_relation;
typedef struct rl_field_rules rl_field_rules; /* schema/field_rules.h */

typedef enum rl_scalar {
  RL_STRING,
  RL_BOOLEAN,
  RL_INT,
  RL_BIGINT,
  RL_FLOAT,
  RL_DECIMAL,
  RL_DATETIME,
  RL_JSON,
  RL_BYTES,
  RL_ENUM,
  RL_UNSUPPORTED
} rl_scalar;

/* Native types; RL_NATIVE_NONE means the default of the scalar on the provider at hand. The names are those behind @db.
 */
typedef enum rl_native {
  RL_NATIVE_NONE = 0,
#define RL_NATIVE(id, text, scalar, min_args, max_args) RL_NATIVE_##id,
#include "schema/native_types.def"
#undef RL_NATIVE
  RL_NATIVE_COUNT
} rl_native;
const char *rl_native_name(rl_native n); /* "VarChar" */

/* What a column or a parameter holds: all that a dialect and a driver need to know of a field. */
typedef struct rl_type {
  rl_scalar scalar;
  rl_native native;
  int32_t arg_count;
  int32_t args[2]; /* VarChar(191), Decimal(10, 2), Timestamp(3) */
  bool list;
  const rl_enum *enumeration; /* ENUM */
  const char *unsupported;    /* UNSUPPORTED: the database type as written */
} rl_type;

typedef enum rl_default_kind {
  RL_DEFAULT_NONE,
  RL_DEFAULT_LITERAL,
  RL_DEFAULT_LIST,
  RL_DEFAULT_AUTOINCREMENT,
  RL_DEFAULT_NOW,
  RL_DEFAULT_UUID4,
  RL_DEFAULT_UUID7,
  RL_DEFAULT_CUID,
  RL_DEFAULT_CUID2,
  RL_DEFAULT_ULID,
  RL_DEFAULT_NANOID,
  RL_DEFAULT_DBGENERATED,
  RL_DEFAULT_SEQUENCE
} rl_default_kind;

/* A literal as the schema has it, checked against the field's type. Json and DateTime literals stay text; numbers keep
 * their letters. */
typedef struct rl_literal {
  enum { RL_LITERAL_TEXT, RL_LITERAL_NUMBER, RL_LITERAL_BOOL, RL_LITERAL_ENUM } kind;
  rl_str text; /* TEXT: unescaped; NUMBER: its letters; ENUM: the value's schema name; BOOL: "true" or "false" */
} rl_literal;

typedef struct rl_default {
  rl_default_kind kind;
  rl_literal literal;      /* LITERAL */
  const rl_literal *items; /* LIST */
  size_t item_count;
  rl_str expression; /* DBGENERATED: the SQL, may be empty; SEQUENCE: its arguments as written */
  int32_t size;      /* NANOID; 0 is 21 */
  rl_str constraint; /* map: name, empty when not given */
} rl_default;

typedef enum rl_action_ref {
  RL_REF_CASCADE,
  RL_REF_RESTRICT,
  RL_REF_NO_ACTION,
  RL_REF_SET_NULL,
  RL_REF_SET_DEFAULT
} rl_action_ref;

struct rl_field {
  rl_str name;   /* in the schema and in calls */
  rl_str column; /* in the database; relations have none */
  const rl_model *model;
  rl_str doc;            /* text of the /// lines above, joined by newline */
  uint32_t index;        /* position in model->fields */
  uint32_t column_index; /* position in model->columns; scalars only */
  bool is_relation;
  bool list, required; /* `T[]`; neither `?` nor `[]` */
  bool ignored;        /* @ignore, or Unsupported: not part of the client's API */
  /* scalars */
  rl_type type;
  rl_default def;
  bool is_id, is_unique; /* alone: @id, @unique, or a block attribute over only this field (without a where) */
  bool updated_at;
  bool generated_by_db; /* autoincrement, dbgenerated or sequence: the database gives the value when none is written */
  const rl_field_rules *rules; /* of the doc comments; NULL: none */
  /* relations */
  const rl_model *target;
  const rl_relation *relation;
  const rl_field *opposite; /* the field on the other side; the ignored one too; never NULL after a valid parse */
  bool holds_key;           /* this side has `fields:` */
};

typedef struct rl_index_field {
  const rl_field *field;
  bool descending, has_sort;
  int32_t length; /* 0: whole */
  rl_str ops;     /* operator class, as written in the schema: "JsonbPathOps", or the text of raw("...") */
  bool ops_raw;
} rl_index_field;

typedef enum rl_index_kind { RL_INDEX_PRIMARY, RL_INDEX_UNIQUE, RL_INDEX_NORMAL, RL_INDEX_FULLTEXT } rl_index_kind;

/* @id, @@id, @unique, @@unique, @@index */
typedef struct rl_index {
  rl_index_kind kind;
  const rl_model *model;
  rl_index_field *fields;
  size_t count;
  rl_str
      client_name; /* key of a compound `where`: name:, else the field names joined by _ ; a single field's own name */
  rl_str name;     /* in the database: map:, else Prisma's: User_pkey, User_email_key, Post_a_b_idx, cut to 63 bytes as
                      Prisma cuts */
  rl_str method;   /* type: "BTree", "Hash", "Gin", ...; empty when not given */
  rl_str where;    /* predicate SQL of where: raw("..."), empty when there is none */
  bool clustered, has_clustered;
} rl_index;

typedef enum rl_relation_kind {
  RL_ONE_TO_ONE,
  RL_ONE_TO_MANY,
  RL_MANY_TO_MANY
} rl_relation_kind; /* MANY_TO_MANY: the implicit one */

struct rl_relation {
  rl_str name; /* @relation's name, else Prisma's: the model names in alphabetical order, joined by "To" */
  rl_relation_kind kind;
  /* with a foreign key: key_side has `fields:` and other_side is referenced. MANY_TO_MANY: key_side is on model A,
   * other_side on model B (alphabetical order of model names; for a self relation of field names) */
  const rl_field *key_side, *other_side;
  const rl_field **fields, **references; /* pairs; for MANY_TO_MANY empty */
  size_t count;
  rl_action_ref on_delete,
      on_update; /* what applies, defaults filled in (SetNull if optional else Restrict; Cascade) */
  bool on_delete_given, on_update_given;
  rl_str constraint;     /* "Post_authorId_fkey", or map: */
  rl_str join_table;     /* MANY_TO_MANY: "_PostToTag"; columns "A" and "B"; index "_PostToTag_B_index"; primary key
                            "_PostToTag_AB_pkey" */
  rl_str join_namespace; /* database schema of the join table, empty when none */
};

typedef struct rl_enum_value {
  rl_str name, column, doc;
} rl_enum_value; /* column: name in the database (@map) */
struct rl_enum {
  rl_str name, table; /* table: type name in the database (@@map) */
  rl_str namespace_;  /* @@schema */
  rl_str doc;
  rl_enum_value *values;
  size_t count;
  const rl_schema *schema;
};

struct rl_model {
  rl_str name, table; /* table: @@map or the name */
  rl_str namespace_;  /* @@schema, empty when none */
  rl_str doc;
  rl_str client_names[3]; /* blog_post, blogPost, BlogPost: snake, camel, as written; see rl_schema_model */
  bool is_view, ignored;
  bool has_rules; /* some field has */
  uint32_t index;
  rl_field *fields; /* all, in order of the schema */
  size_t field_count;
  const rl_field **columns; /* scalar fields in order, ignored ones too */
  size_t column_count;
  const rl_field **relations;
  size_t relation_count;
  const rl_index *primary; /* NULL when there is none */
  const rl_index *indexes; /* all: primary, uniques, others, in order of the schema (field attributes first) */
  size_t index_count;
  rl_map by_name; /* field name -> rl_field* */
  const rl_schema *schema;
};

typedef struct rl_generator {
  rl_str name, provider, doc;
  rl_map config;
} rl_generator; /* config: key -> rl_str* as written */

typedef struct rl_source {
  rl_str file;
  rl_str text;
} rl_source; /* file: name for messages, "schema.prisma" */

struct rl_schema {
  rl_arena arena;
  _Atomic int references;
  rl_provider provider; /* NONE without a datasource */
  rl_str provider_text; /* as written */
  rl_str url_env, url;  /* url = env("NAME") or url = "text"; empty when absent */
  rl_str direct_url_env, direct_url, shadow_url_env, shadow_url;
  bool relation_mode_prisma; /* relationMode = "prisma" */
  rl_str *namespaces;        /* schemas = [...] */
  size_t namespace_count;
  rl_str *extensions; /* extensions = [...]: names */
  size_t extension_count;
  rl_generator *generators;
  size_t generator_count;
  rl_model **models; /* views too, in order */
  size_t model_count;
  rl_enum **enums;
  size_t enum_count;
  rl_relation **relations;
  size_t relation_count;
  rl_map models_by_name;   /* schema name -> rl_model* */
  rl_map models_by_client; /* snake, camel and written name -> rl_model* */
  rl_map enums_by_name;
  rl_map json_fields; /* names that are Json fields and nothing else in any model: for the tape */
  uint64_t hash;      /* of the source text: part of a plan's key */
  rl_str source;      /* the joined source text */
  rl_source *files;   /* its files, in order */
  size_t file_count;
};

typedef struct rl_diagnostic {
  rl_str file;
  int line, column; /* from 1; column counts characters */
  int end_column;
  bool warning;
  rl_str message; /* what is wrong and what would be right */
  rl_str source_line;
} rl_diagnostic;

typedef struct rl_diagnostics {
  rl_arena arena;
  rl_diagnostic *items;
  size_t count, cap;
} rl_diagnostics;
void rl_diagnostics_init(rl_diagnostics *d);
void rl_diagnostics_dispose(rl_diagnostics *d);
/* All of them as text: "file:line:column: message", the source line, a caret line; one block each. */
void rl_diagnostics_write(const rl_diagnostics *d, rl_buf *out);

/* Of all files of a schema together. The largest that are known have half a megabyte. */
enum { RL_SCHEMA_MOST_BYTES = 16 << 20 };

/* Parses and resolves one or several files. Errors: all of them at once in *diagnostics (may be NULL) and P1012 in err,
 * whose message has the first and how many there are; details "line", "column", "file". `provider` is used for a schema
 * without a datasource block (NONE: checks that need one are left out). The result has one reference. */
rille_status rl_schema_parse(const rl_source *sources, size_t count, rl_provider provider, rl_schema **out,
                             rl_diagnostics *diagnostics, rl_error *err);
/* Reads a file, or every *.prisma of a folder and its subfolders in order of names, then parses. P1012 when there is
 * none. */
rille_status rl_schema_load(const char *path, rl_provider provider, rl_schema **out, rl_diagnostics *diagnostics,
                            rl_error *err);
rl_schema *rl_schema_retain(rl_schema *s);
void rl_schema_release(rl_schema *s);

/* A name that no block may have. */
bool rl_is_reserved(rl_str name);

/* By any client name; NULL when unknown. */
const rl_model *rl_schema_model(const rl_schema *s, rl_str name);
const rl_field *rl_model_field(const rl_model *m, rl_str name);
const rl_enum_value *rl_enum_by_name(const rl_enum *e, rl_str name);     /* schema name */
const rl_enum_value *rl_enum_by_column(const rl_enum *e, rl_str column); /* database name */
/* The one field by which a join table names rows of m: its id, else its first required unique field; NULL when there is
 * none, which no model with an implicit many-to-many relation lacks. */
const rl_field *rl_model_link_id(const rl_model *m);
/* The unique key of m whose client name is this (compound or single); NULL when there is none. */
const rl_index *rl_model_unique(const rl_model *m, rl_str client_name);

/* Formats as Prisma does: aligned columns, two spaces, relations completed are NOT added; comments and order kept.
 * P1012 when it cannot be parsed at all. */
rille_status rl_schema_format(rl_str text, rl_buf *out, rl_error *err);

#endif
