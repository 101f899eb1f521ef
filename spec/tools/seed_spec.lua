-- Seeding: the same numbers everywhere, rows that every column takes, relations, and scripts that may run twice.
local rille = require "rille"
local support = require "support"
local seed = rille.seed

local SHOP = [[
enum Role {
  ADMIN
  READER
}
model User {
  id        Int       @id @default(autoincrement())
  email     String    @unique
  name      String
  role      Role
  maybe     String?
  createdAt DateTime  @default(now())
  bossId    Int?
  boss      User?     @relation("Boss", fields: [bossId], references: [id])
  team      User[]    @relation("Boss")
  profile   Profile?
  posts     Post[]
}
model Profile {
  id     Int    @id @default(autoincrement())
  bio    String
  userId Int    @unique
  user   User   @relation(fields: [userId], references: [id])
}
model Post {
  id       Int      @id @default(autoincrement())
  slug     String   @unique
  title    String
  views    Int
  score    Float
  price    Decimal
  big      BigInt
  yes      Boolean
  bytes    Bytes
  moment   DateTime
  changed  DateTime @updatedAt
  authorId Int
  author   User     @relation(fields: [authorId], references: [id])
  tags     Tag[]
  likes    Like[]
}
model Tag {
  id    Int    @id @default(autoincrement())
  name  String @unique
  posts Post[]
}
model Like {
  userName String
  postId   Int
  post     Post   @relation(fields: [postId], references: [id])

  @@id([userName, postId])
}
]]

-- Rows without what the clock says.
local function shown(db, model, omit)
  local lines = {}
  for _, row in ipairs(db[model]:find_many { order_by = { id = "asc" }, omit = omit }) do
    local keys, parts = {}, {}
    for k in pairs(row) do keys[#keys + 1] = k end
    table.sort(keys)
    for i, k in ipairs(keys) do parts[i] = k .. "=" .. tostring(row[k]) end
    lines[#lines + 1] = table.concat(parts, " ")
  end
  return table.concat(lines, "\n")
end

describe("numbers from a seed", function()
  local PROGRAM = [[
    package.loaded["rille.core"] = { error_metatable = {}, set_home = function() end }
    local random = require "rille.seed.random"
    require "rille.seed.fake"
    local g, lines = random.new(42, "a"), {}
    for i = 1, 2000 do lines[#lines + 1] = ("%.0f"):format(g:next()) end
    for i = 1, 200 do
      lines[#lines + 1] = ("%.0f %.0f %.17g"):format(g:int(-5, 5), g:int(-4503599627370496 + 4503599627370000, 1e15), g:float())
      lines[#lines + 1] = g:name() .. g:email() .. g:uuid() .. g:date() .. g:decimal(-10, 10, 3)
      lines[#lines + 1] = g:pattern "##-??-**" .. g:sentence() .. ("%.17g"):format(g:number(0, 9, 2))
    end
    io.write(table.concat(lines, "\n"))]]

  local function output_of(interpreter, file)
    local pipe = assert(io.popen(("%s '%s' 2>&1"):format(interpreter, file)))
    local text = pipe:read "a"
    pipe:close()
    return text
  end

  it("are the same on every Lua", function()
    local file = support.write(support.folder() .. "/main.lua", PROGRAM)
    local first = output_of("lua5.4", file)
    assert.truthy(first:find "%d\n%d")
    assert.is_nil(first:find("lua", 1, true), first:sub(1, 300))
    for _, other in ipairs { "luajit", "lua5.3", "lua5.1" } do
      if os.execute(("command -v %s >/dev/null"):format(other)) then assert.equal(first, output_of(other, file), other) end
    end
    support.cleanup()
  end)

  it("are spread evenly", function()
    local g, counts = seed.source(7), {}
    for _ = 1, 60000 do
      local n = g:int(1, 6)
      counts[n] = (counts[n] or 0) + 1
    end
    for n = 1, 6 do assert.is_true(math.abs(counts[n] - 10000) < 500, counts[n]) end
    assert.is_nil(counts[0] or counts[7])
    local low, high = math.huge, -math.huge
    for _ = 1, 2000 do
      local n = g:int(-1000000000000, 1000000000000)
      low, high = math.min(low, n), math.max(high, n)
    end
    assert.is_true(low < -900000000000 and high > 900000000000)
  end)

  it("differ by seed", function()
    assert.equal(seed.source(1):name(), seed.source(1):name())
    local different = 0
    for i = 1, 20 do
      if seed.source(i):next() ~= seed.source(i + 1):next() then different = different + 1 end
    end
    assert.equal(20, different)
  end)

  it("make what their names say", function()
    local g = seed.source "x"
    for _ = 1, 200 do
      assert.truthy(g:email():find "^[%w.]+%d+@example%.%a+$")
      assert.truthy(g:uuid():find "^%x+%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x+$")
      assert.equal(36, #g:uuid())
      assert.truthy(g:date("2026-01-01", "2026-01-02"):find "^2026%-01%-0[12]T")
      assert.truthy(g:decimal(-1, 1, 3):find "^%-?[01]%.%d%d%d$")
      assert.truthy(g:decimal(0, 99, 0):find "^%d+$")
      assert.truthy(g:sentence():find "^%u.*%.$")
      assert.truthy(seed.pattern "##-??"(g):find "^%d%d%-%l%l$")
      local n = seed.number(1, 2, 1)(g)
      assert.is_true(n >= 1 and n <= 2)
      assert.truthy(({ a = true, b = true })[seed.choice { "a", "b" }(g)])
    end
    local heavy = 0
    for _ = 1, 1000 do
      if seed.weighted { { "a", 9 }, { "b", 1 } }(g) == "a" then heavy = heavy + 1 end
    end
    assert.is_true(heavy > 850 and heavy < 950)
    assert.same({ "n1", "n2" }, { (function() local s = seed.sequence "n%d" return s(), s() end)() })
    local once, seen = seed.unique(seed.int(1, 50)), {}
    for _ = 1, 50 do seen[once(g)] = true end
    for i = 1, 50 do assert.is_true(seen[i]) end
    support.fails("VALIDATION", once, g)
    support.fails("VALIDATION", seed.choice {}, g)
    support.fails("VALIDATION", seed.int(2, 1), g)
  end)
end)

support.each_engine(function(engine)
  local function factories(options)
    local db = support.open(engine, SHOP)
    options = options or {}
    options.db, options.seed = db, options.seed or 42
    return seed.new(options), db
  end

  it("makes valid rows from the schema alone", function()
    local f, db = factories()
    assert.equal(30, #f:create("post", 30))
    assert.equal(30, db.post:count())
    assert.equal(10, db.user:count())
    assert.is_true(#db.post:group_by { by = "authorId" } > 3)
    assert.equal("string", type(f:create "user".name))
    assert.equal(5, #f:create("Profile", 5))
    assert.equal(5, db.profile:count())
    assert.equal(40, #f:create("like", 40))
    assert.equal(0, db.user:count { where = { maybe = { ["not"] = rille.null } } })
  end)

  it("makes the same rows from the same seed, others from another", function()
    local texts = {}
    for i, number in ipairs { 42, 42, 43 } do
      local f, db = factories { seed = number }
      f:define("user", { posts = seed.many("post", { 1, 3 }) })
      f:create("tag", 5)
      f:create("user", 6)
      texts[i] = shown(db, "user", { createdAt = true }) .. shown(db, "post", { changed = true })
    end
    assert.equal(texts[1], texts[2])
    assert.not_equal(texts[1], texts[3])
  end)

  it("keeps to definitions and overrides", function()
    local f, db = factories { batch = 7 }
    f:define("user", { name = seed.name, role = "READER", email = function(g) return g:email(g.row.name) end, posts = seed.many("post", 3) })
    f:define("post", { title = seed.title(2), tags = seed.pick("tag", 2) })
    f:create("tag", 4)
    local made = f:create("user", 20, { role = seed.choice { "ADMIN" } })
    assert.equal(20, #made)
    assert.equal(20, db.user:count { where = { role = "ADMIN" } })
    assert.equal(60, db.post:count())
    for _, user in ipairs(db.user:find_many { include = { posts = { include = { tags = true } } } }) do
      assert.equal(3, #user.posts)
      assert.equal(2, #user.posts[1].tags)
      assert.equal(user.name:match "^%a+":lower(), user.email:match "^%a+")
    end
    local one = f:create("user", { name = "Mara", posts = seed.many("post", 1, { title = "Hers" }) })
    assert.equal("Mara", one.name)
    assert.equal("Hers", db.post:find_first { where = { authorId = one.id } }.title)
    local boss = f:create("user", 3, { boss = seed.one("user", { name = "Boss", posts = seed.many("post", 0) }) })
    assert.equal(3, db.user:count { where = { name = "Boss" } })
    assert.is_number(boss[1].bossId)
    assert.equal(5, #f:create("post", 5, { authorId = one.id }))
    assert.equal(6, db.post:count { where = { authorId = one.id } })
    f:create("post", { tags = seed.many("tag", 3), author = seed.pick "user" })
    assert.equal(7, db.tag:count())
  end)

  it("may be run twice", function()
    local db = support.open(engine, SHOP)
    local function script(number)
      local f = seed.new { db = db, seed = number }
      assert.equal(50, f:upsert("user", 50))
      f:upsert("tag", { name = "news" })
      f:upsert("tag", 10)
    end
    script(1)
    local before = shown(db, "user", { createdAt = true })
    script(1)
    assert.equal(before, shown(db, "user", { createdAt = true }))
    assert.equal(11, db.tag:count())
  end)

  it("gives unique fields different values, or says that it cannot", function()
    local f, db = factories()
    f:create("tag", 2000)
    assert.equal(2000, db.tag:count())
    local e = support.fails("VALIDATION", f.create, f, "tag", 3, { name = seed.choice { "a", "b" } })
    assert.truthy(e.message:find "name differs")
    f:create("user", 3, { email = seed.sequence "u%d@example.com" })
    assert.equal("u3@example.com", db.user:find_first { order_by = { id = "desc" } }.email)
  end)

  it("reports its progress, and is silent otherwise", function()
    local told = {}
    local f = factories { batch = 10, progress = function(model, done, total) told[#told + 1] = ("%s %d/%d"):format(model, done, total) end }
    f:create("user", 25)
    assert.same({ "user 10/25", "user 20/25", "user 25/25" }, told)
  end)

  it("says what is wrong", function()
    local f = factories()
    assert.truthy(support.fails("VALIDATION", f.create, f, "usr").message:find "did you mean `user`")
    assert.truthy(support.fails("VALIDATION", f.create, f, "user", { nam = "x" }).message:find "did you mean `name`")
    assert.truthy(support.fails("VALIDATION", f.define, f, "user", { posts = seed.many "tag" }).message:find "leads to Post")
    support.fails("VALIDATION", f.define, f, "user", { posts = seed.one "post" })
    support.fails("VALIDATION", f.define, f, "post", { author = seed.many "user" })
    support.fails("VALIDATION", f.create, f, "user", -1)
    support.fails("VALIDATION", f.create, f, "post", { author = seed.pick "user" })
    support.fails("VALIDATION", f.upsert, f, "user", { posts = seed.many "post" })
    support.fails("VALIDATION", seed.new, { seed = 1 })
    support.fails("VALIDATION", seed.new, { db = f.db, sed = 1 })
  end)
end)

describe("on PostgreSQL", function()
  after_each(support.cleanup)
  if not support.server then return end

  it("finds different values for unique texts of any length", function()
    local text = [[
model Place {
  id   Int    @id @default(autoincrement())
  code String @unique @db.VarChar(4)
  city String @unique @db.VarChar(20)
  mail String @unique @db.VarChar(26)
  kind String @unique @db.Text
}
]]
    local url = support.database "postgresql"
    rille.push { url = url, schema_text = text }
    local db = support.connect(url, text)
    seed.new { db = db, seed = 3 }:create("place", 2000)
    assert.equal(2000, db.place:count())
  end)

  it("keeps the rules of doc comments", function()
    local db = support.open("sqlite", [[
model Ruled {
  id     Int      @id @default(autoincrement())
  /// @email
  /// @lowercase
  write  String   @unique
  /// @url
  page   String
  /// @length 20..25
  title  String   @unique
  /// @length 1..3
  code   String
  /// @one-of red, green
  colour String
  /// @pattern ^%l+$
  word   String
  /// @range 5..7
  many   Int
  /// @range 2000000..
  more   BigInt
  /// @range ..-1
  below  Int
  /// @range 0.5..0.9
  share  Float
  /// @range 10..10.05
  price  Decimal
  /// @range 2030-01-01..
  later  DateTime
  /// @range ..2001-01-01
  early  DateTime
}
]])
    seed.new({ db = db, seed = 1 }):create("ruled", 200, { word = function(g) return g:word() end })
    assert.equal(200, db.ruled:count())
  end)

  it("respects lengths and native types", function()
    local text = [[
model Narrow {
  id      String   @id @default(uuid()) @db.Uuid
  other   String   @db.Uuid
  email   String   @unique @db.VarChar(12)
  code    String   @db.Char(3)
  title   String   @db.VarChar(5)
  ip      String   @db.Inet
  bits    String   @db.Bit(4)
  more    String   @db.VarBit(6)
  note    String   @db.Xml
  name    String   @db.Citext
  small   Int      @db.SmallInt
  oid     Int      @db.Oid
  price   Decimal  @db.Decimal(4, 1)
  tiny    Decimal  @db.Decimal(2, 2)
  money   Decimal  @db.Money
  real    Float    @db.Real
  day     DateTime @db.Date
  clock   DateTime @db.Time(3)
  at      DateTime @db.Timestamptz(6)
  data    Json
  plain   Json     @db.Json
  tags    String[]
}
]]
    local url = support.database "postgresql"
    support.psql("CREATE EXTENSION citext", support.database_name(url))
    rille.push { url = url, schema_text = text }
    local db = support.connect(url, text)
    assert.equal(200, #seed.new({ db = db, seed = 1 }):create("narrow", 200))
    for _, row in ipairs(db.narrow:find_many {}) do
      assert.is_true(#row.email <= 12 and #row.code == 3 and #row.title <= 5)
    end
  end)
end)
