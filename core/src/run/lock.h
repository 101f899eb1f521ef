/* An advisory lock of the database, held by a connection of the pool outside transactions. Nothing here blocks. One
 * thread at a time. */
#ifndef RL_RUN_LOCK_H
#define RL_RUN_LOCK_H

#include "run/client.h"

typedef struct rl_lock_settings {
  rl_str key; /* a string, from which the server computes a number; NULL: number */
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
  RL_LOCK_ENDED
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
  bool granted;    /* the server's answer */
  bool answer_due; /* an answer is outstanding */
  int attempts;
  int64_t deadline_ms; /* TAKING to PAUSED: of waiting for the lock; LEAVING: of the answer */
  int64_t next_ms;     /* of the next attempt */
  rl_wait wait;
} rl_lock;

/* Fails with P2026 on SQLite, and behind a pooler that changes sessions with each transaction. */
rille_status rl_lock_init(rl_lock *lock, rl_client *client, const rl_lock_settings *settings, rl_error *err);
/* Continues until the lock is held. OK: held. AGAIN: wait for lock->wait. DONE: another session has it, and the
 * deadline has passed. A waiting caller holds no connection. */
rille_status rl_lock_take(rl_lock *lock, rl_error *err);
/* Releases the lock. OK, AGAIN, or an error: the lock was lost with its connection. */
rille_status rl_lock_release(rl_lock *lock, rl_error *err);
void rl_lock_dispose(rl_lock *lock); /* a held lock ends with its connection, which is closed */

#endif
