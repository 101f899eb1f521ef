/* Push: what it creates, with the names and types of Prisma, on both databases;
 * what it rejects, and what a failure leaves. */
#include "running/running.h"

static const char shop[] = "model User {\n  id Int @id @default(autoincrement())\n  email String "
                           "@unique\n  name String?\n  balance Decimal "
                           "@default(0)\n  born DateTime?\n  data Json?\n  raw Bytes?\n  big BigInt "
                           "@default(0)\n"
                           "  ok Boolean @default(true)\n  ratio Float?\n  created DateTime "
                           "@default(now())\n  posts Post[]\n  @@index([name, "
                           "email])\n}\n"
                           "model Post {\n  id Int @id @default(autoincrement())\n  title String "
                           "@default(\"it's\")\n  authorId Int\n  author "
                           "User @relation(fields: [authorId], references: [id])\n  editorId Int?\n"
                           "  tags Tag[]\n  @@unique([authorId, title])\n  @@map(\"posts\")\n}\n"
                           "model Tag {\n  id Int @id\n  posts Post[]\n  marks Mark[]\n}\n"
                           "model Mark {\n  a Int\n  b Int\n  tagId Int?\n  tag Tag? "
                           "@relation(fields: [tagId], references: [id], onDelete: "
                           "Cascade)\n  @@id([a, b])\n}\n";

static rille_status push(const char *url, rille_schema *s, int reset, char code[16]) {
  rille_push_options o = {.struct_size = sizeof o, .reset = reset, .url = url, .schema = s};
  rille_error *err = NULL;
  rille_status st = rille_push(&o, &err);
  snprintf(code, 16, "%s", err ? rille_error_code(err) : "");
  rille_error_free(err);
  return st;
}

static void expect_names(world *w, const char *sql, const char *want) {
  expect_rows(raw(w->client, NULL, sql, NULL), want);
}

static void test_postgres(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  world w;
  open_world(&w, true, shop, "", 1); /* the database did not exist */
  expect_names(&w,
               "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
               "ORDER BY tablename COLLATE \"C\"",
               "(Mark) (Tag) (User) (_PostToTag) (posts)");
  expect_names(&w,
               "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' "
               "ORDER BY indexname COLLATE \"C\"",
               "(Mark_pkey) (Tag_pkey) (User_email_key) (User_name_email_idx) "
               "(User_pkey) (_PostToTag_AB_pkey) "
               "(_PostToTag_B_index) (posts_authorId_title_key) (posts_pkey)");
  expect_names(&w,
               "SELECT conname, confdeltype::text, confupdtype::text FROM "
               "pg_constraint WHERE contype = 'f' ORDER BY "
               "conname COLLATE \"C\"",
               "(Mark_tagId_fkey,c,c) (_PostToTag_A_fkey,c,c) "
               "(_PostToTag_B_fkey,c,c) (posts_authorId_fkey,r,c)");
  expect_names(&w,
               "SELECT column_name, format_type(a.atttypid, a.atttypmod), "
               "is_nullable, coalesce(column_default, '-') "
               "FROM information_schema.columns c "
               "JOIN pg_attribute a ON a.attrelid = '\"User\"'::regclass AND "
               "a.attname = c.column_name WHERE "
               "table_name = 'User' ORDER BY ordinal_position",
               "(id,integer,NO,nextval('\"User_id_seq\"'::regclass)) "
               "(email,text,NO,-) (name,text,YES,-) "
               "(balance,numeric(65,30),NO,0) (born,timestamp(3) without time "
               "zone,YES,-) (data,jsonb,YES,-) "
               "(raw,bytea,YES,-) (big,bigint,NO,0) (ok,boolean,NO,true) "
               "(ratio,double precision,YES,-) "
               "(created,timestamp(3) without time zone,NO,CURRENT_TIMESTAMP)");
  char code[16];
  expect_rows(call(w.client, NULL, "tag", RILLE_CREATE, "{'data':{'id':1},'select':{'id':true}}"), "(1)");
  assert_int_equal(push(w.url, w.schema, 0, code), RILLE_OK); /* nothing to do */
  expect_rows(call(w.client, NULL, "tag", RILLE_COUNT, "{}"), "(1)");
  assert_int_equal(push(w.url, w.schema, 1, code), RILLE_OK);
  expect_rows(call(w.client, NULL, "tag", RILLE_COUNT, "{}"), "(0)");
  close_world(&w);
}

static void test_postgres_schema_parameter(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  world w;
  open_world(&w, true, shop, "schema=Odd%20one", 1);
  expect_names(&w, "SELECT count(*)::int FROM pg_tables WHERE schemaname = 'Odd one'", "(5)");
  expect_names(&w, "SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public'", "(0)");
  expect_rows(call(w.client, NULL, "tag", RILLE_CREATE, "{'data':{'id':1},'select':{'id':true}}"), "(1)");
  char code[16];
  assert_int_equal(push(w.url, w.schema, 1, code), RILLE_OK);
  expect_rows(call(w.client, NULL, "tag", RILLE_COUNT, "{}"), "(0)"); /* on a connection that stayed open */
  close_world(&w);
}

static void test_sqlite(void **state) {
  (void)state;
  world w;
  open_world(&w, false, shop, "", 1);
  expect_names(&w,
               "SELECT name FROM sqlite_master WHERE type = 'table' AND name "
               "NOT LIKE 'sqlite_%' ORDER BY 1",
               "(Mark) (Tag) (User) (_PostToTag) (posts)");
  expect_names(&w,
               "SELECT name FROM sqlite_master WHERE type = 'index' AND name "
               "NOT LIKE 'sqlite_%' ORDER BY 1",
               "(User_email_key) (User_name_email_idx) (_PostToTag_AB_unique) "
               "(_PostToTag_B_index) (posts_authorId_title_key)");
  expect_names(&w,
               "SELECT name, type, \"notnull\", coalesce(dflt_value, '-') FROM "
               "pragma_table_info('User') ORDER BY cid",
               "(id,INTEGER,1,-) (email,TEXT,1,-) (name,TEXT,0,-) "
               "(balance,DECIMAL,1,0) (born,DATETIME,0,-) "
               "(data,JSONB,0,-) (raw,BLOB,0,-) (big,BIGINT,1,0) "
               "(ok,BOOLEAN,1,true) (ratio,REAL,0,-) "
               "(created,DATETIME,1,CURRENT_TIMESTAMP)");
  expect_names(&w,
               "SELECT \"table\", \"from\", on_delete, on_update FROM "
               "pragma_foreign_key_list('posts')",
               "(User,authorId,RESTRICT,CASCADE)");
  expect_names(&w,
               "SELECT sql LIKE '%CONSTRAINT \"posts_authorId_fkey\" FOREIGN "
               "KEY%' FROM sqlite_master WHERE name = 'posts'",
               "(1)");
  char code[16];
  expect_rows(raw(w.client, NULL, "INSERT INTO \"Tag\" VALUES (1)", NULL), "");
  assert_int_equal(push(w.url, w.schema, 0, code), RILLE_OK); /* nothing to do */
  expect_rows(call(w.client, NULL, "tag", RILLE_COUNT, "{}"), "(1)");
  expect_rows(raw(w.client, NULL, "CREATE VIEW extra AS SELECT * FROM \"Tag\"", NULL), "");
  assert_int_equal(push(w.url, w.schema, 1, code), RILLE_OK);
  expect_rows(call(w.client, NULL, "tag", RILLE_COUNT, "{}"), "(0)");
  expect_names(&w, "SELECT count(*) FROM sqlite_master WHERE name = 'extra'", "(0)");
  close_world(&w);
}

static void test_refused(void **state) {
  (void)state;
  rille_schema *s = open_schema(shop, false);
  char code[16];
  assert_int_equal(push("file:/nonexistent-folder/x.db", s, 0, code), RILLE_ERROR);
  assert_string_equal(code, "P1003");
  assert_int_equal(push("sqlite:///nonexistent-folder/x.db", s, 0, code), RILLE_ERROR);
  assert_string_equal(code, "P1003"); /* and no file of another name was created */
  assert_int_equal(access("postgres", F_OK), -1);
  assert_int_equal(push("postgresql://127.0.0.1:1/x", s, 0, code), RILLE_ERROR);
  assert_string_equal(code, "P1012");
  assert_int_equal(push("", s, 0, code), RILLE_ERROR);
  assert_string_equal(code, "P1013");
  assert_int_equal(push("file:x.db", NULL, 0, code), RILLE_ERROR);
  assert_string_equal(code, "VALIDATION");
  rille_schema_release(s);
  if (!postgres_url()) return;
  s = open_schema(shop, true);
  assert_int_equal(push("postgresql://127.0.0.1:1/x", s, 0, code), RILLE_ERROR);
  assert_string_equal(code, "P1001");
  rille_schema_release(s);
}

/* If a statement fails, none of the changes stay, and the old content does. */
static void failing(bool postgres) {
  static const char before[] = "model Kept {\n  id Int @id\n}\n";
  static const char clash[] = "model A {\n  id Int @id\n  n Int\n  m Int\n  @@index([n], map: "
                              "\"same\")\n}\nmodel B "
                              "{\n  id Int @id\n  n Int\n  @@index([n], map: \"same\")\n}\n";
  world w;
  open_world(&w, postgres, before, "", 1);
  expect_rows(call(w.client, NULL, "kept", RILLE_CREATE, "{'data':{'id':1},'select':{'id':true}}"), "(1)");
  char text[1024];
  int n = snprintf(text, sizeof text, "datasource db {\n  provider = \"%s\"\n}\n%s", postgres ? "postgresql" : "sqlite",
                   clash);
  rille_schema_options o = {.struct_size = sizeof o, .text = text, .text_len = (size_t)n};
  rille_schema *s = NULL;
  if (rille_schema_open(&o, &s, NULL, NULL) == RILLE_OK) { /* unless the schema is already rejected */
    char code[16];
    assert_int_equal(push(w.url, s, 1, code), RILLE_ERROR);
    rille_schema_release(s);
  }
  expect_rows(call(w.client, NULL, "kept", RILLE_COUNT, "{}"), "(1)");
  close_world(&w);
}
static void test_failure(void **state) {
  (void)state;
  failing(false);
  if (postgres_url()) failing(true);
}

static void test_text(void **state) {
  (void)state;
  rille_schema *s = open_schema(shop, false);
  char *text = NULL;
  size_t len = 0;
  rille_error *err = NULL;
  must(rille_schema_sql(s, "sqlite", &text, &len, &err), err);
  assert_int_equal(strlen(text), len);
  assert_non_null(strstr(text, "CREATE TABLE \"_PostToTag\""));
  assert_string_equal(text + len - 2, ";\n");
  rille_free(text);
  assert_int_equal(rille_schema_sql(s, "oracle", &text, &len, NULL), RILLE_ERROR);
  assert_int_equal(rille_schema_sql(s, NULL, &text, &len, NULL), RILLE_ERROR);
  rille_schema_release(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_postgres), cmocka_unit_test(test_postgres_schema_parameter),
      cmocka_unit_test(test_sqlite),   cmocka_unit_test(test_refused),
      cmocka_unit_test(test_failure),  cmocka_unit_test(test_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
