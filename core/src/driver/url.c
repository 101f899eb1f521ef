/* The parts of a URL, and the parameters that all drivers share. */
#include "driver/url.h"

#include <inttypes.h>

rl_str rl_url_scheme(rl_str url) {
  const char *colon = url.len ? memchr(url.p, ':', url.len) : NULL;
  if (!colon) return (rl_str){url.p, 0};
  rl_str scheme = {url.p, (size_t)(colon - url.p)};
  for (size_t i = 0; i < scheme.len; i++) {
    char c = scheme.p[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    if (!letter && (i == 0 || !other)) return (rl_str){url.p, 0};
  }
  return scheme;
}

rl_conn_options rl_url_no_options(const rl_driver *driver) {
  return (rl_conn_options){.driver = driver,
                           .pool_timeout_ms = -1,
                           .connect_timeout_ms = -1,
                           .socket_timeout_ms = -1,
                           .statement_cache_size = -1};
}

bool rl_url_next_param(rl_str *rest, rl_url_param *out) {
  while (rest->len && *rest->p == '&') *rest = rl_str_make(rest->p + 1, rest->len - 1);
  if (rest->len == 0) return false;
  const char *amp = memchr(rest->p, '&', rest->len);
  rl_str one = {rest->p, amp ? (size_t)(amp - rest->p) : rest->len};
  const char *eq = memchr(one.p, '=', one.len);
  out->key = (rl_str){one.p, eq ? (size_t)(eq - one.p) : one.len};
  out->value = eq ? (rl_str){eq + 1, one.len - out->key.len - 1} : (rl_str){one.p + one.len, 0};
  *rest = (rl_str){one.p + one.len, rest->len - one.len};
  return true;
}

static rille_status url_wrong_value(const rl_url_param *param, const char *expected, rl_error *err) {
  return rl_fail(err, RL_P1013, "the database URL's parameter `%.*s`: expected %s, got `%.*s`", RL_STR_ARG(param->key),
                 expected, RL_STR_ARG(param->value));
}

static rille_status url_integer(const rl_url_param *param, int64_t max, int64_t *out, rl_error *err) {
  int64_t n = 0;
  for (size_t i = 0; i < param->value.len; i++) {
    char c = param->value.p[i];
    if (c < '0' || c > '9' || n > max) return url_wrong_value(param, "an integer, 0 or more", err);
    n = n * 10 + (c - '0');
  }
  if (param->value.len == 0 || n > max)
    return rl_fail(err, RL_P1013, "the database URL's parameter `%.*s`: expected an integer from 0 to %" PRId64,
                   RL_STR_ARG(param->key), max);
  *out = n;
  return RILLE_OK;
}

/* Prisma writes seconds, and 0 for no limit. */
static rille_status url_seconds(const rl_url_param *param, int64_t *ms, rl_error *err) {
  int64_t n = 0;
  rille_status s = url_integer(param, INT32_MAX, &n, err);
  if (s == RILLE_OK) *ms = n == 0 ? RL_UNLIMITED_MS : n * 1000;
  return s;
}

rille_status rl_url_flag(const rl_url_param *param, bool *out, rl_error *err) {
  if (rl_str_is(param->value, "true") || rl_str_is(param->value, "1"))
    *out = true;
  else if (rl_str_is(param->value, "false") || rl_str_is(param->value, "0"))
    *out = false;
  else
    return url_wrong_value(param, "`true` or `false`", err);
  return RILLE_OK;
}

static rille_status url_small_integer(const rl_url_param *param, int64_t least, int *out, rl_error *err) {
  int64_t n = 0;
  rille_status s = url_integer(param, 1000000, &n, err);
  if (s == RILLE_OK && n < least) return url_wrong_value(param, "an integer, 1 or more", err);
  if (s == RILLE_OK) *out = (int)n;
  return s;
}

rille_status rl_url_common_param(const rl_url_param *param, rl_conn_options *out, rl_error *err) {
  if (rl_str_is(param->key, "connection_limit")) return url_small_integer(param, 1, &out->connection_limit, err);
  if (rl_str_is(param->key, "statement_cache_size"))
    return url_small_integer(param, 0, &out->statement_cache_size, err);
  if (rl_str_is(param->key, "pool_timeout")) return url_seconds(param, &out->pool_timeout_ms, err);
  if (rl_str_is(param->key, "connect_timeout")) return url_seconds(param, &out->connect_timeout_ms, err);
  if (rl_str_is(param->key, "socket_timeout")) return url_seconds(param, &out->socket_timeout_ms, err);
  return RILLE_DONE;
}
