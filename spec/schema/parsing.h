/* Helpers of this folder's tests: they parse text and check the result. */
#ifndef RL_SPEC_SCHEMA_PARSING_H
#define RL_SPEC_SCHEMA_PARSING_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "schema/schema.h"

static inline bool text_is(rl_str s, const char *expected) {
  if (rl_str_is(s, expected)) return true;
  print_error("expected [%s], found [%.*s]\n", expected, RL_STR_ARG(s));
  return false;
}
#define assert_text(s, expected) assert_true(text_is((s), (expected)))

/* Fails the test and prints why if the schema is not valid. The caller releases the result. */
static inline rl_schema *parse_as(rl_provider provider, const char *text) {
  rl_source source = {RL_STR("test.prisma"), rl_str_of(text)};
  rl_schema *schema = NULL;
  rl_diagnostics d;
  rl_error err = {0};
  rl_diagnostics_init(&d);
  if (rl_schema_parse(&source, 1, provider, &schema, &d, &err) != RILLE_OK) {
    rl_buf out;
    rl_buf_init(&out);
    rl_diagnostics_write(&d, &out);
    print_error("%s", rl_buf_z(&out));
    rl_buf_dispose(&out);
  }
  rl_diagnostics_dispose(&d);
  rl_error_clear(&err);
  assert_non_null(schema);
  return schema;
}
static inline rl_schema *parse_pg(const char *text) {
  return parse_as(RL_PROVIDER_POSTGRESQL, text);
}
static inline rl_schema *parse_lite(const char *text) {
  return parse_as(RL_PROVIDER_SQLITE, text);
}

typedef struct expected_error {
  int line;
  const char *part; /* of the message */
} expected_error;

/* Checks that the schema has exactly these errors, in this order. */
static inline void check_errors(rl_provider provider, const char *text, const expected_error *errors, size_t count,
                                const char *file, int line) {
  rl_source source = {RL_STR("test.prisma"), rl_str_of(text)};
  rl_schema *schema = NULL;
  rl_diagnostics d;
  rl_error err = {0};
  rl_diagnostics_init(&d);
  rille_status status = rl_schema_parse(&source, 1, provider, &schema, &d, &err);
  bool ok = status == RILLE_ERROR && err.code == RL_P1012 && schema == NULL && d.count == count;
  for (size_t i = 0; i < count && i < d.count; i++)
    ok = ok && d.items[i].line == errors[i].line && strstr(d.items[i].message.p, errors[i].part);
  if (!ok) {
    rl_buf out;
    rl_buf_init(&out);
    rl_diagnostics_write(&d, &out);
    print_error("status %d, %zu errors instead of %zu:\n%s", (int)status, d.count, count,
                out.len ? rl_buf_z(&out) : "");
    rl_buf_dispose(&out);
  }
  rl_schema_release(schema);
  rl_diagnostics_dispose(&d);
  rl_error_clear(&err);
  _assert_true(ok, "errors as expected", file, line);
}
#define assert_errors(provider, text, ...)                                                                             \
  do {                                                                                                                 \
    const expected_error list_[] = {__VA_ARGS__};                                                                      \
    check_errors((provider), (text), list_, sizeof list_ / sizeof list_[0], __FILE__, __LINE__);                       \
  } while (0)
#define assert_pg_errors(text, ...) assert_errors(RL_PROVIDER_POSTGRESQL, text, __VA_ARGS__)
#define assert_lite_errors(text, ...) assert_errors(RL_PROVIDER_SQLITE, text, __VA_ARGS__)

static inline const rl_field *field_of(const rl_schema *s, const char *model, const char *field) {
  const rl_model *m = rl_schema_model(s, rl_str_of(model));
  assert_non_null(m);
  const rl_field *f = rl_model_field(m, rl_str_of(field));
  assert_non_null(f);
  return f;
}

#endif
