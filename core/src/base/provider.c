/* Names of the databases. */
#include "base/provider.h"

typedef struct provider_row {
  const char *name, *id, *title;
} provider_row;

static const provider_row provider_rows[RL_PROVIDER_SLOTS] = {
    [RL_PROVIDER_NONE] = {"", "", ""},
#define RL_PROVIDER(ID, id, name, title, built) [RL_PROVIDER_##ID] = {name, #id, title},
#include "base/providers.def"
#undef RL_PROVIDER
    [RL_PROVIDER_OTHER] = {"", "", ""},
};

const char *rl_provider_name(rl_provider p) {
  return provider_rows[p].name;
}

const char *rl_provider_title(rl_provider p) {
  return provider_rows[p].title;
}

rl_provider rl_provider_by_name(rl_str name) {
  for (RL_EACH_PROVIDER(p))
    if (rl_str_is(name, provider_rows[p].name) || rl_str_is(name, provider_rows[p].id)) return p;
  return RL_PROVIDER_OTHER;
}

void rl_provider_names(rl_buf *out, const char *before, const char *after, const char *last) {
  for (RL_EACH_PROVIDER(p))
    rl_buf_printf(out, "%s%s%s%s",
                  p == 1                   ? ""
                  : p == RL_PROVIDER_COUNT ? last
                                           : ", ",
                  before, provider_rows[p].name, after);
}
