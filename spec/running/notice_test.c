/* Notices: the text that processes send each other about what was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/foreign.h"

static bool has(const rl_names *n, rl_name name) {
  for (size_t i = 0; i < n->count; i++)
    if (n->items[i] == name) return true;
  return false;
}

static void read_text(const char *text, rl_names *out, bool *own) {
  rl_names_init(out);
  rl_notice_read(rl_str_of(text), out, NULL, own);
}

static void assert_everything(const char *text) {
  rl_names names;
  bool own = true;
  read_text(text, &names, &own);
  if (!names.everything) fail_msg("`%s` must touch everything", text);
  assert_false(own);
  rl_names_dispose(&names);
}

static void assert_table(const rl_names *names, const char *table) {
  assert_true(has(names, RL_NAME_ANY_WRITE));
  assert_true(has(names, rl_name_of_table(rl_str_of(table), RL_TABLE_ANY)));
  assert_true(has(names, rl_name_of_table(rl_str_of(table), RL_TABLE_ROWS)));
  assert_true(has(names, rl_name_of_table(rl_str_of(table), RL_TABLE_NONE)));
}

static void test_own_notice(void **state) {
  (void)state;
  rl_names names, back;
  rl_names_init(&names);
  rl_names_add(&names, 17);
  rl_names_add(&names, UINT64_MAX);
  rl_names_add(&names, rl_name_of_table(RL_STR("User"), RL_TABLE_ANY));
  rl_buf text;
  rl_buf_init(&text);
  rl_buf_text(&text, "before ");
  rl_notice_write(&text, &names, NULL); /* appends */
  bool own = false;
  read_text(rl_buf_z(&text) + 7, &back, &own);
  assert_true(own);
  assert_false(back.everything);
  assert_int_equal(back.count, 3);
  assert_true(has(&back, 17));
  assert_true(has(&back, UINT64_MAX));
  assert_true(has(&back, rl_name_of_table(RL_STR("User"), RL_TABLE_ANY)));
  rl_buf_dispose(&text);
  rl_names_dispose(&back);
  rl_names_dispose(&names);
}

static void test_nothing_and_everything(void **state) {
  (void)state;
  rl_names names, back;
  bool own = false;
  rl_names_init(&names);
  rl_buf text;
  rl_buf_init(&text);
  rl_notice_write(&text, &names, NULL);
  read_text(rl_buf_z(&text), &back, &own);
  assert_true(own && rl_names_is_empty(&back));
  rl_buf_reset(&text);
  names.everything = true;
  rl_notice_write(&text, &names, NULL);
  read_text(rl_buf_z(&text), &back, &own);
  assert_true(own && back.everything);
  rl_buf_dispose(&text);
  rl_names_dispose(&back);
  rl_names_dispose(&names);
}

/* Names of rows, with that of their table, as writes touch them. */
static void add_rows(rl_names *names, const char *table, int64_t count) {
  rl_names_add(names, rl_name_of_table(rl_str_of(table), RL_TABLE_ANY));
  for (int64_t i = 0; i < count; i++) {
    rl_value id = {.kind = RILLE_INT, .as.i = i};
    rl_names_add(names, rl_name_of_key(rl_str_of(table), &id, 1));
  }
}

static void send_on(const rl_names *names, rl_names *back) {
  rl_buf text;
  bool own = false;
  rl_buf_init(&text);
  rl_notice_write(&text, names, NULL);
  assert_true(text.len <= RL_NOTICE_LONGEST);
  read_text(rl_buf_z(&text), back, &own);
  assert_true(own);
  rl_buf_dispose(&text);
}

static void test_many_rows_are_their_tables(void **state) {
  (void)state;
  rl_names names, back;
  rl_names_init(&names);
  add_rows(&names, "User", 300);
  send_on(&names, &back);
  assert_int_equal(back.count, 301);
  rl_names_dispose(&back);
  add_rows(&names, "Post", 300);
  rl_names_add(&names, rl_name_of_table(RL_STR("Tag"), RL_TABLE_ANY));
  rl_names_add(&names, RL_NAME_ANY_WRITE);
  rl_names_add(&names, rl_name_of_tag(RL_STR("news")));
  send_on(&names, &back);
  assert_false(back.everything);
  assert_int_equal(back.count, 8);
  static const char *const tables[] = {"User", "Post", "Tag"};
  for (int i = 0; i < 3; i++) {
    assert_true(has(&back, rl_name_of_table(rl_str_of(tables[i]), RL_TABLE_ANY)));
    assert_true(has(&back, rl_name_of_table(rl_str_of(tables[i]), RL_TABLE_ROWS)));
    assert_false(has(&back, rl_name_of_table(rl_str_of(tables[i]), RL_TABLE_NONE)));
  }
  assert_true(has(&back, RL_NAME_ANY_WRITE));
  assert_true(has(&back, rl_name_of_tag(RL_STR("news"))));
  rl_names_dispose(&back);
  rl_names_dispose(&names);
}

static void test_too_long_is_everything(void **state) {
  (void)state;
  rl_names names, back;
  char tag[20];
  rl_names_init(&names);
  bool was_precise = true;
  for (int i = 1; i <= 600; i++) {
    snprintf(tag, sizeof tag, "tag%d", i);
    rl_names_add(&names, rl_name_of_tag(rl_str_of(tag)));
    send_on(&names, &back);
    assert_true(back.everything || back.count == (size_t)i);
    assert_true(was_precise || back.everything);
    if (was_precise && back.everything) assert_in_range(i, 400, 500);
    was_precise = !back.everything;
    rl_names_dispose(&back);
  }
  assert_false(was_precise);
  rl_names_dispose(&names);
}

static void test_triggers(void **state) {
  (void)state;
  rl_names names;
  bool own = true;
  read_text("T:User", &names, &own);
  assert_false(own || names.everything);
  assert_int_equal(names.count, 4);
  assert_table(&names, "User");
  rl_names_dispose(&names);
  read_text("T:User\nT:_PostToTag", &names, &own);
  assert_int_equal(names.count, 7);
  assert_table(&names, "User");
  assert_table(&names, "_PostToTag");
  rl_names_dispose(&names);
}

static void test_notices_of_others(void **state) {
  (void)state;
  char text[200];
  rl_names names;
  bool own = true;
  snprintf(text, sizeof text, "rille1 %016llx\nn00000000000000ff\nT:User",
           (unsigned long long)(rl_notice_instance(NULL) ^ 1));
  read_text(text, &names, &own);
  assert_false(own || names.everything);
  assert_true(has(&names, 255));
  assert_table(&names, "User");
  rl_names_dispose(&names);
}

static void test_what_is_no_notice(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "\n",
                                      "hello",
                                      "T:",
                                      "t:User",
                                      "T:User\n\nT:Post",
                                      "T:User\nhello",
                                      "everything",
                                      "n",
                                      "n12",
                                      "n00000000000000FF",
                                      "n00000000000000fg",
                                      "n00000000000000ff0",
                                      "rille1",
                                      "rille1 ",
                                      "rille1 12",
                                      "rille1 0123456789abcdefg",
                                      "rille2 0123456789abcdef",
                                      "rille1 0123456789abcdef\neverything",
                                      "rille1 0123456789abcdef\n\n",
                                      "\xFF\xFE"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_everything(texts[i]);
  char forged[100]; /* with the number of this process, but not written by it */
  snprintf(forged, sizeof forged, "rille1 %016llx\nnonsense", (unsigned long long)rl_notice_instance(NULL));
  assert_everything(forged);
  rl_names names;
  rl_names_init(&names);
  bool own = true;
  rl_notice_read(rl_str_make("T:User\0more", 11), &names, NULL, &own); /* bytes after a zero are read too */
  assert_false(own);
  assert_false(has(&names, rl_name_of_table(RL_STR("User"), RL_TABLE_ANY)) && !names.everything);
  rl_names_dispose(&names);
}

static void test_long_texts_are_bounded(void **state) {
  (void)state;
  rl_buf text;
  rl_buf_init(&text);
  for (int i = 0; i < 5000; i++) rl_buf_printf(&text, "%sT:t%d", i ? "\n" : "", i);
  assert_everything(rl_buf_z(&text));
  rl_buf_dispose(&text);
}

static void test_a_fork_is_another_process(void **state) {
  (void)state;
  uint64_t own = rl_notice_instance(NULL);
  assert_int_not_equal(own, 0);
  assert_int_equal(rl_notice_instance(NULL), own);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) _exit(rl_notice_instance(NULL) == own || rl_notice_instance(NULL) != rl_notice_instance(NULL));
  int status = 1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_int_equal(rl_notice_instance(NULL), own);
}

static void test_unknown_outcome(void **state) {
  (void)state;
  uint64_t before = rl_notice_instance(NULL);
  char text[100];
  snprintf(text, sizeof text, "rille1 %016llx\nn00000000000000ff", (unsigned long long)before);
  rl_names names;
  bool own = false;
  read_text(text, &names, &own);
  assert_true(own);
  rl_names_dispose(&names);
  rl_notice_outcome_unknown();
  assert_int_not_equal(rl_notice_instance(NULL), before);
  read_text(text, &names, &own);
  assert_false(own);
  assert_true(has(&names, 255));
  rl_names_dispose(&names);
}

/* Two caches of a process may be of one database, if their URLs name it differently. */
static void test_another_cache_of_the_process(void **state) {
  (void)state;
  rl_cache *one = rl_cache_of_database(RL_STR("one")), *other = rl_cache_of_database(RL_STR("other"));
  rl_names names, back;
  bool own = false;
  rl_names_init(&names);
  rl_names_init(&back);
  rl_names_add(&names, 255);
  rl_buf text;
  rl_buf_init(&text);
  rl_notice_write(&text, &names, one);
  rl_notice_read(rl_buf_view(&text), &back, one, &own);
  assert_true(own);
  rl_notice_read(rl_buf_view(&text), &back, other, &own);
  assert_false(own);
  assert_true(has(&back, 255) && !back.everything);
  rl_buf_dispose(&text);
  rl_names_dispose(&names);
  rl_names_dispose(&back);
  rl_cache_release(one);
  rl_cache_release(other);
}

/* A server that processes share knows of the write already. */
static void test_a_server_that_knows(void **state) {
  (void)state;
  rl_names names, back;
  bool own;
  rl_names_init(&names);
  for (rl_name n = 1000; n < 1000 + RL_MOST_NAMES; n++) rl_names_add(&names, n << 8);
  rl_buf text;
  rl_buf_init(&text);
  rl_notice_write(&text, &names, NULL);
  rl_notice_write_server(&text, 0);
  assert_true(rl_notice_read_server(rl_buf_view(&text)) == 0);
  rl_notice_write_server(&text, 0xFEDCBA9876543210u);
  assert_true(text.len <= RL_NOTICE_LONGEST);
  assert_true(rl_notice_read_server(rl_buf_view(&text)) == 0xFEDCBA9876543210u);
  read_text("rille1 0000000000000001\nn00000000000000aa\ns00000000000000bb", &back, &own);
  assert_false(back.everything);
  assert_int_equal(back.count, 1);
  rl_names_dispose(&back);
  assert_everything("rille1 0000000000000001\nsbb");
  rl_buf_dispose(&text);
  rl_names_dispose(&names);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_own_notice),
      cmocka_unit_test(test_nothing_and_everything),
      cmocka_unit_test(test_many_rows_are_their_tables),
      cmocka_unit_test(test_too_long_is_everything),
      cmocka_unit_test(test_triggers),
      cmocka_unit_test(test_notices_of_others),
      cmocka_unit_test(test_what_is_no_notice),
      cmocka_unit_test(test_long_texts_are_bounded),
      cmocka_unit_test(test_a_fork_is_another_process),
      cmocka_unit_test(test_unknown_outcome),
      cmocka_unit_test(test_another_cache_of_the_process),
      cmocka_unit_test(test_a_server_that_knows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
