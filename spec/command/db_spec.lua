-- `rille db ...` as a process, on both databases.
local harness = require "command.harness"
local rille = require "rille"
local support = require "support"

local SCHEMA = "model User {\n  id    Int     @id @default(autoincrement())\n  email String  @unique\n  name  String?\n}\n"
local LOSSY = "model User {\n  id    Int     @id @default(autoincrement())\n  email String  @unique\n}\n"

support.each_engine(function(engine)
  describe("rille db", function()
    local folder, url

    local function ok(arguments, status, input) return harness.ok(folder, arguments, { url = url, status = status, input = input }) end
    local function json(arguments, status, input) return harness.json(folder, arguments, { url = url, status = status, input = input }) end
    local function write(name, text) return support.write(folder .. "/" .. name, text) end
    local function users() return support.connect(url, SCHEMA).user:find_many { order_by = { id = "asc" } } end

    before_each(function() folder, url = harness.project(engine, SCHEMA) end)

    describe("push", function()
      it("makes the tables, and does nothing the second time", function()
        assert.equal("✓ The database is as schema.prisma says.\n", ok("db push").out)
        assert.is_true(json("db push").ok)
        assert.equal(0, #users())
      end)

      it("loses no rows without --accept-data-loss", function()
        ok "db push"
        support.connect(url, SCHEMA).user:create { data = { email = "a@example.com", name = "A" } }
        write("schema.prisma", LOSSY)
        local refused = ok("db push", 1)
        assert.truthy(refused.err:find("error P3001", 1, true))
        assert.truthy(refused.err:find("--accept-data-loss", 1, true))
        assert.truthy(json("db push", 1).error.meta.warnings[1]:find("name", 1, true))
        ok "db push --accept-data-loss"
        ok "migrate diff --from-database --to-schema schema.prisma --exit-code"
      end)

      it("drops everything with --force-reset, which says enough where there is nobody to ask", function()
        ok "db push"
        support.connect(url, SCHEMA).user:create { data = { email = "a@example.com" } }
        ok "db push --force-reset"
        assert.equal(0, #users())
        ok "db push --force-reset --force"
      end)
    end)

    describe("pull", function()
      it("prints the schema on stdout alone", function()
        ok "db push"
        local result = ok "db pull --print"
        assert.truthy(result.out:find("model User {", 1, true))
        assert.equal("", result.err)
        assert.is_true(require("rille").validate(result.out))
        assert.truthy(json("db pull --print").schema:find("model User {", 1, true))
      end)

      it("writes what has changed and keeps what people wrote", function()
        write("schema.prisma", "/// People.\n" .. SCHEMA:gsub("model User", "model Person"):gsub("}\n$", "\n  @@map(\"User\")\n}\n"))
        ok "db push"
        support.connect(url, ""):execute_script 'ALTER TABLE "User" ADD COLUMN age INTEGER'
        local result = json "db pull"
        assert.is_true(result.changed)
        local text = harness.read(folder .. "/schema.prisma")
        assert.truthy(text:find("/// People.\nmodel Person {", 1, true))
        assert.truthy(text:find("age", 1, true))
        assert.is_false(json("db pull").changed)
        ok "migrate diff --from-database --to-schema schema.prisma --exit-code"
      end)

      it("forgets what people wrote with --force, but for the settings", function()
        local settings = ('datasource db {\n  provider = "%s"\n  url      = env("DATABASE_URL")\n}\n\n'):format(engine)
        write("schema.prisma", settings .. 'model Person {\n  id Int @id\n\n  @@map("User")\n}\n')
        ok "db push"
        ok "db pull --force"
        local text = harness.read(folder .. "/schema.prisma")
        assert.truthy(text:find("model User {", 1, true))
        assert.truthy(text:find('env("DATABASE_URL")', 1, true))
        assert.falsy(text:find("Person", 1, true))
      end)

      if engine == "postgresql" then
        it("reads the schemas of the database that --schemas names", function()
          ok "db push"
          support.connect(url, ""):execute_script 'CREATE SCHEMA other; CREATE TABLE other.thing (id INTEGER PRIMARY KEY)'
          local text = ok("db pull --print --force --schemas public,other").out
          assert.truthy(text:find("model thing {", 1, true))
          assert.truthy(text:find("model User {", 1, true))
          assert.falsy(ok("db pull --print").out:find("thing", 1, true))
        end)
      end

      describe("of a folder of schemas", function()
        local BASE = ('// settings\ndatasource db {\n  provider = "%s"\n}\n'):format(engine)
        local USER = "/// People\nmodel User {\n  id Int @id\n    name   String // odd form\n  posts Post[]\n}\n"
        local POST = "model Post {\n  id Int @id\n  userId Int\n  user User @relation(fields: [userId], references: [id])\n}\n// tail\n"

        local function read(name) return harness.read(folder .. "/db/" .. name) end

        before_each(function()
          os.execute(("mkdir -p '%s/db/people/deep' '%s/db/.hidden'"):format(folder, folder))
          write("db/base.prisma", BASE)
          write("db/people/deep/user.prisma", USER)
          write("db/post.prisma", POST)
          write("db/.hidden/no.prisma", "no schema")
          ok "db push --schema db"
        end)

        it("touches nothing where nothing is to be done", function()
          assert.equal("✓ db is as the database; nothing changed\n", ok("db pull --schema db").out)
          assert.equal(USER, read "people/deep/user.prisma")
          assert.is_false(json("db pull --schema db").changed)
        end)

        it("changes models where they are, and puts new ones into a file of their own", function()
          support.connect(url, ""):execute_script [[ALTER TABLE "Post" ADD COLUMN more TEXT;
            CREATE TABLE extra (id INTEGER NOT NULL PRIMARY KEY, post INTEGER REFERENCES "Post" (id))]]
          local printed = ok("db pull --schema db --print").out
          assert.matches("^// db/post.prisma\n", printed)
          assert.equal(POST, read "post.prisma")
          local result = json "db pull --schema db"
          assert.same({ "db/post.prisma", "db/introspected.prisma" }, { result.files[1], result.files[2] })
          assert.matches("more +String%?.*// tail", read "post.prisma")
          assert.matches("^model extra {", read "introspected.prisma")
          assert.equal(USER, read "people/deep/user.prisma")
          ok "migrate diff --from-database --to-schema db --exit-code"
          assert.is_false(json("db pull --schema db").changed)
          support.connect(url, ""):execute_script 'CREATE TABLE another (id INTEGER NOT NULL PRIMARY KEY); DROP TABLE extra'
          assert.same({ "db/introspected.prisma", "db/post.prisma" }, rille.json.decode(ok("db pull --schema db --json").out).files)
          assert.matches("^model another {", read "introspected.prisma")
        end)

        it("begins anew with --force, but for the settings", function()
          ok "db pull --schema db --force"
          assert.equal(BASE, read "base.prisma")
          assert.is_false(harness.exists(folder .. "/db/people/deep/user.prisma"))
          assert.matches("model User {.*model Post {", (read("introspected.prisma"):gsub("^(model Post.-\n}\n+)(.*)$", "%2%1")))
          ok "validate --schema db"
        end)

        it("is formatted with its subfolders", function()
          ok "format --schema db"
          assert.matches("\n  name  String // odd form", read "people/deep/user.prisma")
        end)
      end)

      it("writes a schema where there is none, and says when there is no table", function()
        ok "db push"
        os.remove(folder .. "/schema.prisma")
        assert.equal("✓ schema.prisma was written\n", ok("db pull").out)
        ok "validate"
        local empty = support.database(engine)
        if engine == "sqlite" then support.write(empty:sub(6), "") end
        assert.equal("P4001", json("db pull --print --url '" .. empty .. "'", 1).error.code)
      end)
    end)

    describe("seed", function()
      before_each(function() ok "db push" end)

      local LUA = [[
local db = require("rille").connect()
for i = 1, tonumber(arg[1] or 1) do db.user:create { data = { email = i .. "@example.com" } } end
print("made " .. db.user:count())
db:close()
]]

      it("runs seed.lua beside the schema", function()
        write("seed.lua", LUA)
        assert.equal("made 1\n✓ seed.lua has run\n", ok("db seed").out)
      end)

      it("gives arguments on, and opens the database of --url", function()
        write("other.lua", LUA)
        local other = support.database(engine)
        ok("db push --url '" .. other .. "'")
        assert.equal("made 3\n✓ other.lua has run\n", ok("db seed --script other.lua --url '" .. other .. "' -- 3").out)
        assert.equal(0, #users())
      end)

      it("keeps stdout for the document with --json", function()
        write("seed.lua", LUA)
        local result = harness.ok(folder, "db seed --json", { url = url })
        assert.equal("made 1\n", result.err)
        assert.equal('{"ok":true,"script":"seed.lua"}\n', result.out)
      end)

      it("runs seed.sql, and the command that prisma.config.ts names", function()
        os.execute(("mkdir '%s/prisma'"):format(folder))
        write("prisma/seed.sql", [[INSERT INTO "User" (email) VALUES ('sql@example.com');]])
        ok "db seed"
        write("prisma.config.ts", "export default defineConfig({\n  migrations: { seed: 'printf %s \"$DATABASE_URL\" > seen' },\n})\n")
        assert.truthy(ok("db seed").out:find("named in prisma.config.ts", 1, true))
        assert.equal(url, harness.read(folder .. "/seen"))
        harness.ok(folder, "db seed --url 'file:x.db'")
        assert.equal("file:x.db", harness.read(folder .. "/seen"))
        write("prisma.config.ts", "export default { migrations: { seed: 'exit 3' } }\n")
        assert.truthy(ok("db seed", 1).err:find("failed with exit code 3", 1, true))
      end)

      it("says what is wrong", function()
        assert.truthy(ok("db seed", 1).err:find("there is no seed script", 1, true))
        assert.truthy(ok("db seed --script gone.lua", 1).err:find("gone.lua", 1, true))
        write("seed.lua", "error('no luck')")
        assert.truthy(ok("db seed", 1).err:find("seed.lua:1: no luck", 1, true))
        write("seed.lua", "local x = = 1")
        assert.truthy(ok("db seed", 1).err:find("seed.lua:1:", 1, true))
        write("seed.lua", "require('rille').connect().user:create { data = {} }")
        assert.equal("P2012", json("db seed", 1).error.code)
      end)
    end)

    it("execute runs a file or the standard input", function()
      ok "db push"
      write("two.sql", [[INSERT INTO "User" (email) VALUES ('1@example.com'); INSERT INTO "User" (email) VALUES ('2@example.com');]])
      assert.equal("✓ The script has run.\n", ok("db execute --file two.sql").out)
      ok("db execute --stdin", 0, [[UPDATE "User" SET name = 'x; y';]])
      assert.equal(2, #users())
      assert.equal("x; y", users()[2].name)
      assert.truthy(json("db execute --stdin", 1, "SELEC 1").error.code:find "^P2")
      assert.truthy(ok("db execute --file gone.sql", 1).err:find("gone.sql", 1, true))
      os.remove(folder .. "/schema.prisma")
      ok("db execute --stdin", 0, [[DELETE FROM "User";]])
      assert.equal(0, #users())
    end)

    it("backup and restore bring rows back", function()
      ok "db push"
      support.connect(url, SCHEMA).user:create { data = { email = "kept@example.com" } }
      assert.equal("kept.backup", json("db backup kept.backup").file)
      assert.truthy(ok("db backup kept.backup", 1).err:find("--force", 1, true))
      ok "db backup kept.backup --force"
      ok("db execute --stdin", 0, [[DELETE FROM "User";]])
      support.cleanup_clients()
      local refused = ok("db restore kept.backup", 1)
      assert.truthy(refused.err:find("use --force", 1, true))
      assert.equal(0, #users())
      support.cleanup_clients()
      ok "db restore kept.backup --force"
      assert.equal("kept@example.com", users()[1].email)
      support.cleanup_clients()
      local other = support.database(engine)
      ok("db restore kept.backup --url '" .. other .. "'")
      assert.equal("VALIDATION", json("db restore gone.backup --force", 1).error.code)
    end)
  end)
end)
