-- Cached reads: what comes from the cache is what the database would have given, in every shape, and only where it may.
local support = require "support"
local schedulers = require "coop.schedulers"
local rille = require "rille"

local plain = schedulers["function"]

local MODELS = [[
model Author {
  id     Int     @id @default(autoincrement())
  name   String
  email  String? @unique
  posts  Post[]
  boss   Author? @relation("Boss", fields: [bossId], references: [id])
  bossId Int?
  staff  Author[] @relation("Boss")
}

model Post {
  id       Int      @id @default(autoincrement())
  title    String
  price    Decimal?
  ratio    Float?
  big      BigInt?
  at       DateTime?
  raw      Bytes?
  extra    Json?
  kind     Kind     @default(DRAFT)
  hot      Boolean?
  LISTS
  author   Author   @relation(fields: [authorId], references: [id])
  authorId Int
  labels   Label[]
}

model Label {
  id    Int    @id
  word  String @unique
  posts Post[]
}

enum Kind {
  DRAFT @map("draft")
  DONE
}]]

local function models(engine)
  return (MODELS:gsub("LISTS", engine == "postgresql" and "words String[]\n  counts Int[]" or ""))
end

local function fill(db, engine)
  local boss = db.author:create { data = { name = "Ada", email = "ada@x" } }
  local second = db.author:create { data = { name = "Ben", bossId = boss.id } }
  db.author:create { data = { name = "Cy", bossId = second.id } }
  db.label:create_many { data = { { id = 1, word = "red" }, { id = 2, word = "blue" } } }
  for i = 1, 5 do
    db.post:create { data = { title = "post " .. i, price = rille.decimal(i .. ".50"), ratio = i / 4, big = 9007199254740993 + i,
      at = "2024-02-0" .. i .. "T10:00:00.123Z", raw = rille.bytes and rille.bytes("\0\1\255") or nil, extra = { a = { i, rille.null } },
      kind = i > 2 and "DONE" or "DRAFT", hot = i % 2 == 0, words = engine == "postgresql" and { "x", "y\0z" and "yz" } or nil,
      counts = engine == "postgresql" and { i, -i } or nil, author = { connect = { id = i > 3 and second.id or boss.id } },
      labels = { connect = { { id = i % 2 + 1 } } } } }
  end
  db.post:create { data = { title = "bare", author = { connect = { id = boss.id } } } }
end

-- Method and arguments, of every action and shape.
local READS = {
  { "find_many", {} },
  { "find_many", { where = { title = { starts_with = "post" } }, order_by = { { id = "desc" } }, take = 3 } },
  { "find_many", { include = { author = true, labels = true }, order_by = { { id = "asc" } } } },
  { "find_many", { select = { title = true, author = { select = { name = true, _count = { select = { posts = true } } } } }, order_by = { { id = "asc" } } } },
  { "find_many", { where = { id = -1 } } },
  { "find_many", { distinct = { "kind" }, order_by = { { id = "asc" } } } },
  { "find_first", { order_by = { { id = "desc" } }, include = { author = true } } },
  { "find_first", { where = { id = -1 } } },
  { "find_first_or_throw", { order_by = { { id = "asc" } } } },
  { "find_unique", { where = { id = 2 } } },
  { "find_unique", { where = { id = 2 }, include = { labels = true, author = { include = { posts = true } } } } },
  { "find_unique", { where = { id = 99 } } },
  { "find_unique_or_throw", { where = { id = 3 } } },
  { "count", {} },
  { "count", { where = { kind = "DONE" } } },
  { "exists", { where = { id = 1 } } },
  { "exists", { where = { id = 99 } } },
  { "aggregate", { _sum = { price = true, big = true }, _avg = { ratio = true }, _max = { at = true }, _count = true } },
  { "group_by", { by = { "kind" }, _count = true, _min = { price = true }, order_by = { { kind = "asc" } } } },
}

local AUTHORS = {
  { "find_many", { include = { staff = { recursive = true } }, order_by = { { id = "asc" } } } },
  { "find_many", { where = { bossId = rille.null }, include = { staff = { recursive = true, depth = 2 }, posts = { order_by = { { id = "asc" } } } } } },
  { "find_unique", { where = { email = "ada@x" }, include = { boss = true } } },
  { "find_unique", { where = { email = "nobody@x" } } },
}

local function with_cache(args, cache)
  local copy = {}
  for key, value in pairs(args) do copy[key] = value end
  copy.cache = cache or { ttl = 60 }
  return copy
end

local function as_json(args)
  local copy = {}
  for key, value in pairs(args) do copy[key] = value end
  copy.as = "json"
  return copy
end

-- Values with tables compared by content; userdata (decimals, nulls) by their text.
local function shown(value)
  if type(value) ~= "table" then return type(value) .. ":" .. tostring(value) end
  local parts = {}
  for key, one in pairs(value) do parts[#parts + 1] = tostring(key) .. "=" .. shown(one) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}" .. tostring(getmetatable(value) ~= nil)
end

local function statements(db) return db:metrics().calls.statements end

-- Calls fn, and returns how many statements it has sent, and its results.
local function counted(db, fn, ...)
  local before = statements(db)
  local result, more = fn(...)
  return statements(db) - before, result, more
end

local function poll(what, fn)
  for _ = 1, 1000 do
    if fn() then return end
    os.execute "sleep 0.005"
  end
  error("never: " .. what, 2)
end

-- Waits until the cache answers: on PostgreSQL the client must be listening first.
local function ready(db)
  poll("the cache answers", function()
    return counted(db, function() return db.label:count { where = { id = 0 }, cache = { ttl = 60 } } end) == 0
  end)
  return db
end

support.each_engine(function(engine)
  local function open(options)
    local given = { cache = true }
    for key, value in pairs(options or {}) do given[key] = value end
    local db, url = support.open(engine, models(engine), given)
    return ready(db), url
  end

  it("gives what the database gives, in every shape, without a statement", function()
    for _, keep_nulls in ipairs { false, true } do
      local db = open { keep_nulls = keep_nulls }
      fill(db, engine)
      for _, of in ipairs { { db.post, READS }, { db.author, AUTHORS } } do
        local model, reads = of[1], of[2]
        for _, read in ipairs(reads) do
          for _, shape in ipairs { function(args) return args end, as_json } do
            local method, args = read[1], shape(read[2])
            local text = method .. rille.json.encode(args)
            local want = model[method](model, args)
            local first = model[method](model, with_cache(args))
            local sent, again = counted(db, model[method], model, with_cache(args))
            assert.equal(shown(want), shown(first), text)
            assert.equal(shown(want), shown(again), text)
            assert.equal(0, sent, text)
          end
        end
      end
      db:close()
    end
  end)

  it("gives each caller rows of its own", function()
    local db = open()
    fill(db, engine)
    local args = { include = { labels = true }, order_by = { { id = "asc" } }, cache = { ttl = 60 } }
    local a, b = db.post:find_many(args), db.post:find_many(args)
    a[1].title, a[1].labels[1].word = "changed", "changed"
    table.remove(a)
    assert.equal("post 1", b[1].title)
    local c = db.post:find_many(args)
    assert.same({ "post 1", #b }, { c[1].title, #c })
    assert.not_equal("changed", c[1].labels[1].word)
  end)

  it("does not tell apart arguments whose keys come in another order", function()
    local db = open()
    fill(db, engine)
    local function read(first, second)
      local args = {}
      for _, key in ipairs { first, second, "cache" } do
        args[key] = ({ where = { id = { gt = 1 }, hot = true }, order_by = { { id = "asc" } }, cache = { ttl = 60 } })[key]
      end
      return db.post:find_many(args)
    end
    read("where", "order_by")
    assert.equal(0, counted(db, read, "order_by", "where"))
  end)

  it("asks again after ttl, and after a write", function()
    local db = open()
    fill(db, engine)
    local function count(ttl) return db.post:count { cache = { ttl = ttl } } end
    assert.equal(6, count(60))
    assert.equal(0, counted(db, count, 60))
    db.post:create { data = { title = "new", author = { connect = { id = 1 } } } }
    assert.equal(7, count(60))
    assert.equal(0, counted(db, count, 60))
    poll("it is older than a ttl of 0.05 s", function() return counted(db, count, 0.05) == 1 end)
    assert.equal(0, counted(db, count, 60))
  end)

  it("gives the old answer within `stale` only while another caller renews it", function()
    if engine == "sqlite" then return end -- its reads do not wait
    local db = open { wait = plain.wait }
    fill(db, engine)
    local how = { ttl = 0.1, stale = 60 }
    local function read() return db.post:count { cache = how } end
    read()
    local renewer
    poll("it is too old", function()
      renewer = coroutine.create(read)
      assert(coroutine.resume(renewer))
      return coroutine.status(renewer) == "suspended"
    end)
    assert.same({ 0, 6 }, { counted(db, read) })
    db.post:create { data = { title = "new", author = { connect = { id = 1 } } } }
    assert.same({ 1, 7 }, { counted(db, read) })
    poll("the renewer ends", function()
      if coroutine.status(renewer) == "suspended" then assert(coroutine.resume(renewer)) end
      return coroutine.status(renewer) == "dead"
    end)
    assert.same({ 0, 7 }, { counted(db, read) })
  end)

  it("keeps what has only a ttl and tags beyond writes", function()
    local db = open()
    fill(db, engine)
    local function count() return db.post:count { cache = { ttl = 60, auto = false, tags = { "posts" } } } end
    assert.equal(6, count())
    db.post:create { data = { title = "new", author = { connect = { id = 1 } } } }
    assert.equal(6, count())
  end)

  it("keeps an answer of find_unique while other rows are written", function()
    local db = open()
    fill(db, engine)
    local function read(id) return db.post:find_unique { where = { id = id }, cache = { ttl = 60 } } end
    read(1)
    read(99)
    db.post:update { where = { id = 2 }, data = { title = "other" } }
    assert.equal(0, counted(db, read, 1))
    db.post:update { where = { id = 1 }, data = { title = "own" } }
    local sent, row = counted(db, read, 1)
    assert.same({ 1, "own" }, { sent, row.title })
    assert.equal(0, counted(db, read, 99))
    db.post:create { data = { id = 99, title = "now", authorId = 1 } }
    assert.equal("now", read(99).title)
  end)

  it("has no effect in transactions, batches and streams", function()
    local db = open()
    fill(db, engine)
    local args = { where = { id = { gt = 0 } }, cache = { ttl = 60 } }
    db.post:find_many(args)
    assert.equal(0, counted(db, db.post.find_many, db.post, args))
    db:transaction(function(tx)
      tx.post:create { data = { title = "mine", author = { connect = { id = 1 } } } }
      assert.equal(7, #tx.post:find_many(args))
      return tx
    end)
    assert.equal(7, #db.post:find_many(args))
    local sent, rows, count = counted(db, function()
      return db:batch(function(b)
        b.post:find_many(args)
        b.post:count { cache = { ttl = 60 } }
      end)
    end)
    assert.same({ 2, 7, 7 }, { sent, #rows, count })
    local n = 0
    sent = counted(db, function()
      for _ in db.post:each(args) do n = n + 1 end
    end)
    assert.equal(7, n)
    assert.is_true(sent > 0)
  end)

  it("is refused for writes, with a lock, and without a cache", function()
    local db = open()
    local function refused(text, fn, ...)
      local e = support.fails("VALIDATION", fn, ...)
      assert.truthy(e.message:find(text, 1, true), e.message)
    end
    refused("cache: cannot be used here; create writes", db.label.create, db.label, { data = { id = 1, word = "x" }, cache = { ttl = 1 } })
    refused("cache: cannot be used here; delete_many writes", db.label.delete_many, db.label, { where = { id = 1 }, cache = { ttl = 1 } })
    if engine == "postgresql" then
      refused("cache: cannot be used together with `lock`", function()
        db:transaction(function(tx) tx.label:find_many { lock = "update", cache = { ttl = 1 } } end)
      end)
    end
    local without = support.connect(support.database(engine), models(engine))
    refused("cache: the client has no cache", without.label.find_many, without.label, { cache = { ttl = 1 } })
    refused("paginate: cache: only with `total = false`", db.label.paginate, db.label, { cache = { ttl = 1 } })
    assert.same({}, db.label:paginate({ total = false, cache = { ttl = 1 } }).rows)
  end)

  it("checks its arguments, with their path", function()
    local db = open()
    local CASES = {
      { true, "cache: expected a table, as in { ttl = 60 }, got a boolean" },
      { 60, "cache: expected a table, as in { ttl = 60 }, got 60" },
      { {}, "cache.ttl: missing" },
      { { ttl = 0 }, "cache.ttl: expected a number of seconds, more than 0, got 0" },
      { { ttl = "1" }, "cache.ttl: expected a number of seconds, more than 0, got a string" },
      { { ttl = 0 / 0 }, "cache.ttl: expected a number of seconds, more than 0" },
      { { ttl = 1, stale = -1 }, "cache.stale: expected a number of seconds, 0 or more, got -1" },
      { { ttl = 1, tags = "x" }, "cache.tags: expected a list of strings" },
      { { ttl = 1, tags = { "a", 1 } }, "cache.tags[2]: expected a string that is not empty, got 1" },
      { { ttl = 1, tags = { "" } }, "cache.tags[1]: expected a string that is not empty" },
      { { ttl = 1, auto = 1 }, "cache.auto: expected a boolean, got 1" },
      { { ttl = 1, age = 2 }, "cache.age: there is no such option" },
    }
    for _, case in ipairs(CASES) do
      local e = support.fails("VALIDATION", db.label.find_many, db.label, { cache = case[1] })
      assert.truthy(e.message:find(case[2], 1, true), e.message)
    end
    assert.same({}, db.label:find_many { cache = false })
    assert.same({}, db.label:find_many { cache = { ttl = 0.001, stale = 0, tags = {}, auto = true } })
  end)

  it("is checked when the client is opened", function()
    local function refused(cache, text)
      local e = support.fails("VALIDATION", rille.connect, { url = support.database(engine), schema_text = models(engine), cache = cache })
      assert.truthy(e.message:find(text, 1, true), e.message)
    end
    refused(1, "cache: expected a boolean or a table of options")
    refused({ max_byte = 1 }, "unknown option `max_byte`; did you mean `max_bytes`?")
    refused({ max_bytes = 0 }, "cache.max_bytes: expected an integer from 1")
    refused({ store = "disk" }, "cache.store: expected `redis://")
  end)

  it("gives an error to its caller, and keeps none", function()
    local db = open()
    local args = { where = { id = 7 }, cache = { ttl = 60 } }
    assert.equal("P2025", support.fails("P2025", db.label.find_unique_or_throw, db.label, args).code)
    db.label:create { data = { id = 7, word = "seven" } }
    assert.equal("seven", db.label:find_unique_or_throw(args).word)
    db:execute_raw(engine == "sqlite" and 'ALTER TABLE "Label" RENAME COLUMN "word" TO "term"' or 'ALTER TABLE "Label" RENAME "word" TO "term"')
    support.fails("P2022", db.label.find_many, db.label, { cache = { ttl = 60 } })
    db:execute_raw(engine == "sqlite" and 'ALTER TABLE "Label" RENAME COLUMN "term" TO "word"' or 'ALTER TABLE "Label" RENAME "term" TO "word"')
    assert.equal(1, #db.label:find_many { cache = { ttl = 60 } })
  end)

  it("is shared by clients of one process, but not by those that read differently", function()
    local db, url = open()
    fill(db, engine)
    local args = { where = { id = 1 }, cache = { ttl = 60 } }
    db.post:find_unique(args)
    local same = support.connect(url, models(engine), { cache = true })
    local omits = support.connect(url, models(engine), { cache = true, omit = { post = { title = true } } })
    local strict = support.connect(url, models(engine), { cache = true, strict_where = true })
    assert.equal(0, counted(same, same.post.find_unique, same.post, args))
    local sent, row = counted(omits, omits.post.find_unique, omits.post, args)
    assert.same({ 1, nil }, { sent, row.title })
    assert.equal(1, counted(strict, strict.post.find_unique, strict.post, args))
    assert.equal(0, counted(db, function() return db:with({ tags = { a = 1 }, timeout = 5000 }).post:find_unique(args) end))
    same.post:update { where = { id = 1 }, data = { title = "by another client" } }
    assert.equal("by another client", db.post:find_unique(args).title)
    if engine ~= "postgresql" then return end
    local function tenant(n) return db:with { session = { ["app.tenant"] = n, ["app.user"] = "u" } } end
    local function of(n) return (counted(db, function() return tenant(n).post:find_unique(args) end)) end
    assert.same({ 1, 1, 0, 0 }, { of "1", of "2", of "1", of "2" })
    local other = db:with({ session = { ["app.user"] = "u" } }):with { session = { ["app.tenant"] = "1" } }
    assert.equal(0, counted(db, other.post.find_unique, other.post, args))
  end)

  it("computes a missing answer once for 200 coroutines", function()
    for _, scheduler in ipairs(schedulers.all) do
      local db = open { wait = scheduler.wait, pool = { size = 4, wait = 60000 } }
      fill(db, engine)
      local before, tasks, seen = statements(db), {}, 0
      for i = 1, 200 do
        tasks[i] = function()
          local rows = db.post:find_many { include = { labels = true }, cache = { ttl = 60 } }
          if #rows == 6 and #rows[1].labels == 1 then seen = seen + 1 end
        end
      end
      scheduler.run(tasks)
      assert.equal(200, seen)
      -- a computation that began before the last write of `fill` was noticed may be refused
      assert.is_true(statements(db) - before <= 3 * 2, scheduler.name)
      assert.same({ 0, 0 }, { db:metrics().pool.in_use, db:metrics().pool.waiting })
      db:close()
    end
  end)

  it("gives all who wait the error of the computation", function()
    local db = open { wait = plain.wait, pool = { size = 4, wait = 60000 } }
    local tasks, failed = {}, 0
    for i = 1, 50 do
      tasks[i] = function()
        local e = support.fails("P2025", db.label.find_unique_or_throw, db.label, { where = { id = 5 }, cache = { ttl = 60 } })
        if e.code == "P2025" then failed = failed + 1 end
      end
    end
    plain.run(tasks)
    assert.equal(50, failed)
  end)

  it("continues if the coroutine that computes is dropped", function()
    if not coroutine.close then return end
    local db = open { wait = plain.wait, pool = { size = 4, wait = 60000 } }
    fill(db, engine)
    local function read() return #db.post:find_many { include = { labels = true, author = true }, cache = { ttl = 60 } } end
    local first = coroutine.create(read)
    assert(coroutine.resume(first))
    if coroutine.status(first) == "dead" then return end -- nothing made it wait
    local got = {}
    local second = coroutine.create(function() got[1] = read() end)
    assert(coroutine.resume(second))
    assert(coroutine.close(first))
    plain.run { function() got[2] = read() end }
    poll("the second has an answer", function()
      if coroutine.status(second) ~= "dead" then assert(coroutine.resume(second)) end
      return got[1] ~= nil
    end)
    assert.same({ 6, 6 }, got)
  end)

  it("reports what the cache has answered", function()
    local db = open()
    local events = {}
    local off = db:on("cache", function(event) events[#events + 1] = event end)
    db.label:count { cache = { ttl = 60 }, where = { id = 1 } }
    db.label:count { cache = { ttl = 60 }, where = { id = 1 } }
    off()
    db.label:count { cache = { ttl = 60 }, where = { id = 1 } }
    assert.equal(2, #events)
    assert.same({ "cache", "miss", "Label", "count" }, { events[1].event, events[1].answer, events[1].model, events[1].action })
    assert.same({ "hit", "Label" }, { events[2].answer, events[2].model })
  end)
end)
