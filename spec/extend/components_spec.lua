-- db:extend: methods, computed fields, functions around calls, methods of the client, and how they compose.
local rille = require "rille"
local support = require "support"
local shop = require "extend.shop"

local function full_name(user) return user.first .. " " .. (user.last or "?") end
local NAMES = { result = { user = { full_name = { needs = { "first", "last" }, compute = full_name } } } }

local function collect(iterator, ...)
  local list = {}
  for one in iterator, ... do list[#list + 1] = one end
  return list
end

support.each_engine(function(engine)
  local db
  setup(function()
    db = support.open(engine, shop.schema, { omit = { user = { password = true } } })
    db.user:create { data = { email = "ada@x", last = "Lovelace", password = "secret", profile = { create = { bio = "b" } },
      posts = { create = { { title = "One", tags = { create = { name = "lua" } } }, { title = "Two" } } } } }
    db.user:create { data = { email = "bob@x", first = "Bob" } }
    db.post:create { data = { title = "Answer", parentId = 1 } }
  end)

  describe("methods", function()
    it("belong to models and to the client, and go through the extended client", function()
      local seen = {}
      local x = db:extend {
        model = {
          ["*"] = { how_many = function(self) return self:count() end },
          user = { by_email = function(self, email) return self:find_unique { where = { email = email } } end },
        },
        client = { titles = function(self) return #self.post:find_many(), self end },
        query = { ["*"] = function(call)
          seen[#seen + 1] = call.model .. "." .. call.action
          return call.run(call.args)
        end },
      }
      assert.equal("Bob", x.user:by_email("bob@x").first)
      assert.equal(3, x.post:how_many())
      local count, self = x:titles()
      assert.same({ 3, x }, { count, self })
      assert.same({ "User.find_unique", "Post.count", "Post.find_many" }, seen)
      x:transaction(function(tx)
        assert.equal(3, tx.Post:how_many())
        assert.equal(3, (tx:titles()))
      end)
      assert.equal("rille.Model(User)", tostring(x.user))
      assert.equal(tostring(db), tostring(x))
    end)

    it("of a later extension hide those of an earlier one, and the built-in ones", function()
      local x = db:extend { model = { user = { find_many = function() return "mine" end, hi = function() return 1 end } } }
      assert.equal("mine", x.user:find_many())
      local y = x:extend { model = { ["*"] = { hi = function() return 2 end } }, client = { primary = function() return "p" end } }
      assert.same({ 2, "mine", "p" }, { y.user:hi(), y.user:find_many(), y:primary() })
      assert.equal(1, x.user:hi())
      assert.equal(2, #db.user:find_many())
    end)
  end)

  describe("computed fields", function()
    local x
    before_each(function() x = db:extend(NAMES) end)

    it("are in every result, at every depth, and what they need is read and removed", function()
      assert.equal("Ada Lovelace", x.user:find_unique({ where = { id = 1 } }).full_name)
      assert.same({ { full_name = "Ada Lovelace" }, { full_name = "Bob ?" } }, x.user:find_many { select = { full_name = true }, order_by = { id = "asc" } })
      assert.same({ author = { full_name = "Ada Lovelace", id = 1 }, title = "One" },
        x.post:find_first { select = { title = true, author = { select = { full_name = true, id = true } } }, order_by = { id = "asc" } })
      local tag = x.tag:find_first { include = { posts = { include = { author = { include = { profile = { include = { user = true } } } } } } } }
      assert.equal("Ada Lovelace", tag.posts[1].author.profile.user.full_name)
      assert.is_nil(x.user:find_first({ omit = { full_name = true }, order_by = { id = "asc" } }).full_name)
      assert.is_nil(x.user:find_first({ select = { first = true }, order_by = { id = "asc" } }).full_name)
      local omitted = x.user:find_first { omit = { first = true }, order_by = { id = "asc" } }
      assert.same({ "Ada Lovelace" }, { omitted.full_name, omitted.first })
    end)

    it("are in what writes return, and are no fields of the database", function()
      x:transaction(function(tx)
        assert.equal("Cy ?", tx.user:create({ data = { email = "cy@x", first = "Cy" } }).full_name)
        assert.same({ full_name = "Cy Y" }, tx.user:update { where = { email = "cy@x" }, data = { last = "Y" }, select = { full_name = true } })
        assert.equal("Cy Y", tx.user:upsert({ where = { email = "cy@x" }, create = { email = "cy@x" }, update = {} }).full_name)
        assert.equal("Dee ?", tx.user:create_many_and_return({ data = { { email = "d@x", first = "Dee" } } })[1].full_name)
        assert.equal("Cy Y", tx.user:delete({ where = { email = "cy@x" } }).full_name)
        tx.user:delete { where = { email = "d@x" } }
      end)
      local e = support.fails("VALIDATION", x.user.find_many, x.user, { where = { full_name = "x" } })
      assert.truthy(e.message:find("unknown field of User", 1, true))
      support.fails("VALIDATION", x.user.find_many, x.user, { select = { full_name = 1 } })
    end)

    it("may need earlier ones, hide a field, need fields that the client omits, and be for all models", function()
      local y = x:extend { result = {
        user = {
          email = { needs = { "email" }, compute = function(user) return user.email:gsub("@.*", "@...") end },
          shout = { needs = { "loud" }, compute = function(user) return user.loud .. "!" end },
          loud = { needs = { full_name = true }, compute = function(user) return user.full_name:upper() end },
          has_password = { needs = { "password" }, compute = function(user) return user.password ~= nil end },
        },
        ["*"] = { key = { needs = { "id" }, compute = function(row) return "#" .. row.id end }, one = { compute = function() return 1 end } },
      } }
      assert.same({ shout = "ADA LOVELACE!", email = "ada@...", has_password = true, key = "#1", one = 1 },
        y.user:find_unique { where = { id = 1 }, select = { shout = true, email = true, has_password = true, key = true, one = true } })
      assert.same({ id = 1, first = "Ada", last = "Lovelace", email = "ada@...", full_name = "Ada Lovelace", loud = "ADA LOVELACE", shout = "ADA LOVELACE!",
        has_password = true, key = "#1", one = 1 }, y.user:find_unique { where = { id = 1 } })
      assert.same({ one = 1 }, y.user:find_first { select = { one = true } })
      assert.same({ "#1", "#3" }, { y.post:find_first({ where = { id = 1 } }).key, y.post:find_first({ where = { id = 3 } }).key })
      local z = y:extend { result = { user = { email = { needs = { "email" }, compute = function(user) return user.email .. "x" end } } } }
      assert.equal("ada@...x", z.user:find_unique({ where = { id = 1 }, select = { email = true } }).email)
    end)

    it("are computed in recursive includes, each, pages, batches and JSON", function()
      local y = x:extend { result = { post = { caps = { needs = { "title" }, compute = function(post) return post.title:upper() end } } } }
      local tree = y.post:find_unique { where = { id = 1 }, select = { caps = true, answers = { recursive = true, select = { caps = true } } } }
      assert.equal("ANSWER", tree.answers[1].caps)
      assert.is_nil(tree.answers[1].title)
      assert.equal("ADA LOVELACE", collect(x.user:each { batch = 1, order_by = { id = "asc" } })[1].full_name:upper())
      local page = x.user:paginate { per_page = 1, order_by = { email = "asc" }, select = { full_name = true } }
      assert.same({ { { full_name = "Ada Lovelace" } }, 2 }, { page.rows, page.total })
      page = x.user:paginate { per_page = 1, after = page.next, order_by = { email = "asc" }, select = { full_name = true } }
      assert.same({ { full_name = "Bob ?" } }, page.rows)
      local users, count = x:batch(function(b)
        b.user:find_many { select = { full_name = true }, order_by = { id = "asc" } }
        b.user:count()
      end)
      assert.same({ "Ada Lovelace", 2 }, { users[1].full_name, count })
      local args = { include = { profile = { include = { user = { select = { full_name = true } } } } }, order_by = { id = "asc" } }
      local rows = x.user:find_many(args)
      args.as = "json"
      local text = x.user:find_many(args)
      assert.equal(rille.json.encode(rows, { model = x.user }), text)
      assert.equal(text, table.concat(collect(x.user:each { as = "json", batch = 1, include = args.include, order_by = args.order_by })))
      assert.equal("null", x.user:find_unique { where = { id = 77 }, as = "json" })
      local all = x.user:paginate { order_by = { id = "asc" } }
      assert.equal(rille.json.encode(all, { model = x.user }), x.user:paginate { order_by = { id = "asc" }, as = "json" })
      assert.equal(1, #x.user:explain({ select = { full_name = true } }).statements)
      support.fails("VALIDATION", x.user.find_many, x.user, { as = "xml" })
      support.fails("VALIDATION", x.user.find_many, x.user, { bigint = "string" })
      support.fails("VALIDATION", x.user.create_many, x.user, { as = "json", data = {} })
    end)

    it("are in strict rows, and rows of clients with keep_nulls", function()
      local strict = support.connect(db and select(2, support.open(engine, shop.schema)), shop.schema, { development = true, log = {} })
      strict.user:create { data = { email = "s@x" } }
      local row = strict:extend({ result = { user = { nothing = { compute = function() return nil end }, one = { needs = { "last" },
        compute = function(user) return user.last == nil end } } } }).user:find_first { select = { nothing = true, one = true } }
      assert.is_nil(row.nothing)
      assert.is_true(row.one)
      support.fails("VALIDATION", function() return row.last end)
    end)
  end)

  describe("functions around calls", function()
    it("change arguments and results; the first extension is the outermost, and the more exact place comes first", function()
      local order = {}
      local function mark(word)
        return function(call)
          order[#order + 1] = word
          local result = call.run()
          order[#order + 1] = "/" .. word
          return result
        end
      end
      local x = db:extend { query = { user = { find_first = mark "a1", ["*"] = mark "a2" }, ["*"] = { find_first = mark "a3", ["*"] = mark "a4" } } }
      local y = x:extend { query = { ["*"] = mark "b" } }
      y.user:find_first()
      assert.same({ "a1", "a2", "a3", "a4", "b", "/b", "/a4", "/a3", "/a2", "/a1" }, order)

      local z = db:extend { query = { post = { find_many = function(call)
        call.args.where = { title = "Two" }
        local rows = call.run(call.args)
        rows[1].seen = true
        return rows
      end, count = function() return 42 end } } }
      local args = { order_by = { id = "asc" }, where = rille.array { } }
      assert.same({ "Two", true }, { z.post:find_many(args)[1].title, z.post:find_many(args)[1].seen })
      assert.is_nil(args.where.title)
      assert.equal(42, z.post:count())
      assert.equal(3, db.post:count())
      assert.equal('[{"title":"Two","seen":true}]', z.post:find_many { as = "json", select = { title = true } })
      assert.same({ "Two" }, { collect(z.post:each { batch = 1 })[1].title })
      assert.equal('[{"title":"Two","seen":true}]', table.concat(collect(z.post:each { as = "json", select = { title = true } })))
      local page = z.post:paginate { select = { title = true } }
      assert.same({ 1, 42 }, { #page.rows, page.total })
      assert.truthy(tostring(z.post:explain {}):find("WHERE", 1, true))
      assert.same({ 42 }, { (z:batch(function(b) b.post:count() end)) })
      local count = z:batch(function(b)
        b.post:count()
        b.user:count()
      end)
      assert.equal(42, count)
    end)

    it("know model, method and client, see the rows before computed fields, and may run a call twice or not at all", function()
      local seen
      local x = db:extend(NAMES):extend { query = { user = {
        find_many = function(call)
          seen = { call.model, call.action, call.db }
          local rows = call.run(call.args)
          rows[1].first, seen[4] = "Changed", rows[1].full_name or "none"
          return rows
        end,
        find_first = function(call) return call.run { where = { id = 2 } }, call.run { where = { id = 1 } } end,
        find_unique = function() return { first = "No", last = "Call" } end,
      } } }
      assert.equal("Changed Lovelace", x.user:find_many({ order_by = { id = "asc" } })[1].full_name)
      assert.same({ "User", "find_many", x, "none" }, seen)
      assert.equal("Bob", x.user:find_first().first)
      assert.equal("No", x.user:find_unique({ where = { id = 1 } }).first)
      x:transaction(function(tx)
        tx.user:find_many()
        assert.equal(tx, seen[3])
      end)
      support.fails("VALIDATION", function() db:extend({ query = { user = { count = function(call) return call.run(1) end } } }).user:count() end)
    end)

    it("run in actions and in derived clients, and raise what they raise", function()
      local count = 0
      local x = db:extend { query = { post = { create = function(call)
        count = count + 1
        if call.args.data.title == "bad" then error("no such title", 0) end
        return call.run(call.args)
      end } } }
      local action = x:action { input = { model = "post", allow = { "title" } }, run = function(tx, input) return tx.post:create { data = input } end }
      local answer = action { title = "By action" }
      assert.same({ true, 1 }, { answer.ok, count })
      x.post:delete { where = { id = answer.value.id } }
      local ok, e = pcall(action, { title = "bad" })
      assert.same({ false, "no such title" }, { ok, e })
      x:with({ timeout = 5000 }):primary():transaction(function(tx)
        tx:transaction(function(inner) inner.post:delete { where = { id = inner.post:create({ data = { title = "In" } }).id } } end)
      end)
      assert.equal(3, count)
    end)
  end)

  if engine == "sqlite" then -- on a server, answers are cached from some moment on
    it("cached reads keep what the functions ask for, and compute afterwards", function()
      local cached = support.connect(select(2, support.open(engine, shop.schema)), shop.schema, { cache = true })
      cached.user:create { data = { email = "c@x" } }
      local calls = 0
      local x = cached:extend(NAMES):extend { query = { user = { find_many = function(call)
        calls = calls + 1
        call.args.where = { first = "Ada" }
        return call.run(call.args)
      end } }, write = { user = { after = function() end } } }
      local function read(args)
        local before = cached:metrics().calls.statements
        args.cache = { ttl = 600 }
        local result = x.user:find_many(args)
        return cached:metrics().calls.statements - before, result
      end
      local first, rows = read { select = { full_name = true } }
      local second, same = read { select = { full_name = true } }
      assert.same({ 1, 0, { { full_name = "Ada ?" } }, rows }, { first, second, rows, same })
      assert.equal('[{"full_name":"Ada ?"}]', select(2, read { as = "json", select = { full_name = true } }))
      x.user:update { where = { id = 1 }, data = { first = "Bea" } }
      local third, none = read { select = { full_name = true } }
      assert.same({ 1, {}, 4 }, { third, none, calls })
      support.fails("VALIDATION", x.user.create, x.user, { data = { email = "d@x" }, cache = { ttl = 1 } })
    end)
  end

  describe("a client that is extended", function()
    it("has the pool of the other, is closed alone, and may be one of a transaction", function()
      local x = db:extend(NAMES)
      x:close()
      assert.equal(2, db.user:count())
      support.fails("VALIDATION", function() return db:extend(NAMES):extend(NAMES).user:find_many { select = { fullname = true } } end)
      db:transaction(function(tx)
        assert.equal("Bob ?", tx:extend(NAMES).user:find_unique({ where = { id = 2 } }).full_name)
      end)
    end)

    it("has a key for caches that tells the functions around calls apart", function()
      local client = require "rille.client"
      local function hook(call) return call.run() end
      local function key(x) return x[client.EXTENSION_KEY] end
      local one, same = db:extend { query = { user = { count = hook } } }, db:extend { name = "n", query = { user = { count = hook } } }
      assert.is_string(key(one))
      assert.equal(key(one), key(same))
      assert.equal(key(one), key(one:with { timeout = 100 }))
      assert.equal(key(one), key(one:extend(NAMES)))
      one:transaction(function(tx) assert.equal(key(one), key(tx)) end)
      assert.not_equal(key(one), key(db:extend { query = { user = { count = function(call) return call.run() end } } }))
      assert.not_equal(key(one), key(db:extend { query = { post = { count = hook } } }))
      assert.not_equal(key(one), key(one:extend { query = { user = { count = hook } } }))
      assert.is_nil(key(db:extend(NAMES)))
      assert.is_nil(key(db))
    end)

    it("hands its models to the functions that take one", function()
      local x = db:extend(NAMES)
      local ok, problems = x.user:validate { email = 1 }
      assert.same({ nil, "email" }, { ok, problems[1].field })
      assert.same({ email = "x@y" }, (x.user:input({ email = "x@y" }, { allow = { "email" } })))
      assert.equal('{"id":1,"title":"t"}', rille.json.encode({ title = "t", id = 1 }, { model = x.post }))
    end)
  end)

  it("refuses what it does not know, with the nearest name", function()
    local function fails(definition, text)
      local e = support.fails("VALIDATION", db.extend, db, definition)
      assert.truthy(e.message:find(text, 1, true), e.message)
    end
    fails(nil, "extend: expected a table")
    fails({ querry = {} }, "did you mean `query`?")
    fails({ query = { usr = {} } }, "extend: query: the schema has no model `usr`; did you mean `user`?")
    fails({ query = { hidden = {} } }, "hidden")
    fails({ query = { user = { find_mny = print } } }, "extend: query.user.find_mny: unknown method; did you mean `find_many`?")
    fails({ query = { user = { each = print } } }, "it runs the functions of `find_many`")
    fails({ query = { user = { count = 1 } } }, "extend: query.user.count: expected a function, got an integer")
    fails({ query = { user = {}, User = {} } }, "is named twice")
    fails({ model = { user = { a = {} } } }, "extend: model.user.a: expected a function")
    fails({ client = { a = "x" } }, "extend: client.a: expected a function")
    fails({ result = { user = { n = { needs = { "frist" }, compute = print } } } }, "unknown field `frist` of User; did you mean `first`?")
    fails({ result = { user = { n = { needs = { "posts" }, compute = print } } } }, "`posts` is a relation")
    fails({ result = { user = { n = { needs = "first", compute = print } } } }, "expected a list of fields")
    fails({ result = { user = { n = { needs = { "first" } } } } }, "compute: missing")
    fails({ result = { user = { posts = { compute = print } } } }, "is a relation of User")
    fails({ result = { user = { a = { needs = { "b" }, compute = print }, b = { needs = { "a" }, compute = print } } } }, "needs itself")
    fails({ write = { user = { befor = print } } }, "did you mean `before`?")
    fails({ write = { user = { before = 1 } } }, "expected a function")
    fails({ write = { [1] = {} } }, "expected names of models")
    local x = db:extend(NAMES)
    support.fails("VALIDATION", function() return x.usr end)
    support.fails("VALIDATION", function() return x.user:find_mny() end)
    support.fails("VALIDATION", function() return x.user.find_many {} end)
    support.fails("VALIDATION", function() return x.user:find_many "x" end)
  end)
end, "keep")
