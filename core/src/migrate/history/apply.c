/* Applies a migration, or undoes one: runs the script and records it in the history, in one transaction if the database
 * allows it. */
#include "sql/ddl.h"

#include "base/alloc.h"
#include "migrate/history/migrations.h"

typedef struct script {
  rl_str text;
  rl_script_head head;
  rl_statements list;
  bool own_transactions; /* it begins and ends transactions: it is sent unchanged */
} script;

static const char *file_of(const rl_migrations *m) {
  return m->undoes ? "down.sql" : "migration.sql";
}

/* Rejects a zero byte, which would end its statement: the rest would silently not run. */
static rille_status check_text(const rl_migrations *m, rl_str text, rl_error *err) {
  const char *zero = text.len ? memchr(text.p, 0, text.len) : NULL;
  int line = 1;
  if (!zero) return RILLE_OK;
  for (const char *p = text.p; p < zero; p++) line += *p == '\n';
  return rl_fail(err, RL_VALIDATION,
                 "%s of the migration %.*s is no UTF-8 text: it has a zero byte in line %d; was it written as UTF-16?",
                 file_of(m), RL_STR_ARG(m->current->name), line);
}

static rille_status read_script(rl_migrations *m, script *s, rl_error *err) {
  rl_arena *arena = &m->session.arena;
  bool loaded = m->current->has_script && !m->undoes;
  *s = (script){.text = m->current->script};
  rille_status st = loaded ? RILLE_OK : rl_folder_file(m, m->current->name, file_of(m), arena, &s->text, err);
  if (st == RILLE_OK) st = check_text(m, s->text, err);
  if (st == RILLE_OK) st = rl_script_head_of(s->text, m->dialect->provider, &s->head, err);
  if (st == RILLE_OK) st = rl_statements_of(s->text, m->dialect->provider, arena, &s->list, err);
  for (size_t i = 0; i < s->list.count; i++)
    s->own_transactions |= rl_statement_is_transaction(s->list.items[i].sql, m->dialect->provider);
  if (st != RILLE_OK) rl_error_detail(err, "migration", m->current->name);
  return st;
}

/* ------------------------------------------------------------------ failure */

static rl_str first_line(rl_str sql) {
  size_t n = 0;
  while (n < sql.len && n < 200 && sql.p[n] != '\n') n++;
  while (n < sql.len && n && ((unsigned char)sql.p[n] & 0xc0) == 0x80) n--;
  return (rl_str){sql.p, n};
}

/* Turns the database's error into one that names the migration and the statement. */
static rille_status fail_at(rl_migrations *m, const rl_sql_statement *at, size_t number, rl_error *cause,
                            rl_error *err) {
  rl_buf text;
  rl_buf_init(&text);
  const char *what = m->replay ? "does not apply to an empty database" : m->undoes ? "could not be undone" : "failed";
  rl_buf_printf(&text, "the migration %.*s %s: %s", RL_STR_ARG(m->current->name), what, rl_error_message(cause));
  if (cause->sqlstate[0]) rl_buf_printf(&text, " (SQLSTATE %s)", cause->sqlstate);
  if (at)
    rl_buf_printf(&text, "; statement %zu, line %d of %s: %.*s", number, at->line, file_of(m),
                  RL_STR_ARG(first_line(at->sql)));
  const char *z = rl_buf_z(&text);
  rille_status st = z ? rl_fail(err, m->replay ? RL_P3006 : RL_P3018, "%s", z) : rl_fail_nomem(err);
  if (st == RILLE_ERROR) {
    memcpy(err->sqlstate, cause->sqlstate, sizeof err->sqlstate);
    err->native = cause->native;
    err->connection_lost = cause->connection_lost;
    rl_error_detail(err, "migration", m->current->name);
    rl_error_detail(err, "cause", rl_str_of(rl_error_message(cause)));
    rl_error_detail(err, "database_code", rl_str_of(rl_code_name(cause->code)));
    if (at) {
      rl_error_detail(err, "statement", at->sql);
      rl_buf_reset(&text);
      rl_buf_int(&text, at->line);
      rl_error_detail(err, "line", rl_buf_view(&text));
    }
  }
  rl_buf_dispose(&text);
  rl_error_clear(cause);
  return st;
}

static bool is_usable(const rl_migrations *m) {
  return m->session.conn && m->session.options.driver->is_usable(m->session.conn);
}

static void roll_back_transaction(rl_migrations *m) {
  rl_error ignored = {0};
  if (is_usable(m) && m->session.options.driver->in_transaction(m->session.conn))
    rl_session_rollback(&m->session, &ignored);
  rl_error_clear(&ignored);
  m->in_transaction = false;
}

/* Restores the session's settings, because a script may have changed its role, search path and others. */
static void restore_session(rl_migrations *m) {
  rl_error ignored = {0};
  if (!is_usable(m)) return;
  m->part->restore(&m->session, m->settings, &ignored);
  rl_error_clear(&ignored);
  m->keys_off = false;
}

/* Rolls back, records the failure in the history, and returns the error's status. */
static rille_status record_failure(rl_migrations *m, rl_remains remains, rl_error *err) {
  rl_error ignored = {0};
  roll_back_transaction(m);
  restore_session(m);
  if (is_usable(m) && !m->undoes && m->id[0]) {
    char *log = rl_arena_printf(&m->session.arena, "%s\n%s", rl_error_message(err), rl_remains_text(remains));
    if (log) rl_history_log(m, rl_str_of(log), &ignored);
  }
  rl_error_clear(&ignored);
  if (!err->nomem && !m->replay && !m->undoes)
    rl_error_detail(err, "left", rl_remains_left(remains) == RL_LEFT_NOTHING ? RL_STR("nothing") : RL_STR("part"));
  m->current = NULL;
  m->id[0] = 0;
  return err->nomem ? RILLE_NOMEM : RILLE_ERROR;
}

/* ------------------------------------------------------------------ running */

static rille_status run_statement(rl_migrations *m, const rl_sql_statement *x, rl_error *err) {
  char *z = rl_strndup(x->sql.p, x->sql.len);
  if (!z) return rl_fail_nomem(err);
  rille_status st = rl_session_script(&m->session, z, err);
  rl_free(z);
  return st;
}

/* The values are safe: the head accepts only digits and a unit. */
static rille_status set_timeouts(rl_migrations *m, const rl_script_head *h, const char *scope, rl_error *err) {
  const struct {
    const char *name;
    rl_str value;
  } all[] = {{"lock_timeout", h->lock_timeout}, {"statement_timeout", h->statement_timeout}};
  rille_status st = RILLE_OK;
  for (size_t i = 0; i < 2 && m->part->script_timeouts && st == RILLE_OK; i++) {
    if (!all[i].value.len) continue;
    char *sql = rl_arena_printf(&m->session.arena, "SET %s %s = '%.*s'", scope, all[i].name, RL_STR_ARG(all[i].value));
    st = sql ? rl_session_command(&m->session, sql, err) : rl_fail_nomem(err);
  }
  return st;
}

static rille_status count_broken_keys(rl_migrations *m, int64_t *count, rl_error *err) {
  rl_str *texts = NULL;
  size_t n = 0;
  rille_status st = rl_session_texts(&m->session, m->part->count_broken, &texts, &n, err);
  *count = 0;
  for (const char *p = st == RILLE_OK && n ? texts[0].p : ""; *p; p++) *count = *count * 10 + (*p - '0');
  return st;
}

/* Switches foreign keys off before a script that does so: on SQLite a rebuild drops a table, which must not delete the
 * rows that refer to it. The PRAGMA works only outside of transactions, and Prisma runs scripts without one. */
static rille_status disable_keys(rl_migrations *m, const script *s, rl_error *err) {
  for (size_t i = 0; i < s->list.count && m->part->count_broken; i++)
    m->keys_off |= rl_statement_disables_keys(s->list.items[i].sql, m->dialect->provider);
  if (!m->keys_off) return RILLE_OK;
  rille_status st = count_broken_keys(m, &m->broken_keys, err);
  return st == RILLE_OK ? rl_session_command(&m->session, rl_ddl_before(m->dialect), err) : st;
}

static rille_status check_keys(rl_migrations *m, rl_error *err) {
  int64_t broken = 0;
  if (!m->keys_off) return RILLE_OK;
  rille_status st = count_broken_keys(m, &broken, err);
  if (st != RILLE_OK || broken <= m->broken_keys) return st;
  return rl_fail(err, RL_P2003, "%lld rows would refer to missing rows", (long long)(broken - m->broken_keys));
}

static rille_status run_whole(rl_migrations *m, const script *s, rl_error *err) {
  rl_error cause = {0};
  rille_status st = disable_keys(m, s, &cause);
  if (st == RILLE_OK) st = rl_session_begin(&m->session, &(rl_begin){0}, &cause);
  m->in_transaction = st == RILLE_OK;
  if (st == RILLE_OK) st = set_timeouts(m, &s->head, "LOCAL", &cause);
  if (st != RILLE_OK) return fail_at(m, NULL, 0, &cause, err);
  for (size_t i = 0; i < s->list.count && st == RILLE_OK; i++) {
    st = run_statement(m, &s->list.items[i], &cause);
    if (st != RILLE_OK) fail_at(m, &s->list.items[i], i + 1, &cause, err);
  }
  return st;
}

static rille_status run_each(rl_migrations *m, const script *s, rl_error *err) {
  rl_error cause = {0};
  rille_status st = set_timeouts(m, &s->head, "", &cause);
  if (st != RILLE_OK) return fail_at(m, NULL, 0, &cause, err);
  for (size_t i = 0; i < s->list.count && st == RILLE_OK; i++) {
    st = run_statement(m, &s->list.items[i], &cause);
    if (st != RILLE_OK) return fail_at(m, &s->list.items[i], i + 1, &cause, err);
    m->steps = (int64_t)i + 1;
    rl_str note = rl_str_of(rl_remains_progress(&m->session.arena, i + 1, s->list.count));
    if (!m->undoes) st = note.p ? rl_history_steps(m, m->steps, note, err) : rl_fail_nomem(err);
  }
  return st;
}

/* Returns the number of the statement that failed, from 1 on; 0: the server does not report it. */
static size_t failed_statement(const script *s, const rl_error *cause) {
  size_t n = cause->failed.number;
  const char *p = s->text.p, *end = s->text.p + s->text.len;
  if (cause->failed.at) { /* in characters */
    for (uint32_t left = cause->failed.at - 1; left && p < end; left--)
      for (p++; p < end && ((unsigned char)*p & 0xc0) == 0x80;) p++;
    for (n = 0; n < s->list.count && s->list.items[n].sql.p <= p;) n++;
  }
  return n <= s->list.count ? n : 0;
}

/* Sends a script unchanged, like Prisma. On PostgreSQL, statements outside of transactions form one implicit
 * transaction. SQLite gets one statement at a time. */
static rille_status send_unchanged(rl_migrations *m, const script *s, size_t *number, rl_error *err) {
  rille_status st = RILLE_OK;
  if (m->part->sends_whole_scripts) {
    char *z = rl_arena_strdup(&m->session.arena, s->text);
    st = z ? rl_session_script(&m->session, z, err) : rl_fail_nomem(err);
    *number = st == RILLE_OK ? 0 : failed_statement(s, err);
    return st;
  }
  for (*number = 0; *number < s->list.count && st == RILLE_OK;) st = run_statement(m, &s->list.items[(*number)++], err);
  return st;
}

static rille_status run_unchanged(rl_migrations *m, const script *s, rl_error *err) {
  rl_error cause = {0};
  size_t n = 0;
  rille_status st = set_timeouts(m, &s->head, "", &cause);
  if (st == RILLE_OK) st = send_unchanged(m, s, &n, &cause);
  bool left_open = st == RILLE_OK && m->session.options.driver->in_transaction(m->session.conn);
  if (left_open) st = rl_fail(&cause, RL_VALIDATION, "the script begins a transaction but does not end it");
  if (st == RILLE_OK) return st;
  if (left_open) n = 0;
  return fail_at(m, n ? &s->list.items[n - 1] : NULL, n, &cause, err);
}

/* Returns whether a script's only statement failed because the database refuses it in a transaction (VACUUM, CREATE
 * INDEX CONCURRENTLY). Prisma sends it without one. SQLite has no SQLSTATE, so there the statement decides. */
static bool needs_no_transaction(const rl_migrations *m, const script *s, bool has_lua, const rl_error *err) {
  static const char active_sql_transaction[] = "25001";
  if (s->list.count != 1 || has_lua || err->nomem || !is_usable(m)) return false;
  if (err->sqlstate[0]) return strcmp(err->sqlstate, active_sql_transaction) == 0;
  return rl_statement_may_refuse_transaction(s->list.items[0].sql, m->dialect->provider);
}

/* Returns the history's note in case the process is killed from here on. */
static rl_str start_note(rl_migrations *m, const script *s) {
  if (s->head.no_transaction) return rl_str_of(rl_remains_progress(&m->session.arena, 0, s->list.count));
  return rl_str_of(rl_remains_text(s->own_transactions ? RL_REMAINS_OWN_TRANSACTIONS : RL_REMAINS_RUNNING_WHOLE));
}

/* Sends the statement again, now without a transaction. The history learns of it before: from here on a failure, or the
 * end of the process, may leave a part. */
static rille_status run_without_transaction(rl_migrations *m, script *s, rl_error *err) {
  roll_back_transaction(m);
  rl_error_clear(err);
  s->head.no_transaction = true;
  rl_str note = start_note(m, s);
  rille_status st = note.p ? RILLE_OK : rl_fail_nomem(err);
  if (st == RILLE_OK && !m->undoes) st = rl_history_steps(m, 0, note, err);
  return st == RILLE_OK ? run_each(m, s, err) : st;
}

static rille_status run_script(rl_migrations *m, script *s, rl_error *err) {
  bool with_lua = m->current->has_lua && !m->undoes && !m->replay;
  if (s->head.no_transaction) return run_each(m, s, err);
  if (s->own_transactions) return run_unchanged(m, s, err);
  rille_status st = run_whole(m, s, err);
  return st == RILLE_OK || !needs_no_transaction(m, s, with_lua, err) ? st : run_without_transaction(m, s, err);
}

static rl_remains remains_of(const rl_migrations *m, const script *s) {
  if (s->head.no_transaction) return m->steps ? RL_REMAINS_SOME_RAN : RL_REMAINS_NONE_RAN;
  return s->own_transactions ? RL_REMAINS_OWN_TRANSACTIONS : RL_REMAINS_ROLLED_BACK;
}

static rille_status check_lua(const rl_migrations *m, const script *s, rl_error *err) {
  bool no_transaction = s->head.no_transaction || s->own_transactions;
  if (!m->current->has_lua || m->undoes || !no_transaction) return RILLE_OK;
  rl_fail(err, RL_VALIDATION,
          "the migration %.*s has a migration.lua, which needs the transaction of migration.sql, but that runs without "
          "one; split it into two migrations",
          RL_STR_ARG(m->current->name));
  rl_error_detail(err, "migration", m->current->name);
  return RILLE_ERROR;
}

rille_status rl_migrations_begin(rl_migrations *m, rl_str name, bool down, rl_error *err) {
  script s;
  if (m->current)
    return rl_fail(err, RL_VALIDATION, "the migration %.*s has not finished", RL_STR_ARG(m->current->name));
  const rl_migration *x = rl_migrations_find(m, name);
  if (!x || !x->in_folder)
    return rl_fail(err, RL_P3017, "there is no migration %.*s in %.*s", RL_STR_ARG(name), RL_STR_ARG(m->folder));
  m->current = x;
  m->undoes = down;
  m->steps = 0;
  m->id[0] = 0;
  rille_status st = read_script(m, &s, err);
  if (st == RILLE_OK) st = check_lua(m, &s, err);
  rl_str note = st == RILLE_OK ? start_note(m, &s) : (rl_str){NULL, 0};
  if (st == RILLE_OK && !note.p) st = rl_fail_nomem(err);
  if (st == RILLE_OK && !down) st = rl_history_start(m, note, err);
  if (st != RILLE_OK) {
    m->current = NULL;
    return st;
  }
  st = run_script(m, &s, err);
  return st == RILLE_OK ? st : record_failure(m, remains_of(m, &s), err);
}

/* Records the end in the migration's transaction, if it has one. Then both are committed, or neither. */
static rille_status record_end(rl_migrations *m, rl_error *err) {
  if (!m->undoes) return rl_history_finish(m, m->steps ? m->steps : 1, err);
  return m->replay || !m->current->id.len ? RILLE_OK : rl_history_revert(m, m->current, err);
}

rille_status rl_migrations_finish(rl_migrations *m, rl_error *err) {
  rl_error cause = {0};
  bool whole = m->in_transaction;
  if (!m->current) return rl_fail(err, RL_VALIDATION, "no migration has begun");
  bool ended = whole && !m->session.options.driver->in_transaction(m->session.conn);
  rille_status st = ended ? rl_fail(&cause, RL_P2028, "its transaction ended before the migration") : RILLE_OK;
  if (st == RILLE_OK) st = check_keys(m, &cause);
  if (st == RILLE_OK) st = record_end(m, &cause);
  if (st == RILLE_OK && whole) st = rl_session_commit(&m->session, &cause);
  if (st != RILLE_OK) {
    fail_at(m, NULL, 0, &cause, err);
    return record_failure(m, ended ? RL_REMAINS_PART : whole ? RL_REMAINS_ROLLED_BACK : RL_REMAINS_ALL_RAN, err);
  }
  m->in_transaction = false;
  restore_session(m);
  m->current = NULL;
  m->id[0] = 0;
  return RILLE_OK;
}

rille_status rl_migrations_fail(rl_migrations *m, rl_str message, rl_error *err) {
  rl_error cause = {0};
  if (!m->current) return rl_fail(err, RL_VALIDATION, "no migration has begun");
  rl_fail(&cause, RL_VALIDATION, "%.*s", RL_STR_ARG(message));
  fail_at(m, NULL, 0, &cause, err);
  bool ended = !is_usable(m) || !m->session.options.driver->in_transaction(m->session.conn);
  return record_failure(m, is_usable(m) && ended ? RL_REMAINS_PART : RL_REMAINS_ROLLED_BACK, err);
}

/* ------------------------------------------------------------------ reset */

static rille_status drop_all(rl_migrations *m, const rl_schema *schema, rl_error *err) {
  static const rl_schema none;
  rl_str *drops = NULL;
  size_t count = 0;
  rl_str home = rl_str_of(m->session.options.search_path);
  char *list = rl_ddl_list_drops(m->dialect, schema ? schema : &none, home, &m->session.arena);
  rille_status st = list ? rl_session_texts(&m->session, list, &drops, &count, err) : rl_fail_nomem(err);
  for (size_t i = 0; i < count && st == RILLE_OK; i++) st = rl_session_command(&m->session, drops[i].p, err);
  char *last = rl_arena_printf(&m->session.arena, "DROP TABLE IF EXISTS %.*s", RL_STR_ARG(m->table));
  if (st == RILLE_OK) st = last ? rl_session_command(&m->session, last, err) : rl_fail_nomem(err);
  return st;
}

rille_status rl_migrations_reset(rl_migrations *m, const rl_schema *schema, rl_error *err) {
  const char *before = rl_ddl_before(m->dialect), *after = rl_ddl_after(m->dialect);
  rl_error ignored = {0};
  rille_status st = *before ? rl_session_command(&m->session, before, err) : RILLE_OK;
  if (st == RILLE_OK) st = rl_session_begin(&m->session, &(rl_begin){0}, err);
  if (st == RILLE_OK) st = drop_all(m, schema, err);
  if (st == RILLE_OK) st = rl_session_commit(&m->session, err);
  if (st != RILLE_OK) roll_back_transaction(m);
  if (*after && is_usable(m)) rl_session_command(&m->session, after, &ignored);
  rl_error_clear(&ignored);
  return st == RILLE_OK ? rl_migrations_load(m, err) : st;
}
