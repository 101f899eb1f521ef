/* The URL of a Redis server: redis://[user:password@]host[:port][/db], rediss:// with TLS, unix:///path?db=0. Its
 * parameters are `db`, `timeout` (milliseconds that one conversation may take, 50) and, with TLS, `ca` (a file with the
 * certificates of authorities, instead of the system's). */
#ifndef RL_CACHE_REDIS_URL_H
#define RL_CACHE_REDIS_URL_H

#include "base/arena.h"
#include "base/error.h"

typedef struct rl_redis_url {
  bool tls;
  const char *host, *port;     /* NULL with a socket */
  const char *path;            /* of the socket; NULL: none */
  const char *user, *password; /* NULL: not given */
  const char *ca;              /* NULL: the system's authorities */
  int db;
  int64_t limit_ms;
  const char *display; /* without user and password, for messages. Nothing else prints a URL */
} rl_redis_url;

/* Returns whether a text has one of the schemes. */
bool rl_redis_is_url(rl_str text);
/* Reads a URL. Texts are in the arena. VALIDATION: it is wrong; the message has nothing of it that may be a password.
 */
rille_status rl_redis_parse_url(rl_str url, rl_arena *arena, rl_redis_url *out, rl_error *err);

#endif
