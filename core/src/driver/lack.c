/* The error for what a database lacks and others have. */
#include "driver/driver.h"

#include <stdio.h>

rille_status rl_fail_lack(rl_error *err, rl_code code, const rl_driver *driver, bool (*has)(const rl_driver *),
                          const char *where, const char *what) {
  char others[96] = "";
  size_t len = 0;
  for (RL_EACH_PROVIDER(p))
    if (rl_drivers[p] && has(rl_drivers[p]) && len + 1 < sizeof others)
      len += (size_t)snprintf(others + len, sizeof others - len, "%s%s", len ? ", " : "; they exist on ",
                              rl_provider_title(p));
  return rl_fail(err, code, "%s%s has no %s%s", where, rl_provider_title(driver->provider), what, others);
}
