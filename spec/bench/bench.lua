-- Compares rille with the yardstick: both in this process, on the same database, in short alternating slices, each after a full collection. The result
-- is the median of the ratios of neighbouring slices, so a machine that is slower for a while slows both.
--
--   bench.lua [--quick] [--yardstick-only] [sqlite|postgresql] [W1 ...]
-- Needs RILLE_TEST_POSTGRES (make bench starts a server). Prints one table per engine and "ratio W1 sqlite cpu 1.07" lines, and for
-- W11 "peer W11 sqlite tables+cjson 3.41": how many times as long another way takes as rille. The peer of W13 is the query without a cache.
local yardstick = require "yardstick"
local seed = require "bench.seed"
local workloads_of = require "bench.workloads"

local SLICE_US, PAIRS, CHECKS = 40000, 41, 3
local only, engines_asked = {}, {}
local yardstick_only = false
for _, word in ipairs(arg) do
  if word == "--quick" then
    PAIRS = 9
  elseif word == "--yardstick-only" then
    yardstick_only = true
  elseif word:match "^W%d+$" then
    only[word] = true
  elseif word == "sqlite" or word == "postgresql" then
    engines_asked[word] = true
  else
    error("bench.lua does not know " .. word, 0)
  end
end

local function median(list)
  table.sort(list)
  local n = #list
  return n % 2 == 1 and list[(n + 1) // 2] or (list[n // 2] + list[n // 2 + 1]) / 2
end

-- 0 .. n - 1
local state = 20240101
local function random(n)
  state = state * 48271 % 2147483647
  return state % n
end

local function slice(run, arguments)
  collectgarbage()
  collectgarbage()
  local cpu, wall = yardstick.cpu(), yardstick.wall()
  for i = 1, #arguments do run(arguments[i]) end
  return yardstick.cpu() - cpu, yardstick.wall() - wall
end

local function arguments_of(workload, count)
  local list = {}
  for i = 1, count do list[i] = workload.args(random) end
  return list
end

local function check(workload, same)
  local ways = { workload.rille, workload.peer }
  for _ = 1, CHECKS do
    local argument = workload.args(random)
    local mine = workload.canonical(workload.yardstick(argument))
    if workload.clean then workload.clean() end
    for _, way in ipairs(ways) do
      local theirs = workload.canonical(way(argument))
      if workload.clean then workload.clean() end
      local equal, where = same(mine, theirs, workload.name)
      if not equal then error("the two sides do not give the same: " .. where, 0) end
    end
  end
end

local function calibrate(workload)
  local count = 1
  while true do
    local _, wall = slice(workload.yardstick, arguments_of(workload, count))
    if workload.clean then workload.clean() end
    if wall >= SLICE_US / 2 then return math.max(1, math.floor(count * SLICE_US / wall + 0.5)) end
    count = count * 2
  end
end

-- One way against another, in slices of so many calls: the medians of b's share of a, and of each.
local function compare(workload, a, b, count)
  local figures = { cpu = {}, wall = {}, a_cpu = {}, a_wall = {}, b_cpu = {}, b_wall = {} }
  local function timed(run, arguments)
    local cpu, wall = slice(run, arguments)
    if workload.clean then workload.clean() end
    return cpu / count, wall / count
  end
  timed(b, arguments_of(workload, count))
  for pair = 1, PAIRS do
    local arguments = arguments_of(workload, count)
    local a_cpu, a_wall, b_cpu, b_wall
    if pair % 2 == 1 then
      a_cpu, a_wall = timed(a, arguments)
      b_cpu, b_wall = timed(b, arguments)
    else
      b_cpu, b_wall = timed(b, arguments)
      a_cpu, a_wall = timed(a, arguments)
    end
    figures.cpu[pair], figures.wall[pair] = b_cpu / a_cpu, b_wall / a_wall
    figures.a_cpu[pair], figures.a_wall[pair], figures.b_cpu[pair], figures.b_wall[pair] = a_cpu, a_wall, b_cpu, b_wall
  end
  for name, list in pairs(figures) do figures[name] = median(list) end
  return figures
end

local function measure(workload, engine, lines)
  local count = calibrate(workload)
  local f = compare(workload, workload.yardstick, yardstick_only and workload.yardstick or workload.rille, count)
  if not yardstick_only then
    lines[#lines + 1] = ("ratio %s %s cpu %.2f"):format(workload.name, engine, f.cpu)
    lines[#lines + 1] = ("ratio %s %s wall %.2f"):format(workload.name, engine, f.wall)
  end
  if workload.peer and not yardstick_only then
    local peer = compare(workload, workload.rille, workload.peer, count)
    lines[#lines + 1] = ("peer %s %s %s %.2f"):format(workload.name, engine, workload.peer_name, peer.cpu)
  end
  return f
end

local function run_engine(engine, yard, url)
  seed.run(yard, engine)
  yard:prepare()
  local db, cached
  if not yardstick_only then
    db = require("rille").connect { schema = "spec/bench/schema.prisma", url = url }
    cached = require("rille").connect { schema = "spec/bench/schema.prisma", url = url, cache = true }
  end
  local lines = {}
  local workloads, same = workloads_of(yard, db, cached)
  print(("\n%s: microseconds per call"):format(engine))
  print(("%-4s %-24s %12s %12s %8s %12s %12s %8s"):format("", "", "C, CPU", "rille, CPU", "ratio", "C, wall", "rille, wall", "ratio"))
  for _, workload in ipairs(workloads) do
    if next(only) == nil or only[workload.name] then
      if not yardstick_only then check(workload, same) end
      local f = measure(workload, engine, lines)
      local columns = yardstick_only and { f.a_cpu, "-", "-", f.a_wall, "-", "-" } or { f.a_cpu, f.b_cpu, f.cpu, f.a_wall, f.b_wall, f.wall }
      for i, value in ipairs(columns) do columns[i] = type(value) == "number" and ("%.2f"):format(value) or value end
      print(("%-4s %-24s %12s %12s %8s %12s %12s %8s"):format(workload.name, workload.title, table.unpack(columns)))
      io.stdout:flush()
    end
  end
  if db then
    db:close()
    cached:close()
  end
  yard:close()
  return lines
end

local all_lines = {}
local function run(engine, yard, url)
  for _, line in ipairs(run_engine(engine, yard, url)) do all_lines[#all_lines + 1] = line end
end

local every_engine = next(engines_asked) == nil
if every_engine or engines_asked.sqlite then
  local path = assert(os.getenv "RILLE_BENCH_FOLDER", "RILLE_BENCH_FOLDER is not set") .. "/bench.db"
  run("sqlite", yardstick.sqlite(path), "file:" .. path)
end
if every_engine or engines_asked.postgresql then
  local server = assert(os.getenv "RILLE_TEST_POSTGRES", "RILLE_TEST_POSTGRES is not set")
  local admin = yardstick.postgres(server)
  admin:exec "CREATE DATABASE bench"
  admin:close()
  local url = server:gsub("/postgres$", "/bench")
  run("postgresql", yardstick.postgres(url), url)
end
print ""
for _, line in ipairs(all_lines) do print(line) end
