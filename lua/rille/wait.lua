--- Cooperative clients: the loop that drives a job of the core with a wait hook, and the methods that use it.
local core = require "rille.core"
local errors = require "rille.errors"
local queue = require "rille.queue"

local wait = {}

-- What a coroutine is waiting for. Closed if the wait is left by an error of the hook or by coroutine.close.
local Guard = {}

local function abandon(guard)
  local fd, job = guard.fd, guard.job
  guard.fd, guard.job = nil, nil
  if fd then guard.hook.forget(fd) end
  if guard.queued then queue.leave(guard) end
  if job then core.stop(job) end
end
Guard.__close = abandon

local step = core.step

-- Waits for the answer to a commit, which must be known. If the scheduler is out of memory, the thread waits.
local function wait_steadily(hook, fd, mode, seconds)
  local ok, e = pcall(hook.wait, fd, mode, seconds)
  if ok then return end
  if e ~= "not enough memory" then error(e, 0) end
  core.poll(fd, fd and mode, seconds)
end

-- RILLE_DEBUG=wait. The core checks the words.
local words = "," .. (os.getenv "RILLE_DEBUG" or ""):gsub("[, ]+", ",") .. ","
local traced = words:find(",wait,", 1, true) ~= nil or words:find(",all,", 1, true) ~= nil

local function trace(mode, fd, seconds)
  local co = coroutine.running()
  io.stderr:write(("rille wait: %s mode=%s fd=%s seconds=%s\n"):format(tostring(co), mode, tostring(fd), seconds and ("%.3f"):format(seconds) or "no limit"))
end

-- Waits for what a step asks for. The guard has the descriptor as long as the scheduler knows it.
local function wait_for(guard, mode, fd, seconds)
  local hook = guard.hook
  if traced then trace(mode, fd, seconds) end
  if mode == "q" then return queue.wait(guard, fd, seconds) end
  if not fd then return hook.wait(nil, nil, seconds) end
  guard.fd = fd
  if guard.steady then wait_steadily(hook, fd, mode, seconds) else hook.wait(fd, mode, seconds) end
  guard.fd = nil
  hook.forget(fd)
end

-- Drives a job from its first wait to its end.
local function attend(guard)
  local job, mode, fd, seconds = guard.job, guard.mode, guard.at, guard.seconds
  while mode do
    wait_for(guard, mode, fd, seconds)
    mode, fd, seconds = step(job)
    if guard.queued and mode ~= "q" then queue.leave(guard) end
  end
  guard.job = nil
  return true, fd, seconds
end

local attend_safely
if _VERSION < "Lua 5.4" then
  function attend_safely(guard)
    local ok, _, result, more = pcall(attend, guard)
    if ok then return result, more end
    abandon(guard)
    return error(_, 0)
  end
else
  -- The fourth value of a generic `for` is closed with the loop. Older versions of Lua can compile this.
  function attend_safely(guard)
    for _, result, more in attend, guard, nil, guard do return result, more end -- luacheck: ignore
  end
end

local function watch(guard, mode, a, b, job)
  if not mode then return a, b end
  guard.mode, guard.at, guard.seconds, guard.job = mode, a, b, job
  return attend_safely(guard)
end

-- Built before the job runs, so the job is not lost if there is no memory.
local function new_guard(hook)
  return setmetatable({ hook = hook, job = false, mode = false, at = false, seconds = false, fd = false, steady = false, queued = false }, Guard)
end

-- Starts a job and returns its result; of a stream, also the job if there are more rows.
local function run_job(hook, start, ...) return watch(new_guard(hook), start(...)) end

-- Returns the hook of a model or scope; nil if the running code must block.
local function hook_for(owner)
  local hook = core.hook(owner)
  return hook and hook.ready() and hook or nil
end

--- The methods of models of cooperative clients. Missing ones come from core.methods.
local models = setmetatable(core.cooperative_methods, { __index = core.methods })
for _, action in ipairs(core.actions) do
  local name = action.name
  local block = core.methods[name]
  models[name] = function(model, args)
    local hook = hook_for(model)
    if not hook then return block(model, args) end
    return (run_job(hook, core.job_model, model, args, name))
  end
end

local Stream = {}
function Stream.__close(stream)
  local job = stream.job
  stream.job = nil
  if job then core.stop(job) end
end

-- The hook for a job that continues in code that cannot wait.
local BLOCKING = { wait = core.poll, forget = function() end }

local function next_batch(stream)
  local job = stream.job
  local hook = hook_for(stream.model) or BLOCKING
  stream.job, stream.position = nil, 0
  if not job then
    stream.rows, stream.job = run_job(hook, core.job_stream, stream.model, stream.args, stream.size)
    return
  end
  local guard = new_guard(hook)
  local mode, a, b = step(job)
  stream.rows, stream.job = watch(guard, mode, a, b, job)
end

local function next_row(stream)
  while true do
    local rows, position = stream.rows, stream.position + 1
    local row = rows and rows[position]
    if row ~= nil then
      rows[position], stream.position = false, position
      return row
    end
    if rows and not stream.job then return nil end
    next_batch(stream)
  end
end

-- Returns the next piece of a JSON text. An empty one is skipped: its rows are in the piece before.
local function next_text(stream)
  repeat
    if stream.rows and not stream.job then return nil end
    next_batch(stream)
  until stream.rows ~= ""
  return stream.rows
end

--- Returns the iterator of `each`; that of core.stream if the code must block.
---@param model userdata
---@param args table|nil
---@param size integer rows per batch
function wait.stream(model, args, size)
  if not hook_for(model) then return core.stream(model, args, size) end
  local stream = setmetatable({ model = model, args = args, size = size, position = 0 }, Stream)
  local next_one = args and args.as and next_text or next_row
  return function() return (next_one(stream)) end, nil, nil, stream
end

local function or_block(start, block)
  return function(scope, ...)
    local hook = hook_for(scope)
    if not hook then return block(scope, ...) end
    return (run_job(hook, start, scope, ...))
  end
end

--- Functions for raw statements and transactions, with the names and arguments of those of the core.
wait.query = or_block(core.job_query, core.query)
wait.execute = or_block(core.job_execute, core.execute)
wait.script = or_block(core.job_script, core.script)
wait.revalidate = or_block(core.job_revalidate, core.revalidate)
wait.batch = or_block(core.job_batch, core.batch)

local function start_scope(hook, scope)
  run_job(hook, core.job_begin, scope)
  return scope
end

-- Ends a scope after an error. After an error of rille, the database has answered or received nothing. After any other one, the outcome is unknown.
local function abandon_scope(scope, e)
  if errors.is_error(e) then core.over(scope, true) else core.close(scope) end
end

local function begun(hook, scope)
  local ok, e = pcall(start_scope, hook, scope)
  if ok then return scope end
  abandon_scope(scope, e)
  return error(e, 0)
end

function wait.begin(parent, options)
  local hook = hook_for(parent)
  if not hook then return core.begin(parent, options) end
  return begun(hook, core.tx(parent, options))
end

function wait.nest(parent)
  local hook = hook_for(parent)
  if not hook then return core.nest(parent) end
  return begun(hook, core.inner_tx(parent))
end

local function end_scope(hook, scope, commit)
  local guard = new_guard(hook)
  guard.steady = commit
  watch(guard, core.job_finish(scope, commit))
end

function wait.finish(scope, commit)
  local hook = hook_for(scope)
  if not hook then return core.finish(scope, commit) end
  local ok, e = pcall(end_scope, hook, scope, commit)
  if ok then return core.over(scope) end
  if commit then abandon_scope(scope, e) else core.close(scope) end
  error(e, 0)
end

--- Waits once for what a step asks for: in the scheduler if possible, otherwise by blocking the thread. `guard.fd` is the descriptor that the scheduler
--- knows meanwhile. If the wait may have been left, call wait.forget(guard).
---@param owner userdata
---@param guard table
function wait.once(owner, guard, mode, fd, seconds)
  local hook = hook_for(owner)
  if not hook then return core.poll(fd, fd and mode, seconds) end
  guard.hook = hook
  wait_for(guard, mode, fd, seconds)
end

function wait.forget(guard)
  local fd = guard.fd
  guard.fd = nil
  if fd then guard.hook.forget(fd) end
end

function wait.back_off(attempt, scope)
  local hook = hook_for(scope)
  if not hook then return core.back_off(attempt) end
  hook.wait(nil, nil, core.pause(attempt))
end

return wait
