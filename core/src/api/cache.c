/* The public functions of the cache: cached reads, computations, requests, figures. */
#include "api/handle.h"
#include "run/answers.h"
#include "run/cached.h"
#include "run/shared.h"

/* ------------------------------------------------------------------ reads */

static rille_status read_how(const rille_cached *from, rl_cached_given *out, rl_error *err) {
  rille_cached o;
  rille_status st = rl_read_options(&o, sizeof o, from, sizeof o, "rille_cached", err);
  if (st != RILLE_OK) return st;
  *out = (rl_cached_given){o.ttl_ms, o.stale_ms, o.by_ttl_only != 0, o.tags, o.tag_count};
  return RILLE_OK;
}

rille_status rille_op_set_cached(rille_op *op, const rille_cached *how, rille_error **err) {
  rl_error error = {0};
  rl_cached_given given;
  rille_status st = read_how(how, &given, &error);
  if (st == RILLE_OK) st = rl_op_set_cached(&op->op, &given, &error);
  return rl_box(st, &error, err);
}

/* ------------------------------------------------------------------ computations */

/* The handle is the computation itself. */
static rl_computation *computation_of(rille_computation *c) {
  return (rl_computation *)c;
}

static rille_status read_computation(const rille_computation_options *from, rl_computation_options *out,
                                     rl_cached_given *how, rl_error *err) {
  rille_computation_options o;
  rille_status st = rl_read_options(&o, sizeof o, from, sizeof o, "rille_computation_options", err);
  if (st == RILLE_OK) st = read_how(o.how, how, err);
  if (st != RILLE_OK) return st;
  if (!o.key) return rl_fail(err, RL_VALIDATION, "key: missing");
  *out = (rl_computation_options){.key = rl_str_make(o.key, o.key_len),
                                  .label = rl_str_of(o.label),
                                  .paths = o.paths,
                                  .path_count = o.path_count,
                                  .how = how,
                                  .blocking = o.blocking != 0,
                                  .within = computation_of(o.within)};
  return RILLE_OK;
}

rille_status rille_computation_new(rille_client *c, const rille_computation_options *options, rille_computation **out,
                                   rille_error **err) {
  rl_error error = {0};
  rl_computation_options o;
  rl_cached_given how;
  rl_computation *computation = NULL;
  rille_status st = read_computation(options, &o, &how, &error);
  if (st == RILLE_OK) st = rl_computation_new(c->client, &o, &computation, &error);
  if (st == RILLE_OK) *out = (rille_computation *)computation;
  return rl_box(st, &error, err);
}

rille_status rille_computation_next(rille_computation *c, rille_error **err) {
  rl_error error = {0};
  rille_status st = rl_computation_next(computation_of(c), &error);
  return rl_box(st, &error, err);
}

void rille_computation_wait(const rille_computation *c, rille_wait *out) {
  rl_write_wait(rl_computation_wait((const rl_computation *)c), out);
}

void rille_computation_value(const rille_computation *c, const char **value, size_t *len) {
  rl_str text = rl_computation_value((const rl_computation *)c);
  *value = text.p ? text.p : "";
  *len = text.len;
}

rille_status rille_op_set_computation(rille_op *op, rille_computation *c, rille_error **err) {
  rl_error error = {0};
  return rl_box(rl_op_set_computation(&op->op, computation_of(c), &error), &error, err);
}

void rille_computation_land(rille_computation *c, const char *value, size_t len) {
  rl_computation_land(computation_of(c), rl_str_make(value, len));
}

/* RL_CODE_NONE: it is no code of rille. */
static rl_code code_named(const char *name) {
  for (int code = RL_CODE_NONE + 1; name && code < RL_CODE_COUNT; code++)
    if (strcmp(rl_code_name((rl_code)code), name) == 0) return (rl_code)code;
  return RL_CODE_NONE;
}

void rille_computation_fail(rille_computation *c, const char *code, const char *message) {
  rl_error err = {0};
  rl_code known = code_named(code);
  if (known != RL_CODE_NONE) rl_fail(&err, known, "%s", message ? message : "");
  rl_computation_fail(computation_of(c), known != RL_CODE_NONE ? &err : NULL);
  rl_error_clear(&err);
}

void rille_computation_free(rille_computation *c) {
  rl_computation_free(computation_of(c));
}

/* ------------------------------------------------------------------ requests */

rille_request *rille_request_new(void) {
  return (rille_request *)rl_request_new();
}

void rille_request_free(rille_request *r) {
  rl_request_free((rl_request *)r);
}

/* Without memory for it, the operation does not look in the memo. That is right, and only slower. */
void rille_op_set_request(rille_op *op, rille_request *r) {
  (void)rl_op_set_request(&op->op, (rl_request *)r, NULL);
}

/* ------------------------------------------------------------------ figures */

static void write_stats(const rl_cache_figures *n, rille_cache_stats *out) {
  rille_cache_stats full = {.hits = n->hits,
                            .misses = n->misses,
                            .stale_hits = n->stale_hits,
                            .waits = n->waits,
                            .kept = n->kept,
                            .refused = n->refused,
                            .entries = n->entries,
                            .bytes = n->bytes,
                            .evictions = n->evictions};
  rl_write_struct(out, &full, sizeof full);
}

static rl_cache *cache_of(const rille_client *c) {
  return rl_client_caches(c->client) ? rl_client_answers(c->client) : NULL;
}

void rille_client_cache_stats(const rille_client *c, rille_cache_stats *out) {
  rl_cache_figures n = {0};
  rl_cache *answers = cache_of(c);
  if (answers) rl_cache_count(answers, &n);
  write_stats(&n, out);
}

int rille_client_cache_label(const rille_client *c, uint32_t index, const char **name, size_t *len,
                             rille_cache_stats *out) {
  rl_cache_figures n = {0};
  rl_cache *answers = cache_of(c);
  rl_str label = {0};
  bool exists = answers && rl_cache_count_label(answers, index, &label, &n);
  *name = label.p ? label.p : "";
  *len = label.len;
  write_stats(&n, out);
  return exists;
}

rille_status rille_client_cache_clear(rille_client *c, rille_error **err) {
  rl_error error = {0};
  rl_cache *answers = cache_of(c);
  if (!answers) return rl_box(rl_fail(&error, RL_VALIDATION, "the client has no cache"), &error, err);
  return rl_box(rl_shared_clear(answers, &error), &error, err);
}

rille_status rille_cache_survey(const char *store, const char *prefix, int clears, rille_cache_survey_result *out,
                                rille_error **err) {
  rl_error error = {0};
  rl_survey_figures n = {0};
  rille_status st = store ? rl_shared_survey(rl_str_of(store), rl_str_of(prefix ? prefix : ""), clears, &n, &error)
                          : rl_fail(&error, RL_VALIDATION, "store: expected the URL of a Redis server, got NULL");
  rille_cache_survey_result full = {.partial = n.partial,
                                    .entries = n.entries,
                                    .bytes = n.bytes,
                                    .stamps = n.stamps,
                                    .marks = n.marks,
                                    .computing = n.computing,
                                    .outdated = n.outdated,
                                    .removed = n.removed,
                                    .memory = n.memory,
                                    .max_memory = n.max_memory};
  if (st == RILLE_OK) rl_write_struct(out, &full, sizeof full);
  return rl_box(st, &error, err);
}
