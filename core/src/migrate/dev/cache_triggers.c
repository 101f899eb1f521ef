/* Writes the migration of the cache's triggers. */
#include "migrate/dev/cache_triggers.h"

#include "base/clock.h"
#include "migrate/dev/name.h"

/* The first lines of these migrations, by which the latest one is found. */
static const char *const heads[2] = {
    "-- Tells the caches of clients what is written without rille. Written by `rille cache triggers`.\n",
    "-- Removes the triggers of `rille cache triggers`.\n"};

static rille_status check_database(const rl_cache_triggers_settings *s, rl_error *err) {
  const rl_driver *driver = rl_drivers[s->dialect->provider];
  const char *title = rl_provider_title(s->dialect->provider);
  if (rl_migrate_part_of(s->dialect->provider)->write_cache_triggers) return RILLE_OK;
  if (driver && driver->foreign_version)
    return rl_fail(err, RL_P2026, "%s needs no triggers: a cache notices every write of another program", title);
  return rl_fail(err, RL_P2026, "%s has no notifications, so triggers could not tell a cache anything", title);
}

/* Returns the text of the latest of these migrations; empty: there is none. */
static rl_str latest(const rl_migrations *m) {
  for (size_t i = m->list.count; i > 0; i--) {
    rl_str script = m->list.items[i - 1].script;
    for (int k = 0; k < 2; k++)
      if (rl_str_starts(script, rl_str_of(heads[k]))) return script;
  }
  return (rl_str){"", 0};
}

static void write_script(const rl_cache_triggers_settings *s, const rl_db *wanted, bool drop, rl_buf *out) {
  rl_buf_text(out, heads[drop]);
  rl_migrate_part_of(s->dialect->provider)->write_cache_triggers(out, wanted, drop);
}

static rille_status make_name(const rl_cache_triggers_settings *s, const rl_migrations *m, rl_arena *arena,
                              const char **out, rl_error *err) {
  rl_str usual = s->drop ? RL_STR("drop_rille_cache_triggers") : RL_STR("rille_cache_triggers");
  rl_str last = m->list.count ? m->list.items[m->list.count - 1].name : (rl_str){"", 0};
  rl_buf slug;
  rl_buf_init(&slug);
  rille_status st = rl_migration_slug(s->name, &slug, err);
  if (st == RILLE_OK) {
    rl_str word = slug.len ? rl_buf_view(&slug) : usual;
    *out = slug.failed ? NULL : rl_migration_folder_name(last, word, rl_clock_wall_us() / 1000000, arena);
    if (!*out) st = rl_fail_nomem(err);
  }
  rl_buf_dispose(&slug);
  return st;
}

static rille_status write_files(const rl_cache_triggers_settings *s, const char *name, rl_str script, rl_str down,
                                rl_error *err) {
  rille_status st = rl_folder_write(s->folder, rl_str_of(name), "migration.sql", script, err);
  if (st == RILLE_OK) st = rl_folder_write(s->folder, rl_str_of(name), "down.sql", down, err);
  return st == RILLE_OK ? rl_folder_write_lock(s->folder, s->dialect->provider, err) : st;
}

static rille_status write_migration(const rl_cache_triggers_settings *s, rl_migrations *m, rl_arena *arena,
                                    const char **created, rl_error *err) {
  rl_db wanted;
  rl_buf script, down;
  rille_status st = rl_db_of_schema(s->dialect, s->schema, arena, &wanted, err);
  if (st == RILLE_OK) st = rl_folder_read(m, err);
  if (st != RILLE_OK) return st;
  rl_buf_init(&script);
  rl_buf_init(&down);
  write_script(s, &wanted, s->drop, &script);
  write_script(s, &wanted, !s->drop, &down);
  rl_str known = latest(m);
  bool nothing = rl_str_eq(known, rl_buf_view(&script)) || (s->drop && !known.len);
  if (script.failed || down.failed) st = rl_fail_nomem(err);
  if (st == RILLE_OK && !nothing) st = make_name(s, m, arena, created, err);
  if (st == RILLE_OK && *created) st = write_files(s, *created, rl_buf_view(&script), rl_buf_view(&down), err);
  rl_buf_dispose(&script);
  rl_buf_dispose(&down);
  return st;
}

rille_status rl_cache_triggers_write(const rl_cache_triggers_settings *s, rl_arena *arena, const char **created,
                                     rl_error *err) {
  *created = NULL;
  rille_status st = check_database(s, err);
  if (st != RILLE_OK) return st;
  rl_migrations m = {.folder = s->folder, .dialect = s->dialect};
  m.session.options.driver = rl_drivers[s->dialect->provider];
  rl_arena_init(&m.texts, 0);
  st = m.session.options.driver ? rl_folder_check_provider(&m, err) : RILLE_OK;
  if (st == RILLE_OK) st = write_migration(s, &m, arena, created, err);
  rl_arena_dispose(&m.texts);
  return st;
}
