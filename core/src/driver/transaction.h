/* Transactions as a driver sees them: the verbs, the options of BEGIN, and the commands that each verb queues. */
#ifndef RL_DRIVER_TRANSACTION_H
#define RL_DRIVER_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

typedef enum rl_verb {
  RL_VERB_NONE,
  RL_VERB_BEGIN,
  RL_VERB_COMMIT,
  RL_VERB_ROLLBACK,
  RL_VERB_SAVEPOINT,
  RL_VERB_RELEASE,
  RL_VERB_ROLLBACK_TO
} rl_verb;

typedef enum rl_isolation {
  RL_ISOLATION_DEFAULT,
  RL_ISOLATION_READ_UNCOMMITTED,
  RL_ISOLATION_READ_COMMITTED,
  RL_ISOLATION_REPEATABLE_READ,
  RL_ISOLATION_SERIALIZABLE
} rl_isolation;

/* A setting of the session. */
typedef struct rl_setting {
  rl_str name, value;
} rl_setting;

/* How a transaction begins. All 0: the database's default, with the right to write from the first statement on. */
typedef struct rl_begin {
  rl_isolation isolation; /* one of rl_driver.isolation_levels */
  bool read_only;
  bool
      deferred; /* takes the right to write with the first write, on a database where one connection has it at a time */
  bool snapshot;             /* every read sees the same state; raises the isolation level if needed */
  int64_t timeout_ms;        /* after which the server ends the transaction, if it can; 0: no limit */
  const rl_setting *session; /* for this transaction only */
  size_t session_count;
} rl_begin;

enum { RL_MOST_LIMITS = 3, RL_LIMIT_SIZE = 80, RL_MOST_COMMANDS = 2 + RL_MOST_LIMITS, RL_COMMAND_SIZE = 96 };

/* The commands that a verb has queued, in order. Each has its own answer. Ignore rows that come with one. */
typedef struct rl_commands {
  uint32_t count;
  const char *sql[RL_MOST_COMMANDS]; /* for events; valid until the connection's next verb, or as long as this struct */
  char text[RL_COMMAND_SIZE];
} rl_commands;

/* Writes the standard's text of a verb other than BEGIN, as the one command of *out. For drivers. The name of a
 * savepoint is rille's own, never a caller's. */
void rl_verb_write(rl_verb verb, const char *savepoint, rl_commands *out);

#endif
