/* An operation: what a caller has under way. It owns the connection, its place in the queue for one, its phases,
 * deadlines, error and transaction. It has one call, or a batch of them (call.h), or it begins or ends a transaction.
 * It stops wherever it would block, and continues later. */
#ifndef RL_RUN_OP_H
#define RL_RUN_OP_H

#include "run/call.h"
#include "run/verb.h"

typedef struct rl_tx rl_tx;
typedef struct rl_op rl_op;
typedef struct rl_stream rl_stream;
typedef struct rl_cached rl_cached;
typedef struct rl_committing rl_committing;

typedef enum rl_op_phase {
  RL_PHASE_IDLE,     /* nothing started, or everything reported */
  RL_PHASE_COLLECT,  /* a batch that has begun and is not running yet */
  RL_PHASE_ASK,      /* asking the cache, and waiting for what others compute: cached.c */
  RL_PHASE_REPLAY,   /* delivering rows of the cache */
  RL_PHASE_ACQUIRE,  /* taking a connection */
  RL_PHASE_SEND,     /* choosing and sending the next group of statements */
  RL_PHASE_READ,     /* reading the answers of the group */
  RL_PHASE_TELL,     /* reading the answer to a notice that follows the statements: committing.h */
  RL_PHASE_ABANDON,  /* abandoning what still runs on the server */
  RL_PHASE_ROLLBACK, /* after an error: undoing the operation's own transaction or savepoint */
  RL_PHASE_UNDOING,  /* reading the answers to that */
  RL_PHASE_END       /* releasing the connection */
} rl_op_phase;

/* The properties and functions of a kind of operation: calls.c, tx_verbs.c. */
typedef struct rl_op_kind {
  const char *action;               /* as in events; NULL: the action of its only call */
  bool begins;                      /* it begins a transaction of the caller, and gets its connection */
  bool ends;                        /* it ends a transaction, or begins or ends a savepoint */
  bool (*writes)(const rl_op *);    /* it needs a connection that may write */
  bool (*may_write)(const rl_op *); /* ... or has other effects that later operations must see */
  bool (*repeats)(const rl_op *);   /* it only reads: sending it twice has no effect */
  bool (*suits_replica)(const rl_op *);
  rille_status (*send)(rl_op *, rl_error *); /* sends the next group; DONE: there is none */
} rl_op_kind;

/* The state of the operation's own transaction or savepoint. */
typedef enum rl_own_tx {
  RL_OWN_UNDECIDED, /* nothing was sent yet */
  RL_OWN_NONE,
  RL_OWN_NONE_TELLS, /* none, and a notice follows when everything was answered: committing.h */
  RL_OWN_NONE_TOLD,  /* the notice was sent: from now on nothing is repeated */
  RL_OWN_OPEN,
  RL_OWN_ENDING /* its COMMIT or RELEASE was sent */
} rl_own_tx;

/* What the caller has of the rows. */
typedef enum rl_delivered {
  RL_DELIVERED_NOTHING,
  RL_DELIVERED_BUFFERED, /* the caller keeps them, and uses them only when all have been delivered */
  RL_DELIVERED_FINAL     /* the caller may have used some */
} rl_delivered;

/* What an operation remembers of its route: route.c. */
typedef struct rl_route {
  uint32_t replica;  /* number + 1; 0: the primary */
  uint32_t moves;    /* how often it was sent to another server */
  uint64_t writes;   /* the client's writes when the server was chosen */
  int64_t position;  /* that the replica must have replayed */
  bool probe;        /* the server is asked for its position with the first statements */
  bool primary_only; /* the replicas could not do it */
  bool behind;       /* the replica has not replayed enough */
  bool wrote;        /* it looked like a read, but a replica refused it as a write */
} rl_route;

/* Whether and how the next call of a model writes its result as JSON. */
typedef struct rl_json_wanted {
  bool wanted;
  uint32_t how; /* as in rl_document_begin */
} rl_json_wanted;

/* Models that the next raw statement reads or writes, as the caller says. */
typedef struct rl_named_models {
  const rl_model **items; /* owned */
  size_t count;
} rl_named_models;

struct rl_op {
  rl_client *client; /* retained */
  const rl_op_kind *kind;
  rl_op_phase phase;
  rl_arena arena; /* lives as long as one execution; of a stream: one batch */
  rl_error error;
  rl_wait wait;
  rl_exchange io;

  rl_call **calls; /* in the arena, or one_call */
  rl_call *one_call;
  uint32_t call_count, call_cap;
  uint32_t current;      /* the call whose row was delivered last, or that has failed */
  uint32_t result_of;    /* the call whose shape and result the caller gets */
  uint32_t sent_calls;   /* the first sent_calls calls are sent completely */
  bool atomic;           /* one transaction around all calls: batch.c */
  bool snapshot;         /* all calls read one state of the database: batch.c */
  rl_verb_step verbs[2]; /* instead of calls: the verbs of a begin or an end */
  size_t verb_count;

  /* set by the caller: op.c */
  bool blocking;
  bool caller_buffers;    /* the caller uses rows only when it has all, and drops them on RESTART */
  uint32_t stream_wanted; /* of the next call of a model: root rows per batch; 0: no batches */
  rl_json_wanted json;
  rl_named_models named; /* of the next raw statement */
  rl_bell *bell;         /* one reference: rings when a connection may be available; NULL: the pool has one for it */
  uint64_t tag;          /* identifies it to the owner of the bell */

  rl_tx *tx;       /* borrowed while the operation runs */
  rl_lease *lease; /* owned; in a transaction, that of the transaction is used */
  rl_route route;
  int64_t limit_ms;    /* deadline of the whole operation: by the transaction, its max_wait, or the client's timeout */
  int64_t sent_ms;     /* when the last group was sent, over a network */
  int64_t deadline_ms; /* deadline of the last group: by socket_timeout of the URL, never after limit_ms */

  rl_own_tx own_tx;          /* own_tx.c */
  rl_committing *committing; /* in the arena; NULL: nothing that it does is to be marked */
  rl_delivered delivered;    /* phases.c, as everything below except `stream` and `tallied` */
  bool restart_is_due;       /* the delivered rows are void, and the caller does not know yet */
  bool retried;              /* it runs again on another connection, or with statements prepared again */
  uint8_t rereads;           /* how often it was run again because rows were added or changed since it read them */
  bool succeeded;            /* it has ended, and all its calls have happened */
  bool ends_tx;              /* the transaction has timed out: it is rolled back with this operation */
  rl_stream *stream;         /* a read in batches: stream.c */
  struct rl_document *spare; /* owned: for the next call with JSON */
  rl_cached *cached;         /* owned: what it has to do with the cache; NULL: nothing */
  bool tallied;              /* its statements were added to the client's: op.c */
};

rille_status rl_op_init(rl_op *op, rl_client *c); /* retains the client */
void rl_op_dispose(rl_op *op);
void rl_op_reset(rl_op *op);

/* Between operations only. */
void rl_op_set_bell(rl_op *op, rl_bell *bell, uint64_t tag);
void rl_op_set_blocking(rl_op *op, bool blocking);
void rl_op_set_whole(rl_op *op, bool whole);
void rl_op_set_stream(rl_op *op, uint32_t rows);
void rl_op_set_json(rl_op *op, uint32_t how);
/* Names the models that the next raw statement or script reads or writes. Without it, nothing is known of it. */
rille_status rl_op_set_touches(rl_op *op, const rl_model *const *models, size_t count, rl_error *err);
/* Returns a document for one of its calls, NULL when out of memory. */
struct rl_document *rl_op_new_document(rl_op *op);
/* Returns the text of the call that rl_op_set_part chose, when the operation or a batch of a stream has ended. Borrowed
 * until the operation is used again. Errors: as in rl_document_text; VALIDATION if there is none. */
rille_status rl_op_json(rl_op *op, rl_str *out, rl_error *err);
/* Sets the traceparent of the following starts. "" means the client's. */
rille_status rl_op_set_trace(rl_op *op, rl_str trace, rl_error *err);

/* Returns the model whose rows a node has; NULL: they are not those of a model's method. */
const rl_model *rl_op_node_model(const rl_op *op, uint32_t node);
uint64_t rl_op_shape(const rl_op *op, const rille_node **nodes, uint32_t *count);
rille_result rl_op_result(const rl_op *op);

/* For starts: the beginning, the calls, and the end, after which the operation takes its connection. */
rille_status rl_op_begin_start(rl_op *op, rl_tx *tx, const rl_op_kind *kind, rl_error *err);
rille_status rl_op_add_call(rl_op *op, const rl_call_kind *kind, rl_call **out, rl_error *err);
void rl_op_drop_call(rl_op *op); /* drops the last one, which could not be built */
/* The cache and extensions hook in here. rl_op_started: each call has its tape, its program and its checked values, and
 * no connection is taken. rl_op_ended: the outcome is known, all rows have been delivered, and the connection is
 * released. Returns whether it succeeded: a commit may turn out to be a rollback. An abandoned operation has no
 * outcome, and is reset instead. */
void rl_op_started(rl_op *op, rl_tx *tx);
bool rl_op_ended(rl_op *op, bool good);

/* For the phases. Returns the verbs that undo what the operation has begun: ROLLBACK on its own connection, or for a
 * transaction that ends with it; otherwise those for its savepoint. 0: nothing to undo. */
size_t rl_op_undo_verbs(const rl_op *op, rl_verb_step out[2]);
void rl_op_drop_connection(rl_op *op, bool clean); /* takes another one next; clean: others may use the old one */
/* Abandons the operation because its transaction is freed while it runs. The next rl_op_next fails with P2028. */
void rl_op_cut(rl_op *op);

extern const rl_op_kind rl_op_calls, rl_op_batch; /* calls.c */

/* Returns the current call: the only one, or the one of a batch whose row was delivered last. NULL: none. */
static inline rl_call *rl_op_call(const rl_op *op) {
  return op->current < op->call_count ? op->calls[op->current] : NULL;
}

/* Returns what was called: "find_many", "query_raw", "batch", ...; static. */
static inline const char *rl_op_action(const rl_op *op) {
  return op->kind->action ? op->kind->action : op->calls[0]->kind->action(op->calls[0]);
}

/* ------------------------------------------------------------------ for kinds in which it is always so */

static inline bool rl_op_never(const rl_op *op) {
  (void)op;
  return false;
}

static inline bool rl_op_always(const rl_op *op) {
  (void)op;
  return true;
}

/* One of its calls writes. */
static inline bool rl_op_calls_write(const rl_op *op) {
  for (uint32_t i = 0; i < op->call_count; i++)
    if (op->calls[i]->kind->writes(op->calls[i])) return true;
  return false;
}

#endif
