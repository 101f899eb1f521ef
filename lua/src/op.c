/* The methods of models: the arguments are walked, the operation is started, its result is built. */
#include <string.h>

#include "binding.h"

/* A larger tape is not kept. */
#define TOKENS_KEPT 100000u

/* Models of cooperative clients have another metatable. */
rl_lua_model *rl_lua_model_at(lua_State *L, const rl_binding *b, int index) {
  rl_lua_model *m = (rl_lua_model *)rl_is(L, b, index, RL_REF_MODEL);
  return m ? m : (rl_lua_model *)rl_is(L, b, index, RL_REF_COOPERATIVE);
}

static rl_lua_model *check_model(lua_State *L, rl_binding *b, const char *method) {
  rl_lua_model *m = rl_lua_model_at(L, b, 1);
  if (!m)
    rl_lua_raise(L, "VALIDATION", "%s is a method: call it with a colon, as in db.user:%s{ ... }, not with a dot",
                 method, method);
  rl_scope_must_be_open(L, m->scope);
  return m;
}

static void check_args(lua_State *L, const char *method) {
  lua_settop(L, 2);
  if (lua_istable(L, 2) || lua_isnil(L, 2)) return;
  rl_lua_raise(L, "VALIDATION", "%s: expected a table of arguments, as in %s{ where = { ... } }, got %s", method,
               method, rl_type_name(L, 2));
}

/* Returns the number of tokens written. */
static size_t write_args(lua_State *L, rl_binding *b, rl_lua_op *op, rille_action action, int flags,
                         rl_answer *answer) {
  if (lua_istable(L, 2)) {
    size_t tokens = rl_walk_call(L, b, op->tape, 2, flags, answer);
    if (answer->json || answer->bigint || answer->cached) rl_answer_check(L, answer, action);
    return tokens;
  }
  rille_tape_open_object(op->tape);
  rille_tape_close_object(op->tape);
  return 0;
}

/* Replaces the tape. If out of memory there is none, and the operation object is not used again. */
static void op_replace_tape(rl_lua_op *op) {
  rille_op_reset(op->core);
  rille_tape_free(op->tape);
  op->tape = rille_tape_new();
}

static int run_method(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  rille_action action = (rille_action)lua_tointeger(L, lua_upvalueindex(3));
  const char *name = (const char *)lua_touserdata(L, lua_upvalueindex(4));
  rl_lua_model *m = check_model(L, b, name);
  check_args(L, name);
  rl_before_read(L, m->scope, 1, name);
  rl_lua_op *op = rl_lua_op_take(L, m->scope, 1);
  rl_answer answer = {.op = op};
  size_t tokens = write_args(L, b, op, action, 0, &answer);
  rl_lua_op_begin(op, m->scope);
  rl_answer_apply(op, m->scope, &answer);
  rille_status status = rille_op_model(op->core, rl_lua_op_tx(op), m->model, action, op->tape, &op->err);
  if (status < 0 || rl_push_result(L, b, op) < 0) rl_lua_op_throw(L, m->scope, op, 3);
  if (tokens > TOKENS_KEPT) op_replace_tape(op);
  rl_lua_op_release(L, m->scope, op, 3);
  return 1;
}

rille_action rl_check_action(lua_State *L, int index) {
  size_t len;
  const char *name = luaL_checklstring(L, index, &len);
  rille_action action = rille_action_named(name, len);
  if (!action) rl_lua_raise(L, "VALIDATION", "unknown method `%s`", name);
  return action;
}

int rl_action_at(rille_action action, rille_action_info *out) {
  out->struct_size = (uint32_t)sizeof *out;
  return rille_action_get(action, out);
}

static const char *action_name(rille_action action) {
  rille_action_info info;
  return rl_action_at(action, &info) ? info.name : "";
}

/* Starts a call whose rows are pulled later, so its strings are copied. Stack: model, arguments; afterwards anchors and
 * op. batch: as in rille_op_set_stream. */
static rl_lua_op *start_call(lua_State *L, rl_binding *b, rl_lua_model *m, rille_action action, uint32_t batch,
                             int is_job) {
  rl_lua_op *op = rl_lua_op_take(L, m->scope, 1);
  rl_answer answer = {.op = op};
  write_args(L, b, op, action, RL_WALK_COPY, &answer);
  if (is_job) rl_job_prepare(op, m->scope);
  rl_lua_op_begin(op, m->scope);
  rl_answer_apply(op, m->scope, &answer);
  rille_op_set_stream(op->core, batch);
  if (rille_op_model(op->core, rl_lua_op_tx(op), m->model, action, op->tape, &op->err) < 0)
    rl_lua_op_throw(L, m->scope, op, 3);
  return op;
}

/* Stack: model, arguments, and the name of the method if it is not a stream. */
rl_lua_op *rl_op_job(lua_State *L, rl_scope **scope, uint32_t batch) {
  rl_binding *b = rl_binding_of(L);
  rille_action action = batch ? RILLE_FIND_MANY : rl_check_action(L, 3);
  const char *name = batch ? NULL : action_name(action);
  rl_lua_model *m = check_model(L, b, name ? name : "each");
  check_args(L, name ? name : "each");
  *scope = m->scope;
  if (name) rl_before_read(L, m->scope, 1, name);
  return start_call(L, b, m, action, batch, 1);
}

/* core.hook(model or scope): returns the wait hook of a cooperative client; nil for everything else. */
static int push_hook(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  rl_lua_model *m = rl_lua_model_at(L, b, 1);
  const rl_scope *scope = m ? m->scope : (const rl_scope *)rl_is(L, b, 1, RL_REF_SCOPE);
  if (!scope || !scope->cooperative) return 0;
  rl_get_user(L, 1);
  lua_getfield(L, -1, "hook");
  return 1;
}

/* core.model_scope(model): returns the scope of a model, and the list of the fields that its client omits, or nil. */
static int push_model_scope(lua_State *L) {
  const rl_lua_model *m = check_model(L, rl_binding_of(L), "paginate");
  int depth = m->scope->depth;
  lua_settop(L, 1);
  rl_get_user(L, 1);
  lua_getfield(L, -1, "scope");
  lua_insert(L, -2);
  for (; depth > 0; depth--) {
    lua_getfield(L, -1, "parent");
    lua_replace(L, -2);
  }
  lua_getfield(L, -1, "omit");
  lua_replace(L, -2);
  return 2;
}

/* core.explain(model, args, action): returns { round_trips, steps, statements = { { sql, params, dependent, plan = { {
 * line } } } } } */
static int explain_call(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  rl_lua_model *m = check_model(L, b, "explain");
  rille_action action = rl_check_action(L, 3);
  check_args(L, "explain");
  rl_answer answer = {0}; /* does not change the statements */
  rl_lua_op *op = rl_lua_op_take(L, m->scope, 1);
  write_args(L, b, op, action, 0, &answer);
  rl_lua_op_begin(op, m->scope);
  rille_status status = rille_op_explain_model(op->core, rl_lua_op_tx(op), m->model, action, op->tape, &op->err);
  if (status < 0 || rl_push_result(L, b, op) < 0) rl_lua_op_throw(L, m->scope, op, 3);
  rl_lua_op_release(L, m->scope, op, 3);
  return 1;
}

/* core.faults(model, args, action): returns a list of all errors in the data, each with its `text` for people, or nil.
 */
static int push_data_errors(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  rl_lua_model *m = check_model(L, b, "validate");
  rille_action action = rl_check_action(L, 3);
  check_args(L, "validate");
  rl_answer answer = {0};
  rl_lua_op *op = rl_lua_op_take_offline(L, m->scope, 1);
  write_args(L, b, op, action, 0, &answer);
  rl_lua_box *box = rl_lua_box_push(L);
  rl_lua_box_check(L, box,
                   rille_client_validate(m->scope->client, m->model, action, op->tape, &box->faults, &box->err));
  rl_lua_op_release(L, m->scope, op, 3);
  size_t count = rille_faults_count(box->faults);
  if (count == 0) return 0;
  rl_new_list(L, (int)count);
  for (size_t i = 0; i < count; i++) {
    rl_push_error(L, rille_faults_get(box->faults, i));
    lua_pushstring(L, rille_faults_message(box->faults, i));
    lua_setfield(L, -2, "text");
    lua_rawseti(L, -2, (int)i + 1);
  }
  rl_lua_box_clear(box);
  return 1;
}

/* Upvalues of a stream's iterator, after binding and references. */
#define STREAM_MODEL lua_upvalueindex(3)
#define STREAM_OP lua_upvalueindex(4)
#define STREAM_ROWS lua_upvalueindex(5) /* the current batch; its text if it is JSON */
#define STREAM_AT lua_upvalueindex(6)   /* its last row that was returned */

/* Reads the next batch. A stream without more rows releases its connection before its last rows are returned. */
static void stream_next_batch(lua_State *L, rl_lua_op *op) {
  rl_lua_op_connect(L, op);
  rille_status status = rl_push_batch(L, rl_binding_of(L), op);
  if (status < 0) rl_lua_op_push_error(L, op);
  if (status != RILLE_BATCH) rl_lua_op_stop(op);
  if (status < 0) lua_error(L);
  lua_replace(L, STREAM_ROWS);
  const rl_lua_model *m = (const rl_lua_model *)lua_touserdata(L, STREAM_MODEL);
  lua_pushvalue(L, STREAM_MODEL);
  rl_get_user(L, -1);
  rl_after(L, m->scope, lua_gettop(L));
}

static int stream_next_row(lua_State *L) {
  rl_lua_op *op = (rl_lua_op *)lua_touserdata(L, STREAM_OP);
  int at = (int)lua_tointeger(L, STREAM_AT) + 1;
  lua_settop(L, 0);
  for (;; at = 1) {
    lua_rawgeti(L, STREAM_ROWS, at);
    if (!lua_isnil(L, -1) || !op->running) break;
    stream_next_batch(L, op);
    lua_settop(L, 0);
  }
  lua_pushnil(L);
  lua_rawseti(L, STREAM_ROWS, at);
  lua_pushinteger(L, at);
  lua_replace(L, STREAM_AT);
  return 1;
}

/* Returns the next piece of the text. An empty one is skipped: its rows are in the piece before. */
static int stream_next_text(lua_State *L) {
  rl_lua_op *op = (rl_lua_op *)lua_touserdata(L, STREAM_OP);
  lua_settop(L, 0);
  while (op->running) {
    stream_next_batch(L, op);
    lua_settop(L, 0);
    if (rl_rawlen(L, STREAM_ROWS) == 0) continue;
    lua_pushvalue(L, STREAM_ROWS);
    lua_pushnil(L);
    lua_replace(L, STREAM_ROWS);
    return 1;
  }
  return 0;
}

/* core.stream(model, args, batch): returns iterator, nil, nil, closing value. */
static int open_stream(lua_State *L) {
  rl_binding *b = rl_binding_of(L);
  rl_lua_model *m = check_model(L, b, "each");
  uint32_t batch = (uint32_t)luaL_checkinteger(L, 3);
  check_args(L, "each");
  rl_lua_op *op = start_call(L, b, m, RILLE_FIND_MANY, batch, 0);
  op->stream = 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 4);
  lua_newtable(L);
  lua_pushinteger(L, 0);
  int is_json = rille_op_result(op->core) == RILLE_RESULT_JSON;
  lua_pushcclosure(L, is_json ? stream_next_text : stream_next_row, 6);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushvalue(L, 4);
  return 4;
}

static int model_tostring(lua_State *L) {
  rl_lua_model *m = rl_lua_model_at(L, rl_binding_of(L), 1);
  const char *name = NULL;
  if (m && m->scope->client) name = rille_schema_model_name(rille_client_schema(m->scope->client), m->model);
  lua_pushfstring(L, "rille.Model(%s)", name ? name : "closed");
  return 1;
}

/* core.model_name(model): returns the name in the schema. */
static int push_model_name(lua_State *L) {
  rl_lua_model *m = check_model(L, rl_binding_of(L), "this");
  lua_pushstring(L, rille_schema_model_name(rille_client_schema(m->scope->client), m->model));
  return 1;
}

static void add_methods(lua_State *L) {
  rille_action_info info;
  for (rille_action a = 1; rl_action_at(a, &info); a++) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushinteger(L, a);
    lua_pushlightuserdata(L, (void *)(uintptr_t)info.name);
    lua_pushcclosure(L, run_method, 4);
    lua_setfield(L, -2, info.name);
  }
}

/* Sets core.actions, a list of { name, writes }. */
static void add_actions(lua_State *L) {
  rille_action_info info;
  lua_newtable(L);
  for (rille_action a = 1; rl_action_at(a, &info); a++) {
    lua_createtable(L, 0, 2);
    lua_pushstring(L, info.name);
    lua_setfield(L, -2, "name");
    lua_pushboolean(L, info.writes);
    lua_setfield(L, -2, "writes");
    lua_rawseti(L, -2, a);
  }
  lua_setfield(L, -2, "actions");
}

/* The methods are the table at the top. */
static void fill_model_metatable(lua_State *L, int ref, const luaL_Reg *meta) {
  rl_push_ref(L, ref);
  rl_set_functions(L, meta);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "rille.Model");
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
}

/* core.set_model_call(fn): sets what calling a model does. */
static int set_model_call(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  for (int i = 0; i < 2; i++) {
    rl_push_ref(L, i ? RL_REF_COOPERATIVE : RL_REF_MODEL);
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "__call");
  }
  return 0;
}

void rl_op_setup(lua_State *L) {
  static const luaL_Reg functions[] = {{"explain", explain_call},
                                       {"faults", push_data_errors},
                                       {"stream", open_stream},
                                       {"model_name", push_model_name},
                                       {"hook", push_hook},
                                       {"model_scope", push_model_scope},
                                       {"set_model_call", set_model_call},
                                       {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__tostring", model_tostring}, {NULL, NULL}};
  rl_set_functions(L, functions);
  add_actions(L);
  rl_push_ref(L, RL_REF_METHODS);
  add_methods(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "methods");
  fill_model_metatable(L, RL_REF_MODEL, meta);
  rl_push_ref(L, RL_REF_COOPERATIVE_METHODS); /* Lua fills it */
  lua_pushvalue(L, -1);
  lua_setfield(L, -4, "cooperative_methods");
  fill_model_metatable(L, RL_REF_COOPERATIVE, meta);
  lua_pop(L, 2);
}
