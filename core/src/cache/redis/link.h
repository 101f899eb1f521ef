/* One connection to a Redis server, of the process that opened it. Nothing blocks. One thread at a time. */
#ifndef RL_CACHE_REDIS_LINK_H
#define RL_CACHE_REDIS_LINK_H

#include "base/buf.h"
#include "cache/cache.h"
#include "cache/redis/reply.h"
#include "cache/redis/tls.h"
#include "cache/redis/url.h"

/* The digits that name one life of the server: what it had before it was started again, or became the primary, counts
 * as lost, because some of it may be. */
enum { RL_LIFE_DIGITS = 16 };

typedef struct rl_link rl_link;

/* url and trust are borrowed until it is closed. most: bytes of a reply. until_ms: when connecting is abandoned; each
 * address gets its share of the time. NULL when out of memory. */
rl_link *rl_link_open(const rl_redis_url *url, const rl_tls_trust *trust, size_t most, int64_t until_ms);
void rl_link_close(rl_link *l); /* any time, also in a forked child */
/* OK: it can be used. AGAIN: wait. ERROR: see rl_link_problem. */
rille_status rl_link_connect(rl_link *l, rl_wait *wait);
bool rl_link_send(rl_link *l, rl_str command); /* several may be sent; replies come in the same order */
/* OK: *out is the next reply, valid until rl_link_forget. Otherwise as above. */
rille_status rl_link_next(rl_link *l, const rl_reply **out, rl_wait *wait);
void rl_link_forget(rl_link *l);
bool rl_link_push(rl_link *l); /* sends what can be sent now; the rest goes with the next command. false: lost */
/* The reply to the last command is skipped when it comes. owed: what is lost with it if it does not; NULL: nothing. */
void rl_link_post(rl_link *l, const rl_names *owed, bool unknown);
const rl_names *rl_link_owes(const rl_link *l, bool *unknown); /* NULL: nothing */
bool rl_link_is_quiet(rl_link *l);             /* idle and alive, as far as can be seen without asking */
const char *rl_link_life(const rl_link *l);    /* RL_LIFE_DIGITS and the end, once connected */
const char *rl_link_problem(const rl_link *l); /* one line, never NULL, without secrets */

/* Appends a command, or its beginning: the number of its arguments; then each of them. */
void rl_command_begin(rl_buf *out, size_t count);
void rl_command_add(rl_buf *out, rl_str argument);

#endif
