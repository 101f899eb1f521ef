/* Date-times where CURRENT_TIMESTAMP has another form than rille writes (features.brief_datetimes: SQLite). A column
 * that the database may fill has both forms, and comparisons must treat them as equal. Private to sql. */
#ifndef RL_SQL_DATETIME_H
#define RL_SQL_DATETIME_H

#include "sql/writer.h"

/* The forms in a column. WRITTEN: one form; others are rejected when read, so stored values can be compared. */
rl_datetime_style rl_datetime_style_of(const rl_writer *w, const rl_field *field);
/* Returns the value of such a column in the written form; other values unchanged. */
rl_expr rl_x_datetime(rl_writer *w, rl_expr value, const rl_field *field);
/* Writes a comparison with an input so that an index on the column can be used. Only for RL_DATETIME_BOTH. */
rl_expr rl_x_datetime_compare(rl_writer *w, rl_expr column, rl_operator op, const rl_input *input);
rl_expr rl_x_datetime_in(rl_writer *w, rl_expr column, const rl_input *list, bool negated);
/* Returns whether the order uses the stored values of an index column, so the index gives the order. Rows in the
 * brief form would then be in the wrong position. */
bool rl_datetime_orders_by_index(const rl_writer *w, const rl_field *field);
/* Writes conditions that reject such rows (P2023) and are otherwise true. */
void rl_sql_datetime_guards(rl_writer *w, const rl_field *field, uint32_t alias, const char *join);

#endif
