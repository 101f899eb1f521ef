-- Every schema: pushed it makes no difference, pulled it is the same database, pulled with itself at hand it is the same text.
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

support.each_engine(function(engine)
  describe("schemas go round:", function()
    for _, one in ipairs(schemas.of(engine)) do
      it(one.name, function()
        local text = schemas.text(one, engine)
        local _, again = check(support.database(engine), text, one.schemas)
        if one.name ~= "views" then assert.equal(rille.format(text), again) end -- a view that nobody made goes
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
          local _, again = check(support.database(engine), text)
          assert.equal(rille.format(text), again)
        end
      end)
    end

    for path in io.popen("ls README.md docs/*.md"):lines() do
      for _, block in ipairs(pages.blocks(path)) do
        local other = engine == "sqlite" and "postgres-only" or "sqlite-only"
        if block.words.schema and not block.words[other] then
          it(("%s:%d"):format(path, block.line), function()
            local url = support.database(engine)
            local text = block.text:find "datasource" and block.text or ('datasource db {\n  provider = "%s"\n}\n\n'):format(engine) .. block.text
            rille.push { schema_text = text, url = url }
            assert.equal(rille.format(text), rille.pull { url = url, schema_text = text })
          end)
        end
      end
    end
  end)

  it("keeps the order of lines where a table differs, also of a field on several lines", function()
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
end)
