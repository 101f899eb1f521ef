--- Cooperative clients: the loop that drives a job of the core through a wait hook, and the methods that use it.
local core = require "rille.core"
local errors = require "rille.errors"
local queue = require "rille.queue"

local wait = {}

-- What a coroutine is waiting for. Closed when the wait is left in whichever way: by its end, by an error of the hook, by coroutine.close.
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

-- The answer to a commit must be known: where the scheduler has no memory to wait for it, the thread waits.
local function wait_steadily(hook, fd, mode, seconds)
  local ok, e = pcall(hook.wait, fd, mode, seconds)
  if ok then return end
  if e ~= "not enough memory" then error(e, 0) end
  core.poll(fd, fd and mode, seconds)
end

-- RILLE_DEBUG=wait, which the core checks the words of.
local words = "," .. (os.getenv "RILLE_DEBUG" or ""):gsub("[, ]+", ",") .. ","
local traced = words:find(",wait,", 1, true) ~= nil or words:find(",all,", 1, true) ~= nil

local function trace(mode, fd, seconds)
  local co = coroutine.running()
  io.stderr:write(("rille wait: %s mode=%s fd=%s seconds=%s\n"):format(tostring(co), mode, tostring(fd), seconds and ("%.3f"):format(seconds) or "no limit"))
end

-- What a step has asked for. The guard has the descriptor for as long as the scheduler knows it.
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

-- The steps of a job from its first wait to its end.
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
  -- The fourth value of a generic for is closed with the loop; other Luas can read this, too.
  function attend_safely(guard)
    for _, result, more in attend, guard, nil, guard do return result, more end -- luacheck: ignore
  end
end

local function watch(guard, mode, a, b, job)
  if not mode then return a, b end
  guard.mode, guard.at, guard.seconds, guard.job = mode, a, b, job
  return attend_safely(guard)
end

-- It is there before the job runs, which must not be lost when memory is short.
local function new_guard(hook)
  return setmetatable({ hook = hook, job = false, mode = false, at = false, seconds = false, fd = false, steady = false, queued = false }, Guard)
end

-- Starts a job and returns its result; of a stream, also the job when it has more.
local function finish(hook, start, ...) return watch(new_guard(hook), start(...)) end

-- The hook of a model or scope where the running code may wait; nil where it must block.
local function hook_for(owner)
  local hook = core.hook(owner)
  return hook and hook.ready() and hook or nil
end

--- Methods of models of cooperative clients; what is missing comes from core.methods.
local models = setmetatable(core.cooperative_methods, { __index = core.methods })
for _, action in ipairs(core.actions) do
  local name = action.name
  local block = core.methods[name]
  models[name] = function(model, args)
    local hook = hook_for(model)
    if not hook then return block(model, args) end
    return (finish(hook, core.job_model, model, args, name))
  end
end

local Stream = {}
function Stream.__close(stream)
  local job = stream.job
  stream.job = nil
  if job then core.stop(job) end
end

-- For a job that goes on where the code cannot wait.
local BLOCKING = { wait = core.poll, forget = function() end }

local function next_batch(stream)
  local job = stream.job
  local hook = hook_for(stream.model) or BLOCKING
  stream.job, stream.position = nil, 0
  if not job then
    stream.rows, stream.job = finish(hook, core.job_stream, stream.model, stream.args, stream.size)
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

--- The iterator of each, as core.stream, which it is where the code must block.
---@param model userdata
---@param args table|nil
---@param size integer rows of a batch
function wait.stream(model, args, size)
  if not hook_for(model) then return core.stream(model, args, size) end
  local stream = setmetatable({ model = model, args = args, size = size, position = 0 }, Stream)
  return function() return (next_row(stream)) end, nil, nil, stream
end

local function or_block(start, block)
  return function(scope, ...)
    local hook = hook_for(scope)
    if not hook then return block(scope, ...) end
    return (finish(hook, start, scope, ...))
  end
end

--- What raw statements and transactions are made of: each with the arguments of the function of the core that has its name.
wait.query = or_block(core.job_query, core.query)
wait.execute = or_block(core.job_execute, core.execute)
wait.script = or_block(core.job_script, core.script)
wait.batch = or_block(core.job_batch, core.batch)

local function start_scope(hook, scope)
  finish(hook, core.job_begin, scope)
  return scope
end

-- An error of rille's own says that the database has answered, or heard nothing. After any other one nobody knows how far the step has come.
local function over(scope, e)
  if errors.is_error(e) then core.over(scope, true) else core.close(scope) end
end

local function begun(hook, scope)
  local ok, e = pcall(start_scope, hook, scope)
  if ok then return scope end
  over(scope, e)
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
  if commit then over(scope, e) else core.close(scope) end
  error(e, 0)
end

--- Waits once for what a step has asked for: in the scheduler where the code can, else by blocking the thread. `guard.fd` is the descriptor that
--- the scheduler knows meanwhile; wait.forget(guard) when the wait may have been left.
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
