/* What the files that convert a value share. Private to the input room. */
#ifndef RL_INPUT_CONVERT_H
#define RL_INPUT_CONVERT_H

#include "input/input.h"

/* A fresh generated value (uuid(), cuid(), now() ...). */
rille_status rl_generate(rl_default_kind generator, int32_t size, int64_t now_us, rl_arena *arena, rl_value *out,
                         rl_error *err);

/* VALIDATION with "path: text" and the details path, model and field. */
rille_status rl_refuse_value(const rl_input *input, rl_code code, rl_error *err, const char *format, ...);
/* "an integer was given; User.name takes a text" */
rille_status rl_refuse_kind(const rl_input *input, const rl_value *value, const char *wanted, rl_error *err);
rille_status rl_coerce_datetime(const rl_input *input, const rl_value *value, rl_value *out, rl_error *err);
rille_status rl_coerce_decimal(const rl_input *input, const rl_value *value, rl_arena *arena, rl_value *out,
                               rl_error *err);
/* A table of os.date("*t") at `shape`. */
rille_status rl_coerce_date_table(const rl_input *input, const rl_tape *t, uint32_t shape, uint32_t slot, rl_value *out,
                                  rl_error *err);
/* The value at `shape`, whatever it is: a scalar, or a table where the type takes one. Null stays RILLE_NULL. */
rille_status rl_coerce_at(const rl_input *input, const rl_tape *t, uint32_t shape, uint32_t slot, rl_arena *arena,
                          rl_value *out, rl_error *err);
rille_status rl_transform_value(const rl_input *input, rl_arena *arena, rl_value *value, rl_error *err);
/* TSQUERY and WORDS. VALIDATION when the text has more words than the server could take. */
rille_status rl_transform_search(const rl_input *input, rl_arena *arena, rl_value *value, rl_error *err);
bool rl_is_tsquery(rl_str text); /* as to_tsquery reads it */
/* What is in the buffer as a value of the arena; disposes of the buffer. */
rille_status rl_keep_text(rl_buf *buf, rille_value_kind kind, rl_arena *arena, rl_value *out, rl_error *err);

#endif
