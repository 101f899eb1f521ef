-- A process that runs one action and is killed with SIGKILL at a point of it:
--
--   child.lua POINT URL FOLDER MILLISECONDS
--
-- POINT is "run" (after the writes), "commit" (MILLISECONDS after the last function before COMMIT has returned) or "after" (in after_commit).
-- Writes FOLDER/answer if it lives to see the answer.
local rille = require "rille"
local work = require "actions.work"

local point, url, folder, delay = arg[1], arg[2], arg[3], tonumber(arg[4])

local function pid()
  local stat = assert(io.open "/proc/self/stat")
  return stat:read "n"
end

local function die_in(milliseconds) os.execute(("(sleep %g; kill -9 %d) >/dev/null 2>&1 &"):format(milliseconds / 1000, pid())) end

local function die_now()
  os.execute(("kill -9 %d"):format(pid()))
  os.execute "sleep 60" -- not reached
end

local db = rille.connect { url = url, schema_text = work.schema }
local action = work.action(db, {
  in_run = point == "run" and die_now,
  before_commit = point == "commit" and function() die_in(delay) end,
  after_commit = point == "after" and die_now,
})
local answer = action(rille.form "name=killed")
local file = assert(io.open(folder .. "/part", "w"))
file:write(tostring(answer.ok), " ", answer.status)
file:close()
os.rename(folder .. "/part", folder .. "/answer") -- whole, or not there
