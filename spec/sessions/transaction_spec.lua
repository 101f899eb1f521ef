-- Transactions beyond begin and end: functions for afterwards, the server's own time limits, retries, and errors of any kind.
local rille = require "rille"
local core = require "rille.core"
local support = require "support"
local schedulers = require "coop.schedulers"

local SCHEMA = [[
model Account {
  id    Int @id
  total Int @default(0)
}]]

local function sleep(seconds) core.poll(nil, nil, seconds) end

support.each_engine(function(engine)
  local db, url
  before_each(function() db, url = support.open(engine, SCHEMA) end)

  local function add(target, id) return target.account:create { data = { id = id } } end

  describe("afterwards", function()
    local log
    before_each(function() log = {} end)
    local function note(text)
      return function() log[#log + 1] = text end
    end

    it("calls functions of after_commit in order, once, when the commit is visible", function()
      local result = db:transaction(function(tx)
        add(tx, 1)
        tx:after_commit(function() log[#log + 1] = "count " .. db.account:count() end)
        tx:after_commit(note "second")
        tx:after_rollback(note "never")
        assert.same({}, log)
        return "result"
      end, { after_commit = note "option", after_rollback = note "never" })
      assert.equal("result", result)
      assert.same({ "option", "count 1", "second" }, log)
    end)

    it("calls functions of after_rollback, and raises the same error", function()
      local mine = { "mine" }
      local ok, e = pcall(db.transaction, db, function(tx)
        add(tx, 1)
        tx:after_commit(note "never")
        tx:after_rollback(function() log[#log + 1] = "count " .. db.account:count() end)
        tx:after_rollback(function() error "not told" end)
        tx:after_rollback(note "last")
        error(mine)
      end, { after_rollback = note "option" })
      assert.is_false(ok)
      assert.equal(mine, e)
      assert.same({ "option", "count 0", "last" }, log)
    end)

    it("treats a savepoint as part of its transaction", function()
      db:transaction(function(tx)
        tx:after_commit(note "1")
        pcall(tx.transaction, tx, function(inner)
          inner:after_commit(note "never")
          inner:after_rollback(note "inner is undone")
          inner:transaction(function(innermost) innermost:after_rollback(note "innermost is undone") end)
          error "undo"
        end)
        assert.same({ "inner is undone", "innermost is undone" }, log)
        tx:transaction(function(inner)
          inner:after_commit(note "2")
          inner:after_rollback(note "never")
        end)
        tx:after_commit(note "3")
        assert.equal(2, #log)
      end)
      assert.same({ "inner is undone", "innermost is undone", "1", "2", "3" }, log)
      log = {}
      pcall(db.transaction, db, function(tx)
        tx:transaction(function(inner) inner:after_rollback(note "of the released") end)
        error "undo all"
      end)
      assert.same({ "of the released" }, log)
    end)

    it("says that it was committed when a function after the commit fails", function()
      local e = support.fails("P2028", db.transaction, db, function(tx)
        add(tx, 1)
        tx:after_commit(function() error({ "first" }, 0) end)
        tx:after_commit(note "still called")
        tx:after_commit(function() error "second" end)
        return "a", nil, "c"
      end)
      assert.is_true(e.meta.committed)
      assert.same({ "first" }, e.meta.cause)
      assert.same({ "a", nil, "c", n = 3 }, e.meta.results)
      assert.same({ "still called" }, log)
      assert.equal(1, db.account:count())
    end)

    it("counts only the attempt that was committed", function()
      local attempts = 0
      db:transaction(function(tx)
        attempts = attempts + 1
        local n = attempts
        tx:after_commit(note("commit " .. n))
        tx:after_rollback(note("rollback " .. n))
        if n < 3 then error(require("rille.errors").new("P2034", "conflict"), 0) end
      end, { retries = 5 })
      assert.same({ "rollback 1", "rollback 2", "commit 3" }, log)
    end)

    it("accepts only functions, and only of an open transaction", function()
      support.fails("VALIDATION", db.after_commit, db, print)
      local kept
      db:transaction(function(tx)
        kept = tx
        support.fails("VALIDATION", tx.after_commit, tx, "x")
        support.fails("VALIDATION", tx.after_rollback, tx)
      end)
      support.fails("P2028", kept.after_commit, kept, print)
      support.fails("VALIDATION", db.transaction, db, print, { after_commit = 1 })
      support.fails("VALIDATION", db.transaction, db, print, { after_rollback = "x" })
    end)

    it("rolls back immediately when the coroutine is closed", function()
      local co = coroutine.create(function()
        db:transaction(function(tx)
          add(tx, 1)
          tx:after_rollback(note "closed")
          coroutine.yield()
        end)
      end)
      assert(coroutine.resume(co))
      assert.equal(1, db:metrics().pool.in_use)
      coroutine.close(co)
      assert.same({ "closed" }, log)
      assert.equal(0, db:metrics().pool.in_use)
      assert.equal(0, db.account:count())
    end)
  end)

  it("raises again whatever was raised, also in a coroutine, also out of memory", function()
    local sanitized = (os.getenv "LD_PRELOAD" or ""):find "asan" -- it ends the process instead
    local function huge()
      if sanitized then error("not enough memory", 0) end
      return assert(io.open "/dev/null"):read(1 << 46)
    end
    local ok, e = pcall(db.transaction, db, function(tx)
      add(tx, 1)
      huge()
    end)
    assert.is_false(ok)
    assert.matches("not enough memory", e)
    local co = coroutine.wrap(function()
      return select(2, pcall(db.transaction, db, function(tx)
        add(tx, 1)
        tx:transaction(function(inner)
          add(inner, 2)
          error(nil)
        end)
      end))
    end)
    assert.is_nil(co())
    assert.equal(0, db.account:count())
    assert.equal(0, db:metrics().pool.in_use)
  end)

  it("releases its locks with the first use after its timeout", function()
    local other = support.connect(url, SCHEMA, { pool = { size = 2 } })
    add(db, 1)
    local ok, raised = pcall(db.transaction, db, function(tx)
      tx.account:update { where = { id = 1 }, data = { total = 1 } }
      sleep(0.15)
      local e = support.fails("P2028", tx.account.count, tx.account)
      assert.matches("100 ms", e.message)
      other.account:update { where = { id = 1 }, data = { total = 2 } } -- nothing is locked
      support.fails("P2028", tx.account.count, tx.account)
      error("out", 0)
    end, { timeout = 100 })
    assert.same({ false, "out" }, { ok, raised })
    assert.equal(2, db.account:find_unique({ where = { id = 1 } }).total)
  end)

  -- Adds to an account in a separate process, and returns the outcome when it has ended.
  local function add_elsewhere()
    local script = support.write(support.folder() .. "/other.lua", ([[
local ok, e = pcall(function()
  local db = require("rille").connect { url = %q, schema_text = %q }
  db.account:update { where = { id = 1 }, data = { total = { increment = 10 } } }
end)
print(ok and "done" or e)]]):format(url, SCHEMA))
    local pipe = assert(io.popen(("lua5.4 '%s' 2>&1"):format(script)))
    local said = pipe:read "a"
    pipe:close()
    return said
  end

  it("blocks no others when it times out while its function hangs", function()
    local log = {}
    add(db, 1)
    local e = support.fails("P2028", db.transaction, db, function(tx)
      tx.account:update { where = { id = 1 }, data = { total = 1 } }
      log[1] = add_elsewhere() -- nothing else runs here meanwhile
      tx.account:count()
    end, { timeout = 150, after_rollback = function() log[2] = "rolled back" end, after_commit = function() log[3] = "never" end })
    assert.matches("expired: its timeout is 150 ms", e.message)
    assert.same({ "done\n", "rolled back" }, log)
    assert.equal(10, db.account:find_unique({ where = { id = 1 } }).total)
    assert.equal(0, db:metrics().pool.in_use)
  end)

  it("reports its end whatever its function does next", function()
    local function hang()
      while db:metrics().pool.in_use > 0 do sleep(0.01) end
    end
    local log = {}
    local function try(fn)
      local function note() log[#log + 1] = "rolled back" end
      return select(2, pcall(db.transaction, db, function(tx)
        add(tx, 1)
        return fn(tx)
      end, { timeout = 100, after_rollback = note }))
    end
    assert.equal("P2028", try(hang).code) -- a commit
    assert.equal("out", try(function()
      hang()
      error("out", 0)
    end))
    assert.equal("P2028", try(function(tx) tx:transaction(hang) end).code)
    assert.equal("in", try(function(tx)
      tx:transaction(function()
        hang()
        error("in", 0)
      end)
    end))
    assert.equal("P2028", try(function(tx)
      for _ in tx.account:each { batch = 1 } do hang() end
    end).code)
    assert.equal("P2028", try(function(tx)
      hang()
      return tx:batch { tx.account:count(), tx.account:count() }
    end).code)
    assert.same({ "rolled back", "rolled back", "rolled back", "rolled back", "rolled back", "rolled back" }, log)
    assert.equal(0, db.account:count())
  end)

  it("ends in time while its coroutine sleeps", function()
    local coop = support.connect(url, SCHEMA, { wait = "cqueues", pool = { size = 1 } })
    local order = {}
    schedulers.cqueues.run {
      function()
        local e = support.fails("P2028", coop.transaction, coop, function(tx)
          add(tx, 1)
          order[#order + 1] = "begun"
          while #order < 2 do schedulers.cqueues.sleep(0.01) end
          tx.account:count()
        end, { timeout = 150 })
        assert.matches("expired", e.message)
      end,
      function()
        while #order < 1 do schedulers.cqueues.sleep(0.01) end
        add(coop, 2) -- waits for the only connection
        order[#order + 1] = "added"
      end,
    }
    assert.same({ "begun", "added" }, order)
    assert.equal(1, db.account:count())
  end)

  it("accepts any duration", function()
    support.fails("P2028", function()
      db:transaction(function(tx)
        sleep(0.05)
        tx.account:count()
      end, { timeout = 0.5 })
    end)
    for _, options in ipairs { { timeout = math.huge }, { timeout = 0 }, { max_wait = 0 }, { max_wait = 0 / 0 }, { retries = 0 / 0 }, { read_only = 1 } } do
      support.fails("VALIDATION", db.transaction, db, function() end, options)
    end
  end)

  it("names its cause when it waits for another connection", function()
    local one = support.connect(url, SCHEMA, { pool = { size = 1, wait = 50 } })
    local e = support.fails("P2024", one.transaction, one, function(tx)
      tx.account:count()
      one.account:create { data = { id = 9 } }
    end)
    assert.matches("make calls on `tx`, not on `db`", e.message, 1, true)
    assert.equal(0, one:metrics().pool.in_use)
  end)

  it("leaves no time limit to the next user", function()
    local one = support.connect(url, SCHEMA, { pool = { size = 1 } })
    one:transaction(function(tx) tx.account:count() end, { timeout = 100 })
    sleep(0.15)
    assert.equal(0, one.account:count())
    if engine ~= "postgresql" then return end
    local function limits(target)
      return target:query_raw [[SELECT current_setting('statement_timeout') AS s, current_setting('idle_in_transaction_session_timeout') AS i]][1]
    end
    local before = limits(one)
    assert.same({ s = "700ms", i = "950ms" }, one:transaction(limits, { timeout = 700 }))
    assert.same(before, limits(one))
    pcall(one.transaction, one, function(tx)
      assert.same({ s = "2h", i = "7200250ms" }, limits(tx))
      error "x"
    end, { timeout = 7200000 })
    assert.same(before, limits(one))
  end)

  it("begins in one round trip", function()
    db.account:count()
    local before = db:metrics().calls.round_trips
    db:transaction(function() end)
    assert.equal(2, db:metrics().calls.round_trips - before)
  end)

  it("retries only after a conflict, at most `retries` times", function()
    local calls = 0
    local function fail(code)
      return function()
        calls = calls + 1
        error(require("rille.errors").new(code, "made up"), 0)
      end
    end
    support.fails("P2034", db.transaction, db, fail "P2034", { retries = 2 })
    assert.equal(3, calls)
    support.fails("P2002", db.transaction, db, fail "P2002", { retries = 2 })
    assert.equal(4, calls)
  end)

  if engine == "sqlite" then
    it("retries when the database was locked for too long", function()
      local other = support.connect(url, SCHEMA, { wait = "cqueues" })
      local hasty = support.connect(url .. "?socket_timeout=1", SCHEMA, { wait = "cqueues" })
      schedulers.cqueues.run {
        function()
          other:transaction(function(tx)
            add(tx, 1)
            schedulers.cqueues.sleep(1.2)
          end)
        end,
        function()
          schedulers.cqueues.sleep(0.05)
          local e = support.fails("P1008", hasty.transaction, hasty, function(tx) add(tx, 2) end)
          assert.is_true(e.retryable)
        end,
        function()
          schedulers.cqueues.sleep(0.05)
          hasty:transaction(function(tx) add(tx, 3) end, { retries = 5, max_wait = 5000 })
        end,
      }
      assert.equal(2, db.account:count())
    end)

    it("does not retry a statement that timed out", function()
      local hasty, calls = support.connect(url .. "?socket_timeout=1", SCHEMA), 0
      local e = support.fails("P1008", hasty.transaction, hasty, function(tx)
        calls = calls + 1
        tx:query_raw "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS m FROM n"
      end, { retries = 2 })
      assert.is_false(e.retryable)
      assert.equal(1, calls)
    end)
  end

  if engine == "postgresql" then
    it("is ended by the server while Lua computes, which releases its locks", function()
      add(db, 1)
      local other = support.connect(url, SCHEMA, { pool = { size = 2 } })
      local e = support.fails("P2028", db.transaction, db, function(tx)
        tx.account:update { where = { id = 1 }, data = { total = 1 } }
        -- Lua does not return to this transaction before another session has the row.
        other:with { timeout = 5000 }.account:update { where = { id = 1 }, data = { total = { increment = 10 } } }
        tx.account:count()
      end, { timeout = 150 })
      assert.equal("transaction", e.kind)
      assert.equal(10, db.account:find_unique({ where = { id = 1 } }).total)
      -- The thread that has rolled back returns the connection to the pool a moment after the row is free.
      local deadline = os.time() + 10
      while db:metrics().pool.in_use > 0 and os.time() < deadline do os.execute "sleep 0.01" end
      assert.equal(0, db:metrics().pool.in_use)
    end)

    it("abandons a commit that does not end, and says that its outcome is unknown", function()
      support.psql([[CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON "Account" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()]],
        support.database_name(url))
      db.account:count()
      local told, before = 0, db:metrics().pool
      local e = support.fails("P1008", db.transaction, db, function(tx)
        local function tell() told = told + 1 end
        tx:after_commit(tell)
        tx:after_rollback(tell)
        tx.account:create { data = { id = 77 } }
      end, { timeout = 300 })
      assert.matches("its outcome is unknown", e.message, 1, true)
      assert.equal(0, told)
      assert.equal(0, db.account:count { where = { id = 77 } })
      local after = db:metrics().pool
      assert.same({ 0, before.connects }, { after.in_use, after.connects }) -- the server answered the cancel request
    end)

    it("retries after a deadlock", function()
      add(db, 1)
      add(db, 2)
      local co = support.connect(url, SCHEMA, { wait = "cqueues", pool = { size = 3 } })
      co:execute_raw "SELECT 1"
      local function transfer(from, to)
        return function()
          co:transaction(function(tx)
            tx.account:update { where = { id = from }, data = { total = { decrement = 5 } } }
            schedulers.cqueues.sleep(0.05)
            tx.account:update { where = { id = to }, data = { total = { increment = 5 } } }
          end, { retries = 10, timeout = 20000 })
        end
      end
      schedulers.cqueues.run { transfer(1, 2), transfer(2, 1), transfer(1, 2) }
      assert.equal(-5, db.account:find_unique({ where = { id = 1 } }).total)
      assert.equal(5, db.account:find_unique({ where = { id = 2 } }).total)
    end)
  end
end)

assert(rille)
