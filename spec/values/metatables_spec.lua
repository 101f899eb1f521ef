-- Tables with metamethods for their keys: their content is used, or the call is rejected. None is taken for an empty one.
local rille = require "rille"
local support = require "support"

local SCHEMA = [[
model Doc {
  id   Int    @id
  name String
  meta Json?
}]]

local function read_only(t)
  return setmetatable({}, {
    __index = t,
    __newindex = function() error "read-only" end,
    __len = function() return #t end,
    __pairs = function() return next, t, nil end,
  })
end

-- A proxy without __pairs: its keys are unknown.
local function proxy(t)
  return setmetatable({}, { __index = function(_, key) return t[key] end })
end

support.each_engine(function(engine)
  describe("a table with metamethods", function()
    local db
    before_each(function()
      db = support.open(engine, SCHEMA)
      db.doc:create_many { data = { { id = 1, name = "a" }, { id = 2, name = "b" }, { id = 3, name = "c" } } }
    end)

    it("is followed where it has __pairs", function()
      assert.equal(1, #db.doc:find_many { where = read_only { name = "b" } })
      assert.equal(2, #db.doc:find_many { where = { id = { in_ = read_only { 1, 3 } } } })
      assert.equal(2, #db.doc:find_many(read_only { where = { id = read_only { lt = 3 } } }))
      db.doc:create { data = read_only { id = 4, name = "d", meta = read_only { list = read_only { 1, 2 } } } }
      assert.same({ list = { 1, 2 } }, db.doc:find_unique { where = { id = 4 } }.meta)
      assert.equal('[1,2]', rille.json.encode(read_only { 1, 2 }))
    end)

    it("may take away what was read before", function()
      local name = ("n"):rep(100000)
      db.doc:create { data = { id = 4, name = name } }
      local where = { AND = {} }
      for i = 1, 20 do where.AND[i] = { name = { in_ = { ("n"):rep(100000 - i) .. ("n"):rep(i) } } } end
      where.AND[21] = { id = setmetatable({}, { __pairs = function()
        for i = 1, 20 do where.AND[i].name = nil end
        collectgarbage()
        collectgarbage()
        for i = 1, 20 do where.AND[i].name = ("m"):rep(100000 + i) end
        return next, { gt = 0 }, nil
      end }) }
      assert.equal(1, db.doc:count { where = where })
    end)

    it("is refused where its metamethods are no functions", function()
      for _, meta in ipairs { { __pairs = 7 }, { __len = "x" }, { __pairs = function() return 7 end }, { __pairs = {} }, { __index = 7 } } do
        local e = support.fails("VALIDATION", db.doc.count, db.doc, { where = setmetatable({}, meta) })
        assert.truthy(e.message:find("where", 1, true))
      end
    end)

    it("may make its values as they are asked for", function()
      local function letters()
        local n = 0
        return function()
          n = n + 1
          if n > 3 then return nil end
          return n, ("%s"):rep(1):format(string.char(96 + n))
        end
      end
      local made = setmetatable({}, { __pairs = letters })
      assert.equal(3, db.doc:count { where = { name = { in_ = made } } })
      local _, second = db:batch(function(b)
        b.doc:count { where = { id = 1 } }
        b.doc:count { where = { name = { in_ = made } } }
      end)
      assert.equal(3, second)
    end)

    it("is a list by __len where there is no __pairs", function()
      local list = setmetatable({}, { __len = function() return 2 end, __index = function(_, i) return i end })
      assert.equal(2, db.doc:count { where = { id = { in_ = list } } })
    end)

    it("is never no condition", function()
      local function of_length(n) return setmetatable({}, { __len = function() return n end }) end
      for _, nothing in ipairs { proxy { name = "b" }, read_only {}, of_length(0), of_length(1), setmetatable({}, { __index = { name = "b" } }),
        setmetatable({}, { __index = { method = function() end } }) } do
        support.fails("VALIDATION", db.doc.find_many, db.doc, { where = nothing })
        support.fails("VALIDATION", db.doc.delete_many, db.doc, { where = nothing })
        support.fails("VALIDATION", db.doc.find_many, db.doc, { where = { AND = { nothing } } })
        support.fails("VALIDATION", db.doc.find_many, db.doc, nothing)
        support.fails("VALIDATION", db.doc.update_many, db.doc, { where = { NOT = nothing }, data = { name = "x" } })
        support.fails("VALIDATION", db.doc.explain, db.doc, { where = nothing })
        support.fails("VALIDATION", function() for _ in db.doc:each { where = nothing } do error "a row" end end)
        support.fails("VALIDATION", function() for _ in db.doc:each(nothing) do error "a row" end end)
        support.fails("VALIDATION", db.batch, db, function(b) b.doc:delete_many { where = nothing } end)
        support.fails("VALIDATION", db.query_raw, db, "SELECT $1", nothing)
      end
      assert.equal(3, db.doc:count())
      local e = support.fails("VALIDATION", db.doc.find_many, db.doc, { where = { AND = { proxy {} } } })
      assert.truthy(tostring(e):find("where.AND[1]:", 1, true), tostring(e))
    end)

    it("may be an object of a class, whose values are its own", function()
      local Class = { rename = function() end, __tostring = function() return "doc" end }
      Class.__index = Class
      db.doc:create { data = setmetatable({ id = 5, name = "e" }, Class) }
      assert.equal(2, db.doc:count { where = { id = { in_ = setmetatable({ 1, 5 }, Class) } } })
      local Child = setmetatable({ __index = nil, more = function() end }, Class)
      Child.__index = Child
      assert.equal(1, db.doc:count { where = setmetatable({ id = 5 }, Child) })
      -- values that only the class has would be lost
      support.fails("VALIDATION", db.doc.find_many, db.doc, { where = setmetatable({ id = 1 }, { __index = { name = "x" } }) })
      support.fails("VALIDATION", db.doc.find_many, db.doc, { where = setmetatable({ id = 1 }, { __index = function() end }) })
    end)

    it("without __index, __len or __pairs is like any other", function()
      local plain = { __newindex = function() end, __tostring = function() return "" end, __jsontype = "object" }
      assert.equal(1, db.doc:count { where = setmetatable({ id = 1 }, plain) })
      assert.equal(3, db.doc:count { where = setmetatable({}, plain) })
      assert.equal(3, db.doc:count { where = rille.object {} })
      assert.equal(0, db.doc:count { where = { id = { in_ = rille.array {} } } })
    end)

    it("ends, whatever it does", function()
      local circle = {}
      circle.__index = setmetatable({}, circle)
      support.fails("VALIDATION", db.doc.find_many, db.doc, { where = setmetatable({ id = 1 }, circle) })
      local deep
      deep = setmetatable({}, { __pairs = function() return function(_, key) return not key and "AND" or nil, deep end end })
      support.fails("VALIDATION", db.doc.find_many, db.doc, { where = deep })
      assert.has_error(function() db.doc:find_many { where = setmetatable({}, { __pairs = function() error "no" end }) } end)
      assert.equal(3, db.doc:count())
    end)

    it("is refused or followed among options", function()
      support.fails("VALIDATION", db.transaction, db, function() end, proxy { timeout = 1 })
      support.fails("VALIDATION", db.transaction, db, function() end, read_only { timeout = 1 })
      support.fails("VALIDATION", db.with, db, proxy { timeout = 1 })
      support.fails("VALIDATION", db.with, db, { tags = proxy { a = "b" } })
      support.fails("VALIDATION", rille.ago, proxy { days = 1 })
      support.fails("VALIDATION", rille.connect, read_only { schema_text = SCHEMA, url = "file::memory:" })
      support.fails("VALIDATION", rille.connect, { schema_text = SCHEMA, url = "file::memory:", pool = proxy { size = 2 } })
      support.fails("VALIDATION", rille.connect, { schema_text = SCHEMA, url = "file::memory:", omit = proxy { doc = { name = true } } })
      support.fails("VALIDATION", rille.connect, { schema_text = SCHEMA, url = "file::memory:", omit = { doc = proxy { name = true } } })
      local careful = support.open(engine, SCHEMA, { omit = read_only { doc = read_only { name = true } } })
      assert.same({ id = 1 }, careful.doc:create { data = { id = 1, name = "a" }, select = nil, omit = { meta = true } })
    end)
  end)
end)
