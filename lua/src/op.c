/* The methods of models: walk the arguments, start the operation, build its result. */
#include <string.h>

#include "binding.h"

static const struct {
  const char *name;
  rille_action action;
} actions[] = {{"find_unique", RILLE_FIND_UNIQUE},
               {"find_unique_or_throw", RILLE_FIND_UNIQUE_OR_THROW},
               {"find_first", RILLE_FIND_FIRST},
               {"find_first_or_throw", RILLE_FIND_FIRST_OR_THROW},
               {"find_many", RILLE_FIND_MANY},
               {"create", RILLE_CREATE},
               {"create_many", RILLE_CREATE_MANY},
               {"create_many_and_return", RILLE_CREATE_MANY_AND_RETURN},
               {"update", RILLE_UPDATE},
               {"update_many", RILLE_UPDATE_MANY},
               {"update_many_and_return", RILLE_UPDATE_MANY_AND_RETURN},
               {"upsert", RILLE_UPSERT},
               {"upsert_many", RILLE_UPSERT_MANY},
               {"delete", RILLE_DELETE},
               {"delete_many", RILLE_DELETE_MANY},
               {"count", RILLE_COUNT},
               {"aggregate", RILLE_AGGREGATE},
               {"group_by", RILLE_GROUP_BY},
               {"exists", RILLE_EXISTS}};

#define ACTION_COUNT (sizeof actions / sizeof *actions)

/* A tape that one huge call has blown up is not kept. */
#define TOKENS_KEPT 100000u

static rl_model *check_model(lua_State *L, rl_binding *b, const char *method) {
  rl_model *m = (rl_model *)rl_is(L, b, 1, RL_REF_MODEL);
  if (!m)
    rl_raise(L, "VALIDATION", "%s is a method: call it with a colon, as in db.user:%s{ ... }, not with a dot", method,
             method);
  rl_scope_must_be_open(L, m->scope);
  return m;
}

static void check_args(lua_State *L, const char *method) {
  lua_settop(L, 2);
  if (lua_istable(L, 2) || lua_isnil(L, 2)) return;
  rl_raise(L, "VALIDATION", "%s takes a table of arguments, as in %s{ where = { ... } }, and got a %s", method, method,
           luaL_typename(L, 2));
}

/* Returns how many tokens were written. */
static size_t write_args(lua_State *L, rl_binding *b, rl_slot *slot, int flags) {
  if (lua_istable(L, 2)) return rl_walk(L, b, slot->tape, 2, flags);
  rille_tape_open_object(slot->tape);
  rille_tape_close_object(slot->tape);
  return 0;
}

/* A slot without a tape is not used again: take makes a new one. */
static void trim(rl_slot *slot) {
  rille_op_reset(slot->op);
  rille_tape_free(slot->tape);
  slot->tape = rille_tape_new();
}

static int method(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  size_t number = (size_t)lua_tointeger(L, lua_upvalueindex(3));
  const char *name = actions[number].name;
  rl_model *m = check_model(L, b, name);
  check_args(L, name);
  rl_slot *slot = rl_slot_take(L, m->scope, 1);
  size_t tokens = write_args(L, b, slot, RL_WALK_ARGS);
  rl_slot_begin(slot, m->scope);
  rille_status status =
      rille_op_model(slot->op, rl_slot_tx(slot), m->model, actions[number].action, slot->tape, &slot->err);
  if (status < 0 || rl_push_result(L, b, slot) < 0) rl_slot_throw(L, m->scope, slot, 3);
  if (tokens > TOKENS_KEPT) trim(slot);
  rl_slot_give(L, m->scope, slot, 3);
  return 1;
}

static rille_action check_action(lua_State *L, int index) {
  const char *name = luaL_checkstring(L, index);
  for (size_t i = 0; i < ACTION_COUNT; i++)
    if (strcmp(actions[i].name, name) == 0) return actions[i].action;
  rl_raise(L, "VALIDATION", "there is no method `%s` to explain", name);
}

/* Starts without running. Stack: model, arguments; then anchors and slot. */
static rl_slot *start(lua_State *L, rl_binding *b, rl_model *m, rille_action action, int flags) {
  rl_slot *slot = rl_slot_take(L, m->scope, 1);
  write_args(L, b, slot, flags);
  rl_slot_begin(slot, m->scope);
  if (rille_op_model(slot->op, rl_slot_tx(slot), m->model, action, slot->tape, &slot->err) < 0)
    rl_slot_throw(L, m->scope, slot, 3);
  return slot;
}

/* core.explain(model, args, action): the SQL, one statement a line. */
static int explain(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  rl_model *m = check_model(L, b, "explain");
  rille_action action = check_action(L, 3);
  check_args(L, "explain");
  size_t len;
  rl_slot *slot = start(L, b, m, action, RL_WALK_ARGS);
  if (rille_op_explain(slot->op, &slot->text, &len, &slot->err) < 0) rl_slot_throw(L, m->scope, slot, 3);
  lua_pushlstring(L, slot->text, len);
  rl_slot_stop(slot);
  rl_slot_give(L, m->scope, slot, 3);
  return 1;
}

/* core.check(model, args, action): raises what the call would raise before anything is sent. */
static int check(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  rl_model *m = check_model(L, b, "validate");
  rille_action action = check_action(L, 3);
  check_args(L, "validate");
  rl_slot *slot = start(L, b, m, action, RL_WALK_ARGS);
  rl_slot_stop(slot);
  rl_slot_give(L, m->scope, slot, 3);
  return 0;
}

/* The iterator of a stream. Upvalues: binding, references, model, slot. */
static int stream_next(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  rl_slot *slot = (rl_slot *)lua_touserdata(L, lua_upvalueindex(4));
  if (!slot->running) return 0;
  rille_status status = rl_push_next(L, b, slot);
  if (status == RILLE_ROW) return 1;
  if (status < 0) rl_push_error(L, slot->err);
  rl_slot_stop(slot);
  if (status < 0) lua_error(L);
  return 0;
}

#define STREAMS_MIN 4

/* A loop left by `break` keeps its connection until it is collected, where the Lua has no __close; and its few bytes
 * move no collector. */
static void count_stream(lua_State *L, rl_binding *b, rl_slot *slot) {
  if (b->streams >= STREAMS_MIN && b->streams >= b->stream_limit) {
    lua_gc(L, LUA_GCCOLLECT, 0);
    b->stream_limit = 2 * b->streams;
  }
  slot->stream = b;
  b->streams++;
}

/* core.stream(model, args): iterator, nil, nil, closer; or nothing when the result has more than one node and does not
 * stream. */
static int stream(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  rl_model *m = check_model(L, b, "each");
  check_args(L, "each");
  const rille_node *nodes;
  uint32_t count = 0;
  rl_slot *slot = start(L, b, m, RILLE_FIND_MANY, RL_WALK_ARGS | RL_WALK_COPY);
  rille_op_shape(slot->op, &nodes, &count);
  if (count > 1) {
    rl_slot_stop(slot);
    rl_slot_give(L, m->scope, slot, 3);
    return 0;
  }
  count_stream(L, b, slot);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 4);
  lua_pushcclosure(L, stream_next, 4);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushvalue(L, 4);
  return 4;
}

static int model_text(lua_State *L) {
  rl_model *m = (rl_model *)rl_is(L, rl_binding_of(L), 1, RL_REF_MODEL);
  const char *name = NULL;
  if (m && m->scope->client) name = rille_schema_model_name(rille_client_schema(m->scope->client), m->model);
  lua_pushfstring(L, "rille.Model(%s)", name ? name : "closed");
  return 1;
}

/* core.model_name(model): as the schema writes it. */
static int model_name(lua_State *L) {
  rl_model *m = check_model(L, rl_binding_of(L), "this");
  lua_pushstring(L, rille_schema_model_name(rille_client_schema(m->scope->client), m->model));
  return 1;
}

static void set_methods(lua_State *L) {
  for (size_t i = 0; i < ACTION_COUNT; i++) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushinteger(L, (lua_Integer)i);
    lua_pushcclosure(L, method, 3);
    lua_setfield(L, -2, actions[i].name);
  }
}

void rl_op_setup(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"explain", explain}, {"check", check}, {"stream", stream}, {"model_name", model_name}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", model_text}, {NULL, NULL}};
  rl_set_functions(L, functions);
  rl_push_ref(L, RL_REF_METHODS);
  set_methods(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "methods");
  rl_push_ref(L, RL_REF_MODEL);
  rl_set_functions(L, meta);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "rille.Model");
  lua_setfield(L, -2, "__name");
  lua_pop(L, 2);
}
