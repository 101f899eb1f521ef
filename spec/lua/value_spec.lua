-- Each type of the schema language, from Lua to the database and back, without loss.
local rille = require "rille"
local support = require "support"

local schema = [[
model Sample {
  id      Int       @id @default(autoincrement())
  int     Int?
  big     BigInt?
  float   Float?
  decimal Decimal?
  text    String?
  flag    Boolean?
  time    DateTime?
  bytes   Bytes?
  json    Json?
}
]]

support.each_engine(function(engine)
  local db
  before_each(function() db = support.open(engine, schema) end)

  -- What is read back of what was written, from create and from a find.
  local function through(field, value)
    local made = db.sample:create { data = { [field] = value } }
    local found = db.sample:find_unique { where = { id = made.id } }
    assert.same(made[field], found[field])
    return found[field]
  end

  it("keeps integers exactly", function()
    for _, value in ipairs { 0, 1, -1, 2147483647, -2147483648 } do assert.equal(value, through("int", value)) end
    for _, value in ipairs { math.maxinteger, math.mininteger, 9007199254740993 } do
      local back = through("big", value)
      assert.equal(value, back)
      assert.equal("integer", math.type(back))
    end
    assert.equal("integer", math.type(through("int", 3.0)))
  end)

  it("keeps no Json number that SQLite would turn into infinity", function()
    local huge = rille.decimal "1e400"
    if engine ~= "sqlite" then return assert.equal(tostring(huge), tostring(through("json", huge))) end
    local rows = {}
    for i = 1, 3000 do rows[i] = { json = i == 2000 and huge or i } end
    for _, write in ipairs {
      function() return db.sample:create { data = { json = huge } } end,
      function() return db.sample:create_many { data = rows } end,
      function() return db.sample:upsert_many { on = { "id" }, data = { { id = 1, json = -huge } }, update = { "json" } } end,
    } do
      local e = support.fails("P2020", write)
      assert.truthy(e.message:find("as a float, which ends at 1.8e308", 1, true), e.message)
    end
    assert.equal(1.5e308, through("json", 1.5e308))
    assert.same({ huge }, through("json", { huge }))
    assert.equal(1, db.sample:count { where = { json = { equals = 1.5e308 } } })
    local _, messages = db.sample:input({ json = "1e400" }, { allow = { "json" } })
    assert.same({ json = "is out of range" }, messages)
  end)

  it("refuses integers that do not fit", function()
    for _, value in ipairs { 2147483648, -2147483649, math.maxinteger } do
      local ok, e = pcall(db.sample.create, db.sample, { data = { int = value } })
      assert.is_false(ok)
      assert.equal("validation", e.kind)
      assert.truthy(e.message:find("int", 1, true))
    end
    assert.is_false(pcall(db.sample.create, db.sample, { data = { int = 1.5 } }))
    assert.is_false(pcall(db.sample.create, db.sample, { data = { big = 2.0 ^ 63 } }))
    assert.equal(0, db.sample:count())
  end)

  it("keeps floats to the last bit", function()
    for _, value in ipairs { 0.1, -1.5, 1e308, 5e-324, 2.0 ^ 53, 1 / 3 } do
      local back = through("float", value)
      assert.equal(value, back)
      assert.equal("float", math.type(back))
    end
    assert.equal(3, through("float", 3))
  end)

  it("keeps decimals exactly", function()
    local texts = { "0.1", "-12.50", "0", "1000000", "123456789.012345" }
    -- SQLite keeps a column of this type as a float, as Prisma's do.
    if engine == "postgresql" then texts[#texts + 1] = "123456789012345678901234567890.123456789" end
    for _, text in ipairs(texts) do
      assert.equal(rille.decimal(text), through("decimal", rille.decimal(text)))
      assert.equal(rille.decimal(text), through("decimal", text))
    end
    assert.equal(rille.decimal "7", through("decimal", 7))
    assert.equal(rille.decimal "0.5", through("decimal", 0.5))
    assert.equal(rille.decimal "0.30", through("decimal", rille.decimal "0.1" + rille.decimal "0.2"))
  end)

  it("keeps text", function()
    for _, text in ipairs { "", "plain", "ÄÖÜ ß 日本語 🚂", "it's \"quoted\" \\ % _", "line\nline\r\ttab", ("x"):rep(100000) } do
      assert.equal(text, through("text", text))
    end
  end)

  it("keeps booleans", function()
    assert.is_true(through("flag", true))
    assert.is_false(through("flag", false))
  end)

  it("keeps bytes of every kind", function()
    local all = {}
    for i = 0, 255 do all[#all + 1] = string.char(i) end
    for _, bytes in ipairs { "", "\0", table.concat(all), "\255\254" } do assert.equal(bytes, through("bytes", bytes)) end
  end)

  it("accepts date-times in every form and returns one", function()
    local wanted = "2026-11-22T12:00:00.000Z"
    assert.equal(wanted, through("time", wanted))
    assert.equal(wanted, through("time", "2026-11-22T12:00:00Z"))
    assert.equal(wanted, through("time", "2026-11-22T14:30:00+02:30"))
    assert.equal(wanted, through("time", rille.time(wanted)))
    assert.equal(wanted, through("time", os.date("*t", rille.time(wanted))))
    assert.equal("2026-11-22T00:00:00.000Z", through("time", "2026-11-22"))
    assert.equal("2026-11-22T12:00:00.500Z", through("time", rille.time(wanted) + 0.5))
    assert.equal("1969-12-31T23:59:59.999Z", through("time", "1969-12-31T23:59:59.999Z"))
  end)

  it("filters by time", function()
    db.sample:create_many { data = { { int = 1, time = rille.ago { days = 2 } }, { int = 2, time = rille.now() } } }
    assert.equal(2, db.sample:find_first { where = { time = { gte = rille.ago { days = 1 } } } }.int)
    assert.equal(1, db.sample:find_first { where = { time = { lt = rille.ago { hours = 36 } } } }.int)
  end)

  it("keeps Json", function()
    local value = { a = { 1, 2.5, "x", true, rille.null, rille.array {}, rille.object {} }, b = { c = { d = "ü" } }, empty = rille.array {} }
    local back = through("json", value)
    assert.same({ 1, 2.5, "x", true }, { back.a[1], back.a[2], back.a[3], back.a[4] })
    assert.equal("integer", math.type(back.a[1]))
    assert.equal(rille.null, back.a[5])
    assert.equal(getmetatable(rille.array {}), getmetatable(back.a[6]))
    assert.is_nil(getmetatable(back.a[7]))
    assert.equal("ü", back.b.c.d)
    assert.equal(getmetatable(rille.array {}), getmetatable(back.empty))
    for _, scalar in ipairs { "text", 17, 1.25, true, false } do assert.equal(scalar, through("json", scalar)) end
    assert.equal("in_", next(through("json", { in_ = 1 })))
    assert.same(math.maxinteger, through("json", { n = math.maxinteger }).n)
  end)

  it("distinguishes JSON null from NULL", function()
    assert.equal(rille.null, through("json", rille.json_null))
    assert.is_nil(through("json", rille.db_null))
    assert.equal(2, db.sample:count())
    assert.equal(1, db.sample:count { where = { json = { equals = rille.db_null } } })
  end)

  it("returns NULL as nothing, or as rille.null", function()
    db.sample:create { data = { int = rille.null } }
    assert.same({ id = 1 }, db.sample:find_first {})
    local _, url = nil, select(2, support.open(engine, schema))
    local keeping = support.connect(url, schema, { keep_nulls = true })
    local row = keeping.sample:create { data = {} }
    for _, field in ipairs { "int", "big", "float", "decimal", "text", "flag", "time", "bytes", "json" } do
      assert.equal(rille.null, row[field])
    end
  end)

  it("writes NULL over a value", function()
    local row = db.sample:create { data = { text = "x", int = 1 } }
    assert.is_nil(db.sample:update { where = { id = row.id }, data = { text = rille.null } }.text)
    assert.equal(1, db.sample:count { where = { text = rille.null } })
  end)

  if engine == "postgresql" then
    it("keeps lists", function()
      local lists = support.open(engine, [[
model Bag {
  id    Int        @id
  ints  Int[]
  texts String[]
  decs  Decimal[]
  times DateTime[]
}
]])
      local row = lists.bag:create { data = { id = 1, ints = { 3, 1, 2 }, texts = { "", "a\"b", "ü,{}" }, decs = { rille.decimal "1.5" }, times = {} } }
      assert.same({ 3, 1, 2 }, row.ints)
      assert.same({ "", "a\"b", "ü,{}" }, row.texts)
      assert.equal(rille.decimal "1.5", row.decs[1])
      assert.same({}, row.times)
      assert.same({ 9 }, lists.bag:update { where = { id = 1 }, data = { ints = { 9 } } }.ints)
    end)
  end
end)
