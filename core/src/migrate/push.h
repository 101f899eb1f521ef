/* Bringing an empty database into the form of a schema. */
#ifndef RL_MIGRATE_PUSH_H
#define RL_MIGRATE_PUSH_H

#include "run/client.h"

/* reset: everything that is there goes first. P3005 when the database is not empty and is not to be reset. The database
 * is created when it is missing. */
rille_status rl_push(const rl_schema *schema, rl_str url, bool reset, rl_error *err);

#endif
