-- db:cached and db:page: which values are kept and how they come back, what tells calls apart, what makes values stale, and how computations end.
local support = require "support"
local schedulers = require "coop.schedulers"
local rille = require "rille"

local plain = schedulers["function"]

local SCHEMA = [[
model Item {
  id    Int    @id @default(autoincrement())
  name  String
  extra Json?
}
model Other {
  id Int @id @default(autoincrement())
}]]

local function shown(value)
  if type(value) ~= "table" then return (math.type and math.type(value) or type(value)) .. ":" .. tostring(value) end
  local parts = {}
  for key, one in pairs(value) do parts[#parts + 1] = shown(key) .. "=" .. shown(one) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}" .. tostring(getmetatable(value))
end

local function shown_all(...)
  local out = { select("#", ...) }
  for i = 1, out[1] do out[i + 1] = shown((select(i, ...))) end
  return table.concat(out, " ")
end

support.each_engine(function(engine)
  local function ready(db)
    local last
    db:on("cache", function(event) last = event.answer end)
    repeat db.other:count { where = { id = 0 }, cache = { ttl = 600 } } until last == "hit" -- on PostgreSQL it listens first
    return db
  end

  local function open(options)
    local given = { cache = true }
    for key, value in pairs(options or {}) do given[key] = value end
    local db, url = support.open(engine, SCHEMA, given)
    ready(db)
    db.other:create { data = {} } -- on SQLite, only from now on our own writes are known as our own
    return ready(db), url
  end

  -- A cached function, and the number of times that its inner one has run.
  local function counting(db, fn, given)
    local calls = 0
    given.ttl = given.ttl or 600
    local cached = db:cached(function(...)
      calls = calls + 1
      return fn(...)
    end, given)
    return cached, function() return calls end
  end

  it("gives back values of every kind, and new tables each time", function()
    local db = open()
    db.item:create { data = { name = "x", extra = { a = { 1, rille.null } } } }
    local values = {
      {}, { nil }, { nil, nil }, { false, nil, true }, { 0, -1, 1.5, 9007199254740993, math.huge, -0.0 }, { 3, 3.0 }, { "", "a\0b", ("x"):rep(70000) },
      { rille.decimal "1.50", rille.decimal "-12345678901234567890.123" }, { rille.null, rille.db_null, rille.json_null },
      { {}, { 1, 2, { 3 } }, { a = { b = { c = "deep" } }, [1] = "mixed", [2.5] = "float", [true] = "boolean" } },
      { rille.json.decode "[]", rille.json.decode "{}", rille.json.decode '{"a":[1,null,{"b":[]}]}' },
    }
    for i, value in ipairs(values) do
      local n = 0
      for k in pairs(value) do if k > n then n = k end end
      if i == 3 then n = 2 end
      local cached, calls = counting(db, function() return (table.unpack)(value, 1, n) end, { key = "value" .. i })
      local want = shown_all(table.unpack(value, 1, n))
      for _ = 1, 3 do assert.equal(want, shown_all(cached()), i) end
      assert.equal(1, calls(), i)
    end
    local rows, calls = counting(db, function() return db.item:find_many {} end, { key = "rows" })
    local want = shown(db.item:find_many {})
    local first = rows()
    assert.same({ want, want, 1 }, { shown(first), shown(rows()), calls() })
    first[1].name = "changed"
    assert.equal("x", rows()[1].name)
  end)

  it("gives back what was decoded as such: it is no condition", function()
    local db = open()
    local cached = db:cached(function(value) return value end, { key = "decoded", ttl = 600 })
    local given = rille.json.decode '{"gte":0}'
    for _ = 1, 2 do support.fails("VALIDATION", db.item.find_many, db.item, { where = { id = cached(given) } }) end
  end)

  it("refuses other values, with their path", function()
    local db = open()
    local cycle = {}
    cycle.a = { cycle }
    for _, case in ipairs {
      { print, "function" }, { coroutine.create(print), "thread" }, { io.stdout, "userdata" }, { { a = { b = print } }, "a%.b" }, { cycle, "cached" },
      { { [print] = 1 }, "a key of a table" },
    } do
      local e = support.fails("VALIDATION", db:cached(function() return case[1] end, { key = "bad", ttl = 600 }))
      assert.matches(case[2], e.message)
      e = support.fails("VALIDATION", db:cached(print, { key = "bad", ttl = 600 }), case[1])
      assert.matches(case[2], e.message)
    end
    assert.equal(7, db:cached(function() return 7 end, { key = "bad", ttl = 600 })()) -- a refused value leaves nothing behind
  end)

  it("tells calls apart by their arguments", function()
    local db = open()
    local cached, calls = counting(db, function(...) return shown_all(...) end, { key = "args" })
    local function new(...)
      local before = calls()
      local want = shown_all(...)
      assert.equal(want, cached(...))
      assert.equal(want, cached(...))
      return calls() - before
    end
    for _, args in ipairs { { n = 0 }, { n = 1 }, { n = 2 }, { n = 1, 1 }, { n = 1, "1" }, { n = 1, true }, { n = 1, "true" }, { n = 1, "" }, { n = 2, 1 },
      { n = 1, {} }, { n = 1, { 1 } }, { n = 1, { a = 1 } }, { n = 2, "a", "b" }, { n = 1, "ab" }, { n = 1, rille.null }, { n = 1, rille.decimal "1" } } do
      assert.equal(1, new(table.unpack(args, 1, args.n)), shown_all(table.unpack(args, 1, args.n)))
    end
    assert.equal(1, new { a = 1, b = { 2 }, c = "x" })
    local same = { c = "x" }
    same.b, same.a = { 2 }, 1
    assert.equal(0, new(same))
    assert.is_true(new(1.0) <= 1) -- given back as it was asked for
  end)

  it("with auto = false is not stale for what it reads through the cache, nor is what it is part of", function()
    local db = open()
    local function read() return db.item:count { cache = { ttl = 600, tags = { "read" } } } end
    local inner = db:cached(read, { key = "inner", ttl = 600 })
    local fixed, fixed_calls = counting(db, function() return read() + inner() end, { key = "fixed", auto = false, tags = { "fixed" } })
    local whole, whole_calls = counting(db, function() return fixed() end, { key = "whole" })
    assert.equal(0, whole())
    db.item:create { data = { name = "x" } }
    db:revalidate_tag "read"
    assert.equal(0, whole())
    assert.same({ 1, 1 }, { whole_calls(), fixed_calls() })
    db:revalidate_tag "fixed"
    assert.equal(2, whole())
    assert.same({ 2, 2 }, { whole_calls(), fixed_calls() })
  end)

  it("is stale after writes, tags and paths", function()
    local db = open()
    local count = function() return db.item:count() end
    local cached, calls = counting(db, count, { key = "a", tags = { "all" } })
    local by_arg, arg_calls = counting(db, count, { key = "b", tags = function(id) return { "item:" .. id } end })
    local fixed, fixed_calls = counting(db, count, { key = "c", auto = false, tags = { "all" } })
    local pages = 0
    local function page(path)
      return db:page(path, function()
        pages = pages + 1
        return count()
      end, { ttl = 600 })
    end
    local function all()
      cached()
      by_arg(1)
      by_arg(2)
      fixed()
      page "/a"
      page "/a/b"
      return calls(), arg_calls(), fixed_calls(), pages
    end
    assert.same({ 1, 2, 1, 2 }, { all() })
    assert.same({ 1, 2, 1, 2 }, { all() })
    db.item:create { data = { name = "x" } }
    assert.same({ 2, 4, 1, 4 }, { all() })
    db.other:create { data = {} }
    assert.same({ 2, 4, 1, 4 }, { all() })
    db:revalidate_tag "item:2"
    assert.same({ 2, 5, 1, 4 }, { all() })
    db:revalidate_tag "all"
    assert.same({ 3, 5, 2, 4 }, { all() })
    db:revalidate_path "/a"
    assert.same({ 3, 5, 2, 5 }, { all() })
    db:revalidate_path "/a/*"
    local _, _, _, after = all()
    assert.is_true(after >= 6)
    assert.equal(db.item:count(), cached())
    support.fails("VALIDATION", db:cached(print, { key = "k", ttl = 1, tags = function() return 1 end }))
    support.fails("VALIDATION", db:cached(print, { key = "k", ttl = 1, tags = function() return { 1 } end }))
    local e = support.fails("VALIDATION", db.cached, db, print, { key = "k", ttl = 0 })
    assert.matches("from 0.001 to 1000000000", e.message)
    for _, given in ipairs { {}, { key = "k" }, { ttl = 1 }, { key = "", ttl = 1 }, { key = "k", ttl = 0 }, { key = "k", ttl = 1, tag = {} } } do
      support.fails("VALIDATION", db.cached, db, print, given)
    end
    for _, path in ipairs { "a", "/a*", "", "/a\0" } do support.fails("VALIDATION", db.page, db, path, print, { ttl = 1 }) end
  end)

  it("varies, and is given no longer than its ttl, with all that is part of it", function()
    local db = open()
    local made = 0
    local function page(vary)
      return db:page("/p", function()
        made = made + 1
        return vary and vary.lang
      end, { ttl = 600, vary = vary })
    end
    for _ = 1, 2 do assert.same({ "de", "en", nil }, { page { lang = "de" }, page { lang = "en" }, page() }) end
    assert.equal(3, made)
    local inner, inner_calls = counting(db, function() return 1 end, { key = "inner", ttl = 600 })
    local outer, outer_calls = counting(db, function() return inner() end, { key = "outer", ttl = 0.05 })
    inner()
    os.execute "sleep 0.06"
    outer()
    assert.same({ 2, 1 }, { inner_calls(), outer_calls() }) -- what was kept is too old for the outer one
    os.execute "sleep 0.06"
    outer()
    assert.equal(2, outer_calls())
  end)

  it("nests, and recurs", function()
    local db = open()
    local fib, fib_calls
    fib, fib_calls = counting(db, function(n) return n < 2 and n + db.item:count() or fib(n - 1) + fib(n - 2) end, { key = "fib" })
    assert.same({ 55, 11 }, { fib(10), fib_calls() })
    assert.same({ 55, 11 }, { fib(10), fib_calls() })
    db.item:create { data = { name = "x" } }
    assert.equal(55 + 89, fib(10)) -- each of the ends is one more
    assert.equal(22, fib_calls())
    local depth = 0
    local own
    own = db:cached(function()
      depth = depth + 1
      return depth < 3 and own() or depth
    end, { key = "own", ttl = 600 })
    assert.equal(3, own()) -- it does not wait for itself
    local outer, calls = counting(db, function() return db:page("/inner", function() return db.item:count() end, { ttl = 600 }) end, { key = "outer" })
    for _ = 1, 2 do assert.same({ 1, 1 }, { outer(), calls() }) end
    db.item:delete_many { where = rille.all }
    for _ = 1, 2 do assert.same({ 0, 2 }, { outer(), calls() }) end
  end)

  it("raises the errors of its function, and keeps none", function()
    local db = open()
    local object, fail = { "mine" }, true
    local cached, calls = counting(db, function(what)
      if not fail then return "good" end
      if what == "rille" then return db.item:find_unique_or_throw { where = { id = 1 } } end
      error(what == "table" and object or what, 0)
    end, { key = "errors" })
    support.fails("P2025", cached, "rille")
    assert.equal(object, select(2, pcall(cached, "table")))
    assert.equal("text", select(2, pcall(cached, "text")))
    assert.equal(3, calls())
    fail = false
    for _, what in ipairs { "rille", "table", "text" } do assert.equal("good", cached(what)) end
  end)

  it("calls the function each time in a transaction, and needs a cache", function()
    local db, url = open()
    local calls = 0
    local function fn()
      calls = calls + 1
      return calls
    end
    db:transaction(function(tx)
      local cached = tx:cached(fn, { key = "tx", ttl = 600 })
      assert.same({ 1, 2, 3 }, { cached(), cached(), tx:page("/tx", fn, { ttl = 600 }) })
    end)
    assert.equal(4, db:cached(fn, { key = "tx", ttl = 600 })())
    local cached = db:cached(function() return db:transaction(function(tx) return tx.item:count() end) end, { key = "of tx", ttl = 600 })
    assert.same({ 0, 0 }, { cached(), cached() })
    db.item:create { data = { name = "x" } }
    assert.same({ 1, 1 }, { cached(), cached() })
    local without = support.connect(url, SCHEMA)
    support.fails("VALIDATION", without:cached(fn, { key = "k", ttl = 1 }))
    support.fails("VALIDATION", without.page, without, "/p", fn, { ttl = 1 })
  end)

  it("computes once for many coroutines, and again if one is closed in the middle", function()
    for _, name in ipairs { "cqueues", "function" } do
      local scheduler = schedulers[name]
      local db = open { wait = scheduler.wait, pool = { size = 4, wait = 60000 } }
      local calls, tasks, got = 0, {}, 0
      local cached = db:cached(function(n)
        calls = calls + 1
        scheduler.sleep(0.02)
        return db.item:count() + n
      end, { key = "once " .. name, ttl = 600 })
      for i = 1, 60 do
        tasks[i] = function()
          local one = cached(i % 2) -- others change `got` meanwhile
          got = got + one
        end
      end
      scheduler.run(tasks)
      assert.same({ 30, 2 }, { got, calls }, name)
    end
    if not coroutine.close then return end
    local db = open { wait = plain.wait, pool = { size = 4, wait = 60000 } }
    local held, calls = true, 0
    local cached = db:cached(function()
      calls = calls + 1
      if held then coroutine.yield() end
      return db.item:count()
    end, { key = "closed", ttl = 600 })
    local first = coroutine.create(cached)
    assert(coroutine.resume(first))
    local got
    local second = coroutine.create(function() got = cached() end)
    assert(coroutine.resume(second))
    assert.is_nil(got)
    held = false
    assert(coroutine.close(first))
    while coroutine.status(second) ~= "dead" do assert(coroutine.resume(second)) end
    assert.same({ 0, 2 }, { got, calls })
  end)

  it("depends on what its function reads, if the host has another pcall", function()
    local db = open()
    local cached, calls = counting(db, function() return db.item:count() end, { key = "pcall" })
    local builtin = pcall
    _G.pcall = function(fn, ...) -- as coxpcall does
      local co = coroutine.create(fn)
      return coroutine.resume(co, ...)
    end
    local ok, first = builtin(cached)
    _G.pcall = builtin
    assert.same({ true, 0 }, { ok, first })
    db.item:create { data = { name = "x" } }
    assert.same({ 1, 2 }, { cached(), calls() })
  end)
end)
