/* Diagnostics: positions in the source, the reports in the order of positions, and their text. */
#include "schema/build.h"

#include "schema/lexer.h"

/* Limits the memory for a huge file of garbage. */
enum { MOST_REPORTS = 1000 };

void rl_diagnostics_init(rl_diagnostics *d) {
  memset(d, 0, sizeof *d);
  rl_arena_init(&d->arena, 0);
}

void rl_diagnostics_dispose(rl_diagnostics *d) {
  rl_arena_dispose(&d->arena);
  memset(d, 0, sizeof *d);
}

static rl_file *file_at(rl_build *b, uint32_t offset) {
  size_t low = 0, high = b->file_count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (b->files[middle].start <= offset)
      low = middle;
    else
      high = middle;
  }
  return &b->files[low];
}

static bool ends_line(rl_str text, uint32_t at) {
  return text.p[at] == '\n' || (text.p[at] == '\r' && !(at + 1 < text.len && text.p[at + 1] == '\n'));
}

static void find_lines(rl_build *b, rl_file *f) {
  size_t count = 1;
  for (uint32_t i = f->start; i < f->end; i++) count += ends_line(b->text, i);
  f->lines = RL_TEMP_ARRAY(b, uint32_t, count);
  f->lines[0] = f->start;
  f->line_count = 1;
  for (uint32_t i = f->start; i < f->end; i++)
    if (ends_line(b->text, i)) f->lines[f->line_count++] = i + 1;
}

/* Returns the index of the line with the offset. The position after the last line end belongs to the line before it. */
static size_t line_at(rl_build *b, rl_file *f, uint32_t offset) {
  if (!f->lines) find_lines(b, f);
  size_t low = 0, high = f->line_count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (f->lines[middle] <= offset)
      low = middle;
    else
      high = middle;
  }
  return low > 0 && f->lines[low] == f->end ? low - 1 : low;
}

static int count_characters(rl_str text, uint32_t from, uint32_t to) {
  int n = 0;
  for (uint32_t i = from; i < to; i++) n += ((unsigned char)text.p[i] & 0xC0) != 0x80;
  return n;
}

/* Copies a line once for all reports on it, because a very long line may have many errors. */
static rl_str copy_line(rl_build *b, rl_str line) {
  rl_diagnostics *d = b->diagnostics;
  for (size_t i = d->count; i > b->report_base; i--)
    if (rl_str_eq(d->items[i - 1].source_line, line)) return d->items[i - 1].source_line;
  rl_str copy = rl_arena_str(&d->arena, line);
  if (!copy.p) longjmp(b->nomem, 1);
  return copy;
}

static void set_position(rl_build *b, rl_diagnostic *item, rl_span span) {
  rl_file *f = file_at(b, span.start);
  size_t line = line_at(b, f, span.start);
  uint32_t start = f->lines[line], end = rl_lex_line_end(b->text, start, f->end);
  uint32_t from = span.start < end ? span.start : end, to = span.end < end ? span.end : end;
  if (line == 0 && end - start >= 3 && !memcmp(b->text.p + start, "\xEF\xBB\xBF", 3) && from >= start + 3) start += 3;
  item->line = (int)line + 1;
  item->column = count_characters(b->text, start, from) + 1;
  item->end_column = to > from ? count_characters(b->text, start, to) + 1 : item->column + 1;
  item->file = rl_arena_str(&b->diagnostics->arena, f->name);
  if (!item->file.p) longjmp(b->nomem, 1);
  item->source_line = copy_line(b, rl_str_make(b->text.p + start, end - start));
}

static void grow_diagnostics(rl_build *b) {
  rl_diagnostics *d = b->diagnostics;
  if (d->count == d->cap) {
    size_t cap = d->cap ? d->cap * 2 : 8;
    rl_diagnostic *items = rl_build_alloc(b, &d->arena, cap, sizeof *items);
    if (d->count) memcpy(items, d->items, d->count * sizeof *items);
    d->items = items;
    d->cap = cap;
  }
  size_t mine = d->count - b->report_base;
  if (mine == b->report_cap) {
    size_t cap = mine ? mine * 2 : 8;
    uint32_t *offsets = RL_TEMP_ARRAY(b, uint32_t, cap);
    if (mine) memcpy(offsets, b->report_offsets, mine * sizeof *offsets);
    b->report_offsets = offsets;
    b->report_cap = cap;
  }
}

/* Returns whether the same error was already reported. */
static bool is_reported(const rl_build *b, rl_span span, rl_str message) {
  const rl_diagnostics *d = b->diagnostics;
  for (size_t i = d->count; i > b->report_base && b->report_offsets[i - 1 - b->report_base] >= span.start; i--)
    if (b->report_offsets[i - 1 - b->report_base] == span.start && rl_str_eq(d->items[i - 1].message, message))
      return true;
  return false;
}

static void report(rl_build *b, rl_span span, bool warning, const char *format, va_list args) {
  rl_diagnostics *d = b->diagnostics;
  if (!warning) b->error_count++;
  if (d->count - b->report_base >= MOST_REPORTS) {
    b->dropped++;
    return;
  }
  char *message = rl_arena_vprintf(&d->arena, format, args);
  if (!message) longjmp(b->nomem, 1);
  if (is_reported(b, span, rl_str_of(message))) {
    if (!warning) b->error_count--;
    return;
  }
  rl_diagnostic item = {.warning = warning, .message = rl_str_of(message)};
  set_position(b, &item, span);
  grow_diagnostics(b);
  size_t at = d->count++;
  while (at > b->report_base && b->report_offsets[at - 1 - b->report_base] > span.start) {
    d->items[at] = d->items[at - 1];
    b->report_offsets[at - b->report_base] = b->report_offsets[at - 1 - b->report_base];
    at--;
  }
  d->items[at] = item;
  b->report_offsets[at - b->report_base] = span.start;
}

void rl_report(rl_build *b, rl_span span, const char *format, ...) {
  va_list args;
  va_start(args, format);
  report(b, span, false, format, args);
  va_end(args);
}

void rl_report_warning(rl_build *b, rl_span span, const char *format, ...) {
  va_list args;
  va_start(args, format);
  report(b, span, true, format, args);
  va_end(args);
}

/* Tabs stay tabs under the line, so the caret is in the right position whatever their width. */
static void write_caret(const rl_diagnostic *item, rl_buf *out) {
  int column = 1;
  for (size_t i = 0; i < item->source_line.len && column < item->column; i++) {
    unsigned char c = (unsigned char)item->source_line.p[i];
    if ((c & 0xC0) == 0x80) continue;
    rl_buf_byte(out, c == '\t' ? '\t' : ' ');
    column++;
  }
  for (int i = item->column; i < item->end_column; i++) rl_buf_byte(out, '^');
}

/* Writes control characters as dots, because a terminal would act on them. */
static void write_line(rl_str line, rl_buf *out) {
  for (size_t i = 0; i < line.len; i++) {
    unsigned char c = (unsigned char)line.p[i];
    rl_buf_byte(out, (c < 0x20 && c != '\t') || c == 0x7F ? '.' : line.p[i]);
  }
}

void rl_diagnostics_write(const rl_diagnostics *d, rl_buf *out) {
  for (size_t i = 0; i < d->count; i++) {
    const rl_diagnostic *item = &d->items[i];
    rl_buf_str(out, item->file);
    rl_buf_printf(out, ":%d:%d: %s", item->line, item->column, item->warning ? "warning: " : "");
    rl_buf_str(out, item->message);
    rl_buf_text(out, "\n  ");
    write_line(item->source_line, out);
    rl_buf_text(out, "\n  ");
    write_caret(item, out);
    rl_buf_byte(out, '\n');
  }
}
