/* Cells as JSON. Common kinds of value are written here with one check for room; the others take longer ways. */
#include "run/json_cells.h"

#include <math.h>

#include "base/digits.h"
#include "tape/datetime.h"
#include "tape/json.h"

/* The longest value of a fixed size is a quoted date-time. */
#define SCALAR_ROOM (RL_DATETIME_MAX + 2u)

void rl_json_cells_begin(rl_json_cells *w, uint32_t how) {
  w->how = how;
  w->form.big_as_text = (how & RL_DOCUMENT_BIG_AS_TEXT) != 0;
  w->failed = NULL;
  rl_error_clear(&w->error);
}

void rl_json_cells_dispose(rl_json_cells *w) {
  rl_json_form_dispose(&w->form);
  rl_error_clear(&w->error);
}

/* ------------------------------------------------------------------ any value */

/* A value with what is known of it. */
typedef struct cell_writing {
  rl_json_cells *w;
  const rl_json_part *part;
  rl_buf *out;
} cell_writing;

static void cells_refuse(cell_writing *c, rl_code code, const char *what) {
  if (c->w->failed) return;
  c->w->failed = c->part;
  rl_fail(&c->w->error, code, "%s", what);
}

static void cells_write_json(cell_writing *c, rl_str text, uint32_t above) {
  rl_error own = {0};
  unsigned depth = 0;
  rille_status status = rl_json_form_write(&c->w->form, text, c->out, &depth, &own);
  if (status == RILLE_NOMEM)
    c->out->failed = true;
  else if (status < 0)
    cells_refuse(c, own.code, rl_error_message(&own));
  if (above + depth > c->w->levels) c->w->levels = above + depth;
  rl_error_clear(&own);
}

static char *cells_put_datetime(char *to, int64_t microseconds) {
  *to++ = '"';
  to += rl_datetime_format(microseconds, to);
  *to++ = '"';
  return to;
}

static void cells_write_datetime(rl_buf *out, int64_t microseconds) {
  if (rl_buf_reserve(out, SCALAR_ROOM))
    out->len = (size_t)(cells_put_datetime(out->p + out->len, microseconds) - out->p);
}

static void cells_write_decimal(rl_buf *out, rl_str text, bool as_number) {
  if (!as_number) rl_buf_byte(out, '"');
  rl_buf_str(out, text);
  if (!as_number) rl_buf_byte(out, '"');
}

static void cells_write_value(cell_writing *c, const rl_value *v, uint32_t above);

static void cells_write_list(cell_writing *c, const rl_value *v, uint32_t above) {
  rl_buf_byte(c->out, '[');
  for (uint32_t i = 0; i < v->len; i++) {
    if (i) rl_buf_byte(c->out, ',');
    cells_write_value(c, &v->as.list[i], above + 1);
  }
  rl_buf_byte(c->out, ']');
}

static void cells_write_text(cell_writing *c, rl_str text) {
  if (c->part->known == RL_KNOWN_BYTES)
    rl_json_write_base64(c->out, text);
  else if (!rl_json_write_text(c->out, text))
    cells_refuse(c, RL_P2006, "a string in JSON must be valid UTF-8; with `model`, the Bytes of a row become base64");
}

/* above: levels of nesting around the value. */
static void cells_write_value(cell_writing *c, const rl_value *v, uint32_t above) {
  rl_json_known known = c->part->known;
  bool as_text = (c->w->how & RL_DOCUMENT_BIG_AS_TEXT) != 0;
  bool is_number = known == RL_KNOWN_JSON || (!as_text && (known == RL_KNOWN_BIGINT || known == RL_KNOWN_INT));
  rl_str text = {v->as.p, v->len};
  switch (v->kind) {
  case RILLE_NULL: rl_buf_text(c->out, "null"); break;
  case RILLE_BOOL: rl_buf_text(c->out, v->as.i ? "true" : "false"); break;
  case RILLE_INT:
    rl_json_write_int(c->out, v->as.i, as_text && (known == RL_KNOWN_BIGINT || rl_json_is_big(v->as.i)));
    break;
  case RILLE_FLOAT:
    if (!isfinite(v->as.f)) cells_refuse(c, RL_P2006, "JSON has neither infinity nor NaN");
    rl_json_write_float(c->out, v->as.f);
    break;
  case RILLE_DECIMAL: cells_write_decimal(c->out, text, is_number); break;
  case RILLE_DATETIME: cells_write_datetime(c->out, v->as.i); break;
  case RILLE_JSON: cells_write_json(c, text, above); break;
  case RILLE_LIST: cells_write_list(c, v, above); break;
  default: cells_write_text(c, text);
  }
}

void rl_json_cells_write_alone(rl_json_cells *w, const rl_value *v, rl_buf *out) {
  static const rl_json_part part = {.kind = RL_PART_CELL, .known = RL_KNOWN_ANY};
  cell_writing c = {w, &part, out};
  cells_write_value(&c, v, 0);
}

/* ------------------------------------------------------------------ the cells of a row */

/* The layout pads heads to whole blocks. */
static inline char *cells_put_head(char *to, rl_str head) {
  for (size_t at = 0; at < head.len; at += RL_JSON_BLOCK) memcpy(to + at, head.p + at, RL_JSON_BLOCK);
  return to + head.len;
}

/* Writes a common value. Returns NULL if it is another one. */
static inline char *cells_put_value(char *to, const rl_json_part *part, const rl_value *v, bool as_text) {
  switch (v->kind) {
  case RILLE_INT: return as_text ? NULL : rl_put_int(to, v->as.i);
  case RILLE_TEXT:
    if (part->known == RL_KNOWN_BYTES) return NULL;
    *to++ = '"';
    if (rl_json_copy_plain(to, v->as.p, v->len) < v->len) return NULL;
    to[v->len] = '"';
    return to + v->len + 1;
  case RILLE_BOOL: memcpy(to, v->as.i ? "true " : "false", 5); return to + (v->as.i ? 4 : 5);
  case RILLE_DATETIME: return cells_put_datetime(to, v->as.i);
  default: return NULL;
  }
}

static void cells_write_one(rl_json_cells *w, const rl_json_part *part, const rl_value *v, rl_buf *out,
                            uint32_t above) {
  size_t room = part->head.len + RL_JSON_BLOCK + SCALAR_ROOM + (v->kind == RILLE_TEXT ? v->len : 0);
  if (out->cap - out->len < room && !rl_buf_reserve(out, room)) return;
  char *to = cells_put_head(out->p + out->len, part->head);
  char *end = cells_put_value(to, part, v, (w->how & RL_DOCUMENT_BIG_AS_TEXT) != 0);
  out->len = (size_t)((end ? end : to) - out->p);
  if (end) return;
  cell_writing c = {w, part, out};
  cells_write_value(&c, v, above);
}

void rl_json_cells_write(rl_json_cells *w, const rl_json_node *n, const rl_value *cells, rl_buf *out,
                         rl_json_children *children) {
  bool nulls = (w->how & RL_DOCUMENT_NULLS) != 0;
  size_t start = out->len, group = 0;
  w->levels = n->levels;
  for (const rl_json_part *p = n->parts, *end = p + n->part_count; p < end; p++) {
    switch (p->kind) {
    case RL_PART_CELL:
      if (cells[p->index].kind != RILLE_NULL || nulls) cells_write_one(w, p, &cells[p->index], out, group ? 2 : 1);
      break;
    case RL_PART_CHILD: children[p->index] = (rl_json_children){.split = out->len - start}; break;
    case RL_PART_OPEN:
      rl_buf_str(out, p->head);
      group = out->len;
      break;
    case RL_PART_CLOSE:
      rl_json_close_object(out, group);
      group = 0;
      break;
    }
  }
}
