-- Advisory locks.
local core = require "rille.core"
local support = require "support"
local schedulers = require "coop.schedulers"

local SCHEMA = "model Note {\n id Int @id\n}"

if support.server then
  describe("advisory locks on postgresql", function()
    after_each(support.cleanup)
    local db, url
    before_each(function() db, url = support.open("postgresql", SCHEMA, { pool = { size = 3 } }) end)

    local function held()
      return db:query_raw("SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE "
        .. "datname = current_database())")[1].n
    end
    local function wait_for_none()
      local stop = core.monotonic() + 5
      while held() > 0 and core.monotonic() < stop do core.poll(nil, nil, 0.01) end
      assert.equal(0, held())
    end
    local function in_transaction()
      return db:query_raw("SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'")[1].n
    end

    it("are waited for as long as the caller says", function()
      assert.equal("had", db:advisory_lock("job", function() return "had" end, { wait = math.huge }))
      local co = coroutine.wrap(function() db:advisory_lock("job", coroutine.yield) end)
      co()
      local other = support.connect(url, SCHEMA, { wait = function() coroutine.yield "waits" end })
      local waits = coroutine.wrap(function() return other:advisory_lock("job", function() return "had" end, { wait = math.huge }) end)
      for _ = 1, 20 do
        assert.equal("waits", waits())
        core.poll(nil, nil, 0.005)
      end
      co()
      local answer
      repeat answer = waits() until answer ~= "waits"
      assert.equal("had", answer)
    end)

    it("keep others out while the function runs", function()
      local a, b, c = db:advisory_lock("job", function()
        assert.equal(1, held())
        assert.equal(0, in_transaction())
        local e = support.fails("P1002", db.advisory_lock, db, "job", print, { wait = 30.5 })
        assert.matches("job", e.message)
        assert.equal("another", db:advisory_lock("another", function() return "another" end))
        assert.is_false(db:advisory_lock("job", print, { try = true }))
        return 1, nil, 3
      end)
      assert.same({ 1, nil, 3 }, { a, b, c })
      assert.equal(0, held())
      assert.same({ true, "x" }, { db:advisory_lock("job", function() return "x" end, { try = true }) })
      assert.equal(0, db:metrics().pool.in_use)
    end)

    it("are those of SQL", function()
      db:advisory_lock("job", function()
        assert.is_false(db:query_raw("SELECT pg_try_advisory_lock(hashtextextended('job', 0)) AS got")[1].got)
      end)
      db:advisory_lock(4711, function() assert.is_false(db:query_raw("SELECT pg_try_advisory_lock(4711) AS got")[1].got) end)
    end)

    it("can be shared", function()
      db:advisory_lock(7, function()
        assert.equal("both", db:advisory_lock(7, function() return "both" end, { shared = true }))
        support.fails("P1002", db.advisory_lock, db, 7, print, { wait = 0 })
      end, { shared = true })
      assert.equal(0, held())
    end)

    it("are released after an error, which is raised unchanged", function()
      local mine = {}
      local ok, e = pcall(db.advisory_lock, db, "job", function() error(mine) end)
      assert.is_false(ok)
      assert.equal(mine, e)
      assert.equal(0, held())
      assert.equal(0, db:metrics().pool.in_use)
    end)

    it("are released when the coroutine is closed", function()
      local co = coroutine.create(function() db:advisory_lock("job", coroutine.yield) end)
      assert(coroutine.resume(co))
      assert.equal(1, held())
      coroutine.close(co)
      wait_for_none()
      assert.equal(0, db:metrics().pool.in_use)
    end)

    it("are reported when they were lost", function()
      local e = support.fails("P1017", db.advisory_lock, db, "job", function()
        db:query_raw("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        wait_for_none()
      end)
      assert.is_string(e.message)
      assert.equal("again", db:advisory_lock("job", function() return "again" end))
    end)

    it("take no connections from others while they are waited for", function()
      local co = support.connect(url, SCHEMA, { wait = "cqueues", pool = { size = 2 } })
      local order, inside = {}, 0
      local tasks = {}
      for i = 1, 6 do
        tasks[i] = function()
          co:advisory_lock("job", function()
            inside = inside + 1
            assert.equal(1, inside)
            co.note:create { data = { id = i } } -- a second connection, while five coroutines wait for the lock
            schedulers.cqueues.sleep(0.01)
            inside = inside - 1
            order[#order + 1] = i
          end)
        end
      end
      schedulers.cqueues.run(tasks)
      assert.equal(6, #order)
      assert.equal(6, db.note:count())
    end)

    it("belong to the transaction in one", function()
      db:transaction(function(tx)
        tx:advisory_lock "job"
        assert.equal("in", tx:advisory_lock("job", function() return "in" end))
        support.fails("P1002", db.advisory_lock, db, "job", print, { wait = 20 })
        assert.is_false(db:transaction(function(other) return other:advisory_lock("job", nil, { try = true }) end))
        support.fails("P1002", db.transaction, db, function(other) other:advisory_lock("job", nil, { wait = 30 }) end)
      end)
      assert.equal(0, held())
    end)

    it("belong to a transaction behind a pooler", function()
      local pooled = support.connect(url .. (url:find "?" and "&" or "?") .. "pgbouncer=true", SCHEMA)
      assert.equal("in", pooled:advisory_lock("job", function()
        assert.equal(1, in_transaction())
        support.fails("P1002", db.advisory_lock, db, "job", print, { wait = 0 })
        assert.is_false(pooled:advisory_lock("job", print, { try = true }))
        return "in"
      end))
      assert.equal(0, held())
    end)
  end)
end

support.each_engine(function(engine)
  it("checks the arguments of advisory_lock", function()
    local db = support.open(engine, SCHEMA)
    support.fails("VALIDATION", db.advisory_lock, db, {}, print)
    for _, key in ipairs { 1.5, 2 ^ 63, -1e300, 0 / 0 } do support.fails("VALIDATION", db.advisory_lock, db, key, print) end
    support.fails(engine == "sqlite" and "P2026" or "VALIDATION", db.advisory_lock, db, "job", print, { wait = 0 / 0 })
    support.fails("VALIDATION", db.advisory_lock, db, "job")
    support.fails(engine == "sqlite" and "P2026" or "VALIDATION", db.advisory_lock, db, "job", print, { wait = "long" })
    support.fails(engine == "sqlite" and "P2026" or "VALIDATION", db.advisory_lock, db, "job", print, { wait = 1, try = true })
    support.fails(engine == "sqlite" and "P2026" or "VALIDATION", db.advisory_lock, db, "job", print, { tyr = true })
  end)
end)
