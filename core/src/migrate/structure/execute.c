/* Statements with texts as parameters. */
#include "migrate/structure/open.h"

rille_status rl_session_execute(rl_session *s, const char *sql, const rl_str *params, uint32_t count, rl_error *err) {
  enum { MAX_PARAMS = 8 };
  rl_wire_type wire_types[MAX_PARAMS];
  rl_value values[MAX_PARAMS];
  for (uint32_t i = 0; i < count; i++) {
    wire_types[i] = (rl_wire_type){.wire = s->options.driver->infers_types ? RL_WIRE_UNKNOWN : RL_WIRE_TEXT};
    values[i] = (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)params[i].len, .as.p = params[i].p};
    if (!params[i].p) values[i] = (rl_value){.kind = RILLE_NULL};
  }
  rl_stmt stmt = {.sql = sql, .sql_len = strlen(sql), .params = wire_types, .param_count = count, .writes = true};
  rille_status st = s->options.driver->send(s->conn, &stmt, values, err);
  return st == RILLE_OK ? rl_session_finish(s, err) : st;
}
