/* The scripts that run in the Redis server, one after the other, each as one step. remote.h has the protocol. */
#ifndef RL_CACHE_REDIS_SCRIPTS_H
#define RL_CACHE_REDIS_SCRIPTS_H

#include "base/buf.h"
#include "cache/names.h"

/* What `clear` touches, and writes that touch everything. Every entry depends on it. */
#define RL_NAME_EVERYTHING ((rl_name)2)

typedef enum rl_script {
  RL_SCRIPT_ASK,    /* entry, fresh, token, lock, ttl, life, most, peek, names */
  RL_SCRIPT_STAMPS, /* entry, fresh, token, lock, names */
  RL_SCRIPT_KEEP,   /* entry, fresh, token, notes, final names, value, life, time of birth */
  RL_SCRIPT_MARK,   /* token, life, names */
  RL_SCRIPT_SETTLE, /* fresh, "done" or "unknown", life, count of stale names, count of tokens, tokens, names */
  RL_SCRIPT_COUNT
} rl_script;

/* Appends the beginning of a command: EVALSHA, or EVAL with the text, for `count` arguments after `space`. */
void rl_script_begin(rl_buf *out, rl_script script, bool whole, rl_str space, size_t count);
/* Append arguments. */
void rl_script_add_number(rl_buf *out, int64_t n);
void rl_script_add_name(rl_buf *out, rl_name name);
size_t rl_script_add_names(rl_buf *out, const rl_names *names); /* returns how many */

rl_str rl_script_text(rl_script script);

#endif
