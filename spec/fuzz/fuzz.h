/* Fuzzing: a harness accepts any bytes and must neither crash nor break a promise. The same harnesses run under clang's
 * libFuzzer (libfuzzer.c), without it under another driver (plain.c), and briefly in `make test` (fuzz_test.c).
 * The bytes are readable text, so a corpus can be written by hand and a finding can be understood. */
#ifndef RL_SPEC_FUZZ_H
#define RL_SPEC_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

typedef struct fuzz_random {
  uint64_t state;
} fuzz_random;
uint32_t fuzz_below(fuzz_random *r, uint32_t limit); /* 0 when the limit is 0 */

typedef struct fuzz_harness {
  const char *name; /* its corpus is in spec/fuzz/corpus/NAME */
  void (*run)(const uint8_t *data, size_t size);
  /* Changes a text in place, up to `most` bytes; returns the new length. NULL: fuzz_mutate with `words`. */
  size_t (*mutate)(uint8_t *data, size_t size, size_t most, fuzz_random *r);
  const char *const *words; /* words of its language, NULL-terminated */
  size_t longest;           /* input, in bytes */
  unsigned short_runs;      /* in `make test` */
  unsigned share;           /* of the time of `make fuzz`, by weight */
} fuzz_harness;

extern const fuzz_harness fuzz_json, fuzz_tape, fuzz_number, fuzz_url, fuzz_script, fuzz_sql, fuzz_cell, fuzz_schema,
    fuzz_calls, fuzz_input, fuzz_pack, fuzz_redis, fuzz_notice;
extern const fuzz_harness *const fuzz_harnesses[]; /* NULL-terminated */
/* Returns the harness that RILLE_FUZZ names. With --list it prints all of them (name, share, longest) and ends the
 * process. */
const fuzz_harness *fuzz_choose(int argc, char **argv);

/* Runs a copy that ends exactly at its end. If the process ends meanwhile, prints the input and writes it to a file
 * whose name starts with `keep` (NULL: only prints it). */
void fuzz_run(const fuzz_harness *h, const uint8_t *data, size_t size);
void fuzz_watch(const char *keep);

/* Flips, removes and doubles bytes, and inserts words. */
size_t fuzz_mutate(const fuzz_harness *h, uint8_t *data, size_t size, size_t most, fuzz_random *r);

/* Reports a broken promise and ends the process, so the input is kept. */
#define FUZZ_CHECK(condition)                                                                                          \
  do {                                                                                                                 \
    if (!(condition)) fuzz_broken(__FILE__, __LINE__, #condition, NULL);                                               \
  } while (0)
_Noreturn void fuzz_broken(const char *file, int line, const char *what, const char *more);

/* Checks an error that callers may get: it has a code and a message and is no bug in rille. Clears it. */
void fuzz_check_error(rille_status status, rl_error *err);

#endif
