/* Bells: eventfd, or a pipe. */
#include "base/bell.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>
#endif

#include "base/alloc.h"
#include "base/process.h"

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
  if (!b) return NULL;
  if (!open_bell(b)) {
    rl_free(b);
    return NULL;
  }
  b->references = 1;
  b->pid = rl_process_id();
  pthread_mutex_init(&b->lock, NULL);
  return b;
}

rl_bell *rl_bell_share(rl_bell *b) {
  atomic_fetch_add(&b->references, 1);
  return b;
}

bool rl_bell_is_own(const rl_bell *b) {
  return b->pid == rl_process_id();
}

void rl_bell_free(rl_bell *b) {
  if (!b || atomic_fetch_sub(&b->references, 1) != 1) return;
  if (rl_bell_is_own(b)) pthread_mutex_destroy(&b->lock);
  if (b->ring != b->listen) (void)close(b->ring);
  (void)close(b->listen);
  rl_free(b);
}

/* If the pipe or counter is full, the bell is already ringing. */
void rl_bell_ring(const rl_bell *b) {
  uint64_t one = 1;
  ssize_t ignored = write(b->ring, &one, sizeof one);
  (void)ignored;
}

void rl_bell_hush(const rl_bell *b) {
  uint64_t some[8];
  while (read(b->listen, some, sizeof some) == (ssize_t)sizeof some) {}
}

static void bell_take_out(rl_bell *b, rl_waiter *w) {
  *(w->previous ? &w->previous->next : &b->first) = w->next;
  *(w->next ? &w->next->previous : &b->last) = w->previous;
  w->called = false;
}

void rl_bell_add_waiter(rl_bell *b, rl_waiter *w) {
  pthread_mutex_lock(&b->lock);
  bool silent = b->first == NULL;
  if (!w->called) {
    w->called = true;
    w->next = NULL;
    w->previous = b->last;
    *(b->last ? &b->last->next : &b->first) = w;
    b->last = w;
    if (silent) rl_bell_ring(b);
  }
  pthread_mutex_unlock(&b->lock);
}

void rl_bell_remove_waiter(rl_bell *b, rl_waiter *w) {
  pthread_mutex_lock(&b->lock);
  if (w->called) bell_take_out(b, w);
  pthread_mutex_unlock(&b->lock);
}

bool rl_bell_next(rl_bell *b, uint64_t *tag) {
  pthread_mutex_lock(&b->lock);
  rl_waiter *w = b->first;
  if (w) {
    *tag = w->tag;
    bell_take_out(b, w);
  } else {
    rl_bell_hush(b);
  }
  pthread_mutex_unlock(&b->lock);
  return w != NULL;
}
