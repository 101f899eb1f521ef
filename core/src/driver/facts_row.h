/* What is known of a database without its driver: what its URLs look like, and what such a URL names. */
#ifndef RL_DRIVER_FACTS_ROW_H
#define RL_DRIVER_FACTS_ROW_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
