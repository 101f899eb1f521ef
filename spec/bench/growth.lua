-- Measures how the cost grows: each subject at a small and at a large size in this run. The result is their ratio, so it means the same on every machine.
-- 1.0: the size does not matter.
--
--   growth.lua [threads] [coroutines] [plans] [cycle] [batch] [push] [bytes]
-- Needs RILLE_TEST_POSTGRES and RILLE_BENCH_FOLDER (make bench ARGS=growth sets them). Prints "growth <subject> <engine> <what> <ratio>" lines.
local rille = require "rille"
local cqueues = require "cqueues"
local thread = require "cqueues.thread"
local yardstick = require "yardstick"

local asked = {}
for _, word in ipairs(arg) do asked[word] = true end
local folder = assert(os.getenv "RILLE_BENCH_FOLDER", "RILLE_BENCH_FOLDER is not set")
local server = assert(os.getenv "RILLE_TEST_POSTGRES", "RILLE_TEST_POSTGRES is not set")

local function schema_of(engine, models)
  return ('datasource db {\n  provider = "%s"\n}\n%s'):format(engine, models or [[
model Item {
  id    Int    @id @default(autoincrement())
  name  String
  a     Int    @default(0)
  b     Int    @default(0)
  parts Part[]
}
model Part {
  id     Int  @id @default(autoincrement())
  n      Int
  itemId Int
  item   Item @relation(fields: [itemId], references: [id])
}
]])
end

local serial = 0
local function open(engine, options)
  serial = serial + 1
  local url = engine == "sqlite" and ("file:%s/growth%d.db"):format(folder, serial) or server:gsub("/postgres$", "/growth" .. serial)
  local text = schema_of(engine)
  rille.push { schema_text = text, url = url, reset = true }
  local all = { schema_text = text, url = url }
  for key, value in pairs(options or {}) do all[key] = value end
  local db = rille.connect(all)
  db.item:create_many { data = { { name = "a" }, { name = "b" } } }
  return db, url, text
end

-- Returns the microseconds per call, of this process's CPU and of the clock.
local function timed(calls, fn)
  collectgarbage()
  local cpu, wall = yardstick.cpu(), yardstick.wall()
  fn()
  return (yardstick.cpu() - cpu) / calls, (yardstick.wall() - wall) / calls
end

-- The same for the calls alone: run(n) makes n calls and their set-up, which the difference of two runs removes.
local function marginal(count, calls, run)
  local once_cpu, once_wall = timed(1, function() run(calls) end)
  local twice_cpu, twice_wall = timed(1, function() run(calls * 2) end)
  return (twice_cpu - once_cpu) / (count * calls), (twice_wall - once_wall) / (count * calls)
end

local function status(key)
  for line in io.lines "/proc/self/status" do
    local size = line:match("^" .. key .. ":%s+(%d+)")
    if size then return tonumber(size) end
  end
end

local lines = {}
local function report(subject, engine, what, unit, small, large)
  local ratio = large / small
  print(("%-11s %-10s %-34s %10.2f %10.2f %s"):format(subject, engine, what, small, large, unit))
  lines[#lines + 1] = ("growth %s %s %s %.2f"):format(subject, engine, what:gsub(" ", "_"), ratio)
  io.stdout:flush()
end

local function each_engine(fn)
  for _, engine in ipairs { "sqlite", "postgresql" } do fn(engine) end
end

local subjects = {}

-- Threads that share a pool of 10: with one that has to wait, and with many.
function subjects.threads()
  local CALLS = { sqlite = 256000, postgresql = 64000 }
  local function worker(_, url, text, calls)
    local db = require("rille").connect { schema_text = text, url = url, pool = { size = 10, wait = 60000 } }
    for i = 1, tonumber(calls) do db.item:find_unique { where = { id = i % 2 + 1 } } end
    db:close()
  end
  each_engine(function(engine)
    local _, url, text = open(engine)
    local function cost(count)
      return (marginal(count, CALLS[engine] // count, function(calls)
        local threads = {}
        for i = 1, count do threads[i] = thread.start(worker, url, text, tostring(calls)) end
        for i = 1, count do threads[i]:join() end
      end))
    end
    cost(11)
    report("threads", engine, "CPU a call, 11 to 64 threads", "us", cost(11), cost(64))
    report("threads", engine, "CPU a call, 2 to 64 threads", "us", cost(2), cost(64))
  end)
end

-- Coroutines that share a pool of 20; and the descriptors that are open while they wait.
function subjects.coroutines()
  each_engine(function(engine)
    local db = open(engine, { wait = "cqueues", pool = { size = 20, wait = 120000 } })
    local function descriptors()
      local pipe = assert(io.popen(("ls /proc/%d/fd | wc -l"):format(io.open("/proc/self/stat"):read "n")))
      local n = tonumber(pipe:read "a")
      pipe:close()
      return n
    end
    local function run(count, calls)
      local fds = 0
      local loop = cqueues.new()
      for i = 1, count do
        loop:wrap(function()
          for _ = 1, calls do db.item:find_unique { where = { id = i % 2 + 1 } } end
          if i == 1 then fds = descriptors() end
        end)
      end
      assert(loop:loop())
      return fds
    end
    run(20, 300)
    local fds, fds_many
    local cpu, wall = marginal(21, 600, function(calls) fds = run(21, calls) end)
    local cpu_many, wall_many = marginal(10000, 2, function(calls) fds_many = run(10000, calls) end)
    report("coroutines", engine, "CPU a call, 21 to 10000 coroutines", "us", cpu, cpu_many)
    report("coroutines", engine, "time a call, 21 to 10000 coroutines", "us", wall, wall_many)
    report("coroutines", engine, "descriptors", "", fds, fds_many)
  end)
end

-- Calls with lists: the memory of the process at the end.
function subjects.plans()
  each_engine(function(engine)
    local db = open(engine)
    local function run(from, to)
      for n = from, to, 5 do
        local any = {}
        for i = 1, n do any[i] = { [i % 2 == 0 and "a" or "b"] = i } end
        db.item:count { where = { OR = any } }
      end
      return db:metrics().plans.bytes / 1048576
    end
    local small = run(100, 400)
    report("plans", engine, "plan cache, 60 to 240 long lists", "MB", small, run(405, 900))
  end)
end

-- A cycle of calls of more shapes than are kept.
function subjects.cycle()
  each_engine(function(engine)
    local db = open(engine)
    local FIELDS = { "id", "a", "b" }
    local OPERATORS = { "equals", "gt", "gte", "lt", "lte", "not_", "in_" }
    local function shape(k)
      local where = {}
      for f, field in ipairs(FIELDS) do
        local operator = OPERATORS[math.tointeger(k // 7 ^ (f - 1) % 7) + 1]
        where[field] = { [operator] = operator == "in_" and { 1, 2 } or 1 }
      end
      return { where = where, select = k >= 343 and { id = true } or nil }
    end
    local function run(count)
      local list = {}
      for k = 1, count do list[k] = shape(k) end
      local rounds = 8000 // count
      for k = 1, count do db.item:find_many(list[k]) end
      return (timed(count * rounds, function()
        for _ = 1, rounds do
          for k = 1, count do db.item:find_many(list[k]) end
        end
      end))
    end
    report("cycle", engine, "CPU a call, 400 to 550 shapes", "us", run(400), run(550))
  end)
end

function subjects.batch()
  each_engine(function(engine)
    local db = open(engine)
    local function run(count)
      return (timed(count, function()
        db:batch(function(b)
          for i = 1, count do b.item:find_unique { where = { id = i % 2 + 1 } } end
        end)
      end))
    end
    run(100)
    run(1000)
    report("batch", engine, "CPU a call, 1000 to 10000 calls", "us", run(1000), run(10000))
  end)
end

-- Pushing a schema without changes, per table.
function subjects.push()
  each_engine(function(engine)
    local function run(count)
      local models = {}
      for i = 1, count do models[i] = ("model M%d {\n  id Int @id\n  name String @unique\n  n Int\n  @@index([n])\n}"):format(i) end
      local text = schema_of(engine, table.concat(models, "\n"))
      serial = serial + 1
      local url = engine == "sqlite" and ("file:%s/growth%d.db"):format(folder, serial) or server:gsub("/postgres$", "/growth" .. serial)
      rille.push { schema_text = text, url = url }
      local _, wall = timed(count, function() rille.push { schema_text = text, url = url } end)
      return wall
    end
    report("push", engine, "time a table, 100 to 600 tables", "us", run(100), run(600))
  end)
end

-- Rows of one megabyte each: the peak of the process, and the time per megabyte.
function subjects.bytes()
  each_engine(function(engine)
    local db = open(engine)
    local name = ("x"):rep(1048576)
    local function run(count)
      local rows = {}
      for i = 1, count do rows[i] = { name = name } end
      local _, wall = timed(count, function() db.item:create_many { data = rows } end)
      return wall / 1000, status "VmHWM" / 1024
    end
    local few, small = run(32)
    local many, large = run(256)
    report("bytes", engine, "create_many, 32 to 256 MB", "ms/MB", few, many)
    report("bytes", engine, "peak of the process, 32 to 256 MB", "MB", small, large)
  end)
end

print(("%-11s %-10s %-34s %10s %10s"):format("", "", "", "small", "large"))
for _, name in ipairs { "threads", "coroutines", "plans", "cycle", "batch", "push", "bytes" } do
  if next(asked) == nil or asked[name] then subjects[name]() end
end
print ""
for _, line in ipairs(lines) do print(line) end
