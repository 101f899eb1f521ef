/* A script cut into its statements, as the database itself would cut it: the bodies of triggers (SQLite), of functions
 * and of rules (PostgreSQL) keep their semicolons. */
#ifndef RL_BASE_SQL_STATEMENTS_H
#define RL_BASE_SQL_STATEMENTS_H

#include "base/sql_scan.h"

typedef struct rl_sql_statement {
  rl_str sql;            /* without the semicolon and what stands around it; borrowed from the script */
  uint32_t line, column; /* of its first byte */
} rl_sql_statement;

typedef struct rl_sql_cutter {
  rl_sql_scan scan;
  rl_sql_place place;
} rl_sql_cutter;

/* A byte order mark at the beginning is passed over. */
void rl_sql_cutter_init(rl_sql_cutter *c, rl_str script, rl_provider provider);
/* The next statement; false when there is none. Empty ones are left out. */
bool rl_sql_next_statement(rl_sql_cutter *c, rl_sql_statement *out);

#endif
