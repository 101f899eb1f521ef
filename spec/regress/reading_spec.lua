-- What went wrong elsewhere when reading: pages cut off in the client, a statement a row, lists that break a limit.
local support = require "support"
local counting = require "regress.counting"
local schema = require "lua.blog_schema"

local LIMIT = "%f[%a]LIMIT%f[%A]"

local function pick(rows, key)
  local list = {}
  for i, row in ipairs(rows) do list[i] = row[key] end
  return table.concat(list, " ")
end

local function numbers(from, count)
  local list = {}
  for i = 1, count do list[i] = from + i - 1 end
  return list
end

support.each_engine(function(engine)
  local db

  setup(function()
    db = support.open(engine, schema)
    local users, posts = {}, {}
    for i = 1, 300 do
      users[i] = { email = "u" .. i, name = "Name " .. i % 3, karma = i, bossId = i > 1 and 1 or nil }
      for k = 1, 4 do posts[#posts + 1] = { title = ("P%d of %d"):format(k, i), views = k, authorId = i } end
    end
    db.user:create_many { data = users }
    db.post:create_many { data = posts }
  end)

  it("limits an include for each parent, in SQL", function()
    local call = { where = { id = { lte = 3 } }, order_by = { id = "asc" }, include = { posts = { take = 2, skip = 1, order_by = { views = "desc" } } } }
    local statements, _, users = counting.of(db, db.user.find_many, db.user, call)
    assert.equal(2, statements)
    for i, user in ipairs(users) do assert.equal(("P3 of %d P2 of %d"):format(i, i), pick(user.posts, "title")) end
    local sql = counting.sql(db.user, call)
    assert.equal(2, #sql)
    assert.matches('PARTITION BY [^)]*"authorId"', sql[2])
  end)

  it("sends a statement a level, whatever the number of rows", function()
    local include = { posts = { include = { tags = true, comments = { include = { user = true } } } }, boss = true, profile = true }
    local one = counting.of(db, db.user.find_many, db.user, { where = { id = 1 }, include = include })
    local all, trips, users = counting.of(db, db.user.find_many, db.user, { include = include })
    assert.equal(300, #users)
    assert.is_true(one <= 7)
    assert.is_true(all <= 7)
    if engine == "postgresql" then assert.is_true(trips <= 4) end -- levels without dependence on one another share one
    assert.equal(2, (counting.of(db, db.post.find_many, db.post, { include = { author = true } })))
  end)

  it("asks for a relation's parents once, not once a row", function()
    local _, _, posts = counting.of(db, db.post.find_many, db.post, { take = 8, order_by = { id = "asc" }, include = { author = true } })
    assert.equal("u1", posts[1].author.email)
    assert.equal("u2", posts[8].author.email)
  end)

  it("pages behind a cursor with a LIMIT", function()
    local call = { cursor = { id = 100 }, skip = 1, take = 5, order_by = { id = "asc" } }
    local statements, _, users = counting.of(db, db.user.find_many, db.user, call)
    assert.equal(1, statements)
    assert.equal("u101 u102 u103 u104 u105", pick(users, "email"))
    local sql = counting.sql(db.user, call)
    assert.equal(1, #sql)
    assert.matches(LIMIT, sql[1])
    call = { cursor = { id = 100 }, take = -2, order_by = { { name = "asc" }, { id = "desc" } } }
    assert.matches(LIMIT, counting.sql(db.user, call)[1])
    assert.equal(2, #db.user:find_many(call))
  end)

  it("tells distinct rows apart in SQL, before the limit", function()
    local call = { distinct = { "name" }, order_by = { name = "asc" }, take = 2, select = { name = true } }
    local statements, _, users = counting.of(db, db.user.find_many, db.user, call)
    assert.equal(1, statements)
    assert.equal("Name 0 Name 1", pick(users, "name"))
    local sql = counting.sql(db.user, call)[1]
    assert.is_true(sql:find "DISTINCT" ~= nil or sql:lower():find "row_number" ~= nil)
    assert.matches(LIMIT, sql)
  end)

  for _, size in ipairs { 32767, 100000 } do
    it(("takes two lists of %d in one statement"):format(size), function()
      local ids, karma = numbers(1, size), numbers(291, size)
      local call = { where = { id = { in_ = ids }, karma = { in_ = karma } }, order_by = { id = "asc" } }
      local statements, _, users = counting.of(db, db.user.find_many, db.user, call)
      assert.equal(1, statements)
      assert.equal(10, #users)
      assert.equal("u291", users[1].email)
      assert.equal(290, db.user:count { where = { AND = { { id = { in_ = ids } }, { karma = { not_in = karma } } } } })
      assert.equal(1, #counting.sql(db.user, call))
    end)
  end

  it("selects nothing by an empty list, and everything by the lack of one", function()
    local statements, _, users = counting.of(db, db.user.find_many, db.user, { where = { id = { in_ = {} } } })
    assert.same({}, users)
    assert.is_true(statements <= 1)
    assert.equal(0, db.user:count { where = { email = { in_ = {} } } })
    assert.equal(300, db.user:count { where = { id = { not_in = {} } } })
    assert.equal(300, db.user:count { where = { NOT = { id = { in_ = {} } } } })
    assert.equal(0, db.user:update_many({ where = { id = { in_ = {} } }, data = { name = "x" } }).count)
    assert.equal(0, db.user:delete_many({ where = { id = { in_ = {} } } }).count)
    assert.equal(300, db.user:count())
  end)
end, true)
