/* The table of dialects. */
#include "sql/sql.h"

const rl_dialect *const rl_dialects[RL_PROVIDER_SLOTS] = {
#define RL_PROVIDER(ID, id, name, title, built) [RL_PROVIDER_##ID] = &rl_dialect_##id,
#include "base/providers.def"
#undef RL_PROVIDER
};
