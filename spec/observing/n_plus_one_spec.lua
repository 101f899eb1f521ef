-- Reads of one shape from one place, again and again: what is noticed, what is not, and what is said about it.
local support = require "support"
local schema = require "lua.blog_schema"

support.each_engine(function(engine)
  local db, found

  local function open(option)
    db = support.open(engine, schema, { n_plus_one = option, log = function(event) if event.event == "n_plus_one" then found[#found + 1] = event end end })
    local users = {}
    for i = 1, 12 do users[i] = { email = "u" .. i, name = "U" } end
    db.user:create_many { data = users }
    for _, user in ipairs(db.user:find_many {}) do db.post:create { data = { title = "p", authorId = user.id } } end
    found = {}
  end

  local function line() return debug.getinfo(2, "l").currentline end

  it("names place, shape, count and the include that would do", function()
    open "warn"
    local here
    for _, post in ipairs(db.post:find_many {}) do
      here = line() + 1
      db.user:find_unique { where = { id = post.authorId } }
    end
    assert.equal(1, #found)
    local event = found[1]
    assert.equal("include = { author = true }", event.include)
    assert.same({ "Post", "User", "find_unique", 11 }, { event.outer_model, event.model, event.action, event.count })
    assert.equal("{ where = { id = ? } }", event.shape)
    assert.matches("n_plus_one_spec%.lua:" .. here .. "$", event.place)
    assert.matches("n_plus_one_spec%.lua:" .. here - 2 .. "$", event.outer_place)
    assert.matches("include = { author = true }", event.message, 1, true)
  end)

  it("knows the other direction, counting, and compound calls", function()
    open "warn"
    for _, user in ipairs(db.user:find_many {}) do
      db.post:find_many { where = { authorId = user.id, title = "p" }, take = 3 }
      db.post:count { where = { author = { is = { id = user.id } } } }
    end
    assert.same({ "include = { posts = true }", "include = { _count = { select = { posts = true } } }" }, { found[1].include, found[2].include })
    assert.equal("User", found[2].outer_model)
  end)

  it("says so when there is no relation, and of raw statements", function()
    open "warn"
    for i = 1, 11 do db.user:find_unique { where = { email = "u" .. i } } end
    for i = 1, 11 do db:query_raw("SELECT id FROM \"User\" WHERE id = ?", i) end
    assert.equal(2, #found)
    assert.is_nil(found[1].include)
    assert.equal("query_raw", found[2].action)
  end)

  it("leaves alone what differs in place or shape, writes, batches and few repetitions", function()
    open "warn"
    for i = 1, 10 do db.user:find_unique { where = { id = i } } end
    for i = 1, 10 do db.user:find_unique { where = { id = i } } end
    for i = 1, 20 do db.user:update { where = { email = "u1" }, data = { name = "n" .. i } } end
    db:batch(function(b)
      for i = 1, 20 do b.user:find_unique { where = { id = i } } end
    end)
    for i = 1, 5 do
      for _, where in ipairs { { id = i }, { email = "u" .. i } } do db.user:find_first { where = where } end
    end
    for _ = 1, 5 do -- five requests, one after the other
      db.user:count()
      local posts = db.post:find_many { take = 4 }
      for _, post in ipairs(posts) do db.user:find_unique { where = { id = post.authorId } } end
    end
    assert.same({}, found)
  end)

  it("counts within a transaction however long it takes, savepoints included, and each for itself", function()
    open { within = 1, more_than = 3 }
    local function read(tx) tx.user:find_unique { where = { id = 1 } } end
    for _ = 1, 3 do
      db:transaction(function(tx)
        read(tx)
        read(tx)
      end)
    end
    assert.equal(0, #found)
    db:transaction(function(tx)
      for _ = 1, 4 do tx:transaction(read) end
    end)
    assert.equal(1, #found)
  end)

  it("counts each coroutine for itself, or what the program calls a scope", function()
    open { more_than = 3 }
    local function read(client) client.user:find_unique { where = { id = 1 } } end
    for _ = 1, 10 do
      coroutine.wrap(function()
        for _ = 1, 2 do read(db) end
      end)()
    end
    assert.equal(0, #found)
    coroutine.wrap(function()
      for _ = 1, 4 do read(db) end
    end)()
    assert.equal(1, #found)
    local request
    open { more_than = 3, scope = function() return request end }
    for i = 1, 10 do
      request = i
      read(db)
      read(db)
    end
    assert.equal(0, #found)
    request = {}
    for _ = 1, 4 do read(db) end
    assert.equal(1, #found)
  end)

  it("forgets what was long ago", function()
    open { within = 20, more_than = 3 }
    local function twice()
      for _ = 1, 2 do db.user:find_unique { where = { id = 1 } } end
    end
    twice()
    require("socket").sleep(0.05)
    twice()
    assert.equal(0, #found)
  end)

  it("raises instead, before anything is sent, each time", function()
    open { report = "error", more_than = 3 }
    local statements = db:metrics().calls.statements
    local function read() return db.user:find_unique { where = { email = "u1" } } end
    for _ = 1, 3 do assert.is_table(read()) end
    for _ = 1, 2 do
      local e = support.fails("VALIDATION", read)
      assert.matches("N%+1", e.message)
      assert.matches("n_plus_one_spec", e.meta.place)
    end
    assert.equal(1, #found)
    assert.equal(3, db:metrics().calls.statements - statements)
  end)

  it("does nothing when it is not asked for", function()
    for _, option in ipairs { false } do
      open(option)
      for i = 1, 30 do db.user:find_unique { where = { id = i } } end
      assert.equal(0, #found)
    end
    support.fails("VALIDATION", open, "wran")
    support.fails("VALIDATION", open, true)
    support.fails("VALIDATION", open, { more = 1 })
    support.fails("VALIDATION", open, { more_than = 0 })
  end)
end)
