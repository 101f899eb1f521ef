-- Every schema: pushed, it makes no difference; pulled, it gives the same database; pulled with itself known, it gives the same text. As a
-- migration it leaves nothing to do, and its down.sql leaves nothing.
local pages = require "docs.pages"
local rille = require "rille"
local schemas = require "support.schemas"
local support = require "support"

local function check(url, text, namespaces)
  rille.push { schema_text = text, url = url, reset = true }
  local function same(what, from, to)
    local rest = rille.migrate.diff { from = from, to = to, script = true }
    assert(rest == "", what .. ":\n" .. rest)
  end
  same("pushed", { url = url }, { schema_text = text })
  same("pushed, backwards", { schema_text = text }, { url = url })
  local pulled = rille.pull { url = url, schemas = namespaces }
  same("pulled\n" .. pulled, { url = url }, { schema_text = pulled })
  local again = rille.pull { url = url, schema_text = text }
  same("pulled again\n" .. again, { url = url }, { schema_text = again })
  return pulled, again
end

-- Runs all of `dev`: the script created its shadow, whose catalog may differ from the database's in wording.
local function check_migration(url, shadow, text, namespaces)
  local options = { url = url, shadow_url = shadow, schema_text = text, migrations = support.folder() .. "/migrations" }
  local place = { url = url, schema_text = text, migrations = options.migrations }
  rille.migrate.reset(place)
  local created = rille.migrate.dev(options).created
  local again = rille.migrate.dev(options)
  assert(created and again.up_to_date, "a second migration: " .. tostring(again.created))
  rille.migrate.down(place)
  support.fails("P4001", rille.pull, { url = url, schemas = namespaces }) -- it is empty
end

support.each_engine(function(engine)
  describe("schemas are pulled as pushed:", function()
    local url, shadow -- of all: each begins with a reset
    setup(function() url, shadow = support.database(engine), engine == "postgresql" and support.database(engine) or nil end)

    for _, one in ipairs(schemas.of(engine)) do
      it(one.name, function()
        local text = schemas.text(one, engine)
        local _, again = check(url, text, one.schemas)
        if one.name == "views" then return end -- a view that nobody made goes
        assert.equal(rille.format(text), again)
        check_migration(url, shadow, text, one.schemas)
      end)
    end

    for path in io.popen("find examples -name '*.prisma' | LC_ALL=C sort"):lines() do
      it(path, function()
        local file = assert(io.open(path))
        local text = file:read "a"
        file:close()
        local provider = text:match 'provider%s*=%s*"(%w+)"'
        if text:find "datasource" then text = text:gsub('(datasource.-provider%s*=%s*)"%w+"', '%1"' .. engine .. '"', 1) end
        if not provider or provider == engine or not text:find "@db%." then
          local _, again = check(url, text)
          assert.equal(rille.format(text), again)
        end
      end)
    end

    for path in io.popen("ls README.md docs/*.md"):lines() do
      for _, block in ipairs(pages.blocks(path)) do
        local other = engine == "sqlite" and "postgres-only" or "sqlite-only"
        if block.words.schema and not block.words[other] then
          it(("%s:%d"):format(path, block.line), function()
            local text = block.text:find "datasource" and block.text or ('datasource db {\n  provider = "%s"\n}\n\n'):format(engine) .. block.text
            rille.push { schema_text = text, url = url, reset = true }
            assert.equal(rille.format(text), rille.pull { url = url, schema_text = text })
          end)
        end
      end
    end
  end)

  it("keeps the order of lines if a table differs, also of a field of several lines", function()
    local text = ([[
datasource db {
  provider = "%s"
}

model Post {
  id Int @id
  /// who wrote it
  author User @relation(
    fields: [authorId],
    references: [id]
  )
  title String // shown
  authorId Int
}

model User {
  posts Post[]
  name String
  id Int @id
}
]]):format(engine)
    local db, url = support.open(engine, text)
    db:execute_raw 'ALTER TABLE "Post" ADD COLUMN extra INTEGER'
    db:execute_raw 'ALTER TABLE "User" ADD COLUMN age INTEGER'
    db:execute_raw 'ALTER TABLE "User" DROP COLUMN name'
    local pulled = rille.pull { url = url, schema_text = text }
    local expected = text:gsub("%(\n +", "("):gsub(",\n +", ", "):gsub("%]\n +%)", "])"):gsub("authorId Int\n", "%0extra Int?\n")
      :gsub("name String\n", ""):gsub("(id Int @id\n)}\n$", "%1age Int?\n}\n")
    assert.equal(rille.format(expected), pulled)
  end)
end, true)
