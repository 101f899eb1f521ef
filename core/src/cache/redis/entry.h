/* Entries as bytes in the server: a list of notes, and a value with the format's number, the key and the answer. Bytes
 * that are read come from outside. */
#ifndef RL_CACHE_REDIS_ENTRY_H
#define RL_CACHE_REDIS_ENTRY_H

#include "cache/redis/remote.h"

enum { RL_ENTRY_HEAD = 8 }; /* bytes of a value before its key */

/* Returns a new note without a stamp. NULL when there are too many, or out of memory: then the work is spoiled. */
rl_note *rl_work_note(rl_remote_work *w, rl_name name);
void rl_work_names(rl_remote_work *w, const rl_names *names); /* notes those that are not noted yet */

void rl_entry_write_notes(rl_buf *out, const rl_remote_work *w);
void rl_entry_write_final(rl_buf *out, const rl_names *final); /* names without stamps */
void rl_entry_write_value(rl_buf *out, rl_str key, rl_str bytes);

/* Replaces the notes of a work. Returns false if these are none. */
bool rl_entry_read_notes(rl_remote_work *w, rl_str notes);
/* Returns whether it is the value of the key; *bytes is a part of it. */
bool rl_entry_read_value(rl_str value, rl_str key, rl_str *bytes);

#endif
