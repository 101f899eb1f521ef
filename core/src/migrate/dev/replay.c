/* Replays the folder's migrations in the shadow, an empty database. The applied migrations come first: then the shadow
 * should equal the real database. */
#include "migrate/dev/dev.h"

static bool was_replayed(const rl_dev *d, rl_str name) {
  RL_DB_EACH_NAMED(i, &d->done, name) {
    if (rl_str_is(name, d->replayed.items[i])) return true;
  }
  return false;
}

static bool remember_replayed(rl_dev *d, rl_str name) {
  const char *kept = rl_arena_strdup(&d->arena, name);
  return rl_dev_keep(d, &d->replayed, kept) &&
         rl_db_names_put(&d->arena, &d->done, rl_str_of(kept), d->replayed.count - 1);
}

static rille_status replay_one(rl_dev *d, rl_migrations *m, const rl_migration *x, rl_error *err) {
  rille_status st = rl_migrations_begin(m, x->name, false, err);
  if (st == RILLE_OK) st = rl_migrations_finish(m, err);
  if (st == RILLE_OK && !remember_replayed(d, x->name)) st = rl_fail_nomem(err);
  return st;
}

/* Replays the migrations that the shadow lacks. wanted: only these; NULL: all. */
static rille_status replay_into_shadow(rl_dev *d, const rl_map *wanted, rl_error *err) {
  rl_migrations m;
  const rl_migrations_settings settings = {
      .url = rl_str_of(d->shadow.url), .folder = d->s.folder, .replay = true, .schema = d->s.schema};
  rille_status st = rl_migrations_open(&m, &settings, err);
  if (st != RILLE_OK) return st;
  st = rl_migrations_load(&m, err);
  if (st == RILLE_OK) st = rl_migrations_prepare(&m, false, err);
  for (size_t i = 0; i < m.list.count && st == RILLE_OK; i++) {
    const rl_migration *x = &m.list.items[i];
    bool skipped = was_replayed(d, x->name) || (wanted && !rl_map_get(wanted, x->name));
    if (!skipped) st = replay_one(d, &m, x, err);
  }
  rl_migrations_close(&m);
  return st;
}

static rille_status open_shadow(rl_dev *d, rl_error *err) {
  rille_status st = rl_shadow_open(&d->shadow, d->s.url, d->s.shadow_url, err);
  d->has_shadow = st == RILLE_OK;
  d->done = (rl_db_names){0};
  d->replayed = (rl_dev_texts){0};
  return st;
}

/* ------------------------------------------------------------------ reasons for a reset */

static rille_status add_reason(rl_dev *d, rl_dev_reason_kind kind, rl_str migration, const char *script,
                               const char *text, rl_error *err) {
  rl_dev_reason *r = RL_DB_ADD(&d->arena, &d->reasons);
  const char *name = rl_arena_strdup(&d->arena, migration);
  if (!r || !name || !script || !text) return rl_fail_nomem(err);
  *r = (rl_dev_reason){kind, name, script, text};
  return RILLE_OK;
}

static rille_status check_migration(rl_dev *d, const rl_migration *x, rl_error *err) {
  static const struct {
    rl_migration_state state;
    rl_dev_reason_kind kind;
    const char *text;
  } all[] = {
      {RL_MIGRATION_FAILED, RL_DEV_FAILED, "the migration %.*s failed"},
      {RL_MIGRATION_EDITED, RL_DEV_EDITED, "the migration %.*s was changed after it was applied"},
      {RL_MIGRATION_MISSING, RL_DEV_MISSING, "the migration %.*s is applied to the database, but not in the folder"}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (x->state == all[i].state)
      return add_reason(d, all[i].kind, x->name, "", rl_arena_printf(&d->arena, all[i].text, RL_STR_ARG(x->name)), err);
  return RILLE_OK;
}

/* Adds a reason if something other than migrations changed the database: it differs from the shadow. */
static rille_status find_drift(rl_dev *d, rl_error *err) {
  rl_comparison c;
  const rl_diff_source from = {NULL, rl_str_of(d->shadow.url)}, to = {NULL, d->s.url};
  const rl_comparison_hints hints = {.names = d->s.schema};
  rille_status st = rl_compare_sources(&c, &from, &to, &hints, err);
  if (st == RILLE_OK && c.diff.steps.count) {
    rl_buf script;
    rl_buf_init(&script);
    rl_diff_script(&c.diff, c.dialect, &script);
    char *kept = script.failed ? NULL : rl_arena_strdup(&d->arena, rl_buf_view(&script));
    char *text = kept ? rl_arena_printf(&d->arena,
                                        "the database differs from its migrations; this script would lead from them "
                                        "to it:\n%s",
                                        kept)
                      : NULL;
    rl_buf_dispose(&script);
    st = add_reason(d, RL_DEV_DRIFT, (rl_str){"", 0}, kept, text, err);
  }
  rl_comparison_dispose(&c);
  return st;
}

/* ------------------------------------------------------------------ the replay */

typedef struct plan {
  rl_map applied;  /* names of applied migrations; strings are in the arena */
  bool is_ordered; /* no pending migration is earlier than an applied one */
} plan;

static rille_status make_plan(rl_dev *d, plan *p, rl_error *err) {
  const char *last_applied = NULL, *first_pending = NULL;
  rl_map_init(&p->applied);
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < d->m->list.count && st == RILLE_OK; i++) {
    const rl_migration *x = &d->m->list.items[i];
    char *name = rl_arena_strdup(&d->arena, x->name);
    if (!name) return rl_fail_nomem(err);
    if (x->state == RL_MIGRATION_APPLIED) {
      last_applied = name;
      if (!rl_map_put(&p->applied, rl_str_of(name), name)) return rl_fail_nomem(err);
    }
    if (rl_migration_is_pending(x) && !first_pending) first_pending = name;
    st = check_migration(d, x, err);
  }
  p->is_ordered = !last_applied || !first_pending || strcmp(first_pending, last_applied) > 0;
  return st;
}

static rille_status run_plan(rl_dev *d, const plan *p, rl_error *err) {
  rille_status st = RILLE_OK;
  if (!d->reasons.count) {
    st = replay_into_shadow(d, &p->applied, err);
    if (st == RILLE_OK) st = find_drift(d, err);
  }
  d->shadow_is_complete = !d->replayed.count || p->is_ordered;
  return st == RILLE_OK && d->shadow_is_complete ? replay_into_shadow(d, NULL, err) : st;
}

rille_status rl_dev_replay(rl_dev *d, rl_error *err) {
  plan p;
  rille_status st = open_shadow(d, err);
  if (st != RILLE_OK) return st;
  st = make_plan(d, &p, err);
  rl_dev_yield_handle(d);
  if (st == RILLE_OK) st = run_plan(d, &p, err);
  rl_map_dispose(&p.applied);
  return st;
}

rille_status rl_dev_replay_again(rl_dev *d, rl_error *err) {
  rl_shadow_close(&d->shadow);
  d->has_shadow = false;
  rille_status st = open_shadow(d, err);
  return st == RILLE_OK ? replay_into_shadow(d, NULL, err) : st;
}
