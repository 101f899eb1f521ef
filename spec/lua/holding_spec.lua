-- Connections of objects that are no longer referenced: after an error in the middle of a result, and of what was dropped before its end.
local support = require "support"
local schedulers = require "coop.schedulers"

local schema = [[
model Doc {
  id    Int   @id
  body  Json?
  n     Int   @default(0)
  lines Line[]
}
model Line {
  id    Int   @id
  body  Json?
  docId Int
  doc   Doc   @relation(fields: [docId], references: [id])
}
]]

support.each_engine(function(engine)
  local db
  local function open(options) db = support.open(engine, schema, options) end
  local function in_use() return db:metrics().pool.in_use end

  describe("an error while tables are built from rows", function()
    -- What json of PostgreSQL accepts and rille does not: more than 1,000 levels.
    local BAD = engine == "sqlite" and "{nope" or ("["):rep(1500) .. ("]"):rep(1500)
    local function fails(call, ...)
      local ok, e = pcall(call, ...)
      assert.is_false(ok)
      assert.truthy(tostring(e):find "JSON", tostring(e))
    end

    local function fill()
      local cast = engine == "sqlite" and "" or "::jsonb"
      for id = 1, 3 do db:execute_raw(('INSERT INTO "Doc" (id, body) VALUES (?, ?%s)'):format(cast), id, id == 2 and BAD or "1") end
      for id = 1, 3 do db:execute_raw(('INSERT INTO "Line" (id, body, "docId") VALUES (?, ?%s, 1)'):format(cast), id, id == 2 and BAD or "1") end
    end

    local calls = {
      find_many = function() db.doc:find_many {} end,
      find_first = function() db.doc:find_first { where = { id = 2 } } end,
      include = function() db.doc:find_many { where = { id = 1 }, include = { lines = true } } end,
      each = function()
        for _ in db.doc:each { batch = 2 } do end -- luacheck: ignore
      end,
      batch = function()
        db:batch(function(b)
          b.doc:count()
          b.doc:find_many {}
        end)
      end,
      update = function() db.doc:update { where = { id = 2 }, data = { n = { increment = 1 } } } end,
      with_settings = engine == "postgresql" and function() db:with({ session = { ["app.x"] = "1" } }).doc:find_many {} end or nil,
    }

    for name, call in pairs(calls) do
      it("releases the connection: " .. name, function()
        open { pool = { size = 1 } }
        fill()
        collectgarbage "stop"
        fails(call)
        assert.equal(0, in_use())
        assert.equal(3, db.doc:count())
        db.doc:update_many { where = { id = 1 }, data = { n = 7 } }
        collectgarbage "restart"
      end)
      for _, scheduler in ipairs(schedulers.all) do
        it(("releases the connection under %s: %s"):format(scheduler.name, name), function()
          open { pool = { size = 1 }, wait = scheduler.wait }
          fill()
          collectgarbage "stop"
          scheduler.run { function()
            fails(call)
            assert.equal(0, in_use())
            assert.equal(3, db.doc:count())
          end }
          collectgarbage "restart"
        end)
      end
    end

    it("ends the read of a transaction, and not the transaction", function()
      open { pool = { size = 1 } }
      fill()
      db:transaction(function(tx)
        tx.doc:create { data = { id = 4 } }
        fails(tx.doc.find_many, tx.doc, {})
        tx.doc:create { data = { id = 5 } }
      end)
      assert.equal(5, db.doc:count())
    end)
  end)

  describe("what was dropped", function()
    local function begin_and_drop()
      local co = coroutine.create(function()
        db:transaction(function(tx)
          tx.doc:create { data = { id = 1 } }
          coroutine.yield()
        end)
      end)
      assert(coroutine.resume(co))
    end

    it("releases the connection of a transaction", function()
      open { pool = { size = 1, wait = 10000 } }
      collectgarbage "stop"
      for _ = 1, 3 do
        begin_and_drop()
        db.doc:create { data = { id = 1 } } -- would exist already if the other one had continued
        db.doc:delete { where = { id = 1 } }
      end
      begin_and_drop()
      db:transaction(function(tx) assert.equal(0, tx.doc:count()) end)
      begin_and_drop()
      assert.equal(1, (db:batch(function(b) b.doc:create { data = { id = 1 } } end)).id)
      assert.equal(0, in_use())
      collectgarbage "restart"
    end)

    it("releases the connection of a loop", function()
      open { pool = { size = 1, wait = 10000 } }
      db.doc:create_many { data = { { id = 1 }, { id = 2 }, { id = 3 } } }
      collectgarbage "stop"
      for _ = 1, 5 do
        local co = coroutine.create(function()
          for row in db.doc:each { batch = 1 } do coroutine.yield(row) end
        end)
        assert(coroutine.resume(co))
        co = nil -- luacheck: ignore
        assert.equal(3, db.doc:count())
      end
      collectgarbage "restart"
    end)

    it("releases the connection of a coroutine that is never resumed", function()
      open { pool = { size = 1, wait = 10000 }, wait = function() return coroutine.yield() end }
      collectgarbage "stop"
      local co = coroutine.create(function() db:transaction(function(tx)
        tx.doc:create { data = { id = 1 } }
        coroutine.yield()
      end) end)
      while assert(coroutine.resume(co)) and coroutine.status(co) == "suspended" and in_use() == 0 do end -- luacheck: ignore
      co = nil -- luacheck: ignore
      assert.equal(0, db.doc:count { where = { id = 1 } })
      if engine == "postgresql" then
        co = coroutine.create(function() db:query_raw "SELECT pg_sleep(0.1)" end)
        assert(coroutine.resume(co))
        assert.equal(1, in_use())
        co = nil -- luacheck: ignore
        db.doc:create { data = { id = 1 } }
      end
      collectgarbage "restart"
    end)

    it("is collected at most once a second", function()
      open { pool = { size = 1, wait = 2300 } }
      collectgarbage "stop"
      local collections = 0
      local function count()
        setmetatable({}, { __gc = function()
          collections = collections + 1
          count()
        end })
      end
      count()
      db:transaction(function() support.fails("P2024", function()
        if engine == "sqlite" then db.doc:create { data = { id = 1 } } else db.doc:count() end
      end) end, { timeout = 20000 })
      assert.is_true(collections >= 2 and collections <= 4, tostring(collections))
      local before = collections
      for _ = 1, 100 do db.doc:count() end
      assert.equal(before, collections)
      collectgarbage "restart"
    end)
  end)
end)
