/* An operation: what a caller has under way. It owns the connection, its place in the queue for one, its phases and
 * deadlines, its error and its transaction. It has one call, or a batch of them (call.h), or it begins or ends a
 * transaction. It stops wherever it would block and goes on later. */
#ifndef RL_RUN_OP_H
#define RL_RUN_OP_H

#include "run/call.h"
#include "run/verb.h"

typedef struct rl_tx rl_tx;
typedef struct rl_op rl_op;
typedef struct rl_stream rl_stream;

typedef enum rl_op_phase {
  RL_PHASE_IDLE,     /* nothing started, or all told */
  RL_PHASE_COLLECT,  /* a batch that has begun and does not run yet */
  RL_PHASE_ACQUIRE,  /* taking a connection */
  RL_PHASE_SEND,     /* choosing and sending the next group of statements */
  RL_PHASE_READ,     /* reading the answers of the group */
  RL_PHASE_ABANDON,  /* giving up what still runs on the server */
  RL_PHASE_ROLLBACK, /* an error: undoing the operation's own transaction or savepoint */
  RL_PHASE_UNDOING,  /* reading the answers to that */
  RL_PHASE_END       /* giving the connection back */
} rl_op_phase;

/* What an operation is like, by what it does: calls.c, tx_verbs.c. */
typedef struct rl_op_kind {
  const char *action;               /* as in events; NULL: that of its only call */
  bool begins;                      /* a transaction of the caller's, whose connection it takes */
  bool ends;                        /* a transaction, or a savepoint, or makes one */
  bool (*writes)(const rl_op *);    /* it needs the connection that may write */
  bool (*may_write)(const rl_op *); /* ... or leaves other traces: what comes after it must see them */
  bool (*repeats)(const rl_op *);   /* nobody notices that it is sent twice: it only reads */
  bool (*suits_replica)(const rl_op *);
  rille_status (*send)(rl_op *, rl_error *); /* the next group, with its end; DONE: there is none */
} rl_op_kind;

/* The transaction, or the savepoint, that an operation makes for itself. */
typedef enum rl_own {
  RL_OWN_UNDECIDED, /* nothing was sent yet */
  RL_OWN_NONE,
  RL_OWN_OPEN,
  RL_OWN_ENDING /* its COMMIT or RELEASE was sent */
} rl_own;

/* What the caller knows of the rows. */
typedef enum rl_seen {
  RL_SEEN_NOTHING,
  RL_SEEN_GIVEN, /* it has been given some, and looks at them only when all are there */
  RL_SEEN_TOLD   /* ... and may have shown them */
} rl_seen;

/* What an operation remembers of its route: route.c. */
typedef struct rl_route {
  uint32_t replica;  /* number + 1; 0: the primary */
  uint32_t moves;    /* how often it went elsewhere */
  uint64_t writes;   /* of the client when it was chosen */
  int64_t position;  /* the replica must have replayed */
  bool probe;        /* the server's position is to be asked for, along with the first statements */
  bool primary_only; /* tried elsewhere in vain */
  bool behind;       /* the replica has not come as far */
  bool wrote;        /* it looked like a read, but a replica would not do it */
} rl_route;

struct rl_op {
  rl_client *client; /* retained */
  const rl_op_kind *kind;
  rl_op_phase phase;
  rl_arena arena; /* one execution; of a stream: one batch */
  rl_error error;
  rl_wait wait;
  rl_exchange io;

  rl_call **calls; /* in the arena, or `first` */
  rl_call *first;
  uint32_t call_count, call_cap;
  uint32_t at;           /* the call whose row was told last, or that has failed */
  uint32_t asked;        /* the call whose shape and result are asked for */
  uint32_t sent_calls;   /* the first so many are sent to their end */
  bool atomic;           /* one transaction around all, whatever they do: batch.c */
  rl_verb_step verbs[2]; /* instead of calls: of a begin or an end */
  size_t verb_count;

  /* set by the caller: op.c */
  bool blocking;
  bool whole;             /* it looks at rows only when all are there, and forgets them when told to */
  uint32_t stream_wanted; /* of the next model call: rows of the root in a batch; 0: all at once */
  rl_bell *bell;          /* one reference: rung when it need not queue any more; NULL: the pool has one for it */
  uint64_t tag;           /* what the owner of the bell knows it by */

  rl_tx *tx;       /* borrowed while the operation runs */
  rl_lease *lease; /* own one; within a transaction the transaction's is used */
  rl_route route;
  int64_t limit_ms;    /* of the whole operation: the transaction's, or its max_wait, or the client's timeout */
  int64_t sent_ms;     /* when the first group was begun, over a network */
  int64_t deadline_ms; /* of what was sent last: socket_timeout of the URL from then on, never beyond limit_ms */

  rl_own own;           /* own_tx.c */
  rl_seen seen;         /* phases.c, as all below but `stream` and `tallied` */
  bool restarts;        /* the rows that were given are void, which is still to be told */
  bool retried;         /* on another connection, or prepared anew */
  uint8_t looked_again; /* times it was begun anew because a row has come since it was looked for */
  bool ends_tx;         /* the transaction's time has passed: it is rolled back with this operation */
  rl_stream *stream;    /* a read in batches: stream.c */
  bool tallied;         /* its statements have been added to the client's: op.c */
};

rille_status rl_op_init(rl_op *op, rl_client *c); /* retains the client */
void rl_op_dispose(rl_op *op);
void rl_op_reset(rl_op *op);

/* Between operations only. */
void rl_op_set_bell(rl_op *op, rl_bell *bell, uint64_t tag);
void rl_op_set_blocking(rl_op *op, bool blocking);
void rl_op_set_whole(rl_op *op, bool whole);
void rl_op_set_stream(rl_op *op, uint32_t rows);
/* The traceparent that the next starts have, until another is set; "" means the client's. */
rille_status rl_op_set_trace(rl_op *op, rl_str trace, rl_error *err);

uint64_t rl_op_shape(const rl_op *op, const rille_node **nodes, uint32_t *count);
rille_result rl_op_result(const rl_op *op);

/* For starts: the head, the calls, and the end, after which the operation takes its connection. */
rille_status rl_op_begin_start(rl_op *op, rl_tx *tx, const rl_op_kind *kind, rl_error *err);
rille_status rl_op_add_call(rl_op *op, const rl_call_kind *kind, rl_call **out, rl_error *err);
void rl_op_drop_call(rl_op *op); /* the last, which could not be filled */
/* A cache or an extension hooks in here. rl_op_started: each call has its tape, its program and its checked values, and
 * no connection is taken. rl_op_ended: the outcome is known, all rows have been delivered, and the connection is
 * released. Returns whether it succeeded: a commit may turn out to be a rollback. An abandoned operation has no
 * outcome, and is reset instead. */
void rl_op_started(rl_op *op, rl_tx *tx);
bool rl_op_ended(rl_op *op, bool good);

/* For the phases. The verbs that undo what the operation has begun: all of a transaction on a connection of its own,
 * and of one that ends with it; its savepoint within one that goes on. None when there is nothing to undo. */
size_t rl_op_undo_verbs(const rl_op *op, rl_verb_step out[2]);
void rl_op_give_connection_back(rl_op *op);
void rl_op_lose_connection(rl_op *op, bool clean); /* another one will do; `clean`: somebody else may have it */
/* The transaction goes away while the operation runs in it: the next rl_op_next says P2028. */
void rl_op_cut(rl_op *op);

extern const rl_op_kind rl_op_calls, rl_op_batch; /* calls.c */

/* The call that is at hand: the only one, or of a batch the one that was told of last. NULL: there is none. */
static inline rl_call *rl_op_call(const rl_op *op) {
  return op->at < op->call_count ? op->calls[op->at] : NULL;
}

/* What was called: "find_many", "query_raw", "batch", ...; static. */
static inline const char *rl_op_action(const rl_op *op) {
  return op->kind->action ? op->kind->action : op->calls[0]->kind->action(op->calls[0]);
}

#endif
