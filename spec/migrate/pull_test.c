/* The text of a pulled schema: what SQL becomes, and what of a known schema stays. */
#include "migrate/pull/pull.h"
#include "migrate/pure.h"
#include "migrate/structure/open.h"

typedef struct pulled {
  const char *name;
  rl_provider provider;
  const char *sql;   /* creates the database */
  const char *known; /* NULL, or a known schema */
  const char *want;  /* after the datasource block */
} pulled;

#define PG RL_PROVIDER_POSTGRESQL
#define LITE RL_PROVIDER_SQLITE

static const pulled all[] = {
    {"types of SQLite", LITE,
     "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, s TEXT NOT NULL, b BIGINT, r REAL, d DECIMAL, "
     "x BLOB, f BOOLEAN, m DATETIME, j JSONB)",
     NULL,
     "model t {\n  id Int       @id @default(autoincrement())\n  s  String\n  b  BigInt?\n  r  Float?\n  d  Decimal?\n"
     "  x  Bytes?\n  f  Boolean?\n  m  DateTime?\n  j  Json?\n}\n"},
    {"types of PostgreSQL", PG,
     "CREATE TABLE t (id serial PRIMARY KEY, s text NOT NULL, v varchar(9), c char(3), i smallint, b bigint, "
     "r real, f double precision, d numeric(65,30), n numeric(10,2), x bytea, o boolean, m timestamp(3), "
     "z timestamptz(6), a date, j jsonb, u uuid, l int[])",
     NULL,
     "model t {\n  id Int       @id @default(autoincrement())\n  s  String\n  v  String?   @db.VarChar(9)\n"
     "  c  String?   @db.Char(3)\n  i  Int?      @db.SmallInt\n  b  BigInt?\n  r  Float?    @db.Real\n  f  Float?\n"
     "  d  Decimal?\n  n  Decimal?  @db.Decimal(10, 2)\n  x  Bytes?\n  o  Boolean?\n  m  DateTime?\n"
     "  z  DateTime? @db.Timestamptz(6)\n  a  DateTime? @db.Date\n  j  Json?\n  u  String?   @db.Uuid\n  l  Int[]\n}\n"},
    {"defaults", LITE,
     "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL DEFAULT 7, s TEXT NOT NULL DEFAULT 'it''s', f BOOLEAN "
     "NOT NULL DEFAULT true, m DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, e TEXT NOT NULL DEFAULT (lower('X')))",
     NULL,
     "model t {\n  id Int      @id @default(autoincrement())\n  a  Int      @default(7)\n"
     "  s  String   @default(\"it's\")\n  f  Boolean  @default(true)\n  m  DateTime @default(now())\n"
     "  e  String   @default(dbgenerated(\"lower('X')\"))\n}\n"},
    {"keys and indexes", LITE,
     "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, c TEXT, PRIMARY KEY (a, b)); CREATE UNIQUE INDEX t_c_key "
     "ON t(c); CREATE INDEX t_b_c_idx ON t(b, c); CREATE INDEX odd ON t(c, a)",
     NULL,
     "model t {\n  a Int\n  b Int\n  c String? @unique\n\n  @@id([a, b])\n  @@index([c, a], map: \"odd\")\n"
     "  @@index([b, c])\n}\n"},
    {"a relation and its other side", LITE,
     "CREATE TABLE u (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT); CREATE TABLE p (id INTEGER NOT NULL PRIMARY KEY "
     "AUTOINCREMENT, uId INTEGER NOT NULL, CONSTRAINT p_uId_fkey FOREIGN KEY (uId) REFERENCES u (id) ON DELETE RESTRICT "
     "ON UPDATE CASCADE)",
     NULL,
     "model p {\n  id  Int @id @default(autoincrement())\n  uId Int\n  u   u   @relation(fields: [uId], references: "
     "[id])\n}\n\nmodel u {\n  id Int @id @default(autoincrement())\n  ps p[]\n}\n"},
    {"names that a schema cannot have", LITE,
     "CREATE TABLE \"my table\" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, \"1st col\" TEXT, \"a-b\" TEXT)", NULL,
     "model my_table {\n  id     Int     @id @default(autoincrement())\n  st_col String? @map(\"1st col\")\n"
     "  a_b    String? @map(\"a-b\")\n\n  @@map(\"my table\")\n}\n"},
    {"a table without a key", LITE, "CREATE TABLE t (a INTEGER)", NULL,
     "/// This table has no key that identifies its rows, so no client can use it: see @@ignore.\n"
     "model t {\n  a Int?\n\n  @@ignore\n}\n"},
    {"an enum of PostgreSQL", PG,
     "CREATE TYPE mood AS ENUM ('ok', 'not ok', 'ok!'); CREATE TABLE t (id int PRIMARY KEY, m mood NOT NULL DEFAULT "
     "'not ok')",
     NULL,
     "model t {\n  id Int  @id\n  m  mood @default(not_ok)\n}\n\n"
     "enum mood {\n  ok\n  not_ok @map(\"not ok\")\n  ok_    @map(\"ok!\")\n}\n"},
    {"names, comments and order of a known schema", LITE,
     "CREATE TABLE people (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, full_name TEXT NOT NULL, age INTEGER)",
     "datasource db {\n  provider = \"sqlite\"\n}\n\n/// Somebody.\nmodel Person {\n  name String @map(\"full_name\") // "
     "as on paper\n  id   Int    @id @default(autoincrement())\n\n  @@map(\"people\")\n}\n",
     "/// Somebody.\nmodel Person {\n  name String @map(\"full_name\") // as on paper\n"
     "  id   Int    @id @default(autoincrement())\n  age  Int?\n\n  @@map(\"people\")\n}\n"},
    {"what the database does not have is removed", LITE,
     "CREATE TABLE A (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT)",
     "datasource db {\n  provider = \"sqlite\"\n}\n\nmodel A {\n  id Int @id @default(autoincrement())\n  x  Int?\n}\n\n"
     "model B {\n  id Int @id\n}\n",
     "model A {\n  id Int @id @default(autoincrement())\n}\n"},
};

static void make_database(const char *url, rl_provider provider, const char *sql) {
  rl_session s;
  rl_error err = {0};
  rille_status st = rl_open_or_create(&s, rl_str_of(url), dialect_for(provider), &err);
  if (st == RILLE_OK) st = rl_session_script(&s, sql, &err);
  if (st != RILLE_OK) fail_msg("%s: %s", sql, rl_error_message(&err));
  rl_session_close(&s);
}

/* Returns the text after the datasource block. */
static rl_str behind_head(rl_str text) {
  const char *end = strstr(text.p, "}\n\n");
  if (!end) return text;
  end += 3;
  return (rl_str){end, (size_t)(text.p + text.len - end)};
}

static void run_pull(const pulled *p, int number) {
  char url[512], name[64], path[128];
  rl_buf got;
  rl_error err = {0};
  snprintf(name, sizeof name, "rille_pull_%d_%d", (int)getpid(), number);
  snprintf(path, sizeof path, "/tmp/%s.db", name);
  if (p->provider == PG)
    url_with(name, "", url, sizeof url);
  else
    snprintf(url, sizeof url, "file:%s", path);
  make_database(url, p->provider, p->sql);
  rl_schema *known = p->known ? schema_of(p->known, p->provider) : NULL;
  const rl_pull_order order = {.known = known};
  rl_buf_init(&got);
  if (rl_pull(rl_str_of(url), &order, &got, &err) != RILLE_OK) fail_msg("%s: %s", p->name, rl_error_message(&err));
  assert_non_null(rl_buf_z(&got));
  expect_text(p->name, behind_head(rl_buf_view(&got)), p->want);
  rl_schema_release(schema_of(got.p, p->provider)); /* it is valid */
  rl_buf_dispose(&got);
  if (known) rl_schema_release(known);
  remove_files(path);
}

static void run_all(rl_provider provider) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i].provider == provider) run_pull(&all[i], (int)i);
}

static void test_sqlite(void **state) {
  (void)state;
  run_all(LITE);
}

static void test_postgres(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  run_all(PG);
}

static void test_empty(void **state) {
  (void)state;
  rl_buf got;
  rl_error err = {0};
  const rl_pull_order order = {0};
  char path[128], url[160];
  snprintf(path, sizeof path, "/tmp/rille_pull_%d_none.db", (int)getpid());
  snprintf(url, sizeof url, "file:%s", path);
  rl_buf_init(&got);
  assert_int_equal(rl_pull(rl_str_of(url), &order, &got, &err), RILLE_ERROR);
  assert_int_equal(err.code, RL_P4001);
  rl_error_clear(&err);
  assert_int_not_equal(access(path, F_OK), 0); /* a pull creates no file */
  rl_buf_dispose(&got);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sqlite), cmocka_unit_test(test_postgres),
                                     cmocka_unit_test(test_empty)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
