/* Reads that the cache answers: what the caller has said (rl_op_set_cached, the request and the computation that an
 * operation belongs to), and the way of one read. It asks before the operation takes a connection. A hit is replayed:
 * its rows come out of rl_op_next as if the database had sent them. Otherwise the rows are collected on their way to
 * the caller, and the cache gets them at the end. docs/caching.md has the rules. */
#ifndef RL_RUN_CACHED_H
#define RL_RUN_CACHED_H

#include "run/computation.h"
#include "run/op.h"
#include "run/shared.h"

/* The memo of a request. One thread at a time. */
typedef struct rl_request {
  rl_cache *_Atomic memo;
} rl_request;
rl_request *rl_request_new(void); /* NULL when out of memory */
void rl_request_free(rl_request *r);
rl_cache *rl_request_memo(rl_request *r); /* in this process; NULL when out of memory */

struct rl_cached {
  /* what the caller has said */
  rl_cached_how how; /* of the next call of a model, if it is wanted */
  bool wanted;
  rl_request *request;         /* borrowed; NULL: none. This and the next hold until they are set again */
  rl_computation *computation; /* borrowed; NULL: none */

  /* the read under way */
  bool asks;      /* the cache of the database */
  bool remembers; /* in the memo of the request */
  bool collects;  /* its rows are copied */
  bool emptied;   /* a write that has to empty the memo again */
  bool notes;     /* its computation needs stamps of what it reads */
  bool talks;     /* with the server that processes share */
  bool peeks;     /* there, for an old answer, while another caller computes */
  rl_shared shared;
  rl_buf key;
  rl_turn turn;
  rl_cache_entry *entry; /* retained: what is replayed */
  rl_flight *flight, *memo;
  long pid;                /* entry, seat and flights belong to this process */
  rl_names names;          /* before the first statement */
  rl_names precise;        /* of a find_unique: once its row is known */
  bool is_unique, is_seen; /* it is a find_unique; its row has come */
  rl_buf bytes;            /* of a new entry */
  /* replaying */
  rl_unpack rows;
  uint64_t *counts; /* rows so far, by node */
  rl_str text;      /* of a result as JSON; p NULL: none */
  int64_t affected;
};

/* cached_given.c. Between operations only. They fail when out of memory, or with VALIDATION. */
rille_status rl_op_set_cached(rl_op *op, const rl_cached_given *given, rl_error *err);
rille_status rl_op_set_request(rl_op *op, rl_request *r, rl_error *err);
rille_status rl_op_set_computation(rl_op *op, rl_computation *c, rl_error *err);

/* The functions below are for operations with op->cached. */
/* Decides whether the only call of the operation asks. wanted: as it was before the start. */
rille_status rl_cached_start(rl_op *op, const rl_tx *tx, bool wanted, bool streams, rl_error *err);
/* Notes what the operation reads and writes, and sets the phase if it asks. */
void rl_cached_started(rl_op *op);
/* The phase that asks. OK: the next phase is set. AGAIN: op->wait is set; never if blocking. */
rille_status rl_cached_ask(rl_op *op);
/* The phase that replays. ROW; OK: the next phase is set; or an error. */
rille_status rl_cached_replay(rl_op *op, rille_row *row);
void rl_cached_rewind(rl_op *op); /* the rows come again */
/* Called while the operation still has its connection: what a standby has said is not kept. */
void rl_cached_leaves_connection(rl_op *op);
void rl_cached_ended(rl_op *op, bool good);
void rl_cached_reset(rl_op *op); /* gives up what is under way */
void rl_cached_free(rl_cached *c);
/* Returns whether the operation must not read from a replica: its answer may be kept. */
static inline bool rl_cached_needs_primary(const rl_op *op) {
  return op->cached && (op->cached->flight || op->cached->computation);
}

/* For calls with call->cached: a row has come; it is given to the caller. */
void rl_cached_see_row(rl_call *call, const rille_row *row);
void rl_cached_collect_row(rl_call *call, const rille_row *row);

/* cached_key.c: writes the key of a call. Calls that differ only in the order of keys in tables have the same, unless
 * their results have another layout. */
void rl_cached_write_key(rl_buf *out, const char *client_key, const rl_call *call, rl_json_wanted json,
                         const rl_cached_how *how);

#endif
