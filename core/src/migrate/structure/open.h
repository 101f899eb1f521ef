/* Opens a database, and creates it if it is missing. */
#ifndef RL_MIGRATE_OPEN_H
#define RL_MIGRATE_OPEN_H

#include "run/client.h"
#include "run/session.h"
#include "sql/dialect.h"

/* Opens a session on the database of the URL, and creates it if it is missing.
 * A database in memory is the one of its clients. */
rille_status rl_open_or_create(rl_session *s, rl_str url, const rl_dialect *dialect, rl_error *err);
/* Returns the URL with another database: scheme://authority/DATABASE?parameters; NULL: the URL has another form. */
char *rl_url_of_database(rl_str url, const char *database, rl_arena *arena);

/* Runs a statement with text parameters. p of a parameter is NULL: NULL. */
rille_status rl_session_execute(rl_session *s, const char *sql, const rl_str *params, uint32_t count, rl_error *err);

#endif
