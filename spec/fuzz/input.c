/* Forms and JSON bodies against what they may say.
 *
 *   - Nothing comes through that is not allowed, at any level, and no word but create and connect.
 *   - Every fault has a path, a code and a message, in valid UTF-8.
 *   - What comes through is accepted by create and update, but for fields that the form was not allowed to give.
 *
 * An input is a call (create MODEL { allow = ..., required = ..., form = ... }), or the JSON of a body. */
#include <string.h>

#include "fuzz/notation.h"
#include "input/form.h"
#include "input/input.h"
#include "query/query.h"
#include "tape/json.h"

#define COMMON                                                                                                         \
  " id Int @id @default(autoincrement())\n /// @trim\n /// @lowercase\n /// @email\n email String @unique\n"           \
  " /// @length 2..20\n /// @pattern ^%a\n name String\n role Role @default(USER)\n /// @range 0..150\n age Int?\n"    \
  " big BigInt?\n score Float?\n sum Decimal?\n active Boolean?\n agreed Boolean\n /// @range 2000-01-01..\n"          \
  " born DateTime?\n data Json?\n photo Bytes?\n createdAt DateTime @default(now())\n updatedAt DateTime @updatedAt\n" \
  " posts Post[]\n profile Profile?\n @@unique([name, age])\n"
#define OTHERS                                                                                                         \
  "enum Role {\n ADMIN\n USER @map(\"user_role\")\n}\n"                                                                \
  "model Profile {\n id Int @id @default(autoincrement())\n bio String\n userId Int @unique\n"                         \
  " user User @relation(fields: [userId], references: [id])\n}\n"                                                      \
  "model Post {\n id Int @id @default(autoincrement())\n /// @trim\n /// @length 3..\n title String\n authorId Int\n"  \
  " author User @relation(fields: [authorId], references: [id])\n tags Tag[]\n placeA Int?\n placeB String?\n"         \
  " place Place? @relation(fields: [placeA, placeB], references: [a, b])\n}\n"                                         \
  "model Tag {\n id Int @id @default(autoincrement())\n name String @unique\n color String?\n posts Post[]\n}\n"       \
  "model Place {\n a Int\n b String\n posts Post[]\n @@id([a, b])\n}\n"

static const char sqlite_text[] = "model User {\n" COMMON "}\n" OTHERS;
static const char postgres_text[] =
    "model User {\n" COMMON
    " /// @length ..5\n /// @trim\n labels String[]\n nums Int[]\n docs Json[]\n flags Boolean[]\n"
    " real Float? @db.Real\n price Decimal? @db.Decimal(6, 2)\n money Decimal? @db.Money\n small Int? @db.SmallInt\n"
    " oid Int? @db.Oid\n day DateTime? @db.Date\n clock DateTime? @db.Time\n local DateTime? @db.Timestamp(0)\n"
    " uid String? @db.Uuid\n code String? @db.Char(3)\n short String? @db.VarChar(5)\n bits String? @db.Bit(3)\n"
    " ip String? @db.Inet\n}\n" OTHERS;

typedef struct side {
  rl_schema *schema;
  const char *user_allow, *post_allow; /* for bodies */
} side;
static side sides[2];
static rl_str names[200];
static uint32_t name_count;

static rl_schema *parse(const char *text, rl_provider provider) {
  rl_source source = {RL_STR("schema.prisma"), rl_str_of(text)};
  rl_schema *schema = NULL;
  rl_error err = {0};
  if (rl_schema_parse(&source, 1, provider, &schema, NULL, &err) != RILLE_OK)
    fuzz_broken(__FILE__, __LINE__, "the schema is right", rl_error_message(&err));
  return schema;
}

static void add_name(const char *name) {
  names[name_count++] = rl_str_of(name);
}

#define USER_ALLOW                                                                                                     \
  "\"email\", \"name\", \"role\", \"age\", \"big\", \"score\", \"sum\", \"active\", \"agreed\", \"born\", \"data\", "  \
  "\"photo\""

static void set_up(void) {
  if (sides[0].schema) return;
  sides[0] =
      (side){parse(postgres_text, RL_PROVIDER_POSTGRESQL),
             "{ " USER_ALLOW ", \"labels\", \"nums\", \"docs\", \"flags\", \"real\", \"price\", \"money\", "
             "\"small\", \"oid\", \"day\", \"clock\", \"local\", \"uid\", \"code\", \"short\", \"bits\", \"ip\" }",
             "{ title = true, author = \"connect\", tags = { \"name\", \"color\" }, place = \"connect\" }"};
  sides[1] =
      (side){parse(sqlite_text, RL_PROVIDER_SQLITE), "{ " USER_ALLOW " }",
             "{ title = true, authorId = true, author = { \"email\", \"name\", \"agreed\" }, tags = \"connect\" }"};
  const rl_schema *s = sides[0].schema;
  for (size_t i = 0; i < s->model_count; i++)
    for (size_t k = 0; k < s->models[i]->field_count && name_count < 180; k++)
      names[name_count++] = s->models[i]->fields[k].name;
  add_name("allow");
  add_name("form");
  add_name("required");
  add_name("connect");
  add_name("content");
  add_name("type");
}

/* ------------------------------------------------------------------ nothing else comes through */

typedef struct walk {
  const rl_form *form;
  size_t at;
} walk;

static const rl_form_token *next(walk *w) {
  FUZZ_CHECK(w->at < w->form->token_count);
  return &w->form->tokens[w->at++];
}

static bool peek(const walk *w, rl_form_token_kind kind) {
  FUZZ_CHECK(w->at < w->form->token_count);
  return w->form->tokens[w->at].kind == kind;
}

static void check_row(walk *w, const rl_allow *allow);

static rl_str check_key(walk *w) {
  const rl_form_token *t = next(w);
  FUZZ_CHECK(t->kind == RL_FORM_KEY);
  return rl_str_make(t->value.as.p, t->value.len);
}

static void check_value(walk *w, bool list) {
  if (!list) {
    FUZZ_CHECK(next(w)->kind == RL_FORM_VALUE);
    return;
  }
  FUZZ_CHECK(next(w)->kind == RL_FORM_OPEN_LIST);
  while (!peek(w, RL_FORM_CLOSE_LIST)) FUZZ_CHECK(next(w)->kind == RL_FORM_VALUE);
  (void)next(w);
}

/* A key, one level deeper if it has several fields. */
static void check_unique(walk *w) {
  FUZZ_CHECK(next(w)->kind == RL_FORM_OPEN_OBJECT);
  while (!peek(w, RL_FORM_CLOSE_OBJECT)) {
    (void)check_key(w);
    if (!peek(w, RL_FORM_OPEN_OBJECT)) {
      FUZZ_CHECK(next(w)->kind == RL_FORM_VALUE);
      continue;
    }
    check_unique(w);
  }
  (void)next(w);
}

static void check_related(walk *w, const rl_allowed *item) {
  if (item->nested)
    check_row(w, item->nested);
  else
    check_unique(w);
}

static void check_relation(walk *w, const rl_allowed *item) {
  FUZZ_CHECK(next(w)->kind == RL_FORM_OPEN_OBJECT);
  FUZZ_CHECK(rl_str_is(check_key(w), item->nested ? "create" : "connect"));
  if (item->field->list) {
    FUZZ_CHECK(next(w)->kind == RL_FORM_OPEN_LIST);
    while (!peek(w, RL_FORM_CLOSE_LIST)) check_related(w, item);
    (void)next(w);
  } else {
    check_related(w, item);
  }
  FUZZ_CHECK(next(w)->kind == RL_FORM_CLOSE_OBJECT);
}

static void check_row(walk *w, const rl_allow *allow) {
  FUZZ_CHECK(next(w)->kind == RL_FORM_OPEN_OBJECT);
  while (!peek(w, RL_FORM_CLOSE_OBJECT)) {
    const rl_field *f = rl_model_field(allow->model, check_key(w));
    FUZZ_CHECK(f && allow->positions[f->index]);
    if (f->is_relation)
      check_relation(w, &allow->items[allow->positions[f->index] - 1]);
    else
      check_value(w, f->list);
  }
  (void)next(w);
}

/* ------------------------------------------------------------------ create and update accept it */

static void write_data(rl_tape *t, const rl_form *form) {
  for (size_t i = 0; i < form->token_count; i++) {
    const rl_form_token *token = &form->tokens[i];
    switch (token->kind) {
    case RL_FORM_KEY: rl_tape_key(t, rl_str_make(token->value.as.p, token->value.len)); break;
    case RL_FORM_VALUE: rl_tape_value(t, &token->value); break;
    case RL_FORM_OPEN_OBJECT: rl_tape_open_object(t); break;
    case RL_FORM_CLOSE_OBJECT: rl_tape_close_object(t); break;
    case RL_FORM_OPEN_LIST: rl_tape_open_list(t); break;
    case RL_FORM_CLOSE_LIST: rl_tape_close_list(t); break;
    }
  }
}

static void write_call(rl_tape *t, const rl_form *form, bool creates) {
  rl_tape_open_object(t);
  if (!creates) {
    rl_tape_key(t, RL_STR("where"));
    rl_tape_open_object(t);
    rl_tape_key(t, RL_STR("id"));
    rl_tape_int(t, 1);
    rl_tape_close_object(t);
  }
  rl_tape_key(t, RL_STR("data"));
  write_data(t, form);
  rl_tape_close_object(t);
}

static void check_inputs(const rl_query *q, const rl_arg_tree *tree, const rl_tape *t, rl_arena *arena) {
  uint32_t *anchors = RL_NEW_ARRAY(arena, uint32_t, tree->run_count + 1);
  FUZZ_CHECK(anchors);
  FUZZ_CHECK(rl_tape_anchors(t, tree->runs, tree->run_count, tree->pins, tree->pin_count, anchors));
  rl_inputs in = {.tape = t, .anchors = anchors, .now_us = 1000000, .arena = arena};
  for (const rl_input *i = q->inputs; i; i = i->next_sealed) {
    rl_value v;
    rl_error err = {0};
    if (i->kind == RL_INPUT_GENERATED) continue;
    if (rl_input_value(i, &in, &v, &err) != RILLE_OK)
      fuzz_broken(__FILE__, __LINE__, "a write accepts every value of an input", rl_error_message(&err));
  }
}

/* Only what the form was not allowed to give may be missing. */
static void check_write(const rl_schema *s, const rl_model *m, const rl_form *form, bool creates, rl_arena *arena) {
  rl_tape t;
  rl_error err = {0};
  rl_faults faults = {0};
  rl_arg_tree *tree;
  rl_bind_options options = {0};
  rl_query *query;
  rille_action action = creates ? RILLE_CREATE : RILLE_UPDATE;
  rl_tape_init(&t);
  rl_tape_json_keys(&t, &s->json_fields);
  write_call(&t, form, creates);
  if (rl_tape_end(&t, &err) != RILLE_OK)
    fuzz_broken(__FILE__, __LINE__, "an input can be written", rl_error_message(&err));
  FUZZ_CHECK(rl_arg_tree_read(&t, arena, &tree, &err) == RILLE_OK);
  FUZZ_CHECK(rl_bind_faults(s, m, action, tree, &options, arena, &faults, &err) == RILLE_OK);
  for (size_t i = 0; i < faults.count; i++)
    if (faults.items[i].code != RL_P2012)
      fuzz_broken(__FILE__, __LINE__, "a write accepts an input", rl_error_message(&faults.items[i]));
  if (faults.count == 0) {
    FUZZ_CHECK(rl_arg_tree_read(&t, arena, &tree, &err) == RILLE_OK);
    rille_status st = rl_bind(s, m, action, tree, &options, arena, &query, &err);
    if (st != RILLE_OK) fuzz_broken(__FILE__, __LINE__, "a write accepts an input", rl_error_message(&err));
    check_inputs(query, tree, &t, arena);
  }
  rl_faults_dispose(&faults);
  rl_tape_dispose(&t);
}

/* ------------------------------------------------------------------ one form */

static void check_faults(const rl_form *form) {
  FUZZ_CHECK(form->fault_count <= RL_FORM_FAULTS_MAX);
  for (size_t i = 0; i < form->fault_count; i++) {
    const rl_form_fault *f = &form->faults[i];
    FUZZ_CHECK(f->path.len > 0 && f->message.len > 0 && f->code && *f->code);
    FUZZ_CHECK(rl_utf8_valid(f->path, NULL) && rl_utf8_valid(f->message, NULL) && rl_utf8_valid(f->limit, NULL));
  }
}

static void read_form(const rl_schema *s, const rl_model *m, const rl_allow *allow, const rl_tape *tape,
                      rl_arena *arena) {
  rl_form form;
  rl_error err = {0};
  rl_form_options options = {.allow = allow, .max_depth = 8, .max_items = 1000, .max_fields = 1000, .zone = 120};
  options.report_unknown = m->index % 2 == 0;
  rl_form_init(&form);
  FUZZ_CHECK(rl_form_read(&options, tape, &form, &err) == RILLE_OK);
  check_faults(&form);
  if (form.fault_count == 0) {
    walk w = {&form, 0};
    check_row(&w, allow);
    FUZZ_CHECK(w.at == form.token_count);
    check_write(s, m, &form, allow->creates, arena);
  }
  rl_form_dispose(&form);
}

static rl_arg_tree *read_tree(const call_value *v, rl_tape *t, rl_arena *arena) {
  rl_error err = {0};
  rl_arg_tree *tree = NULL;
  call_to_tape(v, t, arena);
  if (rl_tape_end(t, &err) == RILLE_OK) FUZZ_CHECK(rl_arg_tree_read(t, arena, &tree, &err) == RILLE_OK);
  rl_error_clear(&err);
  return tree;
}

static const call_value *member(const call_value *v, const char *name) {
  for (uint32_t i = 0; v->kind == '{' && i < v->count; i++)
    if (rl_str_is(v->keys[i], name)) return v->items[i];
  return NULL;
}

static void run_line(const rl_schema *s, const call_line *line, rl_arena *arena) {
  const rl_model *m = rl_schema_model(s, line->model);
  const call_value *allow = member(line->arguments, "allow"), *required = member(line->arguments, "required");
  const call_value *form = member(line->arguments, "form");
  rl_tape tapes[3];
  rl_allow *compiled = NULL;
  rl_error err = {0};
  for (size_t i = 0; i < 3; i++) rl_tape_init(&tapes[i]);
  if (m && allow && form) {
    rl_arg_tree *a = read_tree(allow, &tapes[0], arena), *b = required ? read_tree(required, &tapes[1], arena) : NULL;
    rille_status st = a ? rl_allow_read(m, !rl_str_is(line->action, "update"), a, b, &compiled, &err) : RILLE_ERROR;
    if (a && st < 0) FUZZ_CHECK(err.code == RL_VALIDATION);
    if (a) fuzz_check_error(st, &err);
    if (st == RILLE_OK && read_tree(form, &tapes[2], arena)) read_form(s, m, compiled, &tapes[2], arena);
  }
  rl_error_clear(&err);
  for (size_t i = 0; i < 3; i++) rl_tape_dispose(&tapes[i]);
}

/* ------------------------------------------------------------------ bodies */

static void put_token(rl_tape *t, rl_json_token token, rl_str text) {
  switch (token) {
  case RL_JSON_NULL: rl_tape_null(t); break;
  case RL_JSON_TRUE:
  case RL_JSON_FALSE: rl_tape_bool(t, token == RL_JSON_TRUE); break;
  case RL_JSON_TEXT: rl_tape_text_copy(t, text); break;
  case RL_JSON_KEY: rl_tape_key(t, text); break;
  case RL_JSON_OPEN_OBJECT: rl_tape_open_decoded(t, RL_DECODED_JSON); break;
  case RL_JSON_CLOSE_OBJECT: rl_tape_close_object(t); break;
  case RL_JSON_OPEN_ARRAY: rl_tape_open_list(t); break;
  case RL_JSON_CLOSE_ARRAY: rl_tape_close_list(t); break;
  default: {
    char number[64] = {0}, *end;
    memcpy(number, text.p, text.len < 63 ? text.len : 63);
    long long i = strtoll(number, &end, 10);
    if (*end)
      rl_tape_float(t, strtod(number, NULL));
    else
      rl_tape_int(t, i);
  }
  }
}

static bool read_body(rl_str body, rl_tape *t) {
  rl_json_reader reader;
  rl_json_token token;
  rl_error err = {0};
  rille_status st;
  rl_json_reader_init(&reader, body);
  while ((st = rl_json_next(&reader, &token, &err)) == RILLE_ROW) put_token(t, token, reader.value);
  rl_error_clear(&err);
  rl_json_reader_dispose(&reader);
  bool good = st == RILLE_DONE && rl_tape_end(t, &err) == RILLE_OK;
  rl_error_clear(&err);
  return good;
}

static void run_body(const rl_schema *s, const char *model, const char *allow_text, rl_str body, rl_arena *arena) {
  call_lines lines;
  rl_tape allow, form;
  rl_allow *compiled;
  rl_error err = {0};
  char *text = rl_arena_printf(arena, "create %s %s", model, allow_text);
  FUZZ_CHECK(text);
  call_read(rl_str_of(text), arena, &lines);
  const rl_model *m = rl_schema_model(s, rl_str_of(model));
  for (int creates = 0; creates < 2; creates++) {
    rl_tape_init(&allow);
    rl_tape_init(&form);
    rl_arg_tree *tree = read_tree(lines.lines[0].arguments, &allow, arena);
    FUZZ_CHECK(tree && rl_allow_read(m, creates, tree, NULL, &compiled, &err) == RILLE_OK);
    if (read_body(body, &form)) read_form(s, m, compiled, &form, arena);
    rl_tape_dispose(&allow);
    rl_tape_dispose(&form);
  }
}

/* ------------------------------------------------------------------ the harness */

static void run(const uint8_t *data, size_t size) {
  set_up();
  rl_arena arena;
  rl_str text = {(const char *)data, size};
  rl_arena_init(&arena, 0);
  call_lines calls = {0};
  bool body = size > 0 && data[0] == '{';
  if (!body) call_read(text, &arena, &calls);
  for (size_t i = 0; i < 2; i++) {
    for (uint32_t k = 0; k < calls.count; k++) run_line(sides[i].schema, &calls.lines[k], &arena);
    if (!body) continue;
    run_body(sides[i].schema, "user", sides[i].user_allow, text, &arena);
    run_body(sides[i].schema, "post", sides[i].post_allow, text, &arena);
  }
  rl_arena_dispose(&arena);
}

static size_t change(uint8_t *data, size_t size, size_t most, fuzz_random *r) {
  set_up();
  rl_arena arena;
  rl_buf out;
  call_lines calls;
  if (size > 0 && data[0] == '{') return fuzz_mutate(&fuzz_input, data, size, most, r);
  rl_arena_init(&arena, 0);
  rl_buf_init(&out);
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

static const char *const words[] = {"{",          "}",      "[",           "]",     ":",       ",",
                                    "\"\"",       "null",   "true",        "1e999", "\\u0000", "\"set\"",
                                    "\"create\"", "\"id\"", "\"connect\"", "-1",    "\"1\"",   "\" \"",
                                    "2147483648", "1.5",    "\"not\"",     NULL};

const fuzz_harness fuzz_input = {
    .name = "input", .run = run, .mutate = change, .words = words, .longest = 8000, .short_runs = 10000, .share = 4};
