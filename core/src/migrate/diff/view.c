/* Views of PostgreSQL that use what changes: the server refuses to drop a column
 * or change its type while a view uses it. If the view's text is still valid
 * afterwards, the view is dropped first and created again last. Otherwise a
 * warning says which view is in the way. */
#include "migrate/diff/differ.h"
#include "migrate/structure/render.h"

typedef enum fate { STAYS, IS_RECREATED, IS_IN_THE_WAY } fate;

static const rl_db_column *column_was(const rl_db_table *t, rl_str name) {
  for (size_t i = 0; i < t->columns.count; i++)
    if (rl_str_eq(t->columns.items[i].was, name)) return &t->columns.items[i];
  return NULL;
}

/* Searches for a value of an enum, which the server prints as 'X'::"E". */
static bool names_value(rl_str sql, rl_str value) {
  rl_buf quoted;
  rl_buf_init(&quoted);
  rl_ddl_text(&quoted, value);
  rl_buf_text(&quoted, "::");
  rl_str text = rl_buf_view(&quoted);
  bool found = false;
  for (size_t i = 0; !found && i + text.len <= sql.len; i++) found = memcmp(sql.p + i, text.p, text.len) == 0;
  found = found || quoted.failed;
  rl_buf_dispose(&quoted);
  return found;
}

static fate fate_of_enum(const rl_differ *d, const rl_db_view *v, const rl_db_use *u) {
  const rl_db_enum *from = rl_db_enum_of(d->from, u->namespace_, u->table);
  const rl_db_enum *to = rl_db_enum_of(d->to, u->namespace_, u->table);
  if (!from || !to || !from->replaced) return STAYS;
  for (size_t i = 0; i < from->values.count; i++) {
    bool stays = false;
    for (size_t k = 0; k < to->values.count; k++)
      stays |= rl_str_eq(to->values.items[k].name, from->values.items[i].name);
    if (!stays && names_value(v->sql, from->values.items[i].name)) return IS_IN_THE_WAY;
  }
  return IS_RECREATED;
}

/* Returns what one thing that a view uses means for the view. *renamed: it has another name now. */
static fate fate_of_use(const rl_differ *d, const rl_db_view *v, const rl_db_use *u, bool *renamed) {
  if (u->is_enum) return fate_of_enum(d, v, u);
  const rl_db_table *from = rl_db_table_was(d->from, u->namespace_, u->table);
  if (!from) return STAYS;
  const rl_db_table *to = rl_db_table_of(d->to, from->namespace_, from->name);
  if (!to) return IS_IN_THE_WAY;
  *renamed |= !rl_str_eq(from->name, from->was);
  const rl_db_column *c = u->column.len ? column_was(from, u->column) : NULL;
  if (!c) return STAYS;
  const rl_db_column *now = rl_db_column_of(to, c->name);
  if (!now) return IS_IN_THE_WAY;
  *renamed |= !rl_str_eq(c->name, c->was);
  return (rl_db_same_type(d, c, now) && !c->retyped) || c->computed ? STAYS : IS_RECREATED;
}

static bool uses_view(const rl_db_view *v, const rl_db_view *other) {
  for (size_t i = 0; i < v->uses.count; i++)
    if (rl_str_eq(v->uses.items[i].table, other->name) && rl_str_eq(v->uses.items[i].namespace_, other->namespace_))
      return true;
  return false;
}

static fate own_fate(const rl_differ *d, const rl_db_view *v, const rl_db_use **why) {
  fate worst = STAYS;
  bool renamed = false;
  for (size_t i = 0; i < v->uses.count; i++) {
    fate f = fate_of_use(d, v, &v->uses.items[i], &renamed);
    if (f <= worst) continue;
    worst = f;
    *why = &v->uses.items[i];
  }
  return worst == IS_RECREATED && renamed ? IS_IN_THE_WAY : worst;
}

static void warn_of_view(rl_differ *d, const rl_db_view *v, const rl_db_use *u) {
  const char *what = u->is_enum      ? "a removed value of the enum"
                     : u->column.len ? rl_differ_printf(d, "the column `%.*s` of the table", RL_STR_ARG(u->column))
                                     : "the table";
  rl_str text = rl_differ_text(d,
                               "The view `%.*s` is in the way: it uses %s `%.*s`, which changes. Drop the view "
                               "first, and create it again afterwards.",
                               RL_STR_ARG(v->name), what, RL_STR_ARG(u->table));
  rl_differ_warn(d, &(rl_diff_warning){.kind = RL_WARNING_VIEW_IN_THE_WAY,
                                       .blocks = true,
                                       .table = u->is_enum ? (rl_str){"", 0} : u->table,
                                       .column = u->column,
                                       .name = v->name,
                                       .text = text,
                                       .counted = text});
}

static void write_view_name(rl_differ *d, const char *verb, const rl_db_view *v) {
  rl_buf_printf(&d->buf, "%s %s ", verb, v->materialized ? "MATERIALIZED VIEW" : "VIEW");
  rl_ddl_name(d->dialect, v->namespace_, v->name, &d->buf);
}

static void drop_view(rl_differ *d, const rl_db_view *v) {
  write_view_name(d, "DROP", v);
  rl_differ_step(d, RL_STEP_DROP_VIEW, v->name);
}

static void create_view(rl_differ *d, const rl_db_view *v) {
  rl_str text = rl_db_bare(d->dialect->provider, v->sql);
  if (text.len && text.p[text.len - 1] == ';') text.len--;
  write_view_name(d, "CREATE", v);
  rl_buf_printf(&d->buf, "%.*s AS\n%.*s", RL_STR_ARG(v->options), RL_STR_ARG(text));
  rl_differ_step(d, RL_STEP_CREATE_VIEW, v->name);
  for (size_t i = 0; i < v->dependents.count; i++) {
    rl_buf_str(&d->buf, v->dependents.items[i]);
    rl_differ_step(d, RL_STEP_CREATE_VIEW, v->name);
  }
}

/* Marks the views that use a recreated view, which are recreated too. Views are
 * few: each round finds those that use a view of the previous one. */
static void mark_dependent_views(const rl_differ *d, fate *fates) {
  for (bool any = true; any;) {
    any = false;
    for (size_t i = 0; i < d->from->views.count; i++)
      for (size_t k = 0; fates[i] == STAYS && k < d->from->views.count; k++) {
        if (k == i || fates[k] != IS_RECREATED || !uses_view(&d->from->views.items[i], &d->from->views.items[k]))
          continue;
        fates[i] = IS_RECREATED;
        any = true;
      }
  }
}

/* Returns whether no waiting view uses this one. backwards: whether it uses no
 * waiting view. */
static bool view_is_next(const rl_db *db, const bool *waiting, size_t at, bool backwards) {
  for (size_t k = 0; k < db->views.count; k++) {
    const rl_db_view *a = &db->views.items[at], *b = &db->views.items[k];
    if (k != at && waiting[k] && (backwards ? uses_view(a, b) : uses_view(b, a))) return false;
  }
  return true;
}

/* Drops the views in the order of their use; backwards: creates them. */
static void move_views(rl_differ *d, const fate *fates, bool *waiting, bool backwards) {
  size_t n = d->from->views.count;
  for (size_t i = 0; i < n; i++) waiting[i] = fates[i] == IS_RECREATED;
  for (bool any = true; any;) {
    any = false;
    for (size_t i = 0; i < n; i++) {
      if (!waiting[i] || !view_is_next(d->from, waiting, i, backwards)) continue;
      waiting[i] = false;
      any = true;
      if (backwards)
        create_view(d, &d->from->views.items[i]);
      else
        drop_view(d, &d->from->views.items[i]);
    }
  }
}

void rl_diff_views(rl_differ *d) {
  size_t n = d->from->views.count;
  if (!n) return;
  fate *fates = RL_NEW_ARRAY(d->arena, fate, n);
  bool *waiting = RL_NEW_ARRAY(d->arena, bool, n);
  if (!fates || !waiting) {
    d->failed = true;
    return;
  }
  for (size_t i = 0; i < n; i++) {
    const rl_db_use *why = NULL;
    fates[i] = own_fate(d, &d->from->views.items[i], &why);
    if (fates[i] == IS_IN_THE_WAY) warn_of_view(d, &d->from->views.items[i], why);
  }
  mark_dependent_views(d, fates);
  move_views(d, fates, waiting, false);
  move_views(d, fates, waiting, true);
}
