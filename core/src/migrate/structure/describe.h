/* Reading a live database's structure out of its catalogue. */
#ifndef RL_MIGRATE_DESCRIBE_H
#define RL_MIGRATE_DESCRIBE_H

#include "migrate/structure/structure.h"
#include "run/session.h"

/* namespaces: the database schemas to read, which then qualify every name;
 * none: the connection's own, unqualified. Prisma's own history table is left
 * out. The result lies in the session's arena. */
rille_status rl_db_describe(rl_session *s, const rl_dialect *dialect, const rl_str *namespaces, size_t count,
                            rl_db *out, rl_error *err);

/* PostgreSQL prints what it is given in words of its own. What `wanted` says of
 * types, defaults and predicates is replaced by what `live` has where the
 * database prints it the same. */
rille_status rl_db_reword(rl_session *s, rl_db *wanted, const rl_db *live, rl_error *err);

/* Whether a name stands in a statement, bare or quoted; texts and comments do
 * not count. */
bool rl_sql_mentions(rl_provider provider, rl_str sql, rl_str name);
/* The statement with another name in its place; p is NULL when memory is short.
 * table: empty, or the one whose column it is: then only behind its name, or
 * NEW and OLD. */
rl_str rl_sql_renamed(rl_arena *arena, const rl_dialect *dialect, rl_str sql, rl_str old, rl_str now, rl_str table);

#endif
