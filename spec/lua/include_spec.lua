-- Relations of every kind in reads: nested, filtered, ordered and paged for each parent.
local rille = require "rille"
local support = require "support"
local schema = require "lua.blog_schema"

local function pick(rows, key)
  local list = {}
  for i, row in ipairs(rows) do list[i] = row[key] end
  return list
end

support.each_engine(function(engine)
  local db

  setup(function()
    db = support.open(engine, schema)
    db.user:create_many { data = {
      { email = "a", name = "Ada" },
      { email = "b", name = "Bea", bossId = 1 },
      { email = "c", name = "Cid", bossId = 1 },
      { email = "d", name = "Dot", bossId = 3 },
    } }
    db.profile:create { data = { city = "Oslo", userId = 1 } }
    db.tag:create_many { data = { { name = "red" }, { name = "green" }, { name = "blue" } } }
    for i = 1, 6 do
      db.post:create { data = { title = "P" .. i, views = 7 - i, published = i % 2 == 0, authorId = i <= 4 and 1 or 2,
        tags = { connect = { { id = i % 3 + 1 }, { id = (i + 1) % 3 + 1 } } } } }
    end
    for i = 1, 8 do db.comment:create { data = { text = "C" .. i, postId = i % 4 + 1, userId = i % 3 + 1 } } end
  end)

  it("includes to-many, with an empty list if there are none", function()
    local users = db.user:find_many { include = { posts = { order_by = { id = "asc" } } }, order_by = { id = "asc" } }
    assert.same({ "P1", "P2", "P3", "P4" }, pick(users[1].posts, "title"))
    assert.same({ "P5", "P6" }, pick(users[2].posts, "title"))
    assert.same({}, users[3].posts)
    assert.same({}, users[4].posts)
  end)

  it("includes to-one on both sides", function()
    local users = db.user:find_many { include = { profile = true, boss = true }, order_by = { id = "asc" } }
    assert.equal("Oslo", users[1].profile.city)
    assert.is_nil(users[1].boss)
    assert.is_nil(users[2].profile)
    assert.equal("Ada", users[2].boss.name)
    assert.equal("Ada", db.profile:find_first { include = { user = true } }.user.name)
  end)

  it("includes many-to-many from both sides", function()
    local post = db.post:find_unique { where = { id = 1 }, include = { tags = { order_by = { name = "asc" } } } }
    assert.same({ "blue", "green" }, pick(post.tags, "name"))
    local tag = db.tag:find_unique { where = { name = "red" }, include = { posts = { order_by = { id = "asc" } } } }
    assert.same({ "P2", "P3", "P5", "P6" }, pick(tag.posts, "title"))
  end)

  it("includes a model's relation to itself", function()
    local user = db.user:find_unique { where = { id = 1 }, include = { team = { order_by = { id = "asc" }, include = { team = true, boss = true } } } }
    assert.same({ "Bea", "Cid" }, pick(user.team, "name"))
    assert.same({}, user.team[1].team)
    assert.same({ "Dot" }, pick(user.team[2].team, "name"))
    assert.equal("Ada", user.team[2].boss.name)
    assert.are_not.equal(user, user.team[2].boss)
  end)

  it("nests to any depth", function()
    local tag = db.tag:find_unique { where = { name = "green" }, include = { posts = { order_by = { id = "asc" }, include = {
      author = { include = { profile = true } }, comments = { order_by = { id = "asc" }, include = { user = { select = { name = true } } } } } } } }
    assert.same({ "P1", "P3", "P4", "P6" }, pick(tag.posts, "title"))
    assert.equal("Oslo", tag.posts[1].author.profile.city)
    assert.same({ "C4", "C8" }, pick(tag.posts[1].comments, "text"))
    assert.same({ name = "Bea" }, tag.posts[1].comments[1].user)
    assert.same({}, tag.posts[4].comments)
    assert.is_nil(tag.posts[4].author.profile)
  end)

  it("filters, orders and pages for each parent", function()
    local function titles(args)
      local users = db.user:find_many { include = { posts = args }, order_by = { id = "asc" } }
      return table.concat(pick(users[1].posts, "title"), " ") .. " | " .. table.concat(pick(users[2].posts, "title"), " ")
    end
    assert.equal("P2 P4 | P6", titles { where = { published = true }, order_by = { id = "asc" } })
    assert.equal("P4 P3 | P6 P5", titles { take = 2, order_by = { views = "asc" } })
    assert.equal("P2 P3 | P6", titles { skip = 1, take = 2, order_by = { id = "asc" } })
    assert.equal("P4 | P6", titles { take = -1, order_by = { id = "asc" } })
    assert.equal(" | ", titles { take = 0 })
    local tags = db.tag:find_many { include = { posts = { take = 1, order_by = { id = "desc" } } }, order_by = { id = "asc" } }
    assert.same({ "P6", "P6", "P5" }, { tags[1].posts[1].title, tags[2].posts[1].title, tags[3].posts[1].title })
  end)

  it("counts relations", function()
    local users = db.user:find_many { include = { _count = { select = { posts = true, comments = true } } }, order_by = { id = "asc" } }
    assert.same({ posts = 4, comments = 2 }, users[1]._count)
    assert.same({ posts = 0, comments = 0 }, users[4]._count)
    assert.same({ name = "Bea", _count = { posts = 2 } },
      db.user:find_unique { where = { id = 2 }, select = { name = true, _count = { select = { posts = true } } } })
  end)

  it("selects through relations", function()
    assert.same({ title = "P5", author = { name = "Bea", boss = { email = "a" } } },
      db.post:find_unique { where = { id = 5 }, select = { title = true, author = { select = { name = true, boss = { select = { email = true } } } } } })
    local row = db.post:find_unique { where = { id = 5 }, omit = { views = true }, include = { author = { omit = { email = true } } } }
    assert.is_nil(row.views)
    assert.is_nil(row.author.email)
    assert.equal("Bea", row.author.name)
  end)

  it("keeps nulls where there is no row", function()
    local _, url = support.open(engine, schema)
    local keeping = support.connect(url, schema, { keep_nulls = true })
    local user = keeping.user:create { data = { email = "z", name = "Z" }, include = { profile = true, boss = true, posts = true } }
    assert.equal(rille.null, user.profile)
    assert.equal(rille.null, user.boss)
    assert.same({}, user.posts)
  end)

  it("gives every parent its own table", function()
    local posts = db.post:find_many { where = { authorId = 1 }, include = { author = true } }
    posts[1].author.name = "changed"
    assert.equal("Ada", posts[2].author.name)
  end)

  it("reads thousands of children", function()
    local wide = support.open(engine, schema)
    wide.user:create_many { data = { { email = "a", name = "A" }, { email = "b", name = "B" } } }
    local data = {}
    for i = 1, 3000 do data[i] = { title = "T" .. i, authorId = i % 2 + 1, views = i } end
    wide.post:create_many { data = data }
    local users = wide.user:find_many { include = { posts = { order_by = { views = "asc" } } }, order_by = { id = "asc" } }
    assert.equal(1500, #users[1].posts)
    assert.equal(1500, #users[2].posts)
    assert.equal("T3000", users[1].posts[1500].title)
  end)
end, true)
