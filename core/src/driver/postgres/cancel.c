/* Asking the server to stop. That needs a second connection, and libpq blocks while it connects. A thread does it, so
 * neither an event loop nor a caller with a deadline hangs if the network does. */
#include "driver/postgres/pg.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/thread.h"

enum { RUNNING = 1, ORPHANED = 2 };

struct rl_pg_canceller {
  PGcancel *handle;
  PGconn *orphan;    /* a connection that was closed meanwhile: a pooler cancels only for connected clients */
  _Atomic int state; /* the last of the two, thread or connection, frees it */
};

rl_pg_canceller *rl_pg_canceller_new(PGconn *pg) {
  rl_pg_canceller *c = rl_calloc(1, sizeof *c);
  if (c) c->handle = PQgetCancel(pg);
  if (!c || c->handle) return c;
  rl_free(c);
  return NULL;
}

static void canceller_destroy(rl_pg_canceller *c) {
  PQfreeCancel(c->handle);
  PQfinish(c->orphan);
  rl_free(c);
}

static void ignore_notice(void *context, const PGresult *r) {
  (void)context;
  (void)r;
}

void rl_pg_canceller_free(rl_pg_canceller *c, PGconn *pg) {
  if (!c) {
    PQfinish(pg);
    return;
  }
  if (pg) PQsetNoticeReceiver(pg, ignore_notice, NULL); /* its receiver's context ends */
  c->orphan = pg;
  if (!(atomic_fetch_or(&c->state, ORPHANED) & RUNNING)) canceller_destroy(c);
}

static void *canceller_run(void *context) {
  rl_pg_canceller *c = context;
  char ignored[256];
  (void)PQcancel(c->handle, ignored, sizeof ignored);
  if (atomic_fetch_and(&c->state, ~RUNNING) & ORPHANED) canceller_destroy(c);
  return NULL;
}

void rl_pg_canceller_ask(rl_pg_canceller *c) {
  if (atomic_fetch_or(&c->state, RUNNING) & RUNNING) return;
  if (!rl_thread_start(RL_SMALL_STACK, canceller_run, c, NULL)) canceller_run(c);
}

bool rl_pg_canceller_asks(const rl_pg_canceller *c) {
  return c && (c->state & RUNNING);
}
