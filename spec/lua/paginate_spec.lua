-- Pages by number and by keyset.
local rille = require "rille"
local support = require "support"

local schema = [[
enum Role {
  reader
  author
  admin
}

model User {
  id    Int    @id @default(autoincrement())
  name  String
  posts Post[]
}

model Post {
  id       Int     @id @default(autoincrement())
  title    String
  rank     Int?
  secret   String?
  author   User    @relation(fields: [authorId], references: [id])
  authorId Int
}

model Seat {
  row    Int
  number String
  role   Role   @default(reader)
  taken  Boolean @default(false)
  tags   Json?

  @@id([row, number])
}

model Blob {
  id   Bytes  @id
  name String
}
]]

local function ids(page)
  local list = {}
  for i, row in ipairs(page.rows) do list[i] = row.id end
  return table.concat(list, " ")
end

support.each_engine(function(engine)
  local db, url

  setup(function()
    db, url = support.open(engine, schema, { omit = { post = { secret = true } } })
    db.user:create { data = { id = 1, name = "Ada" } }
    for i = 1, 25 do
      db.post:create { data = { id = i, title = "t" .. i % 5, rank = i % 3 > 0 and i % 4 or nil, secret = i % 2 == 0 and "s" .. i % 3 or nil, authorId = 1 } }
    end
    for row = 1, 3 do
      for _, number in ipairs { "a", "b", "c" } do
        db.seat:create { data = { row = row, number = number, role = ({ "admin", "author", "reader" })[row], taken = number == "b" } }
      end
    end
  end)

  it("returns a page with its numbers", function()
    local page = db.post:paginate { page = 2, per_page = 10, order_by = { id = "asc" } }
    assert.equal("11 12 13 14 15 16 17 18 19 20", ids(page))
    local numbers = { page = 2, per_page = 10, total = 25, pages = 3, has_next = true, has_previous = true }
    for key, value in pairs(numbers) do assert.equal(value, page[key], key) end
    page = db.post:paginate { page = 3, per_page = 10, where = { id = { lte = 25 } } }
    assert.same({ "21 22 23 24 25", false, true }, { ids(page), page.has_next, page.has_previous })
    page = db.post:paginate()
    assert.same({ 1, 20, 25, 2, 20 }, { page.page, page.per_page, page.total, page.pages, #page.rows })
    page = db.post:paginate { where = { id = 0 } }
    assert.same({ 0, 0, 0, false, false }, { #page.rows, page.total, page.pages, page.has_next, page.has_previous })
    assert.equal("[]", rille.json.encode(page.rows))
  end)

  it("returns no rows past the end", function()
    local page = db.post:paginate { page = 4, per_page = 10 }
    assert.same({ 0, 25, 3, false, true }, { #page.rows, page.total, page.pages, page.has_next, page.has_previous })
    page = db.post:paginate { page = "99999999999999999999", per_page = 100 }
    assert.same({ 0, 25, false }, { #page.rows, page.total, page.has_next })
  end)

  it("converts strings and keeps them within bounds", function()
    local page = db.post:paginate { page = " 2", per_page = "+3" }
    assert.same({ 2, 3, "4 5 6" }, { page.page, page.per_page, ids(page) })
    page = db.post:paginate { page = "-7", per_page = "5000" }
    assert.same({ 1, 100 }, { page.page, page.per_page })
    page = db.post:paginate { page = "0", per_page = 0 }
    assert.same({ 1, 1 }, { page.page, page.per_page })
    page = db.post:paginate { page = "", per_page = rille.null, after = "", before = rille.null, max_per_page = 7 }
    assert.same({ 1, 7, 25 }, { page.page, page.per_page, page.total })
    for _, wrong in ipairs { { page = "two" }, { page = "1.5" }, { page = 1.5 }, { page = "0x10" }, { per_page = "1e3" }, { page = {} }, { per_page = true },
      { page = 0 / 0 }, { page = rille.form("page[0]=1").page } } do
      local e = support.fails("INPUT", db.post.paginate, db.post, wrong)
      assert.equal(400, e.meta.status)
    end
  end)

  it("leaves the count out", function()
    local page = db.post:paginate { page = 2, per_page = 12, total = false }
    assert.same({ 12, true, true }, { #page.rows, page.has_next, page.has_previous })
    assert.is_nil(page.total or page.pages)
    page = db.post:paginate { page = 3, per_page = 12, total = false }
    assert.same({ "25", false }, { ids(page), page.has_next })
  end)

  it("reads on from tokens, in both directions", function()
    local order = { { rank = { sort = "desc", nulls = "last" } }, { title = "asc" } }
    local all, tokens, page = {}, {}, db.post:paginate { order_by = order, per_page = 7 }
    while true do
      all[#all + 1], tokens[#tokens + 1] = ids(page), page.next
      if not page.has_next then break end
      page = db.post:paginate { order_by = order, per_page = 7, after = page.next }
      assert.is_nil(page.page or page.total)
      assert.is_true(page.has_previous)
    end
    local expected = {}
    for i, row in ipairs(db.post:find_many { order_by = { order[1], order[2], { id = "asc" } } }) do expected[i] = row.id end
    assert.equal(table.concat(expected, " "), table.concat(all, " "))
    assert.is_nil(page.next)
    for i = #all - 1, 1, -1 do
      page = db.post:paginate { order_by = order, per_page = 7, before = page.previous, total = true }
      assert.same({ all[i], true, i > 1, 25 }, { ids(page), page.has_next, page.has_previous, page.total })
      assert.equal(tokens[i], page.next)
    end
    assert.is_nil(page.previous)
  end)

  it("turns around after an empty page", function()
    local page = db.post:paginate { per_page = 5, order_by = { id = "asc" }, where = { id = { gt = 20 } }, after = db.post:paginate { per_page = 25 - 1 }.next }
    assert.equal("25", ids(page))
    local last = db.post:paginate { per_page = 24, order_by = { id = "asc" } }
    local none = db.post:paginate { per_page = 5, order_by = { id = "asc" }, where = { id = { lte = 24 } }, after = last.next }
    assert.same({ 0, false, true }, { #none.rows, none.has_next, none.has_previous })
    assert.equal("20 21 22 23 24", ids(db.post:paginate { per_page = 5, order_by = { id = "asc" }, before = none.previous }))
    none = db.post:paginate { order_by = { id = "asc" }, where = { id = { gt = 24 } }, before = last.next }
    assert.same({ 0, true, false }, { #none.rows, none.has_next, none.has_previous })
    assert.equal("24 25", ids(db.post:paginate { order_by = { id = "asc" }, after = none.next }))
  end)

  it("has composite keys, enums and booleans in the order", function()
    local order, found = { { taken = "desc" }, { role = "desc" } }, {}
    local page = db.seat:paginate { order_by = order, per_page = 2 }
    while page do
      for _, row in ipairs(page.rows) do found[#found + 1] = row.row .. row.number end
      page = page.next and db.seat:paginate { order_by = order, per_page = 2, after = page.next }
    end
    -- PostgreSQL orders enums as they are declared, SQLite by their names
    local expected = engine == "sqlite" and "3b 2b 1b 3c 3a 2c 2a 1c 1a" or "1b 2b 3b 1c 1a 2c 2a 3c 3a"
    assert.equal(expected, table.concat(found, " "))
    assert.equal(6, db.seat:count { where = { role = { gte = "author" } } })
  end)

  it("returns the fields that were asked for, and no others", function()
    local order = { secret = "asc" }
    local page = db.post:paginate { order_by = order, per_page = 3, select = { title = true } }
    assert.same({ title = page.rows[1].title }, page.rows[1])
    page = db.post:paginate { order_by = order, per_page = 3, after = page.next }
    assert.is_nil(page.rows[1].secret)
    assert.is_number(page.rows[1].id)
    page = db.post:paginate { order_by = order, per_page = 25, omit = { secret = false, id = true } }
    local secrets = 0
    for _, row in ipairs(page.rows) do
      assert.is_nil(row.id)
      if row.secret then secrets = secrets + 1 end
    end
    assert.equal(12, secrets)
    page = db.post:paginate { per_page = 1, include = { author = true } }
    assert.equal("Ada", page.rows[1].author.name)
  end)

  it("pages by number where no keyset is possible, and says why there is none", function()
    for _, order in ipairs { { author = { name = "asc" } }, { { title = "asc" }, { author = { name = "asc" } } } } do
      local page = db.post:paginate { order_by = order, per_page = 3 }
      assert.same({ 3, true }, { #page.rows, page.has_next })
      assert.is_nil(page.next)
      local e = support.fails("VALIDATION", db.post.paginate, db.post, { order_by = order, after = "x" })
      assert.truthy(e.message:find("`author` is a relation", 1, true), e.message)
    end
    local e = support.fails("VALIDATION", db.user.paginate, db.user, { order_by = { posts = { _count = "asc" } }, before = "x" })
    assert.truthy(e.message:find("`posts` is a relation; use `page`", 1, true), e.message)
    e = support.fails("VALIDATION", db.blob.paginate, db.blob, { after = "x" })
    assert.truthy(e.message:find("`id` of the key, whose type is Bytes", 1, true), e.message)
  end)

  it("rejects tokens that are not its own", function()
    local page = db.post:paginate { per_page = 5, order_by = { title = "asc" } }
    local seats = db.seat:paginate { per_page = 5 }
    local function rejected(words, args)
      local e = support.fails("INPUT", db.post.paginate, db.post, args)
      assert.equal(400, e.meta.status)
      assert.truthy(e.message:find(words, 1, true), e.message)
    end
    rejected("another order", { after = page.next })
    rejected("another order", { after = page.next, order_by = { title = "desc" } })
    rejected("another model", { after = seats.next, order_by = { title = "asc" } })
    rejected("not a token", { before = page.next:sub(1, -2), order_by = { title = "asc" } })
    rejected("not a token", { before = "x" .. page.next:sub(2), order_by = { title = "asc" } })
    rejected("not a token", { before = page.next .. "AAAA", order_by = { title = "asc" } })
    rejected("expected a token, got a table", { after = {}, order_by = { title = "asc" } })
    rejected("at most 8192 bytes", { after = ("A"):rep(9000) })
    rejected("cannot be used together", { after = page.next, before = page.next })
    local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for i = 1, #page.next do
      local at = letters:find(page.next:sub(i, i), 1, true) % 64 + 1
      local wrong = page.next:sub(1, i - 1) .. letters:sub(at, at) .. page.next:sub(i + 1)
      local ok, e = pcall(db.post.paginate, db.post, { after = wrong, order_by = { title = "asc" } })
      assert.is_true(ok or e.code == "INPUT", tostring(e)) -- the last letter has unused bits
    end
  end)

  it("answers with JSON text: what encode writes of the page", function()
    local other = support.connect(url, schema, { keep_nulls = true, wait = support.hook() })
    local function same(args)
      for _, client in ipairs { db, other } do
        local page = client.post:paginate(args)
        args.as = "json"
        assert.equal(rille.json.encode(page, { model = "post" }), client.post:paginate(args))
        args.as = nil
      end
    end
    local order = { { rank = "desc" }, { title = "asc" } }
    same { order_by = order, per_page = 7, page = "2", include = { author = true } }
    same { order_by = order, per_page = 7, total = false, select = { title = true } }
    same { page = 99 }
    same { order_by = { author = { name = "asc" } }, per_page = 3 }
    local page = db.post:paginate { order_by = order, per_page = 7, page = 2 }
    same { order_by = order, per_page = 7, after = page.next }
    same { order_by = order, per_page = 7, before = page.next, total = true, where = { id = { gt = 2 } } }
    same { order_by = order, per_page = 7, before = page.previous, omit = { title = true } }
    db:transaction(function(tx) assert.is_string(tx.post:paginate { as = "json", bigint = "string" }) end)
    assert.truthy(db:batch(function(b) b.post:paginate { as = "json", per_page = 1 } end):find('^{"has_next":true'))
    support.fails("VALIDATION", db.post.paginate, db.post, { as = "xml" })
    support.fails("VALIDATION", db.post.paginate, db.post, { bigint = "string" })
  end)

  it("rejects forged values", function()
    local base64 = require "rille.bytes"
    local function hash(text)
      local h = 5381
      for i = 1, #text do h = (h * 65599 + text:byte(i)) % 4294967291 end
      return ("%08x"):format(h)
    end
    local function forge(token, change)
      local text = base64.decode((token:gsub("-", "+"):gsub("_", "/"))):sub(9)
      text = change(text)
      return (base64.encode(hash(text) .. text):gsub("[+/=]", { ["+"] = "-", ["/"] = "_", ["="] = "" }))
    end
    local order = { { title = "asc" }, { rank = "asc" } }
    local token = db.post:paginate({ order_by = order, per_page = 3 }).next
    local function pages(text) return db.post:paginate { order_by = order, per_page = 3, after = forge(token, text) } end
    assert.equal(3, #pages(function(text) return text end).rows)
    for _, values in ipairs { "2:\255\2541:11:5", "2:a\0n1:5", "1:a9:9999999991:5",
      "1:a12:9999999999991:5", "1:a1:x1:5", "1:an1:x", "1:an2:05x", "n1:11:5", "1:an", "1:a1:1",
      "9999:a", "1:a99999:5", "1:an20:999999999999999999991:5", "" } do
      local ok, e = pcall(pages, function(text) return text:sub(1, 9) .. values end)
      assert.is_true(not ok and e.code == "INPUT" and e.meta.status == 400 or ok and values == "1:a9:9999999991:5", values .. " " .. tostring(e))
    end
    math.randomseed(11)
    for _ = 1, 2000 do
      local ok, e = pcall(pages, function(text)
        for _ = 1, math.random(3) do
          local at = math.random(9, #text)
          text = text:sub(1, at - 1) .. string.char(math.random(0, 255)):rep(math.random(0, 2)) .. text:sub(at + math.random(0, 1))
        end
        return text
      end)
      assert.is_true(ok or e.code == "INPUT", tostring(e))
    end
  end)

  it("rejects arguments that pages do not have", function()
    for name, value in pairs { take = 1, skip = 1, cursor = { id = 1 }, distinct = "title", lock = "update" } do
      local e = support.fails("VALIDATION", db.post.paginate, db.post, { [name] = value })
      assert.truthy(e.message:find("unexpected argument `" .. name .. "`", 1, true), e.message)
    end
    assert.truthy(support.fails("VALIDATION", db.post.paginate, db.post, { pgae = 1 }).message:find "did you mean `page`")
    assert.truthy(support.fails("VALIDATION", db.post.paginate, db.post, { where = { titel = "x" } }).message:find "where.titel")
    assert.truthy(support.fails("VALIDATION", db.post.paginate, db.post, { order_by = { titel = "asc" } }).message:find "did you mean `title`")
    support.fails("VALIDATION", db.post.paginate, db.post, { max_per_page = 0 })
    support.fails("VALIDATION", db.post.paginate, db.post, { total = 1 })
    support.fails("VALIDATION", db.post.paginate, db.post, 7)
    support.fails("VALIDATION", db.post.paginate)
    local decoded = rille.json.decode '{"title": {"not": ""}}'
    support.fails("VALIDATION", db.post.paginate, db.post, { where = decoded })
    support.fails("VALIDATION", db.post.paginate, db.post, { where = decoded, after = db.post:paginate { per_page = 1 }.next })
  end)

  it("refuses values that are too long for a token, where pages have no number", function()
    local other = support.connect(url, schema)
    other:transaction(function(tx)
      tx.post:create { data = { id = 100, title = ("x"):rep(5000), authorId = 1 } }
      local args = { order_by = { title = "desc" }, per_page = 1 }
      assert.truthy(support.fails("VALIDATION", tx.post.paginate, tx.post, args).message:find("too long for a token", 1, true))
      args.page = 1
      local page = tx.post:paginate(args)
      assert.same({ "100", true }, { ids(page), page.has_next })
      assert.is_nil(page.next)
      tx.post:delete { where = { id = 100 } }
    end)
  end)

  it("works in transactions and in batches", function()
    db:transaction(function(tx)
      tx.post:create { data = { id = 26, title = "t9", authorId = 1 } }
      assert.equal(26, tx.post:paginate().total)
      assert.equal(25, db.post:paginate().total)
      tx.post:delete { where = { id = 26 } }
    end)
    local page, count = db:batch(function(b)
      b.post:paginate { per_page = 2 }
      b.post:count()
    end)
    assert.same({ "1 2", 25, 25 }, { ids(page), page.total, count })
  end)

  it("keeps NULL where the client does", function()
    local other = support.connect(url, schema, { keep_nulls = true })
    local page = other.post:paginate { order_by = { rank = "asc" }, per_page = 9 }
    page = other.post:paginate { order_by = { rank = "asc" }, per_page = 9, after = page.next }
    assert.equal(9, #page.rows)
    assert.is_not_nil(page.rows[1].rank)
  end)

  it("works in coroutines", function()
    local other = support.connect(url, schema, { wait = support.hook() })
    support.run(function()
      local page = other.post:paginate { per_page = 4 }
      assert.same({ "1 2 3 4", 25 }, { ids(page), page.total })
      assert.equal("5 6 7 8", ids(other.post:paginate { per_page = 4, after = page.next }))
    end)
  end)

  it("reads list and count in one round trip, from one snapshot", function()
    local statements = {}
    local other = support.connect(url, schema, { log = function(event) statements[#statements + 1] = event.sql end })
    other.post:count()
    local function trips(args)
      statements = {}
      local before = other:metrics().calls.round_trips
      other.post:paginate(args)
      return other:metrics().calls.round_trips - before
    end
    local one = engine == "postgresql" and 1 or nil
    local first = trips { page = 2 }
    assert.equal(one or first, first)
    assert.equal(4, #statements, table.concat(statements, "\n"))
    if one then assert.equal("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", statements[1]) end
    local token = other.post:paginate { per_page = 3 }.next
    first = trips { after = token }
    assert.equal(one or first, first)
    assert.equal(1, #statements, table.concat(statements, "\n"))
  end)
end, true)
