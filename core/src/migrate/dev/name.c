/* Names of migrations, built like Prisma's from what a person types. */
#include <ctype.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "migrate/dev/name.h"

#define MAX_LENGTH 200

/* Letters with marks, and their replacements without marks. */
static const struct {
  const char *plain, *marked;
} letters[] = {
    {"a", "àáâãåāăąǎ"},   {"ae", "äæ"},       {"c", "çćĉċč"}, {"d", "ďđð"},   {"e", "èéêëēĕėęě"}, {"g", "ĝğġģ"},
    {"h", "ĥħ"},          {"i", "ìíîïĩīĭįı"}, {"j", "ĵ"},     {"k", "ķ"},     {"l", "ĺļľŀł"},     {"n", "ñńņňŉ"},
    {"o", "òóôõøōŏő"},    {"oe", "öœ"},       {"r", "ŕŗř"},   {"s", "śŝşšș"}, {"ss", "ß"},        {"t", "ţťŧț"},
    {"th", "þ"},          {"u", "ùúûũūŭůűų"}, {"ue", "ü"},    {"w", "ŵ"},     {"y", "ýÿŷ"},       {"z", "źżž"},
    {"A", "ÀÁÂÃÅĀĂĄǍ"},   {"Ae", "ÄÆ"},       {"C", "ÇĆĈĊČ"}, {"D", "ĎĐÐ"},   {"E", "ÈÉÊËĒĔĖĘĚ"}, {"G", "ĜĞĠĢ"},
    {"H", "ĤĦ"},          {"I", "ÌÍÎÏĨĪĬĮİ"}, {"J", "Ĵ"},     {"K", "Ķ"},     {"L", "ĹĻĽĿŁ"},     {"N", "ÑŃŅŇ"},
    {"O", "ÒÓÔÕØŌŎŐ"},    {"Oe", "ÖŒ"},       {"R", "ŔŖŘ"},   {"S", "ŚŜŞŠȘ"}, {"T", "ŢŤŦȚ"},      {"Th", "Þ"},
    {"U", "ÙÚÛŨŪŬŮŰŲ"},   {"Ue", "Ü"},        {"W", "Ŵ"},     {"Y", "ÝŶŸ"},   {"Z", "ŹŻŽ"},       {" and ", "&"},
    {" love ", "\u2665"},
};

/* Returns the length of the character at p. left: bytes until the end. */
static size_t character_length(const char *p, size_t left) {
  size_t n = 1;
  while (n < left && ((unsigned char)p[n] & 0xc0) == 0x80) n++;
  return n;
}

/* Returns the replacement of a character; NULL: it stays. */
static const char *plain_of(const char *p, size_t len) {
  for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
    for (const char *c = letters[i].marked; *c;) {
      size_t n = character_length(c, strlen(c));
      if (n == len && memcmp(c, p, n) == 0) return letters[i].plain;
      c += n;
    }
  return NULL;
}

static void replace_marked_letters(rl_str text, rl_buf *out) {
  for (size_t i = 0; i < text.len;) {
    size_t n = character_length(text.p + i, text.len - i);
    const char *plain = plain_of(text.p + i, n);
    if (plain)
      rl_buf_text(out, plain);
    else
      rl_buf_put(out, text.p + i, n);
    i += n;
  }
}

static bool is_upper(rl_str s, size_t i) {
  return i < s.len && s.p[i] >= 'A' && s.p[i] <= 'Z';
}

static bool is_digit(rl_str s, size_t i) {
  return i < s.len && s.p[i] >= '0' && s.p[i] <= '9';
}

static bool is_lower(rl_str s, size_t i) {
  return i < s.len && s.p[i] >= 'a' && s.p[i] <= 'z';
}

/* Returns whether a word begins here: fooBar is foo Bar, HTMLParser is HTML Parser, HTML5 is HTML 5. The s of a plural,
 * as in APIs, begins none. */
static bool begins_word(rl_str s, size_t i) {
  if (i == 0) return false;
  if (is_upper(s, i) && (is_lower(s, i - 1) || is_digit(s, i - 1))) return true;
  if (is_digit(s, i) && is_upper(s, i - 1) && is_upper(s, i - 2)) return true;
  return is_upper(s, i) && is_upper(s, i - 1) && is_lower(s, i + 1) && s.p[i + 1] != 's';
}

/* Returns whether this is the ' of it's or don't, which is left out. */
static bool is_apostrophe(rl_str s, size_t i) {
  if (s.p[i] != '\'' || i == 0 || !(is_lower(s, i - 1) || is_digit(s, i - 1))) return false;
  if (i + 1 >= s.len || (s.p[i + 1] != 's' && s.p[i + 1] != 't')) return false;
  return i + 2 >= s.len || isspace((unsigned char)s.p[i + 2]);
}

/* Joins letters and digits. One _ replaces all that is between them. */
static void join_words(rl_str s, rl_buf *out) {
  for (size_t i = 0; i < s.len; i++) {
    if (is_lower(s, i) || is_digit(s, i))
      rl_buf_byte(out, s.p[i]);
    else if (!is_apostrophe(s, i) && out->len && out->p[out->len - 1] != '_')
      rl_buf_byte(out, '_');
  }
  if (out->len && out->p[out->len - 1] == '_') out->len--;
}

rille_status rl_migration_slug(rl_str text, rl_buf *out, rl_error *err) {
  rl_buf plain, words;
  rl_buf_init(&plain);
  rl_buf_init(&words);
  replace_marked_letters(text, &plain);
  rl_str s = rl_buf_view(&plain);
  for (size_t i = 0; i < s.len; i++) {
    if (begins_word(s, i)) rl_buf_byte(&words, ' ');
    rl_buf_byte(&words, (char)(is_upper(s, i) ? s.p[i] + ('a' - 'A') : s.p[i]));
  }
  join_words(rl_buf_view(&words), out);
  bool failed = plain.failed || words.failed || out->failed;
  rl_buf_dispose(&plain);
  rl_buf_dispose(&words);
  if (failed) return rl_fail_nomem(err);
  if (out->len <= MAX_LENGTH) return RILLE_OK;
  return rl_fail(err, RL_P3010, "name: expected at most %d characters, got %zu", MAX_LENGTH, out->len);
}

#define STAMP 14 /* digits: year, month, day, hour, minute, second */

static bool has_stamp(rl_str name) {
  size_t digits = 0;
  while (digits < STAMP && is_digit(name, digits)) digits++;
  return digits == STAMP;
}

static int number_at(const char *p, int digits) {
  int n = 0;
  while (digits-- > 0) n = n * 10 + (*p++ - '0');
  return n;
}

static void write_stamp(time_t at, char out[STAMP + 1]) {
  struct tm t;
  char text[64];
  if (!gmtime_r(&at, &t)) t = (struct tm){.tm_mday = 1};
  snprintf(text, sizeof text, "%04d%02d%02d%02d%02d%02d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
           t.tm_min, t.tm_sec);
  memcpy(out, text, STAMP);
  out[STAMP] = 0;
}

static time_t time_of(const char *stamp) {
  struct tm t = {.tm_year = number_at(stamp, 4) - 1900,
                 .tm_mon = number_at(stamp + 4, 2) - 1,
                 .tm_mday = number_at(stamp + 6, 2),
                 .tm_hour = number_at(stamp + 8, 2),
                 .tm_min = number_at(stamp + 10, 2),
                 .tm_sec = number_at(stamp + 12, 2)};
  return timegm(&t);
}

char *rl_migration_folder_name(rl_str last, rl_str slug, int64_t now, rl_arena *arena) {
  char stamp[STAMP + 1];
  write_stamp((time_t)now, stamp);
  if (has_stamp(last) && memcmp(last.p, stamp, STAMP) >= 0) write_stamp(time_of(last.p) + 1, stamp);
  return rl_arena_printf(arena, "%s_%.*s", stamp, RL_STR_ARG(slug));
}
