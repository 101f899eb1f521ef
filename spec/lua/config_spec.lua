-- Where schema and URL are found; checking and formatting schemas; names of models.
local rille = require "rille"
local config = require "rille.config"
local support = require "support"

local model = "model Note {\n  id Int @id\n}\n"

-- Runs Lua in a folder with its own environment, and returns its output.
local function run(folder, environment, code)
  local path = support.write(folder .. "/run.lua", code)
  local pipe = assert(io.popen(("cd '%s' && env -u DATABASE_URL %s lua5.4 '%s' 2>&1"):format(folder, environment, path)))
  local output = pipe:read "a"
  pipe:close()
  return (output:gsub("%s+$", ""))
end

local USE = [[
local rille = require "rille"
rille.push()
local db = rille.connect()
db.note:create { data = { id = 7 } }
print(db.note:find_first({}).id)
]]

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

describe("convention", function()
  after_each(support.cleanup)

  it("finds the schema in its three places", function()
    for _, place in ipairs { "schema.prisma", "prisma/schema.prisma", "prisma/schema/note.prisma" } do
      local folder = support.folder()
      os.execute(("mkdir -p '%s/prisma/schema'"):format(folder))
      if place ~= "prisma/schema/note.prisma" then os.execute(("rmdir '%s/prisma/schema'"):format(folder)) end
      support.write(folder .. "/" .. place, model)
      assert.equal("7", run(folder, "DATABASE_URL=file:./x.db", USE))
      assert.is_true(exists(folder .. "/x.db"))
    end
    assert.truthy(run(support.folder(), "", USE):find "P1012.*prisma/schema%.prisma")
  end)

  it("takes the URL of the environment, then .env.local, then .env", function()
    local folder = support.folder()
    support.write(folder .. "/schema.prisma", 'datasource db {\n  provider = "sqlite"\n  url = env("SPEC_URL")\n}\n' .. model)
    support.write(folder .. "/.env", "# comment\nSPEC_URL=\"file:./env.db\" # why\n")
    assert.equal("7", run(folder, "", USE))
    assert.is_true(exists(folder .. "/env.db"))
    support.write(folder .. "/.env.local", "export SPEC_URL='file:./local.db'\n")
    assert.equal("7", run(folder, "", USE))
    assert.is_true(exists(folder .. "/local.db"))
    assert.equal("7", run(folder, "SPEC_URL=file:./real.db", USE))
    assert.is_true(exists(folder .. "/real.db"))
  end)

  it("takes DATABASE_URL when the schema names no variable", function()
    local folder = support.folder()
    support.write(folder .. "/schema.prisma", model)
    support.write(folder .. "/.env", "DATABASE_URL=file:./d.db\n")
    assert.equal("7", run(folder, "", USE))
    assert.is_true(exists(folder .. "/d.db"))
  end)

  it("reads .env files", function()
    assert.same({ A = "1", B = "two words", C = "x#y", D = "", E = "a\nb", F = "q" },
      config.parse_env "A=1\n\n# no\n B = \"two words\"\nC=x#y # comment\nD=\nE=\"a\\nb\"\nexport F='q'\nnonsense\n")
    assert.same({ A = "x", B = "file:x.db", C = "${A}", D = "${A}", E = "p$w$", F = "", G = "x-x" }, config.parse_env(
      "\239\187\191A=x\r\nB=\"file:${A}.db\"\r\nC='${A}'\nD=\"\\${A}\"\nE=\"p\\$w$\"\nF=${RILLE_IS_NOT_SET}\nG=${A}-${A} # c\n"))
  end)
end)

describe("names of models", function()
  after_each(support.cleanup)

  it("come in three forms, also where a method has the same", function()
    local db = support.connect("sqlite::memory:", [[
model BlogPost {
  id Int @id
}

model Batch {
  id Int @id
}
]])
    for _, name in ipairs { "blog_post", "blogPost", "BlogPost" } do assert.truthy(tostring(db[name]):find "BlogPost") end
    assert.truthy(tostring(db.batch):find "Batch")
    assert.truthy(tostring(db.Batch):find "Batch")
    assert.is_nil(db[1])
  end)
end)

describe("schemas", function()
  it("are validated", function()
    assert.is_true(rille.validate(model))
    local ok, diagnostics = rille.validate "model A {\n  id Int @id\n  x Strin\n}\n"
    assert.is_nil(ok)
    assert.equal(1, #diagnostics)
    local first = diagnostics[1]
    assert.equal(3, first.line)
    assert.equal(5, first.column)
    assert.equal("  x Strin", first.source_line)
    assert.truthy(first.message:find("Strin", 1, true))
    support.fails("VALIDATION", rille.validate, 5)
  end)

  it("are formatted", function()
    assert.equal("model A {\n  id    Int     @id\n  title String?\n}\n", rille.format "model A {\nid Int @id\n title  String?\n}")
    support.fails("P1012", rille.format, "model A {\n  id Int @id\n")
  end)
end)

describe("push", function()
  after_each(support.cleanup)

  it("says what it does not know", function()
    support.fails("VALIDATION", rille.push, { schema_text = model, url = "sqlite::memory:", force = true })
    support.fails("P1013", rille.push, { schema_text = model, url = "nowhere" })
    support.fails("P1012", rille.push, { schema_text = "model A {\n}\n", url = "sqlite::memory:" })
  end)

  for _, engine in ipairs(support.engines) do
    it("drops existing tables only with an option, on " .. engine, function()
      local db, url = support.open(engine, model)
      db.note:create { data = { id = 1 } }
      local other = "model Other {\n  id Int @id\n}\n"
      assert.is_false(pcall(rille.push, { schema_text = other, url = url }))
      assert.equal(1, db.note:count())
      db:close()
      rille.push { schema_text = other, url = url, reset = true }
      assert.equal(0, support.connect(url, other).other:count())
    end)
  end
end)
