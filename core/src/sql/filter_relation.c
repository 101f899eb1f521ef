/* Relations: how related rows are found, and conditions on them. */
#include "sql/render.h"

rl_str rl_link_column(bool a) {
  return a ? RL_STR("A") : RL_STR("B");
}

void rl_sql_join_table(rl_writer *w, const rl_relation *relation) {
  rl_w_name(w, relation->join_namespace, relation->join_table);
}

/* Writes the pairs of columns of a foreign key for the row `parent`. */
static void key_pairs(rl_writer *w, const rl_field *relation, uint32_t parent, uint32_t child) {
  const rl_relation *r = relation->relation;
  for (size_t i = 0; i < r->count; i++) {
    const rl_field *mine = relation->holds_key ? r->fields[i] : r->references[i];
    const rl_field *theirs = relation->holds_key ? r->references[i] : r->fields[i];
    if (i > 0) rl_w_text(w, " AND ");
    rl_w_f(w, "%s = %s", rl_x_column(w, child, theirs), rl_x_column(w, parent, mine));
  }
}

static uint32_t related_by_link(rl_writer *w, const rl_field *relation, uint32_t parent, bool rows) {
  const rl_relation *r = relation->relation;
  bool parent_is_a = relation == r->key_side;
  uint32_t link = rl_w_alias(w), child = link;
  rl_w_text(w, "FROM ");
  rl_sql_join_table(w, r);
  rl_w_f(w, " AS t%u", (unsigned)link);
  if (rows) {
    child = rl_w_alias(w);
    rl_w_text(w, " INNER JOIN ");
    rl_w_table(w, relation->target);
    rl_w_f(w, " AS t%u ON %s = t%u.", (unsigned)child, rl_x_column(w, child, rl_model_link_id(relation->target)),
           (unsigned)link);
    rl_w_identifier(w, rl_link_column(!parent_is_a));
  }
  rl_w_f(w, " WHERE t%u.", (unsigned)link);
  rl_w_identifier(w, rl_link_column(parent_is_a));
  rl_w_f(w, " = %s", rl_x_column(w, parent, rl_model_link_id(relation->model)));
  return child;
}

uint32_t rl_sql_related(rl_writer *w, const rl_field *relation, uint32_t parent, bool rows) {
  if (relation->relation->kind == RL_MANY_TO_MANY) return related_by_link(w, relation, parent, rows);
  uint32_t child = rl_w_alias(w);
  rl_w_text(w, "FROM ");
  rl_w_table(w, relation->target);
  rl_w_f(w, " AS t%u WHERE ", (unsigned)child);
  key_pairs(w, relation, parent, child);
  return child;
}

void rl_sql_scope(rl_writer *w, const rl_filter *scope, uint32_t child) {
  if (!scope) return;
  rl_w_text(w, " AND ");
  rl_sql_filter(w, scope, child, false);
}

/* ------------------------------------------------------------------ quantifiers */

typedef enum wanted { ANY_ROW, TRUE_ROW, FALSE_ROW, NOT_FALSE_ROW } wanted;

/* Returns whether the columns of the join table identify the related rows, so their table is not needed. */
static bool names_link(const rl_filter *f) {
  const rl_filter *inner = f->inner;
  return f->field->relation->kind == RL_MANY_TO_MANY && inner && !inner->negated && inner->kind == RL_FILTER_KEYS &&
         inner->field_count == 1 && inner->fields[0] == rl_model_link_id(f->field->target);
}

static void exists_link(rl_writer *w, const rl_filter *f, uint32_t alias, bool there) {
  const rl_input *input = f->inner->inputs[0];
  rl_w_text(w, there ? "EXISTS (SELECT 1 " : "NOT EXISTS (SELECT 1 ");
  uint32_t link = rl_sql_related(w, f->field, alias, false);
  rl_str name = rl_link_column(f->field != f->field->relation->key_side);
  rl_expr column = rl_x(w, "t%u.%s", (unsigned)link, rl_x_identifier(w, name));
  rl_w_text(w, " AND ");
  if (rl_input_is_list(input))
    rl_w_text(w, w->dialect->forms->in_list(w, column, input, false, false));
  else
    rl_w_f(w, "%s = %s", column, rl_x_param(w, input));
  rl_w_text(w, ")");
}

/* Writes [NOT] EXISTS of a related row for which the inner condition has the given truth value. */
static void exists(rl_writer *w, const rl_filter *f, uint32_t alias, bool there, wanted row) {
  if (row == TRUE_ROW && !f->scope && names_link(f)) {
    exists_link(w, f, alias, there);
    return;
  }
  rl_w_text(w, there ? "EXISTS (SELECT 1 " : "NOT EXISTS (SELECT 1 ");
  uint32_t child = rl_sql_related(w, f->field, alias, row != ANY_ROW || f->scope);
  rl_sql_scope(w, f->scope, child);
  if (row == TRUE_ROW) {
    rl_w_text(w, " AND ");
    rl_sql_filter(w, f->inner, child, false);
  } else if (row != ANY_ROW) {
    rl_w_text(w, row == FALSE_ROW ? " AND NOT (" : " AND (");
    rl_sql_condition(w, f->inner, child, true);
    rl_w_text(w, row == FALSE_ROW ? ")" : ") IS NOT FALSE");
  }
  rl_w_text(w, ")");
}

/* Writes the condition that a to-one relation has no related row. */
static void is_missing(rl_writer *w, const rl_filter *f, uint32_t alias, bool missing) {
  const rl_relation *r = f->field->relation;
  if (!f->field->holds_key || f->scope) {
    exists(w, f, alias, !missing, ANY_ROW);
    return;
  }
  bool several = r->count > 1;
  rl_w_text(w, several ? "(" : "");
  for (size_t i = 0; i < r->count; i++) {
    if (i > 0) rl_w_text(w, missing ? " OR " : " AND ");
    rl_w_f(w, missing ? "%s IS NULL" : "%s IS NOT NULL", rl_x_column(w, alias, r->fields[i]));
  }
  rl_w_text(w, several ? ")" : "");
}

/* For a to-one relation, "is" is unknown, not false, if the condition on the related row is unknown. EXISTS has two
 * truth values, so it is written for the one that matters here. */
static void to_one(rl_writer *w, const rl_filter *f, uint32_t alias, bool negative) {
  bool is = f->quantifier == RL_IS;
  if (!f->inner)
    is_missing(w, f, alias, is);
  else if (rl_filter_is_true(f->inner))
    is_missing(w, f, alias, !is);
  else
    exists(w, f, alias, is, is == negative ? NOT_FALSE_ROW : TRUE_ROW);
}

void rl_sql_filter_relation(rl_writer *w, const rl_filter *f, uint32_t alias, bool negative) {
  bool all = rl_filter_is_true(f->inner);
  switch (f->quantifier) {
  case RL_SOME: exists(w, f, alias, true, all ? ANY_ROW : TRUE_ROW); return;
  case RL_NONE: exists(w, f, alias, false, all ? ANY_ROW : TRUE_ROW); return;
  case RL_EVERY:
    if (all)
      rl_w_text(w, "TRUE");
    else
      exists(w, f, alias, false, FALSE_ROW);
    return;
  case RL_IS:
  case RL_IS_NOT: to_one(w, f, alias, negative); return;
  }
}
