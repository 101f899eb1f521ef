/* Writes of others: other processes, other programs. On PostgreSQL a connection outside the pool listens for notices;
 * on SQLite `data_version` tells. What is noticed goes to the cache of the client. */
#ifndef RL_RUN_FOREIGN_H
#define RL_RUN_FOREIGN_H

#include "cache/cache.h"
#include "run/client.h"

/* Takes notice of what others have written until now, without waiting. false: that is not known at the moment (the
 * connection does not listen yet, or was lost, or gave no sign of life for 10 s; the writer is busy): then nothing may
 * be given from the cache, and nothing kept. Any thread. The client has a cache. */
bool rl_foreign_look(rl_client *c);
/* Called by who has taken the pool's writer, before anything runs on it, and when its transaction has begun: what was
 * written until now is told apart, so looks know what others did while the writer is busy. */
void rl_foreign_settle(rl_client *c, const rl_lease *writer);

/* A notice: the text that one process sends to the others in its own transaction. */
#define RL_NOTICE_CHANNEL "rille_cache"
/* The first line of a notice of rille: this word, with the version of the format, and the number of the sender. */
#define RL_NOTICE_WORD "rille1 "
enum { RL_NOTICE_LONGEST = 7999 }; /* bytes that NOTIFY accepts */
/* Appends the text for what is touched. If the names do not fit, tables are touched instead of single rows, or
 * everything is. */
void rl_notice_write(rl_buf *out, const rl_names *names, const rl_cache *from);
/* Adds what a notice of another process, or of a trigger, touches. own: it is of this very cache, which knows its
 * own writes. Text that is no notice touches everything. */
void rl_notice_read(rl_str payload, rl_names *out, const rl_cache *to, bool *own);
/* Appends that a server that processes share knows of the write, by its number (rl_writing_server). 0: nothing. */
void rl_notice_write_server(rl_buf *out, uint64_t server);
uint64_t rl_notice_read_server(rl_str payload); /* 0: none */
/* The outcome of a write is unknown, and its notice may still come. From now on this process takes the notices that it
 * has sent for those of another one. Any thread. */
void rl_notice_outcome_unknown(void);
/* Returns the number by which a cache recognizes its own notices. Another cache of the process has another one: its URL
 * may name the same database differently. It changes after a fork, and after an unknown outcome. NULL: that of no
 * cache. Any thread. */
uint64_t rl_notice_instance(const rl_cache *of);

#endif
