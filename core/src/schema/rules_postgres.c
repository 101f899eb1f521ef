/* What PostgreSQL allows in a schema. */
#include "schema/rules.h"

static bool has_native(rl_native type) {
  return type != RL_NATIVE_NONE; /* native_types.def has no others */
}

static const rl_index_method methods[] = {{"BTree", true, true}, {"Hash", false, false}, {"Gist", true, true},
                                          {"Gin", true, true},   {"SpGist", true, true}, {"Brin", true, true},
                                          {NULL, false, false}};

const rl_schema_rules rl_schema_rules_postgres = {
    .known = true,
    .name_limit = 63,
    .namespaces = true,
    .scalar_lists = true,
    .decimal_whole = 35,
    .decimal_scale = 30,
    .has_native = has_native,
    .primary_key_names = true,
    .foreign_key_names = true,
    .autoincrement_anywhere = true,
    .index_methods = methods,
    .operator_classes = true,
    .takes_set_null = true,
};
