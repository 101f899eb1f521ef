/* SQLite URLs: file:PATH, sqlite:PATH, sqlite://PATH and :memory:, with the parameters that all databases share. As in
 * Prisma, the path is not percent-decoded. */
#include "driver/sqlite/conn.h"

#include "driver/url.h"

static rille_status url_unknown_param(rl_str key, rl_error *err) {
  static const char *const known[] = {"connection_limit", "pool_timeout",         "connect_timeout",
                                      "socket_timeout",   "statement_cache_size", "timestamp_format"};
  rl_str candidates[sizeof known / sizeof *known];
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) candidates[i] = rl_str_of(known[i]);
  rl_str near = rl_str_nearest(key, candidates, sizeof known / sizeof *known);
  if (near.len)
    return rl_fail(err, RL_P1013, "the database URL has the unknown parameter `%.*s`; did you mean `%.*s`?",
                   RL_STR_ARG(key), RL_STR_ARG(near));
  return rl_fail(
      err, RL_P1013,
      "the database URL has the unknown parameter `%.*s`; SQLite accepts `connection_limit`, `pool_timeout`, "
      "`connect_timeout`, `socket_timeout`, `statement_cache_size` and `timestamp_format`",
      RL_STR_ARG(key));
}

/* Reads timestamp_format. Its values are those of Prisma's adapters, which call it timestampFormat. */
static rille_status url_timestamp_format(const rl_url_param *param, rl_conn_options *out, rl_error *err) {
  out->unixepoch_ms = rl_str_is(param->value, "unixepoch-ms");
  if (out->unixepoch_ms || rl_str_is(param->value, "iso8601")) return RILLE_OK;
  return rl_fail(err, RL_P1013, "the database URL's parameter `%.*s`: expected `iso8601` or `unixepoch-ms`, got `%.*s`",
                 RL_STR_ARG(param->key), RL_STR_ARG(param->value));
}

static rille_status url_own_param(const rl_url_param *param, rl_conn_options *out, rl_error *err) {
  if (rl_str_is(param->key, "timestamp_format") || rl_str_is(param->key, "timestampFormat"))
    return url_timestamp_format(param, out, err);
  return url_unknown_param(param->key, err);
}

static rille_status url_parse_params(rl_str rest, rl_conn_options *out, rl_error *err) {
  rl_url_param param;
  while (rl_url_next_param(&rest, &param)) {
    rille_status s = rl_url_common_param(&param, out, err);
    if (s == RILLE_DONE) s = url_own_param(&param, out, err);
    if (s != RILLE_OK) return s;
  }
  return RILLE_OK;
}

rille_status rl_sqlite_parse_url(rl_str url, rl_arena *arena, rl_conn_options *out, rl_error *err) {
  rl_str scheme = rl_url_scheme(url);
  rl_str path = {url.p + scheme.len + 1, url.len - scheme.len - 1};
  const char *mark = memchr(path.p, '?', path.len);
  rl_str params = {NULL, 0};
  if (mark) {
    params = (rl_str){mark + 1, path.len - (size_t)(mark - path.p) - 1};
    path.len = (size_t)(mark - path.p);
  }
  if (rl_str_starts(path, RL_STR("//"))) path = (rl_str){path.p + 2, path.len - 2};
  if (path.len == 0)
    return rl_fail(err, RL_P1013, "the database URL names no file; write `file:./dev.db` or `sqlite::memory:`");
  rille_status s = url_parse_params(params, out, err);
  if (s != RILLE_OK) return s;
  out->memory = rl_str_is(path, ":memory:");
  out->conninfo = rl_arena_strdup(arena, path);
  out->display = rl_url_redacted(url, arena);
  out->database = out->conninfo;
  return out->conninfo && out->display ? RILLE_OK : rl_fail_nomem(err);
}
