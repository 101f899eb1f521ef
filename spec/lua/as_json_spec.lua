-- `as = "json"`: the text that the core writes from the rows is the one that rille.json.encode writes of the same rows with `model`.
local rille = require "rille"
local support = require "support"
local schedulers = require "coop.schedulers"

local encode = rille.json.encode

local SCHEMA = [[
enum Color {
  RED   @map("r")
  GREEN
}
model User {
  name    String   @unique
  id      Int      @id @default(autoincrement())
  big     BigInt   @default(9007199254740993)
  price   Decimal?
  f       Float?
  photo   Bytes?
  at      DateTime @default("2026-11-22T12:00:00Z")
  on      Boolean  @default(true)
  color   Color    @default(RED)
  data    Json?
  boss    User?    @relation("boss", fields: [bossId], references: [id])
  bossId  Int?
  team    User[]   @relation("boss")
  posts   Post[]
  address Address?
}
model Post {
  tags   Tag[]
  title  String
  id     Int   @id @default(autoincrement())
  author User? @relation(fields: [userId], references: [id])
  userId Int?
}
model Tag {
  id    Int    @id @default(autoincrement())
  name  String
  posts Post[]
}
model Address {
  street String
  id     Int  @id @default(autoincrement())
  userId Int  @unique
  user   User @relation(fields: [userId], references: [id])
}
]]
local LISTS = [[
enum Color {
  RED @map("r")
  GREEN
}
model L {
  id      Int @id
  texts   String[]
  bigs    BigInt[]
  prices  Decimal[]
  floats  Float[]
  bytes   Bytes[]
  times   DateTime[]
  flags   Boolean[]
  colors  Color[]
  jsons   Json[]
}
]]

-- Under a sanitizer or valgrind the size of the process says nothing, and everything is slow.
local watched = os.getenv "VARIANT" == "asan" or (os.getenv "LD_PRELOAD" or ""):find "san" or os.getenv "RILLE_UNDER"

local function with_json(args, bigint)
  local copy = { as = "json", bigint = bigint }
  for key, value in pairs(args) do copy[key] = value end
  return copy
end

-- One call both ways.
local function check(model, method, args)
  args = args or {}
  for _, bigint in ipairs { "number", "string" } do
    local text = model[method](model, with_json(args, bigint))
    assert.equal("string", type(text))
    assert.equal(encode(model[method](model, args), { model = model, bigint = bigint }), text)
  end
end

local function fill(db)
  db.user:create {
    data = {
      name = 'Ada "é" \\ \n\1', price = "1.50", f = 0.1, photo = "\0\255\254x", color = "GREEN",
      data = { z = { 1, 2.5, 1e3, "x\n" }, a = { b = rille.null, ["é"] = rille.array {}, c = {} }, n = rille.decimal "12345678901234567890" },
      posts = { create = { { title = "one", tags = { create = { { name = "x" }, { name = "y" } } } }, { title = "two" } } },
      address = { create = { street = "s" } },
    },
  }
  local three = { title = "three", tags = { connect = { id = 1 } } }
  db.user:create { data = { name = "Bo", bossId = 1, data = rille.json_null, f = -2, posts = { create = three } } }
  db.user:create { data = { name = "", bossId = 2, f = 1e300 } }
end

support.each_engine(function(engine)
  describe('as = "json"', function()
    local db, url
    before_each(function()
      db, url = support.open(engine, SCHEMA)
      fill(db)
    end)

    it("is a text with keys in the order of the schema", function()
      assert.equal('[{"name":"Bo","id":2,"address":null}]', (db.user:find_many {
        where = { id = 2 }, select = { id = true, name = true, address = true }, as = "json",
      }:gsub("}]$", ',"address":null}]')))
      assert.equal('{"name":"","id":3,"f":1e+300,"posts":[],"_count":{"team":0,"posts":0}}', db.user:find_unique {
        where = { id = 3 }, select = { posts = true, f = true, id = true, name = true, _count = { select = { posts = true, team = true } } }, as = "json",
      })
    end)

    it("is the same as encode of the rows", function()
      local trees = {
        {}, { where = { id = 99 } }, { select = { name = true } }, { omit = { name = true, data = true } },
        { include = { posts = true } }, { include = { posts = { include = { tags = true } }, address = true, boss = true, team = true, _count = true } },
        { where = { id = 99 }, include = { posts = true } }, { select = { posts = { select = { tags = { select = { name = true } } } } } },
        { include = { team = { recursive = true } } }, { include = { boss = { recursive = true } } },
        { include = { team = { recursive = true, depth = 1 }, boss = { recursive = true, depth = 2, include = { posts = true } } } },
        { include = { team = { recursive = true, depth = 2, include = { posts = { include = { author = true } } } } } },
        { select = { data = true } }, { order_by = { id = "desc" }, take = 2, skip = 1, include = { posts = { take = 1, order_by = { id = "desc" } } } },
        { distinct = { "on" }, order_by = { id = "asc" } },
      }
      for _, args in ipairs(trees) do
        args.order_by = args.order_by or { id = "asc" }
        check(db.user, "find_many", args)
        check(db.user, "find_first", args)
      end
      check(db.post, "find_many", { order_by = { id = "asc" }, include = { author = { include = { address = true, posts = true } }, tags = true } })
      check(db.user, "find_unique", { where = { id = 2 }, include = { posts = true } })
      check(db.user, "find_unique", { where = { id = 99 } })
      check(db.user, "find_unique_or_throw", { where = { name = "Bo" } })
      check(db.user, "find_first_or_throw", { where = { name = "Bo" } })
    end)

    it("is of counts, aggregates and groups, too", function()
      check(db.user, "count")
      check(db.user, "count", { select = { _all = true, price = true, big = true } })
      check(db.user, "exists", { where = { id = 1 } })
      check(db.user, "exists", { where = { id = 99 } })
      check(db.user, "aggregate", { _count = { _all = true, big = true, at = true }, _sum = { big = true, price = true, id = true },
        _avg = { price = true, id = true }, _min = { at = true, name = true, color = true }, _max = { f = true } })
      check(db.user, "aggregate", { where = { id = 99 }, _sum = { price = true }, _count = true })
      check(db.user, "group_by", { by = { "on", "bossId" }, _count = { _all = true, id = true }, _max = { big = true }, order_by = { bossId = "asc" } })
      check(db.user, "group_by", { by = "id", where = { id = 99 } })
    end)

    it("has null for what is NULL if the client keeps nulls", function()
      local nulls = support.connect(url, SCHEMA, { keep_nulls = true, omit = { user = { data = true } } })
      local team = { recursive = true, depth = 2 }
      check(nulls.user, "find_many", { order_by = { id = "asc" }, include = { boss = true, address = true, posts = true, team = team } })
      check(nulls.user, "aggregate", { where = { id = 99 }, _sum = { price = true } })
      assert.matches('"boss":null', nulls.user:find_first { where = { id = 1 }, include = { boss = true }, as = "json" }, 1, true)
      assert.is_nil(nulls.user:find_many({ as = "json" }):find('"data"', 1, true))
    end)

    it("is of writes that return rows", function()
      assert.equal('{"id":3,"name":"z"}', db.tag:create { data = { name = "z" }, as = "json" })
      assert.equal('{"id":3,"name":"w"}', db.tag:update { where = { id = 3 }, data = { name = "w" }, as = "json" })
      assert.equal('{"id":3,"name":"v","posts":[]}', db.tag:upsert {
        where = { id = 3 }, create = { name = "u" }, update = { name = "v" }, include = { posts = true }, as = "json",
      })
      assert.equal('[{"id":4,"name":"q"}]', db.tag:create_many_and_return { data = { { name = "q" } }, as = "json" })
      assert.equal('{"id":3,"name":"v"}', db.tag:delete { where = { id = 3 }, as = "json" })
    end)

    it("does not change the plan", function()
      local before = db:metrics().plans
      db.user:find_many { where = { id = 1 } }
      local built = db:metrics().plans.misses
      db.user:find_many { where = { id = 2 }, as = "json" }
      db.user:find_many { where = { id = 2 }, as = "json", bigint = "string" }
      assert.equal(built, db:metrics().plans.misses)
      assert.is_true(built > before.misses)
      assert.same(db.user:explain { where = { id = 1 } }.statements[1].sql, db.user:explain { where = { id = 1 }, as = "json" }.statements[1].sql)
    end)

    it("refuses what it does not know", function()
      local function message(...) return support.fails("VALIDATION", ...).message end
      assert.equal('as: expected "json", got "xml"', message(db.user.find_many, db.user, { as = "xml" }))
      assert.equal('as: expected "json", got a boolean', message(db.user.find_many, db.user, { as = true }))
      assert.equal('as: expected "json", got "json "', message(db.user.find_many, db.user, { as = "json " }))
      assert.equal('bigint: expected "number" or "string", got "text"', message(db.user.find_many, db.user, { as = "json", bigint = "text" }))
      assert.equal('bigint: only together with `as = "json"`', message(db.user.find_many, db.user, { bigint = "string" }))
      assert.equal("as: cannot be used here; create_many returns no rows", message(db.tag.create_many, db.tag, { data = { { name = "n" } }, as = "json" }))
      for _, method in ipairs { "update_many", "delete_many" } do
        local args = { where = { id = 1 }, data = method == "update_many" and { name = "n" } or nil, as = "json" }
        assert.matches("returns no rows", message(db.tag[method], db.tag, args))
      end
      assert.equal(2, db.tag:count())
      assert.matches("where%.as", message(db.user.find_many, db.user, { where = { as = "json" } }))
      support.fails("P2025", db.user.find_unique_or_throw, db.user, { where = { id = 99 }, as = "json" })
    end)

    it("is in a transaction, a batch, a derived client, an observed one", function()
      local expected = db.post:find_many { as = "json", include = { tags = true } }
      db:transaction(function(tx)
        assert.equal(expected, tx.post:find_many { as = "json", include = { tags = true } })
        tx.post:create { data = { title = "new" } }
        check(tx.post, "find_many", { order_by = { id = "asc" } })
        tx:transaction(function(inner) check(inner.post, "find_first", { order_by = { id = "desc" } }) end)
      end)
      for _, options in ipairs { { transaction = false }, { transaction = true }, {} } do
        local posts, count, none, rows = db:batch(function(b)
          b.post:find_many { as = "json", order_by = { id = "asc" }, include = { tags = true } }
          b.user:count { as = "json" }
          b.user:find_first { where = { id = 99 }, as = "json" }
          b.tag:find_many { select = { id = true } }
        end, options)
        assert.equal(encode(db.post:find_many { order_by = { id = "asc" }, include = { tags = true } }, { model = db.post }), posts)
        assert.same({ "3", "null", { { id = 1 }, { id = 2 } } }, { count, none, rows })
      end
      local e = support.fails("VALIDATION", db.batch, db, function(b)
        b.user:count()
        b.user:find_many { as = "yaml" }
      end)
      assert.equal(2, e.meta.batch_index)
      local seen = {}
      local observed = db:with {}
      observed:on("query", function(event) seen[#seen + 1] = event end)
      check(observed.post, "find_many", { order_by = { id = "asc" }, include = { author = true } })
      assert.equal(8, #seen)
      assert.equal(seen[1].rows, seen[5].rows)
    end)

    it("is in coroutines", function()
      for _, scheduler in ipairs(schedulers.all) do
        local coop = support.connect(url, SCHEMA, { wait = scheduler.wait, pool = { size = 2 } })
        local done = 0
        local function read()
          check(coop.user, "find_many", { order_by = { id = "asc" }, include = { posts = { include = { tags = true } }, boss = true } })
          check(coop.user, "find_first", { where = { id = 99 } })
          local pieces = {}
          for piece in coop.user:each { as = "json", batch = 2, order_by = { id = "asc" } } do pieces[#pieces + 1] = piece end
          assert.equal(encode(coop.user:find_many { order_by = { id = "asc" } }, { model = coop.user }), table.concat(pieces))
          local text = coop:batch(function(b) b.tag:find_many { as = "json" } end)
          assert.equal(encode(coop.tag:find_many(), { model = coop.tag }), text)
          support.fails("VALIDATION", coop.user.find_many, coop.user, { as = 1 })
          done = done + 1
        end
        scheduler.run { read, read, read }
        assert.equal(3, done)
        coop:close()
      end
    end)

    it("comes in pieces from each", function()
      local args = { order_by = { id = "asc" }, include = { posts = { include = { tags = true } }, boss = true } }
      local expected = db.user:find_many(with_json(args))
      for size = 1, 4 do
        local pieces, given = {}, with_json(args)
        given.batch = size
        for piece in db.user:each(given) do pieces[#pieces + 1] = piece end
        assert.equal(expected, table.concat(pieces))
        assert.is_true(#pieces <= math.ceil(3 / size) + 1)
        assert.equal(0, db:metrics().pool.in_use)
      end
      local none = {}
      for piece in db.user:each { as = "json", where = { id = 99 } } do none[#none + 1] = piece end
      assert.same({ "[]" }, none)
      for piece in db.user:each { as = "json", batch = 1 } do -- luacheck: ignore 512
        assert.equal("[", piece:sub(1, 1))
        break
      end
      collectgarbage()
      collectgarbage()
      assert.equal(0, db:metrics().pool.in_use)
      support.fails("VALIDATION", function()
        for _ in db.user:each { as = "lines" } do error "no" end
      end)
      db:transaction(function(tx)
        local pieces = {}
        for piece in tx.user:each(with_json(args)) do pieces[#pieces + 1] = piece end
        assert.equal(expected, table.concat(pieces))
      end, { read_only = true })
    end)

    it("is of 10,000 rows", function()
      local data = {}
      for i = 1, 10000 do data[i] = { title = "title " .. i, userId = i % 3 + 1 } end
      db.post:create_many { data = data }
      check(db.post, "find_many", { order_by = { id = "asc" } })
      check(db.post, "find_many", { order_by = { id = "asc" }, include = { author = true, tags = true } })
      check(db.user, "find_many", { order_by = { id = "asc" }, include = { posts = { order_by = { id = "asc" }, include = { author = true } } } })
    end)

    it("refuses what is nested too deeply, as encode does", function()
      local parent, last = 3, 3
      for _ = 1, 105 do
        last = last + 1
        db.user:create { data = { id = last, name = "n" .. last, bossId = parent } }
        parent = last
      end
      local deep = { where = { id = 1 }, include = { team = { recursive = true } } }
      local e = support.fails("VALIDATION", db.user.find_many, db.user, with_json(deep))
      local of_encode = support.fails("VALIDATION", encode, db.user:find_many(deep), { model = db.user })
      assert.matches("nested too deeply", e.message)
      assert.equal(of_encode.message:match ": (.*)", e.message:match ": (.*)")
      deep.where.id = 12
      check(db.user, "find_many", deep)
    end)
  end)

  describe("each as JSON", function()
    it("needs the memory of a batch", function()
      local db = support.open(engine, SCHEMA)
      local rows = watched and 2000 or 100000
      local numbers = engine == "sqlite" and "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < " .. rows .. ") "
        or "WITH s(i) AS (SELECT generate_series(1, " .. rows .. ")) "
      db:execute_raw(numbers .. [[INSERT INTO "Post" (title) SELECT 'a title of some length ' || i FROM s]])
      local function resident()
        for line in io.lines "/proc/self/status" do
          local size = line:match "VmRSS:%s+(%d+)"
          if size then return tonumber(size) end
        end
      end
      local bytes, most, before = 0, 0, nil
      for piece in db.post:each { as = "json", batch = 500, order_by = { id = "asc" }, include = { tags = true, author = true } } do
        bytes = bytes + #piece
        if not before then
          collectgarbage()
          before = resident()
        end
        most = math.max(most, resident() - before)
      end
      assert.is_true(bytes > rows * 40)
      if not watched then assert.is_true(most < 4096, "grew by " .. most .. " KB") end
    end)
  end)
end)

describe('as = "json" on SQLite', function()
  it("names the place of a text that is not UTF-8", function()
    local db = support.open("sqlite", SCHEMA)
    fill(db)
    db:execute_raw [[UPDATE "Post" SET title = CAST(x'61ff' AS TEXT) WHERE id = 3]]
    local trees = { { "post", { order_by = { id = "asc" } } }, { "user", { order_by = { id = "asc" }, include = { posts = { include = { author = true } } } } },
      { "tag", { order_by = { id = "asc" }, include = { posts = { order_by = { id = "asc" } } } } } }
    for _, tree in ipairs(trees) do
      local model = db[tree[1]]
      for _, method in ipairs { "find_many", "find_first" } do
        local args = tree[2]
        if method == "find_first" then args.where = tree[1] == "post" and { id = 3 } or tree[1] == "user" and { id = 2 } or { id = 1 } end
        local mine = support.fails("P2006", model[method], model, with_json(args)).message
        assert.equal(support.fails("P2006", encode, model[method](model, args), { model = model }).message, mine)
      end
    end
    support.fails("P2006", function()
      for _ in db.post:each { as = "json", batch = 1 } do end -- luacheck: ignore
    end)
    local e = support.fails("P2006", db.batch, db, function(b)
      b.user:count()
      b.post:find_many { as = "json" }
    end)
    assert.equal(2, e.meta.batch_index)
    assert.equal(0, db:metrics().pool.in_use)
  end)
end)

if support.server then
  describe('as = "json" on PostgreSQL', function()
    it("is of lists", function()
      local db = support.open("postgresql", LISTS)
      db.l:create { data = { id = 1 } }
      db.l:create {
        data = {
          id = 2, texts = { "a", "" }, bigs = { 1, 9007199254740993 }, prices = { "1.50", 2 }, floats = { 0.5, 3 }, bytes = { "\0\1", "" },
          times = { "2026-01-02T03:04:05.678Z" }, flags = { true, false }, colors = { "RED", "GREEN" }, jsons = { { b = 1, a = {} }, 1, "x" },
        },
      }
      db:execute_raw [[UPDATE "L" SET texts = ARRAY['x', NULL], floats = ARRAY[NULL, 1.5] WHERE id = 1]]
      check(db.l, "find_many", { order_by = { id = "asc" } })
    end)

    it("refuses numbers that are not finite", function()
      local db = support.open("postgresql", SCHEMA)
      fill(db)
      db:execute_raw [[UPDATE "User" SET f = 'NaN' WHERE id = 2]]
      local args = { order_by = { id = "asc" } }
      local mine = support.fails("P2006", db.user.find_many, db.user, with_json(args)).message
      assert.equal(support.fails("P2006", encode, db.user:find_many(args), { model = db.user }).message, mine)
      assert.matches("^%[2%]%.f: ", mine)
    end)

    it("locks rows", function()
      local db = support.open("postgresql", SCHEMA)
      fill(db)
      db:transaction(function(tx) check(tx.tag, "find_many", { lock = "update", order_by = { id = "asc" } }) end)
    end)
  end)
end
