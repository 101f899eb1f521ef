-- Servers that sleep, start or restart: connecting goes on until connect_timeout, with few attempts at once, and holds up nobody.
local support = require "support"
local servers = require "servers.servers"

if not support.server then return end

local model = "model Note {\n id Int @id @default(autoincrement())\n}"

describe("a server that is not there yet", function()
  local cqueues = require "cqueues"
  local Proxy = require "coop.proxy"
  after_each(support.cleanup)
  teardown(servers.stop)

  local function at(port, parameters) return (support.server:gsub(":%d+/", ":" .. port .. "/")) .. "?sslmode=disable&" .. (parameters or "") end

  it("is waited for by coroutines, which hold up nobody", function()
    local port, queue = servers.free_port(), cqueues.new()
    local answer, ticks = nil, 0
    queue:wrap(function()
      local db = support.connect(at(port), model, { wait = "cqueues" })
      answer = db:query_raw("SELECT 1 AS one")[1].one
      db:close() -- or the proxy would go on with its connection
    end)
    queue:wrap(function()
      while not answer do
        ticks = ticks + 1
        cqueues.sleep(0.01)
      end
    end)
    queue:wrap(function()
      cqueues.sleep(0.4)
      local proxy = Proxy.open(support.server, port)
      while not answer do cqueues.sleep(0.02) end
      proxy:close()
    end)
    assert(queue:loop())
    assert.same(1, answer)
    assert.is_true(ticks > 3)
  end)

  it("is waited for by those who block, also while it starts", function()
    local url, folder = servers.cluster()
    local db = support.connect(url .. "?connect_timeout=30", model, { pool = { wait = 30000 } })
    assert.same(1, db:query_raw("SELECT 1 AS one")[1].one)
    servers.halt(folder)
    servers.wake(folder, 0.5)
    assert.same(2, db:query_raw("SELECT 2 AS two")[1].two)
    assert.same(2, db:metrics().pool.connects)
  end)

  it("is given up after connect_timeout, with the number of attempts", function()
    local port = servers.free_port()
    local e = support.fails("P1001", function() support.connect(at(port, "connect_timeout=1"), model):query_raw("SELECT 1") end)
    assert.is_true(tonumber(e.meta.attempts) > 1)
    assert.matches(e.meta.attempts .. " attempts", e.message, 1, true)
    assert.matches("127.0.0.1:" .. port, e.message, 1, true)
  end)

  it("is not asked twice when it has said no", function()
    local refused = support.server:gsub("postgres@", "nobody@")
    local e = support.fails("P1000", function() support.connect(refused, model):query_raw("SELECT 1") end)
    assert.is_nil(e.meta and e.meta.attempts)
    e = support.fails("P1003", function() support.connect(support.server .. "_none", model):query_raw("SELECT 1") end)
    assert.is_nil(e.meta and e.meta.attempts)
  end)

  it("is not stormed: a few attempts at once, fewer when they fail, and everybody is told", function()
    local socket = require "cqueues.socket"
    local queue = cqueues.new()
    local open, most, ended, codes = 0, 0, 0, {}
    local listener = socket.listen { host = "127.0.0.1", port = 0 }
    assert(listener:listen())
    local _, _, port = listener:localname()
    queue:wrap(function()
      while ended < 30 do
        local client = listener:accept({}, 0.05)
        if client then
          open = open + 1
          most = math.max(most, open)
          queue:wrap(function()
            cqueues.sleep(0.05)
            client:close() -- as a server that is going down
            open = open - 1
          end)
        end
      end
      listener:close()
    end)
    local db = support.connect(at(math.floor(port), "connect_timeout=1"), model, { wait = "cqueues", pool = { size = 20, wait = 1500 } })
    for _ = 1, 30 do
      queue:wrap(function()
        local ok, e = pcall(db.query_raw, db, "SELECT 1")
        local key = ok and "ok" or e.code
        codes[key] = (codes[key] or 0) + 1
        if not ok and not (e.meta and tonumber(e.meta.attempts)) then codes.without = e.message end
        ended = ended + 1
      end)
    end
    assert(queue:loop())
    assert.same({ P1001 = 30 }, codes)
    assert.is_true(most <= 8, "at once: " .. most)
  end)

  it("finds all those who waited once it is back", function()
    local port, queue = servers.free_port(), cqueues.new()
    local done, connects = 0, nil
    local db = support.connect(at(port), model, { wait = "cqueues", pool = { size = 10 } })
    for i = 1, 40 do
      queue:wrap(function()
        assert(db:query_raw("SELECT $1::int AS i", i)[1].i == i)
        done = done + 1
      end)
    end
    queue:wrap(function()
      cqueues.sleep(0.3)
      local proxy = Proxy.open(support.server, port)
      while done < 40 do cqueues.sleep(0.02) end
      connects = db:metrics().pool.connects
      db:close()
      proxy:close()
    end)
    assert(queue:loop())
    assert.same(40, done)
    assert.is_true(connects <= 10)
  end)
end)
