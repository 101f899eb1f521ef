--- Transactions: db:transaction(fn, options), savepoints, functions that run afterwards, retries after write conflicts.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"
local guarded = require "rille.guarded"
local options = require "rille.options"

local methods = client.methods

local TRANSACTION = options.declare("rille.TransactionOptions", {
  { "max_wait", "number", ms = true, is = "integer", doc = "milliseconds in which it must begin: 2000" },
  { "timeout", "number", ms = true, is = "integer", doc = "milliseconds in which it must end: 5000" },
  { "isolation_level", "string", is = "rille.IsolationLevel", doc = "by default that of the database" },
  { "retries", "number", least = 0, is = "integer", doc = "how often it is retried after an error with `retryable`: 0" },
  { "read_only", "boolean", doc = "writes are P2028" },
  { "after_commit", "function", is = "fun()", doc = "called after the commit" },
  { "after_rollback", "function", is = "fun()", doc = "called after a rollback; with retries, after each attempt" },
})

-- The key of the frame in a transaction object.
local FRAME = client.IN_TRANSACTION

local function pack(...) return { n = select("#", ...), ... } end

-- The functions to call afterwards. A frame is also the guard of its transaction: closing it rolls back immediately, not only when it is collected. This
-- happens if its coroutine is closed, or if a step is out of memory.
---@class rille.Frame
---@field scope userdata|boolean false: not begun
---@field parent rille.Frame|nil of a savepoint: the frame around it
---@field commit function[]|nil
---@field rollback function[]|nil
---@field ended boolean
---@field committing boolean COMMIT was sent, and its outcome is unknown
local Frame = {}

local function add(frame, when, fn)
  local list = frame[when] or {}
  frame[when] = list
  list[#list + 1] = fn
end

local function new_frame(parent, given)
  local frame = setmetatable({ scope = false, ended = false, committing = false, parent = parent }, Frame)
  if given and given.after_commit then add(frame, "commit", given.after_commit) end
  if given and given.after_rollback then add(frame, "rollback", given.after_rollback) end
  return frame
end

-- Calls all functions, and returns the first error in a table, or nil.
local function call_all(list)
  local failure
  for i = 1, list and #list or 0 do
    local ok, e = pcall(list[i])
    if not ok and not failure then failure = { e } end
  end
  return failure
end

-- Calls the functions of a rollback. Their errors are not raised, because the caller must get the error that caused the rollback.
local function rolled_back(frame)
  if frame.ended then return end
  frame.ended = true
  local failure = call_all(frame.rollback)
  if failure and warn then warn("rille: a function of after_rollback failed: ", tostring(failure[1])) end -- luacheck: ignore
end

local function hand_over(frame, when)
  local list = frame[when]
  for i = 1, list and #list or 0 do add(frame.parent, when, list[i]) end
end

-- Calls the functions of a commit, and returns the results of fn.
local function committed(frame, ...)
  frame.ended = true
  if frame.parent then
    hand_over(frame, "commit")
    hand_over(frame, "rollback")
    return ...
  end
  local failure = call_all(frame.commit)
  if not failure then return ... end
  local meta = { committed = true, cause = failure[1], results = pack(...) }
  local text = ("Transaction error: the transaction is committed, but a function of after_commit failed: %s"):format(tostring(failure[1]))
  error(errors.new("P2028", text, meta), 0)
end

-- Returns whether the outcome of a commit is unknown: there was no answer, or none in time. Then no function is called.
local function is_unknown(e) return errors.is_error(e) and (e.kind == "connection" or (e.code == "P1008" and not e.retryable)) end

local function enter(shared, frame, fn) return fn(client.wrap(frame.scope, shared, frame)) end

-- Commits and returns the results of fn, or rolls back and raises the error of fn, the same object. If that is out of memory, core.close rolls back, which
-- needs none.
local function conclude(steps, scope, frame, ok, ...)
  if ok then
    frame.committing = not frame.parent
    local done, e = pcall(steps.finish, scope, true)
    frame.committing = false
    if done then return committed(frame, ...) end
    core.close(scope)
    if is_unknown(e) then frame.ended = true else rolled_back(frame) end
    return error(e, 0)
  end
  if not pcall(steps.finish, scope, false) then core.close(scope) end -- the error of fn says more than a failed rollback
  rolled_back(frame)
  return error((...), 0)
end

function Frame.__close(frame)
  if frame.ended or not frame.scope then return end
  core.close(frame.scope)
  if frame.committing then frame.ended = true else rolled_back(frame) end
end

local function run(frame, shared, begin, parent, given, fn)
  frame.scope = begin(parent, given)
  if not frame.parent then core.enter(frame.scope) end
  return conclude(shared.steps, frame.scope, frame, pcall(enter, shared, frame, fn))
end

-- Runs fn in the transaction or savepoint that `begin` begins.
local function run_in(shared, begin, parent, given, frame, fn) return guarded(frame, run, frame, shared, begin, parent, given, fn) end

-- P2034 may also come from fn, which may have built or caught it.
local function is_conflict(e) return errors.is_error(e) and (e.retryable or e.code == "P2034") end

local attempt

local function judge(try, ok, ...)
  if ok then return ... end
  local e = ...
  try.count = try.count + 1
  if try.count > try.most or not is_conflict(e) then error(e, 0) end
  try.shared.steps.back_off(try.count, try.parent)
  return attempt(try)
end

function attempt(try)
  local frame = new_frame(nil, try.options)
  return judge(try, pcall(run_in, try.shared, try.shared.steps.begin, try.parent, try.options, frame, try.fn))
end

local function check_function(fn, what)
  if not options.is_callable(fn) then options.refuse(what, "a function", fn) end
end

--- Raises if a table has not the options of a transaction.
---@param given table
---@param what string for errors
function client.check_transaction_options(given, what) options.check(TRANSACTION, given, what) end

-- Checks the arguments, and returns the number of retries.
local function check(fn, given, nested)
  if not options.is_callable(fn) then
    errors.raise("VALIDATION", "transaction: expected a function, as in db:transaction(function(tx) ... end), got %s%s", errors.type_name(fn),
      type(fn) == "table" and "; for several calls together there is db:batch(function(b) ... end)" or "")
  end
  if given == nil then return 0 end
  options.check(TRANSACTION, given, "transaction")
  if nested and next(given) then
    errors.raise("VALIDATION", "transaction: unexpected option `%s`; inside a transaction it is a savepoint, which has no options", tostring(next(given)))
  end
  return given.retries or 0
end

--- Runs fn(tx) in a transaction: commits if it returns, rolls back if it raises, and raises the same error. tx has the models and methods of db. In a
--- transaction it is a savepoint. Errors: P2028 (timeout, or tx was used after its end; with meta.committed: it is committed, and a function of
--- after_commit failed), P2034 (write conflict).
---@param fn fun(tx: rille.Client): ...
---@param given? rille.TransactionOptions
---@return ... what fn returns
function methods:transaction(fn, given)
  local scope = client.scope(self, "transaction")
  local nested = rawget(self, FRAME)
  local retries = check(fn, given, nested)
  local shared = self[client.SHARED]
  if nested then return run_in(shared, shared.steps.nest, scope, nil, new_frame(nested ~= true and nested or nil), fn) end
  if retries == 0 then return run_in(shared, shared.steps.begin, scope, given, new_frame(nil, given), fn) end
  return attempt { shared = shared, parent = scope, options = given, fn = fn, most = retries, count = 0 }
end

local function frame_of(tx, method, fn)
  client.scope(tx, method)
  local frame = rawget(tx, FRAME)
  if not frame or frame == true then
    errors.raise("VALIDATION", "%s: must be called on a transaction; write tx:%s(fn) inside db:transaction(function(tx) ... end)", method, method)
  end
  if frame.ended then errors.raise("P2028", "Transaction error: this transaction has ended; %s must be called inside its function", method) end
  check_function(fn, method)
  return frame
end

--- Calls fn() after the outermost transaction is committed, in the order of these calls. If the transaction, or the savepoint of this call, is rolled
--- back, fn is not called. An error of fn undoes nothing: it is raised as P2028 with meta.committed, after all functions have run.
---@param fn fun()
function methods:after_commit(fn) add(frame_of(self, "after_commit", fn), "commit", fn) end

--- Calls fn() after this transaction, or a savepoint or transaction around it, is rolled back.
---@param fn fun()
function methods:after_rollback(fn) add(frame_of(self, "after_rollback", fn), "rollback", fn) end

return methods
