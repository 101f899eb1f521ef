/* Notices of the cache, which anybody in the database can send. */
#include "fuzz/fuzz.h"
#include "run/foreign.h"

static bool has(const rl_names *n, rl_name name) {
  for (size_t i = 0; i < n->count; i++)
    if (n->items[i] == name) return true;
  return false;
}

/* What was read says no less when it is sent on: a row may be all rows of its table. */
static void check_sent_on(const rl_names *read) {
  rl_buf text;
  rl_buf_init(&text);
  rl_notice_write(&text, read, NULL);
  rl_names again;
  rl_names_init(&again);
  bool own = false;
  FUZZ_CHECK(text.len <= RL_NOTICE_LONGEST);
  rl_notice_read(rl_buf_view(&text), &again, NULL, &own);
  FUZZ_CHECK(own);
  FUZZ_CHECK(again.everything || !read->everything);
  for (size_t i = 0; !again.everything && i < read->count; i++)
    FUZZ_CHECK(has(&again, read->items[i]) || rl_name_is_row(read->items[i]));
  rl_names_dispose(&again);
  rl_buf_dispose(&text);
}

static void run(const uint8_t *data, size_t size) {
  rl_names names;
  rl_names_init(&names);
  bool own = true;
  rl_notice_read(rl_str_make((const char *)data, size), &names, NULL, &own);
  FUZZ_CHECK(!own); /* the number of this process is not guessed */
  FUZZ_CHECK(names.everything || names.count <= RL_MOST_NAMES);
  check_sent_on(&names);
  rl_names_dispose(&names);
}

static const char *const words[] = {"rille1 ",
                                    "rille2 ",
                                    "0123456789abcdef",
                                    "\nn",
                                    "\nn0123456789abcdef",
                                    "T:",
                                    "\nT:",
                                    "\nT:Post",
                                    "everything",
                                    "\n",
                                    "User",
                                    "\"a.b\"",
                                    "N0123",
                                    NULL};

const fuzz_harness fuzz_notice = {
    .name = "notice", .run = run, .words = words, .longest = 8000, .short_runs = 3000, .share = 1};
