/* The writer of one statement: SQL text, and where its parameters come from. It keeps the first error, and
 * rl_w_finish reports it, so renderers need not check every write. Expressions are terminated strings in the scratch
 * arena, never NULL. */
#ifndef RL_SQL_WRITER_H
#define RL_SQL_WRITER_H

#include "sql/sql.h"

typedef struct rl_writer {
  const rl_dialect *dialect;
  const rl_schema *schema;
  rl_arena *arena;  /* for what the template keeps */
  rl_arena scratch; /* for temporary expressions */
  rl_buf out;
  const rl_input **inputs;
  rl_wire_type *wire_types;
  uint32_t param_count, param_cap;
  uint32_t aliases; /* the next of t0, t1, ... */
  rl_error *err;
  rille_status status;
} rl_writer;

typedef const char *rl_expr;

void rl_w_init(rl_writer *w, const rl_dialect *dialect, const rl_schema *schema, rl_arena *arena, rl_error *err);
void rl_w_dispose(rl_writer *w);
/* Moves text and parameters to `out`. The caller sets its columns. */
rille_status rl_w_finish(rl_writer *w, rl_template *out);
void rl_w_nomem(rl_writer *w);
void rl_w_no_form(rl_writer *w, rl_operator op); /* INTERNAL: the operator has no SQL here */
bool rl_w_ok(const rl_writer *w);

void rl_w_text(rl_writer *w, const char *z);
void rl_w_f(rl_writer *w, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;
void rl_w_identifier(rl_writer *w, rl_str name);
void rl_w_name(rl_writer *w, rl_str namespace_, rl_str name); /* writes "schema"."name", or only the name */
void rl_w_table(rl_writer *w, const rl_model *model);
/* Writes ", " before every item but the first. */
void rl_w_comma(rl_writer *w, size_t index);
uint32_t rl_w_alias(rl_writer *w); /* a new number */

/* Turns the text written since `mark` into an expression. */
size_t rl_w_mark(const rl_writer *w);
rl_expr rl_w_since(rl_writer *w, size_t mark);

rl_expr rl_x(rl_writer *w, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;
rl_expr rl_x_column(rl_writer *w, uint32_t alias, const rl_field *field); /* t0."name" */
rl_expr rl_x_identifier(rl_writer *w, rl_str name);

/* Returns the placeholder of an input. The same input and type share a parameter. */
rl_expr rl_x_param(rl_writer *w, const rl_input *input);
/* The same, bound as another type than the input's. */
rl_expr rl_x_param_as(rl_writer *w, const rl_input *input, const rl_type *type, bool list);
/* A date-time or a list of date-times, in the stored forms. */
rl_expr rl_x_param_datetime(rl_writer *w, const rl_input *input, rl_datetime_style style, bool list);
/* As plain text, without the casts of the column's type, for patterns and searches. */
rl_expr rl_x_param_text(rl_writer *w, const rl_input *input);
/* A parameter of a bulk row, without an input. */
rl_expr rl_x_param_row(rl_writer *w, const rl_type *type, bool list);

bool rl_input_is_list(const rl_input *input);

#endif
