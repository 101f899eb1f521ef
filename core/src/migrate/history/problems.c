/* Problems of a folder and a history, and advice for each. */
#include <ctype.h>

#include "migrate/history/migrations.h"

static char *on_one_line(rl_arena *arena, rl_str text) {
  char *out = rl_arena_strdup(arena, text);
  size_t n = 0;
  for (size_t i = 0; out && i < text.len; i++) {
    bool space = isspace((unsigned char)text.p[i]) != 0;
    if (space && i && isspace((unsigned char)text.p[i - 1])) continue;
    out[n++] = space ? ' ' : text.p[i];
  }
  if (out) out[n] = 0;
  return out;
}

static rille_status add_problem(rl_migrations *m, rl_problem_kind kind, const char *code, rl_str migration,
                                const char *message, const char *advice, rl_error *err) {
  rl_migration_problem *p = RL_DB_ADD(&m->texts, &m->problems);
  if (!p || !message || !advice) return rl_fail_nomem(err);
  *p = (rl_migration_problem){kind, code, migration, message, advice};
  return RILLE_OK;
}

static const char *advice_for_failed(rl_migrations *m, const rl_migration *x) {
  if (rl_left_of(x->logs) == RL_LEFT_NOTHING)
    return rl_arena_printf(&m->texts,
                           "rille.migrate.resolve{ rolled_back = \"%.*s\" }, then deploy: nothing of it was kept",
                           RL_STR_ARG(x->name));
  return rl_arena_printf(&m->texts,
                         "check what it left in the database; then rille.migrate.resolve{ rolled_back = \"%.*s\" } to "
                         "apply it again, or { applied = \"%.*s\" } if you did the rest by hand",
                         RL_STR_ARG(x->name), RL_STR_ARG(x->name));
}

static rille_status add_failed(rl_migrations *m, const rl_migration *x, rl_error *err) {
  const char *reason = on_one_line(&m->texts, rl_reason_of(x));
  if (!reason) return rl_fail_nomem(err);
  const char *message = rl_arena_printf(&m->texts, "the migration %.*s, started at %.*s, did not finish%s%s",
                                        RL_STR_ARG(x->name), RL_STR_ARG(x->started_at), x->logs.len ? ": " : "",
                                        x->logs.len ? reason : "; its process ended or is still running");
  return add_problem(m, RL_PROBLEM_FAILED, "P3009", x->name, message, advice_for_failed(m, x), err);
}

static rille_status add_state_problem(rl_migrations *m, const rl_migration *x, rl_error *err) {
  if (x->state == RL_MIGRATION_FAILED) return add_failed(m, x, err);
  if (x->state == RL_MIGRATION_EDITED)
    return add_problem(
        m, RL_PROBLEM_EDITED, "EDITED", x->name,
        rl_arena_printf(&m->texts, "the migration %.*s was changed after it was applied", RL_STR_ARG(x->name)),
        "restore its migration.sql from version control, and make the change in a new migration", err);
  if (x->state == RL_MIGRATION_MISSING)
    return add_problem(
        m, RL_PROBLEM_MISSING, "MISSING", x->name,
        rl_arena_printf(&m->texts, "the migration %.*s is applied, but not in the folder", RL_STR_ARG(x->name)),
        "restore its folder from version control", err);
  if (x->has_script) return RILLE_OK;
  return add_problem(
      m, RL_PROBLEM_NO_SCRIPT, "P3015", x->name,
      rl_arena_printf(&m->texts, "%.*s/%.*s has no migration.sql", RL_STR_ARG(m->folder), RL_STR_ARG(x->name)),
      "restore it, or delete the folder", err);
}

static rille_status add_missing_history(rl_migrations *m, rl_error *err) {
  bool some = false;
  rille_status st = m->has_history ? RILLE_OK : rl_migrations_has_tables(m, &some, err);
  if (st != RILLE_OK || !some) return st;
  return add_problem(m, RL_PROBLEM_NO_HISTORY, "P3005", (rl_str){NULL, 0},
                     "the database has tables, but no history of migrations",
                     "record each migration that it already has, with rille.migrate.resolve{ applied = name }", err);
}

static rille_status add_wrong_provider(rl_migrations *m, rl_error *err) {
  rl_error found = {0};
  rille_status st = rl_folder_check_provider(m, &found);
  if (st == RILLE_NOMEM)
    st = rl_fail_nomem(err);
  else if (st != RILLE_OK)
    st = add_problem(m, RL_PROBLEM_PROVIDER, rl_code_name(found.code), (rl_str){NULL, 0},
                     rl_arena_strdup(&m->texts, rl_str_of(rl_error_message(&found))), "use the folder of this database",
                     err);
  rl_error_clear(&found);
  return st;
}

rille_status rl_migrations_evaluate(rl_migrations *m, rl_error *err) {
  rille_status st = RILLE_OK;
  m->problems.items = NULL;
  m->problems.count = m->problems.cap = 0;
  m->up_to_date = true;
  for (size_t i = 0; i < m->list.count && st == RILLE_OK; i++) {
    const rl_migration *x = &m->list.items[i];
    st = add_state_problem(m, x, err);
    m->up_to_date &= x->state == RL_MIGRATION_APPLIED || x->state == RL_MIGRATION_EDITED;
  }
  if (st == RILLE_OK) st = add_missing_history(m, err);
  return st == RILLE_OK ? add_wrong_provider(m, err) : st;
}
