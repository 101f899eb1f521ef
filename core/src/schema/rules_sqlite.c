/* What SQLite allows in a schema. */
#include "schema/rules.h"

static const rl_index_method methods[] = {{"BTree", true, true}, {NULL, false, false}};

const rl_schema_rules rl_schema_rules_sqlite = {
    .known = true,
    .decimal_whole = 308, /* they are stored as floats */
    .json_floats = true,  /* the declared type JSONB has numeric affinity */
    .index_methods = methods,
    .emulates_no_action = true,
};
