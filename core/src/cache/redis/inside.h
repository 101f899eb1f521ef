/* What conversations use of the server: connections, and what is owed. */
#ifndef RL_CACHE_REDIS_INSIDE_H
#define RL_CACHE_REDIS_INSIDE_H

#include "cache/redis/remote.h"

/* Starts a forked child with nothing of its parent's. Before each use. */
void rl_remote_own(rl_remote *r);
/* Returns whether the server may be asked at all. reads: for something to be used or kept. */
bool rl_remote_is_open(rl_remote *r, bool reads);
/* Returns whether an answer may still be used: nothing was written meanwhile that the server does not know. */
bool rl_remote_is_settled(rl_remote *r);
/* Takes a connection, connected or new. NULL: none is free, or out of memory (*none_free is false then). */
rl_link *rl_remote_take(rl_remote *r, int64_t until_ms, bool *none_free);
rl_link *rl_remote_take_idle(rl_remote *r);    /* NULL: none is connected and free */
void rl_remote_give(rl_remote *r, rl_link *l); /* back, as it was */
/* The conversation has failed: closes the connection, and leaves the server alone for a while. l may be NULL. */
void rl_remote_fail(rl_remote *r, rl_link *l, const char *problem);
void rl_remote_drop(rl_remote *r, rl_link *l); /* closes it: the conversation was abandoned */
void rl_remote_succeed(rl_remote *r);

int64_t rl_remote_limit(const rl_remote *r);
size_t rl_remote_most(const rl_remote *r);
rl_str rl_remote_prefix(const rl_remote *r);
rl_str rl_remote_space(const rl_remote *r, const rl_link *l, rl_buf *out); /* what all keys begin with */
void rl_remote_token(rl_remote *r, char out[RL_TOKEN_SIZE]);               /* of one write */
void rl_remote_instance(rl_remote *r,
                        char out[RL_TOKEN_SIZE]); /* of the process: its own lock never keeps it waiting */
bool rl_remote_fresh(char out[RL_STAMP_SIZE]);    /* a new stamp */

/* This process uses nothing while it counts a write that is not marked. */
void rl_remote_count_write(rl_remote *r, rl_remote_writing *w);
void rl_remote_end_write(rl_remote *r, rl_remote_writing *w);
/* Adds to what is owed. unknown: the write may still happen. token: of its mark; NULL: none. */
void rl_remote_add_debt(rl_remote *r, const rl_names *names, bool unknown, const char *token);
/* Appends the command that delivers what is owed, and returns its number. 0: nothing is owed, or out of memory (then
 * *failed). */
uint64_t rl_remote_write_debt(rl_remote *r, rl_buf *out, bool whole, rl_str space, bool *failed);
void rl_remote_paid(rl_remote *r, uint64_t debt);

#endif
