/* The addresses of a host. Names are looked up in a thread, because the system's function blocks. */
#ifndef RL_CACHE_REDIS_ADDRESS_H
#define RL_CACHE_REDIS_ADDRESS_H

#include <netdb.h>
#include <rille/types.h>

typedef struct rl_lookup rl_lookup;

rl_lookup *rl_lookup_begin(const char *host, const char *port); /* NULL when out of memory, descriptors or threads */
/* OK: *out has at least one address, valid until rl_lookup_free. AGAIN: *fd becomes readable. ERROR: no address. */
rille_status rl_lookup_poll(rl_lookup *l, const struct addrinfo **out, int *fd);
void rl_lookup_free(rl_lookup *l); /* any time */

#endif
