/* Types of columns, as databases declare them and as a schema writes them. */
#include "migrate/structure/provider.h"

typedef rl_db_known_type known_type;

const char *rl_db_family(const rl_dialect *dialect, rl_str type) {
  const rl_migrate_part *part = rl_migrate_part_of(dialect->provider);
  return part->family ? part->family(type) : NULL;
}

const rl_db_known_type *rl_db_known_type_of(const rl_dialect *dialect, rl_str type, size_t *len) {
  *len = type.len;
  return rl_migrate_part_of(dialect->provider)->known_type(type, len);
}

bool rl_db_same_scalar(const rl_db *db, const rl_db_column *a, const rl_db_column *b) {
  if (a->enum_name.len || b->enum_name.len)
    return rl_str_eq(a->enum_name, b->enum_name) && rl_str_eq(a->enum_namespace, b->enum_namespace);
  size_t len;
  const known_type *x = rl_db_known_type_of(db->dialect, a->type, &len);
  const known_type *y = rl_db_known_type_of(db->dialect, b->type, &len);
  return x && y && strcmp(x->scalar, y->scalar) == 0;
}
