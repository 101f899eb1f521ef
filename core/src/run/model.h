/* Calls of methods of models. */
#ifndef RL_RUN_MODEL_H
#define RL_RUN_MODEL_H

#include "run/op.h"

typedef struct rl_model_call {
  rl_plan_cache *cache;
  const rl_model *model;
  rille_action action;
  const rl_tape *tape; /* finished; borrowed until the operation ends */
  const rl_tx *tx;     /* the caller's; NULL: none */
} rl_model_call;

extern const rl_call_kind rl_call_model;
/* Fills a call with its program, and with all its values, checked. */
rille_status rl_call_compile(rl_call *call, const rl_model_call *from, rl_error *err);

/* Makes a compiled call write its rows as JSON. how: as in rl_document_begin. */
rille_status rl_call_write_json(rl_op *op, rl_call *call, uint32_t how, rl_error *err);

/* Makes a compiled call collect its rows for the cache. */
void rl_call_collect(rl_call *call, rl_cached *cached);

rille_status rl_op_start_model(rl_op *op, rl_tx *tx, const rl_model *model, rille_action action, const rl_tape *tape,
                               rl_error *err);

#endif
