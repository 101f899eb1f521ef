/* Schemas: opening, checking, formatting, pushing, comparing and pulling. */
#include <string.h>

#include "options.h"

#define SCHEMAS_MAX 10000

typedef struct rl_lua_schema {
  rille_schema *schema;
} rl_lua_schema;

rille_schema *rl_lua_schema_check(lua_State *L, int index) {
  rl_lua_schema *s = (rl_lua_schema *)rl_is(L, rl_binding_of(L), index, RL_REF_SCHEMA);
  if (!s || !s->schema) rl_lua_raise(L, "VALIDATION", "expected a schema, got %s", rl_type_name(L, index));
  return s->schema;
}

static void set_number(lua_State *L, const char *key, int32_t n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}

static void set_string(lua_State *L, const char *key, const char *text) {
  lua_pushstring(L, text); /* NULL pushes nil, which sets nothing */
  lua_setfield(L, -2, key);
}

/* Pushes a list of { line, column, end_column, message, file, source_line,
 * warning }. */
static void push_diagnostics(lua_State *L, const rille_diagnostics *d) {
  size_t count = d ? rille_diagnostics_count(d) : 0;
  rl_new_list(L, (int)count);
  for (size_t i = 0; i < count; i++) {
    rille_diagnostic one;
    memset(&one, 0, sizeof one);
    one.struct_size = (uint32_t)sizeof one;
    rille_diagnostics_get(d, i, &one);
    lua_createtable(L, 0, 7);
    set_number(L, "line", one.line);
    set_number(L, "column", one.column);
    set_number(L, "end_column", one.end_column);
    set_string(L, "file", one.file);
    set_string(L, "message", one.message);
    set_string(L, "source_line", one.source_line);
    lua_pushboolean(L, one.warning);
    lua_setfield(L, -2, "warning");
    lua_rawseti(L, -2, (int)i + 1);
  }
}

/* Pushes the schema on success. On failure box has error and diagnostics. */
static rille_status open_schema_options(lua_State *L, const rille_schema_options *options, rl_lua_box *box) {
  rl_lua_schema *s = (rl_lua_schema *)rl_new_userdata(L, sizeof *s);
  s->schema = NULL;
  rl_push_ref(L, RL_REF_SCHEMA);
  lua_setmetatable(L, -2);
  return rille_schema_open(options, &s->schema, &box->diagnostics, &box->err);
}

/* core.schema{ path, text, url }: returns the schema. e.diagnostics has all its errors, e.details the same with source
 * lines. */
static int open_schema(lua_State *L) {
  static const rl_option rows[] = {{"path", RL_OPTION_STRING, .at = offsetof(rille_schema_options, path)},
                                   {"text", RL_OPTION_BYTES, .at = offsetof(rille_schema_options, text),
                                    .count_at = offsetof(rille_schema_options, text_len)},
                                   {"url", RL_OPTION_STRING, .at = offsetof(rille_schema_options, url)},
                                   {0}};
  rille_schema_options options;
  rl_options_read(L, 1, "schema", rows, &options, sizeof options);
  rl_lua_box *box = rl_lua_box_push(L);
  if (open_schema_options(L, &options, box) >= 0) return 1;
  rl_push_error(L, box->err);
  if (box->diagnostics) {
    push_diagnostics(L, box->diagnostics);
    lua_setfield(L, -2, "diagnostics");
    set_string(L, "details", rille_diagnostics_text(box->diagnostics));
  }
  rl_lua_box_clear(box);
  return lua_error(L);
}

/* core.schema_url(schema): returns the name of the variable in url = env("..."), and the literal URL. */
static int schema_url(lua_State *L) {
  const char *env = NULL, *text = NULL;
  rille_schema_url(rl_lua_schema_check(L, 1), &env, &text);
  lua_pushstring(L, env);
  lua_pushstring(L, text);
  return 2;
}

static int schema_provider(lua_State *L) {
  lua_pushstring(L, rille_schema_provider(rl_lua_schema_check(L, 1)));
  return 1;
}

/* core.schema_model(schema, name): returns the snake_case name of the model, or nil and the nearest name. */
static int schema_model(lua_State *L) {
  rille_schema *s = rl_lua_schema_check(L, 1);
  size_t len;
  const char *name = luaL_checklstring(L, 2, &len);
  int32_t number = rille_schema_model(s, name, len);
  lua_pushstring(L, number >= 0 ? rille_schema_model_client(s, number) : NULL);
  lua_pushstring(L, number >= 0 ? NULL : rille_schema_model_nearest(s, name, len));
  return 2;
}

/* core.schema_sql(schema, provider): returns what push would run on an empty database. */
static int schema_sql(lua_State *L) {
  rille_schema *s = rl_lua_schema_check(L, 1);
  const char *name = luaL_checkstring(L, 2);
  size_t len;
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_schema_sql(s, name, &box->text, &len, &box->err));
  return rl_lua_box_push_text(L, box, len);
}

/* core.validate(text): returns true, or nil and the diagnostics. */
static int validate_schema(lua_State *L) {
  rille_schema_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = (uint32_t)sizeof options;
  options.text = luaL_checklstring(L, 1, &options.text_len);
  rl_lua_box *box = rl_lua_box_push(L);
  if (open_schema_options(L, &options, box) >= 0) {
    lua_pushboolean(L, 1);
    return 1;
  }
  if (!box->diagnostics) rl_lua_box_throw(L, box);
  lua_pushnil(L);
  push_diagnostics(L, box->diagnostics);
  rl_lua_box_clear(box);
  return 2;
}

static int format_schema(lua_State *L) {
  size_t len, out_len;
  const char *text = luaL_checklstring(L, 1, &len);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_schema_format(text, len, &box->text, &out_len, &box->err));
  return rl_lua_box_push_text(L, box, out_len);
}

/* core.push{ schema, url, reset, accept_data_loss } */
static int push_database(lua_State *L) {
  static const rl_option rows[] = {
      {"schema", RL_OPTION_SCHEMA, .at = offsetof(rille_push_options, schema), .required = 1},
      {"url", RL_OPTION_STRING, .at = offsetof(rille_push_options, url)},
      {"reset", RL_OPTION_FLAG, .at = offsetof(rille_push_options, reset)},
      {"accept_data_loss", RL_OPTION_FLAG, .at = offsetof(rille_push_options, accept_data_loss)},
      {0}};
  rille_push_options options;
  rl_options_read(L, 1, "rille.push", rows, &options, sizeof options);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_push(&options, &box->err));
  return 0;
}

/* Pushes the changes of a step as a list of { kind, name, text }, and their texts as lines. */
static void push_changes(lua_State *L, const rille_diff *d, size_t step, size_t count) {
  luaL_Buffer lines;
  lua_createtable(L, (int)count, 0);
  luaL_buffinit(L, &lines);
  for (size_t i = 0; i < count; i++) {
    rille_diff_change change = {.struct_size = (uint32_t)sizeof change};
    rille_diff_change_at(d, step, i, &change);
    if (i) luaL_addchar(&lines, '\n');
    luaL_addstring(&lines, change.text);
  }
  luaL_pushresult(&lines);
  for (size_t i = 0; i < count; i++) {
    rille_diff_change change = {.struct_size = (uint32_t)sizeof change};
    rille_diff_change_at(d, step, i, &change);
    lua_createtable(L, 0, 3);
    set_string(L, "kind", change.name);
    set_string(L, "name", *change.subject ? change.subject : NULL);
    set_string(L, "text", change.text);
    lua_rawseti(L, -3, (int)i + 1);
  }
}

/* Puts { kind, table, column, subject, items, rows, blocks, text } into the list at the top. */
static void append_warning(lua_State *L, const rille_diff_warning *w, int at) {
  lua_createtable(L, 0, 8);
  set_string(L, "kind", w->name);
  set_string(L, "table", *w->table ? w->table : NULL);
  set_string(L, "column", *w->column ? w->column : NULL);
  set_string(L, "subject", *w->subject ? w->subject : NULL);
  set_string(L, "text", w->text);
  if (w->rows >= 0) {
    lua_pushinteger(L, (lua_Integer)w->rows);
    lua_setfield(L, -2, "rows");
  }
  lua_pushboolean(L, w->blocks);
  lua_setfield(L, -2, "blocks");
  if (w->item_count) {
    lua_createtable(L, (int)w->item_count, 0);
    for (size_t i = 0; i < w->item_count; i++) {
      lua_pushstring(L, w->items[i]);
      lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "items");
  }
  lua_rawseti(L, -2, at);
}

/* Sets in the list of steps at the top: `warnings` as texts, `facts.warnings` as tables. */
static void set_warnings(lua_State *L, const rille_diff *d) {
  int count = (int)rille_diff_warning_count(d), list = lua_gettop(L);
  rl_new_list(L, count);
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    rille_diff_warning w = {.struct_size = (uint32_t)sizeof w};
    rille_diff_warning_at(d, (size_t)i, &w);
    append_warning(L, &w, i + 1);
    lua_pushstring(L, w.text);
    lua_rawseti(L, -3, i + 1);
  }
  lua_getfield(L, list, "facts");
  lua_insert(L, -2);
  lua_setfield(L, -2, "warnings");
  lua_pop(L, 1);
  lua_setfield(L, list, "warnings");
}

static void push_steps(lua_State *L, const rille_diff *d) {
  size_t count = rille_diff_step_count(d);
  lua_createtable(L, (int)count, 2);
  lua_createtable(L, 0, 2); /* facts */
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    rille_diff_step step = {.struct_size = (uint32_t)sizeof step};
    rille_diff_step_at(d, i, &step);
    lua_createtable(L, 0, 4);
    set_string(L, "kind", step.name);
    set_string(L, "subject", step.subject);
    set_string(L, "sql", step.sql);
    push_changes(L, d, i, step.change_count);
    lua_setfield(L, -3, "changes");
    lua_rawseti(L, -3, (int)i + 1);
    lua_rawseti(L, -4, (int)i + 1);
  }
  lua_setfield(L, -2, "changes");
  lua_setfield(L, -2, "facts");
  set_warnings(L, d);
}

/* core.diff{ from_schema, from_url, to_schema, to_url, script }: returns the script, or the list of steps. */
static int push_diff(lua_State *L) {
  static const rl_option rows[] = {{"from_schema", RL_OPTION_SCHEMA, .at = offsetof(rille_diff_options, from_schema)},
                                   {"from_url", RL_OPTION_STRING, .at = offsetof(rille_diff_options, from_url)},
                                   {"to_schema", RL_OPTION_SCHEMA, .at = offsetof(rille_diff_options, to_schema)},
                                   {"to_url", RL_OPTION_STRING, .at = offsetof(rille_diff_options, to_url)},
                                   {0}};
  rille_diff_options options;
  rl_options_read(L, 1, "rille.migrate.diff", rows, &options, sizeof options);
  lua_getfield(L, 1, "script");
  int script = lua_toboolean(L, -1);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_diff_open(&options, &box->diff, &box->err));
  if (script)
    lua_pushstring(L, rille_diff_script(box->diff));
  else
    push_steps(L, box->diff);
  rl_lua_box_clear(box);
  return 1;
}

/* core.pull{ url, schema, schemas, by_file }: returns the schema of the database as text. by_file: see
 * rille_pull_options. */
static int pull_schema(lua_State *L) {
  static const rl_option rows[] = {{"schema", RL_OPTION_SCHEMA, .at = offsetof(rille_pull_options, schema)},
                                   {"url", RL_OPTION_STRING, .at = offsetof(rille_pull_options, url)},
                                   {"by_file", RL_OPTION_FLAG, .at = offsetof(rille_pull_options, by_file)},
                                   {"schemas", RL_OPTION_STRINGS, .at = offsetof(rille_pull_options, schemas),
                                    .count_at = offsetof(rille_pull_options, schema_count), .most = SCHEMAS_MAX},
                                   {0}};
  rille_pull_options options;
  rl_options_read(L, 1, "rille.pull", rows, &options, sizeof options);
  rl_lua_box *box = rl_lua_box_push(L);
  size_t len;
  rl_lua_box_check(L, box, rille_pull(&options, &box->text, &len, &box->err));
  return rl_lua_box_push_text(L, box, len);
}

/* core.url_shown(url): returns the URL without secrets. */
static int url_shown(lua_State *L) {
  size_t len;
  const char *url = rl_string_arg(L, 1, "url");
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_url_shown(url, &box->text, &len, &box->err));
  return rl_lua_box_push_text(L, box, len);
}

/* core.url_provider(url): returns "postgresql", "sqlite", or nil. */
static int url_provider(lua_State *L) {
  lua_pushstring(L, rille_url_provider(rl_string_arg(L, 1, "url")));
  return 1;
}

/* core.url_file(url): returns the path of an SQLite database, or nil. */
static int url_file(lua_State *L) {
  size_t len;
  const char *url = rl_string_arg(L, 1, "url");
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_url_file(url, &box->text, &len, &box->err));
  return box->text ? rl_lua_box_push_text(L, box, len) : 0;
}

static int schema_gc(lua_State *L) {
  rl_lua_schema *s = (rl_lua_schema *)rl_is(L, rl_binding_of(L), 1, RL_REF_SCHEMA);
  if (s && s->schema) rille_schema_release(s->schema);
  if (s) s->schema = NULL;
  return 0;
}

void rl_lua_schema_setup(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", schema_gc}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"schema", open_schema},
                                       {"schema_url", schema_url},
                                       {"schema_provider", schema_provider},
                                       {"schema_model", schema_model},
                                       {"schema_sql", schema_sql},
                                       {"validate", validate_schema},
                                       {"format", format_schema},
                                       {"push", push_database},
                                       {"diff", push_diff},
                                       {"pull", pull_schema},
                                       {"url_shown", url_shown},
                                       {"url_provider", url_provider},
                                       {"url_file", url_file},
                                       {NULL, NULL}};
  rl_set_functions(L, functions);
  rl_push_ref(L, RL_REF_SCHEMA);
  rl_set_functions(L, meta);
  lua_pushliteral(L, "rille.Schema");
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}
