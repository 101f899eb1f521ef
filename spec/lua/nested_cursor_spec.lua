-- A cursor within an include names a row among the parent's own.
local support = require "support"

local schema = [[
model Shelf {
  id    Int    @id
  books Book[]
}

model Book {
  id      Int   @id
  shelf   Shelf @relation(fields: [shelfId], references: [id])
  shelfId Int
}
]]

support.each_engine(function(engine)
  it("a cursor that is another parent's row starts nothing", function()
    local db = support.open(engine, schema)
    db.shelf:create_many { data = { { id = 1 }, { id = 3 } } }
    db.book:create_many { data = { { id = 1, shelfId = 1 }, { id = 4, shelfId = 1 }, { id = 5, shelfId = 3 } } }
    local books = { cursor = { id = 4 }, order_by = { id = "asc" }, select = { id = true } }
    assert.same({ { id = 1, books = { { id = 4 } } }, { id = 3, books = {} } }, db.shelf:find_many { order_by = { id = "asc" }, include = { books = books } })
    assert.same({ id = 3, books = {} }, db.shelf:find_first { where = { id = 3 }, include = { books = books } })
    assert.same({ id = 1, books = { { id = 4 } } }, db.shelf:find_unique { where = { id = 1 }, include = { books = books } })
  end)
end)
