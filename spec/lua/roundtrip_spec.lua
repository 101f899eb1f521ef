-- Every schema: pushed it makes no difference, pulled it is the same database, pulled with itself at hand it is the same text.
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
        if not provider or provider == engine or not text:find "@db%." then check(support.database(engine), text) end
      end)
    end
  end)
end)
