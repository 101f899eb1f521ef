/* The table of drivers, and the driver of a URL. */
#include "base/debug.h"
#include "driver/url.h"

const rl_driver *const rl_drivers[RL_PROVIDER_SLOTS] = {
#define RL_PROVIDER(ID, id, name, title, built) [RL_PROVIDER_##ID] = RL_IF_BUILT(built, &rl_driver_##id),
#include "base/providers.def"
#undef RL_PROVIDER
};

static rille_status url_fail_with_examples(rl_error *err, const char *what, rl_str scheme) {
  rl_buf examples;
  rl_buf_init(&examples);
  rl_url_examples(&examples);
  rille_status st = rl_fail(err, RL_P1013, "the database URL %s%.*s%s; use %.*s", what, RL_STR_ARG(scheme),
                            scheme.len ? "`" : "", RL_STR_ARG(rl_buf_view(&examples)));
  rl_buf_dispose(&examples);
  return st;
}

enum { MOST_SCHEMES = 32 };

/* Names the scheme only: the rest of the URL may have a password. */
static rille_status url_unknown_scheme(rl_str scheme, rl_error *err) {
  rl_str candidates[MOST_SCHEMES];
  size_t count = 0;
  for (RL_EACH_PROVIDER(p))
    for (const char *const *s = rl_facts_of(p)->schemes; *s && count < MOST_SCHEMES; s++)
      candidates[count++] = rl_str_of(*s);
  rl_str near = rl_str_nearest(scheme, candidates, count);
  if (near.len)
    return rl_fail(err, RL_P1013, "the database URL has the unknown scheme `%.*s`; did you mean `%.*s`?",
                   RL_STR_ARG(scheme), RL_STR_ARG(near));
  return url_fail_with_examples(err, "has the unknown scheme `", scheme);
}

rille_status rl_driver_of_url(rl_str url, const rl_driver **out, rl_error *err) {
  static const rl_str none = {"", 0};
  *out = NULL;
  if (url.len == 0) return url_fail_with_examples(err, "is empty", none);
  if (memchr(url.p, 0, url.len)) return rl_fail(err, RL_P1013, "the database URL contains a zero byte");
  rl_str scheme = rl_url_scheme(url);
  if (scheme.len == 0) return url_fail_with_examples(err, "does not begin with a scheme", none);
  rl_provider p = rl_provider_of_scheme(scheme);
  if (p == RL_PROVIDER_NONE) return url_unknown_scheme(scheme, err);
  *out = rl_drivers[p];
  if (*out) return RILLE_OK;
  return rl_fail(err, RL_P1013, "this build of rille has no driver for URLs of the scheme `%.*s`", RL_STR_ARG(scheme));
}

rille_status rl_driver_parse_url(rl_str url, rl_arena *arena, rl_conn_options *out, rl_error *err) {
  const rl_driver *driver = NULL;
  rl_debug_start(); /* every connection begins with a URL */
  rille_status s = rl_driver_of_url(url, &driver, err);
  if (s != RILLE_OK) return s;
  *out = rl_url_no_options(driver);
  return driver->parse_url(url, arena, out, err);
}
