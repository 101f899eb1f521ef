-- Small promises of the contract: in-memory databases, read-only transactions, what errors carry.
local rille = require "rille"
local support = require "support"
local schema = require "lua.blog_schema"

local NOTES = "model Note {\n id Int @id\n text String\n}"

-- Each test has its own database in memory, with its own URL.
local serial = 0
local function memory_url()
  serial = serial + 1
  return ("sqlite::memory:?pool_timeout=%d"):format(5 + serial)
end

describe("a database in memory", function()
  after_each(support.cleanup)

  it("has the tables that were pushed before any client was open", function()
    local url = memory_url()
    rille.push { schema_text = NOTES, url = url }
    local db = support.connect(url, NOTES)
    db.note:create { data = { id = 1, text = "kept" } }
    assert.equal(1, db.note:count())
  end)

  it("is one for all options of its clients", function()
    local url = memory_url()
    local first = support.connect(url, NOTES, { pool = { size = 3 } })
    rille.push { schema_text = NOTES, url = url }
    local second = support.connect(url, NOTES, { pool = { size = 7, idle = 10 } })
    first.note:create { data = { id = 1, text = "seen" } }
    assert.equal("seen", second.note:find_first().text)
  end)

  it("ends with the last client after the push", function()
    local url = memory_url()
    rille.push { schema_text = NOTES, url = url }
    local one, two = support.connect(url, NOTES), support.connect(url, NOTES)
    one:close()
    assert.equal(0, two.note:count())
    two:close()
    collectgarbage()
    support.fails("P2021", function() return support.connect(url, NOTES).note:count() end)
  end)

  it("reports calls that would wait for the end of the transaction around them", function()
    local url, file = "sqlite::memory:?pool_timeout=1", support.folder() .. "/copy.db"
    rille.push { schema_text = NOTES, url = url }
    local db = support.connect(url, NOTES)
    for _, call in ipairs {
      function() rille.push { schema_text = NOTES, url = url } end,
      function() rille.backup { url = url, file = file } end,
      function() db.note:count() end,
    } do
      local e = support.fails("P2024", db.transaction, db, function(tx)
        tx.note:create { data = { id = 1, text = "undone" } }
        call()
      end)
      assert.truthy(e.message:find("during a transaction, only its own calls can run", 1, true), e.message)
      assert.equal(0, db.note:count())
    end
  end)

  it("keeps its rows in a push unless it is reset", function()
    local url = memory_url()
    rille.push { schema_text = NOTES, url = url }
    local db = support.connect(url, NOTES)
    db.note:create { data = { id = 1, text = "gone soon" } }
    rille.push { schema_text = NOTES, url = url }
    assert.equal(1, db.note:count())
    rille.push { schema_text = NOTES, url = url, reset = true }
    assert.equal(0, db.note:count())
  end)

  it("keeps foreign keys in force after a push", function()
    local url = memory_url()
    rille.push { schema_text = schema, url = url }
    local db = support.connect(url, schema)
    support.fails("P2003", db.post.create, db.post, { data = { title = "T", authorId = 4711 } })
  end)

  it("is not shared with another name", function()
    local url = memory_url()
    rille.push { schema_text = NOTES, url = url }
    support.fails("P2021", function() return support.connect(memory_url(), NOTES).note:count() end)
    assert.equal(0, support.connect(url, NOTES).note:count())
  end)
end)

support.each_engine(function(engine)
  local db
  before_each(function() db = support.open(engine, schema) end)

  describe("a read-only transaction", function()
    local function read_only(fn) return support.fails("P2028", db.transaction, db, fn, { read_only = true }) end

    it("refuses the writes of models", function()
      local e = read_only(function(tx) tx.user:create { data = { email = "a", name = "A" } } end)
      assert.truthy(e.message:find("read-only", 1, true))
      assert.equal("transaction", e.kind)
      read_only(function(tx) tx.user:delete_many { where = rille.all } end)
      assert.equal(0, db.user:count())
    end)

    it("refuses raw writes", function()
      local e = read_only(function(tx) tx:execute_raw 'DELETE FROM "Comment"' end)
      assert.truthy(e.message:find("read-only", 1, true))
    end)

    it("continues after a refused write", function()
      local count = db:transaction(function(tx)
        support.fails("P2028", tx.tag.create, tx.tag, { data = { name = "x" } })
        return tx.tag:count()
      end, { read_only = true })
      assert.equal(0, count)
    end)
  end)

  describe("a where without values", function()
    before_each(function()
      db.user:create { data = { email = "a", name = "A", posts = { create = { title = "T" } } } }
      db.user:create { data = { email = "b", name = "B" } }
    end)

    it("is a condition when it asks for related rows", function()
      assert.equal(1, db.user:update_many { where = { posts = { some = {} } }, data = { karma = 1 } }.count)
      assert.equal(2, db.user:update_many { where = { boss = { is_not = {} } }, data = { karma = 2 } }.count)
      assert.equal(0, db.user:update_many { where = { boss = { is = {} } }, data = { karma = 3 } }.count)
      assert.equal(1, db.user:delete_many { where = { posts = { none = {} } } }.count)
      assert.equal("a", db.user:find_first().email)
    end)

    it("is not one if it is true for every row", function()
      for _, where in ipairs { { OR = { {}, {} } }, { AND = {} }, { NOT = {} }, { email = {} }, { posts = {} }, { posts = { every = {} } } } do
        support.fails("VALIDATION", db.user.delete_many, db.user, { where = where })
      end
      assert.equal(2, db.user:count())
    end)
  end)

  describe("a broken foreign key", function()
    local function broken(method, model, args) return support.fails("P2003", db[model][method], db[model], args) end

    it("is named when a row refers to nothing", function()
      local e = broken("create", "post", { data = { title = "T", authorId = 4711 } })
      assert.equal("author", e.meta.field_name)
      assert.equal("Post", e.meta.model)
      assert.equal("Post_authorId_fkey", e.meta.constraint)
      assert.equal("Post", e.meta.table)
      assert.truthy(e.message:find("`author` of Post to User", 1, true))
      e = broken("create_many", "post", { data = { { title = "T", authorId = 4711 } } })
      assert.equal("author", e.meta.field_name)
    end)

    it("is named when a row gets a wrong reference", function()
      local user = db.user:create { data = { email = "a", name = "A" } }
      local e = broken("update", "user", { where = { id = user.id }, data = { bossId = 4711, karma = 3 } })
      assert.equal("boss", e.meta.field_name)
      e = broken("update_many", "user", { where = rille.all, data = { bossId = 4711 } })
      assert.equal("User_bossId_fkey", e.meta.constraint)
    end)

    it("is named when only one can hold a row that is to go", function()
      local tag = support.open(engine, "model A {\n id Int @id\n bs B[]\n cs C[]\n}\nmodel B {\n id Int @id\n aId Int\n"
        .. " a A @relation(fields: [aId], references: [id])\n}\nmodel C {\n id Int @id\n aId Int\n"
        .. " a A @relation(fields: [aId], references: [id], onDelete: Cascade)\n}")
      tag.a:create { data = { id = 1, bs = { create = { id = 1 } }, cs = { create = { id = 1 } } } }
      local e = support.fails("P2003", tag.a.delete, tag.a, { where = { id = 1 } })
      assert.equal("B", e.meta.model)
      assert.equal("a", e.meta.field_name)
      assert.equal("B_aId_fkey", e.meta.constraint)
    end)

    it("is not guessed when SQLite could mean several", function()
      local user = db.user:create { data = { email = "a", name = "A", posts = { create = { title = "T" } } } }
      local post = db.post:find_first()
      db.comment:create { data = { text = "c", postId = post.id, userId = user.id } }
      local e = broken("delete", "user", { where = { id = user.id } }) -- by its post and by its comment
      if engine == "sqlite" then assert.is_nil(e.meta.field_name) else assert.is_string(e.meta.field_name) end
      e = broken("create", "comment", { data = { text = "d", postId = 4711, userId = user.id } })
      assert.equal(engine == "postgresql" and "post" or nil, e.meta.field_name)
      assert.equal("Comment", e.meta.model)
    end)
  end)

  it("reports which fields group_by lacks", function()
    local e = support.fails("P2019", db.user.group_by, db.user, { by = { "role" }, order_by = { name = "asc" } })
    assert.truthy(e.message:find("`order_by`", 1, true))
    assert.truthy(e.message:find("`by`", 1, true))
    assert.truthy(e.message:find("name", 1, true))
    assert.falsy(e.message:find("orderBy", 1, true))
  end)
end)

-- Both quote styles of a call that raises: errors.raise("P1012", ...), rl_raise(L, "P1012", ...).
local function raised_in(files, pattern, found)
  local pipe = assert(io.popen("cat " .. files))
  local text = pipe:read "a"
  assert.is_true(pipe:close())
  for code in text:gmatch(pattern) do found[code] = true end
end

describe("errors", function()
  it("that are raised in Lua have codes of the table, and their kind", function()
    local codes, errors, found = require "rille.codes", require "rille.errors", {}
    raised_in("lua/rille/*.lua", 'errors%.raise%(%s*"(%w+)"', found)
    raised_in("lua/rille/*.lua", 'errors%.new%(%s*"(%w+)"', found)
    raised_in("lua/src/*.c", 'rl_raise%(%s*L,%s*"(%w+)"', found)
    assert.is_true(found.VALIDATION and found.P1012 and found.P1013 and found.P1016 and found.P2028)
    for code in pairs(found) do
      assert.truthy(codes[code], code)
      assert.equal(codes[code].kind, errors.new(code, "").kind)
    end
  end)

  it("of missing URLs are of the connection", function()
    assert.equal("connection", require("rille.errors").new("P1013", "").kind)
  end)

  it("have the line and column of a schema as numbers", function()
    local e = support.fails("P1012", rille.connect, { schema_text = "model A {\n  id Int @id\n  b Nope\n}", url = "sqlite::memory:" })
    assert.equal(3, e.meta.line)
    assert.equal("number", type(e.meta.column))
  end)
end)

describe("the types for editors", function()
  local annotations = require "tools.annotations"
  local text = ""
  for _, name in ipairs { "meta", "meta_models", "meta_migrate", "explanation" } do
    local handle = assert(io.open(("lua/rille/%s.lua"):format(name)))
    text = text .. handle:read "a"
    handle:close()
  end
  local known = annotations.read(text)

  local function expect(class, methods)
    local count = 0
    for name, value in pairs(methods) do
      if type(value) == "function" then
        count = count + 1
        assert.truthy(text:find(("function %s:%s("):format(class, name), 1, true), class .. ":" .. name)
      end
    end
    assert.is_true(count > 5)
  end

  it("have every method of models", function() expect("Model", require("rille.core").methods) end)
  it("have every method of clients", function() expect("Client", require("rille.client").methods) end)

  it("have everything else in the module", function()
    local fields, seen = known.classes["rille"].fields, 0
    local function expect_function(class, name) assert.truthy(text:find(("function %s.%s("):format(class, name), 1, true), class .. "." .. name) end
    assert.truthy(rille.generate and rille.seed and rille.backup and rille.restore) -- loaded when they are asked for
    for name, value in pairs(rille) do
      seen = seen + 1
      if type(value) == "function" then
        expect_function("rille", name)
      else
        assert.truthy(fields[name] or text:find(("\nrille.%s = "):format(name), 1, true), name)
      end
    end
    assert.is_true(seen > 30)
    for name in pairs(rille.migrate) do expect_function("Migrate", name) end
    for name in pairs(rille.json) do expect_function("rille.json", name) end
  end)

  it("have the options that the functions take, and no others", function()
    local db = support.connect("sqlite::memory:", NOTES)
    local function refused(name, call)
      local ok, e = pcall(call, { [name] = io.stdout }) -- a value that nothing takes
      return not ok and type(e) == "table" and e.message:find(("unknown option `%s`"):format(name), 1, true) ~= nil
    end
    local calls = {
      ConnectOptions = rille.connect,
      TransactionOptions = function(o) return db:transaction(function() end, o) end,
      BatchOptions = function(o) return db:batch(function() end, o) end,
      WithOptions = function(o) return db:with(o) end,
      PushOptions = rille.push, PullOptions = rille.pull, BackupOptions = rille.backup, RestoreOptions = rille.restore,
      MigrateOptions = rille.migrate.deploy, DevOptions = rille.migrate.dev, ResolveOptions = rille.migrate.resolve, DownOptions = rille.migrate.down,
      DiffOptions = rille.migrate.diff, GenerateOptions = rille.generate.run,
    }
    for class, call in pairs(calls) do
      assert.is_true(refused("nonsense", call), class)
      for name in pairs(annotations.fields(known, "rille." .. class)) do assert.is_false(refused(name, call), class .. "." .. name) end
    end
  end)
end)
