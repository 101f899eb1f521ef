-- Everything that a form can cause, to the status, code and field of the answer, on every database.
local rille = require "rille"
local support = require "support"

local SCHEMA = [[
model User {
  id       Int      @id @default(autoincrement())
  email    String   @unique
  first    String?  #VarChar(5)
  last     String?
  number   Int      @default(0)
  secret   String?  /// @length 8..
  posts    Post[]
  desks    Desk[]
  @@unique([first, last])
}
model Post {
  id         Int       @id @default(autoincrement())
  /// @length 3..20
  title      String
  slug       String?   @unique
  strict     String?
  authorId   Int?      @map("author_id")
  author     User?     @relation(fields: [authorId], references: [id], onDelete: Restrict)
  categoryId Int?
  category   Category? @relation(fields: [categoryId], references: [id], onDelete: Restrict)
  parentId   Int?
  parent     Post?     @relation("tree", fields: [parentId], references: [id], onDelete: NoAction, onUpdate: NoAction)
  children   Post[]    @relation("tree")
  tags       Tag[]
}
model Category {
  id    Int    @id
  posts Post[]
}
model Tag {
  id    Int    @id @default(autoincrement())
  name  String @unique
  posts Post[]
}
model Desk {
  id    Int     @id @default(autoincrement())
  first String?
  last  String?
  user  User?   @relation(fields: [first, last], references: [first, last])
}
model Kinds {
  id      Int       @id @default(autoincrement())
  text    String?
  flag    Boolean?
  int     Int?
  big     BigInt?
  float   Float?
  decimal Decimal?  #Decimal(4, 2)
  at      DateTime?
  kind    Kind?
  json    Json?
  bytes   Bytes?
  email   String?   /// @email
  url     String?   /// @url
  slug    String?   /// @pattern ^[a-z]+$
  theme   String?   /// @one-of light, dark
  short   String?   /// @length 2..3
  age     Int?      /// @range 18..99
}
enum Kind {
  NEWS
  BLOG
}
]]

local function schema_for(engine) return (SCHEMA:gsub("#(%a+%b())", engine == "postgresql" and "@db.%1" or "")) end

-- A column that is stricter than the schema.
local STRICT = {
  sqlite = [[DROP TABLE "Post";
    CREATE TABLE "Post" (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, slug TEXT UNIQUE, strict TEXT NOT NULL DEFAULT 'x',
    author_id INTEGER REFERENCES "User" (id) ON DELETE RESTRICT, "categoryId" INTEGER REFERENCES "Category" (id) ON DELETE RESTRICT,
    "parentId" INTEGER REFERENCES "Post" (id))]],
  postgresql = [[ALTER TABLE "Post" ALTER strict SET DEFAULT 'x', ALTER strict SET NOT NULL]],
}

local function create(model)
  return function(tx, input) return tx[model]:create { data = input } end
end
local function update(model, id)
  return function(tx, input) return tx[model]:update { where = { id = id or 1 }, data = input } end
end
local function remove(model, method)
  return function(tx) return tx[model][method or "delete"](tx[model], { where = { id = 1 } }) end
end

-- The faults of values that only the input knows: field of Kinds, what the form says, code.
local VALUES = {
  { "text", 7, "not_text" }, { "text", { "x" }, "repeated" }, { "text", { set = "x" }, "not_text" }, { "text", "\255", "bad_text", shown = { text = "?" } },
  { "text", "a\0b", "bad_text" },
  { "flag", "maybe", "not_boolean" }, { "int", "1.5", "not_integer" }, { "int", "0x10", "not_integer" }, { "int", { increment = 1 }, "not_integer" },
  { "int", "3000000000", "too_large" }, { "int", "-3000000000", "too_small" }, { "big", "9223372036854775808", "too_large" },
  { "float", "nan", "not_number" }, { "float", "1e5", "not_number" }, { "decimal", "1,5", "not_number" },
  { "at", "yesterday", "not_datetime" }, { "kind", "OTHER", "not_one_of" }, { "json", "{", "not_json" }, { "bytes", "*", "not_bytes" },
  { "email", "x", "not_email" }, { "url", "x", "not_url" }, { "slug", "A", "bad_format" }, { "theme", "red", "not_one_of" },
  { "short", "x", "too_short" }, { "short", "long", "too_long" }, { "age", "7", "too_small" }, { "age", "100", "too_large" },
  { "decimal", "1.234", "too_precise", on = "postgresql" }, { "decimal", "123", "too_large", on = "postgresql" },
}

-- The faults of whole forms: what it is, allow, form, code by path.
local FORMS = {
  { "a missing field", { "title" }, {}, { title = "required" } },
  { "an empty field", { "title" }, { title = "  " }, { title = "too_short" } },
  { "several fields", { "title", "authorId" }, { title = "x", authorId = "x" }, { title = "too_short", authorId = "not_integer" } },
  { "a nested row", { "title", tags = { "name" } }, { title = "abc", tags = { { name = "a" }, { name = 7 } } }, { ["tags.2.name"] = "not_text" } },
  { "a row to connect", { "title", author = "connect" }, { title = "abc", author = { last = "L" } }, { author = "bad_key" } },
  { "key and relation", { "title", "authorId", author = "connect" }, { title = "abc", authorId = "1", author = "1" }, { authorId = "conflict" } },
  { "too many rows", { "title", tags = { "name" }, items = 1 }, { title = "abc", tags = { { name = "a" }, { name = "b" } } }, { tags = "too_many" } },
  { "an unknown field", { "title", unknown = "error" }, { title = "abc", id = "7" }, { id = "unknown" } },
}

-- The faults that only the database knows. `model` and `allow`, or `plain`: the form is the input; the fields of the answer's errors.
local WRITES = {
  -- P2002
  { "a unique field", 409, "P2002", { "email" }, model = "user", allow = { "email" }, form = { email = "ada" }, run = create "user" },
  { "a unique field of an update", 409, "P2002", { "email" }, plain = true, form = { email = "bob" }, run = update "user" },
  { "a compound key", 409, "P2002", { "first", "last" }, model = "user", allow = { "email", "first", "last" },
    form = { email = "x", first = "A", last = "L" }, run = create "user" },
  { "a compound key of which the form has one half", 409, "P2002", { "last" }, model = "user", allow = { "last" }, mode = "update",
    form = { last = "L" }, run = function(tx, input) return tx.user:update { where = { id = 2 }, data = { first = "A", last = input.last } } end },
  { "a compound key that the form has not", 409, "P2002", { "base" }, plain = true, form = { name = "x" },
    run = function(tx) return tx.user:create { data = { email = "x", first = "A", last = "L" } } end },
  { "a nested unique field", 409, "P2002", { "tags.1.name" }, model = "post", allow = { "title", tags = { "name" } },
    form = { title = "abc", tags = { { name = "lua" } } }, run = create "post" },
  { "one of several nested unique fields", 409, "P2002", { "tags" }, model = "post", allow = { "title", tags = { "name" } },
    form = { title = "abc", tags = { { name = "c" }, { name = "lua" } } }, run = create "post" },
  { "a unique field deep in the form", 409, "P2002", { "posts.2.tags.1.name" }, model = "user",
    allow = { "email", posts = { "title", tags = { "name" } } },
    form = { email = "x", posts = { { title = "abc" }, { title = "abc", tags = { { name = "lua" } } } } }, run = create "user" },
  { "unique fields of several lists", 409, "P2002", { "posts" }, model = "user", allow = { "email", posts = { "title", tags = { "name" } } },
    form = { email = "x", posts = { { title = "abc", tags = { { name = "c" } } }, { title = "abc", tags = { { name = "lua" } } } } },
    run = create "user" },
  { "a unique field of a model that the form does not have", 409, "P2002", { "base" }, model = "post", allow = { "title" }, form = { title = "abc" },
    run = function(tx) return tx.tag:create { data = { name = "lua" } } end },

  -- P2003: a row refers to nothing
  { "a missing parent", 422, "P2003", { "authorId" }, model = "post", allow = { "title", "authorId" }, form = { title = "abc", authorId = "99" },
    run = create "post" },
  { "the second of two parents", 422, "P2003", { "categoryId" }, model = "post", allow = { "title", "authorId", "categoryId" },
    form = { title = "abc", authorId = "1", categoryId = "99" }, run = create "post" },
  { "a missing parent in create_many", 422, "P2003", { "authorId" }, plain = true, form = { title = "abc", authorId = 99 },
    run = function(tx, input) return tx.post:create_many { data = { input } } end },
  { "a missing parent in an update", 422, "P2003", { "categoryId" }, model = "post", allow = { "categoryId" }, mode = "update",
    form = { categoryId = "99" }, run = update "post" },
  { "a missing parent of the same model", 422, "P2003", { "parentId" }, plain = true, form = { parentId = 99 }, run = update "post" },
  { "a missing parent of a nested row", 422, "P2003", { "posts.2.categoryId" }, model = "user",
    allow = { "email", posts = { "title", "categoryId" } },
    form = { email = "x", posts = { { title = "abc" }, { title = "abc", categoryId = "99" } } }, run = create "user" },
  { "a missing parent of a compound key", 422, "P2003", { "first" }, model = "desk", allow = { "first", "last" },
    form = { first = "A", last = "X" }, run = create "desk" },
  { "a missing parent that the form does not name", 422, "P2003", { "base" }, model = "post", allow = { "title" }, form = { title = "abc" },
    run = function(tx, input) return tx.post:create { data = { title = input.title, authorId = 99 } } end },
  -- P2003: a row is still referred to
  { "a row in use", 422, "P2003", { "base" }, word = "is still in use", run = remove "user" },
  { "a row in use, chosen by the form", 422, "P2003", { "base" }, word = "is still in use", plain = true, form = { id = 1, authorId = 1 },
    run = remove "user" },
  { "rows in use", 422, "P2003", { "base" }, word = "is still in use", plain = true, form = { id = 1 }, run = remove("user", "delete_many") },
  { "a row in use by its own model", 422, "P2003", { "base" }, word = "is still in use", plain = true, form = { parentId = 1 }, run = remove "post" },

  { "a value too long for its column", 422, "P2000", { "first" }, plain = true, form = { email = "x", first = "too long", last = "very long name" },
    run = create "user", on = "postgresql" },
  { "a nested value too long for its column", 422, "P2000", { "author.first" }, plain = true, on = "postgresql",
    form = { title = "abc", author = { create = { email = "x", first = "too long" } } }, run = create "post" },
  { "NULL where the table has none", 422, "P2011", { "strict" }, plain = true, form = { title = "abc", strict = rille.null }, run = create "post" },
  { "NULL in a nested row", 422, "P2011", { "posts.1.strict" }, model = "user", allow = { "email", posts = { "title", "strict" } },
    form = { email = "x", posts = { { title = "abc", strict = "" } } }, run = create "user" },
  { "an integer out of range", 422, "P2020", { "number" }, plain = true, form = { email = "x", number = 3000000000 }, run = create "user" },
  { "a sum out of range", 422, "P2020", { "base" }, plain = true, form = { by = 2147483647 }, on = "postgresql",
    run = function(tx, input) return tx.user:update { where = { id = 1 }, data = { number = { increment = input.by } } } end },
  { "a value that breaks a rule", 422, "INPUT", { "title" }, plain = true, form = { title = "x" }, run = create "post" },
  { "a nested value that breaks a rule", 422, "INPUT", { "posts.1.title" }, plain = true, run = create "user",
    form = { email = "x", posts = { create = { { title = "x" } } } } },

  -- P2025
  { "a missing row", 404, "P2025", { "base" }, model = "post", allow = { "title" }, mode = "update", form = { title = "abc" }, run = update("post", 99) },
  { "a missing row to delete", 404, "P2025", { "base" }, run = function(tx) return tx.post:delete { where = { id = 99 } } end },
  { "a missing row to find", 404, "P2025", { "base" }, run = function(tx) return tx.post:find_unique_or_throw { where = { id = 99 } } end },
  { "a missing row to connect", 404, "P2025", { "author" }, model = "post", allow = { "title", author = "connect" },
    form = { title = "abc", author = { email = "nobody" } }, run = create "post" },
  { "a missing row to connect on the referencing side", 404, "P2018", { "posts.2" }, model = "user", allow = { "email", posts = "connect" },
    form = { email = "x", posts = { "1", "99" } }, run = create "user" },
  { "one of several missing rows to connect", 404, "P2025", { "tags.2" }, model = "post", allow = { "title", tags = "connect" },
    form = { title = "abc", tags = { "1", "99" } }, run = create "post" },
  { "a missing row to connect deep in the form", 404, "P2025", { "posts.2.category" }, model = "user",
    allow = { "email", posts = { "title", category = "connect" } },
    form = { email = "x", posts = { { title = "abc" }, { title = "abc", category = "99" } } }, run = create "user" },
}

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

support.each_engine(function(engine)
  local db, events
  setup(function()
    db = support.open(engine, schema_for(engine), { omit = { user = { secret = true } } })
    db:execute_script(STRICT[engine])
    db:on("fault", function(event) events[#events + 1] = event end)
    db.user:create { data = { email = "ada", first = "A", last = "L", number = 1 } }
    db.user:create { data = { email = "bob" } }
    db.tag:create { data = { name = "lua" } }
    db.post:create { data = { title = "abc", authorId = 1 } }
    db.post:create { data = { title = "abc", parentId = 1 } }
  end)
  before_each(function() events = {} end)

  local function counts() return { db.user:count(), db.post:count(), db.tag:count(), db.desk:count(), db.kinds:count() } end

  -- The input of a case as the options of an action, and the form.
  local function action_of(case)
    local input
    if case.plain then
      input = function(form) return form end
    elseif case.model then
      input = { model = case.model, allow = case.allow, mode = case.mode }
    end
    return db:action { input = input, run = case.run, transaction = case.transaction }
  end

  -- What every answer to a form has.
  local function expect_fault(answer, status, code, fields, form)
    assert.same({ false, status, code }, { answer.ok, answer.status, answer.code }, events[1] and events[1].message)
    assert.same({ false, status, code, fields }, { answer.ok, answer.status, answer.code, sorted_keys(answer.errors) })
    for _, message in pairs(answer.errors) do assert.matches("^%l[^\n\"]+$", message) end
    assert.same(form or {}, answer.values)
    assert.is_nil(answer.value)
    assert.is_nil(answer.redirect)
    assert.same({}, events)
  end

  describe("a fault of a value", function()
    for _, case in ipairs(VALUES) do
      if not case.on or case.on == engine then
        it(("is one of its field: %s = %q"):format(case[1], tostring(case[2])), function()
          local before = counts()
          local form = { [case[1]] = case[2] }
          local answer = db:action { input = { model = "kinds", allow = { case[1] } }, run = create "kinds" } (form)
          expect_fault(answer, 422, "INPUT", { case[1] }, case.shown or form)
          assert.same({ 1, case[1], case[3] }, { #answer.faults, answer.faults[1].path, answer.faults[1].code })
          assert.same(before, counts())
        end)
      end
    end
  end)

  describe("a fault of a form", function()
    for _, case in ipairs(FORMS) do
      it("is answered with its fields: " .. case[1], function()
        local options, allow = { model = "post" }, {}
        for key, value in pairs(case[2]) do
          if key == "items" or key == "unknown" then options[key] = value else allow[key] = value end
        end
        options.allow = allow
        local answer = db:action { input = options, run = create "post" } (case[3])
        expect_fault(answer, 422, "INPUT", sorted_keys(case[4]), case[3])
        local codes = {}
        for _, fault in ipairs(answer.faults) do codes[fault.path] = fault.code end
        assert.same(case[4], codes)
      end)
    end
  end)

  describe("a fault of a write", function()
    for _, case in ipairs(WRITES) do
      if not case.on or case.on == engine then
        it("is answered with its fields: " .. case[1], function()
          local before = counts()
          local answer = action_of(case)(case.form)
          expect_fault(answer, case[2], case[3], case[4], case.form)
          if case.word then assert.equal(case.word, answer.errors.base) end
          assert.same(before, counts())
        end)
      end
    end
  end)

  it("an answer never has what the client omits", function()
    local sign_up = db:action { input = { model = "user", allow = { "email", "secret", posts = { "title" } } }, run = create "user" }
    for _, form in ipairs { { email = "x", secret = "short" }, { email = "x", secret = { "short", "short" } }, { email = "x", secret = { a = "short" } },
      { email = "ada", secret = "short and long" }, { email = "x", posts = { { title = "abc", secret = "short" } }, secret = "short" } } do
      local answer = sign_up(form)
      assert.is_false(answer.ok)
      assert.is_nil(answer.values.secret)
      assert.is_nil(rille.json.encode(answer):gsub("is too short", ""):gsub("too_short", ""):find("short", 1, true))
    end
  end)
end, true)
