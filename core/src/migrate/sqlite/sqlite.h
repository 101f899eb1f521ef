/* The files of this wing to each other. */
#ifndef RL_MIGRATE_SQLITE_H
#define RL_MIGRATE_SQLITE_H

#include "migrate/structure/provider.h"

rille_status rl_describe_sqlite(rl_session *s, const rl_str *namespaces, size_t count, rl_db *out, rl_error *err);
rille_status rl_reword_sqlite(rl_session *s, rl_db *wanted, const rl_db *live, rl_error *err);
const char *rl_sqlite_family(rl_str type);

/* Reads what only the statement of a table says: checks, generated columns and collations. The columns are known. */
rille_status rl_sqlite_definition(rl_str create_table, rl_arena *arena, rl_db_table *t, rl_error *err);
rl_str rl_sqlite_predicate(rl_str create_index);
bool rl_sqlite_collates(rl_str create_index);

#endif
