/* What every part of a diff writes with: steps, renames and warnings. */
#include "migrate/diff/differ.h"

#include "migrate/structure/render.h"

void rl_differ_step(rl_differ *d, rl_step_order order, rl_str subject) {
  rl_diff_step *s = d->failed ? NULL : RL_DB_ADD(d->arena, &d->out->steps);
  rl_str sql = d->buf.failed ? (rl_str){NULL, 0} : rl_arena_str(d->arena, rl_buf_view(&d->buf));
  rl_buf_reset(&d->buf);
  if (!s || !sql.p)
    d->failed = true;
  else
    *s = (rl_diff_step){.order = order, .subject = subject, .sql = sql, .changes = {"", 0}};
}

rl_str rl_differ_rename_sql(rl_differ *d, rl_str begin, rl_str leaves, rl_str takes) {
  rl_buf b;
  rl_buf_init(&b);
  rl_buf_str(&b, begin);
  rl_sql_name(&b, d->dialect, leaves);
  rl_buf_text(&b, rl_str_starts(begin, RL_STR("ALTER INDEX ")) ? " RENAME TO " : " TO ");
  rl_sql_name(&b, d->dialect, takes);
  rl_str sql = b.failed ? (rl_str){NULL, 0} : rl_arena_str(d->arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  if (!sql.p) d->failed = true;
  return sql;
}

void rl_differ_rename(rl_differ *d, rl_str subject, rl_str leaves, rl_str takes) {
  rl_differ_step(d, RL_STEP_RENAME_INDEX, subject);
  if (d->failed) return;
  rl_diff_step *s = &d->out->steps.items[d->out->steps.count - 1];
  s->renames = s->sql;
  s->sql = rl_differ_rename_sql(d, s->renames, leaves, takes);
  s->leaves = leaves;
  s->takes = takes;
  s->changes = rl_str_of(rl_differ_printf(d, "%.*s to %.*s", RL_STR_ARG(leaves), RL_STR_ARG(takes)));
}

const char *rl_differ_printf(rl_differ *d, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = rl_arena_vprintf(d->arena, format, args);
  va_end(args);
  if (!text) d->failed = true;
  return text ? text : "";
}

void rl_differ_warn(rl_differ *d, bool blocks, rl_str subject, const char *text, const char *counted) {
  rl_diff_warning *w = d->failed ? NULL : RL_DB_ADD(d->arena, &d->out->warnings);
  rl_str sql = d->buf.failed ? (rl_str){NULL, 0} : rl_arena_str(d->arena, rl_buf_view(&d->buf));
  rl_buf_reset(&d->buf);
  if (!w || !sql.p)
    d->failed = true;
  else
    *w = (rl_diff_warning){blocks, subject, rl_str_of(text), rl_str_of(counted), sql};
}
