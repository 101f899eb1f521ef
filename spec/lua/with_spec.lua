-- Derived clients.
local rille = require "rille"
local support = require "support"

local SCHEMA = [[
model Note {
  id   Int    @id @default(autoincrement())
  text String
}]]

support.each_engine(function(engine)
  it("shares the pool with the client it was derived from", function()
    local db = support.open(engine, SCHEMA, { pool = { size = 1 } })
    local other = db:primary()
    other.note:create { data = { text = "a" } }
    assert.equal(1, db.note:count {})
    assert.equal(1, other:with { primary = true }.note:count {})
    assert.equal(1, db:metrics().pool.connects - (engine == "sqlite" and 1 or 0))
    assert.equal(3, db:metrics().calls.operations)
  end)

  it("outlives the client it was derived from, and is closed separately", function()
    local db = support.open(engine, SCHEMA)
    local other = db:with {}
    db:close()
    other.note:create { data = { text = "a" } }
    assert.equal(1, other.note:count {})
    other:close()
    support.fails("VALIDATION", function() return other.note:count {} end)
  end)

  it("reports wrong options", function()
    local db = support.open(engine, SCHEMA)
    assert.matches("primary", support.fails("VALIDATION", db.with, db, { primry = true }).message)
    support.fails("VALIDATION", db.with, db, { primary = 1 })
    support.fails("VALIDATION", db.with, db, 7)
    support.fails("VALIDATION", function() db:transaction(function(tx) tx:with { primary = true } end) end)
  end)

  it("tells an unknown option before the wrong value of another", function()
    local db = support.open(engine, SCHEMA)
    for _ = 1, 20 do
      local e = support.fails("VALIDATION", db.with, db, { primary = 1, timeout = "x", scope = 3, tags = 1, unknown = true })
      assert.matches("unknown option `unknown`", e.message)
    end
  end)

  it("can be called while the scope of another call is read", function()
    local db = support.open(engine, SCHEMA)
    db.note:create_many { data = { { text = "a" }, { text = "b" } } }
    local inner, text
    local given = setmetatable({}, { __pairs = function()
      inner = db:with { scope = { note = { text = "b" } } }
      text = rille.json.encode { "inside" }
      pcall(db.with, db, { scope = { note = {} } })
      return next, { text = "a" }
    end })
    local outer = db:with { scope = { note = given } }
    assert.equal('["inside"]', text)
    assert.equal("a", outer.note:find_many({})[1].text)
    assert.equal(1, outer.note:count {})
    assert.equal("b", inner.note:find_first({}).text)
  end)

  it("is not disturbed by a call that was refused", function()
    local db = support.open(engine, SCHEMA)
    db.note:create { data = { text = "a" } }
    for _ = 1, 3 do
      support.fails("VALIDATION", db.with, db, { scope = { note = { text = print } } })
      support.fails("VALIDATION", db.with, db, { scope = { note = { texd = "a" } } })
      assert.equal(1, db:with({ scope = { note = { text = "a" } } }).note:count {})
      assert.equal("[1]", rille.json.encode { 1 })
    end
  end)
end)
