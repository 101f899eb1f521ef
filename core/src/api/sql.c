/* The public functions that read SQL text. */
#include <rille/sql.h>

#include "api/handle.h"
#include "base/alloc.h"
#include "base/sql_statements.h"

struct rille_sql_reader {
  const char *text;
  rl_sql_cutter cutter;
};

rille_status rille_sql_reader_new(const char *provider, const char *sql, size_t len, rille_sql_reader **out,
                                  rille_error **err) {
  rl_error error = {0};
  rl_provider p = provider ? rl_provider_by_name(rl_str_of(provider)) : RL_PROVIDER_OTHER;
  *out = NULL;
  if (p == RL_PROVIDER_OTHER || p == RL_PROVIDER_NONE) {
    rl_buf names;
    rl_buf_init(&names);
    rl_provider_names(&names, "\"", "\"", " or ");
    rille_status st = rl_fail(&error, RL_VALIDATION, "provider: expected %s, got \"%.60s\"", rl_buf_z(&names),
                              provider ? provider : "");
    rl_buf_dispose(&names);
    return rl_box(st, &error, err);
  }
  rille_sql_reader *r = rl_calloc(1, sizeof *r);
  if (!r) return rl_box(rl_fail_nomem(&error), &error, err);
  r->text = sql;
  rl_sql_cutter_init(&r->cutter, rl_str_make(sql, len), p);
  *out = r;
  return RILLE_OK;
}

void rille_sql_reader_free(rille_sql_reader *r) {
  rl_free(r);
}

rille_status rille_sql_next_statement(rille_sql_reader *r, rille_sql_statement *out) {
  rl_sql_statement s;
  if (!rl_sql_next_statement(&r->cutter, &s)) return RILLE_DONE;
  rille_sql_statement found = {
      .line = s.line, .column = s.column, .offset = (size_t)(s.sql.p - r->text), .length = s.sql.len};
  rl_write_struct(out, &found, sizeof found);
  return RILLE_ROW;
}

static int32_t kind_of(rl_sql_kind kind) {
  switch (kind) {
  case RL_SQL_QUESTION: return RILLE_SQL_BARE;
  case RL_SQL_NUMBERED: return RILLE_SQL_NUMBERED;
  case RL_SQL_NAMED: return RILLE_SQL_NAMED;
  default: return 0;
  }
}

rille_status rille_sql_next_placeholder(rille_sql_reader *r, rille_sql_placeholder *out) {
  rl_sql_token t = rl_sql_next(&r->cutter.scan);
  while (t.kind != RL_SQL_END && !kind_of(t.kind)) t = rl_sql_next(&r->cutter.scan);
  if (t.kind == RL_SQL_END) return RILLE_DONE;
  rl_sql_place *place = &r->cutter.place;
  rl_sql_place_move(place, t.text.p);
  rille_sql_placeholder found = {.line = place->line,
                                 .column = place->column,
                                 .kind = kind_of(t.kind),
                                 .number = t.number,
                                 .offset = (size_t)(t.text.p - r->text),
                                 .length = t.text.len};
  rl_write_struct(out, &found, sizeof found);
  return RILLE_ROW;
}
