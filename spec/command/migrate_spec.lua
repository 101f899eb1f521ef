-- `rille migrate ...` as a process, on both databases.
local harness = require "command.harness"
local support = require "support"

local FIRST = "model User {\n  id    Int    @id @default(autoincrement())\n  email String @unique\n}\n"
local SECOND = "model User {\n  id    Int     @id @default(autoincrement())\n  email String  @unique\n  name  String?\n}\n"
local LOSSY = "model User {\n  id    Int     @id @default(autoincrement())\n  name  String?\n}\n"

local unpack = table.unpack or unpack
local function list(array) return { unpack(array) } end

support.each_engine(function(engine)
  describe("rille migrate", function()
    local folder, url, at

    local function ok(arguments, status) return harness.ok(folder, arguments, { url = url, status = status }) end
    local function json(arguments, status) return harness.json(folder, arguments, { url = url, status = status }) end
    local function schema(text) support.write(folder .. "/schema.prisma", text) end
    local function columns()
      local db = support.connect(url, "")
      local rows = engine == "sqlite" and db:query_raw "SELECT name FROM pragma_table_info('User')"
        or db:query_raw "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'User' ORDER BY ordinal_position"
      local names = {}
      for i, row in ipairs(rows) do names[i] = row.name end
      return table.concat(names, " ")
    end

    before_each(function()
      folder, url = harness.project(engine, FIRST)
      at = folder .. "/migrations/"
    end)

    it("dev makes and applies a migration, then has nothing to do", function()
      local made = json "migrate dev --name 'First steps'"
      assert.truthy(made.created:find "^%d+_first_steps$")
      assert.same({ made.created }, list(made.applied))
      assert.is_true(harness.exists(at .. made.created .. "/migration.sql"))
      assert.is_true(harness.exists(at .. made.created .. "/down.sql"))
      assert.equal("id email", columns())
      local again = json "migrate dev"
      assert.same({}, list(again.applied))
      assert.is_nil(again.created)
      assert.equal("✓ The database is as the schema says; there is nothing to do.\n", ok("migrate dev").out)
    end)

    it("dev --create-only only writes, --no-down writes no way back, -n is --name", function()
      local made = json "migrate dev -n init --create-only --no-down"
      assert.same({}, list(made.applied))
      assert.is_false(harness.exists(at .. made.created .. "/down.sql"))
      assert.equal("", columns())
      assert.equal(("✓ applied %s\n"):format(made.created), ok("migrate dev").out)
      assert.equal("id email", columns())
    end)

    it("deploy says so where there is no folder of migrations", function()
      assert.equal("! There is no folder migrations, so there was nothing to apply.\n", ok("migrate deploy").out)
      assert.same({}, list(json("migrate deploy").applied))
    end)

    it("status is 1 while something is pending, deploy applies it, then all is well", function()
      ok "migrate dev --name init"
      schema(SECOND)
      local made = json "migrate dev --name second --create-only"
      local before = json("migrate status", 1)
      assert.is_false(before.ok)
      assert.same({ "applied", "pending" }, { before.migrations[1].state, before.migrations[2].state })
      local said = ok("migrate status", 1).out
      assert.truthy(said:find(made.created .. "  pending", 1, true))
      assert.truthy(said:find("rille migrate deploy", 1, true))
      local deployed = json "migrate deploy"
      assert.same({ made.created }, list(deployed.applied))
      assert.equal(1, deployed.already)
      assert.equal("✓ No pending migrations; 2 migrations applied before.\n", ok("migrate deploy").out)
      assert.truthy(ok("migrate status").out:find("✓ The database is up to date.", 1, true))
      assert.is_true(json("migrate status").ok)
    end)

    it("a failed migration is told, resolved and applied again", function()
      ok "migrate dev --name init"
      local name = "20990101000000_broken"
      os.execute(("mkdir -p '%s%s'"):format(at, name))
      support.write(at .. name .. "/migration.sql", "INSERT INTO nothing VALUES (1);\n")
      local failed = ok("migrate deploy", 1)
      assert.equal("", failed.out)
      assert.truthy(failed.err:find("error P3018", 1, true))
      assert.truthy(failed.err:find("rille migrate resolve --rolled-back " .. name, 1, true))
      assert.equal("P3009", json("migrate deploy", 1).error.code)
      local said = ok("migrate status", 1).out
      assert.truthy(said:find(name .. "  failed", 1, true))
      assert.truthy(said:find("`rille migrate resolve --rolled-back " .. name .. "`", 1, true))
      assert.equal(name, json("migrate resolve --rolled-back " .. name).rolled_back)
      support.write(at .. name .. "/migration.sql", "-- nothing\n")
      assert.same({ name }, list(json("migrate deploy").applied))
      assert.equal("P3012", json("migrate resolve --rolled-back " .. name, 1).error.code)
    end)

    it("resolve --applied is a baseline", function()
      ok "db push"
      local made = json "migrate diff --from-empty --to-schema schema.prisma"
      os.execute(("mkdir -p '%s20260101000000_init'"):format(at))
      support.write(at .. "20260101000000_init/migration.sql", made.script)
      support.write(at .. "migration_lock.toml", ('provider = "%s"\n'):format(engine))
      assert.equal("P3005", json("migrate deploy", 1).error.code)
      assert.truthy(ok("migrate deploy", 1).err:find("rille migrate resolve --applied", 1, true))
      ok "migrate resolve --applied 20260101000000_init"
      assert.truthy(ok("migrate status").out:find("20260101000000_init  applied", 1, true))
    end)

    it("reset needs --force without a terminal, and then drops all", function()
      ok "migrate dev --name init"
      support.connect(url, FIRST).user:create { data = { email = "a@example.com" } }
      local refused = ok("migrate reset", 1)
      assert.truthy(refused.err:find("use --force", 1, true))
      assert.equal("VALIDATION", json("migrate reset", 1).error.code)
      assert.equal(1, support.connect(url, FIRST).user:count())
      support.write(folder .. "/seed.lua", 'require("rille").connect().user:create { data = { email = "seed@example.com" } }\n')
      assert.equal(1, #json("migrate reset --force --seed").applied)
      assert.equal("seed@example.com", support.connect(url, FIRST).user:find_first().email)
    end)

    it("down undoes the last one, with --force", function()
      ok "migrate dev --name init"
      schema(SECOND)
      local second = json("migrate dev --name second").created
      assert.equal("id email name", columns())
      assert.truthy(ok("migrate down", 1).err:find("--force", 1, true))
      assert.same({ second }, list(json("migrate down --force").reverted))
      assert.equal("id email", columns())
      assert.truthy(ok("migrate status", 1).out:find(second, 1, true))
    end)

    it("diff shows each table once, and below it what changes", function()
      local function text(body) return ('datasource db {\n  provider = "%s"\n}\n'):format(engine) .. body end
      support.write(folder .. "/a.prisma", text "model A {\n  id Int @id\n  n Int?\n  gone Int\n}\n")
      support.write(folder .. "/b.prisma", text "model A {\n  id Int @id\n  n BigInt @default(3)\n  m Int @unique\n}\n")
      local shown = ok("migrate diff --from-schema a.prisma --to-schema b.prisma").out
      local changes = "    - drop column gone\n    ~ change column n: type INTEGER to BIGINT, optional to required, default none to 3\n    + add column m\n"
      assert.equal(engine == "sqlite" and "~ redefine table A\n" .. changes .. "    + add unique index A_m_key (m)\n"
        or "~ alter table A\n" .. changes .. "+ create index A\n    unique index A_m_key (m)\n", (shown:gsub("! [^\n]*\n", "")))
      assert.matches("drop column gone", json("migrate diff --from-schema a.prisma --to-schema b.prisma").steps[1].changes)
    end)

    it("diff compares every kind of source, with the exit code that Prisma has", function()
      ok "migrate dev --name init"
      support.write(folder .. "/second.prisma", SECOND)
      for _, from in ipairs { "--from-schema schema.prisma", "--from-url '" .. url .. "'", "--from-database", "--from-config-datasource" } do
        local found = json("migrate diff " .. from .. " --to-schema second.prisma")
        assert.is_false(found.empty)
        assert.truthy(found.script:find('ADD COLUMN', 1, true), from)
        assert.is_true(json("migrate diff " .. from .. " --to-schema schema.prisma --exit-code").empty)
        ok("migrate diff " .. from .. " --to-schema second.prisma --exit-code", 2)
        ok("migrate diff " .. from .. " --to-schema second.prisma")
      end
      assert.equal("✓ No difference.\n", ok("migrate diff --from-database --to-schema schema.prisma --exit-code").out)
      local script = ok("migrate diff --from-empty --to-schema schema.prisma --script")
      assert.truthy(script.out:find 'CREATE TABLE "User"')
      assert.equal("", script.err)
      ok "migrate diff --from-empty --to-schema schema.prisma --output first.sql"
      assert.equal(script.out, harness.read(folder .. "/first.sql"))
      assert.equal("", ok("migrate diff --from-empty --to-empty --script", 1).out)
    end)

    it("diff warns beside the script, not in it", function()
      ok "migrate dev --name init"
      support.connect(url, FIRST).user:create { data = { email = "a@example.com" } }
      support.write(folder .. "/lossy.prisma", LOSSY)
      local result = ok "migrate diff --from-database --to-schema lossy.prisma --script"
      assert.falsy(result.out:find("! ", 1, true))
      assert.truthy(result.err:find("email", 1, true))
      assert.is_true(#json("migrate diff --from-database --to-schema lossy.prisma").warnings > 0)
    end)

    it("dev refuses to lose data, and to reset, without a terminal; and says which flag or command does it", function()
      ok "migrate dev --name init"
      support.connect(url, FIRST).user:create { data = { email = "a@example.com" } }
      schema(LOSSY)
      local refused = ok("migrate dev --name lossy", 1)
      assert.truthy(refused.err:find("error P3001", 1, true))
      assert.truthy(refused.err:find("--accept-data-loss", 1, true))
      assert.is_true(#json("migrate dev --name lossy", 1).error.meta.warnings > 0)
      local made = json "migrate dev --name lossy --accept-data-loss"
      assert.is_true(#made.irreversible > 0)
      assert.equal("id name", columns())
      support.connect(url, ""):execute_script 'ALTER TABLE "User" ADD COLUMN stray TEXT'
      local drifted = ok("migrate dev --name more", 1)
      assert.truthy(drifted.err:find("`rille migrate reset`", 1, true))
      assert.is_true(#json("migrate dev --name more", 1).error.meta.reasons > 0)
    end)

    it("takes another folder", function()
      local made = json "migrate dev --name init --migrations steps"
      assert.is_true(harness.exists(folder .. "/steps/" .. made.created .. "/migration.sql"))
      assert.is_true(json("migrate status --migrations steps").ok)
    end)
  end)
end)
