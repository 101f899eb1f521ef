/* An operation: one call of a model's method, a raw statement, or the begin or end of a transaction, from its start to
 * its last row. It can stop wherever it would wait, and continue later.
 *
 * Life: rille_op_new, then any number of times: start one of the rille_op_* operations below, and pull with
 * rille_op_next until it returns something other than RILLE_ROW. One thread at a time. The tape given to a start, and
 * the strings it borrows, must live until the end.
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

/* What an action is, in every schema. The caller sets struct_size, and the library writes what fits. */
typedef struct rille_action_info {
  uint32_t struct_size;
  rille_result result; /* how to read its result; a count with `select` returns RILLE_RESULT_ROW */
  int32_t writes;      /* 0: it only reads */
  uint32_t reserved;   /* 0 */
  const char *name;    /* "find_many": the name of the method, also in events and errors; static */
} rille_action_info;
/* Actions are numbered from 1 without a gap. Returns 1, or 0 if there is no such action; then nothing is written. Any
 * thread. */
RILLE_API int rille_action_get(rille_action action, rille_action_info *out);
/* Returns the action of that name, or 0. Any thread. */
RILLE_API rille_action rille_action_named(const char *name, size_t len);

/* Returns NULL when out of memory. The operation takes a reference to the client. */
RILLE_API rille_op *rille_op_new(rille_client *c);
/* Cancels what is running on the server, leaves the connection clean or closes it, then frees. Safe at any time; may
 * wait briefly if something is running. */
RILLE_API void rille_op_free(rille_op *op);
/* Ends an operation early, like rille_op_free, and makes it ready for another start. */
RILLE_API void rille_op_reset(rille_op *op);

/* 1 (the default): rille_op_next waits and never returns RILLE_AGAIN; 0: cooperative. Between operations only. */
RILLE_API void rille_op_set_blocking(rille_op *op, int blocking);

/* A bell for all operations of an event loop: one descriptor, however many of them wait for a connection. It becomes
 * readable when some of them may continue. The loop then asks for tags until there are no more, and calls rille_op_next
 * for each. NULL when out of memory or descriptors. Other threads may ring the bell; only the thread of the loop may
 * use it otherwise. */
typedef struct rille_bell rille_bell;
RILLE_API rille_bell *rille_bell_new(void);
RILLE_API void rille_bell_free(rille_bell *b); /* operations that use it keep what they need; NULL is allowed */
/* Returns -1 in a child of the process that created it; the child needs its own bell. */
RILLE_API int rille_bell_descriptor(const rille_bell *b);
RILLE_API int rille_bell_next(rille_bell *b, uint64_t *tag); /* 1: *tag may continue; 0: none, and the bell is silent */
/* After this, rille_op_wait names the descriptor of this bell while a cooperative operation queues, with no time limit
 * except its deadline. A caller that was called and does not come within 100 ms is skipped. Nothing else may notice
 * that, so call rille_op_next of a queueing operation twice a second. NULL: its own descriptor again. Between
 * operations only. */
RILLE_API void rille_op_set_bell(rille_op *op, rille_bell *bell, uint64_t tag);

/* Makes the next rille_op_model read in batches of this many root rows, each with everything below it, in bounded
 * memory. rille_op_next returns the rows of one batch breadth-first and then RILLE_BATCH; the next call continues with
 * the next batch. RILLE_DONE, possibly after rows, ends the last one. Ordinals and parents count from 0 in each batch.
 * 0: all in one. Only for a read of many rows; otherwise the start is a VALIDATION error. All batches are of one
 * snapshot. It belongs to a separate read-only transaction, which holds its connection until the end or rille_op_reset,
 * or to the given transaction, which may do other things between batches. On SQLite, if other work has to use the same
 * connection and may write (a database in memory, a transaction that is not read-only), all rows are read as one batch.
 */
RILLE_API void rille_op_set_stream(rille_op *op, uint32_t batch);

/* Bits of `how`. */
#define RILLE_JSON_BIGINT_TEXT 1u /* BigInt fields, and integers beyond 2^53, as strings */
#define RILLE_JSON_NULLS 2u       /* NULL columns and missing rows of a relation as null; otherwise they have no key */

/* Makes the next rille_op_model, or rille_op_batch_model, write its result as JSON. Its rows do not pass
 * rille_op_next, which returns RILLE_DONE, RILLE_AGAIN, RILLE_BATCH or an error, and never RILLE_RESTART because of
 * them; rille_op_json then returns the text. Rows are a list of objects, one row is an object, none is null, a count is
 * a number, `exists` is true or false. Keys are in the order of the schema, then `_count` and the like. Bytes are
 * base64, decimals strings, date-times ISO-8601; Json fields are a part of the document. The start is a VALIDATION
 * error if the method only counts what it wrote. */
RILLE_API void rille_op_set_json(rille_op *op, uint32_t how);

/* Returns the text of the call that rille_op_part names, after RILLE_DONE. After RILLE_BATCH of a stream it returns a
 * piece; all pieces, one after the other, are the text, and memory is bounded by one batch. *out is borrowed until the
 * next call with this operation, other than rille_op_set_part, and is not terminated. Errors: P2006 with the path for a
 * string that is not UTF-8 and a number that is not finite; VALIDATION if a Json field is not JSON, if objects are
 * nested more than 200 levels deep, or if there is no text. The call itself has then happened. */
RILLE_API rille_status rille_op_json(rille_op *op, const char **out, size_t *len, rille_error **err);

/* 1: the caller uses no row before rille_op_next has returned RILLE_DONE or RILLE_BATCH. If the connection of a read is
 * then lost after some of its rows, for example because the server restarts, the read starts over. So does a batch of
 * calls in which an upsert meets a row that another transaction has just created. rille_op_next returns RILLE_RESTART,
 * and the caller discards the rows of this operation, or of the batch. 0 (the default): such an operation fails.
 * Between operations only; it holds until it is set again. */
RILLE_API void rille_op_set_whole(rille_op *op, int whole);

/* Sets the traceparent (W3C) for later starts, instead of the client's, until another is set; NULL: the client's. If
 * its trace is sampled, it is sent with each statement as a comment, and the statement is not prepared. Between
 * operations only. Errors: VALIDATION if it is not a traceparent. */
RILLE_API rille_status rille_op_set_trace(rille_op *op, const char *trace, rille_error **err);

/* Starts a call on a model. tx: NULL, or the transaction it belongs to. Mistakes of the caller are reported here,
 * before anything is sent: VALIDATION and the P2xxx codes of docs/errors.md with the details "path" and "model". Round
 * trips: one for a find, and one more per level of include; see docs/architecture.md. */
RILLE_API rille_status rille_op_model(rille_op *op, rille_tx *tx, int32_t model, rille_action action, rille_tape *args,
                                      rille_error **err);

/* Bits of `query`. */
#define RILLE_RAW_ROWS 1     /* returns rows (columns by rille_op_columns), otherwise only the count */
#define RILLE_RAW_NUMBERED 2 /* placeholders have numbers, if there are any: `?` is PostgreSQL's operator */
#define RILLE_RAW_UNSCOPED 4 /* reaches no row of a model, so a client with a scope may send it */

/* Starts a raw statement with `$1` or `?` placeholders. params: a tape with one list of values, or NULL. query: the
 * bits above, or 0. Errors: P2010 with the database's message. One round trip. */
RILLE_API rille_status rille_op_raw(rille_op *op, rille_tx *tx, const char *sql, size_t len, rille_tape *params,
                                    int query, rille_error **err);

/* Starts a script of several statements, without parameters and rows. */
RILLE_API rille_status rille_op_script(rille_op *op, rille_tx *tx, const char *sql, size_t len, rille_error **err);

/* A batch: several calls as one operation, in as few round trips as their dependencies allow. Begin, add calls, run;
 * then pull as usual. The results are those of the calls one after the other. Rows of several calls may alternate;
 * rille_op_part returns the call of a row. The first call that fails fails the batch; rille_op_part returns which one,
 * even if it could not be added. If one of several calls writes, or if atomic is RILLE_BATCH_ATOMIC, all calls happen
 * or none. RILLE_BATCH_SNAPSHOT: no call may write (VALIDATION), and all see one state of the database, in as many
 * round trips as without it if every call is one statement. In a transaction of the caller, its isolation level
 * decides that. */
#define RILLE_BATCH_ATOMIC 1
#define RILLE_BATCH_SNAPSHOT 2
RILLE_API rille_status rille_op_batch(rille_op *op, rille_tx *tx, int atomic, rille_error **err);
RILLE_API rille_status rille_op_batch_model(rille_op *op, int32_t model, rille_action action, rille_tape *args,
                                            rille_error **err);
RILLE_API rille_status rille_op_batch_raw(rille_op *op, const char *sql, size_t len, rille_tape *params, int query,
                                          rille_error **err);
RILLE_API rille_status rille_op_batch_run(rille_op *op, rille_tx *tx, rille_error **err);

/* Continues. Returns RILLE_ROW: *row is filled in (borrowed until the next call); RILLE_DONE; RILLE_AGAIN; RILLE_BATCH
 * for a stream; RILLE_RESTART if allowed; or an error. */
RILLE_API rille_status rille_op_next(rille_op *op, rille_row *row, rille_error **err);

/* Waits for the connection of a started operation, for at most wait_ms, even if the operation does not block. Returns
 * RILLE_AGAIN if it is still in the pool's queue. Returns RILLE_OK if it has a connection, needs none, or has failed,
 * which rille_op_next reports. For callers that may have a connection to release in the meantime. */
RILLE_API rille_status rille_op_acquire(rille_op *op, int64_t wait_ms);

/* What to wait for after RILLE_AGAIN. fd: -1 to wait for the time only. timeout_ms: milliseconds from now, -1 for no
 * limit. */
typedef struct rille_wait {
  uint32_t struct_size; /* set by the caller */
  int32_t fd;
  int32_t read, write;
  int64_t timeout_ms;
} rille_wait;
RILLE_API void rille_op_wait(const rille_op *op, rille_wait *out);

/* Returns the layout of the result, known once a start has succeeded (raw: after the first row or the end). Borrowed
 * until the next start or reset. The returned id is the same for the same program, so that a binding may keep what it
 * derives from the layout; 0: do not keep it. */
RILLE_API uint64_t rille_op_shape(const rille_op *op, const rille_node **nodes, uint32_t *count);
/* Returns the number of the model whose rows a node has, or -1: those of a raw statement, or there is no such node. */
RILLE_API int32_t rille_op_node_model(const rille_op *op, uint32_t node);
RILLE_API rille_result rille_op_result(const rille_op *op);
/* Returns the number of rows that the writes affected; known after RILLE_DONE. */
RILLE_API int64_t rille_op_affected(const rille_op *op);
/* The number of statements sent so far, and of waits for the database. */
RILLE_API uint32_t rille_op_statements(const rille_op *op);
RILLE_API uint32_t rille_op_round_trips(const rille_op *op);

/* A batch: how many calls it has (1 for every other operation), and to which call the last row belongs, or which call
 * failed. rille_op_shape, rille_op_result and rille_op_affected are about that call, or about the one set here. */
RILLE_API uint32_t rille_op_parts(const rille_op *op);
RILLE_API uint32_t rille_op_part(const rille_op *op);
RILLE_API void rille_op_set_part(rille_op *op, uint32_t part);

/* Starts an explanation of a call on a model; the call itself does not run, neither reads nor writes. Node 0 has one
 * row: round_trips (of the call, if every step finds rows) and steps (text, one line per step). Node 1, `statements`:
 * sql, params (how many), dependent (parameters come from rows of earlier statements). For dependent statements, and
 * for the rows of a bulk insert, the plan is for other values of the right types. Node 2, the `plan` of each statement:
 * line, from EXPLAIN on PostgreSQL, and from EXPLAIN QUERY PLAN, indented, on SQLite. */
RILLE_API rille_status rille_op_explain_model(rille_op *op, rille_tx *tx, int32_t model, rille_action action,
                                              rille_tape *args, rille_error **err);

/* Returns the SQL of the statements of a started model call, without values. The caller owns *out: rille_free. */
RILLE_API rille_status rille_op_explain(const rille_op *op, char **out, size_t *len, rille_error **err);

RILLE_END_DECLS
#endif
