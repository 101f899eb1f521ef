-- Recursive includes against a walk in Lua over the same rows: trees, chains and graphs with rings, and what is included below every row of them.
local rille = require "rille"
local support = require "support"

local schema = [[
model Person {
  id     Int      @id
  name   String
  secret String   @default("x")
  notes  Note[]
  bossId Int?
  boss   Person?  @relation("works for", fields: [bossId], references: [id])
  staff  Person[] @relation("works for")
}

model Note {
  id       Int    @id
  text     String
  parentId Int?
  parent   Note?  @relation("answers", fields: [parentId], references: [id])
  replies  Note[] @relation("answers")
  authorId Int
  author   Person @relation(fields: [authorId], references: [id])
  tags     Tag[]
  links    Note[] @relation("links")
  linked   Note[] @relation("links")
}

model Tag {
  id    Int    @id
  name  String @unique
  notes Note[]
}
]]

-- id -> parent, author, tags, links. 20 to 23 are rings, and 30 links to itself.
local NOTES = {
  [1] = { nil, 1, { 1 }, { 2, 6 } }, [2] = { 1, 2, { 1, 2 }, { 3 } }, [3] = { 1, 3, {}, { 1 } }, [4] = { 2, 4, { 2 }, { 5, 7 } },
  [5] = { 4, 1, {}, { 4 } },
  [6] = { nil, 2, {}, { 7, 1 } }, [7] = { 6, 3, { 1 }, {} },
  [20] = { 21, 1, { 2 }, { 21, 22 } }, [21] = { 20, 2, {}, { 20 } }, [22] = { 23, 3, {}, { 20, 23 } },
  [23] = { 22, 4, {}, { 20 } }, [30] = { 30, 1, {}, { 30, 1 } },
}
local BOSSES = { nil, 1, 2, 2 }

local function sorted(list)
  table.sort(list)
  return list
end

local steps = {}
function steps.replies(id)
  local found = {}
  for other, note in pairs(NOTES) do
    if note[1] == id then found[#found + 1] = other end
  end
  return sorted(found)
end
function steps.links(id) return sorted { (table.unpack or unpack)(NOTES[id][4]) } end -- luacheck: ignore
function steps.parent(id) return { NOTES[id][1] } end

local SINGLE = { parent = true }

-- What is expected below a note: `below(row, id)` adds what is included, `wanted(id)` is the condition.
local function walk(relation, id, depth, below, wanted, above)
  above = above or { [id] = true }
  local list = {}
  for _, other in ipairs(steps[relation](id)) do
    if not above[other] and (not wanted or wanted(other)) then
      local row = { id = other }
      if below then below(row, other) end
      above[other] = true
      if depth > 1 then row[relation] = walk(relation, other, depth - 1, below, wanted, above) end
      above[other] = nil
      list[#list + 1] = row
    end
  end
  if SINGLE[relation] then return list[1] end
  return list
end

local function author(row, id) row.author = { name = "p" .. NOTES[id][2] } end

local function tags(row, id)
  row.tags = {}
  for i, tag in ipairs(NOTES[id][3]) do row.tags[i] = { name = "t" .. tag } end
end

local AUTHOR = { select = { name = true } }
local TAGS = { select = { name = true }, order_by = { name = "asc" } }
local BY_ID = { id = "asc" }

support.each_engine(function(engine)
  local db, url

  setup(function()
    db, url = support.open(engine, schema)
    for i = 1, 4 do db.person:create { data = { id = i, name = "p" .. i, bossId = BOSSES[i] } } end
    db.tag:create_many { data = { { id = 1, name = "t1" }, { id = 2, name = "t2" } } }
    for id, note in pairs(NOTES) do
      local connect = {}
      for i, tag in ipairs(note[3]) do connect[i] = { id = tag } end
      db.note:create { data = { id = id, text = "n" .. id, authorId = note[2], tags = { connect = connect } } }
    end
    for id, note in pairs(NOTES) do
      local connect = {}
      for i, other in ipairs(note[4]) do connect[i] = { id = other } end
      db.note:update { where = { id = id }, data = { parentId = note[1], links = { connect = connect } } }
    end
  end)
  teardown(support.cleanup)

  -- How many statements fn sends, and what it returns.
  local function counted(fn)
    local n = 0
    local off = db:on("query", function(event) n = n + (event.kind == "query" and 1 or 0) end)
    local result = fn()
    off()
    return n, result
  end

  local function check(relation, depth, members, below, wanted)
    local args = { recursive = true, depth = depth, where = members.where, select = { id = true } }
    if not SINGLE[relation] then args.order_by = BY_ID end
    for name, value in pairs(members) do
      if name ~= "where" then args.select[name] = value end
    end
    local n, rows = counted(function() return db.note:find_many { order_by = BY_ID, select = { id = true, [relation] = args } } end)
    local expected = {}
    for _, row in ipairs(rows) do expected[#expected + 1] = { id = row.id, [relation] = walk(relation, row.id, depth or 100, below, wanted) } end
    assert.same(expected, rows)
    return n
  end

  for relation in pairs(steps) do
    it(relation .. " are followed to every depth, with what is included below each row", function()
      for _, depth in ipairs { 1, 2, 3, 4, false } do
        local most = depth or nil
        assert.equal(2, check(relation, most, {}))
        assert.equal(3, check(relation, most, { author = AUTHOR }, author))
        assert.equal(3, check(relation, most, { tags = TAGS }, tags))
        assert.equal(4, check(relation, most, { author = AUTHOR, tags = TAGS }, function(row, id)
          author(row, id)
          tags(row, id)
        end))
      end
    end)
  end

  it("a condition holds on every level", function()
    local function wanted(id) return id ~= 4 and id ~= 22 end
    for _, relation in ipairs { "replies", "links" } do
      check(relation, nil, { where = { id = { not_in = { 4, 22 } } }, author = AUTHOR }, author, wanted)
    end
  end)

  it("counts, pages and orders work below a recursive include", function()
    local function below(row, id)
      row._count = { replies = #steps.replies(id), tags = 0 }
      for _, tag in ipairs(NOTES[id][3]) do row._count.tags = row._count.tags + (tag == 1 and 1 or 0) end
      row.links = {}
      for i, other in ipairs(steps.links(id)) do
        if i == 1 then row.links[1] = { id = other } end
      end
    end
    local n = check("replies", nil, {
      _count = { select = { replies = true, tags = { where = { name = "t1" } } } },
      links = { take = 1, order_by = BY_ID, select = { id = true } },
    }, below)
    assert.equal(3, n)
  end)

  it("include and omit hold on every level", function()
    local root = db.note:find_unique {
      where = { id = 1 },
      include = {
        replies = { recursive = true, order_by = BY_ID, omit = { text = true, parentId = true }, include = { author = { omit = { secret = true } } } },
      },
    }
    local last = root.replies[1].replies[1].replies[1]
    assert.same({ id = 5, authorId = 1, replies = {}, author = { id = 1, name = "p1" } }, last)
    assert.equal("n1", root.text)
  end)

  it("a recursive include may be inside another", function()
    local function chain(id)
      local boss = BOSSES[id]
      return boss and { name = "p" .. boss, boss = chain(boss) } or nil
    end
    local bosses = { select = { name = true, boss = { recursive = true, select = { name = true } } } }
    local function below(row, id) row.author = { name = "p" .. NOTES[id][2], boss = chain(NOTES[id][2]) } end
    local n = check("replies", nil, { author = bosses }, below)
    assert.equal(4, n)
  end)

  it("levels and what is below them come through each, batches, transactions and writes", function()
    local select = { id = true, replies = { recursive = true, order_by = BY_ID, select = { id = true, author = AUTHOR } } }
    local all = db.note:find_many { order_by = BY_ID, select = select }
    local streamed = {}
    for row in db.note:each { order_by = BY_ID, select = select, batch = 2 } do streamed[#streamed + 1] = row end
    assert.same(all, streamed)
    local count, batched = db:batch(function(b)
      b.note:count()
      b.note:find_many { order_by = BY_ID, select = select }
    end)
    assert.equal(#all, count)
    assert.same(all, batched)
    pcall(db.transaction, db, function(tx)
      assert.same(all, tx.note:find_many { order_by = BY_ID, select = select })
      local parents = { recursive = true, select = { id = true, author = AUTHOR } }
      local made = tx.note:create { data = { id = 99, text = "new", authorId = 4, parentId = 5 }, select = { id = true, parent = parents } }
      assert.same({ id = 99, parent = { id = 5, author = { name = "p1" }, parent = walk("parent", 5, 100, author) } }, made)
      error "undone"
    end)
  end)

  it("keep_nulls returns missing rows, down to the last level that was read", function()
    local keeping = support.connect(url, schema, { keep_nulls = true })
    local select = { id = true, parent = { recursive = true, depth = 2, select = { id = true } } }
    assert.same({ id = 4, parent = { id = 2, parent = { id = 1 } } }, keeping.note:find_unique { where = { id = 4 }, select = select })
    assert.same({ id = 2, parent = { id = 1, parent = rille.null } }, keeping.note:find_unique { where = { id = 2 }, select = select })
    assert.same({ id = 1, parent = rille.null }, keeping.note:find_unique { where = { id = 1 }, select = select })
  end)

  it("has no limit without depth", function()
    local deep = support.open(engine, [[
      model Link {
        id    Int    @id
        upId  Int?
        up    Link?  @relation("l", fields: [upId], references: [id])
        downs Link[] @relation("l")
      }]])
    local rows = {}
    for id = 1, 300 do rows[id] = { id = id, upId = id > 1 and id - 1 or nil } end
    deep.link:create_many { data = rows }
    local row, found = deep.link:find_unique { where = { id = 1 }, include = { downs = { recursive = true, include = { up = true } } } }, 1
    while row.downs[1] do
      row, found = row.downs[1], found + 1
      assert.equal(row.upId, row.up.id)
    end
    assert.equal(300, found)
  end)

  it("rejects limits on each level, and the relation again", function()
    local cases = {
      { { take = 1 }, "take: cannot be used with `recursive`" }, { { skip = 1 }, "skip: cannot be used" },
      { { cursor = { id = 1 } }, "cursor: cannot be used" },
      { { distinct = { "id" } }, "distinct: cannot be used with" }, { { lock = "update" }, "lock: cannot be used with `recursive`" },
      { { include = { replies = true } }, "include.replies: `recursive` already follows this relation" },
      { { select = { id = true, replies = true } }, "select.replies: `recursive` already follows" },
      { { include = { nobody = true } }, "include.nobody: unknown relation" }, { { depth = 0 }, "depth: expected an integer" },
      { { depth = 1.5 }, "depth: expected an integer" },
    }
    for _, case in ipairs(cases) do
      case[1].recursive = true
      local e = support.fails("VALIDATION", db.note.find_many, db.note, { include = { replies = case[1] } })
      assert.truthy(e.message:find("include.replies." .. case[2], 1, true), e.message)
    end
  end)
end, true)
