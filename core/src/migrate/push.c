/* Push: applies the difference between a database and a schema in one transaction. */
#include "migrate/push.h"

#include "migrate/diff/sources.h"
#include "migrate/structure/open.h"
#include "migrate/structure/provider.h"

static rille_status run_steps(rl_session *s, const rl_diff *diff, rl_error *err) {
  for (size_t i = 0; i < diff->steps.count; i++) {
    char *sql = rl_arena_strdup(&s->arena, diff->steps.items[i].sql);
    rille_status st = sql ? rl_session_command(s, sql, err) : rl_fail_nomem(err);
    if (st != RILLE_OK) {
      rl_error_detail(err, "statement", diff->steps.items[i].sql);
      return st;
    }
  }
  return RILLE_OK;
}

static rille_status drop_all(rl_session *s, const rl_dialect *d, const rl_schema *schema, rl_str home, rl_error *err) {
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

static rille_status fail_with_warnings(const rl_str *texts, size_t count, bool blocked, rl_error *err) {
  rl_buf b;
  rl_buf_init(&b);
  for (size_t i = 0; i < count; i++) rl_buf_printf(&b, "\n  - %.*s", RL_STR_ARG(texts[i]));
  rille_status st = rl_fail(err, RL_P3001, "%s%.*s",
                            blocked ? "the change cannot be applied to the existing rows; change them first, or push "
                                      "with `reset = true`, which drops everything:"
                                    : "the change would lose data; `accept_data_loss = true` applies it anyway:",
                            (int)b.len, b.p ? b.p : "");
  rl_error_detail_list(err, "warnings", texts, count);
  rl_buf_dispose(&b);
  return st;
}

static rille_status check_loss(rl_session *s, const rl_diff *diff, bool accept, rl_error *err) {
  rl_counted_warnings found;
  rille_status st = rl_diff_count(s, diff, &s->arena, &found, err);
  if (st != RILLE_OK || !found.count || (accept && !found.blocked)) return st;
  rl_str *texts = RL_NEW_ARRAY(&s->arena, rl_str, found.count);
  if (!texts) return rl_fail_nomem(err);
  for (size_t i = 0; i < found.count; i++) texts[i] = found.items[i].text;
  return fail_with_warnings(texts, found.count, found.blocked, err);
}

/* SQLite does not check foreign keys while tables are rebuilt. They are checked
 * once at the end. */
static rille_status check_keys(rl_session *s, const rl_dialect *d, rl_error *err) {
  rl_text_rows rows;
  const char *sql = rl_migrate_part_of(d->provider)->first_broken;
  if (!sql) return RILLE_OK;
  rille_status st = rl_session_rows(s, sql, 2, &rows, err);
  if (st != RILLE_OK || !rows.count) return st;
  rl_str table = rl_cell(&rows, 0, 0), parent = rl_cell(&rows, 0, 1);
  return rl_fail(err, RL_P2003, "rows of the table `%.*s` would refer to missing rows of `%.*s`", RL_STR_ARG(table),
                 RL_STR_ARG(parent));
}

/* SQLite keeps a view whose tables or columns are dropped, and fails when it is
 * read. Such views are found before the commit. */
static rille_status check_views(rl_session *s, const rl_dialect *d, const rl_db *before, rl_error *err) {
  rl_db now;
  rl_str *broken = RL_NEW_ARRAY(&s->arena, rl_str, before->views.count + 1);
  size_t count = 0;
  if (!broken) return rl_fail_nomem(err);
  if (!before->views.count || rl_ddl_features_of(d)->guards_views) return RILLE_OK;
  rille_status st = rl_db_describe(s, d, NULL, 0, &now, err);
  for (size_t i = 0; i < before->views.count && st == RILLE_OK; i++) {
    const rl_db_view *was = &before->views.items[i], *is = NULL;
    for (size_t k = 0; k < now.views.count; k++)
      if (rl_str_eq(now.views.items[k].name, was->name)) is = &now.views.items[k];
    if (!was->columns.count || (is && is->columns.count)) continue;
    broken[count] =
        rl_str_of(rl_arena_printf(&s->arena,
                                  "The view `%.*s` is in the way: it uses what would no longer exist. Drop the view "
                                  "first, and create it again afterwards.",
                                  RL_STR_ARG(was->name)));
    if (!broken[count++].p) return rl_fail_nomem(err);
  }
  return st == RILLE_OK && count ? fail_with_warnings(broken, count, true, err) : st;
}

typedef struct push_order {
  const rl_schema *schema;
  const rl_dialect *dialect;
  bool reset, accept;
} push_order;

static rille_status apply_changes(rl_session *s, const push_order *p, rl_db *wanted, rl_db *live, rl_error *err) {
  char *home_sql = NULL;
  rl_diff diff = {0};
  rl_str home = rl_str_of(s->options.search_path);
  rille_status st = p->reset ? drop_all(s, p->dialect, p->schema, home, err) : RILLE_OK;
  if (st == RILLE_OK) st = rl_ddl_home(p->dialect, home, &s->arena, &home_sql, err);
  if (st == RILLE_OK && home_sql) st = rl_session_command(s, home_sql, err);
  if (st == RILLE_OK && p->reset)
    st = rl_db_describe(s, p->dialect, p->schema->namespaces, p->schema->namespace_count, live, err);
  if (st == RILLE_OK) st = rl_db_diff(live, wanted, &s->arena, &diff, err);
  if (st == RILLE_OK) st = check_loss(s, &diff, p->accept, err);
  if (st == RILLE_OK) st = run_steps(s, &diff, err);
  if (st == RILLE_OK && diff.steps.count) st = check_views(s, p->dialect, live, err);
  return st == RILLE_OK && diff.steps.count ? check_keys(s, p->dialect, err) : st;
}

static rille_status push_in_transaction(rl_session *s, const push_order *p, rl_db *wanted, rl_db *live, rl_error *err) {
  const char *before = rl_ddl_before(p->dialect), *after = rl_ddl_after(p->dialect);
  rille_status st = *before ? rl_session_command(s, before, err) : RILLE_OK;
  if (st == RILLE_OK) st = rl_session_begin(s, &(rl_begin){.deferred = true}, err);
  if (st != RILLE_OK) return st;
  st = apply_changes(s, p, wanted, live, err);
  rl_error ignored = {0};
  if (st == RILLE_OK)
    st = rl_session_commit(s, err);
  else if (s->options.driver->is_usable(s->conn))
    rl_session_rollback(s, &ignored);
  if (*after && s->options.driver->is_usable(s->conn)) rl_session_command(s, after, &ignored);
  rl_error_clear(&ignored);
  return st;
}

static rille_status push_session(rl_session *s, const push_order *p, rl_error *err) {
  rl_db wanted, live;
  rille_status st = rl_db_of_schema(p->dialect, p->schema, &s->arena, &wanted, err);
  if (st == RILLE_OK) st = rl_db_describe(s, p->dialect, p->schema->namespaces, p->schema->namespace_count, &live, err);
  if (st == RILLE_OK && !p->reset) st = rl_db_normalize(s, &wanted, &live, err);
  return st == RILLE_OK ? push_in_transaction(s, p, &wanted, &live, err) : st;
}

rille_status rl_push(const rl_push_settings *settings, rl_error *err) {
  const rl_driver *driver = NULL;
  rl_session s;
  rille_status st = rl_driver_of_url(settings->url, &driver, err);
  if (st == RILLE_OK) st = rl_check_provider(settings->schema, driver, err);
  if (st != RILLE_OK) return st;
  push_order p = {settings->schema, rl_dialect_of(driver), settings->reset, settings->accept_data_loss};
  st = rl_open_or_create(&s, settings->url, p.dialect, err);
  if (st != RILLE_OK) return st;
  st = push_session(&s, &p, err);
  rl_session_close(&s);
  return st;
}
