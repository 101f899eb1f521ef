/* Scripts of migrations split into statements, and their heads, for each database. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "migrate/history/migrations.h"
#include "migrate/history/statements.h"

static uint32_t line_of(rl_str script, const char *at) {
  uint32_t line = 1;
  for (const char *p = script.p; p < at; p++) line += *p == '\n';
  return line;
}

/* A statement alone is one statement, the same. */
static void check_again(rl_str sql, rl_provider provider, rl_arena *arena) {
  rl_statements again = {0};
  FUZZ_CHECK(rl_statements_of(sql, provider, arena, &again, NULL) == RILLE_OK);
  FUZZ_CHECK(again.count == 1 && rl_str_eq(again.items[0].sql, sql));
}

static void check_script(rl_str script, rl_provider provider) {
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_statements all = {0};
  rl_error err = {0};
  rille_status st = rl_statements_of(script, provider, &arena, &all, &err);
  const char *end = script.p;
  for (size_t i = 0; st == RILLE_OK && i < all.count; i++) {
    rl_str sql = all.items[i].sql;
    FUZZ_CHECK(sql.len > 0 && sql.p >= end && sql.p + sql.len <= script.p + script.len);
    FUZZ_CHECK(all.items[i].line == line_of(script, sql.p));
    end = sql.p + sql.len;
    if (i < 8 && !rl_str_starts(sql, RL_STR("\xEF\xBB\xBF"))) check_again(sql, provider, &arena);
    (void)rl_statement_is_transaction(sql, provider);
    (void)rl_statement_disables_keys(sql, provider);
  }
  fuzz_check_error(st, &err);
  rl_arena_dispose(&arena);
}

static void run(const uint8_t *data, size_t size) {
  rl_str script = {(const char *)data, size};
  rl_script_head head = {0};
  rl_error err = {0};
  for (RL_EACH_PROVIDER(provider)) {
    fuzz_check_error(rl_script_head_of(script, provider, &head, &err), &err);
    check_script(script, provider);
  }
}

static const char *const words[] = {";",
                                    "'",
                                    "''",
                                    "\"",
                                    "$$",
                                    "$a$",
                                    "--",
                                    "\n",
                                    "/*",
                                    "*/",
                                    "E'\\'",
                                    "`",
                                    "[",
                                    "]",
                                    "BEGIN",
                                    "END",
                                    "ATOMIC",
                                    "CREATE TRIGGER t",
                                    "CREATE FUNCTION",
                                    "CASE",
                                    "COMMIT;",
                                    "-- rille: no-transaction",
                                    "lock_timeout=5s",
                                    "?",
                                    "$1",
                                    "?1",
                                    "$99999",
                                    "SELECT",
                                    "PRAGMA foreign_keys = OFF",
                                    "U&'",
                                    "CREATE TEMP TRIGGER",
                                    "\r\n",
                                    NULL};

const fuzz_harness fuzz_script = {
    .name = "script", .run = run, .words = words, .longest = 1500, .short_runs = 4000, .share = 2};
