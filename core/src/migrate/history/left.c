/* What an unfinished migration left in the database. The history records it as one of these sentences, which are read
 * back later. Existing histories contain them, so they must not change. */
#include "migrate/history/migrations.h"

static const struct {
  rl_left left;
  const char *text;
} sentences[RL_REMAINS_COUNT] = {
    [RL_REMAINS_RUNNING_WHOLE] =
        {RL_LEFT_NOTHING,
         "rille runs it in one transaction: as long as it is not finished, nothing of it is in the database."},
    [RL_REMAINS_OWN_TRANSACTIONS] =
        {RL_LEFT_PART, "The script begins and ends transactions itself: a part of it may be in the database."},
    [RL_REMAINS_ROLLED_BACK] = {RL_LEFT_NOTHING, "Its transaction was rolled back: nothing of it is in the database."},
    [RL_REMAINS_PART] = {RL_LEFT_PART, "A part of it may be in the database."},
    [RL_REMAINS_ALL_RAN] = {RL_LEFT_PART, "Its statements have run."},
    [RL_REMAINS_SOME_RAN] = {RL_LEFT_PART, "The statements before that one have run."},
    [RL_REMAINS_NONE_RAN] = {RL_LEFT_PART,
                             /* a failed CREATE INDEX CONCURRENTLY leaves an index */ "No statement of it has run."},
};

static const char progress_head[] = "rille runs it without a transaction: ";

const char *rl_remains_text(rl_remains r) {
  return sentences[r].text;
}

rl_left rl_remains_left(rl_remains r) {
  return sentences[r].left;
}

char *rl_remains_progress(rl_arena *arena, size_t done, size_t count) {
  return rl_arena_printf(arena, "%s%zu of %zu statements have run.", progress_head, done, count);
}

static rl_str last_line(rl_str s) {
  while (s.len && s.p[s.len - 1] == '\n') s.len--;
  size_t from = s.len;
  while (from && s.p[from - 1] != '\n') from--;
  return (rl_str){s.p + from, s.len - from};
}

rl_left rl_left_of(rl_str logs) {
  rl_str line = last_line(logs);
  for (int i = 0; i < RL_REMAINS_COUNT; i++)
    if (rl_str_is(line, sentences[i].text)) return sentences[i].left;
  return rl_str_starts(line, rl_str_of(progress_head)) ? RL_LEFT_PART : RL_LEFT_UNKNOWN;
}

/* Removes "the migration NAME failed: ", which the caller's message repeats. */
rl_str rl_reason_of(const rl_migration *x) {
  const rl_str before = RL_STR("the migration "), behind = RL_STR(" failed: ");
  size_t head = before.len + x->name.len + behind.len;
  bool own = x->logs.len > head && memcmp(x->logs.p, before.p, before.len) == 0 &&
             memcmp(x->logs.p + before.len, x->name.p, x->name.len) == 0 &&
             memcmp(x->logs.p + head - behind.len, behind.p, behind.len) == 0;
  return own ? (rl_str){x->logs.p + head, x->logs.len - head} : x->logs;
}
