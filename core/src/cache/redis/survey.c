/* A survey is one conversation: what is owed, the parts of the keys, the memory. */
#include "cache/redis/survey.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cache/redis/inside.h"

/* How long one command may take, and the whole. */
enum { COMMAND_MS = 5000, WHOLE_MS = 60000 };

/* Looks at a part of the keys. A key of rille is the prefix, the life of the server, a kind, and a name: other programs
 * may have keys that begin with the prefix as well. */
static const char part[] =
    "local prefix, life, clears = ARGV[1], ARGV[2], ARGV[5] == '1'\n"
    "local t = redis.call('TIME')\n"
    "local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"
    "local function length(k, field)\n"
    "  local n = redis.pcall('HSTRLEN', k, field)\n"
    "  return type(n) == 'number' and n or 0\n"
    "end\n"
    "local function marks(k)\n"
    "  local all, count = redis.pcall('HGETALL', k), 0\n"
    "  if type(all) ~= 'table' or all.err then return 0 end\n"
    "  for i = 1, #all, 2 do\n"
    "    local till = tonumber(all[i + 1])\n"
    "    if all[i] ~= 's' and till and till > now and till <= now + 60000 then count = count + 1 end\n"
    "  end\n"
    "  return count\n"
    "end\n"
    "local entries, bytes, stamps, written, computing, outdated, removed = 0, 0, 0, 0, 0, 0, 0\n"
    "local got = redis.call('SCAN', ARGV[3], 'MATCH', ARGV[4], 'COUNT', 500)\n"
    "for _, k in ipairs(got[2]) do\n"
    "  local of, kind = string.match(string.sub(k, #prefix + 1), '^(%x+):([efn]):')\n"
    "  local gone = false\n"
    "  if of and #of == #life then\n"
    "    if of ~= life then\n"
    "      outdated = outdated + 1\n"
    "      gone = clears\n"
    "    elseif kind == 'e' then\n"
    "      entries = entries + 1\n"
    "      bytes = bytes + #k + length(k, 'v') + length(k, 'd')\n"
    "      gone = clears\n"
    "    elseif kind == 'n' then\n"
    "      stamps = stamps + 1\n"
    "      written = written + marks(k)\n"
    "    else\n"
    "      computing = computing + 1\n"
    "    end\n"
    "  end\n"
    "  if gone then removed = removed + redis.call('UNLINK', k) end\n"
    "end\n"
    "return {got[1], entries, bytes, stamps, written, computing, outdated, removed}\n";

void rl_survey_begin(rl_survey *s, rl_remote *r, bool clears) {
  static const rl_names everything = {.everything = true};
  *s = (rl_survey){.remote = rl_remote_retain(r),
                   .clears = clears,
                   .cursor = "0",
                   .until_ms = rl_clock_after(COMMAND_MS),
                   .giveup_ms = rl_clock_after(WHOLE_MS),
                   .figures = {.memory = -1, .max_memory = -1}};
  rl_remote_own(r);
  if (clears) rl_remote_owe_names(r, &everything, false);
}

void rl_survey_end(rl_survey *s) {
  if (s->link) rl_remote_drop(s->remote, s->link);
  rl_remote_release(s->remote);
  s->link = NULL;
  s->remote = NULL;
  s->stage = RL_SURVEY_OVER;
}

static rille_status survey_fail(rl_survey *s, const char *problem, rl_error *err) {
  bool told = s->stage > RL_SURVEY_PAY;
  const char *result = !s->clears ? ""
                       : told     ? " was told that everything is stale, but its answers were not removed"
                                  : " was not told that everything is stale";
  s->stage = RL_SURVEY_OVER;
  return rl_fail(err, RL_P1001, "the cache's server %s%s: %s", rl_remote_display(s->remote), result, problem);
}

/* ------------------------------------------------------------------ sending */

static void add_number(rl_buf *out, int64_t n) {
  char digits[24];
  snprintf(digits, sizeof digits, "%lld", (long long)n);
  rl_command_add(out, rl_str_of(digits));
}

/* Writes a pattern for keys that begin with the text. */
static void add_pattern(rl_buf *out, rl_str prefix) {
  rl_buf pattern;
  rl_buf_init(&pattern);
  for (size_t i = 0; i < prefix.len; i++) {
    if (memchr("*?[]\\^", prefix.p[i], 6)) rl_buf_byte(&pattern, '\\');
    rl_buf_byte(&pattern, prefix.p[i]);
  }
  rl_buf_byte(&pattern, '*');
  rl_command_add(out, rl_buf_view(&pattern));
  if (pattern.failed) out->failed = true;
  rl_buf_dispose(&pattern);
}

static void write_part(const rl_survey *s, rl_buf *out) {
  rl_str prefix = rl_remote_prefix(s->remote);
  rl_command_begin(out, 8);
  rl_command_add(out, RL_STR("EVAL"));
  rl_command_add(out, rl_str_make(part, sizeof part - 1));
  add_number(out, 0);
  rl_command_add(out, prefix);
  rl_command_add(out, rl_str_of(rl_link_life(s->link)));
  rl_command_add(out, rl_str_of(s->cursor));
  add_pattern(out, prefix);
  add_number(out, s->clears);
}

static void write_memory(rl_buf *out) {
  rl_command_begin(out, 2);
  rl_command_add(out, RL_STR("INFO"));
  rl_command_add(out, RL_STR("memory"));
}

static rille_status survey_send(rl_survey *s, rl_survey_stage stage, rl_error *err) {
  rl_buf out, space;
  bool failed = false;
  rl_buf_init(&out);
  rl_buf_init(&space);
  if (stage == RL_SURVEY_PAY)
    s->debt = rl_remote_write_debt(s->remote, &out, true, rl_remote_space(s->remote, s->link, &space), &failed);
  else if (stage == RL_SURVEY_SCAN)
    write_part(s, &out);
  else
    write_memory(&out);
  bool none = stage == RL_SURVEY_PAY && !failed && s->debt == 0; /* another conversation has paid it */
  failed = failed || space.failed || out.failed || !rl_link_send(s->link, rl_buf_view(&out));
  rl_buf_dispose(&out);
  rl_buf_dispose(&space);
  s->stage = stage;
  s->until_ms = rl_clock_after(COMMAND_MS);
  if (failed) return rl_fail_nomem(err);
  return none ? survey_send(s, RL_SURVEY_SCAN, err) : RILLE_OK;
}

/* ------------------------------------------------------------------ answers */

static rille_status take_paid(rl_survey *s, const rl_reply *reply, rl_error *err) {
  if (reply->kind != RL_REPLY_INTEGER) return survey_fail(s, "the server refused a script", err);
  rl_remote_paid(s->remote, s->debt);
  s->debt = 0;
  return survey_send(s, RL_SURVEY_SCAN, err);
}

static rille_status take_part(rl_survey *s, const rl_reply *reply, rl_error *err) {
  rl_survey_figures *f = &s->figures;
  int64_t *sums[] = {&f->entries, &f->bytes, &f->stamps, &f->marks, &f->computing, &f->outdated, &f->removed};
  rl_str cursor;
  int64_t more;
  if (reply->kind == RL_REPLY_ERROR) return survey_fail(s, "the server refused the script that lists keys", err);
  if (!rl_reply_text_at(reply, 0, &cursor) || cursor.len >= sizeof s->cursor)
    return survey_fail(s, "the server's answer has another form", err);
  memcpy(s->cursor, cursor.p, cursor.len);
  s->cursor[cursor.len] = '\0';
  for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
    if (!rl_reply_integer_at(reply, i + 1, &more)) return survey_fail(s, "the server's answer has another form", err);
    *sums[i] += more;
  }
  bool last = strcmp(s->cursor, "0") == 0;
  f->partial = !last && rl_clock_ms() >= s->giveup_ms;
  return survey_send(s, last || f->partial ? RL_SURVEY_MEMORY : RL_SURVEY_SCAN, err);
}

static int64_t read_bytes(const rl_reply *reply, const char *name) {
  char digits[24];
  return rl_reply_fact(reply, name, digits, sizeof digits) ? strtoll(digits, NULL, 10) : -1;
}

/* A user that may not ask for it gets the other figures. */
static void take_memory(rl_survey *s, const rl_reply *reply) {
  s->figures.memory = read_bytes(reply, "\nused_memory:");
  s->figures.max_memory = read_bytes(reply, "\nmaxmemory:");
  rl_link_forget(s->link);
  rl_remote_give(s->remote, s->link);
  s->link = NULL;
  s->stage = RL_SURVEY_OVER;
}

static rille_status survey_take(rl_survey *s, const rl_reply *reply, rl_error *err) {
  rille_status st = RILLE_OK;
  if (s->stage == RL_SURVEY_PAY)
    st = take_paid(s, reply, err);
  else if (s->stage == RL_SURVEY_SCAN)
    st = take_part(s, reply, err);
  else
    take_memory(s, reply);
  if (s->link) rl_link_forget(s->link);
  return st;
}

/* ------------------------------------------------------------------ going on */

static rille_status survey_take_link(rl_survey *s, rl_wait *wait, rl_error *err) {
  bool none_free;
  s->link = rl_remote_take(s->remote, s->until_ms, &none_free);
  if (s->link) {
    s->stage = RL_SURVEY_CONNECT;
    return RILLE_OK;
  }
  if (!none_free) return rl_fail_nomem(err);
  wait->until_ms = rl_clock_after(1);
  return RILLE_AGAIN;
}

static rille_status survey_step(rl_survey *s, rl_wait *wait, rl_error *err) {
  const rl_reply *reply;
  if (s->stage == RL_SURVEY_OVER) return RILLE_DONE;
  if (s->stage == RL_SURVEY_TAKE) return survey_take_link(s, wait, err);
  bool connects = s->stage == RL_SURVEY_CONNECT;
  rille_status st = connects ? rl_link_connect(s->link, wait) : rl_link_next(s->link, &reply, wait);
  if (st < 0) return survey_fail(s, rl_link_problem(s->link), err);
  if (st != RILLE_OK) return st;
  return connects ? survey_send(s, s->clears ? RL_SURVEY_PAY : RL_SURVEY_SCAN, err) : survey_take(s, reply, err);
}

rille_status rl_survey_next(rl_survey *s, rl_wait *wait, rl_error *err) {
  rille_status st;
  rl_wait w;
  do {
    w = (rl_wait){-1, false, false, RL_NO_DEADLINE};
    st = survey_step(s, &w, err);
  } while (st == RILLE_OK);
  if (st != RILLE_AGAIN) return st;
  if (rl_clock_ms() >= s->until_ms) return survey_fail(s, "it did not answer in time", err);
  if (w.until_ms > s->until_ms) w.until_ms = s->until_ms;
  *wait = w;
  return st;
}
