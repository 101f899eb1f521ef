/* The thread that ends transactions whose time has passed. What it takes of one is its connection alone, which it then
 * has as an operation outside of transactions would: the owner may go on at once, to be told P2028, or free what it
 * has. Several rollbacks are under way side by side, so that a server that does not answer holds up no other. */
#include "run/expiry.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/thread.h"
#include "run/rollback.h"
#include "run/tx_state.h"

/* How long a rollback may take before its connection is closed instead. */
#define ROLLBACK_MS 1000
/* While some are under way the thread looks so often whether others have become due. */
#define LOOK_MS 20
/* When memory was short it tries again after so long. */
#define RETRY_MS 50
/* A fork waits for what is under way, at most so long: the child would inherit it half done, with the locks that it has
 * in the libraries below us. */
#define FORK_PATIENCE_MS 2000
#define POLLED 64
#define LONGEST_SLEEP_MS 3600000

typedef struct rollback {
  rl_rollback it;
  struct rollback *next;
} rollback;

static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed; /* for the thread: there is something earlier than what it sleeps for, or it is to stop */
  pthread_cond_t settled; /* for a fork: nothing is under way */
  rl_tx *first, *last;    /* the earliest deadline first */
  int64_t sleeps_until;   /* INT64_MIN: it is awake, and looks again before it sleeps */
  pthread_t thread;
  bool runs, stops, busy;
} expiry = {.lock = PTHREAD_MUTEX_INITIALIZER, .sleeps_until = INT64_MIN};

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ------------------------------------------------------------------ the list */

/* Most have the same timeout: their place is the end. */
static void enlist(rl_tx *tx, int64_t at_ms) {
  rl_tx *before = expiry.last;
  while (before && before->expiry.at_ms > at_ms) before = before->expiry.previous;
  rl_tx *after = before ? before->expiry.next : expiry.first;
  tx->expiry = (rl_expiry){.next = after, .previous = before, .at_ms = at_ms, .listed = true};
  *(before ? &before->expiry.next : &expiry.first) = tx;
  *(after ? &after->expiry.previous : &expiry.last) = tx;
}

static void unlist(rl_tx *tx) {
  rl_expiry *e = &tx->expiry;
  if (!e->listed) return;
  *(e->previous ? &e->previous->expiry.next : &expiry.first) = e->next;
  *(e->next ? &e->next->expiry.previous : &expiry.last) = e->previous;
  e->listed = false;
}

/* ------------------------------------------------------------------ taking */

static rl_tx_state state_for_owner(const rl_lease *l) {
  if (!l->driver->is_usable(l->conn)) return RL_TX_LOST;
  return l->driver->in_transaction(l->conn) ? RL_TX_EXPIRED : RL_TX_ENDED;
}

/* The lease is the rollback's from now on. What the database has ended already is given back in the same way: a
 * ROLLBACK too many does no harm. */
static void take(rl_tx *tx, rl_rollback *r) {
  rl_rollback_init(r, tx->client, tx->lease, tx->number, rl_clock_after(ROLLBACK_MS));
  tx->state = state_for_owner(tx->lease);
  tx->lease = NULL;
}

/* Takes the transaction when nothing runs in it; else whoever ends that is to say so. */
static rollback *expire(rl_tx *tx, int64_t now) {
  rollback *r = rl_calloc(1, sizeof *r);
  int seen;
  unlist(tx);
  if (!r) {
    enlist(tx, now + RETRY_MS);
    return NULL;
  }
  do {
    seen = RL_GRIP_FREE;
    if (atomic_compare_exchange_strong(&tx->grip, &seen, RL_GRIP_CLOCK)) {
      bool open = tx->state == RL_TX_OPEN;
      if (open) take(tx, &r->it);
      atomic_store(&tx->grip, RL_GRIP_FREE);
      if (open) return r;
      break;
    }
  } while (!atomic_compare_exchange_strong(&tx->grip, &seen, RL_GRIP_DUE));
  rl_free(r);
  return NULL;
}

/* ------------------------------------------------------------------ rolling back */

static void drop(rollback *r) {
  rl_rollback_drop(&r->it);
  rl_free(r);
}

static void go_on(rollback **list) {
  for (rollback **at = list; *at;) {
    rollback *r = *at;
    if (rl_rollback_poll(&r->it) != RILLE_AGAIN) {
      *at = r->next;
      drop(r);
    } else {
      at = &r->next;
    }
  }
}

static void wait_for_answers(const rollback *list) {
  struct pollfd asked[POLLED];
  nfds_t n = 0;
  int64_t now = rl_clock_ms(), until = now + LOOK_MS;
  for (const rollback *r = list; r; r = r->next) {
    const rl_wait *w = &r->it.wait;
    if (w->until_ms < until) until = w->until_ms;
    if (w->fd >= 0 && n < POLLED)
      asked[n++] = (struct pollfd){w->fd, (short)((w->read ? POLLIN : 0) | (w->write ? POLLOUT : 0)), 0};
  }
  poll(asked, n, until > now ? (int)(until - now) : 1);
}

/* ------------------------------------------------------------------ the thread */

static void take_due(rollback **list) {
  int64_t now = rl_clock_ms();
  while (expiry.first && expiry.first->expiry.at_ms <= now) {
    rollback *r = expire(expiry.first, now);
    if (!r) continue;
    r->next = *list;
    *list = r;
  }
}

static void sleep_until_next(void) {
  int64_t longest = rl_clock_after(LONGEST_SLEEP_MS);
  expiry.sleeps_until = expiry.first ? expiry.first->expiry.at_ms : RL_NO_DEADLINE;
  struct timespec at = rl_clock_timespec(expiry.sleeps_until < longest ? expiry.sleeps_until : longest);
  pthread_cond_timedwait(&expiry.changed, &expiry.lock, &at);
  expiry.sleeps_until = INT64_MIN;
}

static void *run(void *context) {
  rollback *list = NULL;
  (void)context;
  pthread_mutex_lock(&expiry.lock);
  while (!expiry.stops) {
    take_due(&list);
    expiry.busy = list != NULL;
    if (!expiry.busy) {
      pthread_cond_broadcast(&expiry.settled);
      sleep_until_next();
      continue;
    }
    pthread_mutex_unlock(&expiry.lock);
    go_on(&list);
    if (list) wait_for_answers(list);
    pthread_mutex_lock(&expiry.lock);
  }
  pthread_mutex_unlock(&expiry.lock);
  while (list) {
    rollback *next = list->next;
    drop(list);
    list = next;
  }
  return NULL;
}

/* The libraries below are about to end themselves. */
static void stop_at_exit(void) {
  pthread_mutex_lock(&expiry.lock);
  bool there = expiry.runs;
  expiry.stops = true;
  expiry.runs = false;
  pthread_cond_signal(&expiry.changed);
  pthread_mutex_unlock(&expiry.lock);
  if (there) pthread_join(expiry.thread, NULL);
}

/* ------------------------------------------------------------------ forks */

static void before_fork(void) {
  struct timespec at = rl_clock_timespec(rl_clock_after(FORK_PATIENCE_MS));
  int waited = 0;
  pthread_mutex_lock(&expiry.lock);
  while (expiry.busy && waited == 0) waited = pthread_cond_timedwait(&expiry.settled, &expiry.lock, &at);
}

static void after_fork(void) {
  pthread_mutex_unlock(&expiry.lock);
}

static void in_child(void) {
  for (rl_tx *tx = expiry.first; tx; tx = tx->expiry.next) tx->expiry.listed = false;
  expiry.first = expiry.last = NULL;
  expiry.runs = expiry.busy = false;
  expiry.sleeps_until = INT64_MIN;
  rl_condition_init(&expiry.changed); /* the parent's thread sleeps on the one that was copied */
  rl_condition_init(&expiry.settled);
  pthread_mutex_unlock(&expiry.lock);
}

/* After the locks that a fork takes (base/fork_lock.h), so that they are free while a fork waits here: the pool has
 * made them. */
static void set_up(void) {
  rl_condition_init(&expiry.changed);
  rl_condition_init(&expiry.settled);
  pthread_atfork(before_fork, after_fork, in_child);
  atexit(stop_at_exit);
}

/* ------------------------------------------------------------------ for the owners */

void rl_expiry_join(rl_tx *tx, int64_t at_ms) {
  pthread_once(&once, set_up);
  pthread_mutex_lock(&expiry.lock);
  enlist(tx, at_ms);
  /* without a thread to spare the transaction ends with its next use */
  if (!expiry.runs && !expiry.stops) expiry.runs = rl_thread_start(RL_SMALL_STACK, run, NULL, &expiry.thread);
  if (at_ms < expiry.sleeps_until) pthread_cond_signal(&expiry.changed);
  pthread_mutex_unlock(&expiry.lock);
}

void rl_expiry_leave(rl_tx *tx) {
  pthread_mutex_lock(&expiry.lock);
  unlist(tx);
  pthread_mutex_unlock(&expiry.lock);
}

void rl_expiry_wait(void) {
  pthread_mutex_lock(&expiry.lock);
  pthread_mutex_unlock(&expiry.lock);
}
