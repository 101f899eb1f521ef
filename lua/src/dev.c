/* The steps of rille.migrate.dev. The core makes the decisions. */
#include <string.h>

#include "options.h"

typedef struct rl_lua_dev {
  rille_dev *d; /* NULL: closed */
} rl_lua_dev;

static rille_dev *dev_check(lua_State *L) {
  rl_lua_dev *d = (rl_lua_dev *)rl_is(L, rl_binding_of(L), 1, RL_REF_DEV);
  if (!d || !d->d) rl_lua_raise(L, "VALIDATION", "expected an open dev handle");
  return d->d;
}

static void set_string(lua_State *L, const char *key, const char *text) {
  lua_pushstring(L, text); /* NULL pushes nil, which sets nothing */
  lua_setfield(L, -2, key);
}

/* core.dev_open{ schema, url, folder, shadow_url, name, lock_wait, asks, create_only, data, accept_data_loss, no_down }
 */
static int dev_open(lua_State *L) {
  static const rl_option rows[] = {
      {"schema", RL_OPTION_SCHEMA, .at = offsetof(rille_dev_options, schema), .required = 1},
      {"url", RL_OPTION_STRING, .at = offsetof(rille_dev_options, url)},
      {"folder", RL_OPTION_STRING, .at = offsetof(rille_dev_options, folder)},
      {"shadow_url", RL_OPTION_STRING, .at = offsetof(rille_dev_options, shadow_url)},
      {"name", RL_OPTION_STRING, .at = offsetof(rille_dev_options, name)},
      {"lock_wait", RL_OPTION_INT64, .at = offsetof(rille_dev_options, lock_wait_ms), .most = (int64_t)RL_EXACT_DOUBLE},
      {"asks", RL_OPTION_FLAG, .at = offsetof(rille_dev_options, asks)},
      {"create_only", RL_OPTION_FLAG, .at = offsetof(rille_dev_options, create_only)},
      {"data", RL_OPTION_FLAG, .at = offsetof(rille_dev_options, data)},
      {"accept_data_loss", RL_OPTION_FLAG, .at = offsetof(rille_dev_options, accept_data_loss)},
      {"no_down", RL_OPTION_FLAG, .at = offsetof(rille_dev_options, no_down)},
      {0}};
  rille_dev_options o;
  lua_settop(L, 1);
  rl_options_read(L, 1, "rille.migrate.dev", rows, &o, sizeof o);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_dev *d = (rl_lua_dev *)rl_new_userdata(L, sizeof *d);
  d->d = NULL;
  rl_push_ref(L, RL_REF_DEV);
  lua_setmetatable(L, -2);
  lua_newtable(L);
  lua_getfield(L, 1, "schema");
  lua_setfield(L, -2, "schema"); /* the handle borrows it */
  rl_set_user(L, -2);
  rl_lua_box_check(L, box, rille_dev_open(&o, &d->d, &box->err));
  return 1;
}

/* Invalidates the migrations handle that was returned with the last step. */
static void dev_forget_migrations(lua_State *L) {
  rl_get_user(L, 1);
  lua_getfield(L, -1, "migrations");
  rl_lua_migrations *m = (rl_lua_migrations *)rl_is(L, rl_binding_of(L), lua_gettop(L), RL_REF_MIGRATIONS);
  if (m) m->m = NULL;
  lua_pop(L, 2);
}

static void dev_set_reasons(lua_State *L, const rille_dev *d, size_t count) {
  rl_new_list(L, (int)count);
  for (size_t i = 0; i < count; i++) {
    rille_dev_reason r = {.struct_size = (uint32_t)sizeof r};
    rille_dev_reason_at(d, i, &r);
    lua_pushstring(L, r.text);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "reasons");
}

static void dev_set_warnings(lua_State *L, const rille_dev *d, size_t count) {
  rl_new_list(L, (int)count);
  for (size_t i = 0; i < count; i++) {
    rille_diff_warning w = {.struct_size = (uint32_t)sizeof w};
    rille_dev_warning_at(d, i, &w);
    lua_pushstring(L, w.text);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, "warnings");
}

static void dev_push_step(lua_State *L, rille_dev *d, const rille_dev_step *step) {
  static const char *const kinds[] = {[RILLE_DEV_MIGRATION] = "migration",
                                      [RILLE_DEV_ASK_RESET] = "reset",
                                      [RILLE_DEV_ASK_RENAME] = "rename",
                                      [RILLE_DEV_ASK_DATA_LOSS] = "data_loss",
                                      [RILLE_DEV_ASK_NAME] = "name"};
  lua_createtable(L, 0, 5);
  set_string(L, "kind", kinds[step->kind]);
  if (step->kind == RILLE_DEV_ASK_RESET) dev_set_reasons(L, d, step->count);
  if (step->kind == RILLE_DEV_ASK_DATA_LOSS) dev_set_warnings(L, d, step->count);
  if (step->kind == RILLE_DEV_ASK_RENAME) {
    set_string(L, "what", step->what);
    set_string(L, "table", *step->table ? step->table : NULL);
    set_string(L, "from", step->from);
    set_string(L, "to", step->to);
  }
  if (step->kind != RILLE_DEV_MIGRATION) return;
  set_string(L, "name", step->migration);
  lua_pushboolean(L, step->has_lua);
  lua_setfield(L, -2, "has_lua");
  lua_pushboolean(L, step->has_schema);
  lua_setfield(L, -2, "has_schema");
  rl_lua_migrations_borrow(L, 1, rille_dev_migrations(d));
  lua_setfield(L, -2, "migrations");
}

/* core.dev_next(dev): returns a question, or { kind = "migration", name, has_lua, has_schema, migrations }; nil at the
 * end. */
static int dev_next(lua_State *L) {
  rille_dev *d = dev_check(L);
  rille_dev_step step = {.struct_size = (uint32_t)sizeof step};
  lua_settop(L, 1);
  dev_forget_migrations(L);
  rl_lua_box *box = rl_lua_box_push(L);
  rille_status st = rille_dev_next(d, &step, &box->err);
  rl_lua_box_check(L, box, st);
  if (st != RILLE_ROW) return 0;
  dev_push_step(L, d, &step);
  return 1;
}

/* core.dev_answer(dev, yes, name or nil) */
static int dev_answer(lua_State *L) {
  rille_dev *d = dev_check(L);
  int yes = lua_toboolean(L, 2);
  const char *name = rl_string(L, 3, "name");
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box, rille_dev_answer(d, yes, name, &box->err));
  return 0;
}

static void set_string_list(lua_State *L, const char *key, const char *const *items, size_t count) {
  rl_new_list(L, (int)count);
  for (size_t i = 0; i < count; i++) {
    lua_pushstring(L, items[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  lua_setfield(L, -2, key);
}

/* core.dev_result(dev): { applied, created, warnings, irreversible, up_to_date } */
static int dev_result(lua_State *L) {
  rille_dev *d = dev_check(L);
  rille_dev_result r = {.struct_size = (uint32_t)sizeof r};
  rille_dev_result_get(d, &r);
  lua_createtable(L, 0, 5);
  set_string_list(L, "applied", r.applied, r.applied_count);
  set_string_list(L, "irreversible", r.irreversible, r.irreversible_count);
  dev_set_warnings(L, d, r.warning_count);
  set_string(L, "created", r.created);
  lua_pushboolean(L, r.up_to_date);
  lua_setfield(L, -2, "up_to_date");
  return 1;
}

/* core.dev_close(dev): may be called twice. */
static int dev_close(lua_State *L) {
  rl_lua_dev *d = (rl_lua_dev *)rl_is(L, rl_binding_of(L), 1, RL_REF_DEV);
  if (!d || !d->d) return 0;
  lua_settop(L, 1);
  dev_forget_migrations(L);
  rille_dev_free(d->d);
  d->d = NULL;
  return 0;
}

/* The user value may be freed already, so it is not used. */
static int dev_gc(lua_State *L) {
  rl_lua_dev *d = (rl_lua_dev *)lua_touserdata(L, 1);
  if (d) rille_dev_free(d->d);
  if (d) d->d = NULL;
  return 0;
}

void rl_lua_dev_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"dev_open", dev_open},     {"dev_next", dev_next},   {"dev_answer", dev_answer},
                                       {"dev_result", dev_result}, {"dev_close", dev_close}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", dev_gc}, {NULL, NULL}};
  rl_set_functions(L, functions);
  rl_push_ref(L, RL_REF_DEV);
  rl_set_functions(L, meta);
  lua_pushliteral(L, "rille.Dev");
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}
