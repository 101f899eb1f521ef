-- rille.form, the marks of decoded tables, and rille.trust.
local support = require "support"
local rille = require "rille"

local function fails(status, words, ...)
  local e = support.fails("INPUT", rille.form, ...)
  assert.equal(status, e.meta.status)
  assert.truthy(e.message:find(words, 1, true), e.message)
end

describe("rille.form, urlencoded", function()
  local function decoded(body) return rille.form(body, "application/x-www-form-urlencoded; charset=UTF-8") end

  it("gives strings", function()
    assert.same({ title = "a b+c", empty = "", bare = "", ["ü"] = "é" }, decoded "title=a+b%2Bc&empty=&bare&%C3%BC=%c3%a9")
    assert.same({ a = "b=c" }, decoded "a=b=c&&")
    assert.same({ [""] = "x" }, decoded "=x")
    assert.same({}, decoded "")
    assert.same({}, rille.form(nil))
    assert.same({ a = "1" }, rille.form "a=1")
  end)

  it("unfolds names", function()
    assert.same({ tags = { { name = "x" }, { name = "y" } } }, decoded "tags[1][name]=y&tags[0][name]=x")
    assert.same({ tags = { "x", "y" } }, decoded "tags[]=x&tags[]=y")
    assert.same({ tags = { "x", "y", "z" } }, decoded "tags[0]=x&tags[1]=y&tags[]=z")
    assert.same({ a = { b = { c = "1" } } }, decoded "a%5Bb%5D%5Bc%5D=1")
    assert.same({ tags = { { name = "x", n = "1" }, { name = "y" } } }, decoded "tags[][name]=x&tags[][n]=1&tags[][name]=y")
    assert.same({ a = { ["0"] = "x", b = "y" } }, decoded "a[0]=x&a[b]=y")
    assert.same({ l = { "a", "b" } }, decoded "l[7]=b&l[3]=a") -- the order of the numbers; holes do not count
    assert.same({ ["a[b"] = "1", ["[x]"] = "2", ["a]b["] = "3" }, decoded "a[b=1&[x]=2&a]b[=3")
  end)

  it("gives a list for a name that is sent twice", function()
    assert.same({ a = { "1", "2", "3" } }, decoded "a=1&a=2&a=3")
    assert.same({ a = { b = { "1", "2" } } }, decoded "a[b]=1&a[b]=2")
  end)

  it("refuses what is malformed", function()
    fails(400, "hexadecimal", "a=%zz")
    fails(400, "hexadecimal", "a=%4")
    fails(400, "hexadecimal", "%=1")
    fails(400, "both as a value", "a=1&a[b]=2")
    fails(400, "both as a value", "a[b]=2&a=1")
    fails(415, "text/plain", "a", "text/plain")
    support.fails("VALIDATION", rille.form, 1)
    support.fails("VALIDATION", rille.form, "", 1)
    support.fails("VALIDATION", rille.form, "", nil, { body = -1 })
    support.fails("VALIDATION", rille.form, "", nil, { bodies = 1 })
  end)

  it("has bounds", function()
    fails(413, "1048576 bytes", ("a"):rep(1048577))
    fails(413, "1000 fields", ("a&"):rep(1001))
    fails(413, "8 levels", "a" .. ("[b]"):rep(8) .. "=1")
    assert.truthy(decoded("a" .. ("[b]"):rep(7) .. "=1").a.b)
    fails(413, "1000 times", ("a=1&"):rep(1001), nil, { fields = 2000 })
    fails(413, "1000 elements", ("a[]=1&"):rep(1001), nil, { fields = 2000 })
    fails(413, "3 bytes", "a=12", nil, { body = 3 })
    assert.same({ a = "12" }, rille.form("a=12", nil, { body = 4 }))
  end)
end)

describe("rille.form, multipart", function()
  local TYPE = 'multipart/form-data; boundary="--x y"'
  local function body_of(...)
    local parts = {}
    for i, part in ipairs { ... } do parts[i] = "----x y\r\n" .. part .. "\r\n" end
    return table.concat(parts) .. "----x y--\r\n"
  end

  it("gives fields and files", function()
    local body = body_of('Content-Disposition: form-data; name="title"\r\n\r\na\r\nb',
      'content-disposition: form-data; name="tags[0][name]"\r\n\r\nlua',
      'Content-Disposition: form-data; name="file"; filename="C:\\dir\\a %22b%22.txt"\r\nContent-Type: text/plain\r\n\r\n\0\r\n--\255',
      'Content-Disposition: form-data; name="none"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n',
      "Content-Disposition: form-data; name=\"utf\"; filename=\"x\"; filename*=UTF-8''%C3%BC+a\r\n\r\n")
    assert.same({
      title = "a\r\nb", tags = { { name = "lua" } }, file = { name = 'a "b".txt', type = "text/plain", content = "\0\r\n--\255" },
      utf = { name = "ü+a", type = "application/octet-stream", content = "" },
    }, rille.form("preamble\r\n" .. body .. "epilogue", TYPE))
    assert.same({}, rille.form("----x y--", TYPE))
  end)

  it("refuses what is malformed", function()
    local one = 'Content-Disposition: form-data; name="a"\r\n\r\n1'
    fails(400, "no boundary", body_of(one), "multipart/form-data")
    fails(400, "no boundary", "nothing", TYPE)
    fails(400, "does not end", "----x y\r\n" .. one, TYPE)
    fails(400, "does not end", "----x y\r\n" .. one .. "\r\n--", TYPE)
    fails(400, "does not end", "----x y\r\nContent-Disposition: form-data; name=a\r\n----x y--", TYPE)
    fails(400, "with a name", body_of "X: y\r\n\r\n1", TYPE)
    fails(400, "with a name", body_of "Content-Disposition: attachment; name=a\r\n\r\n1", TYPE)
    fails(400, "header line", body_of("nonsense\r\n" .. one), TYPE)
    fails(400, "base64", body_of("Content-Transfer-Encoding: base64\r\n" .. one), TYPE)
  end)

  it("has bounds", function()
    local file = 'Content-Disposition: form-data; name="a"; filename="f"\r\n\r\n' .. ("x"):rep(2000)
    local field = 'Content-Disposition: form-data; name="a"\r\n\r\n' .. ("x"):rep(2000)
    assert.equal(2000, #rille.form(body_of(file), TYPE, { body = 1000 }).a.content)
    fails(413, "1000 bytes", body_of(field), TYPE, { body = 1000 })
    fails(413, "1500 bytes", body_of(file), TYPE, { body = 1000, body_with_files = 1500 })
    fails(413, "2 fields", body_of(field, field, field), TYPE, { fields = 2 })
    fails(413, "headers", body_of("X: " .. ("y"):rep(17000) .. "\r\n" .. field), TYPE)
  end)

  it("takes no time out of proportion to read headers", function()
    local hostile = {
      'form-data; name="a"; filename="b"\r\nX: a' .. (" "):rep(16000) .. "b",
      'form-data; name="a"; filename="' .. ("a"):rep(16000) .. '/"',
      'form-data; name="a"; filename="' .. ("a"):rep(16000) .. '"',
      "form-data; name=\"a\"; filename*=utf-8''" .. ("a"):rep(16000) .. "/",
      'form-data; name="a"; filename="b"' .. (";a=b"):rep(4000),
      'form-data; name="a"; filename="b' .. ('\\"'):rep(7000) .. '"',
    }
    for _, header in ipairs(hostile) do
      local part, parts = "Content-Disposition: " .. header .. "\r\n\r\nx", {}
      for i = 1, 50 do parts[i] = part end
      local began = os.clock()
      assert.equal(50, #rille.form(body_of((table.unpack or unpack)(parts)), TYPE).a) -- luacheck: ignore
      assert.is_true(os.clock() - began < 2, header:sub(1, 60))
    end
  end)

  it("trims headers and paths of names", function()
    local form = rille.form(body_of('Content-Disposition: \tform-data ; name="a" ; filename="C:\\d/e\\f.txt"; \r\n'
      .. 'Content-Type:   text/plain \t\r\nX:\r\nY:  \r\n\r\n1',
      'Content-Disposition: form-data; name="b"; filename="d/"\r\n\r\n2'), TYPE)
    assert.same({ a = { name = "f.txt", type = "text/plain", content = "1" }, b = { name = "", type = "application/octet-stream", content = "2" } }, form)
  end)
end)

describe("rille.form, JSON", function()
  it("decodes an object", function()
    assert.same({ a = { 1, "2" }, b = rille.null }, rille.form('{"a":[1,"2"],"b":null}', "application/json; charset=utf-8"))
    assert.same({ a = 1 }, rille.form('{"a":1}', "application/merge-patch+json"))
  end)

  it("refuses the rest, and has the same bounds", function()
    fails(400, "not an object", "[1]", "application/json")
    fails(400, "not an object", "1", "application/json")
    fails(400, "", "{", "application/json")
    fails(413, "8 levels", ('{"a":'):rep(9) .. "1" .. ("}"):rep(9), "application/json")
    fails(413, "1000 elements", '{"a":[' .. ("1,"):rep(1000) .. "1]}", "application/json")
    fails(413, "5 bytes", '{"a":1}', "application/json", { body = 5 })
    fails(413, "2 fields", '{"a":1,"b":{"c":1}}', "application/json", { fields = 2 })
  end)
end)

local schema = [[
model Account {
  id     Int     @id @default(autoincrement())
  email  String  @unique
  hash   String
  stock  Int     @default(0)
  meta   Json?
  tokens Token[]
}
model Token {
  id        Int      @id @default(autoincrement())
  text      String
  account   Account? @relation(fields: [accountId], references: [id])
  accountId Int?
}
]]

support.each_engine(function(engine)
  describe("decoded tables", function()
    local db
    before_each(function()
      db = support.open(engine, schema)
      db.account:create { data = { email = "a@b.c", hash = "secret", tokens = { create = { { text = "t" } } } } }
      db.token:create { data = { text = "free" } }
    end)

    local function refused(path, f)
      local e = support.fails("VALIDATION", f)
      assert.truthy(e.message:find(path .. ": ", 1, true) == 1 and e.message:find("use input(), or rille.trust()", 1, true), e.message)
      assert.equal(path, e.meta.path)
    end

    it("do not log in, restock or steal", function()
      local body = rille.json.decode '{"hash":{"not":""},"stock":{"increment":1000},"tokens":{"connect":{"id":2}},"or":[{"id":1}],"none":[],"empty":{}}'
      refused("where.hash", function() return db.account:find_first { where = { email = "a@b.c", hash = body.hash } } end)
      refused("data.stock", function() return db.account:update { where = { id = 1 }, data = { stock = body.stock } } end)
      refused("data.tokens", function() return db.account:update { where = { id = 1 }, data = { tokens = body.tokens } } end)
      refused("where.OR[1]", function() return db.account:count { where = { OR = body["or"] } } end)
      refused("where.OR", function() return db.account:count { where = { OR = body.none } } end)
      refused("where", function() return db.account:delete_many { where = body.none } end)
      refused("where", function() return db.account:delete_many { where = body.empty } end)
      refused("data", function() return db.account:create_many { data = body } end)
      refused("select", function() return db.account:find_many { select = rille.json.decode '{"hash":true}' } end)
      local form = rille.form "hash[not]=&stock[increment]=1000"
      local e = support.fails("VALIDATION", db.account.find_first, db.account, { where = { hash = form.hash } })
      assert.equal("where.hash: a decoded form is not a condition; use input(), or rille.trust()", e.message)
      local account = db.account:find_unique { where = { id = 1 }, include = { tokens = true } }
      assert.equal(0, account.stock)
      assert.equal(1, #account.tokens)
    end)

    it("are refused in batches, transactions, validate and explain too", function()
      local where = rille.json.decode '{"id":1}'
      refused("where", function() return db:batch(function(b) return b.account:count { where = where } end) end)
      refused("where", function() return db:transaction(function(tx) return tx.account:count { where = where } end) end)
      refused("where", function() return db.account:explain { where = where } end)
    end)

    it("are refused by methods that read arguments in Lua", function()
      local function as_arguments(f)
        for _, args in ipairs { rille.json.decode '{"batch":1}', rille.json.decode "{}", rille.form "page=1", rille.form "" } do
          local e = support.fails("VALIDATION", f, args)
          assert.truthy(e.message:find("is not a table of arguments; use input(), or rille.trust()", 1, true), e.message)
        end
      end
      as_arguments(function(args) return db.account:paginate(args) end)
      as_arguments(function(args) return db.account:explain(args) end)
      as_arguments(function(args)
        for _ in db.account:each(args) do error "a row" end -- luacheck: ignore
      end)
      -- Fields of the order are added to `select`, or taken from `omit`.
      local order_by = { id = "asc" }
      refused("select", function() return db.account:paginate { select = rille.json.decode '{"hash":true}', order_by = order_by } end)
      refused("omit", function() return db.account:paginate { omit = rille.json.decode '{"id":true}', order_by = order_by } end)
    end)

    it("are values of Json fields, whatever their keys", function()
      for _, text in ipairs { '{"set":5}', '{"increment":1,"not":[]}', "[]", "{}", '[{"a":{}},[]]' } do
        local row = db.account:update { where = { id = 1 }, data = { meta = rille.json.decode(text) } }
        assert.equal(text, rille.json.encode(row.meta))
        assert.equal(1, db.account:count { where = { meta = { equals = rille.json.decode(text) } } })
      end
    end)

    it("are accepted after rille.trust", function()
      local body = rille.json.decode '{"where":{"stock":{"gte":0},"OR":[{"id":1}]}}'
      assert.equal(1, db.account:count(rille.trust(body)))
      refused("where", function() return db.account:count { where = body.where } end) -- the original stays marked
    end)
  end)
end)

describe("rille.trust", function()
  it("copies deeply, and keeps what is not a table", function()
    local body = rille.json.decode '{"a":[],"b":{"c":[1,null]},"d":{}}'
    local copy = rille.trust(body)
    assert.same(body, copy)
    assert.equal('{"a":[],"b":{"c":[1,null]},"d":{}}', rille.json.encode(copy))
    assert.is_nil(getmetatable(copy))
    assert.is_nil(getmetatable(copy.b))
    copy.b.c[1] = 2
    assert.equal(1, body.b.c[1])
    assert.equal(5, rille.trust(5))
    assert.is_nil(rille.trust(nil))
  end)

  it("takes tables that occur twice, and refuses what never ends", function()
    local shared = { 1 }
    local copy = rille.trust { a = shared, b = shared }
    assert.equal(copy.a, copy.b)
    local cycle = {}
    cycle.self = cycle
    local copied = rille.trust(cycle)
    assert.equal(copied, copied.self)
    local deep = {}
    for _ = 1, 300 do deep = { deep } end
    support.fails("VALIDATION", rille.trust, deep)
  end)
end)
