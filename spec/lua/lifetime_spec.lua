-- Garbage, closing in every order, errors in the middle, nested and interleaved use.
local rille = require "rille"
local support = require "support"
local schema = require "lua.blog_schema"

support.each_engine(function(engine)
  local db, url
  before_each(function()
    db, url = support.open(engine, schema)
    local data = {}
    for i = 1, 200 do data[i] = { email = "u" .. i, name = "User " .. i, karma = i } end
    db.user:create_many { data = data }
    db.post:create_many { data = { { title = "T1", authorId = 1 }, { title = "T2", authorId = 1 }, { title = "T3", authorId = 2 } } }
  end)

  it("survives a collector that runs all the time", function()
    collectgarbage "stop"
    collectgarbage "restart"
    collectgarbage("setpause", 1)
    collectgarbage("setstepmul", 10000)
    for i = 1, 20 do
      local users = db.user:find_many {
        where = { email = { in_ = { "u" .. i, "u1" } } },
        include = { posts = { include = { author = true } } },
        order_by = { id = "asc" },
      }
      assert.equal("u1", users[1].email)
      assert.equal(2, #users[1].posts)
      assert.equal("User 1", users[1].posts[1].author.name)
      pcall(db.user.find_many, db.user, { where = { nope = {} } })
    end
    collectgarbage("setpause", 200)
    collectgarbage("setstepmul", 100)
  end)

  it("leaves nothing behind when iterators are dropped", function()
    for _ = 1, 30 do
      local iterate = db.user:each { order_by = { id = "asc" } }
      assert.equal("u1", iterate().email)
    end
    collectgarbage()
    collectgarbage()
    assert.equal(0, db:metrics().pool.in_use)
    for row in db.user:each { order_by = { id = "asc" } } do
      if row.id > 3 then break end
    end
    assert.equal(0, db:metrics().pool.in_use)
  end)

  it("nests calls inside an iteration", function()
    local n = 0
    for user in db.user:each { where = { id = { lte = 20 } }, order_by = { id = "asc" } } do
      assert.equal(user.name, db.user:find_unique { where = { id = user.id } }.name)
      n = n + #db.post:find_many { where = { authorId = user.id } }
    end
    assert.equal(3, n)
  end)

  it("iterates in batches where there are relations", function()
    local ids, posts = {}, 0
    for user in db.user:each { include = { posts = true }, order_by = { id = "asc" }, batch = 7 } do
      ids[#ids + 1] = user.id
      posts = posts + #user.posts
    end
    assert.equal(200, #ids)
    assert.equal(200, ids[200])
    assert.equal(3, posts)
    local n = 0
    for _ in db.user:each { include = { posts = true }, order_by = { id = "asc" }, batch = 7, take = 10, skip = 195 } do n = n + 1 end
    assert.equal(5, n)
  end)

  it("keeps an iterator's arguments although the caller changes them", function()
    local args = { where = { email = { in_ = { "u" .. 1, "u" .. 2 } } }, order_by = { id = "asc" } }
    local iterate = db.user:each(args)
    args.where.email.in_[1] = nil
    args.where = nil
    collectgarbage()
    assert.equal(1, iterate().id)
    assert.equal(2, iterate().id)
    assert.is_nil(iterate())
    assert.is_nil(iterate())
  end)

  it("runs in coroutines that take turns", function()
    local function reader(from)
      return coroutine.wrap(function()
        for row in db.user:each { where = { id = { gte = from } }, order_by = { id = "asc" }, take = 10 } do
          coroutine.yield(row.id + #db.user:find_many { where = { id = row.id } } - 1)
        end
      end)
    end
    local a, b = reader(1), reader(101)
    for i = 1, 10 do
      assert.equal(i, a())
      assert.equal(100 + i, b())
    end
    local co = coroutine.create(function()
      return db:transaction(function(tx)
        coroutine.yield(tx.user:count())
        return "end"
      end)
    end)
    assert.equal(200, select(2, coroutine.resume(co)))
    assert.equal("end", select(2, coroutine.resume(co)))
  end)

  it("closes in any order", function()
    local model = db.user
    local iterate = db.user:each { order_by = { id = "asc" } }
    iterate()
    db:close()
    db:close()
    support.fails("VALIDATION", model.find_many, model)
    support.fails("VALIDATION", function() return db.tag end)
    support.fails("VALIDATION", db.query_raw, db, "SELECT 1")
    pcall(iterate)
    iterate = nil -- luacheck: ignore
    collectgarbage()
    assert.truthy(tostring(db):find "closed")
    assert.truthy(tostring(model):find "closed")
  end)

  it("closes when it goes out of scope", function()
    do
      local scoped <close> = support.connect(url, schema)
      assert.equal(200, scoped.user:count())
    end
    for _ = 1, 10 do
      local dropped = rille.connect { url = url, schema_text = schema }
      assert.equal(200, dropped.user:count())
    end
    collectgarbage()
    assert.equal(200, db.user:count())
  end)

  it("rolls back a transaction that is not finished", function()
    local co = coroutine.create(function()
      db:transaction(function(tx)
        tx.user:delete_many { where = { id = { gt = 100 } } }
        coroutine.yield()
      end)
    end)
    coroutine.resume(co)
    co = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.equal(200, db.user:count())
    assert.equal("X", db.user:update { where = { id = 1 }, data = { name = "X" } }.name)
  end)

  it("calls from finalizers", function()
    local seen = 0
    for _ = 1, 20 do
      setmetatable({}, { __gc = function() seen = seen + db.user:count { where = { id = 1 } } end })
    end
    for _ = 1, 20 do
      assert.equal(200, #db.user:find_many {})
      collectgarbage "step"
    end
    collectgarbage()
    assert.equal(20, seen)
  end)

  it("repeats a call without planning it again", function()
    db.user:find_unique { where = { id = 1 } }
    local before = db:metrics().plans
    for i = 1, 50 do db.user:find_unique { where = { id = i } } end
    local after = db:metrics().plans
    assert.equal(before.misses, after.misses)
    assert.equal(before.hits + 50, after.hits)
  end)

  it("does not grow", function()
    local function work()
      for i = 1, 300 do
        db.user:find_unique { where = { id = i % 200 + 1 }, include = { posts = true } }
        pcall(db.user.create, db.user, { data = { email = "u1", name = "Twice" } })
      end
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    work()
    local before = work()
    assert.is_true(work() - before < 64)
  end)
end)
