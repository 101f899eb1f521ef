-- What a write accepts, a read gives back and a filter finds; what cannot be kept is refused before anything is stored.
local rille = require "rille"
local support = require "support"

local SCHEMA = [[
model Thing {
  id    Int       @id
  dec   Decimal?
  at    DateTime?
  big   BigInt?
  int   Int?
  float Float?
  owner Owner?    @relation(fields: [ownerId], references: [id])
  ownerId Int?
}

model Owner {
  id     Int     @id
  things Thing[]
}]]

local INF = math.huge

local BEYOND = {
  at = {
    253402300800, 253402300800.0, 253402300799.9999999, -62135596801, -62135596800.5, 1e18, INF, math.maxinteger, math.mininteger, 1795348800000,
    "10000-01-01T00:00:00Z", "0000-01-01", "-0001-01-01", "99999-12-31", "+999999-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00",
    { year = 10000, month = 1, day = 1 }, { year = 2026, month = 1e9, day = 1 }, { year = 2026, month = 1, day = 1e300 },
    { year = 1e18, month = 1, day = 1, yday = 1 }, { year = 300000, month = 1, day = 1, yday = 1 }, { year = 0, month = 1, day = 1, yday = 1 },
    { year = 2026, month = 1, day = 1, hour = 1e15, yday = 1 }, { year = math.maxinteger, month = 1, day = 1 },
  },
  float = { rille.decimal "1e400" },
  int = { 2147483648, -2147483649 },
}
local BEYOND_SQLITE = {
  dec = { "1e400", "-1e309", rille.decimal "1e400" },
  at = { "+010000-01-01T00:00:00.000Z", "-000043-03-15T00:00:00.000Z", "infinity", "-infinity" },
  float = { 0 / 0 },
}

-- before, operation, operand: on every database, and on SQLite alone
local OVERFLOW = {
  { "big", math.maxinteger, "increment", 1 }, { "big", math.mininteger, "decrement", 1 }, { "big", 2 ^ 62 // 1 | 0, "multiply", 4 },
  { "big", math.mininteger, "divide", -1 }, { "big", 9007199254740993, "multiply", 9007199254740993 },
  { "int", 2147483647, "increment", 1 }, { "int", -2147483648, "decrement", 1 }, { "int", 2147483647, "multiply", 3 },
  { "float", 1e300, "multiply", 1e300 }, { "float", 1e300, "divide", 1e-300 },
}
local OVERFLOW_SQLITE = {
  { "dec", "1e300", "multiply", "1e300" }, { "dec", "1.7e308", "increment", "1.7e308" }, { "dec", "1e300", "divide", "1e-300" },
}

support.each_engine(function(engine)
  describe("values at their bounds", function()
    local db
    before_each(function()
      db = support.open(engine, SCHEMA)
      db.owner:create { data = { id = 1 } }
    end)

    local function each_of(both, sqlite, fn)
      for field, values in pairs(both) do
        for _, value in ipairs(values) do fn(field, value) end
      end
      if engine ~= "sqlite" then return end
      for field, values in pairs(sqlite) do
        for _, value in ipairs(values) do fn(field, value) end
      end
    end

    it("are refused before anything is stored", function()
      local t = db.thing
      t:create { data = { id = 1, int = 1 } }
      each_of(BEYOND, BEYOND_SQLITE, function(field, value)
        local function data(id) return { id = id, [field] = value } end
        support.fails("P2020", t.create, t, { data = data(2) })
        support.fails("P2020", t.create_many, t, { data = { { id = 3 }, data(2) } })
        support.fails("P2020", t.create_many_and_return, t, { data = { { id = 3 }, data(2) } })
        support.fails("P2020", t.upsert, t, { where = { id = 2 }, create = data(2), update = {} })
        support.fails("P2020", t.upsert, t, { where = { id = 1 }, create = { id = 1 }, update = { [field] = value } })
        support.fails("P2020", t.update, t, { where = { id = 1 }, data = { [field] = value } })
        support.fails("P2020", t.update_many, t, { where = rille.all, data = { [field] = { set = value } } })
        support.fails("P2020", t.update_many, t, { data = { { id = 1, [field] = value } }, on = { "id" } })
        support.fails("P2020", t.upsert_many, t, { data = { data(1) }, on = { "id" }, update = { field } })
        support.fails("P2020", db.owner.update, db.owner, { where = { id = 1 }, data = { things = { create = data(2) } } })
        support.fails("P2020", db.owner.update, db.owner, { where = { id = 1 }, data = { things = { create_many = { data = { data(2) } } } } })
        support.fails("P2020", t.count, t, { where = { [field] = value } })
        support.fails("P2020", t.count, t, { where = { [field] = { gt = value } } })
      end)
      assert.same({ { id = 1, int = 1 } }, t:find_many())
    end)

    it("are not passed by arithmetic", function()
      local t = db.thing
      local function check(case)
        local field, before, operation, operand = table.unpack(case)
        local change = { [field] = { [operation] = operand } }
        t:create { data = { id = 1, ownerId = 1, [field] = before } }
        local row = t:find_unique { where = { id = 1 } }
        support.fails("P2020", t.update, t, { where = { id = 1 }, data = change })
        support.fails("P2020", t.update_many, t, { where = rille.all, data = change })
        support.fails("P2020", t.update_many_and_return, t, { where = rille.all, data = change })
        support.fails("P2020", t.upsert, t, { where = { id = 1 }, create = { id = 1 }, update = change })
        support.fails("P2020", t.upsert, t, { where = { id = 1, NOT = { id = 5 } }, create = { id = 1 }, update = change })
        local nested = { things = { update = { where = { id = 1 }, data = change } } }
        support.fails("P2020", db.owner.update, db.owner, { where = { id = 1 }, data = nested })
        support.fails("P2020", db.owner.update, db.owner, { where = { id = 1 }, data = { things = { update_many = { where = { id = 1 }, data = change } } } })
        assert.same(row, t:find_unique { where = { id = 1 } })
        t:delete { where = { id = 1 } }
      end
      for _, case in ipairs(OVERFLOW) do check(case) end
      for _, case in ipairs(engine == "sqlite" and OVERFLOW_SQLITE or {}) do check(case) end
    end)

    it("are not lost by a division by zero", function()
      local t = db.thing
      t:create { data = { id = 1, dec = "1.5", int = 3, big = 4, float = 0.5 } }
      for _, field in ipairs { "dec", "int", "big", "float" } do
        support.fails("P2007", t.update, t, { where = { id = 1 }, data = { [field] = { divide = 0 } } })
      end
      local row = t:find_unique { where = { id = 1 } }
      assert.same({ "1.5", 3, 4, 0.5 }, { tostring(row.dec), row.int, row.big, row.float })
    end)

    it("are calculated with up to there", function()
      local t = db.thing
      t:create { data = { id = 1, dec = "1.5", int = 2147483646, big = math.maxinteger - 1, float = 0.5 } }
      local one = { increment = 1 }
      local row = t:update { where = { id = 1 }, data = { dec = one, int = one, big = one, float = one } }
      assert.same({ "2.5", 2147483647, math.maxinteger, 1.5 }, { tostring(row.dec), row.int, row.big, row.float })
      row = t:update { where = { id = 1 }, data = { dec = { divide = 2 }, int = { divide = 2 }, big = { decrement = 7 }, float = { multiply = 4 } } }
      assert.same({ "1.25", 1073741823, math.maxinteger - 7, 6.0 }, { tostring(row.dec), row.int, row.big, row.float })
      t:create { data = { id = 2 } }
      assert.same({ id = 2 }, t:update { where = { id = 2 }, data = { dec = one, int = one, big = one, float = one } })
    end)

    it("are read as they were written, and found", function()
      local good = {
        { "at", 253402300799, "9999-12-31T23:59:59.000Z" }, { "at", 253402300799.5, "9999-12-31T23:59:59.500Z" },
        { "at", -62135596800, "0001-01-01T00:00:00.000Z" }, { "at", "9999-12-31T23:59:59.999Z" }, { "at", { year = 9999, month = 12, day = 31 } },
        { "big", math.maxinteger }, { "big", math.mininteger }, { "int", 2147483647 }, { "int", -2147483648 },
        { "float", 1.7976931348623157e308 }, { "float", 5e-324 }, { "float", INF }, { "float", -INF },
        { "dec", "99999999999999999999999999999999999" }, { "dec", "0.000000000000000000000000000001" },
      }
      if engine == "sqlite" then good[#good + 1] = { "dec", "1e308" } end
      if engine == "postgresql" then
        for _, text in ipairs { "infinity", "-infinity", "+012000-06-01T12:00:00.000Z", "-000043-03-15T00:00:00.000Z", "+000000-02-29T00:00:00.000Z",
          "+290000-12-31T23:59:59.999Z", "+010000-01-01T00:00:00.000Z", "-004712-01-01T00:00:00.000Z" } do good[#good + 1] = { "at", text, text } end
      end
      for i, case in ipairs(good) do
        local field, value, text = table.unpack(case)
        local row = db.thing:create { data = { id = i, [field] = value } }
        local read = row[field]
        if text then assert.equal(text, read) end
        local function found(where) return db.thing:count { where = { id = i, [field] = where } } end
        assert.equal(1, found(value), tostring(value))
        assert.equal(1, found(read), tostring(value))
        assert.equal(1, found { in_ = { read } }, tostring(value))
        assert.equal(0, found { not_ = read }, tostring(value))
        assert.same(row, db.thing:update { where = { id = i }, data = { [field] = read } })
        assert.same(row, db.thing:find_unique { where = { id = i } })
      end
    end)

    it("are not passed by the numbers of new rows", function()
      local d = support.open(engine, [[
model Tag {
  id     Int     @id @default(autoincrement()) @map("the id")
  name   String? @unique
  hits   Int     @default(0)
  page   Page?   @relation(fields: [pageId], references: [id])
  pageId Int?
  pages  Page[]  @relation("many")
}
model Page {
  id   Int   @id @default(autoincrement())
  note String?
  tags Tag[]
  many Tag[] @relation("many")
}
model Big {
  id   BigInt @id @default(autoincrement())
  note String?
}]])
      local LAST, tag, page = 2147483647, d.tag, d.page
      local function last_is_given(number)
        tag:delete_many { where = rille.all }
        tag:create { data = { id = number, name = "last" } }
        if engine == "sqlite" then
          d:execute_raw("UPDATE sqlite_sequence SET seq = ? WHERE name = 'Tag'", number)
          return
        end
        d:execute_raw(("SELECT setval(pg_get_serial_sequence('\"Tag\"', 'the id'), %d)"):format(number))
      end
      page:create { data = {} }
      local some = {}
      for i = 1, 120 do some[i] = { name = "n" .. i } end
      local nested = function(data) return { where = { id = 1 }, data = data } end
      local writes = {
        function() tag:create { data = { name = "a" } } end,
        function() tag:create { data = {} } end,
        function() tag:create { data = { name = "a" }, select = { name = true } } end,
        function() tag:create { data = { name = "a", page = { create = { note = "p" } } }, include = { page = true } } end,
        function() tag:upsert { where = { name = "a" }, create = { name = "a" }, update = { hits = 1 } } end,
        function() tag:upsert { where = { name = "a", hits = 0 }, create = { name = "a" }, update = { hits = 1 } } end,
        function() tag:create_many { data = { { name = "a" } } } end,
        function() tag:create_many { data = { { name = "a" }, { name = "b" } }, skip_duplicates = true } end,
        function() tag:create_many { data = { {}, {} } } end,
        function() tag:create_many { data = { { id = 5 }, { name = "b" } } } end,
        function() tag:create_many { data = some } end,
        function() tag:create_many_and_return { data = { { name = "a" }, { name = "b" } } } end,
        function() tag:create_many_and_return { data = some, select = { name = true } } end,
        function() tag:upsert_many { data = { { name = "last", hits = 7 }, { name = "b" } }, on = { "name" }, update = { "hits" } } end,
        function() page:update(nested { tags = { create = { name = "a" } } }) end,
        function() page:update(nested { note = "x", tags = { create = { { name = "a" }, { name = "b" } } } }) end,
        function() page:update(nested { tags = { create_many = { data = { { name = "a" }, { name = "b" } } } } }) end,
        function() page:update(nested { tags = { connect_or_create = { where = { name = "a" }, create = { name = "a" } } } }) end,
        function() page:update(nested { tags = { upsert = { where = { name = "a" }, create = { name = "a" }, update = {} } } }) end,
        function() page:update(nested { many = { create = { name = "a" } } }) end,
        function() page:create { data = { note = "new", tags = { create = { name = "a" } } } } end,
        function() page:create { data = { note = "new", many = { create = { name = "a" } } } } end,
      }
      for i, write in ipairs(writes) do
        last_is_given(LAST)
        local before = { tags = tag:find_many(), pages = page:find_many { include = { many = true } } }
        support.fails("P2020", write)
        assert.same(before, { tags = tag:find_many(), pages = page:find_many { include = { many = true } } }, "write " .. i)
        support.fails("P2028", d.transaction, d, function(tx)
          tx.tag:update { where = { name = "last" }, data = { hits = 3 } }
          support.fails("P2020", function() tx.tag:create { data = { name = "a" } } end)
          support.fails("P2028", function() tx.tag:count() end)
        end)
        assert.same(before.tags, tag:find_many(), "write " .. i)
      end
      local function each_write_in_transaction(fn)
        for _, write in ipairs { "create", "create_many", "create_many_and_return" } do
          last_is_given(LAST)
          fn(function(tx) tx.tag[write](tx.tag, { data = write == "create" and { name = "a" } or { { name = "a" }, { name = "b" } } }) end)
        end
      end
      each_write_in_transaction(function(write)
        support.fails("P2020", d.transaction, d, write)
        assert.equal(1, tag:count())
        d:transaction(function(tx) -- a savepoint keeps the rest
          tx.tag:update { where = { name = "last" }, data = { hits = 4 } }
          support.fails("P2020", tx.transaction, tx, write)
          tx.tag:update { where = { name = "last" }, data = { hits = { increment = 1 } } }
        end)
        assert.same({ { name = "last", hits = 5 } }, tag:find_many { select = { name = true, hits = true } })
      end)
      last_is_given(LAST - 2) -- one number too few
      support.fails("P2020", tag.create_many, tag, { data = { { name = "a" }, { name = "b" }, { name = "c" } } })
      assert.equal(1, tag:count())
      last_is_given(LAST - 2)
      assert.equal(2, tag:create_many { data = { { name = "a" }, { name = "b" } } }.count)
      last_is_given(LAST - 2)
      assert.equal(LAST - 1, tag:create { data = { name = "a" } }.id)
      assert.same({ name = "b" }, tag:create { data = { name = "b" }, select = { name = true } })
      local ids = {}
      for i, row in ipairs(tag:find_many { order_by = { id = "asc" } }) do ids[i] = row.id end
      assert.same({ LAST - 2, LAST - 1, LAST }, ids)
      if engine == "sqlite" then
        d.big:create { data = { id = LAST } }
        assert.equal(LAST + 1, d.big:create { data = { note = "a" } }.id)
        assert.equal(2, d.big:create_many { data = { { note = "b" }, { note = "c" } } }.count)
        assert.equal(4, d.big:count())
      end
    end)

    if engine == "postgresql" then
      it("that only PostgreSQL has go back to it, in lists, too", function()
        db:execute_raw [[INSERT INTO "Thing" (id, at) VALUES (1, 'infinity'), (2, '12000-01-01'), (3, '0044-03-15 BC'), (4, '2026-01-01'), (5, '-infinity')]]
        local ids, moments = {}, {}
        for i, row in ipairs(db.thing:find_many { order_by = { at = "asc" } }) do ids[i], moments[i] = row.id, row.at end
        assert.same({ 5, 3, 4, 2, 1 }, ids)
        assert.same({ "-infinity", "-000043-03-15T00:00:00.000Z", "2026-01-01T00:00:00.000Z", "+012000-01-01T00:00:00.000Z", "infinity" }, moments)
        assert.equal(5, db.thing:count { where = { at = { in_ = moments } } })
        assert.equal(3, #db.thing:find_many { where = { at = { gte = moments[3] } } })
        assert.equal(3, #db.thing:find_many { cursor = { id = 4 }, order_by = { at = "asc" } })
        assert.equal(253402300800, rille.time "+010000-01-01T00:00:00Z")
        local days = support.open(engine, "model Day {\n id Int @id\n day DateTime @db.Date\n list DateTime[] @db.Date\n zone DateTime? @db.Timestamptz\n}")
        local row = days.day:create { data = { id = 1, day = "+012000-01-01", list = { "-000043-03-15", "infinity", "2026-01-01" }, zone = "infinity" } }
        assert.same({ "-000043-03-15T00:00:00.000Z", "infinity", "2026-01-01T00:00:00.000Z" }, row.list)
        assert.equal(1, days.day:count { where = { day = row.day, zone = row.zone, list = { has = "infinity" } } })
        assert.equal(1, days.day:count { where = { list = { has_every = row.list } } })
      end)
    end
  end)
end)
