-- The schedulers that the specs run under: cqueues, luv, copas, and a small one of the specs' own on top of select(2).
--
--   for _, scheduler in ipairs(schedulers.all) do
--     scheduler.wait                     what rille.connect takes
--     scheduler.run{ f, g, ... }         runs them as coroutines until all have ended; raises the first error
--     scheduler.sleep(seconds)           within one of them
local socket = require "socket"
local hooks = require "rille.hooks"

local schedulers = {}

-- Counts the coroutines that have not ended, and keeps the first error.
local function supervise(tasks)
  local state = { left = #tasks }
  local wrapped = {}
  for i, task in ipairs(tasks) do
    wrapped[i] = function()
      local ok, e = xpcall(task, function(e) return type(e) == "string" and debug.traceback(e, 2) or e end)
      state.left = state.left - 1
      if not ok and state.error == nil then state.error = e end
    end
  end
  return wrapped, state
end

local function settle(state, name)
  if state.error ~= nil then error(state.error, 0) end
  if state.left > 0 then error(("%d coroutines have not ended under %s"):format(state.left, name), 0) end
end

local function run_cqueues(tasks)
  local cqueues = require "cqueues"
  local queue = cqueues.new()
  for _, task in ipairs(tasks) do queue:wrap(task) end
  assert(queue:loop())
end

local function run_luv(tasks)
  local uv = require "luv"
  for _, task in ipairs(tasks) do assert(coroutine.resume(coroutine.create(task))) end
  uv.run()
end

local function run_copas(tasks, state)
  local copas = require "copas"
  for _, task in ipairs(tasks) do copas.addthread(task) end
  while state.left > 0 do copas.step(1) end
end

-- The specs' own: coroutines yield what they wait for.
local Socket = {}
Socket.__index = Socket
function Socket:getfd() return self.fd end
function Socket.dirty() return false end

local plain = { log = {} }

function plain.wait(fd, mode, seconds)
  plain.log[#plain.log + 1] = { fd = fd, mode = mode, seconds = seconds }
  return coroutine.yield(fd, mode, seconds)
end

local function step_plain(waiting)
  local reading, writing, now, timeout = {}, {}, socket.gettime(), 5
  for _, w in ipairs(waiting) do
    local s = w.fd and setmetatable({ fd = w.fd }, Socket)
    if s and w.mode:find "r" then reading[#reading + 1] = s end
    if s and w.mode:find "w" then writing[#writing + 1] = s end
    if w.until_time then timeout = math.min(timeout, math.max(0, w.until_time - now)) end
  end
  local ready = {}
  local readable, writable = socket.select(reading, writing, timeout)
  for _, s in ipairs(readable) do ready[s.fd] = true end
  for _, s in ipairs(writable) do ready[s.fd] = true end
  return ready, socket.gettime()
end

local function resume_plain(co, waiting)
  local ok, fd, mode, seconds = coroutine.resume(co)
  if not ok then error(fd, 0) end
  if coroutine.status(co) == "dead" then return end
  waiting[#waiting + 1] = { co = co, fd = fd, mode = mode, until_time = seconds and socket.gettime() + seconds }
end

local function run_plain(tasks)
  local waiting = {}
  for _, task in ipairs(tasks) do resume_plain(coroutine.create(task), waiting) end
  while #waiting > 0 do
    local ready, now = step_plain(waiting)
    local before = waiting
    waiting = {}
    for _, w in ipairs(before) do
      if ready[w.fd or false] or (w.until_time and now >= w.until_time) then
        resume_plain(w.co, waiting)
      else
        waiting[#waiting + 1] = w
      end
    end
  end
end

local function add(name, wait, loop)
  local hook = hooks.resolve(wait)
  local scheduler = { name = name, wait = wait }
  function scheduler.run(tasks)
    local wrapped, state = supervise(tasks)
    loop(wrapped, state)
    settle(state, name)
  end
  function scheduler.sleep(seconds)
    local stop = socket.gettime() + seconds
    while socket.gettime() < stop do hook.wait(nil, nil, stop - socket.gettime()) end
  end
  schedulers[name] = scheduler
  schedulers.all = schedulers.all or {}
  schedulers.all[#schedulers.all + 1] = scheduler
end

add("cqueues", "cqueues", run_cqueues)
add("luv", "luv", run_luv)
add("copas", "copas", run_copas)
add("function", plain.wait, run_plain)
schedulers.plain = plain
schedulers.now = socket.gettime

return schedulers
