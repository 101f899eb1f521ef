/* Opens a database for migrations, and closes it. */
#include "migrate/history/migrations.h"

#include "base/alloc.h"
#include "migrate/structure/open.h"
#include "sql/ddl.h"

/* Sets the qualified name of the history's table, because a script may change the search path. */
static rille_status set_table_name(rl_migrations *m, rl_error *err) {
  rl_buf b;
  rl_text_rows rows = {0};
  rl_str home = rl_str_of(m->session.options.search_path);
  rille_status st = RILLE_OK;
  if (m->part->settings) st = rl_session_rows(&m->session, m->part->settings, 4, &rows, err);
  if (st != RILLE_OK) return st;
  rl_buf_init(&b);
  if (m->part->settings) {
    for (size_t i = 0; i < 3; i++) m->settings[i] = rl_cell(&rows, 0, i + 1);
    m->dialect->identifier(&b, home.len ? home : rl_cell(&rows, 0, 0));
    rl_buf_byte(&b, '.');
  }
  m->dialect->identifier(&b, RL_STR("_prisma_migrations"));
  m->table = b.failed ? (rl_str){NULL, 0} : rl_arena_str(&m->session.arena, rl_buf_view(&b));
  rl_buf_dispose(&b);
  return m->table.p ? RILLE_OK : rl_fail_nomem(err);
}

static bool copy_namespaces(rl_migrations *m, const rl_schema *schema) {
  size_t count = schema ? schema->namespace_count : 0;
  m->namespaces = RL_NEW_ARRAY(&m->session.arena, rl_str, count + 1);
  for (size_t i = 0; m->namespaces && i < count; i++) {
    m->namespaces[i] = rl_arena_str(&m->session.arena, schema->namespaces[i]);
    if (!m->namespaces[i].p) return false;
    m->namespace_count++;
  }
  return m->namespaces != NULL;
}

static rille_status apply_settings(rl_migrations *m, const rl_migrations_settings *s, rl_error *err) {
  rl_str folder = s->folder;
  while (folder.len > 1 && folder.p[folder.len - 1] == '/') folder.len--;
  m->folder = rl_arena_str(&m->session.arena, folder);
  m->display = rl_str_of(m->session.options.display);
  if (!m->folder.p || !copy_namespaces(m, s->schema)) return rl_fail_nomem(err);
  return set_table_name(m, err);
}

rille_status rl_migrations_open(rl_migrations *m, const rl_migrations_settings *s, rl_error *err) {
  const rl_driver *driver = NULL;
  *m = (rl_migrations){.lock_file = -1, .replay = s->replay};
  rl_arena_init(&m->texts, 0);
  rille_status st = rl_driver_of_url(s->url, &driver, err);
  if (st != RILLE_OK) return st;
  m->dialect = rl_dialect_of(driver);
  m->part = rl_migrate_part_of(driver->provider);
  st = s->create ? rl_open_or_create(&m->session, s->url, m->dialect, err)
                 : rl_session_open_shared(&m->session, s->url, err);
  m->open = st == RILLE_OK;
  if (st == RILLE_OK) st = apply_settings(m, s, err);
  if (st != RILLE_OK) rl_migrations_close(m);
  return st;
}

static void roll_back_open_transaction(rl_migrations *m) {
  const rl_driver *d = m->session.options.driver;
  rl_error ignored = {0};
  if (m->session.conn && d->is_usable(m->session.conn) && d->in_transaction(m->session.conn))
    rl_session_rollback(&m->session, &ignored);
  rl_error_clear(&ignored);
}

void rl_migrations_close(rl_migrations *m) {
  if (m->open) {
    roll_back_open_transaction(m);
    rl_migrations_unlock(m);
    rl_session_close(&m->session);
  }
  rl_arena_dispose(&m->texts);
  rl_free(m->lock_path);
  *m = (rl_migrations){.lock_file = -1};
}
