/* The rows of a bulk insert in a running call. */
#include "base/clock.h"
#include "query/calling.h"

/* Writes all rows as text, one per line: cells in the order of the columns, _ for the database's own default; or the
 * message. */
static void show_rows(rl_buf *out, call *c, const rl_rows *rows) {
  rl_rows_walk *w;
  rl_inputs in = inputs_of(c);
  rl_error err = {0};
  rl_value cells[64];
  bool given[64];
  assert_int_equal(rl_rows_walk_new(rows, &in, &w, &err), RILLE_OK);
  size_t count = rl_rows_walk_count(w), seen = 0;
  rille_status status;
  while ((status = rl_rows_walk_next(w, cells, given, &err)) == RILLE_ROW) {
    seen++;
    for (size_t i = 0; i < rows->column_count; i++) {
      rl_buf_text(out, i ? " " : "");
      if (given[i])
        show_value(out, &cells[i]);
      else
        rl_buf_byte(out, '_');
    }
    rl_buf_byte(out, '\n');
  }
  if (status < 0)
    rl_buf_printf(out, "%s %s", rl_code_name(err.code), rl_error_message(&err));
  else
    assert_int_equal(count, seen);
  rl_error_clear(&err);
}

static void show_all(rl_buf *out, call *c) {
  show_rows(out, c, c->query->rows);
}

static void check_rows(const char *model, const char *data, const char *expected) {
  char text[1000];
  (void)snprintf(text, sizeof text, "{ data = %s }", data);
  call *c = good_call(model, RILLE_CREATE_MANY, text);
  rl_buf out;
  rl_buf_init(&out);
  show_all(&out, c);
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
  end_call(c);
}

static void test_rows(void **state) {
  (void)state;
  check_rows("post", "{ { id = 1, title = \"a\", authorId = 1 }, { id = 2, title = \"b\", authorId = 1 } }",
             "1 'a' 0 1\n2 'b' 0 1\n");
  check_rows(
      "post",
      "{ { id = 1, title = \"a\", authorId = 1, views = 5 }, { views = 6, authorId = 1, title = \"b\", id = 2.0 } }",
      "1 'a' 5 1\n2 'b' 6 1\n");
  check_rows("post", "{ id = 1, title = \"a\", authorId = 1 }", "1 'a' 0 1\n");
  check_rows("post", "{}", "");
  check_rows("post", "@array", "");
  check_rows("plain", "{ { note = \"x\" }, { id = 7 }, {} }", "_ 'x'\n7 null\n_ null\n");
  check_rows("plain",
             "{ { note = null, data = null }, { data = @json_null }, { data = { a = { 1 } } }, { data = @db_null } }",
             "null null\nnull jnull\nnull j{\"a\":[1]}\nnull null\n");
  check_rows("comment", "{ { a = 1, b = \"x\" }, { a = \"y\", b = \"z\" } }",
             "1 'x'\nVALIDATION data[2].a: expected an integer, got a string");
  check_rows("comment", "{ { a = 1, b = \"x\" }, { a = 2147483648, b = \"z\" } }",
             "1 'x'\nP2020 data[2].a: expected an integer from -2147483648 to 2147483647 (Int), got 2147483648");
  check_rows("comment", "{ a = true, b = \"x\" }", "VALIDATION data.a: expected an integer, got a boolean");
}

/* Related rows: those of all parents, one after the other. */
static void check_children(const char *data, size_t index, const char *expected) {
  char text[2000];
  (void)snprintf(text, sizeof text, "{ data = %s }", data);
  call *c = good_call("user", RILLE_CREATE_MANY, text);
  assert_true(index < c->query->rows->child_count);
  rl_buf out;
  rl_buf_init(&out);
  show_rows(&out, c, c->query->rows->children[index]);
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
  end_call(c);
}

static void test_related_rows(void **state) {
  (void)state;
  const char *data =
      "{ { email = \"a\", posts = { create = { { id = 1, title = \"x\" }, { title = \"y\", id = 2 } }, "
      "connect = { id = 8 } } }, { email = \"b\" }, { email = \"c\", posts = { create = {} } }, "
      "{ email = \"d\", posts = { connect = { { id = 9 } }, create = { id = 3, title = \"z\", views = 4 }, "
      "create_many = { data = { { id = 5, title = \"m\" } } } } } }";
  check_children(data, 0, "1 'x' 0\n2 'y' 0\n3 'z' 4\n5 'm' 0\n");
  check_children(data, 1, "8\n9\n");
  check_children("{ { email = \"a\", posts = { create = { { id = 1, title = \"x\" }, { id = 2, title = 3 } } } } }", 0,
                 "1 'x' 0\nVALIDATION data[1].posts.create[2].title: expected a string, got an integer");
#define BAD(data, code, message) check_error("user", RILLE_CREATE_MANY, "{ data = " data " }", code, message)
  BAD("{ { email = \"a\", posts = { delete = { id = 1 } } } }", RL_VALIDATION,
      "data[1].posts.delete: expected `create`, `create_many` or `connect`; related rows are written in bulk too");
  BAD("{ { email = \"a\", posts = { create = { { id = 1 } } } } }", RL_P2012,
      "data[1].posts.create[1].title: missing; the field is required and has no default");
  BAD("{ { email = \"a\", posts = { create = { id = 1, title = \"x\", authorId = 3 } } } }", RL_VALIDATION,
      "data[1].posts.create.authorId: cannot be given; the relation through which the row is written sets it");
  BAD("{ { email = \"a\", manager = { connect = { id = 1 } } } }", RL_VALIDATION,
      "data[1].manager: this relation cannot be written in bulk; write the foreign key, or use `create`");
#undef BAD
  check_error("user", RILLE_CREATE_MANY,
              "{ data = { { email = \"a\", posts = { connect = { id = 1 } } } }, skip_duplicates = true }",
              RL_VALIDATION, "skip_duplicates: cannot be used with related rows; a skipped row could not have any");
  check_error("user", RILLE_UPSERT_MANY,
              "{ data = { { email = \"a\", posts = { connect = { id = 1 } } } }, on = { \"email\" } }", RL_VALIDATION,
              "data[1].posts: this relation cannot be written in bulk; write the foreign key, or use `create`");
}

static void test_rows_of_updates(void **state) {
  (void)state;
  call *c = good_call(
      "post", RILLE_UPDATE_MANY,
      "{ data = { { id = 1, title = \"a\" }, { id = 2, views = 3 } }, on = { \"id\" }, where = { views = 1 } }");
  rl_buf out;
  rl_buf_init(&out);
  show_all(&out, c);
  assert_string_equal(rl_buf_z(&out), "1 'a' _\n2 _ 3\n");
  check_filter(c, c->query->read.where, "views = 1");
  rl_buf_dispose(&out);
  end_call(c);
  check_error("post", RILLE_UPDATE_MANY, "{ data = { { id = 1, title = \"a\" }, { title = \"b\" } }, on = { \"id\" } }",
              RL_P2013, "data[2].id: missing; `on` names it, so every row must have it");
  check_error("post", RILLE_UPDATE_MANY, "{ data = { { id = 1, title = \"a\" } }, on = { \"id\" }, where = {} }",
              RL_VALIDATION,
              "where: without a condition it would mean every row; if you want that, write `where = rille.all`");
}

static void test_generated_for_each_row(void **state) {
  (void)state;
  call *c = good_call("user", RILLE_CREATE_MANY,
                      "{ data = { { email = \"a\", tags = { \"x\" } }, { email = \"b\", tags = {}, createdAt = { year "
                      "= 1970, month = 1, day = 1, hour = 0 } } } }");
  const rl_rows *rows = c->query->rows;
  size_t uid = 0, created = 0, tags = 0;
  for (size_t i = 0; i < rows->column_count; i++) {
    if (rl_str_is(rows->columns[i].field->name, "uid")) uid = i;
    if (rl_str_is(rows->columns[i].field->name, "createdAt")) created = i;
    if (rl_str_is(rows->columns[i].field->name, "tags")) tags = i;
  }
  rl_rows_walk *w;
  rl_inputs in = inputs_of(c);
  rl_value first[64], second[64];
  bool given[64];
  assert_int_equal(rl_rows_walk_new(rows, &in, &w, NULL), RILLE_OK);
  assert_int_equal(rl_rows_walk_next(w, first, given, NULL), RILLE_ROW);
  assert_int_equal(rl_rows_walk_next(w, second, given, NULL), RILLE_ROW);
  assert_int_equal(rl_rows_walk_next(w, second, given, NULL), RILLE_DONE);
  assert_memory_not_equal(first[uid].as.p, second[uid].as.p, 36);
  assert_int_equal(first[created].as.i, 1000000);
  assert_int_equal(second[created].as.i, 0);
  assert_int_equal(first[tags].len, 1);
  assert_int_equal(second[tags].len, 0);
  end_call(c);
}

/* A plan for two rows fits any number of rows of the same shape. */
static void test_other_length(void **state) {
  (void)state;
  call *c = good_call("comment", RILLE_CREATE_MANY, "{ data = { { a = 1, b = \"x\" } } }");
  rl_tape_reset(&c->tape);
  write_tape(&c->tape, "{ data = { { a = 1, b = \"x\" }, { a = 2, b = \"y\" }, { a = 3, b = \"z\" } } }");
  assert_true(address_again(c));
  rl_buf out;
  rl_buf_init(&out);
  show_all(&out, c);
  assert_string_equal(rl_buf_z(&out), "1 'x'\n2 'y'\n3 'z'\n");
  rl_buf_dispose(&out);
  end_call(c);
}

static void test_many(void **state) {
  (void)state;
  enum { COUNT = 10000 };
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_text(&text, "{ data = {");
  for (int i = 0; i < COUNT; i++) rl_buf_printf(&text, "{ a = %d, b = \"row %d\", text = \"t\" },", i, i);
  rl_buf_text(&text, "} }");
  call *c = good_call("comment", RILLE_CREATE_MANY, rl_buf_z(&text));
  rl_rows_walk *w;
  rl_inputs in = inputs_of(c);
  rl_value cells[64];
  bool given[64];
  int64_t from = rl_clock_us();
  assert_int_equal(rl_rows_walk_new(c->query->rows, &in, &w, NULL), RILLE_OK);
  for (int i = 0; i < COUNT; i++) {
    assert_int_equal(rl_rows_walk_next(w, cells, given, NULL), RILLE_ROW);
    assert_int_equal(cells[0].as.i, i);
  }
  assert_int_equal(rl_rows_walk_next(w, cells, given, NULL), RILLE_DONE);
  int64_t took = rl_clock_us() - from;
  print_message("10,000 rows in %lld us\n", (long long)took);
  assert_true(took < 1000000); /* much more than it needs, also under a sanitizer */
  rl_buf_dispose(&text);
  end_call(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows),
      cmocka_unit_test(test_related_rows),
      cmocka_unit_test(test_rows_of_updates),
      cmocka_unit_test(test_generated_for_each_row),
      cmocka_unit_test(test_other_length),
      cmocka_unit_test(test_many),
  };
  return cmocka_run_group_tests(tests, setup_schema, teardown_schema);
}
