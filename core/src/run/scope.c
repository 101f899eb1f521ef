/* Scopes of clients: written once, checked once for each shape, appended to the tape of each call. */
#include "run/scope.h"

#include "base/alloc.h"
#include "base/fork_lock.h"
#include "query/query.h"

#define KNOWN 64

typedef struct known_scope {
  uint64_t hash;
  char *shape; /* owned; NULL: free */
  size_t len;
} known_scope;

struct rl_scopes {
  rl_fork_lock lock;
  known_scope known[KNOWN];
  size_t next;
};

rille_status rl_scopes_new(rl_scopes **out, rl_error *err) {
  rl_scopes *s = *out = rl_calloc(1, sizeof *s);
  if (!s) return rl_fail_nomem(err);
  rl_fork_lock_init(&s->lock);
  return RILLE_OK;
}

void rl_scopes_free(rl_scopes *s) {
  if (!s) return;
  for (size_t i = 0; i < KNOWN; i++) rl_free(s->known[i].shape);
  rl_fork_lock_dispose(&s->lock);
  rl_free(s);
}

static bool is_known(rl_scopes *s, uint64_t hash, rl_str shape) {
  bool found = false;
  rl_fork_lock_take(&s->lock);
  for (size_t i = 0; i < KNOWN && !found; i++) {
    const known_scope *k = &s->known[i];
    found = k->shape && k->hash == hash && rl_str_eq(rl_str_make(k->shape, k->len), shape);
  }
  rl_fork_lock_give(&s->lock);
  return found;
}

/* The oldest one is forgotten. Without memory, it is only checked again. */
static void remember(rl_scopes *s, uint64_t hash, rl_str shape) {
  char *copy = rl_alloc(shape.len ? shape.len : 1);
  if (!copy) return;
  memcpy(copy, shape.p, shape.len);
  rl_fork_lock_take(&s->lock);
  known_scope *k = &s->known[s->next++ % KNOWN];
  char *old = k->shape;
  *k = (known_scope){hash, copy, shape.len};
  rl_fork_lock_give(&s->lock);
  rl_free(old);
}

/* A tape without arguments, and the layer behind them, as rl_check_scope expects it. */
static rille_status check_layer(const rl_schema *schema, const rl_tape_suffix *layer, rl_error *err) {
  rl_tape t;
  rl_arena arena;
  rl_arg_tree *tree = NULL;
  rl_tape_init(&t);
  rl_arena_init(&arena, 0);
  rl_tape_open_object(&t);
  rl_tape_close_object(&t);
  rille_status st = rl_tape_end(&t, err);
  if (st == RILLE_OK) st = rl_tape_append(&t, layer, err);
  if (st == RILLE_OK) st = rl_arg_tree_read(&t, &arena, &tree, err);
  if (st == RILLE_OK) st = rl_check_scope(schema, tree, &arena, err);
  rl_arena_dispose(&arena);
  rl_tape_dispose(&t);
  return st;
}

rille_status rl_scope_make(rl_scopes *s, const rl_schema *schema, const rl_scope_given *given,
                           const rl_tape_suffix *from, rl_arena *arena, const rl_tape_suffix **out, rl_error *err) {
  rl_str own;
  for (size_t i = 0; i < given->except_count; i++)
    if (given->except[i].len > UINT16_MAX) return rl_fail(err, RL_VALIDATION, "except: a name is too long");
  *out = rl_tape_suffix_new(given->scope, RL_STR("scope"), RL_STR("except"), given->except, given->except_count, from,
                            arena, &own);
  if (!*out) return rl_fail_nomem(err);
  uint64_t hash = rl_hash(own.p, own.len, 0);
  if (is_known(s, hash, own)) return RILLE_OK;
  size_t before = from ? from->value_count : 0;
  rl_tape_suffix layer = {own, (*out)->values + before, (*out)->value_count - before};
  rille_status st = check_layer(schema, &layer, err);
  if (st == RILLE_OK) remember(s, hash, own);
  return st;
}
