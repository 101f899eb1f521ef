/* The contents of a database URL. Nothing is opened. Any thread. */
#ifndef RILLE_URL_H
#define RILLE_URL_H

#include <rille/error.h>

RILLE_BEGIN_DECLS

/* Returns the URL for display: without its password and without parameters that could contain one. If the password
 * cannot be separated from the rest, or if the text is not a URL, only the scheme is left: "postgresql:***". *out is
 * terminated and owned by the caller: rille_free. Fails only when out of memory. */
RILLE_API rille_status rille_url_shown(const char *url, char **out, size_t *len, rille_error **err);

/* Returns "postgresql" or "sqlite", static; NULL if this build has no driver for the scheme. */
RILLE_API const char *rille_url_provider(const char *url);

/* The path of the database file in *out, the caller's; NULL of a server and of a database in memory. Errors: P1013. */
RILLE_API rille_status rille_url_file(const char *url, char **out, size_t *len, rille_error **err);

RILLE_END_DECLS
#endif
