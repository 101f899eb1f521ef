/* Renames: pairs that might be renames, confirmed ones, and mirrored ones. They need no database. */
#include "migrate/pure.h"

typedef struct guess {
  const char *name, *from, *to, *want; /* want: "what table from>to" each */
} guess;

static const guess guesses[] = {
    {"a dropped column and an added one of its type", "model A {\n  id Int @id\n  x String\n}\n",
     "model A {\n  id Int @id\n  y String\n}\n", "column A x>y; "},
    {"another type", "model A {\n  id Int @id\n  x String\n}\n", "model A {\n  id Int @id\n  y Int\n}\n", ""},
    {"a table with the same columns", "model A {\n  id Int @id\n  x String\n}\n",
     "model B {\n  id Int @id\n  x String\n}\n", "table  A>B; "},
    {"a table with other columns", "model A {\n  id Int @id\n  x String\n}\n",
     "model B {\n  key Int @id\n  y Int\n  z Int\n}\n", ""},
    {"a doc comment says so already", "model A {\n  id Int @id\n  x String\n}\n",
     "model A {\n  id Int @id\n  /// @renamed-from x\n  y String\n}\n", ""},
    {"only one is dropped", "model A {\n  id Int @id\n  x String\n}\n", "model A {\n  id Int @id\n}\n", ""},
    {"only one is added", "model A {\n  id Int @id\n}\n", "model A {\n  id Int @id\n  x String\n}\n", ""},
    {"nothing differs", "model A {\n  id Int @id\n}\n", "model A {\n  id Int @id\n}\n", ""},
};

static void test_guesses(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++) {
    pure p;
    rl_buf got;
    rl_buf_init(&got);
    compare_schemas(&p, RL_PROVIDER_POSTGRESQL, guesses[i].from, guesses[i].to, NULL, false);
    for (size_t k = 0; k < p.guesses.count; k++) {
      const rl_rename *r = &p.guesses.items[k];
      rl_buf_printf(&got, "%s %.*s %.*s>%.*s; ", r->what, RL_STR_ARG(r->table), RL_STR_ARG(r->from), RL_STR_ARG(r->to));
    }
    expect_text(guesses[i].name, rl_buf_view(&got), guesses[i].want);
    rl_buf_dispose(&got);
    dispose_pure(&p);
  }
}

static void expect_renamed(rl_provider provider, const char *from, const char *to, rl_rename hint, const char *want) {
  pure p;
  rl_buf got;
  rl_renames hints = {&hint, 1, 1};
  rl_buf_init(&got);
  compare_schemas(&p, provider, from, to, &hints, false);
  write_difference(&p.diff, &got);
  expect_text(want, rl_buf_view(&got), want);
  rl_buf_dispose(&got);
  dispose_pure(&p);
}

#define NAME(z) ((rl_str){z, sizeof(z) - 1})

static void test_confirmed(void **state) {
  (void)state;
  const rl_provider both[] = {RL_PROVIDER_POSTGRESQL, RL_PROVIDER_SQLITE};
  for (size_t i = 0; i < 2; i++)
    expect_renamed(both[i], "model A {\n  id Int @id\n  x String\n}\n", "model A {\n  id Int @id\n  y String\n}\n",
                   (rl_rename){"column", NAME("A"), NAME("x"), NAME("y")},
                   "rename A: ALTER TABLE \"A\" RENAME COLUMN \"x\" TO \"y\"\n");
  expect_renamed(RL_PROVIDER_SQLITE, "model A {\n  id Int @id\n}\n", "model B {\n  id Int @id\n}\n",
                 (rl_rename){"table", NAME(""), NAME("A"), NAME("B")}, "rename B: ALTER TABLE \"A\" RENAME TO \"B\"\n");
  expect_renamed(RL_PROVIDER_POSTGRESQL, "enum E {\n  X\n}\nmodel A {\n  id Int @id\n  e E\n}\n",
                 "enum E {\n  Y\n}\nmodel A {\n  id Int @id\n  e E\n}\n",
                 (rl_rename){"enum value", NAME("E"), NAME("X"), NAME("Y")},
                 "rename E: ALTER TYPE \"E\" RENAME VALUE 'X' TO 'Y'\n");
}

/* A hint about a missing table changes nothing. */
static void test_of_nothing(void **state) {
  (void)state;
  expect_renamed(RL_PROVIDER_POSTGRESQL, "model A {\n  id Int @id\n  x String\n}\n",
                 "model A {\n  id Int @id\n  y String\n}\n", (rl_rename){"column", NAME("B"), NAME("x"), NAME("y")},
                 "alter_table A: ALTER TABLE \"A\" DROP COLUMN \"x\", ADD COLUMN \"y\" TEXT NOT NULL\n"
                 "  drop_column x\n  add_column y\n"
                 "! drop_column table=A column=x\n! blocks add_required_column table=A column=y\n");
}

/* Renames of the schema `from` are undone. */
static void test_mirror(void **state) {
  (void)state;
  pure p;
  rl_buf got;
  rl_buf_init(&got);
  compare_schemas(&p, RL_PROVIDER_POSTGRESQL,
                  "/// @renamed-from A\nmodel B {\n  id Int @id\n  /// @renamed-from x\n  y String\n}\n",
                  "model A {\n  id Int @id\n  x String\n}\n", NULL, true);
  write_difference(&p.diff, &got);
  expect_text("mirror", rl_buf_view(&got),
              "rename A: ALTER TABLE \"B\" RENAME TO \"A\"\n"
              "rename A: ALTER TABLE \"A\" RENAME COLUMN \"y\" TO \"x\"\n"
              "rename_index A: ALTER TABLE \"A\" RENAME CONSTRAINT \"B_pkey\" TO \"A_pkey\"\n  rename A_pkey\n");
  rl_buf_dispose(&got);
  dispose_pure(&p);
}

/* Two tables cannot swap their names. */
static void test_circles(void **state) {
  (void)state;
  rl_arena arena;
  rl_db from, to;
  rl_diff diff;
  rl_error err = {0};
  rl_schema *a = schema_of("model A {\n  id Int @id\n}\nmodel B {\n  id Int @id\n}\n", RL_PROVIDER_POSTGRESQL);
  rl_schema *b =
      schema_of("/// @renamed-from B\nmodel A {\n  id Int @id\n}\n/// @renamed-from A\nmodel B {\n  id Int @id\n}\n",
                RL_PROVIDER_POSTGRESQL);
  rl_arena_init(&arena, 0);
  assert_int_equal(rl_db_of_schema(&rl_dialect_postgres, a, &arena, &from, &err), RILLE_OK);
  assert_int_equal(rl_db_of_schema(&rl_dialect_postgres, b, &arena, &to, &err), RILLE_OK);
  assert_int_equal(rl_db_diff(&from, &to, &arena, &diff, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_VALIDATION);
  rl_error_clear(&err);
  rl_arena_dispose(&arena);
  rl_schema_release(a);
  rl_schema_release(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_guesses), cmocka_unit_test(test_confirmed),
                                     cmocka_unit_test(test_of_nothing), cmocka_unit_test(test_mirror),
                                     cmocka_unit_test(test_circles)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
