-- Functions for specs of migrations: folders with scripts, and separate processes.
local rille = require "rille"
local support = require "support"

local folders = {}

-- Creates a folder of migrations, alone in its parent: { ["20260101000000_a"] = "SQL", ["..."] = { ["down.sql"] = "..." } }.
function folders.make(migrations)
  local dir = support.folder() .. "/migrations"
  os.execute(("mkdir -p '%s'"):format(dir))
  for name, files in pairs(migrations or {}) do folders.add(dir, name, files) end
  return dir
end

function folders.add(dir, name, files)
  os.execute(("mkdir -p '%s/%s'"):format(dir, name))
  if type(files) == "string" then files = { ["migration.sql"] = files } end
  for file, text in pairs(files) do support.write(("%s/%s/%s"):format(dir, name, file), text) end
end

function folders.remove(dir, name) os.execute(("rm -rf '%s/%s'"):format(dir, name)) end

function folders.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

-- Returns the names in a folder, sorted.
function folders.list(dir)
  local names = {}
  local pipe = assert(io.popen(("ls '%s'"):format(dir)))
  for name in pipe:lines() do names[#names + 1] = name end
  pipe:close()
  return names
end

-- Opens a client for raw statements.
function folders.raw(url) return support.connect(url, "", {}) end

-- Returns the states by name.
function folders.states(url, dir)
  local states = {}
  for _, entry in ipairs(rille.migrate.status { url = url, migrations = dir }.migrations) do states[entry.name] = entry.state end
  return states
end

-- Starts a deploy in another process. Returns its pid and the file with its output.
function folders.spawn_deploy(url, dir, more)
  local script = support.folder() .. "/deploy.lua"
  local output = script .. ".out"
  support.write(script, ([[
local rille = require "rille"
local ok, e = pcall(rille.migrate.deploy, { url = %q, migrations = %q%s })
print(ok and "applied " .. table.concat(e.applied, " ") or tostring(e))
]]):format(url, dir, more or ""))
  local pipe = assert(io.popen(("lua5.4 '%s' >'%s' 2>&1 & echo $!"):format(script, output)))
  local pid = pipe:read "n"
  pipe:close()
  return pid, output
end

-- Waits until fn() is true.
function folders.wait(fn, what)
  for _ = 1, 1500 do
    if fn() then return end
    os.execute "sleep 0.02"
  end
  error("never happened: " .. what, 2)
end

-- Returns whether a process has ended. A zombie counts as ended: it holds nothing. (Its new parent may reap it only every other second.)
function folders.is_alive(pid)
  local stat = io.open(("/proc/%d/stat"):format(pid))
  local state = stat and stat:read "a":match "%) (%a)"
  if stat then stat:close() end
  if state then return state ~= "Z" and state ~= "X" end
  return (os.execute(("kill -0 %d 2>/dev/null"):format(pid)))
end

return folders
