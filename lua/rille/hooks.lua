--- Wait hooks: how a coroutine waits for a descriptor, or for time, under the scheduler that runs it.
--- A hook has three functions. wait(fd, mode, seconds) returns when fd is ready ("r", "w" or "rw") or the time is up, and may return early; fd and
--- mode are nil to wait for a time only, seconds is nil without a limit. forget(fd) drops what is known of fd, which may be closed next. ready()
--- returns whether the running code may wait in this way; otherwise calls block. A hook may have a fourth function: wake(co) ends the wait of a
--- coroutine that waits for a time only, soon, and not from inside that coroutine. With it, all calls that queue for a connection share one
--- descriptor.
local core = require "rille.core"
local errors = require "rille.errors"
local options = require "rille.options"

local hooks = {}

-- Lua 5.1 cannot find out, and cannot yield across pcall: everything blocks there.
local is_yieldable = coroutine.isyieldable or function() return false end -- luacheck: ignore

local function nothing() end

-- A plain coroutine inside one of cqueues would pass the scheduler's yield to its own caller, so calls block there.
local function of_cqueues()
  local cqueues, condition = require "cqueues", require "cqueues.condition"
  local poll, running = cqueues.poll, cqueues.running
  local sleepers = setmetatable({}, { __mode = "k" }) ---@type table<thread, table> their conditions
  local function sleep(seconds)
    local co = coroutine.running()
    local signal = sleepers[co] or condition.new()
    sleepers[co] = signal
    poll(signal, seconds)
  end
  return {
    wait = function(fd, mode, seconds)
      if fd then poll({ pollfd = fd, events = mode }, seconds) else sleep(seconds) end
    end,
    wake = function(co)
      if sleepers[co] then sleepers[co]:signal() end
    end,
    forget = cqueues.cancel,
    ready = function()
      local _, direct = running()
      return direct and is_yieldable()
    end,
  }
end

local function resume(co)
  local ok, e = coroutine.resume(co)
  if not ok then error(e, 0) end
end

-- Each wait has its own handles, closed before the coroutine continues, so libuv never knows a descriptor that may be closed.
local function of_luv()
  local uv = require "luv"
  local waiting = {} ---@type table<integer, function> by descriptor: ends the wait
  local sleepers = setmetatable({}, { __mode = "k" }) ---@type table<thread, function> continues it in the next turn of the loop
  local function wait(fd, mode, seconds)
    local co, poll, timer = coroutine.running(), nil, nil
    local function stop()
      if poll then poll:close() end
      if timer then timer:close() end
      poll, timer = nil, nil
      if fd then waiting[fd] = nil else sleepers[co] = nil end
    end
    local function wake()
      if not poll and not timer then return end
      stop()
      if coroutine.status(co) == "suspended" then resume(co) end
    end
    if fd then
      poll = assert(uv.new_poll(fd))
      waiting[fd] = stop
      assert(poll:start(mode, wake))
    end
    if seconds then
      timer = assert(uv.new_timer())
      timer:start(math.ceil(seconds * 1000), 0, wake)
      if not fd then sleepers[co] = function() timer:start(0, 0, wake) end end
    end
    coroutine.yield()
  end
  return {
    wait = wait,
    wake = function(co)
      if sleepers[co] then sleepers[co]() end
    end,
    forget = function(fd)
      if waiting[fd] then waiting[fd]() end
    end,
    ready = is_yieldable,
  }
end

-- An object that copas treats as a socket: ready when asked the second time, after select has found its descriptor ready.
local Descriptor = {}
Descriptor.__index = Descriptor
function Descriptor:getfd() return self.fd end
function Descriptor.dirty() return false end
function Descriptor.close() end
function Descriptor.settimeout() end
function Descriptor:receive()
  if self.asked then return "ready" end
  self.asked = true
  return nil, "timeout"
end
function Descriptor:send(data)
  if self.asked then return #data end
  self.asked = true
  return nil, "timeout", 0
end

-- copas has no time limit for a wait. An alarm of the core is a descriptor that is ready when another one is, or when the time is up.
local function of_copas()
  local copas = require "copas"
  local function wait_for(fd, mode)
    local descriptor = setmetatable({ fd = fd }, Descriptor)
    if mode == "w" then copas.send(descriptor, "x") else copas.receive(descriptor, 1) end
  end
  local sleeps = copas.sleep and copas.wakeup -- since 2.0
  return {
    wake = sleeps and copas.wakeup,
    wait = function(fd, mode, seconds)
      if not fd and sleeps then return copas.sleep(seconds) end
      if not seconds and mode ~= "rw" then return wait_for(fd, mode) end
      local alarm, alarm_fd = core.alarm(fd, mode, seconds)
      wait_for(alarm_fd, "r")
      core.alarm_close(alarm)
    end,
    forget = nothing, -- select gets the descriptors each time
    ready = is_yieldable,
  }
end

local BY_NAME = { cqueues = of_cqueues, luv = of_luv, copas = of_copas }

local is_callable = options.is_callable

local HOOK = options.declare("rille.WaitHook", {
  { "wait", "function", required = true, is = "rille.WaitFunction", doc = "returns when the descriptor is ready, or earlier" },
  { "forget", "function", is = "fun(fd: integer)", doc = "called before a descriptor may be closed" },
  { "ready", "function", is = "fun(): boolean", doc = "whether the running code may wait in this way" },
  { "wake", "function", is = "fun(co: thread)", doc = "ends the wait of a coroutine that waits for a time only" },
})

local function of_table(option)
  options.check(HOOK, option, "rille.connect: wait")
  local ready = option.ready
  return {
    wait = option.wait,
    forget = option.forget or nothing,
    wake = option.wake,
    ready = ready and function() return is_yieldable() and ready() end or is_yieldable,
  }
end

--- Returns the hook for the option `wait` of rille.connect.
---@param option nil|"cqueues"|"luv"|"copas"|fun(fd: integer|nil, mode: string|nil, seconds: number|nil)|table
---@return table|nil hook
function hooks.resolve(option)
  if option == nil then return nil end
  if is_callable(option) then return of_table { wait = option } end
  if type(option) == "table" then return of_table(option) end
  local make = BY_NAME[option]
  if not make then
    options.refuse("rille.connect: wait", '"cqueues", "luv", "copas" or a function (fd, mode, seconds)', option,
      type(option) == "string" and ('"%s"'):format(option) or nil)
  end
  local ok, hook = pcall(make)
  if not ok then errors.raise("VALIDATION", "rille.connect: wait: the module `%s` cannot be loaded: %s", option, tostring(hook)) end
  return hook
end

return hooks
