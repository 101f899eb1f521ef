/* The formatter: writes the syntax tree back, aligned like Prisma does. */
#include "schema/parser.h"
#include "schema/table.h"

#include "base/alloc.h"

/* An attribute line with the comment above it, which moves with it when lines are sorted. */
typedef struct line {
  const rl_item *comment, *item;
} line;

/* ---- values: written into a buffer of the run, then copied into the arena */

static void write_expression(rl_buf *out, const rl_ast_expr *e);

static void write_arguments(rl_buf *out, const rl_ast_arg *a) {
  for (bool first = true; a; a = a->next, first = false) {
    if (!first) rl_buf_text(out, ", ");
    if (a->name.len) {
      rl_buf_str(out, a->name);
      rl_buf_text(out, ": ");
    }
    if (a->value) write_expression(out, a->value);
  }
}

static void write_expression(rl_buf *out, const rl_ast_expr *e) {
  switch (e->kind) {
  case RL_EXPR_CALL:
    rl_buf_str(out, e->text);
    rl_buf_byte(out, '(');
    write_arguments(out, e->args);
    rl_buf_byte(out, ')');
    break;
  case RL_EXPR_ARRAY:
    rl_buf_byte(out, '[');
    write_arguments(out, e->args);
    rl_buf_byte(out, ']');
    break;
  case RL_EXPR_OBJECT:
    rl_buf_text(out, e->count ? "{ " : "{");
    write_arguments(out, e->args);
    rl_buf_text(out, e->count ? " }" : "}");
    break;
  default: rl_buf_str(out, e->text); break;
  }
}

static void write_attribute(rl_buf *out, const char *sign, const rl_attr *a) {
  rl_buf_text(out, sign);
  rl_buf_str(out, a->name);
  if (!a->has_list) return;
  rl_buf_byte(out, '(');
  write_arguments(out, a->args);
  rl_buf_byte(out, ')');
}

/* Returns the position in Prisma's order. Other attributes are last, as written. */
static int attribute_rank(rl_str name) {
  static const char *const order[] = {"id",       "unique", "default",  "updatedAt", "index",
                                      "fulltext", "map",    "relation", "ignore"};
  enum { COUNT = sizeof order / sizeof order[0] };
  for (int i = 0; i < COUNT; i++)
    if (rl_str_is(name, order[i])) return i;
  return COUNT;
}

typedef struct format {
  rl_build *b;
  rl_table table;
  rl_buf scratch;
} format;

static rl_str keep_scratch(format *f) {
  if (f->scratch.failed) longjmp(f->b->nomem, 1);
  rl_str view = rl_buf_view(&f->scratch);
  char *copy = RL_TEMP_ARRAY(f->b, char, view.len + 1);
  if (view.len) memcpy(copy, view.p, view.len);
  rl_buf_reset(&f->scratch);
  return rl_str_make(copy, view.len);
}

static rl_str write_attributes(format *f, const rl_attr *attrs) {
  size_t count = 0;
  for (const rl_attr *a = attrs; a; a = a->next) count++;
  const rl_attr **sorted = RL_TEMP_ARRAY(f->b, const rl_attr *, count);
  size_t n = 0;
  for (const rl_attr *a = attrs; a; a = a->next) {
    size_t at = n++;
    while (at > 0 && attribute_rank(sorted[at - 1]->name) > attribute_rank(a->name)) {
      sorted[at] = sorted[at - 1];
      at--;
    }
    sorted[at] = a;
  }
  for (size_t i = 0; i < count; i++) {
    if (i) rl_buf_byte(&f->scratch, ' ');
    write_attribute(&f->scratch, "@", sorted[i]);
  }
  return keep_scratch(f);
}

/* ---- lines of a block */

/* Writes a comment of several lines with a star before each. */
static void put_block_comment(format *f, rl_str text) {
  rl_str rest = rl_str_make(text.p + 2, text.len - 4);
  rl_table_row(&f->table)->suffix = RL_STR("/**");
  while (rest.len) {
    const char *end = memchr(rest.p, '\n', rest.len);
    size_t len = end ? (size_t)(end - rest.p) : rest.len;
    rl_str one = rl_str_trim(rl_str_make(rest.p, len));
    if (one.len && one.p[0] == '*') one = rl_str_trim(rl_str_make(one.p + 1, one.len - 1));
    if (one.len) rl_table_row(&f->table)->suffix = rl_build_format(f->b, &f->b->temp, " * %.*s", RL_STR_ARG(one));
    len += end != NULL;
    rest = rl_str_make(rest.p + len, rest.len - len);
  }
  rl_table_row(&f->table)->suffix = RL_STR(" */");
}

static void put_comment_lines(format *f, const rl_line *l) {
  for (; l; l = l->next) {
    if (l->is_block)
      put_block_comment(f, l->text);
    else
      rl_table_row(&f->table)->suffix = l->text;
  }
}

static void put_loose_lines(format *f, const rl_line *l) {
  for (; l; l = l->next) rl_table_loose(&f->table, l->text);
}

static void put_field(format *f, rl_row *row, const rl_item *item) {
  static const char *const marks[] = {"", "?", "[]"};
  row->columns[1] = rl_build_format(f->b, &f->b->temp, "%.*s%s", RL_STR_ARG(item->type_text), marks[item->arity]);
  row->columns[2] = write_attributes(f, item->attrs);
}

static void put_item(format *f, const rl_item *item) {
  if (item->kind == RL_ITEM_COMMENT) {
    put_comment_lines(f, item->lines);
    return;
  }
  if (item->lines) {
    put_loose_lines(f, item->lines);
    return;
  }
  rl_row *row = rl_table_row(&f->table);
  row->columns[0] = item->name;
  if (item->trailing) row->suffix = item->trailing->text;
  if (item->kind == RL_ITEM_FIELD) {
    put_field(f, row, item);
  } else if (item->kind == RL_ITEM_VALUE) {
    row->columns[1] = write_attributes(f, item->attrs);
  } else if (item->kind == RL_ITEM_KEY) {
    rl_buf_text(&f->scratch, "= ");
    write_expression(&f->scratch, item->value);
    row->columns[1] = keep_scratch(f);
  }
}

static void put_attribute(format *f, const line *l) {
  if (l->comment) put_comment_lines(f, l->comment->lines);
  if (l->item->lines) {
    put_loose_lines(f, l->item->lines);
    return;
  }
  write_attribute(&f->scratch, "@@", l->item->attrs);
  rl_row *row = rl_table_row(&f->table);
  row->columns[0] = keep_scratch(f);
  if (l->item->trailing) row->suffix = l->item->trailing->text;
}

/* Returns whether the comment belongs to the attribute directly below it. */
static bool is_above_attribute(const rl_item *item) {
  return item->kind == RL_ITEM_COMMENT && item->next && item->next->kind == RL_ITEM_ATTRIBUTE;
}

/* Writes an empty line, which ends a run of aligned rows. It is dropped before attributes that move, and at the ends of
 * a block.
 */
static void put_blank(format *f, const rl_item *after, bool attributes_move) {
  if (!after || (attributes_move && (after->kind == RL_ITEM_ATTRIBUTE || is_above_attribute(after)))) return;
  rl_table_render(&f->table);
  rl_table_row(&f->table);
}

/* Returns whether a line of the block was not understood. Such lines may be the two halves of one, and would become it
 * if what is between them moved away. */
static bool has_raw_lines(const rl_item *items) {
  for (; items; items = items->next)
    if (items->kind != RL_ITEM_COMMENT && items->kind != RL_ITEM_ATTRIBUTE && items->lines) return true;
  return false;
}

/* Writes the members, and collects the attributes of the block in Prisma's order. attrs is NULL: they stay in place. */
static size_t put_members(format *f, const rl_item *items, line *attrs) {
  size_t count = 0;
  bool any =
      false; /* whether a member was written: an attribute at the top moves away, and the empty line after it too */
  const rl_item *comment = NULL;
  while (items && items->kind == RL_ITEM_BLANK) items = items->next;
  for (const rl_item *i = items; i; i = i->next) {
    if (i->kind == RL_ITEM_BLANK) {
      if (any) put_blank(f, i->next, attrs != NULL);
    } else if (is_above_attribute(i)) {
      comment = i;
    } else if (i->kind == RL_ITEM_ATTRIBUTE && !attrs) {
      put_attribute(f, &(line){comment, i});
      comment = NULL;
      any = true;
    } else if (i->kind == RL_ITEM_ATTRIBUTE) {
      size_t at = count++;
      while (at > 0 && attribute_rank(attrs[at - 1].item->attrs->name) > attribute_rank(i->attrs->name)) {
        attrs[at] = attrs[at - 1];
        at--;
      }
      attrs[at] = (line){comment, i};
      comment = NULL;
    } else {
      put_item(f, i);
      any = true;
    }
  }
  return count;
}

static void put_block(format *f, const rl_block *block) {
  size_t count = 0;
  for (const rl_item *i = block->items; i; i = i->next) count += i->kind == RL_ITEM_ATTRIBUTE;
  line *attrs = has_raw_lines(block->items) ? NULL : RL_TEMP_ARRAY(f->b, line, count);
  rl_buf *out = f->table.out;
  rl_buf_str(out, block->keyword);
  rl_buf_byte(out, ' ');
  rl_buf_str(out, block->name);
  rl_buf_text(out, " {");
  if (block->trailing) {
    rl_buf_byte(out, ' ');
    rl_buf_str(out, rl_str_trim(block->trailing->text));
  }
  rl_buf_byte(out, '\n');
  f->table.indent = 2;
  count = put_members(f, block->items, attrs);
  rl_table_render(&f->table);
  if (count) rl_table_row(&f->table);
  for (size_t i = 0; i < count; i++) put_attribute(f, &attrs[i]);
  rl_table_render(&f->table);
  f->table.indent = 0;
  rl_buf_text(out, "}\n");
}

static void put_top(format *f, const rl_block *block) {
  switch (block->kind) {
  case RL_BLOCK_COMMENT:
    put_comment_lines(f, block->lines);
    rl_table_render(&f->table);
    break;
  case RL_BLOCK_RAW:
    put_loose_lines(f, block->lines);
    rl_table_render(&f->table);
    break;
  case RL_BLOCK_BLANK: break;
  default: put_block(f, block); break;
  }
}

static bool is_braced(const rl_block *block) {
  return block->kind <= RL_BLOCK_ENUM;
}

/* Writes one empty line where there were some, and always after a block. */
static void put_all(format *f) {
  const rl_block *block = f->b->blocks;
  while (block && block->kind == RL_BLOCK_BLANK) block = block->next;
  for (; block; block = block->next) {
    put_top(f, block);
    bool gap = is_braced(block);
    const rl_block *next = block->next;
    while (next && next->kind == RL_BLOCK_BLANK) {
      gap = true;
      next = next->next;
    }
    if (next && gap) rl_buf_byte(f->table.out, '\n');
  }
}

static rille_status run(format *f, rl_str text, rl_error *err) {
  rl_source source = {RL_STR("schema.prisma"), text};
  rl_build *b = f->b;
  if (setjmp(b->nomem)) return rl_fail_nomem(err);
  if (!rl_build_sources(b, &source, 1))
    return rl_fail(err, RL_P1012, "The schema is too large to be formatted: it can have at most 16 MiB.");
  rl_parse_blocks(b);
  if (b->unclosed) {
    size_t i = 0;
    while (i + 1 < b->diagnostics->count && b->report_offsets[i] != b->unclosed_at) i++;
    const rl_diagnostic *d = &b->diagnostics->items[i];
    return rl_fail(err, RL_P1012, "The schema cannot be formatted: line %d, column %d: %.*s", d->line, d->column,
                   RL_STR_ARG(d->message));
  }
  put_all(f);
  return f->table.out->failed ? rl_fail_nomem(err) : RILLE_OK;
}

rille_status rl_schema_format(rl_str text, rl_buf *out, rl_error *err) {
  rl_diagnostics diagnostics;
  rl_diagnostics_init(&diagnostics);
  rl_build *b = rl_calloc(1, sizeof *b);
  if (!b) return rl_fail_nomem(err);
  format f = {.b = b, .table = {.b = b, .out = out}};
  rl_buf_init(&f.scratch);
  rl_arena_init(&b->temp, 0);
  b->keep = &b->temp;
  b->diagnostics = &diagnostics;
  rille_status status = run(&f, text, err);
  rl_buf_dispose(&f.scratch);
  rl_arena_dispose(&b->temp);
  rl_free(b);
  rl_diagnostics_dispose(&diagnostics);
  return status;
}
