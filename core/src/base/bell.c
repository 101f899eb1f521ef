/* Bells: eventfd, or a pipe. */
#include "base/bell.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>
#endif

#include "base/alloc.h"

#ifndef __linux__
static bool set_up(int fd) {
  return fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}
#endif

static bool open_bell(rl_bell *b) {
#ifdef __linux__
  b->listen = b->ring = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return b->listen >= 0;
#else
  int ends[2];
  if (pipe(ends) != 0) return false;
  b->listen = ends[0];
  b->ring = ends[1];
  if (set_up(ends[0]) && set_up(ends[1])) return true;
  (void)close(ends[0]);
  (void)close(ends[1]);
  return false;
#endif
}

rl_bell *rl_bell_new(void) {
  rl_bell *b = rl_calloc(1, sizeof *b);
  if (!b || open_bell(b)) return b;
  rl_free(b);
  return NULL;
}

void rl_bell_free(rl_bell *b) {
  if (!b) return;
  if (b->ring != b->listen) (void)close(b->ring);
  (void)close(b->listen);
  rl_free(b);
}

/* A full pipe or counter has been rung already. */
void rl_bell_ring(const rl_bell *b) {
  uint64_t one = 1;
  ssize_t ignored = write(b->ring, &one, sizeof one);
  (void)ignored;
}

void rl_bell_hush(const rl_bell *b) {
  uint64_t some[8];
  while (read(b->listen, some, sizeof some) == (ssize_t)sizeof some) {}
}
