/* URLs for messages and logs: they say where a database is, without its password. */
#include "driver/url.h"

static const rl_str nothing = {"", 0};

static bool has_byte(rl_str text, char c) {
  return text.len && memchr(text.p, c, text.len);
}

static rl_str text_before(rl_str text, char c) {
  const char *found = text.len ? memchr(text.p, c, text.len) : NULL;
  return found ? (rl_str){text.p, (size_t)(found - text.p)} : text;
}

static rl_str text_from(rl_str text, size_t start) {
  return text.len > start ? (rl_str){text.p + start, text.len - start} : nothing;
}

static rl_str text_behind(rl_str text, rl_str front) {
  return text_from(text, front.len + 1);
}

/* The parts of "scheme://login@hosts/database?params", as they are written. */
typedef struct parts {
  rl_str scheme, login, place, params;
  bool has_login, clear;
} parts;

static bool is_server(rl_str scheme) {
  const rl_facts *facts = rl_facts_of(rl_provider_of_scheme(scheme));
  return facts && facts->server;
}

/* A value with '@' after a URL without a path may be the end of a password that has a '?'. */
static bool params_are_clear(rl_str params, bool has_path) {
  rl_url_param param;
  while (rl_url_next_param(&params, &param))
    if (has_byte(param.key, '@') || (!has_path && has_byte(param.value, '@'))) return false;
  return true;
}

/* Returns whether each ':' precedes a port, or is inside the brackets of an address. Otherwise it may be that of
 * user:password, in a URL whose rest is missing. */
static bool are_hosts(rl_str hosts) {
  bool brackets = false, port = false;
  for (size_t i = 0; i < hosts.len; i++) {
    char c = hosts.p[i];
    if (c == '[' || c == ']') brackets = c == '[';
    if (c == ',') port = false;
    if (port && (c < '0' || c > '9')) return false;
    if (c == ':' && !brackets) port = true;
  }
  return true;
}

/* The login ends at the only '@', which comes before the first '/'. If there are more, or it comes later, the password
 * has characters that are not percent-encoded, and its end is unknown. */
static parts split_url(rl_str url) {
  parts p = {.scheme = rl_url_scheme(url), .login = nothing};
  rl_str rest = p.scheme.len ? text_behind(url, p.scheme) : nothing;
  bool slashes = rl_str_starts(rest, RL_STR("//"));
  if (slashes) rest = text_from(rest, 2);
  p.place = text_before(rest, '?');
  p.params = text_behind(rest, p.place);
  p.clear = p.scheme.len > 0;
  if (!p.clear || !is_server(p.scheme)) return p;
  rl_str authority = text_before(p.place, '/');
  p.has_login = has_byte(authority, '@');
  if (p.has_login) {
    p.login = text_before(authority, '@');
    p.place = text_behind(p.place, p.login);
  }
  p.clear = slashes && !has_byte(p.place, '@') && params_are_clear(p.params, has_byte(p.place, '/')) &&
            (p.has_login || are_hosts(authority));
  return p;
}

bool rl_url_is_clear(rl_str url) {
  return split_url(url).clear;
}

static bool names_password(rl_str key) {
  for (size_t i = 0; i + 4 <= key.len; i++)
    if (rl_str_is_any_case((rl_str){key.p + i, 4}, "pass")) return true;
  return false;
}

bool rl_url_may_quote_password(rl_str url) {
  parts p = split_url(url);
  rl_url_param param;
  if (!p.clear || has_byte(p.login, ':') || has_byte(p.params, '@')) return true;
  for (rl_str rest = p.params; rl_url_next_param(&rest, &param);)
    if (has_byte(param.key, '%') || names_password(param.key)) return true;
  return false;
}

/* Lists what is known to be harmless: libpq has secrets under several names, and accepts percent-encoded names. */
static bool is_harmless(const rl_url_param *param) {
  static const char *const harmless[] = {"schema",
                                         "connection_limit",
                                         "pool_timeout",
                                         "connect_timeout",
                                         "socket_timeout",
                                         "sslmode",
                                         "statement_cache_size",
                                         "sslaccept",
                                         "target_session_attrs",
                                         "host",
                                         "hostaddr",
                                         "port",
                                         "dbname",
                                         "user",
                                         "pgbouncer",
                                         "application_name"};
  if (has_byte(param->value, '@')) return false;
  for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
    if (rl_str_is(param->key, harmless[i])) return true;
  return false;
}

void rl_url_write_redacted(rl_str url, rl_buf *out) {
  parts p = split_url(url);
  if (!p.clear) {
    rl_buf_printf(out, p.scheme.len ? "%.*s:***" : "%.*s***", RL_STR_ARG(p.scheme));
    return;
  }
  rl_str user = text_before(p.login, ':'), front = {url.p, p.scheme.len + 1};
  rl_buf_str(out, front);
  if (rl_str_starts(text_behind(url, p.scheme), RL_STR("//"))) rl_buf_text(out, "//");
  rl_buf_str(out, user);
  if (user.len) rl_buf_byte(out, '@');
  rl_buf_str(out, p.place);
  char mark = '?';
  for (rl_url_param param; rl_url_next_param(&p.params, &param);) {
    if (!is_harmless(&param)) continue;
    rl_buf_printf(out, "%c%.*s=%.*s", mark, RL_STR_ARG(param.key), RL_STR_ARG(param.value));
    mark = '&';
  }
}

const char *rl_url_redacted(rl_str url, rl_arena *arena) {
  rl_buf text;
  rl_buf_init(&text);
  rl_url_write_redacted(url, &text);
  const char *redacted = text.failed ? NULL : rl_arena_strdup(arena, rl_buf_view(&text));
  rl_buf_dispose(&text);
  return redacted;
}
