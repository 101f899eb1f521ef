/* Turns a call, written as text, into the text of its plan: "{where: {id: 1}, include: {posts: true}}". */
#ifndef SPEC_PLAN_FIXTURE_H
#define SPEC_PLAN_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

static const rl_features full_features = {.returning = true,
                                          .unnest_insert = true,
                                          .row_locks = true,
                                          .concurrent_writers = true,
                                          .full_text = true,
                                          .max_params = 65535};
static const rl_features small_features = {.returning = true, .max_params = 32766};

/* ------------------------------------------------------------------ text to tape */

static const char *skip_space(const char *p) {
  while (isspace((unsigned char)*p) || *p == ',') p++;
  return p;
}

static const char *word_end(const char *p) {
  while (isalnum((unsigned char)*p) || *p == '_') p++;
  return p;
}

static const char *write_scalar(rl_tape *tape, const char *p) {
  if (*p == '\'') {
    const char *end = strchr(p + 1, '\'');
    rl_tape_text(tape, rl_str_make(p + 1, (size_t)(end - p - 1)));
    return end + 1;
  }
  if (isdigit((unsigned char)*p) || *p == '-') {
    char *end = NULL;
    rl_tape_int(tape, strtoll(p, &end, 10));
    return end;
  }
  const char *end = word_end(p);
  rl_str word = rl_str_make(p, (size_t)(end - p));
  if (rl_str_is(word, "all"))
    rl_tape_mark(tape, RL_MARK_ALL, (rl_str){NULL, 0});
  else if (rl_str_is(word, "null"))
    rl_tape_null(tape);
  else
    rl_tape_bool(tape, rl_str_is(word, "true"));
  return end;
}

static const char *write_value(rl_tape *tape, const char *p) {
  p = skip_space(p);
  if (*p == '{') {
    rl_tape_open_object(tape);
    for (p = skip_space(p + 1); *p != '}'; p = skip_space(p)) {
      const char *end = word_end(p);
      rl_tape_key(tape, rl_str_make(p, (size_t)(end - p)));
      p = write_value(tape, skip_space(end) + 1);
    }
    rl_tape_close_object(tape);
    return p + 1;
  }
  if (*p == '[') {
    rl_tape_open_list(tape);
    for (p = skip_space(p + 1); *p != ']'; p = skip_space(p)) p = write_value(tape, p);
    rl_tape_close_list(tape);
    return p + 1;
  }
  return write_scalar(tape, p);
}

/* ------------------------------------------------------------------ a planned call */

typedef struct planned {
  rl_schema *schema;
  rl_tape tape;
  rl_arena arena;
  rl_query *query;
  rl_plan *plan;
  rl_error error;
  rille_status status;
  rl_buf text; /* the dump, or the code of the error */
} planned;

static rl_schema *schema_of(const char *text) {
  rl_schema *schema = NULL;
  rl_error error = {0};
  rl_source source = {RL_STR("schema.prisma"), rl_str_of(text)};
  if (rl_schema_parse(&source, 1, RL_PROVIDER_POSTGRESQL, &schema, NULL, &error) != RILLE_OK)
    fail_msg("schema: %s", rl_error_message(&error));
  return schema;
}

/* What bind reports of keys that create repeats. The test sets it. */
static bool keys_in_create;

static void tell_keys(rl_write *write) {
  for (size_t i = 0; write && i < write->nested_count; i++) {
    write->nesteds[i].key_in_create = keys_in_create;
    tell_keys(write->nesteds[i].create);
    tell_keys(write->nesteds[i].update);
  }
}

static planned plan_with(rl_schema *schema, const rl_features *features, const char *model, rille_action action,
                         const char *call) {
  planned p = {.schema = schema};
  rl_tape_init(&p.tape);
  rl_arena_init(&p.arena, 0);
  rl_buf_init(&p.text);
  write_value(&p.tape, call);
  rl_arg_tree *tree = NULL;
  const rl_bind_options options = {0};
  const rl_model *m = rl_schema_model(schema, rl_str_of(model));
  assert_non_null(m);
  p.status = rl_tape_end(&p.tape, &p.error);
  if (p.status == RILLE_OK) p.status = rl_arg_tree_read(&p.tape, &p.arena, &tree, &p.error);
  if (p.status == RILLE_OK) p.status = rl_bind(schema, m, action, tree, &options, &p.arena, &p.query, &p.error);
  if (p.status != RILLE_OK) fail_msg("not bound: %s", rl_error_message(&p.error));
  p.query->upsert_native = keys_in_create;
  tell_keys(p.query->create);
  tell_keys(p.query->update);
  p.status = rl_plan_make(schema, p.query, features, &p.arena, &p.plan, &p.error);
  if (p.status == RILLE_OK)
    rl_plan_dump(p.plan, &p.text);
  else
    rl_buf_printf(&p.text, "%s\n", rl_code_name(p.error.code));
  assert_non_null(rl_buf_z(&p.text));
  return p;
}

static void plan_done(planned *p) {
  rl_buf_dispose(&p->text);
  rl_arena_dispose(&p->arena);
  rl_tape_dispose(&p->tape);
  rl_error_clear(&p->error);
}

/* Checks that the call has this plan. */
static void expect_with(rl_schema *schema, const rl_features *features, const char *model, rille_action action,
                        const char *call, const char *text) {
  planned p = plan_with(schema, features, model, action, call);
  assert_string_equal(rl_buf_z(&p.text), text);
  plan_done(&p);
}

static inline void expect_plan(rl_schema *schema, const char *model, rille_action action, const char *call,
                               const char *text) {
  expect_with(schema, &full_features, model, action, call, text);
}

static inline size_t statements(const rl_plan *plan) {
  size_t count = 0;
  for (size_t i = 0; i < plan->step_count; i++)
    count += plan->steps[i].kind != RL_STEP_RAISE && plan->steps[i].kind != RL_STEP_MERGE;
  return count;
}

/* Counts round trips if steps are sent in order and each waits only for the rowsets that it reads. */
static inline size_t round_trips(const rl_plan *plan) {
  uint32_t filled[64] = {0};
  uint32_t at = 1;
  for (size_t i = 0; i < plan->step_count; i++) {
    const rl_step *step = &plan->steps[i];
    bool sends = step->kind != RL_STEP_RAISE && step->kind != RL_STEP_MERGE;
    for (uint32_t r = 0; sends && r < 63; r++)
      if ((step->needs >> r & 1) && filled[r] + 1 > at) at = filled[r] + 1;
    if (step->rowset < 63) filled[step->rowset] = at;
  }
  return at;
}

#endif
