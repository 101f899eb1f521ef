/* Making a database match a schema. */
#ifndef RL_MIGRATE_PUSH_H
#define RL_MIGRATE_PUSH_H

#include "run/client.h"

typedef struct rl_push_settings {
  const rl_schema *schema;
  rl_str url;
  bool reset;            /* everything in the database is dropped first */
  bool accept_data_loss; /* rows and values may be lost */
} rl_push_settings;

/* Creates what the database lacks and drops what the schema lacks. A missing
 * database is created. P3001 with the list "warnings" if data would be lost
 * and that is not accepted, or if existing rows make a step impossible. */
rille_status rl_push(const rl_push_settings *settings, rl_error *err);

#endif
