-- The queue of a pool: all are served, in order, with few descriptors. The leader may end in any way.
local support = require "support"
local schedulers = require "coop.schedulers"

local schema = "model Thing {\n id Int @id\n}"
local plain = schedulers.plain

local function descriptors()
  local file = assert(io.open "/proc/self/stat")
  local pid = file:read "n"
  file:close()
  local pipe = assert(io.popen(("ls /proc/%d/fd | wc -l"):format(pid)))
  local n = tonumber(pipe:read "a")
  pipe:close()
  return n
end

support.each_engine(function(engine)
  for _, scheduler in ipairs(schedulers.all) do
    it("serves everybody in order, with few descriptors, under " .. scheduler.name, function()
      local COUNT, SIZE = 300, 2
      local db = support.open(engine, schema, { wait = scheduler.wait, pool = { size = SIZE, wait = 60000 } })
      local before, most, joined, served, tasks = descriptors(), 0, 0, {}, {}
      for i = 1, COUNT do
        tasks[i] = function()
          joined = joined + 1
          local place = joined
          db:transaction(function(tx)
            served[#served + 1] = place
            tx.thing:count()
            if #served == SIZE then
              scheduler.sleep(0.05)
              most = descriptors() - before
            end
          end, { max_wait = 60000, read_only = true })
        end
      end
      scheduler.run(tasks)
      assert.equal(COUNT, #served)
      local early = 0
      for at, place in ipairs(served) do
        if place > at + 10 then early = early + 1 end
      end
      assert.is_true(early < COUNT / 10, ("%d were served before their turn"):format(early))
      local own = scheduler.name == "cqueues" or scheduler.name == "luv"
      -- copas of this machine has no way to wake a sleeper, and needs two descriptors for each wait with a limit
      if scheduler.name ~= "copas" then assert.is_true(most <= (own and 20 or 90), ("%d descriptors"):format(most)) end
      local pool = db:metrics().pool
      assert.same({ 0, 0 }, { pool.in_use, pool.waiting })
    end)
  end

  it("continues if its leader is closed or dropped", function()
    if not coroutine.close then return end
    local woken = {}
    local hook = { wait = plain.wait, wake = function(co) woken[#woken + 1] = co end }
    local db = support.open(engine, schema, { wait = hook, pool = { size = 1, wait = 60000 } })
    local order = {}
    local function start(name)
      local co = coroutine.create(function()
        db:transaction(function(tx)
          order[#order + 1] = name
          tx.thing:count()
          if name == "holder" then coroutine.yield "holds" end
        end, { max_wait = 60000 })
      end)
      local _, told = assert(coroutine.resume(co))
      return co, told
    end
    local holder, told = start "holder"
    for _ = 1, 400 do
      if told == "holds" then break end
      os.execute "sleep 0.005"
      told = select(2, assert(coroutine.resume(holder)))
    end
    assert.equal("holds", told)
    local leader, a, b, c = (start "leader"), (start "a"), (start "b"), (start "c")
    assert.equal(4, db:metrics().pool.waiting)
    assert(coroutine.close(leader)) -- the newest is asked to lead
    assert.equal(c, woken[1])
    assert(coroutine.resume(c))
    assert(coroutine.close(c))
    assert.equal(b, woken[2])
    b, woken = nil, {} -- luacheck: ignore (dropped before it could lead)
    collectgarbage()
    collectgarbage()
    assert.equal(1, db:metrics().pool.waiting)
    assert(coroutine.resume(holder))
    for _ = 1, 400 do
      if coroutine.status(holder) == "dead" then break end
      os.execute "sleep 0.005"
      assert(coroutine.resume(holder))
    end
    for _ = 1, 600 do
      if coroutine.status(a) == "dead" then break end
      os.execute "sleep 0.005"
      assert(coroutine.resume(a)) -- like a scheduler after a sleep
    end
    assert.same({ "holder", "a" }, order)
    local pool = db:metrics().pool
    assert.same({ 0, 0 }, { pool.in_use, pool.waiting })
  end)
end)
