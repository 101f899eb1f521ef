/* Parameters of a statement as text for people. */
#ifndef RL_RUN_OBSERVE_PARAMS_H
#define RL_RUN_OBSERVE_PARAMS_H

#include "run/exchange.h"

/* A Json array of about `length` bytes. omit: as of rl_bind_options. raw: without `from` they are nobody's fields, and
 * shown. */
void rl_observe_params(rl_buf *out, const rl_dispatch *d, int32_t length, const rl_map *omit, bool raw);

#endif
