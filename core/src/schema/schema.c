/* Parses a schema, and owns it. */
#include "schema/resolve.h"

#include <stdio.h>

#include "base/alloc.h"

static void dispose_schema(rl_schema *s) {
  for (size_t i = 0; i < s->model_count; i++) rl_map_dispose(&s->models[i]->by_name);
  for (size_t i = 0; i < s->generator_count; i++) rl_map_dispose(&s->generators[i].config);
  rl_map_dispose(&s->models_by_name);
  rl_map_dispose(&s->models_by_client);
  rl_map_dispose(&s->enums_by_name);
  rl_map_dispose(&s->json_fields);
  rl_arena_dispose(&s->arena);
  rl_free(s);
}

static rl_schema *new_schema(rl_provider provider) {
  rl_schema *s = rl_calloc(1, sizeof *s);
  if (!s) return NULL;
  rl_arena_init(&s->arena, 0);
  rl_map_init(&s->models_by_name);
  rl_map_init(&s->models_by_client);
  rl_map_init(&s->enums_by_name);
  rl_map_init(&s->json_fields);
  s->references = 1;
  s->provider = provider;
  return s;
}

rl_schema *rl_schema_retain(rl_schema *s) {
  s->references++;
  return s;
}

void rl_schema_release(rl_schema *s) {
  if (s && --s->references == 0) dispose_schema(s);
}

static void resolve(rl_build *b) {
  rl_parse_blocks(b);
  rl_resolve_config(b);
  rl_resolve_types(b);
  rl_resolve_attributes(b);
  rl_resolve_field_rules(b);
  rl_resolve_touches(b);
  rl_resolve_keys(b);
  rl_resolve_relations(b);
  rl_resolve_names(b);
}

static rille_status first_error(const rl_build *b, rl_error *err) {
  const rl_diagnostics *d = b->diagnostics;
  size_t i = b->report_base;
  while (d->items[i].warning) i++;
  const rl_diagnostic *item = &d->items[i];
  char number[32];
  if (b->error_count > 1)
    rl_fail(err, RL_P1012, "%.*s:%d:%d: %.*s (and %zu more)", RL_STR_ARG(item->file), item->line, item->column,
            RL_STR_ARG(item->message), b->error_count - 1);
  else
    rl_fail(err, RL_P1012, "%.*s:%d:%d: %.*s", RL_STR_ARG(item->file), item->line, item->column,
            RL_STR_ARG(item->message));
  if (err && err->nomem) return RILLE_NOMEM;
  rl_error_detail(err, "file", item->file);
  snprintf(number, sizeof number, "%d", item->line);
  rl_error_detail(err, "line", rl_str_of(number));
  snprintf(number, sizeof number, "%d", item->column);
  rl_error_detail(err, "column", rl_str_of(number));
  return RILLE_ERROR;
}

/* Everything after setjmp uses *b, so the jump loses no local variable. */
static void keep_files(rl_build *b, const rl_source *sources, size_t count) {
  rl_source *files = RL_KEEP_ARRAY(b, rl_source, count);
  for (size_t i = 0; i < count; i++) {
    files[i].file = rl_build_join(b, b->keep, &sources[i].file, 1, "");
    files[i].text = rl_str_make(b->text.p + b->files[i].start, sources[i].text.len);
  }
  b->schema->files = files;
  b->schema->file_count = count;
}

static rille_status run(rl_build *b, const rl_source *sources, size_t count, rl_error *err) {
  if (setjmp(b->nomem)) return rl_fail_nomem(err);
  if (!rl_build_sources(b, sources, count))
    return rl_fail(err, RL_P1012, "The schema is too large: its files can have at most 16 MiB together.");
  b->schema->source = b->text;
  keep_files(b, sources, count);
  b->schema->hash = rl_hash(b->text.p, b->text.len, (uint64_t)b->schema->provider);
  resolve(b);
  return b->error_count ? first_error(b, err) : RILLE_OK;
}

static rille_status parse(rl_build *b, const rl_source *sources, size_t count, rl_schema **out, rl_error *err) {
  rl_arena_init(&b->temp, 0);
  rl_map_init(&b->names);
  rl_map_init(&b->scratch);
  b->keep = &b->schema->arena;
  b->report_base = b->diagnostics->count;
  rille_status status = run(b, sources, count, err);
  rl_map_dispose(&b->scratch);
  rl_map_dispose(&b->names);
  rl_arena_dispose(&b->temp);
  if (status == RILLE_OK)
    *out = b->schema;
  else
    rl_schema_release(b->schema);
  return status;
}

rille_status rl_schema_parse(const rl_source *sources, size_t count, rl_provider provider, rl_schema **out,
                             rl_diagnostics *diagnostics, rl_error *err) {
  rl_diagnostics own;
  rl_diagnostics_init(&own);
  *out = NULL;
  rl_build *b = rl_calloc(1, sizeof *b);
  if (!b) return rl_fail_nomem(err);
  rille_status status = RILLE_NOMEM;
  b->diagnostics = diagnostics ? diagnostics : &own;
  b->schema = new_schema(provider);
  if (b->schema)
    status = parse(b, sources, count, out, err);
  else
    rl_fail_nomem(err);
  rl_free(b);
  rl_diagnostics_dispose(&own);
  return status;
}
