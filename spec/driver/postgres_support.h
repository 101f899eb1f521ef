/* What the tests of the PostgreSQL driver share: the server of RILLE_TEST_POSTGRES. */
#ifndef SPEC_DRIVER_POSTGRES_SUPPORT_H
#define SPEC_DRIVER_POSTGRES_SUPPORT_H

#include "support.h"

static const char *url;

static inline void open_with(fixture *f, const char *parameters) {
  char full[512];
  snprintf(full, sizeof full, "%s%s%s", url, *parameters ? strchr(url, '?') ? "&" : "?" : "", parameters);
  open_fixture(f, full);
}

#define S(name) ((rl_wire_type){.wire = RL_WIRE_##name})
#define L(name) ((rl_wire_type){.wire = RL_WIRE_##name, .list = true})

static inline int open_shared(void **state) {
  static fixture f;
  open_with(&f, "");
  *state = &f;
  return 0;
}

static inline int close_shared(void **state) {
  close_fixture(*state);
  return 0;
}

/* Skips the test if there is no server. It must not count as passed. */
static inline void skipped(void **state) {
  (void)state;
  skip();
}

/* Runs the tests, or reports one as skipped. */
#define RUN_WITH_SERVER(tests)                                                                                         \
  do {                                                                                                                 \
    const struct CMUnitTest no_server[] = {cmocka_unit_test(skipped)};                                                 \
    url = getenv("RILLE_TEST_POSTGRES");                                                                               \
    if (!url || !*url) return cmocka_run_group_tests(no_server, NULL, NULL);                                           \
    return cmocka_run_group_tests(tests, NULL, NULL);                                                                  \
  } while (0)
#define SHARED(test) cmocka_unit_test_setup_teardown(test, open_shared, close_shared)

#endif
