/* Finds and replaces names within statements. */
#include "base/sql_scan.h"
#include "migrate/structure/describe.h"
#include "sql/sql.h"

/* Compares a quoted name, in which quotes are doubled, with a bare one. */
static bool is_quoted_name(rl_str quoted, rl_str name) {
  size_t k = 0;
  char close = quoted.p[0] == '[' ? 0 : quoted.p[0];
  for (size_t i = 1; i + 1 < quoted.len; i++, k++) {
    if (k >= name.len || quoted.p[i] != name.p[k]) return false;
    if (quoted.p[i] == close) i++;
  }
  return k == name.len;
}

/* An unquoted name matches in upper and lower case. */
static bool is_name(rl_sql_token t, rl_str name) {
  if (t.kind == RL_SQL_NAME) return !t.open && is_quoted_name(t.text, name);
  return t.kind == RL_SQL_WORD && t.text.len == name.len && strncasecmp(t.text.p, name.p, name.len) == 0;
}

bool rl_sql_mentions(rl_provider provider, rl_str sql, rl_str name) {
  rl_sql_scan scan;
  rl_sql_scan_init(&scan, sql, provider);
  for (;;) {
    rl_sql_token t = rl_sql_next(&scan);
    if (t.kind == RL_SQL_END || is_name(t, name)) return t.kind != RL_SQL_END;
  }
}

rl_str rl_sql_renamed(rl_arena *arena, const rl_dialect *dialect, rl_str sql, rl_str old, rl_str now, rl_str table) {
  rl_sql_scan scan;
  rl_sql_token before = {0}, owner = {0};
  rl_buf b;
  const char *done = sql.p;
  rl_buf_init(&b);
  rl_sql_scan_init(&scan, sql, dialect->provider);
  for (rl_sql_token t = rl_sql_next_solid(&scan); t.kind != RL_SQL_END; t = rl_sql_next_solid(&scan)) {
    bool own = rl_sql_is_sign(before, '.') &&
               (rl_sql_is_word(owner, "NEW") || rl_sql_is_word(owner, "OLD") || is_name(owner, table));
    if (is_name(t, old) && (!table.len || own)) {
      rl_buf_put(&b, done, (size_t)(t.text.p - done));
      dialect->identifier(&b, now);
      done = t.text.p + t.text.len;
    }
    owner = before;
    before = t;
  }
  rl_buf_put(&b, done, (size_t)(sql.p + sql.len - done));
  rl_str text = b.failed ? (rl_str){NULL, 0} : rl_arena_str(arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  return text;
}
