/* What the caller has said of caching, before a read. */
#include "base/alloc.h"
#include "run/cached.h"

rl_request *rl_request_new(void) {
  rl_request *r = rl_calloc(1, sizeof *r);
  rl_cache *memo = r ? rl_cache_new_private(&(rl_cache_limits){0, 0}) : NULL;
  if (!memo) {
    rl_free(r);
    return NULL;
  }
  r->memo = memo;
  return r;
}

void rl_request_free(rl_request *r) {
  if (!r) return;
  if (rl_cache_own(&r->memo)) rl_cache_release(r->memo);
  rl_free(r);
}

rl_cache *rl_request_memo(rl_request *r) {
  return rl_cache_own(&r->memo) ? r->memo : NULL;
}

static rl_cached *get(rl_op *op) {
  if (!op->cached) op->cached = rl_calloc(1, sizeof *op->cached);
  return op->cached;
}

/* Makes room for what the operation belongs to. To belong to nothing needs none. */
static rille_status prepare(rl_op *op, const void *owner, rl_error *err) {
  return !owner || get(op) ? RILLE_OK : rl_fail_nomem(err);
}

rille_status rl_op_set_cached(rl_op *op, const rl_cached_given *given, rl_error *err) {
  rl_cached *c = get(op);
  if (!c) return rl_fail_nomem(err);
  rille_status st = rl_cached_how_set(&c->how, given, err);
  c->wanted = st == RILLE_OK;
  return st;
}

rille_status rl_op_set_request(rl_op *op, rl_request *r, rl_error *err) {
  rille_status st = prepare(op, r, err);
  if (op->cached) op->cached->request = r;
  return st;
}

rille_status rl_op_set_computation(rl_op *op, rl_computation *computation, rl_error *err) {
  rille_status st = prepare(op, computation, err);
  if (op->cached) op->cached->computation = computation;
  return st;
}
