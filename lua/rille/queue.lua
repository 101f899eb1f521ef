--- Waiting in the queue of a pool: all waiting jobs of this Lua state share one descriptor, the bell. One of them is the leader: it waits for the
--- bell in the scheduler and wakes the jobs that were called. The others sleep.
local core = require "rille.core"

local queue = {}

local WEAK = { __mode = "v" }

-- The weak table does not keep coroutines that are no longer referenced.
local sleepers = setmetatable({}, WEAK) ---@type table<integer, table> guards by ticket
local now = setmetatable({}, WEAK) ---@type { leader: table|nil } a guard

-- Sleepers, the newest at the top; some entries may have ended.
local stack, height, room = setmetatable({}, WEAK), 0, 64

-- How often the leader looks without being called, because a job called before it may not have come. A sleeper checks whether there is a leader.
local HEARTBEAT, PATIENCE = 0.5, 2

local function sleeps(guard, at) return guard and guard.queued == "asleep" and guard.at == at end

local function push(guard)
  if height >= room then
    local count, old = 0, stack
    stack = setmetatable({}, WEAK)
    for at = 1, height do
      if sleeps(old[at], at) then
        count = count + 1
        stack[count], old[at].at = old[at], count
      end
    end
    height, room = count, math.max(64, count * 2)
  end
  height = height + 1
  stack[height], guard.at = guard, height
end

local function wake(guard)
  guard.queued = "awake"
  guard.hook.wake(guard.co)
end

-- The newest one waits the longest.
local function appoint()
  while height > 0 do
    local guard = stack[height]
    stack[height], height = nil, height - 1
    if sleeps(guard, height + 1) then return wake(guard) end
  end
end

local function lead(guard, bell, seconds)
  now.leader, guard.queued = guard, "leads"
  guard.looked, guard.fd = core.monotonic(), bell
  guard.hook.wait(bell, "r", math.min(seconds or HEARTBEAT, HEARTBEAT))
  guard.fd = nil
  for ticket in core.called do
    local called = sleepers[ticket]
    if called and called.queued == "asleep" then wake(called) end
  end
end

local function sleep(guard, seconds)
  guard.queued, guard.co, guard.ticket = "asleep", coroutine.running(), core.ticket(guard.job)
  sleepers[guard.ticket] = guard
  push(guard)
  guard.hook.wait(nil, nil, math.min(seconds or PATIENCE, PATIENCE))
  guard.queued = "awake"
end

local function somebody_leads(guard)
  local leader = now.leader
  return leader and leader ~= guard and leader.queued == "leads" and core.monotonic() - leader.looked < 2 * HEARTBEAT
end

--- Waits until the guard's job may continue, or should check whether it may. The caller then steps the job, and calls this again or queue.leave.
---@param guard table of wait.lua
---@param bell integer its descriptor
---@param seconds number|nil
function queue.wait(guard, bell, seconds)
  if somebody_leads(guard) then sleep(guard, seconds) else lead(guard, bell, seconds) end
end

--- The guard's job has left the queue.
function queue.leave(guard)
  local led = now.leader == guard
  if guard.ticket then sleepers[guard.ticket] = nil end
  guard.queued = false
  if not led then return end
  now.leader = nil
  appoint()
end

return queue
