/* Look-ups in the facts of all databases. */
#ifndef RL_DRIVER_FACTS_H
#define RL_DRIVER_FACTS_H

#include "base/error.h"
#include "base/provider.h"
#include "driver/facts_row.h"

const rl_facts *rl_facts_of(rl_provider provider);
/* Returns the database whose URLs have this scheme, in any case. NONE: unknown. */
rl_provider rl_provider_of_scheme(rl_str scheme);
/* Fails with P1013 for a URL that is NULL or empty. */
rille_status rl_check_url_given(const char *url, rl_error *err);
/* Writes examples of the URLs of every database: "postgresql://..., file:./dev.db or sqlite::memory:". */
void rl_url_examples(rl_buf *out);

#endif
