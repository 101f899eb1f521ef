/* Calls of models against a schema: on both databases up to their SQL, on SQLite to the end.
 *   - A call that finds a program in the plan cache has the same SQL and values as without a cache.
 *   - A compiled call runs, or is refused with an error about the call: rille never writes SQL that the database cannot
 *     parse.
 *   - The same read twice returns the same twice. */
#include <string.h>

#include "api/handle.h"
#include "fuzz/notation.h"
#include "input/input.h"

#define COMMON_FIELDS                                                                                                   \
  " id Int @id @default(autoincrement())\n email String @unique\n name String?\n role Role @default(USER)\n age Int?\n" \
  " big BigInt?\n score Float @default(0.5)\n balance Decimal?\n active Boolean @default(true)\n data Json?\n"          \
  " blob Bytes?\n born DateTime @default(now())\n updatedAt DateTime @updatedAt\n bossId Int?\n"                        \
  " boss User? @relation(\"b\", fields: [bossId], references: [id])\n staff User[] @relation(\"b\")\n posts Post[]\n"   \
  " profile Profile?\n @@unique([name, age])\n"
#define OTHER_MODELS                                                                                                   \
  "enum Role {\n ADMIN\n USER @map(\"user_role\")\n}\n"                                                                \
  "model Post {\n id Int @id @default(autoincrement())\n title String\n views Int @default(0)\n authorId Int\n"        \
  " author User @relation(fields: [authorId], references: [id], onDelete: Cascade)\n tags Tag[]\n lines Line[]\n}\n"   \
  "model Tag {\n id Int @id @default(autoincrement())\n name String @unique\n posts Post[]\n}\n"                       \
  "model Profile {\n id Int @id @default(autoincrement())\n bio String?\n userId Int? @unique\n"                       \
  " user User? @relation(fields: [userId], references: [id], onDelete: SetNull)\n}\n"                                  \
  "model Line {\n a Int\n b String\n text String?\n postId Int?\n post Post? @relation(fields: [postId], references: " \
  "[id])\n @@id([a, b])\n}\n"

static const char sqlite_text[] = "model User {\n" COMMON_FIELDS "}\n" OTHER_MODELS;
static const char postgres_text[] =
    "model User {\n" COMMON_FIELDS " tags String[]\n nums Int[]\n uid String? @db.Uuid\n}\n" OTHER_MODELS;

typedef struct side {
  const rl_dialect *dialect;
  rl_schema *schema;
  rl_map json_keys;
} side;

static side sides[2]; /* PostgreSQL, SQLite */
static rille_client *client;
static rl_str names[200];
static uint32_t name_count;

/* ------------------------------------------------------------------ setting up */

static rl_schema *parse(const char *text, rl_provider provider) {
  rl_source source = {RL_STR("schema.prisma"), rl_str_of(text)};
  rl_schema *schema = NULL;
  rl_error err = {0};
  if (rl_schema_parse(&source, 1, provider, &schema, NULL, &err) != RILLE_OK)
    fuzz_broken(__FILE__, __LINE__, "the schema is right", rl_error_message(&err));
  return schema;
}

static void must(rille_status st, rille_error *err) {
  if (st < 0) fuzz_broken(__FILE__, __LINE__, "setting up works", err ? rille_error_message(err) : "");
}

static const char *const setup_calls =
    "create_many user { data = { { email = \"a\", name = \"Ann\", age = 1 }, { email = \"b\", name = \"Bob\", age = 2, "
    "bossId = 1, data = { a = { 1, 2 } } }, { email = \"c\", score = 2.5, big = 9007199254740993 } } }\n"
    "create_many post { data = { { title = \"x\", authorId = 1 }, { title = \"y\", views = 3, authorId = 1 }, { title = "
    "\"z\", authorId = 2 } } }\n"
    "create_many tag { data = { { name = \"t\", }, { name = \"u\" } } }\n"
    "update post { where = { id = 1 }, data = { tags = { connect = { { id = 1 }, { id = 2 } } } } }\n"
    "create profile { data = { bio = \"bio\", user = { connect = { id = 1 } } } }\n"
    "create_many line { data = { { a = 1, b = \"x\", postId = 1 }, { a = 1, b = \"y\" } } }\n";

static void run_on_sqlite(const call_lines *calls, rille_tx *tx, bool must_work);

static void open_client(void) {
  rille_schema_options s = {.struct_size = sizeof s};
  static const char head[] = "datasource db {\n provider = \"sqlite\"\n}\n";
  static char text[sizeof head + sizeof sqlite_text];
  snprintf(text, sizeof text, "%s%s", head, sqlite_text);
  s.text = text;
  s.text_len = strlen(text);
  rille_schema *schema = NULL;
  rille_error *err = NULL;
  rille_status st = rille_schema_open(&s, &schema, NULL, &err);
  must(st, err);
  rille_push_options p = {.struct_size = sizeof p, .url = "file::memory:", .schema = schema};
  rille_client_options o = {.struct_size = sizeof o, .url = p.url, .schema = schema};
  st = rille_client_open(&o, &client, &err);
  must(st, err);
  st = rille_push(&p, &err);
  must(st, err);
  rl_arena arena;
  rl_arena_init(&arena, 0);
  call_lines calls;
  call_read(rl_str_of(setup_calls), &arena, &calls);
  run_on_sqlite(&calls, NULL, true);
  rl_arena_dispose(&arena);
}

static void collect_names(const rl_schema *schema) {
  for (size_t i = 0; i < schema->model_count; i++)
    for (size_t k = 0; k < schema->models[i]->field_count && name_count < 200; k++)
      names[name_count++] = schema->models[i]->fields[k].name;
}

static void set_up(void) {
  if (client) return;
  sides[0] = (side){.dialect = &rl_dialect_postgres, .schema = parse(postgres_text, RL_PROVIDER_POSTGRESQL)};
  sides[1] = (side){.dialect = &rl_dialect_sqlite, .schema = parse(sqlite_text, RL_PROVIDER_SQLITE)};
  for (size_t i = 0; i < 2; i++) {
    rl_map_init(&sides[i].json_keys);
    FUZZ_CHECK(rl_map_put(&sides[i].json_keys, RL_STR("data"), &sides[i]));
  }
  collect_names(sides[0].schema);
  open_client();
}

/* ------------------------------------------------------------------ with and without a cache */

typedef struct compiled {
  rl_compiled *program; /* NULL: refused */
  uint32_t *anchors;
  rl_error err;
} compiled;

static compiled compile(rl_plan_cache *cache, const side *s, const rl_model *m, rille_action action, const rl_tape *t,
                        rl_arena *arena) {
  compiled c = {0};
  rl_compile_context x = {.schema = s->schema, .dialect = s->dialect};
  rille_status st = rl_compile(cache, &x, m, action, t, arena, &c.program, &c.anchors, &c.err);
  if (st != RILLE_OK) c.program = NULL;
  return c;
}

static void same_input(const rl_input *a, const rl_input *b, rl_inputs *in_a, rl_inputs *in_b) {
  FUZZ_CHECK((a == NULL) == (b == NULL));
  if (!a || a->kind == RL_INPUT_CELL || a->kind == RL_INPUT_KEYS || a->kind == RL_INPUT_GENERATED) return;
  FUZZ_CHECK(a->kind == b->kind);
  rl_value va = {0}, vb = {0};
  rl_error ea = {0}, eb = {0};
  rille_status sa = rl_input_value(a, in_a, &va, &ea), sb = rl_input_value(b, in_b, &vb, &eb);
  FUZZ_CHECK(sa == sb && ea.code == eb.code);
  if (sa == RILLE_OK && va.kind != RILLE_LIST) FUZZ_CHECK(rl_value_same(&va, &vb));
  if (sa == RILLE_OK && va.kind == RILLE_LIST) {
    FUZZ_CHECK(vb.kind == RILLE_LIST && va.len == vb.len);
    for (uint32_t i = 0; i < va.len; i++) FUZZ_CHECK(rl_value_same(&va.as.list[i], &vb.as.list[i]));
  }
  fuzz_check_error(sa, &ea);
  rl_error_clear(&eb);
}

static void same_template(const rl_template *a, const rl_template *b, rl_inputs *in_a, rl_inputs *in_b) {
  FUZZ_CHECK((a->sql == NULL) == (b->sql == NULL));
  if (!a->sql) return;
  if (strcmp(a->sql, b->sql) != 0) {
    fprintf(stderr, "%s\n", a->sql);
    fuzz_broken(__FILE__, __LINE__, "a cached program has the SQL of a new one", b->sql);
  }
  FUZZ_CHECK(a->param_count == b->param_count);
  for (uint32_t i = 0; i < a->param_count && a->inputs && b->inputs; i++)
    same_input(a->inputs[i], b->inputs[i], in_a, in_b);
}

static void same_program(const compiled *a, const compiled *b, const rl_tape *t, rl_arena *arena) {
  rl_inputs in_a = {.tape = t, .anchors = a->anchors, .arena = arena};
  rl_inputs in_b = {.tape = t, .anchors = b->anchors, .arena = arena};
  FUZZ_CHECK(a->program->plan->step_count == b->program->plan->step_count);
  for (size_t i = 0; i < a->program->plan->step_count; i++) {
    same_template(&a->program->program->steps[i].main, &b->program->program->steps[i].main, &in_a, &in_b);
    same_template(&a->program->program->steps[i].one, &b->program->program->steps[i].one, &in_a, &in_b);
  }
}

/* A new program reports a wrong value when it is compiled, one of the cache when it takes its values. */
static bool refuses_values(const compiled *c, const rl_tape *t, rl_code code, rl_arena *arena) {
  rl_inputs in = {.tape = t, .anchors = c->anchors, .arena = arena};
  for (size_t i = 0; i < c->program->plan->step_count; i++) {
    const rl_step_sql *s = &c->program->program->steps[i];
    if (s->bulk != RL_BULK_NONE) return true; /* values of rows are taken one by one */
    for (uint32_t k = 0; k < s->main.param_count; k++) {
      const rl_input *input = s->main.inputs[k];
      rl_value v;
      rl_error err = {0};
      if (!input || input->kind == RL_INPUT_CELL || input->kind == RL_INPUT_KEYS || input->kind == RL_INPUT_GENERATED)
        continue;
      if (rl_input_value(input, &in, &v, &err) == RILLE_OK) continue;
      bool same = err.code == code;
      rl_error_clear(&err);
      if (same) return true;
    }
  }
  return false;
}

static void check_compiled(rl_plan_cache *cache, const side *s, const call_line *line, rl_arena *arena) {
  const rl_model *m = rl_schema_model(s->schema, line->model);
  rille_action action = rl_action_named(line->action);
  if (!m || !action) return;
  rl_tape t;
  rl_tape_init(&t);
  rl_tape_json_keys(&t, &s->json_keys);
  call_to_tape(line->arguments, &t, arena);
  rl_error err = {0};
  rille_status st = rl_tape_end(&t, &err);
  fuzz_check_error(st, &err);
  if (st == RILLE_OK) {
    rl_plan_cache *empty = NULL;
    FUZZ_CHECK(rl_plan_cache_new(1, SIZE_MAX, &empty, NULL) == RILLE_OK);
    compiled a = compile(cache, s, m, action, &t, arena), b = compile(empty, s, m, action, &t, arena);
    if (a.program && b.program)
      same_program(&a, &b, &t, arena);
    else if (a.program ? !refuses_values(&a, &t, b.err.code, arena) : b.program || a.err.code != b.err.code)
      fuzz_broken(__FILE__, __LINE__, "a call is refused whether another one came before or not",
                  rl_error_message(b.program ? &a.err : &b.err));
    fuzz_check_error(a.program ? RILLE_OK : RILLE_ERROR, &a.err);
    rl_error_clear(&b.err);
    rl_compiled_release(a.program);
    rl_compiled_release(b.program);
    rl_plan_cache_free(empty);
  }
  rl_tape_dispose(&t);
}

/* ------------------------------------------------------------------ on SQLite */

static void hash_value(uint64_t *hash, const rille_value *v) {
  if (v->kind == RILLE_LIST)
    for (uint32_t i = 0; i < v->len; i++) hash_value(hash, &v->as.list[i]);
  else
    *hash = rl_value_hash(v, *hash);
}

typedef struct answer {
  rille_status status;
  rl_code code;
  uint64_t hash;
} answer;

/* Messages of a database about SQL that it cannot parse. */
static void check_message(const call_line *line, const char *message) {
  static const char *const ours[] = {
      "syntax error",     "no such column", "no such function",          "no such table",        "unrecognized token",
      "ambiguous column", "misuse",         "wrong number of arguments", "bind or column index", "incomplete input"};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (strstr(message, ours[i])) {
      fprintf(stderr, "%.*s %.*s\n", RL_STR_ARG(line->action), RL_STR_ARG(line->model));
      fuzz_broken(__FILE__, __LINE__, "the database can read the SQL", message);
    }
}

static answer finish(rille_op *op, const call_line *line, rille_status st, rille_error *err) {
  answer a = {.status = st};
  rille_row row;
  if (st == RILLE_OK)
    while ((st = rille_op_next(op, &row, &err)) == RILLE_ROW) {
      a.hash = a.hash * 31 + row.node + row.parent;
      for (uint32_t i = 0; i < row.count; i++) hash_value(&a.hash, &row.cells[i]);
    }
  a.status = st;
  if (st < 0) {
    FUZZ_CHECK(err);
    a.code = err->error.code;
    check_message(line, rille_error_message(err));
    fuzz_check_error(st, &err->error);
    rille_error_free(err);
  }
  return a;
}

static answer run_call(rille_op *op, rille_tx *tx, rille_tape *tape, const call_line *line, rl_arena *arena) {
  rille_schema *schema = rille_client_schema(client);
  int32_t model = rille_schema_model(schema, line->model.p, line->model.len);
  rille_action action = rl_action_named(line->action);
  rille_error *err = NULL;
  if (model < 0 || !action) return (answer){.status = RILLE_ERROR};
  rille_tape_reset(tape);
  rille_tape_set_schema(tape, schema);
  call_to_tape(line->arguments, &tape->tape, arena);
  rille_status st = rille_op_model(op, tx, model, action, tape, &err);
  answer a = finish(op, line, st, err);
  rille_op_reset(op);
  return a;
}

static bool only_reads(rl_str action) {
  return rl_str_starts(action, RL_STR("find")) || rl_str_is(action, "count") || rl_str_is(action, "aggregate") ||
         rl_str_is(action, "exists");
}

static void run_on_sqlite(const call_lines *calls, rille_tx *tx, bool must_work) {
  rille_op *op = rille_op_new(client);
  rille_tape *tape = rille_tape_new();
  FUZZ_CHECK(op && tape);
  for (uint32_t i = 0; i < calls->count; i++) {
    answer a = run_call(op, tx, tape, &calls->lines[i], calls->arena);
    FUZZ_CHECK(a.status == RILLE_DONE || !must_work);
    if (!only_reads(calls->lines[i].action)) continue;
    answer b = run_call(op, tx, tape, &calls->lines[i], calls->arena);
    FUZZ_CHECK(a.status == b.status && a.code == b.code && a.hash == b.hash);
  }
  rille_op_free(op);
  rille_tape_free(tape);
}

static void step(rille_tx *tx, rille_status (*start)(rille_op *, rille_tx *, rille_error **)) {
  rille_op *op = rille_op_new(client);
  rille_error *err = NULL;
  FUZZ_CHECK(op);
  rille_status st = start(op, tx, &err);
  if (st == RILLE_OK) st = rille_op_next(op, &(rille_row){0}, &err);
  must(st, err);
  rille_op_free(op);
}

/* ------------------------------------------------------------------ the harness */

static void run(const uint8_t *data, size_t size) {
  set_up();
  rl_arena arena;
  rl_arena_init(&arena, 0);
  call_lines calls;
  call_read((rl_str){(const char *)data, size}, &arena, &calls);
  for (size_t i = 0; i < 2; i++) {
    rl_plan_cache *cache = NULL;
    FUZZ_CHECK(rl_plan_cache_new(50, SIZE_MAX, &cache, NULL) == RILLE_OK);
    for (uint32_t k = 0; k < calls.count; k++) check_compiled(cache, &sides[i], &calls.lines[k], &arena);
    rl_plan_cache_free(cache);
  }
  rille_tx_options o = {.struct_size = sizeof o, .timeout_ms = 600000}; /* also under valgrind */
  rille_tx *tx = NULL;
  rille_error *err = NULL;
  rille_status st = rille_tx_new(client, &o, &tx, &err);
  must(st, err);
  step(tx, rille_op_begin);
  run_on_sqlite(&calls, tx, false);
  step(tx, rille_op_rollback);
  rille_tx_free(tx);
  rl_arena_dispose(&arena);
}

static size_t change(uint8_t *data, size_t size, size_t most, fuzz_random *r) {
  set_up();
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_buf out;
  rl_buf_init(&out);
  call_lines calls;
  call_read((rl_str){(const char *)data, size}, &arena, &calls);
  for (uint32_t n = 1 + fuzz_below(r, 4); n > 0; n--) call_change(&calls, names, name_count, r);
  call_write(&calls, &out);
  FUZZ_CHECK(!out.failed);
  if (out.len > 0 && out.len <= most) {
    memcpy(data, out.p, out.len);
    size = out.len;
  }
  rl_buf_dispose(&out);
  rl_arena_dispose(&arena);
  return size;
}

static const char *const words[] = {"{", "}", "=", ",", "\"", "find_many user { }", "*100000", "nan", "@all", NULL};

const fuzz_harness fuzz_calls = {
    .name = "calls", .run = run, .mutate = change, .words = words, .longest = 8000, .short_runs = 800, .share = 8};
