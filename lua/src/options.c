/* Tables of options. lua/rille/options.lua has checked what the application wrote. Here are the limits of the core. */
#include "options.h"

#include <string.h>

/* A value of an option. */
typedef struct option_value {
  lua_State *L;
  const char *what;
  const rl_option *row;
  int at; /* stack index */
} option_value;

RL_NORETURN static int refuse_option(const option_value *p, const char *expected) {
  lua_State *L = p->L;
  const char *got = lua_type(L, p->at) == LUA_TNUMBER ? lua_tostring(L, p->at) : rl_type_name(L, p->at);
  rl_lua_raise(L, "VALIDATION", "%s: %s: expected %s, got %s", p->what, p->row->name, expected, got);
}

static const char *read_string(const option_value *p, size_t *len) {
  if (lua_type(p->L, p->at) != LUA_TSTRING) refuse_option(p, "a string");
  const char *text = lua_tolstring(p->L, p->at, len);
  if (p->row->kind != RL_OPTION_BYTES && memchr(text, 0, *len))
    rl_lua_raise(p->L, "VALIDATION", "%s: %s: cannot contain a zero byte", p->what, p->row->name);
  return text;
}

static int64_t read_integer(const option_value *p) {
  const rl_option *row = p->row;
  lua_Number n = lua_type(p->L, p->at) == LUA_TNUMBER ? lua_tonumber(p->L, p->at) : 0;
  if (lua_type(p->L, p->at) == LUA_TNUMBER && n >= (lua_Number)row->least && n <= (lua_Number)row->most &&
      floor((double)n) == (double)n)
    return (int64_t)n;
  refuse_option(p, lua_pushfstring(p->L, "an integer from %f to %f", (lua_Number)row->least, (lua_Number)row->most));
}

static int64_t read_span(const option_value *p) {
  lua_Number n = lua_type(p->L, p->at) == LUA_TNUMBER ? lua_tonumber(p->L, p->at) : -1;
  if (!(n > 0 && n <= (lua_Number)INT32_MAX)) refuse_option(p, "a number of milliseconds, more than 0");
  return rl_span_ms(n); /* rounded up: 0 would mean the default */
}

/* Returns whether the text is the word, whatever its case and separators. */
static int is_word(const char *text, const char *word) {
  for (;; text++) {
    char c = (char)(*text >= 'A' && *text <= 'Z' ? *text + 32 : *text);
    if (c == '_' || c == ' ' || c == '-') continue;
    while (*word == '_') word++;
    if (c != *word) return 0;
    if (!c) return 1;
    word++;
  }
}

static int32_t read_word(const option_value *p) {
  lua_State *L = p->L;
  luaL_Buffer all;
  if (lua_type(L, p->at) == LUA_TSTRING) {
    for (const rl_option_word *w = p->row->words; w->name; w++)
      if (is_word(lua_tostring(L, p->at), w->name)) return w->value;
  }
  luaL_buffinit(L, &all);
  for (const rl_option_word *w = p->row->words; w->name; w++) {
    if (w != p->row->words) luaL_addstring(&all, w[1].name ? ", " : " or ");
    luaL_addchar(&all, '"');
    luaL_addstring(&all, w->name);
    luaL_addchar(&all, '"');
  }
  luaL_pushresult(&all);
  if (lua_type(L, p->at) != LUA_TSTRING) refuse_option(p, lua_tostring(L, -1));
  rl_lua_raise(L, "VALIDATION", "%s: %s: expected %s, got \"%s\"", p->what, p->row->name, lua_tostring(L, -1),
               lua_tostring(L, p->at));
}

/* Returns an array of the strings. Array and list stay on the stack, and the list keeps the strings alive. */
static const char **read_strings(const option_value *p, size_t *count) {
  lua_State *L = p->L;
  if (!lua_istable(L, p->at)) refuse_option(p, "a list of strings");
  *count = rl_rawlen(L, p->at);
  if (*count > (size_t)p->row->most)
    rl_lua_raise(L, "VALIDATION", "%s: %s: expected at most %d entries, got %d", p->what, p->row->name,
                 (int)p->row->most, (int)*count);
  const char **list = (const char **)rl_new_userdata(L, (*count + 1) * sizeof *list);
  for (size_t i = 0; i < *count; i++) {
    size_t len;
    lua_rawgeti(L, p->at, (int)i + 1);
    const option_value element = {L, p->what, p->row, lua_gettop(L)};
    list[i] = read_string(&element, &len);
    lua_pop(L, 1);
  }
  return *count ? list : NULL;
}

static void read_option(const option_value *p, char *out) {
  const rl_option *row = p->row;
  size_t count = 0;
  int64_t n = 0;
  const void *pointer = NULL;
  switch (row->kind) {
  case RL_OPTION_STRING:
  case RL_OPTION_BYTES: pointer = read_string(p, &count); break;
  case RL_OPTION_STRINGS: pointer = (const void *)read_strings(p, &count); break;
  case RL_OPTION_SCHEMA: pointer = rl_lua_schema_check(p->L, p->at); break;
  case RL_OPTION_FLAG: n = lua_toboolean(p->L, p->at); break;
  case RL_OPTION_INT32:
  case RL_OPTION_INT64: n = read_integer(p); break;
  case RL_OPTION_SPAN: n = read_span(p); break;
  case RL_OPTION_WORD: n = read_word(p); break;
  }
  int32_t small = (int32_t)n;
  if (row->kind == RL_OPTION_INT64 || row->kind == RL_OPTION_SPAN)
    memcpy(out + row->at, &n, sizeof n);
  else if (row->kind == RL_OPTION_FLAG || row->kind == RL_OPTION_INT32 || row->kind == RL_OPTION_WORD)
    memcpy(out + row->at, &small, sizeof small);
  else
    memcpy(out + row->at, &pointer, sizeof pointer);
  if (row->count_at) memcpy(out + row->count_at, &count, sizeof count);
}

void rl_options_read(lua_State *L, int index, const char *what, const rl_option *rows, void *out, size_t size) {
  uint32_t struct_size = (uint32_t)size;
  memset(out, 0, size);
  memcpy(out, &struct_size, sizeof struct_size);
  int given = !lua_isnoneornil(L, index);
  if (given) luaL_checktype(L, index, LUA_TTABLE);
  for (const rl_option *row = rows; row->name; row++) {
    luaL_checkstack(L, LUA_MINSTACK, "to read options");
    if (given)
      lua_getfield(L, index, row->name);
    else
      lua_pushnil(L);
    const option_value p = {L, what, row, lua_gettop(L)};
    if (lua_isnil(L, -1) && row->required) refuse_option(&p, row->kind == RL_OPTION_SCHEMA ? "a schema" : "a string");
    if (!lua_isnil(L, -1)) read_option(&p, (char *)out);
  }
}
