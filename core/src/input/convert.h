/* What the files that convert a value share. Private to the input room. */
#ifndef RL_INPUT_CONVERT_H
#define RL_INPUT_CONVERT_H

#include "input/input.h"

/* Generates a value: uuid(), cuid(), now() and others. */
rille_status rl_generate(rl_default_kind generator, int32_t size, int64_t now_us, rl_arena *arena, rl_value *out,
                         rl_error *err);

/* Sets VALIDATION with "path: text" and the details path, model and field. */
rille_status rl_refuse_value(const rl_input *input, rl_code code, rl_error *err, const char *format, ...);
/* "expected a string, got an integer" */
rille_status rl_refuse_kind(const rl_input *input, const rl_value *value, const char *expected, rl_error *err);
rille_status rl_coerce_datetime(const rl_input *input, const rl_value *value, rl_value *out, rl_error *err);
rille_status rl_coerce_decimal(const rl_input *input, const rl_value *value, rl_arena *arena, rl_value *out,
                               rl_error *err);
/* Converts a table of os.date("*t") at `shape`. */
rille_status rl_coerce_date_table(const rl_input *input, const rl_tape *t, uint32_t shape, uint32_t slot, rl_value *out,
                                  rl_error *err);
/* Converts the value at `shape`: a scalar, or a table if the type accepts one. Null stays RILLE_NULL. */
rille_status rl_coerce_at(const rl_input *input, const rl_tape *t, uint32_t shape, uint32_t slot, rl_arena *arena,
                          rl_value *out, rl_error *err);
/* Reads the cell of a row of a bulk write. Errors name input->path. */
rille_status rl_read_cell(const rl_tape *t, const rl_input *input, uint32_t shape, uint32_t slot, rl_arena *arena,
                          rl_value *out, rl_error *err);
void rl_int_range(const rl_type *t, int64_t *low, int64_t *high); /* of an Int or BigInt */
rille_status rl_transform_value(const rl_input *input, rl_arena *arena, rl_value *value, rl_error *err);
/* For TSQUERY and WORDS. VALIDATION if the text has more words than the server accepts. */
rille_status rl_transform_search(const rl_input *input, rl_arena *arena, rl_value *value, rl_error *err);
bool rl_is_tsquery(rl_str text); /* by the rules of to_tsquery */
/* Copies the buffer into the arena as a value, and disposes of the buffer. */
rille_status rl_keep_text(rl_buf *buf, rille_value_kind kind, rl_arena *arena, rl_value *out, rl_error *err);

#endif
