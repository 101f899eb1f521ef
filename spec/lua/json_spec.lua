-- rille.json.encode and the lists that rille returns: what a handler sends.
local rille = require "rille"
local support = require "support"

local encode = rille.json.encode

local SCHEMA = [[
model User {
  name    String   @unique
  id      Int      @id
  big     BigInt   @default(9007199254740993)
  price   Decimal  @default("19.90")
  photo   Bytes?
  at      DateTime @default("2026-11-22T12:00:00Z")
  posts   Post[]
  address Address?
}
model Post {
  title  String
  id     Int   @id
  author User? @relation(fields: [userId], references: [id])
  userId Int?
}
model Address {
  street String
  id     Int  @id
  userId Int  @unique
  user   User @relation(fields: [userId], references: [id])
}
]]
local LISTS = "model L {\n  id   Int      @id\n  tags String[]\n  data Json?\n}\n"

support.each_engine(function(engine)
  describe("a list that rille returns", function()
    local db
    before_each(function()
      db = support.open(engine, SCHEMA)
      db.user:create { data = { id = 1, name = "a" } }
      db.user:create { data = { id = 2, name = "b", posts = { create = { id = 1, title = "t" } } } }
    end)

    local function is_list(value) return getmetatable(value) == getmetatable(rille.array()) end

    it("is an array in Json, also when it is empty", function()
      local none = { where = { id = 0 } }
      for _, method in ipairs { "find_many", "group_by", "update_many_and_return" } do
        local args = { where = { id = 0 }, by = method == "group_by" and "id" or nil, data = method:find "update" and { name = "x" } or nil }
        assert.equal("[]", encode(db.user[method](db.user, args)), method)
      end
      assert.equal("[]", encode(db:query_raw "SELECT 1 WHERE 1 = 0"))
      assert.equal("[]", encode((db:batch(function(b) b.user:find_many(none) end))))
      assert.equal("[]", encode(select(2, db:batch(function(b)
        b.user:count()
        b.user:find_many(none)
      end, { transaction = true }))))
      local users = db.user:find_many { select = { id = true, posts = { select = { id = true } } }, order_by = { id = "asc" } }
      assert.equal('[{"id":1,"posts":[]},{"id":2,"posts":[{"id":1}]}]', encode(users))
      assert.is_true(is_list(users) and is_list(users[1].posts) and is_list(users[2].posts))
      assert.equal('{"posts":[]}', encode(db.user:find_unique { where = { id = 1 }, select = { posts = true } }))
      assert.is_true(is_list(db.user:find_many()) and is_list(db:query_raw "SELECT 1 AS one"))
      assert.is_true(is_list(select(2, db.user:validate { nope = 1 })))
      assert.equal("array", getmetatable(users).__jsontype) -- dkjson's word
    end)

    it("leaves rows without a metatable", function()
      local user = db.user:find_first { include = { posts = { include = { author = true } } }, where = { id = 2 } }
      assert.is_nil(getmetatable(user) or getmetatable(user.posts[1]) or getmetatable(user.posts[1].author))
      for row in db.user:each() do assert.is_nil(getmetatable(row)) end
      assert.is_nil(getmetatable(db:query_raw("SELECT 1 AS one")[1]))
      assert.is_nil(getmetatable(db.user:aggregate { _count = true }))
    end)

    it("is as good as a plain table in arguments", function()
      local empty = db.user:find_many { where = { id = 0 } }
      local plain = {}
      for _, list in ipairs { empty, plain } do
        assert.equal(2, #db.user:find_many { where = list })
        assert.equal(2, #db.user:find_many { where = { AND = list } })
        assert.equal(0, #db.user:find_many { where = { OR = list } })
        assert.equal(0, #db.user:find_many { where = { id = { in_ = list } } })
        assert.equal(2, #db.user:find_many { where = { posts = { every = list } } })
        assert.equal(2, #db.user:find_many { order_by = list })
        assert.equal(2, #db.user:find_many(list))
        assert.equal(0, db.user:create_many { data = list }.count)
        support.fails("VALIDATION", db.user.delete_many, db.user, { where = list })
        db.user:update { where = { id = 2 }, data = { posts = { connect = list, disconnect = list } } }
        db.user:update { where = { id = 2 }, data = list }
      end
      db.user:update { where = { id = 1 }, data = { posts = { connect = db.post:find_many { select = { id = true } } } } }
      assert.equal(1, #db.user:find_unique { where = { id = 1 }, include = { posts = true } }.posts)
    end)
  end)

  describe("json.encode with a model", function()
    local db
    before_each(function()
      db = support.open(engine, SCHEMA)
      db.user:create { data = { id = 1, name = "a", photo = "\0\255\254x",
        posts = { create = { id = 1, title = "t" } }, address = { create = { id = 1, street = "s" } } } }
    end)

    local ROW = '{"name":"a","id":1,"big":9007199254740993,"price":"19.9","photo":"AP/+eA==","at":"2026-11-22T12:00:00.000Z",'
      .. '"posts":[{"title":"t","id":1,"userId":1}],"address":{"street":"s","id":1,"userId":1},"_count":{"posts":1},"extra":true}'

    it("has keys in the order of the schema, Bytes as base64", function()
      local user = db.user:find_first { include = { posts = true, address = true, _count = true } }
      user.extra = true
      for _, model in ipairs { "user", "User", db.user } do
        assert.equal(ROW, encode(user, { model = model }))
        assert.equal("[" .. ROW .. "]", encode({ user }, { model = model }))
        assert.equal('{"page":1,"rows":[' .. ROW .. "]}", encode({ rows = { user }, page = 1 }, { model = model }))
      end
      support.fails("P2006", encode, user)
    end)

    it("has each BigInt as a text when asked to", function()
      local row = db.user:find_first { select = { id = true, big = true } }
      assert.equal('{"id":1,"big":"9007199254740993"}', encode(row, { model = "user", bigint = "string" }))
      row.big = 5
      assert.equal('{"id":1,"big":"5"}', encode(row, { model = "user", bigint = "string" }))
      assert.equal('{"big":5,"id":1}', encode(row, { bigint = "string" }))
      assert.equal('["9007199254740993",9007199254740992]', encode({ 9007199254740993, 9007199254740992 }, { bigint = "string" }))
      assert.equal("9007199254740993", encode(9007199254740993, { bigint = "number" }))
    end)

    it("has what groups and aggregates give", function()
      assert.equal('{"_min":{"id":1,"price":"19.9"}}', encode(db.user:aggregate { _min = { price = true, id = true } }, { model = "user" }))
      assert.equal('[{"name":"a","_count":1,"_sum":{"big":"9007199254740993"}}]',
        encode(db.user:group_by { by = "name", _count = true, _sum = { big = true } }, { model = "user", bigint = "string" }))
    end)
  end)
end)

if support.server then
  describe("on PostgreSQL", function()
    it("lists of values are arrays, and Json is as it was stored", function()
      local db = support.open("postgresql", LISTS)
      db.l:create { data = { id = 1, tags = {}, data = { n = rille.decimal "12345678901234567890", list = rille.array {} } } }
      local row = db.l:find_first()
      assert.equal('{"id":1,"tags":[],"data":{"list":[],"n":12345678901234567890}}', encode(row, { model = "l" }))
      db.l:create { data = { id = 2, tags = row.tags, data = row.tags } }
      assert.equal('{"id":2,"tags":[],"data":[]}', encode(db.l:find_unique { where = { id = 2 } }, { model = "l" }))
    end)
  end)
end

describe("json.encode", function()
  after_each(support.cleanup)

  it("sorts keys by their bytes", function()
    assert.equal('{"A":1,"a":2,"aa":3,"b":{"x":1,"y":2},"é":4}', encode { ["é"] = 4, b = { y = 2, x = 1 }, aa = 3, A = 1, a = 2 })
    local many, parts = {}, {}
    for i = 1000, 1999 do many["k" .. i], parts[#parts + 1] = i, ('"k%d":%d'):format(i, i) end
    assert.equal("{" .. table.concat(parts, ",") .. "}", encode(many))
  end)

  it("has decimals as texts and integers whole", function()
    assert.equal('{"a":"1.5","b":9223372036854775807,"c":-9223372036854775808,"d":0.1}',
      encode { a = rille.decimal "1.50", b = math.maxinteger, c = math.mininteger, d = 0.1 })
    assert.equal('[null,null,true,"x"]', encode { rille.null, rille.json_null, true, "x" })
  end)

  it("is easy to read when asked to be", function()
    assert.equal('{\n  "a": [\n    1,\n    {\n      "x": {}\n    }\n  ],\n  "b": []\n}',
      encode({ a = { 1, { x = {} } }, b = rille.array {} }, { pretty = true }))
    assert.equal("1", encode(1, { pretty = true }))
    assert.equal('{"a":1}', encode({ a = 1 }, { pretty = false }))
    local deep = {}
    local inner = deep
    for _ = 1, 50 do
      inner.a = {}
      inner = inner.a
    end
    assert.same(deep, rille.json.decode(encode(deep, { pretty = true })))
  end)

  it("names the place of what it cannot say", function()
    local function message(value) return select(2, pcall(encode, value)).message end
    assert.matches("^posts%[2%]%.title: a string in JSON must be valid UTF%-8", message { posts = { { title = "x" }, { title = "\255" } } })
    assert.matches("^a%.b: JSON has neither infinity nor NaN", message { a = { b = 0 / 0 } })
    assert.matches("^a: a key in JSON must be valid UTF%-8", message { a = { ["\255"] = 1 } })
    assert.matches("^a%[1%]: expected a value, got a function", message { a = { print } })
    assert.matches("^a: the table has list elements and other keys", message { a = { 1, x = 2 } })
    assert.matches("^a%[2%]: the list has a hole here", message { a = { 1, nil, 3 } })
    assert.matches("^a: expected a string as table key", message { a = { [true] = 1 } })
    assert.matches("^a: unexpected numeric key", message { a = { [7] = 1 } })
    assert.matches("^a: this userdata cannot be written as JSON", message { a = rille.all })
    assert.matches("^a: this userdata", message { a = io.stdout })
    local circle = {}
    circle.x = circle
    assert.matches("nested too deeply", message(circle))
  end)

  it("follows tables that answer by metamethods", function()
    local proxy = setmetatable({}, { __pairs = function() return pairs { b = 1, a = ("x"):rep(100) } end })
    assert.equal(('{"p":{"a":"%s","b":1}}'):format(("x"):rep(100)), encode { p = proxy })
    assert.equal('{"inside":"[1]"}', encode { inside = tostring(setmetatable({}, { __tostring = function() return encode { 1 } end })) })
    local nested = setmetatable({}, { __pairs = function() return pairs { text = encode { 1, 2 } } end })
    assert.equal('[{"text":"[1,2]"}]', encode { nested })
  end)

  it("knows a model of the project's schema when no client is open, and none that differ", function()
    support.fails("VALIDATION", encode, {}, { model = "nowhere_at_all" })
    local one = support.connect("sqlite::memory:", "model Zebra {\n id Int @id\n a Int\n}")
    local two = support.connect("sqlite::memory:", "model Zebra {\n id Int @id\n a Int\n}\nmodel More {\n id Int @id\n}")
    assert.equal('{"id":1,"a":2}', encode({ a = 2, id = 1 }, { model = "zebra" }))
    local three = support.connect("sqlite::memory:", "model Zebra {\n a Int\n id Int @id\n}")
    assert.truthy(support.fails("VALIDATION", encode, {}, { model = "zebra" }).message:find("open clients have different models", 1, true))
    assert.equal('{"id":1,"a":2}', encode({ a = 2, id = 1 }, { model = one.zebra }))
    assert.equal('{"a":2,"id":1}', encode({ a = 2, id = 1 }, { model = three.zebra }))
    local more = two.more
    two:close()
    support.fails("VALIDATION", encode, {}, { model = more })
  end)

  it("says what is wrong with its options", function()
    for _, options in ipairs { "user", { modle = "user" }, { bigint = true }, { pretty = 2 }, { model = 1 }, { model = rille.null } } do
      support.fails("VALIDATION", encode, {}, options)
    end
  end)
end)
