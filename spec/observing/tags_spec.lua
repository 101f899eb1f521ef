-- Tags and traceparent: what the database sees behind a statement, and what it keeps prepared for it.
local support = require "support"
local schema = require "lua.blog_schema"

local TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"

support.each_engine(function(engine)
  local db, url, seen
  before_each(function()
    db, url = support.open(engine, schema, { pool = { size = 1 } })
    seen = {}
    db:on("query", function(event) seen[#seen + 1] = event end)
  end)

  local function last_comment() return seen[#seen].sql:match "(/%*.*)$" end

  it("go behind each statement, sorted and encoded as sqlcommenter says", function()
    local tagged = db:with { tags = { route = "/users/:id", controller = "it's", ["a b"] = "ü", number = 7, yes = true } }
    tagged.user:count()
    assert.equal("/*a%20b='%C3%BC',controller='it%27s',number='7',route='%2Fusers%2F%3Aid',yes='true'*/", last_comment())
    db.user:count()
    assert.is_nil(last_comment())
    tagged:with({ tags = { route = "x" } }).user:count()
    assert.equal("/*a%20b='%C3%BC',controller='it%27s',number='7',route='x',yes='true'*/", last_comment())
    tagged:with({ primary = true }).user:count()
    assert.matches("controller", last_comment())
  end)

  it("cannot be broken out of, and change no result", function()
    db.user:create { data = { email = "a", name = "A" } }
    seen = {}
    local hostile = { "*/ DROP TABLE \"User\"; --", "'", "\\'", "/*", "*", "/", "\n", "\0", "%", ";", "a',b='c", "--", "$1", "?", ("x"):rep(5000), "" }
    for _, value in ipairs(hostile) do
      for _, tags in ipairs { { tag = value }, { [value == "" and "empty" or value] = "x" }, { ["*/"] = value, ["/*"] = value } } do
        local tagged = db:with { tags = tags }
        assert.equal(1, tagged.user:count())
        assert.equal("a", tagged:query_raw("SELECT email FROM \"User\" WHERE email = ?", "a")[1].email)
        assert.equal("a", tagged.user:update({ where = { email = "a" }, data = { name = value:gsub("%z", "") } }).email)
      end
    end
    for _, event in ipairs(seen) do
      if event.kind == "query" then
        assert.matches("^[%w%%%-_%.~=',]+$", event.sql:match "/%*(.*)%*/$")
      end
    end
  end)

  it("take part in transactions, batches, streams and nested writes", function()
    local tagged = db:with { tags = { t = "1" } }
    tagged:transaction(function(tx)
      tx.user:create { data = { email = "a", name = "A", posts = { create = { { title = "p" }, { title = "q" } } } } }
    end)
    tagged:batch(function(b)
      b.user:count()
      b.post:find_many { include = { author = true } }
      b:query_raw "SELECT 1"
    end)
    for _ in tagged.post:each { batch = 1 } do assert.is_truthy(seen) end
    local statements = 0
    for _, event in ipairs(seen) do
      if event.kind == "query" and event.model then
        statements = statements + 1
        assert.equal("/*t='1'*/", event.sql:match "/%*.*$")
      end
    end
    assert.is_true(statements >= 7)
  end)

  it("are before a semicolon, and do not change a raw statement with its own comments", function()
    local tagged = db:with { tags = { t = "1" } }
    tagged:query_raw "SELECT 1 ; "
    assert.equal("SELECT 1 /*t='1'*/", seen[#seen].sql)
    tagged:query_raw "SELECT 1 -- one"
    assert.equal("SELECT 1 -- one", seen[#seen].sql)
    tagged:query_raw "SELECT /* one */ 1"
    assert.equal("SELECT /* one */ 1", seen[#seen].sql)
  end)

  it("can be had from the start", function()
    local list = {}
    local tagged = support.connect(url, schema, { tags = { app = "blog" }, log = function(event) list[#list + 1] = event end })
    tagged.user:count()
    assert.matches("/%*app='blog'%*/$", list[1].sql)
    tagged:with({ tags = { b = "c" } }).user:count()
    assert.matches("/%*app='blog',b='c'%*/$", list[2].sql)
  end)

  it("say what they do not take", function()
    support.fails("VALIDATION", db.with, db, { tags = "x" })
    support.fails("VALIDATION", db.with, db, { tags = { "x" } })
    support.fails("VALIDATION", db.with, db, { tags = { a = {} } })
    support.fails("VALIDATION", db.with, db, { tags = { traceparent = TRACE .. "1" } })
    support.fails("VALIDATION", db.with, db, { traceparent = 7 })
    assert.matches("00%-<32 hex>", support.fails("VALIDATION", db.with, db, { traceparent = "00-*/" }).message)
    local wrong = db:with { traceparent = function() return "x*/" end }
    support.fails("VALIDATION", wrong.user.count, wrong.user)
    support.fails("VALIDATION", function() db:with({ traceparent = function() return {} end }).user:count() end)
    assert.equal(0, db.user:count())
  end)

  it("sends the traceparent of each call if its trace is sampled, and always reports it", function()
    local flags, calls = "1", 0
    local traced = db:with {
      tags = { a = "1", z = "2" },
      traceparent = function()
        calls = calls + 1
        return flags and TRACE .. flags
      end,
    }
    traced.user:count()
    assert.equal(("/*a='1',traceparent='%s1',z='2'*/"):format(TRACE), last_comment())
    assert.equal(TRACE .. "1", seen[#seen].trace)
    flags = "0"
    traced.user:count()
    assert.equal("/*a='1',z='2'*/", last_comment())
    assert.equal(TRACE .. "0", seen[#seen].trace)
    flags = nil
    traced.user:count()
    assert.is_nil(seen[#seen].trace)
    assert.equal(3, calls)
    flags = "1"
    traced:transaction(function(tx) tx.user:count() end)
    assert.equal(TRACE .. "1", seen[#seen].trace)
    local before = #seen
    traced:batch(function(b)
      b.user:count()
      b:query_raw "SELECT 1 AS one"
    end)
    for i = before + 1, #seen do
      assert.equal(("/*a='1',traceparent='%s1',z='2'*/"):format(TRACE), seen[i].sql:match "(/%*.*)$")
      assert.equal(TRACE .. "1", seen[i].trace)
    end
    assert.is_true(#seen > before)
    db:with({ traceparent = TRACE .. "1" }).user:count()
    assert.equal(("/*traceparent='%s1'*/"):format(TRACE), last_comment())
    db.user:count()
    assert.is_nil(seen[#seen].trace)
  end)

  it("raises what the function of the traceparent raises, and works afterwards", function()
    local traced = db:with { traceparent = function() error("no trace", 0) end }
    local ok, e = pcall(traced.user.count, traced.user)
    assert.same({ false, "no trace" }, { ok, e })
    assert.equal(0, db.user:count())
  end)

  if engine == "postgresql" then
    it("are seen by the server", function()
      local tagged = db:with { tags = { route = "/x" }, traceparent = TRACE .. "1" }
      local text = tagged:query_raw("SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()")[1].query
      assert.matches(("/*route='%%2Fx',traceparent='%s1'*/"):format(TRACE), text, 1, true)
    end)

    local function prepared() return tonumber(db:query_raw("SELECT count(*) AS n FROM pg_prepared_statements")[1].n) end

    it("are prepared when they come again, and not when each request has its own", function()
      for i = 1, 40 do db:with({ tags = { request = i } }).user:count() end
      for i = 1, 40 do db:with({ traceparent = ("00-%032x-%016x-01"):format(i, i) }).user:count() end
      assert.equal(0, prepared())
      for _ = 1, 40 do db:with({ tags = { route = "/a" } }).user:count() end
      assert.equal(1, prepared())
      for _ = 1, 40 do db:with({ tags = { route = "/b" } }).user:count() end
      assert.equal(2, prepared())
      db.user:count()
      assert.equal(3, prepared())
      local texts = db:query_raw "SELECT statement FROM pg_prepared_statements ORDER BY statement DESC"
      assert.matches("route='%2Fb'", texts[1].statement, 1, true)
    end)
  end
end)
