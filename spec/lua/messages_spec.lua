-- Errors of the first hour: no database, tables or columns yet, and names of other tools.
local rille = require "rille"
local support = require "support"

local schema = [[
model User {
  id        Int      @id
  email     String   @unique
  createdAt DateTime @default(now())
  visits    Int      @default(0) @map("visit_count")
  posts     Post[]
}

model Post {
  id       Int    @id
  title    String
  authorId Int
  author   User   @relation(fields: [authorId], references: [id])
  tags     Tag[]

  @@map("posts")
}

model Tag {
  id    Int    @id
  posts Post[]
}
]]

local OLD = "model User {\n id Int @id\n}\nmodel Post {\n id Int @id\n authorId Int\n @@map(\"posts\")\n}\nmodel Tag {\n id Int @id\n}\n"
local ADVICE = "`rille migrate dev` or `rille db push` creates it"

local function says(e, ...)
  for _, text in ipairs { ... } do assert.truthy(e.message:find(text, 1, true), e.message) end
end

support.each_engine(function(engine)
  it("a database without tables", function()
    local url = support.database(engine)
    local db = support.connect(url, schema)
    db:execute_script "CREATE TABLE other (id integer)"
    local data = { id = 1, title = "x", author = { create = { id = 1, email = "x" } } }
    for _, call in ipairs {
      { "posts", "Post", function(on) return on.post:find_many() end }, { "User", "User", function(on) return on.post:create { data = data } end },
      { "User", "User", function(on) return on.user:upsert_many { data = { { id = 1, email = "x" } }, on = { "id" } } end },
      { "posts", "Post", function(on) return on.post:count { where = { id = 1 } } end },
    } do
      for _, on in ipairs { db, false } do
        local e = support.fails("P2021", function()
          if on then return call[3](on) end
          return db:transaction(call[3])
        end)
        says(e, ("the table `%s` of %s does not exist in the database; %s"):format(call[1], call[2], ADVICE))
        assert.equal(call[2], e.meta.model)
      end
    end
  end)

  it("a database without some columns and a join table", function()
    local url = support.database(engine)
    rille.push { schema_text = OLD, url = url }
    local db = support.connect(url, schema)
    local post = { id = 1, title = "x", authorId = 1 }
    for _, call in ipairs {
      { "User.email: the column `email` of the table `User`", function() return db.user:find_many() end },
      { "User.visits: the column `visit_count` of the table `User`", function() return db.user:aggregate { _sum = { visits = true } } end },
      { "User.visits: the column `visit_count` of the table `User`", function() return db.post:count { where = { author = { visits = 1 } } } end },
      { "Post.title: the column `title` of the table `posts`", function() return db.post:create { data = post } end },
      { "Post.title: the column `title` of the table `posts`", function() return db.post:create_many { data = { post } } end },
      { "Post.title: the column `title` of the table `posts`", function() return db.post:update_many { where = { id = 1 }, data = { title = "y" } } end },
      { "Post.title: the column `title` of the table `posts`", function()
        return db.post:find_many { order_by = { title = "asc" }, select = { id = true } }
      end },
    } do
      local e = support.fails("P2022", call[2])
      says(e, call[1] .. " does not exist in the database; " .. ADVICE)
      assert.equal(e.message:match "^%a+%.(%a+)", e.meta.field)
      assert.is_nil(e.meta.column:find(".", 1, true))
    end
    local e = support.fails("P2021", function() return db.tag:find_many { where = { posts = { some = {} } } } end)
    says(e, "the table `_PostToTag` of the relation Post.tags does not exist in the database; " .. ADVICE)
    support.fails("P2010", function() return db:query_raw "SELECT nothing FROM posts" end)
  end)

  it("no database", function()
    local url = support.database(engine):gsub("(%w)([^%w]?%w*)$", "%1_gone%2")
    local e = support.fails("P1003", function() return support.connect(url, schema).user:count() end)
    says(e, "does not exist", ADVICE)
  end)

  it("names of other tools", function()
    local db = support.open(engine, schema)
    local function meant(right, method, args)
      local e = support.fails("VALIDATION", function() return db.user[method](db.user, args) end)
      says(e, right)
    end
    for right, wrong in pairs {
      take = { "limit", "first", "top" }, skip = { "offset" }, order_by = { "orderBy", "sort", "order" }, include = { "with", "joins", "populate" },
      where = { "filter", "conditions" }, select = { "fields", "columns", "attributes" },
    } do
      for _, name in ipairs(wrong) do meant(("did you mean `%s`?"):format(right), "find_many", { [name] = 1 }) end
    end
    for right, wrong in pairs {
      contains = { "like", "ilike", "includes" }, starts_with = { "startsWith" }, ["not"] = { "ne", "$ne", "<>" },
      not_in = { "notIn", "nin" }, gte = { ">=", "min" },
    } do
      for _, name in ipairs(wrong) do meant(("did you mean `%s`?"):format(right), "find_many", { where = { email = { [name] = "x" } } }) end
    end
    meant("did you mean `OR`?", "find_many", { where = { ["$or"] = {} } })
    meant("did you mean `createdAt`?", "find_many", { where = { created_at = 1 } })
    meant("did you mean `some`?", "find_many", { where = { posts = { any = {} } } })
    meant("did you mean `increment`?", "update", { where = { id = 1 }, data = { visits = { inc = 1 } } })
    meant("did you mean `data`?", "create", { values = {} })
    meant("did you mean `limit`?", "delete_many", { where = { id = 1 }, take = 1 })
    meant("did you mean `_sum`?", "aggregate", { sum = { visits = true } })
  end)

  it("what is in the wrong place", function()
    local db = support.open(engine, schema)
    for _, case in ipairs {
      { "find_many", { email = "x" }, "email: a field of User, not an argument; write `where = { email = ... }`" },
      { "find_unique", { id = 1 }, "id: a field of User, not an argument; write `where = { id = ... }`" },
      { "update", { id = 1, data = {} }, "id: a field of User, not an argument; write `where = { id = ... }` or `data = { id = ... }`" },
      { "create", { email = "x" }, "email: a field of User, not an argument; write `data = { email = ... }`" },
      { "find_many", { posts = true }, "posts: a relation of User, not an argument; write `include = { posts = true }`" },
      { "find_many", { select = { select = { id = true } } }, "it is already inside `select`" },
      { "find_many", { where = { where = { id = 1 } } }, "it is already inside `where`" },
      { "find_many", { include = { "posts" } }, "include: expected a table with names as keys, got a list; write `{ posts = true }`" },
      { "find_many", { select = { "id", "email" } }, "select: expected a table with names as keys, got a list; write `{ id = true }`" },
      { "find_many", { omit = { "email" } }, "omit: expected a table with names as keys, got a list; write `{ email = true }`" },
      { "find_many", { include = "posts" }, "include: expected a table with names as keys, got a string; write `{ posts = true }`" },
      { "find_many", { include = { posts = { title = true } } }, "a field of Post; write `select = { title = true }` to return it" },
      { "find_many", { where = { posts = { title = "x" } } }, "a field of Post; write `some = { title = ... }`" },
      { "aggregate", { _sum = { "visits" } }, "_sum: expected a table with names as keys, got a list; write `{ visits = true }`" },
    } do
      says(support.fails("VALIDATION", db.user[case[1]], db.user, case[2]), case[3])
    end
    says(support.fails("VALIDATION", db.transaction, db, { db.user }), "for several calls together there is db:batch(function(b) ... end)")
    says(support.fails("VALIDATION", db.user.explain, db.user, { action = {} }), "explain: action: expected the name of a method")
    says(support.fails("VALIDATION", db.user.explain, db.user, { action = "findMany" }), "did you mean `find_many`?")
  end)
end)

describe("methods of other tools", function()
  after_each(support.cleanup)

  it("are suggested by what they do", function()
    local db = support.connect("sqlite::memory:", schema)
    for wrong, right in pairs {
      findMany = "find_many", all = "find_many", first = "find_first", get = "find_unique", insert = "create", bulkCreate = "create_many", destroy = "delete",
      save = "create", findOrCreate = "upsert", sum = "aggregate", any = "exists", find_each = "each", deleteMany = "delete_many",
    } do
      says(support.fails("VALIDATION", function() return db.user[wrong] end), ("did you mean `%s`?"):format(right))
    end
    for wrong, right in pairs {
      query = "query_raw", execute = "execute_raw", ["$queryRaw"] = "query_raw", begin = "transaction", ["$transaction"] = "transaction", subscribe = "listen",
    } do
      says(support.fails("VALIDATION", function() return db[wrong] end), ("did you mean db:%s?"):format(right))
    end
    says(support.fails("VALIDATION", rille.connect, { dsn = "x" }), "did you mean `url`?")
  end)
end)
