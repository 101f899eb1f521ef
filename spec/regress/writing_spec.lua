-- What went wrong elsewhere when writing: reads before writes, upserts that lose a race, a round trip a row.
local support = require "support"
local counting = require "regress.counting"
local schema = require "lua.blog_schema"

local function has_select(sql) return sql:find "^%s*SELECT" ~= nil end

support.each_engine(function(engine)
  local db, url
  before_each(function()
    db, url = support.open(engine, schema)
    db.user:create_many { data = { { email = "a", name = "Ada", karma = 1 }, { email = "b", name = "Bea", karma = 2 } } }
  end)

  it("upserts in one statement", function()
    local call = { where = { email = "a" }, create = { email = "a", name = "New" }, update = { karma = { increment = 10 } } }
    local sql = counting.sql(db.user, { action = "upsert", where = call.where, create = call.create, update = call.update })
    assert.equal(1, #sql)
    assert.matches("^INSERT .* ON CONFLICT %(\"email\"%) DO UPDATE", sql[1])
    local statements, trips, user = counting.of(db, db.user.upsert, db.user, call)
    assert.equal(1, statements)
    assert.equal(1, trips)
    assert.equal(11, user.karma)
    assert.equal("Ada", user.name)
  end)

  it("keeps that statement when relations are included", function()
    db.post:create { data = { title = "T", authorId = 1 } }
    local call = { where = { email = "a" }, create = { email = "a", name = "New" }, update = { name = "Old" }, include = { posts = true } }
    local sql = counting.sql(db.user, { action = "upsert", where = call.where, create = call.create, update = call.update, include = call.include })
    assert.equal(2, #sql)
    assert.matches("^INSERT .* ON CONFLICT %(\"email\"%) DO UPDATE", sql[1])
    assert.matches('^SELECT .* FROM "Post"', sql[2])
    local statements, _, user = counting.of(db, db.user.upsert, db.user, call)
    assert.equal(2, statements)
    assert.equal("Old", user.name)
    assert.equal("T", user.posts[1].title)
    call.where.email, call.create.email = "c", "c"
    assert.same({}, db.user:upsert(call).posts)
    assert.equal(3, db.user:count())
  end)

  it("connects or creates without looking first", function()
    local function call(title)
      return { data = { title = title, author = { connect = { id = 1 } },
        tags = { connect_or_create = { where = { name = "red" }, create = { name = "red" } } } } }
    end
    local sql = counting.sql(db.post, { action = "create", data = call("x").data })
    local inserts = 0
    for _, text in ipairs(sql) do
      if text:find '^INSERT INTO "Tag"' then
        inserts = inserts + 1
        assert.matches("ON CONFLICT", text)
      end
      if text:find '^SELECT .* FROM "Tag"' then assert.equal(1, inserts) end -- only after the insert
    end
    assert.equal(1, inserts)
    db.post:create(call "one")
    db.post:create(call "two")
    assert.equal(1, db.tag:count())
    assert.equal(2, db.post:count { where = { tags = { some = { name = "red" } } } })
  end)

  it("never reads before update_many", function()
    local sql = counting.sql(db.user, { action = "update_many", where = { karma = { gt = 0 }, posts = { none = {} } }, data = { karma = { increment = 1 } } })
    assert.equal(1, #sql)
    assert.matches("^UPDATE ", sql[1])
    local statements, trips, result = counting.of(db, db.user.update_many, db.user, { where = { karma = { gt = 0 } }, data = { karma = { increment = 1 } } })
    assert.equal(1, statements)
    assert.equal(1, trips)
    assert.equal(2, result.count)
    assert.equal(5, db.user:aggregate({ _sum = { karma = true } })._sum.karma)
  end)

  it("never reads before an update of one row, a delete of one row or delete_many", function()
    local calls = {
      { action = "update", where = { email = "a" }, data = { karma = { increment = 1 } } },
      { action = "delete", where = { email = "a" } },
      { action = "delete_many", where = { karma = 7 } },
    }
    for _, call in ipairs(calls) do
      local sql = counting.sql(db.tag, { action = call.action, where = { name = "x" }, data = call.data and { name = "y" } })
      assert.equal(1, #sql, call.action)
      assert.is_false(has_select(sql[1]), call.action)
    end
    assert.equal(1, (counting.of(db, db.user.update, db.user, { where = { email = "a" }, data = { karma = { increment = 1 } } })))
    assert.equal(2, db.user:find_unique({ where = { email = "a" } }).karma)
  end)

  it("creates an author with ten posts in three round trips at most", function()
    local posts = {}
    for i = 1, 10 do posts[i] = { title = "P" .. i } end
    local statements, trips, user = counting.of(db, db.user.create, db.user, { data = { email = "n", name = "N", posts = { create = posts } } })
    assert.equal(10, db.post:count { where = { authorId = user.id } })
    assert.is_true(statements <= 11)
    if engine == "postgresql" then assert.is_true(trips <= 3, trips .. " round trips") end
    local many = counting.of(db, db.user.create, db.user, { data = { email = "m", name = "M", posts = { create_many = { data = posts } } } })
    assert.is_true(many <= 2 + (engine == "sqlite" and 10 or 0))
  end)

  it("runs what is inside transaction() on the transaction's connection", function()
    local alone = support.connect(url, schema, { pool = { size = 1, wait = 300 } })
    local result = support.fails("P2002", alone.transaction, alone, function(tx)
      tx.user:create { data = { email = "t", name = "T", posts = { create = { { title = "x" } } } } }
      assert.equal(3, tx.user:count()) -- it sees its own rows
      assert.equal(1, #tx.user:find_unique({ where = { email = "t" }, include = { posts = true } }).posts)
      if engine == "postgresql" then
        local pid = tx:query_raw("SELECT pg_backend_pid() AS pid")[1].pid
        assert.equal(pid, tx:query_raw("SELECT pg_backend_pid() AS pid")[1].pid)
        assert.equal(2, db.user:count()) -- nobody else does
      end
      assert.equal(1, alone:metrics().pool.in_use)
      tx.user:create { data = { email = "a", name = "again" } }
    end)
    assert.equal("constraint", result.kind)
    assert.equal(2, db.user:count())
    assert.equal(0, db.post:count())
  end)
end)
