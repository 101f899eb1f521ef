-- Rules in doc comments hold in every write, nested and in bulk, and in no condition.
local rille = require "rille"
local support = require "support"

local schema = [[
model Author {
  id    Int     @id @default(autoincrement())
  /// @trim
  /// @lowercase
  /// @email
  email String  @unique
  /// @length 2..10
  name  String  @default("?")
  /// @range 0..150
  age   Int?
  /// @range ..99.95
  /// @message costs too much
  price Decimal?
  books Book[]
  tags  Tag[]
}
model Book {
  id       Int      @id @default(autoincrement())
  /// @trim
  /// @length 3..
  title    String
  /// @pattern ^[a-z0-9-]+$
  slug     String?
  site     String?  /// @url
  /// @one-of draft, done
  state    String   @default("new")
  /// @range 2020-01-01..
  printed  DateTime?
  author   Author?  @relation(fields: [authorId], references: [id])
  authorId Int?
}
model Tag {
  id      Int      @id @default(autoincrement())
  /// @lowercase
  /// @length 1..8
  name    String   @unique
  authors Author[]
}
]]

-- What is refused, with the path, and nothing was sent.
local function refuses(path, rule, fn)
  local e = support.fails("INPUT", fn)
  assert.equal("validation", e.kind)
  assert.equal(path, e.meta.path)
  assert.equal(rule, e.meta.rule)
  assert.equal(path, e.message:match "^(.-): ")
  assert.truthy(e.meta.model and e.meta.field)
  return e
end

support.each_engine(function(engine)
  local db, sent
  before_each(function()
    db = support.open(engine, schema)
    sent = 0
    db:on("query", function() sent = sent + 1 end)
  end)

  local function refused(path, rule, fn)
    local before = sent
    refuses(path, rule, fn)
    assert.equal(before, sent)
  end

  describe("rules", function()
    it("change and check what create writes", function()
      local row = db.author:create { data = { email = " Ada@Example.COM\n", name = "Ada", age = 36, price = rille.decimal "99.95" } }
      assert.equal("ada@example.com", row.email)
      refused("data.email", "email", function() db.author:create { data = { email = "ada" } } end)
      refused("data.name", "length", function() db.author:create { data = { email = "a@b.co", name = "A" } } end)
      refused("data.age", "range", function() db.author:create { data = { email = "a@b.co", age = 151 } } end)
      local e = support.fails("INPUT", function() db.author:create { data = { email = "a@b.co", price = rille.decimal "99.951" } } end)
      assert.equal("data.price: costs too much", e.message)
      assert.same({ path = "data.price", model = "Author", field = "price", rule = "range" }, e.meta)
    end)

    it("leave defaults and NULL alone", function()
      assert.equal("?", db.author:create { data = { email = "a@b.co", age = rille.null } }.name)
      assert.equal("new", db.book:create { data = { title = "abc" } }.state)
    end)

    it("say what would be right", function()
      local function message(data)
        return support.fails("INPUT", function() db.book:create { data = data } end).message
      end
      assert.equal("data.title: must be at least 3 characters long", message { title = " ab " })
      assert.equal("data.slug: does not have the right format", message { title = "abc", slug = "A b" })
      assert.equal("data.site: must be a web address that begins with http:// or https://", message { title = "abc", site = "javascript:x" })
      assert.equal("data.state: must be one of draft, done", message { title = "abc", state = "x" })
      assert.equal("data.printed: must not be before 2020-01-01", message { title = "abc", printed = "2019-12-31" })
      assert.equal("data.printed: must not be before 2020-01-01", message { title = "abc", printed = { year = 2019, month = 12, day = 31 } })
    end)

    it("hold in update, update_many and upsert, but not in their conditions", function()
      local id = db.author:create { data = { email = "ada@b.co", age = 149 } }.id
      assert.equal("eve@b.co", db.author:update { where = { id = id }, data = { email = "Eve@b.co" } }.email)
      refused("data.name", "length", function() db.author:update { where = { id = id }, data = { name = "much too long" } } end)
      refused("data.age.set", "range", function() db.author:update { where = { id = id }, data = { age = { set = -1 } } } end)
      assert.equal(154, db.author:update { where = { id = id }, data = { age = { increment = 5 } } }.age)
      refused("data.name", "length", function() db.author:update_many { where = rille.all, data = { name = "x" } } end)
      assert.is_nil(db.author:find_unique { where = { email = "EVE@b.co" } })
      assert.equal(1, db.author:count { where = { email = "eve@b.co" } })

      local function upsert(email, create, update)
        return db.author:upsert { where = { email = email }, create = create, update = update }
      end
      assert.equal("bob@b.co", upsert("Bob@b.co", { email = "Bob@b.co" }, { name = "no" }).email)
      assert.equal("yes", upsert("bob@b.co", { email = "bob@b.co" }, { name = "yes" }).name)
      support.fails("P2002", upsert, "BOB@b.co", { email = "BOB@b.co" }, { name = "no" }) -- no such row, and one that is written so already
      assert.equal("yes", db.author:find_unique { where = { email = "bob@b.co" } }.name)
      refused("create.email", "email", function() upsert("x", { email = "x" }, {}) end)
      refused("update.name", "length", function() upsert("bob@b.co", { email = "bob@b.co" }, { name = "x" }) end)
    end)

    it("hold for each row of many", function()
      local rows = {}
      for i = 1, 500 do rows[i] = { email = ("U%d@B.co"):format(i), name = "abc" } end
      assert.equal(500, db.author:create_many { data = rows }.count)
      assert.equal(500, db.author:count { where = { email = { starts_with = "u" } } })
      rows[1] = { email = "a@b.co" }
      rows[300].name = "x"
      refused("data[300].name", "length", function() db.author:create_many { data = rows } end)
      refused("data[2].email", "email", function()
        db.author:create_many_and_return { data = { { email = "c@b.co" }, { email = "c", name = "cc" } } }
      end)
      refused("data[1].email", "email", function() db.author:upsert_many { on = { "email" }, data = { { email = "u1" } } } end)
      db.author:upsert_many { on = { "email" }, data = { { email = " U1@b.co", name = "new" } } }
      assert.equal("new", db.author:find_unique { where = { email = "u1@b.co" } }.name)
      support.fails("VALIDATION", function() -- both are written as one key
        db.author:upsert_many { on = { "email" }, data = { { email = "Z@b.co" }, { email = "z@b.co" } } }
      end)
      assert.equal(0, db.author:update_many { on = { "email" }, data = { { email = "U1@b.co", name = "none" } } }.count)
      assert.equal(1, db.author:update_many { on = { "email" }, data = { { email = "u1@b.co", name = "one" } } }.count)
      refused("data[1].name", "length", function()
        db.author:update_many { on = { "email" }, data = { { email = "u1@b.co", name = "x" } } }
      end)
      refused("data[2].books.create.title", "length", function()
        db.author:create_many { data = { { email = "m@b.co" }, { email = "n@b.co", books = { create = { title = "x" } } } } }
      end)
    end)

    it("hold in nested writes", function()
      local function create(books, tags)
        return db.author:create { data = { email = "n@b.co", books = books, tags = tags }, include = { books = true, tags = true } }
      end
      refused("data.books.create[2].title", "length", function() create { create = { { title = "abc" }, { title = "a" } } } end)
      refused("data.books.create_many.data[2].title", "length", function()
        create { create_many = { data = { { title = "abc" }, { title = "a" } } } }
      end)
      refused("data.tags.connect_or_create.create.name", "length", function()
        create(nil, { connect_or_create = { where = { name = "" }, create = { name = "" } } })
      end)
      local row = create({ create = { title = "  abc  " } }, { connect_or_create = { where = { name = "LUA" }, create = { name = "LUA" } } })
      assert.equal("abc", row.books[1].title)
      assert.equal("lua", row.tags[1].name)
      local function update(books) return db.author:update { where = { id = row.id }, data = { books = books } } end
      local where = { id = row.books[1].id }
      refused("data.books.update.data.title", "length", function() update { update = { where = where, data = { title = "x" } } } end)
      refused("data.books.update_many.data.title", "length", function() update { update_many = { where = {}, data = { title = "x" } } } end)
      refused("data.books.upsert.create.title", "length", function()
        update { upsert = { where = where, create = { title = "x" }, update = {} } }
      end)
      refused("data.books.upsert.update.title", "length", function()
        update { upsert = { where = where, create = { title = "xyz" }, update = { title = "x" } } }
      end)
      refused("data.author.create.email", "email", function()
        db.book:create { data = { title = "abc", author = { create = { email = "x" } } } }
      end)
      assert.equal(1, db.book:count {})
    end)

    it("hold in transactions and batches, and leave them usable", function()
      db:transaction(function(tx)
        refused("data.title", "length", function() tx.book:create { data = { title = "x" } } end)
        tx.book:create { data = { title = "abc" } }
      end)
      assert.equal(1, db.book:count {})
      support.fails("INPUT", function()
        db:batch(function(b)
          b.book:create { data = { title = "abc" } }
          b.book:create { data = { title = "x" } }
        end)
      end)
      assert.equal(1, db.book:count {})
    end)

    it("hold for other values of the same call", function() -- its program is in the plan cache
      for _ = 1, 3 do
        assert.equal("abc", db.book:create { data = { title = "abc" } }.title)
        refused("data.title", "length", function() db.book:create { data = { title = "ab" } } end)
      end
    end)

    local function problems(model, data, options)
      local ok, found = db[model]:validate(data, options)
      local list = {}
      for i, p in ipairs(found or {}) do list[i] = ("%s %s %s: %s"):format(p.field, p.code, p.rule or "-", p.message) end
      assert.equal(#list == 0, ok == true)
      table.sort(list)
      return list
    end

    it("are checked by validate, with all else, for people", function()
      assert.same({}, problems("author", { email = " ADA@b.co ", books = { create = { { title = " abc " } } } }))
      assert.same({
        "age VALIDATION -: must be a whole number",
        "books.connect_or_create.create.title INPUT length: must be at least 3 characters long",
        "books.create[1].printed INPUT range: must not be before 2020-01-01",
        "books.create[1].title INPUT length: must be at least 3 characters long",
        "books.create[2].printed VALIDATION -: must be a date and time",
        "books.create[2].title P2012 -: is required",
        "books.create_many.data[2].slug INPUT pattern: does not have the right format",
        "books.create_many.data[2].title INPUT length: must be at least 3 characters long",
        "books.create_many.data[3].site INPUT url: must be a web address that begins with http:// or https://",
        "books.create_many.data[3].title VALIDATION -: must be a text",
        "email P2012 -: is required",
        "name VALIDATION -: is required",
        "nmae VALIDATION -: unknown field of Author; did you mean `name`?",
        "price INPUT range: costs too much",
      }, problems("author", {
        name = rille.null, nmae = 1, age = "7", price = 1e9,
        books = {
          create = { { title = "x", printed = { year = 1999, month = 1, day = 1 } }, { printed = "soon" } },
          create_many = { data = { { title = "abc" }, { title = "ab", slug = "A" }, { title = 7, site = "x" }, { title = "xyz" } } },
          connect_or_create = { where = { id = 1 }, create = { title = "x" } },
        },
      }))
      assert.same({ "age P2020 -: must be a whole number from -2147483648 to 2147483647" }, problems("author", { email = "a@b.co", age = 2^40 }))
      assert.equal(0, sent)
    end)

    it("are checked by validate for an update", function()
      assert.same({}, problems("author", { age = 3 }, { mode = "update" }))
      assert.same({}, problems("author", {}, { mode = "update" }))
      assert.same({ "email P2012 -: is required" }, problems("author", { age = 3 }, { mode = "create" }))
      assert.same({
        "age.set INPUT range: must be at most 150",
        "books.update.data.title INPUT length: must be at least 3 characters long",
        "books.upsert.create.title P2012 -: is required",
      }, problems("author", {
        age = { set = 151 }, name = "abc",
        books = { update = { where = { id = 1 }, data = { title = "x" } }, upsert = { where = { id = 2 }, create = {}, update = { title = "abc" } } },
      }, { mode = "update" }))
      assert.same({}, problems("author", { age = { increment = 1000 } }, { mode = "update" }))
    end)

    it("are checked by validate up to 1,000 faults", function()
      local books = {}
      for i = 1, 3000 do books[i] = { title = "x" } end
      assert.equal(1000, #problems("author", { email = "a@b.co", books = { create_many = { data = books } } }))
    end)

    it("are checked by validate, which refuses other arguments", function()
      local function message(...) return support.fails("VALIDATION", db.author.validate, db.author, ...).message end
      assert.equal("validate: unknown option `mdoe`; did you mean `mode`?", message({}, { mdoe = "update" }))
      assert.equal('validate: mode: expected "create" or "update", got "upsert"', message({}, { mode = "upsert" }))
      assert.equal("validate: expected a table of options, got a string", message({}, "update"))
      assert.truthy(message(nil):find "table of data")
    end)

    it("hold in coroutines", function()
      local waiting = support.connect(support.database(engine), schema, { wait = support.hook() })
      support.run(function()
        refuses("data.title", "length", function() waiting.book:create { data = { title = "x" } } end)
        assert.is_nil((waiting.book:validate { title = "x" }))
        assert.equal("Book", waiting:schema("book").name)
      end)
    end)

    it("are still there after a pull", function()
      local url, path = support.database(engine), support.write(support.folder() .. "/schema.prisma", schema)
      rille.push { url = url, schema = path }
      local pulled = rille.pull { url = url, schema = path }
      for line in schema:gmatch "[^\n]+" do
        local comment = line:match "///.*$"
        if comment then assert.truthy(pulled:find(comment, 1, true), comment) end
      end
      assert.equal(rille.format(schema), rille.format(rille.format(schema)))
      for comment in schema:gmatch "///[^\n]*" do assert.truthy(rille.format(schema):find(comment, 1, true), comment) end
    end)

    it("are not for raw SQL", function()
      db:execute_raw(rille.sql('INSERT INTO "Book" (title) VALUES (?)', "x"))
      assert.equal("x", db.book:find_first {}.title)
    end)
  end)
end)

if support.server then
  describe("rules of PostgreSQL's types", function()
    local db
    before_each(function()
      db = support.open("postgresql", [[
model Item {
  id   Int      @id @default(autoincrement())
  /// @length 1..2
  /// @trim
  /// @pattern ^%a+$
  tags String[]
  /// @pattern ^a
  uuid String?  @db.Uuid
  /// @range 09:00:00..17:00:00
  at   DateTime? @db.Time
  /// @length ..2
  docs Json[]
}
]])
    end)

    it("count the elements of lists and check each of them", function()
      assert.same({ "a", "b" }, db.item:create { data = { tags = { " a", "b " } } }.tags)
      refuses("data.tags", "length", function() db.item:create { data = { tags = {} } } end)
      refuses("data.tags", "length", function() db.item:create { data = { tags = { "a", "b", "c" } } } end)
      refuses("data.tags[2]", "pattern", function() db.item:create { data = { tags = { "a", "1" } } } end)
      refuses("data.tags.set[1]", "pattern", function() db.item:create { data = { tags = { set = { "1" } } } } end)
      refuses("data[2].tags", "length", function() db.item:create_many { data = { { tags = { "a" } }, { tags = {} } } } end)
      refuses("data.docs", "length", function() db.item:create { data = { tags = { "a" }, docs = { 1, {}, "x" } } } end)
    end)

    it("check what is appended, but not how much", function()
      local id = db.item:create { data = { tags = { "a", "b" } } }.id
      local function push(value) return db.item:update { where = { id = id }, data = { tags = { push = value } } } end
      assert.same({ "a", "b", "c" }, push(" c").tags)
      assert.same({ "a", "b", "c", "d", "e", "f" }, push({ "d", " e", "f" }).tags)
      refuses("data.tags.push[1]", "pattern", function() push "1" end)
      refuses("data.tags.push[2]", "pattern", function() push { "a", "1" } end)
    end)

    it("check native types", function()
      local row = db.item:create { data = { tags = { "a" }, uuid = "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11" } }
      assert.equal("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", row.uuid)
      refuses("data.uuid", "pattern", function()
        db.item:create { data = { tags = { "a" }, uuid = "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" } }
      end)
      db.item:create { data = { tags = { "a" }, at = "17:00:00" } }
      refuses("data.at", "range", function() db.item:create { data = { tags = { "a" }, at = "17:00:01" } } end)
    end)
  end)
end

-- Lua's own patterns say what is right. In Lua 5.1 and LuaJIT some differ (%g, a byte 0).
if _VERSION == "Lua 5.4" then
  describe("@pattern", function()
    local function pick(list) return list[math.random(#list)] end

    local pieces = { "a", "b", "ab", ".", "%a", "%d", "%s", "%w", "%W", "%p", "%x", "%u", "%l", "%g", "%.", "%%", "%-", "[ab]", "[^ab]", "[a-c]",
      "[%w_]", "[%a-]", "[]a]", "[^]a]", "[a%]]", "(", ")", "()", "%1", "%2", "%b()", "%bab", "%f[a]", "%f[%w]", "$", "^", "-", "x", " b", "%", "[", "%f" }
    local quantifiers = { "", "", "", "*", "+", "-", "?" }

    local function new_pattern()
      local parts = { pick { "", "^" } }
      for _ = 1, math.random(6) do parts[#parts + 1] = pick(pieces) .. pick(quantifiers) end
      parts[#parts + 1] = pick { "", "$" }
      return (table.concat(parts):gsub("^%s+", ""):gsub("%s+$", ""))
    end

    local function new_text()
      local parts = {}
      for i = 1, math.random(0, 8) do parts[i] = pick { "a", "b", "ab", "1", "_", "-", ".", "%", "(", ")", "]", " ", "A", "\u{e4}", "x" } end
      return table.concat(parts)
    end

    it("finds what Lua finds", function()
      local refused, compared = 0, 0
      for _ = 1, 400 do
        local pattern = new_pattern()
        local text = ('datasource db {\n provider = "sqlite"\n}\nmodel T {\n  id Int @id\n  /// @pattern %s\n  x String\n}\n'):format(pattern)
        local subjects, valid = { "", "ab", "(ab)ab" }, rille.validate(text)
        for i = 4, 12 do subjects[i] = new_text() end
        if not valid then
          refused = refused + 1
          if pattern ~= "" then -- Lua finds some faults only when it gets so far
            local function broken(subject) return not pcall(string.find, subject, pattern) end
            local any = false
            for _, subject in ipairs(subjects) do any = any or broken(subject) end
            local open = not any and pattern:find "[%%%[()]"
            assert.truthy(any or open, "Lua takes " .. pattern)
          end
        else
          local db = rille.connect { url = "file::memory:", schema_text = text }
          for _, subject in ipairs(subjects) do
            local known, found = pcall(string.find, subject, pattern)
            assert.truthy(known, pattern)
            local _, e = rille.try(db.t.create, db.t, { data = { id = 1, x = subject } }) -- there is no table; rules come first
            compared = compared + 1
            assert.equal(found ~= nil, not rille.is(e, "INPUT"), ("%q in %q"):format(pattern, subject))
          end
          db:close()
        end
      end
      assert.truthy(compared > 500 and refused > 20)
    end)
  end)
end
