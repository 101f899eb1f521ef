/* data: assignments, defaults, checked and unchecked forms, nested writes. */
#include "query/calling.h"

#define WRONG(model, action, text, code, message) check_error(model, action, text, code, message)

static void show_write(rl_buf *out, call *c, const rl_write *w);

static void show_rows(rl_buf *out, const rl_rows *r) {
  for (size_t i = 0; i < r->column_count; i++)
    rl_buf_printf(out, "%s%.*s%s", i ? " " : "", RL_STR_ARG(r->columns[i].field->name),
                  r->columns[i].missing       ? "?"
                  : r->columns[i].by_database ? "!"
                                              : "");
}

static void show_nested(rl_buf *out, call *c, const rl_nested *n) {
  static const char *const kinds[] = {"create", "create_many", "connect", "connect_or_create", "disconnect", "set",
                                      "delete", "delete_many", "update",  "update_many",       "upsert"};
  rl_buf_printf(out, " %.*s.%s(", RL_STR_ARG(n->relation->name), kinds[n->kind]);
  if (n->where) show_filter(out, c, n->where);
  for (size_t i = 0; i < n->item_count; i++) {
    if (i) rl_buf_text(out, ", ");
    show_filter(out, c, n->items[i]);
  }
  if (n->create) {
    rl_buf_text(out, "; new ");
    show_write(out, c, n->create);
  }
  if (n->update) {
    rl_buf_text(out, "; old ");
    show_write(out, c, n->update);
  }
  if (n->rows) show_rows(out, n->rows);
  rl_buf_byte(out, ')');
}

static void show_write(rl_buf *out, call *c, const rl_write *w) {
  static const char *const operators[] = {"=", "+=", "-=", "*=", "/=", "<<"};
  for (size_t i = 0; i < w->assign_count; i++) {
    rl_buf_printf(out, "%s%.*s%s", i ? " " : "", RL_STR_ARG(w->assigns[i].field->name), operators[w->assigns[i].op]);
    show_input(out, c, w->assigns[i].input);
  }
  for (size_t i = 0; i < w->nested_count; i++) show_nested(out, c, &w->nesteds[i]);
}

static void check_data(const char *model, rille_action action, const char *data, const char *expected) {
  char text[2000];
  bool create = action == RILLE_CREATE;
  (void)snprintf(text, sizeof text, "{ %s data = %s }",
                 create                   ? ""
                 : action == RILLE_UPDATE ? "where = { id = 1 },"
                                          : "where = @all,",
                 data);
  call *c = good_call(model, action, text);
  rl_buf out;
  rl_buf_init(&out);
  show_write(&out, c, create ? c->query->create : c->query->update);
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
  end_call(c);
}

#define NOW "generated:4"
#define UUID "generated:5"
#define USER_DEFAULTS                                                                                                  \
  "role='user_role' score=0.5 active=true meta=j{} nums=[1 2] uid=" UUID " createdAt=" NOW " updatedAt=" NOW

static void test_create(void **state) {
  (void)state;
  check_data("user", RILLE_CREATE, "{ email = \"a\" }", "email='a' " USER_DEFAULTS);
  check_data("user", RILLE_CREATE, "{ email = \"a\", managerId = 3, id = 9, name = null }",
             "id=9 email='a' name=NULL " USER_DEFAULTS " managerId=3");
  check_data("plain", RILLE_CREATE, "{}", "");
  check_data("plain", RILLE_CREATE, "{ data = { set = 1 } }", "data=j{\"set\":1}");
  check_data("plain", RILLE_CREATE, "{ data = null }", "data=NULL");
  check_data("plain", RILLE_CREATE, "{ data = @json_null }", "data=jnull");
  check_data("plain", RILLE_CREATE, "{ data = j\"{\\\"a\\\":1}\" }", "data=j{\"a\":1}");
  check_data("user", RILLE_CREATE,
             "{ email = \"a\", role = \"ADMIN\", score = 1, active = false, meta = null, nums = {}, uid = "
             "\"123E4567E89B12D3A456426614174000\","
             " createdAt = 0, updatedAt = 1.5, tags = { \"x\" }, jl = { 1, { a = 2 } }, blob = \"b\", big = "
             "9007199254740993 }",
             "email='a' role='ADMIN' big=9007199254740993 score=1 active=false meta=jnull blob=x'b' tags=['x'] nums=[] "
             "jl=[j1 j{\"a\":2}] "
             "uid='123e4567-e89b-12d3-a456-426614174000' createdAt=t0 updatedAt=t1500000");
  check_data("user", RILLE_CREATE,
             "{ email = \"a\", nums = { set = { 3 } }, jl = j\"[1, {\\\"a\\\": [2]}, \\\"x\\\"]\" }",
             "email='a' role='user_role' score=0.5 active=true meta=j{} nums=[3] jl=[j1 j{\"a\": [2]} j\"x\"] uid=" UUID
             " createdAt=" NOW " updatedAt=" NOW);
  WRONG("user", RILLE_CREATE, "{ data = {} }", RL_P2012,
        "data.email: missing; the field is required and has no default");
  WRONG(
      "post", RILLE_CREATE, "{ data = { id = 1, title = \"x\" } }", RL_P2012,
      "data.author: missing; the relation is required: write `{ connect = ... }` or `{ create = ... }`, or `authorId`");
  WRONG("user", RILLE_CREATE, "{ data = { email = \"a\", nam = 1 } }", RL_VALIDATION,
        "data.nam: unknown field of User; did you mean `name`?");
  WRONG("user", RILLE_CREATE, "{ data = { email = null } }", RL_VALIDATION,
        "data.email: cannot be `rille.null`; the field is required");
  WRONG("user", RILLE_CREATE, "{ data = { email = { set = \"x\" } } }", RL_VALIDATION,
        "data.email: expected a value, got a table; a new row has no operations");
  WRONG("user", RILLE_CREATE, "{ data = { email = \"a\", meta = @db_null } }", RL_VALIDATION,
        "data.meta: cannot be `rille.db_null`; the field is required (JSON null is `rille.json_null`)");
  WRONG("user", RILLE_CREATE, "{ data = { email = \"a\", nums = { 1, \"x\" } } }", RL_VALIDATION,
        "data.nums[2]: expected an integer, got a string");
}

static void test_checked(void **state) {
  (void)state;
  check_data("post", RILLE_CREATE, "{ id = 1, title = \"x\", author = { connect = { id = 2 } } }",
             "id=1 title='x' views=0 author.connect(id = 2)");
  WRONG("post", RILLE_CREATE, "{ data = { id = 1, title = \"x\", authorId = 1, author = { connect = { id = 1 } } } }",
        RL_VALIDATION,
        "data.authorId: cannot be written together with `author`, whose foreign key it is; write only one of them");
  WRONG(
      "user", RILLE_CREATE, "{ data = { id = 1, email = \"x\", manager = { connect = { id = 1 } } } }", RL_VALIDATION,
      "data.id: an autoincrement field cannot be written together with the relation `manager`; write the foreign key of "
      "`manager` instead");
  WRONG("post", RILLE_CREATE, "{ data = { id = 1, title = \"x\", author = {} } }", RL_VALIDATION,
        "data.author: needs `create`, `connect` or `connect_or_create`");
  WRONG("user", RILLE_CREATE,
        "{ data = { email = \"x\", posts = { create = { id = 1, title = \"t\", authorId = 2 } } } }", RL_VALIDATION,
        "data.posts.create.authorId: cannot be given; `posts`, through which the row is written, sets it");
  WRONG("user", RILLE_CREATE, "{ data = { email = \"x\", posts = { disconnect = { id = 1 } } } }", RL_VALIDATION,
        "data.posts.disconnect: cannot be used here; a new row has no related rows yet");
  WRONG("user", RILLE_CREATE, "{ data = { email = \"x\", posts = { conect = { id = 1 } } } }", RL_VALIDATION,
        "data.posts.conect: unknown operation on a relation; did you mean `connect`?");
  WRONG("post", RILLE_CREATE,
        "{ data = { id = 1, title = \"x\", authorId = 1, cats = { create_many = { data = {} } } } }", RL_VALIDATION,
        "data.cats.create_many: cannot be used here; use `create` for rows of a many-to-many relation");
}

static void test_update(void **state) {
  (void)state;
  check_data("post", RILLE_UPDATE, "{ title = \"x\", views = { increment = 2 } }", "title='x' views+=2");
  check_data("post", RILLE_UPDATE, "{ title = { set = \"x\" }, views = { divide = 2.0 } }", "title='x' views/=2");
  check_data("user", RILLE_UPDATE, "{ name = null }", "name=NULL updatedAt=" NOW);
  check_data("user", RILLE_UPDATE, "{ age = { set = null } }", "age=NULL updatedAt=" NOW);
  check_data("user", RILLE_UPDATE, "{ tags = { push = \"a\" } }", "tags<<['a'] updatedAt=" NOW);
  check_data("user", RILLE_UPDATE, "{ tags = { push = { \"a\", \"b\" } }, nums = { set = {} } }",
             "tags<<['a' 'b'] nums=[] updatedAt=" NOW);
  check_data("user", RILLE_UPDATE, "{ updatedAt = 0 }", "updatedAt=t0");
  check_data("user", RILLE_UPDATE, "{}", "");
  check_data("user", RILLE_UPDATE, "{ posts = { delete_many = {} } }", " posts.delete_many()");
  check_data("user", RILLE_UPDATE, "{ manager = { disconnect = true } }", " manager.disconnect()");
  check_data("user", RILLE_UPDATE, "{ manager = { connect = { id = 2 } } }",
             "updatedAt=" NOW " manager.connect(id = 2)");
  check_data("user", RILLE_UPDATE_MANY, "{ id = 3, managerId = 2 }", "id=3 updatedAt=" NOW " managerId=2");
  check_data("plain", RILLE_UPDATE, "{ data = { set = 1 } }", "data=j{\"set\":1}");
#define BAD(data, message)                                                                                             \
  WRONG("user", RILLE_UPDATE, "{ where = { id = 1 }, data = " data " }", RL_VALIDATION, message)
  BAD("{ age = { increment = 1, set = 3 } }",
      "data.age: expected a value or one operation like `{ set = ... }`, got a table with several keys");
  BAD("{ age = {} }", "data.age: expected a value or one operation like `{ set = ... }`, got an empty table");
  BAD("{ age = { incremnt = 1 } }", "data.age.incremnt: unknown operation; did you mean `increment`?");
  BAD("{ name = { increment = 1 } }", "data.name.increment: unknown operation; expected `set`");
  BAD("{ age = { increment = null } }", "data.age.increment: cannot be `rille.null`");
  BAD("{ tags = null }", "data.tags: cannot be `rille.null`; an empty list is `{}`");
  BAD("{ id = 3, manager = { connect = { id = 1 } } }",
      "data.id: an autoincrement field cannot be written together with the relation `manager`; write the foreign key of "
      "`manager` instead");
#undef BAD
  WRONG("user", RILLE_UPDATE_MANY, "{ where = @all, data = { posts = {} } }", RL_VALIDATION,
        "data.posts: a relation cannot be written to many rows; write its foreign key, or use `update`");
}

static void test_many(void **state) {
  (void)state;
  WRONG("user", RILLE_UPDATE_MANY, "{ data = { age = 1 } }", RL_P2013,
        "where: missing; `where = rille.all` means every row");
  WRONG("user", RILLE_UPDATE_MANY, "{ where = {}, data = { age = 1 } }", RL_VALIDATION,
        "where: without a condition it would mean every row; if you want that, write `where = rille.all`");
  WRONG("user", RILLE_DELETE_MANY, "{ where = { AND = { { name = {} } } } }", RL_VALIDATION,
        "where: without a condition it would mean every row; if you want that, write `where = rille.all`");
  WRONG("user", RILLE_DELETE_MANY, "{ where = { id = 1 }, limit = -1 }", RL_P2019,
        "limit: expected 0 or more, got a negative number");
  WRONG("user", RILLE_UPDATE_MANY, "{ where = { id = 1 }, data = { { age = 1 }, { age = 2 } } }", RL_VALIDATION,
        "data: expected a table, got a list; for different values per row, give `on = {...}` too");
  call *c = good_call("user", RILLE_DELETE_MANY, "{ where = @all, limit = 3 }");
  assert_true(c->query->all_rows);
  assert_null(c->query->read.where);
  assert_non_null(c->query->limit);
  end_call(c);
  c = good_call("user", RILLE_DELETE_MANY, "{ where = { id = { in_ = {} } } }");
  assert_false(c->query->all_rows);
  check_filter(c, c->query->read.where, "false");
  end_call(c);
}

static void test_nested(void **state) {
  (void)state;
  check_data("user", RILLE_UPDATE,
             "{ posts = { connect = { { id = 1 }, { id = 2, title = \"x\" } }, create = { id = 3, title = \"n\", cats "
             "= { connect = { id = 4 } } } } }",
             " posts.create(; new id=3 title='n' views=0 cats.connect(id = 4)) posts.connect(id = 1) "
             "posts.connect(and(id = 2, title = 'x'))");
  check_data("user", RILLE_UPDATE, "{ posts = { set = {} } }", " posts.set()");
  check_data("user", RILLE_UPDATE, "{ posts = { set = { { id = 1 }, { id = 2 } } } }", " posts.set(id = 1, id = 2)");
  check_data("user", RILLE_UPDATE, "{ posts = { connect = {}, disconnect = {}, delete = { id = 3 } } }",
             " posts.delete(id = 3)");
  check_data("user", RILLE_UPDATE, "{ posts = { update = { where = { id = 1 }, data = { title = \"x\" } } } }",
             " posts.update(id = 1; old title='x')");
  check_data("user", RILLE_UPDATE, "{ posts = { update_many = { where = { views = 1 }, data = { title = \"x\" } } } }",
             " posts.update_many(views = 1; old title='x')");
  check_data("user", RILLE_UPDATE, "{ posts = { delete_many = { { id = 1 }, {} } } }",
             " posts.delete_many(id = 1) posts.delete_many()");
  check_data("user", RILLE_UPDATE,
             "{ posts = { upsert = { where = { id = 1 }, create = { id = 1, title = \"x\" }, update = {} } } }",
             " posts.upsert(id = 1; new id=1 title='x' views=0; old )");
  check_data("user", RILLE_UPDATE, "{ profile = { upsert = { create = { id = 1 }, update = { bio = \"b\" } } } }",
             " profile.upsert(; new id=1 bio=''; old bio='b')");
  check_data("user", RILLE_UPDATE, "{ profile = { update = { bio = \"b\" } } }", " profile.update(; old bio='b')");
  check_data("user", RILLE_UPDATE, "{ profile = { update = { where = { id = 1 }, data = { bio = \"b\" } } } }",
             " profile.update(id = 1; old bio='b')");
  check_data("user", RILLE_UPDATE, "{ profile = { delete = true, disconnect = false } }", " profile.delete()");
  check_data("user", RILLE_UPDATE, "{ profile = { delete = { bio = \"x\" } } }", " profile.delete(bio = 'x')");
  check_data("user", RILLE_UPDATE,
             "{ posts = { create_many = { data = { { id = 1, title = \"x\" } }, skip_duplicates = true } } }",
             " posts.create_many(id title views?)");
  check_data("user", RILLE_UPDATE,
             "{ posts = { connect_or_create = { where = { id = 1 }, create = { id = 1, title = \"x\" } } } }",
             " posts.connect_or_create(id = 1; new id=1 title='x' views=0)");
  check_data(
      "comment", RILLE_CREATE,
      "{ a = 1, b = \"x\", post = { create = { id = 1, title = \"x\", author = { create = { email = \"e\" } } } } }",
      "a=1 b='x' post.create(; new id=1 title='x' views=0 author.create(; new email='e' " USER_DEFAULTS "))");
#define BAD(data, code, message) WRONG("user", RILLE_UPDATE, "{ where = { id = 1 }, data = " data " }", code, message)
  BAD("{ posts = { update = { data = {} } } }", RL_P2013, "data.posts.update.where: missing; the operation needs it");
  BAD("{ posts = { update = { where = { id = 1 }, data = { authorId = 1 } } } }", RL_VALIDATION,
      "data.posts.update.data.authorId: cannot be given; `posts`, through which the row is written, sets it");
  BAD("{ posts = { connect = { title = \"x\" } } }", RL_VALIDATION,
      "data.posts.connect: must name one Post by a unique key: `id`");
  BAD("{ posts = { create = { { id = 1, title = \"a\" }, { id = 2 } } } }", RL_P2012,
      "data.posts.create[2].title: missing; the field is required and has no default");
  BAD("{ posts = { upsert = { where = { id = 1 }, create = {} } } }", RL_P2013,
      "data.posts.upsert.update: missing; the operation needs it");
  BAD("{ posts = null }", RL_VALIDATION, "data.posts: cannot be `rille.null`");
#undef BAD
  WRONG("post", RILLE_UPDATE, "{ where = { id = 1 }, data = { author = { delete = true } } }", RL_VALIDATION,
        "data.author.delete: cannot be used here; the relation is required");
}

static void check_rows(const char *model, rille_action action, const char *text, const char *expected) {
  call *c = good_call(model, action, text);
  rl_buf out;
  rl_buf_init(&out);
  show_rows(&out, c->query->rows);
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
  end_call(c);
}

static void test_rows(void **state) {
  (void)state;
  check_rows("post", RILLE_CREATE_MANY, "{ data = { { id = 1, title = \"x\", authorId = 1 } } }",
             "id title views? authorId");
  check_rows("post", RILLE_CREATE_MANY, "{ data = { id = 1, title = \"x\", authorId = 1 } }",
             "id title views? authorId");
  check_rows("plain", RILLE_CREATE_MANY, "{ data = { { note = \"x\" }, { id = 3 } } }", "id! note");
  check_rows("plain", RILLE_CREATE_MANY, "{ data = {} }", "");
  WRONG("post", RILLE_CREATE_MANY, "{ data = { { id = 1, title = \"x\", authorId = 1 }, { id = 2, title = \"x\" } } }",
        RL_P2012, "data[2].authorId: missing; the field is required and has no default");
  WRONG("post", RILLE_CREATE_MANY, "{ data = { { id = 1, titel = \"x\", authorId = 1 } } }", RL_VALIDATION,
        "data[1].titel: unknown field of Post; did you mean `title`?");
  WRONG("post", RILLE_CREATE_MANY, "{ data = { { id = 1, title = null, authorId = 1 } } }", RL_VALIDATION,
        "data[1].title: cannot be `rille.null`; the field is required");
  WRONG("post", RILLE_CREATE_MANY, "{ data = { { id = 1, title = \"x\", author = {} } } }", RL_VALIDATION,
        "data[1].author: this relation cannot be written in bulk; write the foreign key, or use `create`");
  WRONG("post", RILLE_CREATE_MANY, "{ data = { 1, 2 } }", RL_VALIDATION, "data[1]: expected a row, got an integer");
  WRONG("post", RILLE_CREATE_MANY, "{ data = 1 }", RL_VALIDATION, "data: expected a list of rows, got an integer");
}

static void test_upsert_many(void **state) {
  (void)state;
  call *c = good_call("user", RILLE_UPSERT_MANY,
                      "{ data = { { email = \"a\", name = \"n\" } }, on = { \"email\" }, update = \"all\" }");
  const rl_rows *r = c->query->rows;
  assert_int_equal(r->conflict_count, 1);
  assert_int_equal(r->update_count, 2);
  assert_true(rl_str_is(r->update[0]->name, "name"));
  assert_true(rl_str_is(r->update[1]->name, "updatedAt"));
  end_call(c);
  c = good_call("post", RILLE_UPSERT_MANY,
                "{ data = { { id = 1, title = \"a\", authorId = 1 } }, on = \"id\", update = { \"title\" } }");
  assert_int_equal(c->query->rows->update_count, 1);
  end_call(c);
  WRONG("user", RILLE_UPSERT_MANY, "{ data = { { email = \"a\" } }, on = { \"name\" } }", RL_VALIDATION,
        "on: the fields are not a unique key of User");
  WRONG("user", RILLE_UPSERT_MANY, "{ data = { { email = \"a\" } } }", RL_P2013, "on: missing; `upsert_many` needs it");
  WRONG("user", RILLE_UPSERT_MANY, "{ data = { { email = \"a\" } }, on = { \"email\" }, update = { \"age\" } }",
        RL_VALIDATION, "update: no row has the field `age`");
  c = good_call("user", RILLE_UPDATE_MANY, "{ data = { { id = 1, age = 2 }, { id = 2, age = 3 } }, on = { \"id\" } }");
  assert_int_equal(c->query->rows->column_count, 3);
  assert_int_equal(c->query->rows->update_count, 2);
  end_call(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_create),      cmocka_unit_test(test_checked), cmocka_unit_test(test_update),
      cmocka_unit_test(test_many),        cmocka_unit_test(test_nested),  cmocka_unit_test(test_rows),
      cmocka_unit_test(test_upsert_many),
  };
  return cmocka_run_group_tests(tests, setup_schema, teardown_schema);
}
