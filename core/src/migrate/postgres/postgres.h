/* What the files of this wing share. Private to it. */
#ifndef RL_MIGRATE_POSTGRES_H
#define RL_MIGRATE_POSTGRES_H

#include "migrate/structure/provider.h"

rille_status rl_describe_postgres(rl_session *s, const rl_str *namespaces, size_t count, rl_db *out, rl_error *err);
rille_status rl_normalize_postgres(rl_session *s, rl_db *wanted, const rl_db *live, rl_error *err);
void rl_write_cache_triggers_postgres(rl_buf *sql, const rl_db *wanted, bool drop);

#endif
