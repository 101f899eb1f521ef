/* What a change of a table may lose, with queries that count the affected
 * rows. */
#include "migrate/diff/differ.h"
#include "migrate/structure/render.h"

static void write_row_count(rl_differ *d, const rl_db_table *t, const rl_db_column *c, const char *condition) {
  rl_buf_text(&d->buf, "SELECT CAST(count(*) AS TEXT) FROM ");
  rl_ddl_name(d->dialect, t->namespace_, t->was, &d->buf);
  if (!c) return;
  rl_buf_text(&d->buf, " WHERE ");
  rl_sql_name(&d->buf, d->dialect, c->was);
  rl_buf_text(&d->buf, condition);
}

static void warn_of_column(rl_differ *d, rl_warning_kind kind, bool blocks, const rl_db_table *t, const rl_db_column *c,
                           rl_str text, rl_str counted) {
  rl_differ_warn(
      d, &(rl_diff_warning){
             .kind = kind, .blocks = blocks, .table = t->name, .column = c->name, .text = text, .counted = counted});
}

static void warn_of_dropped(rl_differ *d, const rl_db_table *t, const rl_db_column *c) {
  const char *what = rl_differ_printf(d, "You are about to drop the column `%.*s` on the `%.*s` table",
                                      RL_STR_ARG(c->name), RL_STR_ARG(t->name));
  write_row_count(d, t, c, " IS NOT NULL");
  warn_of_column(d, RL_WARNING_DROP_COLUMN, false, t, c,
                 rl_differ_text(d, "%s. All the data in the column will be lost.", what),
                 rl_differ_text(d, "%s, which still contains {n} non-null values.", what));
}

static void warn_of_added(rl_differ *d, const rl_db_table *t, const rl_db_column *c) {
  if (!c->required || c->autoincrement || c->def.kind != RL_DB_DEFAULT_NONE) return;
  const char *what =
      rl_differ_printf(d, "Added the required column `%.*s` to the `%.*s` table without a default value.",
                       RL_STR_ARG(c->name), RL_STR_ARG(t->name));
  write_row_count(d, t, NULL, "");
  warn_of_column(
      d, RL_WARNING_ADD_REQUIRED_COLUMN, true, t, c,
      rl_differ_text(d, "%s This is not possible if the table is not empty.", what),
      rl_differ_text(d, "%s There are {n} rows in this table, it is not possible to execute this step.", what));
}

static void warn_of_required(rl_differ *d, const rl_db_table *t, const rl_db_column *c, const rl_db_column *to) {
  if (!to->required || c->required || (!d->features->alters_tables && to->def.kind != RL_DB_DEFAULT_NONE)) return;
  const char *what =
      rl_differ_printf(d, "Made the column `%.*s` on table `%.*s` required", RL_STR_ARG(c->name), RL_STR_ARG(t->name));
  write_row_count(d, t, c, " IS NULL");
  warn_of_column(
      d, RL_WARNING_MAKE_REQUIRED, true, t, c,
      rl_differ_text(d, "%s. This step will fail if there are existing NULL values in that column.", what),
      rl_differ_text(d, "%s, but there are {n} existing NULL values, it is not possible to execute this step.", what));
}

/* Warns of a column that is dropped and created again because no cast exists. */
static void warn_of_recreated(rl_differ *d, const rl_db_table *t, const rl_db_column *c, bool impossible,
                              const char *place) {
  const char *what =
      impossible ? rl_differ_printf(d,
                                    "Changed the type of %s. No cast exists, the column would be dropped and "
                                    "recreated, which cannot be done since the column is required and there",
                                    place)
                 : rl_differ_printf(
                       d, "The type of %s is changed. No cast exists, the column is dropped and recreated:", place);
  write_row_count(d, t, impossible ? NULL : c, " IS NOT NULL");
  if (impossible)
    warn_of_column(d, RL_WARNING_REMAKE_REQUIRED, true, t, c, rl_differ_text(d, "%s is data in the table.", what),
                   rl_differ_text(d, "%s are {n} rows in the table.", what));
  else
    warn_of_column(d, RL_WARNING_REMAKE_COLUMN, false, t, c,
                   rl_differ_text(d, "%s all the data in the column will be lost.", what),
                   rl_differ_text(d, "%s its {n} non-null values will be lost.", what));
}

static void warn_of_cast(rl_differ *d, const rl_db_table *t, const rl_db_column *c, const rl_db_column *to) {
  rl_cast cast = rl_db_cast(d, c, to);
  const char *place = rl_differ_printf(d, "`%.*s` on the `%.*s` table", RL_STR_ARG(c->name), RL_STR_ARG(t->name));
  if (cast == RL_CAST_SAFE) return;
  if (cast == RL_CAST_NONE) {
    warn_of_recreated(d, t, c, to->required && to->def.kind == RL_DB_DEFAULT_NONE, place);
    return;
  }
  write_row_count(d, t, c, " IS NOT NULL");
  warn_of_column(d, RL_WARNING_CAST, false, t, c,
                 rl_differ_text(d,
                                "You are about to alter the column %s. The data in that column could be lost. It will "
                                "be cast from `%.*s` to `%.*s`.",
                                place, RL_STR_ARG(c->type), RL_STR_ARG(to->type)),
                 rl_differ_text(d,
                                "You are about to alter the column %s, which contains {n} non-null values. They will "
                                "be cast from `%.*s` to `%.*s`.",
                                place, RL_STR_ARG(c->type), RL_STR_ARG(to->type)));
}

/* The columns of a key. */
typedef struct key {
  const rl_str *columns;
  size_t count;
} key;

static bool is_merged(const rl_differ *d, const rl_db_table *from, const rl_db_table *to, rl_str column) {
  return rl_db_cast_merges(d, rl_db_column_of(from, column), rl_db_column_of(to, column));
}

static bool has_column(key k, rl_str column) {
  for (size_t i = 0; i < k.count; i++)
    if (rl_str_eq(k.columns[i], column)) return true;
  return false;
}

/* Compares the columns in any order. */
static bool is_same_key(key a, key b) {
  if (a.count != b.count) return false;
  for (size_t i = 0; i < b.count; i++)
    if (!has_column(a, b.columns[i])) return false;
  return true;
}

/* Returns the key of a unique index. It has no columns if the index is not unique, or not by their values alone. */
static key key_of(rl_differ *d, const rl_db_index *x) {
  if (!x->unique || x->opaque || x->predicate.len) return (key){NULL, 0};
  rl_str *columns = RL_NEW_ARRAY(d->arena, rl_str, x->count + 1);
  if (!columns) d->failed = true;
  for (size_t i = 0; columns && i < x->count; i++) columns[i] = x->parts[i].column;
  return (key){columns, columns ? x->count : 0};
}

/* Returns whether the table already has this key. */
static bool was_unique(rl_differ *d, const rl_db_table *t, key k) {
  if (is_same_key((key){t->primary.items, t->primary.count}, k)) return true;
  for (size_t i = 0; i < t->indexes.count; i++)
    if (is_same_key(key_of(d, &t->indexes.items[i]), k)) return true;
  return false;
}

/* Returns whether duplicates can be counted: all columns exist already, and none is created again with other values. */
static bool is_countable(const rl_differ *d, const rl_db_table *from, const rl_db_table *to, key k) {
  for (size_t i = 0; i < k.count; i++)
    if (!rl_db_column_of(from, k.columns[i]) || rl_db_is_recreated(d, from, to, k.columns[i])) return false;
  return k.count > 0;
}

/* Writes a query that counts duplicate values, as they will be after casts. */
static void write_duplicate_count(rl_differ *d, const rl_db_table *t, const rl_db_table *to, key k) {
  rl_buf list;
  rl_buf_init(&list);
  for (size_t i = 0; i < k.count; i++) {
    rl_buf_text(&list, i ? ", " : "");
    rl_db_cast_value(d, rl_db_column_of(t, k.columns[i]), rl_db_column_of(to, k.columns[i]), &list);
  }
  rl_buf_text(&d->buf, "SELECT CAST(count(*) AS TEXT) FROM (SELECT 1 FROM ");
  rl_ddl_name(d->dialect, t->namespace_, t->was, &d->buf);
  rl_buf_text(&d->buf, " WHERE ");
  for (size_t i = 0; i < k.count; i++) {
    rl_buf_text(&d->buf, i ? " AND " : "");
    rl_sql_name(&d->buf, d->dialect, rl_db_column_of(t, k.columns[i])->was);
    rl_buf_text(&d->buf, " IS NOT NULL");
  }
  rl_buf_printf(&d->buf, " GROUP BY %.*s HAVING count(*) > 1) AS doubles", (int)list.len, list.p ? list.p : "");
  if (list.failed) d->failed = true;
  rl_buf_dispose(&list);
}

static void warn_of_key(rl_differ *d, const rl_db_table *t, const rl_db_table *to, key k) {
  bool merges = false;
  if (!is_countable(d, t, to, k)) return;
  for (size_t i = 0; i < k.count; i++) merges |= is_merged(d, t, to, k.columns[i]);
  if (!merges && was_unique(d, t, k)) return;
  const char *names = "";
  for (size_t i = 0; i < k.count; i++)
    names = rl_differ_printf(d, "%s%s%.*s", names, i ? "," : "", RL_STR_ARG(k.columns[i]));
  const char *what = rl_differ_printf(d, "A unique constraint covering the columns `[%s]` on the table `%.*s`", names,
                                      RL_STR_ARG(t->name));
  write_duplicate_count(d, t, to, k);
  rl_diff_warning w = {.kind = RL_WARNING_ADD_UNIQUE, .blocks = true, .table = t->name};
  w.column = k.count == 1 ? k.columns[0] : (rl_str){"", 0};
  w.items = rl_differ_names(d, k.columns, k.count);
  w.item_count = w.items ? k.count : 0;
  w.text = rl_differ_text(d, "%s will be added. If there are existing duplicate values, this will fail.", what);
  w.counted = rl_differ_text(d, "%s cannot be added: {n} values exist more than once.", what);
  rl_differ_warn(d, &w);
}

void rl_diff_loss(rl_differ *d, const rl_db_table *from, const rl_db_table *to) {
  for (size_t i = 0; i < from->columns.count; i++) {
    const rl_db_column *c = &from->columns.items[i], *now = rl_db_column_of(to, c->name);
    if (!now) {
      warn_of_dropped(d, from, c);
    } else {
      warn_of_cast(d, from, c, now);
      if (rl_db_cast(d, c, now) != RL_CAST_NONE) warn_of_required(d, from, c, now);
    }
  }
  for (size_t i = 0; i < to->columns.count; i++)
    if (!rl_db_column_of(from, to->columns.items[i].name)) warn_of_added(d, from, &to->columns.items[i]);
  warn_of_key(d, from, to, (key){to->primary.items, to->primary.count});
  for (size_t i = 0; i < to->indexes.count; i++) warn_of_key(d, from, to, key_of(d, &to->indexes.items[i]));
}
