/* Who waits for whom. A flight waits for what its own parts wait for or compute, and for what its thread waits for, if
 * that stands. All under the lock of flights. */
#include "cache/inside.h"

/* The number of the walk; flights remember the last one that met them. */
static uint64_t walks;

bool rl_flight_is_part(const rl_flight *within, const rl_flight *of) {
  for (; within; within = within->within)
    if (within == of) return true;
  return false;
}

static void walk_to(rl_flight *f, rl_flight **to_do) {
  if (f->seen == walks) return;
  f->seen = walks;
  f->to_do = *to_do;
  *to_do = f;
}

static void walk_on(const rl_flight *f, rl_flight **to_do) {
  for (rl_flight *child = f->children; child; child = child->next_child) walk_to(child, to_do);
  for (const rl_seat *s = f->inner; s; s = s->links[RL_SEAT_INNER].next) walk_to(s->flight, to_do);
  for (const rl_seat *s = rl_first_standing(f->thread); s; s = s->links[RL_SEAT_STANDING].next)
    if (s->thread == f->thread) walk_to(s->flight, to_do);
}

bool rl_wait_is_circle(rl_flight *target, const rl_question *q) {
  uint64_t thread = rl_this_thread();
  rl_flight *to_do = NULL;
  walks++;
  for (rl_flight *w = q->within; w; w = w->within) w->goal = walks;
  walk_to(target, &to_do);
  while (to_do) {
    rl_flight *f = to_do;
    to_do = f->to_do;
    if (f->goal == walks || (q->blocking && f->thread == thread)) return true;
    walk_on(f, &to_do);
  }
  return false;
}
