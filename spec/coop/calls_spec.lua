-- What a cooperative client does under each scheduler: the same as any other, without stopping the thread.
local rille = require "rille"
local support = require "support"
local schedulers = require "coop.schedulers"
local schema = require "lua.blog_schema"

support.each_engine(function(engine)
  for _, scheduler in ipairs(schedulers.all) do
    describe(scheduler.name, function()
      local db, url
      before_each(function() db, url = support.open(engine, schema, { wait = scheduler.wait, pool = { size = 4 } }) end)

      local function within(fn) scheduler.run { fn } end

      it("reads and writes", function()
        within(function()
          local user = db.user:create {
            data = { email = "a", name = "A", posts = { create = { { title = "p" }, { title = "q" } } } },
            include = { posts = true },
          }
          assert.same({ "p", "q" }, { user.posts[1].title, user.posts[2].title })
          local found = db.user:find_many { include = { posts = { order_by = { title = "desc" } } } }
          assert.same({ "q", "p" }, { found[1].posts[1].title, found[1].posts[2].title })
          assert.equal("a", db.user:find_unique({ where = { id = user.id } }).email)
          assert.is_nil(db.user:find_unique { where = { id = 99 } })
          assert.same({}, db.user:find_many { where = { email = "z" } })
          assert.equal(2, db.post:count())
          assert.is_true(db.post:exists { where = { title = "p" } })
          assert.is_false(db.post:exists { where = { title = "x" } })
          assert.same({ count = 1 }, db.post:update_many { where = { title = "p" }, data = { title = "r" } })
          assert.equal(2, db.post:aggregate({ _count = true })._count)
        end)
      end)

      it("raises the errors of the database and of the call", function()
        within(function()
          db.user:create { data = { email = "a", name = "A" } }
          local e = support.fails("P2002", db.user.create, db.user, { data = { email = "a", name = "B" } })
          assert.same({ "email" }, e.meta.target)
          support.fails("P2025", db.user.find_unique_or_throw, db.user, { where = { id = 99 } })
          support.fails("VALIDATION", db.user.find_many, db.user, { wheer = {} })
          support.fails("P2010", db.query_raw, db, "select nothing from nowhere")
          assert.equal(1, db.user:count())
        end)
        assert.equal(0, db:metrics().pool.in_use)
      end)

      it("runs raw statements", function()
        within(function()
          assert.same({ { x = 1 } }, db:query_raw "select 1 as x")
          db:execute_script "create table t (a int); insert into t values (1); insert into t values (2)"
          assert.equal(2, db:execute_raw("update t set a = a + 1"))
          assert.same({ { a = 2 }, { a = 3 } }, db:query_raw "select a from t order by a")
        end)
      end)

      it("commits, rolls back, nests", function()
        within(function()
          local a, b = db:transaction(function(tx)
            tx.user:create { data = { email = "a", name = "A" } }
            pcall(tx.transaction, tx, function(inner)
              inner.user:create { data = { email = "b", name = "B" } }
              error "undo"
            end)
            return tx.user:count(), "b"
          end)
          assert.same({ 1, "b" }, { a, b })
          local mine = {}
          local ok, e = pcall(db.transaction, db, function(tx)
            tx.user:create { data = { email = "c", name = "C" } }
            error(mine, 0)
          end)
          assert.is_false(ok)
          assert.equal(mine, e)
          local kept
          db:transaction(function(tx) kept = tx end)
          support.fails("P2028", function() return kept.user:count() end)
          assert.equal(1, db.user:count())
        end)
        assert.equal(0, db:metrics().pool.in_use)
      end)

      it("streams, and a loop that is left releases its connection", function()
        within(function()
          local rows = {}
          for i = 1, 25 do rows[i] = { email = ("%03d"):format(i), name = "N" } end
          db.user:create_many { data = rows }
          db.post:create_many { data = { { title = "p", authorId = 3 } } }
          local emails, posts = {}, 0
          for user in db.user:each { order_by = { email = "asc" }, include = { posts = true }, batch = 10 } do
            emails[#emails + 1] = user.email
            posts = posts + #user.posts
          end
          assert.equal(25, #emails)
          assert.equal("025", emails[25])
          assert.equal(1, posts)
          for user in db.user:each { order_by = { email = "asc" }, batch = 10 } do
            if user.email == "002" then break end
          end
          assert.equal(0, db:metrics().pool.in_use)
          for _ in db.user:each { where = { email = "none" } } do error "there is none" end
        end)
      end)

      it("waits its turn for a connection, and not longer than it may", function()
        local small = support.connect(url, schema, { wait = scheduler.wait, pool = { size = 1, wait = 150 } })
        local order, failed = {}, nil
        local function pool() return small:metrics().pool end
        local function hold(name, begin, done)
          return function()
            while not begin() do scheduler.sleep(0.005) end
            small:transaction(function(tx)
              tx.user:count()
              while not done() do scheduler.sleep(0.005) end
              order[#order + 1] = name
            end, { max_wait = 5000, timeout = 10000 })
          end
        end
        local function at_once() return true end
        scheduler.run {
          hold("first", at_once, function() return pool().waiting == 2 end),
          hold("third", function() return pool().waiting == 1 end, at_once),
          hold("second", function() return pool().in_use == 1 end, at_once),
        }
        assert.same({ "first", "second", "third" }, order)
        scheduler.run {
          hold("long", at_once, function() return failed end),
          function()
            while pool().in_use == 0 do scheduler.sleep(0.005) end
            failed = support.fails("P2024", small.user.create, small.user, { data = { email = "x", name = "X" } })
          end,
        }
        assert.is_truthy(failed.message:find("limit is 1", 1, true))
        assert.same({ 0, 0 }, { pool().in_use, pool().waiting })
      end)

      it("blocks where the code cannot yield", function()
        assert.equal(0, db.user:count())
        within(function()
          local list = { 3, 1, 2 }
          table.sort(list, function(a, b)
            db.user:count()
            return a < b
          end)
          assert.same({ 1, 2, 3 }, list)
        end)
      end)
    end)
  end

  describe("a hook of one's own", function()
    it("hears what to forget", function()
      local waited, forgotten = 0, 0
      local wait = {
        wait = function(fd, mode, seconds)
          if fd then waited = waited + 1 end
          return schedulers.plain.wait(fd, mode, seconds)
        end,
        forget = function(fd)
          assert.equal("number", type(fd))
          forgotten = forgotten + 1
        end,
      }
      local db = support.open(engine, schema, { wait = wait })
      schedulers["function"].run { function() assert.equal(0, db.user:count()) end }
      assert.equal(waited, forgotten)
      if engine == "postgresql" then assert.is_true(waited > 0) end
    end)

    it("must be one", function()
      local url = support.database(engine)
      for _, wrong in ipairs { "uring", 7, {}, { wait = 3 }, { wiat = print } } do
        support.fails("VALIDATION", rille.connect, { schema_text = schema, url = url, wait = wrong })
      end
    end)

    it("may raise: the call has ended and its connection is free", function()
      if engine == "sqlite" then return end
      local db, url = support.open(engine, schema, { wait = function() error("enough", 0) end })
      local co = coroutine.create(function() return pcall(db.query_raw, db, "select pg_sleep(10)") end)
      local _, ok, e = coroutine.resume(co)
      assert.same({ false, "enough" }, { ok, e })
      assert.equal(0, db:metrics().pool.in_use)
      assert.is_string(url)
    end)
  end)
end)
