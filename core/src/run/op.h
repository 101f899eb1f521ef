/* An operation: the interpreter of programs, and of the few other things a connection is asked for. It stops wherever
 * it would block and goes on later. */
#ifndef RL_RUN_OP_H
#define RL_RUN_OP_H

#include "query/coerce.h"
#include "run/client.h"

typedef struct rl_tx rl_tx;

typedef enum rl_op_kind { RL_OP_MODEL, RL_OP_RAW, RL_OP_SCRIPT, RL_OP_BEGIN, RL_OP_COMMANDS } rl_op_kind;

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
typedef enum rl_sent_kind { RL_SENT_STEP, RL_SENT_BULK, RL_SENT_COMMAND, RL_SENT_RAW } rl_sent_kind;
typedef struct rl_sent {
  rl_sent_kind kind;
  uint32_t step;
} rl_sent;

/* Finds the parents of a row: key cells -> ordinals of the parent rowset. */
typedef struct rl_key_map {
  uint32_t *slots; /* ordinal + 1 of the first row with a key; 0 is free */
  uint32_t mask;
  uint32_t *next;  /* by ordinal: the next with the same key, + 1 */
  size_t base;     /* rows of the parent rowset from here on are the parents */
  size_t own_base; /* recursive reads: where this node's own rows begin in their rowset */
} rl_key_map;

typedef struct rl_op {
  rl_client *client;
  rl_tx *tx; /* borrowed while the operation runs */
  bool blocking;
  rl_op_kind kind;
  rl_op_phase phase;
  rl_arena arena; /* one execution */
  rl_error error;
  rl_wait wait;
  int64_t limit_ms;    /* of the whole operation: the transaction's, or its max_wait */
  int64_t deadline_ms; /* of what was sent last: socket_timeout of the URL from then on, never beyond limit_ms */

  rl_lease *lease; /* own one; within a transaction the transaction's is used */
  rl_conn *conn;
  const rl_driver *driver;
  bool opened; /* own BEGIN or SAVEPOINT was sent */
  bool retried;
  bool commit_sent;
  bool told;    /* a row has been shown */
  bool dirty;   /* the connection is in doubt: close it */
  bool undoing; /* what is under way is its own rollback */
  bool ends_tx; /* the transaction's time has passed: it is rolled back with this operation */

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
  uint32_t mapped_cap;
  rl_value *kept;       /* the row's kept cells, copied once */
  struct rl_bulk *bulk; /* a bulk insert under way */
  int64_t affected;
  uint32_t statements, round_trips;

  /* raw statements and commands */
  rl_stmt raw;
  const rl_value *raw_params;
  const char *commands[3];
  size_t command_count;
  rille_node raw_node;
  bool raw_described;
} rl_op;

rille_status rl_op_init(rl_op *op, rl_client *c); /* retains the client */
void rl_op_dispose(rl_op *op);
void rl_op_reset(rl_op *op);

rille_status rl_op_start_model(rl_op *op, rl_tx *tx, const rl_model *model, rille_action action, const rl_tape *tape,
                               rl_error *err);
rille_status rl_op_start_raw(rl_op *op, rl_tx *tx, rl_str sql, const rl_tape *params, bool rows, rl_error *err);
rille_status rl_op_start_script(rl_op *op, rl_tx *tx, rl_str sql, rl_error *err);
/* Commands of a transaction, on its connection; begin takes the connection. */
rille_status rl_op_start_commands(rl_op *op, rl_tx *tx, bool begin, const char *const *commands, size_t count,
                                  rl_error *err);

rille_status rl_op_next(rl_op *op, rille_row *row, rl_error *err);
uint64_t rl_op_shape(const rl_op *op, const rille_node **nodes, uint32_t *count);
rille_result rl_op_result(const rl_op *op);

/* ------------------------------------------------------------------ between the files of this room */

/* send.c: takes and checks every value that the call itself gives. */
rille_status rl_op_prepare_inputs(rl_op *op, rl_error *err);
/* Sends the next group; sets sent_count. RILLE_DONE when no step is left. */
rille_status rl_op_send_group(rl_op *op, rl_error *err);
rille_status rl_op_push_sent(rl_op *op, rl_sent_kind kind, uint32_t step, rl_error *err);
bool rl_op_due(const rl_op *op, const rl_step *step);

/* emit.c: what to do with a row of a step. RILLE_ROW when it is shown, RILLE_OK when it is only kept. */
rille_status rl_op_take_row(rl_op *op, uint32_t step, const rl_row_view *view, rille_row *row, rl_error *err);
rille_status rl_op_emit_more(rl_op *op, uint32_t step, rille_row *row, rl_error *err); /* while emit_next != 0 */
/* check.c: after the last row of a step. */
rille_status rl_op_finish_step(rl_op *op, uint32_t step, int64_t affected, rl_error *err);
rille_status rl_raise_error(const rl_raise *r, const rl_model *model, rl_error *err);
/* constraint.c: tells a database's constraint in the words of the schema. */
void rl_explain_constraint(const rl_schema *schema, const rl_model *model, rl_error *err);

/* bulk.c: an insert of many rows. read: takes the rows of the call; start: RILLE_OK or RILLE_DONE (no rows); more:
 * RILLE_OK when another statement was sent, RILLE_DONE when all are. */
rille_status rl_bulk_read(rl_op *op, uint32_t step, struct rl_bulk **out, rl_error *err);
rille_status rl_bulk_start(rl_op *op, uint32_t step, rl_error *err);
rille_status rl_bulk_more(rl_op *op, rl_error *err);

/* op.c: the common head and end of every start. */
rille_status rl_op_begin_start(rl_op *op, rl_tx *tx, rl_op_kind kind, rl_error *err);
void rl_op_started(rl_op *op, rl_tx *tx);
/* The transaction goes away while the operation runs in it: the next rl_op_next says P2028. */
void rl_op_cut(rl_op *op);

/* raw.c */
/* Both styles of placeholders, `$1` and `?`, as the database's own; *used: how many parameters they ask for. */
void rl_raw_placeholders(rl_str sql, bool postgres, rl_buf *out, uint32_t *used);
rille_status rl_raw_send(rl_op *op, rl_error *err);
rille_status rl_raw_describe(rl_op *op, rl_error *err);
void rl_raw_explain(rl_op *op); /* a failed raw statement is P2010, whatever constraint it met */

#endif
