-- After a statement has failed in a transaction and its error was caught: later errors name it.
local support = require "support"

local SCHEMA = [[
model User {
  id    Int    @id
  email String @unique
}]]

local FILE = debug.getinfo(1, "S").source:sub(2)
local function here() return ("%s:%d"):format(FILE, debug.getinfo(2, "l").currentline) end

local hook, run = support.hook, support.run

support.each_engine(function(engine)
  local db, url, place
  before_each(function()
    db, url = support.open(engine, SCHEMA)
    db.user:create { data = { id = 1, email = "a" } }
  end)

  -- Fails with P2002, which is caught.
  local function twice(tx)
    local ok, e = pcall(function()
      place = here() tx.user:create { data = { id = 2, email = "a" } }
    end)
    assert.is_false(ok)
    assert.equal("P2002", e.code)
    return e
  end

  local function caught(fn, ...)
    local ok, e = pcall(fn, ...)
    assert.is_false(ok)
    return e
  end

  if engine == "sqlite" then
    it("does not end a transaction of SQLite", function()
      db:transaction(function(tx)
        twice(tx)
        tx.user:create { data = { id = 3, email = "c" } }
        tx:transaction(twice)
      end)
      assert.equal(2, db.user:count())
    end)

    it("names what made the database itself end the transaction", function()
      db:execute_script [[CREATE TRIGGER t BEFORE DELETE ON "User" BEGIN SELECT RAISE(ROLLBACK, 'never'); END]]
      local e, first
      caught(db.transaction, db, function(tx)
        first = caught(function()
          place = here() tx.user:delete { where = { id = 1 } }
        end)
        e = caught(tx.user.count, tx.user)
      end)
      assert.equal("P2028", e.code)
      assert.equal(first.code, e.meta.first_code)
      assert.equal(place, e.meta.first_place)
      assert.matches("ended it after a failure: .*never.*%(User%.delete at ", e.message)
    end)
    return
  end

  -- Checks that a later error names the call of twice().
  local function names_it(e)
    assert.equal("P2028", e.code)
    assert.same({ "P2002", "User", "create", place },
      { e.meta.first_code, e.meta.first_model, e.meta.first_action, e.meta.first_place })
    assert.truthy(e.message:find(("P2002: %s (User.create at %s)"):format(e.meta.first_message, place), 1, true), e.message)
    assert.truthy(e.message:find("tx:transaction(function(inner) ... end)", 1, true))
    assert.is_nil(e.message:find("current transaction is aborted", 1, true))
    return e
  end

  it("is named by every later call, and by the commit", function()
    local e = caught(db.transaction, db, function(tx)
      local first = twice(tx)
      local later = {
        function() tx.user:count() end,
        function() tx.user:create { data = { id = 7, email = "g" } } end,
        function() tx.user:find_many { where = { id = 1 } } end,
        function() for _ in tx.user:each {} do error "no row is given" end end,
        function() tx:query_raw "SELECT 1" end,
        function() tx:execute_raw "SELECT 1" end,
        function() tx:execute_script "SELECT 1; SELECT 2" end,
        function() tx:transaction(function() error "not called" end) end,
        function() tx:batch(function(b)
          b.user:count()
          b:query_raw "SELECT 1"
        end) end,
        function() tx.user:explain {} end,
      }
      for _, call in ipairs(later) do
        local again = names_it(caught(call))
        assert.equal("25P02", again.sqlstate)
        assert.equal(first.message, again.meta.first_message)
        assert.not_equal(place, again.place)
      end
    end)
    names_it(e)
    assert.matches("rolled back, not committed", e.message)
    assert.equal(1, db.user:count())
  end)

  it("is named whichever kind of call failed first", function()
    local calls = {
      execute_raw = function(tx) place = here() tx:execute_raw [[INSERT INTO "User" VALUES (2, 'a')]] end,
      query_raw = function(tx) place = here() tx:query_raw "SELECT 1/0" end,
      execute_script = function(tx) place = here() tx:execute_script "SELECT 1; SELECT nope" end,
      create = function(tx) place = here()
        tx:batch(function(b)
          b.user:count()
          b.user:create { data = { id = 2, email = "a" } }
        end)
      end,
    }
    for action, call in pairs(calls) do
      local first, later
      local last = caught(db.transaction, db, function(tx)
        first = caught(call, tx)
        later = caught(tx.user.count, tx.user)
      end)
      for _, e in ipairs { later, last } do
        assert.same({ "P2028", first.code, first.message, action, first.place },
          { e.code, e.meta.first_code, e.meta.first_message, e.meta.first_action, e.meta.first_place })
      end
    end
  end)

  it("is forgotten with the savepoint that it was in", function()
    db:transaction(function(tx)
      caught(tx.transaction, tx, function(inner) inner.user:create { data = { id = 2, email = "a" } } end)
      assert.equal(1, tx.user:count())
      tx:execute_raw "SAVEPOINT mine"
      twice(tx)
      names_it(caught(tx.user.count, tx.user))
      tx:execute_raw "ROLLBACK TO SAVEPOINT mine"
      tx.user:create { data = { id = 3, email = "c" } }
    end)
    assert.equal(2, db.user:count())
    local e = caught(db.transaction, db, function(tx)
      caught(tx.transaction, tx, function(inner) inner:query_raw "SELECT 1/0" end)
      twice(tx)
      tx.user:count()
    end)
    names_it(e)
  end)

  it("undoes the savepoint whose function caught it, and nothing outside it", function()
    local undone
    db:transaction(function(tx)
      tx.user:create { data = { id = 4, email = "d" } }
      local e = caught(tx.transaction, tx, function(inner)
        inner:after_rollback(function() undone = true end)
        inner.user:create { data = { id = 5, email = "e" } }
        twice(inner)
      end)
      names_it(e)
      assert.matches("savepoint was rolled back, not released", e.message)
      assert.is_true(undone)
      -- of two savepoints, each is undone on its own
      caught(tx.transaction, tx, function(inner)
        inner.user:create { data = { id = 6, email = "f" } }
        caught(inner.transaction, inner, twice)
        assert.equal(3, inner.user:count())
        error "undo"
      end)
      assert.equal(2, tx.user:count())
      tx:transaction(function(inner) inner.user:create { data = { id = 7, email = "g" } } end)
    end)
    local ids = {}
    for row in db.user:each { order_by = { id = "asc" } } do ids[#ids + 1] = row.id end
    assert.same({ 1, 4, 7 }, ids)
  end)

  -- Abandons a call in the transaction and returns the error of the next call.
  local function error_after_abandoning(client)
    return caught(client.transaction, client, function(tx)
      local co = coroutine.create(function() tx:query_raw "SELECT pg_sleep(30)" end)
      coroutine.resume(co)
      coroutine.close(co)
      tx.user:count()
    end)
  end

  local function names_abandoned(e)
    assert.equal("P2028", e.code)
    assert.is_nil(e.meta.first_code)
    assert.is_nil(e.meta.first_message)
    assert.equal("query_raw", e.meta.first_action)
    assert.matches(": a call was abandoned while it ran %(query_raw%)", e.message)
  end

  it("is an abandoned call, whether or not the server stops it in time", function()
    local waiting = support.connect(url, SCHEMA, { wait = hook() })
    run(function() names_abandoned(error_after_abandoning(waiting)) end)
  end)

  it("is an abandoned call whose cancel request gets no answer", function()
    local cqueues, Proxy = require "cqueues", require "coop.proxy"
    local queue = cqueues.new()
    queue:wrap(function()
      local proxy = Proxy.open(url)
      -- The abandoned call waits in a coroutine of its transaction's coroutine, which cqueues does not know.
      local function wait()
        if select(2, cqueues.running()) then cqueues.sleep(0.001) else coroutine.yield() end
      end
      local waiting = support.connect(proxy.url, SCHEMA, { wait = { wait = wait, ready = coroutine.isyieldable } })
      -- The proxy passes nothing on while the call is abandoned, because it runs in the same thread.
      local e = error_after_abandoning(waiting)
      names_abandoned(e)
      assert.matches("its connection was lost: a call was abandoned", e.message)
      assert.is_nil(e.message:find("savepoint", 1, true))
      waiting:close()
      proxy:close()
    end)
    assert(queue:loop())
  end)

  it("is shortened where its message is long", function()
    local e = caught(db.transaction, db, function(tx)
      local first = caught(tx.query_raw, tx, "SELECT CAST(? AS integer)", ("\xc3\xa4"):rep(5000))
      assert.is_true(#first.message > 5000)
    end)
    assert.is_true(#e.message < 800)
    assert.is_truthy(utf8.len(e.message))
    assert.matches("\xc3\xa4%.%.%.", e.meta.first_message)
  end)

  it("is named in coroutines too", function()
    local waiting = support.connect(url, SCHEMA, { wait = hook() })
    run(function()
      names_it(caught(waiting.transaction, waiting, function(tx)
        twice(tx)
        names_it(caught(tx.user.count, tx.user))
        names_it(caught(function() for _ in tx.user:each {} do error "no row" end end))
        names_it(caught(tx.transaction, tx, print))
      end))
      waiting:transaction(function(tx)
        names_it(caught(tx.transaction, tx, twice))
        assert.equal(1, tx.user:count())
      end)
    end)
  end)
end)
