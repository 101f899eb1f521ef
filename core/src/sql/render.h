/* What the renderers of steps and of their parts share. Private to sql. */
#ifndef RL_SQL_RENDER_H
#define RL_SQL_RENDER_H

#include "sql/forms.h"

/* ------------------------------------------------------------------ relations */

rl_str rl_link_column(bool a); /* "A" or "B" */
void rl_sql_join_table(rl_writer *w, const rl_relation *relation);
/* Writes "FROM <the related rows> WHERE <they are related to the row `parent`>" and returns the alias of the related
 * model. rows: its columns are needed (otherwise the join table may be enough). */
uint32_t rl_sql_related(rl_writer *w, const rl_field *relation, uint32_t parent, bool rows);
/* Writes " AND <the scope>" for the related row, if there is one. */
void rl_sql_scope(rl_writer *w, const rl_filter *scope, uint32_t child);

/* ------------------------------------------------------------------ filters */

/* Writes a condition on the row `alias`. Databases have three truth values. `negative`: an odd number of NOTs is
 * around it, so it must be exact about FALSE, not about TRUE. */
void rl_sql_filter(rl_writer *w, const rl_filter *f, uint32_t alias,
                   bool negative); /* one operand: in parentheses where needed */
void rl_sql_condition(rl_writer *w, const rl_filter *f, uint32_t alias, bool negative);    /* the whole of a WHERE */
bool rl_filter_is_true(const rl_filter *f);                                                /* also absent ones */
void rl_sql_filter_logic(rl_writer *w, const rl_filter *f, uint32_t alias, bool negative); /* AND, OR, NOT */
void rl_sql_filter_relation(rl_writer *w, const rl_filter *f, uint32_t alias, bool negative);
void rl_sql_filter_list(rl_writer *w, const rl_filter *f, uint32_t alias);
void rl_sql_filter_json(rl_writer *w, const rl_filter *f, uint32_t alias, bool negative);
rl_expr rl_x_pattern(rl_writer *w, const rl_filter *f, uint32_t alias); /* the pattern of LIKE */

/* ------------------------------------------------------------------ columns and orders */

rl_expr rl_x_aggregate(rl_writer *w, rl_aggregate fn, rl_expr value, const rl_field *field);
/* Writes the value of the column in the row `alias`. link: the join table's alias. raw: as stored, without the casts
 * for reading. */
rl_expr rl_x_output(rl_writer *w, const rl_select *s, const rl_column *column, uint32_t alias, uint32_t link, bool raw);
rl_expr rl_x_grouped(rl_writer *w, rl_period period, rl_expr value,
                     const rl_field *field); /* the value, or its period */
rl_expr rl_x_count(rl_writer *w, const rl_field *relation, const rl_filter *where, uint32_t alias);
void rl_sql_returning(rl_writer *w, const rl_step *step);
/* Returns the Int key of the new rows that the database numbers by default, or NULL. */
const rl_field *rl_sql_numbered_key(const rl_insert *ins);
void rl_template_columns(rl_writer *w, const rl_select *s, const rl_column *columns, size_t count, rl_template *out);

rl_expr rl_x_order(rl_writer *w, const rl_order *order, uint32_t alias);
/* Returns the field of a single MIN or MAX that an index can answer, if it is such a column, or NULL. */
const rl_field *rl_sql_guarded_extreme(const rl_writer *w, const rl_select *s);
/* The order uses the stored values of a date-time column: see datetime.h. */
bool rl_order_is_guarded(const rl_writer *w, const rl_order *o);
bool rl_order_nullable(const rl_order *order);
bool rl_order_nulls_first(const rl_writer *w, const rl_order *order);
/* Writes " ORDER BY expr ASC, ..."; nothing without orders. */
void rl_sql_order_by(rl_writer *w, const rl_select *s, const rl_expr *exprs, bool inverted);

/* ------------------------------------------------------------------ reading */

/* Writes the common table expression with the cursor row's order values, before the statement that calls
 * rl_sql_cursor. */
void rl_sql_cursor_table(rl_writer *w, const rl_select *s);
/* Writes the condition for the rows from the cursor row on, in order (backwards if reverse). */
void rl_sql_cursor(rl_writer *w, const rl_select *s, const rl_expr *orders, uint32_t alias, uint32_t link);

/* Writes the rows of a select, limited, distinct and ordered. named: the columns are c0, c1, ... raw: see
 * rl_x_output. */
void rl_sql_page(rl_writer *w, const rl_select *s, bool named, bool raw);
/* Writes the conditions of a select on its row: keys, link, where, cursor; with " WHERE " before them, if there are
 * any. */
void rl_sql_from_where(rl_writer *w, const rl_select *s, uint32_t alias, uint32_t link, const rl_expr *orders);
void rl_sql_recursive(rl_writer *w, const rl_select *s);

/* ------------------------------------------------------------------ steps */

void rl_sql_select(rl_writer *w, const rl_select *s);
void rl_sql_insert(rl_writer *w, const rl_insert *ins);
void rl_sql_link_rows(rl_writer *w, const rl_insert *ins);
/* Writes " ON CONFLICT ...". alias: of the table. */
void rl_sql_on_conflict(rl_writer *w, const rl_insert *ins, uint32_t alias);
void rl_sql_update(rl_writer *w, const rl_update *u);
void rl_sql_delete(rl_writer *w, const rl_delete *d);
/* Writes "SET a = ..., b = ..." for the row `alias`. */
void rl_sql_assigns(rl_writer *w, const rl_assign *assigns, size_t count, uint32_t alias);
/* Writes " WHERE ..." of an UPDATE or DELETE. */
void rl_sql_target(rl_writer *w, const rl_model *model, const rl_filter *where, const rl_filter *keys,
                   const rl_input *limit, uint32_t alias);
rille_status rl_sql_bulk(const rl_dialect *dialect, const rl_schema *schema, const rl_step *step, const bool *given,
                         rl_arena *arena, rl_step_sql *out, rl_error *err);

#endif
