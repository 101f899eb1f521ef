-- Every method that creates, reads, changes and deletes rows of one model.
local rille = require "rille"
local support = require "support"
local schema = require "lua.blog_schema"

local function emails(rows)
  local list = {}
  for i, row in ipairs(rows) do list[i] = row.email end
  return table.concat(list, " ")
end

support.each_engine(function(engine)
  local db
  before_each(function() db = support.open(engine, schema) end)

  local function seed()
    db.user:create_many { data = {
      { email = "a", name = "Ada", karma = 3, role = "admin", bio = "first" },
      { email = "b", name = "Bea", karma = 1 },
      { email = "c", name = "Cid", karma = 2, role = "author" },
    } }
  end

  describe("create", function()
    it("returns the row with its defaults, and no NULL columns", function()
      local row = db.user:create { data = { email = "x", name = "X" } }
      assert.equal(1, row.id)
      assert.equal("reader", row.role)
      assert.equal(0, row.karma)
      assert.is_nil(row.bio)
      assert.is_nil(row.bossId)
      assert.truthy(row.createdAt:match "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$")
      assert.is_nil(getmetatable(row))
    end)

    it("returns what is selected or not omitted", function()
      assert.same({ name = "X" }, db.user:create { data = { email = "x", name = "X" }, select = { name = true } })
      local row = db.user:create { data = { email = "y", name = "Y" }, omit = { email = true } }
      assert.is_nil(row.email)
      assert.equal("Y", row.name)
    end)

    it("takes foreign keys as they are, and fails on a wrong one", function()
      local user = db.user:create { data = { email = "x", name = "X" } }
      assert.equal(user.id, db.post:create { data = { title = "T", authorId = user.id } }.authorId)
      support.fails("P2003", db.post.create, db.post, { data = { title = "U", authorId = 4711 } })
      assert.equal(1, db.post:count())
    end)

    it("names the fields of a broken unique key", function()
      seed()
      local e = support.fails("P2002", db.user.create, db.user, { data = { email = "a", name = "Again" } })
      assert.same({ "email" }, e.meta.target)
      assert.equal("constraint", e.kind)
      assert.truthy(tostring(e):match "^P2002: [^\n]+$")
    end)
  end)

  describe("create_many", function()
    it("counts", function()
      assert.same({ count = 2 }, db.user:create_many { data = { { email = "a", name = "A" }, { email = "b", name = "B", bio = "x" } } })
      assert.same({ count = 0 }, db.user:create_many { data = {} })
      assert.equal(2, db.user:count())
    end)

    it("writes all rows or none", function()
      support.fails("P2002", db.user.create_many, db.user, { data = { { email = "a", name = "A" }, { email = "a", name = "B" } } })
      assert.equal(0, db.user:count())
    end)

    it("skips duplicates when asked", function()
      seed()
      assert.same({ count = 1 }, db.user:create_many { data = { { email = "a", name = "A" }, { email = "z", name = "Z" } }, skip_duplicates = true })
    end)

    it("returns the rows with create_many_and_return", function()
      local rows = db.user:create_many_and_return { data = { { email = "a", name = "A" }, { email = "b", name = "B" } }, select = { email = true } }
      assert.same({ { email = "a" }, { email = "b" } }, rows)
    end)

    it("takes thousands of rows", function()
      local data = {}
      for i = 1, 5000 do data[i] = { email = "m" .. i, name = "M", karma = i } end
      assert.same({ count = 5000 }, db.user:create_many { data = data })
      assert.equal(5000, db.user:count())
      assert.equal(5000, db.user:find_unique { where = { email = "m5000" } }.karma)
    end)
  end)

  describe("reading", function()
    before_each(seed)

    it("finds by each unique key", function()
      assert.equal("Bea", db.user:find_unique { where = { id = 2 } }.name)
      assert.equal("Bea", db.user:find_unique { where = { email = "b" } }.name)
      local post = db.post:create { data = { title = "T", authorId = 1 } }
      assert.equal(post.id, db.post:find_unique { where = { authorId_title = { authorId = 1, title = "T" } } }.id)
      assert.is_nil(db.user:find_unique { where = { id = 99 } })
    end)

    it("raises in the methods with or_throw", function()
      local e = support.fails("P2025", db.user.find_unique_or_throw, db.user, { where = { id = 99 } })
      assert.equal("not_found", e.kind)
      support.fails("P2025", db.user.find_first_or_throw, db.user, { where = { name = "Nobody" } })
      assert.equal("Ada", db.user:find_first_or_throw { where = { name = "Ada" } }.name)
    end)

    it("filters", function()
      local function found(where) return emails(db.user:find_many { where = where, order_by = { id = "asc" } }) end
      assert.equal("a b c", found {})
      assert.equal("a", found { role = "admin" })
      assert.equal("b c", found { karma = { lt = 3 } })
      assert.equal("a c", found { karma = { gte = 2 } })
      assert.equal("a c", found { email = { in_ = { "a", "c", "q" } } })
      assert.equal("b", found { email = { not_in = { "a", "c" } } })
      assert.equal("", found { email = { ["in"] = {} } })
      assert.equal("b c", found { email = { not_ = "a" } })
      assert.equal("b c", found { bio = rille.null })
      assert.equal("a", found { bio = { not_ = rille.null } })
      assert.equal("a b", found { name = { contains = "a" }, karma = { in_ = { 1, 3 } } })
      assert.equal("c", found { name = { starts_with = "C" } })
      assert.equal("a", found { name = { ends_with = "da" } })
      assert.equal("a b", found { OR = { { email = "a" }, { AND = { { email = "b" }, { karma = 1 } } } } })
      assert.equal("c", found { NOT = { { email = "a" }, { email = "b" } } })
      assert.equal("a b c", found { bio = nil })
    end)

    it("takes wildcards of LIKE as plain letters", function()
      db.user:create { data = { email = "50%_off", name = "P" } }
      assert.equal("50%_off", emails(db.user:find_many { where = { email = { contains = "%_" } } }))
      assert.equal("", emails(db.user:find_many { where = { email = { starts_with = "%" } } }))
    end)

    it("ignores case with mode = insensitive", function()
      if engine == "sqlite" then return end
      assert.equal("a", emails(db.user:find_many { where = { name = { contains = "AD", mode = "insensitive" } } }))
    end)

    it("counts, and returns whether there is any", function()
      assert.equal(3, db.user:count())
      assert.equal(1, db.user:count { where = { karma = 2 } })
      assert.equal("integer", math.type(db.user:count()))
      assert.is_true(db.user:exists { where = { karma = 2 } })
      assert.is_false(db.user:exists { where = { karma = 9 } })
    end)
  end)

  describe("update", function()
    before_each(seed)

    it("changes one row by its key", function()
      local row = db.user:update { where = { email = "a" }, data = { name = "Adele", karma = { increment = 4 }, bio = rille.null } }
      assert.equal("Adele", row.name)
      assert.equal(7, row.karma)
      assert.is_nil(row.bio)
      support.fails("P2025", db.user.update, db.user, { where = { email = "q" }, data = { name = "Q" } })
    end)

    it("changes many", function()
      assert.same({ count = 2 }, db.user:update_many { where = { karma = { lt = 3 } }, data = { karma = { multiply = 10 } } })
      assert.equal(20, db.user:find_unique { where = { email = "c" } }.karma)
      local rows = db.user:update_many_and_return { where = { email = "b" }, data = { name = "Beata" }, select = { name = true } }
      assert.same({ { name = "Beata" } }, rows)
    end)

    it("refuses to change or delete every row by mistake", function()
      local function refused(method, args)
        local ok, e = pcall(db.user[method], db.user, args)
        assert.is_false(ok)
        assert.equal("validation", e.kind)
        assert.truthy(e.message:find("rille.all", 1, true))
      end
      for _, where in ipairs { {}, { AND = {} }, { email = {} }, { OR = { {}, { email = nil } } } } do
        refused("update_many", { where = where, data = { karma = 0 } })
        refused("delete_many", { where = where })
      end
      refused("update_many", { data = { karma = 0 } })
      refused("delete_many", {})
      refused("delete_many")
      assert.equal(3, db.user:count())
      assert.same({ count = 3 }, db.user:update_many { where = rille.all, data = { karma = 5 } })
      assert.same({ count = 3 }, db.user:delete_many { where = rille.all })
    end)

    it("creates the row that upsert does not find", function()
      local function upsert(email)
        return db.user:upsert { where = { email = email }, create = { email = email, name = "New" }, update = { name = "Old" } }.name
      end
      assert.equal("Old", upsert "a")
      assert.equal("New", upsert "z")
      assert.equal(4, db.user:count())
    end)
  end)

  describe("delete", function()
    before_each(seed)

    it("returns the deleted row", function()
      assert.equal("Ada", db.user:delete { where = { id = 1 } }.name)
      assert.is_nil(db.user:find_unique { where = { id = 1 } })
      support.fails("P2025", db.user.delete, db.user, { where = { id = 1 } })
    end)

    it("deletes many", function()
      assert.same({ count = 2 }, db.user:delete_many { where = { karma = { gt = 1 } } })
      assert.same({ count = 0 }, db.user:delete_many { where = { karma = { gt = 1 } } })
    end)

    it("keeps referenced rows", function()
      db.post:create { data = { title = "T", authorId = 1 } }
      support.fails("P2003", db.user.delete, db.user, { where = { id = 1 } })
      assert.equal(3, db.user:count())
    end)
  end)
end)
