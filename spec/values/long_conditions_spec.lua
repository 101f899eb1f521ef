-- Conditions of thousands of terms, and conditions nested deeply, give what their definition says on every database.
local rille = require "rille"
local support = require "support"

local SCHEMA = [[
model Row {
  id     Int     @id
  a      Int?
  b      Int?
  up     Row?    @relation("tree", fields: [upId], references: [id])
  upId   Int?
  down   Row[]   @relation("tree")
  tags   Tag[]
  pieces Piece[]

  @@unique([id, a])
}

model Tag {
  id   Int   @id
  rows Row[]
}

model Piece {
  x     Int
  y     Int
  n     Int  @default(0)
  row   Row? @relation(fields: [rowId], references: [id])
  rowId Int?

  @@id([x, y])
}]]

local N = 3000

local function list(n, f)
  local made = {}
  for i = 1, n do made[i] = f(i) end
  return made
end

-- Three truth values: true, false, and nil for unknown.
local function not_(t) if t == nil then return nil end return not t end
local function both(list_of, verdict)
  local unknown
  for _, t in ipairs(list_of) do
    if t.value == verdict then return verdict end
    if t.value == nil then unknown = true end
  end
  if unknown then return nil end
  return not verdict
end

local judge
local function truths(conditions, row)
  return list(#conditions, function(i) return { value = judge(conditions[i], row) } end)
end
local function judge_all(conditions, row, verdict)
  return both(truths(conditions, row), verdict)
end

function judge(where, row)
  local found = {}
  for key, value in pairs(where) do
    local t
    if key == "AND" then t = judge_all(value, row, false)
    elseif key == "OR" then t = judge_all(value, row, true)
    elseif key == "NOT" then t = not_(judge_all(value, row, true)) -- none of them
    elseif key == "up" then
      t = false
      if row.up then t = judge(value.is, row.up) end
    elseif row[key] == nil then t = nil
    else t = row[key] == value end
    found[#found + 1] = { value = t }
  end
  return both(found, false)
end

-- Always the same numbers: a linear congruence of Park and Miller.
local state = 7
local function random(n)
  state = state * 48271 % 2147483647
  return state % n + 1
end

local function tree(depth)
  if depth == 0 then return random(2) == 1 and { a = random(3) } or { b = random(3) } end
  local kind = random(8)
  local others = list(random(3) - 1, function() return tree(0) end)
  table.insert(others, random(#others + 1), tree(depth - 1))
  if kind <= 2 then return { AND = others } end
  if kind <= 4 then return { OR = others } end
  if kind <= 7 then return { NOT = others } end
  return { a = random(3), NOT = others, OR = { { b = random(3) }, tree(1) } }
end

support.each_engine(function(engine)
  describe("conditions", function()
    local db
    before_each(function() db = support.open(engine, SCHEMA) end)

    it("of thousands of terms", function()
      db.row:create_many { data = list(N, function(i) return { id = i, a = i, b = i % 2 == 0 and i or nil } end) }
      assert.equal(N, db.row:count { where = { OR = list(5000, function(i) return { a = i } end) } })
      assert.equal(1001, db.row:count { where = { OR = list(1001, function(i) return { a = i } end) } })
      assert.equal(N, db.row:count { where = { AND = list(5000, function(i) return { a = { gt = -i } } end) } })
      assert.equal(N - 1500, db.row:count { where = { NOT = { OR = list(1500, function(i) return { a = i } end) } } })
      assert.equal(N / 2, db.row:count { where = { OR = list(N, function(i) return { a = i, b = i } end) } })
      assert.equal(2000, #db.row:group_by { by = { "a" }, having = { OR = list(2000, function(i) return { a = i } end) } })
      assert.equal(1500, db.row:delete_many { where = { OR = list(1500, function(i) return { id = i } end) } }.count)
    end)

    it("of thousands of keys in nested writes", function()
      db.row:create { data = { id = 1, a = 1 } }
      db.tag:create_many { data = list(N, function(i) return { id = i } end) }
      db.piece:create_many { data = list(N, function(i) return { x = i, y = i } end) }
      local function key(i) return { x_y = { x = i, y = i } } end
      local function write(data) return db.row:update { where = { id = 1 }, data = data, include = { _count = true } }._count end
      assert.equal(N, write { tags = { set = list(N, function(i) return { id = i } end) } }.tags)
      assert.equal(1, write { tags = { disconnect = list(N - 1, function(i) return { id = i } end) } }.tags)
      assert.equal(N, write { pieces = { set = list(N, key) } }.pieces)
      assert.equal(5, write { pieces = { set = list(5, key) } }.pieces)
      assert.equal(N, write { pieces = { connect = list(N, key) } }.pieces)
      assert.equal(N, db.piece:update_many { data = list(N, function(i) return { x = i, y = i, n = i } end), on = { "x", "y" } }.count)
      assert.equal(N, db.piece:count { where = { OR = list(N, function(i) return { x = i, y = i, n = i } end) } })
      assert.equal(1, write { pieces = { delete = list(N - 1, key) } }.pieces)
    end)

    it("nested deeply", function()
      db.row:create_many { data = { { id = 1, a = 1 }, { id = 2, a = 2, b = 1 }, { id = 3 } } }
      local chain, mixed, pairs_of = { a = 1 }, { a = 1 }, { a = 1 }
      for i = 1, 50 do
        chain = { NOT = chain }
        mixed = { NOT = mixed, id = { gt = -i } }
        pairs_of = { OR = { pairs_of, { b = -i } }, id = { gt = -i } }
      end
      assert.equal(1, db.row:count { where = chain })
      assert.equal(1, db.row:count { where = { NOT = chain } }) -- the row without a stays unknown
      assert.equal(1, db.row:count { where = mixed })
      assert.equal(1, db.row:count { where = pairs_of })
      for _ = 1, 130 do chain = { NOT = chain } end
      assert.equal(1, db.row:count { where = chain })
    end)

    it("of every form agree with their definition", function()
      local rows = {}
      for i = 1, 16 do rows[i] = { id = i, a = i % 4 ~= 0 and i % 4 or nil, b = math.floor(i / 4) % 4 ~= 0 and math.floor(i / 4) % 4 or nil } end
      for i = 2, 16, 2 do rows[i].up, rows[i].upId = rows[i - 1], i - 1 end
      db.row:create_many { data = list(16, function(i) return { id = i, a = rows[i].a, b = rows[i].b, upId = rows[i].upId } end) }
      for round = 1, 60 do
        local where = tree(round % 14 + 1)
        if round % 3 == 0 then where = { NOT = { { up = { is = tree(9) } }, where } } end
        local expected = {}
        for _, row in ipairs(rows) do
          if judge(where, row) == true then expected[#expected + 1] = row.id end
        end
        local found = list(16, function() end)
        for i, row in ipairs(db.row:find_many { where = where, order_by = { id = "asc" }, select = { id = true } }) do found[i] = row.id end
        assert.same(expected, found, rille.json.encode(where))
      end
    end)

    it("that no database takes are refused as such", function()
      if engine ~= "sqlite" then return end
      local where = { a = 1 }
      for i = 1, 196 do where = { NOT = where, b = i } end
      local ok, e = pcall(db.row.count, db.row, { where = where })
      assert.truthy(ok or e.code == "P2029", tostring(e))
    end)
  end)
end)
