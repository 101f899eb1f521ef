-- Clients with settings of the session: row-level security, nothing left for the next user of a connection, round trips. And clients with a timeout.
local rille = require "rille"
local support = require "support"
local schedulers = require "coop.schedulers"

local SCHEMA = [[
model Note {
  id     Int    @id @default(autoincrement())
  tenant String @default("none")
  text   String
  lines  Line[]
}
model Line {
  id     Int    @id @default(autoincrement())
  text   String
  noteId Int
  note   Note   @relation(fields: [noteId], references: [id])
}]]

local ROLE = "rille_tenant_role"

-- Only rows of the tenant are visible, also to the owner of the table. Tests run as a superuser, who must become another role for it.
local POLICY = [[
DO $$ BEGIN CREATE ROLE ]] .. ROLE .. [[ NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; WHEN unique_violation THEN NULL; END $$;
GRANT ALL ON ALL TABLES IN SCHEMA public TO ]] .. ROLE .. [[;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ]] .. ROLE .. [[;
ALTER TABLE "Note" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Note" FORCE ROW LEVEL SECURITY;
ALTER TABLE "Note" ALTER COLUMN tenant SET DEFAULT current_setting('app.tenant', true);
CREATE POLICY own ON "Note" USING (tenant = current_setting('app.tenant', true));
]]

local function setting(db, name) return db:query_raw("SELECT current_setting($1, true) AS v", name)[1].v end

local function trips_of(db, fn)
  local before = db:metrics().calls.round_trips
  fn()
  return db:metrics().calls.round_trips - before
end

if support.server then
  describe("settings of the session on postgresql", function()
    after_each(support.cleanup)
    after_each(function() collectgarbage() end)

    local db
    local function open(options)
      db = support.open("postgresql", SCHEMA, options or { pool = { size = 1 } })
      return db
    end
    local function tenant(name) return db:with { session = { ["app.tenant"] = name, role = ROLE } } end

    -- The only connection of the pool has no settings.
    local function assert_clean()
      assert.same({}, db:query_raw("SELECT current_setting('app.tenant', true) AS v WHERE current_setting('app.tenant', true) <> ''"))
      assert.equal("none", setting(db, "role"))
      assert.equal(0, db:metrics().pool.in_use)
      assert.is_true(db:metrics().pool.open <= 1)
    end

    it("hold in every kind of call", function()
      open()
      local seven = db:with { session = { ["app.tenant"] = "7", ["app.count"] = 3, ["app.flag"] = true } }
      assert.equal("7", setting(seven, "app.tenant"))
      assert.equal("3", setting(seven, "app.count"))
      assert.equal("true", setting(seven, "app.flag"))
      assert.equal(0, seven:execute_raw("UPDATE \"Note\" SET text = 'x' WHERE current_setting('app.tenant') = '8'"))
      seven:execute_script("CREATE TABLE seen AS SELECT current_setting('app.tenant') AS v; INSERT INTO seen VALUES (current_setting('app.count'))")
      assert.same({ { v = "3" }, { v = "7" } }, db:query_raw "SELECT v FROM seen ORDER BY v")
      local a, b = seven:batch(function(batch)
        batch:query_raw("SELECT current_setting('app.tenant') AS v")
        batch.note:count()
      end)
      assert.equal("7", a[1].v)
      assert.equal(0, b)
      assert.equal("7", seven:transaction(function(tx)
        return tx:transaction(function(inner) return setting(inner, "app.tenant") end)
      end))
      assert.is_string(seven.note:explain({ action = "find_many" }).statements[1].sql)
      assert_clean()
    end)

    it("keep all digits of a number, in SQL's form", function()
      open()
      local forms = { [7.0] = "7", [2 ^ 53] = "9007199254740992", [-2 ^ 53] = "-9007199254740992", [0.1] = "0.1", [1 / 3] = "0.33333333333333331" }
      for number, text in pairs(forms) do assert.equal(text, setting(db:with { session = { ["app.n"] = number } }, "app.n")) end
      assert.equal("9223372036854775807", setting(db:with { session = { ["app.n"] = math.maxinteger } }, "app.n"))
    end)

    it("include those of all clients that a client was derived from", function()
      open()
      local one = db:with { session = { ["app.a"] = "1", ["app.b"] = "1" } }
      local two = one:with { session = { ["app.b"] = "2" }, primary = true }
      assert.same({ "1", "2", "1" }, { setting(two, "app.a"), setting(two, "app.b"), setting(one, "app.b") })
    end)

    it("keep tenants apart by row-level security", function()
      open()
      support.psql(POLICY, support.database_name(select(2, pcall(function() return db:query_raw("SELECT current_database() AS d")[1].d end))))
      local a, b = tenant "a", tenant "b"
      a.note:create { data = { text = "of a", tenant = "a", lines = { create = { { text = "line" } } } } }
      b.note:create { data = { text = "of b", tenant = "b" } }
      assert.equal("of a", a.note:find_first {}.text)
      assert.equal("of b", b.note:find_first {}.text)
      assert.equal(1, a.note:count())
      assert.equal(1, #a.note:find_many { include = { lines = true } })
      assert.equal(0, tenant("c").note:count())
      assert.equal(0, a.note:update_many { where = { tenant = "b" }, data = { text = "stolen" } }.count)
      support.fails("P2025", a.note.update, a.note, { where = { id = b.note:find_first {}.id }, data = { text = "stolen" } })
      local texts = {}
      for row in a.note:each { batch = 1 } do texts[#texts + 1] = row.text end
      assert.same({ "of a" }, texts)
      assert.same({ "of b" }, b:transaction(function(tx)
        pcall(tx.transaction, tx, function(inner) inner.note:create { data = { text = "of a", tenant = "a" } } end)
        return { tx.note:find_first {}.text }
      end))
      assert.is_false(pcall(a.note.create, a.note, { data = { text = "x", tenant = "b" } }))
      assert_clean()
      assert.equal(2, db.note:count()) -- the superuser sees all
    end)

    it("leave nothing behind, however the call ends", function()
      open()
      local seven = db:with { session = { ["app.tenant"] = "7" } }
      pcall(seven.transaction, seven, function() error "mine" end)
      assert_clean()
      support.fails("P2010", seven.query_raw, seven, "SELECT 1/0")
      assert_clean()
      support.fails("P2010", seven.execute_script, seven, "SELECT 1; SELECT 1/0")
      assert_clean()
      pcall(seven.transaction, seven, function(tx) pcall(tx.query_raw, tx, "SELECT 1/0") end)
      assert_clean()
      support.fails("P1008", function() seven:with { timeout = 60 }:query_raw "SELECT pg_sleep(5)" end)
      assert_clean()
      db.note:create_many { data = { { text = "a" }, { text = "b" } } }
      for row in seven.note:each { batch = 1 } do
        if row.text == "a" then break end
      end
      collectgarbage()
      collectgarbage()
      assert_clean()
    end)

    it("leave nothing behind in a coroutine that is closed", function()
      open { pool = { size = 1 }, wait = schedulers.plain.wait }
      local seven = db:with { session = { ["app.tenant"] = "7" } }
      local co = coroutine.create(function() seven:query_raw "SELECT pg_sleep(5)" end)
      for _ = 1, 6 do
        assert(coroutine.resume(co))
        require("rille.core").poll(nil, nil, 0.02)
      end
      assert.equal("suspended", coroutine.status(co))
      coroutine.close(co)
      assert_clean()
      co = coroutine.create(function()
        seven:transaction(function(tx)
          assert.equal("7", setting(tx, "app.tenant"))
          tx:query_raw "SELECT pg_sleep(5)"
        end)
      end)
      for _ = 1, 12 do
        assert(coroutine.resume(co))
        require("rille.core").poll(nil, nil, 0.02)
      end
      coroutine.close(co)
      assert_clean()
    end)

    it("cost no separate round trip", function()
      open()
      local seven = db:with { session = { ["app.tenant"] = "7" } }
      seven.note:create { data = { text = "a" } }
      assert.equal(1, trips_of(db, function() seven.note:find_many {} end))
      assert.equal(1, trips_of(db, function() seven.note:count {} end))
      assert.equal(1, trips_of(db, function() seven:query_raw "SELECT 1" end))
      assert.equal(1, trips_of(db, function() seven.note:create { data = { text = "b" } } end))
      assert.equal(1, trips_of(db, function()
        seven:batch(function(b)
          b.note:find_many {}
          b.note:count {}
        end)
      end))
      assert.equal(3, trips_of(db, function() seven:transaction(function(tx) tx.note:find_many {} end) end))
    end)

    it("still work after the server has forgotten its statements, or they have other columns", function()
      open()
      local seven = db:with { session = { ["app.tenant"] = "7" } }
      seven.note:create { data = { text = "a", lines = { create = { { text = "l" } } } } }
      seven.note:find_many { include = { lines = true } }
      db:query_raw "SELECT 1"
      db:execute_script "DEALLOCATE ALL"
      assert.equal(1, #seven.note:find_many { include = { lines = true } }[1].lines)
      db:execute_script "ALTER TABLE \"Note\" ALTER COLUMN text TYPE varchar(100)"
      assert.equal(1, #seven.note:find_many { include = { lines = true } }[1].lines)
      db:execute_script "DEALLOCATE ALL"
      assert.equal("7", seven:transaction(function(tx) return setting(tx, "app.tenant") end))
    end)

    it("report what the server rejects", function()
      open()
      local e = support.fails("P2007", function() db:with { session = { role = "nobody_of_this_name" } }.note:count() end)
      assert.matches("nobody_of_this_name", e.message)
    end)
  end)
end

support.each_engine(function(engine)
  local db
  before_each(function() db = support.open(engine, SCHEMA) end)

  it("checks the arguments of with", function()
    local function fails(value) return support.fails("VALIDATION", db.with, db, { session = value }).message end
    fails(7)
    fails { 7 }
    fails { ["app.x"] = {} }
    fails { ["app.x"] = "a\0b" }
    support.fails("VALIDATION", db.with, db, { timeout = 0 })
    support.fails("VALIDATION", db.with, db, { timeout = "1s" })
    assert.matches("with: timeout", support.fails("VALIDATION", db.with, db, { timeout = 1e300 }).message)
    if engine == "sqlite" then
      assert.matches("PostgreSQL", support.fails("P2026", db.with, db, { session = { ["app.x"] = "1" } }).message)
      return
    end
    assert.matches("`client_encoding` cannot be changed", fails { Client_Encoding = "LATIN1" }, 1, true)
    for _, name in ipairs { "", "a b", "app.", ".app", "app..x", "7", "x'; DROP TABLE y; --" } do assert.matches("not the name", fails { [name] = "1" }) end
    assert.equal(0, db:with { session = { ["app.x'"] = nil } }.note:count())
  end)

  it("cancels a call that takes longer than the timeout", function()
    local hasty = db:with { timeout = 80 }
    assert.equal(0, hasty.note:count())
    local slow = engine == "postgresql" and "SELECT pg_sleep(10)"
      or "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT count(*) FROM n"
    local started = os.time()
    local e = support.fails("P1008", hasty.query_raw, hasty, slow)
    assert.matches("80 ms", e.message)
    assert.is_true(os.difftime(os.time(), started) < 5)
    assert.equal(0, hasty.note:count())
    assert.equal(0, db:metrics().pool.in_use)
    assert.equal(1, hasty:transaction(function(tx) return #tx:query_raw "SELECT 1" end))
  end)

  it("waits for a connection no longer than that", function()
    local one, url = support.open(engine, SCHEMA, { pool = { size = 1 } })
    local hasty = one:with { timeout = 50 }
    one:transaction(function()
      local e = support.fails("P2024", function() hasty.note:create { data = { text = "x" } } end)
      assert.matches("limit is 1", e.message)
    end)
    hasty.note:create { data = { text = "x" } }
    assert.equal(1, one.note:count())
    assert.is_string(url)
  end)
end)

assert(rille)
