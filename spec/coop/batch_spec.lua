-- Batches: what they return, how they fail, and how seldom they go to the server.
local rille = require "rille"
local support = require "support"
local schedulers = require "coop.schedulers"
local schema = require "lua.blog_schema"

local function user(email) return { data = { email = email, name = "N" } } end

local function check_results(db)
  local created, all, count, rows, changed, none, exists = db:batch(function(b)
    b.user:create { data = { email = "a", name = "A", posts = { create = { { title = "p" }, { title = "q" } } } }, include = { posts = true } }
    b.user:find_many { include = { posts = { order_by = { title = "desc" } } } }
    b.post:count()
    b:query_raw("SELECT title FROM Post WHERE title = ?", "p")
    b:execute_raw "UPDATE Post SET title = 'r' WHERE title = 'p'"
    b.user:find_first { where = { email = "none" } }
    b.post:exists { where = { title = "r" } }
  end)
  assert.equal(2, #created.posts)
  assert.same({ "q", "p" }, { all[1].posts[1].title, all[1].posts[2].title })
  assert.equal(2, count)
  assert.same({ { title = "p" } }, rows)
  assert.equal(1, changed)
  assert.is_nil(none)
  assert.is_true(exists)
  assert.equal(0, select("#", db:batch(function() end)))
end

local function check_failures(db)
  local function fails(code, index, fn, options)
    local e = support.fails(code, db.batch, db, fn, options)
    assert.equal(index, e.meta.batch_index)
  end
  fails("P2002", 3, function(b)
    b.user:create(user "x")
    b.user:count()
    b.user:create(user "x")
    b.user:count()
  end)
  assert.equal(0, db.user:count { where = { email = "x" } })
  fails("P2025", 2, function(b)
    b.user:create(user "x")
    b.user:update { where = { id = 99 }, data = { name = "M" } }
  end)
  fails("VALIDATION", 2, function(b)
    b.user:count()
    b.user:find_many { wheer = {} }
  end)
  fails("VALIDATION", 1, function(b) b.user:find_many "all" end)
  fails("VALIDATION", 2, function(b)
    b.user:count()
    b:query_raw(7)
  end)
  assert.equal(0, db.user:count { where = { email = "x" } })
  fails("P2002", 2, function(b)
    b.user:create(user "x")
    b.user:create(user "x")
  end, { transaction = false })
  assert.equal(1, db.user:count { where = { email = "x" } })
  assert.equal(0, db:metrics().pool.in_use)
end

-- Unquoted table names are lower case on PostgreSQL.
local schema_text = schema:gsub("model Post {", 'model Post {\n  @@map("post")')

support.each_engine(function(engine)
  it("returns what the calls return", function() check_results(support.open(engine, schema_text)) end)
  it("names the call that fails, and leaves nothing of the others", function() check_failures(support.open(engine, schema_text)) end)

  it("does the same in coroutines", function()
    for _, scheduler in ipairs(schedulers.all) do
      local db = support.open(engine, schema_text, { wait = scheduler.wait, pool = { size = 2 } })
      scheduler.run { function()
        check_results(db)
        check_failures(db)
      end }
    end
  end)

  it("records nothing that it cannot do, and nothing after its end", function()
    local db, kept = support.open(engine, schema_text), nil
    local e = support.fails("VALIDATION", db.batch, db, function(b) b.user:each() end)
    assert.matches("find_many", e.message)
    db:batch(function(b) kept = b end)
    support.fails("VALIDATION", kept.user.create, kept.user, user "a")
    support.fails("VALIDATION", kept.query_raw, kept, "SELECT 1")
    assert.equal(0, db.user:count())
  end)

  it("keeps nulls where the client does", function()
    local db = support.open(engine, schema_text, { keep_nulls = true })
    local none, count = db:batch(function(b)
      b.user:find_first()
      b.user:count()
    end)
    assert.equal(rille.null, none)
    assert.equal(0, count)
  end)

  it("is part of a transaction", function()
    local db = support.open(engine, schema_text)
    pcall(db.transaction, db, function(tx)
      local _, count = tx:batch(function(b)
        b.user:create(user "a")
        b.user:count()
      end)
      assert.equal(1, count)
      error "undo"
    end)
    assert.equal(0, db.user:count())
    local _, count = db:batch(function(b)
      b.user:create(user "a")
      b.user:count()
    end, { isolation_level = "serializable", retries = 2 })
    assert.equal(1, count)
  end)
end)

if not support.server then return end

describe("round trips, counted by a proxy", function()
  after_each(support.cleanup)

  it("are as few as can be", function()
    local cqueues = require "cqueues"
    local Proxy = require "coop.proxy"
    local queue = cqueues.new()
    queue:wrap(function()
      local _, url = support.open("postgresql", schema_text)
      local proxy = Proxy.open(url)
      local db = support.connect(proxy.url, schema_text, { wait = "cqueues", pool = { size = 1 } })
      db.user:create { data = { email = "a", name = "A", posts = { create = { { title = "p" } } } } }
      local function trips(fn) return proxy:count(fn) end
      for _ = 1, 2 do
        assert.equal(1, trips(function()
          local posts, total = db:batch(function(b)
            b.post:find_many { where = { title = "p" }, skip = 0, take = 10 }
            b.post:count { where = { title = "p" } }
          end)
          assert.same({ 1, 1 }, { #posts, total })
        end))
      end
      assert.equal(1, trips(function() db.user:find_many() end))
      assert.equal(2, trips(function()
        db:batch(function(b)
          b.user:find_many { include = { posts = true } }
          b.post:find_many { include = { author = true } }
          b.user:count()
        end)
      end))
      assert.equal(1, trips(function()
        db:batch(function(b)
          b.user:update_many { where = { email = "a" }, data = { name = "B" } }
          b.post:update_many { where = { title = "p" }, data = { title = "q" } }
          b.post:count()
        end)
      end))
      local posts = {}
      for i = 1, 10 do posts[i] = { title = "n" .. i } end
      assert.is_true(trips(function() db.user:create { data = { email = "ten", name = "T", posts = { create = posts } } } end) <= 3)
      db:close()
      proxy:close()
    end)
    assert(queue:loop())
  end)
end)
