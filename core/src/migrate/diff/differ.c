/* How the parts of a diff add steps, renames and warnings. */
#include "migrate/diff/differ.h"

#include "migrate/structure/render.h"

/* Returns the content of the buffer, and empties it. p is NULL: out of memory. */
static rl_str take_buffer(rl_differ *d) {
  rl_str text = d->buf.failed ? (rl_str){NULL, 0} : rl_arena_str(d->arena, rl_buf_view(&d->buf));
  rl_buf_reset(&d->buf);
  return text;
}

void rl_differ_step(rl_differ *d, rl_step_order order, rl_str subject) {
  rl_diff_step *s = d->failed ? NULL : RL_DB_ADD(d->arena, &d->out->steps);
  rl_str sql = take_buffer(d);
  if (!s || !sql.p)
    d->failed = true;
  else
    *s = (rl_diff_step){.order = order, .subject = subject, .sql = sql};
}

rl_str rl_differ_rename_sql(rl_differ *d, rl_str head, rl_str old_name, rl_str new_name) {
  rl_buf b;
  rl_buf_init(&b);
  rl_buf_str(&b, head);
  rl_sql_name(&b, d->dialect, old_name);
  rl_buf_text(&b, rl_str_starts(head, RL_STR("ALTER INDEX ")) ? " RENAME TO " : " TO ");
  rl_sql_name(&b, d->dialect, new_name);
  rl_str sql = b.failed ? (rl_str){NULL, 0} : rl_arena_str(d->arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  if (!sql.p) d->failed = true;
  return sql;
}

void rl_differ_rename(rl_differ *d, rl_str subject, rl_str old_name, rl_str new_name) {
  rl_differ_step(d, RL_STEP_RENAME_INDEX, subject);
  if (d->failed) return;
  rl_diff_step *s = &d->out->steps.items[d->out->steps.count - 1];
  s->rename_head = s->sql;
  s->sql = rl_differ_rename_sql(d, s->rename_head, old_name, new_name);
  s->old_name = old_name;
  s->new_name = new_name;
  rl_buf_printf(&d->buf, "%.*s to %.*s", RL_STR_ARG(old_name), RL_STR_ARG(new_name));
  rl_differ_change(d, d->out->steps.count - 1, RL_CHANGE_RENAME, new_name);
}

static rl_str differ_print(rl_differ *d, const char *format, va_list args) {
  rl_str text = rl_str_of(rl_arena_vprintf(d->arena, format, args));
  if (!text.p) d->failed = true;
  return text.p ? text : (rl_str){"", 0};
}

const char *rl_differ_printf(rl_differ *d, const char *format, ...) {
  va_list args;
  va_start(args, format);
  rl_str text = differ_print(d, format, args);
  va_end(args);
  return text.p;
}

rl_str rl_differ_text(rl_differ *d, const char *format, ...) {
  va_list args;
  va_start(args, format);
  rl_str text = differ_print(d, format, args);
  va_end(args);
  return text;
}

void rl_differ_warn(rl_differ *d, const rl_diff_warning *w) {
  rl_diff_warning *kept = d->failed ? NULL : RL_DB_ADD(d->arena, &d->out->warnings);
  rl_str sql = take_buffer(d);
  if (!kept || !sql.p) {
    d->failed = true;
    return;
  }
  *kept = *w;
  kept->count_sql = sql;
}

const rl_str *rl_differ_names(rl_differ *d, const rl_str *names, size_t count) {
  rl_str *copy = RL_NEW_ARRAY(d->arena, rl_str, count + 1);
  if (!copy) d->failed = true;
  for (size_t i = 0; copy && i < count; i++) copy[i] = names[i];
  return copy;
}

void rl_differ_change(rl_differ *d, size_t step, rl_change_kind kind, rl_str name) {
  rl_diff_change *change = d->failed ? NULL : RL_DB_ADD(d->arena, &d->out->steps.items[step].changes);
  rl_str text = take_buffer(d);
  if (change && text.p)
    *change = (rl_diff_change){kind, name, text};
  else
    d->failed = true;
}
