/* A pull reader of JSON text, strict RFC 8259. */
#include "tape/json.h"

/* What may follow. */
enum {
  STATE_VALUE,        /* a value */
  STATE_FIRST_MEMBER, /* just after '{' */
  STATE_FIRST_ITEM,   /* just after '[' */
  STATE_COLON,        /* after a key */
  STATE_AFTER         /* after a value: a comma, a closing bracket, or the end */
};

void rl_json_reader_init(rl_json_reader *r, rl_str text) {
  *r = (rl_json_reader){0};
  const char *p = text.p ? text.p : "";
  r->p = r->at = p;
  r->end = p + text.len;
  rl_buf_init(&r->text);
  r->state = STATE_VALUE;
}

void rl_json_reader_dispose(rl_json_reader *r) {
  rl_buf_dispose(&r->text);
}

static rille_status fault(const rl_json_reader *r, rl_error *err, const char *what) {
  return rl_fail(err, RL_VALIDATION, "JSON is not valid at offset %zu: %s", (size_t)(r->at - r->p), what);
}

static void skip_space(rl_json_reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

/* ------------------------------------------------------------------ nesting */

static bool in_object(const rl_json_reader *r) {
  unsigned level = r->depth - 1;
  return r->in_object[level / 64] >> (level % 64) & 1;
}

static rille_status open(rl_json_reader *r, bool object, rl_error *err) {
  if (r->depth == RL_JSON_DEPTH) return fault(r, err, "nested more than 200 levels deep");
  uint64_t bit = UINT64_C(1) << (r->depth % 64);
  uint64_t *word = &r->in_object[r->depth / 64];
  *word = object ? *word | bit : *word & ~bit;
  r->depth++;
  r->at++;
  r->state = object ? STATE_FIRST_MEMBER : STATE_FIRST_ITEM;
  return RILLE_ROW;
}

static rille_status close(rl_json_reader *r) {
  r->depth--;
  r->at++;
  r->state = STATE_AFTER;
  return RILLE_ROW;
}

/* ------------------------------------------------------------------ texts */

static bool hex4(rl_json_reader *r, uint32_t *out) {
  if (r->end - r->at < 4) return false;
  uint32_t n = 0;
  for (int i = 0; i < 4; i++) {
    char c = r->at[i];
    uint32_t digit;
    if (c >= '0' && c <= '9')
      digit = (uint32_t)(c - '0');
    else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
      digit = (uint32_t)((c | 0x20) - 'a') + 10;
    else
      return false;
    n = n << 4 | digit;
  }
  r->at += 4;
  *out = n;
  return true;
}

static void put_utf8(rl_buf *out, uint32_t c) {
  if (c < 0x80) {
    rl_buf_byte(out, (char)c);
    return;
  }
  if (c < 0x800) {
    rl_buf_byte(out, (char)(0xC0 | c >> 6));
  } else {
    if (c < 0x10000) {
      rl_buf_byte(out, (char)(0xE0 | c >> 12));
    } else {
      rl_buf_byte(out, (char)(0xF0 | c >> 18));
      rl_buf_byte(out, (char)(0x80 | (c >> 12 & 63)));
    }
    rl_buf_byte(out, (char)(0x80 | (c >> 6 & 63)));
  }
  rl_buf_byte(out, (char)(0x80 | (c & 63)));
}

/* Reads one code point after "\u", from two escapes if the first is a high surrogate. */
static rille_status unescape_number(rl_json_reader *r, rl_error *err) {
  uint32_t c, low;
  if (!hex4(r, &c)) return fault(r, err, "\\u needs four hexadecimal digits");
  if (c >= 0xDC00 && c <= 0xDFFF) return fault(r, err, "a low surrogate without a high one");
  if (c >= 0xD800 && c <= 0xDBFF) {
    if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u') return fault(r, err, "a high surrogate alone");
    r->at += 2;
    if (!hex4(r, &low) || low < 0xDC00 || low > 0xDFFF) return fault(r, err, "a high surrogate alone");
    c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
  }
  put_utf8(&r->text, c);
  return RILLE_OK;
}

static rille_status unescape(rl_json_reader *r, rl_error *err) {
  static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  r->at++;
  if (r->at == r->end) return fault(r, err, "the text does not end");
  char c = *r->at;
  if (c == 'u') {
    r->at++;
    return unescape_number(r, err);
  }
  const char *letter = c ? strchr(letters, c) : NULL;
  if (!letter) return fault(r, err, "an unknown escape");
  rl_buf_byte(&r->text, meanings[letter - letters]);
  r->at++;
  return RILLE_OK;
}

/* Skips bytes that need no unescaping. */
static void skip_plain(rl_json_reader *r) {
  while (r->at < r->end && *r->at != '"' && *r->at != '\\' && (unsigned char)*r->at >= 0x20) r->at++;
}

static rille_status check_utf8(rl_json_reader *r, const char *start, rl_error *err) {
  size_t bad = 0;
  if (rl_utf8_valid(rl_str_make(start, (size_t)(r->at - start)), &bad)) return RILLE_OK;
  r->at = start + bad;
  return fault(r, err, "invalid UTF-8");
}

/* r->at is at the opening quote. A string without escapes is a view of the input. */
static rille_status read_text(rl_json_reader *r, rl_error *err) {
  const char *start = ++r->at;
  bool escaped = false;
  rl_buf_reset(&r->text);
  for (;;) {
    const char *plain = r->at;
    skip_plain(r);
    rille_status status = check_utf8(r, plain, err);
    if (status < 0) return status;
    if (r->at == r->end) return fault(r, err, "the text does not end");
    if (*r->at != '\\' && *r->at != '"') return fault(r, err, "a control character must be escaped in a text");
    size_t length = (size_t)(r->at - plain);
    if (*r->at == '"') {
      if (escaped) rl_buf_put(&r->text, plain, length);
      r->value = escaped ? rl_buf_view(&r->text) : rl_str_make(start, length);
      r->at++;
      return r->text.failed ? rl_fail_nomem(err) : RILLE_ROW;
    }
    escaped = true;
    rl_buf_put(&r->text, plain, length);
    status = unescape(r, err);
    if (status < 0) return status;
  }
}

/* ------------------------------------------------------------------ numbers and words */

static bool skip_digits(rl_json_reader *r) {
  const char *start = r->at;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
  return r->at > start;
}

static rille_status read_number(rl_json_reader *r, rl_error *err) {
  const char *start = r->at;
  if (*r->at == '-') r->at++;
  bool zero = r->at < r->end && *r->at == '0';
  const char *digits = r->at;
  if (!skip_digits(r)) return fault(r, err, "a number needs a digit here");
  if (zero && r->at - digits > 1) return fault(r, err, "a number must not start with 0");
  if (r->at < r->end && *r->at == '.') {
    r->at++;
    if (!skip_digits(r)) return fault(r, err, "a digit must follow the point");
  }
  if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
    r->at++;
    if (r->at < r->end && (*r->at == '+' || *r->at == '-')) r->at++;
    if (!skip_digits(r)) return fault(r, err, "the exponent needs a digit");
  }
  r->value = rl_str_make(start, (size_t)(r->at - start));
  return RILLE_ROW;
}

static rille_status read_word(rl_json_reader *r, const char *word, rl_error *err) {
  size_t length = strlen(word);
  if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0)
    return fault(r, err, "a value was expected");
  r->at += length;
  return RILLE_ROW;
}

/* ------------------------------------------------------------------ the reader */

static rille_status read_value(rl_json_reader *r, rl_json_token *token, rl_error *err) {
  r->state = STATE_AFTER;
  switch (r->at < r->end ? *r->at : '\0') {
  case '{': *token = RL_JSON_OPEN_OBJECT; return open(r, true, err);
  case '[': *token = RL_JSON_OPEN_ARRAY; return open(r, false, err);
  case '"': *token = RL_JSON_TEXT; return read_text(r, err);
  case 't': *token = RL_JSON_TRUE; return read_word(r, "true", err);
  case 'f': *token = RL_JSON_FALSE; return read_word(r, "false", err);
  case 'n': *token = RL_JSON_NULL; return read_word(r, "null", err);
  case '-':
  case '0':
  case '1':
  case '2':
  case '3':
  case '4':
  case '5':
  case '6':
  case '7':
  case '8':
  case '9': *token = RL_JSON_NUMBER; return read_number(r, err);
  default: return fault(r, err, r->at == r->end ? "it ends too early" : "a value was expected");
  }
}

static rille_status read_key(rl_json_reader *r, rl_json_token *token, rl_error *err) {
  if (r->at == r->end || *r->at != '"') return fault(r, err, "a key in quotes was expected");
  r->state = STATE_COLON;
  *token = RL_JSON_KEY;
  return read_text(r, err);
}

static rille_status read_after(rl_json_reader *r, rl_json_token *token, rl_error *err) {
  if (r->depth == 0) {
    *token = RL_JSON_END;
    return r->at == r->end ? RILLE_DONE : fault(r, err, "something follows the value");
  }
  bool object = in_object(r);
  if (r->at == r->end) return fault(r, err, "it ends too early");
  if (*r->at == (object ? '}' : ']')) {
    *token = object ? RL_JSON_CLOSE_OBJECT : RL_JSON_CLOSE_ARRAY;
    return close(r);
  }
  if (*r->at != ',') return fault(r, err, object ? "',' or '}' was expected" : "',' or ']' was expected");
  r->at++;
  skip_space(r);
  return object ? read_key(r, token, err) : read_value(r, token, err);
}

rille_status rl_json_next(rl_json_reader *r, rl_json_token *token, rl_error *err) {
  *token = RL_JSON_END;
  skip_space(r);
  char next = r->at < r->end ? *r->at : '\0';
  switch (r->state) {
  case STATE_FIRST_MEMBER:
    if (next != '}') return read_key(r, token, err);
    *token = RL_JSON_CLOSE_OBJECT;
    return close(r);
  case STATE_FIRST_ITEM:
    if (next != ']') return read_value(r, token, err);
    *token = RL_JSON_CLOSE_ARRAY;
    return close(r);
  case STATE_COLON:
    if (next != ':') return fault(r, err, "':' was expected");
    r->at++;
    skip_space(r);
    return read_value(r, token, err);
  case STATE_AFTER: return read_after(r, token, err);
  default: return read_value(r, token, err);
  }
}
