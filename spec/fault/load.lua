-- The load as a separate process: started, watched, killed, and its results checked.
local support = require "support"
local bank = require "fault.bank"

local load = {}
local Load = {}
Load.__index = Load

-- Long runs: RILLE_LOAD_SECONDS=60. They print their figures to stderr.
load.SECONDS = tonumber(os.getenv "RILLE_LOAD_SECONDS" or "") or 3

local FATES = { "acked", "refused", "unknown" }

local function read(path)
  local handle = io.open(path)
  if not handle then return nil end
  local text = handle:read "a"
  handle:close()
  return text
end

-- Creates a bank whose accounts all have money.
function load.open(url)
  require("rille").push { schema_text = bank.schema, url = url }
  local db = support.connect(url, bank.schema)
  bank.fill(db)
  db:close()
end

-- o: engine, url, seconds, threads (the last one runs the coroutines, if any), coroutines, mode; before: a shell command.
function load.start(o)
  local self = setmetatable({ folder = support.folder(), engine = o.engine, threads = o.threads or 17, coroutines = o.coroutines or 200 }, Load)
  self.seconds = o.seconds or load.SECONDS
  -- The sanitizers of this process, if any, are not those of the other.
  local command = ("cd '%s' && (%s env -u LD_PRELOAD sh -c 'echo $$ >pid; exec \"$@\"' - '%s' %d %d '%s' %s '%s' '%s' %g %d %s; "
    .. "echo $? >status) >out 2>&1 </dev/null &"):format(self.folder, o.before or "", assert(os.getenv "RILLE_HOST"), self.threads,
      self.seconds + 120, package.searchpath("fault.worker", package.path), o.engine, o.url, self.folder, self.seconds, self.coroutines, o.mode or "quiet")
  assert(os.execute(command))
  return self
end

function Load:pid() return tonumber(read(self.folder .. "/pid")) end

-- Waits until some transfers are acknowledged: what follows happens under load.
function Load:wait_until_busy(sleep)
  for _ = 1, 500 do
    if (read(self.folder .. "/acked.1") or "") ~= "" then return end
    sleep(0.02)
  end
  error("nothing was acknowledged:\n" .. (read(self.folder .. "/out") or ""))
end

function Load:status() return tonumber(read(self.folder .. "/status")) end

function Load:kill() os.execute(("kill -9 %d"):format(self:pid())) end

-- Returns the status of the process, and its output.
function Load:wait(sleep)
  while not self:status() do sleep(0.05) end
  return self:status(), read(self.folder .. "/out")
end

local function os_sleep(seconds) os.execute(("sleep %g"):format(seconds)) end
load.sleep = os_sleep

function Load:known()
  local known = {}
  for _, fate in ipairs(FATES) do
    known[fate] = {}
    for n = 1, self.threads do
      for key in (read(("%s/%s.%d"):format(self.folder, fate, n)) or ""):gmatch "[^\n]+" do known[fate][key] = true end
    end
  end
  return known
end

local function count(set)
  local n = 0
  for _ in pairs(set) do n = n + 1 end
  return n
end

-- Checks that the outcomes that callers got are those in the database. in_flight: how many transfers may exist whose caller got no outcome.
function Load:audit(url, in_flight)
  local db = support.connect(url, bank.schema)
  local known = self:known()
  local wrong, transfers = bank.audit(db, known, in_flight)
  db:close()
  if #wrong > 0 then error(("%d things are wrong:\n%s"):format(#wrong, table.concat(wrong, "\n", 1, math.min(10, #wrong))), 2) end
  local figures = { transfers = transfers }
  for fate, set in pairs(known) do figures[fate] = count(set) end
  if os.getenv "RILLE_LOAD_SECONDS" then
    io.stderr:write(("%s, %g s: %d transfers there, %d acknowledged, %d refused, %d unknown\n%s"):format(self.engine, self.seconds, transfers,
      figures.acked, figures.refused, figures.unknown, read(self.folder .. "/out") or ""))
  end
  return figures
end

return load
