-- `explain`: what a call would send, how the database would run it, and that nothing is run.
local support = require "support"
local schema = require "lua.blog_schema"

support.each_engine(function(engine)
  local db

  setup(function()
    db = support.open(engine, schema)
    local users = {}
    for i = 1, 500 do users[i] = { email = "u" .. i, name = "User " .. i, karma = i } end
    db.user:create_many { data = users }
    if engine == "postgresql" then db:execute_raw "ANALYZE" end
  end)

  it("shows the statement with its parameters, its plan and its index", function()
    local told = db.user:explain { action = "find_unique", where = { email = "u7" } }
    assert.equal(1, #told.statements)
    local statement = told.statements[1]
    assert.matches('^SELECT .* FROM "User" .* WHERE .*"email" = [$?]1', statement.sql)
    assert.equal(1, statement.params)
    assert.is_false(statement.dependent)
    assert.same({ "User_email_key" }, statement.indexes)
    assert.matches("User_email_key", table.concat(statement.plan, "\n"), 1, true)
    assert.equal(1, told.round_trips)
    assert.equal(1, #told.steps)
    assert.matches("select User", told.steps[1], 1, true)
  end)

  it("says which tables a call reads and writes", function()
    local function touches(call) return db.user:explain(call).touches end
    assert.same({ "one by its primary key, reads User Post" }, touches { action = "find_unique", where = { id = 1 }, include = { posts = true } })
    assert.same({ "reads", "writes User[1]" }, touches { action = "update", where = { id = 1 }, data = { name = "x" } })
  end)

  it("marks statements that depend on rows of earlier ones", function()
    local told = db.user:explain { where = { karma = { gt = 3 } }, include = { posts = { where = { published = true } } } }
    assert.equal(2, #told.statements)
    assert.is_false(told.statements[1].dependent)
    assert.is_true(told.statements[2].dependent)
    assert.same({}, told.statements[1].indexes)
    assert.is_true(#told.statements[2].plan > 0)
    assert.equal(2, told.round_trips)
  end)

  it("runs nothing", function()
    local calls = {
      { action = "create", data = { email = "new", name = "New", posts = { create = { { title = "a" }, { title = "b" } } } }, include = { posts = true } },
      { action = "create_many", data = { { email = "new", name = "New" } } },
      { action = "update", where = { id = 1 }, data = { name = "x", team = { connect = { { id = 2 } } } } },
      { action = "update_many", where = { id = { gt = 0 } }, data = { name = "x" } },
      { action = "upsert", where = { email = "new" }, create = { email = "new", name = "New" }, update = { name = "x" } },
      { action = "upsert_many", data = { { email = "new", name = "New" } }, on = { "email" } },
      { action = "delete", where = { id = 1 } },
      { action = "delete_many", where = { id = { gt = 0 } } },
    }
    for _, call in ipairs(calls) do
      local told = db.user:explain(call)
      assert.is_true(#told.statements > 0)
      assert.is_true(told.round_trips > 0)
    end
    assert.equal(500, db.user:count())
    assert.equal(0, db.user:count { where = { name = "x" } })
    assert.equal(0, db.post:count())
    assert.equal(0, db:metrics().pool.in_use)
  end)

  it("counts the round trips that the call makes", function()
    local calls = {
      { action = "find_many", where = { id = 1 }, include = { posts = true, profile = true } },
      { action = "count" },
      { action = "create", data = { email = "trip", name = "T", posts = { create = { { title = "a" }, { title = "b" } } } } },
      { action = "update_many", where = { email = "trip" }, data = { name = "U" } },
      { action = "update", where = { email = "trip" }, data = { name = "V" }, include = { posts = true } },
      { action = "find_first", where = { email = "trip" }, include = { posts = { include = { author = true } } } },
    }
    for _, call in ipairs(calls) do
      local told = db.user:explain(call)
      local action = call.action
      call.action = nil
      local before = db:metrics().calls
      db.user[action](db.user, call)
      local after = db:metrics().calls
      if action ~= "find_many" then assert.equal(told.round_trips, after.round_trips - before.round_trips, action) end
      assert.is_true(told.round_trips >= after.round_trips - before.round_trips, action)
    end
  end)

  it("is readable as text, and works in a transaction", function()
    local text = db:transaction(function(tx) return tostring(tx.user:explain { where = { email = "u1" }, include = { posts = true } }) end)
    assert.matches("^1%. SELECT .-\n     ", text)
    assert.matches("\n2%. SELECT ", text)
    assert.matches("\n   indexes: User_email_key\n", text)
    assert.matches("\n2 statements, 2 round trips$", text)
  end)

  it("accepts the values of the call, of every type", function()
    local told = db.user:explain { where = { role = "author", createdAt = { gt = "2026-01-01T00:00:00Z" }, email = { in_ = { "u1", "u2" } },
      bio = { not_ = require("rille").null } } }
    assert.equal(1, #told.statements)
    assert.is_true(told.statements[1].params >= 3)
  end)

  it("says what is wrong", function()
    support.fails("VALIDATION", db.user.explain, db.user)
    support.fails("VALIDATION", db.user.explain, db.user, { action = "find_mny" })
    support.fails("VALIDATION", db.user.explain, db.user, { where = { nothing = 1 } })
    support.fails("P2013", db.user.explain, db.user, { action = "update_many", data = { name = "x" } })
  end)
end, true)
