/* What is done in each database's own way. */
#include "migrate/structure/describe.h"

rille_status rl_db_describe(rl_session *s, const rl_dialect *dialect, const rl_str *namespaces, size_t count,
                            rl_db *out, rl_error *err) {
  *out = (rl_db){.dialect = dialect, .is_live = true};
  if (rl_ddl_has_types(dialect)) return rl_describe_postgres(s, namespaces, count, out, err);
  return rl_describe_sqlite(s, out, err);
}

rille_status rl_db_reword(rl_session *s, rl_db *wanted, const rl_db *live, rl_error *err) {
  if (rl_ddl_has_types(wanted->dialect)) return rl_reword_postgres(s, wanted, live, err);
  return rl_reword_sqlite(s, wanted, live, err);
}
