/* Replies of a Redis server, read with hiredis. The bytes are not trusted: their length, their depth and the lengths of
 * their lists are bounded. */
#ifndef RL_CACHE_REDIS_REPLY_H
#define RL_CACHE_REDIS_REPLY_H

#include <rille/types.h>

#include "base/str.h"

typedef enum rl_reply_kind {
  RL_REPLY_NIL,
  RL_REPLY_TEXT,   /* a string */
  RL_REPLY_STATUS, /* "OK" */
  RL_REPLY_ERROR,
  RL_REPLY_INTEGER,
  RL_REPLY_LIST
} rl_reply_kind;

typedef struct rl_reply {
  rl_reply_kind kind;
  rl_str text;
  int64_t integer;
  struct rl_reply **items; /* of a list; none of them is NULL */
  size_t count;
} rl_reply;

typedef struct rl_replies rl_replies;

/* most: bytes of one reply. NULL when out of memory. */
rl_replies *rl_replies_new(size_t most);
void rl_replies_free(rl_replies *r);
/* Takes bytes of the server. Returns false if they are too many, or out of memory. */
bool rl_replies_feed(rl_replies *r, const char *bytes, size_t len);
/* OK: *out is the next reply, valid until rl_replies_forget. AGAIN: more bytes are needed. ERROR: these are no replies.
 */
rille_status rl_replies_next(rl_replies *r, const rl_reply **out);
void rl_replies_forget(rl_replies *r);         /* frees the replies returned so far */
bool rl_replies_are_read(const rl_replies *r); /* no bytes are left */

/* Return whether an item of a list exists and is of the kind; then *out is set. */
bool rl_reply_text_at(const rl_reply *list, size_t index, rl_str *out);
bool rl_reply_integer_at(const rl_reply *list, size_t index, int64_t *out);
/* Reads what follows a name in a text of INFO, up to the end of its line. Returns false if it is not there. */
bool rl_reply_fact(const rl_reply *reply, const char *name, char *out, size_t size);

#endif
