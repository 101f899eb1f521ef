/* Runs: chooses the migrations that are due, and runs one after the other. */
#include "migrate/history/migrations.h"

bool rl_migration_is_pending(const rl_migration *x) {
  return x->state == RL_MIGRATION_PENDING || x->state == RL_MIGRATION_ROLLED_BACK;
}

static bool is_applied(const rl_migration *x) {
  return x->state == RL_MIGRATION_APPLIED || x->state == RL_MIGRATION_EDITED || x->state == RL_MIGRATION_MISSING;
}

static rille_status with_migration(rl_str name, rille_status st, rl_error *err) {
  if (st == RILLE_ERROR) rl_error_detail(err, "migration", name);
  return st;
}

static bool begin_list(rl_migrations *m, bool down) {
  m->due = (rl_migrations_due){.items = RL_NEW_ARRAY(&m->texts, size_t, m->list.count + 1), .down = down};
  return m->due.items != NULL;
}

static rille_status check_scripts(rl_migrations *m, rl_error *err) {
  for (size_t i = 0; i < m->list.count; i++) {
    const rl_migration *x = &m->list.items[i];
    if (!rl_migration_is_pending(x) || x->has_script) continue;
    return with_migration(
        x->name,
        rl_fail(err, RL_P3015,
                "%.*s/%.*s has no migration.sql; restore it, or delete the folder (a migration that only "
                "has migration.lua needs an empty migration.sql)",
                RL_STR_ARG(m->folder), RL_STR_ARG(x->name)),
        err);
  }
  return RILLE_OK;
}

rille_status rl_migrations_apply(rl_migrations *m, rl_error *err) {
  rille_status st = check_scripts(m, err);
  if (st == RILLE_OK) st = rl_migrations_prepare(m, false, err);
  if (st != RILLE_OK) return st;
  if (!begin_list(m, false)) return rl_fail_nomem(err);
  for (size_t i = 0; i < m->list.count; i++)
    if (rl_migration_is_pending(&m->list.items[i])) m->due.items[m->due.count++] = i;
  return RILLE_OK;
}

/* Lists the migrations to undo, the latest first: the last `steps`, or all after `to`. */
static rille_status choose_undone(rl_migrations *m, int64_t steps, rl_str to, rl_error *err) {
  bool found = !to.len;
  if (!begin_list(m, true)) return rl_fail_nomem(err);
  for (size_t i = m->list.count; i-- > 0;) {
    const rl_migration *x = &m->list.items[i];
    if (to.len && rl_str_eq(x->name, to)) {
      found = true;
      break;
    }
    if (is_applied(x) && (to.len || (int64_t)m->due.count < steps)) m->due.items[m->due.count++] = i;
  }
  if (found) return RILLE_OK;
  return with_migration(
      to, rl_fail(err, RL_P3017, "to: there is no migration %.*s in %.*s", RL_STR_ARG(to), RL_STR_ARG(m->folder)), err);
}

static rille_status check_down_scripts(rl_migrations *m, rl_error *err) {
  for (size_t i = 0; i < m->due.count; i++) {
    const rl_migration *x = &m->list.items[m->due.items[i]];
    if (x->has_down) continue;
    return with_migration(
        x->name,
        rl_fail(err, RL_P3015,
                "the migration %.*s cannot be undone: %.*s/%.*s has no down.sql; write one, or create a new "
                "migration that reverses it",
                RL_STR_ARG(x->name), RL_STR_ARG(m->folder), RL_STR_ARG(x->name)),
        err);
  }
  return RILLE_OK;
}

rille_status rl_migrations_take_back(rl_migrations *m, int64_t steps, rl_str to, rl_error *err) {
  if (!to.len && steps < 1)
    return rl_fail(err, RL_VALIDATION, "steps: expected an integer, 1 or more, got %lld", (long long)steps);
  rille_status st = m->has_history ? rl_migrations_prepare(m, false, err) : RILLE_OK;
  if (st == RILLE_OK) st = choose_undone(m, steps, to, err);
  if (st == RILLE_OK) st = check_down_scripts(m, err);
  if (st != RILLE_OK) m->due.count = 0;
  return st;
}

rille_status rl_migrations_next(rl_migrations *m, const rl_migration **out, rl_error *err) {
  *out = NULL;
  if (m->current) {
    rille_status st = rl_migrations_finish(m, err);
    if (st != RILLE_OK) {
      m->due.count = 0;
      return st;
    }
  }
  if (m->due.at >= m->due.count) return RILLE_DONE;
  const rl_migration *x = &m->list.items[m->due.items[m->due.at++]];
  rille_status st = rl_migrations_begin(m, x->name, m->due.down, err);
  if (st != RILLE_OK) {
    m->due.count = 0;
    return st;
  }
  *out = x;
  return RILLE_ROW;
}
