/* Which process this is. */
#ifndef RL_BASE_PROCESS_H
#define RL_BASE_PROCESS_H

/* getpid without the system call, which every operation would pay several times: kept, and forgotten by a child at its
 * fork. */
long rl_process_id(void);

#endif
