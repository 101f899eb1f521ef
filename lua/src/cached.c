/* The argument `cache` of reads: { ttl = 60, stale = 300, tags = { "posts" }, auto = false }. */
#include <string.h>

#include "binding.h"

#define TAGS_MAX 100

/* Where a value of the table is: "cache.ttl". */
static void cached_refuse(lua_State *L, const char *name, const char *expected, int index) RL_NORETURN;
static void cached_refuse(lua_State *L, const char *name, const char *expected, int index) {
  const char *got = lua_type(L, index) == LUA_TNUMBER ? lua_tostring(L, index) : rl_type_name(L, index);
  rl_lua_raise(L, "VALIDATION", "cache%s%s: expected %s, got %s", *name ? "." : "", name, expected, got);
  for (;;) {}
}

/* The value at the top: seconds, as milliseconds. */
static int64_t read_seconds(lua_State *L, const char *name, int or_zero) {
  int is_number = lua_type(L, -1) == LUA_TNUMBER;
  double seconds = is_number ? (double)lua_tonumber(L, -1) : -1;
  if (or_zero && is_number && seconds == 0) return 0;
  if (!(seconds > 0))
    cached_refuse(L, name, or_zero ? "a number of seconds, 0 or more" : "a number of seconds, more than 0", -1);
  return rl_span_ms((lua_Number)(seconds * 1000));
}

/* The strings are those of the table. */
static size_t read_tags(lua_State *L, const char **tags) {
  if (!lua_istable(L, -1)) cached_refuse(L, "tags", "a list of strings, as in { \"posts\" }", -1);
  size_t count = rl_rawlen(L, -1);
  if (count > TAGS_MAX)
    rl_lua_raise(L, "VALIDATION", "cache.tags: expected at most %d tags, got %d", TAGS_MAX, (int)count);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, -1, (int)i + 1);
    char name[32];
    snprintf(name, sizeof name, "tags[%d]", (int)i + 1);
    if (lua_type(L, -1) != LUA_TSTRING || rl_rawlen(L, -1) == 0)
      cached_refuse(L, name, "a string that is not empty", -1);
    tags[i] = rl_string(L, -1, "cache.tags");
    lua_pop(L, 1);
  }
  return count;
}

static void read_member(lua_State *L, rille_cached *how, const char **tags, const char *name) {
  if (strcmp(name, "ttl") == 0) {
    how->ttl_ms = read_seconds(L, name, 0);
  } else if (strcmp(name, "stale") == 0) {
    how->stale_ms = read_seconds(L, name, 1);
  } else if (strcmp(name, "tags") == 0) {
    how->tag_count = read_tags(L, tags);
  } else if (strcmp(name, "auto") == 0) {
    if (lua_type(L, -1) != LUA_TBOOLEAN) cached_refuse(L, name, "a boolean", -1);
    how->by_ttl_only = !lua_toboolean(L, -1);
  } else {
    rl_lua_raise(L, "VALIDATION", "cache.%s: there is no such option; there are `ttl`, `stale`, `tags` and `auto`",
                 name);
  }
}

void rl_cached_take(lua_State *L, rl_answer *out) {
  const char *tags[TAGS_MAX];
  rille_cached how = {.struct_size = (uint32_t)sizeof how, .tags = tags};
  if (lua_type(L, -1) == LUA_TBOOLEAN && !lua_toboolean(L, -1)) return; /* `cache = hot and { ttl = 1 }` */
  if (!lua_istable(L, -1)) cached_refuse(L, "", "a table, as in { ttl = 60 }", -1);
  rl_check_stack(L, 8);
  int table = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) rl_lua_raise(L, "VALIDATION", "cache: expected a table, as in { ttl = 60 }");
    read_member(L, &how, tags, lua_tostring(L, -2));
  }
  if (!how.ttl_ms)
    rl_lua_raise(L, "VALIDATION",
                 "cache.ttl: missing; expected a number of seconds for which the answer may be given, more than 0");
  out->cached = 1;
  if (out->op && rille_op_set_cached(out->op->core, &how, &out->op->err) < 0) {
    rl_push_error(L, out->op->err);
    lua_error(L);
  }
}
