/* Writing a value of a tape as JSON text. */
#include "tape/datetime.h"
#include "tape/json.h"
#include "tape/shape.h"
#include "tape/writer.h"

#include <math.h>

bool rl_json_write_scalar(rl_buf *out, const rl_value *v) {
  rl_str text = {v->as.p, v->len};
  char time[RL_DATETIME_MAX];
  switch (v->kind) {
  case RILLE_NULL: rl_buf_text(out, "null"); return true;
  case RILLE_BOOL: rl_buf_text(out, v->as.i ? "true" : "false"); return true;
  case RILLE_INT: rl_buf_int(out, v->as.i); return true;
  case RILLE_FLOAT: rl_json_write_float(out, v->as.f); return isfinite(v->as.f);
  case RILLE_TEXT: rl_json_write_text(out, text); return true;
  case RILLE_DECIMAL: rl_buf_str(out, text); return !rl_str_is(text, "NaN");
  case RILLE_JSON: rl_buf_str(out, text); return true;
  case RILLE_DATETIME: rl_json_write_text(out, rl_str_make(time, rl_datetime_format(v->as.i, time))); return true;
  default: return false;
  }
}

typedef struct writing {
  const rl_tape *tape;
  uint32_t shape, slot;
  rl_buf *out;
  rl_error *err;
  int indent, depth; /* spaces per level, 0: all on one line */
} writing;

static rille_status write_value(writing *w);

static void new_line(writing *w) {
  static const char blanks[] = "                                ";
  if (!w->indent) return;
  rl_buf_byte(w->out, '\n');
  size_t left = (size_t)w->indent * (size_t)w->depth;
  for (size_t n; left > 0; left -= n) {
    n = left < sizeof blanks - 1 ? left : sizeof blanks - 1;
    rl_buf_put(w->out, blanks, n);
  }
}

static void close_with(writing *w, bool empty, char bracket) {
  w->depth--;
  if (!empty) new_line(w);
  rl_buf_byte(w->out, bracket);
}

static rille_status write_object(writing *w) {
  bool empty = true;
  rl_buf_byte(w->out, '{');
  w->depth++;
  w->shape++;
  for (; rl_shape_at(w->tape, w->shape) == SHAPE_KEY; empty = false) {
    if (!empty) rl_buf_byte(w->out, ',');
    new_line(w);
    rl_str key = rl_shape_key(w->tape, w->shape);
    if (!rl_json_write_text(w->out, key)) return rl_fail(w->err, RL_P2006, "a key in JSON must be valid UTF-8");
    rl_buf_byte(w->out, ':');
    if (w->indent) rl_buf_byte(w->out, ' ');
    w->shape = rl_shape_past_key(w->tape, w->shape);
    rille_status status = write_value(w);
    if (status < 0) return status;
  }
  w->shape++;
  close_with(w, empty, '}');
  return RILLE_OK;
}

static rille_status write_list(writing *w) {
  bool first = true;
  rl_buf_byte(w->out, '[');
  w->depth++;
  for (w->shape++; rl_shape_at(w->tape, w->shape) != SHAPE_CLOSE_LIST; w->shape++) {
    uint32_t element = w->shape;
    for (int64_t left = w->tape->values[w->slot++].as.i; left > 0; left--) {
      if (!first) rl_buf_byte(w->out, ',');
      first = false;
      new_line(w);
      w->shape = element;
      rille_status status = write_value(w);
      if (status < 0) return status;
    }
  }
  w->shape++;
  close_with(w, first, ']');
  return RILLE_OK;
}

static rille_status write_mark(writing *w) {
  rl_mark mark = rl_shape_mark(w->tape, w->shape);
  w->shape += SHAPE_MARK_HEAD + (uint32_t)rl_shape_mark_text(w->tape, w->shape).len;
  switch (mark) {
  case RL_MARK_JSON_NULL: rl_buf_text(w->out, "null"); return RILLE_OK;
  case RL_MARK_EMPTY_ARRAY: rl_buf_text(w->out, "[]"); return RILLE_OK;
  case RL_MARK_EMPTY_OBJECT: rl_buf_text(w->out, "{}"); return RILLE_OK;
  default: return rl_fail(w->err, RL_P2006, "in JSON only rille.null and rille.json_null mean null");
  }
}

static rille_status write_scalar(writing *w) {
  const rl_value *v = &w->tape->values[w->slot++];
  w->shape++;
  if (v->kind == RILLE_TEXT) {
    bool valid = rl_json_write_text(w->out, rl_str_make(v->as.p, v->len));
    return valid ? RILLE_OK : rl_fail(w->err, RL_P2006, "a string in JSON must be valid UTF-8");
  }
  if (rl_json_write_scalar(w->out, v)) return RILLE_OK;
  return rl_fail(w->err, RL_P2006, "JSON cannot contain %s",
                 v->kind == RILLE_BYTES ? "bytes: encode them as a string" : "a number that is not finite");
}

static rille_status write_value(writing *w) {
  switch (rl_shape_at(w->tape, w->shape)) {
  case SHAPE_OPEN_OBJECT:
  case SHAPE_OPEN_DECODED_JSON:
  case SHAPE_OPEN_DECODED_FORM: return write_object(w);
  case SHAPE_OPEN_LIST: return write_list(w);
  case SHAPE_MARK: return write_mark(w);
  case SHAPE_NULL:
    w->shape++;
    rl_buf_text(w->out, "null");
    return RILLE_OK;
  default: return write_scalar(w);
  }
}

static rille_status write_all(writing *w) {
  rille_status status = write_value(w);
  return status == RILLE_OK && w->out->failed ? rl_fail_nomem(w->err) : status;
}

rille_status rl_tape_to_json(const rl_tape *t, uint32_t shape, uint32_t slot, rl_buf *out, rl_error *err) {
  writing w = {.tape = t, .shape = shape, .slot = slot, .out = out, .err = err};
  return write_all(&w);
}

rille_status rl_tape_to_json_pretty(const rl_tape *t, int indent, rl_buf *out, rl_error *err) {
  writing w = {.tape = t, .out = out, .err = err, .indent = indent};
  return write_all(&w);
}

rille_status rl_arg_json(const rl_tape *t, const rl_arg *n, rl_buf *out, rl_error *err) {
  return rl_tape_to_json(t, n->shape_at, n->slot, out, err);
}
