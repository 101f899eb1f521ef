/* An advisory lock of the database, held by a connection of the pool outside any transaction. It never waits; one
 * thread at a time. */
#ifndef RL_RUN_LOCK_H
#define RL_RUN_LOCK_H

#include "run/client.h"

typedef struct rl_lock_settings {
  rl_str key; /* a text, from which the server makes a number; NULL: number */
  int64_t number;
  bool shared;
  int64_t wait_ms; /* 0: one attempt */
} rl_lock_settings;

typedef enum rl_lock_state {
  RL_LOCK_NEW,
  RL_LOCK_TAKING,
  RL_LOCK_ASKING,
  RL_LOCK_PAUSED,
  RL_LOCK_HELD,
  RL_LOCK_LEAVING,
  RL_LOCK_OVER
} rl_lock_state;

typedef struct rl_lock {
  rl_client *client;
  rl_lock_settings settings;
  rl_arena arena;
  rl_lock_state state;
  rl_lease *lease;
  rl_stmt stmt;
  rl_wire_type wire_type;
  rl_value value;
  bool yes;   /* what the server has answered */
  bool asked; /* an answer is to come */
  int attempts;
  int64_t deadline_ms; /* RL_LOCK_TAKING to PAUSED: of the waiting; LEAVING: of the answer */
  int64_t next_ms;     /* of the next attempt */
  rl_wait wait;
} rl_lock;

/* P2026 where there is no such thing: on SQLite, and behind a pooler that changes sessions with each transaction. */
rille_status rl_lock_init(rl_lock *lock, rl_client *client, const rl_lock_settings *settings, rl_error *err);
/* Goes on until it is held: OK; AGAIN: lock->wait says what to wait for; DONE: somebody else has it, and the time is
 * up. Who waits holds no connection meanwhile. */
rille_status rl_lock_take(rl_lock *lock, rl_error *err);
/* Gives it back: OK, AGAIN, or an error when it was lost before: its connection was. */
rille_status rl_lock_release(rl_lock *lock, rl_error *err);
void rl_lock_dispose(rl_lock *lock); /* what is still held goes with its connection, which is closed */

#endif
