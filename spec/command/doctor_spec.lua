-- `rille doctor`: what it finds, on both databases; and its reading of a log of queries.
local harness = require "command.harness"
local support = require "support"

local SCHEMA = [[
model User {
  id    Int     @id @default(autoincrement())
  email String  @unique
  name  String?
  posts Post[]
}

model Post {
  id       Int    @id @default(autoincrement())
  title    String
  author   User   @relation(fields: [authorId], references: [id])
  authorId Int
}
]]
local INDEXED = SCHEMA:gsub("  authorId Int\n", "  authorId Int\n\n  @@index([authorId])\n")

support.each_engine(function(engine)
  describe("rille doctor", function()
    local folder, url

    local function json(arguments, status) return harness.json(folder, "doctor " .. (arguments or ""), { url = url, status = status }) end
    local function of(document, check)
      local found = {}
      for _, item in ipairs(document.findings) do
        if item.check == check then found[#found + 1] = item end
      end
      return found
    end

    before_each(function() folder, url = harness.project(engine, SCHEMA) end)

    it("is content with what is well", function()
      support.write(folder .. "/schema.prisma", INDEXED)
      harness.ok(folder, "migrate dev --name init", { url = url })
      local document = json()
      assert.same({ true, 0, 0 }, { document.ok, document.errors, document.warnings })
      assert.equal("number", type(of(document, "connection")[1].latency_ms))
      assert.truthy(of(document, "migrations")[1].message:find("1 applied", 1, true))
      assert.truthy(harness.ok(folder, "doctor", { url = url }).out:find("\nAll is well.\n", 1, true))
    end)

    it("finds foreign keys without an index", function()
      harness.ok(folder, "db push", { url = url })
      local found = of(json(), "indexes")
      assert.equal(1, #found)
      assert.same({ "warning", "Post", "authorId" }, { found[1].status, found[1].table, found[1].columns[1] })
      assert.truthy(harness.ok(folder, "doctor", { url = url }).out:find("@@index([authorId])", 1, true))
    end)

    it("knows the indexes that serve a key of two columns, and partial ones that do not", function()
      local db = support.connect(url, "")
      harness.ok(folder, "db push", { url = url })
      db:execute_script [[
CREATE TABLE parent (a INTEGER, b INTEGER, PRIMARY KEY (a, b));
CREATE TABLE served (x INTEGER, y INTEGER, z INTEGER, FOREIGN KEY (x, y) REFERENCES parent (a, b));
CREATE INDEX served_by ON served (y, x, z);
CREATE TABLE unserved (x INTEGER, y INTEGER, z INTEGER, FOREIGN KEY (x, y) REFERENCES parent (a, b));
CREATE INDEX partial ON unserved (x, y) WHERE z = 1;
CREATE INDEX other ON unserved (x, z, y);]]
      local tables = {}
      for _, item in ipairs(of(json(), "indexes")) do tables[#tables + 1] = item.table end
      table.sort(tables)
      assert.same({ "Post", "unserved" }, tables)
    end)

    it("advises in the names of the schema", function()
      local mapped = SCHEMA:gsub("  authorId Int\n", "  authorId Int @map(\"author_id\")\n\n  @@map(\"posts\")\n")
      support.write(folder .. "/schema.prisma", mapped)
      harness.ok(folder, "db push", { url = url })
      local found = of(json(), "indexes")[1]
      assert.same({ "posts", "author_id", "in model Post: @@index([authorId])" }, { found.table, found.columns[1], found.advice })
    end)

    if engine == "postgresql" then
      it("looks into all schemas of the project", function()
        local text = SCHEMA:gsub("\n}", "\n\n  @@schema(\"shop\")\n}")
        support.write(folder .. "/schema.prisma", 'datasource db {\n  provider = "postgresql"\n  schemas  = ["shop"]\n}\n' .. text)
        harness.ok(folder, "db push", { url = url })
        assert.equal("in model Post: @@index([authorId])", of(json(), "indexes")[1].advice)
      end)
    end

    it("finds pending and failed migrations, and drift", function()
      harness.ok(folder, "migrate dev --name init", { url = url })
      support.write(folder .. "/schema.prisma", (SCHEMA:gsub("name  String%?", "name  String?\n  age   Int?")))
      harness.ok(folder, "migrate dev --name age --create-only", { url = url })
      local document = json()
      assert.equal("1 pending", of(document, "migrations")[1].message)
      assert.equal("warning", of(document, "drift")[1].status)
      local name = "20990101000000_broken"
      os.execute(("mkdir '%s/migrations/%s'"):format(folder, name))
      support.write(folder .. "/migrations/" .. name .. "/migration.sql", "INSERT INTO nothing VALUES (1);")
      harness.ok(folder, "migrate deploy", { url = url, status = 1 })
      document = json("", 1)
      assert.is_false(document.ok)
      assert.equal("error", of(document, "migrations")[1].status)
    end)

    it("tells what keeps it from looking", function()
      local missing = engine == "sqlite" and "file:./gone.db" or url:gsub("/[^/]*$", "/gone")
      local document = json("--url '" .. missing .. "'", 1)
      assert.equal("P1003", of(document, "connection")[1].code)
      support.write(folder .. "/schema.prisma", "model A {\n  id Intt @id\n}\n")
      assert.equal("P1012", of(json("", 1), "schema")[1].code)
      assert.truthy(harness.ok(folder, "doctor --log gone", { url = url, status = 1 }).err:find("gone", 1, true))
    end)

    describe("with a log of queries", function()
      -- The log of a program that reads the posts of each user in a loop, and asks for what no index serves.
      local function record(path)
        local db = require("rille").connect { schema_text = INDEXED, url = url }
        local file = assert(io.open(path, "w"))
        for i = 1, 8 do db.user:create { data = { email = i .. "@example.com", posts = { create = { { title = "T" .. i } } } } } end
        db:on("query", function(event) file:write(require("rille").json.encode(event), "\n") end)
        for _, user in ipairs(db.user:find_many()) do db.post:find_many { where = { authorId = user.id } } end
        db.user:find_many { where = { name = "x" } }
        db.user:find_unique { where = { email = "1@example.com" } }
        db.post:find_many()
        file:close()
        db:close()
      end

      it("finds loops and what no index serves", function()
        support.write(folder .. "/schema.prisma", INDEXED)
        harness.ok(folder, "db push", { url = url })
        record(folder .. "/log")
        local document = json "--log log"
        local loops, scans = of(document, "n+1"), of(document, "log")
        assert.equal(1, #loops)
        assert.same({ 8, "Post", "find_many" }, { loops[1].times, loops[1].model, loops[1].action })
        assert.equal(1, #scans)
        assert.same({ "User", "name" }, { scans[1].table, table.concat(scans[1].columns, ",") })
      end)

      it("advises no ordinary index for what is searched by a pattern, nor columns that a join has already", function()
        support.write(folder .. "/schema.prisma", INDEXED)
        harness.ok(folder, "db push", { url = url })
        local db = require("rille").connect { schema_text = INDEXED, url = url }
        local file = assert(io.open(folder .. "/log", "w"))
        db:on("query", function(event) file:write(require("rille").json.encode(event), "\n") end)
        db.post:find_many { where = { title = { contains = "x" } } }
        db.post:find_many { where = { author = { name = "x" } } }
        file:close()
        db:close()
        local scans = of(json "--log log", "log")
        if engine == "sqlite" then return assert.equal("ok", scans[1].status) end
        assert.equal(2, #scans)
        assert.truthy(scans[1].advice:find("gin_trgm_ops", 1, true))
        assert.equal("in model User: @@index([name])", scans[2].advice)
        local schema = INDEXED:gsub("@@index%(%[authorId%]%)", (scans[1].advice:match "@@index%b()":gsub("%%", "%%%%")))
        support.write(folder .. "/schema.prisma", schema)
        harness.ok(folder, "validate --url " .. url)
      end)

      it("is content with a program that does well, and takes what the client has found itself", function()
        support.write(folder .. "/schema.prisma", INDEXED)
        harness.ok(folder, "db push", { url = url })
        support.write(folder .. "/log", 'noise\n{"event":"query","sql":"SELECT 1"}\n')
        local document = json "--log log"
        assert.equal(0, document.warnings)
        assert.truthy(of(document, "log")[1].message:find("1 statements, 1 lines skipped", 1, true))
        support.write(folder .. "/log", ('{"event":"query","sql":"SELECT 1 WHERE 1 = $1","params":[1]}\n'):rep(20))
        assert.equal(0, #of(json "--log log", "n+1"))
        support.write(folder .. "/log", '{"event":"n_plus_one","message":"N+1: Post.find_many","place":"app.lua:3","count":11,"shape":"{}"}\n')
        assert.equal("app.lua:3", of(json "--log log", "n+1")[1].site)
        support.write(folder .. "/log", "nothing of it\n")
        assert.equal("error", of(json("--log log", 1), "log")[1].status)
      end)
    end)
  end)
end)

describe("rille doctor", function()
  after_each(support.cleanup)

  it("has advice on the URL of a server", function()
    if not support.server then return pending "needs a server" end
    local folder = support.folder()
    support.write(folder .. "/schema.prisma", SCHEMA)
    local url = support.database "postgresql"
    local document = harness.json(folder, "doctor --url '" .. url .. "?connection_limit=1'")
    local found
    for _, item in ipairs(document.findings) do
      if item.check == "url" then found = item end
    end
    assert.equal("warning", found.status)
    assert.truthy(found.message:find("connection_limit=1", 1, true))
  end)
end)
