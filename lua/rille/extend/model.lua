--- The models of extended clients: tables with the methods of models, in which calls pass the functions of the extensions.
local core = require "rille.core"
local computed = require "rille.extend.computed"
local errors = require "rille.errors"
local facts = require "rille.extend.facts"
local reading = require "rille.extend.reading"
local unwrap = require "rille.unwrap"
local writer = require "rille.extend.writer"

local RAW = unwrap.KEY
local pass = errors.pass
local ARRAY = getmetatable(core.array {})

local model = {}

--- The key of the client in a model.
local DB = reading.DB

-- Methods whose result is a row of the model, or a list of rows; the others of those that return tables.
local ROW = { find_unique = true, find_unique_or_throw = true, find_first = true, find_first_or_throw = true, create = true, update = true, upsert = true,
  delete = true }
local ROWS = { find_many = true, create_many_and_return = true, update_many_and_return = true }
local COUNTS = { create_many = true, update_many = true, upsert_many = true, delete_many = true }

local function check_self(self, method)
  local raw = type(self) == "table" and rawget(self, RAW)
  if not raw then
    errors.raise("VALIDATION", "%s is a method: call it with a colon, as in db.user:%s{ ... }, not with a dot", method, method)
  end
  return raw
end

-- A copy that a hook may change. Tables with a metatable are values or marked, and stay the same.
local function copy_of(value, level)
  if type(value) ~= "table" or level > 100 then return value end
  local metatable = getmetatable(value)
  if metatable ~= nil and metatable ~= ARRAY then return value end
  local new = metatable and setmetatable({}, metatable) or {}
  for key, one in pairs(value) do new[key] = copy_of(one, level + 1) end
  return new
end

-- Passes the functions from number `i` on, then the call itself.
local function pass_hooks(call, i, args)
  local hook = call.hooks[i]
  if not hook then return call.perform(args) end
  local one = { model = call.model, action = call.action, args = copy_of(args, 0), db = call.db }
  function one.run(new)
    if new == nil then new = one.args end
    if type(new) ~= "table" then errors.raise("VALIDATION", "extend: query: call.run: expected a table of arguments, got %s", errors.type_name(new)) end
    return pass_hooks(call, i + 1, new)
  end
  return (hook(one))
end

-- The call without the functions around it. `state.shape` is what is to be done with its rows.
local function perform(self, info, action, args, state)
  local raw, new = rawget(self, RAW), args
  if info.chain.has_computed and (ROW[action] or ROWS[action]) then new, state.shape = reading.expand(self, info, args) end
  if info.chain.has_write then
    local done, result = writer.run(self, info, action, new)
    if done then return result end
  end
  return raw[action](raw, new)
end

local function without_answer(args)
  if args.as == nil and args.bigint == nil then return args end
  local rest = facts.copy(args)
  rest.as, rest.bigint = nil, nil
  return rest
end

-- Makes the core refuse `as` where it is wrong.
local function is_wrong_answer(action, args)
  local known = args.bigint == nil or args.bigint == "string" or args.bigint == "number"
  return COUNTS[action] or args.as ~= "json" or not known
end

local function encoded(raw, args, result)
  if args.as == nil or type(result) == "number" or type(result) == "boolean" then return result end
  return core.json.encode(result, false, args.bigint == "string", raw)
end

-- Whether the core can run the call as it is: then it writes JSON itself.
local function is_plain(self, info, action, args)
  if info.hooks[action] then return false end
  if info.chain.has_computed and (ROW[action] or ROWS[action]) and select(2, reading.expand(self, info, args)) then return false end
  return not (info.chain.has_write and writer.concerns(self, info, action, args))
end

local function run(self, info, action, args)
  local raw = check_self(self, action)
  if args ~= nil and (type(args) ~= "table" or core.decoded(args)) then return raw[action](raw, args) end
  args = args and core.plain(args, "the arguments") or {}
  if args.as ~= nil or args.bigint ~= nil then
    if is_wrong_answer(action, args) or is_plain(self, info, action, args) then return raw[action](raw, args) end
  end
  local result
  local state, rest, hooks = {}, without_answer(args), info.hooks[action]
  if hooks then
    local call = { hooks = hooks, model = info.name, action = action, db = rawget(self, DB) }
    function call.perform(new) return (perform(self, info, action, new, state)) end
    result = pass_hooks(call, 1, rest)
  else
    result = perform(self, info, action, rest, state)
  end
  computed.apply(state.shape, result, ROWS[action])
  return encoded(raw, args, result)
end

-- --------------------------------------------------------------------------------------------------------------------------------- the methods

local OWN = { each = reading.each, paginate = reading.paginate, explain = reading.explain }

local function forward(name)
  return function(self, ...)
    local raw = check_self(self, name)
    return pass(raw[name](raw, ...))
  end
end

-- Whether the extensions leave a method as it is.
local function is_untouched(info, action)
  local chain = info.chain
  return not info.hooks[action.name] and not (chain.has_write and action.writes) and not (chain.has_computed and (ROW[action.name] or ROWS[action.name]))
end

local ACTIONS = {}
for _, action in ipairs(core.actions) do ACTIONS[action.name] = action end

-- Makes a method when it is first used.
local function make_method(info, name)
  local own, action = OWN[name], ACTIONS[name]
  if info.added[name] then return info.added[name] end
  if own then
    return function(self, args)
      check_self(self, name)
      return pass(own(self, info, args, pass_hooks))
    end
  end
  if not action or is_untouched(info, action) then return forward(name) end
  return function(self, args) return pass(run(self, info, name, args)) end
end

local function unknown_method(info, name)
  local names = {}
  for _, known in ipairs { core.methods, info.added } do
    for one in pairs(known) do names[one] = true end
  end
  local near = errors.nearest(tostring(name), names)
  errors.raise("VALIDATION", "models have no method `%s`%s", tostring(name), near and ("; did you mean `%s`?"):format(near) or "")
end

local function methods_of(info)
  return setmetatable({}, { __index = function(methods, name)
    if not info.added[name] and not rawget(core.methods, name) then unknown_method(info, name) end
    local method = make_method(info, name)
    methods[name] = method
    return method
  end })
end

local function call_hidden(self, ...)
  local hidden = rawget(self, "hidden")
  if hidden then return pass(hidden(...)) end
  errors.raise("VALIDATION", "%s is not a method; call a method of it, as in db.user:find_many{ ... }", tostring(self))
end

--- Returns the model of an extended client.
---@param db rille.Client
---@param info table of the chain
---@param raw userdata
---@param hidden function|nil the client's method of the same name
---@return table
function model.wrap(db, info, raw, hidden)
  info.metatable = info.metatable or {
    __index = methods_of(info),
    __call = call_hidden,
    __name = "rille.Model",
    __tostring = function(self) return tostring(rawget(self, RAW)) end,
  }
  return setmetatable({ [RAW] = raw, [DB] = db, [reading.INFO] = info, hidden = hidden }, info.metatable)
end

--- Returns the core's model if a method of a model is the core's own: db:batch sends such calls together.
---@param one any
---@param method string
---@return userdata|nil
function model.untouched(one, method)
  local info = type(one) == "table" and rawget(one, reading.INFO)
  local untouched = info and ACTIONS[method] and not info.added[method] and is_untouched(info, ACTIONS[method])
  return untouched and rawget(one, RAW) or nil
end

return model
