/* The other arguments of reads: order_by, take, skip, cursor, distinct, lock, select, include, omit, _count; and
 * aggregates. */
#include "query/calling.h"

#define WRONG(model, action, text, code, message) check_error(model, action, text, code, message)

static void show_order(rl_buf *out, call *c, const rl_order *o) {
  static const char *const kinds[] = {"", "count ", "relevance ", "aggregate "};
  rl_buf_text(out, kinds[o->kind]);
  for (size_t i = 0; i < o->path_count; i++) rl_buf_printf(out, "%.*s.", RL_STR_ARG(o->path[i]->name));
  if (o->aggregate) rl_buf_printf(out, "%d:", (int)o->aggregate);
  if (o->field) rl_buf_str(out, o->field->name);
  for (size_t i = 0; i < o->field_count; i++)
    rl_buf_printf(out, "%s%.*s", i ? "+" : "", RL_STR_ARG(o->fields[i]->name));
  if (o->search) {
    rl_buf_byte(out, ' ');
    show_input(out, c, o->search);
  }
  rl_buf_text(out, o->descending ? " desc" : " asc");
  if (o->nulls) rl_buf_text(out, o->nulls == RL_NULLS_FIRST ? " nulls first" : " nulls last");
}

static void check_order(const char *model, const char *order, const char *expected) {
  char text[500];
  (void)snprintf(text, sizeof text, "{ order_by = %s }", order);
  call *c = good_call(model, RILLE_FIND_MANY, text);
  rl_buf out;
  rl_buf_init(&out);
  for (size_t i = 0; i < c->query->read.order_count; i++) {
    if (i) rl_buf_text(&out, ", ");
    show_order(&out, c, &c->query->read.orders[i]);
  }
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
  end_call(c);
}

static void test_order(void **state) {
  (void)state;
  check_order("user", "{}", "");
  check_order("user", "{ {} }", "");
  check_order("user", "{ name = \"asc\" }", "name asc");
  check_order("user", "{ { name = \"asc\" }, { id = \"desc\" } }", "name asc, id desc");
  check_order("user", "{ name = { sort = \"desc\", nulls = \"last\" } }", "name desc nulls last");
  check_order("post", "{ author = { manager = { name = \"asc\" } } }", "author.manager.name asc");
  check_order("user", "{ posts = { _count = \"desc\" } }", "count posts desc");
  check_order("post", "{ author = { posts = { _count = \"asc\" } } }", "count author.posts asc");
  check_order("user", "{ _relevance = { fields = { \"name\", \"email\" }, search = \"x\", sort = \"desc\" } }",
              "relevance name+email 'x' desc");
  WRONG(
      "user", RILLE_FIND_MANY, "{ order_by = { a = \"asc\", b = \"asc\" } }", RL_VALIDATION,
      "order_by: expected one key, got 2; a Lua table has no order, so write a list of tables with one key each, like `{ { a = \"asc\" }, { b = \"asc\" } }`");
  WRONG("user", RILLE_FIND_MANY, "{ order_by = { nam = \"asc\" } }", RL_VALIDATION,
        "order_by.nam: unknown field of User; did you mean `name`?");
  WRONG("user", RILLE_FIND_MANY, "{ order_by = { name = \"up\" } }", RL_VALIDATION,
        "order_by.name: expected \"asc\" or \"desc\", got \"up\"");
  WRONG("user", RILLE_FIND_MANY, "{ order_by = { { posts = \"asc\" } } }", RL_VALIDATION,
        "order_by[1].posts: expected a table with one key, like `{ name = \"asc\" }`, got a string");
  WRONG("user", RILLE_FIND_MANY, "{ order_by = { id = { sort = \"asc\", nulls = \"first\" } } }", RL_VALIDATION,
        "order_by.id.nulls: `id` is required, so it is never NULL; leave `nulls` out");
  WRONG("user", RILLE_FIND_MANY, "{ order_by = { _relevance = { fields = \"age\", search = \"x\", sort = \"asc\" } } }",
        RL_VALIDATION, "order_by._relevance.fields: expected fields of type String, got `age`");
  WRONG("user", RILLE_FIND_MANY, "{ order_by = { _relevance = { fields = \"name\", sort = \"asc\" } } }", RL_P2013,
        "order_by._relevance.search: missing; `_relevance` needs it");
}

static void test_page(void **state) {
  (void)state;
  call *c = good_call("user", RILLE_FIND_MANY,
                      "{ take = -3, skip = 2, cursor = { id = 7 }, distinct = { \"name\", \"age\" } }");
  const rl_read *r = &c->query->read;
  rl_value v;
  rl_inputs in = inputs_of(c);
  assert_true(r->reverse);
  assert_false(r->take_none);
  assert_int_equal(rl_input_value(r->take, &in, &v, NULL), RILLE_OK);
  assert_int_equal(v.as.i, 3);
  assert_int_equal(rl_input_value(r->skip, &in, &v, NULL), RILLE_OK);
  assert_int_equal(v.as.i, 2);
  check_filter(c, r->cursor, "id = 7");
  assert_int_equal(r->distinct_count, 2);
  assert_true(rl_str_is(r->distinct[1]->name, "age"));
  end_call(c);
  c = good_call("user", RILLE_FIND_MANY, "{ take = 0, distinct = \"name\" }");
  assert_true(c->query->read.take_none);
  assert_int_equal(c->query->read.distinct_count, 1);
  end_call(c);
  WRONG("user", RILLE_FIND_MANY, "{ skip = -1 }", RL_P2019, "skip: expected 0 or more, got a negative number");
  WRONG("user", RILLE_FIND_MANY, "{ take = 1.5 }", RL_VALIDATION, "take: expected an integer, got 1.5");
  WRONG("user", RILLE_FIND_MANY, "{ take = \"1\" }", RL_VALIDATION, "take: expected an integer, got a string");
  WRONG("user", RILLE_FIND_MANY, "{ distinct = \"nme\" }", RL_VALIDATION,
        "distinct: unknown field `nme` of User; did you mean `name`?");
  WRONG("user", RILLE_FIND_MANY, "{ cursor = { age = 1 } }", RL_VALIDATION,
        "cursor: must name one User by a unique key: `id` or `email` or `uid`");
  WRONG("user", RILLE_FIND_MANY, "{ wher = {} }", RL_VALIDATION,
        "wher: unknown argument of `find_many`; did you mean `where`?");
}

static void test_lock(void **state) {
  (void)state;
  call *c =
      good_call("user", RILLE_FIND_MANY, "{ lock = { mode = \"no_key_update\", skip_locked = true, nowait = false } }");
  assert_int_equal(c->query->read.lock, RL_LOCK_NO_KEY_UPDATE);
  assert_int_equal(c->query->read.lock_wait, RL_LOCK_SKIP_LOCKED);
  end_call(c);
  c = good_call("user", RILLE_FIND_FIRST, "{ lock = \"share\" }");
  assert_int_equal(c->query->read.lock, RL_LOCK_SHARE);
  end_call(c);
  WRONG("user", RILLE_FIND_MANY, "{ lock = \"hard\" }", RL_VALIDATION,
        "lock: expected \"update\", \"no_key_update\", \"share\" or \"key_share\", got \"hard\"");
  WRONG("user", RILLE_FIND_MANY, "{ lock = { mode = \"share\", skip_locked = true, nowait = true } }", RL_VALIDATION,
        "lock: `skip_locked` and `nowait` cannot be used together");
}

static void show_selection(rl_buf *out, call *c, const rl_selection *s) {
  for (size_t i = 0; i < s->field_count; i++)
    rl_buf_printf(out, "%s%.*s", i ? " " : "", RL_STR_ARG(s->fields[i]->name));
  for (size_t i = 0; i < s->include_count; i++) {
    rl_buf_printf(out, " +%.*s(", RL_STR_ARG(s->includes[i].relation->name));
    show_selection(out, c, &s->includes[i].read->selection);
    if (s->includes[i].read->where) {
      rl_buf_text(out, " where ");
      show_filter(out, c, s->includes[i].read->where);
    }
    rl_buf_byte(out, ')');
  }
  for (size_t i = 0; i < s->count_count; i++) {
    rl_buf_printf(out, " #%.*s", RL_STR_ARG(s->counts[i].relation->name));
    if (s->counts[i].where) {
      rl_buf_byte(out, '(');
      show_filter(out, c, s->counts[i].where);
      rl_buf_byte(out, ')');
    }
  }
}

static void check_selection(const char *model, const char *text, const char *expected) {
  call *c = good_call(model, RILLE_FIND_MANY, text);
  rl_buf out;
  rl_buf_init(&out);
  show_selection(&out, c, &c->query->read.selection);
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
  end_call(c);
}

static void test_selection(void **state) {
  (void)state;
  check_selection("post", "{}", "id title views authorId");
  check_selection("post", "{ omit = { views = true, id = false } }", "id title authorId");
  check_selection("post", "{ select = { title = true, id = true, views = false } }", "id title");
  check_selection("post", "{ include = { comments = false, cats = true, author = { select = { name = true } } } }",
                  "id title views authorId +author(name) +cats(id name)");
  check_selection("post", "{ select = { comments = { where = { a = 1 }, take = 2, select = { b = true } } } }",
                  " +comments(b where a = 1)");
  check_selection("post", "{ select = { _count = true, id = true } }", "id #cats #comments");
  check_selection("post", "{ include = { _count = { select = { comments = { where = { a = 1 } }, cats = false } } } }",
                  "id title views authorId #comments(a = 1)");
  check_selection("post", "{ select = { author = {} } }",
                  " +author(id email name role age big score balance active data meta blob tags nums jl uid small "
                  "createdAt updatedAt managerId)");
#define BAD(text, message) WRONG("post", RILLE_FIND_MANY, text, RL_VALIDATION, message)
  BAD("{ select = {}, include = {} }",
      "find_many: `select` and `include` cannot be used together; write the relations in `select`");
  BAD("{ select = { id = true }, omit = { id = true } }",
      "find_many: `select` and `omit` cannot be used together; leave the fields out of `select`");
  BAD("{ select = {} }", "select: must name at least one field of Post");
  BAD("{ select = { id = false } }", "select: must name at least one field of Post");
  BAD("{ select = { idd = true } }", "select.idd: unknown field of Post; did you mean `id`?");
  BAD("{ select = { id = 1 } }", "select.id: expected a boolean, got an integer");
  BAD("{ include = { title = true } }",
      "include.title: `include` accepts only relations; the fields of Post are returned anyway");
  BAD("{ include = { autor = true } }", "include.autor: unknown relation of Post; did you mean `author`?");
  BAD("{ include = { author = { where = { id = 1 } } } }",
      "include.author.where: a required relation cannot be filtered");
  BAD("{ include = { author = { take = 1 } } }",
      "include.author.take: unknown argument of a to-one relation; expected one of `where`, `select`, `include`, "
      "`omit`, `recursive`, `depth`");
  BAD("{ include = { comments = { orderby = {} } } }",
      "include.comments.orderby: unknown argument of a to-many relation; did you mean `order_by`?");
  BAD("{ omit = { id = true, title = true, views = true, authorId = true } }", "omit: leaves no field of Post");
  BAD("{ select = { _count = { select = { author = true } } } }",
      "select._count.select.author: unknown to-many relation of Post; expected one of `cats`, `comments`");
  BAD("{ select = { _count = { select = { cats = false } } } }",
      "select._count.select: must name at least one to-many relation");
#undef BAD
}

static void test_periods(void **state) {
  (void)state;
  call *c = good_call("user", RILLE_GROUP_BY,
                      "{ by = { \"name\", { createdAt = \"month\" } }, order_by = { createdAt = \"asc\" } }");
  assert_int_equal(c->query->by_count, 2);
  assert_int_equal(c->query->periods[0], RL_PERIOD_NONE);
  assert_int_equal(c->query->periods[1], RL_PERIOD_MONTH);
  assert_true(rl_str_is(c->query->by[1]->name, "createdAt"));
  assert_int_equal(c->query->read.orders[0].period, RL_PERIOD_MONTH);
  end_call(c);
  WRONG("user", RILLE_GROUP_BY, "{ by = { { name = \"month\" } } }", RL_VALIDATION,
        "by[1].name: `name` is not a DateTime field, so it has no periods");
  WRONG("user", RILLE_GROUP_BY, "{ by = { { createdAt = \"minute\" } } }", RL_VALIDATION,
        "by[1].createdAt: expected \"year\", \"month\", \"week\", \"day\" or \"hour\", got \"minute\"");
}

static void test_recursive(void **state) {
  (void)state;
  call *c = good_call("user", RILLE_FIND_MANY,
                      "{ include = { reports = { recursive = true, depth = 5 }, manager = { recursive = true } } }");
  const rl_selection *s = &c->query->read.selection;
  assert_int_equal(s->includes[0].read->recursive_depth, INT32_MAX);
  assert_int_equal(s->includes[1].read->recursive_depth, 5);
  end_call(c);
  WRONG("user", RILLE_FIND_MANY, "{ include = { posts = { recursive = true } } }", RL_VALIDATION,
        "include.posts.recursive: only a relation of a model with itself can be followed recursively");
  WRONG("user", RILLE_FIND_MANY, "{ include = { reports = { depth = 2 } } }", RL_VALIDATION,
        "include.reports.depth: needs `recursive = true`");
}

static void test_global_omit(void **state) {
  (void)state;
  rl_map omit;
  rl_map_init(&omit);
  assert_true(rl_map_put(&omit, RL_STR("post.views"), &omit));
  test_options.omit = &omit;
  check_selection("post", "{}", "id title authorId");
  check_selection("post", "{ omit = { views = false } }", "id title views authorId");
  check_selection("post", "{ select = { views = true } }", "views");
  check_selection("comment", "{ select = { post = true } }", " +post(id title authorId)");
  test_options.omit = NULL;
  rl_map_dispose(&omit);
}

static void test_strict_where(void **state) {
  (void)state;
  test_options.strict_where = true;
  WRONG(
      "user", RILLE_FIND_MANY, "{ where = {} }", RL_VALIDATION,
      "where: without a condition it means every row, which `strict_where` refuses; if you want that, write `where = rille.all`");
  end_call(good_call("user", RILLE_FIND_MANY, "{ where = @all }"));
  end_call(good_call("user", RILLE_FIND_MANY, "{}"));
  test_options.strict_where = false;
  end_call(good_call("user", RILLE_COUNT, "{ where = {} }"));
}

/* ------------------------------------------------------------------ aggregates */

static void check_aggregates(rille_action action, const char *text, const char *expected) {
  static const char *const names[] = {"", "count", "count_all", "count_distinct", "sum", "avg", "min", "max"};
  call *c = good_call("post", action, text);
  rl_buf out;
  rl_buf_init(&out);
  for (size_t i = 0; i < c->query->aggregate_count; i++) {
    const rl_aggregate_column *a = &c->query->aggregates[i];
    rl_buf_printf(&out, "%s%s[%.*s][%.*s]", i ? " " : "", names[a->fn], RL_STR_ARG(a->group), RL_STR_ARG(a->name));
    assert_int_equal(a->field == NULL, a->fn == RL_AGG_COUNT_ALL);
  }
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
  end_call(c);
}

static void test_aggregate(void **state) {
  (void)state;
  check_aggregates(RILLE_AGGREGATE, "{ _count = true, _sum = { views = true }, _max = { title = true, id = false } }",
                   "count_all[][_count] sum[_sum][views] max[_max][title]");
  check_aggregates(RILLE_AGGREGATE, "{ _count = { _all = true, title = { distinct = true }, id = true } }",
                   "count_all[_count][_all] count_distinct[_count][title] count[_count][id]");
  check_aggregates(RILLE_COUNT, "{}", "count_all[][_all]");
  check_aggregates(RILLE_COUNT, "{ select = { _all = true, id = true } }", "count_all[][_all] count[][id]");
  WRONG("post", RILLE_AGGREGATE, "{}", RL_VALIDATION,
        "aggregate: expected at least one of `_count`, `_sum`, `_avg`, `_min`, `_max`");
  WRONG("post", RILLE_AGGREGATE, "{ _sum = { title = true } }", RL_VALIDATION,
        "_sum.title: unknown field for this aggregate of Post; expected one of `id`, `views`, `authorId`");
  WRONG("post", RILLE_AGGREGATE, "{ _min = { id = false } }", RL_VALIDATION,
        "_min: must name at least one field of Post");
  WRONG(
      "post", RILLE_COUNT, "{ distinct = \"id\" }", RL_VALIDATION,
      "distinct: unknown argument of `count`; expected one of `where`, `select`, `order_by`, `cursor`, `take`, `skip`");
}

static void check_having(const char *having, const char *expected) {
  char text[500];
  (void)snprintf(text, sizeof text, "{ by = { \"title\" }, having = %s }", having);
  call *c = good_call("post", RILLE_GROUP_BY, text);
  check_filter(c, c->query->having, expected);
  end_call(c);
}

static void test_group_by(void **state) {
  (void)state;
  check_aggregates(RILLE_GROUP_BY, "{ by = \"title\", _count = true, _avg = { views = true } }",
                   "count_all[][_count] avg[_avg][views]");
  check_having("{ title = \"x\" }", "title = 'x'");
  check_having("{ views = { _sum = { gt = 3000000000 } } }", "sum:views > 3000000000");
  check_having("{ views = { _avg = { gt = 1 } }, title = { _count = { not_ = 2 } } }",
               "and(avg:views > 1, count:title <> 2)");
  check_having("{ OR = { { title = { contains = \"x\" } }, { id = { _max = { lt = 2 } } } } }",
               "or(title like '%x%', max:id < 2)");
  check_having("{ _all = { _count = { gt = 1 } } }", "count_all: > 1");
  WRONG("post", RILLE_GROUP_BY, "{ by = { \"title\" }, having = { AND = { { id = 1 } } } }", RL_P2019,
        "having: fields in `having` must also be in `by`, or be filtered by an aggregate; missing in `by`: `id`");
  WRONG("post", RILLE_GROUP_BY, "{ by = { \"title\" }, order_by = { id = \"asc\" } }", RL_P2019,
        "order_by: fields in `order_by` must also be in `by`; missing in `by`: `id`");
  WRONG("post", RILLE_GROUP_BY, "{ by = { \"title\" }, take = 1 }", RL_P2019,
        "take: needs `order_by`; groups have no order without it");
  WRONG("post", RILLE_GROUP_BY, "{ by = {} }", RL_VALIDATION, "by: must name at least one field of Post");
  WRONG("post", RILLE_GROUP_BY, "{}", RL_P2013, "by: missing; `group_by` needs it");
  call *c = good_call(
      "post", RILLE_GROUP_BY,
      "{ by = { \"title\" }, order_by = { { _sum = { views = \"desc\" } }, { _count = { _all = \"asc\" } } } }");
  assert_int_equal(c->query->read.order_count, 2);
  assert_int_equal(c->query->read.orders[0].aggregate, RL_AGG_SUM);
  assert_int_equal(c->query->read.orders[1].aggregate, RL_AGG_COUNT_ALL);
  end_call(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order),       cmocka_unit_test(test_page),         cmocka_unit_test(test_lock),
      cmocka_unit_test(test_selection),   cmocka_unit_test(test_periods),      cmocka_unit_test(test_recursive),
      cmocka_unit_test(test_global_omit), cmocka_unit_test(test_strict_where), cmocka_unit_test(test_aggregate),
      cmocka_unit_test(test_group_by),
  };
  return cmocka_run_group_tests(tests, setup_schema, teardown_schema);
}
