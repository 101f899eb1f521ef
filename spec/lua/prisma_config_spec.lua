-- A project with a prisma.config.ts: read as Prisma would understand it, without running it.
local prisma_config = require "rille.prisma_config"
local support = require "support"

local VARIABLES = { DIRECT_URL = "postgresql://direct", EMPTY = "" }

local function parse(text, file)
  local found = prisma_config.parse(text, file or "prisma.config.ts", function(name) return VARIABLES[name] end)
  local unread = {}
  for path in pairs(found.unread) do unread[#unread + 1] = path end
  table.sort(unread)
  found.unread, found.file = #unread > 0 and table.concat(unread, " ") or nil, nil
  return found
end

describe("prisma.config.ts", function()
  it("is understood if its values are plain", function()
    local expected = { schema = "db/schema.prisma",
      migrations = "db/migrations", seed = "tsx db/seed.ts", url = "postgresql://direct", shadow_url = "postgresql://s" }
    assert.same(expected, parse [[
        import "dotenv/config"; // it's needed
        import { defineConfig, env } from 'prisma/config'
        /* export default { schema: "no" } */
        export default defineConfig({
          schema: './db/schema.prisma', // schema: "x",
          migrations: { path: "db/migrations", seed: `tsx db/seed.ts` },
          datasource: { url: env("DIRECT_URL"), shadowDatabaseUrl: process.env.EMPTY || "postgresql://s" },
        })]])
  end)

  it("is understood as a constant, of the module, with the helpers of its language", function()
    assert.same({ schema = "prisma/schema", migrations = "m", url = "postgresql://direct" }, parse [[
      import path from "node:path"
      const config: PrismaConfig = {
        schema: path.join("prisma", "schema"), "migrations": { path: path.join(__dirname, "m") },
        datasource: { url: process.env["DIRECT_URL"]! },
      } satisfies PrismaConfig
      export default config]])
    assert.same({ migrations = "a/b", url = "postgresql://direct" }, parse [[
      module.exports = defineConfig<Config>({ migrations: { path: resolve(import.meta.dirname, "a", "b"), initShadowDb: "schema: 'x'" },
        datasource: { url: env<Env>('DIRECT_URL') as string } })]])
  end)

  it("has paths that are relative to it", function()
    assert.same({ schema = ".config/../db/schema.prisma", migrations = "/srv/m" },
      parse('export default { schema: "../db/schema.prisma", migrations: { path: "/srv/m" } }', ".config/prisma.ts"))
  end)

  it("is not guessed at", function()
    assert.same({ unread = "datasource.url migrations.path migrations.seed schema" }, parse [[
      export default defineConfig({ schema: folder + "/schema.prisma", migrations: { path: `${folder}/m`, seed: seeds[0] },
        datasource: { url: url() } })]])
    assert.same({ unread = "datasource.url" },
      parse 'export default defineConfig({ datasource: { url: env("NOT_SET") }, views: { path: "v" }, tables: { schema: "s" } })')
    assert.same({ unread = "schema" }, parse "export default { schema: }")
  end)

  it("is not ignored if a setting cannot be read", function()
    local all = { unread = "datasource.shadowDatabaseUrl datasource.url migrations.path migrations.seed schema" }
    for _, text in ipairs { "export default", "export default missing", "export default load()", "export default { schema", "{",
      "export default { schema: '", "export default ci ? { schema: 'a' } : { schema: 'b' }", "export default with({ schema: 'a' })",
      "export default defineConfig({ schema: 'a' }, more)", "const c = {}; c.schema = 'x'; export default c",
      "export default { schema: 'a', ...shared }" } do
      assert.same(all, parse(text), text)
    end
    for _, text in ipairs { "", "// nothing", "/*", "export default {}" } do assert.same({}, parse(text), text) end
    assert.same({ schema = "a", unread = "datasource.shadowDatabaseUrl datasource.url" }, parse "export default { schema: 'a', datasource }")
    assert.same({ unread = "datasource.url" }, parse "export default { datasource: { url } }")
    assert.same({ unread = "datasource.shadowDatabaseUrl datasource.url" }, parse "export default { datasource: { get url() { return 'x' } } }")
    assert.same({ unread = "datasource.url" }, parse "export default { datasource: { url: ci ? 'a' : 'b' } }")
    assert.same({ url = "b", unread = "datasource.shadowDatabaseUrl" }, parse "export default { datasource: { ...shared, url: 'b' } }")
    assert.same({ unread = "datasource.url" }, parse "export default { datasource: { url: process.env.NOT_SET } }")
    assert.same({ unread = "datasource.url" }, parse "export default { datasource: { url: process.env.EMPTY || '' } }")
    assert.same({}, parse "export default { datasource: { shadowDatabaseUrl: process.env.NOT_SET }, schema: process.env.NOT_SET }")
    assert.same({ unread = "datasource.shadowDatabaseUrl" }, parse "export default { datasource: { shadowDatabaseUrl: env('NOT_SET') } }")
  end)

  describe("of a project", function()
    local folder
    before_each(function() folder = support.folder() end)
    after_each(support.cleanup)

    -- A program in the folder; what it prints.
    local function run(code, environment)
      support.write(folder .. "/run.lua", code)
      local pipe = assert(io.popen(("cd '%s' && env -u DATABASE_URL %s lua5.4 run.lua 2>&1"):format(folder, environment or "")))
      local output = pipe:read "a"
      pipe:close()
      return (output:gsub("%s+$", ""))
    end

    local function project(config)
      os.execute(("mkdir -p '%s/db/history'"):format(folder))
      support.write(folder .. "/prisma.config.ts", config)
      support.write(folder .. "/db/models.prisma", 'datasource db {\n  provider = "sqlite"\n}\nmodel Note {\n  id Int @id\n}\n')
    end

    local CONFIG = [[export default defineConfig({ schema: "db/models.prisma", migrations: { path: "db/history" }, datasource: { url: env("DIRECT") } })]]

    it("has the folder of migrations, and their database", function()
      project(CONFIG)
      local program = [[
        local rille = require "rille"
        print(rille.migrate.dev { name = "first" }.created)
        print(rille.migrate.status().up_to_date)
        local db = rille.connect { url = "file:./direct.db" }
        print(db.note:count())
      ]]
      local output = run(program, "DIRECT=file:./direct.db DATABASE_URL=file:./usual.db")
      assert.matches("^%d+_first\ntrue\n0$", output)
      assert.is_true(os.execute(("cd '%s' && test -f db/history/*_first/migration.sql && test ! -e migrations && test ! -e usual.db"):format(folder)))
    end)

    it("comes after DATABASE_URL for clients", function()
      project(CONFIG)
      local program = [[local rille = require "rille"
        rille.push { url = arg and os.getenv "WANTED" }
        local db = rille.connect()
        db.note:create { data = { id = 1 } }
        db:close()]]
      assert.equal("", run(program, "WANTED=file:./usual.db DATABASE_URL=file:./usual.db DIRECT=file:./direct.db"))
      assert.is_true(os.execute(("test ! -e '%s/direct.db'"):format(folder)))
      assert.equal("", run(program, "WANTED=file:./direct.db DIRECT=file:./direct.db"))
      assert.is_true(os.execute(("test -e '%s/direct.db'"):format(folder)))
    end)

    it("rejects what it cannot read if that matters", function()
      project 'export default { schema: "db/models.prisma", migrations: { path: where() }, datasource: { url: find() } }'
      local program = [[
        local _, e = require("rille").try(require("rille").migrate.status, { url = os.getenv "URL" })
        print(e)
        print(pcall(require("rille").migrate.deploy, { url = "file:./x.db", migrations = "db/history" }))
      ]]
      assert.matches("VALIDATION: `migrations%.path` of prisma%.config%.ts .* name the folder with `migrations` %(run%.lua:1%)\ntrue",
        run(program, "URL=file:./x.db"))
      assert.matches("P1013: .*`datasource%.url` of prisma%.config%.ts is not written as a plain value", run(
        [[print(select(2, require("rille").try(require("rille").push)))]]))
      assert.matches("P1013: .*`datasource%.url` of prisma%.config%.ts is not written as a plain value", run(
        [[print(select(2, require("rille").try(require("rille").push)))]], "DATABASE_URL=file:./usual.db"))
      project 'export default { schema: "db/absent.prisma" }'
      assert.matches("P1012: the schema `db/absent%.prisma`, which prisma%.config%.ts names, does not exist", run(
        [[print(select(2, require("rille").try(require("rille").push)))]]))
    end)

    -- Every function that looks for a database by convention, each for itself.
    local COMMANDS = [[
      local rille = require "rille"
      os.execute "mkdir -p db/migrations"
      for _, call in ipairs {
        { "push", rille.push }, { "pull", rille.pull, { schema = "db/models.prisma" } }, { "dev", rille.migrate.dev, { name = "x" } },
        { "deploy", rille.migrate.deploy }, { "status", rille.migrate.status }, { "reset", rille.migrate.reset },
        { "resolve", rille.migrate.resolve, { applied = "x" } }, { "down", rille.migrate.down }, { "backup", rille.backup, { file = "b" } },
        { "restore", rille.restore, { file = "b" } } } do
        local _, e = rille.try(call[2], call[3])
        print(call[1], e)
      end]]

    it("is rejected by every command that would use DATABASE_URL instead", function()
      local cases = { ["find()"] = "is not written as a plain value", ['env("DIRECT")'] = "names the variable DIRECT, which is not set",
        ["process.env.DIRECT"] = "names the variable DIRECT, which is not set" }
      for value, why in pairs(cases) do
        project('export default { schema: "db/models.prisma", datasource: { url: ' .. value .. " } }")
        for line in (run(COMMANDS, "DATABASE_URL=file:./usual.db") .. "\n"):gmatch "[^\n]+" do
          assert.matches("^%w+%s+P1013: `datasource%.url` of prisma%.config%.ts " .. why, line)
        end
        for _, command in ipairs { "db push", "db pull", "migrate deploy", "migrate dev --name x", "db execute --stdin",
          "migrate diff --from-empty --to-database",
          "db backup b", "doctor", "console" } do
          local pipe = io.popen(("cd '%s' && DATABASE_URL=file:./usual.db rille %s 2>&1 </dev/null"):format(folder, command))
          local output = pipe:read "a"
          pipe:close()
          assert.truthy(output:find("`datasource.url` of prisma.config.ts " .. why, 1, true), command .. ": " .. output)
        end
        assert.is_true(os.execute(("test ! -e '%s/usual.db'"):format(folder)))
      end
    end)

    it("makes a client report a missing variable only if it needs it", function()
      project 'export default { schema: "db/models.prisma", datasource: { url: env("DIRECT") } }'
      local program = [[print(select(2, require("rille").try(require("rille").connect)))]]
      assert.matches("P1013: `datasource%.url` of prisma%.config%.ts names the variable DIRECT, which is not set", run(program))
      assert.equal("", run(program, "DATABASE_URL=file:./usual.db"))
    end)

    it("does not replace a variable that the schema names", function()
      project "export default {}"
      support.write(folder .. "/schema.prisma", 'datasource db {\n  provider = "sqlite"\n  url = env("DIRECT")\n}\nmodel Note {\n  id Int @id\n}\n')
      for _, call in ipairs { "connect", "push" } do
        assert.matches("P1013: .* names the variable DIRECT", run(
          ([[print(select(2, require("rille").try(require("rille").%s)))]]):format(call), "DATABASE_URL=file:./usual.db"))
      end
      assert.is_true(os.execute(("test ! -e '%s/usual.db'"):format(folder)))
    end)

    it("is not skipped for the usual place of a schema", function()
      project "export default { schema: find() }"
      os.execute(("cp '%s/db/models.prisma' '%s/schema.prisma'"):format(folder, folder))
      assert.matches("P1012: `schema` of prisma%.config%.ts is not written as a plain value .*name the schema with `schema`", run(
        [[print(select(2, require("rille").try(require("rille").connect, { url = "file:./x.db" })))]]))
      assert.equal("", run([[print(select(2, require("rille").try(require("rille").connect, { url = "file:./x.db", schema = "schema.prisma" })))]]))
    end)
  end)
end)
