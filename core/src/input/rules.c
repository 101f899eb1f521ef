/* Rules: the transforms, the checks, and their messages. */
#include "input/rules.h"

#include <utf8proc.h>

#include "base/pattern.h"
#include "input/addresses.h"
#include "input/convert.h"
#include "tape/decimal.h"

static rl_str text_of(const rl_value *v) {
  return rl_str_make(v->as.p, v->len);
}

/* ------------------------------------------------------------------ @trim */

/* Returns whether the character is white space in Unicode: some control characters, and the separators. */
static bool is_space(utf8proc_int32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  if (c == 0x85) return true;
  utf8proc_category_t category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/* Reads the character at p of valid UTF-8. Returns its length, at least 1. */
static size_t read_character(const char *p, size_t left, utf8proc_int32_t *c) {
  utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)left, c);
  return len > 0 ? (size_t)len : 1;
}

static rl_str trim(rl_str s) {
  utf8proc_int32_t c;
  while (s.len) {
    size_t len = read_character(s.p, s.len, &c);
    if (!is_space(c)) break;
    s = rl_str_make(s.p + len, s.len - len);
  }
  while (s.len) {
    size_t at = s.len - 1;
    while (at > 0 && ((unsigned char)s.p[at] & 0xC0) == 0x80) at--;
    (void)read_character(s.p + at, s.len - at, &c);
    if (!is_space(c)) break;
    s.len = at;
  }
  return s;
}

/* ------------------------------------------------------------------ @lowercase */

static bool is_lower_already(rl_str s) {
  for (size_t i = 0; i < s.len; i++)
    if ((unsigned char)s.p[i] >= 0x80 || (s.p[i] >= 'A' && s.p[i] <= 'Z')) return false;
  return true;
}

/* NULL in *out: out of memory. A letter may need more bytes in lower case: two become three at most. */
static bool lower(rl_str s, rl_arena *arena, rl_str *out) {
  *out = s;
  if (is_lower_already(s)) return true;
  utf8proc_uint8_t *copy = rl_arena_alloc(arena, s.len + s.len / 2 + 4);
  if (!copy) return false;
  size_t len = 0;
  for (size_t at = 0; at < s.len;) {
    utf8proc_int32_t c;
    at += read_character(s.p + at, s.len - at, &c);
    len += (size_t)utf8proc_encode_char(utf8proc_tolower(c), copy + len);
  }
  *out = rl_str_make((const char *)copy, len);
  return true;
}

static bool transform(const rl_field_rules *rules, rl_arena *arena, rl_value *v) {
  rl_str s = text_of(v);
  if (v->kind != RILLE_TEXT) return true;
  if (rules->trim) s = trim(s);
  if (rules->lowercase && !lower(s, arena, &s)) return false;
  v->as.p = s.p;
  v->len = (uint32_t)s.len;
  return true;
}

rille_status rl_rules_change(const rl_field_rules *rules, rl_arena *arena, rl_value *v, rl_error *err) {
  if (v->kind != RILLE_LIST) return transform(rules, arena, v) ? RILLE_OK : rl_fail_nomem(err);
  rl_value *items = RL_NEW_ARRAY(arena, rl_value, v->len);
  if (!items) return rl_fail_nomem(err);
  for (uint32_t i = 0; i < v->len; i++) {
    items[i] = v->as.list[i];
    if (!transform(rules, arena, &items[i])) return rl_fail_nomem(err);
  }
  v->as.list = items;
  return RILLE_OK;
}

/* ------------------------------------------------------------------ checks */

static uint64_t characters(rl_str s) {
  uint64_t n = 0;
  for (size_t i = 0; i < s.len; i++) n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
  return n;
}

/* Returns whether every text with this many bytes has a right length: a character has one to four bytes. */
static bool is_surely_within(const rl_rule *rule, uint64_t bytes) {
  return (!rule->min.given || (bytes + 3) / 4 >= (uint64_t)rule->min.value.as.i) &&
         (!rule->max.given || bytes <= (uint64_t)rule->max.value.as.i);
}

static const char *check_length(const rl_rule *rule, const rl_value *v, rl_str *limit) {
  if (is_surely_within(rule, v->len) && v->kind == RILLE_TEXT) return NULL;
  uint64_t n = v->kind == RILLE_TEXT ? characters(text_of(v)) : v->len;
  if (rule->min.given && n < (uint64_t)rule->min.value.as.i) {
    *limit = rule->min.text;
    return "too_short";
  }
  if (rule->max.given && n > (uint64_t)rule->max.value.as.i) {
    *limit = rule->max.text;
    return "too_long";
  }
  return NULL;
}

/* Returns -1, 0 or 1; 2: they cannot be compared, like a number and NaN. */
static int compare(const rl_value *a, const rl_value *b) {
  if (a->kind == RILLE_TEXT) return a->len && a->as.p[0] == '-' ? -1 : 1; /* the date-times infinity and -infinity */
  if (a->kind != b->kind) return 2;
  switch (a->kind) {
  case RILLE_FLOAT: return a->as.f < b->as.f ? -1 : a->as.f > b->as.f ? 1 : a->as.f == b->as.f ? 0 : 2;
  case RILLE_DECIMAL: return rl_decimal_text_cmp(text_of(a), text_of(b));
  default: return (a->as.i > b->as.i) - (a->as.i < b->as.i);
  }
}

static const char *check_range(const rl_rule *rule, const rl_value *v, rl_str *limit) {
  if (rule->min.given) {
    int order = compare(v, &rule->min.value);
    *limit = rule->min.text;
    if (order == -1 || order == 2) return "too_small";
  }
  if (rule->max.given) {
    int order = compare(v, &rule->max.value);
    *limit = rule->max.text;
    if (order > 0) return "too_large";
  }
  return NULL;
}

static const char *check_item(const rl_rule *rule, const rl_value *v, rl_str *limit) {
  for (size_t i = 0; i < rule->item_count; i++)
    if (rl_value_same(v, &rule->items[i])) return NULL;
  *limit = rule->text;
  return "not_one_of";
}

/* Returns the code of the violation by one value; NULL: none. */
static const char *check(const rl_rule *rule, const rl_value *v, rl_str *limit) {
  if (v->kind == RILLE_NULL) return NULL;
  switch (rule->kind) {
  case RL_RULE_LENGTH: return check_length(rule, v, limit);
  case RL_RULE_RANGE: return check_range(rule, v, limit);
  case RL_RULE_ONE_OF: return check_item(rule, v, limit);
  case RL_RULE_EMAIL: return rl_is_email(text_of(v)) ? NULL : "not_email";
  case RL_RULE_URL: return rl_is_url(text_of(v)) ? NULL : "not_url";
  case RL_RULE_PATTERN:
    if (rl_pattern_find(rule->text, text_of(v)) == RL_PATTERN_FOUND) return NULL;
    *limit = rule->text;
    return "bad_format";
  }
  return NULL;
}

/* The length is a rule for the list, and every other rule is for its elements. */
static const char *check_list(const rl_rule *rule, const rl_value *v, bool pushed, rl_rule_fault *fault) {
  if (rule->kind == RL_RULE_LENGTH) return pushed ? NULL : check_length(rule, v, &fault->limit);
  for (uint32_t i = 0; i < v->len; i++) {
    const char *code = check(rule, &v->as.list[i], &fault->limit);
    fault->element = i + 1;
    if (code) return code;
  }
  return NULL;
}

bool rl_rules_check(const rl_field *field, const rl_value *v, bool pushed, uint32_t *at, rl_rule_fault *fault) {
  const rl_field_rules *rules = field->rules;
  while (*at < rules->check_count) {
    const rl_rule *rule = &rules->checks[(*at)++];
    fault->element = 0;
    fault->limit = (rl_str){NULL, 0};
    fault->code = v->kind == RILLE_LIST ? check_list(rule, v, pushed, fault) : check(rule, v, &fault->limit);
    if (!fault->code) continue;
    fault->rule = rl_rule_word(rule->kind);
    fault->by = rule;
    return true;
  }
  return false;
}

/* ------------------------------------------------------------------ messages */

static void write_length(const rl_field *f, const rl_rule_fault *fault, rl_buf *out) {
  const rl_bound *min = &fault->by->min, *max = &fault->by->max;
  bool is_short = strcmp(fault->code, "too_short") == 0;
  bool is_exact = min->given && max->given && min->value.as.i == max->value.as.i;
  int64_t n = is_short ? min->value.as.i : max->value.as.i;
  const char *unit = f->list ? "item" : f->type.scalar == RL_BYTES ? "byte" : "character";
  rl_buf_printf(out, "must %s %s %lld %s%s%s", f->list ? "have" : "be",
                is_exact   ? "exactly"
                : is_short ? "at least"
                           : "at most",
                (long long)n, unit, n == 1 ? "" : "s", f->list ? "" : " long");
}

static void write_range(const rl_field *f, const rl_rule_fault *fault, rl_buf *out) {
  bool is_small = strcmp(fault->code, "too_small") == 0;
  if (f->type.scalar == RL_DATETIME)
    rl_buf_text(out, is_small ? "must not be before " : "must not be after ");
  else
    rl_buf_text(out, is_small ? "must be at least " : "must be at most ");
  rl_buf_str(out, fault->limit);
}

static void write_items(const rl_rule *rule, rl_buf *out) {
  rl_buf_text(out, rule->item_count == 1 ? "must be " : "must be one of ");
  for (size_t i = 0; i < rule->item_count; i++) {
    if (i) rl_buf_text(out, ", ");
    if (rule->items[i].kind == RILLE_INT)
      rl_buf_int(out, rule->items[i].as.i);
    else
      rl_buf_str(out, text_of(&rule->items[i]));
  }
}

void rl_rule_message(const rl_field *f, const rl_rule_fault *fault, rl_buf *out) {
  if (f->rules->message.len) {
    rl_buf_str(out, f->rules->message);
    return;
  }
  switch (fault->by->kind) {
  case RL_RULE_LENGTH: write_length(f, fault, out); break;
  case RL_RULE_RANGE: write_range(f, fault, out); break;
  case RL_RULE_ONE_OF: write_items(fault->by, out); break;
  case RL_RULE_EMAIL: rl_buf_text(out, "must be an email address"); break;
  case RL_RULE_URL: rl_buf_text(out, "must be a web address that begins with http:// or https://"); break;
  case RL_RULE_PATTERN: rl_buf_text(out, "does not have the right format"); break;
  }
}

/* ------------------------------------------------------------------ values that are written */

rille_status rl_rules_refuse(const rl_input *input, const rl_rule_fault *fault, rl_arena *arena, rl_error *err) {
  rl_input at = *input;
  if (fault->element) {
    char *path = rl_arena_printf(arena, "%.*s[%u]", RL_STR_ARG(input->path), (unsigned)fault->element);
    if (!path) return rl_fail_nomem(err);
    at.path = rl_str_of(path);
  }
  rl_buf text;
  rl_buf_init(&text);
  rl_rule_message(input->field, fault, &text);
  const char *z = rl_buf_z(&text);
  rille_status status = z ? rl_refuse_value(&at, RL_INPUT, err, "%s", z) : rl_fail_nomem(err);
  rl_buf_dispose(&text);
  rl_error_detail(err, "rule", rl_str_of(fault->rule));
  return status;
}

rille_status rl_rules_apply(const rl_input *input, bool pushed, rl_arena *arena, rl_value *v, rl_error *err) {
  uint32_t at = 0;
  rl_rule_fault fault;
  rille_status status = rl_rules_transform(input->field->rules, arena, v, err);
  if (status < 0 || !rl_rules_check(input->field, v, pushed, &at, &fault)) return status;
  return rl_rules_refuse(input, &fault, arena, err);
}
