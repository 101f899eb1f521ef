-- Behind pgbouncer in transaction mode, where every transaction may have another session.
local support = require "support"
local servers = require "servers.servers"
local rille = require "rille"

if not support.server then return end

local model = [[
enum Rank {
  LOW
  HIGH
}
model Author {
  id    Int    @id @default(autoincrement())
  name  String @unique
  rank  Rank   @default(LOW)
  posts Post[]
}
model Post {
  id       Int    @id @default(autoincrement())
  title    String
  authorId Int
  author   Author @relation(fields: [authorId], references: [id])
}]]

describe("behind pgbouncer", function()
  local pooler

  setup(function() pooler = servers.pooler(support.server, "default_pool_size=3 server_lifetime=2") end)
  teardown(function()
    servers.stop()
    support.cleanup()
  end)

  -- The URL of a fresh database through the pooler.
  local function url(parameters)
    local name = support.database_name(support.database "postgresql")
    return (pooler:gsub("/postgres$", "/" .. name)) .. "?pgbouncer=true" .. (parameters or ""), name
  end

  local function open(parameters, options)
    local at, name = url(parameters)
    rille.push { schema_text = model, url = at }
    return support.connect(at, model, options), name
  end

  it("no session is counted on: more clients than sessions write, read and roll back", function()
    local db = open(nil, { wait = "cqueues", pool = { size = 12 } })
    local queue, errors = require("cqueues").new(), {}
    local function guarded(i)
      for n = 1, 10 do
        local author = db.author:create { data = { name = i .. "." .. n, posts = { create = { { title = "a" }, { title = "b" } } } } }
        local found = db.author:find_unique { where = { id = author.id }, include = { posts = true } }
        assert(#found.posts == 2, "a nested write was not read")
        pcall(db.transaction, db, function(tx)
          tx.post:delete_many { where = { authorId = author.id } }
          error "back"
        end)
        assert(db.post:count { where = { authorId = author.id } } == 2, "a rollback had no effect")
      end
    end
    for i = 1, 12 do
      queue:wrap(function()
        local ok, e = pcall(guarded, i)
        if not ok then errors[#errors + 1] = tostring(e) end
      end)
    end
    assert(queue:loop())
    assert.same({}, errors)
    assert.same(120, db.author:count())
  end)

  it("schema= holds for every statement, with nothing left for the next client", function()
    local db, name = open "&schema=app%20one"
    local plain = support.connect((pooler:gsub("/postgres$", "/" .. name)) .. "?pgbouncer=true", model)
    db.author:create { data = { name = "a", rank = "HIGH", posts = { create = { { title = "t" } } } } }
    assert.same("1", support.psql('SELECT count(*) FROM "app one"."Author"', name):match "%d+")
    for _ = 1, 8 do
      assert.same(1, db.author:count { where = { rank = "HIGH" } })
      assert.same("P2021", support.fails("P2021", plain.author.count, plain.author).code)
    end
    assert.same("app one", db:query_raw("SELECT current_schema() AS s")[1].s)
    db:transaction(function(tx)
      assert.same(1, tx.author:count())
      assert.same("app one", tx:query_raw("SELECT current_schema() AS s")[1].s)
      assert.same("HIGH", tx.author:find_first({}).rank)
    end, { isolation_level = "serializable" })
    db:execute_script 'CREATE TABLE made (id int); INSERT INTO made VALUES (1)'
    assert.same("1", support.psql('SELECT count(*) FROM "app one".made', name):match "%d+")
    local n = 0
    for author in db.author:each({}) do n = n + author.id end
    assert.same(1, n)
    local a, b = db:batch(function(b)
      b.author:count()
      b.post:count()
    end)
    assert.same({ 1, 1 }, { a, b })
  end)

  it("times mean the same whatever the server's zone", function()
    local at, name = url()
    support.psql(([[ALTER DATABASE "%s" SET timezone = 'America/New_York'; ALTER DATABASE "%s" SET datestyle = 'SQL, DMY']]):format(name, name))
    local db = support.connect(at, model)
    for _ = 1, 3 do
      assert.same("UTC", db:query_raw("SELECT current_setting('TimeZone') AS z")[1].z)
      assert.same("2024-01-31 05:00:00", db:query_raw("SELECT ('2024-01-31T05:00:00Z'::timestamptz)::timestamp::text AS t")[1].t)
    end
    db:transaction(function(tx) assert.same("UTC", tx:query_raw("SELECT current_setting('TimeZone') AS z")[1].z) end)
  end)

  it("a statement is cancelled, and the session is clean afterwards", function()
    local at = url "&socket_timeout=1"
    local db = support.connect(at, model, { pool = { size = 1 } })
    support.fails("P1008", db.query_raw, db, "SELECT pg_sleep(20)")
    assert.same(1, db:query_raw("SELECT 1 AS one")[1].one)
    local busy = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND state = 'active' AND pid <> pg_backend_pid()"
    for _ = 1, 50 do
      if support.psql(busy):match "^0" then return end
      os.execute "sleep 0.1"
    end
    error "the server still works for nobody"
  end)

  it("a host called -pooler. is taken for one, and a pooler that was not announced says what to do", function()
    local at = url():gsub("%?.*", "")
    local e = support.fails("P1001", function() support.connect(at, model):query_raw("SELECT 1") end)
    assert.matches("pgbouncer=true", e.message, 1, true)
    assert.is_nil(e.meta.attempts) -- no repetition would change it
  end)

  it("listening is refused in words", function()
    local db = support.connect(url(), model)
    local e = support.fails("P2026", function() db:listen("news", print) end)
    assert.matches("pooler", e.message, 1, true)
  end)

  it("a client with cache tells of its writes with them, in a round trip that they have anyway", function()
    local db, name = open(nil, { cache = true, pool = { size = 4 } })
    local listener = support.connect((support.server:gsub("/postgres$", "/" .. name)), model)
    local heard = {}
    local function write()
      for i = 1, 3 do db.author:create { data = { name = "a" .. i } } end
      pcall(db.author.create, db.author, { data = { name = "a1" } })
      db:transaction(function(tx) tx.author:update_many { where = rille.all, data = { rank = "HIGH" } } end)
    end
    for n in listener:notifications("rille_cache", { timeout = 10000, on_listen = write }) do
      heard[#heard + 1] = n.payload
      if #heard == 4 then break end
    end
    assert.equal(4, #heard)
    for _, payload in ipairs(heard) do assert.matches("^rille1 %x+\nn%x+", payload) end
    assert.equal(heard[1], heard[2])
    assert.not_equal(heard[1], heard[4])
  end)
end)
