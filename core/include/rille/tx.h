/* Transactions. A transaction holds one connection from its begin to its end; every operation started with it uses that
 * connection. One thread at a time. */
#ifndef RILLE_TX_H
#define RILLE_TX_H

#include <rille/op.h>

RILLE_BEGIN_DECLS

#define RILLE_ISOLATION_DEFAULT 0
#define RILLE_ISOLATION_READ_UNCOMMITTED 1
#define RILLE_ISOLATION_READ_COMMITTED 2
#define RILLE_ISOLATION_REPEATABLE_READ 3
#define RILLE_ISOLATION_SERIALIZABLE 4

typedef struct rille_tx_options {
  uint32_t struct_size; /* sizeof(rille_tx_options) */
  int32_t isolation;    /* RILLE_ISOLATION_*; P2028 if the database does not have it */
  int32_t read_only;    /* 1: no writes */
  int32_t reserved;     /* 0 */
  int64_t max_wait_ms;  /* how long to wait for a connection; 0: 2000 */
  /* How long it may last, in milliseconds; 0: 5000. After that it is rolled back and its connection is released:
   * immediately, by a thread of the library, if no operation is between its start and its end (RILLE_BATCH counts as an
   * end), otherwise with that operation. The next use is P2028. PostgreSQL gets the same limits with the BEGIN, in case
   * the process is stopped: idle_in_transaction_session_timeout and statement_timeout of the transaction, from 17 on
   * transaction_timeout. */
  int64_t timeout_ms;
} rille_tx_options;

/* Creates the handle; nothing is sent. options may be NULL. */
RILLE_API rille_status rille_tx_new(rille_client *c, const rille_tx_options *options, rille_tx **out,
                                    rille_error **err);
/* Rolls back if it is still open, then frees. */
RILLE_API void rille_tx_free(rille_tx *tx);

/* Each starts an operation without rows: drive it with rille_op_next. Errors: P2028 if the transaction is not open (or
 * already is), P2024, P2034 on commit. P1008 for a commit that was abandoned after another timeout_ms: its outcome is
 * unknown. */
RILLE_API rille_status rille_op_begin(rille_op *op, rille_tx *tx, rille_error **err);
RILLE_API rille_status rille_op_commit(rille_op *op, rille_tx *tx, rille_error **err);
RILLE_API rille_status rille_op_rollback(rille_op *op, rille_tx *tx, rille_error **err);
/* Nested transactions. The depth counts from 1; the name of the savepoint is derived from it. */
RILLE_API rille_status rille_op_savepoint(rille_op *op, rille_tx *tx, rille_error **err);
RILLE_API rille_status rille_op_release_savepoint(rille_op *op, rille_tx *tx, rille_error **err);
RILLE_API rille_status rille_op_rollback_savepoint(rille_op *op, rille_tx *tx, rille_error **err);

/* Records where in the application a failed operation was called: `place`, such as "app.lua:12", is copied. After a
 * failed statement, PostgreSQL accepts no more statements in the transaction, or in its savepoint; a commit or a
 * release is then a rollback and P2028. These later errors name the first one and its place. Call this right after an
 * operation of the transaction has failed. It does nothing if that operation was not the first to fail. */
RILLE_API void rille_tx_failed_at(rille_tx *tx, const char *place);

RILLE_END_DECLS
#endif
