/* Forms: what they say is cast, or a fault with its path; nothing that is not allowed comes through. */
#include "query/notation.h"

#include "input/form.h"
#include "tape/datetime.h"

#include "../base/failing_allocator.h"

static const char schema_text[] =
    "datasource db {\n  provider = \"postgresql\"\n}\n"
    "enum Role {\n  ADMIN\n  USER @map(\"user_role\")\n}\n"
    "model User {\n  id Int @id @default(autoincrement())\n"
    "  /// @trim\n  /// @lowercase\n  /// @email\n  email String @unique\n"
    "  /// @length 2..10\n  name String\n  role Role @default(USER)\n  age Int?\n  small Int? @db.SmallInt\n  big BigInt?\n"
    "  score Float?\n  real Float? @db.Real\n  price Decimal? @db.Decimal(6, 2)\n  sum Decimal?\n  money Decimal? @db.Money\n"
    "  active Boolean?\n  agreed Boolean\n  born DateTime?\n  day DateTime? @db.Date\n  clock DateTime? @db.Time\n  data Json?\n"
    "  photo Bytes?\n  /// @length ..3\n  labels String[]\n  nums Int[]\n  flags Boolean[]\n  docs Json[]\n"
    "  uid String? @db.Uuid\n  code String? @db.Char(3)\n  short String? @db.VarChar(5)\n  bits String? @db.Bit(3)\n"
    "  ip String? @db.Inet\n  createdAt DateTime @default(now())\n  updatedAt DateTime @updatedAt\n  posts Post[]\n"
    "  profile Profile?\n}\n"
    "model Profile {\n  id Int @id @default(autoincrement())\n  bio String\n  userId Int @unique\n"
    "  user User @relation(fields: [userId], references: [id])\n}\n"
    "model Post {\n  id Int @id @default(autoincrement())\n  /// @trim\n  /// @length 3..\n  title String\n  text String?\n"
    "  authorId Int\n  author User @relation(fields: [authorId], references: [id])\n  tags Tag[]\n  placeA Int?\n  placeB String?\n"
    "  place Place? @relation(fields: [placeA, placeB], references: [a, b])\n}\n"
    "model Tag {\n  id Int @id @default(autoincrement())\n  name String @unique\n  posts Post[]\n}\n"
    "model Place {\n  a Int\n  b String\n  posts Post[]\n  @@id([a, b])\n}\n"
    "model Nothing {\n  a Int\n  @@ignore\n}\n";

static rl_schema *schema;

static int load_schema(void **state) {
  (void)state;
  rl_source source = {RL_STR("test.prisma"), rl_str_of(schema_text)};
  rl_error err = {0};
  if (rl_schema_parse(&source, 1, RL_PROVIDER_NONE, &schema, NULL, &err) != RILLE_OK)
    fail_msg("%s", rl_error_message(&err));
  return 0;
}

static int release_schema(void **state) {
  (void)state;
  rl_schema_release(schema);
  return 0;
}

/* ------------------------------------------------------------------ a form, and what became of it, as texts */

static void show_value(const rl_value *v, rl_buf *out) {
  char time[RL_DATETIME_MAX];
  rl_str text = {v->as.p, v->len};
  switch (v->kind) {
  case RILLE_NULL: rl_buf_text(out, "null"); break;
  case RILLE_BOOL: rl_buf_text(out, v->as.i ? "true" : "false"); break;
  case RILLE_INT: rl_buf_int(out, v->as.i); break;
  case RILLE_FLOAT: rl_buf_printf(out, "%g", v->as.f); break;
  case RILLE_TEXT: rl_buf_printf(out, "\"%.*s\"", RL_STR_ARG(text)); break;
  case RILLE_BYTES: rl_buf_printf(out, "x\"%.*s\"", RL_STR_ARG(text)); break;
  case RILLE_DECIMAL: rl_buf_printf(out, "d%.*s", RL_STR_ARG(text)); break;
  case RILLE_JSON: rl_buf_printf(out, "j%.*s", RL_STR_ARG(text)); break;
  case RILLE_DATETIME: rl_buf_put(out, time, rl_datetime_format(v->as.i, time)); break;
  default: rl_buf_text(out, "?"); break;
  }
}

static void show_data(const rl_form *form, rl_buf *out) {
  for (size_t i = 0; i < form->token_count; i++) {
    const rl_form_token *t = &form->tokens[i];
    bool opens = t->kind == RL_FORM_OPEN_OBJECT || t->kind == RL_FORM_OPEN_LIST;
    bool closes = t->kind == RL_FORM_CLOSE_OBJECT || t->kind == RL_FORM_CLOSE_LIST;
    char last = out->len ? out->p[out->len - 1] : '{';
    if (!closes && last != '{' && last != '[' && last != '=') rl_buf_byte(out, ' ');
    if (opens) rl_buf_byte(out, t->kind == RL_FORM_OPEN_OBJECT ? '{' : '[');
    if (closes) rl_buf_byte(out, t->kind == RL_FORM_CLOSE_OBJECT ? '}' : ']');
    if (t->kind == RL_FORM_KEY) rl_buf_printf(out, "%.*s=", (int)t->value.len, t->value.as.p);
    if (t->kind == RL_FORM_VALUE) show_value(&t->value, out);
  }
}

static void show_faults(const rl_form *form, rl_buf *out) {
  for (size_t i = 0; i < form->fault_count; i++) {
    const rl_form_fault *f = &form->faults[i];
    rl_buf_printf(out, "%s%.*s: %s", i ? "; " : "", RL_STR_ARG(f->path), f->code);
    if (f->limit.len) rl_buf_printf(out, " %.*s", RL_STR_ARG(f->limit));
    assert_true(f->message.len > 0);
  }
}

typedef struct given {
  const char *model, *allow, *required;
  bool updates;
  rl_form_options options;
} given;

static void read_form(const given *g, const char *form_text, rl_buf *out) {
  rl_tape allow_tape, required_tape, form_tape;
  rl_arena arena;
  rl_error err = {0};
  rl_allow *allow;
  rl_arg_tree *trees[2] = {NULL, NULL};
  rl_form form;
  rl_form_options options = g->options;
  rl_arena_init(&arena, 0);
  rl_form_init(&form);
  rl_tape_init(&allow_tape);
  rl_tape_init(&required_tape);
  rl_tape_init(&form_tape);
  write_tape(&allow_tape, g->allow);
  assert_int_equal(rl_arg_tree_read(&allow_tape, &arena, &trees[0], &err), RILLE_OK);
  if (g->required) {
    write_tape(&required_tape, g->required);
    assert_int_equal(rl_arg_tree_read(&required_tape, &arena, &trees[1], &err), RILLE_OK);
  }
  const rl_model *model = rl_schema_model(schema, rl_str_of(g->model));
  if (!options.max_depth) options.max_depth = 8;
  if (!options.max_items) options.max_items = 1000;
  if (!options.max_fields) options.max_fields = 1000;
  if (rl_allow_read(model, !g->updates, trees[0], trees[1], &allow, &err) < 0) {
    rl_buf_printf(out, "%s", rl_error_message(&err));
    assert_int_equal(err.code, RL_VALIDATION);
  } else {
    options.allow = allow;
    write_tape(&form_tape, form_text);
    assert_int_equal(rl_form_read(&options, &form_tape, &form, &err), RILLE_OK);
    if (form.fault_count)
      show_faults(&form, out);
    else
      show_data(&form, out);
  }
  rl_error_clear(&err);
  rl_form_dispose(&form);
  rl_tape_dispose(&form_tape);
  rl_tape_dispose(&allow_tape);
  rl_tape_dispose(&required_tape);
  rl_arena_dispose(&arena);
}

static void check_with(const given *g, const char *form, const char *expected) {
  rl_buf out;
  rl_buf_init(&out);
  read_form(g, form, &out);
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
}

static void check_update(const char *allow, const char *form, const char *expected) {
  check_with(&(given){.model = "user", .allow = allow, .updates = true}, form, expected);
}

static void check_create(const char *model, const char *allow, const char *form, const char *expected) {
  check_with(&(given){.model = model, .allow = allow}, form, expected);
}

/* The one field of a user, in an update: the value, or the faults. */
static void check_field(const char *field, const char *value, const char *expected) {
  char allow[100], form[800], full[800];
  (void)snprintf(allow, sizeof allow, "{ \"%s\" }", field);
  (void)snprintf(form, sizeof form, "{ %s = %s }", field, value);
  bool fault = strchr(expected, ':') && strstr(expected, field) == expected;
  (void)snprintf(full, sizeof full, fault ? "%s" : "{%s%s%s}", fault ? expected : field, fault ? "" : "=",
                 fault ? "" : expected);
  if (fault)
    check_update(allow, form, expected);
  else
    check_update(allow, form, full);
}

/* ------------------------------------------------------------------ casting */

static void test_integers(void **state) {
  (void)state;
  check_field("age", "\"42\"", "42");
  check_field("age", "\"+007\"", "7");
  check_field("age", "\"-2147483648\"", "-2147483648");
  check_field("age", "\"2147483648\"", "age: too_large 2147483647");
  check_field("age", "\"-99999999999999999999999\"", "age: too_small -2147483648");
  static const char *const wrong[] = {"\"0x10\"", "\"1e3\"", "\"1,000\"", "\" 1\"",    "\"1.0\"",          "\"+\"",
                                      "\"-\"",    "1.5",     "nan",       "{ a = 1 }", "@json{ set = 1 }", "false",
                                      "d\"1.5\""};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) check_field("age", wrong[i], "age: not_integer");
  check_field("age", "12", "12");
  check_field("age", "12.0", "12");
  check_field("age", "d\"12\"", "12");
  check_field("age", "3000000000.0", "age: too_large 2147483647");
  check_field("big", "9007199254740992.0", "9007199254740992");
  check_field("big", "1e16", "big: too_large 9007199254740992");
  check_field("big", "\"9223372036854775807\"", "9223372036854775807");
  check_field("big", "\"-9223372036854775808\"", "-9223372036854775808");
  check_field("big", "\"9223372036854775808\"", "big: too_large 9223372036854775807");
  check_field("big", "d\"9007199254740993\"", "9007199254740993");
  check_field("small", "\"32768\"", "small: too_large 32767");
  check_field("age", "\"\"", "null");
  check_field("age", "null", "null");
  check_field("age", "true", "null");
  check_field("age", "{ \"1\", \"2\" }", "age: repeated");
  check_field("age", "{}", "age: not_integer");
}

static void test_numbers(void **state) {
  (void)state;
  check_field("score", "\"-1.50\"", "-1.5");
  check_field("score", "\".5\"", "0.5");
  check_field("score", "3", "3");
  static const char *const wrong[] = {"\"nan\"", "\"inf\"", "\"0x1p3\"", "\"1e5\"", "\"1.\"",
                                      "\".\"",   "\"1,5\"", "\"--1\"",   "nan"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) check_field("score", wrong[i], "score: not_number");
  check_field("real", "\"400000000000000000000000000000000000000\"", "real: out_of_range");
  check_field("price", "\"9999.99\"", "d9999.99");
  check_field("price", "\"+0009999.9900\"", "d9999.99");
  check_field("price", "1.25", "d1.25");
  check_field("price", "\"10000\"", "price: too_large 9999.99");
  check_field("price", "\"-10000\"", "price: too_small -9999.99");
  check_field("price", "\"0.001\"", "price: too_precise 2");
  check_field("price", "\"1e2\"", "price: not_number");
  check_field("sum", "\"123456789012345678901234567890.123\"", "d123456789012345678901234567890.123");
  check_field("sum", "\"1234567890123456789012345678901234567\"",
              "sum: too_large 99999999999999999999999999999999999.999999999999999999999999999999");
  check_field("money", "\"92233720368547758.08\"", "money: too_large 92233720368547758.07");
}

static void test_words(void **state) {
  (void)state;
  static const char *const yes[] = {"\"true\"", "\"on\"", "\"1\"", "\"yes\"", "true", "{ \"0\", \"1\" }"};
  static const char *const no[] = {"\"false\"", "\"off\"", "\"0\"", "\"no\"", "false", "{ \"on\", \"0\" }"};
  for (size_t i = 0; i < 6; i++) check_field("active", yes[i], "true");
  for (size_t i = 0; i < 6; i++) check_field("active", no[i], "false");
  check_field("active", "\"TRUE\"", "active: not_boolean");
  check_field("active", "1", "active: not_boolean");
  check_field("active", "{ {} }", "active: not_boolean");
  check_field("active", "\"\"", "null");
  check_field("role", "\"ADMIN\"", "\"ADMIN\"");
  check_field("role", "\"user_role\"", "role: not_one_of ADMIN, USER");
  check_field("role", "1", "role: not_one_of ADMIN, USER");
  check_field("role", "{ a = 1 }", "role: not_one_of ADMIN, USER");
  check_field("uid", "\"123E4567E89B12D3A456426614174000\"", "\"123e4567-e89b-12d3-a456-426614174000\"");
  check_field("uid", "\"123\"", "uid: not_uuid");
}

static void test_datetimes(void **state) {
  (void)state;
  check_field("born", "\"2026-11-22T12:00:00Z\"", "2026-11-22T12:00:00.000Z");
  check_field("born", "\"2026-11-22T12:00+02:00\"", "2026-11-22T10:00:00.000Z");
  check_field("born", "\"2026-11-22T12:00\"", "2026-11-22T12:00:00.000Z");
  check_field("born", "\"2026-11-22\"", "2026-11-22T00:00:00.000Z");
  check_field("day", "\"2026-11-22\"", "2026-11-22T00:00:00.000Z");
  check_field("day", "\"22.11.2026\"", "day: not_date");
  check_field("clock", "\"09:30\"", "1970-01-01T09:30:00.000Z");
  check_field("clock", "\"25:00\"", "clock: not_time");
  check_field("born", "\"2026-02-30\"", "born: not_datetime");
  check_field("born", "\"infinity\"", "born: not_datetime");
  check_field("born", "\"+012000-01-01\"", "born: not_datetime");
  check_field("born", "\"0001-01-01T00:00+14:00\"", "born: out_of_range");
  check_field("born", "1700000000", "born: not_datetime");
  check_field("born", "{ year = 2026, month = 1, day = 1 }", "born: not_datetime");
}

static void test_zones(void **state) {
  (void)state;
  static const int32_t offsets[] = {60, -90};
  given g = {
      .model = "user", .allow = "{ \"born\", \"day\", \"createdAt\" }", .updates = true, .options = {.zone = 120}};
  const char *form = "{ createdAt = \"2026-07-01T12:00:30\", born = \"2026-01-01T12:00\", day = \"2026-01-01\" }";
  check_with(&g, form,
             "{born=2026-01-01T10:00:00.000Z day=2026-01-01T00:00:00.000Z createdAt=2026-07-01T10:00:30.000Z}");
  g.options.offsets = offsets;
  g.options.offset_count = 2;
  check_with(&g, form,
             "{born=2026-01-01T11:00:00.000Z day=2026-01-01T00:00:00.000Z createdAt=2026-07-01T13:30:30.000Z}");
  g.options.offset_count = 1;
  check_with(&g, form,
             "{born=2026-01-01T11:00:00.000Z day=2026-01-01T00:00:00.000Z createdAt=2026-07-01T10:00:30.000Z}");
  check_with(&g, "{ born = \"9999-12-31T23:59\", createdAt = \"0001-01-01T01:00\" }", "createdAt: out_of_range");
}

static void test_json(void **state) {
  (void)state;
  check_field("data", "\"{\\\"a\\\":[1,2]}\"", "j{\"a\":[1,2]}");
  check_field("data", "@json{ set = 1, nested = { 1, true, null } }", "j{\"set\":1,\"nested\":[1,true,null]}");
  check_field("data", "{}", "j{}");
  check_field("data", "@array", "j[]");
  check_field("data", "12", "j12");
  check_field("data", "true", "jtrue");
  check_field("data", "\"null\"", "null");
  check_field("data", "\"\"", "null");
  check_field("data", "\"{a}\"", "data: not_json");
  check_field("data", "\"hello\"", "data: not_json");
  check_field("data", "nan", "data: not_json");
  check_field("data", "{ a = @all }", "data: not_json");
  check_field("data", "{ a = \"\\0\" }", "data: bad_text");
  check_field("data", "{ a = \"\\N\" }", "data: not_json");
  check_field("data", "\"[[[[[[[1]]]]]]]\"", "j[[[[[[[1]]]]]]]");
  check_field("data", "\"[[[[[[[[1]]]]]]]]\"", "data: too_deep");
  check_field("data", "\"[1e5001]\"", "data: out_of_range");
  given g = {.model = "user", .allow = "{ \"data\" }", .updates = true, .options = {.max_items = 2, .max_fields = 2}};
  check_with(&g, "{ data = { { 1, 2 }, { 1, 2 } } }", "{data=j[[1,2],[1,2]]}");
  check_with(&g, "{ data = { 1, 2, 3 } }", "data: too_many");
  check_with(&g, "{ data = { a = 1, b = { c = 1 } } }", "data: too_many");
  check_with(&g, "{ a = 1, b = 2, c = 3 }", "base: too_many");
}

static void test_bytes(void **state) {
  (void)state;
  check_field("photo", "\"aGVsbG8=\"", "x\"hello\"");
  check_field("photo", "\"aGVsbG8\"", "x\"hello\"");
  check_field("photo", "{ name = \"a.png\", type = \"image/png\", content = \"raw \\0 bytes\" }", "x\"raw \"");
  check_field("photo", "\"aGVsbG8=a\"", "photo: not_bytes");
  check_field("photo", "\"a\"", "photo: not_bytes");
  check_field("photo", "\"aGVsbG9=\"", "photo: not_bytes");
  check_field("photo", "\"hi there\"", "photo: not_bytes");
  check_field("photo", "{ name = \"a.png\", content = \"x\" }", "photo: not_bytes");
  check_field("photo", "12", "photo: not_bytes");
  check_field("name", "{ name = \"a.png\", type = \"image/png\", content = \"x\" }", "name: not_text");
}

static void test_texts(void **state) {
  (void)state;
  check_field("name", "\"Ada\"", "\"Ada\"");
  check_field("name", "\"a\\0b\"", "name: bad_text");
  check_field("name", "\"a\\N\"", "name: bad_text");
  check_field("name", "12", "name: not_text");
  check_field("name", "@json{ contains = \"\" }", "name: not_text");
  check_field("name", "{ set = \"x\" }", "name: not_text");
  check_field("name", "{ \"a\", \"b\" }", "name: repeated");
  check_field("name", "@all", "name: not_text");
  check_field("name", "\"\"", "name: required");
  check_field("name", "null", "name: required");
  check_field("name", "true", "name: required");
  check_field("name", "\"A\"", "name: too_short 2");
  check_field("email", "\"  Ada@Example.COM \"", "\"ada@example.com\"");
  check_field("email", "\"   \"", "email: required");
  check_field("email", "\"ada\"", "email: not_email");
  check_field("code", "\"abc\"", "\"abc\"");
  check_field("code", "\"abcd\"", "code: too_long 3");
  check_field("short", "\"ééééé\"", "\"ééééé\"");
  check_field("short", "\"éééééé\"", "short: too_long 5");
  check_field("bits", "\"101\"", "\"101\"");
  check_field("bits", "\"10\"", "bits: too_short 3");
  check_field("bits", "\"102\"", "bits: bad_format");
  check_field("ip", "\"10.0.0.0/8\"", "\"10.0.0.0/8\"");
  check_field("ip", "\"::1\"", "\"::1\"");
  check_field("ip", "\"10.0.0.0/33\"", "ip: bad_format");
  check_field("ip", "\"host\"", "ip: bad_format");
  check_with(&(given){.model = "user", .allow = "{ \"short\" }", .updates = true}, "@json{ short = true }",
             "short: not_text");
  check_with(&(given){.model = "user", .allow = "{ \"short\" }", .updates = true}, "@form{ short = true }",
             "{short=null}");
}

static void test_lists(void **state) {
  (void)state;
  check_field("labels", "{ \"a\", \"b\" }", "[\"a\" \"b\"]");
  check_field("labels", "\"a\"", "[\"a\"]");
  check_field("labels", "\"\"", "[]");
  check_field("labels", "{ \"\", \"a\" }", "[\"a\"]");
  check_field("labels", "{}", "[]");
  check_field("labels", "null", "[]");
  check_field("labels", "{ push = \"a\" }", "labels: not_list");
  check_field("labels", "{ \"a\", 1, { \"b\" }, null }", "labels.2: not_text; labels.3: repeated; labels.4: required");
  check_field("labels", "{ \"a\", \"b\", \"c\", \"d\" }", "labels: too_long 3");
  check_field("nums", "{ \"1\", 2, \"\", \"x\" }", "nums.4: not_integer");
  check_field("flags", "{ \"on\", \"0\", true }", "[true false true]");
  check_field("docs", "{ \"{}\", { a = 1 }, 2 }", "[j{} j{\"a\":1} j2]");
  check_field("docs", "{ a = 1 }", "[j{\"a\":1}]");
  check_field("docs", "\"[1]\"", "[j[1]]");
}

/* ------------------------------------------------------------------ rows */

static void test_required(void **state) {
  (void)state;
  check_create("user", "{ \"email\", \"name\", \"agreed\", \"age\", \"role\" }", "{}",
               "email: required; name: required; agreed: required");
  check_create("user", "{ \"email\", \"name\", \"agreed\", \"age\", \"role\" }",
               "{ email = \"a@b.co\", name = \"Ada\", agreed = \"0\", role = \"\" }",
               "{email=\"a@b.co\" name=\"Ada\" agreed=false}");
  check_update("{ \"email\", \"name\" }", "{}", "{}");
  check_update("{ \"role\" }", "{ role = \"\" }", "role: required");
  check_with(&(given){.model = "user",
                      .allow = "{ \"age\", \"labels\", \"name\" }",
                      .required = "{ \"age\", \"labels\" }",
                      .updates = true},
             "{ age = \"\", labels = { \"\" } }", "age: required; labels: required");
  check_with(&(given){.model = "user", .allow = "{ \"age\" }", .required = "{ \"name\" }"}, "{}",
             "input: required.name: is not among the fields of `allow`");
  check_with(&(given){.model = "user",
                      .allow = "{ name = true, posts = { \"title\", \"text\" } }",
                      .required = "{ posts = { \"text\" } }"},
             "{ name = \"Ada\", posts = { { title = \"one\" } } }", "posts.1.text: required");
  check_with(&(given){.model = "user", .allow = "{ posts = { \"title\" } }", .required = "{ \"posts\" }"}, "{}",
             "posts: required");
}

static void test_only_what_is_allowed(void **state) {
  (void)state;
  check_update("{ \"age\" }",
               "{ age = \"1\", id = 7, createdAt = \"2020-01-01\", posts = { delete_many = {} }, [\"\"] = 1 }",
               "{age=1}");
  check_update("{}", "{ age = \"1\" }", "{}");
  check_with(&(given){.model = "user",
                      .allow = "{ age = true, posts = { \"title\" } }",
                      .updates = true,
                      .options = {.report_unknown = true}},
             "{ age = \"1\", id = 7, AND = {}, [\"a\\N\"] = 1, posts = { { title = \"one\", id = 1 } } }",
             "id: unknown; AND: unknown; a?: unknown; posts.1.id: unknown");
  check_create("user", "{ \"age\" }", "{ 1, 2 }", "base: not_object");
  check_create("user", "{ \"age\" }", "\"text\"", "base: not_object");
  check_create("user", "{ \"age\" }", "null", "base: not_object");
  check_create("user", "{ \"age\" }", "@array", "{}");
}

static void test_new_rows(void **state) {
  (void)state;
  const char *allow = "{ title = true, tags = { \"name\" } }";
  check_create("post", allow,
               "{ title = \" one \", tags = { { name = \"a\", id = 1, connect = {} }, { name = \"b\" } } }",
               "{title=\"one\" tags={create=[{name=\"a\"} {name=\"b\"}]}}");
  check_create("post", allow, "{ title = \"one\", tags = { name = \"a\" } }",
               "{title=\"one\" tags={create=[{name=\"a\"}]}}");
  check_create("post", allow, "{ title = \"one\", tags = {} }", "{title=\"one\"}");
  check_create(
      "post", allow,
      "{ title = \"on\", tags = { { name = \"a\" }, { name = 5 }, { x = 1 }, 7, @json{ create = { name = \"x\" } } } }",
      "title: too_short 3; tags.2.name: not_text; tags.3.name: required; tags.4: not_object; tags.5.name: required");
  check_update("{ profile = { \"bio\" } }", "{ profile = { bio = \"x\", userId = 7 } }",
               "{profile={create={bio=\"x\"}}}");
  check_update("{ profile = { \"bio\" } }", "{ profile = { bio = \"\" } }", "profile.bio: required");
  check_update("{ profile = { \"bio\" } }", "{ profile = { { bio = \"x\" } } }", "profile: not_object");
  check_update("{ profile = { \"bio\" } }", "{ profile = \"\" }", "{}");
  check_with(&(given){.model = "post", .allow = allow, .options = {.max_items = 1}},
             "{ title = \"one\", tags = { { name = \"a\" }, { name = \"b\" } } }", "tags: too_many");
  check_create("post", "{ author = { \"name\" } }", "{}", "author: required");
}

static void test_existing_rows(void **state) {
  (void)state;
  const given update = {.model = "post", .allow = "{ author = \"connect\", place = \"connect\" }", .updates = true};
  check_with(&update, "{ author = \"\", place = \"\" }", "author: required");
  check_with(&update, "{ place = \"\" }", "{}");
  const char *allow = "{ author = \"connect\", tags = \"connect\", place = \"connect\" }";
  check_create("post", allow,
               "{ author = \"7\", tags = { \"1\", { name = \"x\" }, \"\" }, place = { a = 1, b = \"x\", c = 2 } }",
               "{author={connect={id=7}} tags={connect=[{id=1} {name=\"x\"}]} place={connect={a_b={a=1 b=\"x\"}}}}");
  check_create("post", allow, "{ author = { email = \" A@B.co\" }, tags = 3 }",
               "{author={connect={email=\"a@b.co\"}} tags={connect=[{id=3}]}}");
  check_create("post", allow, "{ author = { name = \"Ada\" } }", "author: required");
  check_create("post", allow, "{}", "author: required");
  check_create("post", allow, "{ author = { id = \"\" } }", "author: required");
  check_create("post", allow, "{ author = { id = { [\"not\"] = 1 } } }", "author.id: not_integer");
  check_create("post", allow, "{ author = \"x\", place = 5, tags = { { connect = { id = 1 } }, { {} } } }",
               "author: not_integer; tags.2: bad_key; place: bad_key");
  check_create("post", allow, "{ author = 1, place = { a = 1 } }", "place: bad_key");
  check_create("post", "{ authorId = true, author = \"connect\" }", "{ authorId = \"1\", author = \"1\" }",
               "authorId: conflict author");
  check_create("post", "{ authorId = true, author = \"connect\" }", "{ author = \"1\" }", "{author={connect={id=1}}}");
  check_create("post", "{ authorId = true, author = \"connect\" }", "{ authorId = \"1\" }", "{authorId=1}");
  check_create("post", "{ authorId = true, author = \"connect\" }", "{}", "authorId: required");
  check_create("post", "{ id = true, author = \"connect\" }", "{ id = \"1\", author = \"1\" }", "id: conflict author");
}

static void test_options(void **state) {
  (void)state;
  check_create("user", "{ \"nmae\" }", "{}", "input: allow.nmae: unknown field of User; did you mean `name`?");
  check_create("user", "{ posts = { \"titel\" } }", "{}",
               "input: allow.posts.titel: unknown field of Post; did you mean `title`?");
  check_create("user", "{ \"posts\" }", "{}",
               "input: allow.posts: is a relation; write `{ \"field\", ... }` for new rows, or \"connect\"");
  check_create("user", "{ posts = \"set\" }", "{}",
               "input: allow.posts: is a relation; write `{ \"field\", ... }` for new rows, or \"connect\"");
  check_create("user", "{ name = \"connect\" }", "{}", "input: allow.name: expected true; the field is no relation");
  check_create("user", "{ posts = {} }", "{}", "input: allow.posts: expected the fields of its rows, got none");
  check_create("user", "{ posts = { \"authorId\" } }", "{}",
               "input: allow.posts.authorId: cannot be allowed; `posts`, through which the row is written, sets it");
  check_create("user", "{ posts = { author = \"connect\" } }", "{}",
               "input: allow.posts.author: cannot be allowed; `posts`, through which the row is written, sets it");
  check_create("user", "{ 5 }", "{}", "input: allow[1]: expected the name of a field");
  check_create("user", "true", "{}",
               "input: allow: expected a list of fields, as in { \"title\", tags = { \"name\" } }");
}

/* ------------------------------------------------------------------ out of memory */

typedef struct job {
  const rl_model *model;
  const rl_tape *allow, *form;
  bool faulty;
} job;

static bool read_job(void *argument) {
  const job *j = argument;
  rl_arena arena;
  rl_error err = {0};
  rl_allow *allow = NULL;
  rl_arg_tree *tree = NULL;
  rl_form form;
  rl_arena_init(&arena, 64);
  rl_form_init(&form);
  rille_status status = rl_arg_tree_read(j->allow, &arena, &tree, &err);
  if (status == RILLE_OK) status = rl_allow_read(j->model, true, tree, NULL, &allow, &err);
  rl_form_options options = {.allow = allow, .max_depth = 8, .max_items = 1000, .max_fields = 1000};
  if (status == RILLE_OK) status = rl_form_read(&options, j->form, &form, &err);
  bool reported = status == RILLE_OK || (status == RILLE_NOMEM && err.nomem);
  bool found = status < 0 || (form.fault_count > 0) == j->faulty;
  rl_form_dispose(&form);
  rl_arena_dispose(&arena);
  rl_error_clear(&err);
  return status == RILLE_OK && reported && found;
}

static void fail_each(const char *model, const char *allow_text, const char *form_text, bool faulty) {
  rl_tape allow, form;
  rl_tape_init(&allow);
  rl_tape_init(&form);
  write_tape(&allow, allow_text);
  write_tape(&form, form_text);
  job j = {rl_schema_model(schema, rl_str_of(model)), &allow, &form, faulty};
  assert_true(fail_each_allocation(read_job, &j, false) > 5);
  rl_tape_dispose(&allow);
  rl_tape_dispose(&form);
}

static void test_out_of_memory(void **state) {
  (void)state;
  static const char allow[] =
      "{ email = true, name = true, role = true, big = true, score = true, price = true, sum = true, agreed = true, born = true, "
      "data = true, photo = true, labels = true, uid = true, short = true, posts = { \"title\" } }";
  fail_each(
      "user", allow,
      "{ email = \" ADA@B.co\", name = \"Ada\", role = \"ADMIN\", big = d\"9007199254740993\", score = \"1.5\", price = "
      "\"+1.50\", sum = 2.5, agreed = { \"0\", \"1\" }, born = \"2026-01-01T12:00\", data = { a = { 1, \"x\" } }, "
      "photo = \"aGk=\", labels = { \"a\", \"\" }, uid = \"123e4567e89b12d3a456426614174000\", posts = { { title = \"one\" } } }",
      false);
  fail_each(
      "user", allow,
      "{ email = \"x\", name = \"A\", role = \"x\", big = \"99999999999999999999\", score = \"x\", price = \"100000\", sum = nan, "
      "born = \"x\", data = { a = @all }, photo = \"a\", labels = { 1, \"a\", \"b\", \"c\", \"d\" }, uid = \"x\", short = "
      "\"abcdefg\", posts = { { title = \"o\" }, { 1 } } }",
      true);
  fail_each(
      "post", "{ title = true, author = \"connect\", place = \"connect\", tags = \"connect\", authorId = true }",
      "{ title = \"one\", author = { email = \"a@b.co\" }, place = { a = 1, b = \"x\" }, tags = { 1, { name = \"x\" } } }",
      false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_integers),
      cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_words),
      cmocka_unit_test(test_datetimes),
      cmocka_unit_test(test_zones),
      cmocka_unit_test(test_json),
      cmocka_unit_test(test_bytes),
      cmocka_unit_test(test_texts),
      cmocka_unit_test(test_lists),
      cmocka_unit_test(test_required),
      cmocka_unit_test(test_only_what_is_allowed),
      cmocka_unit_test(test_new_rows),
      cmocka_unit_test(test_existing_rows),
      cmocka_unit_test(test_options),
      cmocka_unit_test(test_out_of_memory),
  };
  return cmocka_run_group_tests(tests, load_schema, release_schema);
}
