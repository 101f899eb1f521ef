/* The shadow database, in which migrations are replayed to see their result. On SQLite it is in memory. On PostgreSQL
 * it is created on the same server and dropped afterwards, or it is an existing one. */
#include <stdatomic.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/sha256.h"
#include "driver/facts.h"
#include "migrate/history/migrations.h"
#include "migrate/structure/open.h"
#include "sql/dialect.h"

/* Gives the database in memory a unique URL, which identifies it. The parameter has no other use here. */
static rille_status open_in_memory(rl_shadow *s, const char *memory_url, rl_error *err) {
  static _Atomic int64_t serial;
  s->url = rl_arena_printf(&s->arena, "%s?pool_timeout=%lld", memory_url, (long long)(100000000 + serial++));
  s->memory = s->url != NULL;
  return s->url ? RILLE_OK : rl_fail_nomem(err);
}

static rille_status admin_command(rl_shadow *s, const char *head, const char *name, const char *tail, rl_error *err) {
  rl_buf sql;
  rl_buf_init(&sql);
  rl_buf_text(&sql, head);
  rl_identifier_quote(&sql, rl_str_of(name));
  rl_buf_text(&sql, tail);
  const char *z = rl_buf_z(&sql);
  rille_status st = z ? rl_session_command(&s->admin, z, err) : rl_fail_nomem(err);
  rl_buf_dispose(&sql);
  return st;
}

/* Drops the shadows of killed processes: the owner of a shadow has the lock of its name, and these have no owner.
 * Advisory locks belong to one database, so only shadows of the same real database are checked, whose names have the
 * prefix. */
static rille_status drop_orphans(rl_shadow *s, const char *prefix, rl_error *err) {
  rl_text_rows rows = {0};
  char *sql =
      rl_arena_printf(&s->arena,
                      "SELECT datname, pg_try_advisory_lock(72707370, hashtext(datname))::text FROM pg_database "
                      "WHERE starts_with(datname, '%s')",
                      prefix);
  rille_status st = sql ? rl_session_rows(&s->admin, sql, 2, &rows, err) : rl_fail_nomem(err);
  for (size_t i = 0; i < rows.count && st == RILLE_OK; i++) {
    if (!rl_str_is(rl_cell(&rows, i, 1), "true")) continue;
    st = admin_command(s, "DROP DATABASE IF EXISTS ", rl_cell(&rows, i, 0).p, " WITH (FORCE)", err);
    rl_str name = rl_cell(&rows, i, 0);
    rl_error ignored = {0};
    rl_session_execute(&s->admin, "SELECT pg_advisory_unlock(72707370, hashtext($1))", &name, 1, &ignored);
    rl_error_clear(&ignored);
  }
  return st;
}

static rille_status create_shadow(rl_shadow *s, rl_error *err) {
  char id[RL_ID_MAX], digest[RL_SHA256_HEX];
  rl_str database = rl_str_of(s->admin.options.database ? s->admin.options.database : "");
  if (!rl_id_uuid4(id)) return rl_fail(err, RL_INTERNAL, "no random numbers available from the system");
  rl_sha256_hex(&database, 1, digest);
  char *prefix = rl_arena_printf(&s->arena, "rille_shadow_%.10s_", digest);
  s->name = prefix ? rl_arena_printf(&s->arena, "%s%.8s%.4s", prefix, id, id + 9) : NULL;
  if (!s->name) return rl_fail_nomem(err);
  rl_str name = rl_str_of(s->name);
  rille_status st = drop_orphans(s, prefix, err);
  if (st == RILLE_OK)
    st = rl_session_execute(&s->admin, "SELECT pg_advisory_lock(72707370, hashtext($1))", &name, 1, err);
  if (st == RILLE_OK) st = admin_command(s, "CREATE DATABASE ", s->name, " TEMPLATE template0", err);
  s->created = st == RILLE_OK;
  return st;
}

static rille_status open_created(rl_shadow *s, rl_str url, rl_error *err) {
  rl_error cause = {0};
  s->url = NULL;
  rille_status st = rl_session_open(&s->admin, url, &cause);
  s->open = st == RILLE_OK;
  if (st == RILLE_OK) st = create_shadow(s, &cause);
  if (st == RILLE_OK) {
    s->url = rl_url_of_database(url, s->name, &s->arena);
    return s->url ? RILLE_OK : rl_fail_nomem(err);
  }
  if (s->open && st == RILLE_ERROR)
    st = rl_fail(err, RL_P3014,
                 "cannot create the shadow database, in which migrations are tried: %s; grant the user CREATEDB, or "
                 "name an empty database with `shadow_url`",
                 rl_error_message(&cause));
  else
    rl_error_move(err, &cause);
  rl_error_clear(&cause);
  return st;
}

/* Drops all other database schemas, because migrations may have created any. It does not if the shadow is a schema of
 * the real database. */
static rille_status drop_other_schemas(rl_migrations *m, const char *database, rl_error *err) {
  static const char sql[] =
      "SELECT 'DROP SCHEMA ' || quote_ident(nspname) || ' CASCADE' FROM pg_namespace n "
      "WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND nspname IS DISTINCT FROM current_schema() "
      "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = n.oid AND d.deptype = 'e')";
  rl_str *drops = NULL, *name = NULL;
  size_t count = 0, names = 0;
  rille_status st = rl_session_texts(&m->session, "SELECT current_database()::text", &name, &names, err);
  if (st != RILLE_OK || !database || !names || rl_str_is(name[0], database)) return st;
  st = rl_session_texts(&m->session, sql, &drops, &count, err);
  for (size_t i = 0; i < count && st == RILLE_OK; i++) st = rl_session_command(&m->session, drops[i].p, err);
  return st;
}

/* Empties an existing shadow, before and after its use. database: the name of the real one. */
static rille_status clear_shadow(rl_str url, const char *database, rl_error *err) {
  rl_migrations m;
  rl_migrations_settings settings = {.url = url, .folder = RL_STR("."), .create = true, .replay = true};
  rille_status st = rl_migrations_open(&m, &settings, err);
  if (st != RILLE_OK) return st;
  const rl_schema none = {0};
  st = drop_other_schemas(&m, database, err);
  if (st == RILLE_OK) st = rl_migrations_reset(&m, &none, err);
  rl_migrations_close(&m);
  return st;
}

static rille_status open_existing(rl_shadow *s, rl_str url, rl_str shadow_url, rl_error *err) {
  rl_conn_options real;
  rille_status st = rl_driver_parse_url(url, &s->arena, &real, err);
  if (st != RILLE_OK) return st;
  s->real_database = real.database;
  st = clear_shadow(shadow_url, s->real_database, err);
  if (st != RILLE_OK) return st;
  s->url = rl_arena_strdup(&s->arena, shadow_url);
  return s->url ? RILLE_OK : rl_fail_nomem(err);
}

rille_status rl_shadow_open(rl_shadow *s, rl_str url, rl_str shadow_url, rl_error *err) {
  const rl_driver *driver = NULL;
  *s = (rl_shadow){0};
  rl_arena_init(&s->arena, 0);
  rille_status st = rl_driver_of_url(url, &driver, err);
  const char *memory_url = driver ? rl_facts_of(driver->provider)->memory_url : NULL;
  if (st == RILLE_OK && memory_url)
    st = open_in_memory(s, memory_url, err);
  else if (st == RILLE_OK && shadow_url.len && rl_str_eq(url, shadow_url))
    st = rl_fail(err, RL_P3014, "the shadow database cannot be the database itself; it is emptied before each use");
  else if (st == RILLE_OK && shadow_url.len)
    st = open_existing(s, url, shadow_url, err);
  else if (st == RILLE_OK)
    st = open_created(s, url, err);
  if (st != RILLE_OK) rl_shadow_close(s);
  return st;
}

static void release_memory(const char *url) {
  rl_pool_options defaults = {0};
  rl_pool *pool = NULL;
  rl_error ignored = {0};
  if (rl_pool_get(rl_str_of(url), &defaults, &pool, &ignored) == RILLE_OK) rl_pool_release(pool);
  rl_error_clear(&ignored);
}

void rl_shadow_close(rl_shadow *s) {
  rl_error ignored = {0};
  if (s->created) admin_command(s, "DROP DATABASE IF EXISTS ", s->name, " WITH (FORCE)", &ignored);
  if (s->memory) release_memory(s->url);
  if (s->url && !s->created && !s->memory) clear_shadow(rl_str_of(s->url), s->real_database, &ignored);
  if (s->open) rl_session_close(&s->admin);
  rl_error_clear(&ignored);
  rl_arena_dispose(&s->arena);
  *s = (rl_shadow){0};
}
