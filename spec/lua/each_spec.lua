-- `each`: order, relations, one snapshot, every way to end, and memory that does not grow with the rows.
local support = require "support"
local schema = require "lua.blog_schema"

-- Under a sanitizer or valgrind the size of the process says nothing, and everything is slow.
local watched = os.getenv "VARIANT" == "asan" or (os.getenv "LD_PRELOAD" or ""):find "san" or os.getenv "RILLE_UNDER"
local ROWS = watched and 3000 or 200000

local function resident()
  for line in io.lines "/proc/self/status" do
    local size = line:match "VmRSS:%s+(%d+)"
    if size then return tonumber(size) end
  end
end

-- Users u1 to un, each with the posts "a" and "b"; made by the database itself.
local function fill(db, engine, n)
  local numbers = engine == "sqlite" and "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < " .. n .. ") "
    or "WITH s(i) AS (SELECT generate_series(1, " .. n .. ")) "
  local into = numbers .. [[INSERT INTO "User" (email, name, karma) SELECT 'u' || i, 'a name of some length ' || i, i FROM s]]
  db:execute_raw(into)
  db:execute_raw [[INSERT INTO "Post" (title, "authorId") SELECT 'a', id FROM "User"]]
  db:execute_raw [[INSERT INTO "Post" (title, "authorId") SELECT 'b', id FROM "User"]]
end

-- The most that the loop's memory was above what there was before it, in KB: of Lua, and of the process.
local function growth(db, args, check)
  collectgarbage()
  collectgarbage()
  local lua, process, most_lua, most_process, n = collectgarbage "count", resident(), 0, 0, 0
  for row in db.user:each(args) do
    n = n + 1
    check(row, n)
    if n % 1000 == 0 then
      most_lua = math.max(most_lua, collectgarbage "count" - lua)
      most_process = math.max(most_process, resident() - process)
    end
  end
  return n, most_lua, most_process
end

support.each_engine(function(engine)
  local db, url

  local function open(n)
    db, url = support.open(engine, schema)
    fill(db, engine, n)
  end

  local function emails(args)
    local list = {}
    for row in db.user:each(args) do list[#list + 1] = row.email end
    return table.concat(list, " ")
  end

  it("needs the memory of a batch, not of the result", function()
    open(ROWS)
    local flat = { order_by = { id = "asc" } }
    local deep = { order_by = { id = "asc" }, include = { posts = { order_by = { id = "asc" }, include = { author = { select = { email = true } } } } } }
    local function in_order(row, n) if row.id ~= n then error(("row %s is number %s"):format(row.id, n)) end end
    local function with_posts(row, n)
      in_order(row, n)
      local posts = row.posts
      if #posts ~= 2 or posts[1].title ~= "a" or posts[2].title ~= "b" or posts[2].author.email ~= row.email then error("posts of " .. n) end
    end
    for name, args in pairs { flat = flat, deep = deep } do
      local check = args.include and with_posts or in_order
      for row in db.user:each(args) do if row.id == 2000 then break end end -- the first use of everything
      local n, lua, process = growth(db, args, check)
      assert.equal(ROWS, n)
      assert.is_true(lua < 4096, ("%s: Lua's memory grew by %.0f KB"):format(name, lua))
      if not watched then assert.is_true(process < 4096, ("%s: the process grew by %.0f KB"):format(name, process)) end
      assert.equal(0, db:metrics().pool.in_use)
    end
  end)

  it("returns what find_many returns, for every batch size", function()
    open(60)
    local reads = {
      { order_by = { karma = "desc" } },
      { order_by = { id = "asc" }, skip = 7, take = 20, include = { posts = { order_by = { title = "desc" }, take = 1 } } },
      { order_by = { id = "asc" }, take = -15, select = { id = true, posts = { select = { title = true }, order_by = { id = "asc" } } } },
      { order_by = { id = "asc" }, cursor = { id = 30 }, take = 20, include = { profile = true, _count = { select = { posts = true } } } },
      { where = { posts = { some = { title = "a" } }, email = { in_ = { "u5", "u50" } } }, order_by = { email = "asc" },
        include = { boss = true, team = true } },
      { where = { id = { lt = 0 } }, include = { posts = true } },
    }
    for _, args in ipairs(reads) do
      local wanted = db.user:find_many(args)
      for _, batch in ipairs { 1, 7, 20, 60, 1000 } do
        args.batch = batch
        local got = {}
        for row in db.user:each(args) do got[#got + 1] = row end
        assert.same(wanted, got)
      end
      args.batch = nil
    end
  end)

  it("sends one fetch and one statement per level for each batch", function()
    open(20)
    local before = db:metrics().calls
    for _ in db.user:each { include = { posts = { include = { author = true } } }, batch = 8 } do end
    local after = db:metrics().calls
    assert.equal(9, after.statements - before.statements) -- 8, 8 and 4 rows
    assert.equal(1, after.operations - before.operations)
  end)

  it("reads one snapshot: rows that come or go meanwhile do not shift the batches", function()
    open(40)
    local seen = {}
    for row in db.user:each { order_by = { id = "asc" }, include = { posts = true }, batch = 10 } do
      seen[#seen + 1] = row.id
      assert.equal(2, #row.posts)
      if row.id == 5 then
        db.post:delete_many { where = { authorId = { in_ = { 3, 30 } } } }
        db.user:delete_many { where = { id = { in_ = { 3, 30 } } } }
      end
      db.user:create { data = { email = "new" .. row.id, name = "New" } }
    end
    assert.equal(40, #seen)
    assert.equal(40, seen[40])
    assert.equal(78, db.user:count())
  end)

  it("releases its connection at the end, at a break, at an error, and when it is collected", function()
    open(30)
    local args = { order_by = { id = "asc" }, include = { posts = true }, batch = 4 }
    for row in db.user:each(args) do if row.id == 30 then assert.equal(0, db:metrics().pool.in_use) end end
    for row in db.user:each(args) do
      if row.id == 6 then break end
    end
    assert.equal(0, db:metrics().pool.in_use)
    assert.has_error(function() for row in db.user:each(args) do error("at " .. row.id, 0) end end, "at 1")
    assert.equal(0, db:metrics().pool.in_use)
    local iterate = db.user:each(args)
    assert.equal("u1", iterate().email)
    assert.equal(1, db:metrics().pool.in_use)
    iterate = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.equal(0, db:metrics().pool.in_use)
    assert.equal(30, db.user:count())
  end)

  it("releases its connection to others if it is no longer referenced", function()
    open(30)
    local small = support.connect(url, schema, { pool = { size = 2, wait = 500 } })
    local function dies()
      for _ in small.user:each { batch = 1 } do error("in a loop", 0) end
    end
    for _ = 1, 10 do
      local _, raised = coroutine.resume(coroutine.create(dies)) -- of which nothing is closed before it is collected
      assert.equal("in a loop", raised)
      small.user:each { batch = 1 }() -- what another Lua than 5.4 is left with after `break`
    end
    assert.equal(1, small:transaction(function(tx) return tx.user:find_first({ order_by = { id = "asc" } }).id end))
    assert.equal(0, small:metrics().pool.timeouts)
  end)

  it("ends when the client is closed in the loop", function()
    open(30)
    local other, n = support.connect(url, schema), 0
    local ok = pcall(function()
      for _ in other.user:each { batch = 5 } do
        n = n + 1
        if n == 3 then other:close() end
      end
    end)
    assert.is_true(n >= 3)
    assert.is_true(ok or n < 30)
    assert.equal(30, db.user:count())
  end)

  it("nests", function()
    open(12)
    local pairs_seen = 0
    for user in db.user:each { batch = 5, order_by = { id = "asc" } } do
      for post in db.post:each { where = { authorId = user.id }, batch = 1, include = { author = true } } do
        assert.equal(user.id, post.author.id)
        pairs_seen = pairs_seen + 1
      end
    end
    assert.equal(24, pairs_seen)
  end)

  it("runs in a transaction, which may do other things in the loop", function()
    open(20)
    db:transaction(function(tx)
      tx.user:create { data = { email = "own", name = "Own" } }
      local n = 0
      for user in tx.user:each { order_by = { id = "asc" }, include = { posts = true }, batch = 3 } do
        n = n + 1
        tx.user:create { data = { email = "n" .. n, name = "N" } }
        assert.equal(user.id <= 20 and 2 or 0, #user.posts)
        for post in tx.post:each { where = { authorId = user.id }, batch = 1 } do
          if post.title == "a" then break end
        end
      end
      assert.equal(21, n)
    end)
    assert.equal(42, db.user:count())
    db:transaction(function(tx)
      local n = 0
      for user in tx.user:each { where = { id = { lte = 20 } }, include = { posts = true }, batch = 3 } do
        n = n + #user.posts + tx.user:count { where = { id = user.id } }
      end
      assert.equal(60, n)
    end, { read_only = true })
  end)

  it("ends with its transaction, and with the savepoint it began in", function()
    open(20)
    local iterate
    db:transaction(function(tx)
      iterate = tx.user:each { batch = 3 }
      assert.is_table(iterate())
    end)
    if engine == "postgresql" then -- SQLite has read them all
      support.fails("P2028", function() for _ = 1, 5 do iterate() end end)
      db:transaction(function(tx)
        pcall(tx.transaction, tx, function(inner)
          iterate = inner.user:each { batch = 3 }
          iterate()
          error "back"
        end)
        support.fails("P2028", function() for _ = 1, 5 do iterate() end end)
        assert.equal(20, tx.user:count())
        tx:transaction(function(inner) iterate = inner.user:each { batch = 3 } iterate() end)
        local n = 1
        while iterate() do n = n + 1 end
        assert.equal(20, n)
      end)
    end
    assert.equal(0, db:metrics().pool.in_use)
  end)

  it("reports wrong arguments before the loop", function()
    open(1)
    for _, batch in ipairs { 0, -1, 1.5, "7", 1e9 } do support.fails("VALIDATION", db.user.each, db.user, { batch = batch }) end
    support.fails("VALIDATION", db.user.each, db.user, { were = {} })
    support.fails("VALIDATION", db.user.each, db.user, { include = { nothing = true } })
    assert.equal("u1", emails { batch = 10.0 })
    assert.equal("u1", emails())
  end)
end)

describe("on a database in memory", function()
  after_each(support.cleanup)

  it("reads all rows at the start, so the loop may use the only connection", function()
    local tables = 'CREATE TABLE "Note" (id INTEGER PRIMARY KEY, text TEXT NOT NULL);'
    local db = support.connect("sqlite::memory:", "model Note {\n id Int @id\n text String\n}")
    db:execute_script(tables)
    db.note:create_many { data = { { id = 1, text = "a" }, { id = 2, text = "b" }, { id = 3, text = "c" } } }
    local n = 0
    for note in db.note:each { batch = 1, order_by = { id = "asc" } } do
      n = n + 1
      db.note:create { data = { id = 10 + note.id, text = note.text } }
    end
    assert.equal(3, n)
    assert.equal(6, db.note:count())
  end)
end)
