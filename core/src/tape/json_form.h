/* JSON text in rille's form, which is the text that decoding and encoding it again would give: keys sorted, of equal
 * keys the last, no spaces, numbers as rille writes them. */
#ifndef RL_TAPE_JSON_FORM_H
#define RL_TAPE_JSON_FORM_H

#include "tape/json.h"

/* Memory that is used for one text after the other. Zeroed, it is ready. */
typedef struct rl_json_form {
  bool big_as_text; /* integers beyond 2^53 become strings */
  rl_buf keys, members, scratch;
} rl_json_form;

void rl_json_form_dispose(rl_json_form *f);
/* Appends the text to `out`. depth: how deep its objects and arrays are nested. Errors: those of the reader, and those
 * of numbers with too many digits; `out` then has a part of it. */
rille_status rl_json_form_write(rl_json_form *f, rl_str json, rl_buf *out, unsigned *depth, rl_error *err);

#endif
