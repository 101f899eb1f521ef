/* The versions of two libraries, as in the first release. rille_provider_get returns those of every database. */
#include "api/handle.h"

void rille_libraries_get(rille_libraries *out) {
  rille_libraries full = {0};
  if (rl_drivers[RL_PROVIDER_POSTGRESQL]) rl_drivers[RL_PROVIDER_POSTGRESQL]->library_version(full.libpq);
  if (rl_drivers[RL_PROVIDER_SQLITE]) rl_drivers[RL_PROVIDER_SQLITE]->library_version(full.sqlite);
  rl_write_struct(out, &full, sizeof full);
}
