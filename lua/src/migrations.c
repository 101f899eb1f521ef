/* Migrations, step by step: what is done between the steps is decided in Lua. */
#include <stdlib.h>
#include <string.h>

#include "binding.h"

typedef struct rl_migrations {
  rille_migrations *m; /* NULL: closed */
} rl_migrations;

typedef struct rl_shadow {
  rille_shadow *s;
} rl_shadow;

static rille_migrations *check(lua_State *L) {
  rl_migrations *m = (rl_migrations *)rl_is(L, rl_binding_of(L), 1, RL_REF_MIGRATIONS);
  if (!m || !m->m) rl_raise(L, "VALIDATION", "open migrations are wanted");
  return m->m;
}

/* core.migrations_open{ url, folder, create, replay, schema } */
static int open_migrations(lua_State *L) {
  rille_migrations_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = (uint32_t)sizeof options;
  luaL_checktype(L, 1, LUA_TTABLE);
  options.url = rl_option_text(L, "url");
  options.folder = rl_option_text(L, "folder");
  options.create = rl_option_flag(L, "create");
  options.replay = rl_option_flag(L, "replay");
  lua_getfield(L, 1, "schema");
  if (!lua_isnil(L, -1)) options.schema = rl_schema_check(L, lua_gettop(L));
  rl_box *box = rl_box_push(L);
  rl_migrations *m = (rl_migrations *)rl_new_userdata(L, sizeof *m);
  m->m = NULL;
  rl_push_ref(L, RL_REF_MIGRATIONS);
  lua_setmetatable(L, -2);
  rl_box_check(L, box, rille_migrations_open(&options, &m->m, &box->err));
  return 1;
}

/* core.migrations_close(m): again does nothing. */
static int close_migrations(lua_State *L) {
  rl_migrations *m = (rl_migrations *)rl_is(L, rl_binding_of(L), 1, RL_REF_MIGRATIONS);
  if (m && m->m) rille_migrations_free(m->m);
  if (m) m->m = NULL;
  return 0;
}

/* core.migrations_lock(m, milliseconds) */
static int take_lock(lua_State *L) {
  rille_migrations *m = check(L);
  lua_Number wait = luaL_checknumber(L, 2);
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_migrations_lock(m, wait > 0 ? (int64_t)wait : 0, &box->err));
  return 0;
}

static void set_text(lua_State *L, const char *key, const char *text) {
  if (!text) return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, int flag) {
  lua_pushboolean(L, flag);
  lua_setfield(L, -2, key);
}

static void push_migration(lua_State *L, const rille_migration *x) {
  static const char *const states[] = {"pending", "applied", "failed", "rolled_back", "edited", "missing"};
  lua_createtable(L, 0, 12);
  set_text(L, "name", x->name);
  set_text(L, "state", states[x->state]);
  set_text(L, "checksum", x->checksum);
  set_text(L, "recorded", x->recorded);
  set_text(L, "started_at", x->started_at);
  set_text(L, "finished_at", x->finished_at);
  set_text(L, "rolled_back_at", x->rolled_back_at);
  set_text(L, "logs", x->logs);
  set_flag(L, "has_script", x->has_script);
  set_flag(L, "has_down", x->has_down);
  set_flag(L, "has_lua", x->has_lua);
  set_flag(L, "has_schema", x->has_schema);
  lua_pushinteger(L, (lua_Integer)x->steps);
  lua_setfield(L, -2, "steps");
}

/* core.migrations_load(m): the list, and whether there is a history. */
static int load(lua_State *L) {
  rille_migrations *m = check(L);
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_migrations_load(m, &box->err));
  size_t count = rille_migrations_count(m);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    rille_migration x;
    memset(&x, 0, sizeof x);
    x.struct_size = (uint32_t)sizeof x;
    rille_migrations_get(m, i, &x);
    push_migration(L, &x);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_pushboolean(L, rille_migrations_has_history(m));
  return 2;
}

static int check_provider(lua_State *L) {
  rille_migrations *m = check(L);
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_migrations_check_provider(m, &box->err));
  return 0;
}

static int has_tables(lua_State *L) {
  rille_migrations *m = check(L);
  int32_t some = 0;
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_migrations_has_tables(m, &some, &box->err));
  lua_pushboolean(L, some);
  return 1;
}

static int prepare(lua_State *L) {
  rille_migrations *m = check(L);
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_migrations_prepare(m, &box->err));
  return 0;
}

/* core.migrations_begin(m, name, down) */
static int begin(lua_State *L) {
  rille_migrations *m = check(L);
  const char *name = rl_ztext_arg(L, 2, "name");
  int down = lua_toboolean(L, 3);
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_migrations_begin(m, name, down, &box->err));
  return 0;
}

/* core.migrations_pull(m, schema or nil): the schema's text as the transaction under way sees it. */
static int pull(lua_State *L) {
  rille_migrations *m = check(L);
  const rille_schema *known = lua_isnoneornil(L, 2) ? NULL : rl_schema_check(L, 2);
  size_t len;
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_migrations_pull(m, known, &box->text, &len, &box->err));
  return rl_box_push_text(L, box, len);
}

/* core.migrations_scope(m, client): the scope of the transaction under way; core.over ends it. */
static int scope_of(lua_State *L) {
  rille_migrations *m = check(L);
  rl_scope *parent = rl_scope_check(L, 2);
  lua_settop(L, 2);
  rl_box *box = rl_box_push(L);
  rl_scope *scope = rl_scope_push(L);
  rl_get_user(L, -1);
  rl_get_user(L, 2);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "parent");
  rl_watcher_inherit(L, scope, parent);
  lua_pushvalue(L, 1);
  lua_setfield(L, -3, "migrations");
  lua_pop(L, 2);
  rl_tx *tx = rl_tx_make(L, box, scope);
  scope->depth = 1;
  scope->keep_nulls = parent->keep_nulls;
  scope->client = rille_client_retain(parent->client);
  rl_box_check(L, box, rille_migrations_tx(m, parent->client, &tx->tx, &box->err));
  tx->binding->held++;
  return 1;
}

static int finish(lua_State *L) {
  rille_migrations *m = check(L);
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_migrations_finish(m, &box->err));
  return 0;
}

/* core.migrations_fail(m, message): raises. */
static int fail(lua_State *L) {
  rille_migrations *m = check(L);
  const char *message = luaL_checkstring(L, 2); /* of an error: its first line says enough */
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_migrations_fail(m, message, &box->err));
  return 0;
}

/* core.migrations_mark(m, name, applied) */
static int mark(lua_State *L) {
  rille_migrations *m = check(L);
  const char *name = rl_ztext_arg(L, 2, "name");
  int applied = lua_toboolean(L, 3);
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_migrations_mark(m, name, applied, &box->err));
  return 0;
}

/* core.migrations_reset(m, schema or nil) */
static int reset(lua_State *L) {
  rille_migrations *m = check(L);
  const rille_schema *schema = lua_isnoneornil(L, 2) ? NULL : rl_schema_check(L, 2);
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_migrations_reset(m, schema, &box->err));
  return 0;
}

/* core.migrations_write(folder, name or nil, file, text) */
static int write_file(lua_State *L) {
  size_t len;
  const char *folder = rl_ztext_arg(L, 1, "folder"), *name = rl_ztext(L, 2, "name");
  const char *file = rl_ztext_arg(L, 3, "file");
  const char *text = luaL_checklstring(L, 4, &len);
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_migrations_write(folder, name, file, text, len, &box->err));
  return 0;
}

/* core.migrations_checksum(text) */
static int checksum(lua_State *L) {
  char digest[65];
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  rille_migrations_checksum(text, len, digest);
  lua_pushstring(L, digest);
  return 1;
}

/* ------------------------------------------------------------------ differences */

static const rille_schema *schema_field(lua_State *L, const char *key) {
  lua_getfield(L, 1, key);
  return lua_isnil(L, -1) ? NULL : rl_schema_check(L, lua_gettop(L));
}

/* A text of the table at the top, which keeps it alive. */
static const char *part_of(lua_State *L, const char *key) {
  lua_getfield(L, -1, key);
  const char *text = rl_ztext(L, -1, key);
  lua_pop(L, 1);
  return text;
}

static void read_renames(lua_State *L, rille_diff_options *options) {
  lua_getfield(L, 1, "renames");
  if (!lua_istable(L, -1)) return;
  size_t count = rl_rawlen(L, -1);
  rille_rename *all = (rille_rename *)rl_new_userdata(L, (count + 1) * sizeof *all);
  memset(all, 0, (count + 1) * sizeof *all);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, -2, (int)i + 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    all[i].struct_size = (uint32_t)sizeof all[i];
    all[i].what = part_of(L, "what");
    all[i].table = part_of(L, "table");
    all[i].from = part_of(L, "from");
    all[i].to = part_of(L, "to");
    lua_pop(L, 1);
  }
  options->renames = all;
  options->rename_count = count;
}

static void push_guesses(lua_State *L, const rille_diff *d) {
  size_t count = rille_diff_guess_count(d);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    rille_rename r;
    memset(&r, 0, sizeof r);
    r.struct_size = (uint32_t)sizeof r;
    rille_diff_guess_get(d, i, &r);
    lua_createtable(L, 0, 4);
    set_text(L, "what", r.what);
    set_text(L, "table", *r.table ? r.table : NULL);
    set_text(L, "from", r.from);
    set_text(L, "to", r.to);
    lua_rawseti(L, -2, (int)i + 1);
  }
}

static void push_comparison(lua_State *L, const rille_diff *d) {
  size_t warnings = rille_diff_warning_count(d), steps = rille_diff_step_count(d);
  lua_createtable(L, 0, 5);
  lua_pushinteger(L, (lua_Integer)steps);
  lua_setfield(L, -2, "steps");
  set_text(L, "script", rille_diff_script(d));
  set_flag(L, "blocked", rille_diff_is_blocked(d));
  rl_new_list(L, (int)warnings);
  for (size_t i = 0; i < warnings; i++) {
    rille_diff_warning w = {.struct_size = (uint32_t)sizeof w};
    rille_diff_warning_at(d, i, &w);
    lua_pushstring(L, w.text);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "warnings");
  push_guesses(L, d);
  lua_setfield(L, -2, "guesses");
}

/* core.compare{ from_schema, from_url, to_schema, to_url, names, renames, mirror, past, count_url }:
 * { steps = number, script, warnings, blocked, guesses } */
static int compare(lua_State *L) {
  rille_diff_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = (uint32_t)sizeof options;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  options.from_schema = schema_field(L, "from_schema");
  options.from_url = rl_option_text(L, "from_url");
  options.to_schema = schema_field(L, "to_schema");
  options.to_url = rl_option_text(L, "to_url");
  options.names = schema_field(L, "names");
  options.mirror = rl_option_flag(L, "mirror");
  options.past = rl_option_text(L, "past");
  const char *count_url = rl_option_text(L, "count_url");
  read_renames(L, &options);
  rl_box *box = rl_box_push(L);
  rl_box_check(L, box, rille_diff_open(&options, &box->diff, &box->err));
  if (count_url) rl_box_check(L, box, rille_diff_count_rows(box->diff, count_url, &box->err));
  push_comparison(L, box->diff);
  rl_box_clear(box);
  return 1;
}

/* core.shadow_open(url, shadow_url or nil): the shadow, and its URL. */
static int open_shadow(lua_State *L) {
  const char *url = rl_ztext_arg(L, 1, "url"), *shadow_url = rl_ztext(L, 2, "shadow_url");
  lua_settop(L, 2);
  rl_box *box = rl_box_push(L);
  rl_shadow *s = (rl_shadow *)rl_new_userdata(L, sizeof *s);
  s->s = NULL;
  rl_push_ref(L, RL_REF_SHADOW);
  lua_setmetatable(L, -2);
  rl_box_check(L, box, rille_shadow_open(url, shadow_url, &s->s, &box->err));
  lua_pushstring(L, rille_shadow_url(s->s));
  return 2;
}

static int close_shadow(lua_State *L) {
  rl_shadow *s = (rl_shadow *)rl_is(L, rl_binding_of(L), 1, RL_REF_SHADOW);
  if (s && s->s) rille_shadow_free(s->s);
  if (s) s->s = NULL;
  return 0;
}

static void set_type(lua_State *L, int ref, const char *name, lua_CFunction gc) {
  const luaL_Reg meta[] = {{"__gc", gc}, {NULL, NULL}};
  rl_push_ref(L, ref);
  rl_set_functions(L, meta);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}

void rl_migrations_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"migrations_open", open_migrations},
                                       {"migrations_close", close_migrations},
                                       {"migrations_lock", take_lock},
                                       {"migrations_load", load},
                                       {"migrations_check", check_provider},
                                       {"migrations_has_tables", has_tables},
                                       {"migrations_prepare", prepare},
                                       {"migrations_begin", begin},
                                       {"migrations_pull", pull},
                                       {"migrations_scope", scope_of},
                                       {"migrations_finish", finish},
                                       {"migrations_fail", fail},
                                       {"migrations_mark", mark},
                                       {"migrations_reset", reset},
                                       {"migrations_write", write_file},
                                       {"migrations_checksum", checksum},
                                       {"compare", compare},
                                       {"shadow_open", open_shadow},
                                       {"shadow_close", close_shadow},
                                       {NULL, NULL}};
  rl_set_functions(L, functions);
  set_type(L, RL_REF_MIGRATIONS, "rille.Migrations", close_migrations);
  set_type(L, RL_REF_SHADOW, "rille.Shadow", close_shadow);
}
