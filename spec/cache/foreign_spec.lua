-- Writes of other processes and other programs, as applications see them: what is read after such a write is new.
local Proxy = require "coop.proxy"
local cqueues = require "cqueues"
local rille = require "rille"
local servers = require "servers.servers"
local support = require "support"

local SCHEMA = [[
model User {
  id    Int    @id @default(autoincrement())
  email String @unique
  name  String?
}
model Tag {
  id   Int    @id @default(autoincrement())
  name String @unique
}
]]
local CACHED = { ttl = 600 }

-- Polls for half a minute.
local function wait_for(what, fn)
  for _ = 1, 3000 do
    if fn() then return end
    cqueues.sleep(0.01)
  end
  error("this never came: " .. what, 2)
end

local function watched(db)
  local last = {}
  db:on("cache", function(event) last.answer = event.answer end)
  local function ask(model)
    last.answer = nil
    local count = db[model]:count { cache = CACHED }
    return last.answer == "hit", count
  end
  return ask
end

-- A client whose cache has the counts of both tables, and a function that asks for one: whether it was kept, and the count.
local function open(url, options)
  options = options or {}
  options.cache = options.cache or true
  local db = support.connect(url, SCHEMA, options)
  local ask = watched(db)
  local function fill()
    wait_for("the cache keeps answers", function() return (ask "user") and (ask "tag") end)
  end
  fill()
  return db, ask, fill
end

local function expect_count(ask, model, count)
  wait_for(("%d rows of %s"):format(count, model), function() return select(2, ask(model)) == count end)
end

-- Runs Lua in another process, with a client `db` of rille.
local function in_another_process(url, cache, program)
  local folder = support.folder()
  support.write(folder .. "/schema.prisma", SCHEMA)
  support.write(folder .. "/main.lua", ([[
    local rille = require "rille"
    local db = rille.connect { url = %q, schema = %q, cache = %s }
    %s
    db:close()
  ]]):format(url, folder .. "/schema.prisma", cache and "true" or "nil", program))
  local pipe = io.popen(("lua5.4 '%s/main.lua' 2>&1"):format(folder))
  local output = pipe:read "a"
  pipe:close()
  assert.equal("", output)
end

local function psql(url, sql) support.psql(sql, support.database_name(url)) end

local function sqlite(url, sql)
  local done = os.execute(("sqlite3 '%s' \"PRAGMA busy_timeout = 5000; %s\" >/dev/null"):format(url:match "^file:([^?]*)", sql:gsub('"', '\\"')))
  assert.truthy(done == true or done == 0)
end

-- As `rille cache triggers`, applied.
local function add_triggers(url)
  local folder = support.folder()
  local name = rille.migrate.cache_triggers({ schema_text = SCHEMA, url = url, migrations = folder }).created
  local file = assert(io.open(("%s/%s/migration.sql"):format(folder, name)))
  support.connect(url, SCHEMA):execute_script(file:read "a")
  file:close()
end

support.each_engine(function(engine)
  local plain_sql = engine == "sqlite" and sqlite or psql
  local url
  before_each(function()
    url = support.database(engine)
    rille.push { schema_text = SCHEMA, url = url }
  end)

  it("another process with a cache", function()
    local _, ask, fill = open(url)
    in_another_process(url, true, [[db.user:create { data = { email = "a" } }]])
    expect_count(ask, "user", 1)
    fill()
    in_another_process(url, true, [[
      db:transaction(function(tx)
        tx.user:create { data = { email = "b" } }
        tx.tag:create { data = { name = "x" } }
      end)
      pcall(db.transaction, db, function(tx)
        tx.user:delete_many { where = rille.all }
        error "undone"
      end)
    ]])
    expect_count(ask, "user", 2)
    expect_count(ask, "tag", 1)
    fill()
    if engine == "postgresql" then
      in_another_process(url, true, [[db.tag:update { where = { id = 1 }, data = { name = "y" } }]])
      wait_for("the tags are stale", function() return not ask "tag" end)
      assert.is_true((ask "user")) -- nothing of users was written
    end
  end)

  it("another program", function()
    if engine == "postgresql" then add_triggers(url) end
    local db, ask, fill = open(url)
    plain_sql(url, [[INSERT INTO "User" (email) VALUES ('a'), ('b')]])
    expect_count(ask, "user", 2)
    fill()
    plain_sql(url, [[BEGIN; INSERT INTO "Tag" (name) VALUES ('x'); ROLLBACK; DELETE FROM "User" WHERE email = 'a']])
    expect_count(ask, "user", 1)
    fill()
    local found = db.user:find_unique { where = { email = "b" }, cache = CACHED }
    assert.is_nil(found.name)
    plain_sql(url, [[UPDATE "User" SET name = 'Ada']])
    wait_for("the new name", function() return db.user:find_unique({ where = { email = "b" }, cache = CACHED }).name == "Ada" end)
    in_another_process(url, false, [[db.user:delete_many { where = rille.all }]])
    expect_count(ask, "user", 0)
  end)

  it("the delay is short", function()
    if engine == "postgresql" then add_triggers(url) end
    local _, ask, fill = open(url)
    local late, longest = 0, 0
    for i = 1, 10 do
      plain_sql(url, ([[INSERT INTO "Tag" (name) VALUES ('%d')]]):format(i))
      local from = cqueues.monotime()
      while select(2, ask "tag") ~= i do late = late + 1 end
      longest = math.max(longest, cqueues.monotime() - from)
      fill()
    end
    if engine == "sqlite" then assert.equal(0, late) end
    assert.is_true(longest < 30)
  end)
end)

if support.server then
  describe("on postgresql: the connection that listens", function()
    after_each(support.cleanup)
    teardown(servers.stop)

    local function fresh(server)
      local url = server and server:gsub("/postgres$", "/rille_foreign") or support.database "postgresql"
      rille.push { schema_text = SCHEMA, url = url }
      return url
    end

    it("is lost and comes back", function()
      local url = fresh()
      local db, ask, fill = open(url)
      for i = 1, 3 do
        psql(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
        psql(url, ("INSERT INTO \"Tag\" (name) VALUES ('%d')"):format(i)) -- nobody is told
        expect_count(ask, "tag", i)
        fill()
      end
      assert.is_true(db:metrics().cache.hits > 0)
    end)

    it("survives a restart of the server, after which everything is stale", function()
      local server, folder = servers.cluster()
      local url = fresh(server)
      local db, ask, fill = open(url)
      db.tag:create { data = { name = "x" } }
      expect_count(ask, "tag", 1)
      fill()
      servers.halt(folder)
      wait_for("the loss", function() return not pcall(ask, "tag") end)
      servers.wake(folder)
      local other = support.connect(url, SCHEMA)
      wait_for("the server", function() return pcall(other.tag.create, other.tag, { data = { name = "y" } }) end)
      wait_for("the new count", function()
        local ok, _, count = pcall(ask, "tag")
        return ok and count == 2
      end)
      fill()
    end)

    it("hears nothing behind a cut network, and gives nothing then", function()
      local url = fresh()
      local queue = cqueues.new()
      local problem
      queue:wrap(function()
        local ok, e = pcall(function()
          local proxy = Proxy.open(url)
          local db = support.connect(url, SCHEMA, { cache = { listen_url = proxy.url }, wait = "cqueues" })
          local ask = watched(db)
          wait_for("the cache keeps answers", function() return (ask "tag") end)
          proxy:cut()
          proxy.refuses = true
          wait_for("the loss", function() return not ask "tag" end)
          psql(url, [[INSERT INTO "Tag" (name) VALUES ('x')]])
          assert.equal(1, select(2, ask "tag"))
          for _ = 1, 20 do assert.is_false((ask "tag")) end
          proxy.refuses = false
          wait_for("the cache keeps answers", function() return (ask "tag") end)
          db:close()
          proxy:close()
        end)
        if not ok then problem = e end
      end)
      assert(queue:loop())
      assert.is_nil(problem)
    end)

    it("goes around a pooler with listen_url; without it one warning says that only ttl holds", function()
      local url = fresh()
      local pooler = servers.pooler(support.server):gsub("/postgres$", "/" .. support.database_name(url)) .. "?pgbouncer=true"
      add_triggers(url)
      local db, ask, fill = open(pooler, { cache = { listen_url = url } })
      psql(url, [[INSERT INTO "Tag" (name) VALUES ('x')]])
      expect_count(ask, "tag", 1)
      fill()
      in_another_process(pooler, true, [[db.tag:create { data = { name = "y" } }]])
      expect_count(ask, "tag", 2)
      db:close()

      db = support.connect(pooler, SCHEMA, { cache = true })
      local warnings = {}
      db:on("warn", function(event) warnings[#warnings + 1] = event.message end)
      ask = watched(db)
      wait_for("the cache keeps answers", function() return (ask "tag") end)
      psql(url, [[INSERT INTO "Tag" (name) VALUES ('z')]])
      for _ = 1, 20 do assert.same({ true, 2 }, { ask "tag" }) end -- only its ttl ends it
      db.tag:create { data = { name = "own" } }
      expect_count(ask, "tag", 4)
      assert.equal(1, #warnings)
      assert.truthy(warnings[1]:find("set `cache.listen_url`", 1, true), warnings[1])
    end)
  end)
end
