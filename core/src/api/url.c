/* The public functions that read a URL. */
#include <rille/url.h>

#include "api/handle.h"
#include "driver/url.h"

rille_status rille_url_shown(const char *url, char **out, size_t *len, rille_error **err) {
  rl_error error = {0};
  rl_buf text;
  rl_buf_init(&text);
  rl_url_write_redacted(rl_str_of(url), &text);
  return rl_give_text(RILLE_OK, &text, out, len, &error, err);
}

const char *rille_url_provider(const char *url) {
  rl_error error = {0};
  const rl_driver *driver = NULL;
  rl_driver_of_url(rl_str_of(url), &driver, &error);
  rl_error_clear(&error);
  return driver ? rl_provider_name(driver->provider) : NULL;
}

rille_status rille_url_file(const char *url, char **out, size_t *len, rille_error **err) {
  rl_error error = {0};
  rl_arena arena;
  rl_conn_options options;
  rl_arena_init(&arena, 0);
  *out = NULL;
  *len = 0;
  rille_status st = rl_driver_parse_url(rl_str_of(url), &arena, &options, &error);
  if (st != RILLE_OK || options.address || options.memory) {
    st = rl_box(st, &error, err);
  } else {
    rl_buf text;
    rl_buf_init(&text);
    rl_buf_text(&text, options.database);
    st = rl_give_text(st, &text, out, len, &error, err);
  }
  rl_arena_dispose(&arena);
  return st;
}
