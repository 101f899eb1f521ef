/* The list of harnesses, and what they share: random numbers, changes of bytes, broken promises. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

const fuzz_harness *const fuzz_harnesses[] = {&fuzz_json, &fuzz_tape,  &fuzz_number, &fuzz_url,   &fuzz_script,
                                              &fuzz_sql,  &fuzz_cell,  &fuzz_schema, &fuzz_calls, &fuzz_input,
                                              &fuzz_pack, &fuzz_redis, &fuzz_notice, NULL};

static const fuzz_harness *harness_of(const char *name) {
  for (size_t i = 0; fuzz_harnesses[i]; i++)
    if (strcmp(fuzz_harnesses[i]->name, name) == 0) return fuzz_harnesses[i];
  return NULL;
}

const fuzz_harness *fuzz_choose(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--list") == 0) {
    for (size_t i = 0; fuzz_harnesses[i]; i++)
      printf("%s %u %zu\n", fuzz_harnesses[i]->name, fuzz_harnesses[i]->share, fuzz_harnesses[i]->longest);
    exit(0);
  }
  const char *name = getenv("RILLE_FUZZ");
  const fuzz_harness *h = name ? harness_of(name) : NULL;
  if (h) return h;
  fprintf(stderr, "RILLE_FUZZ must name a harness; --list shows them\n");
  exit(2);
}

_Noreturn void fuzz_broken(const char *file, int line, const char *what, const char *more) {
  fprintf(stderr, "\n%s:%d: this must hold: %s\n", file, line, what);
  if (more) fprintf(stderr, "%s\n", more);
  abort();
}

void fuzz_check_error(rille_status status, rl_error *err) {
  if (status == RILLE_ERROR) {
    const char *message = rl_error_message(err);
    if (err->code == RL_CODE_NONE || !message || !*message)
      fuzz_broken(__FILE__, __LINE__, "an error has a code and words", message);
    if (err->code == RL_INTERNAL) fuzz_broken(__FILE__, __LINE__, "no error is INTERNAL", message);
    if (!rl_utf8_valid(rl_str_of(message), NULL)) fuzz_broken(__FILE__, __LINE__, "a message is valid UTF-8", message);
  }
  rl_error_clear(err);
}

/* ------------------------------------------------------------------ running */

static struct {
  const fuzz_harness *harness;
  const uint8_t *data;
  size_t size;
  const char *keep;
} at_work;

/* ASan and UBSan call this before they end the process. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void show_input(void) {
  if (!at_work.harness) return;
  fprintf(stderr, "%s failed with this input of %zu bytes:\n", at_work.harness->name, at_work.size);
  for (size_t i = 0; i < at_work.size && i < 4000; i++) {
    uint8_t c = at_work.data[i];
    fprintf(stderr, c == '\n' || (c >= 32 && c < 127 && c != '\\') ? "%c" : "\\x%02X", c);
  }
  fprintf(stderr, "\n");
  char name[600];
  if (!at_work.keep) return;
  snprintf(name, sizeof name, "%s%d", at_work.keep, (int)getpid());
  FILE *f = fopen(name, "wb");
  if (!f) return;
  fwrite(at_work.data, 1, at_work.size, f);
  fclose(f);
  fprintf(stderr, "Test unit written to %s\n", name);
}

static void on_signal(int number) {
  signal(number, SIG_DFL);
  show_input();
  raise(number);
}

void fuzz_watch(const char *keep) {
  static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGALRM};
  at_work.keep = keep;
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(show_input);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    if (!__sanitizer_set_death_callback || signals[i] == SIGABRT || signals[i] == SIGALRM)
      signal(signals[i], on_signal);
}

void fuzz_run(const fuzz_harness *h, const uint8_t *data, size_t size) {
  uint8_t *exact = malloc(size ? size : 1);
  if (!exact) exit(2);
  if (size) memcpy(exact, data, size);
  at_work.harness = h;
  at_work.data = exact;
  at_work.size = size;
  alarm(60);
  h->run(exact, size);
  alarm(0);
  at_work.harness = NULL;
  free(exact);
}

/* ------------------------------------------------------------------ chance */

static uint64_t next_random(fuzz_random *r) { /* splitmix64 */
  uint64_t z = (r->state += UINT64_C(0x9E3779B97F4A7C15));
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

uint32_t fuzz_below(fuzz_random *r, uint32_t limit) {
  return limit ? (uint32_t)(next_random(r) % limit) : 0;
}

/* ------------------------------------------------------------------ bytes */

static size_t insert(uint8_t *data, size_t size, size_t most, size_t at, const uint8_t *what, size_t length) {
  if (size + length > most) return size;
  memmove(data + at + length, data + at, size - at);
  memcpy(data + at, what, length);
  return size + length;
}

static size_t cut_out(uint8_t *data, size_t size, size_t at, size_t length) {
  memmove(data + at, data + at + length, size - at - length);
  return size - length;
}

static size_t put_word(const fuzz_harness *h, uint8_t *data, size_t size, size_t most, size_t at, fuzz_random *r) {
  static const char *const everywhere[] = {
      "", "-1", "9223372036854775808", "1e400", "\xEF\xBF\xBF", "'", "\"", "0", "\\", "\n", "$", "{", "}", NULL};
  const char *const *words = h->words && fuzz_below(r, 4) ? h->words : everywhere;
  uint32_t count = 0;
  while (words[count]) count++;
  const char *word = words[fuzz_below(r, count)];
  return insert(data, size, most, at, (const uint8_t *)word, strlen(word));
}

/* Inserts a part of the text again somewhere, up to 16 times: nesting and repetition. */
static size_t repeat(uint8_t *data, size_t size, size_t most, size_t at, fuzz_random *r) {
  uint8_t piece[64];
  if (size == 0) return size;
  size_t from = fuzz_below(r, (uint32_t)size), length = 1 + fuzz_below(r, sizeof piece - 1);
  if (length > size - from) length = size - from;
  memcpy(piece, data + from, length);
  uint32_t times = 1 + (fuzz_below(r, 4) ? 0 : fuzz_below(r, 16));
  for (uint32_t i = 0; i < times; i++) size = insert(data, size, most, at, piece, length);
  return size;
}

static size_t change_once(const fuzz_harness *h, uint8_t *data, size_t size, size_t most, fuzz_random *r) {
  size_t at = fuzz_below(r, (uint32_t)size + 1);
  switch (fuzz_below(r, 7)) {
  case 0:
    if (at < size) data[at] = (uint8_t)(data[at] ^ (1u << fuzz_below(r, 8)));
    return size;
  case 1:
    if (at < size) data[at] = (uint8_t)next_random(r);
    return size;
  case 2: return insert(data, size, most, at, &(uint8_t){(uint8_t)next_random(r)}, 1);
  case 3: {
    size_t length = 1 + fuzz_below(r, fuzz_below(r, 4) ? 4 : 40);
    return length <= size - at ? cut_out(data, size, at, length) : size;
  }
  case 4: return repeat(data, size, most, at, r);
  default: return put_word(h, data, size, most, at, r);
  }
}

size_t fuzz_mutate(const fuzz_harness *h, uint8_t *data, size_t size, size_t most, fuzz_random *r) {
  for (uint32_t changes = 1 + fuzz_below(r, 5); changes > 0; changes--) size = change_once(h, data, size, most, r);
  return size;
}
