/* The hosts of a PostgreSQL URL and their addresses. A thread resolves the names: libpq would block the caller, and all
 * coroutines of its thread. */
#ifndef RL_DRIVER_POSTGRES_HOSTS_H
#define RL_DRIVER_POSTGRES_HOSTS_H

#include "driver/postgres/pg.h"

/* Reads the hosts of a conninfo and starts to resolve their names. *out is NULL if it names none: then libpq knows
 * where to connect. */
rille_status rl_pg_hosts_of(const PQconninfoOption *list, rl_pg_hosts **out, rl_error *err);
void rl_pg_hosts_free(rl_pg_hosts *h); /* does not wait for a thread that still resolves */

/* Returns OK when all names are resolved, AGAIN, or P1001 if there is no address at all. A host without an address is
 * skipped if others have one. */
rille_status rl_pg_hosts_poll(rl_pg_hosts *h, rl_wait *wait, rl_error *err);

size_t rl_pg_hosts_count(const rl_pg_hosts *h); /* of addresses */
/* libpq's lists, starting with address number `first`, owned by h. All NULL: libpq needs none. */
typedef struct rl_pg_host_lists {
  const char *host, *hostaddr, *port;
} rl_pg_host_lists;
rille_status rl_pg_hosts_list(rl_pg_hosts *h, size_t first, rl_pg_host_lists *out, rl_error *err);
/* Returns the number of the address that pg is connecting to. */
size_t rl_pg_hosts_at(const rl_pg_hosts *h, const PGconn *pg);

#endif
