/* Bringing a database into the form of a schema. */
#ifndef RL_MIGRATE_PUSH_H
#define RL_MIGRATE_PUSH_H

#include "run/client.h"

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

#endif
