-- The program that host runs in each thread of the load. The last thread runs the coroutines, the others block.
--
--   host THREADS SECONDS worker.lua ENGINE URL FOLDER RUN_SECONDS COROUTINES FAULTS
--
-- Writes the keys of transfers into FOLDER as soon as their outcome is known: acked.N, refused.N, unknown.N. With FAULTS = "faults" errors of the
-- connection are expected and counted, otherwise each is a failure. "hogs": as many threads as the pool has connections take all of them for longer
-- than the others may wait.
local bank = require "fault.bank"
local rille = require "rille"
local host = host -- luacheck: ignore

local engine, url, folder = arg[1], arg[2], arg[3]
local seconds, coroutines, faulty = tonumber(arg[4]), tonumber(arg[5]), arg[6] ~= "quiet"
local hogs = arg[6] == "hogs" and host.thread <= 5

local cooperative = coroutines > 0 and host.thread == host.threads

-- Milliseconds.
local options = faulty and { max_wait = 4000, timeout = 4000 } or { max_wait = 20000, timeout = 20000 }
local pool = { size = 5, wait = options.max_wait }

-- Seconds in which each part of a call must have its answer, whatever happens. GRACE is for a busy machine.
-- After the queue a caller still has a second for connecting. A function in a transaction gets an error when the transaction times out. Between two
-- attempts there are: the end of the first one, which may take the rest of its time, or a second to roll back; a pause of at most a second; the wait
-- of the next. Each answer to a call without a transaction has the socket_timeout of 2 seconds. No call has more than four answers.
local GRACE = 3
local WAIT, WORK = options.max_wait / 1000 + 1 + GRACE, options.timeout / 1000 + GRACE
local DUE = { wait = WAIT, work = WORK, between = WORK + 1 + WAIT, call = WAIT + 4 * 2 }
local longest = { wait = 0, work = 0, between = 0, call = 0, attempts = 0 }

-- Errors that failing servers and networks may cause. After these nothing was committed:
local refusals = { P1001 = true, P1002 = true, P2024 = true, P2028 = true, P2034 = true, P2037 = true, P2039 = engine == "sqlite" or nil }
-- After these the outcome is unknown:
local doubts = { P1008 = true, P1017 = true }

local tally = { acked = 0, refused = 0, unknown = 0, reads = 0, errors = 0 }
local codes, problems = {}, {}

local function problem(text, ...)
  if #problems < 4 then problems[#problems + 1] = text:format(...) end
end

local files = {}
local function note(fate, key)
  tally[fate] = tally[fate] + 1
  if not files[fate] then
    files[fate] = assert(io.open(("%s/%s.%d"):format(folder, fate, host.thread), "a"))
    files[fate]:setvbuf "no" -- it must be on disk when the process is killed
  end
  files[fate]:write(key, "\n")
end

local function code_of(e) return type(e) == "table" and e.code or nil end

local function took(part, span, due, result)
  longest[part] = math.max(longest[part], span)
  if span > due then problem("%s took %.1f s, due were %.1f: %s", part, span, due, tostring(result)) end
end

local attempts_of = {} -- by coroutine: the attempts of its current call

-- Each attempt has its own deadlines. With `retries` a call may have sixty attempts.
function bank.transact(db, fn, given)
  local mark, part, actor = host.now(), "wait", coroutine.running()
  local function next_part(name, result)
    local now = host.now()
    took(part, now - mark, DUE[part], result)
    part, mark = name, now
  end
  local function attempt(tx)
    next_part "work"
    attempts_of[actor] = attempts_of[actor] + 1
    local ok, result = pcall(fn, tx)
    next_part("between", result)
    if not ok then error(result, 0) end
    return result
  end
  local ok, result = pcall(db.transaction, db, attempt, given)
  next_part(nil, result)
  if not ok then error(result, 0) end
  return result
end

-- Calls fn and measures its time. An unexpected error is a problem. Retries are checked attempt by attempt.
local function timed(what, fn, ...)
  local before, actor = host.now(), coroutine.running()
  attempts_of[actor] = 0
  local ok, result = pcall(fn, ...)
  local attempts = attempts_of[actor]
  longest.attempts = math.max(longest.attempts, attempts)
  took("call", host.now() - before, attempts == 0 and DUE.call or math.huge, ("%s: %s"):format(what, tostring(result)))
  if ok then return true, result end
  local code = code_of(result)
  if code then codes[code] = (codes[code] or 0) + 1 end
  local expected = faulty and (refusals[code] or doubts[code])
  if not expected and result ~= bank.REGRET and code ~= "P2034" and code ~= "P2002" then problem("%s: %s", what, tostring(result)) end
  return false, result
end

local function transfer(db, key, random)
  local t = bank.new_transfer(engine, key, random)
  local ok, e = timed("a transfer by " .. t.way, bank.transfer, db, t, options)
  if ok then
    if t.regret then problem("transfer %s was to fail", key) end
    note("acked", key)
  else
    note(doubts[code_of(e)] and "unknown" or "refused", key)
    if code_of(e) then tally.errors = tally.errors + 1 end
  end
  return ok
end

local function read(db, random)
  local ok, wrong = timed("a read", bank.read, db, random, options, engine)
  if ok and wrong then problem("%s", wrong) end
  if ok then tally.reads = tally.reads + 1 else tally.errors = tally.errors + 1 end
  return ok
end

-- Runs until the time is over. An actor that fails pauses, as a caller would. In the end each must be able to work again, whatever has happened.
local function act(db, actor, pause)
  local random = bank.random(actor * 7919 + 17)
  local ends, serial = host.now() + seconds, 0
  local function next_transfer()
    serial = serial + 1
    return transfer(db, ("%06d-%d"):format(serial, actor), random)
  end
  while host.now() < ends do
    local ok
    if random(3) == 1 then ok = read(db, random) else ok = next_transfer() end
    if not ok and faulty then pause(0.02) end
  end
  local patience = host.now() + (faulty and 30 or 0)
  local ok
  repeat
    ok = next_transfer()
    if not ok then pause(0.05) end
  until ok or host.now() > patience
  if faulty and not ok then problem("actor %d could not work again", actor) end
end

local function guard(fn, ...)
  local ok, e = pcall(fn, ...)
  if not ok then problem("%s", tostring(e)) end
end

local function hog(db, actor, pause)
  guard(db.transaction, db, function(tx)
    tx.account:count {}
    host.sleep(seconds)
  end, { max_wait = 60000, timeout = 60000 })
  act(db, actor, pause)
end

local function run_coroutines(db)
  local cqueues = require "cqueues"
  local queue = cqueues.new()
  for i = 1, coroutines do
    queue:wrap(function()
      local ok, e = pcall(act, db, 1000 + i, cqueues.sleep)
      if not ok then problem("a coroutine: %s", tostring(e)) end
    end)
  end
  assert(queue:loop())
end

-- When nothing runs, no connection is in use, and the server has no more connections than the pool.
local function check_rest(db)
  local found = db:metrics().pool
  if found.in_use ~= 0 or found.waiting ~= 0 then problem("at rest %d connections are in use, %d wait", found.in_use, found.waiting) end
  if found.open > pool.size + (engine == "sqlite" and 1 or 0) then problem("at rest %d connections are open", found.open) end
  if engine == "sqlite" or faulty then return end
  local row = db:query_raw([[
    SELECT count(*)::int AS all, count(*) FILTER (WHERE state LIKE 'idle in%')::int AS busy
    FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rille']])[1]
  if row.all > pool.size then problem("the server has %d connections of the pool", row.all) end
  if row.busy > 0 then problem("%d connections are left in a transaction", row.busy) end
end

local db = rille.connect { url = url, schema_text = bank.schema, pool = pool, wait = cooperative and "cqueues" or nil }
guard(cooperative and run_coroutines or hogs and hog or act, db, host.thread, host.sleep)
host.meet()
if host.thread == 1 then guard(check_rest, db) end
host.meet()
db:close()

local list = {}
for code, n in pairs(codes) do list[#list + 1] = code .. "=" .. n end
table.sort(list)
local line = ("acked=%d refused=%d unknown=%d reads=%d errors=%d; longest call %.2f s, of at most %d attempts, with wait %.2f, work %.2f, between %.2f; %s")
  :format(tally.acked, tally.refused, tally.unknown, tally.reads, tally.errors, longest.call, longest.attempts, longest.wait, longest.work,
    longest.between, table.concat(list, " "))
if #problems > 0 then error(line .. "\n  " .. table.concat(problems, "\n  "), 0) end
return line
