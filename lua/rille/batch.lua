--- Batches: db:batch(fn) records calls, then runs them and returns all results.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"
local options = require "rille.options"
local raw = require "rille.raw"

local methods = client.methods
local unpack = table.unpack or unpack -- luacheck: ignore

local BATCH = options.declare("rille.BatchOptions", {
  { "transaction", "boolean", doc = "true: always all or none; false: no transaction, even if some of them write" },
  { "max_wait", "number", ms = true, is = "integer", doc = "as in db:transaction" },
  { "timeout", "number", ms = true, is = "integer", doc = "as in db:transaction" },
  { "isolation_level", "string", is = "rille.IsolationLevel", doc = "as in db:transaction" },
  { "retries", "number", least = 0, is = "integer", doc = "as in db:transaction" },
  { "read_only", "boolean", doc = "as in db:transaction" },
})
local RAW = { query_raw = true, execute_raw = true, execute_script = true }

-- Raises after the batch has run, because the call would never be made.
local function record(calls, call)
  if calls.closed then errors.raise("VALIDATION", "the batch has ended; its calls must be made inside its function") end
  calls[#calls + 1] = call
end

local function record_raw(calls, name)
  return function(_, ...) record(calls, { method = name, n = select("#", ...), ... }) end
end

local function refuse(name) errors.raise("VALIDATION", "`%s` cannot be part of a batch", tostring(name)) end

-- Where a model has the name of a client method, calling the model calls the method.
local function recorded_model(db, calls, name)
  local model = db[name] -- raises if there is none
  if type(model) == "function" then refuse(name) end -- of an extension
  return setmetatable({}, {
    __index = function(_, method)
      local _ = model[method] -- raises if there is none
      if method == "each" then errors.raise("VALIDATION", "`each` cannot be part of a batch, because it reads during its loop; use `find_many`") end
      return function(_, ...) record(calls, { model = name, method = method, n = select("#", ...), ... }) end
    end,
    __call = function(_, b, ...)
      if RAW[name] then return record_raw(calls, name)(b, ...) end
      return methods[name] and refuse(name) or model(db, ...)
    end,
  })
end

local function recorder(db, calls)
  return setmetatable({}, {
    __index = function(_, name)
      local method = methods[name]
      if not method or core.has_model(rawget(db, client.SCOPE), name) then
        return recorded_model(db, calls, name)
      end
      return RAW[name] and record_raw(calls, name) or refuse(name)
    end,
  })
end

-- Returns the model of the core for a call; nil if extensions change its method.
local function model_of(db, call)
  local model = db[call.model]
  if type(model) == "userdata" then return model end
  return client.untouched_model(model, call.method)
end

-- Makes the calls one after the other, if the core cannot run them as a batch.
local function run_each(db, calls)
  local results, keeps = {}, core.keeps_nulls(rawget(db, client.SCOPE))
  for i, call in ipairs(calls) do
    local target = call.model and db[call.model] or db
    local ok, result = pcall(target[call.method], target, unpack(call, 1, call.n))
    if not ok then
      if errors.is_error(result) then result.meta.batch_index = i end
      error(result, 0)
    end
    results[i] = result
    if result == nil and keeps then results[i] = core.null end
  end
  return unpack(results, 1, #calls)
end

local function entry_of(db, call)
  if call.model then return { model_of(db, call), call.method, call[1] } end
  local sql, params, count, numbered, models = raw.statement(rawget(db, client.SCOPE), call.method, unpack(call, 1, call.n))
  return { false, sql = sql, params = params, count = count, query = call.method == "query_raw", numbered = numbered, models = models }
end

local function send_all(db, calls, entries, atomic)
  for i, call in ipairs(calls) do
    entries.at = i
    entries[i] = entry_of(db, call)
  end
  return db[client.SHARED].steps.batch(rawget(db, client.SCOPE), entries, atomic)
end

-- Runs the calls in as few round trips as possible.
local function run_together(db, calls, atomic)
  local entries = {} -- `at`: number of the call that an error is about, before anything is sent
  local ok, results = pcall(send_all, db, calls, entries, atomic)
  if not ok then
    if errors.is_error(results) and not results.meta.batch_index then results.meta.batch_index = entries.at end
    error(results, 0)
  end
  for i, call in ipairs(calls) do
    if call.method == "execute_raw" then results[i] = results[i].count end
  end
  return unpack(results, 1, #calls)
end

local ACTIONS = {}
for _, action in ipairs(core.actions) do ACTIONS[action.name] = action end

-- Returns whether the core knows the call. It does not know methods that the application has added to models.
local function is_known(db, call)
  if not call.model then return call.method ~= "execute_script" end
  local model = ACTIONS[call.method] and model_of(db, call)
  local method = model and model[call.method]
  return method and (method == rawget(core.methods, call.method) or method == rawget(core.cooperative_methods, call.method))
end

local function only_reads(call)
  local action = ACTIONS[call.method]
  return action ~= nil and not action.writes
end

-- Runs several calls in one transaction if one of them writes, unless the caller says otherwise.
local function run(db, calls, asked)
  local together, reads = true, true
  for _, call in ipairs(calls) do
    together = together and is_known(db, call)
    reads = reads and only_reads(call)
  end
  if db[client.IN_TRANSACTION] then
    if together then return run_together(db, calls, false) end
    return run_each(db, calls)
  end
  if together and (reads or asked ~= false) then return run_together(db, calls, asked == true) end
  local apart = asked == false or (not asked and (reads or #calls < 2))
  if apart then return run_each(db, calls) end
  return db:transaction(function(tx) return run_each(tx, calls) end)
end

local function transaction_options(given)
  local rest, asked = {}, given.transaction
  for key, value in pairs(given) do
    if key ~= "transaction" then rest[key], asked = value, true end
  end
  return asked, next(rest) and rest or nil
end

--- Records the calls that fn(b) makes on the models of b, runs them as if in their order, and returns their results, one value per call. They are sent
--- together: calls that do not depend on earlier ones share a round trip, if the database allows it. The first failure ends the batch. Its error has
--- the number of the call in meta.batch_index. If one of them writes, all happen or none. `transaction = true` or any option of db:transaction asks for
--- that in any case. `transaction = false` turns it off, and then writes are sent one by one.
---@param fn fun(b: rille.Client)
---@param given? rille.BatchOptions
---@return ...
function methods:batch(fn, given)
  client.scope(self, "batch")
  if type(fn) ~= "function" then options.refuse("batch", "a function, as in db:batch(function(b) ... end)", fn) end
  given = options.check(BATCH, given, "batch")
  local calls = {}
  fn(recorder(self, calls))
  calls.closed = true
  local asked, rest = transaction_options(given)
  if rest and not self[client.IN_TRANSACTION] then
    return self:transaction(function(tx) return run(tx, calls, asked) end, rest)
  end
  return run(self, calls, asked)
end

return methods
