/* The databases that rille speaks to, and what can be known of one without connecting to it. Any thread. */
#ifndef RILLE_PROVIDER_H
#define RILLE_PROVIDER_H

#include <rille/types.h>

RILLE_BEGIN_DECLS

/* All texts are static. */
typedef struct rille_provider {
  uint32_t struct_size;
  int32_t built;              /* 1: this library has its driver */
  const char *name;           /* as a schema writes it: "postgresql" */
  const char *title;          /* as a sentence writes it: "PostgreSQL" */
  const char *id;             /* part of names in code: "postgres" */
  const char *const *schemes; /* of its URLs, NULL-terminated */
  const char *first_url;      /* what a new project's DATABASE_URL is */
  const char *memory_url;     /* of a database that is gone when it is closed; NULL: there is none */
  const char *library;        /* through which its driver speaks to it: "libpq" */
  char library_version[24];   /* as loaded: "15.4"; "" without the driver */
  int32_t server;             /* 1: its URLs name a server */
  int32_t file_based;         /* 1: a database is a file */
  int32_t notifications;      /* 1: sessions tell each other: rille_listen_... (0 without the driver) */
  int32_t advisory_locks;     /* 1: rille_lock_... (0 without the driver) */
  int32_t nulls_largest;      /* 1: an ascending order without `nulls` has NULL last, otherwise first */
} rille_provider;

/* Fills in the struct, whose struct_size the caller has set, with the database of this number, from 0: 1; or 0 when
 * there are not so many. */
RILLE_API int rille_provider_get(size_t index, rille_provider *out);

RILLE_END_DECLS
#endif
