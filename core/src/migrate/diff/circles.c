/* Renames that go round in a circle, a from b and b from a. Columns may change places (diff_rename.c); of tables, enums
 * and values nothing in a database tells whether that is done already, so it is refused. */
#include "migrate/diff/differ.h"

/* One thing that may be renamed, whatever it is. */
typedef struct named {
  rl_str name, word, from; /* in the database, in the schema, and what it was called in either */
} named;

typedef named item_at(const void *list, size_t i);

static bool is_called(const named *x, rl_str name) {
  return rl_str_eq(x->name, name) || (x->word.len && rl_str_eq(x->word, name));
}

static const size_t none = (size_t)-1;

static size_t origin(item_at *at, const void *list, size_t count, size_t i) {
  named x = at(list, i);
  for (size_t k = 0; x.from.len && k < count; k++) {
    named y = at(list, k);
    if (k != i && is_called(&y, x.from)) return k;
  }
  return none;
}

/* How many steps lead back to it; 0: none do. */
static size_t circle(item_at *at, const void *list, size_t count, size_t start) {
  size_t i = start;
  for (size_t steps = 1; steps <= count; steps++) {
    i = origin(at, list, count, i);
    if (i == none) return 0;
    if (i == start) return steps;
  }
  return 0;
}

static rille_status refuse(const char *what, const named *x, rl_error *err) {
  rl_fail(
      err, RL_VALIDATION,
      "the @renamed-from comments of %s go round in a circle: `%.*s` was `%.*s`, which comes from elsewhere in turn, "
      "and so back to `%.*s`. Rename one to a name that is free and bring the database up to date; then take that "
      "name back in a second change",
      what, RL_STR_ARG(x->name), RL_STR_ARG(x->from), RL_STR_ARG(x->name));
  rl_error_detail(err, "name", x->name);
  return RILLE_ERROR;
}

/* ------------------------------------------------------------------ what there is */

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

static rille_status check(const char *what, item_at *at, const void *list, size_t count, size_t allowed,
                          rl_error *err) {
  for (size_t i = 0; i < count; i++) {
    named x = at(list, i);
    if (x.from.len && circle(at, list, count, i) > allowed) return refuse(what, &x, err);
  }
  return RILLE_OK;
}

rille_status rl_diff_circles(const rl_db *from, const rl_db *to, rl_error *err) {
  rille_status st = RILLE_OK;
  if (!from->tables.count) return RILLE_OK; /* there is nothing that was called anything */
  st = check("models", table_at, to, to->tables.count, 0, err);
  if (st == RILLE_OK) st = check("enums", enum_at, to, to->enums.count, 0, err);
  for (size_t i = 0; i < to->enums.count && st == RILLE_OK; i++)
    st = check("the values of an enum", value_at, &to->enums.items[i], to->enums.items[i].values.count, 0, err);
  for (size_t i = 0; i < to->tables.count && st == RILLE_OK; i++)
    st = check("fields", column_at, &to->tables.items[i], to->tables.items[i].columns.count, 2, err);
  return st;
}
