-- Hooks of writes: once for each row of every form of write, in one transaction, and what they may change.
local rille = require "rille"
local support = require "support"
local shop = require "extend.shop"

support.each_engine(function(engine)
  local db, x, log
  before_each(function()
    db = support.open(engine, shop.schema)
    x, log = shop.logged(db)
    db.user:create { data = { email = "ada@x", profile = { create = { bio = "b" } }, posts = { create = { { title = "One" }, { title = "Two" } } } } }
    db.tag:create_many { data = { { name = "lua" }, { name = "c" } } }
  end)

  -- Runs fn, and compares the log of hooks with the words "before create Post".
  local function fires(expected, fn)
    shop.take(log)
    fn()
    local before, after = {}, {}
    for _, line in ipairs(expected) do
      before[#before + 1], after[#after + 1] = "before " .. line, "after " .. line
    end
    local taken, got_before, got_after = shop.take(log), {}, {}
    for _, line in ipairs(taken) do table.insert(line:find "^before" and got_before or got_after, line) end
    assert.same({ before, after }, { got_before, got_after })
  end

  local function update(data) x.user:update { where = { id = 1 }, data = data } end

  it("are called once a row, for every form of write", function()
    fires({ "create Tag" }, function() x.tag:create { data = { name = "one" } } end)
    fires({ "create Tag", "create Tag" }, function() assert.equal(2, x.tag:create_many({ data = { { name = "a" }, { name = "b" } } }).count) end)
    fires({ "create Tag" }, function() x.tag:create_many_and_return { data = { name = "d" } } end)
    fires({ "create User", "create Post", "create Tag", "create Post", "create Profile" }, function()
      x.user:create { data = { email = "n@x", profile = { create = { bio = "n" } },
        posts = { create = { { title = "p", tags = { create = { name = "t" }, connect = { name = "lua" } } }, { title = "q" } } } } }
    end)
    fires({ "create User", "create Post", "create Post" }, function()
      x.user:create { data = { email = "m@x", posts = { create_many = { data = { { title = "a" }, { title = "b" } } } } } }
    end)
    fires({ "create User", "create Post" }, function() x.user:create_many { data = { { email = "l@x", posts = { create = { title = "k" } } } } } end)
    fires({ "create User", "create Profile" }, function() x.profile:create { data = { bio = "x", user = { create = { email = "holder@x" } } } } end)
    fires({ "update Post" }, function() x.post:update { where = { id = 1 }, data = { views = { increment = 1 } } } end)
    fires({ "update Post", "update Post" }, function() assert.equal(2, x.post:update_many({ where = { id = { lt = 3 } }, data = { views = 2 } }).count) end)
    fires({ "update Post" }, function() assert.equal(1, x.post:update_many({ where = rille.all, data = { views = { increment = 1 } }, limit = 1 }).count) end)
    fires({ "update Post", "update Post" }, function()
      assert.same({ { views = 7 }, { views = 8 } }, x.post:update_many_and_return { on = "id", data = { { id = 1, views = 7 }, { id = 2, views = 8 } },
        select = { views = true } })
    end)
    fires({ "update User" }, function() x.user:upsert { where = { email = "ada@x" }, create = { email = "ada@x" }, update = { last = "L" } } end)
    fires({ "create User" }, function() x.user:upsert { where = { email = "up@x" }, create = { email = "up@x" }, update = { last = "L" } } end)
    fires({ "update User", "create User" }, function()
      assert.equal(2, x.user:upsert_many({ data = { { email = "up@x", last = "U" }, { email = "um@x" } }, on = { "email" } }).count)
    end)
    fires({ "delete User" }, function() x.user:delete { where = { email = "um@x" } } end)
    fires({ "delete Tag", "delete Tag", "delete Tag" }, function()
      assert.equal(3, x.tag:delete_many({ where = { name = { in_ = { "a", "b", "d" } } } }).count)
    end)
    fires({ "delete Tag" }, function() assert.equal(1, x.tag:delete_many({ where = rille.all, limit = 1 }).count) end)
  end)

  it("are called once a row, for every nested operation", function()
    fires({ "create Post" }, function() update { posts = { create = { title = "new" } } } end)
    fires({ "create Post", "create Post" }, function() update { posts = { create_many = { data = { { title = "m" }, { title = "n" } } } } } end)
    fires({ "update Post" }, function() update { posts = { disconnect = { id = 1 } } } end)
    fires({}, function() update { posts = { disconnect = { id = 1 } } } end)
    fires({ "update Post" }, function() update { posts = { connect = { id = 1 } } } end)
    fires({}, function() update { posts = { connect = { id = 1 } } } end)
    fires({ "create Tag" }, function()
      local tags = { connect_or_create = { where = { name = "coc" }, create = { name = "coc" } } }
      x.post:update { where = { id = 1 }, data = { tags = tags } }
    end)
    fires({}, function()
      x.post:update { where = { id = 1 }, data = { tags = { connect_or_create = { where = { name = "coc" }, create = { name = "coc" } } } } }
    end)
    fires({}, function() x.post:update { where = { id = 1 }, data = { tags = { connect = { name = "lua" }, disconnect = { name = "coc" } } } } end)
    fires({}, function() x.post:update { where = { id = 1 }, data = { tags = { set = { { name = "lua" }, { name = "coc" } } } } } end)
    fires({ "update Post" }, function() update { posts = { update = { where = { id = 1 }, data = { title = "u" } } } } end)
    fires({ "update Post", "update Post" }, function() update { posts = { update_many = { where = { id = { lt = 3 } }, data = { views = 1 } } } } end)
    fires({ "update Post", "create Post" }, function()
      update { posts = { upsert = { { where = { id = 1 }, create = { title = "c" }, update = { title = "v" } },
        { where = { id = 4711 }, create = { title = "w" }, update = {} } } } }
    end)
    fires({ "delete Post" }, function() update { posts = { delete = { id = 2 } } } end)
    fires({ "update Post", "update Post", "update Post", "update Post" }, function() update { posts = { set = { { id = 5 } } } } end)
    fires({ "delete Post" }, function() update { posts = { delete_many = {} } } end)
    fires({ "delete Tag", "update Tag" }, function()
      x.post:update { where = { id = 1 }, data = { tags = { update = { where = { name = "coc" }, data = { name = "coc2" } }, delete = { name = "lua" } } } }
    end)
    fires({ "update Profile" }, function() update { profile = { update = { bio = "c" } } } end)
    fires({ "update Profile", "create Profile" }, function() update { profile = { create = { bio = "second" } } } end)
    fires({ "update Profile", "update Profile" }, function() update { profile = { connect = { id = 1 } } } end)
    fires({ "delete Profile" }, function() update { profile = { delete = true } } end)
    fires({ "create Profile" }, function() update { profile = { upsert = { create = { bio = "d" }, update = { bio = "e" } } } } end)
    fires({ "update Profile" }, function() update { profile = { disconnect = true } } end)
    fires({ "update Post", "create User" }, function() -- `before` of the referenced row comes first; it is the other model here
      shop.take(log)
      x.post:update { where = { id = 1 }, data = { author = { create = { email = "au@x" } } } }
      local lines = shop.take(log)
      assert.same({ "before create User", "before update Post", "after create User", "after update Post" }, lines)
      for _, line in ipairs { "before update Post", "before create User", "after update Post", "after create User" } do log[#log + 1] = line end
    end)
    fires({ "update User" }, function() x.post:update { where = { id = 1 }, data = { author = { update = { last = "Z" } } } } end)
    fires({ "update Post" }, function() x.post:update { where = { id = 1 }, data = { author = { disconnect = true } } } end)
    fires({ "create User", "update Post" }, function()
      x.post:update { where = { id = 1 }, data = { author = { upsert = { create = { email = "uu@x" }, update = {} } } } }
    end)
    fires({ "create Line", "create Line" }, function()
      x.post:update { where = { id = 1 }, data = { lines = { create = { { nr = 1, text = "a" }, { nr = 2, text = "b" } } } } }
    end)
    fires({ "delete Line", "update Line" }, function()
      x.post:update { where = { id = 1 }, data = { lines = { update = { where = { postId_nr = { postId = 1, nr = 1 } }, data = { text = "c" } },
        delete = { postId_nr = { postId = 1, nr = 2 } } } } }
    end)
    fires({ "delete Post" }, function() x.post:delete { where = { id = 1 } } end) -- the lines are deleted by the database
    assert.equal(0, db.line:count())
  end)

  it("get rows with the keys of rows around them, and as they were written", function()
    shop.take(log)
    x.user:create { data = { email = "k@x", last = rille.null, posts = { create = { title = "p", lines = { create = { nr = 1, text = "t" } } } } } }
    local lines = shop.take(log, true)
    assert.equal("before create User email=k@x last=" .. tostring(rille.null), lines[1])
    assert.equal("before create Post authorId=2 title=p", lines[2])
    assert.equal("before create Line nr=1 postId=3 text=t", lines[3])
    assert.equal("after create User email=k@x first=Ada id=2", lines[4])
    assert.equal("after create Post authorId=2 id=3 title=p views=0", lines[5])
    assert.equal("after create Line nr=1 postId=3 text=t", lines[6])
    x.post:create { data = { title = "c", author = { connect = { email = "k@x" } } } }
    assert.equal("before create Post authorId=2 title=c", shop.take(log, true)[1])
  end)

  it("get the row as it was, and the data of an update as it was given", function()
    local seen = {}
    local y = db:extend { write = { post = {
      before = function(row, _, action, current) seen[#seen + 1] = { action, row, current } end,
      after = function(row, _, action, previous) seen[#seen + 1] = { action, row, previous } end,
    } } }
    y.post:update { where = { id = 1 }, data = { views = { increment = 2 } } }
    local old = { id = 1, title = "One", views = 0, authorId = 1 }
    local new = { id = 1, title = "One", views = 2, authorId = 1 }
    assert.same({ { "update", { views = { increment = 2 } }, old }, { "update", new, old } }, seen)
    seen = {}
    y.post:delete { where = { id = 1 } }
    assert.same({ { "delete", new, new }, { "delete", new, new } }, seen)
  end)

  it("change and replace rows", function()
    local y = db:extend { write = {
      post = { before = function(row, _, action)
        if action == "delete" then return { title = "ignored" } end
        if row.title then row.title = row.title:upper() end
        row.views = action == "create" and 5 or { increment = 10 }
      end },
      tag = { before = function(row) return { name = row.name .. "!" } end },
    } }
    local z = y:extend { write = { ["*"] = { before = function(row) if row.title then row.title = row.title .. "?" end end } } }
    local tags = { create = { { name = "x" }, { name = "y" } } }
    local post = z.post:create { data = { title = "a", tags = tags }, include = { tags = { order_by = { id = "asc" } } } }
    assert.same({ "A?", 5, "x!", "y!" }, { post.title, post.views, post.tags[1].name, post.tags[2].name })
    assert.equal(15, z.post:update({ where = { id = post.id }, data = { title = "b" } }).views)
    z.post:update_many { where = { id = { in_ = { 1, 2 } } }, data = { title = "m" } }
    assert.same({ "M?", 10 }, { db.post:find_unique({ where = { id = 2 } }).title, db.post:find_unique({ where = { id = 2 } }).views })
    assert.equal("B?", z.post:delete({ where = { id = post.id } }).title)
    assert.equal("A?", z.post:create_many_and_return({ data = { { title = "a" }, { title = "b", views = 1 } } })[1].title)
  end)

  it("may give what is missing, and are refused relations and other things than rows", function()
    local y = db:extend { write = { user = { before = function(row) row.email = row.email or "made@x" end } } }
    assert.equal("made@x", y.user:create({ data = {} }).email)
    local function refused(before, text)
      local e = support.fails("VALIDATION", function() db:extend({ write = { user = { before = before } } }).user:create { data = { email = "r@x" } } end)
      assert.truthy(e.message:find(text, 1, true), e.message)
    end
    refused(function() return 1 end, "extend: write.user.before: expected a table or nil, got an integer")
    refused(function(row) row.posts = { create = { title = "x" } } end, "`posts` is a relation")
    refused(function(row) row.emial = 1 end, "data.emial: unknown field of User; did you mean `email`?")
    assert.equal(2, db.user:count())
  end)

  it("roll everything back when they raise", function()
    for _, when in ipairs { "before", "after" } do
      local y = db:extend { write = { post = { [when] = function(row) if row.title == "bad" or row.views == 99 then error("no " .. row.title, 0) end end } } }
      local calls = {
        function() y.user:create { data = { email = "z@x", posts = { create = { { title = "good" }, { title = "bad" } } } } } end,
        function() y.post:create_many { data = { { title = "good" }, { title = "bad" } } } end,
        function() y.post:update_many { where = rille.all, data = { title = "bad" } } end,
        function() y.user:update { where = { id = 1 }, data = { last = "L", posts = { create = { title = "bad" } } } } end,
        function() y:batch(function(b)
          b.tag:create { data = { name = "first" } }
          b.post:create { data = { title = "bad" } }
        end) end,
        function() y:transaction(function(tx)
          tx.tag:create { data = { name = "first" } }
          tx.post:create { data = { title = "bad" } }
        end) end,
      }
      for i, call in ipairs(calls) do
        local ok, e = pcall(call)
        assert.same({ false, "no bad" }, { ok, e }, when .. " " .. i)
      end
      assert.same({ 1, 2, 2 }, { db.user:count(), db.post:count(), db.tag:count() })
      assert.is_nil(db.user:find_unique({ where = { id = 1 } }).last)
      assert.equal(0, db.post:count { where = { title = { in_ = { "good", "bad" } } } })
      y:transaction(function(tx) -- only the savepoint of the call is rolled back
        tx.tag:create { data = { name = "kept" .. when } }
        assert.is_false(pcall(tx.post.create, tx.post, { data = { title = "bad" } }))
      end)
      assert.equal(1, db.tag:delete_many({ where = { name = "kept" .. when } }).count)
    end
  end)

  it("write through the transaction, which is of the extended client, and after the commit", function()
    local committed = 0
    local y = db:extend { write = {
      post = { after = function(row, tx, action)
        tx.tag:create { data = { name = ("%s %s"):format(action, row.title) } }
        tx:after_commit(function() committed = committed + 1 end)
      end },
    } }:extend { write = { tag = { before = function(row) row.name = row.name .. "." end } } }
    y.post:create { data = { title = "t" } }
    y:transaction(function(tx)
      tx.post:update { where = { id = 1 }, data = { views = 1 } }
      assert.equal(1, committed)
    end)
    assert.equal(2, committed)
    assert.equal(2, db.tag:count { where = { name = { in_ = { "create t.", "update One." } } } })
  end)

  it("are refused when they go round in circles", function()
    local y = db:extend { write = { tag = { after = function(row, tx) tx.tag:create { data = { name = row.name .. "x" } } end } } }
    local e = support.fails("VALIDATION", function() y.tag:create { data = { name = "r" } } end)
    assert.truthy(e.message:find("extend: write: the hooks of Tag call one another more than 16 levels deep", 1, true), e.message)
    assert.equal(2, db.tag:count())
    local depth = 0
    local z = db:extend { write = { tag = { after = function(row, tx)
      depth = depth + 1
      if depth < 10 then tx:transaction(function(inner) inner.tag:create { data = { name = row.name .. "x" } } end) end
    end } } }
    z.tag:create { data = { name = "r" } }
    assert.equal(12, db.tag:count())
  end)

  it("leave the errors of a write as they are, with the caller's path", function()
    local function same(code, call)
      local e, f = support.fails(code, call, db), support.fails(code, call, x)
      assert.same({ e.message, e.meta.path, e.meta.model, e.meta.target }, { f.message, f.meta.path, f.meta.model, f.meta.target })
      assert.truthy(f.place:find "write_spec", f.place)
    end
    same("P2025", function(c) c.user:update { where = { id = 99 }, data = { first = "x" } } end)
    same("P2025", function(c) c.user:delete { where = { id = 99 } } end)
    same("P2002", function(c) c.user:create { data = { email = "ada@x" } } end)
    same("P2018", function(c) c.user:create { data = { email = "q@x", posts = { connect = { id = 99 } } } } end)
    same("P2025", function(c) c.post:create { data = { title = "q", author = { connect = { id = 99 } } } } end)
    same("P2017", function(c) c.user:update { where = { id = 1 }, data = { posts = { delete = { id = 99 } } } } end)
    same("P2025", function(c) c.user:update { where = { id = 1 }, data = { posts = { update = { where = { id = 99 }, data = { title = "x" } } } } } end)
    same("P2012", function(c) c.user:create { data = { email = "q@x", posts = { create = { { title = "a" }, { views = 1 } } } } } end)
    same("VALIDATION", function(c) c.user:create { data = { email = "q@x", posts = { create = { titel = "a" } } } } end)
    same("VALIDATION", function(c) c.user:upsert { where = { id = 1 }, create = { email = 1 }, update = {} } end)
    same("VALIDATION", function(c) c.post:update_many { where = {}, data = { views = 1 } } end)
    same("VALIDATION", function(c) c.post:create { data = rille.json.decode '{"title":"x"}' } end)
    same("P2003", function(c) c.post:create { data = { title = "x", authorId = 99 } } end)
  end)

  it("write several foreign keys of a row together, whichever of the models has hooks", function()
    for _, names in ipairs { { "User" }, { "Post" }, { "Line" } } do
      local y, own = shop.logged(db, names)
      local data = { title = "two keys", parent = { connect = { id = 1 } }, author = { create = { email = names[1] .. "@x" } },
        lines = { create = { nr = 1, text = "t" } },
        answers = { create = { title = "a", author = { connect = { id = 1 } }, lines = { create = { nr = 2, text = "u" } } } } }
      local post = y.post:create { data = data, include = { answers = true, author = true } }
      assert.same({ 1, names[1] .. "@x", 1 }, { post.parentId, post.author.email, post.answers[1].authorId })
      assert.equal(names[1] == "User" and 2 or 4, #shop.take(own))
    end
  end)

  it("answer what a plain client answers in odd cases", function()
    local function outcome(client, call) -- nothing stays
      local found
      pcall(client.transaction, client, function(tx)
        local ok, result = pcall(call, tx)
        found = ok and (type(result) == "table" and rille.json.encode(result) or tostring(result)) or result.code .. " " .. result.message
        error("undo", 0)
      end)
      return found
    end
    local moved = setmetatable({}, { __pairs = function() return next, { first = "proxy" } end })
    for i, call in ipairs {
      function(c) return c.user:upsert_many { data = { { email = "z" }, { email = "z" } }, on = { "email" } } end,
      function(c) return c.user:upsert_many { data = { { email = "ada@x", first = "N", id = 1 } }, on = "email", update = "all" } end,
      function(c) return c.post:update_many { data = { { id = 1, views = 1 }, { id = 1, views = 2 } }, on = { "id" } } end,
      function(c) return c.post:update_many { data = { { id = 99, views = 1 }, { id = 1, views = 2 } }, on = { "id" } } end,
      function(c) return c.post:update_many { where = rille.all, data = {} } end,
      function(c) return c.post:update_many_and_return { where = rille.all, data = {} } end,
      function(c) return c.post:update { where = { id = 1 }, data = {} } end,
      function(c) return c.post:update { where = { id = 1, title = "nope" }, data = { views = 1 } } end,
      function(c)
        return c.post:update { where = { id = 1 }, data = { id = 50, lines = { create = { nr = 1, text = "t" } } }, include = { lines = true } }
      end,
      function(c) return c.post:update { where = { id = 1 }, data = { title = { set = "S" } } } end,
      function(c) return c.post:create_many { data = {} } end,
      function(c) return c.post:create_many_and_return { data = {} } end,
      function(c) return c.post:delete_many { where = rille.all, limit = 0 } end,
      function(c) return c.post:delete_many { where = rille.all, limit = -1 } end,
      function(c) return c.tag:create_many { data = { { name = "x" }, { name = "x" } } } end,
      function(c) return c.user:upsert { where = { email = "ada@x", first = "nope" }, create = { email = "ada@x" }, update = {} } end,
      function(c) return c.user:update { where = { id = 1 }, data = { posts = { set = {} } }, include = { posts = true } } end,
      function(c) return c.user:update { where = { id = 1 }, data = { posts = { delete_many = rille.all } }, include = { posts = true } } end,
      function(c) return c.user:update { where = { id = 1 }, data = { posts = rille.null } } end,
      function(c) return c.user:update { where = { id = 1 }, data = { posts = { create = {} } } } end,
      function(c) return c.user:update { where = rille.json.decode '{"id":1}', data = { first = "x" } } end,
      function(c) return c.user:update { where = { id = 1 }, data = moved } end,
      function(c) return c.user:create { data = { id = 700, email = "q@x", posts = rille.array {} } } end,
      function(c) return c.post:update { where = { id = 1 }, data = { author = { delete = true } } } end,
    } do
      assert.equal(outcome(db, call), outcome(x, call), "call " .. i)
    end
  end)

  it("are called for `*` and for the models that are named, and for no others", function()
    local y, own = shop.logged(db, { "Tag" })
    y.user:create { data = { email = "t@x", posts = { create = { title = "p", tags = { create = { name = "z" } } } } } }
    y.post:update_many { where = rille.all, data = { views = 3 } }
    assert.same({ "before create Tag", "after create Tag" }, shop.take(own))
    local count = 0
    local z = db:extend { write = { ["*"] = { after = function() count = count + 1 end } } }
    z.user:create { data = { email = "s@x", posts = { create = { title = "p", tags = { create = { name = "y" } } } } } }
    assert.equal(3, count)
  end)

  it("give the answers of plain calls", function()
    local args = { data = { title = "v", tags = { create = { name = "v" } }, author = { connect = { id = 1 } } }, include = { tags = true, author = true } }
    local post = x.post:create(args)
    assert.same({ "v", 1, "v", "ada@x" }, { post.title, post.authorId, post.tags[1].name, post.author.email })
    assert.same({ id = post.id }, x.post:update { where = { id = post.id }, data = { views = 4 }, select = { id = true } })
    assert.equal(('{"id":%d,"tags":[{"name":"v"}]}'):format(post.id),
      x.post:update { as = "json", where = { id = post.id }, data = { views = 5 }, select = { id = true, tags = { select = { name = true } } } })
    assert.equal("ada@x", x.post:delete({ where = { id = post.id }, include = { author = true } }).author.email)
    assert.same({ count = 1 }, x.tag:create_many { data = { { name = "v" }, { name = "w" } }, skip_duplicates = true })
    local keeping = shop.logged(support.connect(select(2, support.open(engine, shop.schema)), shop.schema, { keep_nulls = true }))
    assert.equal(rille.null, keeping.post:create({ data = { title = "n" } }).authorId)
    local stored = keeping.line:create { data = { nr = 1, text = "j", data = { a = { 1, 2 } }, post = { create = { title = "holder" } } } }
    assert.same({ { 1, 2 } }, { stored.data.a })
    keeping.line:update_many { where = rille.all, data = { data = { b = rille.json_null } } }
    assert.equal(rille.null, keeping.line:find_first().data.b)
  end)

  if engine == "postgresql" then
    it("run again when another transaction creates the row that was not found", function()
      local calls = {}
      local y = db:extend { write = { tag = { before = function(row, _, action)
        calls[#calls + 1] = action
        if #calls == 1 then db.tag:create { data = { name = "raced" } } end
        row.name = row.name -- nothing
      end } } }
      local tag = y.tag:upsert { where = { name = "raced" }, create = { name = "raced" }, update = { name = "updated" } }
      assert.same({ "updated", { "create", "update" } }, { tag.name, calls })
      calls = {}
      y.post:update { where = { id = 1 }, data = { tags = { connect_or_create = { where = { name = "raced" }, create = { name = "raced" } } } } }
      assert.same({ { "create" }, 1 }, { calls, db.tag:count { where = { name = "raced", posts = { some = { id = 1 } } } } })
      support.fails("P2002", y.tag.create, y.tag, { data = { name = "raced" } })
    end)
  end

  it("leave no transaction behind when the coroutine is closed in one", function()
    if not coroutine.close then return end
    local y = db:extend { write = { tag = { before = function() coroutine.yield() end } } }
    local co = coroutine.create(function() y.tag:create { data = { name = "never" } } end)
    assert(coroutine.resume(co))
    assert.equal(1, db:metrics().pool.in_use)
    coroutine.close(co)
    assert.same({ 0, 2 }, { db:metrics().pool.in_use, db.tag:count() })
  end)
end)
