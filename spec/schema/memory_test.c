/* Every allocation fails once: with a large schema, with a schema with errors, and in the formatter. */
#include "parsing.h"

#include "../base/failing_allocator.h"

static const char rich[] =
    "datasource db {\n  provider = \"postgresql\"\n  url = env(\"X\")\n  schemas = [\"a\"]\n  extensions = "
    "[citext]\n}\n"
    "generator g {\n  provider = \"p\"\n  list = [\"a\"]\n}\n/// doc\n/// @touches Post, Tag\nmodel User {\n  id Int @id "
    "@default(autoincrement())\n"
    "  /// @length 1..9\n  /// @one-of \"a, b\", c\n  email String @unique @db.VarChar(9)\n  /// @range 0.50..1e3\n  d Decimal?\n  f Float? /// @range ..1\n  meta Json? @default(\"{\\\"a\\\": \\\"\\\\n\\\"}\")\n  role Role "
    "@default(A)\n  list Int[] @default([1, 2])\n  odd Unsupported(\"circle\")?\n"
    "  posts Post[]\n  bossId Int?\n  boss User? @relation(\"b\", fields: [bossId], references: [id])\n  minions "
    "User[] @relation(\"b\")\n  tags Tag[]\n"
    "  @@index([email(ops: raw(\"x\"))], type: Gin)\n  @@index([id], where: { email: { not: \"y\" }, id: 3 })\n  "
    "@@unique([id, email], name: \"ie\")\n  @@schema(\"a\")\n  @@map(\"users\")\n}\n"
    "model Post {\n  id String @id @default(uuid(7))\n  userId Int\n  user User @relation(fields: [userId], "
    "references: [id], onDelete: SetNull)\n  @@schema(\"a\")\n}\n"
    "model Tag {\n  id Int @id\n  users User[]\n  @@schema(\"a\")\n}\nenum Role {\n  A @map(\"a\")\n  B\n  "
    "@@schema(\"a\")\n}\n";

static const char faulty[] =
    "/// @touches B, Z\nmodel A {\n  id Int @id\n  /// @range x..\n  d Decimal\n  /// @pattern [\n  a Strin @uniqe\n  b B[]\n  _c\n  @@index([d, e], typ: "
    "Gin)\n}\nmodle B {\n}\nmodel C {\n  x Int? @id @default(nwo())\n";

typedef struct job {
  rl_str text;
  rille_status expected;
} job;

static bool parse_job(void *argument) {
  const job *j = argument;
  rl_source source = {RL_STR("schema.prisma"), j->text};
  rl_schema *s = NULL;
  rl_diagnostics d;
  rl_error err = {0};
  rl_diagnostics_init(&d);
  rille_status status = rl_schema_parse(&source, 1, RL_PROVIDER_POSTGRESQL, &s, &d, &err);
  bool told = status == RILLE_OK || (status == RILLE_NOMEM) == err.nomem;
  rl_schema_release(s);
  rl_diagnostics_dispose(&d);
  rl_error_clear(&err);
  return status == j->expected && told;
}

static bool format_job(void *argument) {
  const job *j = argument;
  rl_buf out;
  rl_error err = {0};
  rl_buf_init(&out);
  rille_status status = rl_schema_format(j->text, &out, &err);
  rl_buf_dispose(&out);
  rl_error_clear(&err);
  return status == j->expected;
}

static void test_parse(void **state) {
  (void)state;
  job j = {rl_str_of(rich), RILLE_OK};
  assert_true(fail_each_allocation(parse_job, &j, false) > 5);
}

static void test_parse_with_errors(void **state) {
  (void)state;
  job j = {rl_str_of(faulty), RILLE_ERROR};
  /* The last allocations copy details of the error, which are optional. */
  assert_true(fail_each_allocation(parse_job, &j, true) > 5);
}

static void test_format(void **state) {
  (void)state;
  job j = {rl_str_of(rich), RILLE_OK};
  assert_true(fail_each_allocation(format_job, &j, false) > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_parse_with_errors),
                                     cmocka_unit_test(test_format)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
