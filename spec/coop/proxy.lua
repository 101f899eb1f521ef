-- A proxy before the test server that counts round trips: how often the client speaks after the server has. It runs in the cqueues loop that
-- runs the test.
local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local Proxy = {}
Proxy.__index = Proxy

-- Every piece as it comes, from one side to the other.
local function pump(from, to, heard)
  while true do
    local piece = from:read(-65536)
    if not piece then break end
    heard()
    if not to:xwrite(piece, "bn") then break end
  end
  to:shutdown "w"
end

function Proxy:serve(client)
  local server = socket.connect(self.host, self.target_port)
  for _, s in ipairs { client, server } do s:setmode("bn", "bn") end
  local server_spoke = true
  self.queue:wrap(function()
    pump(client, server, function()
      if server_spoke then self.trips = self.trips + 1 end
      server_spoke = false
    end)
  end)
  pump(server, client, function() server_spoke = true end)
  client:close()
  server:close()
end

-- Within a loop: a proxy before the server of `url`, and its own URL.
function Proxy.open(url)
  local host, port = url:match "@([%d.]+):(%d+)/"
  local listener = socket.listen { host = "127.0.0.1", port = 0 }
  assert(listener:listen())
  local _, _, own_port = listener:localname()
  local self = setmetatable({ host = host, target_port = port, trips = 0, queue = assert(cqueues.running()) }, Proxy)
  self.url = url:gsub("@.-/", "@127.0.0.1:" .. math.tointeger(own_port) .. "/", 1) .. "?sslmode=disable&gssencmode=disable"
  self.queue:wrap(function()
    while not self.closed do
      local client = listener:accept({}, 0.05)
      if client then self.queue:wrap(function() self:serve(client) end) end
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
