/* Prints traces, and reads who wants them. */
#include "base/debug.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned rl_debug_wanted;

static const char *const debug_words[] = {
#define RL_DEBUG_WORD(ID, word) [RL_DEBUG_NUMBER_##ID] = word,
    RL_DEBUG_WORDS(RL_DEBUG_WORD)
#undef RL_DEBUG_WORD
};

enum { WORD_COUNT = sizeof debug_words / sizeof *debug_words, LONGEST_LINE = 4096 };

static unsigned debug_bits(rl_str word) {
  if (rl_str_is(word, "all")) return (1u << WORD_COUNT) - 1;
  for (unsigned i = 0; i < WORD_COUNT; i++)
    if (rl_str_is(word, debug_words[i])) return 1u << i;
  return 0;
}

static void report_unknown_word(rl_str word) {
  fprintf(stderr, "rille: RILLE_DEBUG: unknown word \"%.*s\"; there are", word.len < 40 ? (int)word.len : 40, word.p);
  for (unsigned i = 0; i < WORD_COUNT; i++) fprintf(stderr, " %s,", debug_words[i]);
  fputs(" all\n", stderr);
}

static void read_words(void) {
  const char *at = getenv("RILLE_DEBUG");
  unsigned wanted = 0;
  while (at && *at) {
    size_t len = strcspn(at, ", ");
    unsigned bits = debug_bits(rl_str_make(at, len));
    if (len && !bits) report_unknown_word(rl_str_make(at, len));
    wanted |= bits;
    at += len;
    at += strspn(at, ", ");
  }
  rl_debug_wanted = wanted;
}

void rl_debug_start(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, read_words);
}

static const char *word_of(rl_debug what) {
  for (unsigned i = 0; i < WORD_COUNT; i++)
    if ((unsigned)what == 1u << i) return debug_words[i];
  return "";
}

/* With one write, so that lines of several threads do not mix. */
static void print_line(rl_debug what, const char *text, size_t len) {
  char line[LONGEST_LINE];
  int head = snprintf(line, sizeof line, "rille %s: ", word_of(what));
  size_t room = sizeof line - (size_t)head - 5, n = len < room ? len : room;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    line[(size_t)head + i] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
  }
  n += (size_t)head;
  if (len > room) {
    memcpy(line + n, " ...", 4);
    n += 4;
  }
  line[n++] = '\n';
  fwrite(line, 1, n, stderr);
}

void rl_debug_print(rl_debug what, const char *format, ...) {
  char text[LONGEST_LINE];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (n > 0) print_line(what, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

void rl_debug_lines(rl_debug what, rl_str text) {
  for (size_t from = 0; from < text.len;) {
    const char *end = memchr(text.p + from, '\n', text.len - from);
    size_t len = end ? (size_t)(end - text.p) - from : text.len - from;
    print_line(what, text.p + from, len);
    from += len + 1;
  }
}
