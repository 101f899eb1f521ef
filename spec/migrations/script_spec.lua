-- Scripts: what runs in one transaction and what does not, foreign keys while SQLite rebuilds tables, and directives at the head.
local core = require "rille.core"
local folders = require "support.folders"
local migrations = require "rille.migrations"
local rille = require "rille"
local support = require "support"

local A, B, C = "20260101000000_a", "20260102000000_b", "20260103000000_c"

local function deploy(url, dir) return rille.migrate.deploy { url = url, migrations = dir }.applied end

local function entry(url, dir, name)
  for _, e in ipairs(rille.migrate.status { url = url, migrations = dir }.migrations) do
    if e.name == name then return e end
  end
end

describe("a script", function()
  support.each_engine(function(engine)
    local url
    before_each(function() url = support.database(engine) end)
    local function rows(sql) return folders.raw(url):query_raw(sql) end
    local function tables()
      local names = {}
      local sql = engine == "sqlite" and "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name"
        or "SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_%' ORDER BY 1"
      for i, r in ipairs(rows(sql)) do names[i] = r.name end
      return names
    end

    it("is split where the database would split it", function()
      local text = engine == "postgresql" and [[
CREATE TABLE a (t TEXT); /* ; /* ; */ ; */
INSERT INTO a VALUES (E'it\'s;'), ($a$;$b$a$), ($é$;$é$), (E'x'
-- ;
'\';');
INSERT INTO a SELECT ';' AS a$b$c$; -- ;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2 $$;
nonsense;]] or [[
CREATE TABLE a (t TEXT, [;] TEXT, `;;` TEXT); /* ; /* ; */
INSERT INTO a (t) VALUES ('it''s;'), (';\'),

('$a$'), ('x');
INSERT INTO a (t) SELECT ';' AS a$b$c$; -- ;
CREATE TRIGGER f AFTER INSERT ON a BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; SELECT /*/ ; */ 2; END;
nonsense;]]
      local dir = folders.make { [A] = "-- rille: no-transaction\n" .. text }
      local e = support.fails("P3018", deploy, url, dir)
      assert.equal(8, e.meta.line)
      assert.equal("nonsense", e.meta.statement)
      assert.equal(4, entry(url, dir, A).steps)
      assert.equal(5, #rows "SELECT t FROM a")
    end)

    it("without a transaction counts its statements, and keeps those before a failure", function()
      local dir = folders.make { [A] = "-- rille: no-transaction\nCREATE TABLE a (id INTEGER);\nCREATE TABLE b (id INTEGER);\nnonsense;\n"
        .. "CREATE TABLE c (id INTEGER);" }
      local e = support.fails("P3018", deploy, url, dir)
      assert.equal(4, e.meta.line)
      assert.same({ "a", "b" }, tables())
      local failed = entry(url, dir, A)
      assert.equal(2, failed.steps)
      assert.equal("failed", failed.state)
      assert.is_nil(failed.logs:find("nothing of it", 1, true))
      rille.migrate.resolve { url = url, migrations = dir, rolled_back = A }
      folders.add(dir, A, "-- rille: no-transaction\nCREATE TABLE IF NOT EXISTS a (id INTEGER);\n"
        .. "CREATE TABLE IF NOT EXISTS b (id INTEGER);\nCREATE TABLE c (id INTEGER);")
      assert.same({ A }, deploy(url, dir))
      assert.equal(3, entry(url, dir, A).steps)
      assert.is_nil(entry(url, dir, A).logs)
    end)

    it("may begin and end transactions itself", function()
      local dir = folders.make { [A] = "BEGIN;\nCREATE TABLE a (id INTEGER);\nCOMMIT;\nCREATE TABLE b (id INTEGER);\n"
        .. "", [B] = "BEGIN; CREATE TABLE x (id INTEGER);" }
      support.fails("P3018", deploy, url, dir)
      assert.same({ "a", "b" }, tables())
      assert.equal("applied", entry(url, dir, A).state)
      assert.equal("failed", entry(url, dir, B).state)
      folders.add(dir, B, "BEGIN; CREATE TABLE x (id INTEGER); COMMIT; nonsense;")
      rille.migrate.resolve { url = url, migrations = dir, rolled_back = B }
      assert.equal("nonsense", support.fails("P3018", deploy, url, dir).meta.statement)
    end)

    it("that does so reports which of its statements failed", function()
      local texts = {
        "SELECT 'ü;';\nBEGIN;\nCREATE TABLE a (id INTEGER PRIMARY KEY);\n-- one ;\n;;INSERT INTO a VALUES (1);\n"
          .. "COMMIT;\nINSERT INTO a VALUES (1);\n",
        "SELECT 'ü;';\nBEGIN;\nCREATE TABLE a (id INTEGER PRIMARY KEY);\nCOMMIT;\n\n\n INSERT INTO nowhere VALUES (1);\nSELECT 1;\n",
        "BEGIN;\n\n\n\n\n\nCREATE /* ü */ TABLE x (nonsense;;\nCOMMIT;\n",
      }
      for _, text in ipairs(texts) do
        local place = support.database(engine)
        assert.equal(7, support.fails("P3018", deploy, place, folders.make { [A] = text }).meta.line)
      end
    end)

    it("of one statement that cannot run in a transaction runs without one", function()
      local dir = folders.make { [A] = "VACUUM;\n" }
      assert.same({ A }, deploy(url, dir))
      folders.add(dir, B, "SELECT 1; VACUUM;")
      assert.truthy(support.fails("P3018", deploy, url, dir).message:find "VACUUM")
    end)

    it("may be empty, or have only comments", function()
      local dir = folders.make { [A] = "", [B] = "-- nothing\n/* at all */\n", [C] = "\239\187\191CREATE TABLE a (id INTEGER);" }
      assert.same({ A, B, C }, deploy(url, dir))
      assert.same({ "a" }, tables())
    end)

    it("has no zero byte, which would hide the rest", function()
      local dir = folders.make { [A] = "CREATE TABLE a (id INTEGER);\n\0CREATE TABLE b (id INTEGER);" }
      assert.truthy(support.fails("VALIDATION", deploy, url, dir).message:find("a zero byte in line 2", 1, true))
      assert.same({}, tables())
      folders.add(dir, A, "C\0R\0E\0A\0T\0E\0")
      assert.equal(A, support.fails("VALIDATION", deploy, url, dir).meta.migration)
      assert.equal("pending", entry(url, dir, A).state)
    end)

    it("is applied as it was when its checksum was computed", function()
      local text = "CREATE TABLE a (id INTEGER);"
      local dir = folders.make { [A] = text }
      migrations.with({ url = url, folder = dir }, { create = true }, function(m)
        core.migrations_load(m)
        core.migrations_apply(m)
        folders.add(dir, A, "CREATE TABLE b (id INTEGER);")
        assert.equal(A, core.migrations_next(m).name)
        assert.is_nil(core.migrations_next(m))
      end)
      assert.same({ "a" }, tables())
      assert.equal(core.migrations_checksum(text), rows "SELECT checksum FROM _prisma_migrations"[1].checksum)
      assert.equal("edited", entry(url, dir, A).state)
    end)

    it("has only known directives at its head", function()
      local dir = folders.make { [A] = "-- rille: no-transactions\nSELECT 1;" }
      assert.equal(A, support.fails("VALIDATION", deploy, url, dir).meta.migration)
      folders.add(dir, A, "-- rille: lock_timeout=soon\nSELECT 1;")
      support.fails("VALIDATION", deploy, url, dir)
      assert.equal("pending", entry(url, dir, A).state)
      folders.add(dir, A, "\n-- about this\n-- rille: lock_timeout=5s, statement_timeout=1min\nSELECT 1;")
      assert.same({ A }, deploy(url, dir))
    end)
  end)

  describe("on sqlite", function()
    after_each(support.cleanup)
    local PARENT = "PRAGMA foreign_keys=OFF;\nCREATE TABLE p2 (id INTEGER PRIMARY KEY, x TEXT);\nINSERT INTO p2 (id) SELECT id FROM p%s;\nDROP TABLE p;\n"
      .. "ALTER TABLE p2 RENAME TO p;\nPRAGMA foreign_keys=ON;\n"
    local START = "CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) ON DELETE CASCADE);\n"
      .. "INSERT INTO p VALUES (1), (2);\nINSERT INTO c VALUES (1, 1), (2, 2);\n"

    it("of one PRAGMA that cannot run in a transaction runs without one", function()
      assert.same({ A }, deploy(support.database "sqlite", folders.make { [A] = "PRAGMA synchronous = NORMAL;\n" }))
    end)

    it("rebuilds a table without changing the rows that refer to it", function()
      local url, dir = support.database "sqlite", folders.make { [A] = START, [B] = PARENT:format "" }
      assert.same({ A, B }, deploy(url, dir))
      assert.equal(2, folders.raw(url):query_raw("SELECT count(*) AS n FROM c")[1].n)
    end)

    it("written by dev rebuilds a table under a view that dev did not know", function()
      local model, dir = "model A {\n  id Int @id\n  n %s\n}\n", folders.make()
      local here, url = support.database "sqlite", support.database "sqlite"
      for _, kind in ipairs { "Int", "Int @default(1)" } do
        rille.migrate.dev { url = here, migrations = dir, schema_text = model:format(kind), name = "x" }
        if kind == "Int" then
          deploy(url, dir)
          folders.raw(url):execute_raw 'CREATE VIEW seen AS SELECT id FROM "A"'
        end
      end
      assert.equal(1, #deploy(url, dir))
      assert.equal(0, #folders.raw(url):query_raw "SELECT * FROM seen")
    end)

    it("is rejected if rows would refer to missing rows, and leaves nothing", function()
      local url, dir = support.database "sqlite", folders.make { [A] = START, [B] = PARENT:format " WHERE id = 1" }
      local e = support.fails("P3018", deploy, url, dir)
      assert.truthy(e.meta.cause:find "would refer to missing rows")
      assert.equal(2, folders.raw(url):query_raw("SELECT count(*) AS n FROM p")[1].n)
    end)

    it("cascades deletes unless it switches foreign keys off", function()
      local url, dir = support.database "sqlite", folders.make { [A] = START, [B] = "DELETE FROM p WHERE id = 1;" }
      deploy(url, dir)
      assert.equal(1, folders.raw(url):query_raw("SELECT count(*) AS n FROM c")[1].n)
    end)

    it("may create triggers with statements", function()
      local url, dir = support.database "sqlite", folders.make { [A] = START
        .. "CREATE TRIGGER t AFTER DELETE ON p BEGIN\n  INSERT INTO p SELECT CASE WHEN old.id = 1 "
        .. "THEN 5 ELSE 6 END;\n  DELETE FROM c;\nEND;\nDELETE FROM p WHERE id = 1;\n" }
      deploy(url, dir)
      assert.same({ { id = 2 }, { id = 5 } }, folders.raw(url):query_raw "SELECT id FROM p ORDER BY id")
    end)
  end)

  if not support.server then return end
  describe("on postgresql", function()
    local url
    before_each(function() url = support.database "postgresql" end)
    after_each(support.cleanup)

    it("creates indexes concurrently, alone or with the directive", function()
      local dir = folders.make {
        [A] = "CREATE TABLE t (id INTEGER, x INTEGER);",
        [B] = 'CREATE INDEX CONCURRENTLY "one" ON t (id);\n',
        [C] = '-- rille: no-transaction lock_timeout=5s\nCREATE INDEX CONCURRENTLY "two" ON t (x);\nCREATE INDEX CONCURRENTLY "three" ON t (x, id);\n',
      }
      assert.same({ A, B, C }, deploy(url, dir))
      assert.equal(3, folders.raw(url):query_raw("SELECT count(*) AS n FROM pg_index WHERE indrelid = 't'::regclass AND indisvalid")[1].n)
    end)

    it("of one statement does not run again because its error mentions a transaction", function()
      local dir = folders.make { [A] = "CREATE SEQUENCE s;",
        [B] = "DO $$ BEGIN PERFORM nextval('s'); RAISE EXCEPTION 'not inside a transaction'; END $$;" }
      assert.equal("nothing", support.fails("P3018", deploy, url, dir).meta.left)
      assert.equal(1, folders.raw(url):query_raw("SELECT last_value AS n FROM s")[1].n) -- no rollback resets a sequence
    end)

    it("says that a part may be left when an index fails to be created concurrently", function()
      local dir = folders.make {
        [A] = "CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1), (1);",
        [B] = 'CREATE UNIQUE INDEX CONCURRENTLY "u" ON t (x);',
      }
      assert.equal("part", support.fails("P3018", deploy, url, dir).meta.left)
      assert.equal(1, folders.raw(url):query_raw("SELECT count(*) AS n FROM pg_index WHERE indrelid = 't'::regclass AND NOT indisvalid")[1].n)
      support.fails("P3009", deploy, url, dir)
    end)

    it("stops waiting for a lock, and reports it", function()
      local dir = folders.make { [A] = "CREATE TABLE t (id INTEGER);" }
      deploy(url, dir)
      folders.add(dir, B, "-- rille: lock_timeout=100ms\nALTER TABLE t ADD COLUMN x INTEGER;")
      folders.raw(url):transaction(function(tx)
        tx:execute_raw "INSERT INTO t VALUES (1)"
        assert.equal("55P03", support.fails("P3018", deploy, url, dir).sqlstate)
      end)
      rille.migrate.resolve { url = url, migrations = dir, rolled_back = B }
      folders.add(dir, B, "-- rille: statement_timeout=100ms\nSELECT pg_sleep(30);")
      assert.equal("57014", support.fails("P3018", deploy, url, dir).sqlstate)
    end)

    it("may change the search path", function()
      local dir = folders.make { [A] = "SELECT pg_catalog.set_config('search_path', '', false);\n"
        .. "CREATE TABLE public.t (id INTEGER);", [B] = "ALTER TABLE t ADD COLUMN x INTEGER;" }
      assert.same({ A, B }, deploy(url, dir))
    end)

    it("leaves the session unchanged for the next one", function()
      local database = url:match "/([^/?]+)$"
      support.psql(("ALTER DATABASE %s SET lock_timeout = '7s'; ALTER DATABASE %s SET statement_timeout = '9min'"):format(database, database))
      local now = "(%d, current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('work_mem'), current_user::text);"
      local dir = folders.make {
        [A] = "-- rille: no-transaction lock_timeout=1s statement_timeout=1min\nCREATE TABLE t (n INTEGER, l TEXT, s TEXT, w TEXT, u TEXT);\n"
          .. "INSERT INTO t VALUES " .. now:format(1),
        [B] = "GRANT ALL ON ALL TABLES IN SCHEMA public TO pg_monitor; SET work_mem = '77kB'; SET default_transaction_read_only = on; "
          .. "SET ROLE pg_monitor; INSERT INTO t VALUES " .. now:format(2),
        [C] = "INSERT INTO t VALUES " .. now:format(3),
      }
      assert.same({ A, B, C }, deploy(url, dir))
      local owner = support.psql("SELECT current_user"):gsub("%s", "")
      local all = folders.raw(url):query_raw "SELECT l, s, w, u FROM t ORDER BY n"
      assert.same({ l = "1s", s = "1min", w = all[3].w, u = owner }, all[1])
      assert.same({ l = "7s", s = "9min", w = "77kB", u = "pg_monitor" }, all[2])
      assert.same({ l = "7s", s = "9min", w = all[1].w, u = owner }, all[3])
    end)

    it("has no unclosed comment", function()
      local dir = folders.make { [A] = "CREATE TABLE a (id INTEGER);\n/* one\n/* two */\nCREATE TABLE b (id INTEGER);\n" }
      assert.equal(2, support.fails("P3018", deploy, url, dir).meta.line)
    end)

    it("may have bodies with semicolons", function()
      local dir = folders.make { [A] = "CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS $body$ BEGIN PERFORM 1; RETURN 2; END; $body$;\n"
        .. "CREATE FUNCTION g() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 3; END;\n"
          .. "SELECT E'it\\'s; not', 'a;b', \";\" FROM (SELECT 1 AS \";\") /* ; /* ; */ */ q; -- ;\n" }
      assert.same({ A }, deploy(url, dir))
      assert.same({ f = 2, g = 3 }, folders.raw(url):query_raw("SELECT f() AS f, g() AS g")[1])
    end)

    it("waits for the lock of another runner, as long as `lock_wait` says", function()
      local dir = folders.make { [A] = "CREATE TABLE t (id INTEGER);" }
      folders.raw(url):transaction(function(tx)
        tx:query_raw "SELECT pg_advisory_xact_lock(72707369)"
        local e = support.fails("P1002", rille.migrate.deploy, { url = url, migrations = dir, lock_wait = 100 })
        assert.truthy(e.message:find("72707369", 1, true))
        support.fails("P1002", rille.migrate.resolve, { url = url, migrations = dir, applied = A, lock_wait = 0 })
      end)
      assert.same({ A }, rille.migrate.deploy({ url = url, migrations = dir, lock_wait = 0 }).applied)
    end)

    it("runs in the database schema of the URL", function()
      local dir = folders.make { [A] = "CREATE TABLE t (id INTEGER);" }
      folders.raw(url):execute_raw "CREATE TABLE elsewhere (id INTEGER)"
      assert.same({ A }, deploy(url .. "?schema=mine", dir))
      assert.same({ { s = "mine" }, { s = "mine" } },
        folders.raw(url):query_raw "SELECT schemaname::text AS s FROM pg_tables WHERE tablename IN ('t', '_prisma_migrations')")
      support.fails("P3005", deploy, url, dir)
    end)
  end)
end)
