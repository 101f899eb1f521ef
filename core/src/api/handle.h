/* What the public handles are, and functions that the files of this room share. */
#ifndef RL_API_HANDLE_H
#define RL_API_HANDLE_H

#include <rille/rille.h>
#include <rille/sys/alloc.h>

#include "run/tx_verbs.h"

struct rille_error {
  rl_error error;
  bool is_static; /* the "out of memory" error, never freed */
};

struct rille_schema {
  rl_schema *schema;
  rl_arena texts;     /* terminated */
  const char **names; /* one per model, as written */
  const char *url_env, *url;
  _Atomic int references;
};

struct rille_diagnostics {
  rl_diagnostics list;
  rl_buf text;
};

struct rille_tape {
  rl_tape tape;
};

struct rille_client {
  rl_client *client;
  rille_schema *schema;
  _Atomic int references;
};

struct rille_op {
  rl_op op;
  rille_client *client;
};

struct rille_tx {
  rl_tx tx;
};

/* Gives an internal error to the caller and returns the status. */
rille_status rl_box(rille_status status, rl_error *error, rille_error **err);
/* Gives a buffer to the caller as a terminated text, which the caller frees. len may be NULL. Disposes of the buffer.
 */
rille_status rl_give_text(rille_status st, rl_buf *b, char **out, size_t *len, rl_error *error, rille_error **err);

/* Ends the tape. Returns its first error, if any. */
rille_status rl_tape_finish(rille_tape *t, rl_error *err);

/* Checks what every call of a model's method needs: a model and an action that exist, and a tape without an error. */
rille_status rl_check_call(const rl_client *c, int32_t model, rille_action action, rille_tape *args, rl_error *err);

/* Copies a struct that starts with its size into `to` (known bytes). Missing fields are 0. VALIDATION: its size is
 * below `least`. P2026: bytes that this library does not know are not zero. */
rille_status rl_read_options(void *to, size_t known, const void *from, size_t least, const char *name, rl_error *err);
/* The same for an element of an array at *at, which then points to the next one. struct_size is the element's length.
 * VALIDATION also if the next element would not be aligned. */
rille_status rl_read_element(void *to, size_t known, const void **at, size_t least, const char *name, rl_error *err);
/* Copies a struct to the caller, never beyond the caller's size. */
void rl_write_struct(void *to, const void *from, size_t known);
void rl_write_wait(const rl_wait *wait, rille_wait *out);

#endif
