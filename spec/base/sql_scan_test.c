/* The scanner of SQL: tokens of odd texts, by the rules of each database. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/sql_statements.h"

#define PG RL_PROVIDER_POSTGRESQL
#define LITE RL_PROVIDER_SQLITE

/* Tokens as "kind:text" with one letter for the kind, blanks left out, `!` behind those that do not end. */
static void expect_tokens(rl_provider provider, const char *sql, const char *want) {
  static const char letters[] = "._cwnsd?#:-";
  char got[1000] = "";
  rl_sql_scan scan;
  const char *at = sql;
  rl_sql_scan_init(&scan, rl_str_of(sql), provider);
  for (rl_sql_token t = rl_sql_next(&scan); t.kind != RL_SQL_END; t = rl_sql_next(&scan)) {
    assert_ptr_equal(t.text.p, at);
    at += t.text.len;
    if (t.kind == RL_SQL_SPACE) continue;
    size_t n = strlen(got);
    snprintf(got + n, sizeof got - n, "%s%c%.*s%s", n ? "|" : "", letters[t.kind], RL_STR_ARG(t.text),
             t.open ? "!" : "");
  }
  assert_ptr_equal(at, sql + strlen(sql));
  assert_string_equal(got, want);
}

static void expect_both(const char *sql, const char *want) {
  expect_tokens(PG, sql, want);
  expect_tokens(LITE, sql, want);
}

static void test_alike(void **state) {
  (void)state;
  expect_both("", "");
  expect_both("SELECT a.\"b\"\"c\", 'it''s' -- ?\n", "wSELECT|wa|-.|n\"b\"\"c\"|-,|s'it''s'|c-- ?");
  expect_both("a$b$c$ $1", "wa$b$c$|#$1");
  expect_both("caf\xc3\xa9 1.5 .5 1e-3 0xff 7up 1..2", "wcaf\xc3\xa9|d1.5|d.5|d1e-3|d0xff|d7up|d1|-.|d.2");
  expect_both("x'ab' X'?'", "sx'ab'|sX'?'");
  expect_both("'open ?", "s'open ?!");
  expect_both("\"open", "n\"open!");
  expect_both("'\\'?", "s'\\'|??");
  expect_both("a-b--c", "wa|--|wb|c--c");
  expect_both("/**/a/* - */", "c/**/|wa|c/* - */");
  expect_both("xx'a'", "wxx|s'a'");
}

static void test_postgres(void **state) {
  (void)state;
  expect_tokens(PG, "E'it\\'s ?' ?", "sE'it\\'s ?'|??");
  expect_tokens(PG, "e'a' \n -- c\n '\\'' ?", "se'a'|c-- c|s'\\''|??");
  expect_tokens(PG, "E'a' '\\' ?", "sE'a'|s'\\'|??"); /* not on another line: a string of its own */
  expect_tokens(PG, "E'a' /*\n*/ '\\' ?", "sE'a'|c/*\n*/|s'\\'|??");
  expect_tokens(PG, "E'a\n'\n'b\\''\n'\\'' ?", "sE'a\n'|s'b\\''|s'\\''|??");
  expect_tokens(PG, "fe'a\\' b'1' n'n' U&'\\' u&\"\\\" U &'a'", "wfe|s'a\\'|sb'1'|sn'n'|sU&'\\'|nu&\"\\\"|wU|-&|s'a'");
  expect_tokens(PG, "/* a /* ? */ ? */ ?", "c/* a /* ? */ ? */|??");
  expect_tokens(PG, "/* /* */ ?", "c/* /* */ ?!");
  expect_tokens(PG, "/*/ */ ? */", "c/*/ */|??|-*|-/");
  expect_tokens(PG, "-- a\r?", "c-- a|??");
  expect_tokens(PG, "$$?$$ $\xc3\xa9$ ? $$ $\xc3\xa9$ $1$ $1$$?$$",
                "s$$?$$|s$\xc3\xa9$ ? $$ $\xc3\xa9$|#$1|-$|#$1|s$$?$$");
  expect_tokens(PG, "$a$ $b$a$ $a$ open", "s$a$ $b$a$|s$a$ open!");
  expect_tokens(PG, "$a b$ $", "-$|wa|wb$|-$");
  expect_tokens(PG, "a ?| b ?& c ?-| d @? '$'", "wa|??|-||wb|??|-&|wc|??|--|-||wd|-@|??|s'$'");
  expect_tokens(PG, "[what?]::int[]", "-[|wwhat|??|-]|-:|-:|wint|-[|-]");
  expect_tokens(PG, "`a` +/* ? */-- b", "-`|wa|-`|-+|c/* ? */|c-- b");
  expect_tokens(PG, "?1 :a", "??|d1|-:|wa");
}

static void test_sqlite(void **state) {
  (void)state;
  expect_tokens(LITE, "E'it\\' ?", "wE|s'it\\'|??");
  expect_tokens(LITE, "[what?] `a``?` [a]]", "n[what?]|n`a``?`|n[a]|-]");
  expect_tokens(LITE, "[open", "n[open!");
  expect_tokens(LITE, "/* /* ? */ ?", "c/* /* ? */|??");
  expect_tokens(LITE, "/*/ ? */ ?", "c/*/ ? */|??");
  expect_tokens(LITE, "/* open ?", "c/* open ?!");
  expect_tokens(LITE, "a /*", "wa|-/|-*");
  expect_tokens(LITE, "-- a\r?\n?", "c-- a\r?|??");
  expect_tokens(LITE, "?1 ?? :a @b $c $1 $$", "#?1|??|??|::a|:@b|:$c|#$1|:$$");
  expect_tokens(LITE, "$a::b(?) :c(d e) : @", ":$a::b(?)|::c(d|we|-)|-:|-@");
  expect_tokens(LITE,
                "a \xef\xbb\xbf"
                "b",
                "wa|wb");
  expect_tokens(LITE, "j ->> '$.a'", "wj|--|->|->|s'$.a'");
}

static void test_places(void **state) {
  (void)state;
  rl_sql_cutter c;
  rl_sql_statement s;
  rl_sql_cutter_init(&c, RL_STR("\xef\xbb\xbfone; \xc3\xa9 'x\ny' ; three /* ; */;\n\n  four"), PG);
  static const struct {
    const char *sql;
    uint32_t line, column;
  } want[] = {{"one", 1, 1}, {"\xc3\xa9 'x\ny'", 1, 6}, {"three", 2, 6}, {"four", 4, 3}};
  for (size_t i = 0; i < 4; i++) {
    assert_true(rl_sql_next_statement(&c, &s));
    assert_true(rl_str_is(s.sql, want[i].sql));
    assert_int_equal(s.line, want[i].line);
    assert_int_equal(s.column, want[i].column);
  }
  assert_false(rl_sql_next_statement(&c, &s));
  assert_false(rl_sql_next_statement(&c, &s));
}

static void test_words(void **state) {
  (void)state;
  rl_sql_scan scan;
  rl_sql_scan_init(&scan, RL_STR(" -- c\n begIN \"BEGIN\""), PG);
  rl_sql_token t = rl_sql_next_solid(&scan);
  assert_true(rl_sql_is_word(t, "BEGIN"));
  assert_false(rl_sql_is_word(t, "BEGINS") || rl_sql_is_word(t, "BEGI"));
  assert_false(rl_sql_is_word(rl_sql_next_solid(&scan), "BEGIN"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_alike),  cmocka_unit_test(test_postgres), cmocka_unit_test(test_sqlite),
      cmocka_unit_test(test_places), cmocka_unit_test(test_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
