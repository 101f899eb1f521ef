-- Push to a database with content, the difference between two sources, and the schema of a live database.
local rille = require "rille"
local support = require "support"

local function with_source(engine, text, more) return ('datasource db {\n  provider = "%s"\n%s}\n'):format(engine, more or "") .. text end

local function difference(url, text) return rille.migrate.diff { from = { url = url }, to = { schema_text = text }, script = true } end

local function rows(url, sql)
  local db = rille.connect { url = url, schema_text = "model Nothing {\n  id Int @id\n}" }
  local found = db:query_raw(sql)
  db:close()
  return found
end

local function run(url, ...)
  local db = rille.connect { url = url, schema_text = "model Nothing {\n  id Int @id\n}" }
  for _, sql in ipairs { ... } do db:execute_raw(sql) end
  db:close()
end

-- Pushes, and pulls without and with the known schema: always the same.
local function round_trip(engine, url, text)
  rille.push { schema_text = text, url = url, reset = true }
  assert.equal("", difference(url, text))
  assert.equal("", rille.migrate.diff { from = { schema_text = text }, to = { url = url }, script = true })
  local ok, pulled = pcall(rille.pull, { url = url })
  if not ok then return assert(rille.is(pulled, "P4001") and engine, tostring(pulled)) end
  local rest = difference(url, pulled)
  assert(rest == "", pulled .. rest)
  local again = rille.pull { url = url, schema_text = text }
  rest = difference(url, again)
  assert(rest == "", again .. rest)
  assert.equal(again, rille.pull { url = url, schema_text = again })
  return pulled, again
end

local PEOPLE = [[
/// A person
model User {
  id Int @id @default(autoincrement())
  email String @unique
  /// how they are called
  name String?
  ok Boolean @default(true)
  big BigInt @default(9007199254740993)
  ratio Float @default(-0.5)
  price Decimal @default(1.50)
  at DateTime @default(now())
  born DateTime @default("2020-01-01T00:00:00Z")
  meta Json @default("{\"a\":[1,2]}")
  quoted String @default("it's \"so\" \\")
  raw Bytes?
  posts Post[]
  edited Post[] @relation("edits")
  friends User[] @relation("friends")
  friendOf User[] @relation("friends")
  updated DateTime @updatedAt
  @@index([name, email])
  @@map("users")
}
model Post {
  id String @id @default(cuid())
  authorId Int @map("author_id")
  author User @relation(fields: [authorId], references: [id], onDelete: Cascade)
  editorId Int?
  editor User? @relation("edits", fields: [editorId], references: [id], onUpdate: NoAction)
  labels Label[]
  detail Detail?
  @@unique([authorId, id], map: "own")
}
model Detail {
  a Int
  b String
  post Post @relation(fields: [b], references: [id])
  @@id([a, b])
  @@unique([b])
}
model Label {
  id Int @id
  posts Post[]
}
]]

local NATIVE = [[
model Everything {
  id BigInt @id @default(autoincrement())
  a String @db.VarChar(40)
  b String @db.Char(3)
  c String @default(dbgenerated("gen_random_uuid()")) @db.Uuid
  d String @db.Xml
  e String @db.Inet
  f String @db.Bit(3)
  g String @db.VarBit
  h Int @db.SmallInt
  i Int @db.Oid
  j Float @db.Real
  k Decimal @db.Decimal(10, 2)
  l Decimal @db.Money
  m DateTime @db.Timestamptz(6)
  n DateTime @db.Date
  o DateTime @db.Time(0)
  p DateTime @db.Timetz
  q Json @db.Json
  r String[] @default(["a", "b'c"])
  s Role[]
  t Role @default(ADMIN)
  u Unsupported("point")?
  v Bytes @default("AQID")
  w DateTime @default("2020-01-01T10:00:00Z") @db.Timestamptz(3)
  x Int[] @default([])
  y Json
  @@index([y(ops: JsonbPathOps)], type: Gin)
  @@index([a(sort: Desc), b])
  @@index([h], type: Hash)
  @@unique([k], where: raw("h > 3 AND a <> 'x'"), map: "some_only")
}
enum Role {
  USER
  ADMIN @map("the admin")
  @@map("user_role")
}
]]

describe("rille.migrate.diff", function()
  it("reports wrong arguments", function()
    support.fails("VALIDATION", rille.migrate.diff, { from = {}, to = { empty = true } })
    support.fails("VALIDATION", rille.migrate.diff, { from = { empty = true, url = "file:x.db" }, to = { empty = true } })
    support.fails("VALIDATION", rille.migrate.diff, { from = { nothing = true }, to = { empty = true } })
    support.fails("P1012", rille.migrate.diff, { from = { empty = true }, to = { schema_text = "model A {\n  id Int @id\n}" } })
    support.fails("P1012", rille.migrate.diff, {
      from = { schema_text = with_source("sqlite", "model A {\n  id Int @id\n}") },
      to = { schema_text = with_source("postgresql", "model A {\n  id Int @id\n}") },
    })
  end)

  it("returns steps and a script", function()
    local a = with_source("postgresql", "model A {\n  id Int @id\n  n Int\n}\n")
    local b = with_source("postgresql", "model A {\n  id Int @id\n  n String?\n  m Int @default(1)\n  @@index([m])\n}\n")
    local steps = rille.migrate.diff { from = { schema_text = a }, to = { schema_text = b } }
    assert.equal(2, #steps)
    assert.same({ kind = "alter_table", subject = "A", changes = "change column n: type INTEGER to TEXT, required to optional\nadd column m",
      sql = 'ALTER TABLE "A" ADD COLUMN     "m" INTEGER NOT NULL DEFAULT 1,\n'
      .. 'ALTER COLUMN "n" DROP NOT NULL,\nALTER COLUMN "n" SET DATA TYPE TEXT' }, steps[1])
    assert.equal('CREATE INDEX "A_m_idx" ON "A"("m")', steps[2].sql)
    assert.same({
      { { kind = "alter_column", name = "n", text = "change column n: type INTEGER to TEXT, required to optional" },
        { kind = "add_column", name = "m", text = "add column m" } },
      { { kind = "add_index", name = "A_m_idx", text = "index A_m_idx (m)" } },
    }, steps.facts.changes)
    assert.same({}, steps.facts.warnings)
    assert.equal("", rille.migrate.diff { from = { schema_text = a }, to = { schema_text = a }, script = true })
    local script = rille.migrate.diff { from = { schema_text = b }, to = { empty = true }, script = true }
    local drops = rille.migrate.diff { from = { schema_text = b }, to = { empty = true } }
    assert.same({ { kind = "drop_table", table = "A", blocks = false, text = drops.warnings[1] } }, drops.facts.warnings)
    assert.matches("Warnings:.*drop the `A` table.*%-%- DropTable\nDROP TABLE \"A\";", script)
  end)
end)

support.each_engine(function(engine)
  describe("a push", function()
    it("changes nothing if nothing differs, and pulls the same schema", function()
      local pulled, again = round_trip(engine, support.database(engine), with_source(engine, PEOPLE))
      assert.matches("onDelete: Cascade", pulled)
      assert.matches("labels +Label%[%]", pulled)
      assert.matches("/// A person\nmodel User {", again)
      assert.matches("authorId +Int +@map%(\"author_id\"%)", again)
      assert.matches("@updatedAt", again)
      assert.matches("friendOf", again)
    end)

    it("keeps rows, indexes and keys of what stays", function()
      local url = support.database(engine)
      local before = [[
model User {
  id Int @id @default(autoincrement())
  email String @unique
  age Int?
  posts Post[]
}
model Post {
  id Int @id
  title String
  userId Int
  user User @relation(fields: [userId], references: [id], onDelete: Cascade)
  @@index([title])
}]]
      local after = before:gsub("age Int%?", "age Int @default(7)\n  note String?"):gsub("title String", "title String?")
      rille.push { schema_text = before, url = url }
      local db = support.connect(url, before)
      db.user:create { data = { email = "a", posts = { create = { { id = 1, title = "t" }, { id = 2, title = "u" } } } } }
      db.user:create { data = { email = "b", age = 3 } }
      db:close()
      local e = engine == "postgresql" and support.fails("P3001", rille.push, { schema_text = after, url = url })
      if e then
        assert.matches("1 existing NULL", e.meta.warnings[1])
        run(url, [[UPDATE "User" SET age = 7 WHERE age IS NULL]])
      end
      rille.push { schema_text = after, url = url }
      assert.equal("", difference(url, with_source(engine, after)))
      assert.same({ { email = "a", age = 7 }, { email = "b", age = 3 } }, rows(url, [[SELECT email, age FROM "User" ORDER BY id]]))
      db = support.connect(url, after)
      support.fails("P2002", function() db.user:create { data = { email = "a" } } end)
      support.fails("P2003", function() db.post:create { data = { id = 3, userId = 99 } } end)
      assert.is_true(db.user:create({ data = { email = "c" } }).id > 2)
      db.user:delete { where = { email = "a" } }
      assert.equal(0, db.post:count())
    end)

    it("reports what would be lost, with the number of rows, and does it when allowed", function()
      local url = support.database(engine)
      local before = "model A {\n  id Int @id\n  n String?\n}\nmodel B {\n  id Int @id\n}\n"
      rille.push { schema_text = before, url = url }
      run(url, [[INSERT INTO "A" VALUES (1, 'x'), (2, NULL), (3, 'x')]], [[INSERT INTO "B" VALUES (1), (2)]])
      local after = "model A {\n  id Int @id\n}\n"
      local e = support.fails("P3001", rille.push, { schema_text = after, url = url })
      assert.equal(2, #e.meta.warnings)
      assert.matches("column `n` on the `A` table, which still contains 2 non%-null values", table.concat(e.meta.warnings, "\n"))
      assert.matches("`B` table, which is not empty %(2 rows%)", table.concat(e.meta.warnings, "\n"))
      assert.equal("", difference(url, with_source(engine, before)))
      local impossible = before:gsub("n String%?", "n String? @unique\n  r Int")
      e = support.fails("P3001", rille.push, { schema_text = impossible, url = url, accept_data_loss = true })
      assert.matches("required column `r`.*There are 3 rows", table.concat(e.meta.warnings, "\n"))
      assert.matches("`%[n%]`.*cannot be added: 1 values", table.concat(e.meta.warnings, "\n"))
      rille.push { schema_text = after, url = url, accept_data_loss = true }
      assert.equal("", difference(url, with_source(engine, after)))
      assert.equal(3, #rows(url, [[SELECT id FROM "A"]]))
    end)

    it("counts the duplicates of a new key", function()
      local url = support.database(engine)
      rille.push { schema_text = "model A {\n  id Int @id\n  n Int\n  m Int\n}\n", url = url }
      run(url, [[INSERT INTO "A" VALUES (1, 1, 1), (2, 1, 2)]])
      local e = support.fails("P3001", rille.push, { schema_text = "model A {\n  id Int\n  n Int @id\n  m Int\n}\n", url = url })
      assert.same({ "A unique constraint covering the columns `[n]` on the table `A` cannot be added: 1 values exist more than once." }, e.meta.warnings)
      rille.push { schema_text = "model A {\n  id Int\n  n Int\n  m Int @id\n}\n", url = url }
      assert.equal(2, #rows(url, [[SELECT m FROM "A"]]))
    end)

    it("renames if a doc comment says so", function()
      local url = support.database(engine)
      rille.push { schema_text = "model Old {\n  id Int @id\n  was String\n  kids Kid[]\n  @@index([was])\n}\n"
        .. "model Kid {\n  id Int @id\n  oldId Int\n  old Old @relation(fields: [oldId], references: [id])\n}", url = url }
      run(url, [[INSERT INTO "Old" VALUES (1, 'x')]], [[INSERT INTO "Kid" VALUES (1, 1)]])
      local after = "/// @renamed-from Old\nmodel Now {\n  id Int @id\n  /// @renamed-from was\n  is String\n  kids Kid[]\n  @@index([is])\n}\n"
        .. "model Kid {\n  id Int @id\n  /// @renamed-from oldId\n  nowId Int\n  now Now @relation(fields: [nowId], references: [id])\n}"
      rille.push { schema_text = after, url = url }
      assert.equal("", difference(url, with_source(engine, after)))
      assert.same({ { id = 1, is = "x" } }, rows(url, [[SELECT id, "is" FROM "Now"]]))
      assert.same({ { nowId = 1 } }, rows(url, [[SELECT "nowId" FROM "Kid"]]))
    end)

    it("leaves alone what a schema cannot express", function()
      local url = support.database(engine)
      local schema = "model A {\n  id Int @id\n  n Int\n}\n"
      rille.push { schema_text = schema, url = url }
      run(url, [[CREATE INDEX by_expression ON "A" (abs(n))]], [[CREATE VIEW seen AS SELECT id FROM "A"]],
        [[CREATE TABLE "_prisma_migrations" (id INTEGER)]])
      assert.equal("", difference(url, with_source(engine, schema)))
      local more = "model A {\n  id Int @id\n  n Int?\n  m Int @default(3)\n}\n"
      rille.push { schema_text = more, url = url }
      assert.equal("", difference(url, with_source(engine, more)))
      run(url, [[DROP INDEX by_expression]], [[DROP VIEW seen]], [[DROP TABLE "_prisma_migrations"]])
    end)
  end)

  describe("a pull", function()
    it("of an empty database fails", function()
      local url = support.database(engine)
      support.fails("P4001", rille.pull, { url = url })
      support.fails("VALIDATION", rille.pull, {})
    end)

    it("gives names that a schema can have", function()
      local url = support.database(engine)
      run(url, [[CREATE TABLE "odd table" ("the id" INTEGER PRIMARY KEY NOT NULL, "1st" TEXT, "_x" TEXT)]],
        [[CREATE TABLE "no key" (n INTEGER)]])
      local pulled = rille.pull { url = url }
      assert.matches("model odd_table {", pulled)
      assert.matches("the_id +Int .*@map%(\"the id\"%)", pulled)
      assert.matches("st +String%? +@map%(\"1st\"%)", pulled)
      assert.matches("@@map%(\"odd table\"%)", pulled)
      assert.matches("@@ignore", pulled)
      assert.equal("", difference(url, pulled))
    end)
  end)

  local cases = os.getenv "RILLE_CONFORMANCE"
  if cases and cases ~= "" then
    it("gives back every schema of the conformance suite", function()
      local url, seen = support.database(engine), {}
      for line in io.lines(cases) do
        local case = rille.json.decode(line)
        local here = false
        for _, provider in ipairs(case.providers) do here = here or provider == engine end
        if here and not seen[case.schema] then
          seen[case.schema] = true
          local mode = case.relation_mode and ('  relationMode = "%s"\n'):format(case.relation_mode) or ""
          round_trip(engine, url, case.schema:find "datasource" and case.schema or with_source(engine, case.schema, mode))
        end
      end
    end)
  end
end)

if support.server then
  describe("on PostgreSQL", function()
    after_each(support.cleanup)

    it("all native types, defaults and indexes are pulled as pushed", function()
      round_trip("postgresql", support.database "postgresql", with_source("postgresql", NATIVE))
    end)

    it("several database schemas are pulled as pushed", function()
      local text = with_source("postgresql", [[
model A {
  id Int @id
  kind Kind
  bs B[]
  @@schema("one")
}
model B {
  id Int @id
  aId Int
  a A @relation(fields: [aId], references: [id])
  @@schema("two")
}
enum Kind {
  X
  Y
  @@schema("two")
}
]], '  schemas = ["one", "two"]\n')
      local url = support.database "postgresql"
      rille.push { schema_text = text, url = url }
      assert.equal("", difference(url, text))
      local pulled = rille.pull { url = url, schema_text = text }
      assert.equal("", difference(url, pulled))
      assert.matches('@@schema%("two"%)', pulled)
    end)

    it("enums grow, shrink and are renamed with their rows", function()
      local url = support.database "postgresql"
      local function schema(values, default, name)
        return ("model A {\n  id Int @id\n  e %s @default(%s)\n}\n%s\n}"):format(name or "E", default, values)
      end
      rille.push { schema_text = schema("enum E {\n  A\n  B\n  C", "A"), url = url }
      run(url, [[INSERT INTO "A" (id) VALUES (1)]], [[INSERT INTO "A" (id, e) VALUES (2, 'B')]])
      local grown = schema("enum E {\n  A\n  B\n  C\n  D", "D")
      rille.push { schema_text = grown, url = url }
      assert.equal("", difference(url, with_source("postgresql", grown)))
      local e = support.fails("P3001", rille.push, { schema_text = schema("enum E {\n  A\n  D", "A"), url = url, accept_data_loss = true })
      assert.matches("%[B,C%].*1 rows", e.meta.warnings[1])
      local renamed = schema("/// @renamed-from E\nenum F {\n  A\n  /// @renamed-from B\n  BB\n  C\n  D", "BB", "F")
      rille.push { schema_text = renamed, url = url }
      assert.equal("", difference(url, with_source("postgresql", renamed)))
      assert.same({ { e = "A" }, { e = "BB" } }, rows(url, [[SELECT e::text AS e FROM "A" ORDER BY id]]))
      local shrunk = schema("enum F {\n  A\n  BB", "A", "F")
      rille.push { schema_text = shrunk, url = url }
      assert.equal("", difference(url, with_source("postgresql", shrunk)))
    end)

    it("values that another type makes equal are counted before they get a key", function()
      local cases = {
        { "Float", "Int", "1.2", "1.4", doubles = true }, { "Float", "Int", "0.5", "1" }, { "Int", "Float", "1", "2" },
        { "Decimal @db.Decimal(10, 3)", "Decimal @db.Decimal(10, 2)", "1.211", "1.212", doubles = true },
        { "String", "String @db.Citext", "'a'", "'A'", doubles = true }, { "BigInt", "Int", "5", "6" },
        { "DateTime", "DateTime @db.Timestamp(0)", "'2020-01-01 10:00:00.1'", "'2020-01-01 10:00:00.2'", doubles = true },
        { "DateTime", "DateTime @db.Date", "'2020-01-01 10:00'", "'2020-01-01 11:00'", doubles = true },
      }
      for _, case in ipairs(cases) do
        for _, before in ipairs { "", "@unique" } do
          local url, model = support.database "postgresql", "model A {\n  id Int @id\n  v %s %s\n}\n"
          run(url, "CREATE EXTENSION citext")
          rille.push { schema_text = model:format(case[1], before), url = url }
          run(url, ([[INSERT INTO "A" VALUES (1, %s), (2, %s)]]):format(case[3], case[4]))
          local wanted = { schema_text = model:format(case[2], "@unique"), url = url, accept_data_loss = true }
          if case.doubles then
            assert.matches("`%[v%]` on the table `A` cannot be added: 1 values", support.fails("P3001", rille.push, wanted).message)
          else
            rille.push(wanted)
          end
        end
      end
    end)

    it("fractions of a second that another type cannot store are reported as a loss", function()
      local url, model = support.database "postgresql", "model A {\n  id Int @id\n  v DateTime @db.%s\n}\n"
      rille.push { schema_text = model:format "Timestamp(3)", url = url }
      run(url, [[INSERT INTO "A" VALUES (1, '2020-01-01 10:00:00.123')]])
      rille.push { schema_text = model:format "Timestamptz(6)", url = url }
      local e = support.fails("P3001", rille.push, { schema_text = model:format "Timestamptz(0)", url = url })
      assert.matches("which contains 1 non%-null values", e.message)
    end)

    it("a sequence starts after the existing rows, and is dropped with the column's default", function()
      local url = support.database "postgresql"
      local plain, counting = "model A {\n  id Int @id\n}\n", "model A {\n  id Int @id @default(autoincrement())\n}\n"
      rille.push { schema_text = plain, url = url }
      run(url, [[INSERT INTO "A" VALUES (5)]])
      rille.push { schema_text = counting, url = url }
      assert.equal("", difference(url, with_source("postgresql", counting)))
      assert.equal(6, support.connect(url, counting).a:create({ data = {} }).id)
      rille.push { schema_text = plain, url = url }
      assert.equal("", difference(url, with_source("postgresql", plain)))
    end)
  end)
end

describe("on SQLite", function()
  after_each(support.cleanup)

  it("a rebuilt table keeps its checks and triggers, and the rows that refer to it", function()
    local url = support.database "sqlite"
    run(url, [[CREATE TABLE "A" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL, CONSTRAINT positive CHECK (n > 0))]],
      [[CREATE TABLE "Log" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL)]],
      [[CREATE TRIGGER noting AFTER INSERT ON "A" BEGIN INSERT INTO "Log" (n) VALUES (new.n); END]],
      [[INSERT INTO "A" (n) VALUES (1)]])
    local schema = "model A {\n  id Int @id @default(autoincrement())\n  n Int?\n}\nmodel Log {\n  id Int @id @default(autoincrement())\n  n Int\n}\n"
    rille.push { schema_text = schema, url = url }
    assert.equal("", difference(url, with_source("sqlite", schema)))
    run(url, [[INSERT INTO "A" (n) VALUES (2)]])
    assert.same({ { n = 1 }, { n = 2 } }, rows(url, [[SELECT n FROM "Log" ORDER BY id]]))
    assert.is_false((pcall(run, url, [[INSERT INTO "A" (n) VALUES (-2)]])))
  end)

  it("a rebuilt table does not repeat numbers of AUTOINCREMENT", function()
    local url, model = support.database "sqlite", "model A {\n  id Int @id @default(autoincrement())\n  n Int%s\n}\n"
    rille.push { schema_text = model:format "?", url = url }
    run(url, [[INSERT INTO "A" (id) VALUES (7)]], [[DELETE FROM "A"]])
    rille.push { schema_text = model:format " @default(5)", url = url }
    assert.equal(8, support.connect(url, model:format " @default(5)").a:create({ data = {} }).id)
  end)
end)
