-- migration.lua: rows changed with a client, in the transaction of migration.sql.
local folders = require "support.folders"
local rille = require "rille"
local support = require "support"

local SCHEMA = "model User {\n  id Int @id @default(autoincrement())\n  fullName String @map(\"full_name\")\n  posts Post[]\n}\n"
  .. "model Post {\n  id Int @id\n  user User @relation(fields: [userId], references: [id])\n  userId Int\n}\n"

describe("migration.lua", function()
  support.each_engine(function(engine)
    local url, dir
    local function dev(options)
      options.url, options.migrations, options.schema_text = url, dir, options.schema_text or SCHEMA
      return rille.migrate.dev(options)
    end
    local function deploy() return rille.migrate.deploy { url = url, migrations = dir, schema_text = SCHEMA } end
    local function write(name, text) support.write(("%s/%s/migration.lua"):format(dir, name), text) end
    local function users() return support.connect(url, SCHEMA).user:find_many { order_by = { id = "asc" } } end
    before_each(function()
      url, dir = support.database(engine), support.folder() .. "/migrations"
      dev { name = "init" }
    end)

    it("starts as a skeleton that does nothing, and is not applied immediately", function()
      local r = dev { name = "fill", data = true }
      assert.same({}, r.applied)
      assert.same({ "down.sql", "migration.lua", "migration.sql" }, folders.list(dir .. "/" .. r.created))
      assert.same({ r.created }, deploy().applied)
    end)

    it("has the models of the schema, and nests transactions", function()
      local name = dev({ name = "fill", data = true }).created
      write(name, [[return function(tx, context)
        tx.user:create { data = { fullName = "one", posts = { create = { { id = 1 } } } } }
        local ok = pcall(tx.transaction, tx, function(inner) inner.user:create { data = { fullName = "never" } } error "stop" end)
        assert(not ok)
        tx:transaction(function(inner) inner.user:create { data = { fullName = context.migration } } end)
        assert(tx.user:count {} == 2 and tx:query_raw("SELECT count(*) AS n FROM _prisma_migrations WHERE finished_at IS NULL")[1].n == 1)
      end]])
      deploy()
      local found = users()
      assert.equal(2, #found)
      assert.equal("one", found[1].fullName)
      assert.equal(name, found[2].fullName)
      assert.is_true(rille.migrate.status({ url = url, migrations = dir }).ok)
    end)

    it("sees what migration.sql did, and is rolled back with it", function()
      folders.add(dir, "20990101000000_more", { ["migration.sql"] = 'ALTER TABLE "User" ADD COLUMN age INTEGER;\n',
        ["migration.lua"] = 'return function(tx) tx.user:create { data = { fullName = "x", age = 7 } } error "no more" end' })
      local e = support.fails("P3018", deploy)
      assert.truthy(e.message:find("migration.lua", 1, true) and e.message:find("no more", 1, true))
      assert.equal("20990101000000_more", e.meta.migration)
      assert.same({}, users())
      assert.equal("failed", folders.states(url, dir)["20990101000000_more"])
      rille.migrate.resolve { url = url, migrations = dir, rolled_back = "20990101000000_more" }
      write("20990101000000_more", 'return function(tx) tx.user:create { data = { fullName = "x", age = 7 } } end')
      assert.same({ "20990101000000_more" }, deploy().applied)
      assert.equal(7, folders.raw(url):query_raw('SELECT age FROM "User"')[1].age)
    end)

    it("uses the schema in its folder", function()
      folders.add(dir, "20990101000000_old", { ["migration.sql"] = "-- rows only\n", ["schema.prisma"] = 'model Person {\n'
        .. '  id Int @id @default(autoincrement())\n'
        .. '  name String @map("full_name")\n  @@map("User")\n}\n', ["migration.lua"] = 'return function(tx) tx.person:create { data = { name = "p" } } end' })
      deploy()
      assert.equal("p", users()[1].fullName)
    end)

    it("must be a function, and must be Lua", function()
      folders.add(dir, "20990101000000_x", { ["migration.sql"] = "", ["migration.lua"] = "return 1" })
      assert.truthy(support.fails("P3018", deploy).message:find("expected a function(tx, context)", 1, true))
      rille.migrate.resolve { url = url, migrations = dir, rolled_back = "20990101000000_x" }
      write("20990101000000_x", "return = 1")
      support.fails("P3018", deploy)
    end)

    it("cannot end its transaction", function()
      folders.add(dir, "20990101000000_x", { ["migration.sql"] = "", ["migration.lua"] = 'return function(tx) tx.user:create { data = { '
        .. 'fullName = "x" } } tx:execute_raw "COMMIT" '
        .. 'tx.user:count {} end' })
      local e = support.fails("P3018", deploy)
      assert.truthy(e.message:find("P2028", 1, true))
    end)

    it("is not applied if it ended its transaction, and reports that a part may be in the database", function()
      folders.add(dir, "20990101000000_x", { ["migration.sql"] = "", ["migration.lua"] = 'return function(tx) tx.user:create { data = { '
        .. 'fullName = "x" } } tx:execute_raw "COMMIT" end' })
      support.fails("P3018", deploy)
      assert.equal("failed", folders.states(url, dir)["20990101000000_x"])
      local problem = rille.migrate.status { url = url, migrations = dir }.problems[1]
      assert.truthy(problem.message:find("A part of it may be in the database", 1, true))
      assert.truthy(problem.advice:find("check what it left", 1, true))
    end)

    it("leaves no cursor that outlives its connection", function()
      folders.add(dir, "20990101000000_x", { ["migration.sql"] = "", ["migration.lua"] = 'return function(tx) tx.user:create_many { data = { '
        .. '{ fullName = "x" }, { fullName = "y" }, { fullName = "z" } } } kept = tx.user:each { batch = 1 } kept() end' })
      deploy()
      local kept = _G.kept
      _G.kept = nil
      pcall(kept)
      kept = nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      assert.equal(3, #users())
    end)

    it("is rejected with a script that runs without a transaction", function()
      folders.add(dir, "20990101000000_x", { ["migration.sql"] = "-- rille: no-transaction\nSELECT 1;", ["migration.lua"] = "return function() end" })
      support.fails("VALIDATION", deploy)
      assert.equal("pending", folders.states(url, dir)["20990101000000_x"])
    end)
  end)
end)
