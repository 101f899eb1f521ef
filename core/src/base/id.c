/* Random and generated identifiers.
 *
 * Every id uses fresh randomness from the operating system, so a forked child and its parent differ even if their
 * counters are equal. The counters are atomics without a lock, because a lock held while another thread forks would
 * stay locked in the child. */
#include "base/id.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"

/* For kernels without the system call. */
static bool random_from_device(unsigned char *p, size_t len) {
  int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  while (len > 0) {
    ssize_t got = read(fd, p, len);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    p += got;
    len -= (size_t)got;
  }
  (void)close(fd);
  return len == 0;
}

bool rl_random(void *bytes, size_t len) {
  unsigned char *p = bytes;
  while (len > 0) {
    ssize_t got = getrandom(p, len, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return random_from_device(p, len);
    p += got;
    len -= (size_t)got;
  }
  return true;
}

static uint64_t wall_ms(void) {
  return (uint64_t)(rl_clock_wall_us() / 1000);
}

/* Returns a strictly increasing number whose quotient by `span` is the time in milliseconds. It starts at a random
 * point in the first half of each millisecond, and runs ahead of the clock when a millisecond is used up. */
static uint64_t next_tick(_Atomic uint64_t *last, uint64_t span, uint64_t random) {
  uint64_t fresh = wall_ms() * span + random % (span / 2);
  uint64_t seen = atomic_load_explicit(last, memory_order_relaxed);
  uint64_t next;
  do {
    next = fresh > seen ? fresh : seen + 1;
  } while (!atomic_compare_exchange_weak_explicit(last, &seen, next, memory_order_relaxed, memory_order_relaxed));
  return next;
}

static void put_big_endian(unsigned char *p, uint64_t value, size_t bytes) {
  for (size_t i = bytes; i-- > 0; value >>= 8) p[i] = (unsigned char)value;
}

/* Writes `count` digits in the given base, most significant first. */
static void put_digits(char *out, uint64_t value, unsigned base, size_t count) {
  static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  for (size_t i = count; i-- > 0; value /= base) out[i] = digits[value % base];
}

static size_t write_uuid(const unsigned char bytes[16], char *out) {
  char *at = out;
  for (size_t i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    put_digits(at, bytes[i], 16, 2);
    at += 2;
  }
  *at = '\0';
  return (size_t)(at - out);
}

static void mark_uuid(unsigned char bytes[16], unsigned version) {
  bytes[6] = (unsigned char)((bytes[6] & 0x0F) | version << 4);
  bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80);
}

size_t rl_id_uuid4(char out[RL_ID_MAX]) {
  unsigned char bytes[16];
  if (!rl_random(bytes, sizeof bytes)) return 0;
  mark_uuid(bytes, 4);
  return write_uuid(bytes, out);
}

size_t rl_id_uuid7(char out[RL_ID_MAX]) {
  static _Atomic uint64_t last;
  unsigned char bytes[16];
  if (!rl_random(bytes, sizeof bytes)) return 0;
  uint64_t start;
  memcpy(&start, bytes, sizeof start);
  uint64_t tick = next_tick(&last, 4096, start); /* the 12 bits after the version count within a millisecond */
  put_big_endian(bytes, tick >> 12, 6);
  put_big_endian(bytes + 6, tick & 0xFFF, 2);
  mark_uuid(bytes, 7);
  return write_uuid(bytes, out);
}

/* Four characters that differ between machines and processes. */
static void put_fingerprint(char out[4]) {
  char host[256] = "";
  (void)gethostname(host, sizeof host - 1);
  uint64_t sum = 36;
  for (const char *c = host; *c; c++) sum = sum * 31 + (unsigned char)*c;
  put_digits(out, (uint64_t)getpid(), 36, 2);
  put_digits(out + 2, sum, 36, 2);
}

#define CUID_SPAN UINT64_C(1679616) /* 36^4: the four digits of the counter */

size_t rl_id_cuid(char out[RL_ID_MAX]) {
  static _Atomic uint64_t last;
  uint64_t random[2];
  if (!rl_random(random, sizeof random)) return 0;
  uint64_t tick = next_tick(&last, CUID_SPAN, random[0]);
  out[0] = 'c';
  put_digits(out + 1, tick / CUID_SPAN, 36, 8);
  put_digits(out + 9, tick % CUID_SPAN, 36, 4);
  put_fingerprint(out + 13);
  put_digits(out + 17, random[1], 36, 8);
  out[25] = '\0';
  return 25;
}

/* Fills `out` with evenly distributed characters of a base-36 alphabet; the first one is a letter. */
size_t rl_id_cuid2(char out[RL_ID_MAX]) {
  enum { LENGTH = 24 };
  size_t len = 0;
  while (len < LENGTH) {
    unsigned char bytes[48];
    if (!rl_random(bytes, sizeof bytes)) return 0;
    for (size_t i = 0; i < sizeof bytes && len < LENGTH; i++) {
      if (bytes[i] >= (len ? 252 : 234)) continue; /* 7 * 36 and 9 * 26: above it the remainders are not even */
      if (len == 0)
        out[len++] = (char)('a' + bytes[i] % 26);
      else
        put_digits(&out[len++], bytes[i], 36, 1);
    }
  }
  out[LENGTH] = '\0';
  return LENGTH;
}

size_t rl_id_ulid(char out[RL_ID_MAX]) {
  static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  static _Atomic uint64_t last;
  uint64_t random[2];
  if (!rl_random(random, sizeof random)) return 0;
  uint64_t tick = next_tick(&last, 65536, random[0]);
  /* 48 bits of time, a 16-bit counter, 64 random bits: 26 digits have 130 bits, and the top two are zero. */
  uint64_t low = random[1];
  for (size_t i = 26; i-- > 0;) {
    out[i] = digits[low & 31];
    low = low >> 5 | tick << 59;
    tick >>= 5;
  }
  out[26] = '\0';
  return 26;
}

size_t rl_id_nanoid(char out[RL_ID_MAX], size_t size) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  if (size < 2 || size > 255) return 0;
  unsigned char bytes[255];
  if (!rl_random(bytes, size)) return 0;
  for (size_t i = 0; i < size; i++) out[i] = letters[bytes[i] & 63];
  out[size] = '\0';
  return size;
}
