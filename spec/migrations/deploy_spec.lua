-- deploy, status, resolve, reset and down: what they do to a database and its history, and what they reject.
local folders = require "support.folders"
local rille = require "rille"
local support = require "support"

local A, B, C = "20260101000000_a", "20260102000000_b", "20260103000000_c"
local TABLE_A = 'CREATE TABLE "A" (\n    "id" INTEGER NOT NULL PRIMARY KEY\n);\n'
local TABLE_B = 'CREATE TABLE "B" (\n    "id" INTEGER NOT NULL PRIMARY KEY\n);\n'

local function deploy(url, dir) return rille.migrate.deploy { url = url, migrations = dir } end
local function status(url, dir) return rille.migrate.status { url = url, migrations = dir } end

describe("deploy", function()
  support.each_engine(function(engine)
    local url
    before_each(function() url = support.database(engine) end)

    it("applies what is pending, in order, once", function()
      local dir = folders.make { [B] = 'ALTER TABLE "A" ADD COLUMN x TEXT;', [A] = TABLE_A }
      assert.same({ applied = { A, B }, already = 0 }, deploy(url, dir))
      assert.same({ applied = {}, already = 2 }, deploy(url, dir))
      folders.add(dir, C, TABLE_B)
      assert.same({ applied = { C }, already = 2 }, deploy(url, dir))
      local s = status(url, dir)
      assert.is_true(s.ok and s.up_to_date and s.has_history)
    end)

    it("writes the history like Prisma", function()
      local dir = folders.make { [A] = TABLE_A }
      deploy(url, dir)
      local db = folders.raw(url)
      local row = db:query_raw("SELECT id, checksum, migration_name, logs, CAST(started_at AS TEXT) AS s, CAST(finished_at AS TEXT) AS f, "
        .. "rolled_back_at, applied_steps_count AS n FROM _prisma_migrations")[1]
      assert.truthy(row.id:match "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$")
      local pipe = io.popen(("sha256sum '%s/%s/migration.sql'"):format(dir, A))
      assert.equal(pipe:read "a":match "^%x+", row.checksum)
      pipe:close()
      assert.equal(A, row.migration_name)
      assert.is_nil(row.logs)
      assert.is_nil(row.rolled_back_at)
      assert.equal(1, row.n)
      assert.truthy(row.s <= row.f)
      if engine == "sqlite" then
        assert.truthy(row.s:match "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%d%+00:00$")
        local columns = {}
        for _, c in ipairs(db:query_raw "SELECT name, type, \"notnull\" AS n, dflt_value AS d, pk FROM pragma_table_info('_prisma_migrations')") do
          columns[#columns + 1] = ("%s %s %d %s %d"):format(c.name, c.type, c.n, c.d or "-", c.pk)
        end
        assert.same({ "id TEXT 1 - 1", "checksum TEXT 1 - 0", "finished_at DATETIME 0 - 0", "migration_name TEXT 1 - 0", "logs TEXT 0 - 0",
          "rolled_back_at DATETIME 0 - 0", "started_at DATETIME 1 current_timestamp 0", "applied_steps_count INTEGER UNSIGNED 1 0 0" }, columns)
      else
        local columns = {}
        for _, c in ipairs(db:query_raw [[SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS n,
            coalesce(pg_get_expr(d.adbin, d.adrelid), '-') AS d FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid
            AND d.adnum = a.attnum WHERE a.attrelid = '_prisma_migrations'::regclass AND a.attnum > 0 ORDER BY a.attnum]]) do
          columns[#columns + 1] = ("%s %s %s %s"):format(c.name, c.type, tostring(c.n), c.d)
        end
        assert.same({ "id character varying(36) true -", "checksum character varying(64) true -", "finished_at timestamp with time zone false -",
          "migration_name character varying(255) true -", "logs text false -", "rolled_back_at timestamp with time zone false -",
          "started_at timestamp with time zone true now()", "applied_steps_count integer true 0" }, columns)
      end
    end)

    it("rejects tables without a history until there is a baseline", function()
      folders.raw(url):execute_raw 'CREATE TABLE "A" (id INTEGER PRIMARY KEY)'
      local dir = folders.make { [A] = TABLE_A, [B] = TABLE_B }
      support.fails("P3005", deploy, url, dir)
      local s = status(url, dir)
      assert.is_false(s.ok)
      assert.equal("P3005", s.problems[1].code)
      rille.migrate.resolve { url = url, migrations = dir, applied = A }
      assert.same({ applied = { B }, already = 1 }, deploy(url, dir))
      support.fails("P3008", rille.migrate.resolve, { url = url, migrations = dir, applied = A })
      support.fails("P3017", rille.migrate.resolve, { url = url, migrations = dir, applied = "20990101000000_no" })
      support.fails("P3011", rille.migrate.resolve, { url = url, migrations = dir, rolled_back = "20990101000000_no" })
      support.fails("P3012", rille.migrate.resolve, { url = url, migrations = dir, rolled_back = A })
    end)

    if engine == "postgresql" then
      it("sees the tables of all database schemas of the project", function()
        folders.raw(url):execute_script 'CREATE SCHEMA "it\'s"; CREATE TABLE "it\'s".t (id int); CREATE SCHEMA other; CREATE TABLE other.t (id int)'
        local dir = folders.make { [A] = TABLE_A }
        local text = 'datasource db {\n  provider = "postgresql"\n  schemas = ["public", "%s"]\n}\n'
        local e = support.fails("P3005", rille.migrate.deploy, { url = url, migrations = dir, schema_text = text:format "it's" })
        assert.equal("migration", e.kind)
        assert.equal("P3005", rille.migrate.status({ url = url, migrations = dir, schema_text = text:format "it's" }).problems[1].code)
        assert.same({ A }, rille.migrate.deploy({ url = url, migrations = dir, schema_text = text:format "third" }).applied)
      end)
    end

    it("reports which statement failed, keeps none of its changes, and continues when it is resolved", function()
      local dir = folders.make { [A] = TABLE_A, [B] = TABLE_B .. "\n-- next\nINSERT INTO nowhere VALUES (1);\n" }
      local e = support.fails("P3018", deploy, url, dir)
      assert.equal(B, e.meta.migration)
      assert.equal(6, e.meta.line)
      assert.equal("INSERT INTO nowhere VALUES (1)", e.meta.statement)
      assert.truthy(e.meta.cause:find "nowhere")
      if engine == "postgresql" then assert.equal("42P01", e.sqlstate) end
      assert.same({ [A] = "applied", [B] = "failed" }, folders.states(url, dir))
      local failed = support.fails("P3009", deploy, url, dir)
      assert.equal(B, failed.meta.migration)
      assert.truthy(status(url, dir).problems[1].advice:find("rolled_back", 1, true))
      rille.migrate.resolve { url = url, migrations = dir, rolled_back = B }
      assert.same({ [A] = "applied", [B] = "rolled_back" }, folders.states(url, dir))
      folders.add(dir, B, TABLE_B)
      assert.same({ applied = { B }, already = 1 }, deploy(url, dir))
    end)

    it("can mark a failed migration as applied", function()
      local dir = folders.make { [A] = TABLE_A .. "nonsense;" }
      support.fails("P3018", deploy, url, dir)
      folders.raw(url):execute_raw 'CREATE TABLE "A" (id INTEGER PRIMARY KEY)'
      rille.migrate.resolve { url = url, migrations = dir, applied = A }
      assert.same({ [A] = "applied" }, folders.states(url, dir))
      assert.same({ applied = {}, already = 1 }, deploy(url, dir))
    end)

    it("releases the lock when it fails", function()
      local dir = folders.make { [A] = "nonsense;" }
      support.fails("P3018", deploy, url, dir)
      rille.migrate.resolve { url = url, migrations = dir, rolled_back = A, lock_wait = 0 }
      folders.add(dir, A, TABLE_A)
      assert.same({ A }, rille.migrate.deploy { url = url, migrations = dir, lock_wait = 0 }.applied)
    end)

    it("reports edited and missing migrations, but ignores line endings", function()
      local dir = folders.make { [A] = TABLE_A, [B] = TABLE_B, [C] = "-- nothing\r\n" }
      deploy(url, dir)
      folders.add(dir, A, (TABLE_A:gsub("\n", "\r\n")))
      folders.add(dir, C, "-- nothing\n")
      assert.same({ [A] = "applied", [B] = "applied", [C] = "applied" }, folders.states(url, dir))
      folders.add(dir, A, TABLE_A .. "-- and more\n")
      folders.remove(dir, B)
      assert.same({ [A] = "edited", [B] = "missing", [C] = "applied" }, folders.states(url, dir))
      local codes = {}
      for i, p in ipairs(status(url, dir).problems) do codes[i] = p.code end
      assert.same({ "EDITED", "MISSING" }, codes)
      assert.same({ applied = {}, already = 2 }, deploy(url, dir))
    end)

    it("rejects a folder without a migration.sql before it applies anything", function()
      local dir = folders.make { [A] = TABLE_A, [B] = { ["notes.txt"] = "" } }
      assert.equal(B, support.fails("P3015", deploy, url, dir).meta.migration)
      assert.same({ [A] = "pending", [B] = "pending" }, folders.states(url, dir))
    end)

    it("rejects the migrations of another provider", function()
      local dir = folders.make { [A] = TABLE_A }
      support.write(dir .. "/migration_lock.toml", '# mine\nprovider = "mysql"\n')
      support.fails("P3019", deploy, url, dir)
      assert.equal("P3019", status(url, dir).problems[1].code)
      for _, text in ipairs { "", "provider = 'sqlite'\n", "  provider = \"sqlite\"\n" } do -- Prisma does not read these either
        support.write(dir .. "/migration_lock.toml", text)
        assert.truthy(support.fails("P3019", deploy, url, dir).message:find("has no line like", 1, true))
      end
      support.write(dir .. "/migration_lock.toml", ('provider = "%s"\n'):format(engine))
      assert.same({ A }, deploy(url, dir).applied)
    end)

    it("resets to what the folder creates", function()
      local dir = folders.make { [A] = TABLE_A }
      deploy(url, dir)
      local db = folders.raw(url)
      db:execute_raw 'CREATE TABLE other (id INTEGER)'
      db:execute_raw "CREATE VIEW seen AS SELECT * FROM other"
      if engine == "postgresql" then db:execute_raw "CREATE TYPE mood AS ENUM ('a')" end
      db:close()
      assert.same({ applied = { A } }, rille.migrate.reset { url = url, migrations = dir, schema_text = "" })
      db = folders.raw(url)
      assert.same({}, db:query_raw(engine == "sqlite" and "SELECT name FROM sqlite_master WHERE name IN ('other', 'seen')"
        or "SELECT relname::text FROM pg_class WHERE relname IN ('other', 'seen', 'mood') UNION SELECT typname::text FROM pg_type WHERE typname = 'mood'"))
    end)

    it("resets what needs care: quoted names, circular keys, functions, tables that other objects depend on", function()
      local dir = folders.make { [A] = TABLE_A }
      deploy(url, dir)
      local db = folders.raw(url)
      db:execute_raw [[CREATE TABLE "it's ""so""; --" (id INTEGER PRIMARY KEY, other INTEGER REFERENCES "it's ""so""; --" (id))]]
      db:execute_raw [[CREATE VIEW "a view's" AS SELECT * FROM "it's ""so""; --"]]
      if engine == "sqlite" then
        db:execute_raw "CREATE VIRTUAL TABLE words USING fts5(text)"
        db:execute_raw "INSERT INTO words VALUES ('one')"
      else
        db:execute_raw "CREATE MATERIALIZED VIEW counted AS SELECT 1 AS n"
        db:execute_raw "CREATE SEQUENCE numbers"
        db:execute_raw "CREATE FUNCTION one() RETURNS INTEGER LANGUAGE sql AS 'SELECT 1'"
        db:execute_raw "CREATE SCHEMA elsewhere"
        db:execute_raw "CREATE TABLE elsewhere.kept (id INTEGER)"
      end
      db:close()
      assert.same({ applied = { A } }, rille.migrate.reset { url = url, migrations = dir, schema_text = "" })
      db = folders.raw(url)
      if engine == "sqlite" then
        assert.same({}, db:query_raw "SELECT name FROM sqlite_master WHERE name LIKE 'words%' OR name LIKE '%''s%'")
      else
        assert.same({ { relname = "A" }, { relname = "_prisma_migrations" } },
          db:query_raw "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'S') ORDER BY 1")
        assert.equal(0, db:query_raw("SELECT count(*) AS n FROM pg_proc WHERE pronamespace = 'public'::regnamespace")[1].n)
        assert.equal(0, db:query_raw("SELECT count(*) AS n FROM elsewhere.kept")[1].n)
      end
    end)

    it("undoes migrations, the latest first, and applies them again", function()
      local dir = folders.make {
        [A] = { ["migration.sql"] = TABLE_A, ["down.sql"] = 'DROP TABLE "A";' },
        [B] = { ["migration.sql"] = TABLE_B, ["down.sql"] = 'DROP TABLE "B";' },
        [C] = { ["migration.sql"] = 'CREATE TABLE "C" (id INTEGER);', ["down.sql"] = 'DROP TABLE "C";' },
      }
      deploy(url, dir)
      assert.same({ reverted = { C } }, rille.migrate.down { url = url, migrations = dir })
      assert.same({ [A] = "applied", [B] = "applied", [C] = "rolled_back" }, folders.states(url, dir))
      assert.same({ applied = { C }, already = 2 }, deploy(url, dir))
      assert.same({ reverted = { C, B } }, rille.migrate.down { url = url, migrations = dir, to = A })
      assert.same({ reverted = { A } }, rille.migrate.down { url = url, migrations = dir, steps = 5 })
      assert.same({ reverted = {} }, rille.migrate.down { url = url, migrations = dir })
      assert.same({ A, B, C }, deploy(url, dir).applied)
      support.fails("P3017", rille.migrate.down, { url = url, migrations = dir, to = "20990101000000_no" })
    end)

    it("undoes nothing if one has no down.sql, or if it fails", function()
      local dir = folders.make { [A] = TABLE_A, [B] = { ["migration.sql"] = TABLE_B, ["down.sql"] = 'DROP TABLE "B"; nonsense;' } }
      deploy(url, dir)
      assert.equal(A, support.fails("P3015", rille.migrate.down, { url = url, migrations = dir, steps = 2 }).meta.migration)
      assert.equal(B, support.fails("P3018", rille.migrate.down, { url = url, migrations = dir }).meta.migration)
      assert.same({ [A] = "applied", [B] = "applied" }, folders.states(url, dir))
      assert.equal(0, folders.raw(url):query_raw('SELECT count(*) AS n FROM "B"')[1].n)
    end)

    it("undoes nothing while a failed migration is unresolved", function()
      local dir = folders.make { [A] = { ["migration.sql"] = TABLE_A, ["down.sql"] = 'DROP TABLE "A";' }, [B] = "nonsense;" }
      support.fails("P3018", deploy, url, dir)
      assert.equal(B, support.fails("P3009", rille.migrate.down, { url = url, migrations = dir }).meta.migration)
      assert.same({ [A] = "applied", [B] = "failed" }, folders.states(url, dir))
      rille.migrate.resolve { url = url, migrations = dir, rolled_back = B }
      assert.same({ reverted = { A } }, rille.migrate.down { url = url, migrations = dir })
    end)

    it("rejects unknown options", function()
      support.fails("VALIDATION", rille.migrate.deploy, { url = url, migration = "x" })
      support.fails("VALIDATION", rille.migrate.deploy, { url = url, migrations = 1 })
      support.fails("VALIDATION", rille.migrate.deploy, { url = url, migrations = "x", lock_wait = "long" })
      support.fails("VALIDATION", rille.migrate.resolve, { url = url, migrations = "x" })
      support.fails("VALIDATION", rille.migrate.resolve, { url = url, migrations = "x", applied = "a", rolled_back = "b" })
      support.fails("VALIDATION", rille.migrate.down, { url = url, migrations = "x", steps = 0 })
      support.fails("VALIDATION", rille.migrate.down, { url = url, migrations = "x", steps = 1, to = "x" })
    end)
  end)

  it("reports the status of a missing database without creating it", function()
    local path = support.folder() .. "/none.db"
    for _, scheme in ipairs { "file:", "sqlite:", "sqlite://", "SQLITE:", "FILE:", "Sqlite://" } do
      local e = support.fails("P1003", rille.migrate.status, { url = scheme .. path .. "?connection_limit=1", migrations = "x" })
      assert.truthy(e.message:find(path, 1, true))
      assert.is_nil(io.open(path))
    end
  end)

  it("reads and writes times in milliseconds, as Prisma's own engine does", function()
    local url = support.database "sqlite"
    local dir = folders.make { [A] = TABLE_A, [B] = TABLE_B }
    deploy(url, folders.make {})
    folders.raw(url):execute_raw([[INSERT INTO _prisma_migrations (id, checksum, started_at, finished_at, migration_name, applied_steps_count)
      VALUES ('x', $1, 1767225600000, 1767225600500, $2, 1)]], require("rille.core").migrations_checksum(TABLE_A), A)
    assert.same({ B }, deploy(url, dir).applied)
    local list = status(url, dir).migrations
    assert.equal("2026-01-01T00:00:00.500Z", list[1].applied_at)
    local rows = folders.raw(url):query_raw "SELECT typeof(started_at) AS s, typeof(finished_at) AS f FROM _prisma_migrations"
    assert.same({ { s = "integer", f = "integer" }, { s = "integer", f = "integer" } }, rows)
  end)
end)
