--- Transactions: db:transaction(fn, options), savepoints within, and repetition after write conflicts.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"

local methods = client.methods
local unpack = table.unpack or unpack -- luacheck: ignore

local OPTIONS = { max_wait = 1, timeout = 1, isolation_level = 1, retries = 1, read_only = 1 }

local function pack(...) return { n = select("#", ...), ... } end

-- Runs fn on a scope that has begun: commits, or rolls back and raises what fn raised, the same object.
local function run(steps, scope, fn)
  local tx = client.wrap(scope, steps)
  rawset(tx, client.IN_TRANSACTION, true)
  local result = pack(pcall(fn, tx))
  if result[1] then
    steps.finish(scope, true)
    return unpack(result, 2, result.n)
  end
  pcall(steps.finish, scope, false) -- what fn raised says more than a failed rollback
  error(result[2], 0)
end

local Guard = {}
function Guard.__close(guard) core.close(guard.scope) end

-- The same where fn may wait for a scheduler: when its coroutine is closed, the transaction is rolled back then and there, and not only when it is
-- collected. (The fourth value of a generic for is closed with the loop, in Luas that close values.)
local function run_guarded(steps, scope, fn)
  local function once(_, done)
    if not done then return pack(run(steps, scope, fn)) end
  end
  for result in once, nil, nil, setmetatable({ scope = scope }, Guard) do return unpack(result, 1, result.n) end -- luacheck: ignore
end

local function run_in(steps, scope, fn)
  if steps == core then return run(steps, scope, fn) end
  return run_guarded(steps, scope, fn)
end

local function with_retries(steps, parent, fn, options, retries)
  local attempt = 0
  while true do
    local result = pack(pcall(function() return run_in(steps, steps.begin(parent, options), fn) end))
    if result[1] then return unpack(result, 2, result.n) end
    local e = result[2]
    attempt = attempt + 1
    if attempt > retries or not errors.is_error(e) or e.code ~= "P2034" then error(e, 0) end
    steps.back_off(attempt, parent)
  end
end

local function check(fn, options, nested)
  local kind = type(fn)
  if kind ~= "function" and not (kind == "table" and (getmetatable(fn) or {}).__call) then
    errors.raise("VALIDATION", "transaction takes a function, as in db:transaction(function(tx) ... end), not a %s", kind)
  end
  if options == nil then return 0 end
  if type(options) ~= "table" then errors.raise("VALIDATION", "transaction takes a table of options, not a %s", type(options)) end
  errors.check_keys(options, OPTIONS, "transaction")
  if nested and next(options) then
    errors.raise("VALIDATION", "a transaction within a transaction is a savepoint and takes no options, not even `%s`", tostring(next(options)))
  end
  local retries = options.retries or 0
  if type(retries) ~= "number" or retries < 0 then errors.raise("VALIDATION", "`retries`: a number from 0 on is wanted") end
  return retries
end

--- Runs fn(tx) in a transaction: commits when it returns, rolls back when it raises, and raises the same error. tx has the models and methods
--- of db. Within a transaction it is a savepoint. Errors: P2028 (time is up, or tx used after its end), P2034 (write conflict).
---@param fn fun(tx: rille.Client): ...
---@param options? { max_wait?: integer, timeout?: integer, isolation_level?: string, retries?: integer, read_only?: boolean } times in milliseconds
---@return ... what fn returns
function methods:transaction(fn, options)
  local scope = client.scope(self, "transaction")
  local nested = self[client.IN_TRANSACTION]
  local retries = check(fn, options, nested)
  local steps = self[client.STEPS]
  if nested then return run_in(steps, steps.nest(scope), fn) end
  if retries == 0 then return run_in(steps, steps.begin(scope, options), fn) end
  return with_retries(steps, scope, fn, options, retries)
end

return methods
