-- The program that `host` runs in each thread of the oracle. The last thread runs the coroutines, the others block.
--
--   host THREADS SECONDS oracle_worker.lua URL FOLDER NAME OPERATIONS COROUTINES CACHE TRANSACTIONS SHARE
--
-- Writes its notes to FOLDER/NAME.thread, each line at once: "W before after state...", "B before state..." before a commit that is then noted as
-- "A after" or "F" (failed); "U before keys" for a write whose outcome nobody knows; "R begin end what: state...". CACHE: "none", "memory", or the URL of a
-- Redis server. TRANSACTIONS = "only": what it writes can be told even if it is killed. One of SHARE
-- operations is a write, two are transactions.
local model = require "cache.oracle_model"
local rille = require "rille"
local host = host -- luacheck: ignore

local url, folder, name = arg[1], arg[2], arg[3]
local operations, coroutines, cache, only = tonumber(arg[4]), tonumber(arg[5]), arg[6], arg[7] == "only"
local share = tonumber(arg[8])
local cooperative = coroutines > 0 and host.thread == host.threads

local file = assert(io.open(("%s/%s.%d"):format(folder, name, host.thread), "w"))
file:setvbuf "no"
local function note(...) file:write(table.concat({ ... }, "\t") .. "\n") end -- one piece, or a killed process leaves half a line
local function stamp(seconds) return ("%.6f"):format(seconds) end

-- What may fail while servers are stopped, rows are replaced and others write: the row is gone or there already, conflicts, time limits.
local EXPECTED = { P2025 = true, P2002 = true, P2003 = true, P2034 = true, P2028 = true, P1008 = true, P2024 = true, P1017 = true, P1001 = true,
  P2014 = true, P2018 = true }
-- After these the outcome is unknown.
local DOUBT = { P1008 = true, P1017 = true }

local problems, tally = {}, { writes = 0, reads = 0, failures = 0 }

local function failed(what, e)
  tally.failures = tally.failures + 1
  if type(e) == "table" and EXPECTED[e.code] then return e.code end
  if e == "on purpose" then return nil end
  if #problems < 5 then problems[#problems + 1] = what .. ": " .. tostring(e) end
end

local function names_of(list)
  local names = {}
  for key in pairs(list) do names[#names + 1] = key end
  table.sort(names)
  return names
end
local WRITES, TRANSACTIONS, READS = names_of(model.writes), names_of(model.transactions), names_of(model.reads)

-- A write that is one call.
local function write(db, random)
  local what = WRITES[random(#WRITES)]
  if what == "raw" and random(4) > 1 then what = "by_id" end -- it makes everything stale
  local before = host.now()
  local ok, states = pcall(model.writes[what], db, random, host.now)
  if ok then
    if #states > 0 then note("W", stamp(before), stamp(host.now()), table.unpack(states)) end
    tally.writes = tally.writes + 1
  elseif DOUBT[failed(what, states)] then
    note("U", stamp(before))
  end
end

-- A transaction: it commits, or fails on purpose, or takes too long.
local function transact(db, random, serial)
  local what = TRANSACTIONS[random(#TRANSACTIONS)]
  local fate = random(12)
  local sent = false
  local ok, e = pcall(db.transaction, db, function(tx)
    local states = model.transactions[what](tx, random, host.now)
    if fate == 1 then error("on purpose", 0) end
    if fate == 2 and not cooperative then host.sleep(0.08) end -- past its timeout
    sent = true
    note("B", serial, stamp(host.now()), table.unpack(states))
  end, { timeout = fate == 2 and 50 or 20000, max_wait = 20000 })
  if ok then
    note("A", serial, stamp(host.now()))
    tally.writes = tally.writes + 1
  else
    local code = failed(what, e)
    if sent and not DOUBT[code] then note("F", serial) end
  end
end

local function read(db, random, actor)
  local what = READS[random(#READS)]
  local how = random(4)
  local option = { ttl = how == 1 and 0.05 or 60, stale = how == 2 and 5 or nil }
  local begin = host.now()
  local ok, about, states = pcall(model.reads[what], db, random, option, actor.names, actor.functions)
  if not ok then
    failed(what, about)
  elseif about then
    note("R", stamp(begin), stamp(host.now()), about, table.unpack(states))
    tally.reads = tally.reads + 1
    local found = states[1] and states[1]:match "^a%d+:%d+:%d+:%-?%d+:(.*)$"
    if found then actor.names[#actor.names % 20 + 1] = found end
  end
end

local function act(db, number)
  math.randomseed(number)
  local state = number * 7919 + 17
  local function random(n)
    state = (state * 48271) % 2147483647
    return state % n + 1
  end
  local actor = { names = {}, functions = cache ~= "none" and model.functions(db) or nil }
  for i = 1, operations do
    local choice = random(share)
    if cache ~= "none" and choice > 3 then
      read(db, random, actor)
    elseif only or choice > 1 then
      transact(db, random, ("%d-%d"):format(number, i))
    else
      write(db, random)
    end
  end
end

local function guard(fn, ...)
  local ok, e = pcall(fn, ...)
  if not ok and #problems < 5 then problems[#problems + 1] = tostring(e) end
end

local function run_coroutines(db)
  local cqueues = require "cqueues"
  local queue = cqueues.new()
  for i = 1, coroutines do queue:wrap(function() guard(act, db, host.threads * 100 + i) end) end
  assert(queue:loop())
end

local option = cache ~= "none" and { store = cache } or nil
local db = rille.connect { url = url, schema_text = model.schema, pool = { size = 5, wait = 20000 }, wait = cooperative and "cqueues" or nil, cache = option }
guard(cooperative and run_coroutines or act, db, host.thread)
host.meet()
local figures = cache ~= "none" and db:metrics().cache or {}
host.meet()
db:close()
file:close()
local line = ("writes=%d reads=%d failures=%d hits=%d misses=%d"):format(tally.writes, tally.reads, tally.failures, figures.hits or 0, figures.misses or 0)
if #problems > 0 then error(line .. "\n  " .. table.concat(problems, "\n  "), 0) end
return line
