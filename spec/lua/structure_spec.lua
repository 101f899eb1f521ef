-- What a database has and a schema cannot express: it survives a push, makes no difference, and does not prevent a pull.
local rille = require "rille"
local support = require "support"

local function with_source(engine, text, more) return ('datasource db {\n  provider = "%s"\n%s}\n'):format(engine, more or "") .. text end

local function difference(engine, url, text)
  return rille.migrate.diff { from = { url = url }, to = { schema_text = with_source(engine, text) }, script = true }
end

local function with_database(url, work)
  local db = rille.connect { url = url, schema_text = "model Nothing {\n  id Int @id\n}" }
  local results = table.pack(pcall(work, db))
  db:close()
  assert(results[1], results[2])
  return table.unpack(results, 2, results.n)
end

local function rows(url, sql) return with_database(url, function(db) return db:query_raw(sql) end) end
local function run(url, sql) with_database(url, function(db) db:execute_script(sql) end) end
local function push(url, text, accept) rille.push { schema_text = text, url = url, accept_data_loss = accept } end

support.each_engine(function(engine)
  describe("a rename", function()
    local url
    before_each(function() url = support.database(engine) end)

    it("of a model keeps its rows, keys, indexes and relations", function()
      push(url, [[
model User {
  id Int @id @default(autoincrement())
  email String @unique
  age Int
  posts Post[]
  tags Tag[]
  @@index([age])
}
model Post {
  id Int @id
  userId Int
  user User @relation(fields: [userId], references: [id])
}
model Tag {
  id Int @id
  users User[]
}]])
      run(url, [[INSERT INTO "User" (id, email, age) VALUES (1, 'a', 3); INSERT INTO "Post" VALUES (7, 1); INSERT INTO "Tag" VALUES (5);
        INSERT INTO "_TagToUser" VALUES (5, 1)]])
      local after = [[
/// @renamed-from User
model Person {
  id Int @id @default(autoincrement())
  email String @unique
  /// @renamed-from age
  years BigInt
  posts Post[]
  tags Tag[]
  @@index([years])
}
model Post {
  id Int @id
  /// @renamed-from userId
  personId Int
  person Person @relation(fields: [personId], references: [id])
}
model Tag {
  id Int @id
  users Person[]
}]]
      push(url, after)
      assert.equal("", difference(engine, url, after))
      assert.same({ { id = 1, email = "a", years = 3 } }, rows(url, [[SELECT id, email, CAST(years AS INTEGER) AS years FROM "Person"]]))
      assert.same({ { personId = 1 } }, rows(url, [[SELECT "personId" FROM "Post"]]))
      assert.same({ { A = 1, B = 5 } }, rows(url, [[SELECT * FROM "_PersonToTag"]])) -- the sides change places with the names in the alphabet
      push(url, after)
      local pulled = rille.pull { url = url }
      assert.not_matches("map: ", pulled)
    end)

    it("frees its name for another one", function()
      push(url, "model A {\n  id Int @id\n  a String?\n  b String?\n}\nmodel B {\n  id Int @id\n  n Int?\n}")
      run(url, [[INSERT INTO "A" VALUES (1, 'was a', 'was b'); INSERT INTO "B" VALUES (2, 3)]])
      local after = [[
/// @renamed-from A
model B {
  id Int @id
  /// @renamed-from a
  b String?
  /// @renamed-from b
  c String?
}
/// @renamed-from B
model C {
  id Int @id
  n Int?
}]]
      push(url, after)
      assert.same({ { id = 1, b = "was a", c = "was b" } }, rows(url, [[SELECT id, b, c FROM "B"]]))
      assert.same({ { id = 2, n = 3 } }, rows(url, [[SELECT id, n FROM "C"]]))
      assert.equal("", difference(engine, url, after))
      push(url, after)
      assert.same({ { b = "was a" } }, rows(url, [[SELECT b FROM "B"]]))
    end)

    it("swaps two names if only that fits", function()
      push(url, "model A {\n  id Int @id\n  a String?\n  b Int?\n}")
      run(url, [[INSERT INTO "A" VALUES (1, 'text', 5)]])
      local after = "model A {\n  id Int @id\n  /// @renamed-from b\n  a Int?\n  /// @renamed-from a\n  b String?\n}"
      push(url, after)
      assert.same({ { a = 5, b = "text" } }, rows(url, [[SELECT a, b FROM "A"]]))
      assert.equal("", difference(engine, url, after))
      push(url, after)
      assert.same({ { a = 5, b = "text" } }, rows(url, [[SELECT a, b FROM "A"]]))
    end)

    it("in a circle is rejected, except for two fields", function()
      local one = "model A {\n  id Int @id\n  e E\n  x Int\n  y Int\n  z Int\n}\nmodel B {\n  id Int @id\n}\nenum E {\n  P\n  Q\n  R\n}"
      push(url, one)
      for _, change in ipairs {
        { "model ([AB]) ", function(name) return ("/// @renamed-from %s\nmodel %s "):format(name == "A" and "B" or "A", name) end, "models" },
        { "  ([PQ])\n", function(name) return ("  /// @renamed-from %s\n  %s\n"):format(name == "P" and "Q" or "P", name) end, "values of an enum" },
        { "  ([PQR])\n", function(name)
          return ("  /// @renamed-from %s\n  %s\n"):format(({ P = "Q", Q = "R", R = "P" })[name], name)
        end, "values of an enum" },
        { "  ([xyz]) Int", function(name) return ("  /// @renamed-from %s\n  %s Int"):format(({ x = "y", y = "z", z = "x" })[name], name) end, "fields" },
      } do
        local text = with_source(engine, (one:gsub(change[1], change[2])))
        local e = support.fails("VALIDATION", rille.push, { schema_text = text, url = url })
        assert.truthy(e.message:find(change[3] .. " form a circle", 1, true), e.message)
        support.fails("VALIDATION", rille.migrate.diff, { from = { schema_text = with_source(engine, one) }, to = { schema_text = text } })
        assert.equal("string", type(rille.migrate.diff { from = { empty = true }, to = { schema_text = text }, script = true }))
      end
    end)

    it("between two schemas swaps two names once", function()
      local before = with_source(engine, "model A {\n  id Int @id\n  a Int?\n  b Int?\n}")
      local after = with_source(engine, "model A {\n  id Int @id\n  /// @renamed-from b\n  a Int?\n  /// @renamed-from a\n  b Int?\n}")
      assert.equal(3, #rille.migrate.diff { from = { schema_text = before }, to = { schema_text = after } })
      assert.equal("", rille.migrate.diff { from = { schema_text = after }, to = { schema_text = after }, script = true })
    end)

    it("of a value changes the rows and the default, also together with the field and the model", function()
      push(url, "model A {\n  id Int @id\n  e E @default(X)\n}\nenum E {\n  X\n  Y\n  Z\n}")
      run(url, [[INSERT INTO "A" (id) VALUES (1); INSERT INTO "A" (id, e) VALUES (2, 'Y')]])
      local after = "/// @renamed-from A\nmodel B {\n  id Int @id\n  /// @renamed-from e\n  f E @default(XX)\n}\n"
        .. "enum E {\n  /// @renamed-from X\n  XX\n  /// @renamed-from Y\n  YY\n  Z\n}"
      push(url, after)
      assert.same({ { f = "XX" }, { f = "YY" } }, rows(url, [[SELECT CAST(f AS TEXT) AS f FROM "B" ORDER BY id]]))
      assert.equal("", difference(engine, url, after))
      local db = support.connect(url, after)
      assert.equal("XX", db.b:create({ data = { id = 3 } }).f)
      assert.equal(1, db.b:count { where = { f = "YY" } })
    end)

    it("works together with a change of the type", function()
      push(url, "model A {\n  id Int @id\n  n Int\n  @@index([n])\n}")
      run(url, [[INSERT INTO "A" VALUES (1, 42)]])
      local after = "model A {\n  id Int @id\n  /// @renamed-from n\n  text String\n  @@index([text])\n}"
      push(url, after, true)
      assert.equal("", difference(engine, url, after))
      assert.same({ { text = "42" } }, rows(url, [[SELECT text FROM "A"]]))
    end)
  end)

  describe("what a change would lose", function()
    local function warnings(before, after, sql)
      local url = support.database(engine)
      push(url, before)
      run(url, sql)
      local e = support.fails("P3001", rille.push, { schema_text = after, url = url })
      return table.concat(e.meta.warnings, "\n"), url
    end

    it("is counted for values of an enum that are in use", function()
      local text, url = warnings("model A {\n  id Int @id\n  e E\n}\nenum E {\n  X\n  Y\n  Z\n}",
        "model A {\n  id Int @id\n  e E\n}\nenum E {\n  /// @renamed-from X\n  XX\n  Z\n}",
        [[INSERT INTO "A" VALUES (1, 'X'), (2, 'Y'), (3, 'Y')]])
      assert.matches("%[Y%].*2 rows", text)
      run(url, [[UPDATE "A" SET e = 'Z' WHERE e = 'Y']])
      push(url, "model A {\n  id Int @id\n  e E\n}\nenum E {\n  /// @renamed-from X\n  XX\n  Z\n}")
      assert.same({ { e = "XX" }, { e = "Z" }, { e = "Z" } }, rows(url, [[SELECT CAST(e AS TEXT) AS e FROM "A" ORDER BY id]]))
    end)

    it("is counted for narrower types, required fields, duplicates, columns and tables", function()
      local text = warnings("model A {\n  id Int @id\n  n BigInt?\n  o Int?\n  u Int?\n  gone String?\n}\nmodel B {\n  id Int @id\n}",
        "model A {\n  id Int @id\n  n Int?\n  o Int\n  u Int? @unique\n  r Int\n}",
        [[INSERT INTO "A" (id, n, o, u, gone) VALUES (1, 5, 1, 3, 'x'), (2, NULL, NULL, 3, NULL); INSERT INTO "B" VALUES (1)]])
      assert.matches("`n` on the `A` table, which contains 1 non%-null values", text)
      assert.matches("`o` on table `A` required, but there are 1 existing NULL", text)
      assert.matches("`%[u%]`.*1 values", text)
      assert.matches("`gone` on the `A` table, which still contains 1 non%-null", text)
      assert.matches("required column `r`.*2 rows", text)
      assert.matches("`B` table, which is not empty %(1 rows%)", text)
    end)

    it("is nothing if there are no rows", function()
      local url = support.database(engine)
      push(url, "model A {\n  id Int @id\n  n BigInt?\n  gone String?\n  e E\n}\nmodel B {\n  id Int @id\n}\nenum E {\n  X\n  Y\n}")
      push(url, "model A {\n  id Int @id\n  n Int\n  r Int @unique\n  e E\n}\nenum E {\n  X\n}")
    end)
  end)

  describe("views", function()
    local BASE = "model A {\n  id Int @id\n  n Int\n  note String?\n}\n"
    local VIEW = "view Big {\n  id Int\n  n Int\n}\n"
    local url
    before_each(function()
      url = support.database(engine)
      push(url, BASE)
      run(url, [[CREATE VIEW "Big" AS SELECT id, n FROM "A" WHERE n > 10; CREATE VIEW "Bigger" AS SELECT id FROM "Big" WHERE n > 100;
        INSERT INTO "A" VALUES (1, 5, 'x'), (2, 50, 'y'), (3, 500, 'z')]])
    end)

    it("make no difference, whether a schema names them or not", function()
      assert.equal("", difference(engine, url, BASE))
      assert.equal("", difference(engine, url, BASE .. VIEW))
      assert.equal("", difference(engine, url, BASE .. VIEW .. "view Missing {\n  id Int\n}\n"))
      push(url, BASE .. VIEW)
      local db = support.connect(url, BASE .. VIEW)
      assert.equal(2, #db.big:find_many {})
    end)

    it("are pulled as view blocks, and keep what people wrote", function()
      local pulled = rille.pull { url = url }
      assert.matches("view Big {\n  id +Int%?\n  n +Int%?\n}", pulled)
      assert.matches("view Bigger {", pulled)
      local known = with_source(engine, BASE .. "\n/// The big ones\nview Big {\n  id Int @unique // by hand\n  n  Int\n}\n\nview Bigger {\n  id Int\n}\n")
      assert.equal(rille.format(known), rille.pull { url = url, schema_text = known })
    end)

    it("survive a rebuild and changes of what they do not use", function()
      local after = BASE:gsub("note String%?", 'note String @default("-")\n  more Int?'):gsub("Int @id", "Int @id\n  again Int?")
      run(url, [[UPDATE "A" SET note = '-' WHERE note IS NULL]])
      push(url, after)
      assert.equal("", difference(engine, url, after))
      assert.same({ { id = 3 } }, rows(url, [[SELECT id FROM "Bigger"]]))
    end)

    it("are created again if a column gets another type", function()
      local after = BASE:gsub("n Int", "n BigInt")
      push(url, after)
      assert.equal("", difference(engine, url, after))
      assert.same({ { id = 3 } }, rows(url, [[SELECT id FROM "Bigger"]]))
    end)

    it("follow renames", function()
      local after = "/// @renamed-from A\nmodel B {\n  id Int @id\n  /// @renamed-from n\n  m Int\n  note String?\n}\n"
      -- SQLite renames the view's column too, and refuses what would break another view, naming it
      if engine == "sqlite" then
        assert.matches("view Bigger", tostring(support.fails("P2039", rille.push, { schema_text = after, url = url })))
        run(url, [[DROP VIEW "Bigger"]])
      end
      push(url, after)
      assert.equal(2, #rows(url, [[SELECT id FROM "Big"]]))
    end)

    it("stop a push that would break them, and are named", function()
      for _, after in ipairs { "model A {\n  id Int @id\n  note String?\n}\n", "model C {\n  id Int @id\n}\n" } do
        local e = support.fails("P3001", rille.push, { schema_text = after, url = url, accept_data_loss = true })
        assert.matches("view `Big`", table.concat(e.meta.warnings, "\n"))
        assert.equal(3, #rows(url, [[SELECT n FROM "A"]]))
      end
      run(url, [[DROP VIEW "Bigger"; DROP VIEW "Big"]])
      push(url, "model C {\n  id Int @id\n}\n", true)
    end)
  end)

  describe("a pull with a known schema", function()
    it("keeps its blocks, lines, comments, order and relations, and changes what differs", function()
      local url = support.database(engine)
      local known = with_source(engine, [[
// settings above
generator client {
  provider = "prisma-client-js" // theirs
}

// second, but first
model Zebra {
  name String @id // a name
  // the owner
  owner Owner? @relation(fields: [ownerId], references: [id]) // by key

  /// who
  ownerId Int? @map("owner_id")
  hidden String? @ignore

  // keys
  @@index([ownerId], map: "by_owner")
  @@map("zebras")
}

/// An owner
model Owner {
  // counts
  id Int @id @default(autoincrement())
  key String @default(cuid())
  touched DateTime @updatedAt
  zebras Zebra[] // all
}
// the end
]])
      rille.push { schema_text = known, url = url }
      assert.equal(rille.format(known), rille.pull { url = url, schema_text = known })
      run(url, [[ALTER TABLE zebras ADD COLUMN stripes INTEGER; CREATE TABLE extra (id INTEGER NOT NULL PRIMARY KEY);
        ALTER TABLE "Owner" DROP COLUMN key]])
      local pulled = rille.pull { url = url, schema_text = known }
      for _, kept in ipairs { "// settings above\n", "// theirs\n", "// second, but first\nmodel Zebra {\n", "// a name\n", "// the owner\n",
        "// by key\n", "/// who\n", 'hidden +String%? +@ignore\n', "// keys\n", 'map: "by_owner"', "/// An owner\nmodel Owner", "// counts\n",
        "touched +DateTime +@updatedAt", "// all\n", "stripes +Int%?\n", "model extra {", "// the end" } do
        assert.matches(kept, pulled)
      end
      assert.not_matches("cuid", pulled)
      assert.is_true(pulled:find("model Zebra", 1, true) < pulled:find("model Owner", 1, true))
      assert.equal("", rille.migrate.diff { from = { url = url }, to = { schema_text = pulled }, script = true })
      assert.equal(pulled, rille.pull { url = url, schema_text = pulled })
    end)

    it("keeps relations without foreign keys as long as the other model exists", function()
      local url = support.database(engine)
      local text = "model A {\n  id Int  @id\n  bs B[]\n}\n\nmodel B {\n  id  Int @id\n  aId Int\n  a   A   @relation(fields: [aId], references: [id])\n}\n"
      local known = rille.format(with_source(engine, text, '  relationMode = "prisma"\n'))
      rille.push { schema_text = known, url = url }
      assert.equal(known, rille.pull { url = url, schema_text = known })
      run(url, [[DROP TABLE "B"]])
      assert.not_matches("B", rille.pull { url = url, schema_text = known })
    end)
  end)
end)

describe("on SQLite", function()
  after_each(support.cleanup)

  it("a rebuilt table keeps generated columns, collations, checks, triggers and indexes that a schema cannot express", function()
    local url = support.database "sqlite"
    run(url, [[CREATE TABLE "A" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL CHECK (n > 0), t TEXT COLLATE NOCASE,
        twice INTEGER GENERATED ALWAYS AS (n * 2) STORED, more INT AS (n + 1), gone INTEGER, CONSTRAINT "odd" CHECK (gone IS NULL OR gone > 1));
      CREATE INDEX expr ON "A" (lower(t)); CREATE INDEX some ON "A" (n) WHERE n > 5; CREATE INDEX colled ON "A" (t COLLATE RTRIM);
      CREATE TABLE "Log" (n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT);
      CREATE TRIGGER noting AFTER INSERT ON "A" BEGIN INSERT INTO "Log" (n) VALUES (new.n); END;
      INSERT INTO "A" (n, t, gone) VALUES (7, 'Abc', 2)]])
    local generator = 'generator client {\n  provider = "prisma-client-js"\n}\n'
    local log = "model Log {\n  n Int @id @default(autoincrement())\n}\n"
    local before = generator .. "model A {\n  id Int @id @default(autoincrement())\n  n Int\n  t String?\n  gone Int?\n}\n" .. log
    assert.equal("", difference("sqlite", url, before))
    assert.matches('DROP INDEX "some"', difference("sqlite", url, (before:gsub("generator.-}\n", "", 1))))
    local after = generator .. "model A {\n  id Int @id @default(autoincrement())\n  /// @renamed-from n\n  m Int\n  t String?\n"
      .. "  extra String @default(\"x\")\n}\n" .. log
    push(url, after, true)
    assert.equal("", difference("sqlite", url, after))
    run(url, [[INSERT INTO "A" (m, t) VALUES (8, 'x')]])
    assert.same({ { m = 7, t = "Abc", twice = 14, more = 8, extra = "x" } }, rows(url, [[SELECT m, t, twice, more, extra FROM "A" WHERE t = 'ABC']]))
    assert.same({ { n = 7 }, { n = 8 } }, rows(url, [[SELECT n FROM "Log" ORDER BY n]]))
    assert.is_false((pcall(run, url, [[INSERT INTO "A" (m) VALUES (-2)]])))
    assert.same({ { name = "colled" }, { name = "expr" }, { name = "some" } },
      rows(url, [[SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'A' AND sql IS NOT NULL ORDER BY 1]]))
  end)

  it("WITHOUT ROWID, STRICT and virtual tables are left alone", function()
    local url = support.database "sqlite"
    run(url, [[CREATE TABLE w (id INTEGER NOT NULL PRIMARY KEY, n INTEGER) WITHOUT ROWID; CREATE TABLE s (id INT NOT NULL PRIMARY KEY, n INT) STRICT;
      CREATE VIRTUAL TABLE f USING fts5(body)]])
    local pulled = rille.pull { url = url }
    assert.not_matches("model f", pulled)
    assert.equal("", rille.migrate.diff { from = { url = url }, to = { schema_text = pulled }, script = true })
    local after = "model w {\n  id Int @id\n  n Int @default(3)\n}\nmodel s {\n  id Int @id\n  n Int @default(4)\n}\nmodel f {\n  body String @id\n}\n"
    push(url, after)
    local kept = rows(url, [[SELECT sql FROM sqlite_master WHERE name IN ('w', 's') ORDER BY name]])
    assert.matches("STRICT$", kept[1].sql)
    assert.matches("WITHOUT ROWID$", kept[2].sql)
  end)

  it("true and false as numbers, another name of the clock and JSON null mean the same as for Prisma", function()
    local url = support.database "sqlite"
    run(url, [[CREATE TABLE "A" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, b BOOLEAN NOT NULL DEFAULT 1, d DATETIME NOT NULL DEFAULT (datetime('now')),
      j JSONB NOT NULL DEFAULT null)]])
    local text = 'model A {\n  id Int      @id @default(autoincrement())\n  b  Boolean  @default(true)\n  d  DateTime @default(now())\n'
      .. '  j  Json     @default("null")\n}\n'
    assert.equal("", difference("sqlite", url, text))
    assert.matches(text:gsub("%p", "%%%0"), rille.pull { url = url })
  end)

  it("a broken view does not prevent reading a database", function()
    local url = support.database "sqlite"
    run(url, [[CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT); CREATE VIEW v AS SELECT x FROM nowhere]])
    assert.equal("", difference("sqlite", url, "model a {\n  id Int @id\n}\n"))
    push(url, "model a {\n  id Int @id\n  n Int @default(1)\n}\n")
  end)
end)

if support.server then
  describe("on PostgreSQL", function()
    after_each(support.cleanup)

    local ODD = [[
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text);
CREATE TYPE color AS ENUM ('red', 'dark blue', '3');
CREATE SEQUENCE own_numbers START 100 INCREMENT 5;
CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int CHECK (n > 0), d positive, c pair, e color DEFAULT 'dark blue',
  gen int GENERATED ALWAYS AS (n * 2) STORED, seq int DEFAULT nextval('own_numbers'), t text, u text, CONSTRAINT tu CHECK (t <> u));
COMMENT ON TABLE a IS 'the a table'; COMMENT ON COLUMN a.n IS 'a number';
CREATE INDEX a_expr ON a (lower(t)); CREATE INDEX a_part ON a (n) WHERE n > 5; CREATE UNIQUE INDEX a_incl ON a (u) INCLUDE (n);
CREATE UNIQUE INDEX a_nnd ON a (d) NULLS NOT DISTINCT; CREATE INDEX a_ops ON a (t text_pattern_ops);
CREATE TABLE ex (id bigserial PRIMARY KEY, r int4range, EXCLUDE USING gist (r WITH &&));
CREATE TABLE part (id int, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE ofpart (id int PRIMARY KEY, a int, b date, FOREIGN KEY (a, b) REFERENCES part ON DELETE SET NULL ON UPDATE CASCADE);
CREATE TABLE child (extra text) INHERITS (a);
CREATE TABLE rls (id int PRIMARY KEY, o text); ALTER TABLE rls ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON rls USING (o = current_user);
CREATE TABLE nokey (x int, y text);
CREATE TABLE late (id int PRIMARY KEY, aid int REFERENCES a DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE lists (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), a text[] DEFAULT '{x,"y \"z"}', b int[] DEFAULT ARRAY[1,2],
  c bytea DEFAULT '\x0102', d color[] DEFAULT '{red}', e text[] NOT NULL DEFAULT '{"a,b",c}', g interval, h tsvector, i timestamptz, j varchar);
CREATE VIEW v AS SELECT id, n FROM a; CREATE MATERIALIZED VIEW mv AS SELECT count(*) AS c FROM a;
CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER away FOREIGN DATA WRAPPER nothing; CREATE FOREIGN TABLE far (id int) SERVER away;
]]

    it("what a schema cannot express is read, pulled and makes no difference", function()
      local url = support.database "postgresql"
      run(url, ODD)
      local pulled = rille.pull { url = url }
      assert.equal("", rille.migrate.diff { from = { url = url }, to = { schema_text = pulled }, script = true })
      rille.push { url = url, schema_text = pulled }
      for _, wanted in ipairs { "/// the a table\nmodel a {", "/// a number\n", "d +Int%? +@unique%(map: \"a_nnd\"%)", 'c +Unsupported%("pair"%)%?',
        "@default%(dark_blue%)", 'gen +Int%? +@default%(dbgenerated%("n %* 2"%)%)', "seq +Int%? +@default%(autoincrement%(%)%)",
        'ops: raw%("text_pattern_ops"%)', 'Unsupported%("int4range"%)', "model part {", "model child {.-@@ignore", "@@ignore",
          'b +Int%[%] +@default%(%[1, 2%]%)',
        'c +Bytes%? +@default%("AQI="%)', "@default%(%[red%]%)", '@default%(%["a,b", "c"%]%)', "@db%.Timestamptz%(6%)", "view v {", "view mv {\n"
          .. "  c +BigInt%?" } do
        assert.matches(wanted, pulled)
      end
      for _, other in ipairs { "part1", "far", "a_expr", "a_incl" } do assert.not_matches(other, pulled) end
    end)

    it("and survives a push that changes the tables around it", function()
      local url = support.database "postgresql"
      run(url, ODD)
      local pulled = rille.pull { url = url }
      local after = pulled:gsub("model rls {\n", "model rls {\n  added Int @default(1)\n"):gsub("model late {\n", "model late {\n  added Int?\n")
        :gsub("model lists {\n", "model lists {\n  added Int?\n")
      rille.push { url = url, schema_text = after }
      assert.equal("", rille.migrate.diff { from = { url = url }, to = { schema_text = after }, script = true })
      local left = rows(url, [[SELECT count(*)::int AS n FROM pg_indexes WHERE indexname IN ('a_expr', 'a_part', 'a_incl', 'a_nnd', 'a_ops')
        UNION ALL SELECT count(*)::int FROM pg_constraint WHERE contype IN ('c', 'x')
          AND conname IN ('a_n_check', 'tu', 'ex_r_excl') AND conrelid IN ('a'::regclass, 'ex'::regclass)
        UNION ALL SELECT count(*)::int FROM pg_policies]])
      assert.same({ { n = 5 }, { n = 3 }, { n = 1 } }, left)
    end)

    it("a table in another schema is not created", function()
      local url = support.database "postgresql"
      run(url, "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER away FOREIGN DATA WRAPPER nothing; CREATE FOREIGN TABLE far (id int) SERVER away")
      assert.equal("", difference("postgresql", url, "model far {\n  id Int @id\n}\n"))
    end)

    it("materialized views are created again with their indexes, comments and privileges", function()
      local url = support.database "postgresql"
      push(url, "model A {\n  id Int @id\n  n Int\n}\n")
      run(url, [[CREATE MATERIALIZED VIEW mv AS SELECT n, count(*) AS c FROM "A" GROUP BY n; CREATE UNIQUE INDEX mv_n ON mv (n);
        COMMENT ON MATERIALIZED VIEW mv IS 'it''s counted'; CREATE VIEW top WITH (security_barrier = true) AS SELECT n FROM mv;
        GRANT SELECT ON top TO PUBLIC; INSERT INTO "A" VALUES (1, 5)]])
      push(url, "model A {\n  id Int @id\n  n BigInt\n}\n")
      assert.same({ { c = 1 } }, rows(url, [[SELECT c::int AS c FROM mv]]))
      assert.same({ { d = "it's counted", i = 1, o = "security_barrier=true", p = true } }, rows(url, [[SELECT obj_description('mv'::regclass, 'pg_class') AS d,
        (SELECT count(*)::int FROM pg_indexes WHERE indexname = 'mv_n') AS i, (SELECT reloptions[1] FROM pg_class WHERE relname = 'top') AS o,
        has_table_privilege('public', 'top', 'SELECT') AS p]]))
    end)

    it("views are created again with their triggers, rules and defaults", function()
      local url = support.database "postgresql"
      push(url, "model A {\n  id Int @id\n  n Int\n}\n")
      run(url, [[CREATE VIEW ruled AS SELECT id, n FROM "A"; CREATE RULE keep AS ON INSERT TO ruled DO INSTEAD INSERT INTO "A" VALUES (NEW.id, NEW.n);
        ALTER VIEW ruled ALTER COLUMN n SET DEFAULT 7; CREATE VIEW guarded AS SELECT id, n FROM "A";
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO "A" VALUES (NEW.id, -1); RETURN NULL; END $$;
        CREATE TRIGGER g INSTEAD OF INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION f()]])
      push(url, "model A {\n  id Int @id\n  n BigInt\n}\n")
      run(url, "INSERT INTO ruled (id) VALUES (1); INSERT INTO guarded VALUES (2, 2)")
      assert.same({ { n = 7 }, { n = -1 } }, rows(url, 'SELECT n::int AS n FROM "A" ORDER BY id'))
    end)

    it("the named schemas are read", function()
      local url = support.database "postgresql"
      run(url, [[CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.a (id int PRIMARY KEY); CREATE TYPE two.kind AS ENUM ('X');
        CREATE TABLE two.a (id int PRIMARY KEY, one_id int REFERENCES one.a, kind two.kind); CREATE TABLE b (id int PRIMARY KEY)]])
      local pulled = rille.pull { url = url, schemas = { "one", "two" } }
      assert.matches('schemas += %["one", "two"%]', pulled)
      assert.matches('@@schema%("two"%)', pulled)
      assert.not_matches("model b", pulled)
      assert.equal("", rille.migrate.diff { from = { url = url }, to = { schema_text = pulled }, script = true })
      local more = rille.pull { url = url, schema_text = pulled, schemas = { "one", "two", "public" } }
      assert.matches('schemas += %["one", "two", "public"%]', more)
      assert.matches("model b {", more)
      assert.equal("", rille.migrate.diff { from = { url = url }, to = { schema_text = more }, script = true })
      support.fails("VALIDATION", rille.pull, { url = url, schemas = "one" })
      support.fails("VALIDATION", rille.pull, { url = url, schemas = { 1 } })
    end)

    it("partial indexes are left alone if Prisma leaves them alone", function()
      local url = support.database "postgresql"
      run(url, [[CREATE TABLE a (id int PRIMARY KEY, n int); CREATE INDEX partly ON a (n) WHERE n > 5]])
      local text, client = "model a {\n  id Int @id\n  n Int?\n}\n", 'generator client {\n  provider = "prisma-client-js"\n%s}\n'
      assert.equal("", difference("postgresql", url, client:format "" .. text))
      assert.matches("DROP INDEX", difference("postgresql", url, client:format '  previewFeatures = ["partialIndexes"]\n' .. text))
      assert.matches("DROP INDEX", difference("postgresql", url, text))
    end)
  end)
end
