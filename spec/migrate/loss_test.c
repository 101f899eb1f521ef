/* What a change would lose, counted on live databases: which kind, where, how many rows, and whether it is possible. */
#include "running/running.h"

static const char before[] = "model A {\n  id Int @id\n  gone String?\n  kept String?\n  wide BigInt\n  twice Int\n}\n"
                             "model B {\n  id Int @id\n}\n";
static const char rows[] =
    "INSERT INTO \"A\" (id, gone, kept, wide, twice) VALUES (1, 'x', 'y', 5, 7), (2, NULL, NULL, "
    "6, 7), (3, 'z', NULL, 7, 8); INSERT INTO \"B\" (id) VALUES (1), (2)";

static void run_script(world *w, const char *sql) {
  rille_op *op = rille_op_new(w->client);
  rille_error *err = NULL;
  rille_row row;
  must(rille_op_script(op, NULL, sql, strlen(sql), &err), err);
  must(rille_op_next(op, &row, &err), err);
  rille_op_free(op);
}

/* Writes each warning as "kind table.column [items] rows blocks; ". */
static void write_warnings(const rille_diff *d, char *out, size_t size) {
  out[0] = 0;
  for (size_t i = 0; i < rille_diff_warning_count(d); i++) {
    rille_diff_warning x = {.struct_size = sizeof x};
    rille_diff_warning_at(d, i, &x);
    size_t n = strlen(out);
    n += (size_t)snprintf(out + n, size - n, "%s %s%s%s", x.name, x.table, *x.column ? "." : "", x.column);
    for (size_t k = 0; k < x.item_count; k++) n += (size_t)snprintf(out + n, size - n, " [%s]", x.items[k]);
    snprintf(out + n, size - n, " %lld%s; ", (long long)x.rows, x.blocks ? " blocks" : "");
    assert_true(*x.text);
  }
}

static void expect_losses(world *w, const char *after, const char *uncounted, const char *counted, int blocked) {
  char got[600];
  rille_diff *d = NULL;
  rille_error *err = NULL;
  rille_schema *to = open_schema(after, w->postgres);
  rille_diff_options o = {.struct_size = sizeof o, .from_url = w->url, .to_schema = to};
  must(rille_diff_open(&o, &d, &err), err);
  write_warnings(d, got, sizeof got);
  assert_string_equal(got, uncounted);
  assert_int_equal(rille_diff_is_blocked(d), 0); /* not known yet */
  must(rille_diff_count_rows(d, w->url, &err), err);
  write_warnings(d, got, sizeof got);
  assert_string_equal(got, counted);
  assert_int_equal(rille_diff_is_blocked(d), blocked);
  rille_diff_warning untouched = {.struct_size = sizeof untouched, .kind = 77};
  rille_diff_warning_at(d, 99, &untouched);
  assert_int_equal(untouched.kind, 77);
  rille_diff_free(d);
  rille_schema_release(to);
}

static void run_losses(bool postgres) {
  world w;
  open_world(&w, postgres, before, "", 1);
  run_script(&w, rows);
  /* A column with two values, a table with two rows. */
  expect_losses(&w, "model A {\n  id Int @id\n  kept String?\n  wide BigInt\n  twice Int\n}\n",
                "drop_column A.gone -1; drop_table B -1; ", "drop_column A.gone 2; drop_table B 2; ", 0);
  /* Two NULLs make it impossible. */
  expect_losses(&w,
                "model A {\n  id Int @id\n  gone String?\n  kept String\n  wide BigInt\n  twice Int\n}\n"
                "model B {\n  id Int @id\n}\n",
                "make_required A.kept -1 blocks; ", "make_required A.kept 2 blocks; ", 1);
  /* A required column without a default, and three rows. */
  expect_losses(&w,
                "model A {\n  id Int @id\n  gone String?\n  kept String?\n  wide BigInt\n  twice Int\n  more Int\n}\n"
                "model B {\n  id Int @id\n}\n",
                "add_required_column A.more -1 blocks; ", "add_required_column A.more 3 blocks; ", 1);
  /* Values that may not fit, and one duplicate value. */
  expect_losses(&w,
                "model A {\n  id Int @id\n  gone String?\n  kept String?\n  wide Int\n  twice Int @unique\n}\n"
                "model B {\n  id Int @id\n}\n",
                "cast A.wide -1; add_unique A.twice [twice] -1 blocks; ",
                "cast A.wide 3; add_unique A.twice [twice] 1 blocks; ", 1);
  /* Without affected rows there is no warning. */
  run_script(&w, "DELETE FROM \"A\"; DELETE FROM \"B\"");
  expect_losses(&w, "model A {\n  id Int @id\n  kept String\n  wide Int\n  twice Int @unique\n  more Int\n}\n",
                "drop_column A.gone -1; make_required A.kept -1 blocks; cast A.wide -1; "
                "add_required_column A.more -1 blocks; add_unique A.twice [twice] -1 blocks; drop_table B -1; ",
                "", 0);
  close_world(&w);
}

static void test_sqlite(void **state) {
  (void)state;
  run_losses(false);
}

static void test_postgres(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  run_losses(true);
}

/* Only PostgreSQL creates columns again, and has views in the way. */
static void test_postgres_alone(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  world w;
  open_world(&w, true, "enum E {\n  X\n  Y\n}\nmodel A {\n  id Int @id\n  s String\n  t String?\n  e E\n}\n", "", 1);
  run_script(&w, "INSERT INTO \"A\" VALUES (1, 's', 't', 'Y'), (2, 's', NULL, 'X')");
  expect_losses(&w, "enum E {\n  X\n}\nmodel A {\n  id Int @id\n  s Int\n  t Int?\n  e E\n}\n",
                "drop_enum_values  [Y] -1 blocks; remake_required_column A.s -1 blocks; remake_column A.t -1; ",
                "drop_enum_values  [Y] 1 blocks; remake_required_column A.s 2 blocks; remake_column A.t 1; ", 1);
  run_script(&w, "CREATE VIEW v AS SELECT s FROM \"A\"");
  expect_losses(&w, "enum E {\n  X\n  Y\n}\nmodel A {\n  id Int @id\n  t String?\n  e E\n}\n",
                "drop_column A.s -1; view_in_the_way A.s -1 blocks; ",
                "drop_column A.s 2; view_in_the_way A.s -1 blocks; ", 1);
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sqlite), cmocka_unit_test(test_postgres),
                                     cmocka_unit_test(test_postgres_alone)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
