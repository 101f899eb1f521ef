-- `rille init`, and what is done with a schema alone: validate, format.
local harness = require "command.harness"
local support = require "support"

local WRONG = "model Note {\n\tid Intt @id\n  tag Tagg\n}\n"

describe("rille init", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(support.cleanup)

  local function text(name) return harness.read(folder .. "/" .. name) end

  it("writes what a project begins with", function()
    local document = harness.json(folder, "init --with-model")
    assert.same({ "schema.prisma", ".env", ".gitignore", "seed.lua", "main.lua" }, { (table.unpack or unpack)(document.written) })
    assert.equal("sqlite", document.provider)
    assert.truthy(text ".env":find('DATABASE_URL="file:./dev.db"', 1, true))
    assert.truthy(text ".gitignore":find("\n*.db\n", 1, true))
    harness.ok(folder, "validate")
    harness.ok(folder, "format --check")
    harness.ok(folder, "db push")
    assert.equal("2 users, 2 posts\n✓ seed.lua has run\n", harness.ok(folder, "db seed").out)
    assert.equal("2 users, 2 posts\n✓ seed.lua has run\n", harness.ok(folder, "db seed").out)
    local pipe = io.popen(("cd '%s' && env -u DATABASE_URL lua5.4 main.lua 2>&1"):format(folder))
    local said = pipe:read "a"
    pipe:close()
    assert.equal("Ada\tada@example.com\t1 published\nGrace\tgrace@example.com\t1 published\n", said)
  end)

  it("writes a schema without models that is valid, and scripts that run", function()
    harness.ok(folder, "init")
    harness.ok(folder, "validate")
    harness.ok(folder, "format --check")
    harness.ok(folder, "db seed")
  end)

  it("writes for PostgreSQL, by name or by URL, and where it is told", function()
    harness.ok(folder, "init --provider postgresql --schema db/schema.prisma")
    assert.truthy(text "db/schema.prisma":find('provider = "postgresql"', 1, true))
    assert.truthy(text ".env":find('DATABASE_URL="postgresql://', 1, true))
    assert.is_true(harness.exists(folder .. "/db/seed.lua"))
    os.execute(("mkdir -p '%s/prisma'"):format(folder))
    harness.ok(folder, "init --url postgresql://me@localhost/shop --no-example")
    assert.truthy(text "prisma/schema.prisma":find('provider = "postgresql"', 1, true))
    assert.truthy(text ".env":find('DATABASE_URL="postgresql://me@localhost/shop"', 1, true))
    assert.equal(1, select(2, text ".env":gsub("DATABASE_URL=", "")))
    assert.is_false(harness.exists(folder .. "/prisma/seed.lua"))
  end)

  it("keeps a password from other users of the machine", function()
    harness.ok(folder, "init --url postgresql://me:secret@localhost/shop --no-example")
    assert.is_true(os.execute(("test \"$(stat -c %%a '%s/.env')\" = 600"):format(folder)))
    os.execute(("chmod 640 '%s/.env'"):format(folder))
    harness.ok(folder, "init --url postgresql://me:other@localhost/shop --no-example --force")
    assert.is_true(os.execute(("test \"$(stat -c %%a '%s/.env')\" = 640"):format(folder)))
  end)

  it("overwrites nothing without --force, and keeps what others wrote in .env and .gitignore", function()
    support.write(folder .. "/.env", "OTHER=1")
    support.write(folder .. "/.gitignore", "build\n*.db")
    support.write(folder .. "/main.lua", "-- mine\n")
    local said = harness.ok(folder, "init", { status = 1 }).err
    assert.truthy(said:find("there is already: main.lua; --force overwrites", 1, true))
    assert.is_false(harness.exists(folder .. "/schema.prisma"))
    assert.equal("OTHER=1", text ".env")
    harness.ok(folder, "init --no-example")
    assert.equal("-- mine\n", text "main.lua")
    assert.equal('OTHER=1\nDATABASE_URL="file:./dev.db"\n', text ".env")
    assert.equal(1, select(2, ("\n" .. text ".gitignore"):gsub("\n%*%.db\n", "")))
    assert.truthy(text ".gitignore":find("^build\n"))
    harness.ok(folder, "init --force --with-model")
    assert.truthy(text "main.lua":find "find_many")
    assert.equal('OTHER=1\nDATABASE_URL="file:./dev.db"\n', text ".env")
  end)

  it("begins with the database that DATABASE_URL names, and leaves it where it stands", function()
    local before = '# mine\nDATABASE_URL="postgresql://me:pw@localhost/shop"\n'
    support.write(folder .. "/.env", before)
    assert.equal("postgresql", harness.json(folder, "init --no-example").provider)
    assert.equal(before, text ".env")
    harness.ok(folder, "init --no-example --force")
    assert.equal(before, text ".env")
    harness.ok(folder, "validate")
    os.remove(folder .. "/.env")
    local shown = harness.ok(folder, "init --force", { url = "postgresql://me@localhost/shop" }).out
    assert.is_false(harness.exists(folder .. "/.env"))
    assert.falsy(shown:find("set DATABASE_URL", 1, true))
    assert.equal("sqlite", harness.json(folder, "init --force --provider sqlite", { url = "postgresql://me@localhost/shop" }).provider)
  end)

  it("says with its schema's name what comes next, where that is not found by convention", function()
    local shown = harness.ok(folder, "init --with-model --schema db/shop.prisma").out
    assert.truthy(shown:find("rille migrate dev --name init --schema db/shop.prisma\n  rille db seed --schema db/shop.prisma\n", 1, true), shown)
    harness.ok(folder, "migrate dev --name init --schema db/shop.prisma")
    harness.ok(folder, "db seed --schema db/shop.prisma")
    local pipe = io.popen(("cd '%s' && env -u DATABASE_URL lua5.4 main.lua 2>&1"):format(folder))
    assert.truthy(pipe:read "a":find "^Ada\t")
    pipe:close()
  end)

  it("says when provider and URL do not fit", function()
    assert.equal("VALIDATION", harness.json(folder, "init --provider sqlite --url postgresql://me@localhost/shop", { status = 1 }).error.code)
  end)
end)

describe("rille validate", function()
  local folder
  before_each(function() folder = support.folder() end)
  after_each(support.cleanup)

  it("shows each fault with its line and a caret below it", function()
    support.write(folder .. "/schema.prisma", WRONG)
    local result = harness.ok(folder, "validate", { status = 1 })
    assert.equal("", result.out)
    assert.equal([[
error: The type `Intt` is unknown: it is not a built-in type, model or enum. Did you mean `Int`?
 --> schema.prisma:2:5
  |
2 | 	id Intt @id
  | 	   ^^^^

error: The type `Tagg` is unknown: it is not a built-in type, model or enum.
 --> schema.prisma:3:7
  |
3 |   tag Tagg
  |       ^^^^

2 errors in the schema
]], result.err)
  end)

  it("gives the faults as data", function()
    support.write(folder .. "/schema.prisma", WRONG)
    local found = harness.json(folder, "validate", { status = 1 }).error
    assert.equal("P1012", found.code)
    assert.equal(2, #found.diagnostics)
    assert.same({ 2, 5, 9, "\tid Intt @id" }, { found.diagnostics[1].line, found.diagnostics[1].column, found.diagnostics[1].end_column,
      found.diagnostics[1].source_line })
  end)

  it("names the file of a folder", function()
    os.execute(("mkdir -p '%s/prisma/schema'"):format(folder))
    support.write(folder .. "/prisma/schema/a.prisma", "model A {\n  id Int @id\n}\n")
    assert.truthy(harness.ok(folder, "validate").out:find("prisma/schema is valid", 1, true))
    support.write(folder .. "/prisma/schema/b.prisma", "model B {\n  id Int @id\n  x  Oops\n}\n")
    assert.truthy(harness.ok(folder, "validate", { status = 1 }).err:find("b.prisma:3:6", 1, true))
  end)

  it("reads the standard input", function()
    assert.equal("✓ stdin is valid\n", harness.ok(folder, "validate -", { input = "model A {\n  id Int @id\n}\n" }).out)
    local document = harness.json(folder, "validate -", { input = WRONG, status = 1 })
    assert.equal("stdin", document.error.diagnostics[1].file)
  end)

  it("is also what another command says of a wrong schema", function()
    support.write(folder .. "/schema.prisma", WRONG)
    for _, name in ipairs { "db push", "migrate reset", "console -e 1" } do
      local result = harness.ok(folder, name .. " --url file:x.db", { status = 1 })
      assert.truthy(result.err:find("  | \t   ^^^^\n", 1, true), name)
    end
  end)
end)

describe("rille format", function()
  local CROOKED, STRAIGHT = "model  A {\n id Int    @id\n  longer String?\n}", "model A {\n  id     Int     @id\n  longer String?\n}\n"
  local folder
  before_each(function() folder = support.folder() end)
  after_each(support.cleanup)

  it("formats a file in place, and says with --check whether it would", function()
    local path = support.write(folder .. "/schema.prisma", CROOKED)
    assert.same({ "schema.prisma" }, { harness.json(folder, "format --check", { status = 1 }).changed[1] })
    assert.equal(CROOKED, harness.read(path))
    assert.equal("✓ schema.prisma formatted\n", harness.ok(folder, "format").out)
    assert.equal(STRAIGHT, harness.read(path))
    assert.equal("✓ schema.prisma is formatted\n", harness.ok(folder, "format --check").out)
  end)

  it("formats a stream", function()
    assert.equal(STRAIGHT, harness.ok(folder, "format -", { input = CROOKED }).out)
    assert.equal(STRAIGHT, harness.json(folder, "format -", { input = CROOKED }).text)
    harness.ok(folder, "format - --check", { input = STRAIGHT })
    assert.equal("", harness.ok(folder, "format - --check", { input = CROOKED, status = 1 }).err)
  end)

  it("formats each file of a folder", function()
    os.execute(("mkdir '%s/parts'"):format(folder))
    support.write(folder .. "/parts/a.prisma", STRAIGHT)
    support.write(folder .. "/parts/b.prisma", (CROOKED:gsub("A", "B")))
    local document = harness.json(folder, "format parts")
    assert.same({ "parts/b.prisma" }, { (table.unpack or unpack)(document.changed) })
    assert.equal((STRAIGHT:gsub("A", "B")), harness.read(folder .. "/parts/b.prisma"))
  end)

  it("leaves what it cannot read as it is", function()
    local path = support.write(folder .. "/schema.prisma", "model A {\n  id Int @id\n")
    local result = harness.ok(folder, "format", { status = 1 })
    assert.truthy(result.err:find("schema.prisma:", 1, true))
    assert.equal("model A {\n  id Int @id\n", harness.read(path))
  end)
end)

describe("rille generate", function()
  local folder
  before_each(function()
    folder = support.folder()
    harness.ok(folder, "init --with-model --no-example")
  end)
  after_each(support.cleanup)

  local function text(name) return harness.read(folder .. "/" .. name) end

  it("writes types, and pictures in their stead", function()
    local file = harness.json(folder, "generate").files[1]
    assert.truthy(text(file):find("email", 1, true))
    assert.truthy(harness.ok(folder, "generate --output types/db.lua --prefix store").out:find("types/db.lua", 1, true))
    assert.truthy(text "types/db.lua":find("store", 1, true))
    os.remove(folder .. "/" .. file)
    assert.equal("✓ schema.mmd\n", harness.ok(folder, "generate --mermaid schema.mmd").out)
    assert.truthy(text "schema.mmd":find("erDiagram", 1, true))
    assert.equal("✓ schema.dot\n", harness.ok(folder, "generate --erd schema.dot").out)
    assert.is_false(harness.exists(folder .. "/" .. file))
    assert.equal("VALIDATION", harness.json(folder, "generate --erd schema.gif", { status = 1 }).error.code)
  end)

  it("is done again by migrate dev and db pull, where it was done once", function()
    harness.ok(folder, "migrate dev --name init")
    local file = harness.json(folder, "generate").files[1]
    support.write(folder .. "/schema.prisma", (text "schema.prisma":gsub("name      String%?", "name      String?\n  nick      String?")))
    harness.ok(folder, "migrate dev --name nick")
    assert.truthy(text(file):find("nick", 1, true))
    harness.ok(folder, "db execute --stdin", { input = 'ALTER TABLE "User" ADD COLUMN shoe INTEGER' })
    harness.ok(folder, "db pull")
    assert.truthy(text(file):find("shoe", 1, true))
  end)
end)
