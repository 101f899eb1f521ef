/* Opening a database, which is created when it is missing. */
#ifndef RL_MIGRATE_OPEN_H
#define RL_MIGRATE_OPEN_H

#include "run/client.h"
#include "run/session.h"
#include "sql/dialect.h"

/* A session on the database of the URL, which is created when it is missing;
 * of one in memory, that of its clients. */
rille_status rl_open_or_create(rl_session *s, rl_str url, const rl_dialect *dialect, rl_error *err);
/* The same server's URL with another database: scheme://authority/DATABASE?parameters; NULL when it cannot be. */
char *rl_url_of_database(rl_str url, const char *database, rl_arena *arena);

/* A statement whose parameters are texts. */
rille_status rl_session_execute(rl_session *s, const char *sql, const rl_str *params, uint32_t count, rl_error *err);

#endif
