/* The schema of a live database, as text. */
#include "migrate/pull.h"

#include "api/handle.h"

rille_status rille_pull(const rille_pull_options *options, char **out, size_t *len, rille_error **err) {
  rl_error error = {0};
  rille_pull_options o;
  rille_status st = rl_read_options(&o, sizeof o, options, sizeof o, "rille_pull_options", &error);
  if (st == RILLE_OK && (!o.url || !*o.url))
    st = rl_fail(&error, RL_P1013,
                 "url: the database URL is missing; write postgresql://... or "
                 "file:./dev.db");
  if (st != RILLE_OK) return rl_box(st, &error, err);
  rl_buf text;
  rl_buf_init(&text);
  st = rl_pull(rl_str_of(o.url), o.schema ? o.schema->schema : NULL, &text, &error);
  size_t n = text.len;
  char *z = st == RILLE_OK ? rl_buf_take(&text) : NULL;
  rl_buf_dispose(&text);
  if (st == RILLE_OK && !z) st = rl_fail_nomem(&error);
  if (st == RILLE_OK) {
    *out = z;
    if (len) *len = n;
  }
  return rl_box(st, &error, err);
}
