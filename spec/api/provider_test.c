/* What the C interface says of each database. */
#include <rille/rille.h>

#include "running/running.h"

static rille_provider named(const char *name) {
  rille_provider p = {.struct_size = sizeof p};
  for (size_t i = 0; rille_provider_get(i, &p); i++)
    if (strcmp(p.name, name) == 0) return p;
  fail_msg("no provider %s", name);
  return p;
}

static void every_database(void **state) {
  (void)state;
  rille_provider p = {.struct_size = sizeof p};
  size_t count = 0;
  for (; rille_provider_get(count, &p); count++) {
    assert_true(p.title[0] && p.id[0] && p.library[0]);
    assert_true(p.server != p.file_based);
    assert_non_null(p.schemes[0]);
    if (!p.built) continue;
    assert_true(p.library_version[0] >= '1' && p.library_version[0] <= '9');
    assert_string_equal(rille_url_provider(p.first_url), p.name);
    if (p.memory_url) assert_string_equal(rille_url_provider(p.memory_url), p.name);
  }
  assert_int_equal(count, 2);
  assert_int_equal(rille_provider_get((size_t)-1, &p), 0);
}

static void what_each_has(void **state) {
  (void)state;
  rille_provider postgres = named("postgresql"), sqlite = named("sqlite");
  assert_string_equal(postgres.title, "PostgreSQL");
  assert_true(postgres.server && !postgres.memory_url);
  assert_int_equal(postgres.notifications, postgres.built);
  assert_int_equal(postgres.advisory_locks, postgres.built);
  assert_int_equal(postgres.nulls_largest, 1);
  assert_int_equal(sqlite.nulls_largest, 0);
  assert_string_equal(sqlite.title, "SQLite");
  assert_true(sqlite.file_based && sqlite.memory_url);
  assert_false(sqlite.notifications || sqlite.advisory_locks);
}

static void a_smaller_struct(void **state) {
  (void)state;
  rille_provider p = {.struct_size = (uint32_t)offsetof(rille_provider, title)};
  assert_int_equal(rille_provider_get(0, &p), 1);
  assert_string_equal(p.name, "postgresql");
  assert_null(p.title);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_database), cmocka_unit_test(what_each_has),
                                     cmocka_unit_test(a_smaller_struct)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
