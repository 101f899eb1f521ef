/* How long what is given up may take. */
#ifndef RL_RUN_PATIENCE_H
#define RL_RUN_PATIENCE_H

/* How long a cancelled statement may take to answer before its connection is closed instead. */
#define RL_ABANDON_MS 1000
/* How long either may take where many coroutines share the thread: less than anybody notices. A server that does not
 * stop at once costs its connection. */
#define RL_HURRY_MS 20

#endif
