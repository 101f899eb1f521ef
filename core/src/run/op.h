/* An operation: the interpreter of programs, and of the few other things a connection is asked for. It stops wherever
 * it would block and goes on later. */
#ifndef RL_RUN_OP_H
#define RL_RUN_OP_H

#include "input/input.h"
#include "run/client.h"
#include "run/observe.h"

typedef struct rl_tx rl_tx;

typedef enum rl_op_kind {
  RL_OP_MODEL,
  RL_OP_EXPLAIN,
  RL_OP_RAW,
  RL_OP_SCRIPT,
  RL_OP_BEGIN,
  RL_OP_END,
  RL_OP_BATCH
} rl_op_kind;

typedef enum rl_op_phase {
  RL_PHASE_IDLE,     /* nothing started, or all told */
  RL_PHASE_ACQUIRE,  /* taking a connection */
  RL_PHASE_SEND,     /* choosing and sending the next group of statements */
  RL_PHASE_READ,     /* reading the answers of the group */
  RL_PHASE_ABANDON,  /* giving up what still runs on the server */
  RL_PHASE_ROLLBACK, /* an error: undoing the operation's own transaction or savepoint */
  RL_PHASE_END       /* giving the connection back */
} rl_op_phase;

/* What was sent and is to be answered, in order. */
typedef enum rl_sent_kind {
  RL_SENT_STEP,
  RL_SENT_BULK,
  RL_SENT_COMMAND,
  RL_SENT_RAW,
  RL_SENT_PART,
  RL_SENT_EXPLAIN,
  RL_SENT_PROBE /* where the server's log is, see route.c */
} rl_sent_kind;
/* A verb of a transaction, about the savepoint of that number. */
typedef struct rl_step_of_tx {
  rl_verb verb;
  uint32_t savepoint; /* 0: the operation's own */
} rl_step_of_tx;
typedef struct rl_sent {
  rl_sent_kind kind;
  uint32_t step;
} rl_sent;

/* Finds the parents of a row: key cells -> ordinals of the parent rowset. */
typedef struct rl_key_map {
  uint32_t *slots; /* ordinal + 1 of the first row with a key; 0 is free */
  uint32_t mask;
  uint32_t *next; /* by ordinal: the next with the same key, + 1 */
  size_t base;    /* rows of the parent rowset from here on are the parents */
  /* recursive reads: the level that the map is for, and where its own rows begin in the rowset */
  int64_t depth;
  size_t level_base;
  /* the first node of a recursive read: the row above each row of the rowset; of level 1 (the first so many) it is one
   * of the parent's rowset, of others one of the same */
  uint32_t *above;
  size_t above_cap, level_one;
} rl_key_map;

/* What an operation remembers of its route. */
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
  rl_client *client;
  rl_tx *tx; /* borrowed while the operation runs */
  bool blocking;
  rl_op_kind kind;
  rl_op_phase phase;
  rl_arena arena; /* one execution */
  rl_error error;
  rl_wait wait;
  int64_t limit_ms;    /* of the whole operation: the transaction's, or its max_wait, or the client's timeout */
  int64_t sent_ms;     /* when the first group was begun, over a network */
  int64_t deadline_ms; /* of what was sent last: socket_timeout of the URL from then on, never beyond limit_ms */

  rl_bell *bell; /* one reference: rung when it need not queue any more; NULL: the pool has one for it */
  uint64_t tag;  /* what the owner of the bell knows it by */
  rl_route route;
  rl_lease *lease; /* own one; within a transaction the transaction's is used */
  rl_conn *conn;
  const rl_driver *driver;
  bool opened; /* own BEGIN or SAVEPOINT was sent */
  bool retried;
  uint8_t looked_again; /* times it was begun anew because a row has come since it was looked for */
  bool commit_sent;
  bool whole;      /* who calls looks at rows only when all are there, and forgets them when told to */
  bool given;      /* it has been given a row */
  bool told;       /* ... and may have shown it */
  bool restarts;   /* the rows that were given are void, which is still to be told */
  bool dirty;      /* the connection is in doubt: close it */
  uint32_t failed; /* the step whose statement the database refused, + 1; 0: none */
  bool undoing;    /* what is under way is its own rollback */
  bool ends_tx;    /* the transaction's time has passed: it is rolled back with this operation */
  bool hurried;    /* nobody waits for its end, and others wait for the thread */

  const rl_tape *tape;
  rl_compiled *compiled;
  rl_inputs inputs;
  rl_value **params; /* by step: those that depend on no earlier step, taken and checked before anything is sent; NULL:
                        not yet */
  struct rl_bulk **bulks; /* by step, likewise; NULL when the program has none */
  uint32_t pc;            /* next step to send */
  rl_sent *sent;
  size_t sent_count, read_count, sent_cap;
  uint64_t filling;    /* rowsets that the group at hand will fill */
  uint64_t *node_rows; /* rows shown so far, by node */
  rl_key_map *maps;    /* by node, made when its step is read */
  uint64_t step_rows;  /* of the statement at hand */
  /* a row that is shown to several parents */
  rl_row_view view;
  rl_value *mapped;   /* cells with enum names translated; NULL when none are */
  uint32_t emit_next; /* ordinal + 1 of the next parent; 0: none */
  uint32_t emit_node; /* the node it is shown as */
  uint32_t emit_map;  /* whose map has its parents */
  uint32_t mapped_cap;
  rl_value *kept;       /* the row's kept cells, copied once */
  struct rl_bulk *bulk; /* a bulk insert under way */
  int64_t affected;
  uint32_t statements, round_trips;
  bool tallied; /* they have been added to the client's */

  /* a read in batches, see stream.c */
  uint32_t stream_wanted; /* of the next model call */
  uint32_t stream;        /* rows of the root in a batch; 0: all at once */
  rl_cursor cursor;       /* of the root's statement */
  bool stream_ended;      /* the root has no more rows */
  bool between;           /* a batch is told and the next not begun */
  bool paused;            /* ... in a transaction, which may do other things: in its list */
  uint32_t depth;         /* the transaction's when it began */
  rl_arena lasting;       /* what outlives a batch; `arena` is of one batch then */
  struct rl_op *next_paused;

  /* several calls as one, see batch.c */
  struct rl_op **parts;
  uint32_t part_count, part_cap;
  uint32_t sent_parts; /* the first so many are sent to their end */
  uint32_t part;       /* whose row was told last, or who has failed */
  uint32_t asked;      /* whose shape and result are asked for */
  bool atomic;         /* one transaction around all, whatever they do */
  bool collecting;     /* begun, not run yet */

  struct rl_explain *explain; /* how far it has come, see explain.c */

  /* raw statements and commands */
  rl_stmt raw;
  const rl_value *raw_params;
  rl_step_of_tx verbs[2]; /* what a begin, or an end, consists of */
  size_t verb_count;
  rille_node raw_node;
  bool raw_described;

  bool marked;        /* its statements are recorded, or have something behind their text: see observe.c */
  rl_op_watch *watch; /* in the arena; NULL: not observed */
  char *trace;        /* owned: the traceparent of the next starts; NULL: the client's */
};

rille_status rl_op_init(rl_op *op, rl_client *c); /* retains the client */
void rl_op_dispose(rl_op *op);
void rl_op_reset(rl_op *op);

rille_status rl_op_start_model(rl_op *op, rl_tx *tx, const rl_model *model, rille_action action, const rl_tape *tape,
                               rl_error *err);
rille_status rl_op_start_raw(rl_op *op, rl_tx *tx, rl_str sql, const rl_tape *params, bool rows, rl_error *err);
rille_status rl_op_start_script(rl_op *op, rl_tx *tx, rl_str sql, rl_error *err);
/* The plans of what a model call would send; nothing of it is run. */
rille_status rl_op_start_explain(rl_op *op, rl_tx *tx, const rl_model *model, rille_action action, const rl_tape *tape,
                                 rl_error *err);
/* Verbs of a transaction, on its connection; BEGIN takes the connection. */
rille_status rl_op_start_verbs(rl_op *op, rl_tx *tx, const rl_step_of_tx *verbs, size_t count, rl_error *err);

/* The traceparent that the next starts have, until another is set; "" means the client's. Between operations only. */
rille_status rl_op_set_trace(rl_op *op, rl_str trace, rl_error *err);

/* Waits for a connection, wait_ms at most: AGAIN while it stands in the queue, else OK; what has failed is told by
 * rl_op_next. */
rille_status rl_op_acquire(rl_op *op, int64_t wait_ms);
void rl_op_set_bell(rl_op *op, rl_bell *bell, uint64_t tag); /* between operations */
rille_status rl_op_next(rl_op *op, rille_row *row, rl_error *err);
uint64_t rl_op_shape(const rl_op *op, const rille_node **nodes, uint32_t *count);
rille_result rl_op_result(const rl_op *op);

/* ------------------------------------------------------------------ between the files of this room */

static inline rille_status rl_op_send(rl_op *op, rl_dispatch d, rl_error *err) {
  if (op->kind == RL_OP_SCRIPT) return op->driver->send_script(op->conn, d.stmt->sql, err);
  if (d.fetch) return op->driver->fetch(op->conn, &op->cursor, d.stmt, d.params, op->stream, err);
  return op->driver->send(op->conn, d.stmt, d.params, err);
}
/* The one way of statements to the driver. */
static inline rille_status rl_op_dispatch(rl_op *op, rl_dispatch d, rl_error *err) {
  return op->marked ? rl_observe_dispatch(op, d, err) : rl_op_send(op, d, err);
}

static inline const char *rl_op_trace(const rl_op *op) {
  return op->trace && op->trace[0] ? op->trace : op->client->traits.trace.p;
}
/* The head of every start. */
static inline void rl_observe_start(rl_op *op) {
  rl_watch *w = rl_client_root(op->client)->watch;
  if (w) rl_observe_begin(op, w);
  op->marked = op->watch || op->client->comment || rl_op_trace(op);
}

/* send.c: takes and checks every value that the call itself gives. */
rille_status rl_op_prepare_inputs(rl_op *op, rl_error *err);
/* Sends the next group; sets sent_count. RILLE_DONE when no step is left. */
rille_status rl_op_send_group(rl_op *op, rl_error *err);
/* The same in parts: steps go into a group that may have others, without its beginning and end. */
typedef struct rl_group {
  size_t steps; /* that were sent */
  bool waits;   /* a check of one of them must be awaited */
} rl_group;
rille_status rl_op_send_steps(rl_op *op, rl_group *group, rl_error *err);
bool rl_op_is_atomic(const rl_op *op); /* a model call's own doing */
bool rl_op_needs_transaction(const rl_op *op);
rille_status rl_op_open_transaction(rl_op *op, rl_error *err);
rille_status rl_op_send_commit(rl_op *op, rl_error *err);
rille_status rl_op_push_sent(rl_op *op, rl_sent_kind kind, uint32_t step, rl_error *err);
bool rl_op_due(const rl_op *op, const rl_step *step);

/* With settings of the session each call is a transaction. */
static inline bool rl_op_has_settings(const rl_op *op) {
  return op->client->traits.session_count > 0;
}
/* verb.c: sends a verb of a transaction, which is the operation's own if it has no other. */
rille_status rl_op_send_verb(rl_op *op, rl_step_of_tx step, rl_error *err);
rille_status rl_op_send_begin(rl_op *op, rl_begin how, rl_error *err); /* with the settings of the session */

/* Times the call waits for the database when every step finds rows. */
uint32_t rl_op_foresee_trips(const rl_op *op);

/* explain.c. head: the rows that are known without asking, until RILLE_DONE. */
extern const rille_node rl_explain_nodes[3];
rille_status rl_explain_head(rl_op *op, rille_row *row, rl_error *err);
rille_status rl_explain_send(rl_op *op, rl_error *err);
rille_status rl_explain_row(rl_op *op, uint32_t statement, rille_row *row, rl_error *err);

/* emit.c: what to do with a row of a step. RILLE_ROW when it is shown, RILLE_OK when it is only kept. */
rille_status rl_op_take_row(rl_op *op, uint32_t step, const rl_row_view *view, rille_row *row, rl_error *err);
rille_status rl_op_emit_more(rl_op *op, uint32_t step, rille_row *row, rl_error *err); /* while emit_next != 0 */
/* check.c: after the last row of a step. */
rille_status rl_op_finish_step(rl_op *op, uint32_t step, int64_t affected, rl_error *err);
rille_status rl_raise_error(const rl_raise *r, const rl_model *model, rl_error *err);
/* constraint.c: tells a database's constraint in the words of the schema. failed: the step whose statement met it;
 * NULL: not known. */
void rl_explain_constraint(const rl_schema *schema, const rl_model *model, const rl_step *failed, rl_error *err);
/* missing.c: the same for a table or column that is not there (P2021, P2022), with what makes it. */
void rl_explain_missing(const rl_schema *schema, const rl_step *failed, rl_error *err);
/* foreign_key.c: the one relation whose foreign key the step's statement can have broken; NULL when there are several.
 */
const rl_relation *rl_broken_relation(const rl_schema *schema, const rl_step *step);

/* bulk.c: an insert of many rows. read: takes the rows of the call; start: RILLE_OK or RILLE_DONE (no rows); more:
 * RILLE_OK when another statement was sent, RILLE_DONE when all are. */
rille_status rl_bulk_read(rl_op *op, uint32_t step, struct rl_bulk **out, rl_error *err);
rille_status rl_bulk_start(rl_op *op, uint32_t step, rl_error *err);
rille_status rl_bulk_more(rl_op *op, rl_error *err);
bool rl_bulk_is_several(const rl_op *op, uint32_t step); /* one statement is not enough for its rows */
void rl_bulk_rewind(rl_op *op);                          /* of a model call: nothing of its rows was sent */
/* After each of its statements: if_fewer of a bulk step is raised when they found fewer rows than there were. */
rille_status rl_bulk_check(rl_op *op, uint32_t step, int64_t affected, rl_error *err);

/* How long a cancelled statement may take to answer before its connection is closed instead. */
#define RL_ABANDON_MS 1000
/* How long either may take where many coroutines share the thread: less than anybody notices. A server that does not
 * stop at once costs its connection. */
#define RL_HURRY_MS 20

/* op.c: what phases.c needs of it. The verbs that undo what the operation has begun: all of a transaction on a
 * connection of its own, and of one that ends with it; its savepoint within one that goes on. None when there is
 * nothing to undo. */
size_t rl_op_undo_verbs(const rl_op *op, rl_step_of_tx out[2]);
void rl_op_give_connection_back(rl_op *op);

/* op.c: the common head and end of every start. */
rille_status rl_op_begin_start(rl_op *op, rl_tx *tx, rl_op_kind kind, rl_error *err);
void rl_op_started(rl_op *op, rl_tx *tx);
void rl_op_forget_rows(rl_op *op); /* of a model call: what its steps have read so far */
void rl_op_rewind(rl_op *op);      /* to be sent again from the start; of any call, but not its parts */
void rl_op_start_clock(rl_op *op); /* of a call outside a transaction, when its client has a timeout */
/* The transaction goes away while the operation runs in it: the next rl_op_next says P2028. */
void rl_op_cut(rl_op *op);

rille_status rl_op_answer_now(rl_op *op, int64_t deadline, rl_error *err); /* waits for the end of what was sent */

/* stream.c: reads in batches. start: decides whether this call is one. */
rille_status rl_stream_start(rl_op *op, rl_tx *tx, rl_error *err);
rl_begin rl_stream_begin(const rl_op *op);            /* of its own transaction */
rille_status rl_stream_end(rl_op *op, rl_error *err); /* sends what ends it */
rille_status rl_stream_pause(rl_op *op);              /* a batch is complete: RILLE_BATCH */
rille_status rl_stream_resume(rl_op *op, rl_error *err);
void rl_stream_leave(rl_op *op); /* a paused one is given up */
/* Paused ones of the transaction that were begun at this depth or deeper are over. */
void rl_stream_cut(rl_tx *tx, uint32_t depth);

/* phases.c: the next answer of what was sent; ROW, AGAIN, OK or an error that is in op->error. */
rille_status rl_op_read_answer(rl_op *op, rille_row *row);
void rl_op_explain_failure(rl_op *op); /* puts op->error into the words of the schema */

/* batch.c: begin, add calls, run. */
rille_status rl_batch_begin(rl_op *op, rl_tx *tx, bool atomic, rl_error *err);
rille_status rl_batch_add_model(rl_op *op, const rl_model *model, rille_action action, const rl_tape *tape,
                                rl_error *err);
rille_status rl_batch_add_raw(rl_op *op, rl_str sql, const rl_tape *params, bool rows, rl_error *err);
rille_status rl_batch_run(rl_op *op, rl_tx *tx, rl_error *err);
bool rl_batch_writes(const rl_op *op);
rille_status rl_batch_send(rl_op *op, rl_error *err);
rille_status rl_batch_read(rl_op *op, uint32_t part, rille_row *row);
void rl_batch_explain(rl_op *op);
void rl_batch_rewind(rl_op *op); /* to be sent again from the start */
void rl_batch_dispose(rl_op *op);
const rl_op *rl_batch_asked(const rl_op *op); /* the part that is asked for; op itself when it is no batch */

/* raw.c */
/* Both styles of placeholders, `$1` and `?`, as the database's own; *used: how many parameters they ask for. A
 * statement that numbers its placeholders keeps its question marks where they may be operators. */
void rl_raw_placeholders(rl_str sql, rl_provider provider, rl_buf *out, uint32_t *used);
rille_status rl_raw_send(rl_op *op, rl_error *err);
rille_status rl_raw_queue(rl_op *op, rl_error *err); /* without the end of the pipeline */
rille_status rl_raw_describe(rl_op *op, rl_error *err);
void rl_raw_explain(rl_op *op); /* a failed raw statement is P2010, whatever constraint it met */

#endif
