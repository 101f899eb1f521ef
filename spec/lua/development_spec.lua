-- Development: strict rows, and what is warned of.
local rille = require "rille"
local support = require "support"

local schema = [[
model User {
  id    Int    @id @default(autoincrement())
  email String @unique
  name  String?
  posts Post[]
}

model Post {
  id       Int     @id @default(autoincrement())
  title    String
  note     String?
  meta     Json?
  author   User    @relation(fields: [authorId], references: [id])
  authorId Int
  parentId Int?
  parent   Post?   @relation("tree", fields: [parentId], references: [id])
  children Post[]  @relation("tree")
}
]]

local function fails(words, fn)
  local e = support.fails("VALIDATION", fn)
  assert.truthy(e.message:find(words, 1, true), e.message)
  assert.truthy(e.place:find "development_spec.lua:%d+", e.place)
end

local function select_error(row, key)
  local _, e = pcall(function() return row[key] end)
  return type(e) == "table" and e.code
end

local function not_there(row, key, words) fails(words, function() return row[key] end) end

support.each_engine(function(engine)
  local db, url, quiet

  setup(function()
    db, url = support.open(engine, schema, { development = true, log = function() end })
    quiet = support.connect(url, schema)
    db.user:create { data = { email = "a@example.com", posts = { create = { title = "one" } } } }
    db.post:create { data = { title = "two", parentId = 1, authorId = 1 } }
  end)

  describe("strict rows", function()
    it("refuse what was not selected and what does not exist; NULL is nil", function()
      local user = db.user:find_first { select = { id = true, name = true } }
      assert.same({ id = 1 }, user)
      assert.is_nil(user.name)
      not_there(user, "email", "row.email: not selected; this row of User was read without it, see select = { email = true }")
      not_there(user, "posts", "row.posts: not selected; this row of User was read without it, see include = { posts = true }")
      not_there(user, "nmae", "row.nmae: no such field in User; did you mean `name`?")
      user.full_name = "Ada"
      assert.equal("Ada", user.full_name)
      assert.is_nil(user[1])
      assert.is_nil(user.__tostring)
      assert.equal(0, #user)
    end)

    it("are strict at every level", function()
      local posts = { select = { id = true, note = true }, order_by = { id = "asc" } }
      local user = db.user:find_first { include = { posts = posts, _count = { select = { posts = true } } } }
      assert.equal(2, user._count.posts)
      assert.is_nil(user.posts[1].note)
      not_there(user.posts[1], "title", "row.title: not selected")
      not_there(user.posts[2], "posts", "row.posts: no such field in Post")
      local post = db.post:find_first { include = { author = true, parent = true }, where = { id = 1 } }
      assert.is_nil(post.parent)
      not_there(post.author, "titel", "no such field in User")
      local tree = db.post:find_first { where = { id = 1 }, include = { children = { recursive = true } } }
      assert.equal("two", tree.children[1].title)
      assert.same({}, tree.children[1].children)
      not_there(tree.children[1], "author", "row.author: not selected")
      local group = db.post:group_by({ by = "authorId", _count = true })[1]
      assert.equal(2, group._count)
      not_there(group, "title", "row.title: not selected")
      local sums = db.post:aggregate { _sum = { id = true } }
      assert.equal(3, sums._sum.id)
      not_there(sums, "_avg", "no such field")
    end)

    it("come from every method", function()
      local select = { id = true }
      for row in db.post:each { select = select, batch = 1 } do not_there(row, "title", "not selected") end
      not_there(db.post:paginate({ select = select }).rows[1], "title", "not selected")
      local page = db.post:paginate { select = { note = true }, order_by = { title = "asc" } }
      not_there(page.rows[1], "title", "row.title: not selected")
      not_there(page.rows[1], "id", "row.id: not selected")
      assert.is_nil(page.rows[1].note)
      not_there(db.post:update { where = { id = 1 }, data = { note = "x" }, select = select }, "title", "not selected")
      local rows, one = db:batch(function(b)
        b.post:find_many { select = select }
        b.user:find_first()
      end)
      not_there(rows[2], "title", "not selected")
      not_there(one, "nope", "no such field in User")
      db:transaction(function(tx)
        not_there(tx.user:find_first { select = select }, "email", "not selected")
        tx:transaction(function(inner) not_there(inner.user:find_first { select = select }, "email", "not selected") end)
      end)
      not_there(db:with({ timeout = 5000 }).user:find_first { select = select }, "email", "not selected")
      local raw = db:query_raw "SELECT 1 AS x"
      assert.is_nil(raw[1].y)
      local other = support.connect(url, schema, { development = true, log = function() end, wait = support.hook(), keep_nulls = true })
      support.run(function()
        local row = other.user:find_first { select = { id = true, name = true } }
        assert.equal(rille.null, row.name)
        assert.equal("VALIDATION", select_error(row, "email"))
        for each in other.post:each { select = select } do assert.equal("VALIDATION", select_error(each, "title")) end
      end)
    end)

    it("are accepted as arguments, and are ordinary tables in JSON", function()
      local user = db.user:find_first { where = { id = 1 } }
      assert.equal("a@example.com", db.user:find_first({ where = user }).email)
      local post = db.post:find_first { where = { id = 2 }, select = { title = true, authorId = true } }
      local copy = db.post:create { data = post }
      assert.equal("two", copy.title)
      assert.equal(1, db.post:create_many({ data = { post } }).count)
      assert.equal("one", db.post:find_unique({ where = db.post:find_first { where = { id = 1 }, select = { id = true } } }).title)
      db.post:delete_many { where = { id = { gt = 2 } } }
      assert.equal('{"id":1,"email":"a@example.com"}', rille.json.encode(user, { model = "user" }))
      assert.equal('{"email":"a@example.com","id":1}', rille.json.encode(user))
      assert.equal("id,email,name\r\n1,a@example.com,\r\n", rille.csv.encode({ user }, { model = db.user, columns = { "id", "email", "name" } }))
      assert.truthy(rille.inspect { user, { other = 1 } }:find("a@example.com", 1, true))
      db.post:update { where = { id = 1 }, data = { meta = user } }
      assert.same({ id = 1, email = "a@example.com" }, db.post:find_unique({ where = { id = 1 } }).meta)
    end)

    it("are plain where it is off", function()
      assert.is_nil(quiet.user:find_first().nope)
      assert.is_nil(getmetatable(quiet.user:find_first()))
      assert.is_nil(support.connect(url, schema, { development = false }).user:find_first().nope)
    end)
  end)

  it("warns of what is slow and repeated", function()
    local seen = {}
    local other = support.connect(url, schema, { development = true, slow_ms = 1, log = function(event) seen[event.event] = event end })
    for i = 1, 12 do other.user:find_unique { where = { id = i } } end
    assert.equal(12 - 1, seen.n_plus_one.count)
    local count = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 200000) SELECT max(n) FROM c"
    other:query_raw(engine == "sqlite" and count or "SELECT pg_sleep(0.01)")
    assert.is_truthy(seen.slow)
  end)

  it("warns of pending migrations at the first call, once", function()
    local folder = support.folder()
    support.write(folder .. "/schema.prisma", schema)
    local path = folder .. "/migrations"
    local place = { schema = folder .. "/schema.prisma", url = support.database(engine), migrations = path }
    local function warnings(options)
      local list = {}
      options.schema, options.url = place.schema, place.url
      options.log = function(event)
        if event.event == "warn" then list[#list + 1] = event.message end
      end
      local other = rille.connect(options)
      other:on("query", function() end)
      pcall(function() return other.user:count() end)
      pcall(function() return other:transaction(function(tx) return tx.user:count() end) end)
      other:close()
      return list
    end
    assert.same({}, warnings { development = true })
    os.execute(("mkdir -p '%s/20260101000000_init' '%s/20260102000000_more'"):format(path, path))
    support.write(path .. "/20260101000000_init/migration.sql", 'CREATE TABLE "User" (id INTEGER PRIMARY KEY);')
    support.write(path .. "/20260102000000_more/migration.sql", 'CREATE TABLE "Post" (id INTEGER PRIMARY KEY);')
    support.write(path .. "/migration_lock.toml", ('provider = "%s"\n'):format(engine))
    if engine == "sqlite" then rille.push { schema_text = "", url = place.url } end
    local found = warnings { development = true }
    assert.equal(1, #found)
    assert.truthy(found[1]:find("2 migrations of .* are pending: 20260101000000_init, 20260102000000_more; `rille migrate dev` applies them"), found[1])
    assert.same({}, warnings {})
    rille.migrate.deploy { schema = place.schema, url = place.url, migrations = path }
    assert.same({}, warnings { development = true })
  end)

  it("is on where the environment says so", function()
    local program = support.write(support.folder() .. "/x.lua", ([[
      local rille = require "rille"
      local db = rille.connect { url = %q, schema_text = io.read "a" }
      print(pcall(function() return db.user:find_first().nope end))
      print(rille.connect { url = %q, schema_text = "", development = false } ~= nil)
    ]]):format(url, url))
    local function run(environment)
      local input = support.write(support.folder() .. "/schema.prisma", schema)
      local pipe = io.popen(("%s lua5.4 '%s' <'%s' 2>&1"):format(environment, program, input))
      local text = pipe:read "a"
      pipe:close()
      return text
    end
    assert.truthy(run("RILLE_ENV=development"):find("row.nope: no such field in User", 1, true))
    assert.equal("true\tnil\ntrue\n", run("RILLE_ENV=production"))
  end)
end, true)
