/* What only PostgreSQL has: scalar lists, native types, full text, row locks, schemas. These tests need a server. */
#include "engines.h"

#if RILLE_WITH_POSTGRES

static const char schema[] = "datasource db {\n  provider = \"postgresql\"\n  url = \"postgresql://\"\n}\n"
                             "enum Color {\n  RED @map(\"red\")\n  BLUE\n  @@map(\"colour\")\n}\n"
                             "model Doc {\n"
                             "  id String @id @db.Uuid\n"
                             "  words String[]\n"
                             "  short String[] @db.VarChar(9)\n"
                             "  nums Int[]\n"
                             "  colors Color[]\n"
                             "  color Color?\n"
                             "  body String?\n"
                             "  title String?\n"
                             "  ip String? @db.Inet\n"
                             "  code String? @db.Char(4)\n"
                             "  bits String? @db.Bit(3)\n"
                             "  paper String? @db.Xml\n"
                             "  price Decimal? @db.Money\n"
                             "  small Int? @db.SmallInt\n"
                             "  flag Boolean?\n"
                             "  plain Json? @db.Json\n"
                             "  day DateTime? @db.Date\n"
                             "  n Int\n"
                             "}\n";

static const char rows[] = "INSERT INTO \"Doc\" (id, words, short, nums, colors, color, body, title, ip, code, bits, "
                           "paper, price, small, flag, plain, day, n) VALUES"
                           " ('00000000-0000-0000-0000-000000000001', '{a,b}', '{x}', '{1,2}', '{red}', 'red', 'the "
                           "quick fox', 'fox', '10.0.0.1', 'ab', B'101',"
                           "  '<a/>', 12.5, 3, true, '{\"k\": 1}', '2026-11-22', 1),"
                           " ('00000000-0000-0000-0000-000000000002', '{}', '{y,z}', NULL, '{BLUE,red}', 'BLUE', 'a "
                           "slow dog', NULL, '10.0.0.2', 'cd', B'011', NULL, 1, 4,"
                           "  false, '[]', NULL, 2)";

static rl_select *docs(rl_filter *where) {
  rl_select *s = ir_select("Doc", "n", where);
  ir_order(s, "Doc.n", false);
  return s;
}
#define expect_docs(where, numbers) expect_select(docs(where), numbers)

static rl_filter *list(const char *field, rl_operator op, rl_input *input) {
  rl_filter *f = ir_filter(RL_FILTER_LIST, field);
  f->op = op;
  f->input = input;
  return f;
}

static void lists(void **state) {
  (void)state;
  expect_docs(list("Doc.words", RL_OP_HAS, ir_of("Doc.words", ir_text("a"))), "1");
  expect_docs(ir_not(list("Doc.words", RL_OP_HAS, ir_of("Doc.words", ir_text("a")))), "2");
  expect_docs(list("Doc.nums", RL_OP_HAS_EVERY, ir_list_of("Doc.nums", ir_int(2), ir_int(1))), "1");
  expect_docs(list("Doc.short", RL_OP_HAS_SOME, ir_list_of("Doc.short", ir_text("z"), ir_text("q"))), "2");
  expect_docs(list("Doc.short", RL_OP_HAS, ir_of("Doc.short", ir_text("x"))), "1");
  expect_docs(list("Doc.colors", RL_OP_HAS_EVERY, ir_list_of("Doc.colors", ir_text("red"), ir_text("BLUE"))), "2");
  expect_docs(list("Doc.colors", RL_OP_HAS, ir_of("Doc.colors", ir_text("red"))), "1;2");
  expect_docs(list("Doc.words", RL_OP_IS_EMPTY, NULL), "2");
  rl_filter *some = list("Doc.words", RL_OP_IS_EMPTY, NULL);
  some->negated = true;
  expect_docs(some, "1");
  expect_docs(list("Doc.words", RL_OP_EQ, ir_list_of("Doc.words", ir_text("a"), ir_text("b"))), "1");
  expect_docs(list("Doc.words", RL_OP_NE, ir_list_of("Doc.words", ir_text("a"), ir_text("b"))), "2");
  rl_select *s = docs(NULL);
  ir_add_column(s, RL_COLUMN_FIELD, "Doc.colors");
  expect_select(s, "1|{red};2|{BLUE,red}");
  ir_add_column(s, RL_COLUMN_FIELD, "Doc.nums"); /* null in the second row */
  expect_select(s, "1|{red}|{1,2};2|{BLUE,red}|{}");
}

static void list_assignments(void **state) {
  (void)state;
  rl_update u = {.model = ir_model("Doc"), .where = ir_compare("Doc.n", RL_OP_EQ, ir_int(1)), .assign_count = 4};
  rl_input *words = ir_list_of("Doc.words", ir_text("c"), ir_text("d"));
  u.assigns = ir_assigns(4, "Doc.words", RL_PUSH, words, "Doc.nums", RL_PUSH, ir_of("Doc.nums", ir_int(3)),
                         "Doc.colors", RL_SET, ir_list_of("Doc.colors", ir_text("BLUE")), "Doc.short", RL_PUSH,
                         ir_of("Doc.short", ir_text("w")));
  rl_step *step = ir_write(RL_STEP_UPDATE, &u);
  ir_returning(step, "Doc", "words nums colors short");
  expect_rows(step, "{a,b,c,d}|{1,2,3}|{BLUE}|{x,w}");
}

static void native_types(void **state) {
  (void)state;
  expect_docs(ir_compare("Doc.ip", RL_OP_EQ, ir_text("10.0.0.2")), "2");
  expect_docs(ir_in("Doc.ip", ir_list_of("Doc.ip", ir_text("10.0.0.1")), false), "1");
  expect_docs(ir_compare("Doc.code", RL_OP_EQ, ir_text("ab")), "1");
  expect_docs(ir_in("Doc.code", ir_list_of("Doc.code", ir_text("cd")), false), "2");
  expect_docs(ir_compare("Doc.bits", RL_OP_EQ, ir_text("101")), "1");
  expect_docs(ir_compare("Doc.price", RL_OP_GT, ir_decimal("2.25")), "1");
  expect_docs(ir_in("Doc.price", ir_list_of("Doc.price", ir_decimal("1")), false), "2");
  expect_docs(ir_compare("Doc.color", RL_OP_EQ, ir_text("red")), "1");
  expect_docs(ir_in("Doc.color", ir_list_of("Doc.color", ir_text("BLUE")), true), "1");
  expect_docs(ir_compare("Doc.id", RL_OP_EQ, ir_text("00000000-0000-0000-0000-000000000002")), "2");
  expect_docs(ir_compare("Doc.small", RL_OP_EQ, ir_int(3)), "1");
  expect_docs(ir_json_filter("Doc.plain", RL_OP_EQ, NULL, ir_json("{\"k\":1}")), "1");
  expect_docs(ir_json_filter("Doc.plain", RL_OP_GTE, ir_path(ir_text("k")), ir_json("1")), "1");
  expect_select(ir_select("Doc", "ip bits paper price code", ir_compare("Doc.n", RL_OP_EQ, ir_int(1))),
                "10.0.0.1|101|<a/>|12.50|ab  ");
}

static void native_writes(void **state) {
  (void)state;
  rl_update u = {.model = ir_model("Doc"), .where = ir_compare("Doc.n", RL_OP_EQ, ir_int(2)), .assign_count = 6};
  u.assigns = ir_assigns(6, "Doc.ip", RL_SET, ir_of("Doc.ip", ir_text("::1")), "Doc.bits", RL_SET,
                         ir_of("Doc.bits", ir_text("111")), "Doc.paper", RL_SET, ir_of("Doc.paper", ir_text("<b/>")),
                         "Doc.price", RL_DIVIDE, ir_of("Doc.price", ir_decimal("4")), "Doc.code", RL_SET,
                         ir_of("Doc.code", ir_text("wxyz")), "Doc.small", RL_INCREMENT, ir_of("Doc.small", ir_int(1)));
  rl_step *step = ir_write(RL_STEP_UPDATE, &u);
  ir_returning(step, "Doc", "ip bits paper price code small");
  expect_rows(step, "::1|111|<b/>|0.25|wxyz|5");
}

static void extremes(void **state) {
  (void)state;
  static const char *const fields[] = {"Doc.id", "Doc.flag", "Doc.price", "Doc.color", "Doc.small"};
  rl_select *s = ir_select("Doc", "", NULL);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    ir_add_column(s, RL_COLUMN_AGGREGATE, fields[i])->fn = RL_AGG_MIN;
  ir_add_column(s, RL_COLUMN_AGGREGATE, "Doc.price")->fn = RL_AGG_SUM;
  ir_add_column(s, RL_COLUMN_AGGREGATE, "Doc.price")->fn = RL_AGG_AVG;
  expect_select(s, "00000000-0000-0000-0000-000000000001|f|1.00|red|3|13.50|6.7500000000000000");
}

static void full_text(void **state) {
  (void)state;
  rl_type text = {.scalar = RL_STRING};
  rl_filter *f = ir_filter(RL_FILTER_SEARCH, "Doc.body");
  f->fields = ir_fields(2, "Doc.body", "Doc.title");
  f->field_count = 2;
  f->input = ir_input(text, ir_text("fox & quick"));
  expect_docs(f, "1");
  expect_docs(ir_not(f), "2");
  rl_select *s = ir_select("Doc", "n", NULL);
  rl_order *o = ir_order(s, NULL, true);
  o->kind = RL_ORDER_RELEVANCE;
  o->fields = f->fields;
  o->field_count = 2;
  o->search = ir_input(text, ir_text("dog"));
  expect_select(s, "2;1");
}

static void locks(void **state) {
  (void)state;
  rl_select *s = docs(NULL);
  s->lock = RL_LOCK_UPDATE;
  s->lock_wait = RL_LOCK_SKIP_LOCKED;
  s->take = ir_number(1);
  expect_select(s, "1");
  s->reverse = true;
  s->lock = RL_LOCK_KEY_SHARE;
  s->lock_wait = RL_LOCK_NOWAIT;
  expect_select(s, "2");
}

static void bulk_arrays(void **state) {
  (void)state;
  rl_insert ins = {.model = ir_model("Doc"), .rows = ir_rows("Doc", 4, "Doc.id", "Doc.n", "Doc.color", "Doc.price")};
  rl_step *step = ir_write(RL_STEP_INSERT, &ins);
  ir_returning(step, "Doc", "n color price");
  rl_value ids[] = {ir_text("00000000-0000-0000-0000-000000000003"), ir_text("00000000-0000-0000-0000-000000000004")};
  rl_value numbers[] = {ir_int(3), ir_int(4)}, colors[] = {ir_text("red"), {.kind = RILLE_NULL}};
  rl_value prices[] = {ir_decimal("1.25"), {.kind = RILLE_NULL}};
  rl_value given[] = {{.kind = RILLE_LIST, .len = 2, .as.list = ids},
                      {.kind = RILLE_LIST, .len = 2, .as.list = numbers},
                      {.kind = RILLE_LIST, .len = 2, .as.list = colors},
                      {.kind = RILLE_LIST, .len = 2, .as.list = prices}};
  rl_step_sql *sql = ir_render(&rl_dialect_postgres, step);
  assert_int_equal(sql->bulk, RL_BULK_ARRAYS);
  assert_string_equal(run_template(&sql->main, given), "3|red|1.25;4|-|-");
  ins.rows = ir_rows("Doc", 2, "Doc.id", "Doc.words"); /* unnest would split arrays of arrays */
  sql = ir_render(&rl_dialect_postgres, step);
  assert_int_equal(sql->bulk, RL_BULK_VALUES);
  assert_int_equal(sql->rows_per, 50);
  assert_true(sql->one.wire_types[1].list);
}

static int setup(void **state) {
  (void)state;
  return engine_open(schema, rows);
}

static int teardown(void **state) {
  (void)state;
  return engine_close();
}

#define fresh(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {fresh(lists),         fresh(list_assignments), fresh(native_types),
                                     fresh(native_writes), fresh(extremes),         fresh(full_text),
                                     fresh(locks),         fresh(bulk_arrays)};
  const char *server = getenv("RILLE_TEST_POSTGRES");
  if (!server || !*server) {
    puts("postgres_test: skipped, RILLE_TEST_POSTGRES names no server");
    return 0;
  }
  the_engine = (engine){&rl_dialect_postgres, RL_PROVIDER_POSTGRESQL, postgres_run};
  return _cmocka_run_group_tests("postgresql", tests, sizeof tests / sizeof *tests, NULL, NULL);
}
#else
int main(void) {
  return 0;
}
#endif
