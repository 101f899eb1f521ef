-- Regression tests of result layouts.
local support = require "support"

local schema = [[
enum Colour {
  red @map("r")
  green @map("g")
}

model Shelf {
  id     Int    @id
  colour Colour
  books  Book[]
}

model Book {
  id      Int     @id
  title   String
  pages   Int?
  colour  Colour
  cover   Colour
  shelf   Shelf   @relation(fields: [shelfId], references: [id])
  shelfId Int
}
]]

support.each_engine(function(engine)
  local db

  before_each(function()
    db = support.open(engine, schema)
    db.shelf:create_many { data = { { id = 1, colour = "red" }, { id = 2, colour = "green" } } }
    db.book:create_many { data = {
      { id = 1, title = "a", colour = "green", cover = "red", shelfId = 1 },
      { id = 2, title = "b", colour = "red", cover = "green", shelfId = 2 },
      { id = 3, title = "c", colour = "red", cover = "red", shelfId = 2 },
    } }
  end)

  it("a wide row with renamed enum values below a narrow one finds its parent", function()
    local shelves = db.shelf:find_many { order_by = { id = "asc" }, select = { colour = true, books = { order_by = { id = "asc" } } } }
    assert.same({
      { colour = "red", books = { { id = 1, title = "a", colour = "green", cover = "red", shelfId = 1 } } },
      { colour = "green", books = {
        { id = 2, title = "b", colour = "red", cover = "green", shelfId = 2 },
        { id = 3, title = "c", colour = "red", cover = "red", shelfId = 2 },
      } },
    }, shelves)
  end)

  it("the groups of an aggregate exist without any value", function()
    assert.same({ _sum = {}, _min = {}, _count = 3 }, db.book:aggregate { _sum = { pages = true }, _min = { pages = true }, _count = true })
    assert.same({ _avg = {} }, db.book:aggregate { where = { id = 99 }, _avg = { pages = true } })
  end)
end)
