/* The queue before a pool's connections: who is served next, and who is called for it. Callers that block have a
 * condition each, cooperative ones a bell that their loop shares, or one of their own. Joining, leaving and calling
 * take the same time however long the queue is. */
#include "run/lane.h"

#include "base/clock.h"

/* A cooperative caller that was called and has not come for so long stands aside for those behind it. */
#define ABSENT_MS 100
/* A cooperative caller with a bell of its own looks so often without being called: the one before it may have stayed
 * away. Who shares one is told apart: see rille_op_set_bell. */
#define HEARTBEAT_MS 500
/* ... and so often when there is no bell for it; the more are before it, the less often. */
#define LOOK_MS 2
/* Bells of single callers: so many are kept, and so many are out at most, since descriptors are scarce. */
#define BELLS_KEPT 64
#define BELLS_OUT 64
/* How many connect at once, and how many while the server cannot be reached. One more may when nobody has begun for
 * STALE_MS: those that connect may be coroutines that stay away. */
#define CONNECTING 8
#define CONNECTING_IN_VAIN 2
#define STALE_MS 1000

/* Newcomers may pass the queue for so long after it was served last. The more wait, the shorter the turns, so that all
 * are served within a round. When the first has little patience, several rounds fit into it. */
#define TURN_US 2000
#define ROUND_MS 200
#define ROUNDS_IN_TIME 8

static bool is_absent(const rl_lease *l, int64_t now) {
  if (l->signal) return false; /* it blocks: the condition wakes it */
  if (l->called_ms) return now - l->called_ms >= ABSENT_MS;
  return l->every_ms && now - l->looked_ms >= l->every_ms + ABSENT_MS;
}

static int64_t turn_us(const rl_lane *lane) {
  int64_t patience = lane->first->deadline_ms - lane->first->since_ms, round = ROUND_MS * 1000;
  if (patience < ROUND_MS * ROUNDS_IN_TIME) round = patience * 1000 / ROUNDS_IN_TIME;
  int64_t each = round / lane->waiting;
  return each < TURN_US ? each : TURN_US;
}

/* Only before a thread: it can wait for the end of the turn as well, which a coroutine's loop would have to be told. */
static bool turn_lasts(const rl_lane *lane) {
  return lane->first && lane->first->signal && rl_clock_us() - lane->turned_us < turn_us(lane);
}

bool rl_lane_is_open(const rl_lane *lane) {
  return lane->waiting == 0 || turn_lasts(lane);
}

void rl_lane_next_turn(rl_lane *lane) {
  lane->turns++;
  lane->turned_us = rl_clock_us();
}

/* Places in which somebody may connect now. */
static int openings(const rl_lane *lane) {
  int room = lane->limit - lane->open, more = (lane->failing ? CONNECTING_IN_VAIN : CONNECTING) - lane->connecting;
  if (more < 1 && rl_clock_ms() - lane->connect_ms >= STALE_MS) more = 1;
  if (more < 0) more = 0;
  return room < more ? room : more;
}

bool rl_lane_may_connect(const rl_lane *lane) {
  return openings(lane) > 0;
}

static void link_after(rl_lane *lane, rl_lease *l, rl_lease *before) {
  l->previous = before;
  l->next = before ? before->next : lane->first;
  *(l->previous ? &l->previous->next : &lane->first) = l;
  *(l->next ? &l->next->previous : &lane->last) = l;
}

static void unlink_queued(rl_lane *lane, rl_lease *l) {
  *(l->previous ? &l->previous->next : l->absent ? &lane->aside : &lane->first) = l->next;
  if (l->next)
    l->next->previous = l->previous;
  else if (!l->absent)
    lane->last = l->previous;
  l->next = l->previous = NULL;
}

/* The first in the queue, or the one behind q, that has not stayed away. Those that have make room. */
static rl_lease *present(rl_lane *lane, rl_lease *q, int64_t now) {
  while (q && is_absent(q, now)) {
    rl_lease *next = q->next;
    unlink_queued(lane, q);
    q->absent = true;
    q->next = lane->aside;
    if (lane->aside) lane->aside->previous = q;
    lane->aside = q;
    q = next;
  }
  return q;
}

bool rl_lane_may_take(rl_lane *lane, const rl_lease *l) {
  int there = lane->idle_count + openings(lane);
  if (there == 0 || !lane->first) return there > 0;
  if (!l->queued && lane->idle_count > 0 && turn_lasts(lane)) return true;
  int64_t now = rl_clock_ms();
  for (rl_lease *q = present(lane, lane->first, now); q && q != l && there > 0; q = present(lane, q->next, now))
    there--;
  return there > 0;
}

/* In this turn: newcomers were faster, and would be again. */
static bool came_in_vain(const rl_lane *lane, const rl_lease *l) {
  return l->signal && l->called_in == lane->turns + 1;
}

void rl_lane_wake(rl_lane *lane) {
  if (!lane->first) return;
  int there = lane->idle_count + openings(lane);
  if (there == 0) return;
  int64_t now = rl_clock_ms();
  bool lasts = turn_lasts(lane);
  for (rl_lease *q = present(lane, lane->first, now); q && there > 0; q = present(lane, q->next, now)) {
    there--;
    if (q->called_ms) continue;
    if (lasts && came_in_vain(lane, q)) continue; /* it looks when the turn is over */
    if (!q->signal && !q->shared && !q->bell) continue;
    q->called_ms = now;
    q->called_in = lane->turns + 1;
    if (q->signal)
      pthread_cond_signal(q->signal);
    else if (q->shared)
      rl_bell_call(q->shared, &q->call);
    else
      rl_bell_ring(q->bell);
  }
}

static void hush(rl_lease *l) {
  if (l->shared)
    rl_bell_uncall(l->shared, &l->call);
  else if (l->bell && l->called_ms)
    rl_bell_hush(l->bell);
  l->called_ms = 0;
}

void rl_lane_look(rl_lane *lane, rl_lease *l, pthread_cond_t *signal) {
  if (l->queued) lane->cooperative += (l->signal != NULL) - (signal != NULL);
  l->looked_ms = rl_clock_ms();
  hush(l);
  l->signal = signal;
  if (!l->absent) return;
  unlink_queued(lane, l);
  l->absent = false;
  link_after(lane, l, NULL);
}

bool rl_lane_join(rl_lane *lane, rl_lease *l) {
  if (l->queued) return false;
  if (!lane->first) lane->turned_us = rl_clock_us();
  link_after(lane, l, lane->last);
  l->queued = true;
  l->ticket = lane->tickets++;
  lane->waiting++;
  lane->cooperative += l->signal == NULL;
  return true;
}

static void put_bell_back(rl_lane *lane, rl_lease *l) {
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
  hush(l);
  unlink_queued(lane, l);
  lane->cooperative -= l->signal == NULL;
  l->signal = NULL;
  l->queued = l->absent = false;
  lane->waiting--;
  lane->left++;
  put_bell_back(lane, l);
  rl_lane_wake(lane); /* there may be a connection for the one that is next now */
}

static void take_bell(rl_lane *lane, rl_lease *l) {
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

/* As many rounds of the pool as there may be before it is served. */
static int64_t look_every(const rl_lane *lane, const rl_lease *l) {
  uint64_t before = l->ticket > lane->left ? l->ticket - lane->left : 0;
  int64_t ms = LOOK_MS + (int64_t)before / (lane->limit > 0 ? lane->limit : 1);
  return ms < HEARTBEAT_MS ? ms : HEARTBEAT_MS;
}

void rl_lane_listen(rl_lane *lane, rl_lease *l, rl_wait *wait) {
  int64_t until = RL_NO_DEADLINE;
  if (!l->shared) {
    take_bell(lane, l);
    l->every_ms = l->bell ? 0 : look_every(lane, l);
    until = l->looked_ms + (l->bell ? HEARTBEAT_MS : l->every_ms);
  }
  const rl_bell *b = l->shared ? l->shared : l->bell;
  *wait = (rl_wait){b ? b->listen : -1, b != NULL, false, until < l->deadline_ms ? until : l->deadline_ms};
  rl_lane_wake(lane); /* others may be next, if those before them have stayed away */
}

/* Until the turn is over, if that is before the deadline. */
static int64_t until_turn(const rl_lane *lane, int64_t deadline_ms) {
  int64_t end_ms = (lane->turned_us + TURN_US) / 1000 + 1;
  return end_ms < deadline_ms && end_ms > rl_clock_ms() ? end_ms : deadline_ms;
}

/* Nobody else calls the queue when a cooperative caller stays away. */
void rl_lane_block(const rl_lane *lane, rl_lease *l, pthread_mutex_t *lock, int64_t deadline_ms) {
  int64_t now = rl_clock_ms();
  if (lane->cooperative && now + ABSENT_MS < deadline_ms) deadline_ms = now + ABSENT_MS;
  if (lane->connecting && now + HEARTBEAT_MS < deadline_ms) deadline_ms = now + HEARTBEAT_MS;
  if (came_in_vain(lane, l)) deadline_ms = until_turn(lane, deadline_ms);
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
