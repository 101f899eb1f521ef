/* The public functions that make a database match a schema. */
#include "api/handle.h"
#include "driver/facts.h"
#include "migrate/diff/sources.h"
#include "migrate/push.h"

rille_status rille_push(const rille_push_options *options, rille_error **err) {
  rl_error error = {0};
  rille_push_options o;
  rille_status st = rl_read_options(&o, sizeof o, options, sizeof o, "rille_push_options", &error);
  if (st == RILLE_OK) st = rl_check_url_given(o.url, &error);
  if (st == RILLE_OK && !o.schema) st = rl_fail(&error, RL_VALIDATION, "schema: missing");
  if (st == RILLE_OK) {
    rl_push_settings settings = {o.schema->schema, rl_str_of(o.url), o.reset != 0, o.accept_data_loss != 0};
    st = rl_push(&settings, &error);
  }
  return rl_box(st, &error, err);
}

static const rl_dialect *dialect_named(const char *name) {
  return name ? rl_dialects[rl_provider_by_name(rl_str_of(name))] : NULL;
}

static rille_status unknown_provider(const char *name, rl_error *err) {
  rl_buf known;
  rl_buf_init(&known);
  rl_provider_names(&known, "\"", "\"", " or ");
  rille_status st = rl_fail(err, RL_VALIDATION, "provider: expected %.*s, got \"%s\"", RL_STR_ARG(rl_buf_view(&known)),
                            name ? name : "");
  rl_buf_dispose(&known);
  return st;
}

rille_status rille_schema_sql(const rille_schema *schema, const char *provider, char **out, size_t *len,
                              rille_error **err) {
  rl_error error = {0};
  const rl_dialect *d = dialect_named(provider);
  if (!d) return rl_box(unknown_provider(provider, &error), &error, err);
  rl_arena arena;
  rl_buf text;
  rl_db nothing = {.dialect = d}, wanted;
  rl_diff diff = {0};
  rl_arena_init(&arena, 0);
  rl_buf_init(&text);
  rille_status st = rl_db_of_schema(d, schema->schema, &arena, &wanted, &error);
  if (st == RILLE_OK) st = rl_db_diff(&nothing, &wanted, &arena, &diff, &error);
  for (size_t i = 0; st == RILLE_OK && i < diff.steps.count; i++)
    rl_buf_printf(&text, "%.*s;\n", RL_STR_ARG(diff.steps.items[i].sql));
  rl_arena_dispose(&arena);
  return rl_give_text(st, &text, out, len, &error, err);
}
