/* One harness under clang's libFuzzer: RILLE_FUZZ names it. */
#include "fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most); /* libFuzzer's */

static const fuzz_harness *harness;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  harness = fuzz_choose(*argc, *argv);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  harness->run(data, size);
  return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  fuzz_random r = {seed};
  uint32_t choice = fuzz_below(&r, 8);
  if (harness->mutate && choice < 6) return harness->mutate(data, size, most, &r);
  if (choice < 3 || harness->mutate) return fuzz_mutate(harness, data, size, most, &r);
  return LLVMFuzzerMutate(data, size, most);
}
