/* What a function that answers RILLE_AGAIN waits for. */
#ifndef RL_BASE_WAIT_H
#define RL_BASE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct rl_wait {
  int fd; /* -1: only time to wait for */
  bool read, write;
  int64_t until_ms; /* rl_clock_ms; RL_NO_DEADLINE when only the descriptor counts */
} rl_wait;

#endif
