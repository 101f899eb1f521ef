-- Derived clients.
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
end)
