/* Raw statements and scripts: the application's own SQL, with values as parameters. */
#ifndef RL_RUN_RAW_H
#define RL_RUN_RAW_H

#include "run/op.h"

typedef struct rl_raw_call {
  rl_str sql;
  const rl_tape *params; /* NULL: none */
  bool rows;             /* returns rows, otherwise their number */
  bool numbered;         /* `?` is no placeholder where it may be an operator */
  bool unscoped;         /* allowed although the client has a scope */
} rl_raw_call;

extern const rl_call_kind rl_call_raw;
/* Fills a call of this kind. */
/* Takes the models that rl_op_set_touches has named: before the start, which forgets them. rl_raw_name_models gives
 * them to the call, and frees them whether the start has gone well (`st`) or not. */
rl_named_models rl_raw_take_models(rl_op *op);
rille_status rl_raw_name_models(rl_call *call, rl_named_models *named, rille_status st, rl_error *err);
rille_status rl_raw_make(rl_call *call, const rl_driver *driver, const rl_raw_call *from, rl_error *err);

rille_status rl_op_start_raw(rl_op *op, rl_tx *tx, const rl_raw_call *from, rl_error *err);
rille_status rl_op_start_script(rl_op *op, rl_tx *tx, rl_str sql, rl_error *err);

#endif
