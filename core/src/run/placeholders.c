/* Placeholders of raw statements: `?` and `$1`, rewritten in the database's own style. */
#include "base/sql_scan.h"
#include "run/placeholders.h"

typedef struct renumbering {
  const rl_sql_rules *rules;
  bool numbered; /* the statement numbers its own placeholders */
  uint32_t highest;
  rl_buf *out;
} renumbering;

static bool ends_in_name(const rl_buf *b) {
  return b->len && rl_sql_is_name_byte(b->p[b->len - 1]);
}

/* Writes a placeholder. In "LIMIT?AND" it must not merge with the words around it. */
static void write_number(const renumbering *r, uint32_t number, const char *behind, const char *end) {
  bool glues = rl_sql_is_name_byte(r->rules->mark) && !r->numbered;
  if (glues && ends_in_name(r->out)) rl_buf_byte(r->out, ' ');
  rl_buf_byte(r->out, r->rules->mark);
  rl_buf_int(r->out, number);
  if (glues && behind < end && rl_sql_is_name_byte(*behind)) rl_buf_byte(r->out, ' ');
}

/* Returns false at a placeholder with a number: the statement must be read again as one that numbers them. */
static bool renumber_placeholders(renumbering *r, rl_str sql, rl_provider provider) {
  rl_sql_scan scan;
  rl_sql_scan_init(&scan, sql, provider);
  r->rules = scan.rules;
  for (const char *done = sql.p;;) {
    rl_sql_token t = rl_sql_next(&scan);
    bool bare = t.kind == RL_SQL_QUESTION && !(r->numbered && r->rules->question_operators);
    if (t.kind == RL_SQL_NUMBERED && !r->numbered) return false;
    if (bare || t.kind == RL_SQL_NUMBERED || t.kind == RL_SQL_END) {
      rl_buf_put(r->out, done, (size_t)(t.text.p - done));
      done = t.text.p + t.text.len;
    }
    if (t.kind == RL_SQL_END) return true;
    if (!bare && t.kind != RL_SQL_NUMBERED) continue;
    uint32_t next = r->highest < RL_SQL_NUMBER_MAX ? r->highest + 1 : r->highest, number = bare ? next : t.number;
    if (number > r->highest) r->highest = number;
    write_number(r, number, done, scan.end);
  }
}

void rl_raw_placeholders(rl_str sql, rl_provider provider, bool numbered, rl_buf *out, uint32_t *used) {
  renumbering r = {.out = out, .numbered = numbered};
  size_t before = out->len;
  if (!renumber_placeholders(&r, sql, provider)) {
    out->len = before;
    r = (renumbering){.out = out, .numbered = true};
    (void)renumber_placeholders(&r, sql, provider);
  }
  *used = r.highest;
}
