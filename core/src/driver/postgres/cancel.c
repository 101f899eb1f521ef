/* Asking the server to stop: a connection of its own, which libpq only makes blocking. A thread of its own makes it, so
 * that neither a loop nor a caller with a deadline hangs where the network does. */
#include "driver/postgres/pg.h"

#ifdef RILLE_WITH_POSTGRES

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/alloc.h"

enum { RUNNING = 1, ORPHANED = 2, STACK_SIZE = 256 * 1024 };

struct rl_pg_canceller {
  PGcancel *handle;
  PGconn *left;      /* a connection that was closed meanwhile: a pooler cancels only for who is still connected */
  _Atomic int state; /* who comes last, the thread or the connection, frees it */
};

rl_pg_canceller *rl_pg_canceller_new(PGconn *pg) {
  rl_pg_canceller *c = rl_calloc(1, sizeof *c);
  if (c) c->handle = PQgetCancel(pg);
  if (!c || c->handle) return c;
  rl_free(c);
  return NULL;
}

static void destroy(rl_pg_canceller *c) {
  PQfreeCancel(c->handle);
  PQfinish(c->left);
  rl_free(c);
}

static void ignore(void *context, const PGresult *r) {
  (void)context;
  (void)r;
}

void rl_pg_canceller_free(rl_pg_canceller *c, PGconn *pg) {
  if (!c) {
    PQfinish(pg);
    return;
  }
  if (pg) PQsetNoticeReceiver(pg, ignore, NULL); /* the one it has goes away */
  c->left = pg;
  if (!(atomic_fetch_or(&c->state, ORPHANED) & RUNNING)) destroy(c);
}

static void *ask(void *context) {
  rl_pg_canceller *c = context;
  char ignored[256];
  (void)PQcancel(c->handle, ignored, sizeof ignored);
  if (atomic_fetch_and(&c->state, ~RUNNING) & ORPHANED) destroy(c);
  return NULL;
}

/* Signals are for the threads of the program. */
static bool start_thread(rl_pg_canceller *c) {
  pthread_attr_t attributes;
  sigset_t all, before;
  pthread_t thread;
  if (pthread_attr_init(&attributes) != 0) return false;
  (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_create(&thread, &attributes, ask, c) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return started;
}

void rl_pg_canceller_ask(rl_pg_canceller *c) {
  if (atomic_fetch_or(&c->state, RUNNING) & RUNNING) return;
  if (!start_thread(c)) ask(c);
}

bool rl_pg_canceller_asks(const rl_pg_canceller *c) {
  return c && (c->state & RUNNING);
}

#endif
