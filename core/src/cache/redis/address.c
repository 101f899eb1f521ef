/* Looking up a host: addresses written as numbers at once, names in a thread that ends with its answer. */
#include "cache/redis/address.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/bell.h"
#include "base/thread.h"

struct rl_lookup {
  _Atomic int references; /* the caller, and the thread while it runs */
  _Atomic bool done;
  rl_bell *bell;
  struct addrinfo *found;
  char *host, *port;
};

static void lookup_release(rl_lookup *l) {
  if (atomic_fetch_sub(&l->references, 1) != 1) return;
  if (l->found) freeaddrinfo(l->found);
  rl_bell_free(l->bell);
  rl_free(l->host);
  rl_free(l->port);
  rl_free(l);
}

static bool ask_system(rl_lookup *l, int flags) {
  struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
  return getaddrinfo(l->host, l->port, &wanted, &l->found) == 0 && l->found;
}

static void *lookup_run(void *context) {
  rl_lookup *l = context;
  (void)ask_system(l, 0);
  atomic_store(&l->done, true);
  rl_bell_ring(l->bell);
  lookup_release(l);
  return NULL;
}

static bool lookup_by_thread(rl_lookup *l) {
  l->bell = rl_bell_new();
  if (!l->bell) return false;
  atomic_store(&l->references, 2);
  if (rl_thread_start(RL_SMALL_STACK, lookup_run, l, NULL)) return true;
  atomic_store(&l->references, 1);
  return false;
}

rl_lookup *rl_lookup_begin(const char *host, const char *port) {
  rl_lookup *l = rl_calloc(1, sizeof *l);
  if (!l) return NULL;
  atomic_init(&l->references, 1);
  l->host = rl_strndup(host, strlen(host));
  l->port = rl_strndup(port, strlen(port));
  bool good = l->host && l->port;
  if (good && ask_system(l, AI_NUMERICHOST))
    atomic_store(&l->done, true);
  else
    good = good && lookup_by_thread(l);
  if (good) return l;
  lookup_release(l);
  return NULL;
}

rille_status rl_lookup_poll(rl_lookup *l, const struct addrinfo **out, int *fd) {
  if (!atomic_load(&l->done)) {
    *fd = l->bell->listen;
    return RILLE_AGAIN;
  }
  *out = l->found;
  return l->found ? RILLE_OK : RILLE_ERROR;
}

void rl_lookup_free(rl_lookup *l) {
  if (l) lookup_release(l);
}
