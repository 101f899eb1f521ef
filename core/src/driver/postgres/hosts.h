/* Where a PostgreSQL URL leads: the hosts it names, and their addresses. Names are resolved on a thread, since libpq
 * would block whoever connects, and all coroutines of its thread. */
#ifndef RL_DRIVER_POSTGRES_HOSTS_H
#define RL_DRIVER_POSTGRES_HOSTS_H

#include "driver/postgres/pg.h"

/* Takes the hosts of a conninfo. *out is NULL when it names none: then libpq knows where to go. Names begin to be
 * resolved. */
rille_status rl_pg_hosts_of(const PQconninfoOption *list, rl_pg_hosts **out, rl_error *err);
void rl_pg_hosts_free(rl_pg_hosts *h); /* a thread that still resolves is left to end by itself */

/* OK when all names are resolved, AGAIN, or P1001 when there is no address at all; a host without one is left out when
 * others have some. */
rille_status rl_pg_hosts_poll(rl_pg_hosts *h, rl_wait *wait, rl_error *err);

size_t rl_pg_hosts_count(const rl_pg_hosts *h); /* of addresses */
/* libpq's lists, beginning with address number `first`; they lie in h. All NULL when libpq needs no help. */
typedef struct rl_pg_host_lists {
  const char *host, *hostaddr, *port;
} rl_pg_host_lists;
rille_status rl_pg_hosts_list(rl_pg_hosts *h, size_t first, rl_pg_host_lists *out, rl_error *err);
/* The number of the address that pg is connecting to. */
size_t rl_pg_hosts_at(const rl_pg_hosts *h, const PGconn *pg);

#endif
