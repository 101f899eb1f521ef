-- Float @db.Real: the number that was written is the one that is read, compared with and summed, although the server keeps 24 bits of it.
local support = require "support"

local SCHEMA = [[
model Reading {
  id    Int     @id
  value Float   @db.Real
  more  Float[] @db.Real
  exact Float   @default(0)
}]]

if support.server then
  describe("on postgresql a column of real", function()
    local db
    before_each(function() db = support.open("postgresql", SCHEMA) end)
    after_each(support.cleanup)

    local VALUES = { 1.1, -0.1, 0, 16777215, 123456790, 3.4e38, 1e-7, 1e-45, 0.33333334, 2.5, 1234567.9, 1e10, -0.000123 }

    it("gives what it was given, and finds it", function()
      for i, value in ipairs(VALUES) do
        local made = db.reading:create { data = { id = i, value = value, more = { value, 1.1 } } }
        assert.equal(value, made.value)
        assert.same({ value, 1.1 }, made.more)
        assert.equal(1, db.reading:count { where = { value = made.value } }, value)
        assert.equal(1, db.reading:count { where = { value = { in_ = { made.value } } } }, value)
        assert.equal(0, db.reading:count { where = { id = i, value = { gt = made.value } } }, value)
        assert.equal(1, db.reading:count { where = { id = i, more = { has = made.value } } }, value)
      end
      db.reading:create_many { data = { { id = 100, value = 7.7 }, { id = 101, value = 8.8 } } }
      assert.equal(8.8, db.reading:find_unique { where = { id = 101 } }.value)
    end)

    it("is aggregated, grouped and read raw as the numbers that are read", function()
      db.reading:create_many { data = { { id = 1, value = 1.1 }, { id = 2, value = 1.1 }, { id = 3, value = 0.3 } } }
      local told = db.reading:aggregate { where = { id = 1 }, _sum = { value = true }, _min = { value = true }, _max = { value = true } }
      assert.same({ { value = 1.1 }, { value = 1.1 }, { value = 1.1 } }, { told._sum, told._min, told._max })
      local groups = db.reading:group_by { by = { "value" }, having = { value = { _sum = 2.2, _min = 1.1 } }, _count = true }
      assert.same({ { value = 1.1, _count = 2 } }, groups)
      local row = db:query_raw('SELECT value, more, sum(value) AS sum FROM "Reading" WHERE value = $1 GROUP BY value, more', 0.3)[1]
      assert.same({ 0.3, 0.3 }, { row.value, row.sum })
      assert.equal(2, #db.reading:find_many { order_by = { id = "asc" }, cursor = { id = 2 }, distinct = { "value" } })
    end)

    it("counts on from there", function()
      db.reading:create { data = { id = 1, value = 1.1 } }
      assert.equal(2.2, db.reading:update { where = { id = 1 }, data = { value = { increment = 1.1 } } }.value)
    end)

    it("refuses what it cannot hold", function()
      for _, value in ipairs { 3.5e38, -1e39, 1e-46 } do
        local e = support.fails("P2020", db.reading.create, db.reading, { data = { id = 1, value = value } })
        assert.truthy(tostring(e):find("out of range", 1, true))
        support.fails("P2020", db.reading.create, db.reading, { data = { id = 1, value = 1, more = { 1, value } } })
      end
      assert.equal(0, db.reading:count())
    end)
  end)
end
