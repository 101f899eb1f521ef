/* Proof that notices arrive: one is sent over a connection as the pool opens them, and must reach the listener. A
 * pooler in between, or another server or database, shows here. Nothing blocks; the owner's lock protects it. */
#ifndef RL_RUN_FOREIGN_PROOF_H
#define RL_RUN_FOREIGN_PROOF_H

#include "run/connect.h"

typedef enum rl_proof_state {
  RL_PROOF_DUE,        /* to be sent, at due_ms */
  RL_PROOF_CONNECTING, /* its connection is being opened */
  RL_PROOF_SENDING,    /* the notice is on its way to the database */
  RL_PROOF_SENT,       /* it must arrive before due_ms */
  RL_PROOF_ARRIVED
} rl_proof_state;

typedef struct rl_proof {
  const rl_conn_options *options; /* of the pool */
  rl_proof_state state;
  rl_connecting connecting;
  rl_conn *conn;
  uint64_t number; /* by which the notice is recognized */
  int64_t due_ms;
  rl_error failed;    /* why the last attempt has failed; the owner clears it */
  uint64_t questions; /* the owner's: those of the listener before it was sent */
} rl_proof;

/* Begins anew: a connection has begun to listen. The options live until it is stopped. */
void rl_proof_begin(rl_proof *p, const rl_conn_options *options);
void rl_proof_stop(rl_proof *p); /* in any state, also repeatedly */
/* Goes as far as it can without waiting. After a failure it tries again later. */
void rl_proof_step(rl_proof *p);
/* Takes a notice. Returns whether it is that of the proof. */
bool rl_proof_take(rl_proof *p, rl_str payload);

#endif
