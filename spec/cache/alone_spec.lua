-- Reads that run alone because waiting would be a circle are part of the computation around them all the same. Nobody waits long for a coroutine that
-- will not go on.
local support = require "support"

local SCHEMA = [[
model Item {
  id   Int    @id @default(autoincrement())
  name String @unique
}]]

if support.server then
  describe("a read that does not wait", function()
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

    it("computes at once after another one has waited in vain", function()
      local db = support.open("postgresql", SCHEMA, { cache = true, wait = support.hook(), pool = { size = 4 } })
      local last
      db:on("cache", function(event) last = event.answer end)
      repeat db.item:count { where = { id = 0 }, cache = { ttl = 600 } } until last == "hit"
      local short, calls = db:with { timeout = 200 }, 0
      local function read(client) return #client.item:find_many { cache = { ttl = 600 } } end
      local function page(client)
        return client:page("/items", function()
          calls = calls + 1
          return read(client)
        end, { ttl = 600 })
      end
      local gone = { coroutine.create(read), coroutine.create(page) }
      for i = 1, 2 do assert(coroutine.resume(gone[i], db)) end
      assert.same({ "suspended", "suspended" }, { coroutine.status(gone[1]), coroutine.status(gone[2]) }) -- and they are not resumed again
      for i, fn in ipairs { read, page } do
        support.run(function() support.fails("P1008", fn, short) end)
        support.run(function()
          assert.equal(0, fn(short))
          assert.equal(i == 1 and "miss" or last, last)
        end)
      end
      assert.equal(2, calls)
      assert.is_true(coroutine.status(gone[1]) == "suspended")
    end)
  end)
end
