--- Advisory locks: db:advisory_lock(key, fn, options).
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"
local guarded = require "rille.guarded"
local options = require "rille.options"
local providers = require "rille.providers"
local wait = require "rille.wait"

local methods = client.methods
local unpack = table.unpack or unpack -- luacheck: ignore

local LOCK = options.declare("rille.LockOptions", {
  { "wait", "number", least = 0, ms = true, is = "integer", doc = "milliseconds to try, then P1002: 10000" },
  { "try", "boolean", doc = "does not wait: returns false without calling the function, or true and its results" },
  { "shared", "boolean", doc = "others may share the lock" },
})
local WAIT_MS = 10000

-- The time limit of a transaction that only holds a lock, behind a pooler.
local LONGEST_MS = 24 * 3600 * 1000

local function pack(...) return { n = select("#", ...), ... } end

local function check_options(given)
  given = options.check(LOCK, given, "advisory_lock")
  local span = given.wait
  if span and given.try then errors.raise("VALIDATION", "advisory_lock: `try` does not wait, so it cannot be used with `wait`") end
  return given.try and 0 or span or WAIT_MS, given.shared or false, given.try or false
end

local function check(db, key, fn, in_transaction)
  if type(key) ~= "string" and not (type(key) == "number" and key % 1 == 0 and key >= -2 ^ 63 and key < 2 ^ 63) then
    options.refuse("advisory_lock: key", "a string or a 64-bit integer", key, type(key) == "number" and tostring(key) or nil)
  end
  if type(fn) ~= "function" and not (in_transaction and fn == nil) then
    options.refuse("advisory_lock", "a function, as in db:advisory_lock(\"key\", function() ... end)", fn)
  end
  providers.check(client.scope(db, "advisory_lock"), "advisory_locks", "advisory_lock", "advisory locks")
end

local function raise_held(key, span)
  local text = "Timed out trying to acquire an advisory lock: another session holds %s and still held it after %s ms"
  error(errors.new("P1002", text:format(type(key) == "string" and ("\"%s\""):format(key) or tostring(key), tostring(span)), { key = key }), 0)
end

-- ------------------------------------------------------------------ locks of a session

local Guard = {}
function Guard.__close(guard)
  wait.forget(guard)
  core.lock_close(guard.lock)
end

local function drive(scope, guard, step)
  local mode, fd, seconds = step(guard.lock)
  while type(mode) == "string" do
    wait.once(scope, guard, mode, fd, seconds)
    mode, fd, seconds = step(guard.lock)
  end
  return mode
end

local function hold(scope, guard, fn)
  if not drive(scope, guard, core.lock_take) then return false end
  local result = pack(pcall(fn))
  if not result[1] then
    pcall(drive, scope, guard, core.lock_release)
    error(result[2], 0)
  end
  drive(scope, guard, core.lock_release)
  return unpack(result, 1, result.n)
end

-- ------------------------------------------------------------------ locks of a transaction

local function try_in(tx, key, shared)
  local sql = ("SELECT pg_try_advisory_xact_lock%s(%s) AS got"):format(shared and "_shared" or "",
    type(key) == "string" and "hashtextextended($1, 0)" or "$1")
  return tx:query_raw(sql, key)[1].got
end

local function take_in(tx, key, shared, span)
  local stop, attempt = core.monotonic() + span / 1000, 0
  while not try_in(tx, key, shared) do
    if core.monotonic() >= stop then return false end
    attempt = math.min(attempt + 1, 4)
    tx[client.SHARED].steps.back_off(attempt, rawget(tx, client.SCOPE))
  end
  return true
end

local function hold_in(tx, key, shared, span, fn)
  if not take_in(tx, key, shared, span) then return false end
  if fn then return true, fn() end
  return true
end

local function lock_result(key, span, try, taken, ...)
  if not taken and not try then raise_held(key, span) end
  if try then return taken, ... end
  return ...
end

--- Runs fn() while holding an advisory lock: no other session has a lock with this key on the database. PostgreSQL only. One connection of the pool holds the
--- lock, outside of any transaction, and releases it when fn returns, raises, or its coroutine is closed. In a transaction, and behind a pooler in
--- transaction mode, it is a lock of the transaction and lasts until its end. In a transaction fn may be nil. Errors: P1002 (another session held it for
--- the whole of `wait`), P1017 (the connection that held it was lost), P2026 on SQLite.
---@param key string|integer a string is hashed with hashtextextended(key, 0)
---@param fn fun(): ...
---@param given? rille.LockOptions
---@return ... what fn returns
function methods:advisory_lock(key, fn, given)
  local in_transaction = self[client.IN_TRANSACTION]
  check(self, key, fn, in_transaction)
  local span, shared, try = check_options(given)
  if in_transaction then return lock_result(key, span, try, hold_in(self, key, shared, span, fn)) end
  local scope = rawget(self, client.SCOPE)
  if core.pooled(scope) then
    return self:transaction(function(tx)
      core.leave(rawget(tx, client.SCOPE)) -- fn has no tx, so it uses the client
      return lock_result(key, span, try, hold_in(tx, key, shared, span, fn))
    end, { timeout = LONGEST_MS })
  end
  local guard = setmetatable({ lock = core.lock(scope, key, shared, span) }, Guard)
  return lock_result(key, span, try, guarded(guard, hold, scope, guard, fn))
end

return methods
