/* The queue for a pool's connections: who is served next, and who is woken for it. A blocking waiter has its own
 * condition, a cooperative one a bell that its loop shares, or its own. Joining, leaving and waking take the same time
 * however long the queue is. */
#include "run/lane.h"

#include "base/clock.h"

/* A cooperative waiter that was woken and has not come for this time lets those behind it pass. */
#define ABSENT_MS 100
/* A cooperative waiter with its own bell checks this often without being woken: the one before it may have stayed away.
 * Waiters that share a bell are identified by tags, see rille_op_set_bell. */
#define HEARTBEAT_MS 500
/* ... and this often without a bell. The more waiters are before it, the less often it checks. */
#define CHECK_MS 2
/* Bells of single waiters: the number kept, and the most in use, because descriptors are scarce. */
#define BELLS_KEPT 64
#define BELLS_OUT 64
/* How many connect at the same time, and how many while the server cannot be reached. One more may connect if no
 * attempt began for STALE_MS: the connecting callers may be coroutines that stay away. */
#define CONNECTING 8
#define CONNECTING_WHILE_FAILING 2
#define STALE_MS 1000

/* Newcomers may pass the queue for this time after it was served last. The more callers wait, the shorter the turns, so
 * that all are served within a round. If the first one's deadline is near, several rounds fit before it. */
#define TURN_US 2000
#define ROUND_MS 200
#define ROUNDS_IN_TIME 8

static bool is_absent(const rl_lease *l, int64_t now) {
  if (l->signal) return false; /* it blocks: the condition wakes it */
  if (l->woken_ms) return now - l->woken_ms >= ABSENT_MS;
  return l->every_ms && now - l->checked_ms >= l->every_ms + ABSENT_MS;
}

static int64_t lane_turn_us(const rl_lane *lane) {
  int64_t wait_ms = lane->first->deadline_ms - lane->first->since_ms, round = ROUND_MS * 1000;
  if (wait_ms < ROUND_MS * ROUNDS_IN_TIME) round = wait_ms * 1000 / ROUNDS_IN_TIME;
  int64_t each = round / lane->waiting;
  return each < TURN_US ? each : TURN_US;
}

/* Returns whether newcomers may still pass. Only a thread can be passed: it can also wait for the end of the turn. A
 * coroutine's loop cannot. */
static bool turn_lasts(const rl_lane *lane) {
  return lane->first && lane->first->signal && rl_clock_us() - lane->turned_us < lane_turn_us(lane);
}

bool rl_lane_is_open(const rl_lane *lane) {
  return lane->waiting == 0 || turn_lasts(lane);
}

void rl_lane_next_turn(rl_lane *lane) {
  lane->turns++;
  lane->turned_us = rl_clock_us();
}

/* Counts the places in which a caller may connect now. */
static int lane_count_openings(const rl_lane *lane) {
  int room = lane->limit - lane->open,
      more = (lane->failing ? CONNECTING_WHILE_FAILING : CONNECTING) - lane->connecting;
  if (more < 1 && rl_clock_ms() - lane->connect_ms >= STALE_MS) more = 1;
  if (more < 0) more = 0;
  return room < more ? room : more;
}

bool rl_lane_may_connect(const rl_lane *lane) {
  return lane_count_openings(lane) > 0;
}

static void lane_link_after(rl_lane *lane, rl_lease *l, rl_lease *before) {
  l->previous = before;
  l->next = before ? before->next : lane->first;
  *(l->previous ? &l->previous->next : &lane->first) = l;
  *(l->next ? &l->next->previous : &lane->last) = l;
}

static void lane_unlink(rl_lane *lane, rl_lease *l) {
  *(l->previous ? &l->previous->next : l->absent ? &lane->aside : &lane->first) = l->next;
  if (l->next)
    l->next->previous = l->previous;
  else if (!l->absent)
    lane->last = l->previous;
  l->next = l->previous = NULL;
}

/* Returns q, or the next one behind it that has not stayed away. Those that have are moved aside. */
static rl_lease *lane_first_present(rl_lane *lane, rl_lease *q, int64_t now) {
  while (q && is_absent(q, now)) {
    rl_lease *next = q->next;
    lane_unlink(lane, q);
    q->absent = true;
    q->next = lane->aside;
    if (lane->aside) lane->aside->previous = q;
    lane->aside = q;
    q = next;
  }
  return q;
}

bool rl_lane_may_take(rl_lane *lane, const rl_lease *l) {
  int there = lane->idle_count + lane_count_openings(lane);
  if (there == 0 || !lane->first) return there > 0;
  if (!l->queued && lane->idle_count > 0 && turn_lasts(lane)) return true;
  int64_t now = rl_clock_ms();
  for (rl_lease *q = lane_first_present(lane, lane->first, now); q && q != l && there > 0;
       q = lane_first_present(lane, q->next, now))
    there--;
  return there > 0;
}

/* Returns whether it was woken in this turn and found nothing. Newcomers were faster, and would be again. */
static bool was_woken_for_nothing(const rl_lane *lane, const rl_lease *l) {
  return l->signal && l->woken_in == lane->turns + 1;
}

void rl_lane_wake(rl_lane *lane) {
  if (!lane->first) return;
  int there = lane->idle_count + lane_count_openings(lane);
  if (there == 0) return;
  int64_t now = rl_clock_ms();
  bool lasts = turn_lasts(lane);
  for (rl_lease *q = lane_first_present(lane, lane->first, now); q && there > 0;
       q = lane_first_present(lane, q->next, now)) {
    there--;
    if (q->woken_ms) continue;
    if (lasts && was_woken_for_nothing(lane, q)) continue; /* it checks at the end of the turn */
    if (!q->signal && !q->shared && !q->bell) continue;
    q->woken_ms = now;
    q->woken_in = lane->turns + 1;
    if (q->signal)
      pthread_cond_signal(q->signal);
    else if (q->shared)
      rl_bell_add_waiter(q->shared, &q->waiter);
    else
      rl_bell_ring(q->bell);
  }
}

static void lease_hush(rl_lease *l) {
  if (l->shared)
    rl_bell_remove_waiter(l->shared, &l->waiter);
  else if (l->bell && l->woken_ms)
    rl_bell_hush(l->bell);
  l->woken_ms = 0;
}

void rl_lane_note_check(rl_lane *lane, rl_lease *l, pthread_cond_t *signal) {
  if (l->queued) lane->cooperative += (l->signal != NULL) - (signal != NULL);
  l->checked_ms = rl_clock_ms();
  lease_hush(l);
  l->signal = signal;
  if (!l->absent) return;
  lane_unlink(lane, l);
  l->absent = false;
  lane_link_after(lane, l, NULL);
}

bool rl_lane_join(rl_lane *lane, rl_lease *l) {
  if (l->queued) return false;
  if (!lane->first) lane->turned_us = rl_clock_us();
  lane_link_after(lane, l, lane->last);
  l->queued = true;
  l->ticket = lane->tickets++;
  lane->waiting++;
  lane->cooperative += l->signal == NULL;
  return true;
}

static void lease_return_bell(rl_lane *lane, rl_lease *l) {
  rl_bell *b = l->bell;
  l->bell = NULL;
  if (!b) return;
  lane->bells_out--;
  if (lane->bell_count >= BELLS_KEPT) {
    rl_bell_free(b);
    return;
  }
  b->next = lane->bells;
  lane->bells = b;
  lane->bell_count++;
}

void rl_lane_leave(rl_lane *lane, rl_lease *l) {
  if (!l->queued) return;
  lease_hush(l);
  lane_unlink(lane, l);
  lane->cooperative -= l->signal == NULL;
  l->signal = NULL;
  l->queued = l->absent = false;
  lane->waiting--;
  lane->left++;
  lease_return_bell(lane, l);
  rl_lane_wake(lane); /* a connection may be free for the next one */
}

static void lease_take_bell(rl_lane *lane, rl_lease *l) {
  if (l->bell || lane->bells_out >= BELLS_OUT) return;
  l->bell = lane->bells;
  if (l->bell) {
    lane->bells = l->bell->next;
    lane->bell_count--;
  } else {
    l->bell = rl_bell_new();
  }
  if (l->bell) lane->bells_out++;
}

/* Returns how often a waiter without a bell checks: the pool serves as many rounds before it. */
static int64_t lease_check_interval(const rl_lane *lane, const rl_lease *l) {
  uint64_t before = l->ticket > lane->left ? l->ticket - lane->left : 0;
  int64_t ms = CHECK_MS + (int64_t)before / (lane->limit > 0 ? lane->limit : 1);
  return ms < HEARTBEAT_MS ? ms : HEARTBEAT_MS;
}

void rl_lane_listen(rl_lane *lane, rl_lease *l, rl_wait *wait) {
  int64_t until = RL_NO_DEADLINE;
  if (!l->shared) {
    lease_take_bell(lane, l);
    l->every_ms = l->bell ? 0 : lease_check_interval(lane, l);
    until = l->checked_ms + (l->bell ? HEARTBEAT_MS : l->every_ms);
  }
  const rl_bell *b = l->shared ? l->shared : l->bell;
  *wait = (rl_wait){b ? b->listen : -1, b != NULL, false, until < l->deadline_ms ? until : l->deadline_ms};
  rl_lane_wake(lane); /* others may be next if those before them stay away */
}

/* Returns the end of the turn if it is before the deadline. */
static int64_t lane_turn_end(const rl_lane *lane, int64_t deadline_ms) {
  int64_t end_ms = (lane->turned_us + TURN_US) / 1000 + 1;
  return end_ms < deadline_ms && end_ms > rl_clock_ms() ? end_ms : deadline_ms;
}

/* A cooperative waiter may stay away, and nothing else wakes the queue then. */
void rl_lane_block(const rl_lane *lane, rl_lease *l, pthread_mutex_t *lock, int64_t deadline_ms) {
  int64_t now = rl_clock_ms();
  if (lane->cooperative && now + ABSENT_MS < deadline_ms) deadline_ms = now + ABSENT_MS;
  if (lane->connecting && now + HEARTBEAT_MS < deadline_ms) deadline_ms = now + HEARTBEAT_MS;
  if (was_woken_for_nothing(lane, l)) deadline_ms = lane_turn_end(lane, deadline_ms);
  struct timespec at = rl_clock_timespec(deadline_ms);
  pthread_cond_timedwait(l->signal, lock, &at);
}

void rl_lane_dispose(rl_lane *lane) {
  while (lane->bells) {
    rl_bell *next = lane->bells->next;
    rl_bell_free(lane->bells);
    lane->bells = next;
  }
  lane->bell_count = 0;
}
