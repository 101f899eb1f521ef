/* Parameters of a statement as a JSON array for people to read: bounded, and without secrets. */
#include "run/observe_params.h"

#include <math.h>
#include <stdio.h>

#include "tape/json.h"
#include "tape/writer.h"

/* The longest part of one value that is shown. */
#define VALUE_LENGTH 256

/* Returns whether the client omits the field from results: such values do not belong into logs. */
static bool is_secret(const rl_field *f, const rl_map *omit) {
  char key[256];
  if (!f || !omit) return false;
  int len = snprintf(key, sizeof key, "%.*s.%.*s", RL_STR_ARG(f->model->client_names[0]), RL_STR_ARG(f->name));
  return len >= (int)sizeof key || rl_map_get(omit, rl_str_of(key)) != NULL; /* a name too long to look up may be one */
}

static void write_cut(rl_buf *out, rl_str s) {
  size_t n = VALUE_LENGTH;
  while (n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80) n--; /* not within a character */
  rl_buf start;
  rl_buf_init(&start);
  rl_buf_put(&start, s.p, n);
  rl_buf_text(&start, "…");
  if (start.failed) out->failed = true;
  rl_json_write_text(out, rl_buf_view(&start));
  rl_buf_dispose(&start);
}

static void write_value(rl_buf *out, const rl_value *v, size_t most);

static void write_list(rl_buf *out, const rl_value *v, size_t most) {
  rl_buf_byte(out, '[');
  for (uint32_t i = 0; i < v->len; i++) {
    if (i) rl_buf_byte(out, ',');
    if (out->len >= most) {
      rl_buf_text(out, "\"…\"");
      break;
    }
    write_value(out, &v->as.list[i], most);
  }
  rl_buf_byte(out, ']');
}

static void write_value(rl_buf *out, const rl_value *v, size_t most) {
  rl_str text = {v->as.p, v->len};
  bool is_text = v->kind == RILLE_TEXT || v->kind == RILLE_JSON || v->kind == RILLE_DECIMAL;
  if (v->kind == RILLE_LIST)
    write_list(out, v, most);
  else if (v->kind == RILLE_BYTES)
    rl_buf_printf(out, "\"(%u bytes)\"", v->len);
  else if (is_text && v->len > VALUE_LENGTH)
    write_cut(out, text);
  else if (v->kind == RILLE_DECIMAL || (v->kind == RILLE_FLOAT && !isfinite(v->as.f)))
    rl_json_write_text(out, v->kind == RILLE_DECIMAL ? text : RL_STR("not finite"));
  else if (!rl_json_write_scalar(out, v))
    rl_buf_text(out, "null");
}

void rl_observe_params(rl_buf *out, const rl_dispatch *d, int32_t length, const rl_map *omit, bool raw) {
  size_t most = out->len + (size_t)length;
  rl_buf_byte(out, '[');
  for (uint32_t i = 0; i < d->stmt->param_count; i++) {
    const rl_input *input = d->from ? d->from->inputs[i] : NULL;
    bool secret =
        input ? is_secret(input->field, omit) : omit && !raw; /* rows of a bulk insert: the column is unknown */
    if (i) rl_buf_byte(out, ',');
    if (out->len >= most) {
      rl_buf_text(out, "\"…\"");
      break;
    }
    if (secret && d->params[i].kind != RILLE_NULL)
      rl_buf_text(out, "\"***\"");
    else
      write_value(out, &d->params[i], most);
  }
  rl_buf_byte(out, ']');
}
