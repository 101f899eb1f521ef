/* The history of a database: the table _prisma_migrations, created and filled like Prisma's. */
#include "migrate/history/migrations.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/sql_scan.h"
#include "sql/ddl.h"
#include "tape/datetime.h"

/* ------------------------------------------------------------------ reading */

static rille_status query_bool(rl_migrations *m, const char *sql, bool *yes, rl_error *err) {
  rl_str *texts = NULL;
  size_t count = 0;
  rille_status st = rl_session_texts(&m->session, sql, &texts, &count, err);
  *yes = st == RILLE_OK && count && !rl_str_is(texts[0], "0") && !rl_str_is(texts[0], "false") && texts[0].len;
  return st;
}

/* Runs the query in the buffer, and disposes of it. */
static rille_status query_bool_buf(rl_migrations *m, rl_buf *sql, bool *yes, rl_error *err) {
  const char *z = rl_buf_z(sql);
  rille_status st = z ? query_bool(m, z, yes, err) : rl_fail_nomem(err);
  rl_buf_dispose(sql);
  return st;
}

static rille_status find_history(rl_migrations *m, rl_error *err) {
  rl_buf sql;
  rl_buf_init(&sql);
  m->part->write_has_history(&sql, m->table);
  return query_bool_buf(m, &sql, &m->has_history, err);
}

/* Orders rows of the same migration: a failed one comes before an applied one, and that before one rolled back. */
static int row_rank(rl_str finished, rl_str rolled_back) {
  return rolled_back.len ? 1 : finished.len ? 2 : 3;
}

rl_migration *rl_migrations_find(const rl_migrations *m, rl_str name) {
  for (size_t i = 0; i < m->list.count; i++)
    if (rl_str_eq(m->list.items[i].name, name)) return &m->list.items[i];
  return NULL;
}

/* Adds a row of the history to its migration. If there are several, the one with the highest rank counts. */
static bool read_row(rl_migrations *m, const rl_text_rows *rows, size_t i) {
  rl_str name = rl_cell(rows, i, 2), finished = rl_cell(rows, i, 4), rolled_back = rl_cell(rows, i, 5);
  rl_migration *x = rl_migrations_find(m, name);
  if (!x) {
    x = RL_DB_ADD(&m->texts, &m->list);
    if (!x) return false;
    *x = (rl_migration){.name = rl_arena_str(&m->texts, name)};
  }
  if (x->id.len && row_rank(finished, rolled_back) < row_rank(x->finished_at, x->rolled_back_at)) return true;
  x->id = rl_arena_str(&m->texts, rl_cell(rows, i, 0));
  x->recorded = rl_arena_str(&m->texts, rl_cell(rows, i, 1));
  x->started_at = rl_arena_str(&m->texts, rl_cell(rows, i, 3));
  x->finished_at = rl_arena_str(&m->texts, finished);
  x->rolled_back_at = rl_arena_str(&m->texts, rolled_back);
  x->logs = rl_arena_str(&m->texts, rl_cell(rows, i, 6));
  x->steps = strtoll(rl_cell(rows, i, 7).p, NULL, 10);
  m->counts_time = rl_str_is(rl_cell(rows, i, 8), "integer");
  return x->name.p && x->id.p && x->recorded.p && x->started_at.p && x->finished_at.p && x->rolled_back_at.p &&
         x->logs.p;
}

static bool is_edited(const rl_migration *x) {
  return x->has_script && !rl_str_is(x->recorded, x->checksum) && !rl_str_is(x->recorded, x->others[0]) &&
         !rl_str_is(x->recorded, x->others[1]);
}

static rl_migration_state state_of(const rl_migration *x) {
  if (!x->id.len) return RL_MIGRATION_PENDING;
  if (x->rolled_back_at.len) return RL_MIGRATION_ROLLED_BACK;
  if (!x->finished_at.len) return RL_MIGRATION_FAILED;
  if (!x->in_folder) return RL_MIGRATION_MISSING;
  return is_edited(x) ? RL_MIGRATION_EDITED : RL_MIGRATION_APPLIED;
}

static int compare_names(const void *a, const void *b) {
  return rl_str_cmp(((const rl_migration *)a)->name, ((const rl_migration *)b)->name);
}

/* Sets the states and sorts the list. What was rolled back and is not in the folder is left out. */
static void set_states(rl_migrations *m) {
  size_t kept = 0;
  for (size_t i = 0; i < m->list.count; i++) {
    rl_migration *x = &m->list.items[i];
    x->state = state_of(x);
    if (x->in_folder || x->state != RL_MIGRATION_ROLLED_BACK) m->list.items[kept++] = *x;
  }
  m->list.count = kept;
  if (kept) qsort(m->list.items, kept, sizeof *m->list.items, compare_names);
}

rille_status rl_migrations_load(rl_migrations *m, rl_error *err) {
  rl_text_rows rows = {0};
  rille_status st = rl_folder_read(m, err);
  if (st == RILLE_OK && !m->replay) st = find_history(m, err);
  if (st == RILLE_OK && m->has_history) {
    char *sql = rl_arena_printf(&m->texts, m->part->read_history, RL_STR_ARG(m->table));
    st = sql ? rl_session_rows(&m->session, sql, 9, &rows, err) : rl_fail_nomem(err);
  }
  for (size_t i = 0; i < rows.count && st == RILLE_OK; i++)
    if (!read_row(m, &rows, i)) st = rl_fail_nomem(err);
  if (st == RILLE_OK) set_states(m);
  return st;
}

/* ------------------------------------------------------------------ before a run */

rille_status rl_migrations_has_tables(rl_migrations *m, bool *some, rl_error *err) {
  rl_buf sql;
  rl_buf_init(&sql);
  m->part->write_has_tables(&sql, m->namespaces, m->namespace_count);
  return query_bool_buf(m, &sql, some, err);
}

static rille_status check_empty(rl_migrations *m, rl_error *err) {
  bool some = false;
  rille_status st = rl_migrations_has_tables(m, &some, err);
  if (st == RILLE_OK && some)
    st = rl_fail(
        err, RL_P3005,
        "the database %.*s has tables, but no history of migrations; record each migration that it already has, with "
        "rille.migrate.resolve{ applied = name } (a baseline), or use an empty database",
        RL_STR_ARG(m->display));
  return st;
}

/* Returns one line for a message, because Prisma records a whole trace. */
static rl_str first_reason(const rl_migration *x) {
  rl_str reason = rl_reason_of(x);
  const char *end = reason.len ? memchr(reason.p, '\n', reason.len) : NULL;
  return end ? (rl_str){reason.p, (size_t)(end - reason.p)} : reason;
}

static rille_status check_failed(rl_migrations *m, rl_error *err) {
  for (size_t i = 0; i < m->list.count; i++) {
    const rl_migration *x = &m->list.items[i];
    if (x->state != RL_MIGRATION_FAILED) continue;
    rl_fail(
        err, RL_P3009,
        "the migration %.*s, started at %.*s, did not finish, and nothing is applied before that is resolved%s%.*s; "
        "correct what it left, then call rille.migrate.resolve{ rolled_back = \"%.*s\" } to apply it again, or "
        "{ applied = \"%.*s\" } if all of it is in the database",
        RL_STR_ARG(x->name), RL_STR_ARG(x->started_at), x->logs.len ? ": " : "", RL_STR_ARG(first_reason(x)),
        RL_STR_ARG(x->name), RL_STR_ARG(x->name));
    rl_error_detail(err, "migration", x->name);
    if (x->logs.len) rl_error_detail(err, "logs", x->logs);
    return RILLE_ERROR;
  }
  return RILLE_OK;
}

static rille_status create_home(rl_migrations *m, rl_error *err) {
  char *sql = NULL;
  rille_status st = rl_ddl_home(m->dialect, rl_str_of(m->session.options.search_path), &m->session.arena, &sql, err);
  return st == RILLE_OK && sql ? rl_session_command(&m->session, sql, err) : st;
}

static rille_status create_history(rl_migrations *m, rl_error *err) {
  rille_status st = create_home(m, err);
  char *sql = rl_arena_printf(&m->session.arena, m->part->create_history_sql, RL_STR_ARG(m->table));
  if (st == RILLE_OK) st = sql ? rl_session_command(&m->session, sql, err) : rl_fail_nomem(err);
  if (st == RILLE_OK) m->has_history = true;
  return st;
}

rille_status rl_migrations_prepare(rl_migrations *m, bool baseline, rl_error *err) {
  if (m->replay) return create_home(m, err);
  rille_status st = rl_folder_check_provider(m, err);
  if (st == RILLE_OK && !baseline) st = check_failed(m, err);
  if (st != RILLE_OK || m->has_history) return st;
  if (!baseline) {
    st = create_home(m, err);
    if (st == RILLE_OK) st = check_empty(m, err);
  }
  return st == RILLE_OK ? create_history(m, err) : st;
}

/* ------------------------------------------------------------------ writing */

/* Writes the time in the history's format. */
static rl_str now_text(const rl_migrations *m, char out[RL_DATETIME_MAX]) {
  int64_t ms = rl_clock_wall_us() / 1000;
  char number[24];
  size_t len = rl_datetime_format_offset(ms * 1000, out);
  if (!m->counts_time) return (rl_str){out, len};
  rl_buf b;
  rl_buf_init(&b);
  rl_buf_int(&b, ms);
  len = b.len < sizeof number && !b.failed ? b.len : 0;
  if (len) memcpy(out, b.p, len);
  rl_buf_dispose(&b);
  return (rl_str){out, len};
}

/* format: %T stands for the table, %W for a time, which is parameter 1. */
static rille_status write_row(rl_migrations *m, const char *format, const rl_str *params, uint32_t count,
                              rl_error *err) {
  rl_buf sql;
  rl_buf_init(&sql);
  for (const char *p = format; *p; p++) {
    if (p[0] == '%' && p[1] == 'T')
      rl_buf_str(&sql, m->table), p++;
    else if (p[0] == '%' && p[1] == 'W')
      rl_buf_text(&sql, m->counts_time ? "CAST($1 AS INTEGER)" : "$1"), p++;
    else
      rl_buf_byte(&sql, *p);
  }
  char mark = rl_sql_rules_of(m->dialect->provider)->mark;
  for (size_t i = 0; i < sql.len; i++)
    if (sql.p[i] == '$') sql.p[i] = mark;
  const char *z = rl_buf_z(&sql);
  rille_status st = z ? rl_session_execute(&m->session, z, params, count, err) : rl_fail_nomem(err);
  rl_buf_dispose(&sql);
  return st;
}

rille_status rl_history_start(rl_migrations *m, rl_str note, rl_error *err) {
  char now[RL_DATETIME_MAX], id[RL_ID_MAX];
  if (m->replay) return RILLE_OK;
  if (!rl_id_uuid4(id)) return rl_fail(err, RL_INTERNAL, "no random numbers available from the system");
  memcpy(m->id, id, 37);
  rl_str params[] = {now_text(m, now), rl_str_of(m->id), rl_str_of(m->current->checksum), m->current->name, note};
  return write_row(m, "INSERT INTO %T (started_at, id, checksum, migration_name, logs) VALUES (%W, $2, $3, $4, $5)",
                   params, 5, err);
}

rille_status rl_history_steps(rl_migrations *m, int64_t steps, rl_str note, rl_error *err) {
  char number[24];
  rl_str params[] = {rl_str_of(m->id), {number, 0}, note};
  if (m->replay) return RILLE_OK;
  rl_buf b;
  rl_buf_init(&b);
  rl_buf_int(&b, steps);
  params[1].len = b.failed ? 0 : b.len;
  if (params[1].len) memcpy(number, b.p, b.len);
  rl_buf_dispose(&b);
  if (!params[1].len) return rl_fail_nomem(err);
  return write_row(m, "UPDATE %T SET applied_steps_count = CAST($2 AS INTEGER), logs = $3 WHERE id = $1", params, 3,
                   err);
}

rille_status rl_history_finish(rl_migrations *m, int64_t steps, rl_error *err) {
  char now[RL_DATETIME_MAX];
  if (m->replay) return RILLE_OK;
  rille_status st = rl_history_steps(m, steps, (rl_str){NULL, 0}, err);
  rl_str params[] = {now_text(m, now), rl_str_of(m->id)};
  return st == RILLE_OK ? write_row(m, "UPDATE %T SET finished_at = %W WHERE id = $2", params, 2, err) : st;
}

rille_status rl_history_log(rl_migrations *m, rl_str text, rl_error *err) {
  rl_str params[] = {text, rl_str_of(m->id)};
  if (m->replay) return RILLE_OK;
  return write_row(m, "UPDATE %T SET logs = $1 WHERE id = $2", params, 2, err);
}

static rille_status mark_rolled_back(rl_migrations *m, rl_str id, rl_error *err) {
  char now[RL_DATETIME_MAX];
  rl_str params[] = {now_text(m, now), id};
  return write_row(m, "UPDATE %T SET rolled_back_at = %W WHERE id = $2", params, 2, err);
}

rille_status rl_history_revert(rl_migrations *m, const rl_migration *x, rl_error *err) {
  return mark_rolled_back(m, x->id, err);
}

static rille_status mark_applied(rl_migrations *m, const rl_migration *x, rl_error *err) {
  char now[RL_DATETIME_MAX], id[RL_ID_MAX];
  if (x->state == RL_MIGRATION_APPLIED || x->state == RL_MIGRATION_EDITED)
    return rl_fail(err, RL_P3008, "the migration %.*s is already recorded as applied", RL_STR_ARG(x->name));
  rille_status st = rl_migrations_prepare(m, true, err);
  if (st == RILLE_OK && x->state == RL_MIGRATION_FAILED) st = mark_rolled_back(m, x->id, err);
  if (st == RILLE_OK && !rl_id_uuid4(id)) st = rl_fail(err, RL_INTERNAL, "no random numbers available from the system");
  rl_str params[] = {now_text(m, now), rl_str_of(id), rl_str_of(x->checksum), x->name, RL_STR("")};
  if (st != RILLE_OK) return st;
  return write_row(m,
                   m->counts_time
                       ? "INSERT INTO %T (started_at, finished_at, id, checksum, migration_name, logs) VALUES "
                         "(%W, %W, $2, $3, $4, $5)"
                       : "INSERT INTO %T (started_at, finished_at, id, checksum, migration_name, logs) VALUES "
                         "($1, $1, $2, $3, $4, $5)",
                   params, 5, err);
}

rille_status rl_migrations_mark(rl_migrations *m, rl_str name, bool applied, rl_error *err) {
  rl_migration *x = rl_migrations_find(m, name);
  rille_status st;
  if (applied && (!x || !x->in_folder))
    st = rl_fail(err, RL_P3017, "there is no migration %.*s in %.*s; expected the whole name of its folder",
                 RL_STR_ARG(name), RL_STR_ARG(m->folder));
  else if (applied)
    st = mark_applied(m, x, err);
  else if (!x || !x->id.len)
    st = rl_fail(err, RL_P3011,
                 "the migration %.*s was never applied to this database; expected the whole name of its folder",
                 RL_STR_ARG(name));
  else if (x->state != RL_MIGRATION_FAILED)
    st =
        rl_fail(err, RL_P3012,
                "the migration %.*s has not failed; only a failed one can be marked as rolled back (rille.migrate.down "
                "undoes an applied one)",
                RL_STR_ARG(name));
  else
    st = mark_rolled_back(m, x->id, err);
  if (st == RILLE_ERROR) rl_error_detail(err, "migration", name);
  return st;
}
