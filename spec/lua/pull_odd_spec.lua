-- What ordinary databases have and a schema expresses in another way, or not at all: each pull gives a valid schema that equals the database.
local rille = require "rille"
local support = require "support"

support.each_engine(function(engine)
  describe("a pull", function()
    local url
    before_each(function() url = support.database(engine) end)

    -- Creates the database, and returns its schema after all checks.
    local function pull(sql)
      local db = rille.connect { url = url, schema_text = "" }
      local made, e = pcall(db.execute_script, db, sql)
      db:close()
      assert(made, tostring(e))
      local text = rille.pull { url = url }
      local ok, faults = rille.validate(text)
      assert(ok, text .. tostring(faults and faults[1].message))
      assert.equal("", rille.migrate.diff { from = { url = url }, to = { schema_text = text }, script = true })
      rille.push { url = url, schema_text = text }
      assert.equal(text, rille.pull { url = url, schema_text = text })
      return text
    end

    it("gives different names to tables and columns that collide after renaming", function()
      local text = pull [[CREATE TABLE "a b" (id integer NOT NULL PRIMARY KEY, "x y" text, x_y text, "x-y" text, "1x" text, x text, "class" text);
        CREATE TABLE a_b (id integer NOT NULL PRIMARY KEY);
        CREATE TABLE "_a_b" (id integer NOT NULL PRIMARY KEY); CREATE TABLE "a-b" (id integer NOT NULL PRIMARY KEY);
        CREATE TABLE "class" (id integer NOT NULL PRIMARY KEY); CREATE TABLE "String" (id integer NOT NULL PRIMARY KEY);
        CREATE TABLE "12" (id integer NOT NULL PRIMARY KEY)]]
      for _, wanted in ipairs { 'model a_b {', '@@map%("a b"%)', '@@map%("_a_b"%)', 'model Renamedclass {', 'model RenamedString {',
        '  class +String%?\n', '@map%("1x"%)' } do
        assert.matches(wanted, text)
      end
      local db = support.connect(url, text)
      assert.equal(1, db.Renamedclass:create({ data = { id = 1 } }).id)
    end)

    it("names a compound key that would have the name of a field", function()
      local text = pull [[CREATE TABLE b (id integer NOT NULL PRIMARY KEY);
        CREATE TABLE t (a text NOT NULL, b text NOT NULL, c text NOT NULL, a_b text, b_c integer REFERENCES b(id), PRIMARY KEY (a, b), UNIQUE (b, c));
        CREATE UNIQUE INDEX t_c_a ON t (c, a); CREATE TABLE c_a (id integer NOT NULL PRIMARY KEY, a text, c text, FOREIGN KEY (c, a) REFERENCES t(c, a))]]
      assert.matches('@@id%(%[a, b%], name: "a_b_key"', text)
      assert.matches('@@unique%(%[b, c%], name: "b_c_key"', text)
      local db = support.connect(url, text)
      db.t:create { data = { a = "1", b = "2", c = "3" } }
      assert.equal("3", db.t:find_unique({ where = { a_b_key = { a = "1", b = "2" } } }).c)
    end)

    it("writes each default that a schema can express, and the others as SQL", function()
      local text = pull(engine == "sqlite" and [[CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INT DEFAULT (1+1),
          b TEXT DEFAULT ('x' || 'y'), c TEXT DEFAULT "quoted",
          d INT DEFAULT 99999999999, e INT DEFAULT 'abc', f JSON DEFAULT 'no json', n JSON DEFAULT '{"a": 1}',
          g DATETIME DEFAULT '2020-01-01', h TEXT DEFAULT (lower('A')),
          i BLOB DEFAULT x'00ff',
          j DATE DEFAULT CURRENT_DATE, k REAL DEFAULT .5, l INT DEFAULT -5, m TEXT DEFAULT 'it''s')]]
        or [[CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT (1 + 1), b text DEFAULT ('x' || 'y'), g timestamp DEFAULT '2020-01-01',
          h text DEFAULT lower('A'),
          j date DEFAULT CURRENT_DATE, k float8 DEFAULT 'NaN', l int DEFAULT -5, m text DEFAULT 'it''s',
          n text[] DEFAULT '{NULL}', o timestamptz DEFAULT 'infinity')]])
      if engine == "sqlite" then assert.matches('n +Json%? +@default%("{\\"a\\": 1}"%)', text) end
      assert.matches("a +Int%? +@default%(dbgenerated%(", text)
      assert.matches("l +Int%? +@default%(%-5%)", text)
      -- a rebuilt table keeps them
      local after = text:gsub("model t {\n", "model t {\n  added DateTime @default(now())\n")
      rille.push { url = url, schema_text = after }
      local db = support.connect(url, "")
      db:execute_script "INSERT INTO t (id) VALUES (1)"
      local row = db:query_raw("SELECT a, b, h, l, m FROM t")[1]
      assert.same({ a = 2, b = "xy", h = "a", l = -5, m = "it's" }, row)
    end)

    if engine == "sqlite" then
      it("treats keys without NOT NULL as required", function()
        local text = pull [[CREATE TABLE a (name TEXT PRIMARY KEY, n INT); CREATE TABLE b (x INT, y VARCHAR(10), PRIMARY KEY (x, y));
          CREATE TABLE c (id INTEGER PRIMARY KEY, a TEXT REFERENCES a)]]
        assert.matches("name +String +@id", text)
        assert.matches("@@id%(%[x, y%]%)", text)
        local db = support.connect(url, text)
        db.a:create { data = { name = "one" } }
        assert.equal("one", db.a:find_unique({ where = { name = "one" } }).name)
        rille.push { url = url, schema_text = (text:gsub("n +Int%?", "n Int? @unique\n  at DateTime @default(now())")) }
        assert.equal(1, db:query_raw("SELECT count(*) AS n FROM a")[1].n)
      end)
    else
      it("names labels of enums, and leaves out an empty one, which stays in the database", function()
        local text = pull [[CREATE TYPE e AS ENUM ('', 'a b', 'a_b', 'a-b', '3', 'true', 'é', 'x"y', 'it''s', 'back\slash');
          CREATE TYPE "class" AS ENUM ('one');
          CREATE TABLE t (id int PRIMARY KEY, e e DEFAULT '', f e DEFAULT 'a b', g e[] DEFAULT '{a-b}', h "class", a_b int)]]
        assert.matches("// Left out, because a schema cannot express it: an empty value", text)
        assert.matches("enum Renamedclass {", text)
        assert.matches('f +e%? +@default%(a_b%)', text)
        local db = support.connect(url, text)
        assert.equal("a_b", db.t:create({ data = { id = 1 }, select = { f = true } }).f)
        -- others may go
        rille.push { url = url, schema_text = (text:gsub('\n  it_s[^\n]*', "")) }
        assert.same({ { n = 9 } }, db:query_raw "SELECT count(*)::int AS n FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid WHERE typname = 'e'")
      end)

      it("takes time proportional to the number of labels", function()
        local labels = {}
        for i = 1, 200 do labels[i] = ("'%d %s'"):format(i, ("x"):rep(i % 7)) end
        assert.matches('@map%("200 xxxx"%)', pull("CREATE TYPE e AS ENUM (" .. table.concat(labels, ", ") .. "); CREATE TABLE t (id int PRIMARY KEY, e e)"))
      end)
    end
  end)
end)
