/* What is done now and then although nobody calls: a listener must be read while its process has nothing to do. One
 * thread per process, started by the first one that joins. It never waits for anything but the time. A forked child
 * starts its own thread when it needs one, and leaves what its parent has. */
#ifndef RL_RUN_TICK_H
#define RL_RUN_TICK_H

#include <stdbool.h>
#include <stdint.h>

/* Zero before it joins. */
typedef struct rl_tick {
  void (*run)(struct rl_tick *t); /* on that thread; must not wait */
  int64_t every_ms, due_ms;
  struct rl_tick *next;
  bool listed;
} rl_tick;

/* Both may be repeated. If no thread can start, nothing is done. Until rl_tick_leave returns, it may run. */
void rl_tick_join(rl_tick *t);
void rl_tick_leave(rl_tick *t);

#endif
