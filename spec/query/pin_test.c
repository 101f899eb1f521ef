/* Pins: another call of the same shape may use a query only if the pinned values are the same. And running out of
 * memory at any point. */
#include "../base/failing_allocator.h"
#include "query/calling.h"

typedef enum relation_of_calls { OTHER_SHAPE, PINNED, SHARED } relation_of_calls;

static relation_of_calls relate(rille_action action, const char *first, const char *second) {
  call *c = good_call("user", action, first);
  uint64_t shape = rl_tape_hash(&c->tape);
  rl_tape_reset(&c->tape);
  write_tape(&c->tape, second);
  relation_of_calls r = OTHER_SHAPE;
  if (rl_tape_hash(&c->tape) == shape) r = address_again(c) ? SHARED : PINNED;
  end_call(c);
  return r;
}

#define FIND(first, second, expected) assert_int_equal(relate(RILLE_FIND_MANY, first, second), expected)
#define UPDATE(first, second, expected)                                                                                \
  assert_int_equal(                                                                                                    \
      relate(RILLE_UPDATE, "{ where = { id = 1 }, data = " first " }", "{ where = { id = 1 }, data = " second " }"),   \
      expected)

static void test_runtime_values(void **state) {
  (void)state;
  FIND("{ where = { id = 1 } }", "{ where = { id = 2 } }", SHARED);
  FIND("{ where = { active = true } }", "{ where = { active = false } }", SHARED);
  FIND("{ where = { id = { in_ = { 1 } } } }", "{ where = { id = { in_ = { 4, 5, 6 } } } }", SHARED);
  FIND("{ where = { tags = { has_some = { \"a\" } } } }", "{ where = { tags = { has_some = { \"b\", \"c\" } } } }",
       SHARED);
  FIND("{ where = { data = { path = { \"a\" }, equals = 1 } } }",
       "{ where = { data = { path = { \"b\", \"c\" }, equals = 2 } } }", SHARED);
  FIND("{ take = 3, skip = 1 }", "{ take = 8, skip = 5 }", SHARED);
  FIND("{ cursor = { id = 3 } }", "{ cursor = { id = 4 } }", SHARED);
  UPDATE("{ name = \"a\", age = { increment = 1 } }", "{ name = \"b\", age = { increment = 7 } }", SHARED);
  UPDATE("{ tags = { push = { \"a\" } } }", "{ tags = { push = { \"a\", \"b\" } } }", SHARED);
}

static void test_pinned_values(void **state) {
  (void)state;
  FIND("{ take = 3 }", "{ take = -3 }", PINNED);
  FIND("{ take = 3 }", "{ take = 0 }", PINNED);
  FIND("{ order_by = { name = \"asc\" } }", "{ order_by = { name = \"desc\" } }", PINNED);
  FIND("{ order_by = { name = \"asc\" } }", "{ order_by = { name = \"asc\" } }", SHARED);
  FIND("{ select = { id = true, name = true } }", "{ select = { id = true, name = false } }", PINNED);
  FIND("{ omit = { id = true } }", "{ omit = { id = false } }", PINNED);
  FIND("{ include = { posts = true } }", "{ include = { posts = false } }", PINNED);
  FIND("{ distinct = { \"name\" } }", "{ distinct = { \"age\" } }", PINNED);
  FIND("{ lock = \"update\" }", "{ lock = \"share\" }", PINNED);
  FIND("{ where = { email = { equals = \"x\", mode = \"default\" } } }",
       "{ where = { email = { equals = \"x\", mode = \"insensitive\" } } }", PINNED);
  FIND("{ where = { tags = { is_empty = true } } }", "{ where = { tags = { is_empty = false } } }", PINNED);
  FIND("{ where = { OR = { { id = 1 } } } }", "{ where = { OR = { { id = 1 }, { id = 2 } } } }", PINNED);
  FIND("{ where = { OR = { { id = 1 }, { id = 3 } } } }", "{ where = { OR = { { id = 1 }, { id = 2 } } } }", SHARED);
  FIND("{ where = { name = { search = \"a\" }, email = { search = \"a\" } } }",
       "{ where = { name = { search = \"a\" }, email = { search = \"b\" } } }", PINNED);
  FIND("{ where = { name = { search = \"a\" }, email = { search = \"a\" } } }",
       "{ where = { name = { search = \"b\" }, email = { search = \"b\" } } }", SHARED);
  UPDATE("{ posts = { connect = { { id = 1 } } } }", "{ posts = { connect = { { id = 1 }, { id = 2 } } } }", PINNED);
  UPDATE("{ manager = { disconnect = true } }", "{ manager = { disconnect = false } }", PINNED);
}

static void test_shapes(void **state) {
  (void)state;
  FIND("{ where = { name = \"x\" } }", "{ where = { name = null } }", OTHER_SHAPE);
  FIND("{ where = { id = { in_ = {} } } }", "{ where = { id = { in_ = { 1 } } } }", OTHER_SHAPE);
  FIND("{ where = { age = @field\"User.small\" } }", "{ where = { age = @field\"User.id\" } }", OTHER_SHAPE);
}

/* The values of another call of the same shape are read from its tape. */
static void test_addresses(void **state) {
  (void)state;
  call *c = good_call(
      "user", RILLE_FIND_MANY,
      "{ where = { id = { in_ = { 1 } }, OR = { { age = 2 }, { nums = { has_some = { 3 } } } }, name = \"a\" } }");
  rl_tape_reset(&c->tape);
  write_tape(&c->tape, "{ where = { id = { in_ = { 7, 8, 9 } }, OR = { { age = 5 }, { nums = { has_some = { 6, 4 } } } "
                       "}, name = \"b\" } }");
  assert_true(address_again(c));
  check_filter(c, c->query->read.where, "and(id in [7 8 9], or(age = 5, nums has_some [6 4]), name = 'b')");
  end_call(c);
}

typedef struct pinned_list {
  rille_action action;
  const char *before, *after;                 /* around the elements of the list whose length is pinned */
  const char *element_before, *element_after; /* around a string in each element */
} pinned_list;

static void write_elements(rl_buf *out, const pinned_list *list, int count, int text_length) {
  rl_buf_reset(out);
  rl_buf_text(out, list->before);
  for (int i = 0; i < count; i++) {
    rl_buf_printf(out, "%s%s", i ? ", " : "", list->element_before);
    for (int k = 0; k < text_length; k++) rl_buf_byte(out, 'a');
    rl_buf_text(out, list->element_after);
  }
  rl_buf_text(out, list->after);
}

/* Values after a list with a pinned length are read only if the length is the same. Otherwise the length of a long
 * string would be taken for that of a list, and the next value would be far outside. */
static void test_a_pinned_length_comes_first(void **state) {
  (void)state;
  static const pinned_list lists[] = {
      {RILLE_COUNT, "{ where = { AND = { { OR = { ",
       " } }, { id = { in_ = { 1, 2 } } }, { age = { in_ = { 1, 2 } } } } } }", "{ name = \"", "\" }"},
      {RILLE_FIND_MANY, "{ where = { NOT = { ", " }, id = { in_ = { 1, 2 } }, nums = { has_some = { 1 } } } }",
       "{ name = \"", "\" }"},
      {RILLE_FIND_MANY, "{ where = { posts = { none = { OR = { ",
       " } } }, id = { in_ = { 1, 2 } }, age = { in_ = { 1 } } } }", "{ title = \"", "\" }"},
      {RILLE_UPDATE, "{ where = { id = 1 }, data = { posts = { update_many = { ",
       " } }, nums = { 1 }, tags = { \"a\", \"b\" } } }", "{ where = { title = \"", "\" }, data = { title = \"x\" } }"},
      {RILLE_CREATE, "{ data = { posts = { create = { ",
       " } }, email = \"x\", nums = { 1 }, tags = { \"a\", \"b\" } } }", "{ id = 1, title = \"", "\" }"},
  };
  rl_buf text;
  rl_buf_init(&text);
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    write_elements(&text, &lists[i], 2, 1);
    call *c = good_call("user", lists[i].action, rl_buf_z(&text));
    for (int count = 3; count <= 6; count++) {
      write_elements(&text, &lists[i], count, 100000);
      rl_tape_reset(&c->tape);
      write_tape(&c->tape, rl_buf_z(&text));
      assert_false(address_again(c));
    }
    end_call(c);
  }
  rl_buf_dispose(&text);
}

/* ------------------------------------------------------------------ memory */

typedef struct bound {
  rille_action action;
  const rl_tape *tape;
} bound;

static bool bind_and_read(void *argument) {
  const bound *what = argument;
  rl_arena arena;
  rl_arg_tree *tree;
  rl_query *query;
  rl_error err = {0};
  rl_arena_init(&arena, 0);
  const rl_model *m = rl_schema_model(test_schema, RL_STR("User"));
  rille_status status = rl_arg_tree_read(what->tape, &arena, &tree, &err);
  if (status == RILLE_OK) status = rl_bind(test_schema, m, what->action, tree, NULL, &arena, &query, &err);
  uint32_t anchors[64];
  if (status == RILLE_OK) {
    assert_true(rl_tape_anchors(what->tape, tree->runs, tree->run_count, tree->pins, tree->pin_count, anchors));
    rl_inputs in = {.tape = what->tape, .anchors = anchors, .arena = &arena};
    in.generated = RL_NEW_ARRAY(&arena, rl_value, query->generated_count);
    if (!in.generated) status = RILLE_NOMEM;
    rl_value v;
    for (rl_input *i = query->inputs; i && status == RILLE_OK; i = i->next_sealed)
      status = rl_input_value(i, &in, &v, &err);
    rl_rows_walk *w;
    rl_value cells[64];
    bool given[64];
    if (status == RILLE_OK && query->rows) status = rl_rows_walk_new(query->rows, &in, &w, &err);
    while (query->rows && (status == RILLE_OK || status == RILLE_ROW))
      status = rl_rows_walk_next(w, cells, given, &err);
    if (status == RILLE_DONE) status = RILLE_OK;
  }
  rl_error_clear(&err);
  rl_arena_dispose(&arena);
  return status == RILLE_OK;
}

static void test_memory(void **state) {
  (void)state;
  static const struct {
    rille_action action;
    const char *text;
  } cases[] = {
      {RILLE_FIND_MANY, "{ where = { OR = { { id = 1 }, { posts = { some = { title = { contains = \"x\" } } } } }, NOT "
                        "= { age = { in_ = { 1, 2 } } }, "
                        "data = { path = \"$.a[0]\", array_contains = 1 } }, order_by = { { name = \"asc\" } }, "
                        "include = { posts = { take = 2 }, _count = true } }"},
      {RILLE_CREATE, "{ data = { email = \"a\", balance = 1.5, posts = { create = { { id = 1, title = \"x\" } }, "
                     "create_many = { data = { { id = 2, title = \"y\" } } } } } }"},
      {RILLE_CREATE_MANY, "{ data = { { email = \"a\", data = { a = 1 } }, { email = \"b\", uid = "
                          "\"123e4567e89b12d3a45642661417400a\" } } }"},
      {RILLE_CREATE_MANY, "{ data = { { email = \"a\", posts = { create = { { id = 1, title = \"x\" } }, "
                          "connect = { { id = 2 } } } } } }"},
      {RILLE_UPDATE_MANY, "{ data = { { id = 1, age = 3 } }, on = { \"id\" }, where = { age = 2 } }"},
      {RILLE_GROUP_BY,
       "{ by = { \"name\", { createdAt = \"week\" } }, having = { age = { _avg = { gt = 1 } } }, _count = true }"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rl_tape tape;
    rl_tape_init(&tape);
    write_tape(&tape, cases[i].text);
    bound what = {cases[i].action, &tape};
    assert_true(bind_and_read(&what));
    assert_true(fail_each_allocation(bind_and_read, &what, false) >= 1);
    rl_tape_dispose(&tape);
  }
  rl_tape tape; /* a wrong call stays wrong, even if writing the message fails */
  rl_tape_init(&tape);
  write_tape(&tape, "{ where = { posts = { some = { titel = 1 } } } }");
  bound what = {RILLE_FIND_MANY, &tape};
  for (long n = 0; n < 100; n++) {
    failing_allocator f = {.left = n};
    rl_allocator_set(failing_alloc, &f);
    bool done = bind_and_read(&what);
    rl_allocator_set(NULL, NULL);
    assert_false(done);
    assert_int_equal(f.live, 0);
  }
  rl_tape_dispose(&tape);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_runtime_values),
      cmocka_unit_test(test_pinned_values),
      cmocka_unit_test(test_shapes),
      cmocka_unit_test(test_addresses),
      cmocka_unit_test(test_a_pinned_length_comes_first),
      cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, setup_schema, teardown_schema);
}
