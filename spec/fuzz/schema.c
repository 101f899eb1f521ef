/* Schemas: parsed, described, formatted, and written as tables of both databases. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "migrate/structure/render.h"
#include "migrate/structure/structure.h"
#include "schema/schema.h"

static rille_status parse(rl_str text, rl_provider provider, rl_schema **out, rl_diagnostics *d, rl_error *err) {
  rl_source source = {RL_STR("schema.prisma"), text};
  return rl_schema_parse(&source, 1, provider, out, d, err);
}

static void check_diagnostics(rl_diagnostics *d, bool faulty) {
  rl_buf out;
  rl_buf_init(&out);
  rl_diagnostics_write(d, &out);
  bool error = false;
  for (size_t i = 0; i < d->count; i++) {
    FUZZ_CHECK(d->items[i].line >= 1 && d->items[i].column >= 1 && d->items[i].message.len > 0);
    error = error || !d->items[i].warning;
  }
  FUZZ_CHECK(error == faulty);
  rl_buf_dispose(&out);
}

static void check_tables(const rl_schema *schema, const rl_dialect *dialect) {
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_db db = {0};
  rl_error err = {0};
  rl_buf sql;
  rl_buf_init(&sql);
  rille_status st = rl_db_of_schema(dialect, schema, &arena, &db, &err);
  for (size_t i = 0; st == RILLE_OK && i < db.tables.count; i++) {
    rl_sql_create_table(&sql, dialect, &db.tables.items[i], db.tables.items[i].name, NULL);
    FUZZ_CHECK(!sql.len || !memchr(sql.p, 0, sql.len));
  }
  fuzz_check_error(st, &err);
  rl_buf_dispose(&sql);
  rl_arena_dispose(&arena);
}

/* Formatting changes only white space, and a second time nothing. */
static void check_format(rl_str text, bool valid) {
  rl_buf once, twice;
  rl_buf_init(&once);
  rl_buf_init(&twice);
  rl_error err = {0};
  rille_status st = rl_schema_format(text, &once, &err);
  fuzz_check_error(st, &err);
  FUZZ_CHECK(!valid || st == RILLE_OK);
  if (st == RILLE_OK) {
    rl_schema *schema = NULL;
    FUZZ_CHECK(rl_schema_format(rl_buf_view(&once), &twice, NULL) == RILLE_OK);
    FUZZ_CHECK(rl_str_eq(rl_buf_view(&once), rl_buf_view(&twice)));
    if (valid) FUZZ_CHECK(parse(rl_buf_view(&once), RL_PROVIDER_POSTGRESQL, &schema, NULL, NULL) == RILLE_OK);
    rl_schema_release(schema);
  }
  rl_buf_dispose(&once);
  rl_buf_dispose(&twice);
}

static void run(const uint8_t *data, size_t size) {
  rl_str text = {(const char *)data, size};
  static const rl_provider providers[] = {RL_PROVIDER_POSTGRESQL, RL_PROVIDER_SQLITE};
  for (size_t i = 0; i < 2; i++) {
    rl_schema *schema = NULL;
    rl_diagnostics d;
    rl_error err = {0};
    rl_diagnostics_init(&d);
    rille_status st = parse(text, providers[i], &schema, &d, &err);
    check_diagnostics(&d, st != RILLE_OK);
    if (st == RILLE_OK) {
      check_tables(schema, i ? &rl_dialect_sqlite : &rl_dialect_postgres);
      for (size_t k = 0; k < schema->model_count; k++)
        FUZZ_CHECK(rl_schema_model(schema, schema->models[k]->name) == schema->models[k]);
    }
    fuzz_check_error(st, &err);
    if (i == 0) check_format(text, st == RILLE_OK);
    rl_diagnostics_dispose(&d);
    rl_schema_release(schema);
  }
}

static const char *const words[] = {"model A {\n",
                                    "}\n",
                                    "enum E {\n A\n}\n",
                                    "id Int @id\n",
                                    "String",
                                    "String?",
                                    "String[]",
                                    "@unique",
                                    "@default(",
                                    "autoincrement()",
                                    "now()",
                                    "uuid()",
                                    "dbgenerated(\"x\")",
                                    ")",
                                    "@relation(fields: [aId], references: [id])",
                                    "@map(\"",
                                    "\")",
                                    "@@map(\"t\")",
                                    "@@id([a, b])",
                                    "@@unique([a])",
                                    "@@index([a(sort: Desc)])",
                                    "@db.VarChar(10)",
                                    "@db.Decimal(5, 2)",
                                    "@updatedAt",
                                    "@ignore",
                                    "@@ignore",
                                    "// c\n",
                                    "/// doc\n",
                                    "/* */",
                                    "datasource db {\n provider = \"sqlite\"\n}\n",
                                    "generator g {\n provider = \"x\"\n}\n",
                                    "env(\"X\")",
                                    "view V {\n",
                                    "type T {\n",
                                    "Int",
                                    "BigInt",
                                    "Float",
                                    "Decimal",
                                    "DateTime",
                                    "Json",
                                    "Bytes",
                                    "Boolean",
                                    "Unsupported(\"x\")",
                                    "@@schema(\"s\")",
                                    "@@fulltext([a])",
                                    "onDelete: Cascade",
                                    "onUpdate: SetNull",
                                    "name: \"r\"",
                                    "[",
                                    "]",
                                    "(",
                                    "{",
                                    "\n",
                                    "\\\"",
                                    "1",
                                    "-1.5",
                                    "true",
                                    ",",
                                    "A[]",
                                    "A?",
                                    "a A",
                                    "bs B[]",
                                    "where: raw(\"a > 1\")",
                                    "ops: raw(\"x\")",
                                    "type: Gin",
                                    NULL};

const fuzz_harness fuzz_schema = {
    .name = "schema", .run = run, .words = words, .longest = 3000, .short_runs = 1500, .share = 2};
