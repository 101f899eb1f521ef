/* The public function that reads a database's structure as a schema. */
#include "migrate/pull/pull.h"

#include "api/handle.h"
#include "driver/facts.h"
#include "base/alloc.h"

static rille_status pull_schema(const rille_pull_options *o, rl_buf *text, rl_error *err) {
  size_t count = o->schemas ? o->schema_count : 0;
  rl_str *names = rl_calloc(count + 1, sizeof *names);
  if (!names) return rl_fail_nomem(err);
  for (size_t i = 0; i < count; i++) names[i] = rl_str_of(o->schemas[i]);
  const rl_pull_order order = {o->schema ? o->schema->schema : NULL, names, count, o->by_file != 0};
  rille_status st = rl_pull(rl_str_of(o->url), &order, text, err);
  rl_free(names);
  return st;
}

rille_status rille_pull(const rille_pull_options *options, char **out, size_t *len, rille_error **err) {
  rl_error error = {0};
  rille_pull_options o;
  rille_status st =
      rl_read_options(&o, sizeof o, options, offsetof(rille_pull_options, schemas), "rille_pull_options", &error);
  if (st == RILLE_OK) st = rl_check_url_given(o.url, &error);
  if (st != RILLE_OK) return rl_box(st, &error, err);
  rl_buf text;
  rl_buf_init(&text);
  st = pull_schema(&o, &text, &error);
  return rl_give_text(st, &text, out, len, &error, err);
}
