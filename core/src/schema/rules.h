/* What a database allows in a schema. The files of this room read these rules, and never ask which database it is. */
#ifndef RL_SCHEMA_RULES_H
#define RL_SCHEMA_RULES_H

#include "schema/schema.h"

/* A value of `type:` in @@index. */
typedef struct rl_index_method {
  const char *name; /* NULL ends a list */
  bool ordered;     /* its fields can have `sort` */
  bool many_fields;
} rl_index_method;

typedef struct rl_schema_rules {
  bool known;        /* false: the schema names no database, or one that rille does not support; little is checked */
  size_t name_limit; /* bytes of a name in the database; 0: no limit */
  bool namespaces;   /* tables are in schemas of the database: @@schema */
  bool scalar_lists;
  /* Digits of a Decimal without arguments, before and after the point; 0: any number */
  int32_t decimal_whole, decimal_scale;
  bool json_floats;                   /* a Json value that is a bare number is stored as a float */
  bool (*has_native)(rl_native type); /* after @db.; NULL: none, or if not `known`, any, unchecked */
  bool primary_key_names, foreign_key_names, default_names; /* `map` is allowed */
  bool autoincrement_anywhere;                              /* false: only in the only @id field */
  const rl_index_method *index_methods;
  bool operator_classes, prefix_lengths, key_order, clustering, fulltext_indexes; /* of keys and indexes */
  bool sequences, shard_keys;                                                     /* sequence(), @shardKey */
  bool takes_set_null;     /* SetNull on a required field fails only when it runs */
  bool emulates_no_action; /* relationMode = "prisma" allows NoAction */
} rl_schema_rules;

extern const rl_schema_rules rl_schema_rules_postgres, rl_schema_rules_sqlite;

const rl_schema_rules *rl_rules_of(rl_provider provider);

#endif
