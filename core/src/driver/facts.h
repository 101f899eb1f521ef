/* What is known of a database without its driver: how its URLs look, and what such a URL names. */
#ifndef RL_DRIVER_FACTS_H
#define RL_DRIVER_FACTS_H

#include "base/error.h"
#include "base/provider.h"

typedef struct rl_facts {
  const char *const *schemes; /* of its URLs, in small letters, NULL-terminated */
  const char *examples;       /* such URLs, for messages */
  const char *first_url;      /* what a new project's DATABASE_URL is */
  const char *memory_url;     /* of a database that is gone when it is closed; NULL: there is none */
  const char *library;        /* through which its driver speaks to it */
  bool server;                /* its URLs name a server, and may have a password */
  bool file_based;            /* a database is a file, which opening it makes */
} rl_facts;

extern const rl_facts rl_facts_postgres, rl_facts_sqlite;

const rl_facts *rl_facts_of(rl_provider provider);
/* The database whose URLs have this scheme, in any case; NONE when there is none. */
rl_provider rl_provider_of_scheme(rl_str scheme);
/* P1013, for a URL that is NULL or empty. */
rille_status rl_check_url_given(const char *url, rl_error *err);
/* Examples of the URLs of every database: "postgresql://..., file:./dev.db or sqlite::memory:". */
void rl_url_examples(rl_buf *out);

#endif
