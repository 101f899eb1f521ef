-- Servers of a spec's own: clusters, replicas and poolers, started when they are asked for and gone with servers.stop().
local servers = {}

local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"
local support = here .. "/../support/"
local running = {}

-- The first line that a command prints; its error output where it fails.
local function capture(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read "a"
  if not pipe:close() then error(command .. ": " .. output, 3) end
  return (output:match "^[^\n]*")
end
servers.capture = capture

-- A folder that pg.sh removes with its servers if this process is killed: it belongs to it, by number and start.
local function new_folder()
  local base = os.getenv "RILLE_PG_BASE" or os.getenv "TMPDIR" or "/tmp"
  return capture("mktemp -u -d '" .. base .. "/rille-pg.XXXXXX'")
end

local function own(folder)
  local stat = assert(io.open "/proc/self/stat")
  local pid, rest = stat:read("a"):match "^(%d+) .*%) (.*)$"
  stat:close()
  local fields = {}
  for field in rest:gmatch "%S+" do fields[#fields + 1] = field end
  local file = assert(io.open(folder .. "/owner", "w"))
  file:write(pid, " ", fields[20], "\n")
  file:close()
end

local function start(kind, settings, ...)
  local folder = new_folder()
  local command = ("%s'%s%s' start '%s' %s"):format(settings, support, kind, folder, table.concat({ ... }, " "))
  running[#running + 1] = { kind = kind, folder = folder }
  local url = capture(command)
  own(folder)
  return url, folder
end

-- A cluster; settings as PG_SETTINGS of pg.sh. Its URL and its folder.
function servers.cluster(settings) return start("pg.sh", ("PG_SETTINGS='%s' "):format(settings or "")) end

-- A streaming replica of the cluster at url.
function servers.replica(url) return start("replica.sh", "", "'" .. url .. "'") end
function servers.promote(folder) capture(("'%sreplica.sh' promote '%s'"):format(support, folder)) end

-- Stops a cluster for a while. wake starts it on the same port; after `seconds`, while the caller goes on, if they are given.
function servers.halt(folder) capture(("'%spg.sh' halt '%s'"):format(support, folder)) end
function servers.wake(folder, seconds)
  local command = ("'%spg.sh' again '%s'"):format(support, folder)
  if not seconds then return capture(command) end
  os.execute(("(sleep %g; %s) >/dev/null 2>&1 &"):format(seconds, command))
end

-- A port that nobody listens on.
function servers.free_port()
  local socket = require "socket"
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return math.floor(port)
end

-- A pgbouncer before the server at url.
function servers.pooler(url, settings) return start("pgbouncer.sh", ("POOLER_SETTINGS='%s' "):format(settings or ""), "'" .. url .. "'") end

-- Stops one, by its folder.
function servers.stop_one(folder)
  for i, server in ipairs(running) do
    if server.folder == folder then
      table.remove(running, i)
      capture(("'%s%s' stop '%s'"):format(support, server.kind, folder))
      return
    end
  end
end

function servers.stop()
  while #running > 0 do servers.stop_one(running[#running].folder) end
end

-- What a statement answers, past rille: the first line.
function servers.ask(url, sql) return capture(('psql -X -q -At -v ON_ERROR_STOP=1 "%s" -c "%s"'):format(url, (sql:gsub('"', '\\"')))) end

return servers
