/* Input through the public interface: options, faults, the data as tokens and as a tape, date-times without an offset.
 */
#include "running/running.h"

static const char schema_text[] =
    "datasource db {\n  provider = \"sqlite\"\n}\n"
    "model Post {\n  id Int @id @default(autoincrement())\n  /// @length 3..\n"
    "  /// @message needs a longer title\n  title String\n  price Decimal?\n  data Json?\n"
    "  born DateTime?\n  photo Bytes?\n  tags Tag[]\n}\n"
    "model Tag {\n  id Int @id @default(autoincrement())\n  name String @unique\n  posts Post[]\n}\n";

typedef struct fixture {
  rille_schema *schema;
  rille_tape *allow, *form;
  rille_input_options options;
  rille_input *input;
} fixture;

static void put_text(rille_tape *t, const char *key, const char *text) {
  rille_tape_key(t, key, strlen(key));
  rille_tape_text(t, text, strlen(text));
}

static fixture set_up(void) {
  fixture f = {.allow = rille_tape_new(), .form = rille_tape_new()};
  static const char *const names[] = {"title", "price", "data", "born", "photo"};
  rille_schema_options s = {.struct_size = sizeof s, .text = schema_text, .text_len = strlen(schema_text)};
  assert_int_equal(rille_schema_open(&s, &f.schema, NULL, NULL), RILLE_OK);
  rille_tape_open_object(f.allow);
  for (size_t i = 0; i < 5; i++) {
    rille_tape_key(f.allow, names[i], strlen(names[i]));
    rille_tape_bool(f.allow, 1);
  }
  rille_tape_key(f.allow, "tags", 4);
  rille_tape_open_list(f.allow);
  rille_tape_text(f.allow, "name", 4);
  rille_tape_close_list(f.allow);
  rille_tape_close_object(f.allow);
  f.options = (rille_input_options){.struct_size = sizeof f.options, .allow = f.allow};
  return f;
}

static void tear_down(fixture *f) {
  rille_input_free(f->input);
  rille_tape_free(f->allow);
  rille_tape_free(f->form);
  rille_schema_release(f->schema);
}

static void write_form(fixture *f) {
  rille_tape_open_object(f->form);
  put_text(f->form, "title", "one");
  put_text(f->form, "price", "1.50");
  put_text(f->form, "data", "{\"a\": [1]}");
  put_text(f->form, "born", "2026-07-01T12:00");
  put_text(f->form, "photo", "aGk=");
  put_text(f->form, "id", "7");
  rille_tape_key(f->form, "tags", 4);
  rille_tape_open_object(f->form);
  put_text(f->form, "name", "x");
  rille_tape_close_object(f->form);
  rille_tape_close_object(f->form);
}

static rille_status read_form(fixture *f, rille_error **err) {
  rille_input_free(f->input);
  return rille_input_read(f->schema, 0, f->form, &f->options, &f->input, err);
}

static void check_data(const fixture *f, const char *expected) {
  rille_tape *t = rille_tape_new();
  rille_error *err = NULL;
  char *text = NULL;
  rille_input_write(f->input, t);
  if (rille_json_write(t, &text, NULL, &err) != RILLE_OK) text = strdup(rille_error_message(err));
  assert_string_equal(text, expected);
  rille_error_free(err);
  rille_free(text);
  rille_tape_free(t);
}

static void test_data(void **state) {
  (void)state;
  fixture f = set_up();
  write_form(&f);
  f.options.allow = f.allow;
  assert_int_equal(read_form(&f, NULL), RILLE_OK);
  assert_int_equal(rille_input_fault_count(f.input), 0);
  int32_t token = 0, opened = 0, keys = 0;
  rille_value value;
  while (rille_input_next(f.input, &token, &value) == RILLE_ROW) {
    opened += token == RILLE_INPUT_OPEN_OBJECT || token == RILLE_INPUT_OPEN_LIST;
    opened -= token == RILLE_INPUT_CLOSE_OBJECT || token == RILLE_INPUT_CLOSE_LIST;
    keys += token == RILLE_INPUT_KEY;
    if (token == RILLE_INPUT_KEY && keys == 1) assert_memory_equal(value.as.p, "title", 5);
  }
  assert_int_equal(opened, 0);
  assert_int_equal(keys, 8);
  assert_int_equal(rille_input_next(f.input, &token, &value), RILLE_DONE);
  assert_int_equal(rille_input_local_count(f.input), 1);
  assert_int_equal(rille_input_local(f.input, 0), INT64_C(1782907200000000));
  assert_int_equal(rille_input_local(f.input, 1), 0);
  tear_down(&f);
}

static void test_tape_and_zones(void **state) {
  (void)state;
  fixture f = set_up();
  rille_tape_open_object(f.form);
  put_text(f.form, "title", "one");
  put_text(f.form, "price", "1.50");
  put_text(f.form, "born", "2026-07-01T12:00");
  rille_tape_close_object(f.form);
  static const int32_t offsets[] = {-330};
  assert_int_equal(read_form(&f, NULL), RILLE_OK);
  check_data(&f, "{\"title\":\"one\",\"price\":1.5,\"born\":\"2026-07-01T12:00:00.000Z\"}");
  f.options.zone = "+02:00";
  assert_int_equal(read_form(&f, NULL), RILLE_OK);
  check_data(&f, "{\"title\":\"one\",\"price\":1.5,\"born\":\"2026-07-01T10:00:00.000Z\"}");
  f.options.offsets = offsets;
  f.options.offset_count = 1;
  assert_int_equal(read_form(&f, NULL), RILLE_OK);
  check_data(&f, "{\"title\":\"one\",\"price\":1.5,\"born\":\"2026-07-01T17:30:00.000Z\"}");
  tear_down(&f);
}

static void test_faults(void **state) {
  (void)state;
  fixture f = set_up();
  rille_tape_open_object(f.form);
  put_text(f.form, "title", "on");
  put_text(f.form, "price", "x");
  rille_tape_close_object(f.form);
  assert_int_equal(read_form(&f, NULL), RILLE_OK);
  assert_int_equal(rille_input_fault_count(f.input), 2);
  rille_input_fault fault = {.struct_size = sizeof fault};
  assert_int_equal(rille_input_fault_get(f.input, 0, &fault), 1);
  assert_memory_equal(fault.path.p, "title", fault.path.len);
  assert_memory_equal(fault.code.p, "too_short", fault.code.len);
  assert_memory_equal(fault.message.p, "needs a longer title", fault.message.len);
  assert_memory_equal(fault.limit.p, "3", fault.limit.len);
  assert_memory_equal(fault.value.as.p, "on", 2);
  assert_int_equal(fault.own_message, 1);
  assert_int_equal(rille_input_fault_get(f.input, 1, &fault), 1);
  assert_memory_equal(fault.message.p, "must be a number", fault.message.len);
  assert_int_equal(fault.own_message, 0);
  assert_int_equal(rille_input_fault_get(f.input, 2, &fault), 0);
  int32_t token;
  rille_value value;
  assert_int_equal(rille_input_next(f.input, &token, &value), RILLE_DONE);
  check_data(&f, "null");
  tear_down(&f);
}

static void expect_error(fixture *f, const char *message) {
  rille_error *err = NULL;
  assert_int_equal(read_form(f, &err), RILLE_ERROR);
  assert_null(f->input);
  assert_string_equal(rille_error_code(err), "VALIDATION");
  assert_string_equal(rille_error_message(err), message);
  rille_error_free(err);
}

static void test_wrong_options(void **state) {
  (void)state;
  fixture f = set_up();
  rille_tape_null(f.form);
  f.options.zone = "Europe/Berlin";
  expect_error(&f, "input: zone: expected an offset like +02:00, got `Europe/Berlin`");
  static const char *const wrong[] = {"+2", "+02:0", "+0200:", "+24:00", "+02:60", "", "02:00", "+02:"};
  for (size_t i = 0; i < 8; i++) {
    f.options.zone = wrong[i];
    assert_int_equal(read_form(&f, NULL), RILLE_ERROR);
  }
  f.options.zone = "-0330";
  f.options.mode = 2;
  expect_error(&f, "input: unknown mode 2");
  f.options.mode = RILLE_INPUT_UPDATE;
  f.options.offsets = (const int32_t[]){1440};
  f.options.offset_count = 1;
  expect_error(&f, "input: offsets[0]: expected minutes from -1439 to 1439");
  f.options.offset_count = 0;
  f.options.allow = NULL;
  expect_error(&f, "input: allow: missing; it lists the fields that a form may give");
  rille_error *err = NULL;
  assert_int_equal(rille_input_read(f.schema, 9, f.form, &f.options, &f.input, &err), RILLE_ERROR);
  assert_string_equal(rille_error_message(err), "input: unknown model number 9");
  rille_error_free(err);
  tear_down(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_data), cmocka_unit_test(test_tape_and_zones),
                                     cmocka_unit_test(test_faults), cmocka_unit_test(test_wrong_options)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
