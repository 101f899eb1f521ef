-- Errors name the line of the caller, wherever they come from; and a host's handler gets them as strings.
local rille = require "rille"
local support = require "support"

local SCHEMA = "model User {\n  id    Int    @id\n  email String @unique\n  posts Post[]\n}\n"
  .. "model Post {\n  id   Int  @id\n  user User @relation(fields: [uid], references: [id])\n  uid  Int\n}\n"

-- The line that calls this.
local function here() return debug.getinfo(2, "l").currentline end

local FILE = debug.getinfo(1, "S").source:sub(2)

local hook, run = support.hook, support.run

support.each_engine(function(engine)
  describe("the place of an error", function()
    local db, url, line
    before_each(function()
      db, url = support.open(engine, SCHEMA)
      line = 0
    end)

    local function at(wanted, fn, ...)
      local ok, e = pcall(fn, ...)
      assert.is_false(ok)
      assert.is_true(rille.is(e), tostring(e))
      assert.equal(wanted, e.place)
      assert.equal(("%s: %s (%s)"):format(e.code, e.message, wanted), tostring(e))
      return e
    end

    local function here_of(n) return FILE .. ":" .. n end

    it("is the line of the call, of every method", function()
      local calls = {
        function() line = here() db.user:find_many { where = { nope = 1 } } end,
        function() line = here() db.user:find_unique_or_throw { where = { id = 7 } } end,
        function() line = here() local _ = db.user:create { data = { id = "x" } } end,
        function() line = here() db.user:validate(1) end,
        function() line = here() local _ = db.user:explain(1) end,
        function() line = here() local _ = db.user:explain { where = { nope = 1 } } end,
        function() line = here() local _ = db.user:each { where = { nope = 1 } } end,
        function() line = here() db:query_raw "SELECT nope" end,
        function() line = here() db:execute_raw "nope" end,
        function() line = here() db:execute_script "nope" end,
        function() line = here() db:query_raw("SELECT ?", 1, 2) end,
        function() line = here() db:transaction(1) end,
        function() line = here() db:batch(function(b) b.user:find_many { where = { nope = 1 } } end) end,
        function() line = here() db:with { nope = 1 } end,
        function() line = here() db:on("nope", print) end,
        function() line = here() db:metrics "nope" end,
        function() line = here() local _ = db.nope end,
        function() line = here() local _ = db.user.nope end,
        function() line = here() rille.connect { nope = 1 } end,
        function() line = here() rille.push { nope = 1 } end,
        function() line = here() rille.migrate.deploy { nope = 1 } end,
        function() line = here() rille.backup { nope = 1 } end,
        function() line = here() rille.date "nope" end,
        function() line = here() rille.time "nope" end,
        function() line = here() rille.json.encode(print) end,
        function() line = here() rille.sql("?", 1, 2) end,
        function() line = here() local _ = rille.decimal "1" + {} end,
        function() line = here() db.user(1) end,
      }
      for i, call in ipairs(calls) do
        local ok, e = pcall(call)
        assert.is_false(ok)
        assert.equal(i .. " " .. here_of(line), i .. " " .. tostring(e.place))
      end
    end)

    it("is the caller's, not that of a function of Lua between", function()
      at(here_of(here()), function() db.user:count { where = { nope = 1 } } end)
      local function create(data) -- luacheck: ignore
        line = here() return db.user:create { data = data } -- the method is C: the line stays
      end
      local ok, e = pcall(function() return create { id = "x" } end)
      assert.is_false(ok)
      assert.equal(here_of(line), e.place)
      local _, e2
      line = here() _, e2 = rille.try(db.user.count, db.user, { where = { nope = 1 } })
      assert.equal(here_of(line), e2.place)
      local e3
      line = here() _, e3 = pcall(db.user.count, db.user, { where = { nope = 1 } })
      assert.equal(here_of(line), e3.place)
    end)

    it("is the nearest one left, and marked, where a tail call has lost it", function()
      local function begin() return db:transaction(1) end
      local function first()
        line = here() begin()
      end
      at("~" .. here_of(line == 0 and here() - 2 or line), first)
      local ok, e
      line = here() ok, e = pcall(function() return db:transaction(1) end) -- nothing but pcall is between
      assert.is_false(ok)
      assert.equal("~" .. here_of(line), e.place)
    end)

    it("is within a transaction the line there, and at its end that of the transaction", function()
      db.user:create { data = { id = 1, email = "a" } }
      local e = at(here_of(here() + 1), function() db:transaction(function(tx)
        tx.user:create { data = { id = 1, email = "b" } }
      end) end)
      assert.equal("P2002", e.code)
      at(here_of(here() + 1), function() db:transaction(function(tx) tx:transaction(function(inner)
        inner.user:create { data = { id = 1, email = "b" } } end)
      end) end)
      local before
      local e2 = select(2, pcall(db.transaction, db, function(tx)
        before = select(2, pcall(tx.user.create, tx.user, { data = { id = 1, email = "b" } })).place
        error "mine"
      end))
      assert.matches("mine", e2)
      assert.matches("^" .. FILE:gsub("%p", "%%%0") .. ":%d+$", before)
      line = here() + 2
      at(here_of(line), function()
        db:transaction(function(tx) tx:execute_raw "SELECT 1" end, { timeout = -1 })
      end)
    end)

    it("is the same in a coroutine, blocking or waiting", function()
      local waiting = support.connect(url, SCHEMA, { wait = hook() })
      for _, c in ipairs { db, waiting } do
        local lines, places = {}, {}
        local function note(n, fn)
          local _, e = pcall(fn)
          lines[#lines + 1], places[#places + 1] = here_of(n), e.place
        end
        run(function()
          note(here(), function() c.user:find_unique_or_throw { where = { id = 7 } } end)
          note(here(), function() local _ = c.user:create { data = { id = "x" } } end)
          note(here(), function() for _ in c.user:each { where = { nope = 1 } } do break end end) -- luacheck: ignore
          note(here(), function() c:query_raw "SELECT nope" end)
          note(here(), function() c:execute_raw "nope" end)
          note(here(), function() c:execute_script "nope" end)
          note(here(), function() c:batch(function(b) b.user:find_unique_or_throw { where = { id = 7 } } end) end)
          note(here(), function() c:transaction(function(tx) tx.user:find_unique_or_throw { where = { id = 7 } } end) end)
          note(here(), function() c:transaction(function(tx) tx:query_raw "SELECT nope" end) end)
        end)
        assert.same(lines, places)
      end
    end)

    it("is kept if the error is caught and raised elsewhere", function()
      local _, e = pcall(function() db.user:find_unique_or_throw { where = { id = 7 } } end)
      local place = e.place
      local _, again = pcall(function() db:transaction(function() error(e, 0) end) end)
      assert.equal(e, again)
      assert.equal(place, again.place)
    end)
  end)
end)

describe("a program", function()
  it("without error handling shows the place", function()
    local folder = support.folder()
    support.write(folder .. "/app.lua", 'local db = require("rille").connect { url = "sqlite::memory:", schema_text = "model A {\\n id Int @id\\n}" }\n\n'
      .. "local function work()\n  db.a:find_many { wher = {} }\nend\nwork()\n")
    local pipe = io.popen(("cd '%s' && lua5.4 app.lua 2>&1"):format(folder))
    local said = pipe:read "a"
    pipe:close()
    assert.matches("^lua5%.4: VALIDATION: .*wher.* %(app%.lua:4%)\n", said)
    support.cleanup()
  end)

  it("that is a string has a place too", function()
    local rest = load 'local rille = ...\nrille.time "x"' -- luacheck: ignore
    local _, e = pcall(rest, rille)
    assert.matches('^%[string ".*"%]:2$', e.place)
  end)
end)

describe("rille.handler", function()
  after_each(support.cleanup)

  it("returns what the function returns, and is given", function()
    local handler = rille.handler(function(...) return select("#", ...), ... end)
    assert.same({ 3, 1, nil, 3 }, { handler(1, nil, 3) })
    assert.equal(0, select("#", rille.handler(function() end)()))
    assert.equal("called", rille.handler(setmetatable({}, { __call = function() return "called" end }))())
    support.fails("VALIDATION", rille.handler, {})
    support.fails("VALIDATION", rille.handler)
  end)

  it("raises strings, with place and traceback", function()
    local db = support.connect("sqlite::memory:", SCHEMA)
    local line
    local function inner()
      line = here() db.user:find_many { nope = 1 }
    end
    local ok, text = pcall(rille.handler(function() inner() end))
    assert.is_false(ok)
    assert.equal("string", type(text))
    assert.matches("^VALIDATION: .*nope.* %(" .. FILE:gsub("%p", "%%%0") .. ":" .. line .. "%)\nstack traceback:\n", text)
    assert.truthy(text:find("in upvalue 'inner'", 1, true) or text:find("in function <", 1, true))
  end)

  it("raises strings for any error, and one traceback for nested handlers", function()
    local function raised(value) return select(2, pcall(rille.handler(function() error(value, 0) end))) end
    assert.matches("^plain\nstack traceback:", raised "plain")
    assert.matches("^an error that is a table: table: ", raised {})
    assert.matches("^from elsewhere\n", raised { message = "from elsewhere" })
    assert.matches("^mine\n", raised(setmetatable({}, { __tostring = function() return "mine" end })))
    assert.matches("^an error that is a nil: nil\n", raised(nil))
    assert.equal("an error that has no text", raised(setmetatable({}, { __tostring = function() error "no" end })))
    local nested = select(2, pcall(rille.handler(rille.handler(function() error "deep" end))))
    assert.equal(1, select(2, nested:gsub("stack traceback:", "")))
  end)

  it("reads long messages in little time", function()
    local function raised(text) return select(2, pcall(rille.handler(function() error(text, 0) end))) end
    local began = os.clock()
    for _, text in ipairs { ("a"):rep(100000), "a://x@" .. ("//"):rep(50000), ("a:"):rep(50000), ("9a://b@ "):rep(10000) } do
      assert.is_true(#raised(text) > 20000)
    end
    assert.is_true(os.clock() - began < 2)
    local shown = { ["http://a@b"] = "http://***@b",
      ["9x://a@b:://@"] = "9x://***@", ["://a@b"] = "://a@b", ["x://"] = "x://", ['"x://u:p@h"'] = '"x://***@h"' }
    for text, expected in pairs(shown) do assert.equal(expected, raised(text):match "^[^\n]*") end
  end)

  it("shows no password, also none of a foreign message", function()
    local function raised(fn) return select(2, pcall(rille.handler(fn))) end
    local text = raised(function() error "cannot open postgresql://u:s3cr:et@h/d and https://me:s3cr@h/ today" end)
    assert.is_nil(text:find("s3cr", 1, true))
    assert.truthy(text:find("postgresql://u@h/d and https://***@h/ today", 1, true))
    local db = support.connect("postgresql://u:s3cr@127.0.0.1:1/d?connect_timeout=1", "model A {\n id Int @id\n}")
    text = raised(function() db.a:count() end)
    assert.matches("^P1001", text)
    assert.is_nil(text:find("s3cr", 1, true))
  end)

  it("lets a coroutine wait inside", function()
    local co = coroutine.wrap(rille.handler(function(a)
      local b = coroutine.yield(a + 1)
      return a + b
    end))
    assert.equal(2, co(1))
    assert.equal(11, co(10))
  end)
end)
