/* Another program, run to its end. */
#ifndef RL_BASE_CHILD_H
#define RL_BASE_CHILD_H

#include "base/buf.h"
#include "base/error.h"

#define RL_CHILD_MISSING (-1)
#define RL_CHILD_UNKNOWN (-2) /* the host reaps its children itself: nobody can tell how it ended */

/* Runs argv[0], looked for in PATH, with these arguments and no shell, its input and output empty. `env`: NAME=VALUE
 * texts, NULL-terminated, that are added to the environment; in there, unlike in the arguments, a password is not shown
 * to other users. What the program says on its error output is appended to `said` (the beginning of it, when it is
 * long). *status is its exit status, 128 + n when signal n ended it, or one of the above. Fails only when the system
 * lacks something that it takes to start one. Blocks; any thread. */
rille_status rl_child_run(char *const argv[], const char *const *env, rl_buf *said, int *status, rl_error *err);

#endif
