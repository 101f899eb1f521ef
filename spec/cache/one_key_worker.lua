-- The program that `host` runs in each thread of one_key_spec: all ask for one key at the same time. The last thread runs the coroutines, the others block.
--
--   host THREADS SECONDS one_key_worker.lua URL FOLDER COROUTINES
--
-- FOLDER/<case> has a byte for each computation, FOLDER/<case>.got a byte for each caller: "v" a value, "e" an error of Lua, "r" one of rille.
local rille = require "rille"
local support = require "cache.one_key"
local host = host -- luacheck: ignore

local url, folder, coroutines = arg[1], arg[2], tonumber(arg[3])
local cooperative = host.thread == host.threads
local cqueues = cooperative and require "cqueues"

local function add(file, text)
  local handle = assert(io.open(folder .. "/" .. file, "a"))
  handle:setvbuf "no"
  handle:write(text)
  handle:close()
end

local function count(file)
  local handle = assert(io.open(folder .. "/" .. file))
  local size = handle:seek "end"
  handle:close()
  return size
end

local function pause(seconds) (cooperative and coroutine.isyieldable() and cqueues.sleep or host.sleep)(seconds) end

local db = rille.connect { url = url, schema_text = support.schema, pool = { size = 5, wait = 60000 }, wait = cooperative and "cqueues" or nil, cache = true }

local function option(key) return { key = key, ttl = 600 } end
local function value_of(key, fn)
  return db:cached(function(...)
    add(key, ".")
    return fn(...)
  end, option(key))
end

local cases = {}

cases.once = value_of("once", function()
  pause(0.3)
  return db.item:count()
end)

cases.rows = function() return #db.item:find_many { include = { notes = true }, cache = { ttl = 600 } } end

-- The first three computations raise.
cases.raises = value_of("raises", function()
  local n = count "raises"
  pause(0.02)
  if n <= 3 then error("on purpose", 0) end
  return n
end)

cases.fails = value_of("fails", function()
  pause(0.3)
  return db.item:find_unique_or_throw { where = { id = 99 } }
end)

-- Who computes it, asks for it: once, or it would never end.
local inside = {}
local function once_inside(fn)
  local co = coroutine.running()
  if inside[co] then return 1 end
  inside[co] = true
  pause(0.01)
  local ok, value = pcall(fn)
  inside[co] = nil
  return assert(ok and value)
end
local itself
itself = value_of("itself", function() return once_inside(itself) end)
cases.itself = itself

local first, second
first = value_of("first", function() return once_inside(second) end)
second = value_of("second", function() return once_inside(first) end)

-- A coroutine that computes is dropped: it is gone when it is collected.
local dropped
cases.dies = value_of("dies", function()
  if dropped then coroutine.yield() end
  return 1
end)

local function ask(name, number)
  local ok, e
  if name == "circle" then
    ok, e = pcall(number % 2 == 0 and first or second)
  else
    ok, e = pcall(cases[name])
  end
  add(name .. ".got", ok and "v" or type(e) == "table" and e.code and "r" or "e")
end

local function run(name)
  if not cooperative then
    host.meet()
    return ask(name, host.thread)
  end
  local queue = cqueues.new()
  for i = 1, coroutines do queue:wrap(function() ask(name, i) end) end
  if name == "dies" then
    dropped = true
    local co = coroutine.create(cases.dies)
    assert(coroutine.resume(co))
    assert(coroutine.status(co) == "suspended")
    dropped = false
    queue:wrap(function()
      cqueues.sleep(0.2)
      co = nil -- luacheck: ignore
      collectgarbage()
    end)
  end
  host.meet()
  assert(queue:loop())
end

-- Nothing is given before the cache hears what others write.
while host.thread == 1 and db:metrics().cache.hits == 0 do
  db.item:count { cache = { ttl = 600 } }
  host.sleep(0.01)
end
for _, name in ipairs(support.cases) do
  host.meet()
  local before = db:metrics().cache.misses
  host.meet()
  run(name)
  host.meet()
  if host.thread == 1 then add(name .. ".misses", tostring(db:metrics().cache.misses - before)) end
end
host.meet()
db:close()
return "done"
