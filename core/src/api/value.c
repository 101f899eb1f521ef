/* The public functions of values: decimals, date-times, JSON. */
#include "api/handle.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "tape/datetime.h"
#include "tape/decimal.h"
#include "tape/json.h"

/* A public decimal is the internal one under another name. */
static const rl_decimal *inner(const rille_decimal *d) {
  return (const rl_decimal *)(const void *)d;
}
static rille_status give_decimal(rille_status st, rl_decimal *const *result, rille_decimal **out, rl_error *error,
                                 rille_error **err) {
  if (st == RILLE_OK) *out = (rille_decimal *)(void *)*result;
  return rl_box(st, error, err);
}

rille_status rille_decimal_parse(const char *text, size_t len, rille_decimal **out, rille_error **err) {
  rl_error error = {0};
  rl_decimal *d = NULL;
  return give_decimal(rl_decimal_parse(rl_str_make(text, len), &d, &error), &d, out, &error, err);
}

rille_status rille_decimal_of_int(int64_t i, rille_decimal **out, rille_error **err) {
  rl_error error = {0};
  rl_decimal *d = NULL;
  return give_decimal(rl_decimal_of_int(i, &d, &error), &d, out, &error, err);
}

rille_status rille_decimal_of_float(double f, rille_decimal **out, rille_error **err) {
  rl_error error = {0};
  rl_decimal *d = NULL;
  return give_decimal(rl_decimal_of_float(f, &d, &error), &d, out, &error, err);
}

void rille_decimal_free(rille_decimal *d) {
  rl_decimal_free((rl_decimal *)(void *)d);
}

rille_status rille_decimal_calc(int32_t operation, const rille_decimal *a, const rille_decimal *b, rille_decimal **out,
                                rille_error **err) {
  rl_error error = {0};
  rl_decimal *d = NULL;
  rille_status st;
  switch (operation) {
  case RILLE_DECIMAL_ADD: st = rl_decimal_add(inner(a), inner(b), &d, &error); break;
  case RILLE_DECIMAL_SUB: st = rl_decimal_sub(inner(a), inner(b), &d, &error); break;
  case RILLE_DECIMAL_MUL: st = rl_decimal_mul(inner(a), inner(b), &d, &error); break;
  case RILLE_DECIMAL_DIV: st = rl_decimal_div(inner(a), inner(b), &d, &error); break;
  default: st = rl_fail(&error, RL_VALIDATION, "there is no decimal operation number %d", (int)operation);
  }
  return give_decimal(st, &d, out, &error, err);
}

rille_status rille_decimal_neg(const rille_decimal *a, rille_decimal **out, rille_error **err) {
  rl_error error = {0};
  rl_decimal *d = NULL;
  return give_decimal(rl_decimal_neg(inner(a), &d, &error), &d, out, &error, err);
}

rille_status rille_decimal_round(const rille_decimal *a, int32_t digits, rille_decimal **out, rille_error **err) {
  rl_error error = {0};
  rl_decimal *d = NULL;
  return give_decimal(rl_decimal_round(inner(a), digits, &d, &error), &d, out, &error, err);
}

int rille_decimal_cmp(const rille_decimal *a, const rille_decimal *b) {
  int c = rl_decimal_cmp(inner(a), inner(b));
  return (c > 0) - (c < 0);
}

double rille_decimal_to_float(const rille_decimal *a) {
  return rl_decimal_to_float(inner(a));
}

rille_status rille_decimal_text(const rille_decimal *a, int32_t digits, char **out, size_t *len, rille_error **err) {
  rl_error error = {0};
  rl_buf b;
  rl_buf_init(&b);
  rille_status st = RILLE_OK;
  if (digits < 0)
    rl_decimal_write(inner(a), &b);
  else
    st = rl_decimal_format(inner(a), digits, &b, &error);
  return rl_give_text(st, &b, out, len, &error, err);
}

int rille_datetime_parse(const char *text, size_t len, int64_t *us) {
  return rl_datetime_read(rl_str_make(text, len), us) == RL_DATETIME_GOOD;
}
size_t rille_datetime_format(int64_t us, char *out) {
  return rl_datetime_format(us, out);
}
int64_t rille_datetime_now(void) {
  return rl_clock_wall_us();
}

struct rille_json {
  rl_json_reader reader;
};

rille_json *rille_json_new(void) {
  rille_json *j = rl_calloc(1, sizeof *j);
  if (j) rl_json_reader_init(&j->reader, (rl_str){"", 0});
  return j;
}

void rille_json_free(rille_json *j) {
  if (!j) return;
  rl_json_reader_dispose(&j->reader);
  rl_free(j);
}

void rille_json_read(rille_json *j, const char *text, size_t len) {
  rl_buf kept = j->reader.text; /* its memory is reused for the next text */
  rl_json_reader_init(&j->reader, rl_str_make(text, len));
  rl_buf_reset(&kept);
  j->reader.text = kept;
}

rille_status rille_json_next(rille_json *j, int32_t *token, const char **p, size_t *len, rille_error **err) {
  rl_error error = {0};
  rl_json_token t = RL_JSON_END;
  rille_status st = rl_json_next(&j->reader, &t, &error);
  if (st < 0) return rl_box(st, &error, err);
  *token = (int32_t)t;
  *p = j->reader.value.p;
  *len = j->reader.value.len;
  return st;
}

_Static_assert(RL_JSON_NULL == RILLE_JSON_NULL_TOKEN && RL_JSON_TEXT == RILLE_JSON_TEXT &&
                   RL_JSON_CLOSE_ARRAY == RILLE_JSON_CLOSE_ARRAY,
               "the public tokens are the internal ones");

int rille_text_is_utf8(const char *text, size_t len) {
  return rl_utf8_valid(rl_str_make(text, len), NULL);
}

rille_value_kind rille_json_number(const char *text, size_t len, int64_t *i, double *f) {
  return rl_json_number(rl_str_make(text, len), i, f);
}

rille_status rille_json_write(rille_tape *t, char **out, size_t *len, rille_error **err) {
  return rille_json_write_pretty(t, 0, out, len, err);
}

rille_status rille_json_write_pretty(rille_tape *t, int32_t indent, char **out, size_t *len, rille_error **err) {
  rl_error error = {0};
  rl_buf b;
  rl_buf_init(&b);
  rille_status st = rl_tape_finish(t, &error);
  if (st == RILLE_OK) st = rl_tape_to_json_pretty(&t->tape, indent, &b, &error);
  return rl_give_text(st, &b, out, len, &error, err);
}
