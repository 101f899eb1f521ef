-- Transactions, savepoints, retries, and batches.
local rille = require "rille"
local support = require "support"
local schema = require "lua.blog_schema"

support.each_engine(function(engine)
  local db
  before_each(function() db = support.open(engine, schema) end)

  local function add(target, email) return target.user:create { data = { email = email, name = "N" } } end
  local function count() return db.user:count() end

  it("commits and returns what the function returns", function()
    local a, b, c = db:transaction(function(tx)
      add(tx, "a")
      assert.equal(1, tx.user:count())
      return 1, nil, "three"
    end)
    assert.same({ 1, nil, "three" }, { a, b, c })
    assert.equal(1, count())
  end)

  it("rolls back on an error and raises the same", function()
    local mine = { "mine" }
    local ok, e = pcall(db.transaction, db, function(tx)
      add(tx, "a")
      error(mine, 0)
    end)
    assert.is_false(ok)
    assert.equal(mine, e)
    assert.equal(0, count())
    support.fails("P2002", db.transaction, db, function(tx)
      add(tx, "a")
      add(tx, "a")
    end)
    assert.equal(0, count())
  end)

  it("cannot be used after its end", function()
    local kept
    db:transaction(function(tx) kept = tx end)
    support.fails("P2028", function() return kept.user:count() end)
    local model
    pcall(db.transaction, db, function(tx)
      model = tx.user
      error "x"
    end)
    support.fails("P2028", model.find_many, model)
    support.fails("P2028", function() db:transaction(function(tx) tx:close() end) end)
    assert.equal(0, count())
  end)

  it("nests with savepoints", function()
    db:transaction(function(tx)
      add(tx, "a")
      pcall(tx.transaction, tx, function(inner)
        add(inner, "b")
        error "undo"
      end)
      tx:transaction(function(inner)
        add(inner, "c")
        pcall(inner.transaction, inner, function(innermost)
          add(innermost, "d")
          add(innermost, "d")
        end)
        assert.equal(2, inner.user:count())
      end)
      add(tx, "e")
    end)
    local emails = {}
    for row in db.user:each { order_by = { email = "asc" } } do emails[#emails + 1] = row.email end
    assert.same({ "a", "c", "e" }, emails)
    support.fails("VALIDATION", db.transaction, db, function(tx) tx:transaction(print, { read_only = true }) end)
  end)

  it("times out", function()
    local e = support.fails("P2028", db.transaction, db, function(tx)
      add(tx, "a")
      local stop = os.clock() + 0.3
      while os.clock() < stop do end
      add(tx, "b")
    end, { timeout = 100 })
    assert.equal("transaction", e.kind)
    assert.equal(0, count())
  end)

  it("knows its options", function()
    support.fails("VALIDATION", db.transaction, db, print, { isolation = "x" })
    support.fails("VALIDATION", db.transaction, db, print, { isolation_level = "chaos" })
    support.fails("VALIDATION", db.transaction, db, print, { timeout = "long" })
    support.fails("VALIDATION", db.transaction, db, 5)
    assert.equal(0, db:transaction(function(tx) return tx.user:count() end, { isolation_level = "Serializable" }))
    if engine == "postgresql" then
      assert.equal(0, db:transaction(function(tx) return tx.user:count() end, { isolation_level = "read_committed" }))
      assert.equal("repeatable read", db:transaction(function(tx) return tx:query_raw("SHOW transaction_isolation")[1].transaction_isolation end,
        { isolation_level = "repeatable read" }))
    end
  end)

  it("writes nothing when it is read-only", function()
    assert.is_false(pcall(db.transaction, db, function(tx) add(tx, "a") end, { read_only = true }))
    assert.equal(0, count())
    assert.equal(0, db:transaction(function(tx) return tx.user:count() end, { read_only = true }))
  end)

  it("retries after a conflict", function()
    local runs = 0
    local conflict = function()
      local e = setmetatable({ code = "P2034", message = "x", meta = {} }, getmetatable(select(2, rille.try(rille.decimal, "?"))))
      error(e, 0)
    end
    assert.equal("done", db:transaction(function(tx)
      runs = runs + 1
      add(tx, "a")
      if runs < 3 then conflict() end
      return "done"
    end, { retries = 3 }))
    assert.equal(3, runs)
    assert.equal(1, count())
    support.fails("P2034", db.transaction, db, conflict, { retries = 1 })
    support.fails("P2034", db.transaction, db, conflict)
  end)

  it("retries after a real conflict", function()
    if engine ~= "postgresql" then return end
    add(db, "a")
    local runs = 0
    db:transaction(function(tx)
      runs = runs + 1
      local karma = tx.user:find_first({}).karma
      if runs == 1 then db.user:update { where = { email = "a" }, data = { karma = 10 } } end
      tx.user:update { where = { email = "a" }, data = { karma = karma + 1 } }
    end, { isolation_level = "serializable", retries = 2 })
    assert.equal(2, runs)
    assert.equal(11, db.user:find_first({}).karma)
  end)

  it("keeps others out until it commits", function()
    db:transaction(function(tx)
      add(tx, "a")
      assert.equal(0, count())
    end)
    assert.equal(1, count())
  end)

  it("releases its connection", function()
    for i = 1, 30 do
      pcall(db.transaction, db, function(tx)
        add(tx, "x" .. i)
        if i % 2 == 0 then error "no" end
      end)
    end
    assert.equal(15, count())
    assert.equal(0, db:metrics().pool.in_use)
  end)

  describe("batch", function()
    it("returns one value per call", function()
      local made, rows, n, none, raw = db:batch(function(b)
        b.user:create { data = { email = "a", name = "A" } }
        b.user:find_many {}
        b.user:count()
        b.user:find_first { where = { id = 99 } }
        b:query_raw("SELECT 1 AS one")
      end)
      assert.equal("A", made.name)
      assert.equal(1, #rows)
      assert.equal(1, n)
      assert.is_nil(none)
      assert.equal(1, raw[1].one)
    end)

    it("names the call that failed", function()
      local e = support.fails("P2002", db.batch, db, function(b)
        b.user:create { data = { email = "a", name = "A" } }
        b.user:create { data = { email = "a", name = "A" } }
      end, { transaction = true })
      assert.equal(2, e.meta.batch_index)
      assert.equal(0, count())
    end)

    it("knows models and methods while it records", function()
      support.fails("VALIDATION", db.batch, db, function(b) b.usr:count() end)
      support.fails("VALIDATION", db.batch, db, function(b) b.user:cont() end)
      support.fails("VALIDATION", db.batch, db, function(b) b:transaction(print) end)
      assert.equal(0, select("#", db:batch(function() end)))
    end)
  end)
end)
