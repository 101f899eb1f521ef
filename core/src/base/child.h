/* Another program, run to its end. */
#ifndef RL_BASE_CHILD_H
#define RL_BASE_CHILD_H

#include "base/buf.h"
#include "base/error.h"

#define RL_CHILD_MISSING (-1)
#define RL_CHILD_UNKNOWN (-2) /* the host reaps its children itself, so the exit status is unknown */

/* Runs argv[0], found in PATH, with these arguments, without a shell, and with empty input and output. `env`:
 * NAME=VALUE strings, NULL-terminated, to add to the environment. Other users cannot see a password there, as they
 * could in the arguments. Appends the program's error output to `said` (only the beginning, if it is long). *status is
 * its exit status, 128 + n if signal n ended it, or one of the above. Fails only if the system cannot start a process.
 * Blocks; any thread. */
rille_status rl_child_run(char *const argv[], const char *const *env, rl_buf *said, int *status, rl_error *err);

#endif
