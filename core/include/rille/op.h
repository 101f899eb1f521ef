/* An operation: one call of a model's method, a raw statement, or a step of a transaction, from its start to its last
 * row. It can stop wherever it would wait, and go on later.
 *
 * Life: rille_op_new, then any number of times: start one of the rille_op_* operations below, pull with rille_op_next
 * until it answers something else than RILLE_ROW, and finish. An operation is used by one thread at a time. The tape
 * given to a start, and the texts it borrows, must live until the end.
 *
 *   for (;;) {
 *     status = rille_op_next(op, &row, &err);
 *     if (status == RILLE_AGAIN) { wait as rille_op_wait says; continue; }
 *     if (status != RILLE_ROW) break;        RILLE_DONE: complete and committed; negative: failed and rolled back
 *     use row;
 *   }
 *
 * Rows come breadth-first: all rows of the root node, then those of its children, and so on. Nothing is final before
 * RILLE_DONE. */
#ifndef RILLE_OP_H
#define RILLE_OP_H

#include <rille/client.h>
#include <rille/tape.h>

RILLE_BEGIN_DECLS

typedef struct rille_op rille_op;
typedef struct rille_tx rille_tx;

/* NULL when memory is short. The operation takes a reference of the client. */
RILLE_API rille_op *rille_op_new(rille_client *c);
/* Gives up what still runs (cancelled on the server, the connection clean or closed), then frees. Safe at any time; may
 * wait for a moment when something runs. */
RILLE_API void rille_op_free(rille_op *op);
/* Ends an operation early and makes it ready for another start. As rille_op_free otherwise. */
RILLE_API void rille_op_reset(rille_op *op);

/* 1: rille_op_next never answers RILLE_AGAIN but waits itself (the default); 0: cooperative. Between operations only.
 */
RILLE_API void rille_op_set_blocking(rille_op *op, int blocking);

/* A bell for all operations of an event loop: one descriptor, however many of them wait for a connection. It becomes
 * readable when some of them may go on; whoever sees that asks for their tags, until there is none left, and calls
 * rille_op_next of each. NULL when memory or descriptors are short. Another thread may ring it; all else is for the
 * loop's own. */
typedef struct rille_bell rille_bell;
RILLE_API rille_bell *rille_bell_new(void);
RILLE_API void rille_bell_free(rille_bell *b); /* operations that have it keep what they need; NULL is fine */
/* -1 in a child of the process that made it, which needs one of its own. */
RILLE_API int rille_bell_descriptor(const rille_bell *b);
RILLE_API int rille_bell_next(rille_bell *b, uint64_t *tag); /* 1: *tag may go on; 0: none, and the bell is silent */
/* In the starts that follow, rille_op_wait names this bell's descriptor while the cooperative operation queues, without
 * a time but for its deadline. A caller that was called and does not come for 100 ms is passed over; so that this is
 * seen though nobody gives anything back, rille_op_next of one that queues is called twice a second. NULL: a descriptor
 * of its own again. Between operations only. */
RILLE_API void rille_op_set_bell(rille_op *op, rille_bell *bell, uint64_t tag);

/* The next rille_op_model reads in batches of so many rows of the root, each with all that is below them, in bounded
 * memory: rille_op_next gives the rows of one batch breadth-first and then RILLE_BATCH; called again it goes on with
 * the next one; RILLE_DONE, possibly after rows, ends the last. Ordinals and parents count from 0 in each batch. 0: all
 * at once. Only for a read of many rows, else the start is a VALIDATION error. All batches are of one snapshot: a
 * read-only transaction of its own that holds its connection until the end or rille_op_reset, or the transaction given,
 * which may do other things while a batch is complete. On SQLite where other work would have to use the same connection
 * and may write (a database in memory, a transaction that is not read-only) all rows are read at once, as one batch. */
RILLE_API void rille_op_set_stream(rille_op *op, uint32_t batch);

/* 1: nobody sees a row before the operation has answered RILLE_DONE, or RILLE_BATCH. A read whose connection is lost
 * after some of its rows, as in a restart of the server, then begins again, and so does a batch of calls in which an
 * upsert meets a row that another transaction has just created: rille_op_next answers RILLE_RESTART, and the caller
 * forgets the rows of this operation, or of the batch, that it has taken. 0 (the default): such an operation fails.
 * Between operations only; it holds until it is set again. */
RILLE_API void rille_op_set_whole(rille_op *op, int whole);

/* The traceparent (W3C) of the starts that follow, in place of the client's, until another is set; NULL: the client's.
 * When its trace is sampled, it goes along with each statement as a comment, and then the statement is not prepared.
 * Between operations only. Errors: VALIDATION when it is no traceparent. */
RILLE_API rille_status rille_op_set_trace(rille_op *op, const char *trace, rille_error **err);

/* Starts a call on a model. tx: NULL, or the transaction it belongs to. Errors of the caller's making come from here,
 * before anything is sent: VALIDATION and the P2xxx codes of docs/errors.md with the details "path" and "model". Round
 * trips: see docs/architecture.md; a find is one and one more a level of include. */
RILLE_API rille_status rille_op_model(rille_op *op, rille_tx *tx, int32_t model, rille_action action, rille_tape *args,
                                      rille_error **err);

/* Starts a raw statement. params: a tape with one list of values, or NULL. `$1` or `?` placeholders. query 1: rows are
 * wanted (columns by rille_op_columns); 0: only the count. Errors: P2010 and what the database says. One round trip. */
RILLE_API rille_status rille_op_raw(rille_op *op, rille_tx *tx, const char *sql, size_t len, rille_tape *params,
                                    int query, rille_error **err);

/* Starts a script of several statements, without parameters and rows. */
RILLE_API rille_status rille_op_script(rille_op *op, rille_tx *tx, const char *sql, size_t len, rille_error **err);

/* A batch: several calls as one operation, in as few round trips as their dependencies allow. Begin, add calls, run;
 * then pull as ever. A result is what the calls one after the other would give; rows of several calls may alternate,
 * and rille_op_part says whose one is. The first call that fails fails the batch, and rille_op_part names it, also when
 * it could not be added. As soon as one of several calls writes, or when atomic is 1, all happen or none. */
RILLE_API rille_status rille_op_batch(rille_op *op, rille_tx *tx, int atomic, rille_error **err);
RILLE_API rille_status rille_op_batch_model(rille_op *op, int32_t model, rille_action action, rille_tape *args,
                                            rille_error **err);
RILLE_API rille_status rille_op_batch_raw(rille_op *op, const char *sql, size_t len, rille_tape *params, int query,
                                          rille_error **err);
RILLE_API rille_status rille_op_batch_run(rille_op *op, rille_tx *tx, rille_error **err);

/* Goes on. RILLE_ROW: *row is filled (borrowed until the next call); RILLE_DONE; RILLE_AGAIN; RILLE_BATCH of a stream;
 * RILLE_RESTART where it was asked for; or an error. */
RILLE_API rille_status rille_op_next(rille_op *op, rille_row *row, rille_error **err);

/* Waits for the connection of a started operation, at most so many milliseconds, also where it does not block.
 * RILLE_AGAIN: it still stands in the pool's queue; RILLE_OK: it has one, needs none, or has failed, which
 * rille_op_next tells. For callers who may have a connection to give back meanwhile. */
RILLE_API rille_status rille_op_acquire(rille_op *op, int64_t wait_ms);

/* What to wait for after RILLE_AGAIN. fd is -1 when only time counts. deadline: milliseconds from now, -1 for none. */
typedef struct rille_wait {
  uint32_t struct_size; /* set by the caller */
  int32_t fd;
  int32_t read, write;
  int64_t timeout_ms;
} rille_wait;
RILLE_API void rille_op_wait(const rille_op *op, rille_wait *out);

/* The shape of the result, known once a start has succeeded (raw: after the first row or the end). Borrowed until the
 * next start or reset. The same program gives the same `id`, so that a binding may keep what it has worked out about a
 * shape; 0: do not keep. */
RILLE_API uint64_t rille_op_shape(const rille_op *op, const rille_node **nodes, uint32_t *count);
RILLE_API rille_result rille_op_result(const rille_op *op);
/* Rows affected by the writes of the operation; known after RILLE_DONE. */
RILLE_API int64_t rille_op_affected(const rille_op *op);
/* Statements the operation has sent so far, and times it waited for the database (round trips). */
RILLE_API uint32_t rille_op_statements(const rille_op *op);
RILLE_API uint32_t rille_op_round_trips(const rille_op *op);

/* A batch: how many calls it has (1 for every other operation), which of them the last row belongs to, or has failed.
 * rille_op_shape, rille_op_result and rille_op_affected are about that one, or the one chosen here. */
RILLE_API uint32_t rille_op_parts(const rille_op *op);
RILLE_API uint32_t rille_op_part(const rille_op *op);
RILLE_API void rille_op_set_part(rille_op *op, uint32_t part);

/* Starts an explanation of a call on a model instead: nothing of the call is run, neither reads nor writes. Its rows:
 * node 0, one row: round_trips (of the call, when every step finds rows), steps (a text, one line a step); node 1,
 * `statements`: sql, params (how many), dependent (parameters come from rows of earlier statements; then, and for the
 * rows of a bulk insert, the plan was asked for with values of the right types instead); node 2, `plan` of each
 * statement: line, as EXPLAIN tells it on PostgreSQL and EXPLAIN QUERY PLAN, indented, on SQLite. */
RILLE_API rille_status rille_op_explain_model(rille_op *op, rille_tx *tx, int32_t model, rille_action action,
                                              rille_tape *args, rille_error **err);

/* The SQL of the statements of a started model call, one text each, without values; for explain. *out is owned by the
 * caller (rille_free). */
RILLE_API rille_status rille_op_explain(const rille_op *op, char **out, size_t *len, rille_error **err);

RILLE_END_DECLS
#endif
