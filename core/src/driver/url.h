/* What the URLs of all databases have in common: the scheme, the parameters after '?', and rille's own parameters. */
#ifndef RL_DRIVER_URL_H
#define RL_DRIVER_URL_H

#include "driver/driver.h"
#include "driver/facts.h"

typedef struct rl_url_param {
  rl_str key, value;
} rl_url_param;

/* Returns the text before the first ':', empty if there is none or it is not a scheme. */
rl_str rl_url_scheme(rl_str url);
/* Takes the next "key=value" off *rest. false: the end. */
bool rl_url_next_param(rl_str *rest, rl_url_param *out);
/* Sets the option of a parameter that every database understands (connection_limit, pool_timeout, connect_timeout,
 * socket_timeout, statement_cache_size): RILLE_OK. RILLE_DONE: it is none of them. P1013: its value is wrong. */
rille_status rl_url_common_param(const rl_url_param *param, rl_conn_options *out, rl_error *err);
rille_status rl_url_flag(const rl_url_param *param, bool *out, rl_error *err);
/* Returns options in which nothing is given. */
rl_conn_options rl_url_no_options(const rl_driver *driver);

/* Writes the URL for messages and logs: without the password and without parameters that could hold one. Accepts any
 * text, also one that is no URL. If it is unclear where the password ends, writes the scheme only. Every printed URL
 * comes from here. */
void rl_url_write_redacted(rl_str url, rl_buf *out);
const char *rl_url_redacted(rl_str url, rl_arena *arena); /* the same in an arena; NULL: out of memory */
/* Returns whether it is certain where login, hosts and parameters begin. It is not if a password has '@', '/' or '?'
 * that are not percent-encoded: what looks like the host could then be a part of it. */
bool rl_url_is_clear(rl_str url);
/* Returns whether a message of libpq about this URL may quote a password. */
bool rl_url_may_quote_password(rl_str url);

#endif
