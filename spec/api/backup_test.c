/* Reading a schema from outside, and the C side of backup and restore: numbers out of range, structs of older callers,
 * options, and memory that is short at every place. */
#include "../base/failing_allocator.h"
#include "running/running.h"

static rille_schema *open_blog(void) {
  rille_schema_options o = {.struct_size = sizeof o, .text = blog_schema, .text_len = strlen(blog_schema)};
  rille_schema *s = NULL;
  rille_error *err = NULL;
  must(rille_schema_open(&o, &s, NULL, &err), err);
  return s;
}

static bool is_text(rille_text t, const char *z) {
  return t.len == strlen(z) && memcmp(t.p, z, t.len) == 0;
}

static void test_models(void **state) {
  (void)state;
  rille_schema *s = open_blog();
  rille_model_info m = {.struct_size = sizeof m};
  rille_field_info f = {.struct_size = sizeof f};
  rille_key_info k = {.struct_size = sizeof k};
  uint32_t own = 9, other = 9, field = 9;
  assert_int_equal(rille_schema_model_get(s, 1, &m), 1);
  assert_true(is_text(m.name, "Post") && is_text(m.snake, "post") && is_text(m.table, "Post"));
  assert_int_equal(m.field_count, 6);
  assert_int_equal(rille_schema_field_get(s, 1, 4, &f), 1);
  assert_true(is_text(f.name, "author") && is_text(f.type, "User"));
  assert_int_equal(f.kind, RILLE_FIELD_RELATION);
  assert_int_equal(f.relation, RILLE_RELATION_ONE_TO_MANY);
  assert_int_equal(f.target, 0);
  assert_int_equal(f.opposite, 4);
  assert_int_equal(f.holds_key, 1);
  assert_int_equal(rille_schema_pair_get(s, 1, 4, 0, &own, &other), 1);
  assert_int_equal(own, 3);
  assert_int_equal(other, 0);
  assert_int_equal(rille_schema_pair_get(s, 0, 4, 0, &own, &other), 1); /* the same from the other side */
  assert_int_equal(own, 0);
  assert_int_equal(other, 3);
  assert_int_equal(rille_schema_key_get(s, 0, 1, &k), 1);
  assert_true(is_text(k.client_name, "email") && k.kind == RILLE_KEY_UNIQUE && k.names_row);
  assert_int_equal(rille_schema_key_field(s, 0, 1, 0, &field), 1);
  assert_int_equal(field, 1);
  rille_schema_release(s);
}

static void test_out_of_range(void **state) {
  (void)state;
  rille_schema *s = open_blog();
  rille_model_info m = {.struct_size = sizeof m};
  rille_field_info f = {.struct_size = sizeof f};
  rille_key_info k = {.struct_size = sizeof k};
  rille_enum_info e = {.struct_size = sizeof e};
  rille_enum_value_info v = {.struct_size = sizeof v};
  uint32_t a = 7, b = 7;
  assert_int_equal(rille_schema_model_get(s, -1, &m) + rille_schema_model_get(s, 3, &m), 0);
  assert_int_equal(rille_schema_field_get(s, 0, 5, &f) + rille_schema_field_get(s, 3, 0, &f), 0);
  assert_int_equal(rille_schema_pair_get(s, 1, 4, 1, &a, &b) + rille_schema_pair_get(s, 1, 0, 0, &a, &b), 0);
  assert_int_equal(rille_schema_key_get(s, 0, 2, &k) + rille_schema_key_field(s, 0, 0, 1, &a), 0);
  assert_int_equal(rille_schema_enum_get(s, 1, &e) + rille_schema_enum_value_get(s, 0, 2, &v), 0);
  assert_int_equal(a, 7);
  assert_null(m.name.p);
  assert_int_equal(rille_schema_enum_value_get(s, 0, 1, &v), 1);
  assert_true(is_text(v.name, "OLD") && is_text(v.value, "old"));
  rille_schema_release(s);
}

/* A caller built against a struct that ended after view gets no byte beyond it. */
static void test_older_caller(void **state) {
  (void)state;
  rille_schema *s = open_blog();
  rille_model_info m;
  memset(&m, 0x55, sizeof m);
  m.struct_size = 16;
  assert_int_equal(rille_schema_model_get(s, 0, &m), 1);
  assert_int_equal(m.field_count, 5);
  assert_int_equal(m.view, 0);
  assert_int_equal(m.ignored, 0x55555555);
  rille_schema_release(s);
}

static void check_refusal(rille_status st, rille_error *err, const char *code) {
  assert_int_equal(st, RILLE_ERROR);
  assert_string_equal(rille_error_code(err), code);
  rille_error_free(err);
}
/* A macro, so that err is read after the call has filled it. */
#define refuses(call, code)                                                                                            \
  do {                                                                                                                 \
    rille_error *err = NULL;                                                                                           \
    rille_status st_ = (call);                                                                                         \
    check_refusal(st_, err, code);                                                                                     \
  } while (0)

static void test_options(void **state) {
  (void)state;
  rille_backup_options b = {.struct_size = sizeof b};
  rille_restore_options r = {.struct_size = sizeof r};
  refuses(rille_backup(NULL, &err), "VALIDATION");
  refuses(rille_backup(&b, &err), "P1013");
  refuses(rille_restore(&r, &err), "P1013");
  b.url = r.url = "file:/nonexistent/folder/a.db";
  refuses(rille_backup(&b, &err), "VALIDATION");
  refuses(rille_restore(&r, &err), "VALIDATION");
  b.file = r.file = "/nonexistent/folder/saved";
  refuses(rille_backup(&b, &err), "P1003");
  refuses(rille_restore(&r, &err), "VALIDATION");
}

/* ------------------------------------------------------------------ memory */

typedef struct place {
  char url[600], target[160], file[160];
  bool no_tool; /* BACKUP is what must come */
} place;

static bool backup_and_restore(void *argument) {
  place *p = argument;
  rille_error *err = NULL;
  rille_backup_options b = {.struct_size = sizeof b, .overwrite = 1, .url = p->url, .file = p->file};
  rille_restore_options r = {.struct_size = sizeof r, .force = 1, .url = p->target, .file = p->file};
  rille_status st = rille_backup(&b, &err);
  if (st == RILLE_OK) st = rille_restore(&r, &err);
  bool as_wanted = p->no_tool ? st == RILLE_ERROR && strcmp(rille_error_code(err), "BACKUP") == 0 : st == RILLE_OK;
  if (!as_wanted && st != RILLE_NOMEM) fail_msg("status %d: %s", (int)st, err ? rille_error_message(err) : "");
  rille_error_free(err);
  return as_wanted;
}

static void test_memory_sqlite(void **state) {
  (void)state;
  char folder[] = "/tmp/rille-backup-XXXXXX", command[200];
  assert_non_null(mkdtemp(folder));
  place p = {.no_tool = false};
  snprintf(p.url, sizeof p.url, "file:%s/a.db", folder);
  snprintf(p.target, sizeof p.target, "file:%s/b.db", folder);
  snprintf(p.file, sizeof p.file, "%s/saved", folder);
  rille_error *err = NULL;
  rille_push_options push = {.struct_size = sizeof push, .url = p.url, .schema = open_blog()};
  must(rille_push(&push, &err), err);
  rille_schema_release(push.schema);
  assert_true(fail_each_allocation(backup_and_restore, &p, false) > 3);
  snprintf(command, sizeof command, "test \"$(ls -A %s | tr '\\n' ' ')\" = 'a.db b.db saved ' && rm -r %s", folder,
           folder);
  assert_int_equal(system(command), 0);
}

static void test_memory_postgres(void **state) {
  (void)state;
  if (!postgres_url()) skip();
  place p = {.no_tool = true};
  snprintf(p.url, sizeof p.url, "%s", postgres_url());
  snprintf(p.file, sizeof p.file, "/tmp/rille-backup-%ld", (long)getpid());
  char *path = strdup(getenv("PATH"));
  setenv("PATH", "/nonexistent", 1);
  long failures = fail_each_allocation(backup_and_restore, &p, false);
  setenv("PATH", path, 1);
  free(path);
  assert_true(failures > 3);
  assert_int_not_equal(access(p.file, F_OK), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_models),  cmocka_unit_test(test_out_of_range),  cmocka_unit_test(test_older_caller),
      cmocka_unit_test(test_options), cmocka_unit_test(test_memory_sqlite), cmocka_unit_test(test_memory_postgres),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
