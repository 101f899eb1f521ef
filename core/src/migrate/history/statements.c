/* Splits a script into statements, and recognizes some of them. */
#include "migrate/history/statements.h"

static rille_status keep_statement(rl_statements *out, rl_arena *arena, rl_sql_statement s, rl_error *err) {
  if (out->count == out->cap) {
    size_t cap = out->cap ? out->cap * 2 : 16;
    rl_sql_statement *more = RL_NEW_ARRAY(arena, rl_sql_statement, cap);
    if (!more) return rl_fail_nomem(err);
    if (out->count) memcpy(more, out->items, out->count * sizeof *more);
    out->items = more;
    out->cap = cap;
  }
  out->items[out->count++] = s;
  return RILLE_OK;
}

rille_status rl_statements_of(rl_str script, rl_provider provider, rl_arena *arena, rl_statements *out, rl_error *err) {
  rl_sql_cutter cutter;
  rl_sql_statement s;
  rille_status st = RILLE_OK;
  *out = (rl_statements){0};
  rl_sql_cutter_init(&cutter, script, provider);
  while (st == RILLE_OK && rl_sql_next_statement(&cutter, &s)) st = keep_statement(out, arena, s, err);
  return st;
}

enum { HEAD_TOKENS = 4 };

static void read_head(rl_str sql, rl_provider provider, rl_sql_token out[HEAD_TOKENS]) {
  rl_sql_scan scan;
  rl_sql_scan_init(&scan, sql, provider);
  for (int i = 0; i < HEAD_TOKENS; i++) out[i] = rl_sql_next_solid(&scan);
}

bool rl_statement_is_transaction(rl_str sql, rl_provider provider) {
  static const char *const all[] = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"};
  rl_sql_token t[HEAD_TOKENS];
  read_head(sql, provider, t);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (rl_sql_is_word(t[0], all[i])) return !rl_sql_is_word(t[1], "TO") && !rl_sql_is_word(t[2], "TO");
  return rl_sql_is_word(t[0], "PREPARE") && rl_sql_is_word(t[1], "TRANSACTION");
}

bool rl_statement_may_refuse_transaction(rl_str sql, rl_provider provider) {
  rl_sql_token t[HEAD_TOKENS];
  read_head(sql, provider, t);
  return rl_sql_is_word(t[0], "VACUUM") || rl_sql_is_word(t[0], "PRAGMA");
}

bool rl_statement_disables_keys(rl_str sql, rl_provider provider) {
  static const char *const off[] = {"OFF", "FALSE", "NO"};
  rl_sql_token t[HEAD_TOKENS];
  read_head(sql, provider, t);
  if (!rl_sql_is_word(t[0], "PRAGMA") || !rl_sql_is_word(t[1], "FOREIGN_KEYS")) return false;
  for (size_t i = 0; i < sizeof off / sizeof *off; i++)
    if (rl_sql_is_word(t[3], off[i])) return true;
  return rl_str_is(t[3].text, "0");
}
