/* Doc comments read as rules. */
#include "schema/field_rules.h"

#include "base/pattern.h"
#include "schema/resolve.h"
#include "tape/datetime.h"
#include "tape/decimal.h"

typedef enum rule_word {
  WORD_LENGTH,
  WORD_RANGE,
  WORD_EMAIL,
  WORD_URL,
  WORD_PATTERN,
  WORD_ONE_OF,
  WORD_TRIM,
  WORD_LOWERCASE,
  WORD_MESSAGE,
  WORD_COUNT
} rule_word;

static const char *const words[WORD_COUNT] = {
    [WORD_LENGTH] = "length", [WORD_RANGE] = "range",         [WORD_EMAIL] = "email",
    [WORD_URL] = "url",       [WORD_PATTERN] = "pattern",     [WORD_ONE_OF] = "one-of",
    [WORD_TRIM] = "trim",     [WORD_LOWERCASE] = "lowercase", [WORD_MESSAGE] = "message"};

const char *rl_rule_word(rl_rule_kind kind) {
  return words[kind]; /* the words of checks come first, in the same order */
}

typedef struct reading {
  rl_build *b;
  const rl_field *field;
  rl_field_rules *rules;
  bool seen[WORD_COUNT];
  rl_span span; /* of the rule being read: from its @ to the end of the line */
  rule_word word;
} reading;

/* ------------------------------------------------------------------ texts */

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* The integer that the whole text is. */
static bool read_int(rl_str s, int64_t *out) {
  bool negative = s.len && s.p[0] == '-';
  uint64_t n = 0, most = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
  if (s.len == (size_t)negative) return false;
  for (size_t i = negative; i < s.len; i++) {
    unsigned digit = (unsigned)(s.p[i] - '0');
    if (digit > 9 || n > (most - digit) / 10) return false;
    n = n * 10 + digit;
  }
  *out = negative ? (int64_t)(0 - n) : (int64_t)n;
  return true;
}

/* ------------------------------------------------------------------ bounds */

static void raise_nomem(const reading *r, bool nomem) {
  if (nomem) longjmp(r->b->nomem, 1);
}

static bool read_decimal(const reading *r, rl_str s, rl_value *out) {
  rl_buf text;
  rl_error err = {0};
  rl_buf_init(&text);
  rille_status status = rl_decimal_normalize(s, &text, &err);
  rl_str kept = status == RILLE_OK ? rl_arena_str(r->b->keep, rl_buf_view(&text)) : (rl_str){NULL, 0};
  rl_buf_dispose(&text);
  rl_error_clear(&err);
  raise_nomem(r, status == RILLE_NOMEM || (status == RILLE_OK && !kept.p));
  *out = (rl_value){.kind = RILLE_DECIMAL, .len = (uint32_t)kept.len, .as.p = kept.p};
  return status == RILLE_OK;
}

static bool read_float(const reading *r, rl_str s, rl_value *out) {
  rl_decimal *d = NULL;
  rl_error err = {0};
  rille_status status = rl_decimal_parse(s, &d, &err);
  rl_error_clear(&err);
  raise_nomem(r, status == RILLE_NOMEM);
  if (status != RILLE_OK) return false;
  *out = (rl_value){.kind = RILLE_FLOAT, .as.f = rl_decimal_to_float(d)};
  rl_decimal_free(d);
  return true;
}

static bool read_bound_value(const reading *r, rl_str s, rl_value *out) {
  rl_native native = r->field->type.native;
  *out = (rl_value){.kind = RILLE_INT};
  if (r->word == WORD_LENGTH) return read_int(s, &out->as.i) && out->as.i >= 0;
  switch (r->field->type.scalar) {
  case RL_FLOAT: return read_float(r, s, out);
  case RL_DECIMAL: return read_decimal(r, s, out);
  case RL_DATETIME:
    out->kind = RILLE_DATETIME;
    if (native == RL_NATIVE_TIME || native == RL_NATIVE_TIMETZ) return rl_time_parse(s, &out->as.i);
    return rl_datetime_parse(s, &out->as.i);
  default: return read_int(s, &out->as.i);
  }
}

/* What a bound looks like, for a message. */
static const char *bound_noun(const reading *r) {
  rl_native native = r->field->type.native;
  if (r->word == WORD_LENGTH) return "an integer, 0 or more";
  switch (r->field->type.scalar) {
  case RL_FLOAT:
  case RL_DECIMAL: return "a number";
  case RL_DATETIME:
    if (native == RL_NATIVE_TIME || native == RL_NATIVE_TIMETZ) return "a time like 12:30:00";
    return "a date-time like 2026-11-22 or 2026-11-22T12:00:00Z";
  default: return "an integer of 64 bits";
  }
}

static bool read_bound(const reading *r, rl_str s, rl_bound *out) {
  *out = (rl_bound){.text = rl_str_trim(s)};
  out->given = out->text.len > 0;
  if (!out->given || read_bound_value(r, out->text, &out->value)) return true;
  rl_report(r->b, r->span, "Each bound of `@%s` is %s; `%.*s` is none.", words[r->word], bound_noun(r),
            RL_STR_ARG(out->text));
  return false;
}

static bool is_reversed(const rl_bound *min, const rl_bound *max) {
  if (!min->given || !max->given) return false;
  if (min->value.kind == RILLE_FLOAT) return min->value.as.f > max->value.as.f;
  if (min->value.kind != RILLE_DECIMAL) return min->value.as.i > max->value.as.i;
  return rl_decimal_text_cmp(rl_str_make(min->value.as.p, min->value.len),
                             rl_str_make(max->value.as.p, max->value.len)) > 0;
}

static bool read_bounds(const reading *r, rl_str text, rl_rule *rule) {
  const char *example = r->word == WORD_LENGTH ? "3..200" : "0..100";
  size_t dots = 0;
  while (dots + 1 < text.len && (text.p[dots] != '.' || text.p[dots + 1] != '.')) dots++;
  if (dots + 1 >= text.len || text.len == 2) {
    rl_report(r->b, r->span, "`@%s` needs two bounds, or one of them: `@%s %s`, `@%s 3..` or `@%s ..100`.",
              words[r->word], words[r->word], example, words[r->word], words[r->word]);
    return false;
  }
  if (!read_bound(r, rl_str_make(text.p, dots), &rule->min)) return false;
  if (!read_bound(r, rl_str_make(text.p + dots + 2, text.len - dots - 2), &rule->max)) return false;
  if (!is_reversed(&rule->min, &rule->max)) return true;
  rl_report(r->b, r->span, "The lower bound of `@%s` is greater than the upper one.", words[r->word]);
  return false;
}

/* ------------------------------------------------------------------ one-of */

/* Reads a value in double quotes at *at, with \" and \\ in it. Moves after it. */
static bool read_quoted(const reading *r, rl_str text, size_t *at, rl_str *out) {
  char *copy = rl_build_alloc(r->b, r->b->keep, text.len + 1, 1);
  size_t len = 0, i = *at + 1;
  for (; i < text.len && text.p[i] != '"'; i++) {
    if (text.p[i] == '\\' && i + 1 < text.len) i++;
    copy[len++] = text.p[i];
  }
  *out = rl_str_make(copy, len);
  *at = i + 1;
  return i < text.len;
}

/* Reads the value at *at, up to the next comma, and moves after that. */
static bool read_item(const reading *r, rl_str text, size_t *at, rl_str *out) {
  while (*at < text.len && is_blank(text.p[*at])) ++*at;
  if (*at < text.len && text.p[*at] == '"') {
    if (!read_quoted(r, text, at, out)) return false;
    while (*at < text.len && is_blank(text.p[*at])) ++*at;
    return *at == text.len || text.p[(*at)++] == ',';
  }
  size_t from = *at;
  while (*at < text.len && text.p[*at] != ',') ++*at;
  *out = rl_str_trim(rl_str_make(text.p + from, *at - from));
  if (*at < text.len) ++*at;
  return out->len > 0;
}

static bool read_items(const reading *r, rl_str text, rl_rule *rule) {
  bool is_text = r->field->type.scalar == RL_STRING, good = text.len > 0 && text.p[text.len - 1] != ',';
  size_t count = 1;
  for (size_t i = 0; i < text.len; i++) count += text.p[i] == ',';
  rule->items = RL_KEEP_ARRAY(r->b, rl_value, count);
  for (size_t at = 0; good && at < text.len;) {
    rl_str item;
    rl_value *v = &rule->items[rule->item_count++];
    good = read_item(r, text, &at, &item);
    if (!good) break;
    *v = is_text ? (rl_value){.kind = RILLE_TEXT, .len = (uint32_t)item.len, .as.p = item.p}
                 : (rl_value){.kind = RILLE_INT};
    if (!is_text) good = read_int(item, &v->as.i);
  }
  if (!good)
    rl_report(r->b, r->span, "`@one-of` needs %s, separated by commas.%s", is_text ? "values" : "integers",
              is_text ? " A value with a comma in it is in double quotes." : "");
  return good;
}

/* ------------------------------------------------------------------ a rule */

static bool is_number(rl_scalar s) {
  return s == RL_INT || s == RL_BIGINT || s == RL_FLOAT || s == RL_DECIMAL;
}

static bool suits_field(const rl_field *f, rule_word word) {
  rl_scalar s = f->type.scalar;
  if (f->is_relation || s == RL_UNSUPPORTED) return false;
  switch (word) {
  case WORD_MESSAGE: return true;
  case WORD_LENGTH: return f->list || s == RL_STRING || s == RL_BYTES;
  case WORD_RANGE: return is_number(s) || s == RL_DATETIME;
  case WORD_ONE_OF: return s == RL_STRING || s == RL_INT || s == RL_BIGINT;
  default: return s == RL_STRING;
  }
}

static const char *suitable_fields(rule_word word) {
  switch (word) {
  case WORD_MESSAGE: return "any field but relations";
  case WORD_LENGTH: return "String, Bytes and lists";
  case WORD_RANGE: return "Int, BigInt, Float, Decimal and DateTime";
  case WORD_ONE_OF: return "String, Int and BigInt";
  default: return "String";
  }
}

static bool read_arguments(const reading *r, rl_str text, rl_rule *rule) {
  switch (r->word) {
  case WORD_LENGTH:
  case WORD_RANGE: return read_bounds(r, text, rule);
  case WORD_ONE_OF: return read_items(r, text, rule);
  case WORD_PATTERN: {
    const char *why = text.len ? rl_pattern_error(text) : "it is empty";
    if (why) rl_report(r->b, r->span, "The pattern of `@pattern` is malformed: %s.", why);
    return !why;
  }
  case WORD_MESSAGE:
    if (!text.len) rl_report(r->b, r->span, "`@message` needs a text.");
    return text.len > 0;
  default:
    if (text.len) rl_report(r->b, r->span, "`@%s` has no arguments; write each rule on its own line.", words[r->word]);
    return !text.len;
  }
}

/* A pattern or a message may begin with a parenthesis, after a space. */
static bool has_parentheses(const reading *r, rl_str text) {
  bool free = r->word == WORD_PATTERN || r->word == WORD_MESSAGE;
  return text.len && text.p[0] == '(' && !(free && is_blank(text.p[-1]));
}

static void read_rule(reading *r, rl_str text) {
  const rl_field *f = r->field;
  rl_rule rule = {.kind = (rl_rule_kind)r->word, .text = text};
  if (has_parentheses(r, text)) {
    rl_report(r->b, r->span, "A rule has no parentheses: write `@%s` and what belongs to it, as in `@length 3..200`.",
              words[r->word]);
  } else if (!suits_field(f, r->word)) {
    rl_report(r->b, r->span, "`@%s` is for %s; `%.*s` is something else.", words[r->word], suitable_fields(r->word),
              RL_STR_ARG(f->name));
  } else if (r->seen[r->word]) {
    rl_report(r->b, r->span, "The field `%.*s` has `@%s` twice.", RL_STR_ARG(f->name), words[r->word]);
  } else if (read_arguments(r, text, &rule)) {
    r->rules->trim |= r->word == WORD_TRIM;
    r->rules->lowercase |= r->word == WORD_LOWERCASE;
    if (r->word == WORD_MESSAGE) r->rules->message = text;
    if (r->word <= WORD_ONE_OF) r->rules->checks[r->rules->check_count++] = rule;
  }
  r->seen[r->word] = true;
}

/* ------------------------------------------------------------------ lines */

/* Finds the word after the @ of a line. It ends at a space, at a parenthesis or with the line. */
static bool find_word(rl_str text, rule_word *word) {
  for (int i = 0; i < WORD_COUNT; i++) {
    size_t len = strlen(words[i]);
    if (text.len <= len || memcmp(text.p + 1, words[i], len) != 0) continue;
    bool ends = text.len == len + 1 || is_blank(text.p[len + 1]) || text.p[len + 1] == '(';
    if (!ends) continue;
    *word = (rule_word)i;
    return true;
  }
  return false;
}

/* Whether a comment line has a rule; *text then begins with its @. */
static bool is_rule(const rl_line *line, rl_str *text, rule_word *word) {
  if (!line->is_doc) return false;
  *text = rl_str_trim(rl_str_make(line->text.p + 3, line->text.len - 3));
  return text->len > 1 && text->p[0] == '@' && find_word(*text, word);
}

static void read_lines(reading *r, const rl_line *lines) {
  rl_str text;
  for (const rl_line *l = lines; l; l = l->next) {
    if (!is_rule(l, &text, &r->word)) continue;
    if (!r->rules) {
      r->rules = RL_KEEP(r->b, rl_field_rules);
      r->rules->checks = RL_KEEP_ARRAY(r->b, rl_rule, WORD_COUNT);
    }
    r->span.start = (uint32_t)(text.p - r->b->text.p);
    r->span.end = r->span.start + (uint32_t)text.len;
    size_t len = strlen(words[r->word]) + 1;
    read_rule(r, rl_str_trim(rl_str_make(text.p + len, text.len - len)));
  }
}

/* A type that is unknown has been reported, and says nothing about the rules. */
static bool is_known(const rl_field_info *info) {
  return info->field->type.scalar != RL_UNSUPPORTED || info->ast->unsupported;
}

void rl_resolve_field_rules(rl_build *b) {
  for (size_t i = 0; i < b->schema->model_count; i++) {
    rl_model *m = b->models[i].model;
    for (size_t k = 0; k < m->field_count; k++) {
      const rl_field_info *info = &b->models[i].fields[k];
      reading r = {.b = b, .field = info->field};
      if (!is_known(info)) continue;
      read_lines(&r, info->ast->above);
      read_lines(&r, info->ast->trailing);
      info->field->rules = r.rules;
      m->has_rules |= r.rules != NULL;
    }
  }
}
