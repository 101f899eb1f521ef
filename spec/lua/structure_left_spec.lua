-- Keys, indexes and what belongs to a column: what a schema cannot express is left alone, and what did not change is not created again.
local rille = require "rille"
local support = require "support"

local CLIENT = 'generator client {\n  provider = "prisma-client-js"\n}\n'

support.each_engine(function(engine)
  local function text(body) return ('datasource db {\n  provider = "%s"\n}\n'):format(engine) .. body end
  local function difference(url, body) return rille.migrate.diff { from = { url = url }, to = { schema_text = text(body) }, script = true } end
  local function push(url, body, accept) rille.push { url = url, schema_text = text(body), accept_data_loss = accept } end

  local function ask(url, sql)
    local db = rille.connect { url = url, schema_text = "" }
    local ok, found = pcall(db.query_raw, db, sql)
    db:close()
    return assert(ok and found, found)
  end

  local function run(url, sql)
    local db = rille.connect { url = url, schema_text = "" }
    local ok, e = pcall(db.execute_script, db, sql)
    db:close()
    assert(ok, tostring(e))
  end

  -- The foreign keys of the database, each as table(columns)->target(columns).
  local function keys(url)
    if engine == "sqlite" then
      return ask(url, [[SELECT m.name || '(' || group_concat(k."from") || ')->' || k."table" || '(' || group_concat(k."to") || ')' AS key FROM sqlite_master m
        JOIN pragma_foreign_key_list(m.name) k WHERE m.type = 'table' GROUP BY m.name, k.id ORDER BY 1]])
    end
    return ask(url, [[SELECT conrelid::regclass::text || pg_get_constraintdef(oid) AS key FROM pg_constraint WHERE contype = 'f' ORDER BY 1]])
  end

  -- Checks that a pull gives a valid schema that equals the database, and that a push of it changes nothing.
  local function check(url)
    local before, pulled = keys(url), rille.pull { url = url }
    local ok, faults = rille.validate(pulled)
    assert(ok, pulled .. tostring(faults and faults[1].message))
    assert.equal("", rille.migrate.diff { from = { url = url }, to = { schema_text = pulled }, script = true })
    rille.push { url = url, schema_text = pulled }
    assert.same(before, keys(url))
    return pulled
  end

  describe("a foreign key", function()
    local url
    before_each(function() url = support.database(engine) end)

    it("may have its columns in another order than the unique key that it refers to", function()
      push(url, "model A {\n  id Int @id\n  a Int\n  b Int\n  rs B[]\n  @@unique([a, b])\n}\n"
        .. "model B {\n  id Int @id\n  x Int\n  y Int\n  r A @relation(fields: [x, y], references: [b, a])\n}\n")
      assert.matches("references: %[b, a%]", check(url))
    end)

    it("of one-to-one may have them in another order than its own key", function()
      run(url, [[CREATE TABLE a (x integer NOT NULL, y integer NOT NULL, PRIMARY KEY (x, y));
        CREATE TABLE b (id integer NOT NULL PRIMARY KEY, p integer NOT NULL, q integer NOT NULL, UNIQUE (q, p), FOREIGN KEY (p, q) REFERENCES a (x, y))]])
      assert.matches("b +b%?\n", check(url))
    end)

    it("of or to a table without a key is pulled as ignored", function()
      run(url, [[CREATE TABLE a (id integer UNIQUE); CREATE TABLE b (id integer NOT NULL PRIMARY KEY, a integer REFERENCES a (id));
        CREATE TABLE c (n integer, b integer REFERENCES b (id))]])
      local pulled = check(url)
      assert.matches("a_ref +a%? +@relation[^\n]*@ignore", pulled)
      assert.matches("cs +c%[%] +@ignore", pulled)
    end)

    it("of types that a relation cannot have stays", function()
      run(url, engine == "sqlite" and [[CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY);
        CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY, a BIGINT REFERENCES a (id),
        n INTEGER REFERENCES nowhere (id), m INTEGER NOT NULL REFERENCES a (id) ON DELETE SET NULL)]]
        or [[CREATE TABLE a (id integer PRIMARY KEY); CREATE SCHEMA far; CREATE TABLE far.away (id integer PRIMARY KEY);
        CREATE TABLE b (id integer PRIMARY KEY, a bigint REFERENCES a (id), n integer REFERENCES far.away (id))]])
      local pulled = check(url)
      assert.not_matches("@relation", pulled)
      local count = #keys(url)
      rille.push { url = url, schema_text = (pulled:gsub("model b {\n", "model b {\n  more Int @default(1)\n  at DateTime @default(now())\n")) }
      assert.equal(count, #keys(url))
      -- it is dropped with its column
      rille.push { url = url, schema_text = (pulled:gsub("  a +BigInt%?[^\n]*\n", "")), accept_data_loss = true }
      assert.equal(count - 1, #keys(url))
    end)

    if engine == "postgresql" then
      it("is created again only if the index that it depends on is dropped", function()
        local function body(a)
          return "model A {\n  id Int @id\n  n Int\n  m Int " .. a .. "\n  bs B[] @relation(\"id\")\n  cs B[] @relation(\"m\")\n  @@unique([n])\n}\n"
        end
        local B = "model B {\n  id Int @id\n  aId Int\n  a A @relation(\"id\", fields: [aId], references: [id])\n%s}\n"
        push(url, body("@unique"):gsub("  cs[^\n]*\n", "") .. B:format "")
        local script = difference(url, (body("@unique"):gsub("  @@unique%(%[n%]%)\n", ""):gsub("  cs[^\n]*\n", "")) .. B:format "")
        assert.matches('DROP INDEX "A_n_key"', script)
        assert.not_matches("FOREIGN KEY", script)
        assert.not_matches("CONSTRAINT", script)
        -- one that depends on it is
        local with = B:format '  am Int\n  m A @relation("m", fields: [am], references: [m])\n'
        push(url, body "@unique" .. with)
        script = difference(url, (body '@unique(map: "another")') .. with)
        assert.not_matches("FOREIGN KEY", script) -- renamed
        script = difference(url, (body("@unique"):gsub("id Int @id", "id Int @unique"):gsub("m Int @unique", "m Int @id")) .. with)
        assert.matches('B_aId_fkey', script)
        push(url, (body("@unique"):gsub("id Int @id", "id Int @unique"):gsub("m Int @unique", "m Int @id")) .. with)
        assert.equal(2, #keys(url))
      end)

      it("is not changed for a partial unique index created by hand", function()
        local body = CLIENT .. "model A {\n  id Int @id\n  n Int?\n  bs B[]\n}\n"
          .. "model B {\n  id Int @id\n  aId Int\n  a A @relation(fields: [aId], references: [id])\n}\n"
        push(url, body)
        run(url, [[CREATE UNIQUE INDEX by_hand ON "A" (n) WHERE n > 0]])
        assert.equal("", difference(url, body))
        assert.not_matches("FOREIGN KEY", difference(url, (body:gsub("generator.-\n}\n", ""))))
        push(url, body)
        assert.equal(1, ask(url, [[SELECT count(*)::int AS n FROM pg_indexes WHERE indexname = 'by_hand']])[1].n)
      end)
    end
  end)

  describe("an index that the schema cannot express", function()
    local url
    local BODY = CLIENT .. "model A {\n  id Int @id\n  email String @unique\n  name String?\n  @@index([name])\n}\n"
    before_each(function() url = support.database(engine) end)

    local function definition(name)
      return engine == "sqlite" and ask(url, ("SELECT sql AS d FROM sqlite_master WHERE name = '%s'"):format(name))[1].d
        or ask(url, ("SELECT indexdef AS d FROM pg_indexes WHERE indexname = '%s'"):format(name))[1].d
    end

    for what, sql in pairs {
      partial = [[CREATE UNIQUE INDEX "A_email_key" ON "A" (email) WHERE name IS NOT NULL]],
      expression = [[CREATE UNIQUE INDEX "A_email_key" ON "A" (lower(email))]],
    } do
      it("stays under the name of one that it has: " .. what, function()
        push(url, BODY)
        run(url, 'DROP INDEX "A_email_key"; ' .. sql)
        local before = definition "A_email_key"
        assert.equal("", difference(url, BODY))
        push(url, BODY)
        -- a change for which SQLite rebuilds the table
        local after = BODY:gsub("name String%?", 'name String @default("x")\n  n Int?')
        push(url, after)
        assert.equal(before, definition "A_email_key")
        assert.equal("", difference(url, after))
      end)
    end

    it("stays next to one with the same columns", function()
      push(url, BODY)
      run(url, [[CREATE INDEX part ON "A" (name) WHERE name > 'a'; CREATE INDEX part2 ON "A" (name) WHERE name > 'b'; CREATE INDEX expr ON "A" (lower(name))]])
      assert.equal("", difference(url, BODY))
      push(url, BODY)
      for _, name in ipairs { "part", "part2", "expr", "A_name_idx" } do assert.matches("INDEX", definition(name)) end
      local pulled = rille.pull { url = url, schema_text = text(BODY) }
      assert.equal("", rille.migrate.diff { from = { url = url }, to = { schema_text = pulled }, script = true })
    end)

    it("does not prevent a pull of several with the same columns", function()
      run(url, [[CREATE TABLE a (id integer NOT NULL PRIMARY KEY, n integer NOT NULL UNIQUE, m integer); CREATE UNIQUE INDEX a_n_key2 ON a (n);
        CREATE INDEX one ON a (m); CREATE INDEX two ON a (m); CREATE UNIQUE INDEX three ON a (m); CREATE UNIQUE INDEX four ON a (m)]])
      if engine == "sqlite" then run(url, "CREATE UNIQUE INDEX a_n_key ON a (n)") end
      check(url)
      assert.equal(engine == "sqlite" and 6 or 7, engine == "sqlite" and #ask(url, "SELECT 1 FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        or #ask(url, "SELECT 1 FROM pg_indexes WHERE tablename = 'a'"))
    end)
  end)

  if engine == "postgresql" then
    describe("a change of type", function()
      local url
      before_each(function() url = support.database(engine) end)

      for type, limit in pairs { Int = "2147483647", ["Int @db.SmallInt"] = "32767" } do
        it("changes the sequence too: " .. type, function()
          local native = type:match " @db.*" or ""
          push(url, ("model A {\n  id Int @id @default(autoincrement())%s\n  n Int?\n}\n"):format(native))
          run(url, [[INSERT INTO "A" (n) VALUES (1), (2)]])
          local after = "model A {\n  id BigInt @id @default(autoincrement())\n  n Int?\n}\n"
          push(url, after)
          assert.equal("", difference(url, after))
          run(url, ("SELECT setval('\"A_id_seq\"', %s)"):format(limit))
          run(url, [[INSERT INTO "A" (n) VALUES (3)]])
          assert.equal(tonumber(limit) + 1, ask(url, [[SELECT max(id) AS id FROM "A"]])[1].id)
          run(url, [[DELETE FROM "A"; SELECT setval('"A_id_seq"', 5)]])
          local narrow = "model A {\n  id Int @id @default(autoincrement())\n  n Int?\n}\n"
          push(url, narrow)
          run(url, [[INSERT INTO "A" (n) VALUES (4)]])
          assert.same({ { id = 6, type = "integer" } }, ask(url, [[SELECT id,
            (SELECT data_type::text FROM pg_sequences WHERE sequencename = 'A_id_seq') AS type FROM "A"]]))
        end)
      end

      it("changes the sequence of a renamed column too, which keeps its name", function()
        push(url, "model A {\n  id Int @id @default(autoincrement())\n  n Int?\n}\n")
        local after = "/// @renamed-from A\nmodel B {\n  /// @renamed-from id\n  key BigInt @id @default(autoincrement())\n  n Int?\n}\n"
        push(url, after)
        run(url, [[SELECT setval('"A_id_seq"', 2147483647); INSERT INTO "B" (n) VALUES (1)]])
        assert.equal(2147483648, ask(url, [[SELECT key FROM "B"]])[1].key)
      end)

      it("keeps an identity and its numbers", function()
        run(url, [[CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY (START 10) PRIMARY KEY, n int); INSERT INTO a (n) VALUES (1)]])
        local after = "model a {\n  id BigInt @id @default(autoincrement())\n  n Int?\n}\n"
        push(url, after)
        run(url, "INSERT INTO a (n) VALUES (2)")
        assert.same({ { id = 10 }, { id = 11 } }, ask(url, "SELECT id FROM a ORDER BY id"))
        assert.same({ { t = "bigint", i = "a" } }, ask(url, [[SELECT (SELECT data_type::text FROM pg_sequences) AS t, attidentity::text AS i FROM pg_attribute
          WHERE attrelid = 'a'::regclass AND attname = 'id']]))
      end)

      it("keeps defaults, of lists and enums too", function()
        local function body(int, float, s)
          return ("model A {\n  id Int @id\n  n %s @default(7)\n  l %s[] @default([1, 2])\n  f %s @default(1.5)\n  e %s\n"
            .. "  es E[] @default([X])\n}\nenum E {\n  X\n  Y\n%s}\n")
            :format(int, int, float, s, s == "E @default(X)" and "  Z\n" or "")
        end
        push(url, body("Int", "Float", "E @default(X)"))
        run(url, [[INSERT INTO "A" (id) VALUES (1)]])
        local after = body("BigInt", "Decimal", 'String @default("X")')
        push(url, after, true)
        assert.equal("", difference(url, after))
        run(url, [[INSERT INTO "A" (id) VALUES (2)]])
        for _, row in ipairs(ask(url, [[SELECT n::int AS n, l::text AS l, f::float8 AS f, e, es::text AS es FROM "A"]])) do
          assert.same({ n = 7, l = "{1,2}", f = 1.5, e = "X", es = "{X}" }, row)
        end
      end)
    end)

    describe("removed values of an enum", function()
      it("drop the views that use the column, and create them again", function()
        local url = support.database(engine)
        local function body(values)
          return "model A {\n  id Int @id\n  e E @default(X)\n  es E[]\n}\nenum E {\n  " .. table.concat(values, "\n  ") .. "\n}\n"
        end
        push(url, body { "X", "Y", "Z" })
        run(url, [[CREATE VIEW v AS SELECT id, e FROM "A"; CREATE VIEW w AS SELECT id FROM v WHERE e = 'X'; CREATE VIEW only_type AS SELECT 'X'::"E" AS e;
          CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM "A" WHERE 'X' = ANY(es); GRANT SELECT ON v TO PUBLIC;
          CREATE VIEW lists AS SELECT ARRAY['X','Y']::"E"[] AS es; INSERT INTO "A" VALUES (1, 'X', '{X}')]])
        local after = body { "X", "Y" }
        push(url, after)
        assert.equal("", difference(url, after))
        assert.same({ { id = 1, e = "X", p = true } }, ask(url,
          "SELECT w.id, only_type.e::text AS e, has_table_privilege('public', 'v', 'SELECT') AS p FROM w, only_type, m, lists"))
        local e = support.fails("P3001", push, url, body { "X", "W" }, true)
        assert.matches("The view `lists` is in the way: it uses a removed value of the enum `E`", e.meta.warnings[1])
        run(url, "DROP VIEW lists")
        push(url, body { "X", "W" })
        assert.equal(1, #ask(url, "SELECT * FROM v"))
      end)
    end)
  end
end)
