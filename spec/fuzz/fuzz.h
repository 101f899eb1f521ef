/* Fuzzing: a harness takes any bytes and must neither crash nor break a promise. The same harnesses run under clang's
 * libFuzzer (libfuzzer.c), under a driver of ours where there is none (plain.c), and for a moment in `make test`
 * (fuzz_test.c).
 *
 * The bytes are a text that a person can read, so that a corpus can be written by hand and a finding be understood. */
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
  const char *name; /* its corpus lies in spec/fuzz/corpus/NAME */
  void (*run)(const uint8_t *data, size_t size);
  /* Changes a text in place, up to `most` bytes; returns the new length. NULL: fuzz_mutate with `words`. */
  size_t (*mutate)(uint8_t *data, size_t size, size_t most, fuzz_random *r);
  const char *const *words; /* what its language is made of, NULL-terminated */
  size_t longest;           /* input, in bytes */
  unsigned short_runs;      /* how often in `make test` */
  unsigned share;           /* of the time of `make fuzz`, by weight */
} fuzz_harness;

extern const fuzz_harness fuzz_json, fuzz_tape, fuzz_number, fuzz_url, fuzz_script, fuzz_sql, fuzz_cell, fuzz_schema,
    fuzz_calls;
extern const fuzz_harness *const fuzz_harnesses[]; /* NULL-terminated */
/* The harness that RILLE_FUZZ names. Where the program is asked to --list them it does so (name, share, longest), and
 * ends. */
const fuzz_harness *fuzz_choose(int argc, char **argv);

/* Runs a copy with nothing behind it. What ends the process meanwhile shows the input, and keeps it in a file whose
 * name begins with `keep` (NULL: it is only shown). */
void fuzz_run(const fuzz_harness *h, const uint8_t *data, size_t size);
void fuzz_watch(const char *keep);

/* Bytes flipped, cut out, doubled, and words put in. */
size_t fuzz_mutate(const fuzz_harness *h, uint8_t *data, size_t size, size_t most, fuzz_random *r);

/* A promise that was broken: said, with what is wrong, and the process ends so that the input is kept. */
#define FUZZ_CHECK(condition)                                                                                          \
  do {                                                                                                                 \
    if (!(condition)) fuzz_broken(__FILE__, __LINE__, #condition, NULL);                                               \
  } while (0)
_Noreturn void fuzz_broken(const char *file, int line, const char *what, const char *more);

/* An error that may be told to a caller: it has a code and words, and it is not our own fault. Clears it. */
void fuzz_check_error(rille_status status, rl_error *err);

#endif
