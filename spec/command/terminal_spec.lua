-- On a terminal: colours, and questions.
local harness = require "command.harness"
local support = require "support"

local SCHEMA = "model User {\n  id    Int     @id @default(autoincrement())\n  email String  @unique\n  name  String?\n}\n"
local LOSSY = "model User {\n  id    Int     @id @default(autoincrement())\n  email String  @unique\n}\n"
local RENAMED = "model User {\n  id    Int     @id @default(autoincrement())\n  email String  @unique\n  title String?\n}\n"

if not harness.has_terminal then return end

describe("on a terminal the command", function()
  local folder
  before_each(function() folder = harness.project(nil, SCHEMA) end)
  after_each(support.cleanup)

  it("shows colours, unless told not to", function()
    assert.truthy(harness.terminal(folder, "validate").out:find("\27[32m✓\27[0m schema.prisma is valid", 1, true))
    assert.truthy(harness.terminal(folder, "--help").out:find("\27[1mCommands:\27[0m", 1, true))
    for _, plain in ipairs { { "validate --no-color" }, { "validate --json" }, { "validate", { NO_COLOR = "1" } }, { "validate", { TERM = "dumb" } } } do
      assert.falsy(harness.terminal(folder, plain[1], { env = plain[2] }).out:find("\27", 1, true), plain[1])
    end
    assert.truthy(harness.terminal(folder, "validate", { env = { NO_COLOR = "" } }).out:find("\27[", 1, true))
  end)

  it("ends with the same exit codes", function()
    assert.equal(0, harness.terminal(folder, "validate").status)
    assert.equal(2, harness.terminal(folder, "nothing").status)
    assert.equal(1, harness.terminal(folder, "validate --schema gone.prisma").status)
  end)
end)

support.each_engine(function(engine)
  describe("on a terminal the command", function()
    local folder, url

    local function typed(arguments, input) return harness.terminal(folder, arguments, { url = url, input = input }) end
    local function count() return support.connect(url, LOSSY).user:count() end

    before_each(function()
      folder, url = harness.project(engine, SCHEMA)
      harness.ok(folder, "migrate dev --name init", { url = url })
      support.connect(url, SCHEMA).user:create { data = { email = "a@example.com", name = "A" } }
      support.cleanup_clients()
    end)

    it("asks before a reset, and only the whole word is a yes", function()
      for _, answer in ipairs { "y\n", "\n", "no\n", "" } do
        local refused = typed("migrate reset", answer)
        assert.equal(1, refused.status)
        assert.truthy(refused.out:find("Type `yes` to continue:", 1, true))
        assert.truthy(refused.out:find("nothing was changed", 1, true))
      end
      assert.equal(1, count())
      support.cleanup_clients()
      assert.equal(0, typed("migrate reset", "yes\n").status)
      assert.equal(0, count())
    end)

    it("asks before push loses data", function()
      support.write(folder .. "/schema.prisma", LOSSY)
      local refused = typed("db push", "n\n")
      assert.equal(1, refused.status)
      assert.truthy(refused.out:find("Rows or values would be lost:\n  - ", 1, true))
      assert.equal("A", support.connect(url, SCHEMA).user:find_first().name)
      support.cleanup_clients()
      assert.equal(0, typed("db push", "y\n").status)
      harness.ok(folder, "migrate diff --from-database --to-schema schema.prisma --exit-code", { url = url })
    end)

    it("asks for a name, and whether a column was renamed; then its values stay", function()
      support.write(folder .. "/schema.prisma", RENAMED)
      local shown = typed("migrate dev", "y\nname to title\n")
      assert.equal(0, shown.status, shown.out)
      assert.truthy(shown.out:find("Was the column `name` of `User` renamed to `title`?", 1, true), shown.out)
      assert.truthy(shown.out:find("_name_to_title", 1, true), shown.out)
      assert.equal("A", support.connect(url, RENAMED).user:find_first().title)
    end)

    it("asks before dev loses data, and before it resets", function()
      support.write(folder .. "/schema.prisma", LOSSY)
      assert.equal(1, typed("migrate dev --name drop", "n\n").status)
      assert.equal(0, typed("migrate dev --name drop", "y\n").status)
      support.connect(url, ""):execute_script 'CREATE TABLE stray (id INTEGER)'
      support.cleanup_clients()
      local refused = typed("migrate dev", "no\n")
      assert.equal(1, refused.status)
      assert.truthy(refused.out:find("Type `yes` to reset the database:", 1, true), refused.out)
      assert.equal(1, count())
      support.cleanup_clients()
      assert.equal(0, typed("migrate dev", "yes\n").status)
      assert.equal(0, count())
    end)

    it("shows a bar while a seed makes rows", function()
      local script = 'local rille = require "rille"\nlocal db = rille.connect()\nrille.seed.new { db = db, seed = 1 }:create("user", 20)\ndb:close()\n'
      support.write(folder .. "/seed.lua", script)
      local shown = typed("db seed").out
      assert.truthy(shown:find("user                 [" .. ("#"):rep(30) .. "] 20/20", 1, true), shown)
      assert.equal(21, count())
    end)

    it("asks nothing of a program that reads JSON", function()
      local refused = typed("migrate reset --json", "yes\n")
      assert.equal(1, refused.status)
      assert.falsy(refused.out:find("Type", 1, true))
      assert.equal(1, count())
    end)
  end)
end)
