/* What the tests of the query room share: calls in Lua's notation, bound to one schema with all kinds of fields, and
 * written as text. */
#ifndef RL_SPEC_QUERY_CALLING_H
#define RL_SPEC_QUERY_CALLING_H

#include "input/input.h"
#include "query/notation.h"
#include "query/query.h"

#ifdef __GNUC__
#define MAYBE_UNUSED __attribute__((unused))
#else
#define MAYBE_UNUSED
#endif

/* ------------------------------------------------------------------ a bound call */

typedef struct call {
  rl_tape tape;
  rl_arena arena;
  rl_arg_tree *tree;
  rl_query *query; /* NULL: it failed */
  rl_error err;
  uint32_t *anchors;
} call;

static rl_schema *test_schema; /* set by setup, released by teardown */
static rl_bind_options test_options;
static const rl_map *test_json_keys; /* of the tapes; NULL: none */

/* Computes the addresses of the tape's current values. Returns whether the query fits them. */
static bool address_again(call *c) {
  const rl_arg_tree *t = c->tree;
  return rl_tape_anchors(&c->tape, t->runs, t->run_count, t->pins, t->pin_count, c->anchors);
}

static call *bind_call(const char *model, rille_action action, const char *text) {
  call *c = test_calloc(1, sizeof *c);
  rl_tape_init(&c->tape);
  rl_tape_json_keys(&c->tape, test_json_keys);
  rl_arena_init(&c->arena, 0);
  write_tape(&c->tape, text);
  const rl_model *m = rl_schema_model(test_schema, rl_str_of(model));
  assert_non_null(m);
  assert_int_equal(rl_arg_tree_read(&c->tape, &c->arena, &c->tree, &c->err), RILLE_OK);
  rille_status status = rl_bind(test_schema, m, action, c->tree, &test_options, &c->arena, &c->query, &c->err);
  if (status != RILLE_OK) {
    c->query = NULL;
    assert_int_not_equal(c->err.code, RL_CODE_NONE);
    return c;
  }
  c->anchors = test_calloc(c->tree->run_count + 1, sizeof *c->anchors);
  assert_true(address_again(c));
  return c;
}

static void end_call(call *c) {
  rl_error_clear(&c->err);
  rl_arena_dispose(&c->arena);
  rl_tape_dispose(&c->tape);
  if (c->anchors) test_free(c->anchors);
  test_free(c);
}

static call *good_call(const char *model, rille_action action, const char *text) {
  call *c = bind_call(model, action, text);
  if (!c->query) fail_msg("%s\n  %s", text, rl_error_message(&c->err));
  return c;
}

static MAYBE_UNUSED void check_error(const char *model, rille_action action, const char *text, rl_code code,
                                     const char *message) {
  call *c = bind_call(model, action, text);
  if (c->query) fail_msg("no error: %s", text);
  assert_string_equal(rl_error_message(&c->err), message);
  assert_string_equal(rl_code_name(c->err.code), rl_code_name(code));
  end_call(c);
}

/* Returns the inputs of a call as if it ran now. */
static rl_inputs inputs_of(call *c) {
  rl_inputs in = {.tape = &c->tape, .anchors = c->anchors, .now_us = 1000000, .arena = &c->arena};
  if (c->query) in.generated = RL_NEW_ARRAY(&c->arena, rl_value, c->query->generated_count);
  return in;
}

/* ------------------------------------------------------------------ values and filters as text */

static void show_value(rl_buf *out, const rl_value *v) {
  switch (v->kind) {
  case RILLE_NULL: rl_buf_text(out, "null"); break;
  case RILLE_BOOL: rl_buf_text(out, v->as.i ? "true" : "false"); break;
  case RILLE_INT: rl_buf_int(out, v->as.i); break;
  case RILLE_FLOAT: rl_buf_printf(out, "%g", v->as.f); break;
  case RILLE_TEXT: rl_buf_printf(out, "'%.*s'", (int)v->len, v->as.p); break;
  case RILLE_BYTES: rl_buf_printf(out, "x'%.*s'", (int)v->len, v->as.p); break;
  case RILLE_DECIMAL: rl_buf_printf(out, "d%.*s", (int)v->len, v->as.p); break;
  case RILLE_DATETIME: rl_buf_printf(out, "t%lld", (long long)v->as.i); break;
  case RILLE_JSON: rl_buf_printf(out, "j%.*s", (int)v->len, v->as.p); break;
  default:
    rl_buf_byte(out, '[');
    for (uint32_t i = 0; i < v->len; i++) {
      if (i) rl_buf_byte(out, ' ');
      show_value(out, &v->as.list[i]);
    }
    rl_buf_byte(out, ']');
  }
}

static void show_input(rl_buf *out, call *c, const rl_input *input) {
  rl_value v;
  rl_error err = {0};
  rl_inputs in = inputs_of(c);
  if (!input)
    rl_buf_text(out, "NULL");
  else if (input->kind == RL_INPUT_GENERATED)
    rl_buf_printf(out, "generated:%d", (int)input->generator);
  else if (rl_input_value(input, &in, &v, &err) < 0)
    rl_buf_printf(out, "<%s>", rl_error_message(&err));
  else
    show_value(out, &v);
  rl_error_clear(&err);
}

static void show_filter(rl_buf *out, call *c, const rl_filter *f);

static void show_group(rl_buf *out, call *c, const char *name, const rl_filter *f) {
  rl_buf_printf(out, "%s(", name);
  for (size_t i = 0; i < f->count; i++) {
    if (i) rl_buf_text(out, ", ");
    show_filter(out, c, f->items[i]);
  }
  rl_buf_byte(out, ')');
}

static void show_subject(rl_buf *out, const rl_filter *f) {
  static const char *const functions[] = {"", "count", "count_all", "count_distinct", "sum", "avg", "min", "max"};
  rl_buf_text(out, functions[f->aggregate]);
  if (f->aggregate) rl_buf_byte(out, ':');
  if (f->field) rl_buf_str(out, f->field->name);
}

static void show_filter(rl_buf *out, call *c, const rl_filter *f) {
  const rl_operator_info *operator= f ? rl_operator_info_of(f->op) : NULL;
  static const char *const quantifiers[] = {"some", "every", "none", "is", "is_not"};
  static const char *const nulls[] = {"", "db_null", "json_null", "any_null"};
  if (!f) {
    rl_buf_text(out, "-");
    return;
  }
  if (f->negated) rl_buf_byte(out, '!');
  switch (f->kind) {
  case RL_FILTER_TRUE: rl_buf_text(out, "true"); return;
  case RL_FILTER_FALSE: rl_buf_text(out, "false"); return;
  case RL_FILTER_AND: show_group(out, c, "and", f); return;
  case RL_FILTER_OR: show_group(out, c, "or", f); return;
  case RL_FILTER_NOT: show_group(out, c, "not", f); return;
  default: break;
  }
  show_subject(out, f);
  for (size_t i = 1; f->kind == RL_FILTER_SEARCH && i < f->field_count; i++)
    rl_buf_printf(out, "+%.*s", RL_STR_ARG(f->fields[i]->name));
  if (f->kind == RL_FILTER_IS_NULL) {
    rl_buf_text(out, " is null");
  } else if (f->kind == RL_FILTER_RELATION) {
    rl_buf_printf(out, " %s(", quantifiers[f->quantifier]);
    if (f->inner)
      show_filter(out, c, f->inner);
    else
      rl_buf_text(out, "null");
    rl_buf_byte(out, ')');
  } else {
    if (f->json_path) {
      rl_buf_byte(out, '@');
      show_input(out, c, f->json_path);
    }
    rl_buf_printf(out, " %s%s ",
                  f->kind == RL_FILTER_IN       ? "in"
                  : f->kind == RL_FILTER_SEARCH ? "search"
                                                : *operator->sign ? operator->sign : operator->text,
                  f->insensitive ? "~" : "");
    if (f->column)
      rl_buf_printf(out, "column:%.*s", RL_STR_ARG(f->column->name));
    else if (f->json_null)
      rl_buf_text(out, nulls[f->json_null]);
    else if (f->op == RL_OP_IS_EMPTY)
      rl_buf_byte(out, '.');
    else
      show_input(out, c, f->input);
  }
}

static MAYBE_UNUSED void check_filter(call *c, const rl_filter *f, const char *expected) {
  rl_buf out;
  rl_buf_init(&out);
  show_filter(&out, c, f);
  assert_string_equal(rl_buf_z(&out), expected);
  rl_buf_dispose(&out);
}

static MAYBE_UNUSED void check_where(const char *model, const char *where, const char *expected) {
  char text[2000];
  assert_true(snprintf(text, sizeof text, "{ where = %s }", where) < (int)sizeof text);
  call *c = good_call(model, RILLE_FIND_MANY, text);
  check_filter(c, c->query->read.where, expected);
  end_call(c);
}

/* ------------------------------------------------------------------ the schema */

static const char schema_text[] =
    "datasource db {\n provider = \"postgresql\"\n url = env(\"DATABASE_URL\")\n}\n"
    "enum Role {\n ADMIN\n USER @map(\"user_role\")\n}\n"
    "model User {\n"
    " id Int @id @default(autoincrement())\n"
    " email String @unique\n"
    " name String?\n"
    " role Role @default(USER)\n"
    " age Int?\n"
    " big BigInt?\n"
    " score Float @default(0.5)\n"
    " balance Decimal?\n"
    " active Boolean @default(true)\n"
    " data Json?\n"
    " meta Json @default(\"{}\")\n"
    " blob Bytes?\n"
    " tags String[]\n"
    " nums Int[] @default([1, 2])\n"
    " jl Json[]\n"
    " uid String @unique @default(uuid()) @db.Uuid\n"
    " small Int? @db.SmallInt\n"
    " createdAt DateTime @default(now())\n"
    " updatedAt DateTime @updatedAt\n"
    " managerId Int?\n"
    " manager User? @relation(\"m\", fields: [managerId], references: [id])\n"
    " reports User[] @relation(\"m\")\n"
    " posts Post[]\n"
    " profile Profile?\n"
    " secret String? @ignore\n"
    "}\n"
    "model Post {\n"
    " id Int @id\n"
    " title String\n"
    " views Int @default(0)\n"
    " authorId Int\n"
    " author User @relation(fields: [authorId], references: [id])\n"
    " cats Category[]\n"
    " comments Comment[]\n"
    "}\n"
    "model Profile {\n"
    " id Int @id\n"
    " bio String @default(\"\")\n"
    " userId Int @unique\n"
    " user User @relation(fields: [userId], references: [id])\n"
    "}\n"
    "model Category {\n id Int @id\n name String\n posts Post[]\n @@unique([name, id], name: \"name_and_id\")\n}\n"
    "model Comment {\n a Int\n b String\n text String?\n postId Int?\n"
    " post Post? @relation(fields: [postId], references: [id])\n @@id([a, b])\n}\n"
    "model Plain {\n id Int @id @default(autoincrement())\n note String?\n data Json?\n}\n";

static MAYBE_UNUSED int setup_schema(void **state) {
  (void)state;
  rl_source source = {RL_STR("schema.prisma"), rl_str_of(schema_text)};
  rl_error err = {0};
  if (rl_schema_parse(&source, 1, RL_PROVIDER_POSTGRESQL, &test_schema, NULL, &err) == RILLE_OK) return 0;
  print_error("%s\n", rl_error_message(&err));
  rl_error_clear(&err);
  return 1;
}

static MAYBE_UNUSED int teardown_schema(void **state) {
  (void)state;
  rl_schema_release(test_schema);
  test_schema = NULL;
  return 0;
}

#endif
