/* Reading the URL of a Redis server. Messages never repeat the text: where a password ends is unclear in a wrong one.
 */
#include "cache/redis/url.h"

#include "base/percent.h"

enum { LIMIT_MS = 50, MOST_LIMIT_MS = 60000, MOST_DB = 1 << 20 };

static const char form[] = "expected `redis://[user:password@]host[:port][/db]`, `rediss://...` or `unix:///path?db=0`";

static rl_str rest_of(rl_str s, size_t from) {
  return from < s.len ? rl_str_make(s.p + from, s.len - from) : (rl_str){"", 0};
}

/* Cuts *rest at the first c: what is before it is returned. Without one, it is everything. */
static rl_str cut(rl_str *rest, char c, bool *found) {
  const char *at = rest->len ? memchr(rest->p, c, rest->len) : NULL;
  rl_str front = at ? rl_str_make(rest->p, (size_t)(at - rest->p)) : *rest;
  *found = at != NULL;
  *rest = at ? rest_of(*rest, front.len + 1) : (rl_str){"", 0};
  return front;
}

bool rl_redis_is_url(rl_str text) {
  return rl_str_starts(text, RL_STR("redis://")) || rl_str_starts(text, RL_STR("rediss://")) ||
         rl_str_starts(text, RL_STR("unix://"));
}

/* Decodes percent-encoding into a terminated text. what: the part of the URL, for the message. */
static rille_status decode(rl_str s, const char *what, rl_arena *arena, const char **out, rl_error *err) {
  char *text = rl_arena_alloc(arena, s.len + 1);
  if (!text) return rl_fail_nomem(err);
  size_t len;
  if (!rl_percent_decode(s, text, &len))
    return rl_fail(err, RL_VALIDATION, "cache.store: the URL's %s is not percent-encoded correctly", what);
  if (memchr(text, 0, len)) return rl_fail(err, RL_VALIDATION, "cache.store: the URL's %s contains a zero byte", what);
  text[len] = '\0';
  *out = text;
  return RILLE_OK;
}

static bool integer_of(rl_str s, int64_t most, int64_t *out) {
  int64_t n = 0;
  for (size_t i = 0; i < s.len; i++) {
    if (s.p[i] < '0' || s.p[i] > '9' || n > most) return false;
    n = n * 10 + (s.p[i] - '0');
  }
  *out = n;
  return s.len > 0 && n <= most;
}

static rille_status read_db(rl_str s, rl_redis_url *out, rl_error *err) {
  int64_t n = 0;
  if (!integer_of(s, MOST_DB, &n))
    return rl_fail(err, RL_VALIDATION, "cache.store: the URL's database: expected an integer, 0 or more");
  out->db = (int)n;
  return RILLE_OK;
}

static rille_status read_param(rl_str key, rl_str value, rl_arena *arena, rl_redis_url *out, rl_error *err) {
  if (rl_str_is(key, "db")) return read_db(value, out, err);
  if (rl_str_is(key, "ca") && out->tls) return decode(value, "parameter `ca`", arena, &out->ca, err);
  if (rl_str_is(key, "timeout")) {
    if (integer_of(value, MOST_LIMIT_MS, &out->limit_ms) && out->limit_ms > 0) return RILLE_OK;
    return rl_fail(err, RL_VALIDATION, "cache.store: the URL's parameter `timeout`: expected an integer from 1 to %d",
                   MOST_LIMIT_MS);
  }
  return rl_fail(err, RL_VALIDATION, "cache.store: the URL has an unknown parameter; known are `db`, `timeout`%s",
                 out->tls ? ", `ca`" : "");
}

static rille_status read_login(rl_str login, rl_arena *arena, rl_redis_url *out, rl_error *err) {
  bool has_password;
  rl_str user = cut(&login, ':', &has_password);
  rille_status st = RILLE_OK;
  if (user.len) st = decode(user, "user", arena, &out->user, err);
  if (st == RILLE_OK && has_password) st = decode(login, "password", arena, &out->password, err);
  return st;
}

/* host, host:port, [address], [address]:port */
static rille_status read_place(rl_str place, rl_arena *arena, rl_redis_url *out, rl_error *err) {
  bool found = true;
  rl_str host, port = {"6379", 4};
  if (place.len && *place.p == '[') {
    rl_str rest = rest_of(place, 1);
    host = cut(&rest, ']', &found);
    if (found && rest.len && *rest.p == ':')
      port = rest_of(rest, 1);
    else if (rest.len)
      found = false;
  } else {
    rl_str rest = place;
    bool has_port;
    host = cut(&rest, ':', &has_port);
    if (has_port) port = rest;
  }
  int64_t number = 0;
  if (!found || host.len == 0) return rl_fail(err, RL_VALIDATION, "cache.store: the URL has no host; %s", form);
  if (!integer_of(port, 65535, &number) || number == 0)
    return rl_fail(err, RL_VALIDATION, "cache.store: the URL's port: expected an integer from 1 to 65535");
  out->port = rl_arena_strdup(arena, port);
  if (!out->port) return rl_fail_nomem(err);
  return decode(host, "host", arena, &out->host, err);
}

static bool has_at(rl_str s) {
  return s.len && memchr(s.p, '@', s.len);
}

/* It is unclear where the password ends. */
static rille_status fail_at(rl_error *err) {
  return rl_fail(err, RL_VALIDATION,
                 "cache.store: the URL has an `@` in an unexpected place; percent-encode special characters of user, "
                 "password and path");
}

static rille_status read_server(rl_str rest, rl_arena *arena, rl_redis_url *out, rl_error *err) {
  bool has_path;
  rl_str place = cut(&rest, '/', &has_path), login = {"", 0};
  for (size_t at = place.len; at > 0; at--) {
    if (place.p[at - 1] != '@') continue;
    login = rl_str_make(place.p, at - 1);
    place = rest_of(place, at);
    break;
  }
  if (has_at(login) || has_at(rest)) return fail_at(err);
  rille_status st = read_login(login, arena, out, err);
  if (st == RILLE_OK) st = read_place(place, arena, out, err);
  if (st == RILLE_OK && rest.len) st = read_db(rest, out, err);
  return st;
}

static rille_status read_socket(rl_str rest, rl_arena *arena, rl_redis_url *out, rl_error *err) {
  if (rest.len && *rest.p != '/') {
    bool found;
    rl_str login = cut(&rest, '@', &found);
    rille_status st = read_login(login, arena, out, err);
    if (st != RILLE_OK) return st;
  }
  if (has_at(rest)) return fail_at(err);
  if (rest.len < 2 || *rest.p != '/') return rl_fail(err, RL_VALIDATION, "cache.store: the URL has no path; %s", form);
  return decode(rest, "path", arena, &out->path, err);
}

rille_status rl_redis_parse_url(rl_str url, rl_arena *arena, rl_redis_url *out, rl_error *err) {
  *out = (rl_redis_url){.limit_ms = LIMIT_MS, .tls = rl_str_starts(url, RL_STR("rediss://"))};
  if (!rl_redis_is_url(url)) return rl_fail(err, RL_VALIDATION, "cache.store: %s, or `memory`", form);
  bool socket = rl_str_starts(url, RL_STR("unix://")), has_params;
  rl_str params = rest_of(url, socket ? 7 : out->tls ? 9 : 8), place = cut(&params, '?', &has_params);
  rille_status st = socket ? read_socket(place, arena, out, err) : read_server(place, arena, out, err);
  while (st == RILLE_OK && params.len) {
    bool more;
    rl_str value = cut(&params, '&', &more), key = cut(&value, '=', &more);
    st = read_param(key, value, arena, out, err);
  }
  if (st == RILLE_OK && out->user && !out->password)
    return rl_fail(err, RL_VALIDATION,
                   "cache.store: the URL has a user without a password; a password alone is "
                   "written `redis://:password@host`");
  if (st != RILLE_OK) return st;
  bool brackets = out->host && strchr(out->host, ':');
  out->display = out->path ? rl_arena_printf(arena, "unix://%s?db=%d", out->path, out->db)
                           : rl_arena_printf(arena, "%s://%s%s%s:%s/%d", out->tls ? "rediss" : "redis",
                                             brackets ? "[" : "", out->host, brackets ? "]" : "", out->port, out->db);
  return out->display ? RILLE_OK : rl_fail_nomem(err);
}
