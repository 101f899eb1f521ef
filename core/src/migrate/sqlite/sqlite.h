/* What the files of this wing share. Private to it. */
#ifndef RL_MIGRATE_SQLITE_H
#define RL_MIGRATE_SQLITE_H

#include "migrate/structure/provider.h"

rille_status rl_describe_sqlite(rl_session *s, const rl_str *namespaces, size_t count, rl_db *out, rl_error *err);
rille_status rl_normalize_sqlite(rl_session *s, rl_db *wanted, const rl_db *live, rl_error *err);
const char *rl_sqlite_family(rl_str type);

/* Reads from the statement what no pragma reports: checks, generated columns and collations. The table has its columns
 * already. */
rille_status rl_sqlite_definition(rl_str create_table, rl_arena *arena, rl_db_table *t, rl_error *err);
rl_str rl_sqlite_predicate(rl_str create_index);
bool rl_sqlite_collates(rl_str create_index);

#endif
