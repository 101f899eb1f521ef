/* The statements of a migration's script. */
#ifndef RL_MIGRATE_STATEMENTS_H
#define RL_MIGRATE_STATEMENTS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/sql_statements.h"

typedef struct rl_statements {
  rl_sql_statement *items;
  size_t count, cap;
} rl_statements;

/* Splits a script. The list is allocated in the arena and borrows from the script. */
rille_status rl_statements_of(rl_str script, rl_provider provider, rl_arena *arena, rl_statements *out, rl_error *err);
/* Returns whether the statement begins or ends a transaction. */
bool rl_statement_is_transaction(rl_str sql, rl_provider provider);
/* Returns whether the statement is one that a database without SQLSTATEs may refuse in a transaction: VACUUM, or a
 * PRAGMA like journal_mode. */
bool rl_statement_may_refuse_transaction(rl_str sql, rl_provider provider);
/* Returns whether the statement is PRAGMA foreign_keys = OFF. */
bool rl_statement_disables_keys(rl_str sql, rl_provider provider);

#endif
