/* The public function that describes the databases. */
#include <rille/provider.h>

#include "api/handle.h"
#include "driver/facts.h"
#include "sql/forms.h"

int rille_provider_get(size_t index, rille_provider *out) {
  static const char *const ids[RL_PROVIDER_SLOTS] = {
#define RL_PROVIDER(ID, id, name, title, built) [RL_PROVIDER_##ID] = #id,
#include "base/providers.def"
#undef RL_PROVIDER
  };
  if (index >= RL_PROVIDER_COUNT) return 0;
  rl_provider p = (rl_provider)(index + 1);
  const rl_facts *facts = rl_facts_of(p);
  const rl_driver *driver = rl_drivers[p];
  rille_provider full = {.built = driver != NULL,
                         .name = rl_provider_name(p),
                         .title = rl_provider_title(p),
                         .id = ids[p],
                         .schemes = facts->schemes,
                         .first_url = facts->first_url,
                         .memory_url = facts->memory_url,
                         .library = facts->library,
                         .server = facts->server,
                         .file_based = facts->file_based,
                         .notifications = driver && driver->notifications,
                         .advisory_locks = driver && driver->advisory_locks,
                         .nulls_largest = rl_dialects[p]->forms->nulls_largest};
  if (driver) driver->library_version(full.library_version);
  rl_write_struct(out, &full, sizeof full);
  return 1;
}
