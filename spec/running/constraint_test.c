/* Constraints of the database, in terms of the schema. */
#include "running/running.h"

static const char shop[] =
    "model Shop {\n  id Int @id\n  shopName String @map(\"shop_name\")\n  city String\n  zip String? "
    "@map(\"zip_code\")\n  goods Good[]\n  @@unique([shopName, city])\n  @@map(\"shops\")\n}\n"
    "model Good {\n  id Int @id\n  shopId Int @map(\"shop_id\")\n  shop Shop @relation(fields: [shopId], references: "
    "[id], onDelete: Restrict)\n  @@map(\"goods\")\n}\n";

typedef struct failing_call {
  const char *model, *json, *code, *message, *key, *first, *second;
  rille_action action;
  bool list;
} failing_call;

static void expect_failure(world *w, const failing_call *c) {
  rille_op *op = rille_op_new(w->client);
  rille_tape *tape = rille_tape_new();
  rille_error *err = NULL;
  rille_row row;
  rille_status st = start_call(op, NULL, c->model, c->action, tape, c->json, &err);
  while (st == RILLE_OK || st == RILLE_ROW) st = rille_op_next(op, &row, &err);
  assert_int_equal(st, RILLE_ERROR);
  assert_string_equal(rille_error_code(err), c->code);
  assert_int_equal(rille_error_kind(err), RILLE_KIND_CONSTRAINT);
  if (!strstr(rille_error_message(err), c->message)) fail_msg("%s", rille_error_message(err));
  bool found = false, model = false;
  for (size_t i = 0; i < rille_error_detail_count(err); i++) {
    const char *key = rille_error_detail_key(err, i);
    model = model || strcmp(key, "model") == 0;
    if (!c->key || strcmp(key, c->key) != 0) continue;
    found = true;
    assert_int_equal(rille_error_detail_is_list(err, i), c->list);
    assert_string_equal(rille_error_detail_value(err, i, 0), c->first);
    if (c->second) assert_string_equal(rille_error_detail_value(err, i, 1), c->second);
  }
  assert_true(model);
  assert_true(found || !c->key);
  rille_error_free(err);
  rille_op_free(op);
  rille_tape_free(tape);
}

static void told(bool postgres) {
  world w;
  open_world(&w, postgres, shop, "", 1);
  expect_rows(call(w.client, NULL, "shop", RILLE_CREATE,
                   "{'data':{'id':1,'shopName':'s','city':'c','goods':{'create':{'id':1}}},'select':{'id':true}}"),
              "(1)");
  failing_call unique = {"shop",   "{'data':{'id':2,'shopName':'s','city':'c'}}",
                         "P2002",  "`shopName`, `city`",
                         "target", "shopName",
                         "city",   RILLE_CREATE,
                         true};
  expect_failure(&w, &unique);
  failing_call primary = {
      "shop", "{'data':{'id':1,'shopName':'t','city':'c'}}", "P2002", "`id`", "target", "id", NULL, RILLE_CREATE, true};
  expect_failure(&w, &primary);
  failing_call foreign = {"good",       "{'data':{'id':5,'shopId':9}}",
                          "P2003",      "`shop` of Good to Shop",
                          "field_name", "shop",
                          NULL,         RILLE_CREATE,
                          false};
  expect_failure(&w, &foreign);
  failing_call referencing = foreign;
  referencing.key = "side", referencing.first = "referencing";
  expect_failure(&w, &referencing);
  failing_call held = {"shop", "{'where':{'id':1}}", "P2003", "`goods_shop_id_fkey`", "field_name", "shop",
                       NULL,   RILLE_DELETE,         false};
  expect_failure(&w, &held);
  held.key = "side", held.first = "referenced";
  expect_failure(&w, &held);
  close_world(&w);
}

static void test_sqlite(void **state) {
  (void)state;
  told(false);
}
static void test_postgres(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  told(true);
}

/* The table is stricter than the schema. */
static void test_null(void **state) {
  (void)state;
  world w;
  open_world(&w, false, shop, "", 1);
  const char *sql[] = {
      "DROP TABLE goods", "DROP TABLE shops",
      "CREATE TABLE shops (id INTEGER PRIMARY KEY, shop_name TEXT, city TEXT, zip_code TEXT NOT NULL)"};
  for (size_t i = 0; i < 3; i++) expect_rows(raw(w.client, NULL, sql[i], NULL), "");
  failing_call null = {"shop",   "{'data':{'id':1,'shopName':'s','city':'c','zip':null}}",
                       "P2011",  "Shop.zip must not be null",
                       "target", "zip",
                       NULL,     RILLE_CREATE,
                       true};
  expect_failure(&w, &null);
  close_world(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sqlite), cmocka_unit_test(test_postgres),
                                     cmocka_unit_test(test_null)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
