/* The rules of each database, and those for an unknown database. */
#include "schema/rules.h"

static bool has_any_native(rl_native type) {
  (void)type;
  return true;
}

static const rl_index_method any_method[] = {{"BTree", true, true}, {"Hash", true, true},   {"Gist", true, true},
                                             {"Gin", true, true},   {"SpGist", true, true}, {"Brin", true, true},
                                             {NULL, false, false}};

/* Names have the limit of most databases. */
#define LENIENT                                                                                                        \
  .name_limit = 63, .namespaces = true, .scalar_lists = true, .primary_key_names = true, .foreign_key_names = true,    \
  .default_names = true, .autoincrement_anywhere = true, .index_methods = any_method, .operator_classes = true,        \
  .prefix_lengths = true, .key_order = true, .clustering = true, .fulltext_indexes = true, .sequences = true,          \
  .emulates_no_action = true

static const rl_schema_rules no_provider = {LENIENT, .has_native = has_any_native};
static const rl_schema_rules other_provider = {LENIENT, .shard_keys = true};

static const rl_schema_rules *const schema_rules[RL_PROVIDER_SLOTS] = {
    [RL_PROVIDER_NONE] = &no_provider,
#define RL_PROVIDER(ID, id, name, title, built) [RL_PROVIDER_##ID] = &rl_schema_rules_##id,
#include "base/providers.def"
#undef RL_PROVIDER
    [RL_PROVIDER_OTHER] = &other_provider,
};

const rl_schema_rules *rl_rules_of(rl_provider provider) {
  return schema_rules[provider];
}
