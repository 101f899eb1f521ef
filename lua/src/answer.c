/* Results as JSON text: `as = "json"` in the arguments of a call, and the text that the core has written. */
#include <string.h>

#include "binding.h"

/* The buffers of a longer text are not kept for the next call. */
#define TEXT_KEPT 131072u

static void answer_refuse(lua_State *L, const char *key, const char *expected) RL_NORETURN;
static void answer_refuse(lua_State *L, const char *key, const char *expected) {
  if (lua_type(L, -1) == LUA_TSTRING)
    rl_lua_raise(L, "VALIDATION", "%s: expected %s, got \"%s\"", key, expected, lua_tostring(L, -1));
  rl_lua_raise(L, "VALIDATION", "%s: expected %s, got %s", key, expected, rl_type_name(L, -1));
  for (;;) {}
}

static int answer_is_word(lua_State *L, const char *word) {
  size_t len;
  if (lua_type(L, -1) != LUA_TSTRING) return 0;
  const char *text = lua_tolstring(L, -1, &len);
  return len == strlen(word) && memcmp(text, word, len) == 0;
}

int rl_answer_take(lua_State *L, rl_answer *out, const char *key, size_t len) {
  if (len == 2 && memcmp(key, "as", len) == 0) {
    if (!answer_is_word(L, "json")) answer_refuse(L, key, "\"json\"");
    out->json = 1;
    return 1;
  }
  if (len == 6 && memcmp(key, "bigint", len) == 0) {
    int as_text = answer_is_word(L, "string");
    if (!as_text && !answer_is_word(L, "number")) answer_refuse(L, key, "\"number\" or \"string\"");
    out->bigint = 1;
    if (as_text) out->how |= RILLE_JSON_BIGINT_TEXT;
    return 1;
  }
  if (len == 5 && key[0] == 'c' && memcmp(key, "cache", len) == 0) {
    rl_cached_take(L, out);
    return 1;
  }
  return 0;
}

void rl_answer_check(lua_State *L, const rl_answer *answer, rille_action action) {
  rille_action_info info;
  if (answer->cached && rl_action_at(action, &info) && info.writes)
    rl_lua_raise(L, "VALIDATION", "cache: cannot be used here; %s writes", info.name);
  int counts = (answer->json || answer->bigint) && rl_action_at(action, &info) && info.result == RILLE_RESULT_COUNT;
  if (counts)
    rl_lua_raise(L, "VALIDATION", "%s: cannot be used here; %s returns no rows", answer->json ? "as" : "bigint",
                 info.name);
  if (answer->bigint && !answer->json) rl_lua_raise(L, "VALIDATION", "bigint: only together with `as = \"json\"`");
}

void rl_answer_apply(const rl_lua_op *op, const rl_scope *scope, const rl_answer *answer) {
  if (answer->json) rille_op_set_json(op->core, answer->how | (scope->keep_nulls ? RILLE_JSON_NULLS : 0));
}

int rl_answer_push(lua_State *L, rl_lua_op *op) {
  const char *text;
  size_t len;
  if (rille_op_json(op->core, &text, &len, &op->err) < 0) return -1;
  lua_pushlstring(L, text, len);
  if (len > TEXT_KEPT && !op->stream && rille_op_parts(op->core) == 1) rille_op_reset(op->core);
  return 0;
}
