/* A script cut into its statements, as the database itself would cut it. */
#ifndef RL_MIGRATE_STATEMENTS_H
#define RL_MIGRATE_STATEMENTS_H

#include "base/arena.h"
#include "base/error.h"

typedef struct rl_statement {
  rl_str sql; /* without the semicolon and what stands around; borrowed from the script */
  int line;   /* of its first word, from 1 */
} rl_statement;

typedef struct rl_statements {
  rl_statement *items;
  size_t count, cap;
} rl_statements;

/* postgres: dollar quotes, E'' texts, nested comments and BEGIN ATOMIC bodies; else SQLite: `` and [] names and the
 * bodies of triggers. Empty statements are left out. The list lies in the arena. */
rille_status rl_statements_of(rl_str script, bool postgres, rl_arena *arena, rl_statements *out, rl_error *err);
/* The statement begins or ends a transaction. */
bool rl_statement_is_transaction(rl_str sql);
/* The statement is PRAGMA foreign_keys = OFF. */
bool rl_statement_frees_keys(rl_str sql);

#endif
