/* Rejects decoded tables where the query language is expected. JSON and forms come from outside: as a condition, an
 * operator or a nested write, they would let their sender write the query. */
#include "query/bind.h"

const char *rl_decoded_text(rl_decoded from) {
  return from == RL_DECODED_FORM ? "a decoded form" : "decoded JSON";
}

/* Returns the outermost decoded table that is not a value, or NULL. */
static const rl_arg *find_decoded(const rl_binder *b, const rl_arg *arg) {
  if (arg->is_data) return NULL;
  if (arg->decoded) return arg;
  if (arg->kind == RL_ARG_LIST && !arg->expanded)
    return arg->count && rl_tape_has_decoded(b->tree->tape, arg->shape_at) ? arg : NULL;
  if (arg->kind != RL_ARG_OBJECT && arg->kind != RL_ARG_LIST) return NULL;
  for (size_t i = 0; i < arg->count; i++) {
    const rl_arg *found = find_decoded(b, &arg->children[i]);
    if (found) return found;
  }
  return NULL;
}

/* Returns what the query language expects here, for messages. */
static const char *meaning_of(const rl_arg *arg) {
  static const rl_word conditions[] = {{"where", 0}, {"cursor", 0}, {"having", 0}, {"scope", 0}};
  static const rl_word data[] = {{"data", 0}, {"create", 0}, {"update", 0}};
  if (!arg->parent) return "a table of arguments";
  while (arg->parent->parent) arg = arg->parent;
  if (rl_word_id(conditions, RL_COUNT_OF(conditions), arg->key) >= 0) return "a condition";
  return rl_word_id(data, RL_COUNT_OF(data), arg->key) >= 0 ? "data" : "an argument";
}

static bool is_within(rl_str path, rl_str outer) {
  return rl_str_starts(path, outer) &&
         (path.len == outer.len || !outer.len || path.p[outer.len] == '.' || path.p[outer.len] == '[');
}

rille_status rl_refuse_decoded(rl_binder *b, rille_status bound) {
  return rl_refuse_decoded_in(b, b->tree->root, bound);
}

rille_status rl_refuse_decoded_in(rl_binder *b, const rl_arg *within, rille_status bound) {
  if (bound != RILLE_OK && bound != RILLE_ERROR) return bound;
  const rl_arg *arg = find_decoded(b, within);
  if (!arg) return bound;
  if (bound == RILLE_ERROR) {
    if (!is_within(rl_error_get(b->err, "path"), rl_arg_path(b->arena, arg))) return bound;
    rl_error_clear(b->err);
  }
  rl_decoded from = arg->decoded ? arg->decoded : rl_tape_has_decoded(b->tree->tape, arg->shape_at);
  return rl_bad(b, arg, NULL, "%s is not %s; use input(), or rille.trust()", rl_decoded_text(from), meaning_of(arg));
}
