/* The paused reads of a transaction. */
#include "run/paused.h"

void rl_paused_add(rl_tx *tx, rl_stream *s) {
  s->paused = true;
  s->next_paused = tx->paused;
  tx->paused = s;
}

void rl_paused_remove(rl_tx *tx, rl_stream *s) {
  rl_stream **link = &tx->paused;
  while (*link && *link != s) link = &(*link)->next_paused;
  if (*link) *link = s->next_paused;
  s->next_paused = NULL;
  s->paused = false;
}

void rl_paused_cut(rl_tx *tx, uint32_t depth) {
  rl_stream *next;
  for (rl_stream *s = tx->paused; s; s = next) {
    next = s->next_paused;
    if (s->depth < depth) continue;
    rl_paused_remove(tx, s);
    s->op->tx = NULL;
    s->op->io.conn = NULL;
    rl_fail(&s->op->error, RL_P2028,
            "no more rows can be read: their transaction has ended, or was rolled back to a savepoint before the read");
  }
}

void rl_paused_lift(rl_tx *tx, uint32_t depth) {
  for (rl_stream *s = tx->paused; s; s = s->next_paused)
    if (s->depth > depth) s->depth = depth;
}
