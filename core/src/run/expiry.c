/* The thread that ends transactions that have timed out. It takes only the connection of a transaction, and rolls back
 * as an operation outside transactions would. The owner may continue immediately, to get P2028, or free the
 * transaction. Several rollbacks run at the same time, so a server that does not answer delays no other. */
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
/* While rollbacks are under way, the thread checks for others this often. */
#define CHECK_MS 20
/* After running out of memory it tries again after this time. */
#define RETRY_MS 50
/* The longest that a fork waits for rollbacks under way. Otherwise the child would inherit them half done, with locks
 * of the libraries below. */
#define FORK_WAIT_MS 2000
#define POLLED 64
#define LONGEST_SLEEP_MS 3600000

typedef struct expiry_rollback {
  rl_rollback it;
  struct expiry_rollback *next;
} expiry_rollback;

static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed; /* for the thread: a deadline is earlier than the one it sleeps for, or it has to stop */
  pthread_cond_t settled; /* for a fork: nothing is under way */
  rl_tx *first, *last;    /* earliest deadline first */
  int64_t sleeps_until;   /* INT64_MIN: it is awake, and checks again before it sleeps */
  pthread_t thread;
  bool runs, stops, busy;
} expiry = {.lock = PTHREAD_MUTEX_INITIALIZER, .sleeps_until = INT64_MIN};

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ------------------------------------------------------------------ the list */

/* Inserts the transaction by deadline. Most have the same timeout, so the search begins at the end. */
static void expiry_enlist(rl_tx *tx, int64_t at_ms) {
  rl_tx *before = expiry.last;
  while (before && before->expiry.at_ms > at_ms) before = before->expiry.previous;
  rl_tx *after = before ? before->expiry.next : expiry.first;
  tx->expiry = (rl_expiry){.next = after, .previous = before, .at_ms = at_ms, .listed = true};
  *(before ? &before->expiry.next : &expiry.first) = tx;
  *(after ? &after->expiry.previous : &expiry.last) = tx;
}

static void expiry_unlist(rl_tx *tx) {
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

/* Hands the lease to the rollback. A transaction that the database has ended is treated the same way: one ROLLBACK too
 * many does no harm. */
static void expiry_hand_over(rl_tx *tx, rl_rollback *r) {
  rl_rollback_init(r, tx->client, tx->lease, tx->number, rl_clock_after(ROLLBACK_MS));
  tx->state = state_for_owner(tx->lease);
  tx->lease = NULL;
}

/* Takes the transaction if nothing runs in it. Otherwise marks it as due, for the operation that lets it go. */
static expiry_rollback *expiry_take(rl_tx *tx, int64_t now) {
  expiry_rollback *r = rl_calloc(1, sizeof *r);
  int seen;
  expiry_unlist(tx);
  if (!r) {
    expiry_enlist(tx, now + RETRY_MS);
    return NULL;
  }
  do {
    seen = RL_GRIP_FREE;
    if (atomic_compare_exchange_strong(&tx->grip, &seen, RL_GRIP_CLOCK)) {
      bool open = tx->state == RL_TX_OPEN;
      if (open) expiry_hand_over(tx, &r->it);
      atomic_store(&tx->grip, RL_GRIP_FREE);
      if (open) return r;
      break;
    }
  } while (!atomic_compare_exchange_strong(&tx->grip, &seen, RL_GRIP_DUE));
  rl_free(r);
  return NULL;
}

/* ------------------------------------------------------------------ rolling back */

static void expiry_drop(expiry_rollback *r) {
  rl_rollback_drop(&r->it);
  rl_free(r);
}

static void expiry_poll_all(expiry_rollback **list) {
  for (expiry_rollback **at = list; *at;) {
    expiry_rollback *r = *at;
    if (rl_rollback_poll(&r->it) != RILLE_AGAIN) {
      *at = r->next;
      expiry_drop(r);
    } else {
      at = &r->next;
    }
  }
}

static void wait_for_answers(const expiry_rollback *list) {
  struct pollfd fds[POLLED];
  nfds_t n = 0;
  int64_t now = rl_clock_ms(), until = now + CHECK_MS;
  for (const expiry_rollback *r = list; r; r = r->next) {
    const rl_wait *w = &r->it.wait;
    if (w->until_ms < until) until = w->until_ms;
    if (w->fd >= 0 && n < POLLED)
      fds[n++] = (struct pollfd){w->fd, (short)((w->read ? POLLIN : 0) | (w->write ? POLLOUT : 0)), 0};
  }
  poll(fds, n, until > now ? (int)(until - now) : 1);
}

/* ------------------------------------------------------------------ the thread */

static void expiry_take_due(expiry_rollback **list) {
  int64_t now = rl_clock_ms();
  while (expiry.first && expiry.first->expiry.at_ms <= now) {
    expiry_rollback *r = expiry_take(expiry.first, now);
    if (!r) continue;
    r->next = *list;
    *list = r;
  }
}

static void expiry_sleep(void) {
  int64_t longest = rl_clock_after(LONGEST_SLEEP_MS);
  expiry.sleeps_until = expiry.first ? expiry.first->expiry.at_ms : RL_NO_DEADLINE;
  struct timespec at = rl_clock_timespec(expiry.sleeps_until < longest ? expiry.sleeps_until : longest);
  pthread_cond_timedwait(&expiry.changed, &expiry.lock, &at);
  expiry.sleeps_until = INT64_MIN;
}

static void *expiry_thread(void *context) {
  expiry_rollback *list = NULL;
  (void)context;
  pthread_mutex_lock(&expiry.lock);
  while (!expiry.stops) {
    expiry_take_due(&list);
    expiry.busy = list != NULL;
    if (!expiry.busy) {
      pthread_cond_broadcast(&expiry.settled);
      expiry_sleep();
      continue;
    }
    pthread_mutex_unlock(&expiry.lock);
    expiry_poll_all(&list);
    if (list) wait_for_answers(list);
    pthread_mutex_lock(&expiry.lock);
  }
  pthread_mutex_unlock(&expiry.lock);
  while (list) {
    expiry_rollback *next = list->next;
    expiry_drop(list);
    list = next;
  }
  return NULL;
}

/* Stops the thread before the libraries below are torn down. */
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
  struct timespec at = rl_clock_timespec(rl_clock_after(FORK_WAIT_MS));
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

/* Registers the fork handlers. This comes after those of base/fork_lock.h, which the pool has registered, so their
 * locks are free while a fork waits here. */
static void expiry_set_up(void) {
  rl_condition_init(&expiry.changed);
  rl_condition_init(&expiry.settled);
  pthread_atfork(before_fork, after_fork, in_child);
  atexit(stop_at_exit);
}

/* ------------------------------------------------------------------ for the owners */

void rl_expiry_join(rl_tx *tx, int64_t at_ms) {
  pthread_once(&once, expiry_set_up);
  pthread_mutex_lock(&expiry.lock);
  expiry_enlist(tx, at_ms);
  /* if no thread can start, the transaction ends with its next use */
  if (!expiry.runs && !expiry.stops) expiry.runs = rl_thread_start(RL_SMALL_STACK, expiry_thread, NULL, &expiry.thread);
  if (at_ms < expiry.sleeps_until) pthread_cond_signal(&expiry.changed);
  pthread_mutex_unlock(&expiry.lock);
}

void rl_expiry_leave(rl_tx *tx) {
  pthread_mutex_lock(&expiry.lock);
  expiry_unlist(tx);
  pthread_mutex_unlock(&expiry.lock);
}

void rl_expiry_wait(void) {
  pthread_mutex_lock(&expiry.lock);
  pthread_mutex_unlock(&expiry.lock);
}
