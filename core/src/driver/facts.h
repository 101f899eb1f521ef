/* What is known of a database without its driver: what its URLs look like, and what such a URL names. */
#ifndef RL_DRIVER_FACTS_H
#define RL_DRIVER_FACTS_H

#include "base/error.h"
#include "base/provider.h"

typedef struct rl_facts {
  const char *const *schemes; /* of its URLs, in lower case, NULL-terminated */
  const char *examples;       /* of its URLs, for messages */
  const char *first_url;      /* DATABASE_URL of a new project */
  const char *memory_url;     /* of a database that ends when it is closed; NULL: none */
  const char *library;        /* that its driver uses */
  bool server;                /* its URLs name a server, and may have a password */
  bool file_based;            /* a database is a file, which is created when it is opened */
} rl_facts;

extern const rl_facts rl_facts_postgres, rl_facts_sqlite;

const rl_facts *rl_facts_of(rl_provider provider);
/* Returns the database whose URLs have this scheme, in any case. NONE: unknown. */
rl_provider rl_provider_of_scheme(rl_str scheme);
/* Fails with P1013 for a URL that is NULL or empty. */
rille_status rl_check_url_given(const char *url, rl_error *err);
/* Writes examples of the URLs of every database: "postgresql://..., file:./dev.db or sqlite::memory:". */
void rl_url_examples(rl_buf *out);

#endif
