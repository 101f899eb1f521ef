--- Batches: db:batch(fn) records calls, then runs them and gives all their results.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"

local methods = client.methods
local unpack = table.unpack or unpack -- luacheck: ignore

local OPTIONS = { transaction = 1, max_wait = 1, timeout = 1, isolation_level = 1, retries = 1, read_only = 1 }
local RAW = { query_raw = true, execute_raw = true, execute_script = true }

local function recorded_model(db, calls, name)
  local model = db[name] -- raises when there is none
  return setmetatable({}, {
    __index = function(_, method)
      local _ = model[method] -- raises when there is none
      return function(_, ...)
        calls[#calls + 1] = { model = name, method = method, n = select("#", ...), ... }
      end
    end,
  })
end

local function recorder(db, calls)
  return setmetatable({}, {
    __index = function(_, name)
      if RAW[name] then
        return function(_, ...)
          calls[#calls + 1] = { method = name, n = select("#", ...), ... }
        end
      end
      if methods[name] then errors.raise("VALIDATION", "`%s` cannot be part of a batch", tostring(name)) end
      return recorded_model(db, calls, name)
    end,
  })
end

local function run(db, calls)
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

local function transaction_options(options)
  local rest, asked = {}, options.transaction
  for key, value in pairs(options) do
    if key ~= "transaction" then rest[key], asked = value, true end
  end
  return asked, next(rest) and rest or nil
end

local READS = { count = true, aggregate = true, group_by = true, exists = true, query_raw = true }

-- Several calls of which one writes are one piece of work, unless the caller says that they are not.
local function is_atomic(calls, asked)
  if asked ~= nil or #calls < 2 then return asked end
  for _, call in ipairs(calls) do
    if not READS[call.method] and not call.method:find("^find_") then return true end
  end
  return false
end

--- Records the calls that fn(b) makes on b's models, runs them in their order and returns their results, one value a call. The first that
--- fails ends the batch; its error has the number of the call in meta.batch_index. All happen or none when one of them writes;
--- `transaction = true` or any option of db:transaction asks for it in any case, `transaction = false` forgoes it.
---@param fn fun(b: rille.Client)
---@param options? { transaction?: boolean, isolation_level?: string, max_wait?: integer, timeout?: integer, retries?: integer, read_only?: boolean }
---@return ...
function methods:batch(fn, options)
  client.scope(self, "batch")
  if type(fn) ~= "function" then errors.raise("VALIDATION", "batch takes a function, as in db:batch(function(b) ... end), not a %s", type(fn)) end
  if options ~= nil and type(options) ~= "table" then errors.raise("VALIDATION", "batch takes a table of options, not a %s", type(options)) end
  errors.check_keys(options or {}, OPTIONS, "batch")
  local calls = {}
  fn(recorder(self, calls))
  local in_transaction, rest = transaction_options(options or {})
  if not is_atomic(calls, in_transaction) or self[client.IN_TRANSACTION] then return run(self, calls) end
  return self:transaction(function(tx) return run(tx, calls) end, rest)
end

return methods
