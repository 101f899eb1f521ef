/* Opening the cache of a client, and its part of keys. */
#include "run/answers.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "run/shared.h"

/* Changes with the bytes of entries and with what keys consist of. */
#define FORMAT 2

/* ------------------------------------------------------------------ texts that name something */

/* Appends a part so that two lists of parts have the same bytes only if they are the same. */
static void put_part(rl_buf *out, rl_str part) {
  uint64_t len = part.p ? part.len : UINT64_MAX; /* an absent part is not an empty one */
  rl_buf_put(out, &len, sizeof len);
  if (part.len) rl_buf_put(out, part.p, part.len);
}

static void put_text(rl_buf *out, const char *z) {
  put_part(out, z ? rl_str_of(z) : (rl_str){0});
}

void rl_database_name(rl_buf *out, const rl_conn_options *o, const rl_pool *pool) {
  put_text(out, rl_provider_name(o->driver->provider));
  if (o->memory) {
    uint64_t serial = rl_pool_serial(pool); /* another pool may get the same address */
    rl_buf_put(out, &serial, sizeof serial);
  } else if (o->address) {
    put_text(out, o->address);
    put_text(out, o->database);
    put_text(out, o->origin);
  } else {
    put_text(out, o->conninfo);
  }
}

static int compare_texts(const void *a, const void *b) {
  return rl_str_cmp(*(const rl_str *)a, *(const rl_str *)b);
}

static void write_own_key(rl_buf *out, const rl_client *c, const rl_client_settings *s, rl_str *omit) {
  const rl_conn_options *o = rl_pool_conn_options(c->pool);
  uint64_t facts[] = {FORMAT, c->schema->hash, c->schema->source.len, s->strict_where, o->unixepoch_ms};
  rl_buf_put(out, facts, sizeof facts);
  put_part(out, c->database);
  if (rl_shared_is_wanted(s->cache)) rl_shared_write_place(out, o);
  put_text(out, o->user);
  put_text(out, o->search_path);
  put_text(out, o->parameters); /* such as `options`, which may set the role */
  for (size_t i = 0; i < s->omit_count; i++) omit[i] = s->omit[i];
  if (s->omit_count) qsort(omit, s->omit_count, sizeof *omit, compare_texts);
  for (size_t i = 0; i < s->omit_count; i++) put_part(out, omit[i]);
}

/* Writes a text and keeps it in the client's arena. */
static rille_status keep_text(rl_client *c, rl_buf *text, rl_str *out, rl_error *err) {
  if (!text->failed) *out = rl_arena_str(&c->arena, rl_buf_view(text));
  rl_buf_reset(text);
  return out->p ? RILLE_OK : rl_fail_nomem(err);
}

static rille_status name_client(rl_client *c, const rl_client_settings *s, rl_error *err) {
  rl_buf text;
  rl_buf_init(&text);
  rl_str *omit = RL_NEW_ARRAY(&c->arena, rl_str, s->omit_count + 1);
  rl_database_name(&text, rl_pool_conn_options(c->pool), c->pool);
  rille_status st = omit ? keep_text(c, &text, &c->database, err) : rl_fail_nomem(err);
  if (st == RILLE_OK) {
    write_own_key(&text, c, s, omit);
    st = keep_text(c, &text, &c->own_key, err);
  }
  rl_buf_dispose(&text);
  return st;
}

/* ------------------------------------------------------------------ opening and closing */

static rille_status check_settings(const rl_cache_settings *s, const rl_client *c, rl_error *err) {
  if (s->limits.max_bytes < 0 || s->limits.max_entry < 0)
    return rl_fail(err, RL_VALIDATION, "cache: sizes cannot be negative");
  if (!s->listen_url.len) return RILLE_OK;
  const rl_driver *driver = NULL;
  rille_status st = rl_driver_of_url(s->listen_url, &driver, err);
  if (st != RILLE_OK) return st;
  if (driver != c->driver || !driver->notifications)
    return rl_fail(err, RL_VALIDATION, "cache.listen_url: expected a URL of a database that has LISTEN, as `url` is");
  return RILLE_OK;
}

rille_status rl_answers_open(rl_client *c, const rl_client_settings *settings, rl_error *err) {
  const rl_cache_settings *s = settings->cache;
  rille_status st = name_client(c, settings, err);
  if (st == RILLE_OK && s) st = check_settings(s, c, err);
  if (st != RILLE_OK) return st;
  rl_cache *answers = rl_cache_of_database(c->database);
  if (!answers) return rl_fail_nomem(err);
  c->answers = answers;
  if (!s) return RILLE_OK;
  if (s->listen_url.len) c->listen_url = rl_str_of(rl_arena_strdup(&c->arena, s->listen_url));
  if (s->listen_url.len && !c->listen_url.p) return rl_fail_nomem(err);
  c->caches = true;
  if (rl_shared_is_wanted(s)) st = rl_shared_open(c, s, answers, err);
  if (st != RILLE_OK) return st;
  return rl_cache_activate(answers, &s->limits) ? RILLE_OK : rl_fail_nomem(err);
}

void rl_answers_close(rl_client *c) {
  if (c->answers) rl_cache_release(c->answers);
  rl_remote_release(c->remote);
  c->answers = NULL;
  c->remote = NULL;
}

rl_cache *rl_client_answers(rl_client *c) {
  rl_client *root = rl_client_root(c);
  return rl_cache_own(&root->answers) ? root->answers : NULL;
}

bool rl_client_same_database(const rl_client *a, const rl_client *b) {
  const rl_client *x = a->root ? a->root : a, *y = b->root ? b->root : b;
  return a->pool == b->pool || rl_str_eq(x->database, y->database);
}

/* ------------------------------------------------------------------ keys */

static int compare_settings(const void *a, const void *b) {
  return rl_str_cmp(((const rl_setting *)a)->name, ((const rl_setting *)b)->name);
}

/* Writes the traits that change answers. Time limits, comments and traces do not. */
static bool write_traits(rl_buf *out, const rl_client_traits *t) {
  uint64_t facts[] = {t->primary, t->session_count, t->scope != NULL};
  rl_buf_put(out, facts, sizeof facts);
  put_part(out, t->extension);
  if (t->scope) put_part(out, t->scope->shape);
  if (t->scope) rl_pack_values(out, t->scope->values, t->scope->value_count);
  size_t size = t->session_count * sizeof(rl_setting);
  if (!size) return true;
  rl_setting *sorted = rl_alloc(size);
  if (!sorted) return false;
  memcpy(sorted, t->session, size);
  qsort(sorted, t->session_count, sizeof *sorted, compare_settings);
  for (size_t i = 0; i < t->session_count; i++) {
    put_part(out, sorted[i].name);
    put_part(out, sorted[i].value);
  }
  rl_free(sorted);
  return true;
}

static bool make_key(rl_client *c, char out[RL_CLIENT_KEY]) {
  rl_buf text;
  rl_buf_init(&text);
  bool good = write_traits(&text, &c->traits) && !text.failed;
  rl_str parts[] = {rl_client_root(c)->own_key, rl_buf_view(&text)};
  if (good) rl_sha256(parts, 2, out);
  rl_buf_dispose(&text);
  return good;
}

enum { KEY_NONE, KEY_BEING_SET, KEY_SET };

/* A derived client is cheap, so its key is made when it is needed. Several threads may make it; one of them keeps it.
 */
bool rl_client_key(rl_client *c, char out[RL_CLIENT_KEY]) {
  if (atomic_load_explicit(&c->key_state, memory_order_acquire) == KEY_SET) {
    memcpy(out, c->key, RL_CLIENT_KEY);
    return true;
  }
  if (!make_key(c, out)) return false;
  int seen = KEY_NONE;
  if (!atomic_compare_exchange_strong(&c->key_state, &seen, KEY_BEING_SET)) return true;
  memcpy(c->key, out, RL_CLIENT_KEY);
  atomic_store_explicit(&c->key_state, KEY_SET, memory_order_release);
  return true;
}
