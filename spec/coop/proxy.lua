-- A proxy before the test server. It counts round trips: how often the client speaks after the server has; and it does what networks do: it cuts
-- connections, at once or in the middle of a result, goes silent, is slow, refuses. It runs in the cqueues loop that runs the test.
--
--   proxy:count(fn)          round trips that fn makes
--   proxy:cut()              ends every connection
--   proxy:cut_after(bytes)   ends each when so much more has come from the server; nil: no longer
--   proxy.silent = true      nothing is passed on, though connections stay open and new ones are taken
--   proxy.delay = seconds    every piece waits so long
--   proxy.refuses = true     new connections are closed immediately
local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local Proxy = {}
Proxy.__index = Proxy

-- Every piece as it comes, from one side to the other; hold makes it wait, or shorter, or nothing.
local function pump(from, to, heard, hold)
  while true do
    local piece = from:read(-65536)
    if not piece then break end
    heard()
    piece = hold(piece)
    if not piece or not to:xwrite(piece, "bn") then break end
  end
  to:shutdown "w"
end

local function cut_pair(pair)
  pair.server:shutdown "rw"
  pair.client:shutdown "rw"
end

function Proxy:serve(client)
  if self.delay then cqueues.sleep(self.delay) end
  local server = socket.connect(self.host, self.target_port)
  for _, s in ipairs { client, server } do
    s:setmode("bn", "bn")
    s:onerror(function(_, _, why) return why end) -- an end like any other
  end
  local server_spoke, pair, running = true, { client = client, server = server }, 2
  self.pairs[pair] = true
  local function ended()
    running = running - 1
    if running > 0 then return end
    self.pairs[pair] = nil
    client:close()
    server:close()
  end
  self.queue:wrap(function()
    pump(client, server, function()
      if server_spoke then self.trips = self.trips + 1 end
      server_spoke = false
    end, function(piece) return self:pause(pair) and piece end)
    ended()
  end)
  pump(server, client, function() server_spoke = true end, function(piece) return self:pause(pair) and self:shorten(pair, piece) end)
  cut_pair(pair) -- a stopped server receives nothing
  ended()
end

-- What cut_after leaves of a piece; nil after its end.
function Proxy.shorten(_, pair, piece)
  if not pair.left then return piece end
  if pair.left <= 0 then return nil end
  local part = piece:sub(1, pair.left)
  pair.left = pair.left - #part
  return part
end

-- Waits as long as the network does; false when the connection was cut meanwhile.
function Proxy:pause(pair)
  if self.delay then cqueues.sleep(self.delay) end
  while self.silent and self.pairs[pair] do cqueues.sleep(0.02) end
  return self.pairs[pair]
end

function Proxy:cut()
  for pair in pairs(self.pairs) do
    self.pairs[pair] = nil
    cut_pair(pair)
  end
end

function Proxy:cut_after(bytes)
  for pair in pairs(self.pairs) do pair.left = bytes end
end

-- Within a loop: a proxy before the server of `url`, and its own URL. `at` is the port to listen on, if it matters; each client waits `delay` seconds
-- before anything is passed on.
function Proxy.open(url, at, delay)
  local host, port = url:match "@([%d.]+):(%d+)/"
  local listener = socket.listen { host = "127.0.0.1", port = at or 0, reuseaddr = true }
  assert(listener:listen())
  local _, _, own_port = listener:localname()
  local self = setmetatable({ host = host, target_port = port, trips = 0, delay = delay, pairs = {}, queue = assert(cqueues.running()) }, Proxy)
  self.url = url:gsub("@.-/", "@127.0.0.1:" .. math.tointeger(own_port) .. "/", 1) .. "?sslmode=disable&gssencmode=disable"
  self.queue:wrap(function()
    while not self.closed do
      local client = listener:accept({}, 0.05)
      if client and self.refuses then
        client:close()
      elseif client then
        self.queue:wrap(function() self:serve(client) end)
      end
    end
    listener:close()
  end)
  return self
end

-- How many round trips fn makes.
function Proxy:count(fn)
  local before = self.trips
  fn()
  return self.trips - before
end

function Proxy:close() self.closed = true end

return Proxy
