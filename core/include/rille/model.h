/* The contents of a schema: its models with their fields and keys, and its enums. Everything is borrowed from the
 * schema and lives as long as it; any thread may read it. Models, fields, keys, enums and values are numbered from 0 in
 * the order of the schema. A function that takes a number returns 1; if there is no such element, it returns 0 and
 * writes nothing. The caller sets struct_size of the struct to fill in. */
#ifndef RILLE_MODEL_H
#define RILLE_MODEL_H

#include <rille/schema.h>

RILLE_BEGIN_DECLS

/* UTF-8, not terminated; p may be NULL if len is 0. */
typedef struct rille_text {
  const char *p;
  size_t len;
} rille_text;

typedef struct rille_model_info {
  uint32_t struct_size;
  uint32_t field_count;
  uint32_t key_count;
  int32_t view;         /* 1: a view, which can only be read */
  int32_t ignored;      /* 1: @@ignore, not part of the client */
  uint32_t reserved;    /* 0 */
  rille_text name;      /* as written; also a name in the client: db.BlogPost */
  rille_text snake;     /* db.blog_post */
  rille_text camel;     /* db.blogPost */
  rille_text table;     /* in the database */
  rille_text schema_;   /* @@schema, or empty */
  rille_text doc;       /* the comment lines above it that begin with ///, joined by newlines */
  uint32_t touch_count; /* see rille_schema_touch_get */
  uint32_t reserved_2;  /* 0 */
} rille_model_info;

/* Kinds of field. Treat unknown ones as RILLE_FIELD_UNSUPPORTED. */
#define RILLE_FIELD_SCALAR 1
#define RILLE_FIELD_ENUM 2
#define RILLE_FIELD_RELATION 3
#define RILLE_FIELD_UNSUPPORTED 4 /* a database type that rille does not know; not part of the client */

/* Kinds of relation, from the side of the field's model. */
#define RILLE_RELATION_ONE_TO_ONE 1
#define RILLE_RELATION_ONE_TO_MANY 2  /* one row on one side, many on the other */
#define RILLE_RELATION_MANY_TO_MANY 3 /* without a model between them: rille manages the join table */

typedef struct rille_field_info {
  uint32_t struct_size;
  int32_t kind;
  rille_text name;          /* in the schema and in calls */
  rille_text type;          /* "String", the name of an enum or of a model; for UNSUPPORTED, the database's type */
  rille_text column;        /* in the database; empty for relations */
  rille_text doc;           /* as for models */
  rille_text native;        /* "VarChar"; empty: the provider's usual type */
  int32_t native_count;     /* how many of the following are used */
  int32_t native_args[2];   /* VarChar(191), Decimal(10, 2) */
  int32_t list;             /* 1: type[] */
  int32_t required;         /* 1: neither type? nor type[] */
  int32_t ignored;          /* 1: not part of the client */
  int32_t is_id;            /* 1: the whole primary key */
  int32_t is_unique;        /* 1: a whole unique key */
  int32_t updated_at;       /* 1: @updatedAt */
  int32_t has_default;      /* 1: @default, or the database provides a value */
  int32_t by_database;      /* 1: the database evaluates the default: autoincrement, dbgenerated, sequence */
  const char *default_kind; /* "literal", "list", "autoincrement", "now", "uuid", "cuid", "ulid", "nanoid",
                               "dbgenerated", "sequence", or "" without @default; static */
  int32_t enum_;            /* number of the enum, -1: not an enum */
  /* of relations only: */
  int32_t target;      /* number of the model, or -1 */
  int32_t opposite;    /* number of the field on the other side, within the target, or -1 */
  int32_t relation;    /* its kind, or 0 */
  int32_t holds_key;   /* 1: the foreign key is on this side (`fields:`) */
  uint32_t pair_count; /* columns of the foreign key, on both sides: see rille_schema_pair_get */
  rille_text relation_name;
  uint32_t rule_count;    /* see rille_schema_rule_get */
  uint32_t default_count; /* of a literal 1, of a list its length: see rille_schema_default_get */
  rille_text expression;  /* of dbgenerated: the SQL; of sequence: its arguments */
  /* of relations with a foreign key, on both sides: */
  const char *on_delete, *on_update; /* "Cascade", "Restrict", "NoAction", "SetNull", "SetDefault"; static */
  int32_t emulated;                  /* 1: relationMode = "prisma", rille performs these actions, not the database */
} rille_field_info;

/* Kinds of rule in doc comments. Ignore unknown ones. */
#define RILLE_RULE_LENGTH 1 /* min, max: INT */
#define RILLE_RULE_RANGE 2  /* min, max: INT, FLOAT, DECIMAL or DATETIME, as the field */
#define RILLE_RULE_EMAIL 3
#define RILLE_RULE_URL 4
#define RILLE_RULE_PATTERN 5   /* text: the pattern */
#define RILLE_RULE_ONE_OF 6    /* rille_schema_rule_value */
#define RILLE_RULE_TRIM 7      /* changes values, before the checks */
#define RILLE_RULE_LOWERCASE 8 /* the same */
#define RILLE_RULE_MESSAGE 9   /* text: the message of the other rules */

typedef struct rille_rule_info {
  uint32_t struct_size;
  int32_t kind;
  rille_text word;               /* "length", "one-of" */
  rille_text text;               /* what follows the word, as written */
  rille_text min_text, max_text; /* the bounds as written; empty: none */
  rille_value min, max;          /* the bounds; RILLE_NULL: none */
  uint32_t value_count;          /* of ONE_OF */
  uint32_t reserved;             /* 0 */
} rille_rule_info;

/* Kinds of key. Treat unknown ones as RILLE_KEY_INDEX. */
#define RILLE_KEY_PRIMARY 1
#define RILLE_KEY_UNIQUE 2
#define RILLE_KEY_INDEX 3

typedef struct rille_key_info {
  uint32_t struct_size;
  int32_t kind;
  uint32_t field_count;
  int32_t names_row;      /* 1: can be used in a unique where; 0 if it covers only some rows */
  rille_text client_name; /* its name in a unique where: a field, "a_b", or name: of the schema */
  rille_text name;        /* in the database */
} rille_key_info;

typedef struct rille_enum_info {
  uint32_t struct_size;
  uint32_t value_count;
  rille_text name;
  rille_text type; /* in the database */
  rille_text doc;
} rille_enum_info;

typedef struct rille_enum_value_info {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  rille_text name;   /* in calls */
  rille_text value;  /* in the database */
  rille_text doc;
} rille_enum_value_info;

RILLE_API int rille_schema_model_get(const rille_schema *s, int32_t model, rille_model_info *out);
RILLE_API int rille_schema_field_get(const rille_schema *s, int32_t model, uint32_t field, rille_field_info *out);
/* Returns the rules of a field: transforms first, then checks in the order of the schema, then the message. */
RILLE_API int rille_schema_rule_get(const rille_schema *s, int32_t model, uint32_t field, uint32_t rule,
                                    rille_rule_info *out);
/* Returns a value of ONE_OF: TEXT or INT. */
RILLE_API int rille_schema_rule_value(const rille_schema *s, int32_t model, uint32_t field, uint32_t rule,
                                      uint32_t value, rille_value *out);
/* Returns the value of a literal default, or an element of a list: BOOL; INT for Int and BigInt; FLOAT; DECIMAL with
 * the digits as written; JSON; otherwise TEXT as written, for Bytes in Base64. */
RILLE_API int rille_schema_default_get(const rille_schema *s, int32_t model, uint32_t field, uint32_t element,
                                       rille_value *out);
/* Returns column `pair` of the foreign key of a relation: the numbers of the fields, *own on this side, *other on the
 * target's. */
RILLE_API int rille_schema_pair_get(const rille_schema *s, int32_t model, uint32_t field, uint32_t pair, uint32_t *own,
                                    uint32_t *other);
RILLE_API int rille_schema_key_get(const rille_schema *s, int32_t model, uint32_t key, rille_key_info *out);
/* Returns the number of the field at a position of a key. */
RILLE_API int rille_schema_key_field(const rille_schema *s, int32_t model, uint32_t key, uint32_t position,
                                     uint32_t *field);
/* Returns the number of a model that `@touches` above this one names: one that its triggers write too. */
RILLE_API int rille_schema_touch_get(const rille_schema *s, int32_t model, uint32_t touch, int32_t *other);
RILLE_API uint32_t rille_schema_enum_count(const rille_schema *s);
RILLE_API int rille_schema_enum_get(const rille_schema *s, uint32_t number, rille_enum_info *out);
RILLE_API int rille_schema_enum_value_get(const rille_schema *s, uint32_t number, uint32_t value,
                                          rille_enum_value_info *out);

RILLE_END_DECLS
#endif
