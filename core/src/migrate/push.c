/* Push: the statements of a schema on a database, in one transaction. */
#include "migrate/push.h"

#include "run/session.h"
#include "sql/ddl.h"

/* The same server's URL with another database: scheme://authority/DATABASE?parameters. */
static char *url_of_database(rl_str url, const char *database, rl_arena *arena) {
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
  rl_session admin;
  rl_buf sql;
  char *elsewhere = url_of_database(url, "postgres", arena);
  if (!elsewhere)
    return rl_fail(err, RL_P3000, "the database %s does not exist and could not be created", missing->display);
  rille_status st = rl_session_open(&admin, rl_str_of(elsewhere), err);
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

static rille_status open_or_create(rl_session *s, rl_str url, const rl_dialect *dialect, rl_error *err) {
  rl_error first = {0};
  rille_status st = rl_session_open(s, url, &first);
  if (st == RILLE_OK || first.code != RL_P1003) {
    if (st != RILLE_OK) rl_error_move(err, &first);
    return st;
  }
  rl_arena arena;
  rl_arena_init(&arena, 0);
  rl_conn_options options;
  st = rl_driver_parse_url(url, &arena, &options, err);
  bool is_file =
      st == RILLE_OK && options.driver->single_writer; /* which opening it makes: it failed for another reason */
  if (st == RILLE_OK && (is_file || !options.database)) {
    rl_error_move(err, &first);
    st = RILLE_ERROR;
  }
  if (st == RILLE_OK) st = create_database(url, &options, dialect, &arena, err);
  rl_arena_dispose(&arena);
  rl_error_clear(&first);
  return st == RILLE_OK ? rl_session_open(s, url, err) : st;
}

static rille_status run_all(rl_session *s, char **statements, size_t count, rl_error *err) {
  for (size_t i = 0; i < count; i++) {
    rille_status st = rl_session_command(s, statements[i], err);
    if (st != RILLE_OK) {
      rl_error_detail(err, "statement", rl_str_of(statements[i]));
      return st;
    }
  }
  return RILLE_OK;
}

static rille_status clear(rl_session *s, const rl_dialect *d, const rl_schema *schema, rl_str home, rl_error *err) {
  rl_str *drops = NULL;
  size_t count = 0;
  char *sql = rl_ddl_list_drops(d, schema, home, &s->arena);
  rille_status st = sql ? rl_session_texts(s, sql, &drops, &count, err) : rl_fail_nomem(err);
  for (size_t i = 0; i < count && st == RILLE_OK; i++) {
    char *z = rl_arena_strdup(&s->arena, drops[i]);
    st = z ? rl_session_command(s, z, err) : rl_fail_nomem(err);
  }
  return st;
}

static rille_status refuse_if_filled(rl_session *s, const rl_dialect *d, const rl_schema *schema, rl_str home,
                                     rl_error *err) {
  rl_str *tables = NULL;
  size_t count = 0;
  char *sql = rl_ddl_list_tables(d, schema, home, &s->arena);
  rille_status st = sql ? rl_session_texts(s, sql, &tables, &count, err) : rl_fail_nomem(err);
  if (st != RILLE_OK || count == 0) return st;
  return rl_fail(err, RL_P3005,
                 "the database %s is not empty: it has %zu table%s, \"%.*s\" among them; push with reset = true drops "
                 "them all first",
                 s->options.display, count, count == 1 ? "" : "s", RL_STR_ARG(tables[0]));
}

static rille_status rebuild(rl_session *s, const rl_dialect *d, const rl_schema *schema, bool reset, rl_error *err) {
  rl_ddl ddl;
  char *home_sql = NULL;
  rl_str home = rl_str_of(s->options.search_path);
  rille_status st = reset ? clear(s, d, schema, home, err) : refuse_if_filled(s, d, schema, home, err);
  if (st == RILLE_OK) st = rl_ddl_home(d, home, &s->arena, &home_sql, err);
  if (st == RILLE_OK && home_sql) st = rl_session_command(s, home_sql, err);
  if (st == RILLE_OK) st = rl_ddl_create(d, schema, &s->arena, &ddl, err);
  return st == RILLE_OK ? run_all(s, ddl.statements, ddl.count, err) : st;
}

static rille_status push(rl_session *s, const rl_dialect *d, const rl_schema *schema, bool reset, rl_error *err) {
  const char *before = rl_ddl_before(d), *after = rl_ddl_after(d);
  rille_status st = *before ? rl_session_command(s, before, err) : RILLE_OK;
  if (st == RILLE_OK) st = rl_session_command(s, "BEGIN", err);
  if (st != RILLE_OK) return st;
  st = rebuild(s, d, schema, reset, err);
  rl_error ignored = {0};
  if (st == RILLE_OK)
    st = rl_session_command(s, "COMMIT", err);
  else if (s->options.driver->is_usable(s->conn))
    rl_session_command(s, "ROLLBACK", &ignored);
  if (*after && s->options.driver->is_usable(s->conn)) rl_session_command(s, after, &ignored);
  rl_error_clear(&ignored);
  return st;
}

rille_status rl_push(const rl_schema *schema, rl_str url, bool reset, rl_error *err) {
  const rl_driver *driver = NULL;
  rl_session s;
  rille_status st = rl_driver_of_url(url, &driver, err);
  if (st == RILLE_OK) st = rl_check_provider(schema, driver, err);
  if (st != RILLE_OK) return st;
  const rl_dialect *dialect = rl_dialect_of(driver);
  st = open_or_create(&s, url, dialect, err);
  if (st != RILLE_OK) return st;
  st = push(&s, dialect, schema, reset, err);
  rl_session_close(&s);
  return st;
}
