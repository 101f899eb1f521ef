-- One folder and one history for both: what rille applied Prisma has nothing to say about, and the other way round; failed and taken back too.
local folders = require "support.folders"
local real = require "prisma.real"
local rille = require "rille"
local schemas = require "support.schemas"
local support = require "support"

local A, B, C = "20260101000000_a", "20260102000000_b", "20260103000000_c"
local TABLE_A = 'CREATE TABLE "A" (\n    "id" INTEGER NOT NULL PRIMARY KEY\n);\n'
local TABLE_B = 'CREATE TABLE "B" (\n    "id" INTEGER NOT NULL PRIMARY KEY\n);\n'

local FIRST = "model User {\n  id Int @id @default(autoincrement())\n  name String\n}\n"
local SECOND = "model User {\n  id Int @id @default(autoincrement())\n  name String\n  mail String? @unique\n  posts Post[]\n}\n"
  .. "model Post {\n  id BigInt @id\n  title String @default(\"it is\")\n  user User @relation(fields: [userId], references: [id])\n  userId Int\n}\n"
local THIRD = SECOND:gsub("  title String", "  rank Kind @default(LOW)\n  title String") .. 'enum Kind {\n  LOW\n  HIGH @map("very high")\n}\n'
-- A change that rebuilds a table on SQLite.
local FOURTH = THIRD:gsub("  name String\n", "  name String @default(\"nobody\")\n")

real.each_engine(function(engine)
  local url, dir
  local function whole(body) return schemas.text({ body = body }, engine) end
  local function dev(body, name, more)
    local options = { url = url, migrations = dir, schema_text = whole(body), name = name }
    for key, value in pairs(more or {}) do options[key] = value end
    return rille.migrate.dev(options)
  end
  local function deploy() return rille.migrate.deploy { url = url, migrations = dir } end
  local function status() return rille.migrate.status { url = url, migrations = dir } end
  local function prisma(steps, body) return real.migrate(engine, url, whole(body or FIRST), dir, steps) end
  -- The one answer to one command.
  local function ask(command, args, body)
    local answer = prisma({ { command, args } }, body)[1]
    assert(not answer.error, tostring(answer.error))
    return answer.ok
  end
  local function fails(code, command)
    local answer = prisma({ { command } })[1]
    assert(answer.error and (not code or answer.code == code), rille.json.encode(answer))
    return answer.error
  end

  -- Prisma sees the folder and the database in order, and neither side has anything to do.
  local function expect_clean(body, count)
    local answers = prisma({ { "status", { shadow = true } }, { "dev" }, { "deploy" }, { "create", { name = "nothing" } } }, body)
    for _, answer in ipairs(answers) do assert(not answer.error, tostring(answer.error)) end
    local found = answers[1].ok
    assert.same({ {}, {}, true }, { found.edited, found.failed, found.hasTable })
    assert.equal(rille.null, found.history)
    assert.equal("createMigration", answers[2].ok)
    assert.same({}, answers[3].ok)
    assert.equal(rille.null, answers[4].ok)
    local s = status()
    assert.is_true(s.ok and s.up_to_date and s.has_history, rille.json.encode(s.problems))
    assert.equal(count, #s.migrations)
    assert.same({ applied = {}, already = count }, deploy())
    assert.is_true(dev(body).up_to_date)
    assert.equal("", real.difference(url, whole(body)))
  end

  -- name = checksum, of both the history and the scripts.
  local function expect_checksums()
    for _, row in ipairs(folders.raw(url):query_raw "SELECT migration_name AS name, checksum FROM _prisma_migrations WHERE rolled_back_at IS NULL") do
      local pipe = io.popen(("sha256sum '%s/%s/migration.sql'"):format(dir, row.name))
      assert.equal(pipe:read "a":match "^%x+", row.checksum)
      pipe:close()
    end
  end

  describe("migrations between rille and Prisma:", function()
    before_each(function()
      url, dir = support.database(engine), support.folder() .. "/migrations"
      os.execute(("mkdir -p '%s'"):format(dir))
    end)

    it("what rille made and applied is clean to Prisma", function()
      for i, body in ipairs { FIRST, SECOND, THIRD, FOURTH } do dev(body, "step " .. i) end
      expect_clean(FOURTH, 4)
      expect_checksums()
    end)

    it("what rille made Prisma applies, and rille sees it", function()
      for i, body in ipairs { FIRST, SECOND, THIRD, FOURTH } do dev(body, "step " .. i) end
      local names = {}
      for i, entry in ipairs(status().migrations) do names[i] = entry.name end
      url = support.database(engine)
      assert.same(names, ask "deploy")
      expect_clean(FOURTH, 4)
      expect_checksums()
    end)

    it("what Prisma made either applies", function()
      for i, body in ipairs { FIRST, SECOND, THIRD, FOURTH } do
        assert.truthy(ask("create", { name = "step_" .. i }, body))
        if i % 2 == 0 then assert.equal(1, #deploy().applied) else assert.equal(1, #ask "deploy") end
        os.execute "sleep 1" -- its names have seconds
      end
      expect_clean(FOURTH, 4)
      expect_checksums()
      url = support.database(engine)
      assert.equal(4, #deploy().applied)
      expect_clean(FOURTH, 4)
    end)

    it("they take turns", function()
      dev(FIRST, "one")
      os.execute "sleep 1"
      assert.truthy(ask("create", { name = "two" }, SECOND))
      assert.equal("two", deploy().applied[1]:match "_(.*)$")
      dev(THIRD, "three")
      os.execute "sleep 1"
      assert.truthy(ask("create", { name = "four" }, FOURTH))
      assert.equal("four", ask("deploy")[1]:match "_(.*)$")
      expect_clean(FOURTH, 4)
    end)

    it("other ends of lines are no edit to either", function()
      dev(FIRST, "one")
      local path = dir .. "/" .. status().migrations[1].name .. "/migration.sql"
      support.write(path, (folders.read(path):gsub("\n", "\r\n")))
      assert.same({}, ask("status").edited)
      assert.is_true(status().ok)
    end)

    it("an edited and a missing migration both see", function()
      dev(FIRST, "one")
      dev(SECOND, "two")
      local one, two = status().migrations[1].name, status().migrations[2].name
      local path = dir .. "/" .. one .. "/migration.sql"
      support.write(path, folders.read(path) .. "-- more\n")
      assert.same({ one }, ask("status").edited)
      assert.equal("edited", folders.states(url, dir)[one])
      folders.remove(dir, two)
      local history = ask("status").history
      assert.equal("migrationsDirectoryIsBehind", history.diagnostic)
      assert.equal("missing", folders.states(url, dir)[two])
      assert.truthy(ask("dev"):find("^reset"))
    end)

    it("one that failed with rille is P3009 with Prisma, which resolves it", function()
      folders.add(dir, A, TABLE_A)
      folders.add(dir, B, TABLE_B .. "INSERT INTO nowhere VALUES (1);\n")
      support.write(dir .. "/migration_lock.toml", ('provider = "%s"\n'):format(engine))
      support.fails("P3018", deploy)
      assert.same({ B }, ask("status").failed)
      assert.truthy(fails("P3009", "deploy"):find(B, 1, true))
      ask("rolledBack", { name = B })
      assert.same({ [A] = "applied", [B] = "rolled_back" }, folders.states(url, dir))
      folders.add(dir, B, TABLE_B)
      assert.same({ B }, ask "deploy")
      local s = status()
      assert.is_true(s.ok and s.up_to_date)
      expect_checksums()
    end)

    it("one that failed with Prisma is P3009 with rille, which resolves it", function()
      folders.add(dir, A, TABLE_A)
      folders.add(dir, B, "INSERT INTO nowhere VALUES (1);\n" .. TABLE_B)
      support.write(dir .. "/migration_lock.toml", ('provider = "%s"\n'):format(engine))
      fails(nil, "deploy")
      assert.equal(B, support.fails("P3009", deploy).meta.migration)
      assert.equal("failed", folders.states(url, dir)[B])
      rille.migrate.resolve { url = url, migrations = dir, rolled_back = B }
      assert.same({}, ask("status").failed)
      folders.add(dir, B, TABLE_B)
      assert.same({ B }, deploy().applied)
      local found = ask "status"
      assert.same({ rille.null, {}, {} }, { found.history, found.edited, found.failed })
      assert.same({}, ask "deploy")
    end)

    it("one that failed with either is applied for both when the other says so", function()
      support.write(dir .. "/migration_lock.toml", ('provider = "%s"\n'):format(engine))
      folders.add(dir, A, TABLE_A .. "nonsense;\n")
      support.fails("P3018", deploy)
      real.run(url, TABLE_A)
      ask("applied", { name = A })
      assert.same({ [A] = "applied" }, folders.states(url, dir))
      folders.add(dir, B, "nonsense;\n")
      fails(nil, "deploy")
      rille.migrate.resolve { url = url, migrations = dir, applied = B }
      local found = ask "status"
      assert.same({ rille.null, {}, {} }, { found.history, found.edited, found.failed })
      assert.same({ applied = {}, already = 2 }, deploy())
      assert.same({}, ask "deploy")
    end)

    it("a baseline of either is one for the other", function()
      support.write(dir .. "/migration_lock.toml", ('provider = "%s"\n'):format(engine))
      real.run(url, TABLE_A)
      folders.add(dir, A, TABLE_A)
      fails("P3005", "deploy")
      support.fails("P3005", deploy)
      rille.migrate.resolve { url = url, migrations = dir, applied = A }
      assert.same({}, ask "deploy")
      real.run(url, TABLE_B)
      folders.add(dir, B, TABLE_B)
      ask("applied", { name = B })
      assert.same({ applied = {}, already = 2 }, deploy())
      expect_checksums()
    end)

    it("what rille took back Prisma applies again, and the other way round", function()
      dev(FIRST, "one")
      dev(SECOND, "two")
      local two = status().migrations[2].name
      assert.same({ two }, rille.migrate.down({ url = url, migrations = dir }).reverted)
      assert.same({ two }, ask("status").history.unappliedMigrationNames)
      assert.same({ two }, ask "deploy")
      expect_clean(SECOND, 2)
      assert.same({ two }, rille.migrate.down({ url = url, migrations = dir }).reverted)
      assert.same({ two }, deploy().applied)
      expect_clean(SECOND, 2)
    end)

    it("without a transaction, and with files of rille's, it is still a migration to Prisma", function()
      support.write(dir .. "/migration_lock.toml", ('provider = "%s"\n'):format(engine))
      folders.add(dir, A, { ["migration.sql"] = TABLE_A, ["migration.lua"] = "return function() end", ["schema.prisma"] = "model A {\n  id Int @id\n}\n",
        ["down.sql"] = 'DROP TABLE "A";' })
      folders.add(dir, B, "-- rille: no-transaction\n-- rille: lock_timeout=5s statement_timeout=10min\n\n" .. TABLE_B)
      folders.add(dir, C, "")
      assert.same({ A, B, C }, deploy().applied)
      local found = ask("status", { shadow = true })
      assert.same({ rille.null, {}, {} }, { found.history, found.edited, found.failed })
      url = support.database(engine)
      assert.same({ A, B, C }, ask "deploy")
      assert.is_true(status().ok)
      expect_checksums()
    end)

    it("a database reset by either is made anew by the other", function()
      dev(FIRST, "one")
      dev(SECOND, "two")
      if engine == "postgresql" then -- its engine of WebAssembly does not empty a SQLite database
        ask "reset"
        assert.equal(2, #deploy().applied)
        expect_clean(SECOND, 2)
      end
      rille.migrate.reset { url = url, migrations = dir }
      expect_clean(SECOND, 2)
    end)

    if engine == "postgresql" then
      it("the triggers of the cache are nothing to Prisma", function()
        dev(SECOND, "one")
        assert.truthy(rille.migrate.cache_triggers({ migrations = dir, schema_text = whole(SECOND) }).created)
        assert.equal(1, #ask("deploy", nil, SECOND))
        expect_clean(SECOND, 2)
        assert.truthy(rille.migrate.cache_triggers({ migrations = dir, schema_text = whole(SECOND), drop = true }).created)
        assert.equal(1, #deploy().applied)
        expect_clean(SECOND, 3)
      end)
    end

    it("a folder for another database both refuse", function()
      support.write(dir .. "/migration_lock.toml", ('provider = "%s"\n'):format(engine == "sqlite" and "postgresql" or "sqlite"))
      folders.add(dir, A, TABLE_A)
      support.fails("P3019", deploy)
      fails("P3019", "deploy")
    end)
  end)
end)
