/* The parser's inner half: attributes, their arguments, values. */
#include "schema/parser.h"

#include "base/hex.h"

enum { DEEPEST = 64 };

void rl_parser_at(rl_parser *p, uint32_t offset) {
  p->depth = 0;
  p->before = offset;
  p->first_on_line = false;
  p->token = rl_lex(p->b->text, offset, p->end);
}

static bool is_space(rl_token_kind kind) {
  return kind == RL_T_NEWLINE || kind == RL_T_COMMENT || kind == RL_T_DOC || kind == RL_T_BLOCK_COMMENT;
}

void rl_parser_next(rl_parser *p) {
  p->before = p->token.span.end;
  p->first_on_line = false;
  p->token = rl_lex(p->b->text, p->before, p->end);
  while (p->depth > 0 && is_space(p->token.kind)) {
    if (p->token.kind == RL_T_NEWLINE)
      p->first_on_line = true;
    else
      p->comment_skipped = true;
    p->token = rl_lex(p->b->text, p->token.span.end, p->end);
  }
}

bool rl_parser_expected(rl_parser *p, const char *what) {
  rl_build *b = p->b;
  if (p->token.kind == RL_T_BAD) {
    rl_report(b, p->token.span, "%s", p->token.why);
  } else if (p->first_on_line || p->token.kind == RL_T_NEWLINE || p->token.kind == RL_T_END) {
    rl_report(b, (rl_span){p->before, p->before + 1}, "The line ends too early; expected %s.", what);
  } else {
    rl_report(b, p->token.span, "`%.*s` cannot be here; expected %s.", RL_STR_ARG(p->token.text), what);
  }
  return false;
}

static bool hex4(const char *p, const char *end, uint32_t *out) {
  if (end - p < 4) return false;
  *out = 0;
  for (int i = 0; i < 4; i++) {
    int digit = rl_hex_digit(p[i]);
    if (digit < 0) return false;
    *out = *out << 4 | (uint32_t)digit;
  }
  return true;
}

static char *put_utf8(char *at, uint32_t c) {
  if (c < 0x80) {
    *at++ = (char)c;
  } else if (c < 0x800) {
    *at++ = (char)(0xC0 | c >> 6);
    *at++ = (char)(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    *at++ = (char)(0xE0 | c >> 12);
    *at++ = (char)(0x80 | (c >> 6 & 0x3F));
    *at++ = (char)(0x80 | (c & 0x3F));
  } else {
    *at++ = (char)(0xF0 | c >> 18);
    *at++ = (char)(0x80 | (c >> 12 & 0x3F));
    *at++ = (char)(0x80 | (c >> 6 & 0x3F));
    *at++ = (char)(0x80 | (c & 0x3F));
  }
  return at;
}

/* Reads a \u escape after the u. Returns the number of bytes; 0: not valid. Zero bytes are rejected, because no
 * database can store them in text. */
static size_t unescape_unicode(const char *p, const char *end, char **out) {
  uint32_t high, low;
  if (!hex4(p, end, &high) || high == 0) return 0;
  if (high < 0xD800 || high > 0xDFFF) {
    *out = put_utf8(*out, high);
    return 4;
  }
  if (high > 0xDBFF || end - p < 10 || p[4] != '\\' || p[5] != 'u' || !hex4(p + 6, end, &low)) return 0;
  if (low < 0xDC00 || low > 0xDFFF) return 0;
  *out = put_utf8(*out, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
  return 10;
}

static size_t unescape_one(const char *p, const char *end, char **out) {
  static const char from[] = "nrtbf\"\\/", to[] = "\n\r\t\b\f\"\\/";
  if (p >= end) return 0;
  if (*p == 'u') {
    size_t n = unescape_unicode(p + 1, end, out);
    return n ? n + 1 : 0;
  }
  const char *hit = *p ? strchr(from, *p) : NULL;
  if (!hit) return 0;
  *(*out)++ = to[hit - from];
  return 1;
}

static void parse_unescape(rl_parser *p, const rl_token *t, rl_str *out) {
  const char *at = t->text.p + 1, *end = t->text.p + t->text.len - 1;
  *out = rl_str_make(at, (size_t)(end - at));
  if (!memchr(at, '\\', out->len)) return;
  char *copy = rl_build_alloc(p->b, p->b->keep, out->len + 1, 1), *to = copy;
  while (at < end) {
    if (*at != '\\') {
      *to++ = *at++;
      continue;
    }
    size_t used = unescape_one(at + 1, end, &to);
    if (!used) {
      uint32_t offset = t->span.start + (uint32_t)(at - t->text.p);
      rl_report(p->b, (rl_span){offset, offset + 2},
                "This escape is unknown. The escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX with a valid "
                "character (not \\u0000).");
    }
    at += 1 + (used ? used : 1);
  }
  *out = rl_str_make(copy, (size_t)(to - copy));
}

/* Parses a or a.b.c. The token is a name. */
static bool parse_path(rl_parser *p, rl_span *span, rl_str *text) {
  *span = p->token.span;
  rl_parser_next(p);
  while (p->token.kind == RL_T_DOT && !p->first_on_line) {
    rl_parser_next(p);
    if (p->token.kind != RL_T_NAME) return rl_parser_expected(p, "a name after the dot");
    span->end = p->token.span.end;
    rl_parser_next(p);
  }
  *text = rl_str_make(p->b->text.p + span->start, span->end - span->start);
  return true;
}

static bool parse_value(rl_parser *p, rl_ast_expr **out, int level);

/* Parses an argument: value, or name: value. */
static bool parse_argument(rl_parser *p, rl_ast_arg **out, int level, bool member) {
  rl_ast_arg *arg = RL_TEMP(p->b, rl_ast_arg);
  *out = arg;
  arg->span = p->token.span;
  if (p->token.kind == RL_T_NAME) {
    rl_token ahead = rl_lex(p->b->text, p->token.span.end, p->end);
    if (ahead.kind == RL_T_COLON) {
      arg->name = p->token.text;
      arg->name_span = p->token.span;
      rl_parser_next(p);
      rl_parser_next(p);
    }
  }
  if (member && !arg->name.len) return rl_parser_expected(p, "a field's name and a colon");
  if (arg->name.len && (p->token.kind == RL_T_COMMA || p->token.kind == RL_T_PAREN_CLOSE)) {
    rl_report(p->b, arg->name_span, "The argument `%.*s` has no value: write `%.*s: ...`.", RL_STR_ARG(arg->name),
              RL_STR_ARG(arg->name));
    return true;
  }
  if (!parse_value(p, &arg->value, level + 1)) return false;
  arg->span.end = arg->value->span.end;
  return true;
}

typedef struct list_form {
  rl_token_kind close;
  const char *expected;
  bool names, members;
} list_form;

/* Parses elements up to the closing mark. The token is the opening one. */
static bool parse_list(rl_parser *p, const list_form *form, rl_ast_arg **args, size_t *count, uint32_t *end,
                       int level) {
  rl_token open = p->token;
  if (level > DEEPEST) {
    rl_report(p->b, open.span, "This is nested more than %d levels deep.", DEEPEST);
    return false;
  }
  p->depth++;
  rl_parser_next(p);
  while (p->token.kind != form->close) {
    if (p->token.kind == RL_T_END || p->token.kind == RL_T_AT_AT) {
      rl_report(p->b, open.span, "This `%.*s` is never closed.", RL_STR_ARG(open.text));
      return false;
    }
    if (!parse_argument(p, args, level, form->members)) return false;
    if ((*args)->name.len && !form->names) {
      rl_report(p->b, (*args)->name_span, "An element of a list cannot have a name.");
    }
    args = &(*args)->next;
    (*count)++;
    if (p->token.kind == form->close) break;
    if (p->token.kind != RL_T_COMMA) return rl_parser_expected(p, form->expected);
    rl_token comma = p->token;
    rl_parser_next(p);
    if (p->token.kind == form->close) rl_report(p->b, comma.span, "The comma is not needed: nothing follows it.");
  }
  *end = p->token.span.end;
  p->depth--;
  rl_parser_next(p);
  return true;
}

static const list_form call_form = {RL_T_PAREN_CLOSE, "`,` or `)`", true, false};
static const list_form array_form = {RL_T_BRACKET_CLOSE, "`,` or `]`", false, false};
static const list_form object_form = {RL_T_BRACE_CLOSE, "`,` or `}`", true, true};

static bool parse_named_value(rl_parser *p, rl_ast_expr *e, int level) {
  e->kind = RL_EXPR_PATH;
  if (!parse_path(p, &e->span, &e->text)) return false;
  if (p->token.kind != RL_T_PAREN_OPEN || p->first_on_line) return true;
  e->kind = RL_EXPR_CALL;
  return parse_list(p, &call_form, &e->args, &e->count, &e->span.end, level);
}

static bool parse_value(rl_parser *p, rl_ast_expr **out, int level) {
  rl_ast_expr *e = RL_TEMP(p->b, rl_ast_expr);
  *out = e;
  e->span = p->token.span;
  e->text = p->token.text;
  switch (p->token.kind) {
  case RL_T_NAME: return parse_named_value(p, e, level);
  case RL_T_NUMBER: e->kind = RL_EXPR_NUMBER; break;
  case RL_T_STRING:
    e->kind = RL_EXPR_STRING;
    parse_unescape(p, &p->token, &e->value);
    break;
  case RL_T_BRACKET_OPEN:
    e->kind = RL_EXPR_ARRAY;
    return parse_list(p, &array_form, &e->args, &e->count, &e->span.end, level);
  case RL_T_BRACE_OPEN:
    e->kind = RL_EXPR_OBJECT;
    return parse_list(p, &object_form, &e->args, &e->count, &e->span.end, level);
  default: return rl_parser_expected(p, "a value");
  }
  rl_parser_next(p);
  return true;
}

bool rl_parse_expression(rl_parser *p, rl_ast_expr **out) {
  return parse_value(p, out, 0);
}

bool rl_parse_attribute(rl_parser *p, rl_attr **out) {
  rl_attr *a = RL_TEMP(p->b, rl_attr);
  *out = a;
  a->span = p->token.span;
  rl_parser_next(p);
  if (p->token.kind != RL_T_NAME) return rl_parser_expected(p, "the attribute's name");
  if (!parse_path(p, &a->name_span, &a->name)) return false;
  a->span.end = a->name_span.end;
  if (p->token.kind != RL_T_PAREN_OPEN) return true;
  a->has_list = true;
  return parse_list(p, &call_form, &a->args, &a->count, &a->span.end, 0);
}

bool rl_parse_attributes(rl_parser *p, rl_attr **out) {
  while (p->token.kind == RL_T_AT) {
    if (!rl_parse_attribute(p, out)) return false;
    out = &(*out)->next;
  }
  return true;
}
