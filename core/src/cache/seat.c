/* Seats: those who wait for a flight. A caller that blocks has a condition, any other one a bell. */
#include "base/clock.h"
#include "base/thread.h"
#include "cache/inside.h"

/* Seats of threads that stand, by thread. */
enum { STANDING = 256 };
static rl_seat *standing[STANDING];

static rl_seat **standing_of(uint64_t thread) {
  return &standing[rl_hash(&thread, sizeof thread, 0) % STANDING];
}

rl_seat *rl_first_standing(uint64_t thread) {
  return *standing_of(thread);
}

void rl_standing_forget(void) {
  memset(standing, 0, sizeof standing);
}

/* ------------------------------------------------------------------ lists */

static void link_first(rl_seat **first, rl_seat *s, int list) {
  s->links[list] = (rl_seat_link){.next = *first};
  if (*first) (*first)->links[list].previous = s;
  *first = s;
}

static void link_last(rl_flight *f, rl_seat *s) {
  s->links[RL_SEAT_QUEUE] = (rl_seat_link){.previous = f->last};
  *(f->last ? &f->last->links[RL_SEAT_QUEUE].next : &f->first) = s;
  f->last = s;
}

static void unlink_seat(rl_seat **first, rl_seat *s, int list) {
  rl_seat_link *l = &s->links[list];
  *(l->previous ? &l->previous->links[list].next : first) = l->next;
  if (l->next) l->next->links[list].previous = l->previous;
}

void rl_seat_join(rl_seat *s, rl_flight *f, const rl_question *q) {
  s->flight = rl_flight_retain(f);
  s->number = f->number;
  s->within = rl_flight_of_question(q);
  s->blocking = q->blocking;
  s->thread = rl_this_thread();
  s->dismissed = false;
  s->signal = NULL;
  s->waiter.called = false;
  s->waiting = true;
  link_last(f, s);
  if (s->within) link_first(&s->within->inner, s, RL_SEAT_INNER);
  if (s->blocking) link_first(standing_of(s->thread), s, RL_SEAT_STANDING);
}

static void seat_unlink(rl_seat *s) {
  rl_flight *f = s->flight;
  if (f->last == s) f->last = s->links[RL_SEAT_QUEUE].previous;
  unlink_seat(&f->first, s, RL_SEAT_QUEUE);
  if (s->within) unlink_seat(&s->within->inner, s, RL_SEAT_INNER);
  if (s->blocking) unlink_seat(standing_of(s->thread), s, RL_SEAT_STANDING);
  s->waiting = false;
}

/* ------------------------------------------------------------------ calling */

void rl_flight_call_seats(rl_flight *f, bool dismissed) {
  while (f->first) {
    rl_seat *s = f->first;
    seat_unlink(s);
    s->dismissed = dismissed;
    if (s->signal)
      pthread_cond_signal(s->signal);
    else if (s->bell && s->shared_bell)
      rl_bell_add_waiter(s->bell, &s->waiter);
    else if (s->bell)
      rl_bell_ring(s->bell);
  }
}

/* A bell of the parent would take away what is rung there. */
static void seat_hush(rl_seat *s) {
  if (!s->bell || !rl_bell_is_own(s->bell)) return;
  if (s->shared_bell)
    rl_bell_remove_waiter(s->bell, &s->waiter);
  else
    rl_bell_hush(s->bell);
}

/* ------------------------------------------------------------------ of the caller */

rl_seat_state rl_seat_look(rl_seat *s, rl_cache_entry **entry, rl_error *err) {
  rl_flight *f = s->flight;
  *entry = NULL;
  if (!f || !rl_flight_is_own(f)) return RL_SEAT_AGAIN; /* a child has another cache */
  rl_flights_lock();
  bool waiting = s->waiting;
  rl_flight_state state = s->dismissed ? RL_FLIGHT_GIVEN_UP : f->state;
  rl_flights_unlock();
  if (waiting) return RL_SEAT_WAITING;
  seat_hush(s);
  /* What a flight has at its end does not change any more. */
  if (state == RL_FLIGHT_LANDED) {
    *entry = rl_cache_entry_retain(f->entry);
    return RL_SEAT_LANDED;
  }
  if (state != RL_FLIGHT_FAILED) return RL_SEAT_AGAIN;
  if (!rl_error_copy(err, &f->error)) rl_fail_nomem(err);
  return RL_SEAT_FAILED;
}

void rl_seat_wait(rl_seat *s, int64_t until_ms) {
  if (!s->flight || !rl_flight_is_own(s->flight)) return;
  pthread_cond_t signal;
  rl_condition_init(&signal);
  struct timespec at = rl_clock_timespec(until_ms);
  rl_flights_lock();
  s->signal = &signal;
  while (s->waiting && rl_clock_ms() < until_ms) {
    if (until_ms == RL_NO_DEADLINE)
      pthread_cond_wait(&signal, rl_flights_mutex());
    else
      pthread_cond_timedwait(&signal, rl_flights_mutex(), &at);
  }
  s->signal = NULL;
  rl_flights_unlock();
  pthread_cond_destroy(&signal);
}

void rl_seat_despair(rl_seat *s, bool all) {
  rl_flight *f = s->flight;
  if (!f || !rl_flight_is_own(f)) return;
  rl_flights_lock();
  rl_flight_hide(f);
  if (all) rl_flight_call_seats(f, true);
  rl_flights_unlock();
}

void rl_seat_leave(rl_seat *s) {
  rl_flight *f = s->flight, *within = s->within;
  if (!f) return;
  if (rl_flight_is_own(f)) {
    rl_flights_lock();
    if (s->waiting) seat_unlink(s);
    rl_flights_unlock();
    seat_hush(s);
  }
  s->flight = s->within = NULL;
  s->waiting = false;
  rl_flight_release(f);
  rl_flight_release(within);
}
