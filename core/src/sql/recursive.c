/* Recursive reads: a relation of a model to itself, followed level by level. The walk has only keys, each with its
 * path, so a cycle ends where it closes. The rows are read when the keys are known. */
#include "sql/datetime.h"
#include "sql/render.h"

#define TREE_TABLE "@tree"

typedef struct walk {
  rl_writer *w;
  const rl_select *s;
  const rl_field **key;
  size_t key_count;
} walk;

static bool tells_rows_apart(const rl_index *index) {
  if (index->kind != RL_INDEX_UNIQUE || index->where.len) return false;
  for (size_t i = 0; i < index->count; i++)
    if (!index->fields[i].field->required) return false;
  return true;
}

static bool find_key(walk *t) {
  const rl_model *m = t->s->model;
  const rl_index *index = m->primary;
  for (size_t i = 0; !index && i < m->index_count; i++)
    if (tells_rows_apart(&m->indexes[i])) index = &m->indexes[i];
  t->key_count = index ? index->count : 0;
  t->key = RL_NEW_ARRAY(&t->w->scratch, const rl_field *, t->key_count + 1);
  if (!t->key) {
    rl_w_nomem(t->w);
    return false;
  }
  for (size_t i = 0; i < t->key_count; i++) t->key[i] = index->fields[i].field;
  if (t->key_count == 0 && t->w->status == RILLE_OK)
    t->w->status = rl_fail(t->w->err, RL_P2026, "recursive: %.*s has no key by which its rows can be followed",
                           RL_STR_ARG(m->name));
  return t->key_count > 0;
}

/* Writes a row's key as one text with a clear end. */
static rl_expr key_text(const walk *t, uint32_t alias) {
  rl_expr text = "";
  for (size_t i = 0; i < t->key_count; i++) {
    rl_expr part = t->w->dialect->forms->key_text(t->w, rl_x_column(t->w, alias, t->key[i]));
    text = i > 0 ? rl_x(t->w, "%s || ',' || %s", text, part) : part;
  }
  return text;
}

/* Writes the key of the first row of the walk, if the rows next to it have it. */
static rl_expr root_text(const walk *t, uint32_t alias, uint32_t link) {
  rl_writer *w = t->w;
  const rl_field *field = t->s->recursive;
  if (t->s->link)
    return w->dialect->forms->key_text(
        w, rl_x(w, "t%u.%s", (unsigned)link, rl_x_identifier(w, rl_link_column(t->s->link_from_a))));
  const rl_relation *r = field->relation;
  if (field->holds_key || r->count != t->key_count) return NULL;
  rl_expr text = "";
  for (size_t i = 0; i < t->key_count; i++) {
    if (r->references[i] != t->key[i]) return NULL;
    rl_expr part = w->dialect->forms->key_text(w, rl_x_column(w, alias, r->fields[i]));
    text = i > 0 ? rl_x(w, "%s || ',' || %s", text, part) : part;
  }
  return text;
}

static void write_key(const walk *t, uint32_t alias, bool named) {
  for (size_t i = 0; i < t->key_count; i++)
    rl_w_f(t->w, "%s%s%s", i > 0 ? ", " : "", rl_x_column(t->w, alias, t->key[i]),
           named ? rl_x(t->w, " AS k%zu", i) : "");
}

static void write_link(const walk *t, uint32_t link) {
  if (t->s->link)
    rl_w_f(t->w, ", t%u.%s AS l0", (unsigned)link, rl_x_identifier(t->w, rl_link_column(t->s->link_from_a)));
}

static void first_level(const walk *t) {
  rl_writer *w = t->w;
  uint32_t alias = rl_w_alias(w), link = t->s->link ? rl_w_alias(w) : alias;
  rl_expr root = root_text(t, alias, link), own = key_text(t, alias);
  rl_w_text(w, "SELECT 1 AS depth, ");
  write_key(t, alias, true);
  write_link(t, link);
  if (root)
    rl_w_f(w, ", '/' || %s || '/' || %s || '/' AS path", root, own);
  else
    rl_w_f(w, ", '/' || %s || '/' AS path", own);
  rl_select start = *t->s;
  start.cursor = NULL;
  start.order_count = 0; /* rows are sorted after all are found */
  rl_sql_from_where(w, &start, alias, link, NULL);
  if (root)
    rl_w_f(w, "%s%s <> %s", start.keys || start.link_keys || !rl_filter_is_true(start.where) ? " AND " : " WHERE ",
           root, own);
}

static void equal_pairs(rl_writer *w, const rl_field *relation, uint32_t parent, uint32_t child) {
  const rl_relation *r = relation->relation;
  for (size_t i = 0; i < r->count; i++)
    rl_w_f(w, "%s%s = %s", i > 0 ? " AND " : "",
           rl_x_column(w, child, relation->holds_key ? r->references[i] : r->fields[i]),
           rl_x_column(w, parent, relation->holds_key ? r->fields[i] : r->references[i]));
}

static void join_next(const walk *t, uint32_t parent, uint32_t link, uint32_t child) {
  rl_writer *w = t->w;
  if (t->s->link) {
    rl_w_text(w, " INNER JOIN ");
    rl_sql_join_table(w, t->s->link);
    rl_w_f(w, " AS t%u ON t%u.%s = %s", (unsigned)link, (unsigned)link,
           rl_x_identifier(w, rl_link_column(t->s->link_from_a)),
           rl_x_column(w, parent, rl_model_link_id(t->s->model)));
  }
  rl_w_text(w, " INNER JOIN ");
  rl_w_table(w, t->s->model);
  rl_w_f(w, " AS t%u ON ", (unsigned)child);
  if (t->s->link)
    rl_w_f(w, "%s = t%u.%s", rl_x_column(w, child, rl_model_link_id(t->s->model)), (unsigned)link,
           rl_x_identifier(w, rl_link_column(!t->s->link_from_a)));
  else
    equal_pairs(w, t->s->recursive, parent, child);
}

static void next_level(const walk *t) {
  rl_writer *w = t->w;
  uint32_t parent = rl_w_alias(w), child = rl_w_alias(w), link = t->s->link ? rl_w_alias(w) : child;
  rl_expr own = key_text(t, child);
  rl_w_text(w, " UNION ALL SELECT r.depth + 1, ");
  write_key(t, child, false);
  if (t->s->link) rl_w_f(w, ", t%u.%s", (unsigned)link, rl_x_identifier(w, rl_link_column(t->s->link_from_a)));
  rl_w_f(w, ", r.path || %s || '/' FROM ", own);
  rl_w_identifier(w, RL_STR(TREE_TABLE));
  rl_w_text(w, " AS r INNER JOIN ");
  rl_w_table(w, t->s->model);
  rl_w_f(w, " AS t%u ON ", (unsigned)parent);
  for (size_t i = 0; i < t->key_count; i++)
    rl_w_f(w, "%s%s = r.k%zu", i > 0 ? " AND " : "", rl_x_column(w, parent, t->key[i]), i);
  join_next(t, parent, link, child);
  rl_expr part = rl_x(w, "'/' || %s || '/'", own);
  rl_w_text(w, " WHERE ");
  if (t->s->depth < INT32_MAX) rl_w_f(w, "r.depth < %ld AND ", (long)t->s->depth);
  rl_w_f(w, "NOT (%s)", w->dialect->forms->contains_text(w, "r.path", part));
  if (rl_filter_is_true(t->s->where)) return;
  rl_w_text(w, " AND ");
  rl_sql_filter(w, t->s->where, child, false);
}

static void write_columns(const walk *t, uint32_t alias) {
  for (size_t i = 0; i < t->s->column_count; i++) {
    const rl_column *c = &t->s->columns[i];
    rl_w_comma(t->w, i);
    if (c->kind == RL_COLUMN_DEPTH)
      rl_w_text(t->w, "r.depth");
    else if (c->kind == RL_COLUMN_LINK)
      rl_w_text(t->w, "r.l0");
    else
      rl_w_text(t->w, rl_x_output(t->w, t->s, c, alias, alias, false));
  }
}

/* Returns every row once per level, even if several paths lead to it. */
static void write_rows(const walk *t) {
  rl_writer *w = t->w;
  uint32_t alias = rl_w_alias(w);
  rl_w_text(w, "SELECT ");
  write_columns(t, alias);
  rl_w_text(w, " FROM (SELECT DISTINCT depth");
  for (size_t i = 0; i < t->key_count; i++) rl_w_f(w, ", k%zu", i);
  rl_w_f(w, "%s FROM %s) AS r INNER JOIN ", t->s->link ? ", l0" : "", rl_x_identifier(w, RL_STR(TREE_TABLE)));
  rl_w_table(w, t->s->model);
  rl_w_f(w, " AS t%u ON ", (unsigned)alias);
  for (size_t i = 0; i < t->key_count; i++)
    rl_w_f(w, "%s%s = r.k%zu", i > 0 ? " AND " : "", rl_x_column(w, alias, t->key[i]), i);
  rl_w_text(w, " ORDER BY r.depth");
  for (size_t i = 0; i < t->s->order_count; i++) {
    const rl_order *o = &t->s->orders[i];
    rl_expr value = rl_x_order(w, o, alias);
    if (rl_order_is_guarded(w, o)) value = rl_x_datetime(w, value, o->field); /* no index gives the order here */
    rl_w_f(w, ", %s %s", value, o->descending ? "DESC" : "ASC");
    if (o->nulls != RL_NULLS_DEFAULT) rl_w_text(w, o->nulls == RL_NULLS_FIRST ? " NULLS FIRST" : " NULLS LAST");
  }
}

void rl_sql_recursive(rl_writer *w, const rl_select *s) {
  walk t = {.w = w, .s = s};
  if (!find_key(&t)) return;
  rl_w_f(w, "WITH RECURSIVE %s AS (", rl_x_identifier(w, RL_STR(TREE_TABLE)));
  first_level(&t);
  next_level(&t);
  rl_w_text(w, ") ");
  write_rows(&t);
}
