/* Look-ups in a database's table of known types. */
#include <strings.h>

#include "migrate/structure/structure.h"

const rl_db_known_type *rl_db_find_type(const rl_db_known_type *all, size_t count, rl_str name) {
  for (size_t i = 0; i < count; i++)
    if (strlen(all[i].type) == name.len && strncasecmp(all[i].type, name.p, name.len) == 0) return &all[i];
  return NULL;
}

rl_str rl_db_element_type(rl_str type) {
  if (type.len > 2 && rl_str_ends(type, RL_STR("[]"))) type.len -= 2;
  return type;
}
