/* The table of each database's part of migrations. */
#include "migrate/structure/provider.h"

static const rl_migrate_part *const migrate_parts[RL_PROVIDER_SLOTS] = {
#define RL_PROVIDER(ID, id, name, title, built) [RL_PROVIDER_##ID] = &rl_migrate_part_##id,
#include "base/providers.def"
#undef RL_PROVIDER
};

const rl_migrate_part *rl_migrate_part_of(rl_provider provider) {
  return migrate_parts[provider];
}

rille_status rl_db_describe(rl_session *s, const rl_dialect *dialect, const rl_str *namespaces, size_t count,
                            rl_db *out, rl_error *err) {
  *out = (rl_db){.dialect = dialect, .is_live = true};
  return rl_migrate_part_of(dialect->provider)->describe(s, namespaces, count, out, err);
}

rille_status rl_db_normalize(rl_session *s, rl_db *wanted, const rl_db *live, rl_error *err) {
  return rl_migrate_part_of(wanted->dialect->provider)->normalize(s, wanted, live, err);
}
