/* The queue before a pool's connections: who is served next, and who is woken for it. Callers that block are woken by a
 * condition, cooperative ones by a bell of their own. */
#include "run/lane.h"

#include "base/clock.h"

/* A cooperative caller that was called and has not come for so long does not hold up those behind it. */
#define ABSENT_MS 100
/* A cooperative caller looks so often without being called: the one before it may have stayed away. */
#define HEARTBEAT_MS 500
/* ... and so often when there is no bell for it. */
#define LOOK_MS 2
#define BELLS_KEPT 64
/* How many connect at once, and how many while the server cannot be reached. One more may when nobody has begun for
 * STALE_MS: those that connect may be coroutines that stay away. */
#define CONNECTING 8
#define CONNECTING_IN_VAIN 2
#define STALE_MS 1000

static bool is_absent(const rl_lease *l, int64_t now) {
  if (l->looked_ms == RL_NO_DEADLINE) return false; /* it blocks: the condition wakes it */
  int64_t called = l->bell ? l->rung_ms : l->looked_ms;
  return called != 0 && now - called >= ABSENT_MS;
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

bool rl_lane_may_take(const rl_lane *lane, const rl_lease *l) {
  int there = lane->idle_count + openings(lane);
  int64_t now = rl_clock_ms();
  for (const rl_lease *q = lane->queue; q && q != l && there > 0; q = q->next)
    if (!is_absent(q, now)) there--;
  return there > 0;
}

void rl_lane_wake(rl_lane *lane, pthread_cond_t *freed) {
  if (!lane->queue) return;
  int there = lane->idle_count + openings(lane);
  int64_t now = rl_clock_ms();
  bool blocks = false;
  for (rl_lease *q = lane->queue; q && there > 0; q = q->next) {
    if (is_absent(q, now)) continue;
    there--;
    blocks = blocks || q->looked_ms == RL_NO_DEADLINE;
    if (!q->bell || q->rung_ms) continue;
    q->rung_ms = now;
    rl_bell_ring(q->bell);
  }
  if (blocks) pthread_cond_broadcast(freed);
}

bool rl_lane_join(rl_lane *lane, rl_lease *l) {
  if (l->queued) return false;
  rl_lease **at = &lane->queue;
  while (*at) at = &(*at)->next;
  *at = l;
  l->queued = true;
  lane->waiting++;
  return true;
}

static void put_bell_back(rl_lane *lane, rl_lease *l) {
  rl_bell *b = l->bell;
  l->bell = NULL;
  if (!b) return;
  if (lane->bell_count >= BELLS_KEPT) {
    rl_bell_free(b);
    return;
  }
  if (l->rung_ms) rl_bell_hush(b);
  b->next = lane->bells;
  lane->bells = b;
  lane->bell_count++;
}

void rl_lane_leave(rl_lane *lane, rl_lease *l, pthread_cond_t *freed) {
  if (!l->queued) return;
  rl_lease **at = &lane->queue;
  while (*at && *at != l) at = &(*at)->next;
  if (*at) *at = l->next;
  l->next = NULL;
  l->queued = false;
  lane->waiting--;
  put_bell_back(lane, l);
  rl_lane_wake(lane, freed); /* there may be a connection for the one that is next now */
}

static void take_bell(rl_lane *lane, rl_lease *l) {
  l->rung_ms = 0;
  if (l->bell) return;
  l->bell = lane->bells;
  if (!l->bell) {
    l->bell = rl_bell_new();
    return;
  }
  lane->bells = l->bell->next;
  lane->bell_count--;
}

void rl_lane_listen(rl_lane *lane, rl_lease *l, rl_wait *wait) {
  if (l->bell && l->rung_ms) rl_bell_hush(l->bell);
  take_bell(lane, l);
  int64_t until = rl_clock_ms() + (l->bell ? HEARTBEAT_MS : LOOK_MS);
  *wait = (rl_wait){l->bell ? l->bell->listen : -1, l->bell != NULL, false,
                    until < l->deadline_ms ? until : l->deadline_ms};
}

/* Nobody wakes the queue when a cooperative caller stays away. */
static bool may_be_absent(const rl_lane *lane) {
  for (const rl_lease *q = lane->queue; q; q = q->next)
    if (q->looked_ms != RL_NO_DEADLINE) return true;
  return false;
}

void rl_lane_block(const rl_lane *lane, pthread_cond_t *freed, pthread_mutex_t *lock, int64_t deadline_ms) {
  int64_t now = rl_clock_ms();
  if (may_be_absent(lane) && now + ABSENT_MS < deadline_ms) deadline_ms = now + ABSENT_MS;
  if (lane->connecting && now + HEARTBEAT_MS < deadline_ms) deadline_ms = now + HEARTBEAT_MS;
  struct timespec at = rl_clock_timespec(deadline_ms);
  pthread_cond_timedwait(freed, lock, &at);
}

void rl_lane_dispose(rl_lane *lane) {
  while (lane->bells) {
    rl_bell *next = lane->bells->next;
    rl_bell_free(lane->bells);
    lane->bells = next;
  }
  lane->bell_count = 0;
}
