/* The resolved schema, which all rooms above read. Immutable after rl_schema_parse, and reference-counted (atomic), so
 * any thread may read it. It owns one arena. Every pointer in it is valid until the last release. */
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

/* Native types. RL_NATIVE_NONE means the provider's default for the scalar. The names are those after `@db.`. */
typedef enum rl_native {
  RL_NATIVE_NONE = 0,
#define RL_NATIVE(id, text, scalar, min_args, max_args) RL_NATIVE_##id,
#include "schema/native_types.def"
#undef RL_NATIVE
  RL_NATIVE_COUNT
} rl_native;
const char *rl_native_name(rl_native n); /* "VarChar" */

/* The type of a column or a parameter: all that a dialect and a driver need to know about a field. */
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

/* A literal of the schema, checked against the field's type. Literals of Json and DateTime stay text, and numbers keep
 * their digits as written. */
typedef struct rl_literal {
  enum { RL_LITERAL_TEXT, RL_LITERAL_NUMBER, RL_LITERAL_BOOL, RL_LITERAL_ENUM } kind;
  rl_str text; /* TEXT: unescaped; NUMBER: as written; ENUM: the value's schema name; BOOL: "true" or "false" */
} rl_literal;

typedef struct rl_default {
  rl_default_kind kind;
  rl_literal literal;      /* LITERAL */
  const rl_literal *items; /* LIST */
  size_t item_count;
  rl_str expression; /* DBGENERATED: the SQL, may be empty; SEQUENCE: its arguments as written */
  int32_t size;      /* NANOID; 0 is 21 */
  rl_str constraint; /* the name in `map:`; empty: none */
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
  rl_str column; /* in the database; empty for relations */
  const rl_model *model;
  rl_str doc;            /* the text of the /// lines above, joined by newlines */
  uint32_t index;        /* position in model->fields */
  uint32_t column_index; /* position in model->columns; scalars only */
  bool is_relation;
  bool list, required; /* `T[]`; neither `?` nor `[]` */
  bool ignored;        /* @ignore, or Unsupported: not part of the client's API */
  /* scalars */
  rl_type type;
  rl_default def;
  bool is_id, is_unique; /* alone: @id, @unique, or a block attribute with only this field (and no where) */
  bool updated_at;
  bool generated_by_db;        /* autoincrement, dbgenerated or sequence: without a value, the database sets one */
  const rl_field_rules *rules; /* of the doc comments; NULL: none */
  /* relations */
  const rl_model *target;
  const rl_relation *relation;
  const rl_field *opposite; /* the field on the other side, even if ignored; never NULL after a valid parse */
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
  rl_str client_name; /* the key of a compound `where`: `name:`, or the field names joined by _; the name of a single
                         field */
  rl_str name;   /* in the database: `map:`, or Prisma's: User_pkey, User_email_key, Post_a_b_idx, truncated to 63 bytes
                    like Prisma does */
  rl_str method; /* `type:` "BTree", "Hash", "Gin", ...; empty: none */
  rl_str where;  /* the SQL of `where: raw("...")`; empty: none */
  bool clustered, has_clustered;
} rl_index;

typedef enum rl_relation_kind {
  RL_ONE_TO_ONE,
  RL_ONE_TO_MANY,
  RL_MANY_TO_MANY
} rl_relation_kind; /* MANY_TO_MANY: the implicit one */

struct rl_relation {
  rl_str name; /* the name in @relation, or Prisma's: the model names in alphabetical order, joined by "To" */
  rl_relation_kind kind;
  /* With a foreign key: key_side is the referencing side, and other_side the referenced one. MANY_TO_MANY: key_side is
   * on model A, other_side on model B (alphabetical order of the models, or of the fields of a relation of one model).
   */
  const rl_field *key_side, *other_side;
  const rl_field **fields, **references; /* pairs; empty for MANY_TO_MANY */
  size_t count;
  rl_action_ref on_delete,
      on_update; /* with defaults: on delete SetNull if optional, otherwise Restrict; on update Cascade */
  bool on_delete_given, on_update_given;
  rl_str constraint;     /* "Post_authorId_fkey", or the name in `map:` */
  rl_str join_table;     /* MANY_TO_MANY: "_PostToTag"; columns "A" and "B"; index "_PostToTag_B_index"; primary key
                            "_PostToTag_AB_pkey" */
  rl_str join_namespace; /* database schema of the join table; empty: none */
};

typedef struct rl_enum_value {
  rl_str name, column, doc;
} rl_enum_value; /* column: name in the database (@map) */
struct rl_enum {
  rl_str name, table; /* table: the type's name in the database (@@map) */
  rl_str namespace_;  /* @@schema */
  rl_str doc;
  rl_enum_value *values;
  size_t count;
  const rl_schema *schema;
};

struct rl_model {
  rl_str name, table; /* table: @@map or the name */
  rl_str namespace_;  /* @@schema; empty: none */
  rl_str doc;
  rl_str client_names[3]; /* blog_post, blogPost, BlogPost: snake case, camel case, as written; see rl_schema_model */
  bool is_view, ignored;
  bool has_rules;           /* a field has rules */
  const rl_model **touches; /* `@touches` of its doc comment: models that its triggers write too */
  size_t touch_count;
  uint32_t index;
  rl_field *fields; /* all, in the order of the schema */
  size_t field_count;
  const rl_field **columns; /* scalar fields in order, with ignored ones */
  size_t column_count;
  const rl_field **relations;
  size_t relation_count;
  const rl_index *primary; /* NULL: none */
  const rl_index
      *indexes; /* all: primary, unique and others, in the order of the schema (attributes of fields first) */
  size_t index_count;
  rl_map by_name; /* field name -> rl_field* */
  const rl_schema *schema;
};

typedef struct rl_generator {
  rl_str name, provider, doc;
  rl_map config;
} rl_generator; /* config: key -> rl_str*, as written */

typedef struct rl_source {
  rl_str file;
  rl_str text;
} rl_source; /* file: the name for messages, "schema.prisma" */

struct rl_schema {
  rl_arena arena;
  _Atomic int references;
  rl_provider provider; /* NONE: no datasource */
  rl_str provider_text; /* as written */
  rl_str url_env, url;  /* url = env("NAME") or url = "text"; empty: absent */
  rl_str direct_url_env, direct_url, shadow_url_env, shadow_url;
  bool relation_mode_prisma; /* relationMode = "prisma" */
  rl_str *namespaces;        /* schemas = [...] */
  size_t namespace_count;
  rl_str *extensions; /* extensions = [...]: names */
  size_t extension_count;
  rl_generator *generators;
  size_t generator_count;
  rl_model **models; /* with views, in order */
  size_t model_count;
  rl_enum **enums;
  size_t enum_count;
  rl_relation **relations;
  size_t relation_count;
  rl_map models_by_name;   /* schema name -> rl_model* */
  rl_map models_by_client; /* snake case, camel case and written name -> rl_model* */
  rl_map enums_by_name;
  rl_map json_fields; /* names that are Json fields in every model that has them: for the tape */
  uint64_t hash;      /* of the source text; part of a plan's key */
  rl_str source;      /* the joined source text */
  rl_source *files;   /* its files, in order */
  size_t file_count;
};

typedef struct rl_diagnostic {
  rl_str file;
  int line, column; /* from 1; the column counts characters */
  int end_column;
  bool warning;
  rl_str message; /* what is wrong, and what would be right */
  rl_str source_line;
} rl_diagnostic;

typedef struct rl_diagnostics {
  rl_arena arena;
  rl_diagnostic *items;
  size_t count, cap;
} rl_diagnostics;
void rl_diagnostics_init(rl_diagnostics *d);
void rl_diagnostics_dispose(rl_diagnostics *d);
/* Writes each as a block of text: "file:line:column: message", the source line, a line with a caret. */
void rl_diagnostics_write(const rl_diagnostics *d, rl_buf *out);

/* Of all files of a schema together. The largest known schemas have half a megabyte. */
enum { RL_SCHEMA_MOST_BYTES = 16 << 20 };

/* Parses and resolves one or more files. Errors: P1012, with the first error and the number of others in the message,
 * and the details "line", "column" and "file"; *diagnostics (may be NULL) gets all errors. `provider` is for a schema
 * without a datasource block (NONE: checks that need a provider are skipped). The result has one reference. */
rille_status rl_schema_parse(const rl_source *sources, size_t count, rl_provider provider, rl_schema **out,
                             rl_diagnostics *diagnostics, rl_error *err);
/* Reads a file, or every *.prisma of a folder and its subfolders in the order of names, and parses them. P1012 if there
 * is none. */
rille_status rl_schema_load(const char *path, rl_provider provider, rl_schema **out, rl_diagnostics *diagnostics,
                            rl_error *err);
rl_schema *rl_schema_retain(rl_schema *s);
void rl_schema_release(rl_schema *s);

/* Returns whether no block can have this name. */
bool rl_is_reserved(rl_str name);

/* Finds a model by any client name; NULL: unknown. */
const rl_model *rl_schema_model(const rl_schema *s, rl_str name);
const rl_field *rl_model_field(const rl_model *m, rl_str name);
const rl_enum_value *rl_enum_by_name(const rl_enum *e, rl_str name);     /* schema name */
const rl_enum_value *rl_enum_by_column(const rl_enum *e, rl_str column); /* database name */
/* Returns the field by which a join table identifies rows of m: its id, or its first required unique field; NULL: none.
 * Every model with an implicit many-to-many relation has one. */
const rl_field *rl_model_link_id(const rl_model *m);
/* Returns the unique key of m with this client name, compound or single; NULL: none. */
const rl_index *rl_model_unique(const rl_model *m, rl_str client_name);
/* Returns the unique key of m that has exactly these fields, in any order; NULL: none. */
const rl_index *rl_model_unique_of(const rl_model *m, const rl_field *const *fields, size_t count);
/* Returns whether no two rows of the table have the same values there. */
bool rl_index_is_unique(const rl_index *i);
/* Returns whether a call can name a row by it: it is unique, and all of its fields belong to the client. */
bool rl_index_names_row(const rl_index *i);
bool rl_index_has(const rl_index *i, const rl_field *f);
bool rl_field_in_unique(const rl_field *f); /* a unique key has it */

/* Formats like Prisma: aligned columns, two spaces. Keeps comments and order, but does not complete relations. P1012 if
 * the schema cannot be parsed. */
rille_status rl_schema_format(rl_str text, rl_buf *out, rl_error *err);

#endif
