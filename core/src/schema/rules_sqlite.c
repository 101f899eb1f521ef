/* What SQLite allows in a schema. */
#include "schema/rules.h"

static const rl_index_method methods[] = {{"BTree", true, true}, {NULL, false, false}};

const rl_schema_rules rl_schema_rules_sqlite = {
    .known = true,
    .index_methods = methods,
    .emulates_no_action = true,
};
