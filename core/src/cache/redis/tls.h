/* TLS over memory: the link moves the encrypted bytes. The server's certificate and its name are always checked. */
#ifndef RL_CACHE_REDIS_TLS_H
#define RL_CACHE_REDIS_TLS_H

#include <rille/types.h>

#include "base/buf.h"

typedef struct rl_tls_trust rl_tls_trust; /* which authorities are believed; shared by links, immutable */
typedef struct rl_tls rl_tls;             /* of one link */

/* ca: a file of certificates; NULL: the system's. NULL: it cannot be read, or out of memory; *problem is static. */
rl_tls_trust *rl_tls_trust_new(const char *ca, const char **problem);
void rl_tls_trust_free(rl_tls_trust *t);

rl_tls *rl_tls_new(const rl_tls_trust *trust, const char *host); /* NULL when out of memory */
void rl_tls_free(rl_tls *t);
/* OK: it is secure. AGAIN: bytes of the other side are needed. ERROR: *problem is static. */
rille_status rl_tls_shake(rl_tls *t, const char **problem);
bool rl_tls_write(rl_tls *t, const char *bytes, size_t len); /* encrypts */
bool rl_tls_take_out(rl_tls *t, rl_buf *out);                /* appends what is to be sent */
bool rl_tls_feed(rl_tls *t, const char *bytes, size_t len);  /* takes what was received */
/* Decrypts: the number of bytes, 0: more are needed, -1: the session has ended. */
int rl_tls_read(rl_tls *t, char *bytes, size_t size);

#endif
