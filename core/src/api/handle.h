/* Public handles and what stands behind them. */
#ifndef RL_API_HANDLE_H
#define RL_API_HANDLE_H

#include <rille/rille.h>
#include <rille/sys/alloc.h>

#include "run/tx_verbs.h"

struct rille_error {
  rl_error error;
  bool is_static; /* the one that tells of short memory: never freed */
};

struct rille_schema {
  rl_schema *schema;
  rl_arena texts;     /* names as C wants them: terminated */
  const char **names; /* one a model, as written */
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

/* Hands an internal error to the caller; status passes through. */
rille_status rl_box(rille_status status, rl_error *error, rille_error **err);
/* Hands a buffer over as a terminated text, which is the caller's to free; its length when len is not NULL. The buffer
 * is gone afterwards. */
rille_status rl_give_text(rille_status st, rl_buf *b, char **out, size_t *len, rl_error *error, rille_error **err);

/* Ends the tape; its first fault, if any. */
rille_status rl_tape_finish(rille_tape *t, rl_error *err);

/* What every call of a model's method needs: a model and an action that exist, and arguments without a fault. */
rille_status rl_check_call(const rl_schema *s, int32_t model, rille_action action, rille_tape *args, rl_error *err);

/* A struct that begins with its size: copies what the caller has into `to` (known bytes), missing fields 0. VALIDATION
 * when the size is below `least`, P2026 when bytes beyond what this library knows are not zero. */
rille_status rl_read_options(void *to, size_t known, const void *from, size_t least, const char *name, rl_error *err);
/* The same of an element of an array, *at: its struct_size is how long it is, and *at then points to the next one.
 * VALIDATION also when the next one would not be aligned as a struct must be. */
rille_status rl_read_element(void *to, size_t known, const void **at, size_t least, const char *name, rl_error *err);
/* The other way: never writes past the caller's size. */
void rl_write_struct(void *to, const void *from, size_t known);
void rl_write_wait(const rl_wait *wait, rille_wait *out);

#endif
