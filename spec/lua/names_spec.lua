-- Models that are called like methods of the client, and like what a later version may have as one.
local client = require "rille.client"
local rille = require "rille"
local support = require "support"

-- The PascalCase of a method's name.
local function model_of(method) return (method:gsub("_?(%l)(%w*)", function(first, rest) return first:upper() .. rest end)) end

local METHODS = {}
for name in pairs(client.methods) do METHODS[#METHODS + 1] = name end
table.sort(METHODS)

local function schema()
  local parts = {}
  for _, name in ipairs(METHODS) do parts[#parts + 1] = ("model %s {\n  id Int @id\n  n  Int @default(0)\n}\n"):format(model_of(name)) end
  parts[#parts + 1] = "model Archive {\n  id Int @id\n}\nmodel User {\n  id Int @id\n}\n"
  return table.concat(parts)
end

support.each_engine(function(engine)
  describe("a model called like a method", function()
    local db, url
    before_each(function() db, url = support.open(engine, schema()) end)

    it("is reached, by each of its names", function()
      for i, name in ipairs(METHODS) do
        db[name]:create { data = { id = i } }
        assert.equal(i, db[model_of(name)]:find_first().id)
        assert.equal(1, db[name]:count())
      end
      db.archive:create { data = { id = 1 } }
      assert.equal(1, db.archive:count())
    end)

    it("keeps the method callable, also in derived clients", function()
      for _, c in ipairs { db, db:with { primary = true }, db:primary() } do
        assert.same({ { n = 1 } }, c:query_raw "SELECT 1 AS n")
        assert.equal(0, c:execute_raw('DELETE FROM "Batch" WHERE id = ?', 7))
        assert.equal(0, c:batch(function(b) b.batch:count() end))
        assert.equal("done", c:transaction(function(tx)
          tx.transaction:create { data = { id = 1 } }
          assert.equal(1, tx.transaction:count())
          tx:after_rollback(function() end)
          tx:transaction(function(inner) inner.batch:create { data = { id = 1 } } end)
          assert.same({ { n = 2 } }, tx:query_raw "SELECT 2 AS n")
          tx:execute_raw('DELETE FROM "Batch"')
          tx.transaction:delete_many { where = rille.all }
          return "done"
        end))
        assert.is_table(c:metrics().pool)
        c:on("query", function() end)()
      end
      local ok, rows = pcall(db.query_raw, db, "SELECT 3 AS n") -- as a function
      assert.is_true(ok)
      assert.same({ { n = 3 } }, rows)
    end)

    it("is what a batch records, and so is the method of its name", function()
      local made, n, raw, changed = db:batch(function(b)
        b.query_raw:create { data = { id = 1 } }
        b.batch:count()
        b:query_raw "SELECT 5 AS n"
        b:execute_raw 'UPDATE "QueryRaw" SET n = 9'
      end)
      assert.same({ { id = 1, n = 0 }, 0, { { n = 5 } }, 1 }, { made, n, raw, changed })
      assert.equal(9, db.query_raw:find_first().n)
      local e = support.fails("VALIDATION", db.batch, db, function(b) b:batch(function() end) end)
      assert.equal("`batch` cannot be part of a batch", e.message)
    end)

    it("does not keep the client from closing, twice", function()
      local other = rille.connect { url = url, schema_text = schema() }
      other.close:count()
      other:close()
      other:close()
      other:disconnect()
      support.fails("VALIDATION", other.query_raw, other, "SELECT 1")
      support.fails("VALIDATION", other.batch, other, function() end)
    end)

    it("raises if a model is called that hides no method", function()
      local e = support.fails("VALIDATION", db.user, db, {})
      assert.equal("rille.Model(User) is not a method; call a method of it, as in db.user:find_many{ ... }", e.message)
      support.fails("VALIDATION", db.Batch, db, function() end)
      support.fails("VALIDATION", db.batch, function() end) -- with a dot
    end)
  end)
end)
