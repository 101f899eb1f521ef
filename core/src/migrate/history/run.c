/* The order of a run: which migrations are due, and one after the other. */
#include "migrate/history/migrations.h"

bool rl_migration_is_pending(const rl_migration *x) {
  return x->state == RL_MIGRATION_PENDING || x->state == RL_MIGRATION_ROLLED_BACK;
}

static bool is_applied(const rl_migration *x) {
  return x->state == RL_MIGRATION_APPLIED || x->state == RL_MIGRATION_EDITED || x->state == RL_MIGRATION_MISSING;
}

static rille_status about(rl_str name, rille_status st, rl_error *err) {
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
    return about(x->name,
                 rl_fail(err, RL_P3015,
                         "%.*s/%.*s has no migration.sql; restore it, or delete the folder (for a migration of "
                         "Lua alone an empty migration.sql is enough)",
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

/* The latest first: so many, or all behind the one that `to` names. */
static rille_status choose(rl_migrations *m, int64_t steps, rl_str to, rl_error *err) {
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
  return about(to, rl_fail(err, RL_P3017, "there is no migration %.*s in %.*s", RL_STR_ARG(to), RL_STR_ARG(m->folder)),
               err);
}

static rille_status check_ways_back(rl_migrations *m, rl_error *err) {
  for (size_t i = 0; i < m->due.count; i++) {
    const rl_migration *x = &m->list.items[m->due.items[i]];
    if (x->has_down) continue;
    return about(x->name,
                 rl_fail(err, RL_P3015,
                         "the migration %.*s cannot be taken back: %.*s/%.*s has no down.sql; write one, or go "
                         "forward with a new migration",
                         RL_STR_ARG(x->name), RL_STR_ARG(m->folder), RL_STR_ARG(x->name)),
                 err);
  }
  return RILLE_OK;
}

rille_status rl_migrations_take_back(rl_migrations *m, int64_t steps, rl_str to, rl_error *err) {
  if (!to.len && steps < 1)
    return rl_fail(err, RL_VALIDATION, "steps: the number of migrations to take back is 1 at least");
  rille_status st = m->has_history ? rl_migrations_prepare(m, false, err) : RILLE_OK;
  if (st == RILLE_OK) st = choose(m, steps, to, err);
  if (st == RILLE_OK) st = check_ways_back(m, err);
  if (st != RILLE_OK) m->due.count = 0;
  return st;
}

rille_status rl_migrations_next(rl_migrations *m, const rl_migration **out, rl_error *err) {
  *out = NULL;
  if (m->under) {
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
