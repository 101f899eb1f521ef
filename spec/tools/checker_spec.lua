-- The types for editors, read by a real checker: a program that is right has no fault, and each fault of a wrong one is found.
local rille = require "rille"
local support = require "support"

local pipe = io.popen "spec/tools/checker.sh 2>&1"
local said = pipe:read "l"
local checker = pipe:close() and said

local SCHEMA = [[
model User {
  id    Int     @id
  email String  @unique
  name  String?
  posts Post[]
}
model Post {
  id       Int    @id
  title    String
  author   User   @relation(fields: [authorId], references: [id])
  authorId Int
}
model Batch {
  id Int @id
}
]]

local RIGHT = [[
---@type db
local db = require("rille").connect()
local users = db.user:find_many { where = { email = { ends_with = "x" }, posts = { some = { title = "t" } } }, include = { posts = true }, take = 5 }
for _, user in ipairs(users) do print(user.email:upper(), #user.posts) end
local post = db.post:create { data = { id = 1, title = "t", authorId = 1 } }
print(post.title:upper())
db.user:update { where = { id = 1 }, data = { name = "x", posts = { create = { id = 2, title = "u" } } } }
print(db.batch:count())
db:batch(function(b) b.user:count() end)
db:transaction(function(tx) return tx.user:count() end)
local tenant = db:with { scope = { ["*"] = { id = 7 }, post = { title = "t" } }, except = { "batch" }, unscoped = true }
for _, user in ipairs(tenant.user:find_many { cache = { ttl = 60, tags = { "users" } } }) do print(user.email:upper()) end
local extended = db:extend { name = "log", write = { ["*"] = { before = function(row, tx) print(row, tx.user:count()) end } },
  query = { user = { find_many = function(call) return call.run(call.args) end } } }
print(extended.user:count() + db:cached(function() return db.user:count() end, { key = "count", ttl = 60 })())
]]

-- Mistakes, each in its own program.
local WRONG = {
  "db.user:find_mny {}", "print(db.usr)", "print(db.user:find_unique_or_throw { where = { id = 1 } }.emial)", "print(db.user:count():upper())",
  "db.user:find_many { take = '5' }", "db.user:find_many { order_by = { id = 'ascending' } }", "db.user:create { data = { id = 'x', email = 1 } }",
  "print(db.user:find_unique { where = { id = 1 } }.email)", "db:with { scope = 3 }", "db:with { except = 'batch' }", "db:extend { write = 5 }",
  "db.user:find_many { cache = { ttl = 'x' } }", "print(db:with { primary = true }.usr)",
}

describe("types for editors under a checker", function()
  after_each(support.cleanup)

  if not checker then
    pending("are not read: " .. tostring(said))
    return
  end

  local function check(program, large)
    local folder = support.folder()
    local text = SCHEMA
    for i = 1, large and 30 or 0 do text = text .. ("model Extra%d {\n  id Int @id\n  a String\n  b DateTime\n  c Int?\n  d Float\n}\n"):format(i) end
    support.write(folder .. "/schema.prisma", text)
    rille.generate.run { schema = folder .. "/schema.prisma" }
    support.write(folder .. "/main.lua", program)
    support.write(folder .. "/.emmyrc.json", '{ "workspace": { "library": ["' .. folder .. '/library"] } }')
    os.execute(("mkdir '%s/library' && cp lua/rille/meta*.lua lua/rille/explanation.lua '%s/library'"):format(folder, folder))
    local run = io.popen(("timeout 120 '%s' '%s' 2>&1; echo status $?"):format(checker, folder))
    local output = run:read "a"
    run:close()
    assert.truthy(output:find("Check finished", 1, true), output)
    return output:gsub("\27%[[%d;]*m", "")
  end

  it("find nothing wrong in what is right, also in several files", function()
    for _, large in ipairs { false, true } do
      local output = check(RIGHT, large)
      assert.is_nil(output:find "main%.lua", output)
      assert.is_nil(output:find "rille%.types", output)
    end
  end)

  it("find each fault", function()
    for _, line in ipairs(WRONG) do
      local output = check('---@type db\nlocal db = require("rille").connect()\n' .. line .. "\n")
      assert.truthy(output:find "main%.lua", line .. ": " .. output)
    end
  end)
end)
