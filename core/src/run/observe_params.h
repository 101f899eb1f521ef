/* Parameters of a statement as text for people to read. */
#ifndef RL_RUN_OBSERVE_PARAMS_H
#define RL_RUN_OBSERVE_PARAMS_H

#include "run/exchange.h"

/* Writes a JSON array of about `length` bytes. omit: as in rl_bind_options. raw: parameters without `from` belong to no
 * field, and are shown. */
void rl_observe_params(rl_buf *out, const rl_dispatch *d, int32_t length, const rl_map *omit, bool raw);

#endif
