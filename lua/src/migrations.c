/* Migrations, step by step. Lua runs migration.lua between the steps. */
#include <stdlib.h>
#include <string.h>

#include "options.h"

typedef struct rl_lua_shadow {
  rille_shadow *s;
} rl_lua_shadow;

void rl_lua_migrations_borrow(lua_State *L, int owner, rille_migrations *m) {
  rl_lua_migrations *handle = (rl_lua_migrations *)rl_new_userdata(L, sizeof *handle);
  *handle = (rl_lua_migrations){m, 1};
  rl_push_ref(L, RL_REF_MIGRATIONS);
  lua_setmetatable(L, -2);
  rl_get_user(L, owner);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "migrations");
  lua_pop(L, 1);
}

static rille_migrations *migrations_check(lua_State *L) {
  rl_lua_migrations *m = (rl_lua_migrations *)rl_is(L, rl_binding_of(L), 1, RL_REF_MIGRATIONS);
  if (!m || !m->m) rl_lua_raise(L, "VALIDATION", "expected an open migrations handle");
  return m->m;
}

/* core.migrations_open{ url, folder, create, replay, schema } */
static int migrations_open(lua_State *L) {
  static const rl_option rows[] = {{"url", RL_OPTION_STRING, .at = offsetof(rille_migrations_options, url)},
                                   {"folder", RL_OPTION_STRING, .at = offsetof(rille_migrations_options, folder)},
                                   {"create", RL_OPTION_FLAG, .at = offsetof(rille_migrations_options, create)},
                                   {"replay", RL_OPTION_FLAG, .at = offsetof(rille_migrations_options, replay)},
                                   {"schema", RL_OPTION_SCHEMA, .at = offsetof(rille_migrations_options, schema)},
                                   {0}};
  rille_migrations_options options;
  rl_options_read(L, 1, "rille.migrate", rows, &options, sizeof options);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_migrations *m = (rl_lua_migrations *)rl_new_userdata(L, sizeof *m);
  *m = (rl_lua_migrations){NULL, 0};
  rl_push_ref(L, RL_REF_MIGRATIONS);
  lua_setmetatable(L, -2);
  rl_lua_box_check(L, box, rille_migrations_open(&options, &m->m, &box->err));
  return 1;
}

/* core.migrations_close(m): may be called twice. */
static int migrations_close(lua_State *L) {
  rl_lua_migrations *m = (rl_lua_migrations *)rl_is(L, rl_binding_of(L), 1, RL_REF_MIGRATIONS);
  if (m && m->m && !m->borrowed) rille_migrations_free(m->m);
  if (m) m->m = NULL;
  return 0;
}

/* core.migrations_lock(m, milliseconds) */
static int migrations_lock(lua_State *L) {
  rille_migrations *m = migrations_check(L);
  lua_Number wait = luaL_checknumber(L, 2);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_migrations_lock(m, wait > 0 ? (int64_t)wait : 0, &box->err));
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

/* core.migrations_load(m): returns the list, and whether the database has a history. */
static int migrations_load(lua_State *L) {
  rille_migrations *m = migrations_check(L);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_migrations_load(m, &box->err));
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

/* core.migrations_apply(m): all pending migrations are to be applied. */
static int migrations_apply(lua_State *L) {
  rille_migrations *m = migrations_check(L);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_migrations_apply(m, &box->err));
  return 0;
}

/* core.migrations_take_back(m, steps, to or nil): these migrations are to be taken back. */
static int migrations_take_back(lua_State *L) {
  rille_migrations *m = migrations_check(L);
  lua_Number steps = luaL_checknumber(L, 2);
  const char *to = rl_string(L, 3, "to");
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_migrations_take_back(m, (int64_t)steps, to, &box->err));
  return 0;
}

/* core.migrations_next(m): begins the next migration and returns it; nil at the end. */
static int migrations_next(lua_State *L) {
  rille_migrations *m = migrations_check(L);
  rille_migration x = {.struct_size = (uint32_t)sizeof x};
  rl_lua_box *box = rl_lua_box_push(L);
  rille_status st = rille_migrations_next(m, &x, &box->err);
  rl_lua_box_check(L, box, st);
  if (st != RILLE_ROW) return 0;
  push_migration(L, &x);
  return 1;
}

/* core.migrations_evaluate(m): returns a list of { code, message, advice }, and whether the whole folder is applied. */
static int migrations_evaluate(lua_State *L) {
  rille_migrations *m = migrations_check(L);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_migrations_evaluate(m, &box->err));
  size_t count = rille_migrations_problem_count(m);
  rl_new_list(L, (int)count);
  for (size_t i = 0; i < count; i++) {
    rille_migration_problem p = {.struct_size = (uint32_t)sizeof p};
    rille_migrations_problem_at(m, i, &p);
    lua_createtable(L, 0, 3);
    set_text(L, "code", p.code);
    set_text(L, "message", p.message);
    set_text(L, "advice", p.advice);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_pushboolean(L, rille_migrations_is_up_to_date(m));
  return 2;
}

/* core.migrations_pull(m, schema or nil): returns the text of the schema as the current transaction sees it. */
static int migrations_pull(lua_State *L) {
  rille_migrations *m = migrations_check(L);
  const rille_schema *known = lua_isnoneornil(L, 2) ? NULL : rl_lua_schema_check(L, 2);
  size_t len;
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_migrations_pull(m, known, &box->text, &len, &box->err));
  return rl_lua_box_push_text(L, box, len);
}

/* core.migrations_scope(m, client): returns the scope of the current transaction. core.over ends it. */
static int migrations_scope(lua_State *L) {
  rille_migrations *m = migrations_check(L);
  rl_scope *parent = rl_scope_check(L, 2);
  lua_settop(L, 2);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_scope *scope = rl_scope_push(L);
  rl_get_user(L, -1);
  rl_get_user(L, 2);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "parent");
  rl_watcher_inherit(L, scope, parent);
  lua_pushvalue(L, 1);
  lua_setfield(L, -3, "migrations");
  lua_pop(L, 2);
  rl_lua_tx *tx = rl_lua_tx_new(L, box, scope);
  scope->depth = 1;
  scope->keep_nulls = parent->keep_nulls;
  scope->strict = parent->strict;
  scope->client = rille_client_retain(parent->client);
  rl_lua_box_check(L, box, rille_migrations_tx(m, parent->client, &tx->tx, &box->err));
  tx->binding->held++;
  return 1;
}

/* core.migrations_fail(m, message): records the failure and raises. */
static int migrations_fail(lua_State *L) {
  rille_migrations *m = migrations_check(L);
  const char *message = luaL_checkstring(L, 2); /* read to a zero byte: the first line is enough */
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_migrations_fail(m, message, &box->err));
  return 0;
}

/* core.migrations_mark(m, name, applied) */
static int migrations_mark(lua_State *L) {
  rille_migrations *m = migrations_check(L);
  const char *name = rl_string_arg(L, 2, "name");
  int applied = lua_toboolean(L, 3);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_migrations_mark(m, name, applied, &box->err));
  return 0;
}

/* core.migrations_reset(m, schema or nil) */
static int migrations_reset(lua_State *L) {
  rille_migrations *m = migrations_check(L);
  const rille_schema *schema = lua_isnoneornil(L, 2) ? NULL : rl_lua_schema_check(L, 2);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_migrations_reset(m, schema, &box->err));
  return 0;
}

/* core.migrations_checksum(text) */
static int push_checksum(lua_State *L) {
  char digest[65];
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  rille_migrations_checksum(text, len, digest);
  lua_pushstring(L, digest);
  return 1;
}

/* core.cache_triggers{ provider, folder, schema, name, drop }: returns the name of the new migration, or nil. */
static int cache_triggers(lua_State *L) {
  typedef rille_cache_triggers_options all;
  static const rl_option rows[] = {{"provider", RL_OPTION_STRING, .at = offsetof(all, provider)},
                                   {"folder", RL_OPTION_STRING, .at = offsetof(all, folder)},
                                   {"schema", RL_OPTION_SCHEMA, .at = offsetof(all, schema)},
                                   {"name", RL_OPTION_STRING, .at = offsetof(all, name)},
                                   {"drop", RL_OPTION_FLAG, .at = offsetof(all, drop)},
                                   {0}};
  rille_cache_triggers_options options;
  rl_options_read(L, 1, "rille.migrate.cache_triggers", rows, &options, sizeof options);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_cache_triggers(&options, &box->text, &box->err));
  lua_pushstring(L, box->text); /* nil without one */
  rl_lua_box_clear(box);
  return 1;
}

/* core.shadow_open(url, shadow_url or nil): returns the shadow and its URL. */
static int shadow_open(lua_State *L) {
  const char *url = rl_string_arg(L, 1, "url"), *shadow_url = rl_string(L, 2, "shadow_url");
  lua_settop(L, 2);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_shadow *s = (rl_lua_shadow *)rl_new_userdata(L, sizeof *s);
  s->s = NULL;
  rl_push_ref(L, RL_REF_SHADOW);
  lua_setmetatable(L, -2);
  rl_lua_box_check(L, box, rille_shadow_open(url, shadow_url, &s->s, &box->err));
  lua_pushstring(L, rille_shadow_url(s->s));
  return 2;
}

static int shadow_close(lua_State *L) {
  rl_lua_shadow *s = (rl_lua_shadow *)rl_is(L, rl_binding_of(L), 1, RL_REF_SHADOW);
  if (s && s->s) rille_shadow_free(s->s);
  if (s) s->s = NULL;
  return 0;
}

static void set_userdata_type(lua_State *L, int ref, const char *name, lua_CFunction gc) {
  const luaL_Reg meta[] = {{"__gc", gc}, {NULL, NULL}};
  rl_push_ref(L, ref);
  rl_set_functions(L, meta);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}

void rl_lua_migrations_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"migrations_open", migrations_open},
                                       {"migrations_close", migrations_close},
                                       {"migrations_lock", migrations_lock},
                                       {"migrations_load", migrations_load},

                                       {"migrations_apply", migrations_apply},
                                       {"migrations_take_back", migrations_take_back},
                                       {"migrations_next", migrations_next},
                                       {"migrations_evaluate", migrations_evaluate},

                                       {"migrations_pull", migrations_pull},
                                       {"migrations_scope", migrations_scope},

                                       {"migrations_fail", migrations_fail},
                                       {"migrations_mark", migrations_mark},
                                       {"migrations_reset", migrations_reset},

                                       {"migrations_checksum", push_checksum},
                                       {"shadow_open", shadow_open},
                                       {"shadow_close", shadow_close},
                                       {"cache_triggers", cache_triggers},
                                       {NULL, NULL}};
  rl_set_functions(L, functions);
  set_userdata_type(L, RL_REF_MIGRATIONS, "rille.Migrations", migrations_close);
  set_userdata_type(L, RL_REF_SHADOW, "rille.Shadow", shadow_close);
}
