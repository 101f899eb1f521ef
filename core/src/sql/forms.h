/* How databases differ inside a statement: the expressions that each dialect writes. Private to sql. */
#ifndef RL_SQL_FORMS_H
#define RL_SQL_FORMS_H

#include "sql/writer.h"

typedef struct rl_dialect_forms {
  bool nulls_largest;    /* nulls are last in ascending order by default; false: first */
  const char *same;      /* equality that is true for two nulls */
  bool one_pass;         /* the subqueries of an UPDATE or DELETE see what it has already written */
  const char *unlimited; /* what replaces LIMIT before an OFFSET without one */
  /* an expression as a column of the result, with the casts that its wire type needs */
  rl_expr (*read)(rl_writer *w, rl_expr value, const rl_type *type);
  rl_expr (*aggregate)(rl_writer *w, rl_aggregate fn, rl_expr value, const rl_type *type); /* SUM, AVG, MIN, MAX */
  rl_expr (*period)(rl_writer *w, rl_period period, rl_expr value, const rl_type *type);   /* the start of the period,
                                                                                            * as stored */
  rl_expr (*assign)(rl_writer *w, rl_assign_op op, rl_expr column, const rl_input *input, const rl_type *type);
  /* lists as parameters */
  rl_expr (*in_list)(rl_writer *w, rl_expr subject, const rl_input *list, bool negated, bool insensitive);
  rl_expr (*in_tuples)(rl_writer *w, const rl_field **fields, const rl_input **lists, size_t count, uint32_t alias);
  rl_expr (*list_source)(rl_writer *w, rl_expr list, rl_expr alias);       /* a FROM item with the one column `value` */
  rl_expr (*list_value)(rl_writer *w, rl_expr value, const rl_type *type); /* that column as a value of its type */
  rl_expr (*arrays_source)(rl_writer *w, const rl_expr *arrays, size_t count); /* a FROM item with one column per
                                                                                * array */
  rl_expr (*like)(rl_writer *w, rl_expr subject, rl_expr pattern, bool insensitive);
  rl_expr (*list)(rl_writer *w, const rl_filter *f, rl_expr subject, rl_expr other); /* filters of scalar lists */
  rl_expr (*document)(rl_writer *w, const rl_field **fields, size_t count,
                      uint32_t alias); /* what a full-text search reads */
  rl_expr (*search)(rl_writer *w, rl_expr document, const rl_input *text);
  rl_expr (*relevance)(rl_writer *w, rl_expr document, const rl_input *text);
  /* JSON: every value comes from json_value */
  rl_expr (*json_value)(rl_writer *w, rl_expr column, const rl_type *type, const rl_input *path);
  rl_expr (*json_param)(rl_writer *w, const rl_input *input);
  rl_expr (*json_kind)(rl_writer *w, rl_expr value); /* 'null', 'string', 'number', 'boolean', 'array', 'object' */
  rl_expr (*json_text)(rl_writer *w, rl_expr value); /* the text of a string */
  rl_expr (*json_item)(rl_writer *w, rl_expr value, bool last);
  rl_expr (*json_equal)(rl_writer *w, rl_expr a, rl_expr b);
  rl_expr (*json_contains)(rl_writer *w, rl_expr array, rl_expr items);
  rl_expr (*json_compare)(rl_writer *w, rl_expr a, const char *sign, rl_expr b);
  /* recursion: a row's key as text that is not part of another row's text */
  rl_expr (*key_text)(rl_writer *w, rl_expr value);
  rl_expr (*contains_text)(rl_writer *w, rl_expr whole, rl_expr part);
} rl_dialect_forms;

#endif
