/* The public functions of schemas. */
#include <stdatomic.h>

#include "api/handle.h"
#include "base/alloc.h"

static rille_status provider_of_url(const char *url, rl_provider *out, rl_error *err) {
  const rl_driver *driver = NULL;
  *out = RL_PROVIDER_NONE;
  if (!url) return RILLE_OK;
  rille_status st = rl_driver_of_url(rl_str_of(url), &driver, err);
  if (st != RILLE_OK) return st;
  *out = driver->provider;
  return RILLE_OK;
}

static rille_status parse_schema(const rille_schema_options *o, rl_schema **out, rl_diagnostics *list, rl_error *err) {
  rl_provider provider;
  rille_status st = provider_of_url(o->url, &provider, err);
  if (st != RILLE_OK) return st;
  if (o->text) {
    rl_source source = {RL_STR("schema.prisma"), rl_str_make(o->text, o->text_len)};
    return rl_schema_parse(&source, 1, provider, out, list, err);
  }
  if (!o->path) return rl_fail(err, RL_P1012, "schema: missing; expected a path or a text");
  return rl_schema_load(o->path, provider, out, list, err);
}

static rille_status check_url(const rl_schema *s, const char *url, rl_error *err) {
  const rl_driver *driver = NULL;
  if (!url) return RILLE_OK;
  rille_status st = rl_driver_of_url(rl_str_of(url), &driver, err);
  return st == RILLE_OK ? rl_check_provider(s, driver, err) : st;
}

static const char *copy_text(rl_arena *arena, rl_str s, bool *failed) {
  if (!s.len) return NULL;
  char *z = rl_arena_strdup(arena, s);
  if (!z) *failed = true;
  return z;
}

/* Copies texts of the schema, which are parts of its source and not terminated. */
static bool copy_texts(rille_schema *s) {
  bool failed = false;
  const rl_schema *from = s->schema;
  s->names = RL_NEW_ARRAY(&s->texts, const char *, from->model_count + 1);
  if (!s->names) return false;
  for (size_t i = 0; i < from->model_count; i++) s->names[i] = copy_text(&s->texts, from->models[i]->name, &failed);
  s->url_env = copy_text(&s->texts, from->url_env, &failed);
  s->url = copy_text(&s->texts, from->url, &failed);
  return !failed;
}

static void free_schema(rille_schema *s) {
  rl_schema_release(s->schema);
  rl_arena_dispose(&s->texts);
  rl_free(s);
}

static rille_status box_schema(rl_schema *schema, rille_schema **out, rl_error *err) {
  rille_schema *s = rl_calloc(1, sizeof *s);
  if (!s) {
    rl_schema_release(schema);
    return rl_fail_nomem(err);
  }
  rl_arena_init(&s->texts, 512);
  s->schema = schema;
  s->references = 1;
  if (!copy_texts(s)) {
    free_schema(s);
    return rl_fail_nomem(err);
  }
  *out = s;
  return RILLE_OK;
}

rille_status rille_schema_open(const rille_schema_options *options, rille_schema **out, rille_diagnostics **diagnostics,
                               rille_error **err) {
  rl_error error = {0};
  rille_schema_options o;
  rl_schema *schema = NULL;
  if (diagnostics) *diagnostics = NULL;
  rille_diagnostics *d = rl_calloc(1, sizeof *d);
  if (!d) return rl_box(rl_fail_nomem(&error), &error, err);
  rl_diagnostics_init(&d->list);
  rl_buf_init(&d->text);
  rille_status st = rl_read_options(&o, sizeof o, options, sizeof o, "rille_schema_options", &error);
  if (st == RILLE_OK) st = parse_schema(&o, &schema, &d->list, &error);
  if (st == RILLE_OK) {
    st = check_url(schema, o.url, &error);
    if (st != RILLE_OK) rl_schema_release(schema);
  }
  if (st == RILLE_OK) st = box_schema(schema, out, &error);
  if (diagnostics && d->list.count)
    *diagnostics = d;
  else
    rille_diagnostics_free(d);
  return rl_box(st, &error, err);
}

rille_schema *rille_schema_retain(rille_schema *s) {
  s->references++;
  return s;
}

void rille_schema_release(rille_schema *s) {
  if (!s || atomic_fetch_sub(&s->references, 1) != 1) return;
  free_schema(s);
}

const char *rille_schema_provider(const rille_schema *s) {
  return rl_provider_name(s->schema->provider);
}

void rille_schema_url(const rille_schema *s, const char **env, const char **text) {
  *env = s->url_env;
  *text = s->url;
}

int32_t rille_schema_model(const rille_schema *s, const char *name, size_t len) {
  const rl_model *m = rl_schema_model(s->schema, rl_str_make(name, len));
  return m && !m->ignored ? (int32_t)m->index : -1;
}

int32_t rille_schema_model_count(const rille_schema *s) {
  return (int32_t)s->schema->model_count;
}

static const rl_model *model_at(const rille_schema *s, int32_t i) {
  return i >= 0 && (size_t)i < s->schema->model_count ? s->schema->models[i] : NULL;
}

const char *rille_schema_model_name(const rille_schema *s, int32_t model) {
  return model_at(s, model) ? s->names[model] : NULL;
}

const char *rille_schema_model_client(const rille_schema *s, int32_t model) {
  const rl_model *m = model_at(s, model);
  return m ? m->client_names[0].p : NULL;
}

const char *rille_schema_model_nearest(const rille_schema *s, const char *name, size_t len) {
  rl_str names[256];
  size_t n = 0;
  for (; n < s->schema->model_count && n < 256; n++) names[n] = s->schema->models[n]->client_names[0];
  rl_str nearest = rl_str_nearest(rl_str_make(name, len), names, n);
  return nearest.len ? nearest.p : NULL;
}

static bool has_key(const char *const *keys, size_t count, rl_str name) {
  for (size_t i = 0; i < count; i++)
    if (rl_str_is(name, keys[i])) return true;
  return false;
}

/* Returns whether the keys have all fields of the target that the relation uses, or its other side. */
static bool is_named_by(const rl_field *f, const char *const *keys, size_t count) {
  const rl_relation *r = f->relation;
  if (!r || (f->opposite && has_key(keys, count, f->opposite->name))) return r != NULL;
  const rl_field **fields = f->holds_key ? r->references : r->fields;
  for (size_t i = 0; i < r->count; i++)
    if (!has_key(keys, count, fields[i]->name)) return false;
  return r->count > 0;
}

const char *rille_schema_relation(const rille_schema *s, int32_t from, int32_t to, const char *const *keys,
                                  size_t count, size_t *len) {
  const rl_model *m = model_at(s, from), *target = model_at(s, to);
  for (size_t i = 0; m && target && i < m->relation_count; i++) {
    const rl_field *f = m->relations[i];
    if (f->target != target || f->ignored || !is_named_by(f, keys, count)) continue;
    *len = f->name.len;
    return f->name.p;
  }
  return NULL;
}

size_t rille_diagnostics_count(const rille_diagnostics *d) {
  return d->list.count;
}

void rille_diagnostics_get(const rille_diagnostics *d, size_t i, rille_diagnostic *out) {
  if (i >= d->list.count) return;
  const rl_diagnostic *x = &d->list.items[i];
  rille_diagnostic full = {.line = x->line,
                           .column = x->column,
                           .end_column = x->end_column,
                           .warning = x->warning,
                           .file = x->file.p,
                           .message = x->message.p,
                           .source_line = x->source_line.p};
  rl_write_struct(out, &full, sizeof full);
}

const char *rille_diagnostics_text(const rille_diagnostics *d) {
  rille_diagnostics *own = (rille_diagnostics *)(uintptr_t)d; /* the text is built when it is first asked for */
  if (own->text.len == 0) rl_diagnostics_write(&own->list, &own->text);
  const char *z = rl_buf_z(&own->text);
  return z ? z : "";
}

void rille_diagnostics_free(rille_diagnostics *d) {
  if (!d) return;
  rl_diagnostics_dispose(&d->list);
  rl_buf_dispose(&d->text);
  rl_free(d);
}

rille_status rille_schema_format(const char *text, size_t len, char **out, size_t *out_len, rille_error **err) {
  rl_error error = {0};
  rl_buf b;
  rl_buf_init(&b);
  rille_status st = rl_schema_format(rl_str_make(text, len), &b, &error);
  return rl_give_text(st, &b, out, out_len, &error, err);
}
