-- Order, pages, cursors, distinct, and which fields are returned.
local support = require "support"

local schema = [[
model Item {
  id    Int     @id
  name  String
  rank  Int?
  group String

  @@unique([group, name])
}
]]

support.each_engine(function(engine)
  local db

  setup(function()
    db = support.open(engine, schema)
    local data = {}
    for i = 1, 10 do data[i] = { id = i, name = ("n%02d"):format(11 - i), rank = i % 4 ~= 0 and i % 4 or nil, group = i % 2 == 0 and "even" or "odd" } end
    db.item:create_many { data = data }
  end)

  local function ids(args)
    args = args or {}
    args.order_by = args.order_by or { id = "asc" }
    local list = {}
    for i, row in ipairs(db.item:find_many(args)) do list[i] = row.id end
    return table.concat(list, " ")
  end

  it("orders by one field and by several", function()
    assert.equal("10 9 8 7 6 5 4 3 2 1", ids { order_by = { id = "desc" } })
    assert.equal("10 9 8 7 6 5 4 3 2 1", ids { order_by = { name = "asc" } })
    assert.equal("10 8 6 4 2 9 7 5 3 1", ids { order_by = { { group = "asc" }, { id = "desc" } } })
    support.fails("VALIDATION", db.item.find_many, db.item, { order_by = { group = "asc", id = "desc" } })
  end)

  it("puts NULL first or last", function()
    assert.equal("4 8 1 5", ids { order_by = { { rank = { sort = "asc", nulls = "first" } }, { id = "asc" } }, take = 4 })
    assert.equal("3 7 2 6 10 1 5 9 4 8", ids { order_by = { { rank = { sort = "desc", nulls = "last" } }, { id = "asc" } } })
  end)

  it("skips and takes", function()
    assert.equal("1 2 3", ids { take = 3 })
    assert.equal("4 5 6", ids { take = 3, skip = 3 })
    assert.equal("10", ids { skip = 9 })
    assert.equal("", ids { skip = 10 })
    assert.equal("", ids { take = 0 })
    assert.equal("8 9 10", ids { take = -3 })
    assert.equal("6 7 8", ids { take = -3, skip = 2 })
    assert.equal("3 2 1", ids { take = -3, order_by = { id = "desc" } })
  end)

  it("continues from a cursor", function()
    assert.equal("4 5 6", ids { cursor = { id = 4 }, take = 3 })
    assert.equal("5 6", ids { cursor = { id = 4 }, take = 2, skip = 1 })
    assert.equal("2 3 4", ids { cursor = { id = 4 }, take = -3 })
    assert.equal("7 6 5", ids { cursor = { id = 7 }, order_by = { id = "desc" }, take = 3 })
    assert.equal("6 8 10", ids { cursor = { group_name = { group = "even", name = "n05" } }, where = { group = "even" } })
    assert.equal("", ids { cursor = { id = 99 } })
  end)

  it("finds the first by order", function()
    assert.equal(10, db.item:find_first { order_by = { id = "desc" } }.id)
    assert.equal(3, db.item:find_first { order_by = { id = "asc" }, skip = 2 }.id)
    assert.equal(1, db.item:find_first { order_by = { id = "asc" }, where = { group = "odd" } }.id)
  end)

  it("gives the fields that are asked for", function()
    assert.same({ name = "n10" }, db.item:find_unique { where = { id = 1 }, select = { name = true } })
    assert.same({ id = 1, name = "n10", rank = 1 }, db.item:find_unique { where = { id = 1 }, omit = { group = true } })
    assert.same({ name = "n10" }, db.item:find_unique { where = { id = 1 }, select = { name = true, rank = false } })
    support.fails("VALIDATION", db.item.find_first, db.item, { select = { name = true }, omit = { id = true } })
    support.fails("VALIDATION", db.item.find_first, db.item, { select = {} })
  end)

  it("leaves out what the client omits, unless it is selected", function()
    local _, url = support.open(engine, schema)
    local hiding = support.connect(url, schema, { omit = { item = { name = true } } })
    hiding.item:create { data = { id = 1, name = "secret", group = "g" } }
    assert.is_nil(hiding.item:find_first({}).name)
    assert.equal("secret", hiding.item:find_first({ select = { name = true } }).name)
    assert.equal("secret", hiding.item:find_first({ omit = { name = false } }).name)
  end)

  it("counts pages", function()
    assert.equal(10, db.item:count())
    assert.equal(3, db.item:count { take = 3 })
    assert.equal(2, db.item:count { skip = 8 })
    assert.equal(7, db.item:count { cursor = { id = 4 }, order_by = { id = "asc" } })
  end)

  it("streams with each", function()
    local seen = {}
    for row in db.item:each { order_by = { id = "asc" }, where = { id = { lte = 7 } } } do seen[#seen + 1] = row.id end
    assert.same({ 1, 2, 3, 4, 5, 6, 7 }, seen)
    seen = {}
    for row in db.item:each { order_by = { id = "desc" }, take = 2 } do seen[#seen + 1] = row.id end
    assert.same({ 10, 9 }, seen)
    for _ in db.item:each { where = { id = 99 } } do error "there is no such row" end
  end)
end, true)
