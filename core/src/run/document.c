/* Documents: rows to JSON text. */
#include "run/document.h"

#include "base/alloc.h"
#include "tape/json.h"

/* A row of a node, followed by its slots. */
typedef struct document_row {
  size_t at, len;  /* its text in the buffer of its node */
  uint32_t parent; /* ordinal */
  uint32_t next;   /* the next below the same parent, + 1; 0: none */
  uint32_t node;
  uint32_t levels; /* of nesting in its own cells */
} document_row;

/* The rows of a home node. */
typedef struct document_rows {
  rl_buf text;
  rl_buf rows;
  size_t stride;
  uint32_t count;
} document_rows;

typedef enum document_state {
  DOCUMENT_OPEN,    /* rows may come */
  DOCUMENT_WHOLE,   /* the text is document_complete */
  DOCUMENT_REPORTED /* its error was reported */
} document_state;

struct rl_document {
  const rl_compiled *compiled;
  const rl_json_layout *layout;
  uint32_t how;
  rille_result result;
  document_state state;
  bool flat; /* one node, whose rows go to the text directly */
  rl_buf out;
  uint64_t row_count;   /* of the root, in this piece */
  uint64_t rows_before; /* of the root, in the pieces before */
  document_rows *nodes;
  uint32_t node_cap;
  rl_json_cells cells;
  rl_error error;
};

rl_document *rl_document_new(void) {
  return rl_calloc(1, sizeof(rl_document));
}

void rl_document_free(rl_document *d) {
  if (!d) return;
  for (uint32_t i = 0; i < d->node_cap; i++) {
    rl_buf_dispose(&d->nodes[i].text);
    rl_buf_dispose(&d->nodes[i].rows);
  }
  rl_free(d->nodes);
  rl_buf_dispose(&d->out);
  rl_json_cells_dispose(&d->cells);
  rl_error_clear(&d->error);
  rl_free(d);
}

size_t rl_document_bytes(const rl_document *d) {
  size_t bytes = d->out.cap + d->cells.form.keys.cap + d->cells.form.members.cap + d->cells.form.scratch.cap;
  for (uint32_t i = 0; i < d->node_cap; i++) bytes += d->nodes[i].text.cap + d->nodes[i].rows.cap;
  return bytes;
}

/* ------------------------------------------------------------------ rows */

static inline document_row *row_at(const document_rows *n, size_t ordinal) {
  return (document_row *)(void *)(n->rows.p + ordinal * n->stride);
}

static inline rl_json_children *children_of(document_row *row) {
  return (rl_json_children *)(void *)(row + 1);
}

static bool document_prepare_nodes(rl_document *d) {
  uint32_t count = d->layout->node_count;
  if (count > d->node_cap) {
    document_rows *more = rl_realloc(d->nodes, count * sizeof *more);
    if (!more) return false;
    memset(more + d->node_cap, 0, (count - d->node_cap) * sizeof *more);
    d->nodes = more;
    d->node_cap = count;
  }
  for (uint32_t i = 0; i < count; i++) {
    document_rows *n = &d->nodes[i];
    rl_buf_reset(&n->text);
    rl_buf_reset(&n->rows);
    n->count = 0;
    n->stride = sizeof(document_row) + d->layout->nodes[i].slot_count * sizeof(rl_json_children);
  }
  return true;
}

static bool has_rows(rille_result result) {
  return result == RILLE_RESULT_ROW || result == RILLE_RESULT_ROWS;
}

static bool is_cell(rille_result result) {
  return result == RILLE_RESULT_INTEGER || result == RILLE_RESULT_BOOLEAN;
}

void rl_document_rewind(rl_document *d) {
  rl_error_clear(&d->error);
  rl_buf_reset(&d->out);
  d->row_count = 0;
  d->state = DOCUMENT_OPEN;
  if (has_rows(d->result) && !d->flat)
    for (uint32_t i = 0; i < d->layout->node_count; i++) {
      rl_buf_reset(&d->nodes[i].text);
      rl_buf_reset(&d->nodes[i].rows);
      d->nodes[i].count = 0;
    }
}

void rl_document_next(rl_document *d) {
  d->rows_before += d->row_count;
  rl_document_rewind(d);
}

rille_status rl_document_begin(rl_document *d, rl_compiled *compiled, uint32_t how, rl_error *err) {
  d->compiled = compiled;
  d->result = compiled->plan->result;
  d->how = how;
  rl_json_cells_begin(&d->cells, how);
  d->rows_before = 0;
  if (!has_rows(d->result) && !is_cell(d->result))
    return rl_fail(err, RL_VALIDATION, "%s: has no rows to write as JSON", rl_action_info_of(compiled->action)->name);
  if (has_rows(d->result)) {
    d->layout = rl_json_layout_of(compiled);
    if (!d->layout) return rl_fail_nomem(err);
    d->flat = d->layout->node_count == 1;
    if (!d->flat && !document_prepare_nodes(d)) return rl_fail_nomem(err);
  }
  rl_document_rewind(d);
  return RILLE_OK;
}

/* ------------------------------------------------------------------ paths */

/* Rows of a recursive read can be so deep that the head of the path has to do. */
enum { DEEPEST_PATH = 6 };

/* Moves up to the row whose path is written. Returns whether it is the row itself. */
static bool shorten_path(const rl_document *d, uint32_t *home, uint32_t *ordinal) {
  size_t levels = 0;
  for (uint32_t h = *home, o = *ordinal; h != 0; levels++) {
    const document_row *row = row_at(&d->nodes[h], o);
    h = d->layout->nodes[row->node].parent;
    o = row->parent;
  }
  bool whole = levels <= DEEPEST_PATH;
  for (; levels > DEEPEST_PATH; levels--) {
    const document_row *row = row_at(&d->nodes[*home], *ordinal);
    *home = d->layout->nodes[row->node].parent;
    *ordinal = row->parent;
  }
  return whole;
}

/* The position of a row in its list. */
static size_t position_of(const rl_document *d, uint32_t home, uint32_t ordinal, const document_row *row) {
  const rl_json_node *n = &d->layout->nodes[row->node];
  document_row *parent = row_at(&d->nodes[n->parent], row->parent);
  size_t position = 1;
  for (uint32_t at = children_of(parent)[n->slot].first; at && at - 1 != ordinal; position++)
    at = row_at(&d->nodes[home], at - 1)->next;
  return position;
}

static void path_to_row(const rl_document *d, uint32_t home, uint32_t ordinal, rl_buf *out) {
  if (home == 0) {
    uint64_t position = d->rows_before + ordinal + 1;
    if (d->result == RILLE_RESULT_ROWS) rl_buf_printf(out, "[%llu]", (unsigned long long)position);
    return;
  }
  const document_row *row = row_at(&d->nodes[home], ordinal);
  const rl_json_node *n = &d->layout->nodes[row->node];
  path_to_row(d, n->parent, row->parent, out);
  if (out->len) rl_buf_byte(out, '.');
  rl_buf_str(out, n->name);
  if (d->layout->nodes[n->parent].slots[n->slot].list)
    rl_buf_printf(out, "[%llu]", (unsigned long long)position_of(d, home, ordinal, row));
}

static void path_to_part(const rl_json_node *n, const rl_json_part *part, rl_buf *out) {
  const rl_json_part *group = NULL;
  for (const rl_json_part *p = n->parts; p < part; p++)
    group = p->kind == RL_PART_OPEN ? p : p->kind == RL_PART_CLOSE ? NULL : group;
  if (group) { /* heads are ,"key": */
    if (out->len) rl_buf_byte(out, '.');
    rl_buf_put(out, group->head.p + 2, group->head.len - 4);
  }
  if (out->len) rl_buf_byte(out, '.');
  rl_buf_put(out, part->head.p + 2, part->head.len - 4);
}

/* Keeps the first error, with the path of a value. The row has its number already. */
static void document_fail_at(rl_document *d, uint32_t home, uint32_t ordinal, const rl_json_part *part, rl_code code,
                             const char *what) {
  if (d->error.code != RL_CODE_NONE) return;
  rl_buf path;
  rl_buf_init(&path);
  if (has_rows(d->result)) {
    const rl_json_node *n = &d->layout->nodes[home];
    bool whole = shorten_path(d, &home, &ordinal);
    path_to_row(d, home, ordinal, &path);
    if (whole && part) path_to_part(n, part, &path);
  }
  const char *text = rl_buf_z(&path);
  if (text)
    rl_fail(&d->error, code, *text ? "%s: %s" : "%s%s", text, what);
  else
    rl_fail_nomem(&d->error);
  rl_buf_dispose(&path);
}

/* ------------------------------------------------------------------ rows to text */

/* The value that JSON does not have, as an error of the row. */
static void document_fail_in_row(rl_document *d, uint32_t home, uint32_t ordinal) {
  document_fail_at(d, home, ordinal, d->cells.failed, d->cells.error.code, rl_error_message(&d->cells.error));
  d->cells.failed = NULL;
  rl_error_clear(&d->cells.error);
}

static const char too_deep[] = "tables are nested too deeply, or in a cycle";

static void document_add_flat(rl_document *d, const rille_row *row) {
  bool list = d->result == RILLE_RESULT_ROWS;
  if (d->row_count++ > 0)
    rl_buf_byte(&d->out, ',');
  else if (list)
    rl_buf_byte(&d->out, d->rows_before ? ',' : '[');
  size_t start = d->out.len;
  rl_json_cells_write(&d->cells, &d->layout->nodes[0], row->cells, &d->out, NULL);
  rl_json_close_object(&d->out, start);
  if (d->cells.failed) document_fail_in_row(d, 0, (uint32_t)row->ordinal);
  if (d->cells.levels + list > RL_JSON_DEPTH)
    document_fail_at(d, 0, (uint32_t)row->ordinal, NULL, RL_VALIDATION, too_deep);
}

/* Appends a row to the chain of its parent. */
static void document_link_row(rl_document *d, const rille_row *row, uint32_t ordinal) {
  const rl_json_node *n = &d->layout->nodes[row->node];
  document_row *parent = row_at(&d->nodes[n->parent], row->parent);
  rl_json_children *slot = &children_of(parent)[n->slot];
  if (slot->last)
    row_at(&d->nodes[n->home], slot->last - 1)->next = ordinal + 1;
  else
    slot->first = ordinal + 1;
  slot->last = ordinal + 1;
}

/* Gives a repeated row the text of the row before. */
static void document_copy_row(const document_rows *n, document_row *to) {
  document_row *from = row_at(n, n->count - 2);
  to->at = from->at;
  to->len = from->len;
  to->levels = from->levels;
  size_t slots = (n->stride - sizeof *to) / sizeof(rl_json_children);
  for (size_t i = 0; i < slots; i++) children_of(to)[i] = (rl_json_children){.split = children_of(from)[i].split};
}

static void document_add_below(rl_document *d, const rille_row *row, bool again) {
  const rl_json_node *layout = &d->layout->nodes[row->node];
  document_rows *n = &d->nodes[layout->home];
  const rl_json_node *home = &d->layout->nodes[layout->home];
  if (!rl_buf_reserve(&n->rows, n->stride)) {
    rl_fail_nomem(&d->error); /* rows below would not find it */
    return;
  }
  uint32_t ordinal = n->count++;
  document_row *to = row_at(n, ordinal);
  n->rows.len += n->stride;
  *to = (document_row){.at = n->text.len, .parent = (uint32_t)row->parent, .node = row->node, .levels = home->levels};
  if (row->node == 0)
    d->row_count++;
  else
    document_link_row(d, row, ordinal);
  if (again && ordinal > 0) {
    document_copy_row(n, to);
    return;
  }
  rl_json_cells_write(&d->cells, home, row->cells, &n->text, children_of(to));
  if (home->slot_count == 0) rl_json_close_object(&n->text, to->at);
  to->len = n->text.len - to->at;
  if (home->slot_count == 0)
    rl_buf_byte(&n->text, ','); /* before the next one, so that runs can be copied as a whole */
  to->levels = d->cells.levels;
  if (d->cells.failed) document_fail_in_row(d, layout->home, ordinal);
}

static void document_add_cell(rl_document *d, const rille_row *row) {
  if (row->count == 0 || d->row_count++ > 0) return;
  if (row->cells[0].kind == RILLE_INT && d->result == RILLE_RESULT_BOOLEAN)
    rl_buf_text(&d->out, row->cells[0].as.i ? "true" : "false");
  else
    rl_json_cells_write_alone(&d->cells, &row->cells[0], &d->out);
}

void rl_document_add(rl_document *d, const rille_row *row, bool again) {
  if (d->error.code != RL_CODE_NONE) return;
  if (!has_rows(d->result))
    document_add_cell(d, row);
  else if (!d->flat)
    document_add_below(d, row, again);
  else if (d->result == RILLE_RESULT_ROWS || d->row_count == 0)
    document_add_flat(d, row);
}

/* ------------------------------------------------------------------ joining */

static inline void document_put(rl_buf *out, const char *p, size_t len) {
  if (!rl_buf_reserve(out, len) || len == 0) return;
  memcpy(out->p + out->len, p, len);
  out->len += len;
}

static void document_join_row(rl_document *d, uint32_t home, uint32_t ordinal, uint32_t level);

/* Rows without children. Those that came one after the other are one piece of text. */
static void document_join_leaves(rl_document *d, uint32_t home, uint32_t first, uint32_t level) {
  const document_rows *n = &d->nodes[home];
  for (uint32_t at = first; at;) {
    const document_row *row = row_at(n, at - 1);
    size_t start = row->at, end = start + row->len;
    if (at != first) document_put(&d->out, ",", 1);
    if (level + row->levels > RL_JSON_DEPTH) document_fail_at(d, home, at - 1, NULL, RL_VALIDATION, too_deep);
    while ((at = row->next) != 0) {
      row = row_at(n, at - 1);
      if (row->at != end + 1 || level + row->levels > RL_JSON_DEPTH) break;
      end = row->at + row->len;
    }
    document_put(&d->out, n->text.p + start, end - start);
  }
}

static void document_join_slot(rl_document *d, const rl_json_slot *slot, uint32_t first, uint32_t level) {
  rl_buf *out = &d->out;
  if (!slot->list && !first) {
    if (!(d->how & RL_DOCUMENT_NULLS)) return;
    rl_buf_str(out, slot->head);
    rl_buf_text(out, "null");
    return;
  }
  document_put(out, slot->head.p, slot->head.len);
  if (!slot->list) {
    document_join_row(d, slot->node, first - 1, level);
    return;
  }
  document_put(out, "[", 1);
  if (d->layout->nodes[slot->node].slot_count == 0)
    document_join_leaves(d, slot->node, first, level + 1);
  else
    for (uint32_t at = first; at && !out->failed; at = row_at(&d->nodes[slot->node], at - 1)->next) {
      if (at != first) document_put(out, ",", 1);
      document_join_row(d, slot->node, at - 1, level + 1);
    }
  document_put(out, "]", 1);
}

/* level: of nesting around the row. */
static void document_join_row(rl_document *d, uint32_t home, uint32_t ordinal, uint32_t level) {
  const rl_json_node *n = &d->layout->nodes[home];
  document_row *row = row_at(&d->nodes[home], ordinal);
  const char *text = d->nodes[home].text.p + row->at;
  if (level + row->levels > RL_JSON_DEPTH) {
    document_fail_at(d, home, ordinal, NULL, RL_VALIDATION, too_deep);
    return;
  }
  if (n->slot_count == 0) {
    document_put(&d->out, text, row->len);
    return;
  }
  size_t start = d->out.len, at = 0;
  bool last = d->layout->nodes[row->node].last;
  for (const rl_json_part *p = n->parts, *end = p + n->part_count; p < end; p++) {
    if (p->kind != RL_PART_CHILD) continue;
    const rl_json_children *slot = &children_of(row)[p->index];
    document_put(&d->out, text + at, slot->split - at);
    at = slot->split;
    if (last && n->slots[p->index].continues) continue;
    if (n->slots[p->index].list && level + 1 == RL_JSON_DEPTH)
      document_fail_at(d, home, ordinal, p, RL_VALIDATION, too_deep);
    document_join_slot(d, &n->slots[p->index], slot->first, level + 1);
  }
  document_put(&d->out, text + at, row->len - at);
  rl_json_close_object(&d->out, start);
}

/* A list of one row below another is a level, and so is the row. */
static void document_join_rows(rl_document *d) {
  bool list = d->result == RILLE_RESULT_ROWS;
  if (list) rl_buf_byte(&d->out, d->rows_before ? ',' : '[');
  uint32_t count = list ? d->nodes[0].count : 1;
  for (uint32_t i = 0; i < count && !d->out.failed && d->error.code == RL_CODE_NONE; i++) {
    if (i) rl_buf_byte(&d->out, ',');
    document_join_row(d, 0, i, list);
  }
}

static bool document_is_short_of_memory(const rl_document *d) {
  if (d->out.failed) return true;
  if (!has_rows(d->result) || d->flat) return false;
  for (uint32_t i = 0; i < d->layout->node_count; i++)
    if (d->nodes[i].text.failed || d->nodes[i].rows.failed) return true;
  return false;
}

static void document_complete(rl_document *d, bool last) {
  if (!d->flat && has_rows(d->result) && d->row_count > 0) document_join_rows(d);
  if (d->result != RILLE_RESULT_ROWS) {
    if (d->row_count == 0) rl_buf_text(&d->out, "null");
    return;
  }
  if (!last) return;
  rl_buf_text(&d->out, d->row_count + d->rows_before ? "]" : "[]");
}

/* Returns whether there is a text. */
static bool document_finish(rl_document *d, bool last, rl_str *out) {
  if (d->state == DOCUMENT_OPEN && d->error.code == RL_CODE_NONE && !document_is_short_of_memory(d)) {
    document_complete(d, last);
    d->state = DOCUMENT_WHOLE;
  }
  if (d->error.code == RL_CODE_NONE && document_is_short_of_memory(d)) rl_fail_nomem(&d->error);
  *out = rl_buf_view(&d->out);
  return d->error.code == RL_CODE_NONE;
}

bool rl_document_peek(rl_document *d, rl_str *out) {
  return d->state != DOCUMENT_REPORTED && document_finish(d, true, out);
}

uint32_t rl_document_how(const rl_document *d) {
  return d->how;
}

rille_status rl_document_text(rl_document *d, bool last, rl_str *out, rl_error *err) {
  if (d->state == DOCUMENT_REPORTED) return rl_fail(err, RL_VALIDATION, "the text could not be written");
  if (document_finish(d, last, out)) return RILLE_OK;
  rille_status status = d->error.nomem ? RILLE_NOMEM : RILLE_ERROR;
  d->state = DOCUMENT_REPORTED;
  if (err)
    rl_error_move(err, &d->error);
  else
    rl_error_clear(&d->error);
  return status;
}
