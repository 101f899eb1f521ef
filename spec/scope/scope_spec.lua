-- Scopes: what db:with accepts, what new rows get, how written rows are checked, and that errors do not say what exists outside.
local support = require "support"
local tenants = require "scope.tenants"

local function scope_of(tenant) return { scope = { ["*"] = { tenantId = tenant } }, except = { "country" } } end

support.each_engine(function(engine)
  local rille = require "rille"
  local db, own

  before_each(function() db, own = tenants.open(engine) end)

  local function refuses(pattern, given)
    local e = support.fails("VALIDATION", db.with, db, given)
    assert.matches(pattern, e.message)
    return e
  end

  it("refuses a scope that is not one", function()
    refuses("scope: a scope without a condition", { scope = {} })
    refuses("scope%.%*: a scope without a condition", { scope = { ["*"] = { tenantId = nil } } })
    refuses("scope%.post: a scope without", { scope = { post = {} } })
    refuses("scope%.post%.views: a scope without", { scope = { post = { views = {} } } })
    refuses("scope%.post%.OR%[2%]: a scope without", { scope = { post = { OR = { { views = 1 }, {} } } } })
    refuses("scope%.post%.author: a scope without", { scope = { post = { author = {} } } })
    refuses("scope%.psot: unknown model; did you mean `post`", { scope = { psot = { views = 1 } } })
    refuses("scope%.post%.view: unknown field of Post; did you mean `views`", { scope = { post = { view = 1 } } })
    refuses("scope%.post%.views: expected an integer", { scope = { post = { views = "many" } } })
    refuses("scope%.%*%.tenantId: Country has no field `tenantId`", { scope = { ["*"] = { tenantId = 7 } } })
    refuses("except%.contry: unknown model; did you mean `country`", { scope = { ["*"] = { tenantId = 7 } }, except = { "contry" } })
    refuses("except", { scope = { ["*"] = { tenantId = 7 } }, except = { 1 } })
    refuses("except: needs a scope", { except = { "country" } })
    refuses("decoded JSON is not a condition", { scope = { post = { views = rille.json.decode '{"gte":0}' } } })
    refuses("scope: expected a table", { scope = 7 })
    assert.equal(0, db:with { scope = { post = { views = { ["in"] = {} } } } }.post:count {})
  end)

  it("gives new rows its values, and only its own", function()
    local user = own.user:create { data = { id = 20, email = "a", posts = { create = { { id = 20, slug = "a", title = "a", tags = { create = { { id = 20,
      name = "a" } } } } } } },
      include = { posts = { include = { tags = true } } } }
    assert.same({ 7, 7, 7 }, { user.tenantId, user.posts[1].tenantId, user.posts[1].tags[1].tenantId })
    own.user:create_many { data = { { id = 21, email = "b" }, { id = 22, email = "c", tenantId = 7 } } }
    assert.equal(2, own.user:count { where = { id = { ["in"] = { 21, 22 } }, tenantId = 7 } })
    assert.equal(7, own.user:create { data = { id = 23, email = "d", tenantId = 7 } }.tenantId)
    assert.is_true(own.user:validate { id = 24, email = "e" })
    local ok, problems = own.user:validate { id = 24, email = "e", tenantId = 8 }
    assert.is_nil(ok)
    assert.equal("tenantId", problems[1].field)
    assert.equal(7, own.country:create { data = { id = 2, name = "b", users = { create = { { id = 25, email = "f" } } } },
      include = { users = true } }.users[1].tenantId)
  end)

  it("checks other conditions on the rows that are written", function()
    local some = db:with { scope = { post = { views = { lt = 10 }, tenantId = { ["in"] = { 7 } } }, tag = { posts = { some = { views = { lt = 10 } } } } } }
    local function outside(method, args) return support.fails("VALIDATION", some.post[method], some.post, args) end
    local row = { id = 30, tenantId = 7, slug = "v", title = "v", authorId = 1 }
    local function changed(more)
      local out = {}
      for k, v in pairs(row) do out[k] = v end
      for k, v in pairs(more) do out[k] = v end
      return out
    end
    assert.matches("outside of the scope", outside("create", { data = changed { views = 10 } }).message)
    outside("create_many", { data = { row, changed { id = 31, slug = "w", tenantId = 8 } } })
    outside("update", { where = { id = 1 }, data = { views = { increment = 20 } } })
    outside("update_many", { where = { views = { lt = 5 } }, data = { views = 11 } })
    outside("update_many", { data = { { id = 1, views = 10 } }, on = "id" })
    outside("upsert", { where = { id = 1 }, create = row, update = { views = 10 } })
    outside("upsert_many", { data = { changed { views = 99 } }, on = "id" })
    assert.equal(0, db.post:count { where = { OR = { { views = { gte = 10 } }, { id = { ["in"] = { 30, 31 } } } } } })
    some.post:update { where = { id = 1 }, data = { views = { increment = 2 } } }
    support.fails("VALIDATION", some.tag.create, some.tag, { data = { id = 30, tenantId = 7, name = "without posts" } })
    assert.equal(30, some.tag:create { data = { id = 30, tenantId = 7, name = "with", posts = { connect = { { id = 1 } } } } }.id)
    assert.is_nil(db.tag:find_unique { where = { name = "without posts" } })
  end)

  it("keeps rows from being moved out through a relation", function()
    local mine = db:with { scope = { post = { authorId = 1 } } }
    support.fails("VALIDATION", mine.user.update, mine.user, { where = { id = 2 }, data = { posts = { connect = { { id = 1 } } } } })
    support.fails("VALIDATION", mine.post.update, mine.post, { where = { id = 1 }, data = { author = { connect = { id = 2 } } } })
    support.fails("VALIDATION", mine.user.update, mine.user, { where = { id = 2 }, data = { posts = { create = { { id = 40, tenantId = 7, slug = "x",
      title = "x" } } } } })
    assert.equal(40, mine.post:create { data = { id = 40, tenantId = 7, slug = "x", title = "x" } }.id)
    assert.equal(1, db.post:find_unique { where = { id = 1 } }.authorId)
  end)

  it("says the same of a row that exists elsewhere and of one that does not exist", function()
    local function told(model, method, args)
      local ok, e = pcall(own[model][method], own[model], args)
      assert.is_false(ok)
      return (e.code .. e.message .. rille.json.encode(e.meta)):gsub("%d%d%d+", "#")
    end
    local made = { id = 50, slug = "a", title = "a" }
    local function with(key)
      local out = { authorId = key }
      for k, v in pairs(made) do out[k] = v end
      return out
    end
    for _, form in ipairs {
      { "post", "create", function(id) return { data = with(id) } end }, { "post", "create_many", function(id) return { data = { with(id) } } end },
      { "post", "update", function(id) return { where = { id = 1 }, data = { authorId = id } } end },
      { "post", "update_many", function(id) return { where = { id = 1 }, data = { authorId = id } } end },
      { "post", "update_many", function(id) return { data = { { id = 1, authorId = id } }, on = "id" } end },
      { "post", "upsert", function(id) return { where = { id = 1 }, create = with(1), update = { authorId = id } } end },
      { "post", "upsert", function(id) return { where = { id = 1 }, create = with(1), update = { parentId = id } } end },
      { "comment", "create", function(id) return { data = { id = 50, text = "a", postId = id } } end },
      { "comment", "create", function(id) return { data = { id = 50, text = "a", postId = 1, authorId = id } } end },
      { "user", "update", function(id) return { where = { id = 1 }, data = { posts = { connect = { { id = id } } } } } end },
      { "user", "update", function(id) return { where = { id = 1 }, data = { comments = { create = { { id = 50, text = "a", postId = id } } } } } end },
      { "post", "update", function(id) return { where = { id = id }, data = { views = 1 } } end },
      { "post", "delete", function(id) return { where = { id = id } } end },
      { "post", "find_unique_or_throw", function(id) return { where = { id = id } } end },
      { "post", "update", function(id) return { where = { id = 1 }, data = { tags = { connect = { { id = id } } } } } end },
      { "post", "update", function(id) return { where = { id = 1 }, data = { author = { connect = { id = id } } } } end },
    } do
      assert.equal(told(form[1], form[2], form[3](999)), told(form[1], form[2], form[3](101)))
    end
  end)

  it("orders by what is in the scope only", function()
    db.user:update_many { where = { tenantId = 8 }, data = { karma = 1000 } }
    local first = own.post:find_many { order_by = { { author = { karma = "desc" } }, { id = "asc" } }, select = { id = true } }
    db.user:update_many { where = { tenantId = 8 }, data = { karma = -1000 } }
    assert.same(first, own.post:find_many { order_by = { { author = { karma = "desc" } }, { id = "asc" } }, select = { id = true } })
    local counted = own.post:find_many { order_by = { { comments = { _count = "desc" } }, { id = "asc" } }, select = { id = true, _count = true } }
    db.comment:create { data = { id = 190, tenantId = 8, text = "x", postId = 2 } }
    db.comment:create { data = { id = 191, tenantId = 8, text = "x", postId = 2 } }
    assert.same(counted, own.post:find_many { order_by = { { comments = { _count = "desc" } }, { id = "asc" } }, select = { id = true, _count = true } })
  end)

  it("leaves out what is outside of it, also where the schema requires a row", function()
    local post = own.post:find_unique { where = { id = 9 }, include = { author = true, parent = true, tags = true } }
    assert.is_nil(post.author)
    assert.is_nil(post.parent)
    assert.equal(0, #post.tags)
    assert.not_matches('"author":{', own.post:find_unique { where = { id = 9 }, include = { author = true }, as = "json" })
    assert.equal(1, own.post:count { where = { author = { is_not = { id = { gt = 0 } } } } })
  end)

  it("adds up, and holds in everything that is derived", function()
    local narrow = own:with { scope = { post = { views = 1 } } }
    assert.equal(1, narrow.post:count {})
    assert.equal(1, narrow:with { primary = true }.post:count {})
    assert.equal(0, narrow:with { scope = { post = { views = 0 } } }.post:count {})
    assert.equal(0, own:with(scope_of(8)).user:count {})
    assert.equal(4, own:transaction(function(tx) return tx.post:count {} end))
    local list, count = own:batch(function(b)
      b.post:find_many {}
      b.user:count {}
    end)
    assert.same({ 4, 3 }, { #list, count })
    assert.equal(4, own.post:paginate { order_by = { id = "asc" } }.total)
    assert.equal(9, db.post:find_many { order_by = { id = "asc" } }[4].id)
  end)

  it("refuses raw SQL unless it is allowed", function()
    support.fails("VALIDATION", own.query_raw, own, "SELECT 1 AS one")
    support.fails("VALIDATION", own.execute_script, own, "SELECT 1")
    local free = own:with { unscoped = true }
    assert.equal(1, free:query_raw("SELECT 1 AS one")[1].one)
    assert.equal(4, free.post:count {})
    assert.equal(1, db:query_raw("SELECT 1 AS one")[1].one)
  end)

  it("leaves alone what reaches no rows", function()
    if engine ~= "postgresql" then return end
    local heard = {}
    own:listen("scoped", function(n)
      heard[#heard + 1] = n.payload
      return #heard < 2
    end, { timeout = 30000, on_listen = function()
      own:notify("scoped", "a")
      own:transaction(function(tx) tx:notify("scoped", "b") end)
    end })
    assert.same({ "a", "b" }, heard)
    assert.equal(4, own:advisory_lock("scoped", function() return own.post:count {} end))
  end)

  it("sends what the condition written out sends", function()
    -- The words of each statement, sorted: the conditions of a Lua table come in any order.
    local function sent(client, model, args)
      local list = {}
      for i, statement in ipairs(client[model]:explain(args).statements) do
        local words = {}
        for word in statement.sql:gsub("[?$]%d+", "?"):gmatch "%S+" do words[#words + 1] = word end
        table.sort(words)
        list[i] = table.concat(words, " ")
      end
      return list
    end
    local mine = { tenantId = 7 }
    for _, pair in ipairs {
      { "post", { action = "find_unique", where = { id = 1 } }, { action = "find_unique", where = { id = 1, tenantId = 7 } } },
      { "post", { where = { id = { gt = 1 } }, take = 3 }, { where = { id = { gt = 1 }, tenantId = 7 }, take = 3 } },
      { "user", { where = { id = { gt = 1 } }, include = { posts = { include = { comments = true } } } },
        { where = { id = { gt = 1 }, tenantId = 7 }, include = { posts = { where = mine, include = { comments = { where = mine } } } } } },
      { "post", { action = "update_many", where = { id = 1 }, data = { views = 1 } },
        { action = "update_many", where = { id = 1, tenantId = 7 }, data = { views = 1 } } },
    } do
      assert.same(sent(db, pair[1], pair[3]), sent(own, pair[1], pair[2]))
    end
  end)

  it("leaves another tenant's row alone if it has the key of an upsert", function()
    local function taken(model, method, args)
      local e = support.fails("P2002", own[model][method], own[model], args)
      assert.matches("already exists", e.message)
      return e
    end
    local e = taken("user", "upsert", { where = { email = "s3cret1" }, create = { id = 60, email = "s3cret1" }, update = { karma = 9 } })
    assert.same({ "email" }, e.meta.target)
    taken("user", "upsert", { where = { email = "s3cret1" }, create = { id = 60, email = "s3cret1", posts = { create = { { id = 60, slug = "a",
      title = "a" } } } }, update = {} })
    taken("tag", "upsert_many", { data = { { id = 60, name = "fresh" }, { id = 101, name = "other" } }, on = "id" })
    taken("post", "update", { where = { id = 1 }, data = { tags = { connect_or_create = { { where = { name = "s3cretg1" }, create = { id = 60,
      name = "s3cretg1" } } } } } })
    assert.is_nil(db.tag:find_unique { where = { id = 60 } })
    assert.equal(0, db.user:find_unique { where = { email = "s3cret1" } }.karma)
  end)

  it("keeps answers of the cache apart", function()
    local caching = tenants.open(engine, { cache = true })
    local seven, eight = caching:with(scope_of(7)), caching:with(scope_of(8))
    for _ = 1, 2 do
      assert.equal("own1", seven.user:find_first { order_by = { id = "asc" }, cache = { ttl = 60 } }.email)
      assert.equal("s3cret1", eight.user:find_first { order_by = { id = "asc" }, cache = { ttl = 60 } }.email)
      assert.equal(3, caching.user:count { where = { id = { lt = 100 } }, cache = { ttl = 60 } })
    end
  end)

  it("shares one program among all tenants", function()
    local before = db:metrics().plans
    for tenant = 1, 1000 do
      db:with(scope_of(tenant)).post:find_many { where = { title = "own" .. tenant }, include = { author = true } }
    end
    local after = db:metrics().plans
    assert.same({ 1, 999 }, { after.misses - before.misses, after.hits - before.hits })
    assert.equal(4, own.post:count {})
    assert.equal(4, db:with(scope_of(8)).post:count {})
  end)
end)
