/* A driver without libFuzzer: changes texts of the corpus at random, without coverage. It accepts libFuzzer's arguments
 * that spec/fuzz/run passes: -max_total_time=, -seed=, -artifact_prefix=, files to run once, folders to start with. */
#include <dirent.h>
#include <string.h>
#include <time.h>

#include "fuzz/fuzz.h"

typedef struct text {
  uint8_t *bytes;
  size_t size;
} text;

static text corpus[4096];
static uint32_t corpus_count;
static char artifact[512] = "crash-";

static bool read_file(const char *name, text *out) {
  static uint8_t room[1 << 20];
  FILE *f = fopen(name, "rb");
  if (!f) return false;
  out->size = fread(room, 1, sizeof room, f);
  fclose(f);
  out->bytes = malloc(out->size ? out->size : 1);
  if (out->bytes && out->size) memcpy(out->bytes, room, out->size);
  return out->bytes != NULL;
}

static void read_folder(const char *path) {
  DIR *folder = opendir(path);
  char name[1024];
  for (struct dirent *e; folder && (e = readdir(folder)) && corpus_count < 4096;) {
    snprintf(name, sizeof name, "%s/%s", path, e->d_name);
    if (e->d_name[0] != '.' && read_file(name, &corpus[corpus_count])) corpus_count++;
  }
  if (folder) closedir(folder);
}

static void fuzz(const fuzz_harness *h, long seconds, uint64_t seed) {
  uint8_t *bytes = malloc(h->longest);
  if (!bytes) exit(2);
  fuzz_random r = {seed};
  unsigned long runs = 0;
  for (time_t end = time(NULL) + seconds; time(NULL) < end; runs++) {
    const text *from = &corpus[fuzz_below(&r, corpus_count)];
    size_t size = from->size < h->longest ? from->size : h->longest;
    memcpy(bytes, from->bytes, size);
    for (uint32_t n = 1 + fuzz_below(&r, 6); n > 0; n--)
      size = h->mutate && fuzz_below(&r, 4) ? h->mutate(bytes, size, h->longest, &r)
                                            : fuzz_mutate(h, bytes, size, h->longest, &r);
    fuzz_run(h, bytes, size);
  }
  printf("Done %lu runs\n", runs);
  free(bytes);
}

int main(int argc, char **argv) {
  const fuzz_harness *h = fuzz_choose(argc, argv);
  fuzz_watch(artifact);
  long seconds = 0;
  uint64_t seed = (uint64_t)time(NULL);
  for (int i = 1; i < argc; i++) {
    text one;
    if (sscanf(argv[i], "-max_total_time=%ld", &seconds) == 1 || sscanf(argv[i], "-seed=%lu", &seed) == 1) continue;
    if (sscanf(argv[i], "-artifact_prefix=%500s", artifact) == 1 || argv[i][0] == '-') continue;
    uint32_t before = corpus_count;
    read_folder(argv[i]);
    if (corpus_count == before && read_file(argv[i], &one)) fuzz_run(h, one.bytes, one.size);
  }
  for (uint32_t i = 0; i < corpus_count; i++) fuzz_run(h, corpus[i].bytes, corpus[i].size);
  if (seconds > 0 && corpus_count > 0) fuzz(h, seconds, seed);
  return 0;
}
