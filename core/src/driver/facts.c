/* The table of the databases' facts, and look-ups in it. */
#include "driver/facts.h"

static const rl_facts *const facts_table[RL_PROVIDER_SLOTS] = {
#define RL_PROVIDER(ID, id, name, title, built) [RL_PROVIDER_##ID] = &rl_facts_##id,
#include "base/providers.def"
#undef RL_PROVIDER
};

const rl_facts *rl_facts_of(rl_provider provider) {
  return facts_table[provider];
}

rl_provider rl_provider_of_scheme(rl_str scheme) {
  for (RL_EACH_PROVIDER(p))
    for (const char *const *s = rl_facts_of(p)->schemes; *s; s++)
      if (rl_str_is_any_case(scheme, *s)) return p;
  return RL_PROVIDER_NONE;
}

void rl_url_examples(rl_buf *out) {
  for (RL_EACH_PROVIDER(p)) rl_buf_printf(out, "%s%s", p == 1 ? "" : ", ", rl_facts_of(p)->examples);
}

rille_status rl_check_url_given(const char *url, rl_error *err) {
  if (url && *url) return RILLE_OK;
  rl_buf examples;
  rl_buf_init(&examples);
  rl_url_examples(&examples);
  rille_status st =
      rl_fail(err, RL_P1013, "url: the database URL is missing; write %.*s", RL_STR_ARG(rl_buf_view(&examples)));
  rl_buf_dispose(&examples);
  return st;
}
