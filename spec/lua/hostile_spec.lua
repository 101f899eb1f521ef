-- Hostile input: the longest strings of a call, impossible names, bytes that end a C string.
local rille = require "rille"
local support = require "support"

local NOTE = "model Note {\n id Int @id\n text String?\n at DateTime?\n data Json?\n in_ Int?\n}"

support.each_engine(function(engine)
  it("distinguishes calls of one shape whose lists differ in length", function()
    local db = support.open(engine, "model T {\n id Int @id\n name String?\n age Int?\n}")
    db.t:create_many { data = { { id = 1, name = "a", age = 1 }, { id = 2, name = "b", age = 2 }, { id = 3, name = "c", age = 3 } } }
    local function count(names, key)
      local any = {}
      for i, name in ipairs(names) do any[i] = { name = name } end
      return db.t:count { where = { AND = { { [key] = any }, { id = { in_ = { 1, 2 } } }, { age = { in_ = { 1, 2, 3 } } } } } }
    end
    local long = ("x"):rep(100000)
    assert.equal(1, count({ "a", "a" }, "OR"))
    assert.equal(1, count({ "a", long, long, long }, "OR"))
    assert.equal(2, count({ "a", long, "b", "c", long }, "OR"))
    assert.equal(1, count({ "a", "c" }, "NOT"))
    assert.equal(1, count({ "b", long, long, long }, "NOT"))
    assert.equal(0, count({ "a", "b", long }, "NOT"))
  end)

  it("stores tables in Json unchanged, even if they look like operators", function()
    local db = support.open(engine, NOTE)
    local date = os.date("*t", 86400)
    local values = { date, { date }, { in_ = 1, not_ = { in_ = 2 } }, { where = { not_ = 1 } }, { year = 2024, month = 2, day = 29, yday = 60 }, { set = 1 },
      { when = { date } }, { ["in"] = { date } } }
    for i, value in ipairs(values) do
      local wanted = rille.json.encode(value)
      db.note:create { data = { id = i, data = value } }
      db.note:create_many { data = { { id = i + 100, data = value } } }
      db.note:upsert { where = { id = i + 200 }, create = { id = i + 200, data = value }, update = { data = value } }
      db.note:update { where = { id = i }, data = { data = value } }
      for _, id in ipairs { i, i + 100, i + 200 } do
        assert.same(rille.json.decode(wanted), db.note:find_unique({ where = { id = id } }).data)
      end
      assert.equal(3, db.note:count { where = { data = { equals = value } } })
      assert.equal(i * 3 - 3, db.note:count { where = { NOT = { data = { equals = value } } } })
    end
    assert.equal(3, db.note:count { where = { data = { path = { "when" }, array_contains = { date } } } })
  end)

  it("accepts tables of os.date as date-times only", function()
    local db = support.open(engine, NOTE)
    local date, text = os.date("*t", 86400), "1970-01-02T00:00:00.000Z"
    db.note:create { data = { id = 1, at = date } }
    db.note:create_many { data = { { id = 2, at = date }, { id = 3, at = os.date("*t", 90000) } } }
    db.note:update { where = { id = 1 }, data = { at = { set = date } } }
    for id = 1, 2 do assert.equal(text, db.note:find_unique({ where = { id = id } }).at) end
    for _, where in ipairs { date, { equals = date }, { in_ = { date } }, { lte = date }, { ["not"] = { gt = date } }, { not_ = os.date("*t", 90000) } } do
      assert.equal(2, db.note:count { where = { at = where } })
    end
    support.fails("VALIDATION", db.note.create, db.note, { data = { id = 9, text = date } })
  end)

  it("reads in_ and not_ as conditions only in conditions", function()
    local db = support.open(engine, NOTE)
    db.note:create_many { data = { { id = 1, in_ = 5, text = "a" }, { id = 2, in_ = 6 } } }
    assert.equal(1, db.note:find_first({ where = { in_ = { in_ = { 5 } }, text = { not_ = rille.null } } }).id)
    assert.equal(2, db.note:find_first({ where = { in_ = { not_in = { 5 } } } }).id)
  end)

  it("rejects strings with a zero byte that C would cut", function()
    local db, url = support.open(engine, NOTE)
    local fails = support.fails
    fails("VALIDATION", db.execute_raw, db, "INSERT INTO \"Note\" (id) VALUES (1)\0 nonsense")
    fails("VALIDATION", db.query_raw, db, "SELECT 1\0")
    fails("VALIDATION", db.execute_script, db, "INSERT INTO \"Note\" (id) VALUES (1);\0DROP TABLE \"Note\";")
    assert.equal(0, db.note:count {})
    fails("VALIDATION", rille.connect, { url = url .. "\0x", schema_text = NOTE })
    fails("VALIDATION", rille.push, { url = url .. "\0x", schema_text = NOTE })
    fails("P1012", rille.push, { url = url, schema_text = NOTE .. "\0" })
    fails("P1012", rille.connect, { url = url, schema_text = 'model A {\n id Int @id @map("a\0b")\n}' })
    fails("VALIDATION", rille.backup, { url = url, file = "/tmp/rille\0.backup" })
    if engine == "postgresql" then
      fails("VALIDATION", db.with, db, { session = { ["app.user"] = "x\0y" } })
      fails("VALIDATION", db.listen, db, "a\0b")
      fails("P2010", db.query_raw, db, "SELECT $1::text", "a\0b")
    end
    local folder = support.folder()
    os.execute(("mkdir -p '%s/1_a'"):format(folder))
    support.write(folder .. "/migration_lock.toml", ('provider = "%s"\n'):format(engine))
    support.write(folder .. "/1_a/migration.sql", "CREATE TABLE x (id INT);\0 CREATE TABLE y (id INT);")
    local e = fails("VALIDATION", rille.migrate.deploy, { url = support.database(engine), schema_text = NOTE, migrations = folder })
    assert.truthy(e.message:find("a zero byte in line 1", 1, true))
  end)
end)

describe("names that cannot be shown", function()
  it("are shown with their valid part, and cut", function()
    local db = support.open("sqlite", "model A {\n id Int @id\n}")
    local e = support.fails("VALIDATION", db.a.count, db.a, { where = { ["\255\254é\237\160\128"] = { [0] = 1 } } })
    assert.equal("where.??é???: unexpected numeric key; a list has the keys 1 to n", e.message)
    e = support.fails("VALIDATION", db.a.count, db.a, { where = { [("k"):rep(5000)] = { [0] = 1 } } })
    assert.is_true(#e.message < 300)
    e = support.fails("VALIDATION", function() return db["\240\159\146\169\240\159"] end)
    assert.equal("the schema has no model `\240\159\146\169??`", e.message)
    e = support.fails("VALIDATION", function() return db.a[("é"):rep(50000)] end)
    assert.is_true(#e.message < 8100)
    assert.truthy(e.message:find("^models have no method `[é]+%.%.%.$"))
    support.cleanup()
  end)
end)

describe("an endless schema", function()
  it("is refused", function()
    local most, folder = 16 * 1048576, support.folder()
    local e = support.fails("P1012", rille.format, (" "):rep(most + 1))
    assert.equal("The schema is too large to be formatted: it can have at most 16 MiB.", e.message)
    e = support.fails("P1012", rille.validate, (" "):rep(most + 1))
    assert.equal("The schema is too large: its files can have at most 16 MiB together.", e.message)
    support.fails("P1012", rille.connect, { url = "sqlite::memory:", schema_text = (" "):rep(most + 1) })
    e = support.fails("P1012", rille.connect, { url = "sqlite::memory:", schema = "/dev/zero" })
    assert.equal("The schema is too large: with `/dev/zero` it has more than 16 MiB.", e.message)
    for _, name in ipairs { "a", "b" } do support.write(("%s/%s.prisma"):format(folder, name), ("\n"):rep(most / 2 + 1)) end
    e = support.fails("P1012", rille.connect, { url = "sqlite::memory:", schema = folder })
    assert.truthy(e.message:find("/b.prisma` it has more than 16 MiB.", 1, true))
    assert.is_true(rille.validate("model A {\n id Int @id\n}" .. (" "):rep(most - 30)))
    support.cleanup()
  end)

  it("is read once if comments and blocks do not end", function()
    local before = os.clock()
    for _, line in ipairs { "/*\n", "model A {\n id Int @id\n /*\n", "x {\n", "model A {\n id Int @default([/*\n" } do
      local ok, found = rille.validate(line:rep(400000))
      assert.is_nil(ok)
      assert.is_true(#found <= 1000)
      pcall(rille.format, line:rep(400000))
    end
    assert.is_true(os.clock() - before < 60) -- each took minutes
  end)
end)

describe("endless names and numbers", function()
  it("are rejected quickly", function()
    local schema, long = "model A {\n id Int @id\n}", ("x"):rep(3000000)
    local db = support.open("sqlite", schema)
    local before = os.clock()
    support.fails("VALIDATION", function() return db[long] end)
    support.fails("VALIDATION", function() return db.a[long] end)
    support.fails("VALIDATION", db.with, db, { [long] = 1 })
    support.fails("VALIDATION", db.a.count, db.a, { where = { [long:sub(1, 60000)] = 1 } })
    support.fails("VALIDATION", rille.json.decode, "[" .. ("1e20000,"):rep(100000) .. "1]")
    support.fails("P2020", rille.json.decode, ("9"):rep(1000000))
    local many = {}
    for i = 1, 20000 do many[i] = "id" end
    assert.same({}, db.a:find_many { distinct = many })
    local order = {}
    for i = 1, 20000 do order[i] = { id = "asc" } end
    support.fails("P2029", db.a.find_many, db.a, { order_by = order })
    support.fails("P2029", db.a.group_by, db.a, { by = many })
    assert.is_true(os.clock() - before < 60) -- together they took hours
    assert.equal("1" .. ("0"):rep(20000), tostring(rille.json.decode("[1e20000]")[1]))
    support.cleanup()
  end)
end)
