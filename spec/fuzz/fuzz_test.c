/* A short run of the harnesses: the corpus, and changed texts of it, the same in every run. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <string.h>

#include "fuzz/fuzz.h"

enum { MOST_TEXTS = 64 };
typedef struct texts {
  struct {
    uint8_t bytes[8192];
    size_t size;
  } items[MOST_TEXTS];
  uint32_t count;
} texts;

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_corpus(const fuzz_harness *h, texts *out) {
  char name[512];
  struct dirent **entries = NULL;
  snprintf(name, sizeof name, "spec/fuzz/corpus/%s", h->name);
  int count = scandir(name, &entries, NULL, by_name);
  out->count = 0;
  for (int i = 0; i < count; i++) {
    snprintf(name, sizeof name, "spec/fuzz/corpus/%s/%s", h->name, entries[i]->d_name);
    FILE *f = entries[i]->d_name[0] != '.' && out->count < MOST_TEXTS ? fopen(name, "rb") : NULL;
    if (f) {
      out->items[out->count].size = fread(out->items[out->count].bytes, 1, sizeof out->items[0].bytes, f);
      out->count++;
      fclose(f);
    }
    free(entries[i]);
  }
  free(entries);
}

/* RILLE_FUZZ_RUNS: how often, for longer tests. */
static unsigned runs_of(const fuzz_harness *h) {
  const char *runs = getenv("RILLE_FUZZ_RUNS");
  return runs ? (unsigned)strtoul(runs, NULL, 10) : h->short_runs;
}

static void test_harness(void **state) {
  const fuzz_harness *h = *state;
  static texts corpus;
  static uint8_t bytes[8192];
  assert_true(h->longest <= sizeof bytes);
  read_corpus(h, &corpus);
  assert_true(corpus.count >= 2);
  for (uint32_t i = 0; i < corpus.count; i++) fuzz_run(h, corpus.items[i].bytes, corpus.items[i].size);
  fuzz_random r = {7};
  for (unsigned n = 0; n < runs_of(h); n++) {
    uint32_t from = fuzz_below(&r, corpus.count);
    size_t size = corpus.items[from].size < h->longest ? corpus.items[from].size : h->longest;
    memcpy(bytes, corpus.items[from].bytes, size);
    for (uint32_t changes = 1 + fuzz_below(&r, 4); changes > 0; changes--)
      size = h->mutate && fuzz_below(&r, 4) ? h->mutate(bytes, size, h->longest, &r)
                                            : fuzz_mutate(h, bytes, size, h->longest, &r);
    fuzz_run(h, bytes, size);
  }
}

int main(void) {
  struct CMUnitTest tests[16];
  size_t count = 0;
  fuzz_watch(NULL);
  const char *only = getenv("RILLE_FUZZ");
  for (size_t i = 0; fuzz_harnesses[i]; i++)
    if (!only || strcmp(only, fuzz_harnesses[i]->name) == 0)
      tests[count++] = (struct CMUnitTest){.name = fuzz_harnesses[i]->name,
                                           .test_func = test_harness,
                                           .initial_state = (void *)(uintptr_t)fuzz_harnesses[i]};
  return _cmocka_run_group_tests("fuzz", tests, count, NULL, NULL);
}
