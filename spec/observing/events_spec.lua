-- What handlers receive: every statement, with its values, time, rows and place.
local rille = require "rille"
local support = require "support"
local schema = require "lua.blog_schema"

-- The events of a name, collected.
local function collect(db, name)
  local list = {}
  local off = db:on(name, function(event) list[#list + 1] = event end)
  return list, off
end

local function kinds(list)
  local out = {}
  for i, event in ipairs(list) do out[i] = event.kind end
  return table.concat(out, " ")
end

support.each_engine(function(engine)
  local db
  before_each(function() db = support.open(engine, schema) end)

  local function add_user(email) return db.user:create { data = { email = email, name = email } } end

  it("reports a statement right after its call", function()
    add_user "a"
    local list = collect(db, "query")
    db.user:find_many { where = { email = "a" } }
    assert.equal(1, #list)
    local event = list[1]
    assert.matches("^SELECT .*FROM \"User\"", event.sql)
    assert.equal('["a"]', event.params)
    assert.equal(1, event.rows)
    assert.same({ "User", "find_many", "query", "query" }, { event.model, event.action, event.event, event.kind })
    assert.is_true(type(event.duration_ms) == "number" and event.duration_ms > 0)
    assert.equal(1, event.round_trip)
    assert.is_nil(event.trace)
    assert.is_nil(event.transaction)
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT", event.time)
    assert.same({ "a" }, rille.json.decode(event.params))
    assert.equal("find_many", rille.json.decode(rille.json.encode(event)).action)
  end)

  it("has several handlers, in their order, and takes them away", function()
    local order = {}
    local off = db:on("query", function() order[#order + 1] = "a" end)
    db:on("query", function() order[#order + 1] = "b" end)
    db.user:count()
    off()
    off()
    db.user:count()
    assert.same({ "a", "b", "b" }, order)
  end)

  it("reports in order, transactions too", function()
    local list = collect(db, "query")
    db:transaction(function(tx)
      tx.user:create { data = { email = "a", name = "A" } }
      assert.equal("create", list[#list].action)
      tx:transaction(function(inner) inner.user:count() end)
    end)
    pcall(db.transaction, db, function(tx)
      tx.user:count()
      error "no"
    end)
    local text = kinds(list):gsub("^begin q?u?e?r?y? ?query", "begin query"):gsub("begin query query savepoint", "begin query savepoint")
    assert.matches("^begin .*query savepoint query release commit begin .*query rollback$", text)
    assert.equal(list[1].transaction, list[2].transaction)
    assert.not_equal(list[1].transaction, list[#list].transaction)
  end)

  it("reports batches, raw statements, streams and errors", function()
    add_user "a"
    add_user "b"
    local list = collect(db, "query")
    db:batch(function(b)
      b.user:find_many {}
      b.user:count()
    end)
    assert.same({ "find_many", "count" }, { list[1].action, list[2].action })
    db:query_raw("SELECT email FROM \"User\" WHERE email = ?", "b")
    assert.same({ "query_raw", '["b"]', 1 }, { list[3].action, list[3].params, list[3].rows })
    assert.is_nil(list[3].model)
    assert.equal(2, db:execute_raw "UPDATE \"User\" SET name = 'x'")
    assert.same({ "execute_raw", 2 }, { list[4].action, list[4].rows })
    support.fails("P2010", db.query_raw, db, "SELECT nothing FROM nowhere")
    assert.matches("nowhere", list[5].sql)
    assert.is_truthy(list[5].error)
    assert.is_nil(list[5].rows)
    support.fails("P2002", add_user, "a")
    assert.equal("P2002", list[6].error)
    local before = #list
    for _ in db.user:each { batch = 1 } do assert.is_true(#list > before) end
    local rows = 0
    for i = before + 1, #list do rows = rows + (list[i].kind == "query" and list[i].rows or 0) end
    assert.equal(2, rows)
  end)

  it("reports calls of derived clients, in any order of creation", function()
    local derived = db:with { primary = true }
    local list = collect(db, "query")
    derived.user:count()
    db:with({ tags = { a = 1 } }).user:count()
    derived:on("query", function() list.second = true end)
    db.user:count()
    assert.equal(3, #list)
    assert.is_true(list.second)
  end)

  it("does not lose a result to a handler that fails", function()
    local warnings = collect(db, "warn")
    local later = 0
    db:on("query", function() error { "boom" } end)
    db:on("query", function() error "boom" end)
    db:on("query", function() later = later + 1 end)
    assert.equal(0, db.user:count())
    assert.equal(1, later)
    assert.equal(2, #warnings)
    assert.matches("boom", warnings[2].message)
  end)

  it("does not report calls of handlers", function()
    local seen = 0
    db:on("query", function(event)
      seen = seen + 1
      db.post:count()
      db.user:create { data = { email = event.sql:sub(1, 5) .. seen, name = "log" } }
    end)
    db.post:find_many {}
    assert.equal(1, seen)
    assert.equal(1, db.user:count())
    assert.equal(2, seen)
  end)

  it("reports slow statements only as slow ones", function()
    local slow = support.open(engine, schema, { slow_ms = 1 })
    local list = collect(slow, "slow")
    if engine == "postgresql" then
      slow:query_raw "SELECT 1"
      slow:query_raw "SELECT pg_sleep(0.05)"
    else
      slow:query_raw "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n"
    end
    local event = list[#list]
    assert.equal("slow", event.event)
    assert.is_true(event.duration_ms >= 1)
    local all = collect(slow, "query")
    slow:query_raw(event.sql)
    assert.same({ "query", true }, { all[1].event, all[1].slow })
  end)

  it("hides what the client omits", function()
    local url = support.database(engine)
    rille.push { schema_text = schema, url = url }
    local careful = support.connect(url, schema, { omit = { user = { name = true } } })
    local list = collect(careful, "query")
    careful.user:create { data = { email = "a", name = "secret" } }
    careful.user:find_many { where = { name = "secret", email = "a" } }
    careful.user:update { where = { email = "a" }, data = { name = "secret" } }
    careful.user:create_many { data = { { email = "b", name = "secret" }, { email = "c", name = "secret" } } }
    for _, event in ipairs(list) do assert.is_nil((event.params or ""):find("secret", 1, true)) end
    assert.matches("%*%*%*", list[1].params .. (list[2].params or ""))
    local silent = support.connect(url, schema, { log_params = false })
    local quiet = collect(silent, "query")
    silent.user:find_many { where = { email = "a" } }
    assert.is_nil(quiet[1].params)
  end)

  it("says which events there are", function()
    assert.matches("query", support.fails("VALIDATION", db.on, db, "qurey", print).message)
    assert.matches("n_plus_one", support.fails("VALIDATION", db.on, db, "nothing like it", print).message)
    support.fails("VALIDATION", db.on, db, "query", 7)
    support.fails("VALIDATION", db.on, db, nil, print)
    support.fails("VALIDATION", function() db:transaction(function(tx) tx:on("query", print) end) end)
    support.fails("VALIDATION", rille.connect, { url = "sqlite::memory:", schema_text = schema, log = { "quary" } })
    support.fails("VALIDATION", rille.connect, { url = "sqlite::memory:", schema_text = schema, log = 7 })
    support.fails("VALIDATION", rille.connect, { url = "sqlite::memory:", schema_text = schema, slow_ms = -1 })
    support.fails("VALIDATION", rille.connect, { url = "sqlite::memory:", schema_text = schema, log_params = 1 })
  end)

  it("gives all events to the function of log", function()
    local list = {}
    local logged = support.open(engine, schema, { log = function(event) list[#list + 1] = event end, slow_ms = 100000 })
    logged:query_raw "SELECT 1 AS one"
    assert.equal(1, #list)
    assert.equal("query", list[1].event)
    assert.matches("^rille query [%d.]+ ms query_raw rows=1 SELECT 1 AS one$", rille.log_line(list[1]))
  end)

  local function lose_connections(target)
    local name = (target or db):query_raw("SELECT current_database() AS name")[1].name
    support.psql(([[SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s';
      SELECT pg_sleep(0.05)]]):format(name))
  end

  it("warns of a connection that was lost and replaced before a read had come to anything", function()
    if engine ~= "postgresql" then return end
    local warnings = collect(db, "warn")
    db.user:count()
    lose_connections()
    local queries = collect(db, "query")
    assert.equal(0, db.user:count())
    assert.equal(1, #warnings)
    assert.matches("^a connection was lost before it was used, and was replaced: ", warnings[1].message)
    assert.same({ "warn", "warn", "User", "count", "P1017" },
      { warnings[1].event, warnings[1].kind, warnings[1].model, warnings[1].action, warnings[1].error })
    assert.equal(1, queries[#queries].rows) -- before it there is the one that failed, where it could be sent
    assert.equal(0, db:metrics().pool.in_use)
  end)

  it("warns of a connection that was lost for good", function()
    if engine ~= "postgresql" then return end
    local warnings = collect(db, "warn")
    support.fails("P1017", db.transaction, db, function(tx)
      tx.user:count()
      lose_connections(tx)
      tx.user:count()
    end)
    assert.equal(1, #warnings)
    assert.matches("^a connection was lost: ", warnings[1].message)
    assert.same({ "count", "P1017" }, { warnings[1].action, warnings[1].error })
    assert.equal(0, db.user:count())
  end)
end)

-- The log goes to stderr, which only another process can be asked for.
local function stderr_of(program)
  local folder = support.folder()
  local script = support.write(folder .. "/program.lua", program)
  os.execute(("lua5.4 '%s' 2>'%s/err' >/dev/null"):format(script, folder))
  local handle = assert(io.open(folder .. "/err"))
  local text = handle:read "a"
  handle:close()
  return text
end

describe("the log", function()
  after_each(support.cleanup)

  it("is one line an event on stderr, whatever the statement holds", function()
    local text = stderr_of [[
      local db = require("rille").connect { url = "sqlite::memory:", schema_text = "model A {\n id Int @id\n}", log = { "query" } }
      db:query_raw("SELECT ?\n  AS \"a\27b\"", "line\nbreak")
      db:query_raw("SELECT 2")
      db:close()]]
    local lines = {}
    for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.equal(2, #lines)
    assert.matches('^rille query [%d.]+ ms query_raw rows=1 SELECT %? AS "a\\x1bb" %["line\\nbreak"%]$', (lines[1]:gsub("%?1", "?")))
  end)

  it("reports an N+1 without other handlers", function()
    local text = stderr_of [[
      local db = require("rille").connect { url = "sqlite::memory:", schema_text = "model A {\n id Int @id\n}", n_plus_one = "warn" }
      db:execute_script 'CREATE TABLE "A" (id INTEGER PRIMARY KEY)'
      for i = 1, 20 do db.a:find_unique { where = { id = i } } end]]
    local _, count = text:gsub("\n", "")
    assert.equal(1, count)
    assert.matches("^rille n_plus_one A.find_unique N%+1: 11 times A.find_unique at .*program.lua:3", text)
  end)
end)
