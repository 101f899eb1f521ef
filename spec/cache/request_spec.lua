-- rille.request: reads of one request run once, and never give what is older than a write of the request.
local support = require "support"
local rille = require "rille"

local SCHEMA = [[
model Item {
  id   Int    @id @default(autoincrement())
  name String @unique
}]]

local function statements(db) return db:metrics().calls.statements end

support.each_engine(function(engine)
  local function open(options) return support.open(engine, SCHEMA, options) end

  it("asks once, and gives each caller rows of its own", function()
    local db = open()
    db.item:create { data = { name = "a" } }
    local before = statements(db)
    rille.request(function(...)
      assert.same({ 1, nil, 3 }, { ... })
      local one, two = db.item:find_many {}, db.item:find_many {}
      assert.same(one, two)
      assert.not_equal(one, two)
      assert.equal(1, db.item:count())
      assert.equal(1, db.item:count())
    end, 1, nil, 3)
    assert.equal(2, statements(db) - before)
    db.item:count()
    assert.equal(3, statements(db) - before)
    assert.same({ "x", nil, "y" }, { rille.request(function() return "x", nil, "y" end) })
    assert.equal("mine", select(2, pcall(rille.request, function() error("mine", 0) end)))
    support.fails("VALIDATION", rille.request, 1)
  end)

  it("forgets everything when something is written", function()
    local db, url = open()
    local other = support.connect(url, SCHEMA)
    local function count() return db.item:count() end
    rille.request(function()
      assert.equal(0, count())
      db.item:create { data = { name = "a" } }
      assert.equal(1, count())
      other.item:create { data = { name = "b" } }
      assert.equal(2, count())
      db:execute_raw [[DELETE FROM "Item"]]
      assert.equal(0, count())
      db:batch(function(b) b.item:create { data = { name = "c" } } end)
      assert.equal(1, count())
      pcall(db.item.create, db.item, { data = { name = "c" } })
      assert.equal(1, count())
    end)
  end)

  it("forgets what was read beside a transaction when it is committed", function()
    local db, url = open { pool = { size = 3 } }
    local other = support.connect(url, SCHEMA, { pool = { size = 2 } })
    rille.request(function()
      assert.equal(0, other.item:count())
      db:transaction(function(tx)
        tx.item:create { data = { name = "a" } }
        assert.equal(0, other.item:count()) -- as it is before the commit
        assert.equal(1, tx.item:count())
        if engine == "postgresql" then tx:transaction(function(inner) inner.item:create { data = { name = "b" } } end) end
      end)
      local want = engine == "postgresql" and 2 or 1
      assert.equal(want, other.item:count())
      assert.equal(want, db.item:count())
      pcall(db.transaction, db, function(tx)
        tx.item:delete_many {}
        error "undo"
      end)
      assert.equal(want, other.item:count())
    end)
  end)

  it("runs where its function runs, if the host has another pcall", function()
    local db = open()
    local before = statements(db)
    local builtin = pcall
    _G.pcall = function(fn, ...) -- as coxpcall does
      local co = coroutine.create(fn)
      return coroutine.resume(co, ...)
    end
    local ok, e = builtin(rille.request, function()
      db.item:count()
      db.item:count()
    end)
    _G.pcall = builtin
    assert.is_true(ok, tostring(e))
    assert.equal(1, statements(db) - before)
  end)
end)
