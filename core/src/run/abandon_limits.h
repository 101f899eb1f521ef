/* Time limits for abandoning what runs. */
#ifndef RL_RUN_ABANDON_LIMITS_H
#define RL_RUN_ABANDON_LIMITS_H

/* How long a cancelled statement may take to answer before its connection is closed. */
#define RL_ABANDON_MS 1000
/* The same where many coroutines share the thread: not long enough to notice. A server that does not stop in this time
 * costs the connection. */
#define RL_ABANDON_COOPERATIVE_MS 20

#endif
