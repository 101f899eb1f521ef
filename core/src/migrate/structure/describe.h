/* Reads the structure of a live database from its catalogue. */
#ifndef RL_MIGRATE_DESCRIBE_H
#define RL_MIGRATE_DESCRIBE_H

#include "migrate/structure/structure.h"
#include "run/session.h"

/* namespaces: the database schemas to read; names are then qualified. None: the
 * connection's own, unqualified. The history table is left out. The result is
 * in the session's arena. */
rille_status rl_db_describe(rl_session *s, const rl_dialect *dialect, const rl_str *namespaces, size_t count,
                            rl_db *out, rl_error *err);

/* PostgreSQL prints expressions in its own form. Types, defaults and predicates
 * of `wanted` are replaced by those of `live` if the database prints both the
 * same. */
rille_status rl_db_normalize(rl_session *s, rl_db *wanted, const rl_db *live, rl_error *err);

/* Returns whether a statement has the name, bare or quoted, outside of strings
 * and comments. */
bool rl_sql_mentions(rl_provider provider, rl_str sql, rl_str name);
/* Replaces a name in a statement; p of the result is NULL: out of memory.
 * table: replace the name only if qualified with this table, NEW or OLD; empty:
 * everywhere. */
rl_str rl_sql_renamed(rl_arena *arena, const rl_dialect *dialect, rl_str sql, rl_str old, rl_str now, rl_str table);

#endif
