-- Calls on a client inside a transaction of the same coroutine: one warning per line of code.
local rille = require "rille"
local support = require "support"

local SCHEMA = [[
model User {
  id    Int    @id
  email String @default("")
}]]

local FILE = debug.getinfo(1, "S").source:sub(2)
local function here() return ("%s:%d"):format(FILE, debug.getinfo(2, "l").currentline) end

local hook, run = support.hook, support.run

support.each_engine(function(engine)
  local db, url, list
  local function collect(client)
    list = {}
    client:on("warn", function(event) list[#list + 1] = event end)
    return client
  end
  before_each(function()
    db, url = support.open(engine, SCHEMA)
    collect(db)
    db.user:create { data = { id = 1 } }
  end)

  -- Runs fn in a transaction that holds no locks, and returns the places of the warnings.
  local function places_in(client, fn)
    local from = #list
    client:transaction(fn, { read_only = true })
    local places = {}
    for i = from + 1, #list do places[#places + 1] = list[i].place end
    return places
  end

  it("are reported with their line, and what to write instead", function()
    local line
    local places = places_in(db, function()
      line = here() db.user:find_unique { where = { id = 1 } }
    end)
    assert.same({ line }, places)
    local event = list[1]
    assert.same({ "warn", "warn", "User" }, { event.event, event.kind, event.model })
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT", event.time)
    assert.truthy(event.message:find("db.user inside db:transaction at " .. line, 1, true))
    assert.truthy(event.message:find("call tx.user instead", 1, true))
  end)

  -- Each kind of call in its own function, which returns its line.
  local function calls(client)
    local line
    local derived = client:with { timeout = 60000 }
    return {
      function() line = here() client.user:count() return line end,
      function() line = here() client.user:find_many {} return line end,
      function() line = here() for _ in client.user:each {} do break end return line end, -- luacheck: ignore
      function() line = here() client:query_raw "SELECT 1" return line end,
      function() line = here() client:execute_raw "SELECT 1" return line end,
      function() line = here() client:execute_script "SELECT 1" return line end,
      function() line = here()
        client:batch(function(b)
          b.user:count()
          b.user:exists {}
        end)
        return list[#list].place
      end,
      function() line = here() client:transaction(function(tx) tx.user:count() end, { read_only = true }) return line end,
      function() line = here() derived.user:count() return line end,
      function() line = here() local _ = client.user:explain {} return line end,
      function() line = here() return select(2, pcall(client.user.count, client.user)) and line end,
    }
  end

  it("are found whatever is called, blocking or waiting", function()
    local waiting = support.connect(url, SCHEMA, { wait = hook() })
    if engine == "sqlite" then -- execute_raw would wait for the one writer
      db:execute_raw "SELECT 1"
    end
    for _, client in ipairs { db, collect(waiting) } do
      run(function()
        if client == db then list = {} end
        for i, call in ipairs(calls(client)) do
          local from = #list
          local writes = engine == "sqlite" and (i == 5 or i == 6)
          if not writes then
            local line
            places_in(client, function() line = call() end)
            assert.equal(from + 1, #list, "call " .. i)
            assert.equal(line, list[#list].place)
          end
        end
      end)
    end
  end)

  it("are reported once per line, however often it runs", function()
    local function call() db.user:count() end
    local function other() db.user:count() end
    local places = places_in(db, function()
      for _ = 1, 20 do call() end
      other()
    end)
    assert.equal(2, #places)
    assert.same({}, places_in(db, function() call() end))
  end)

  it("are found in savepoints, and in functions of a rolled-back one", function()
    assert.equal(3, #places_in(db, function(tx)
      tx:transaction(function() db.user:count() end)
      pcall(tx.transaction, tx, function(inner)
        inner:after_rollback(function() db.user:count() end)
        error "undo"
      end)
      db.user:count()
    end))
  end)

  it("are no calls on tx, after the end, of validate, or without a call", function()
    local kept = {}
    local client = db
    assert.same({}, places_in(db, function(tx)
      tx.user:count()
      tx:query_raw "SELECT 1"
      tx:batch(function(b) b.user:count() end)
      for _ in tx.user:each {} do kept[1] = true end
      tx:transaction(function(inner) inner.user:count() end)
      client.user:validate { id = 2 }
      client:metrics()
      client:with { timeout = 100 }:close()
      tostring(client)
      tx:after_commit(function() kept[2] = db.user:count() end)
    end))
    assert.same({ true, 1 }, kept)
    db.user:count()
    pcall(db.transaction, db, function(tx)
      tx:after_rollback(function() db.user:count() end)
      error "undo"
    end)
    db.user:count()
    pcall(db.transaction, db, print, { isolation_level = "none" })
    db.user:count()
    assert.same({}, list)
  end)

  it("are not those of another coroutine", function()
    local waiting = collect(support.connect(url, SCHEMA, { wait = hook() }))
    for _, client in ipairs { db, waiting } do
      if client == db then list = {} end
      run(function()
        assert.same({}, places_in(client, function(tx)
          coroutine.wrap(function() db.user:count() end)()
          tx.user:count()
        end))
      end)
    end
    -- two transactions at the same time, each in its coroutine, next to the main program
    local open = {}
    for i = 1, 2 do
      open[i] = coroutine.create(function()
        db:transaction(function(tx)
          tx.user:count()
          coroutine.yield()
          tx.user:count()
        end, { read_only = true })
      end)
      assert(coroutine.resume(open[i]))
    end
    db.user:count()
    coroutine.close(open[1])
    assert(coroutine.resume(open[2]))
    db.user:count()
    assert.same({}, list)
  end)

  it("are not those on another database", function()
    local other = collect(support.open(engine, SCHEMA))
    assert.same({}, places_in(db, function() other.user:create { data = { id = 1 } } end))
    assert.equal(1, #places_in(db, function()
      other:transaction(function()
        other.user:count()
      end, { read_only = true })
    end))
  end)

  if engine == "postgresql" then
    it("are not those in the function of an advisory lock, behind a pooler too", function()
      local pooled = collect(support.connect(url .. "?pgbouncer=true", SCHEMA))
      for _, client in ipairs { pooled, db } do
        assert.equal(1, client:advisory_lock("job", function() return client.user:count() end))
        assert.same({}, list)
        list = {}
        assert.equal(2, #places_in(client, function()
          client:advisory_lock("job", function() end)
          client.user:count()
        end))
        list = {}
      end
    end)
  end

  it("are forgotten with a transaction whose coroutine is dropped", function()
    local co = coroutine.create(function()
      db:transaction(function() coroutine.yield() end, { read_only = true })
    end)
    assert(coroutine.resume(co))
    co = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    for _ = 1, 50 do coroutine.wrap(function() db.user:count() end)() end
    assert.same({}, list)
  end)

  it("of handlers are not reported", function()
    local ran = 0
    db:on("query", function()
      ran = ran + 1
      if ran < 5 then db.user:count() end
    end)
    db:on("warn", function() db.user:count() end)
    local places = places_in(db, function(tx)
      tx.user:count()
      db.user:count()
    end)
    assert.equal(1, #places)
  end)

  it("name the cause where they have waited for the transaction", function()
    local one = support.connect(url, SCHEMA, { pool = { size = 1, wait = 100 }, log = {} })
    collect(one)
    local function waits(code, client, fn)
      local e
      client:transaction(function(tx)
        tx.user:create { data = { id = #list + 100 } }
        local ok
        ok, e = pcall(fn)
        assert.is_false(ok)
        tx.user:delete_many { where = { id = { gte = 100 } } }
      end)
      assert.equal(code, e.code)
      assert.is_true(e.meta.inside_transaction)
      assert.truthy(e.message:find("inside db:transaction, but not on its tx", 1, true))
    end
    waits("P2024", one, function() one.user:create { data = { id = 2 } } end)
    waits("P2024", one, function() one:transaction(print, { max_wait = 50 }) end)
    assert.equal(2, #list)
    -- another pool of the same database: intended, but it still waits
    local apart = support.connect(url, SCHEMA, { pool = { size = 3 } }):with { timeout = 200 }
    collect(apart)
    waits("P1008", db, function() apart.user:create { data = { id = 100 } } end)
    assert.same({}, list)
  end)
end)

describe("a program that listens for nothing", function()
  after_each(support.cleanup)

  it("has them on stderr, one per line", function()
    local folder = support.folder()
    support.write(folder .. "/app.lua", 'local db = require("rille").connect { url = "sqlite:x.db", schema_text = "model A {\\n id Int @id\\n}" }\n'
      .. "db:execute_script 'CREATE TABLE \"A\" (id INTEGER PRIMARY KEY)'\n"
      .. "db:transaction(function()\n  for _ = 1, 3 do db.a:count() end\n  db.a:find_first {}\nend, { read_only = true })\n")
    local pipe = io.popen(("cd '%s' && lua5.4 app.lua 2>&1"):format(folder))
    local said = pipe:read "a"
    pipe:close()
    assert.matches("^rille warn a call on db%.a inside db:transaction at app%.lua:4: [^\n]+\nrille warn [^\n]+ at app%.lua:5: [^\n]+\n$", said)
    assert.truthy(rille)
  end)
end)
