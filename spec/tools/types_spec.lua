-- The types for editors against real calls: what a method takes and gives is of the types that are written for it, and what they refuse is refused.
local annotations = require "tools.annotations"
local output = require "rille.command.output"
local rille = require "rille"
local support = require "support"
local types = require "tools.types"

local null, all, field = rille.null, rille.all, rille.field

-- What SQLite has not is left out there.
local SCHEMA = [[
enum Role {
  ADMIN
  READER
}
model User {
  id      Int       @id @unique @default(autoincrement())
  email   String    @unique
  name    String?
  role    Role      @default(READER)
  maybe   Role?
  roles   Role[]
  tags    String[]
  age     Int?
  big     BigInt    @default(0)
  ratio   Float     @default(0.5)
  price   Decimal   @default(1)
  yes     Boolean   @default(true)
  born    DateTime?
  data    Json?
  raw     Bytes?
  bossId  Int?
  boss    User?     @relation("Boss", fields: [bossId], references: [id])
  team    User[]    @relation("Boss")
  profile Profile?
  posts   Post[]
  labels  Label[]

  @@unique([email, name], name: "who")
}
model Profile {
  userId Int    @id
  user   User   @relation(fields: [userId], references: [id])
  text   String
}
model Post {
  a        Int
  b        String
  title    String @default("")
  authorId Int?
  author   User?  @relation(fields: [authorId], references: [id])

  @@id([a, b])
}
model Label {
  id    Int    @id
  users User[]
}
]]

local EXTENSION = [[
local extension = { name = "types" }
extension.result = { user = {
  label = {
    needs = { "email" },
    ---@return string
    compute = function(user) return "<" .. user.email .. ">" end,
  },
  either = { compute = function() return nil end },
} }
extension.model = {
  user = {
    --- Finds one.
    ---@param email string
    ---@param loud? boolean
    ---@return db.User|nil
    by_email = function(self, email, loud) return not loud and self:find_unique { where = { email = email } } or nil end,
  },
  ["*"] = { how_many = function(self, ...) return self:count(...) end },
}
---@return integer
function extension.users(self) return self.user:count() end
extension.client, extension.users = { users = extension.users }, nil
return extension
]]

local function read(path, known)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return annotations.read(text, known)
end

-- In the order in which they run, on one database: method, arguments.
local CALLS = {
  { "User.create", { data = { email = "a@x", name = "A", age = 1, born = 0, data = { a = { 1 } }, raw = "\0", price = "1.50",
    posts = { create = { a = 1, b = "x" } },
    labels = { create = { { id = 1 }, { id = 2 } } }, profile = { create = { text = "t" } } }, include = { posts = true, profile = true,
    labels = true, boss = true, _count = true } } },
  { "User.create", { data = { email = "b@x", born = "2026-01-01", price = 2, boss = { connect = { id = 1 } } }, select = { id = true,
    boss = { select = { email = true } } } } },
  { "User.create", { data = { email = "c@x", bossId = 1, born = { year = 2026, month = 1, day = 2 }, price = rille.decimal "3.25", name = null } } },
  { "User.create_many", { data = { { email = "d@x" }, { email = "e@x", age = null, maybe = "ADMIN" } }, skip_duplicates = nil } },
  { "User.create_many", { data = { email = "f@x", posts = { create = { a = 2, b = "f" } } } } },
  { "User.create_many_and_return", { data = { { email = "g@x" } }, omit = { email = true } } },
  { "User.find_unique", { where = { id = 1 } } },
  { "User.find_unique", { where = { who = { email = "a@x", name = "A" } } } },
  { "User.find_unique", { where = { email = "a@x", age = { gt = 0 }, OR = { { id = 1 }, { id = 2 } } } } },
  { "User.find_unique", { where = { id = 99 } } },
  { "User.find_unique_or_throw", { where = { email = "a@x" }, include = { team = { take = 1, order_by = { id = "asc" } },
    _count = { select = { team = true } } } } },
  { "User.find_first", { where = { posts = { some = { title = "" } }, profile = { is = { text = "t" } } } } },
  { "User.find_first_or_throw", { where = { boss = null } } },
  { "User.find_many" },
  { "User.find_many", { where = { AND = { age = { ["not"] = null } }, NOT = { { id = 5 } }, role = { in_ = { "ADMIN", "READER" } } } } },
  { "User.find_many", { where = { name = { not_ = { contains = "z" } }, email = { ends_with = "x", not_in = { "q" } } },
    order_by = { { name = { sort = "asc", nulls = "last" } },
    { posts = { _count = "desc" } }, { boss = { email = "asc" } } }, skip = 0, take = -5, distinct = "role" } },
  { "User.find_many", { where = { age = { equals = field("User", "id") }, price = { gte = 1, lt = "9.5" }, born = { lte = "2030-01-01" } } } },
  { "User.find_many", { where = { data = { equals = { a = { 1 } } } }, cursor = { id = 1 }, distinct = { "role", "yes" }, order_by = { id = "asc" } } },
  { "User.find_many", { where = { boss = { is = null }, team = { none = {}, every = { age = 1 } }, maybe = null, yes = { equals = true } } } },
  { "User.find_many", { include = { boss = { include = { team = true } }, posts = { where = { a = 1 }, distinct = { "a" } },
    labels = { select = { id = true } } } } },
  { "Post.find_unique", { where = { a_b = { a = 1, b = "x" } }, include = { author = { select = { id = true, _count = true } } } } },
  { "Post.find_many", { where = { author = { is_not = { age = 5 } }, authorId = { in_ = { 1, 2 } } }, order_by = { author = { id = "desc" } } } },
  { "User.update", { where = { id = 1 }, data = { age = { increment = 1 }, price = { multiply = "2" }, name = { set = "B" },
    role = { set = "ADMIN" }, big = { set = 5 },
    posts = { update = { where = { a_b = { a = 1, b = "x" } }, data = { title = "T" } } }, labels = { disconnect = { { id = 1 } },
    set = { { id = 2 } } } } } },
  { "User.update", { where = { id = 1 }, data = { profile = { upsert = { create = { text = "n" }, update = { text = "u" } } },
    boss = { disconnect = true }, data = null },
    include = { profile = true } } },
  { "User.update", { where = { id = 1 }, data = { posts = { create_many = { data = { { a = 3, b = "y" } } }, update_many = { where = { a = 3 },
    data = { title = "m" } },
    delete_many = { title = "nothing" }, connect_or_create = { where = { a_b = { a = 4, b = "z" } }, create = { a = 4, b = "z" } } } } } },
  { "User.update_many", { where = { age = { gt = 100 } }, data = { yes = false, age = { divide = 2 } }, limit = 3 } },
  { "User.update_many_and_return", { where = all, data = { ratio = { set = 1.5 } }, select = { ratio = true } } },
  { "User.upsert", { where = { email = "h@x" }, create = { email = "h@x" }, update = { name = "H" } } },
  { "User.upsert_many", { data = { { email = "h@x", name = "again" }, { email = "i@x" } }, on = { "email" }, update = { "name" } } },
  { "User.upsert_many", { data = { { email = "i@x" } }, on = "email", update = "all" } },
  { "User.count" },
  { "User.count", { where = { age = null }, select = { _all = true, name = true } } },
  { "User.count", { select = true, take = 2, cursor = { id = 1 }, order_by = { id = "asc" } } },
  { "User.aggregate", { _count = true, _sum = { age = true, price = true, big = true }, _avg = { age = true, price = true }, _min = { born = true,
    email = true, role = true },
    _max = { ratio = true } } },
  { "User.aggregate", { where = { id = -1 }, _count = { _all = true, name = true }, _sum = { age = true }, _avg = { ratio = true } } },
  { "User.group_by", { by = { "role", "yes" }, _count = { _all = true }, _max = { born = true }, having = { age = { _sum = { gt = -1 } } },
    order_by = { { _count = { id = "desc" } },
    { role = "asc" } }, take = 3 } },
  { "User.group_by", { by = "role", _count = true, order_by = { role = "asc" }, having = { role = "ADMIN", _all = { _count = { gte = 0 } } } } },
  { "User.group_by", { by = { { born = "year" } }, _count = { name = true } } },
  { "User.exists", { where = { age = 1 } } },
  { "User.exists" },
  { "User.delete", { where = { email = "d@x" }, include = { profile = true } } },
  { "User.delete_many", { where = { email = "e@x" }, limit = 1 } },
  { "Post.delete_many", { where = all } },
}

local ON_POSTGRES = {
  { "User.create", { data = { email = "l@x", roles = { "ADMIN" }, tags = { set = { "a" } } } } },
  { "User.update", { where = { email = "l@x" }, data = { tags = { push = "b" }, roles = { push = { "READER" } } } } },
  { "User.update", { where = { email = "l@x" }, data = { tags = { "c" } } } },
  { "User.find_many", { where = { tags = { has = "c", has_some = { "c", "d" }, is_empty = false }, roles = { has_every = { "ADMIN" } } }, lock = "update" } },
  { "User.find_many", { where = { name = { contains = "B", mode = "insensitive" } }, lock = { mode = "share", skip_locked = true } } },
}

-- What neither takes: the types say no, and so does the call.
local WRONG = {
  { "User.find_many", { where = { emial = "x" } } }, { "User.find_many", { where = { age = "x" } } }, { "User.find_many", { where = { age = { gt = {} } } } },
  { "User.find_many", { take = "1" } }, { "User.find_many", { order_by = { id = "up" } } }, { "User.find_many", { distinct = "posts" } },
  { "User.find_many", { where = { role = "KING" } } }, { "User.find_many", { where = { posts = { any = {} } } } }, { "User.find_many",
    { include = { email = true } } },
  { "User.find_many", { select = { emial = true } } }, { "User.find_many", { where = { yes = 1 } } }, { "User.find_many", { lock = "shared" } },
  { "User.find_unique", {} }, { "User.find_unique", { where = { who = { email = "x" } } } }, { "User.create", { data = { email = 5 } } },
  { "User.create", { data = { name = "x" } } }, { "User.create", { data = { email = "x", posts = { make = {} } } } }, { "User.create_many", {} },
  { "User.create_many", { data = { { email = "x", boss = { connect = { id = 1 } } } } } }, { "User.update", { where = { id = 1 },
    data = { name = { increment = 1 } } } },
  { "User.update", { where = { id = 1 } } }, { "User.update_many", { where = all } }, { "User.upsert", { where = { id = 1 }, create = { email = "x" } } },
  { "User.upsert_many", { data = { { email = "x" } } } }, { "User.group_by", { by = { "posts" } } }, { "User.aggregate", { _sum = { email = true } } },
  { "User.group_by", { _count = true } }, { "User.count", { select = { posts = true } } }, { "User.exists", { wher = {} } }, { "User.delete", {} },
}

support.each_engine(function(engine)
  describe("types for editors", function()
    local db, known, schema_text, url

    setup(function()
      local text = SCHEMA
      if engine == "sqlite" then text = text:gsub("  roles +Role%[%]\n", ""):gsub("  tags +String%[%]\n", "") end
      url, schema_text = support.database(engine), text
      rille.push { url = url, schema_text = text }
      db = support.connect(url, text)
      local file = support.folder() .. "/types.lua"
      rille.generate.run { schema_text = text, url = url, output = file }
      known = read "lua/rille/meta.lua"
      for _, name in ipairs { "meta_models", "meta_migrate", "explanation" } do read(("lua/rille/%s.lua"):format(name), known) end
      read(file, known)
    end)
    teardown(support.cleanup)

    -- The types of a method: of its arguments, whether they may be left out, and of what it gives.
    local function signature(name)
      local model, method = name:match "^(%w+)%.([%w_]+)$"
      local text = annotations.fields(known, "db." .. model .. ".Model")[method].type
      local optional, args, result = text:match "args(%??): (.-)%): (.*)$"
      return db[model][method], db[model], optional == "?" and args .. "|nil" or args, result
    end

    local function right(call)
      local method, model, args, result = signature(call[1])
      local shown = call[1] .. " " .. output.encode(call[2])
      local ok, why = types.fits(call[2], args, known, "args")
      assert.is_true(ok, shown .. ": the types refuse what works: " .. tostring(why))
      ok, why = types.fits(method(model, call[2]), result, known, "result")
      assert.is_true(ok, shown .. ": the result is of another type: " .. tostring(why))
    end

    it("take what the methods take, and say what they give", function()
      for _, call in ipairs(CALLS) do right(call) end
      for _, call in ipairs(engine == "postgresql" and ON_POSTGRES or {}) do right(call) end
    end)

    it("refuse what the methods refuse", function()
      for _, call in ipairs(WRONG) do
        local method, model, args = signature(call[1])
        assert.is_false((types.fits(call[2], args, known)), call[1] .. ": the types take it: " .. output.encode(call[2]))
        assert.is_false((pcall(method, model, call[2])), call[1] .. ": it works")
      end
    end)

    it("have the fields and methods of an extension", function()
      local folder, opened = support.folder(), support.open(engine, schema_text)
      local path = support.write(folder .. "/extension.lua", EXTENSION)
      rille.generate.run { schema_text = schema_text, url = url, output = folder .. "/types.lua", extension = path }
      local own = read "lua/rille/meta.lua"
      for _, name in ipairs { "meta_models", "meta_migrate", "explanation" } do read(("lua/rille/%s.lua"):format(name), own) end
      read(folder .. "/types.lua", own)
      local x = opened:extend(dofile(path))
      local methods, client = annotations.fields(own, "db.User.Model"), annotations.fields(own, "db")
      assert.equal("fun(self: db.User.Model, email: string, loud?: boolean): db.User|nil", methods.by_email.type)
      assert.equal("fun(self: db.User.Model, ...: any): any", methods.how_many.type)
      assert.equal("fun(self: db.Post.Model, ...: any): any", annotations.fields(own, "db.Post.Model").how_many.type)
      assert.equal("fun(self: db): integer", client.users.type)
      local user = x.user:create { data = { email = "types@x" }, select = { id = true, label = true, email = true } }
      assert.is_true(types.fits(user, "db.User", own, "row"))
      assert.equal("string", annotations.fields(own, "db.User").label.type)
      assert.is_false((types.fits({ id = 1, email = "e", label = 5 }, "db.User", own, "row")))
      for _, part in ipairs { "Select", "Omit" } do
        assert.is_true((types.fits({ label = true, either = false }, "db.User." .. part, own, "args")))
        assert.is_false((types.fits({ lable = true }, "db.User." .. part, own, "args")))
      end
      assert.is_nil(annotations.fields(own, "db.Post").label)
      x.user:delete { where = { id = user.id } }
    end)

    it("say what is wrong with the file of an extension", function()
      local folder = support.folder()
      for text, message in pairs {
        ["return function() end"] = "must return an extension", ["return {"] = "cannot be read", ["error('x')"] = "failed",
        ["return { model = { usr = {} } }"] = "did you mean `user`?",
      } do
        local e = support.fails("VALIDATION", rille.generate.run, { schema_text = schema_text, url = url, output = folder .. "/t.lua",
          extension = support.write(folder .. "/extension.lua", text) })
        assert.truthy(e.message:find(message, 1, true), e.message)
      end
    end)
  end)
end)
