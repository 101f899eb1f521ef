-- The first steps, as the README and docs/getting-started.md show them: what the pages print is what comes.
local pages = require "docs.pages"
local sessions = require "command.sessions"
local support = require "support"

local PAGES = { "README.md", "docs/getting-started.md" }

describe("the first steps", function()
  after_each(support.cleanup)

  for _, path in ipairs(PAGES) do
    it("are as recorded: " .. path, function()
      local results = sessions.replay(path, function(text) return text end)
      assert.is_true(#results > 0)
      if os.getenv "RILLE_RECORD" then return sessions.record(path, results) end
      for _, result in ipairs(results) do
        assert.equal(sessions.normal(result.block.text), result.shown, ("%s:%d"):format(path, result.block.line))
      end
    end)

    if support.server then
      it("are the same on PostgreSQL: " .. path, function()
        local first, second = support.database "postgresql", support.database "postgresql"
        local function change(text)
          text = text:gsub("file:%./production%.db", (second:gsub("%%", "%%%%")))
          text = text:gsub("^(rille init[^\n]*)$", "%1 --url " .. first:gsub("%%", "%%%%"))
          return (text:gsub('provider = "sqlite"', 'provider = "postgresql"'))
        end
        for _, result in ipairs(sessions.replay(path, change)) do
          local shown = result.shown:gsub(first:gsub("%p", "%%%0"), "file:./dev.db")
          assert.equal(sessions.normal(result.block.text), shown, ("%s:%d"):format(path, result.block.line))
        end
      end)
    end
  end

  it("write the files that the page shows", function()
    local folder = support.folder()
    assert.is_true(os.execute(("cd '%s' && rille init --with-model >/dev/null"):format(folder)))
    for _, block in ipairs(pages.blocks "docs/getting-started.md") do
      if block.words.write then return assert.equal(block.text, pages.read(folder .. "/schema.prisma")) end
    end
  end)
end)
