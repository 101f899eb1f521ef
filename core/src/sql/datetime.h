/* Moments where CURRENT_TIMESTAMP gives another form than rille writes (features.brief_datetimes: SQLite). A column
 * that the database itself may fill holds both forms, and comparisons must not see the difference. Private to sql. */
#ifndef RL_SQL_DATETIME_H
#define RL_SQL_DATETIME_H

#include "sql/writer.h"

/* What a column may hold. WRITTEN: one form; another is refused as it is read, so rows compare as they are. */
rl_datetime_style rl_datetime_style_of(const rl_writer *w, const rl_field *field);
/* The value of such a column in the form that is written; other values as they are. */
rl_expr rl_x_datetime(rl_writer *w, rl_expr value, const rl_field *field);
/* A comparison with an input, so written that an index on the column serves it. Only for RL_DATETIME_BOTH. */
rl_expr rl_x_datetime_compare(rl_writer *w, rl_expr column, rl_operator op, const rl_input *input);
rl_expr rl_x_datetime_in(rl_writer *w, rl_expr column, const rl_input *list, bool negated);
/* A column of an index is ordered by as it is stored, so that the index gives the order: whether it is. Rows in the
 * brief form would then stand in the wrong place. */
bool rl_datetime_orders_by_index(const rl_writer *w, const rl_field *field);
/* Writes conditions that refuse such rows (P2023) and are true else. */
void rl_sql_datetime_guards(rl_writer *w, const rl_field *field, uint32_t alias, const char *join);

#endif
