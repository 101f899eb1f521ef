/* What the URLs of all databases have in common: the scheme, the parameters behind '?', and those that rille itself
 * understands. */
#ifndef RL_DRIVER_URL_H
#define RL_DRIVER_URL_H

#include "driver/driver.h"
#include "driver/facts.h"

typedef struct rl_url_param {
  rl_str key, value;
} rl_url_param;

/* The text before the first ':', empty when there is none or when it is not a scheme. */
rl_str rl_url_scheme(rl_str url);
/* Whether a, in small letters, is b. */
bool rl_url_same_letters(rl_str a, const char *b);
/* Takes the next "key=value" off *rest; false at the end. */
bool rl_url_next_param(rl_str *rest, rl_url_param *out);
/* Sets what the parameter says when it is one that every database understands (connection_limit, pool_timeout,
 * connect_timeout, socket_timeout, statement_cache_size): RILLE_OK. RILLE_DONE when it is not one of them. P1013 when
 * its value is wrong. */
rille_status rl_url_common_param(const rl_url_param *param, rl_conn_options *out, rl_error *err);
rille_status rl_url_flag(const rl_url_param *param, bool *out, rl_error *err);
/* A new set of options in which nothing is given. */
rl_conn_options rl_url_no_options(const rl_driver *driver);

/* Puts the URL as it may be shown to anybody: without the password and without parameters that could hold one. Any text
 * may be given, also one that is no URL; where its password cannot be told from the rest only the scheme is shown. All
 * that prints a URL prints this. */
void rl_url_show(rl_str url, rl_buf *out);
const char *rl_url_redacted(rl_str url, rl_arena *arena); /* the same in an arena; NULL when memory is short */
/* Whether it is certain where login, hosts and parameters begin. False when a password has '@', '/' or '?' that are not
 * percent-encoded: what is taken for the host could then be a part of it. */
bool rl_url_is_clear(rl_str url);
/* Whether another program's words about this URL may quote a password. */
bool rl_url_tells_secret(rl_str url);

#endif
