/* Statements as RILLE_DEBUG=sql prints them. */
#include "driver/trace.h"

static const char *kind_word(const rl_value *v) {
  static const char *const words[] = {
      [RILLE_NULL] = "null", [RILLE_BOOL] = "boolean", [RILLE_INT] = "integer",     [RILLE_FLOAT] = "float",
      [RILLE_TEXT] = "text", [RILLE_BYTES] = "bytes",  [RILLE_DECIMAL] = "decimal", [RILLE_DATETIME] = "date-time",
      [RILLE_JSON] = "json", [RILLE_LIST] = "list"};
  return v->kind < sizeof words / sizeof *words ? words[v->kind] : "?";
}

void rl_trace_statement_now(const rl_conn *c, const rl_stmt *stmt, const rl_value *params) {
  rl_buf kinds;
  rl_buf_init(&kinds);
  for (uint32_t i = 0; params && i < stmt->param_count; i++) {
    rl_buf_text(&kinds, i ? ", " : "");
    rl_buf_text(&kinds, kind_word(&params[i]));
    if (params[i].kind == RILLE_LIST) rl_buf_printf(&kinds, " of %u", (unsigned)params[i].len);
  }
  rl_str list = rl_buf_view(&kinds);
  rl_debug_print(RL_DEBUG_SQL, "%p %.*s [%.*s]", (const void *)c, (int)stmt->sql_len, stmt->sql, RL_STR_ARG(list));
  rl_buf_dispose(&kinds);
}

void rl_trace_text_now(const rl_conn *c, const char *sql) {
  rl_debug_print(RL_DEBUG_SQL, "%p %s", (const void *)c, sql);
}
