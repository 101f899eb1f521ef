/* RILLE_DEBUG=sql: the statements that drivers send. */
#ifndef RL_DRIVER_TRACE_H
#define RL_DRIVER_TRACE_H

#include "base/debug.h"
#include "driver/driver.h"

/* Prints only the kinds of the values, which may be secrets. */
void rl_trace_statement_now(const rl_conn *c, const rl_stmt *stmt, const rl_value *params);
void rl_trace_text_now(const rl_conn *c, const char *sql);

static inline void rl_trace_statement(const rl_conn *c, const rl_stmt *stmt, const rl_value *params) {
  if (RL_DEBUGS(RL_DEBUG_SQL)) rl_trace_statement_now(c, stmt, params);
}
/* A command or a script. */
static inline void rl_trace_text(const rl_conn *c, const char *sql) {
  if (RL_DEBUGS(RL_DEBUG_SQL)) rl_trace_text_now(c, sql);
}

#endif
