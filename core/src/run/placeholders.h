/* Placeholders of the application's own SQL. */
#ifndef RL_RUN_PLACEHOLDERS_H
#define RL_RUN_PLACEHOLDERS_H

#include "base/buf.h"
#include "base/provider.h"
#include "base/str.h"

/* Rewrites placeholders of both styles, `$1` and `?`, in the database's own. *used: how many parameters they need. If a
 * statement numbers its placeholders, or numbered says so, question marks that may be operators are kept. */
void rl_raw_placeholders(rl_str sql, rl_provider provider, bool numbered, rl_buf *out, uint32_t *used);

#endif
