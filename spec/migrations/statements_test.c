/* Scripts split into statements, directives at their head, and the checksum. */
#include "base/sha256.h"
#include "migrate/history/migrations.h"
#include "running/running.h"

static void expect_cut(rl_provider provider, const char *script, const char *want) {
  rl_arena arena;
  rl_statements list;
  rl_error err = {0};
  char got[2000] = "";
  rl_arena_init(&arena, 0);
  assert_int_equal(rl_statements_of(rl_str_of(script), provider, &arena, &list, &err), RILLE_OK);
  for (size_t i = 0; i < list.count; i++) {
    size_t n = strlen(got);
    snprintf(got + n, sizeof got - n, "%s%u:%.*s", i ? "|" : "", list.items[i].line, RL_STR_ARG(list.items[i].sql));
  }
  assert_string_equal(got, want);
  rl_arena_dispose(&arena);
}

static void test_both(void **state) {
  (void)state;
  for (RL_EACH_PROVIDER(p)) {
    bool pg = p == RL_PROVIDER_POSTGRESQL;
    expect_cut(p, "", "");
    expect_cut(p, " ;; -- x;\n /* ; */ ;", "");
    expect_cut(p, "a;b", "1:a|1:b");
    expect_cut(p, "-- one\na -- ;\n ;\n\n b ; ", "2:a|5:b");
    expect_cut(p, "a ';' \";\" 'it''s;'; b", "1:a ';' \";\" 'it''s;'|1:b");
    expect_cut(p, "a 'never closed;", "1:a 'never closed;");
    expect_cut(p, "a /* never closed;", pg ? "1:a /* never closed;" : "1:a");
    expect_cut(p, "BEGIN; x; END; COMMIT", "1:BEGIN|1:x|1:END|1:COMMIT");
    expect_cut(p,
               "\xef\xbb\xbf"
               "a;",
               "1:a");
    expect_cut(p, "SELECT CASE WHEN 1 THEN 2 END; b", "1:SELECT CASE WHEN 1 THEN 2 END|1:b");
  }
}

static void test_postgres_words(void **state) {
  (void)state;
  expect_cut(RL_PROVIDER_POSTGRESQL, "a $$;$$; b", "1:a $$;$$|1:b");
  expect_cut(RL_PROVIDER_POSTGRESQL, "a $x$ ; $$ ; $y$ $x$; b", "1:a $x$ ; $$ ; $y$ $x$|1:b");
  expect_cut(RL_PROVIDER_POSTGRESQL, "a $1; b$c$; d", "1:a $1|1:b$c$|1:d");
  expect_cut(RL_PROVIDER_POSTGRESQL, "a E'\\';'; b", "1:a E'\\';'|1:b");
  expect_cut(RL_PROVIDER_POSTGRESQL, "a '\\'; b", "1:a '\\'|1:b");
  expect_cut(RL_PROVIDER_POSTGRESQL, "a /* ; /* ; */ ; */ ; b", "1:a|1:b");
  expect_cut(RL_PROVIDER_POSTGRESQL,
             "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN b END; SELECT 1; END; c",
             "1:CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN b END; SELECT 1; END|1:c");
  expect_cut(RL_PROVIDER_POSTGRESQL,
             "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC UPDATE a SET \"end\" = b.end; END; c",
             "1:CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC UPDATE a SET \"end\" = b.end; END|1:c");
  expect_cut(RL_PROVIDER_POSTGRESQL, "CREATE FUNCTION f() BEGIN ATOMIC END; c",
             "1:CREATE FUNCTION f() BEGIN ATOMIC END|1:c");
  expect_cut(RL_PROVIDER_POSTGRESQL,
             "CREATE TABLE t (function INT, begin INT, atomic INT); SELECT begin atomic FROM t; c",
             "1:CREATE TABLE t (function INT, begin INT, atomic INT)|1:SELECT begin atomic FROM t|1:c");
  expect_cut(RL_PROVIDER_POSTGRESQL, "CREATE RULE r AS ON INSERT TO t DO ALSO (a; b ')'); c",
             "1:CREATE RULE r AS ON INSERT TO t DO ALSO (a; b ')')|1:c");
  expect_cut(RL_PROVIDER_POSTGRESQL, "CREATE TRIGGER t EXECUTE FUNCTION f(); BEGIN; c",
             "1:CREATE TRIGGER t EXECUTE FUNCTION f()|1:BEGIN|1:c");
}

static void test_sqlite_words(void **state) {
  (void)state;
  expect_cut(RL_PROVIDER_SQLITE, "a `;` [;]; b", "1:a `;` [;]|1:b");
  expect_cut(RL_PROVIDER_SQLITE, "a $$;$$", "1:a $$|1:$$");
  expect_cut(RL_PROVIDER_SQLITE, "a /* ; /* ; */ b", "1:a /* ; /* ; */ b");
  expect_cut(RL_PROVIDER_SQLITE,
             "CREATE TEMP TRIGGER IF NOT EXISTS t AFTER INSERT ON x BEGIN\n a; b CASE c END;\nEND;\nd",
             "1:CREATE TEMP TRIGGER IF NOT EXISTS t AFTER INSERT ON x BEGIN\n a; b CASE c END;\nEND|4:d");
  expect_cut(RL_PROVIDER_SQLITE,
             "CREATE TRIGGER t AFTER UPDATE OF begin ON x BEGIN UPDATE x SET end = new.end; DELETE FROM y; END; d",
             "1:CREATE TRIGGER t AFTER UPDATE OF begin ON x BEGIN UPDATE x SET end = new.end; DELETE FROM y; END|1:d");
  expect_cut(RL_PROVIDER_SQLITE, "CREATE TABLE t (trigger TEXT, begin TEXT, end TEXT); d",
             "1:CREATE TABLE t (trigger TEXT, begin TEXT, end TEXT)|1:d");
}

static void test_kinds(void **state) {
  (void)state;
  static const char *const yes[] = {"BEGIN", "begin transaction", "/* x */ COMMIT", "start transaction",
                                    "END",   "ROLLBACK",          "abort",          "PREPARE TRANSACTION 'x'"};
  static const char *const no[] = {"SELECT 1",  "SAVEPOINT a",           "ROLLBACK TO a", "ROLLBACK TRANSACTION TO a",
                                   "BEGINNING", "PREPARE x AS SELECT 1", "(COMMIT)"};
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
    assert_true(rl_statement_is_transaction(rl_str_of(yes[i]), RL_PROVIDER_POSTGRESQL));
  for (size_t i = 0; i < sizeof no / sizeof *no; i++)
    assert_false(rl_statement_is_transaction(rl_str_of(no[i]), RL_PROVIDER_POSTGRESQL));
  static const char *const alone[] = {"VACUUM", "vacuum into 'x'", "-- x\n/* y */ PRAGMA journal_mode = WAL"};
  for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
    assert_true(rl_statement_may_refuse_transaction(rl_str_of(alone[i]), RL_PROVIDER_SQLITE));
  assert_false(rl_statement_may_refuse_transaction(RL_STR("SELECT 'VACUUM'"), RL_PROVIDER_SQLITE));
  assert_true(rl_statement_disables_keys(RL_STR("PRAGMA foreign_keys=OFF"), RL_PROVIDER_SQLITE));
  assert_true(rl_statement_disables_keys(RL_STR("pragma foreign_keys = 0"), RL_PROVIDER_SQLITE));
  assert_true(rl_statement_disables_keys(RL_STR("PRAGMA foreign_keys(off)"), RL_PROVIDER_SQLITE));
  assert_false(rl_statement_disables_keys(RL_STR("PRAGMA foreign_keys=ON"), RL_PROVIDER_SQLITE));
  assert_false(rl_statement_disables_keys(RL_STR("PRAGMA foreign_keys"), RL_PROVIDER_SQLITE));
  assert_false(rl_statement_disables_keys(RL_STR("PRAGMA defer_foreign_keys=OFF"), RL_PROVIDER_SQLITE));
}

static void test_head(void **state) {
  (void)state;
  rl_script_head h;
  rl_error err = {0};
  assert_int_equal(
      rl_script_head_of(
          RL_STR("-- x\n\n--rille: no-transaction,lock_timeout=5s\r\n-- rille: statement_timeout=10min\nSELECT 1;"),
          RL_PROVIDER_POSTGRESQL, &h, &err),
      RILLE_OK);
  assert_true(h.no_transaction && rl_str_is(h.lock_timeout, "5s") && rl_str_is(h.statement_timeout, "10min"));
  const rl_str after[] = {RL_STR("/*\n  Warnings:\n\n  - x\n*/\n-- rille: no-transaction\nSELECT 1"),
                          RL_STR("/* a */ /* b */ -- rille: no-transaction"),
                          RL_STR("/* a\n-- rille: nonsense\n*/\n\n-- rille: no-transaction")};
  for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
    assert_int_equal(rl_script_head_of(after[i], RL_PROVIDER_POSTGRESQL, &h, &err), RILLE_OK);
    assert_true(h.no_transaction);
  }
  rl_str nested = RL_STR("/* a /* b */ c */ -- rille: no-transaction");
  assert_int_equal(rl_script_head_of(nested, RL_PROVIDER_POSTGRESQL, &h, &err), RILLE_OK);
  assert_true(h.no_transaction);
  assert_int_equal(rl_script_head_of(nested, RL_PROVIDER_SQLITE, &h, &err), RILLE_OK);
  assert_false(h.no_transaction);
  assert_int_equal(rl_script_head_of(RL_STR("SELECT 1;\n-- rille: no-transaction"), RL_PROVIDER_POSTGRESQL, &h, &err),
                   RILLE_OK);
  assert_false(h.no_transaction);
  assert_int_equal(rl_script_head_of(RL_STR("-- rille: transaction"), RL_PROVIDER_POSTGRESQL, &h, &err), RILLE_ERROR);
  rl_error_clear(&err);
  assert_int_equal(rl_script_head_of(RL_STR("-- rille: lock_timeout='; DROP"), RL_PROVIDER_POSTGRESQL, &h, &err),
                   RILLE_ERROR);
  rl_error_clear(&err);
}

static void expect_digest(const char *text, size_t times, const char *want) {
  char got[RL_SHA256_HEX];
  rl_str *parts = calloc(times + 1, sizeof *parts);
  for (size_t i = 0; i < times; i++) parts[i] = rl_str_of(text);
  rl_sha256_hex(parts, times, got);
  free(parts);
  assert_string_equal(got, want);
}

/* The examples of FIPS 180-4. */
static void test_checksum(void **state) {
  (void)state;
  expect_digest("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect_digest("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  expect_digest("aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_both),         cmocka_unit_test(test_postgres_words),
                                     cmocka_unit_test(test_sqlite_words), cmocka_unit_test(test_kinds),
                                     cmocka_unit_test(test_head),         cmocka_unit_test(test_checksum)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
