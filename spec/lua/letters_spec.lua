-- mode = "insensitive" with every operator and either side, and orders by what is never null.
local rille = require "rille"
local support = require "support"

local schema = [[
model M {
  id   Int     @id
  s    String?
  code String? @db.Char(4)
  key  String? @db.Uuid
  ip   String? @db.Inet
  list String[]
  keys String[] @db.Uuid
}
]]

local KEY = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"

local function field(name) return rille.field("M", name) end

-- The ids that a condition finds, as a text.
local function found(db, where)
  local ids = {}
  for i, row in ipairs(db.m:find_many { where = where, order_by = { id = "asc" } }) do ids[i] = row.id end
  return table.concat(ids, " ")
end

describe("letters in either case, on postgresql", function()
  if not support.server then return end
  local db

  setup(function()
    db = support.open("postgresql", schema)
    db.m:create { data = { id = 1, s = "Aa", code = "Aa", key = KEY, ip = "::ab", list = { "aA", "b" }, keys = { KEY } } }
    db.m:create { data = { id = 2, s = "Zz", code = "aa", list = { "aA", "b" } } }
    db.m:create { data = { id = 3, s = "a_", list = { "AX", "A_" } } }
    db.m:create { data = { id = 4, s = "Aa" } }
    db:execute_raw [[UPDATE "M" SET list = NULL WHERE id = 4]]
  end)
  teardown(support.cleanup)

  it("count in a list of the same row, as they do in one that is given", function()
    local list = field "list"
    assert.equal("1 3", found(db, { s = { in_ = list, mode = "insensitive" } }))
    assert.equal("2", found(db, { s = { not_in = list, mode = "insensitive" } }))
    assert.equal("2", found(db, { s = { not_ = { in_ = list }, mode = "insensitive" } }))
    assert.equal("1 3", found(db, { s = { not_ = { not_in = list }, mode = "insensitive" } }))
    assert.equal("2", found(db, { NOT = { s = { in_ = list, mode = "insensitive" } } }))
    assert.equal("1 3", found(db, { NOT = { s = { not_in = list, mode = "insensitive" } } }))
    assert.equal("", found(db, { s = { in_ = list } }))
    assert.equal("1 2 3", found(db, { s = { not_in = list } }))
    assert.equal("1 2", found(db, { code = { in_ = { "AA" }, mode = "insensitive" } }))
    assert.equal("1 2", found(db, { code = { in_ = list, mode = "insensitive" } }))
    assert.equal("", found(db, { code = { not_in = list, mode = "insensitive" } }))
  end)

  it("count next to another column", function()
    assert.equal("1 2", found(db, { code = { equals = field "code", mode = "insensitive" } }))
    assert.equal("1", found(db, { s = { equals = field "code", mode = "insensitive" } }))
    assert.equal("2", found(db, { s = { not_ = { equals = field "code" }, mode = "insensitive" } }))
    assert.equal("1", found(db, { s = { starts_with = field "code", mode = "insensitive" } }))
    assert.equal("2", found(db, { s = { gt = field "code", mode = "insensitive" } }))
  end)

  it("are none where the database keeps a text as something else", function()
    for _, value in ipairs { KEY, KEY:upper() } do
      assert.equal("1", found(db, { key = { equals = value, mode = "insensitive" } }))
      assert.equal("1", found(db, { key = { in_ = { value }, mode = "insensitive" } }))
      assert.equal("1", found(db, { key = { gte = value, mode = "insensitive" } }))
    end
    assert.equal("1", found(db, { key = { in_ = field "keys", mode = "insensitive" } }))
    assert.equal("1", found(db, { ip = { equals = "::AB", mode = "insensitive" } }))
    local e = support.fails("VALIDATION", found, db, { ip = { contains = "ab" } })
    assert.truthy(e.message:find("where.ip.contains: unknown condition", 1, true), e.message)
  end)

  it("belong to no condition on a list", function()
    for operator, value in pairs { has = "a", has_every = { "a" }, has_some = { "a" }, equals = { "a" }, is_empty = false } do
      support.fails("VALIDATION", found, db, { list = { [operator] = value, mode = "insensitive" } })
    end
  end)

  it("nulls have a place only where there are some", function()
    for _, order in ipairs {
      { list = { sort = "asc", nulls = "first" } },
      { keys = { sort = "desc", nulls = "last" } },
      { id = { sort = "asc", nulls = "first" } },
    } do
      local e = support.fails("VALIDATION", db.m.find_many, db.m, { order_by = order })
      assert.truthy(e.message:find("so it is never NULL; leave `nulls` out", 1, true), e.message)
    end
    assert.equal(4, #db.m:find_many { order_by = { list = { sort = "asc" } } })
    assert.equal(4, #db.m:find_many { order_by = { s = { sort = "asc", nulls = "first" } } })
  end)
end)

support.each_engine(function(engine)
  it("a count has no nulls to place", function()
    local db = support.open(engine, [[
      model Team {
        id      Int      @id
        players Player[]
      }
      model Player {
        id     Int   @id
        teamId Int?
        team   Team? @relation(fields: [teamId], references: [id])
      }]])
    local counted = { sort = "asc", nulls = "first" }
    local e = support.fails("VALIDATION", db.team.find_many, db.team, { order_by = { players = { _count = counted } } })
    assert.equal("order_by.players._count.nulls: `players` is a count, so it is never NULL; leave `nulls` out", e.message)
    support.fails("VALIDATION", db.player.group_by, db.player, { by = { "teamId" }, order_by = { _count = { id = counted } } })
    assert.same({}, db.player:group_by { by = { "teamId" }, order_by = { _max = { id = counted } } })
  end)

  it("a string to search for may be long, as long as the database accepts it", function()
    local db = support.open(engine, "model Note {\n  id Int @id\n  text String?\n}")
    local long = ("%_\\x"):rep(7000)
    db.note:create { data = { id = 1, text = "a" .. long .. "b" } }
    assert.equal(1, db.note:count { where = { text = { contains = long } } })
    for _, operator in ipairs { "contains", "starts_with", "ends_with" } do
      local too_long = { text = { [operator] = long:rep(3) } }
      if engine == "sqlite" then
        local e = support.fails("P2000", db.note.count, db.note, { where = too_long })
        assert.matches("SQLite accepts at most 50000 bytes to search a string for", e.message, 1, true)
      else
        assert.equal(0, db.note:count { where = too_long })
      end
    end
  end)
end)
