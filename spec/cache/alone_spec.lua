-- Reads that run alone because waiting would be a circle are part of the computation around them all the same.
local support = require "support"

local SCHEMA = [[
model Item {
  id   Int    @id @default(autoincrement())
  name String @unique
}]]

if support.server then
  describe("a read that runs alone", function()
    after_each(support.cleanup)

    it("gives its tags to the value that it is part of", function()
      local db = support.open("postgresql", SCHEMA, { cache = true, wait = support.hook(), pool = { size = 4 } })
      local last
      db:on("cache", function(event) last = event.answer end)
      repeat db.item:count { where = { id = 0 }, cache = { ttl = 600 } } until last == "hit" -- it listens
      local function read() return db.item:find_many { cache = { ttl = 600, tags = { "items" } } } end
      local calls = 0
      local outer = db:cached(function()
        calls = calls + 1
        return #read()
      end, { key = "outer", ttl = 600 })
      local other = coroutine.create(read)
      assert(coroutine.resume(other))
      assert.equal("suspended", coroutine.status(other)) -- it computes
      assert.equal(0, outer()) -- this thread would stand, so it computes for itself
      while coroutine.status(other) ~= "dead" do assert(coroutine.resume(other)) end
      assert.same({ 0, 1 }, { outer(), calls })
      db:revalidate_tag "items"
      assert.same({ 0, 2 }, { outer(), calls })
    end)
  end)
end
