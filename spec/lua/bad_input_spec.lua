-- What a caller can do wrong: a clear error with a code and a place, and nothing half-written.
local rille = require "rille"
local support = require "support"
local schema = require "lua.blog_schema"

local function mentions(e, ...)
  for _, word in ipairs { ... } do assert.truthy(tostring(e):find(word, 1, true), tostring(e) .. " does not mention " .. word) end
  assert.falsy(tostring(e):find("\n", 1, true))
end

describe("connect", function()
  after_each(support.cleanup)
  local model = "model A {\n  id Int @id\n}\n"

  local function connect(options)
    local ok, e = pcall(rille.connect, options)
    assert.is_false(ok)
    assert.is_true(rille.is(e), tostring(e))
    return e
  end

  it("names an unknown option and the nearest", function()
    mentions(connect { shema = "x" }, "VALIDATION", "shema", "schema")
    mentions(connect { schema_text = model, url = "sqlite::memory:", pool = { sise = 1 } }, "sise", "size")
    for key, values in pairs { size = { 0, -1, 1.5, 100001, "3" }, wait = { 0, 0 / 0, 2 ^ 31 }, idle = { 0, true }, max_lifetime = { 0, {} } } do
      for _, value in ipairs(values) do
        mentions(connect { schema_text = model, url = "sqlite::memory:", pool = { [key] = value } }, "pool." .. key .. ":", "from 1 to")
      end
    end
    mentions(connect { schema_text = model, url = "sqlite::memory:", omit = { A = { nope = true } } }, "nope")
    mentions(connect { schema_text = model, url = "sqlite::memory:", omit = { b = { id = true } } }, "b")
    mentions(connect { schema_text = model, url = "sqlite::memory:", strict_where = "yes" }, "strict_where")
    mentions(connect "file:x", "VALIDATION")
  end)

  it("misses a schema file", function()
    local e = connect { schema = "/no/such/place/schema.prisma", url = "sqlite::memory:" }
    mentions(e, "P1012", "/no/such/place/schema.prisma")
  end)

  it("shows every error of a schema", function()
    local e = connect { schema_text = "model A {\n  id Int @id\n  b Strin\n  c Itn\n}\n", url = "sqlite::memory:" }
    assert.equal("P1012", e.code)
    assert.is_true(#e.diagnostics >= 2)
    assert.equal(3, e.diagnostics[1].line)
    assert.truthy(e.diagnostics[1].message:find("Strin", 1, true))
    assert.truthy(e.details:find("  b Strin", 1, true))
  end)

  it("refuses malformed and foreign URLs, and never shows a password", function()
    for _, url in ipairs { "", "nonsense", "mysql://u:geheim@h/d", "postgresql://u:geheim@h:port/d", "http://x" } do
      local e = connect { schema_text = model, url = url }
      assert.equal("P1013", e.code)
      assert.falsy(tostring(e):find("geheim", 1, true))
    end
    local e = connect { schema_text = 'datasource db {\n  provider = "postgresql"\n}\n' .. model, url = "file:./x.db" }
    assert.truthy(e.message:find("postgresql", 1, true))
  end)

  it("requires a URL", function()
    if os.getenv "DATABASE_URL" then return end
    local e = connect { schema_text = 'datasource db {\n  provider = "sqlite"\n  url = env("RILLE_SPEC_UNSET")\n}\n' .. model }
    mentions(e, "P1013", "RILLE_SPEC_UNSET", "DATABASE_URL")
  end)

  it("reports an unreachable server at the first call", function()
    local db = support.connect("postgresql://nobody:geheim@127.0.0.1:1/none?connect_timeout=2", model)
    local e = support.fails("P1001", db.a.count, db.a)
    assert.equal("connection", e.kind)
    mentions(e, "127.0.0.1")
    assert.falsy(tostring(e):find("geheim", 1, true))
  end)

  it("misses a table", function()
    local db = support.connect("sqlite::memory:", model)
    local e = support.fails("P2021", db.a.find_many, db.a)
    mentions(e, "A")
    support.fails("P2021", db.a.create, db.a, { data = { id = 1 } })
  end)
end)

support.each_engine(function(engine)
  local db
  setup(function()
    db = support.open(engine, schema)
    db.user:create { data = { email = "a", name = "Ada" } }
  end)

  -- The call must fail before anything is sent, and the message must have the words.
  local function refused(method, args, ...)
    local ok, e = pcall(db.user[method], db.user, args)
    assert.is_false(ok)
    assert.is_true(rille.is(e), tostring(e))
    assert.equal("validation", e.kind)
    mentions(e, ...)
    assert.equal(1, db.user:count())
    return e
  end

  it("names unknown models and methods", function()
    local e = support.fails("VALIDATION", function() return db.usr end)
    mentions(e, "usr", "user")
    mentions(support.fails("VALIDATION", function() return db.user.find_mani end), "find_mani", "find_many")
    mentions(support.fails("VALIDATION", db.user.find_many, { where = {} }), "colon")
    mentions(support.fails("VALIDATION", db.user.find_many, db.user, "x"), "table")
  end)

  it("names unknown arguments, fields and operators, and the nearest", function()
    refused("find_many", { were = { id = 1 } }, "were", "where")
    refused("find_many", { where = { emial = "x" } }, "where.emial", "email")
    refused("find_many", { where = { posts = { some = { titel = "x" } } } }, "where.posts.some.titel", "title")
    refused("find_many", { where = { email = { contain = "x" } } }, "where.email.contain", "contains")
    refused("find_many", { select = { nam = true } }, "select.nam", "name")
    refused("find_many", { include = { post = true } }, "include.post", "posts")
    refused("find_many", { include = { name = true } }, "include.name")
    refused("find_many", { order_by = { nam = "asc" } }, "order_by.nam", "name")
    refused("find_many", { order_by = { name = "up" } }, "order_by.name")
    refused("create", { data = { email = "b", name = "B", emal = "x" } }, "data.emal", "email")
    refused("create", { date = {} }, "date", "data")
  end)

  it("names wrong types", function()
    refused("find_many", { where = { id = "one" } }, "where.id")
    refused("find_many", { where = { name = 5 } }, "where.name")
    refused("find_many", { where = { karma = { in_ = { 1, "x" } } } }, "where.karma")
    refused("find_many", { take = "ten" }, "take")
    refused("find_many", { skip = -1 }, "skip")
    refused("find_many", { where = { role = "king" } }, "king", "admin")
    refused("find_many", { where = { createdAt = { gt = "yesterday" } } }, "createdAt")
    refused("find_unique", { where = {} }, "where")
    refused("find_unique", { where = { name = "Ada" } }, "where")
    refused("create", { data = { email = "b" } }, "name")
    refused("create", { data = { email = "b", name = rille.null } }, "data.name")
    refused("create", { data = { email = { "b" }, name = "B" } }, "data.email")
    refused("update", { where = { id = 1 }, data = { karma = { increment = "x" } } }, "data.karma")
  end)

  it("rejects values of Lua that databases do not have", function()
    refused("create", { data = { email = print, name = "B" } }, "data.email", "function")
    refused("create", { data = { email = coroutine.create(print), name = "B" } }, "data.email", "thread")
    refused("create", { data = { email = io.stdout, name = "B" } }, "data.email")
    refused("find_many", { where = { [true] = 1 } }, "where")
    refused("find_many", { where = { [1.5] = 1 } }, "where")
    refused("find_many", { where = { OR = { { id = 1 }, x = 1 } } }, "where.OR")
    local cycle = {}
    cycle.AND = cycle
    refused("find_many", { where = cycle }, "cycle")
  end)

  it("refuses integers out of range, bad UTF-8 and zero bytes before anything is sent", function()
    for _, data in ipairs { { email = "b\255", name = "B" }, { email = "b\0c", name = "B" }, { email = "b", name = "B", karma = 2 ^ 40 },
      { email = "b", name = "B", karma = 3000000000 } } do
      local ok, e = pcall(db.user.create, db.user, { data = data })
      assert.is_false(ok)
      assert.equal("validation", e.kind)
      mentions(e, "data.")
    end
    assert.equal(1, db.user:count())
  end)

  it("continues after an error", function()
    for _ = 1, 50 do
      pcall(db.user.create, db.user, { data = { email = "a", name = "Twice" } })
      pcall(db.user.find_many, db.user, { where = { nope = 1 } })
    end
    assert.equal("Ada", db.user:find_first({}).name)
    assert.equal(0, db:metrics().pool.in_use)
  end)

  it("validates without writing", function()
    assert.is_true(db.user:validate { email = "v", name = "V" })
    local ok, problems = db.user:validate { email = "v", name = 5 }
    assert.is_nil(ok)
    assert.equal("name", problems[1].field)
    assert.truthy(problems[1].message)
    assert.equal(1, db.user:count())
  end)

  it("reports all errors in data, also in nested rows", function()
    local _, problems = db.user:validate {
      email = 7, nme = "x",
      posts = { create = { { title = "fine" }, { title = 8, pubished = true }, {} }, update = {}, conect = { id = 1 } },
    }
    local fields = {}
    for i, problem in ipairs(problems) do fields[i] = problem.field .. " " .. problem.code end
    table.sort(fields)
    assert.same({
      "email VALIDATION", "name P2012", "nme VALIDATION", "posts.conect VALIDATION", "posts.create[2].pubished VALIDATION",
      "posts.create[2].title VALIDATION", "posts.create[3].title P2012", "posts.update VALIDATION",
    }, fields)
    assert.equal(0, db:metrics().pool.in_use)
  end)

  it("rejects an empty where with strict_where", function()
    local strict = support.connect(select(2, support.open(engine, schema)), schema, { strict_where = true })
    support.fails("VALIDATION", strict.user.find_many, strict.user, { where = {} })
    support.fails("VALIDATION", strict.user.find_many, strict.user, { where = { id = nil, AND = {} } })
    assert.same({}, strict.user:find_many { where = { id = 1 } })
    assert.same({}, strict.user:find_many { where = rille.all })
  end)
end, true)
