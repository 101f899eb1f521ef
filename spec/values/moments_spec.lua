-- DateTime on SQLite: two forms that can be written, and what the database writes itself by CURRENT_TIMESTAMP. What is read is found, sorted and
-- grouped; a value in any other form is refused as it is read.
local rille = require "rille"
local support = require "support"

local SCHEMA = [[
model Event {
  id    Int       @id
  free  DateTime  @default(now())
  sorted DateTime @default(now())
  plain DateTime?
  key   DateTime? @unique
  kind  Int       @default(1)
  flag  Boolean?
  price Decimal?
  count Int?
  ratio Float?

  @@index([kind, sorted])
}]]

local NOON, LATER = "2026-11-22T12:00:00.000Z", "2026-11-22T12:00:00.250Z"

for format, stored in pairs { iso8601 = "'2026-11-22T12:00:00.000+00:00'", ["unixepoch-ms"] = "1795348800000" } do
  describe("date-times as " .. format, function()
    local db
    before_each(function()
      local url = support.database "sqlite" .. "?timestamp_format=" .. format
      rille.push { schema_text = SCHEMA, url = url }
      db = support.connect(url, SCHEMA)
      -- two rows as another program leaves them to the database's default, but at a fixed time
      for id, at in ipairs { "2026-11-22 12:00:00", "2026-11-22 10:00:00" } do
        db:execute_raw("INSERT INTO Event (id, free, sorted) VALUES (?, ?, ?)", id, at, at)
      end
      db.event:create_many { data = {
        { id = 3, free = "2026-11-22T11:00:00Z", sorted = "2026-11-22T11:00:00Z", plain = LATER, key = NOON },
        { id = 4, free = NOON, sorted = NOON, plain = NOON },
        { id = 5, free = "2026-11-22T12:00:00.5Z", sorted = "2026-11-22T12:00:00.5Z", plain = "2026-11-21T23:59:59.999Z" },
      } }
    end)
    after_each(support.cleanup)

    local function ids(where, order, more)
      local arguments, found = { where = where, order_by = order or { id = "asc" }, select = { id = true } }, {}
      for key, value in pairs(more or {}) do arguments[key] = value end
      for i, row in ipairs(db.event:find_many(arguments)) do found[i] = row.id end
      return table.concat(found, " ")
    end

    it("are stored so, in rows and lists", function()
      assert.equal(1, db:query_raw("SELECT count(*) AS n FROM Event WHERE plain = " .. stored)[1].n)
      assert.equal(1, db:query_raw("SELECT count(*) AS n FROM Event WHERE key = " .. stored)[1].n)
      assert.equal(NOON, db:query_raw("SELECT plain FROM Event WHERE id = 4")[1].plain)
      assert.equal("4", ids { plain = { in_ = { NOON, "2026-01-01" } } })
      assert.equal("3", ids { key = NOON })
      assert.equal(3, db.event:find_unique { where = { key = NOON } }.id)
      assert.equal(3, db.event:upsert { where = { key = NOON }, create = { id = 9, key = NOON }, update = { count = 1 } }.id)
      assert.equal("5 4 3", ids({ NOT = { plain = rille.null } }, { plain = "asc" }))
      assert.same({ plain = LATER }, db.event:aggregate { _max = { plain = true } }._max)
      local now = db.event:create { data = { id = 6 } }
      assert.equal("6", ids { free = now.free })
    end)

    it("of the database's default are read and found", function()
      for _, field in ipairs { "free", "sorted" } do
        local rows = db.event:find_many { order_by = { id = "asc" } }
        assert.equal(NOON, rows[1][field])
        for _, row in ipairs(rows) do assert.truthy((" " .. ids { [field] = row[field] } .. " "):find(" " .. row.id .. " ", 1, true)) end
        local function test(operator, noon, later)
          assert.equal(noon, ids { [field] = { [operator] = NOON } }, operator)
          assert.equal(later, ids { [field] = { [operator] = LATER } }, operator)
        end
        test("equals", "1 4", "")
        test("not_", "2 3 5", "1 2 3 4 5")
        test("lt", "2 3", "1 2 3 4")
        test("lte", "1 2 3 4", "1 2 3 4")
        test("gt", "5", "5")
        test("gte", "1 4 5", "5")
        assert.equal("1 2 4", ids { [field] = { in_ = { NOON, "2026-11-22T10:00:00Z" } } })
        assert.equal("2 3 5", ids { [field] = { not_in = { NOON } } })
        assert.equal("1 4", ids { [field] = { gte = NOON, lte = NOON } })
      end
      assert.equal("1 2 3 4 5", ids { free = { equals = rille.field("Event", "sorted") } })
    end)

    it("of both forms are sorted, grouped and counted by what they say", function()
      assert.equal("2 3 1 4 5", ids({}, { { free = "asc" }, { id = "asc" } }))
      assert.equal("5 1 4 3 2", ids({}, { { free = "desc" }, { id = "asc" } }))
      assert.equal("3 1", ids({}, { { free = "asc" }, { id = "asc" } }, { cursor = { id = 3 }, take = 2 }))
      assert.equal("1 4", ids({}, { { free = "desc" }, { id = "asc" } }, { cursor = { id = 1 }, take = 2 }))
      assert.equal(4, #db.event:find_many { distinct = { "free" } })
      local told = db.event:aggregate { _min = { free = true, sorted = true }, _max = { free = true }, _count = { free = { distinct = true } } }
      assert.same({ "2026-11-22T10:00:00.000Z", "2026-11-22T10:00:00.000Z", "2026-11-22T12:00:00.500Z", 4 },
        { told._min.free, told._min.sorted, told._max.free, told._count.free })
      local groups = {}
      local grouped = db.event:group_by { by = { "free" }, _count = true, order_by = { free = "asc" } }
      for i, group in ipairs(grouped) do groups[i] = group.free .. " " .. group._count end
      assert.same({ "2026-11-22T10:00:00.000Z 1", "2026-11-22T11:00:00.000Z 1", NOON .. " 2", "2026-11-22T12:00:00.500Z 1" }, groups)
      local hours = db.event:group_by { by = { { free = "hour" } }, _count = true, order_by = { free = "asc" } }
      assert.same({ { free = "2026-11-22T10:00:00.000Z", _count = 1 }, { free = "2026-11-22T11:00:00.000Z", _count = 1 }, { free = NOON, _count = 3 } }, hours)
      local weeks = db.event:group_by { by = { { free = "week" } }, _count = true, having = { free = { _max = { gt = NOON } } } }
      assert.same({ { free = "2026-11-16T00:00:00.000Z", _count = 5 } }, weeks)
      local months = db.event:group_by { by = { { plain = "month" } }, where = { NOT = { plain = rille.null } }, _count = true }
      assert.same({ { plain = "2026-11-01T00:00:00.000Z", _count = 3 } }, months)
    end)

    it("are sorted by an index only where all have the form that is written", function()
      for _, order in ipairs { "asc", "desc" } do
        local e = support.fails("P2023", ids, {}, { sorted = order })
        assert.truthy(tostring(e):find("sorted", 1, true) and tostring(e):find("UPDATE", 1, true), tostring(e))
        support.fails("P2023", ids, { kind = 1 }, { sorted = order }, { take = 1 })
      end
      db.event:update_many { where = { id = { lt = 3 } }, data = { sorted = "2026-11-23T00:00:00Z" } }
      assert.equal("3 4 5 1 2", ids({}, { { sorted = "asc" }, { id = "asc" } }))
      assert.equal("5 4 3", ids({ id = { gt = 2 } }, { sorted = "desc" }))
      db:execute_raw "UPDATE Event SET sorted = '2026-11-22 20:00:00' WHERE id = 2"
      support.fails("P2023", ids, { kind = 1, id = { gt = 2 } }, { sorted = "desc" }, { take = 1 }) -- not distinguished without reading them
      support.fails("P2023", db.event.aggregate, db.event, { where = { kind = 1, id = { gt = 2 } }, _max = { sorted = true } })
      db.event:update { where = { id = 2 }, data = { sorted = "2026-11-24" } }
      local last = db.event:aggregate { where = { kind = 1 }, _max = { sorted = true } }
      assert.equal("2026-11-24T00:00:00.000Z", last._max.sorted)
      assert.equal("2026-11-22T11:00:00.000Z", db.event:aggregate { where = { kind = 1 }, _min = { sorted = true } }._min.sorted)
      local plan = db.event:explain { where = { kind = 1 }, order_by = { sorted = "desc" }, take = 3 }.statements[1].plan
      for _, line in ipairs(plan) do assert.is_nil(line:find("TEMP B-TREE", 1, true), line) end
      for _, where in ipairs { { sorted = NOON }, { sorted = { gte = NOON } }, { sorted = { lt = NOON } }, { sorted = { in_ = { NOON } } } } do
        where.kind = 1
        local lines = table.concat(db.event:explain { where = where }.statements[1].plan, "\n")
        assert.truthy(lines:find("Event_kind_sorted_idx (kind=? AND sorted", 1, true), lines)
      end
    end)

    it("in another form are refused, with the way to correct them", function()
      local others = { "'2026-11-22T12:00:00Z'", "'2026-11-22T12:00:00'", "'2026-11-22'", "'2026-11-22 12:00:00'", "'noon'", "1.5",
        format == "iso8601" and "1795348800000" or "'2026-11-22T12:00:00.000+00:00'", format == "iso8601" and "'2026-11-22T12:00:00.000Z'" or "1e15" }
      for _, value in ipairs(others) do
        db:execute_raw("UPDATE Event SET plain = " .. value .. " WHERE id = 4")
        local e = support.fails("P2023", db.event.find_many, db.event)
        assert.equal("plain", e.meta.column)
        assert.truthy(tostring(e):find("DateTime column `plain`", 1, true), tostring(e))
        local fix = e.message:match ": (UPDATE .*)$"
        if fix and value:find "2026" or value:find "^1795" then
          db:execute_raw((fix:gsub("<table>", "Event")))
          local day = value == "'2026-11-22'" and "2026-11-22T00:00:00.000Z" or NOON
          assert.equal(day, db.event:find_unique { where = { id = 4 } }.plain)
          assert.equal("4", ids { plain = day })
        end
      end
      db:execute_raw "UPDATE Event SET plain = NULL, key = '2026-11-22 12:00:00' WHERE id = 4" -- the same date-time as in row 3: no index sees it
      support.fails("P2023", db.event.find_many, db.event)
      assert.equal(4, #db:query_raw "SELECT plain FROM Event WHERE id <> 4")
    end)

    it("leave no other value to be read and not found", function()
      for column, values in pairs { flag = { "'true'", "2", "0.5" }, price = { "'n'", "x'31'" }, count = { "'n'", "1.5", "3000000000" }, ratio = { "'n'" } } do
        for _, value in ipairs(values) do
          db:execute_raw(("UPDATE Event SET %s = %s WHERE id = 4"):format(column, value))
          local e = support.fails("P2023", db.event.find_unique, db.event, { where = { id = 4 } })
          assert.equal(column, e.meta.column)
        end
        db:execute_raw(("UPDATE Event SET %s = NULL"):format(column))
      end
      db:execute_raw "UPDATE Event SET flag = '1', price = '1.50', count = '7', ratio = '0.5' WHERE id = 4" -- made numbers by the columns
      assert.equal("4", ids { flag = true, price = "1.5", count = 7, ratio = 0.5 })
    end)
  end)
end

describe("timestamp_format", function()
  after_each(support.cleanup)
  it("is iso8601 or unixepoch-ms, under Prisma's name as well", function()
    local url = support.database "sqlite"
    local e = support.fails("P1013", function() support.connect(url .. "?timestamp_format=seconds", SCHEMA).event:count() end)
    assert.truthy(tostring(e):find("unixepoch-ms", 1, true))
    rille.push { schema_text = SCHEMA, url = url }
    local db = support.connect(url .. "?timestampFormat=unixepoch-ms", SCHEMA)
    db.event:create { data = { id = 1, plain = NOON } }
    assert.equal("integer", db:query_raw("SELECT typeof(plain) AS t FROM Event")[1].t)
    support.fails("P2023", function() return support.connect(url, SCHEMA).event:find_many() end)
  end)
end)
