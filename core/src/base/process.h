/* The process id. */
#ifndef RL_BASE_PROCESS_H
#define RL_BASE_PROCESS_H

/* Returns the same as getpid, without a system call: every operation asks several times. The value is cached; a fork
 * clears it in the child. */
long rl_process_id(void);

#endif
