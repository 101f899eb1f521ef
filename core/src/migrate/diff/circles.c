/* Renames that form a circle: a from b, and b from a. Two columns may swap their names (rename.c). Swapped tables,
 * enums and values are rejected, because a database does not show whether the swap was done already. */
#include "migrate/diff/differ.h"

/* A table, enum, value or column that may be renamed. */
typedef struct named {
  rl_str name, word; /* in the database, in the schema */
  rl_str from;       /* the former name, in either */
} named;

typedef named item_at(const void *list, size_t i);

static bool is_called(const named *x, rl_str name) {
  return rl_str_eq(x->name, name) || (x->word.len && rl_str_eq(x->word, name));
}

static const size_t none = (size_t)-1;

/* Returns the position of what the item is renamed from. */
static size_t origin_of(item_at *at, const void *list, size_t count, size_t i) {
  named x = at(list, i);
  for (size_t k = 0; x.from.len && k < count; k++) {
    named y = at(list, k);
    if (k != i && is_called(&y, x.from)) return k;
  }
  return none;
}

/* Returns the number of renames that lead back to the item; 0: they do not. */
static size_t circle_length(item_at *at, const void *list, size_t count, size_t start) {
  size_t i = start;
  for (size_t steps = 1; steps <= count; steps++) {
    i = origin_of(at, list, count, i);
    if (i == none) return 0;
    if (i == start) return steps;
  }
  return 0;
}

static rille_status reject_circle(const char *what, const named *x, rl_error *err) {
  rl_fail(
      err, RL_VALIDATION,
      "the `@renamed-from` comments of %s form a circle: `%.*s` was `%.*s`, which was renamed in turn, and so back to "
      "`%.*s`; rename one of them to a free name, update the database, and give it its final name in a second change",
      what, RL_STR_ARG(x->name), RL_STR_ARG(x->from), RL_STR_ARG(x->name));
  rl_error_detail(err, "name", x->name);
  return RILLE_ERROR;
}

/* ------------------------------------------------------------------ items */

static named table_at(const void *list, size_t i) {
  const rl_db_table *t = &((const rl_db *)list)->tables.items[i];
  return (named){t->name, t->model, t->renamed_from};
}

static named enum_at(const void *list, size_t i) {
  const rl_db_enum *e = &((const rl_db *)list)->enums.items[i];
  return (named){e->name, e->model, e->renamed_from};
}

static named value_at(const void *list, size_t i) {
  const rl_db_value *v = &((const rl_db_enum *)list)->values.items[i];
  return (named){v->name, {"", 0}, v->renamed_from};
}

static named column_at(const void *list, size_t i) {
  const rl_db_column *c = &((const rl_db_table *)list)->columns.items[i];
  return (named){c->name, c->field, c->renamed_from};
}

static rille_status check_circles(const char *what, item_at *at, const void *list, size_t count, size_t allowed,
                                  rl_error *err) {
  for (size_t i = 0; i < count; i++) {
    named x = at(list, i);
    if (x.from.len && circle_length(at, list, count, i) > allowed) return reject_circle(what, &x, err);
  }
  return RILLE_OK;
}

rille_status rl_diff_circles(const rl_db *from, const rl_db *to, rl_error *err) {
  rille_status st = RILLE_OK;
  if (!from->tables.count) return RILLE_OK; /* an empty database: nothing is renamed */
  st = check_circles("models", table_at, to, to->tables.count, 0, err);
  if (st == RILLE_OK) st = check_circles("enums", enum_at, to, to->enums.count, 0, err);
  for (size_t i = 0; i < to->enums.count && st == RILLE_OK; i++)
    st = check_circles("the values of an enum", value_at, &to->enums.items[i], to->enums.items[i].values.count, 0, err);
  for (size_t i = 0; i < to->tables.count && st == RILLE_OK; i++)
    st = check_circles("fields", column_at, &to->tables.items[i], to->tables.items[i].columns.count, 2, err);
  return st;
}
