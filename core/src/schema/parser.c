/* The parser's outer half: files, blocks, lines. After an error it skips the line, or the block with a wrong keyword,
 * and continues. */
#include "schema/parser.h"

static const char *const keywords[] = {"datasource", "generator", "model", "view", "type", "enum", NULL};

static bool block_kind(rl_str word, rl_block_kind *kind) {
  for (int i = 0; keywords[i]; i++) {
    if (!rl_str_is(word, keywords[i])) continue;
    *kind = (rl_block_kind)(RL_BLOCK_DATASOURCE + i);
    return true;
  }
  return false;
}

static rl_line *comment_line(rl_parser *p) {
  rl_line *line = RL_TEMP(p->b, rl_line);
  line->text = p->token.text;
  line->is_doc = p->token.kind == RL_T_DOC;
  line->is_block = p->token.kind == RL_T_BLOCK_COMMENT;
  return line;
}

static bool is_comment(rl_token_kind kind) {
  return kind == RL_T_COMMENT || kind == RL_T_DOC || kind == RL_T_BLOCK_COMMENT;
}

/* Parses comment lines up to the first empty line or other token. */
static rl_line *parse_comments(rl_parser *p) {
  rl_line *first = NULL, **end = &first;
  while (is_comment(p->token.kind)) {
    *end = comment_line(p);
    end = &(*end)->next;
    rl_parser_next(p);
    if (p->token.kind == RL_T_NEWLINE) rl_parser_next(p);
  }
  return first;
}

/* Returns the text of the /// lines. */
static rl_str doc_of(rl_build *b, const rl_line *lines) {
  size_t count = 0;
  for (const rl_line *l = lines; l; l = l->next) count += l->is_doc;
  if (!count) return RL_STR("");
  rl_str *texts = RL_TEMP_ARRAY(b, rl_str, count);
  count = 0;
  for (const rl_line *l = lines; l; l = l->next)
    if (l->is_doc) texts[count++] = rl_str_trim(rl_str_make(l->text.p + 3, l->text.len - 3));
  return count == 1 ? texts[0] : rl_build_join(b, b->keep, texts, count, "\n");
}

/* Takes the lines from start to stop as written, for the formatter, and moves after them. */
static rl_line *take_raw(rl_parser *p, uint32_t start, uint32_t stop) {
  rl_line *first = NULL, **end = &first;
  while (start < stop) {
    uint32_t line_end = rl_lex_line_end(p->b->text, start, stop);
    *end = RL_TEMP(p->b, rl_line);
    (*end)->text = rl_str_trim(rl_str_make(p->b->text.p + start, line_end - start));
    end = &(*end)->next;
    start = line_end;
    if (start < stop && p->b->text.p[start] == '\r') start++;
    if (start < stop && p->b->text.p[start] == '\n') start++;
  }
  return first;
}

static uint32_t after_line(rl_parser *p, uint32_t at) {
  uint32_t end = rl_lex_line_end(p->b->text, at, p->end);
  if (end < p->end && p->b->text.p[end] == '\r') end++;
  if (end < p->end && p->b->text.p[end] == '\n') end++;
  return end;
}

/* Leaves a line with an error. If brackets were open and the error is at the start of a later line, that line is parsed
 * separately. */
static uint32_t resume_point(rl_parser *p, uint32_t start) {
  if (p->token.kind == RL_T_BAD && p->token.span.end == p->end)
    return p->end; /* a comment that never ends, for example */
  if (p->depth > 0 && (p->first_on_line || p->token.kind == RL_T_END || p->token.kind == RL_T_AT_AT)) {
    uint32_t at = after_line(p, p->before);
    return at > start ? at : after_line(p, start);
  }
  return after_line(p, p->token.span.start > start ? p->token.span.start : start);
}

static void leave_item(rl_parser *p, rl_item *item, uint32_t start) {
  uint32_t stop = resume_point(p, start);
  item->kind = RL_ITEM_RAW;
  item->lines = take_raw(p, start, stop);
  rl_parser_at(p, stop);
}

/* Parses the end of a statement: a comment, if any, and the line end. */
static bool parse_line_end(rl_parser *p, rl_item *item) {
  if (is_comment(p->token.kind)) {
    item->trailing = comment_line(p);
    rl_parser_next(p);
  }
  if (p->token.kind == RL_T_NEWLINE) {
    rl_parser_next(p);
    return true;
  }
  if (p->token.kind == RL_T_END) return true;
  if (p->token.kind == RL_T_BRACE_CLOSE) return rl_parser_expected(p, "a line break before the closing brace");
  return rl_parser_expected(p, item->kind == RL_ITEM_FIELD || item->kind == RL_ITEM_VALUE
                                   ? "an attribute or the end of the line"
                                   : "the end of the line");
}

static bool parse_unsupported(rl_parser *p, rl_item *item) {
  rl_parser_next(p);
  if (p->token.kind != RL_T_PAREN_OPEN) return rl_parser_expected(p, "`(\"database type\")`");
  rl_parser_next(p);
  if (p->token.kind != RL_T_STRING) return rl_parser_expected(p, "the database type, in quotes");
  if (!rl_parse_expression(p, &item->unsupported)) return false;
  if (p->token.kind != RL_T_PAREN_CLOSE) return rl_parser_expected(p, "`)`");
  item->type_span.end = p->token.span.end;
  rl_parser_next(p);
  return true;
}

static bool parse_list_marks(rl_parser *p, rl_item *item) {
  rl_parser_next(p);
  if (p->token.kind != RL_T_BRACKET_CLOSE) return rl_parser_expected(p, "`]`");
  item->arity = RL_ARITY_LIST;
  rl_parser_next(p);
  if (p->token.kind != RL_T_QUESTION) return true;
  rl_report(p->b, p->token.span, "A list cannot be optional, but it can be empty. Write `%.*s[]`.",
            RL_STR_ARG(item->type_text));
  return false;
}

static bool parse_type(rl_parser *p, rl_item *item) {
  if (p->token.kind == RL_T_COLON) {
    rl_report(p->b, p->token.span, "There is no colon between a field's name and its type.");
    return false;
  }
  if (p->token.kind == RL_T_BRACKET_OPEN) {
    rl_report(p->b, p->token.span, "A list has brackets after the type: `Type[]`.");
    return false;
  }
  if (p->token.kind != RL_T_NAME) return rl_parser_expected(p, "the field's type");
  item->type = p->token.text;
  item->type_span = p->token.span;
  if (rl_str_is(item->type, "Unsupported")) {
    if (!parse_unsupported(p, item)) return false;
  } else {
    rl_parser_next(p);
  }
  item->type_text = rl_str_make(p->b->text.p + item->type_span.start, item->type_span.end - item->type_span.start);
  if (p->token.kind == RL_T_BRACKET_OPEN) return parse_list_marks(p, item);
  if (p->token.kind == RL_T_BANG) {
    rl_report(p->b, p->token.span, "A field is required without a mark: write `%.*s`.", RL_STR_ARG(item->type_text));
    return false;
  }
  if (p->token.kind == RL_T_QUESTION) {
    item->arity = RL_ARITY_OPTIONAL;
    rl_parser_next(p);
  }
  return true;
}

static bool parse_member(rl_parser *p, rl_item *item, rl_block_kind block) {
  item->name = p->token.text;
  item->name_span = p->token.span;
  rl_parser_next(p);
  if (block == RL_BLOCK_ENUM) {
    item->kind = RL_ITEM_VALUE;
    return rl_parse_attributes(p, &item->attrs) && parse_line_end(p, item);
  }
  if (block == RL_BLOCK_DATASOURCE || block == RL_BLOCK_GENERATOR) {
    item->kind = RL_ITEM_KEY;
    if (p->token.kind != RL_T_EQUALS) return rl_parser_expected(p, "`=` and a value");
    rl_parser_next(p);
    return rl_parse_expression(p, &item->value) && parse_line_end(p, item);
  }
  item->kind = RL_ITEM_FIELD;
  return parse_type(p, item) && rl_parse_attributes(p, &item->attrs) && parse_line_end(p, item);
}

static bool parse_statement(rl_parser *p, rl_item *item, rl_block_kind block) {
  bool config = block == RL_BLOCK_DATASOURCE || block == RL_BLOCK_GENERATOR;
  if (p->token.kind == RL_T_AT_AT && !config) {
    item->kind = RL_ITEM_ATTRIBUTE;
    return rl_parse_attribute(p, &item->attrs) && parse_line_end(p, item);
  }
  if (p->token.kind == RL_T_NAME) return parse_member(p, item, block);
  return rl_parser_expected(p, config                   ? "a line of the form `key = value`"
                               : block == RL_BLOCK_ENUM ? "a value of the enum or an attribute that begins with `@@`"
                                                        : "a field or an attribute that begins with `@@`");
}

/* Returns whether the line starts with `model Name {`: then the block before it was not closed. */
static bool starts_block(rl_parser *p) {
  rl_block_kind kind;
  if (p->token.kind != RL_T_NAME || !block_kind(p->token.text, &kind)) return false;
  rl_token name = rl_lex(p->b->text, p->token.span.end, p->end);
  return name.kind == RL_T_NAME && rl_lex(p->b->text, name.span.end, p->end).kind == RL_T_BRACE_OPEN;
}

/* Sets the documentation of an item, which is above it or after it. Empty lines may be between them. */
static void set_documentation(rl_build *b, rl_item *item, const rl_item *before) {
  if (item->kind != RL_ITEM_FIELD && item->kind != RL_ITEM_VALUE) return;
  rl_str parts[2];
  size_t count = 0;
  item->above = before ? before->lines : NULL;
  rl_str above = before ? doc_of(b, before->lines) : RL_STR("");
  rl_str behind = item->trailing ? doc_of(b, item->trailing) : RL_STR("");
  if (above.len) parts[count++] = above;
  if (behind.len) parts[count++] = behind;
  if (count == 1) item->doc = parts[0];
  if (count == 2) item->doc = rl_build_join(b, b->keep, parts, 2, "\n");
}

static void parse_item(rl_parser *p, rl_item *item, rl_block_kind block) {
  uint32_t start = p->token.span.start;
  item->span = p->token.span;
  if (is_comment(p->token.kind)) {
    item->kind = RL_ITEM_COMMENT;
    item->lines = parse_comments(p);
  } else if (p->token.kind == RL_T_NEWLINE) {
    item->kind = RL_ITEM_BLANK;
    while (p->token.kind == RL_T_NEWLINE) rl_parser_next(p);
  } else {
    p->comment_skipped = false;
    uint32_t line = start;
    if (!parse_statement(p, item, block)) {
      leave_item(p, item, start);
      return;
    }
    item->span.end = p->before;
    while (item->span.end > line &&
           (p->b->text.p[item->span.end - 1] == '\n' || p->b->text.p[item->span.end - 1] == '\r'))
      item->span.end--;
    /* Comments between brackets are not in the tree, so the formatter keeps such lines as written. */
    if (p->comment_skipped) item->lines = take_raw(p, start, item->span.end);
  }
}

static void parse_items(rl_parser *p, rl_block *block) {
  rl_item **end = &block->items, *before = NULL;
  for (;;) {
    if (p->token.kind == RL_T_BRACE_CLOSE) {
      block->span.end = p->token.span.end;
      rl_parser_next(p);
      return;
    }
    if (p->token.kind == RL_T_END || starts_block(p)) {
      rl_report(p->b, block->name_span, "The %.*s `%.*s` is never closed: its `}` is missing.",
                RL_STR_ARG(block->keyword), RL_STR_ARG(block->name));
      p->b->unclosed = true;
      p->b->unclosed_at = block->name_span.start;
      return;
    }
    rl_item *item = RL_TEMP(p->b, rl_item);
    parse_item(p, item, block->kind);
    set_documentation(p->b, item, before);
    *end = item;
    if (item->kind != RL_ITEM_BLANK) before = item->kind == RL_ITEM_COMMENT ? item : NULL;
    end = &item->next;
  }
}

static void take_raw_block(rl_parser *p, rl_block *block, uint32_t stop) {
  block->kind = RL_BLOCK_RAW;
  block->lines = take_raw(p, block->span.start, stop);
  rl_parser_at(p, stop);
}

/* In tokens. If no block had an end, every line would search through all lines after it. */
enum { LOOK_AHEAD_MOST = 1 << 20 };

/* Skips a block with an unknown keyword, or none, up to the line that closes it. */
static bool parse_unknown_block(rl_parser *p, rl_block *block, rl_token word) {
  uint32_t end = rl_lex_line_end(p->b->text, word.span.end, p->end), at = word.span.end;
  rl_token t = rl_lex(p->b->text, at, end);
  if (t.kind == RL_T_NAME) t = rl_lex(p->b->text, t.span.end, end);
  if (t.kind != RL_T_BRACE_OPEN) return false;
  int depth = 0;
  if (p->looked_ahead > LOOK_AHEAD_MOST) return false;
  for (at = t.span.start; at < p->end; at = t.span.end) {
    p->looked_ahead++;
    t = rl_lex(p->b->text, at, p->end);
    depth += (t.kind == RL_T_BRACE_OPEN) - (t.kind == RL_T_BRACE_CLOSE);
    if (t.kind == RL_T_END || (t.kind == RL_T_BRACE_CLOSE && depth <= 0)) break;
  }
  if (t.kind != RL_T_BRACE_CLOSE) return false;
  rl_report(p->b, word.span,
            "`%.*s` does not begin a block; expected `datasource`, `generator`, `model`, `view` or `enum`.%.*s",
            RL_STR_ARG(word.text), RL_STR_ARG(rl_suggest_of(p->b, word.text, keywords)));
  take_raw_block(p, block, after_line(p, t.span.end));
  return true;
}

static void skip_stray_line(rl_parser *p, rl_block *block) {
  rl_token t = p->token;
  if (t.kind == RL_T_NAME && parse_unknown_block(p, block, t)) return;
  bool bad = t.kind == RL_T_BAD;
  if (bad)
    rl_report(p->b, t.span, "%s", t.why);
  else
    rl_report(p->b, t.span, "Expected a block: `datasource`, `generator`, `model`, `view` or `enum`.");
  if (bad && t.span.end == p->end) { /* a comment that never ends */
    p->b->unclosed = true;
    p->b->unclosed_at = t.span.start;
  }
  take_raw_block(p, block, after_line(p, bad ? t.span.end : t.span.start));
}

static bool parse_block_head(rl_parser *p, rl_block *block) {
  rl_parser_next(p);
  if (p->token.kind != RL_T_NAME) return rl_parser_expected(p, "the block's name");
  block->name = p->token.text;
  block->name_span = p->token.span;
  rl_parser_next(p);
  if (p->token.kind != RL_T_BRACE_OPEN) return rl_parser_expected(p, "`{`");
  rl_parser_next(p);
  if (is_comment(p->token.kind)) {
    block->trailing = comment_line(p);
    rl_parser_next(p);
  }
  if (p->token.kind == RL_T_NEWLINE)
    rl_parser_next(p);
  else
    rl_parser_expected(p, "a line break after `{`");
  return true;
}

static void parse_block(rl_parser *p, rl_block *block, const rl_block *before) {
  block->span = p->token.span;
  block->keyword = p->token.text;
  if (!parse_block_head(p, block)) {
    take_raw_block(p, block, after_line(p, block->span.start));
    return;
  }
  if (before && before->kind == RL_BLOCK_COMMENT) {
    block->above = before->lines;
    block->doc = doc_of(p->b, before->lines);
  }
  parse_items(p, block);
  if (is_comment(p->token.kind) || p->token.kind == RL_T_END) return;
  if (p->token.kind == RL_T_NEWLINE)
    rl_parser_next(p);
  else if (!p->b->unclosed)
    rl_parser_expected(p, "a line break after `}`");
}

static void parse_top(rl_parser *p, rl_block *block, const rl_block *before) {
  block->span = p->token.span;
  if (is_comment(p->token.kind)) {
    block->kind = RL_BLOCK_COMMENT;
    block->lines = parse_comments(p);
  } else if (p->token.kind == RL_T_NEWLINE) {
    block->kind = RL_BLOCK_BLANK;
    while (p->token.kind == RL_T_NEWLINE) rl_parser_next(p);
  } else if (p->token.kind == RL_T_NAME && block_kind(p->token.text, &block->kind)) {
    parse_block(p, block, before);
  } else {
    skip_stray_line(p, block);
  }
}

static bool valid_text(rl_build *b, const rl_file *f) {
  size_t bad;
  rl_str text = rl_str_make(b->text.p + f->start, f->end - f->start);
  const char *zero = text.len ? memchr(text.p, 0, text.len) : NULL;
  bool valid = rl_utf8_valid(text, &bad);
  if (valid && !zero) return true;
  if (valid) bad = (size_t)(zero - text.p);
  uint32_t at = f->start + (uint32_t)bad;
  rl_report(b, (rl_span){at, at + 1},
            valid ? "The file contains a zero byte here: it is not a text file."
                  : "The file is not valid UTF-8 from here on. Save it as UTF-8.");
  b->unclosed = true;
  b->unclosed_at = at;
  return false;
}

/* Skips byte order marks at the beginning. Joined files have several, with blank lines between them that formatting
 * would remove. */
static uint32_t skip_byte_order_marks(rl_str text, uint32_t start, uint32_t end) {
  uint32_t at = start, before;
  do {
    before = at;
    if (end - at >= 3 && !memcmp(text.p + at, "\xEF\xBB\xBF", 3)) start = at += 3;
    at = rl_lexer_skip_space(text, at, end);
    while (at < end && (text.p[at] == '\r' || text.p[at] == '\n')) at++;
  } while (at != before);
  return start;
}

void rl_parse_blocks(rl_build *b) {
  rl_block **end = &b->blocks;
  for (size_t i = 0; i < b->file_count; i++) {
    const rl_file *f = &b->files[i];
    if (!valid_text(b, f)) continue;
    rl_parser p = {.b = b, .end = f->end};
    rl_parser_at(&p, skip_byte_order_marks(b->text, f->start, f->end));
    const rl_block *before = NULL;
    while (p.token.kind != RL_T_END) {
      rl_block *block = RL_TEMP(b, rl_block);
      parse_top(&p, block, before);
      before = *end = block;
      end = &block->next;
    }
  }
}
