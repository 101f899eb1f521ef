/* Numbers and date-times: decimals, floats, integers, dates and times, and what a column of each type accepts. The text
 * is two operands with a space between them. */
#include <math.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "input/input.h"
#include "tape/datetime.h"
#include "tape/decimal.h"
#include "tape/float.h"

static bool is_decimal(rl_str s) {
  size_t digits = 0, i = s.len && s.p[0] == '-';
  for (; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++) digits++;
  if (digits == 0) return false;
  if (i == s.len) return true;
  if (s.p[i++] != '.' || i == s.len || s.p[s.len - 1] == '0') return false;
  for (; i < s.len; i++)
    if (s.p[i] < '0' || s.p[i] > '9') return false;
  return true;
}

static void check_float(const rl_decimal *d) {
  double f = rl_decimal_to_float(d);
  rl_decimal *back = NULL;
  if (!isfinite(f)) return;
  FUZZ_CHECK(rl_decimal_of_float(f, &back, NULL) == RILLE_OK);
  FUZZ_CHECK(rl_decimal_to_float(back) == f);
  rl_decimal_free(back);
  char text[RL_FLOAT_MAX];
  size_t n = rl_float_text(f, text);
  FUZZ_CHECK(n < RL_FLOAT_MAX && strtod(text, NULL) == f);
}

/* The written text is in the text form, reads back as the same, and normalize agrees. */
static void check_written(rl_str text, const rl_decimal *d) {
  rl_buf written, normal;
  rl_buf_init(&written);
  rl_buf_init(&normal);
  rl_decimal *again = NULL;
  int64_t i;
  rl_decimal_write(d, &written);
  FUZZ_CHECK(is_decimal(rl_buf_view(&written)));
  FUZZ_CHECK(rl_decimal_normalize(text, &normal, NULL) == RILLE_OK);
  FUZZ_CHECK(rl_str_eq(rl_buf_view(&written), rl_buf_view(&normal)));
  if (written.len < 150000) {
    FUZZ_CHECK(rl_decimal_parse(rl_buf_view(&written), &again, NULL) == RILLE_OK);
    FUZZ_CHECK(rl_decimal_cmp(d, again) == 0);
  }
  if (rl_decimal_to_int(d, &i)) {
    rl_buf_reset(&normal);
    rl_buf_int(&normal, i);
    FUZZ_CHECK(rl_str_eq(rl_buf_view(&written), rl_buf_view(&normal)));
  }
  rl_decimal_free(again);
  rl_buf_dispose(&written);
  rl_buf_dispose(&normal);
}

static void check_arithmetic(const rl_decimal *a, const rl_decimal *b) {
  rl_decimal *sum = NULL, *back = NULL, *product = NULL, *other = NULL, *quotient = NULL, *rounded = NULL;
  rl_error err = {0};
  if (rl_decimal_add(a, b, &sum, &err) == RILLE_OK && rl_decimal_sub(sum, b, &back, &err) == RILLE_OK)
    FUZZ_CHECK(rl_decimal_cmp(a, back) == 0);
  rl_error_clear(&err);
  if (rl_decimal_mul(a, b, &product, &err) == RILLE_OK && rl_decimal_mul(b, a, &other, &err) == RILLE_OK)
    FUZZ_CHECK(rl_decimal_cmp(product, other) == 0);
  rl_error_clear(&err);
  fuzz_check_error(rl_decimal_div(a, b, &quotient, &err), &err);
  fuzz_check_error(rl_decimal_round(a, 3, &rounded, &err), &err);
  FUZZ_CHECK(rl_decimal_cmp(a, b) == -rl_decimal_cmp(b, a));
  rl_decimal_free(sum);
  rl_decimal_free(back);
  rl_decimal_free(product);
  rl_decimal_free(other);
  rl_decimal_free(quotient);
  rl_decimal_free(rounded);
}

static void check_moment(rl_str text) {
  int64_t us, again;
  char out[RL_DATETIME_MAX];
  if (rl_datetime_parse(text, &us)) {
    size_t n = rl_datetime_format(us, out);
    FUZZ_CHECK(n < RL_DATETIME_MAX && rl_datetime_parse(rl_str_make(out, n), &again) && again == us);
    n = rl_datetime_format_offset(us, out);
    FUZZ_CHECK(n < RL_DATETIME_MAX && rl_datetime_parse(rl_str_make(out, n), &again) && again == us);
  }
  if (rl_time_parse(text, &us)) FUZZ_CHECK(us >= 0 && us < INT64_C(86400000000));
  if (text.len >= sizeof us) { /* any date-time that the tape can have */
    memcpy(&us, text.p, sizeof us);
    FUZZ_CHECK(rl_datetime_format(us, out) < RL_DATETIME_MAX);
    FUZZ_CHECK(rl_datetime_format_offset(us, out) < RL_DATETIME_MAX);
  }
}

/* ------------------------------------------------------------------ columns */

static const char schema_text[] =
    "enum E {\n A\n B @map(\"b\")\n}\n"
    "model M {\n id Int @id\n small Int @db.SmallInt\n big BigInt\n oid Int @db.Oid\n"
    " f Float\n real Float @db.Real\n d Decimal\n short Decimal @db.Decimal(5, 2)\n"
    " money Decimal @db.Money\n t DateTime\n tz DateTime @db.Timestamptz(3)\n"
    " day DateTime @db.Date\n time DateTime @db.Time(6)\n s String\n c String @db.Char(3)\n"
    " u String @db.Uuid\n b Boolean\n bytes Bytes\n j Json\n e E\n}\n";
static rl_schema *schema;

static void check_column(const rl_field *f, const rl_value *given) {
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_value v, again;
  rl_error err = {0};
  rl_input input = {.type = f->type, .field = f, .path = RL_STR("x")};
  rille_status st = rl_coerce(&input, given, &arena, &v, &err);
  fuzz_check_error(st, &err);
  if (st == RILLE_OK && v.kind == RILLE_DECIMAL) /* a column accepts its own value */
    FUZZ_CHECK(rl_coerce(&input, &v, &arena, &again, NULL) == RILLE_OK && rl_value_same(&v, &again));
  rl_arena_dispose(&arena);
}

static void check_columns(rl_str text, const rl_decimal *d) {
  const rl_model *m = rl_schema_model(schema, RL_STR("M"));
  rl_value values[6] = {{.kind = RILLE_TEXT, .len = (uint32_t)text.len, .as.p = text.len ? text.p : ""},
                        {.kind = RILLE_BYTES, .len = (uint32_t)text.len, .as.p = text.len ? text.p : ""}};
  size_t count = 2;
  rl_buf plain;
  rl_buf_init(&plain);
  if (d) {
    int64_t i;
    rl_decimal_write(d, &plain);
    values[count++] = (rl_value){.kind = RILLE_DECIMAL, .len = (uint32_t)plain.len, .as.p = plain.p};
    values[count++] = (rl_value){.kind = RILLE_FLOAT, .as.f = rl_decimal_to_float(d)};
    if (rl_decimal_to_int(d, &i)) {
      values[count++] = (rl_value){.kind = RILLE_INT, .as.i = i};
      values[count++] = (rl_value){.kind = RILLE_DATETIME, .as.i = i};
    }
  }
  for (size_t k = 0; k < m->field_count; k++)
    for (size_t n = 0; n < count; n++) check_column(&m->fields[k], &values[n]);
  rl_buf_dispose(&plain);
}

static void run(const uint8_t *data, size_t size) {
  if (!schema) {
    rl_source source = {RL_STR("schema.prisma"), RL_STR(schema_text)};
    FUZZ_CHECK(rl_schema_parse(&source, 1, RL_PROVIDER_POSTGRESQL, &schema, NULL, NULL) == RILLE_OK);
  }
  const char *text = (const char *)data, *space = size ? memchr(text, ' ', size) : NULL;
  rl_str whole = {text, size}, first = {text, space ? (size_t)(space - text) : size};
  rl_str second = {text + first.len, 0};
  if (space) second = rl_str_make(space + 1, size - first.len - 1);
  rl_decimal *a = NULL, *b = NULL;
  rl_error err = {0};
  fuzz_check_error(rl_decimal_parse(first, &a, &err), &err);
  fuzz_check_error(rl_decimal_parse(second, &b, &err), &err);
  if (a) check_written(first, a);
  if (a) check_float(a);
  if (a && b) check_arithmetic(a, b);
  check_moment(whole);
  check_columns(whole, a);
  rl_decimal_free(a);
  rl_decimal_free(b);
}

static const char *const words[] = {"0",
                                    "9",
                                    "99999999",
                                    "0000000",
                                    "e",
                                    "e-20000",
                                    "e+9999",
                                    ".",
                                    "-",
                                    "+",
                                    " ",
                                    "E5",
                                    "NaN",
                                    "Infinity",
                                    "9223372036854775807",
                                    "2147483648",
                                    "T",
                                    "Z",
                                    ":",
                                    "-02-29",
                                    "23:59:59.999999",
                                    "9999-12-31",
                                    "0001-01-01",
                                    "+23:59",
                                    "-15:00",
                                    "true",
                                    "A",
                                    "b",
                                    "5e-324",
                                    "1.7976931348623157e308",
                                    "3.4e38",
                                    "123e4567-e89b-12d3-a456-426614174000",
                                    NULL};

const fuzz_harness fuzz_number = {
    .name = "number", .run = run, .words = words, .longest = 400, .short_runs = 1500, .share = 2};
