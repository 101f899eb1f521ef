/* Raw statements: placeholders in either style, parameters of every kind, columns, errors, scripts. */
#include "running/running.h"

#include "base/sql_scan.h"
#include "run/placeholders.h"

static void expect_sql(const char *sql, bool postgres, const char *want, uint32_t parameters) {
  rl_buf out;
  uint32_t used = 99;
  rl_buf_init(&out);
  rl_raw_placeholders(rl_str_of(sql), postgres ? RL_PROVIDER_POSTGRESQL : RL_PROVIDER_SQLITE, false, &out, &used);
  assert_string_equal(rl_buf_z(&out), want);
  assert_int_equal(used, parameters);
  rl_buf_dispose(&out);
}

static void test_placeholders(void **state) {
  (void)state;
  expect_sql("a = ? AND b = ?", true, "a = $1 AND b = $2", 2);
  expect_sql("a = ? AND b = ?", false, "a = ?1 AND b = ?2", 2);
  expect_sql("a = $2 AND b = $1", true, "a = $2 AND b = $1", 2);
  expect_sql("a = $2 AND b = $1", false, "a = ?2 AND b = ?1", 2);
  expect_sql("a = ?2 AND b = ?1", false, "a = ?2 AND b = ?1", 2);
  expect_sql("j ? 'k' AND a = $1", true, "j ? 'k' AND a = $1", 1); /* an operator next to numbered placeholders */
  expect_sql("SELECT '?', \"?\", ?", true, "SELECT '?', \"?\", $1", 1);
  expect_sql("SELECT 'it''s ?', ?", false, "SELECT 'it''s ?', ?1", 1);
  expect_sql("SELECT '\\', ?", true, "SELECT '\\', $1", 1);
  expect_sql("SELECT E'\\' ?', ?", true, "SELECT E'\\' ?', $1", 1);
  expect_sql("SELECT name'x\\', ?", true, "SELECT name'x\\', $1", 1);
  expect_sql("-- ?\n? /* ? */", true, "-- ?\n$1 /* ? */", 1);
  expect_sql("/* /* ? */ ? */ ?", true, "/* /* ? */ ? */ $1", 1);
  expect_sql("/* /* ? */ ?", false, "/* /* ? */ ?1", 1);
  expect_sql("$$ ? $1 $$ ?", true, "$$ ? $1 $$ $1", 1);
  expect_sql("$a$ $$ ? $a$ ?", true, "$a$ $$ ? $a$ $1", 1);
  expect_sql("[a?] = ? AND `b?`", false, "[a?] = ?1 AND `b?`", 1);
  expect_sql("x[?]", true, "x[$1]", 1);
  expect_sql("a=?AND b IN(?)LIMIT?", true, "a=$1 AND b IN($2)LIMIT $3", 3);
  expect_sql("LIMIT?", false, "LIMIT?1", 1);
  expect_sql("?1", true, "$1 1", 1);
  expect_sql("tab$1 = ?", true, "tab$1 = $1", 1);
  expect_sql("'unclosed ?", true, "'unclosed ?", 0);
  expect_sql("", true, "", 0);
  expect_sql("SELECT ?1, ?", false, "SELECT ?1, ?2", 2); /* as SQLite numbers placeholders without a number */
  expect_sql("SELECT ?, ?3, ?", false, "SELECT ?1, ?3, ?4", 4);
  expect_sql("SELECT E'a'\n-- b\n'\\' ?', ?", true, "SELECT E'a'\n-- b\n'\\' ?', $1", 1);
  expect_sql("SELECT 'a'\n'\\', ?", true, "SELECT 'a'\n'\\', $1", 1);
  expect_sql("-- ?\r?", true, "-- ?\r$1", 1);
  expect_sql("-- ?\r?\n?", false, "-- ?\r?\n?1", 1);
  expect_sql("$\xc3\xa9$ ? $\xc3\xa9$ ?", true, "$\xc3\xa9$ ? $\xc3\xa9$ $1", 1);
  expect_sql("$a$ ? $ab$a$ ?", true, "$a$ ? $ab$a$ $1", 1);
  expect_sql("(1)$$?$$ ?", true, "(1)$$?$$ $1", 1);
  expect_sql("/*/ ? */ ?", false, "/*/ ? */ ?1", 1);
  expect_sql(":a(?) ? $b::c", false, ":a(?) ?1 $b::c", 1); /* names as in Tcl */
  expect_sql("x'?' ?", false, "x'?' ?1", 1);
  expect_sql("$99999999999", true, "$1000000", RL_SQL_NUMBER_MAX);
}

static void parameters(world *w) {
  expect_rows(
      raw(w->client, NULL,
          w->postgres ? "SELECT $1::int, $2::text, $3::float8, $4::bool, $5::text" : "SELECT $1, $2, $3, $4, $5",
          "[7,'x',1.5,true,null]"),
      w->postgres ? "(7,x,1.5,true,null)" : "(7,x,1.5,1,null)");
  expect_rows(
      call(w->client, NULL, "user", RILLE_CREATE_MANY, "{'data':[{'email':'a@x'},{'email':'b@x'},{'email':'c@x'}]}"),
      "");
  expect_rows(raw(w->client, NULL, "SELECT \"email\" FROM \"User\" WHERE \"id\" = ?", "[2]"), "(b@x)");
  expect_rows(raw(w->client, NULL, "UPDATE \"User\" SET \"name\" = $2 WHERE \"id\" = $1 RETURNING \"name\"", "[2,'N']"),
              "(N)");
  if (w->postgres) {
    expect_rows(raw(w->client, NULL, "SELECT count(*)::int FROM \"User\" WHERE \"id\" = ANY(?)", "[[1,3,null]]"),
                "(2)");
    expect_rows(raw(w->client, NULL, "SELECT count(*)::int FROM \"User\" WHERE \"id\" = ANY(?)", "[[]]"), "(0)");
    expect_rows(raw(w->client, NULL, "SELECT $1::jsonb->>'a'", "[{'a':[1]}]"), "([1])");
  } else {
    expect_rows(raw(w->client, NULL, "SELECT count(*) FROM \"User\" WHERE \"id\" IN (SELECT value FROM json_each(?))",
                    "[[1,3]]"),
                "(2)");
  }
  expect_code(raw(w->client, NULL, "SELECT ?", NULL), "P1016");
  expect_code(raw(w->client, NULL, "SELECT 1", "[1]"), "P1016");
  expect_code(raw(w->client, NULL, "SELECT ?", "{'a':1}"), "VALIDATION");
  expect_code(raw(w->client, NULL, "SELECT ?", "[[{'a':1}]]"), "VALIDATION");
}
static void test_parameters(void **state) {
  (void)state;
  on_both(parameters, "", 1);
}

static void errors(world *w) {
  expect_code(raw(w->client, NULL, "SELEC 1", NULL), "P2010");
  expect_code(raw(w->client, NULL, "SELECT * FROM nowhere", NULL), "P2010");
  rille_error *err = NULL;
  rille_op *op = rille_op_new(w->client);
  rille_row row;
  must(rille_op_raw(op, NULL, "SELECT nope", 11, NULL, 1, &err), err);
  assert_int_equal(rille_op_next(op, &row, &err), RILLE_ERROR);
  bool found = false;
  for (size_t i = 0; i < rille_error_detail_count(err); i++) {
    if (strcmp(rille_error_detail_key(err, i), "code") != 0) continue;
    found = true;
    assert_string_equal(rille_error_detail_value(err, i, 0), w->postgres ? "42703" : "1");
  }
  assert_true(found);
  rille_error_free(err);
  rille_op_free(op);
  assert_int_equal(pool_stats(w->client).in_use, 0);
}
static void test_errors(void **state) {
  (void)state;
  on_both(errors, "", 1);
}

static void columns_and_scripts(world *w) {
  rille_op *op = rille_op_new(w->client);
  rille_error *err = NULL;
  answer a;
  const char *script = "CREATE TABLE t (a INTEGER, b TEXT); INSERT INTO t VALUES (1, 'x;?'), (2, NULL);";
  drain(op, rille_op_script(op, NULL, script, strlen(script), &err), err, &a);
  assert_int_equal(a.status, RILLE_DONE);
  must(rille_op_raw(op, NULL, "SELECT a AS \"First\", b FROM t WHERE a > 5", 41, NULL, 1, &err), err);
  rille_row row;
  assert_int_equal(rille_op_next(op, &row, &err), RILLE_DONE);
  const rille_node *nodes = NULL;
  uint32_t count = 0;
  assert_int_equal(rille_op_shape(op, &nodes, &count), 0);
  assert_int_equal(count, 1); /* without a row, too */
  assert_int_equal(nodes[0].column_count, 2);
  assert_string_equal(nodes[0].columns[0].name, "First");
  assert_string_equal(nodes[0].columns[1].name, "b");
  must(rille_op_raw(op, NULL, "DELETE FROM t", 13, NULL, 0, &err), err);
  assert_int_equal(rille_op_next(op, &row, &err), RILLE_DONE);
  assert_int_equal(rille_op_affected(op), 2);
  assert_int_equal(rille_op_result(op), RILLE_RESULT_COUNT);
  const char *bad = "INSERT INTO t VALUES (7, 'y'); NONSENSE;";
  drain(op, rille_op_script(op, NULL, bad, strlen(bad), &err), NULL, &a);
  assert_int_equal(a.status, RILLE_ERROR);
  const char *open = "BEGIN; INSERT INTO t VALUES (8, 'z');";
  drain(op, rille_op_script(op, NULL, open, strlen(open), &err), NULL, &a);
  expect_code(a, "P2028");
  expect_rows(raw(w->client, NULL, "SELECT count(*) FROM t WHERE a = 8", NULL), "(0)");
  rille_op_free(op);
}
static void test_columns_and_scripts(void **state) {
  (void)state;
  on_both(columns_and_scripts, "", 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_placeholders),
      cmocka_unit_test(test_parameters),
      cmocka_unit_test(test_errors),
      cmocka_unit_test(test_columns_and_scripts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
