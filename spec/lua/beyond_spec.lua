-- What Prisma does not have, and what it has that is easily done wrong: joined searches, separate values for each row, periods, one statement if one is
-- enough. explain{} returns the SQL of every step, so its statements are counted if a call must not read before it writes.
local rille = require "rille"
local support = require "support"

local schema = [[
enum Kind {
  A
  B @map("bee")
}

model Item {
  id        Int      @id @default(autoincrement())
  sku       String   @unique
  shop      Int      @default(1)
  code      String   @default("-")
  name      String?
  kind      Kind     @default(A)
  v0        Int      @default(0)
  price     Decimal?
  createdAt DateTime @default(now())
  updatedAt DateTime @updatedAt
  boxId     Int?
  box       Box?     @relation(fields: [boxId], references: [id])

  @@unique([shop, code])
}

model Box {
  id    Int    @id @default(autoincrement())
  label String @unique
  items Item[]
}
]]

local function count_statements(told) return #told.statements end

local function column(rows, name)
  local list = {}
  for i, row in ipairs(rows) do list[i] = row[name] end
  return list
end

support.each_engine(function(engine)
  local db

  before_each(function() db = support.open(engine, schema) end)

  local function fill(n)
    local rows = {}
    for i = 1, n do rows[i] = { sku = "s" .. i, code = "c" .. i, name = "n" .. i, updatedAt = "2020-01-01" } end
    db.item:create_many { data = rows }
  end

  describe("update_many with on", function()
    it("writes other values to each row, in one statement if the database has arrays", function()
      fill(130)
      local rows = {}
      for i = 1, 120 do rows[i] = { id = i, v0 = i * 10, kind = i % 2 == 0 and "B" or "A", price = "1.50" } end
      assert.equal(120, db.item:update_many { data = rows, on = { "id" } }.count)
      local got = db.item:find_many { order_by = { id = "asc" } }
      for i = 1, 120 do
        assert.equal(i * 10, got[i].v0)
        assert.equal(i % 2 == 0 and "B" or "A", got[i].kind)
        assert.equal("n" .. i, got[i].name)
        assert.equal(rille.decimal "1.5", got[i].price)
        assert.is_true(got[i].updatedAt > "2020-01-01T00:00:00.000Z")
      end
      assert.equal(0, got[121].v0)
      assert.equal("2020-01-01T00:00:00.000Z", got[121].updatedAt)
      local sql = db.item:explain { action = "update_many", data = rows, on = { "id" } }
      assert.equal(1, count_statements(sql))
      assert.is_nil(tostring(sql):find "SELECT \"")
    end)

    it("does not change what a row does not give, and null is a value", function()
      fill(3)
      local changed = db.item:update_many_and_return {
        data = { { sku = "s1", v0 = 7 }, { sku = "s2", name = "two" }, { sku = "s3", name = rille.null }, { sku = "none", v0 = 1 } },
        on = { "sku" }, select = { id = true, v0 = true, name = true } }
      table.sort(changed, function(a, b) return a.id < b.id end)
      assert.same({ { id = 1, v0 = 7, name = "n1" }, { id = 2, v0 = 0, name = "two" }, { id = 3, v0 = 0 } }, changed)
    end)

    it("is restricted further by where, which must say something", function()
      fill(4)
      local rows = { { id = 1, v0 = 1 }, { id = 2, v0 = 2 }, { id = 3, v0 = 3 } }
      assert.equal(2, db.item:update_many { data = rows, on = { "id" }, where = { name = { ["in"] = { "n1", "n3" } } } }.count)
      assert.same({ 1, 0, 3, 0 }, column(db.item:find_many { order_by = { id = "asc" } }, "v0"))
      assert.equal(3, db.item:update_many { data = rows, on = { "id" }, where = rille.all }.count)
      local e = support.fails("VALIDATION", db.item.update_many, db.item, { data = rows, on = { "id" }, where = { id = nil } })
      assert.matches("rille.all", e.message, 1, true)
    end)

    it("identifies rows by several fields", function()
      fill(3)
      assert.equal(2, db.item:update_many { data = { { shop = 1, code = "c1", v0 = 5 }, { shop = 1, code = "c3", v0 = 6 },
        { shop = 2, code = "c2", v0 = 7 } }, on = { "shop", "code" } }.count)
      assert.same({ 5, 0, 6 }, column(db.item:find_many { order_by = { id = "asc" } }, "v0"))
    end)

    it("does nothing for an empty list", function()
      fill(1)
      assert.equal(0, db.item:update_many { data = {}, on = { "id" } }.count)
      assert.same({}, db.item:update_many_and_return { data = {}, on = { "id" } })
    end)

    it("rejects two rows with the same key", function()
      fill(3)
      local e = support.fails("VALIDATION", db.item.update_many, db.item, { data = { { sku = "s1", v0 = 1 }, { sku = "s2", v0 = 1 }, { sku = "s1", v0 = 2 } },
        on = "sku" })
      assert.equal("data[3]", e.meta.path)
      assert.matches("data[1]", e.message, 1, true)
      e = support.fails("VALIDATION", db.item.upsert_many, db.item, { data = { { sku = "a", code = "1" }, { sku = "a", code = "2" } }, on = "sku" })
      assert.equal("data[2]", e.meta.path)
      assert.equal(3, db.item:count { where = { v0 = 0 } })
    end)

    it("says what is wrong", function()
      local e = support.fails("P2013", db.item.update_many, db.item, { data = { { id = 1, v0 = 1 }, { v0 = 2 } }, on = "id" })
      assert.equal("data[2].id", e.meta.path)
      support.fails("VALIDATION", db.item.update_many, db.item, { data = { { id = 1, v0 = 1 } }, on = "id", limit = 1 })
      support.fails("VALIDATION", db.item.update_many, db.item, { data = { { id = 1, v0 = 1 } } })
      e = support.fails("VALIDATION", db.item.update_many, db.item, { data = { { id = 1, v0 = { increment = 1 } } }, on = "id" })
      assert.equal("data[1].v0", e.meta.path)
    end)
  end)

  describe("upsert_many", function()
    it("creates missing rows and changes existing ones", function()
      fill(2)
      local data = { { sku = "s1", code = "c1", name = "one", v0 = 1 }, { sku = "s3", code = "c3", name = "three", v0 = 3 } }
      assert.equal(2, db.item:upsert_many { data = data, on = { "sku" }, update = { "name" } }.count)
      assert.same({ "one", "n2", "three" }, column(db.item:find_many { order_by = { id = "asc" } }, "name"))
      assert.same({ 0, 0, 3 }, column(db.item:find_many { order_by = { sku = "asc" } }, "v0"))
      assert.is_true(db.item:find_unique { where = { sku = "s1" } }.updatedAt > "2020-01-01T00:00:00.000Z")
      assert.equal("2020-01-01T00:00:00.000Z", db.item:find_unique { where = { sku = "s2" } }.updatedAt)
      assert.equal(2, db.item:upsert_many { data = data, on = "sku", update = "all" }.count)
      assert.same({ 1, 0, 3 }, column(db.item:find_many { order_by = { sku = "asc" } }, "v0"))
      local sql = db.item:explain { action = "upsert_many", data = data, on = "sku", update = "all" }
      assert.equal(1, count_statements(sql))
      assert.is_truthy(tostring(sql):find("ON CONFLICT", 1, true))
    end)

    it("leaves defaults of new rows out of what it changes", function()
      fill(1)
      db.item:update { where = { id = 1 }, data = { v0 = 9 } }
      db.item:upsert_many { data = { { sku = "s1", name = "x" } }, on = "sku", update = "all" }
      assert.equal(9, db.item:find_unique { where = { id = 1 } }.v0)
    end)

    it("takes a composite key", function()
      fill(1)
      assert.equal(2, db.item:upsert_many { data = { { sku = "other", shop = 1, code = "c1", v0 = 4 }, { sku = "s9", shop = 2, code = "c1", v0 = 5 } },
        on = { "shop", "code" }, update = { "v0" } }.count)
      local rows = db.item:find_many { order_by = { id = "asc" } }
      assert.same({ "s1", "s9" }, column(rows, "sku"))
      assert.same({ 4, 5 }, column(rows, "v0"))
      support.fails("VALIDATION", db.item.upsert_many, db.item, { data = { { sku = "a", name = "b" } }, on = { "name" }, update = "all" })
    end)
  end)

  describe("upsert and connect_or_create", function()
    local function upsert(extra)
      local call = { where = { sku = "u" }, create = { sku = "u", v0 = 1 }, update = { v0 = { increment = 10 } } }
      for k, v in pairs(extra or {}) do call[k] = v end
      return call
    end

    it("upserts in one statement", function()
      assert.equal(1, db.item:upsert(upsert()).v0)
      assert.equal(11, db.item:upsert(upsert()).v0)
      local explained = upsert { action = "upsert" }
      assert.equal(1, count_statements(db.item:explain(explained)))
      assert.is_truthy(db.item:explain(explained).statements[1].sql:find("ON CONFLICT", 1, true))
    end)

    it("upserts in one statement and one more for what is included", function()
      local box = db.box:create { data = { label = "b" } }
      local call = upsert { include = { box = true } }
      call.create.boxId = box.id
      assert.equal("b", db.item:upsert(call).box.label)
      assert.equal(11, db.item:upsert(call).v0)
      call.action = "upsert"
      assert.equal(2, count_statements(db.item:explain(call)))
    end)

    it("reads first when the key is not the same in create", function()
      local call = { where = { sku = "u" }, create = { sku = "w", code = "w", v0 = 1 }, update = { v0 = 2 } }
      assert.equal("w", db.item:upsert(call).sku)
      assert.equal(1, db.item:count())
      assert.equal("u", db.item:upsert { where = { sku = "u" }, create = { sku = "u" }, update = {} }.sku)
      assert.equal("u", db.item:upsert { where = { sku = "u" }, create = { sku = "u" }, update = {} }.sku)
      assert.equal(2, db.item:count())
    end)

    it("connects or creates without a race", function()
      local function call(sku) return { data = { sku = sku, code = sku, box = { connect_or_create = { where = { label = "x" }, create = { label = "x" } } } },
        include = { box = true } } end
      assert.equal("x", db.item:create(call "1").box.label)
      assert.equal("x", db.item:create(call "2").box.label)
      assert.equal(1, db.box:count())
      local explained = call "3"
      explained.action = "create"
      local sql = db.item:explain(explained)
      assert.is_truthy(tostring(sql):match 'INSERT INTO "Box"[^\n]* ON CONFLICT %("label"%) DO NOTHING')
    end)
  end)

  describe("group_by", function()
    local moments = { "2025-12-31T23:59:59.999Z", "2026-01-01T00:00:00Z", "2026-01-04T10:20:30Z", "2026-01-05T10:59:59Z", "2026-02-28T10:00:00Z" }

    before_each(function()
      for i, moment in ipairs(moments) do
        db.item:create { data = { sku = "s" .. i, code = "c" .. i, createdAt = moment, name = i < 3 and "x" or i < 5 and "y" or nil, v0 = i } }
      end
    end)

    local function starts(period)
      local rows = db.item:group_by { by = { { createdAt = period } }, _count = true, order_by = { createdAt = "desc" } }
      local list = {}
      for i, row in ipairs(rows) do list[i] = row.createdAt:sub(1, 13) .. "=" .. row._count end
      return list
    end

    it("groups by periods of a date-time: the key is the start of the period in UTC, weeks begin on Monday", function()
      assert.same({ "2026-01-01T00=4", "2025-01-01T00=1" }, starts "year")
      assert.same({ "2026-02-01T00=1", "2026-01-01T00=3", "2025-12-01T00=1" }, starts "month")
      assert.same({ "2026-02-23T00=1", "2026-01-05T00=1", "2025-12-29T00=3" }, starts "week")
      assert.same({ "2026-02-28T00=1", "2026-01-05T00=1", "2026-01-04T00=1", "2026-01-01T00=1", "2025-12-31T00=1" }, starts "day")
      assert.same({ "2026-02-28T10=1", "2026-01-05T10=1", "2026-01-04T10=1", "2026-01-01T00=1", "2025-12-31T23=1" }, starts "hour")
    end)

    it("mixes periods with fields, having, order and limits", function()
      local rows = db.item:group_by { by = { "name", { createdAt = "year" } }, _sum = { v0 = true }, having = { v0 = { _sum = { gt = 1 } } },
        order_by = { { createdAt = "asc" }, { _sum = { v0 = "desc" } } }, take = 2 }
      assert.same({ { name = "y", createdAt = "2026-01-01T00:00:00.000Z", _sum = { v0 = 7 } },
        { createdAt = "2026-01-01T00:00:00.000Z", _sum = { v0 = 5 } } }, rows)
    end)

    it("counts distinct values", function()
      assert.equal(2, db.item:aggregate { _count = { name = { distinct = true } } }._count.name)
      assert.equal(4, db.item:aggregate { _count = { name = true } }._count.name)
      assert.same({ name = 2, _all = 5 }, db.item:count { select = { name = { distinct = true }, _all = true } })
      local rows = db.item:group_by { by = { { createdAt = "month" } }, _count = { name = { distinct = true } }, order_by = { createdAt = "asc" } }
      assert.same({ 1, 2, 0 }, column(column(rows, "_count"), "name"))
    end)

    it("says what is wrong", function()
      local function refuses(code, path, args)
        local e = support.fails(code, db.item.group_by, db.item, args)
        assert.equal(path, e.meta.path)
      end
      refuses("VALIDATION", "by[1].createdAt", { by = { { createdAt = "minute" } } })
      refuses("VALIDATION", "by[1].name", { by = { { name = "month" } } })
      refuses("VALIDATION", "by[2]", { by = { { createdAt = "month" }, { createdAt = "year" } } })
      refuses("VALIDATION", "by[2]", { by = { "createdAt", { createdAt = "year" } } })
      refuses("VALIDATION", "by[1]", { by = { { createdAt = "month", updatedAt = "month" } } })
      refuses("P2019", "having", { by = { { createdAt = "month" } }, having = { createdAt = { gt = "2026-01-01" } } })
      refuses("P2019", "order_by", { by = { { createdAt = "month" } }, order_by = { name = "asc" } })
    end)
  end)

  it("takes relation_load_strategy, and answers the same with either", function()
    fill(2)
    db.box:create { data = { label = "b", items = { connect = { { id = 1 }, { id = 2 } } } } }
    local wanted = db.box:find_many { include = { items = true } }
    for _, strategy in ipairs { "query", "join" } do
      assert.same(wanted, db.box:find_many { include = { items = true }, relation_load_strategy = strategy })
      assert.same(wanted[1], db.box:find_unique { where = { id = 1 }, include = { items = true }, relation_load_strategy = strategy })
      assert.equal(2, count_statements(db.box:explain { include = { items = true }, relation_load_strategy = strategy }))
    end
    local e = support.fails("VALIDATION", db.box.find_many, db.box, { relation_load_strategy = "lateral" })
    assert.equal("relation_load_strategy", e.meta.path)
  end)

  it("refuses writes to many only when nothing restricts them", function()
    fill(2)
    db.box:create { data = { label = "full", items = { connect = { { id = 1 } } } } }
    db.box:create { data = { label = "empty" } }
    assert.equal(0, db.box:delete_many { where = { id = { in_ = {} } } }.count)
    assert.equal(1, db.box:delete_many { where = { items = { none = {} } } }.count)
    assert.equal(1, db.box:update_many { where = { items = { some = {} } }, data = { label = "f" } }.count)
    support.fails("VALIDATION", db.box.delete_many, db.box, { where = { OR = { {}, {} } } })
    support.fails("VALIDATION", db.box.delete_many, db.box, { where = { items = { every = {} } } })
  end)

  if engine == "postgresql" then
    it("joins adjacent fields with one search text", function()
      db.item:create_many { data = { { sku = "red fox", code = "1", name = "quick" }, { sku = "fox", code = "2", name = "slow" },
        { sku = "dog", code = "3", name = "red quick" } } }
      local function find(where) return column(db.item:find_many { where = where, order_by = { id = "asc" } }, "id") end
      assert.same({ 1 }, find { sku = { search = "fox & quick" }, name = { search = "fox & quick" } })
      assert.same({}, find { sku = { search = "fox" }, name = { search = "quick & red" } })
      assert.same({ 1 }, find { sku = { search = "fox" }, name = { search = "quick" } })
      assert.same({ 2, 3 }, find { NOT = { { sku = { search = "fox & quick" } }, { name = { search = "fox & quick" } } } })
    end)

    it("pushes a list to Json[] as one value", function()
      local d = support.open(engine, "model J {\n id Int @id\n list Json[]\n}")
      d.j:create { data = { id = 1, list = { { a = 1 } } } }
      d.j:update { where = { id = 1 }, data = { list = { push = { rille.array {}, rille.object {} } } } }
      d.j:update { where = { id = 1 }, data = { list = { push = rille.array {} } } }
      d.j:update { where = { id = 1 }, data = { list = { push = { b = 2 } } } }
      local list = d.j:find_first().list
      assert.equal('[{"a":1},[[],{}],[],{"b":2}]', rille.json.encode(list))
    end)
  end

  describe("create_many with related rows", function()
    local blog = [[
model User {
  id      Int      @id @default(autoincrement())
  email   String   @unique
  posts   Post[]
  profile Profile?
  bossId  Int?
  boss    User?    @relation("staff", fields: [bossId], references: [id])
  staff   User[]   @relation("staff")
}

model Profile {
  id     String @id @default(uuid())
  city   String
  userId Int    @unique
  user   User   @relation(fields: [userId], references: [id])
}

model Post {
  id       Int       @id @default(autoincrement())
  title    String
  authorId Int?
  author   User?     @relation(fields: [authorId], references: [id])
  tags     Tag[]
  comments Comment[]
}

model Tag {
  id    Int    @id @default(autoincrement())
  name  String @unique
  posts Post[]
}

model Comment {
  id     String @id @default(uuid())
  text   String
  postId Int
  post   Post   @relation(fields: [postId], references: [id])
}
]]

    local d
    before_each(function()
      d = support.open(engine, blog)
      d.tag:create_many { data = { { name = "old1" }, { name = "old2" } } }
      d.post:create { data = { title = "lonely" } }
    end)

    local function post(u, p)
      local name = u .. "." .. p
      return { title = "p" .. name, tags = { create = { name = "t" .. name }, connect = p == 1 and { { id = 1 }, { id = 2 } } or nil },
        comments = { create_many = { data = { { text = "c" .. name .. "a" }, { text = "c" .. name .. "b" } } } } }
    end

    local function users(n)
      local data = {}
      for u = 1, n do
        local posts = {}
        for p = 1, u % 3 do posts[p] = post(u, p) end
        data[u] = { email = "u" .. u, posts = { create = posts, connect = u == n and { id = 1 } or nil },
          profile = u % 2 == 0 and { create = { city = "city" .. u } } or nil, staff = u <= 2 and { create = { { email = "s" .. u } } } or nil }
      end
      return data
    end

    -- what a user should look like
    local function expected(u, n)
      local titles, tags, comments = {}, {}, {}
      if u == n then
        titles[1], tags[1], comments[1] = "lonely", "", ""
      end
      for p = 1, u % 3 do
        local name = u .. "." .. p
        titles[#titles + 1] = "p" .. name
        tags[#tags + 1] = (p == 1 and "old1 old2 " or "") .. "t" .. name
        comments[#comments + 1] = "c" .. name .. "a c" .. name .. "b"
      end
      return { titles = titles, tags = tags, comments = comments, city = u % 2 == 0 and "city" .. u or nil, staff = u <= 2 and { "s" .. u } or {} }
    end

    local function found(user)
      local tags, comments = {}, {}
      for i, p in ipairs(user.posts) do
        tags[i] = table.concat(column(p.tags, "name"), " ")
        comments[i] = table.concat(column(p.comments, "text"), " ")
      end
      local city = user.profile and user.profile.city
      return { titles = column(user.posts, "title"), tags = tags, comments = comments, city = city, staff = column(user.staff, "email") }
    end

    it("gives each row its own", function()
      local n = 120
      assert.equal(n, d.user:create_many { data = users(n) }.count)
      local rows = d.user:find_many { where = { email = { starts_with = "u" } }, order_by = { id = "asc" }, include = { profile = true, staff = true,
        posts = { order_by = { title = "asc" }, include = { tags = { order_by = { name = "asc" } }, comments = { order_by = { text = "asc" } } } } } }
      assert.equal(n, #rows)
      for u = 1, n do
        assert.equal("u" .. u, rows[u].email)
        assert.same(expected(u, n), found(rows[u]))
      end
    end)

    it("takes one statement per relation, for any number of rows", function()
      local function statements(n) return count_statements(d.user:explain { action = "create_many", data = users(n) }) end
      assert.equal(statements(5), statements(50))
      assert.equal(9, statements(50)) -- users, posts, tags, two joins, comments, connected posts, profiles, staff
    end)

    it("returns the rows with what they have now", function()
      local rows = d.user:create_many_and_return { data = { { email = "x", posts = { create = { { title = "X1" }, { title = "X2" } } } },
        { email = "y", posts = { connect = { id = 1 } }, staff = { connect = { { email = "x" } } } } },
        select = { email = true, bossId = true, posts = { select = { title = true }, order_by = { id = "asc" } } } }
      table.sort(rows, function(a, b) return a.email < b.email end)
      local y = d.user:find_unique { where = { email = "y" } }
      assert.same({ { email = "x", bossId = y.id, posts = { { title = "X1" }, { title = "X2" } } }, { email = "y", posts = { { title = "lonely" } } } }, rows)
    end)

    it("is whole or not at all, and names what is wrong", function()
      local function refuses(code, path, data, extra)
        local args = { data = data }
        for k, v in pairs(extra or {}) do args[k] = v end
        local e = support.fails(code, d.user.create_many, d.user, args)
        if path then assert.equal(path, e.meta.path) end
        assert.equal(0, d.user:count())
      end
      refuses("P2018", nil, { { email = "e", posts = { connect = { { id = 1 }, { id = 9999 } } } } })
      refuses("P2003", nil, { { email = "e", posts = { create = { title = "x", tags = { connect = { id = 999 } } } } } })
      refuses("VALIDATION", "data[1].posts.update", { { email = "e", posts = { update = { id = 1 } } } })
      refuses("VALIDATION", "data[1].boss", { { email = "e", boss = { connect = { id = 1 } } } })
      refuses("VALIDATION", "skip_duplicates", { { email = "e", posts = { create = { title = "x" } } } }, { skip_duplicates = true })
      refuses("VALIDATION", "data[2].posts.create[2].comments.create[1].txt",
        { { email = "e" }, { email = "f", posts = { create = { { title = "x" }, { title = "y", comments = { create = { { txt = "z" } } } } } } } })
      refuses("VALIDATION", "data[2].posts.create[2].title",
        { { email = "e", posts = { create = { { title = "x" } } } }, { email = "f", posts = { create = { { title = "x" }, { title = 5 } } } } })
      refuses("P2012", "data[1].posts.create_many.data[1].title", { { email = "e", posts = { create_many = { data = { {  authorId = nil, id = 5 } } } } } })
      refuses("VALIDATION", "data[1].profile.create", { { email = "e", profile = { create = { { city = "x" } } } } })
      refuses("VALIDATION", nil, { { email = "e", posts = { connect = { title = "x" } } } })
      refuses("VALIDATION", nil, { { email = "e", posts = { connect = { { id = 1 }, { id = 1, title = "lonely" } } } } })
    end)

    it("takes rows with and without related rows, and empty lists", function()
      local data = { { email = "a" }, { email = "b", posts = { create = {} } }, { email = "c", posts = { create = { title = "t" } } } }
      assert.equal(3, d.user:create_many { data = data }.count)
      local rows = d.user:find_many { include = { posts = true }, order_by = { id = "asc" } }
      assert.same({ 0, 0, 1 }, { #rows[1].posts, #rows[2].posts, #rows[3].posts })
      assert.equal(0, d.user:create_many { data = {} }.count)
    end)
  end)

  it("determines the rows of a write before it writes, also if conditions lead back to the table", function()
    local d = support.open(engine, [[
model G {
  id   Int     @id
  flag Boolean
  up   G[]     @relation("R")
  down G[]     @relation("R")
}
]])
    d.g:create_many { data = { { id = 1, flag = false }, { id = 3, flag = false }, { id = 4, flag = false }, { id = 22, flag = false } } }
    d.g:update { where = { id = 22 }, data = { down = { connect = { { id = 1 }, { id = 22 } } } } }
    d.g:update { where = { id = 1 }, data = { down = { connect = { id = 3 } } } }
    d.g:update { where = { id = 4 }, data = { down = { connect = { id = 1 } } } }
    local where = { down = { none = { flag = true } } }
    assert.equal(4, d.g:count { where = where })
    assert.equal(4, d.g:update_many { where = where, data = { flag = true } }.count)
    assert.equal(1, d.g:delete_many { where = where }.count)
  end)

  it("takes a nested cursor that is no row of the parent's as Prisma does", function()
    local d = support.open(engine, [[
model A {
  id Int  @id
  n  Int?
  bs B[]
}

model B {
  id Int @id
  a  Int
  p  A   @relation(fields: [a], references: [id])
}
]])
    d.a:create_many { data = { { id = 1 }, { id = 2 }, { id = 3 } } }
    d.b:create_many { data = { { id = 1, a = 1 }, { id = 2, a = 2 }, { id = 4, a = 1 }, { id = 5, a = 3 } } }
    local function call() return { where = { id = 3 }, include = { bs = { cursor = { id = 4 }, order_by = { id = "asc" } } } } end
    assert.same({}, d.a:find_first(call()).bs)
    assert.same({}, d.a:find_many(call())[1].bs)
    assert.same({ { id = 5, a = 3 } }, d.a:find_unique(call()).bs)
    local update = call()
    update.data = { n = 1 }
    assert.same({ { id = 5, a = 3 } }, d.a:update(update).bs)
  end)

  it("joins rows whose ids are bytes", function()
    local d = support.open(engine, [[
model P {
  id   Bytes @id
  tags T[]
}

model T {
  id   Bytes  @id
  name String @unique
  ps   P[]
}
]])
    d.t:create_many { data = { { id = "\1\2", name = "a" }, { id = "\255\0", name = "b" } } }
    d.p:create { data = { id = "\0p", tags = { connect = { { id = "\1\2" }, { name = "b" } } } } }
    d.p:create_many { data = { { id = "q", tags = { connect = { { id = "\255\0" } }, create = { id = "\9", name = "new" } } } } }
    local function names(id)
      return column(d.p:find_unique { where = { id = id }, include = { tags = { order_by = { name = "asc" } } } }.tags, "name")
    end
    assert.same({ "a", "b" }, names "\0p")
    assert.same({ "b", "new" }, names "q")
    d.p:update { where = { id = "\0p" }, data = { tags = { set = { { name = "new" } } } } }
    assert.same({ "new" }, names "\0p")
    assert.equal(2, d.p:count { where = { tags = { some = { name = "new" } } } })
  end)

  describe("an update", function()
    it("returns the row as nested writes that reach it have left it", function()
      local d = support.open(engine, [[
model Item {
  id Int    @id
  d2 Post[] @relation("R2")
  d3 Post[] @relation("R3")
}

model Post {
  id Int  @id
  k2 Int
  u2 Item @relation("R2", fields: [k2], references: [id])
  k3 Int
  u3 Item @relation("R3", fields: [k3], references: [id])
}
]])
      d.item:create_many { data = { { id = 1 }, { id = 8 } } }
      d.post:create { data = { id = 3, k2 = 8, k3 = 1 } }
      local u2 = { create = { id = 30, d3 = { connect = { id = 3 } } } }
      assert.same({ id = 3, k2 = 30, k3 = 30 }, d.post:update { where = { id = 3 }, data = { u2 = u2 } })
      u2.create.id = 31
      assert.same({ id = 3, k2 = 31, k3 = 1 }, d.post:update { where = { id = 3 }, data = { u2 = u2, u3 = { connect = { id = 1 } } } })
      assert.same({ id = 3, k2 = 31, k3 = 1 }, d.post:find_first())
    end)

    it("finds the row by a key that the update removes and sets again", function()
      local d = support.open(engine, [[
model A {
  id Int @id
  p  B?
}

model B {
  id  Int  @id
  pId Int? @unique
  p   A?   @relation(fields: [pId], references: [id])
}
]])
      d.a:create { data = { id = 1 } }
      d.b:create { data = { id = 1, pId = 1 } }
      assert.same({ id = 1, pId = 1 }, d.b:update { where = { pId = 1 }, data = { p = { connect = { id = 1 } } } })
      assert.same({ id = 1, pId = 1 }, d.b:update { where = { pId = 1 }, data = { p = { connect_or_create = { where = { id = 1 }, create = { id = 1 } } } } })
      assert.same({ id = 1, pId = 1 }, d.b:update { where = { id = 1, p = { id = 1 } }, data = { p = { connect = { id = 1 } } } })
    end)
  end)
end)
