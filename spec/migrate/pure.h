/* Helpers for tests of comparisons: two schemas as texts, and the difference as text. They need no database. */
#ifndef SPEC_MIGRATE_PURE_H
#define SPEC_MIGRATE_PURE_H

#include "migrate/diff/rename_hints.h"
#include "migrate/diff/sources.h"
#include "running/running.h"

MAYBE_UNUSED static rl_schema *schema_of(const char *text, rl_provider provider) {
  rl_source source = {RL_STR("schema.prisma"), rl_str_of(text)};
  rl_schema *s = NULL;
  rl_error err = {0};
  if (rl_schema_parse(&source, 1, provider, &s, NULL, &err) != RILLE_OK)
    fail_msg("%s\n%s", rl_error_message(&err), text);
  return s;
}

/* A comparison of two schemas; see dispose_pure. */
typedef struct pure {
  rl_arena arena;
  rl_schema *schemas[2];
  rl_db from, to;
  rl_diff diff;
  rl_renames guesses;
} pure;

MAYBE_UNUSED static const rl_dialect *dialect_for(rl_provider provider) {
  return provider == RL_PROVIDER_POSTGRESQL ? &rl_dialect_postgres : &rl_dialect_sqlite;
}

MAYBE_UNUSED static void compare_schemas(pure *p, rl_provider provider, const char *from, const char *to,
                                         const rl_renames *hints, bool mirror) {
  rl_error err = {0};
  memset(p, 0, sizeof *p);
  rl_arena_init(&p->arena, 0);
  p->schemas[0] = schema_of(from, provider);
  p->schemas[1] = schema_of(to, provider);
  const rl_dialect *d = dialect_for(provider);
  rille_status st = rl_db_of_schema(d, p->schemas[0], &p->arena, &p->from, &err);
  if (st == RILLE_OK) st = rl_db_of_schema(d, p->schemas[1], &p->arena, &p->to, &err);
  if (st == RILLE_OK && mirror) rl_renames_mirror(&p->from, &p->to, &p->arena);
  if (st == RILLE_OK && hints) rl_renames_apply(&p->to, hints);
  if (st == RILLE_OK) st = rl_renames_guess(&p->from, &p->to, &p->arena, &p->guesses, &err);
  if (st == RILLE_OK) st = rl_db_diff(&p->from, &p->to, &p->arena, &p->diff, &err);
  if (st != RILLE_OK) fail_msg("%s", rl_error_message(&err));
}

MAYBE_UNUSED static void dispose_pure(pure *p) {
  rl_arena_dispose(&p->arena);
  rl_schema_release(p->schemas[0]);
  rl_schema_release(p->schemas[1]);
}

/* Writes one line per step, "kind subject: SQL on one line", with its changes below, then one line per warning. */
MAYBE_UNUSED static void write_difference(const rl_diff *diff, rl_buf *out) {
  for (size_t i = 0; i < diff->steps.count; i++) {
    const rl_diff_step *s = &diff->steps.items[i];
    rl_buf_printf(out, "%s %.*s: ", rl_diff_step_kind(s->order), RL_STR_ARG(s->subject));
    for (size_t k = 0; k < s->sql.len; k++) {
      bool space = s->sql.p[k] == '\n' || s->sql.p[k] == ' ';
      if (!space)
        rl_buf_byte(out, s->sql.p[k]);
      else if (out->p[out->len - 1] != ' ')
        rl_buf_byte(out, ' ');
    }
    rl_buf_byte(out, '\n');
    for (size_t k = 0; k < s->changes.count; k++) {
      const rl_diff_change *c = &s->changes.items[k];
      rl_buf_printf(out, "  %s %.*s\n", rl_diff_change_kind(c->kind), RL_STR_ARG(c->name));
    }
  }
  for (size_t i = 0; i < diff->warnings.count; i++) {
    const rl_diff_warning *w = &diff->warnings.items[i];
    rl_buf_printf(out, "! %s%s", w->blocks ? "blocks " : "", rl_diff_warning_kind(w->kind));
    if (w->table.len) rl_buf_printf(out, " table=%.*s", RL_STR_ARG(w->table));
    if (w->column.len) rl_buf_printf(out, " column=%.*s", RL_STR_ARG(w->column));
    if (w->name.len) rl_buf_printf(out, " name=%.*s", RL_STR_ARG(w->name));
    for (size_t k = 0; k < w->item_count; k++) rl_buf_printf(out, " [%.*s]", RL_STR_ARG(w->items[k]));
    rl_buf_byte(out, '\n');
  }
}

/* Fails with both texts if they differ. */
MAYBE_UNUSED static void expect_text(const char *name, rl_str got, const char *want) {
  if (rl_str_is(got, want)) return;
  fail_msg("%s\n--- got\n%.*s\n--- wanted\n%s", name, RL_STR_ARG(got), want);
}

#endif
