/* What a database URL says, without opening anything. Any thread. */
#ifndef RILLE_URL_H
#define RILLE_URL_H

#include <rille/error.h>

RILLE_BEGIN_DECLS

/* The URL as it may be shown to anybody: without its password and without parameters that could hold one. Where the
 * password cannot be told from the rest, and in a text that is no URL, only the scheme is left: "postgresql:***". *out
 * is terminated and the caller's: rille_free. Errors: memory alone. */
RILLE_API rille_status rille_url_shown(const char *url, char **out, size_t *len, rille_error **err);

/* "postgresql" or "sqlite", static; NULL when this build has no driver for the scheme. */
RILLE_API const char *rille_url_provider(const char *url);

/* The path of the database file in *out, the caller's; NULL of a server and of a database in memory. Errors: P1013. */
RILLE_API rille_status rille_url_file(const char *url, char **out, size_t *len, rille_error **err);

RILLE_END_DECLS
#endif
