-- A Redis server of the spec's own, and other processes with rille that do what they are told.
local support = require "support"

local redis = {}

local function capture(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read "a"
  pipe:close()
  return (output:gsub("%s+$", ""))
end

local Server = {}
Server.__index = Server

-- Starts it, also again after stop: without what it had.
function Server:start()
  local command = "env -u LD_PRELOAD redis-server --port 0 --unixsocket '%s' --save '' --dir '%s' >/dev/null 2>&1 & echo $!"
  self.pid = assert(capture(command:format(self.socket, self.folder)):match "%d+")
  for _ = 1, 3000 do
    if self:cli "PING" == "PONG" then return self end
    os.execute "sleep 0.01"
  end
  error "redis-server does not start"
end

function Server:cli(words) return capture(("redis-cli -s '%s' %s"):format(self.socket, words)) end
function Server:signal(name) os.execute(("kill -%s %s 2>/dev/null"):format(name, self.pid)) end

function Server:stop()
  self:signal "KILL"
  for _ = 1, 3000 do
    if not os.execute(("kill -0 %s 2>/dev/null"):format(self.pid)) then return end
    os.execute "sleep 0.01"
  end
end

-- limit: in milliseconds; a machine under load must not make misses of hits.
function Server:url(limit) return ("unix://%s?timeout=%d"):format(self.socket, limit or 20000) end

function redis.server()
  local folder = support.folder()
  return setmetatable({ folder = folder, socket = folder .. "/socket" }, Server):start()
end

-- A process with a client `db` of a URL: ask(code) runs Lua code there and returns what it returns, as text; send and answer do the same in two steps.
local Process = {}
Process.__index = Process

function Process:send(code)
  self.input:write((code:gsub("\n", " ")), "\n")
  self.input:flush()
end

function Process:answer()
  local line = assert(self.output:read "l", "the process has ended")
  local kind, text = line:match "^(%a+) (.*)$"
  assert(kind == "ok", line)
  return text
end

function Process:ask(code)
  self:send(code)
  return self:answer()
end

-- Later processes have inherited the ends of pipes, so closing them does not end it.
function Process:close()
  if not self.input then return end
  self:send "os.exit(0)"
  self.input:close()
  self.output:close()
  self.input = nil
end

function Process:kill()
  os.execute("kill -9 " .. self.pid)
  self.input:close()
  self.output:close()
  self.input = nil
end

function redis.process(url, schema_text, store)
  local fifo = support.folder() .. "/input"
  assert(os.execute(("mkfifo '%s'"):format(fifo)))
  support.write(fifo .. ".prisma", schema_text)
  local self = setmetatable({}, Process)
  self.output = assert(io.popen(("exec lua5.4 '%s' '%s' '%s' '%s' <'%s' 2>&1"):format(package.searchpath("cache.redis_worker", package.path), url,
    fifo .. ".prisma", store, fifo), "r"))
  self.input = assert(io.open(fifo, "w"))
  self.pid = self:answer()
  return self
end

return redis
