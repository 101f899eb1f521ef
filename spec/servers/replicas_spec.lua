-- Reads on replicas: in turn, never older than what the client has written, and on the primary when no replica can answer.
local support = require "support"
local servers = require "servers.servers"
local rille = require "rille"

if not support.server then return end

local model = [[
model Note {
  id   Int    @id @default(autoincrement())
  text String
}]]

-- Which server answers: each has a port of its own.
local WHERE = "SELECT inet_server_port() AS port"

describe("replicas", function()
  local primary, first, second, first_folder, second_folder
  local db

  local function port_of(url) return tonumber(url:match ":(%d+)/") end

  local function connect(replicas, options)
    local arguments = { url = primary, schema_text = model, replicas = replicas or { first, second }, pool = { size = 4 } }
    for key, value in pairs(options or {}) do arguments[key] = value end
    return rille.connect(arguments)
  end

  local function where(client) return (client or db):query_raw(WHERE)[1].port end

  local function caught_up(url)
    local goal = servers.ask(primary, "select pg_current_wal_flush_lsn()")
    for _ = 1, 60 do
      if servers.ask(url, ("select pg_last_wal_replay_lsn() >= '%s'::pg_lsn"):format(goal)) == "t" then return end
      servers.ask(primary, "select txid_current()") -- its commit takes along the rest of a record that was flushed in part
      os.execute "sleep 0.02"
    end
    error(url .. " does not catch up")
  end

  -- A find_many and a count in one batch.
  local function both(client, args)
    return client:batch(function(b)
      b.note:find_many(args or {})
      b.note:count()
    end)
  end

  local function connects(client)
    local counts = {}
    for i, pool in ipairs((client or db):metrics().replicas) do counts[i] = pool.connects end
    return counts
  end

  setup(function()
    primary = servers.cluster "synchronous_commit=on"
    rille.push { schema_text = model, url = primary }
    first, first_folder = servers.replica(primary)
    second, second_folder = servers.replica(primary)
  end)
  teardown(servers.stop)
  before_each(function()
    db = connect()
    for _, url in ipairs { first, second } do
      servers.ask(url, "select pg_wal_replay_resume()")
      caught_up(url)
    end
  end)
  after_each(function()
    db:close()
    collectgarbage() -- derived clients keep the pools
  end)

  it("are read from in turn, and not written to", function()
    local seen = {}
    for _ = 1, 6 do
      local port = where()
      seen[port] = (seen[port] or 0) + 1
    end
    assert.same({ [port_of(first)] = 3, [port_of(second)] = 3 }, seen)
    local before = db:metrics().pool.connects
    db.note:create { data = { text = "a" } }
    assert.same(before + 1, db:metrics().pool.connects)
  end)

  it("answer every kind of read, in batches too", function()
    db.note:create { data = { text = "read" } }
    db.note:count()
    for _, url in ipairs { first, second } do caught_up(url) end
    local before = db:metrics().pool
    for _ = 1, 2 do
      assert.is_true(db.note:count() > 0)
      assert.is_table(db.note:find_first {})
      local n = 0
      for _ in db.note:each({}) do n = n + 1 end
      assert.is_true(n > 0)
      local rows, count = both(db)
      assert.same(count, #rows)
    end
    assert.same({ 1, 1 }, connects())
    assert.same(before.connects, db:metrics().pool.connects)
  end)

  it("are passed over by reads that fill the cache", function()
    db:close()
    db = connect(nil, { cache = true })
    local where_cached = { text = "cached" }
    local before = db.note:count { where = where_cached }
    for _, url in ipairs { first, second } do servers.ask(url, "select pg_wal_replay_pause()") end
    servers.ask(primary, "INSERT INTO \"Note\" (text) VALUES ('cached')")
    local kept
    for _ = 1, 500 do
      local sent = db:metrics().calls.statements
      local n = db.note:count { where = where_cached, cache = { ttl = 60 } }
      kept = db:metrics().calls.statements == sent and n
      if kept then break end
      assert.equal(before, db.note:count { where = where_cached }) -- a replica answers
      os.execute "sleep 0.01"
    end
    assert.equal(before + 1, kept)
  end)

  it("are passed over in transactions, for locked rows, by db:primary() and for what concerns a server", function()
    local home, before = port_of(primary), connects()
    assert.same(home, where(db:primary()))
    db:transaction(function(tx) assert.same(home, where(tx)) end)
    db:transaction(function(tx) assert.same(home, where(tx)) end, { read_only = true })
    assert.is_false(db:query_raw("SELECT pg_is_in_recovery() AS r")[1].r)
    db.note:find_many { lock = "update" }
    assert.same(before, connects())
  end)

  it("are not read from before they have replayed what the client wrote", function()
    for _, url in ipairs { first, second } do servers.ask(url, "select pg_wal_replay_pause()") end
    local note = db.note:create { data = { text = "new" } }
    for _ = 1, 4 do assert.same("new", db.note:find_unique { where = { id = note.id } }.text) end
    db.note:update { where = { id = note.id }, data = { text = "newer" } }
    assert.same("newer", db:with({}).note:find_unique { where = { id = note.id } }.text)
    assert.same("newer", db:query_raw("SELECT text FROM \"Note\" WHERE id = $1", note.id)[1].text)
    db:transaction(function(tx) tx.note:update { where = { id = note.id }, data = { text = "newest" } } end)
    assert.same("newest", db.note:find_unique { where = { id = note.id } }.text)
    assert.same("newest", (both(db, { where = { id = note.id } })[1].text))
    local other = connect() -- who has written nothing may read what is old
    assert.same(nil, other.note:find_unique { where = { id = note.id } })
    other:close()
    for _, url in ipairs { first, second } do
      servers.ask(url, "select pg_wal_replay_resume()")
      caught_up(url)
    end
    os.execute "sleep 0.03"
    local on_primary = 0
    for _ = 1, 4 do
      assert.same("newest", db.note:find_unique { where = { id = note.id } }.text)
      if where() == port_of(primary) then on_primary = on_primary + 1 end
    end
    assert.same(0, on_primary)
  end)

  it("that are behind are no lost connections", function()
    local warnings = {}
    db:on("warn", function(event) warnings[#warnings + 1] = event.message end)
    for _, url in ipairs { first, second } do servers.ask(url, "select pg_wal_replay_pause()") end
    local note = db.note:create { data = { text = "new" } }
    for _ = 1, 4 do assert.same("new", db.note:find_unique { where = { id = note.id } }.text) end
    assert.same({}, warnings)
  end)

  it("see the position that a write has reached also when one of many coroutines wrote it", function()
    local cqueues = require "cqueues"
    local cooperative = connect(nil, { wait = "cqueues" })
    local queue, errors = cqueues.new(), {}
    for i = 1, 30 do
      queue:wrap(function()
        local ok, e = pcall(function()
          for n = 1, 10 do
            local note = cooperative.note:create { data = { text = ("%d.%d"):format(i, n) } }
            local again = cooperative.note:find_unique { where = { id = note.id } }
            assert(again and again.text == note.text, "a write was not read")
          end
        end)
        if not ok then errors[#errors + 1] = tostring(e) end
      end)
    end
    assert(queue:loop())
    cooperative:close()
    assert.same({}, errors)
  end)

  it("that refuse a write in a function leave it to the primary, and it counts as one", function()
    servers.ask(primary, "create or replace function add_note(t text) returns int language sql as 'insert into \"Note\"(text) values (t) returning id'")
    for _, url in ipairs { first, second } do caught_up(url) end
    local id = db:query_raw("SELECT add_note('by function') AS id")[1].id
    assert.same("by function", db.note:find_unique { where = { id = id } }.text)
  end)

  it("that are away are put aside, and reads go on", function()
    local gone, folder = servers.replica(primary)
    local client = connect { gone }
    assert.same(port_of(gone), where(client))
    servers.stop_one(folder)
    for _ = 1, 5 do assert.same(port_of(primary), where(client)) end
    assert.same(1, client:metrics().replicas[1].connects)
    client:close()
    local mixed = connect { gone, first }
    for _ = 1, 6 do assert.same(port_of(first), where(mixed)) end
    mixed:close()
  end)

  it("that are silent leave the primary its share of a call's time", function()
    local listener = assert(require("socket").bind("127.0.0.1", 0))
    local _, port = listener:getsockname()
    local client = connect { ("postgresql://postgres@127.0.0.1:%d/postgres"):format(math.floor(port)) }
    local notes = db:primary().note:count()
    assert.equal(notes, client:with({ timeout = 1500 }).note:count())
    client:close()
    listener:close()
  end)

  it("cost a client without them nothing, and one with them no round trip", function()
    local cqueues = require "cqueues"
    local Proxy = require "coop.proxy"
    local queue = cqueues.new()
    local trips = {}
    queue:wrap(function()
      local proxies = { Proxy.open(primary), Proxy.open(first) }
      local client = connect({ proxies[2].url }, { url = proxies[1].url, wait = "cqueues" })
      local function all() return proxies[1].trips + proxies[2].trips end
      client.note:create { data = { text = "x" } }
      client.note:count()
      caught_up(first)
      client.note:count()
      for _, step in ipairs { "write", "first read", "second read", "third read" } do
        local before = all()
        if step == "write" then client.note:create { data = { text = "y" } } else client.note:count() end
        trips[#trips + 1] = all() - before
        if step == "first read" then caught_up(first) end
      end
      client:close()
      for _, proxy in ipairs(proxies) do proxy:close() end
    end)
    assert(queue:loop())
    assert.same({ 1, 1, 1, 1 }, trips)
  end)

  it("have pools of their own, which metrics tells", function()
    where()
    local figures = db:metrics()
    assert.same(2, #figures.replicas)
    assert.same(4, figures.replicas[1].size)
    assert.same(1, figures.replicas[1].connects + figures.replicas[2].connects)
    local text = db:metrics "prometheus"
    assert.same(figures.pool.connects, tonumber(text:match "\nrille_pool_connections_opened_total (%d+)\n"))
    for i, pool in ipairs(figures.replicas) do
      assert.same(pool.connects, tonumber(text:match(('\nrille_pool_connections_opened_total{replica="%d"} (%%d+)\n'):format(i))))
      assert.same(pool.idle, tonumber(text:match(('\nrille_pool_connections_idle{replica="%d"} (%%d+)\n'):format(i))))
    end
    assert.same(2, select(2, text:gsub("rille_pool_timeouts_total{", "")))
    assert.is_nil(text:find("rille_plan_cache_hits_total{", 1, true))
  end)

  it("must be PostgreSQL servers, given as a list of URLs", function()
    support.fails("VALIDATION", rille.connect, { url = "file:x.db", schema_text = model, replicas = { "file:y.db" } })
    support.fails("VALIDATION", connect, { "file:y.db" })
    support.fails("VALIDATION", connect, first)
    support.fails("VALIDATION", connect, { 1 })
    support.fails("P1013", connect, { "" })
  end)

  it("that have become primaries are still a place to read", function()
    local third, folder = servers.replica(primary)
    local client = connect { third }
    assert.same(port_of(third), where(client))
    servers.promote(folder)
    assert.same(port_of(third), where(client))
    client:close()
    assert.is_string(first_folder .. second_folder)
  end)
end)
