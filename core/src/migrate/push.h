/* Bringing a database into the form of a schema. */
#ifndef RL_MIGRATE_PUSH_H
#define RL_MIGRATE_PUSH_H

#include "run/client.h"
#include "run/session.h"
#include "sql/dialect.h"

typedef struct rl_push_settings {
  const rl_schema *schema;
  rl_str url;
  bool reset;            /* everything that is there goes first */
  bool accept_data_loss; /* rows and values may be lost */
} rl_push_settings;

/* Makes what the database lacks and drops what the schema lacks. P3001 with the
 * list "warnings" when data would be lost and that is not accepted, or when the
 * rows that are there forbid a step. The database is created when it is
 * missing. */
rille_status rl_push(const rl_push_settings *settings, rl_error *err);

/* A session on the database of the URL, which is created when it is missing;
 * of one in memory, that of its clients. */
rille_status rl_open_or_create(rl_session *s, rl_str url, const rl_dialect *dialect, rl_error *err);
/* The same server's URL with another database: scheme://authority/DATABASE?parameters; NULL when it cannot be. */
char *rl_url_of_database(rl_str url, const char *database, rl_arena *arena);

#endif
