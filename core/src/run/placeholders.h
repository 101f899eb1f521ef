/* Placeholders of the caller's own SQL. */
#ifndef RL_RUN_PLACEHOLDERS_H
#define RL_RUN_PLACEHOLDERS_H

#include "base/buf.h"
#include "base/provider.h"
#include "base/str.h"

/* Both styles of placeholders, `$1` and `?`, as the database's own; *used: how many parameters they ask for. A
 * statement that numbers its placeholders, or of which that is known (numbered), keeps its question marks where they
 * may be operators. */
void rl_raw_placeholders(rl_str sql, rl_provider provider, bool numbered, rl_buf *out, uint32_t *used);

#endif
