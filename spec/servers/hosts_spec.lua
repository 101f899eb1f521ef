-- Several servers in one URL: which of them is used, also when they change their roles, and what is said when none answers.
local support = require "support"
local servers = require "servers.servers"
local rille = require "rille"

if not support.server then return end

local model = "model Note {\n id Int @id @default(autoincrement())\n}"

describe("several hosts in a URL", function()
  local primary, primary_folder, replica, replica_folder
  local function port_of(url) return tonumber(url:match ":(%d+)/") end

  local function url(ports, parameters)
    local hosts = {}
    for i, port in ipairs(ports) do hosts[i] = "127.0.0.1:" .. port end
    return ("postgresql://postgres@%s/postgres?connect_timeout=6&%s"):format(table.concat(hosts, ","), parameters or "")
  end

  local function where(at)
    local db = support.connect(at, model)
    return db:query_raw("SELECT inet_server_port() AS port")[1].port
  end

  setup(function()
    primary, primary_folder = servers.cluster "synchronous_commit=on"
    rille.push { schema_text = model, url = primary }
    replica, replica_folder = servers.replica(primary)
  end)
  teardown(servers.stop)
  after_each(support.cleanup)

  it("the first that answers is taken", function()
    local nobody = servers.free_port()
    assert.same(port_of(primary), where(url { nobody, port_of(primary) }))
    assert.same(port_of(replica), where(url { port_of(replica), port_of(primary) }))
  end)

  it("one that is silent has its share of the connect_timeout only", function()
    local listener = assert(require("socket").bind("127.0.0.1", 0))
    local _, silent = listener:getsockname()
    assert.same(port_of(primary), where(url({ math.floor(silent), port_of(primary) }, "application_name=x"):gsub("timeout=6", "timeout=2")))
    listener:close()
  end)

  it("a parameter that libpq does not take is said at once, and not tried again", function()
    for _, wrong in ipairs { "sslmode=foo", "target_session_attrs=foo", "keepalives=foo", "hostaddr=not-an-address" } do
      local e = support.fails("P1013", where, url({ port_of(primary) }, wrong))
      assert.is_nil(e.meta.attempts)
      assert.matches(wrong:match "=(.*)", e.message, 1, true)
    end
  end)

  it("all of them are named when none can be reached", function()
    local a, b = servers.free_port(), servers.free_port()
    local e = support.fails("P1001", where, (url({ a, b }):gsub("timeout=6", "timeout=1")))
    assert.matches(("127.0.0.1:%d, 127.0.0.1:%d"):format(a, b), e.message, 1, true)
  end)

  it("target_session_attrs chooses, and finds the new primary after a failover", function()
    local both = { port_of(replica), port_of(primary) }
    assert.same(port_of(primary), where(url(both, "target_session_attrs=read-write")))
    assert.same(port_of(primary), where(url(both, "target_session_attrs=primary")))
    assert.same(port_of(replica), where(url({ both[2], both[1] }, "target_session_attrs=prefer-standby")))
    assert.same(port_of(replica), where(url({ both[2], both[1] }, "target_session_attrs=standby")))
    assert.same(port_of(replica), where(url(both, "target_session_attrs=any")))
    local db = support.connect(url({ both[2], both[1] }, "target_session_attrs=read-write"), model)
    db.note:create { data = {} }
    servers.halt(primary_folder)
    servers.promote(replica_folder)
    local ok = pcall(db.note.create, db.note, { data = {} }) -- may meet what was left of its connection
    for _ = 1, ok and 0 or 5 do
      if pcall(db.note.create, db.note, { data = {} }) then break end
    end
    assert.same(port_of(replica), db:query_raw("SELECT inet_server_port() AS port")[1].port)
  end)
end)
