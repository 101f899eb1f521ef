/* Opens a database, and creates it if it is missing. */
#include "migrate/structure/open.h"

#include "migrate/structure/provider.h"

char *rl_url_of_database(rl_str url, const char *database, rl_arena *arena) {
  const char *end = url.p + url.len;
  const char *at = url.p;
  while (at + 2 < end && memcmp(at, "://", 3) != 0) at++;
  if (at + 2 >= end) return NULL;
  const char *path = at + 3;
  while (path < end && *path != '/' && *path != '?') path++;
  const char *query = path;
  while (query < end && *query != '?') query++;
  return rl_arena_printf(arena, "%.*s/%s%.*s", (int)(path - url.p), url.p, database, (int)(end - query), query);
}

static rille_status create_database(rl_str url, const rl_conn_options *missing, const rl_dialect *dialect,
                                    rl_arena *arena, rl_error *err) {
  const char *admin_database = rl_migrate_part_of(dialect->provider)->admin_database;
  rl_session admin;
  rl_buf sql;
  char *admin_url = rl_url_of_database(url, admin_database, arena);
  if (!admin_url)
    return rl_fail(err, RL_P3000, "the database %s does not exist and could not be created", missing->display);
  rille_status st = rl_session_open(&admin, rl_str_of(admin_url), err);
  if (st != RILLE_OK) return st;
  rl_buf_init(&sql);
  rl_buf_text(&sql, "CREATE DATABASE ");
  dialect->identifier(&sql, rl_str_of(missing->database));
  const char *z = rl_buf_z(&sql);
  st = z ? rl_session_command(&admin, z, err) : rl_fail_nomem(err);
  rl_buf_dispose(&sql);
  rl_session_close(&admin);
  return st;
}

rille_status rl_open_or_create(rl_session *s, rl_str url, const rl_dialect *dialect, rl_error *err) {
  rl_error first = {0};
  rille_status st = rl_session_open_shared(s, url, &first);
  if (st == RILLE_OK || first.code != RL_P1003) {
    if (st != RILLE_OK) rl_error_move(err, &first);
    return st;
  }
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_conn_options options;
  st = rl_driver_parse_url(url, &arena, &options, err);
  /* if opening creates the database, it failed for another reason */
  bool opening_creates = !rl_migrate_part_of(dialect->provider)->admin_database;
  if (st == RILLE_OK && (opening_creates || !options.database)) {
    rl_error_move(err, &first);
    st = RILLE_ERROR;
  }
  if (st == RILLE_OK) st = create_database(url, &options, dialect, &arena, err);
  rl_arena_dispose(&arena);
  rl_error_clear(&first);
  return st == RILLE_OK ? rl_session_open_shared(s, url, err) : st;
}
