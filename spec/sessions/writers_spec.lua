-- Two writers on the same rows. One has changed a row and holds its lock. The other has searched by the old values, waits, and continues when the
-- first one commits. A row that no longer meets its `where` must stay as the first one left it. On SQLite one writer waits for the other, so the
-- calls run one after the other, and must leave the same rows.
local core = require "rille.core"
local support = require "support"
local schedulers = require "coop.schedulers"

local SCHEMA = [[
model User {
  id      Int      @id @default(autoincrement())
  email   String   @unique
  version Int      @default(0)
  posts   Post[]
  drafts  Draft[]
  profile Profile?
}

model Post {
  id       Int     @id @default(autoincrement())
  title    String  @default("")
  open     Boolean @default(true)
  author   User?   @relation(fields: [authorId], references: [id], onDelete: Cascade)
  authorId Int?
  tags     Tag[]
}

model Draft {
  id      Int     @id @default(autoincrement())
  slug    String  @unique
  open    Boolean @default(true)
  owner   User    @relation(fields: [ownerId], references: [id])
  ownerId Int
}

model Profile {
  id     Int     @id @default(autoincrement())
  bio    String  @default("")
  open   Boolean @default(true)
  user   User?   @relation(fields: [userId], references: [id])
  userId Int?    @unique
}

model Tag {
  id    Int     @id @default(autoincrement())
  name  String  @default("")
  open  Boolean @default(true)
  posts Post[]
}
]]

local function sleep() core.poll(nil, nil, 0.002) end

support.each_engine(function(engine)
  local db, other, watch

  local function open(schema)
    local url
    db, url = support.open(engine, schema)
    other = support.connect(url, schema, { wait = schedulers.plain.wait })
    watch = engine == "postgresql" and support.connect(url, schema)
    return url
  end

  local function waits_for_lock()
    local rows = watch:query_raw [[
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock']]
    return #rows > 0
  end

  -- Returns what `call` of the other client returns, as pcall does, when `change` of this one is committed while it runs. `last` is called before
-- the commit, when the other waits.
  local function meanwhile(change, call, last)
    local result
    local co = coroutine.create(function() result = table.pack(pcall(call, other)) end)
    local function go_on()
      assert(coroutine.resume(co))
      if coroutine.status(co) ~= "dead" then sleep() end
    end
    db:transaction(function(tx)
      change(tx)
      while engine == "postgresql" and coroutine.status(co) ~= "dead" and not waits_for_lock() do
        go_on()
      end
      if last then last(tx) end
    end)
    while coroutine.status(co) ~= "dead" do
      go_on()
    end
    return table.unpack(result, 1, result.n)
  end

  local function refused(code, ok, e)
    assert.is_false(ok)
    assert.equal(code, e.code, tostring(e))
  end

  describe("a row that no longer meets the condition", function()
    before_each(function()
      open(SCHEMA)
      db.user:create { data = { email = "a", posts = { create = { title = "old", tags = { create = { name = "old" } } } } } }
    end)

    local function close_post(tx) tx.post:update { where = { id = 1 }, data = { open = false } } end
    local function close_tag(tx) tx.tag:update { where = { id = 1 }, data = { open = false } } end
    local function next_version(tx) tx.user:update { where = { id = 1 }, data = { version = 1 } } end

    local function post() return db.post:find_unique { where = { id = 1 } } end
    local function tag() return db.tag:find_unique { where = { id = 1 } } end

    it("is not updated by an upsert", function()
      local ok, e = meanwhile(next_version, function(client)
        return client.user:upsert {
          where = { id = 1, version = 0 },
          create = { id = 1, email = "new" },
          update = { email = "lost", version = { increment = 1 } },
        }
      end)
      refused(engine == "postgresql" and "P2025" or "P2002", ok, e)
      assert.same({ { id = 1, email = "a", version = 1 } }, db.user:find_many())
    end)

    it("is not updated by an upsert that first connects a row, or displaces one", function()
      db.user:create { data = { email = "b", profile = { create = { bio = "b" } } } }
      db.profile:create { data = { bio = "old" } }
      local function close(tx) tx.profile:update { where = { id = 2 }, data = { open = false } } end
      for _, author in ipairs { { connect = { email = "b" } }, { create = { email = "c", posts = { create = {} } } } } do
        local ok, e = meanwhile(close, function(client)
          return client.profile:upsert {
            where = { id = 2, open = true },
            create = { id = 2 },
            update = { bio = "lost", user = author },
          }
        end)
        refused(engine == "postgresql" and "P2025" or "P2002", ok, e)
        assert.same({ id = 2, bio = "old", open = false }, db.profile:find_unique { where = { id = 2 } })
        assert.equal(1, db.profile:find_unique { where = { id = 1 } }.id)
        assert.equal(2, db.user:count())
        db.profile:update { where = { id = 2 }, data = { open = true } }
      end
    end)

    it("is not deleted, also with an include", function()
      for _, shape in ipairs { { include = { posts = true } }, { include = { _count = true } }, {} } do
        local ok, e = meanwhile(next_version, function(client)
          return client.user:delete { where = { id = 1, version = 0 }, include = shape.include }
        end)
        refused("P2025", ok, e)
        assert.same({ 1, 1 }, { db.user:count { where = { version = 1 } }, db.post:count() })
        db.user:update { where = { id = 1 }, data = { version = 0 } }
      end
    end)

    it("is returned to one of two that delete it", function()
      local ok, e = meanwhile(function(tx) tx.user:delete { where = { id = 1 }, include = { posts = true } } end, function(client)
        return client.user:delete { where = { id = 1 }, include = { posts = true } }
      end)
      refused("P2025", ok, e)
    end)

    it("is not written by a nested upsert, of either end of a relation", function()
      local ok, e = meanwhile(close_post, function(client)
        local posts = { upsert = { where = { id = 1, open = true }, create = { id = 1 }, update = { title = "lost" } } }
        return client.user:update { where = { id = 1 }, data = { posts = posts } }
      end)
      refused(engine == "postgresql" and "P2025" or "P2002", ok, e)
      ok, e = meanwhile(next_version, function(client)
        local author = { upsert = { where = { version = 0 }, create = { email = "a" }, update = { email = "lost" } } }
        return client.post:update { where = { id = 1 }, data = { author = author } }
      end)
      refused(engine == "postgresql" and "P2025" or "P2002", ok, e)
      ok, e = meanwhile(close_tag, function(client)
        local tags = { upsert = { where = { id = 1, open = true }, create = { id = 1 }, update = { name = "lost" } } }
        return client.post:update { where = { id = 1 }, data = { tags = tags } }
      end)
      refused(engine == "postgresql" and "P2025" or "P2002", ok, e)
      assert.same({ "old", "old", "a" }, { post().title, tag().name, db.user:find_first().email })
    end)

    it("is not written through a many-to-many relation", function()
      local where = { id = 1, open = true }
      local function nested(tags)
        return function(client) return client.post:update { where = { id = 1 }, data = { tags = tags } } end
      end
      refused("P2025", meanwhile(close_tag, nested { update = { where = where, data = { name = "lost" } } }))
      db.tag:update_many { where = require("rille").all, data = { open = true } }
      refused("P2017", meanwhile(close_tag, nested { delete = where }))
      db.tag:update { where = { id = 1 }, data = { open = true } }
      assert.is_true((meanwhile(close_tag, nested { update_many = { where = { open = true }, data = { name = "lost" } } })))
      db.tag:update { where = { id = 1 }, data = { open = true } }
      assert.is_true((meanwhile(close_tag, nested { delete_many = { open = true } })))
      assert.same({ id = 1, name = "old", open = false }, tag())
    end)

    it("is not written when the other side has disconnected it", function()
      local function let_go(tx)
        tx.tag:update { where = { id = 1 }, data = { name = "free", posts = { disconnect = { id = 1 } } } }
      end
      for _, tags in ipairs {
        { update = { where = { id = 1 }, data = { name = "lost" } } },
        { delete = { id = 1 } },
        { delete = { id = 1, posts = { some = { title = "old" } } } },
        { upsert = { where = { id = 1 }, create = { id = 1 }, update = { name = "lost" } } },
        { delete_many = { open = true } },
        { update_many = { where = { open = true }, data = { name = "lost" } } },
      } do
        local ok = meanwhile(let_go, function(client) return client.post:update { where = { id = 1 }, data = { tags = tags } } end)
        assert.equal((tags.delete_many or tags.update_many) ~= nil, ok)
        assert.equal("free", tag().name)
        db.tag:update { where = { id = 1 }, data = { name = "old", posts = { connect = { id = 1 } } } }
      end
    end)

    it("keeps its children and its links as they are", function()
      db.post:create { data = { title = "free", tags = { create = { name = "free" } } } }
      db.draft:create { data = { slug = "s", owner = { connect = { id = 1 } } } }
      local function state()
        return {
          db.user:find_many { include = { posts = true, drafts = true } },
          db.post:find_many { order_by = { id = "asc" }, include = { tags = { order_by = { id = "asc" } } } },
        }
      end
      local before = state()
      local kinds = {
        { posts = { create = { title = "lost" } } },
        { posts = { create_many = { data = { { title = "lost" } } } } },
        { posts = { connect = { id = 2 } } },
        { posts = { connect_or_create = { where = { id = 7 }, create = { title = "lost" } } } },
        { posts = { disconnect = { id = 1 } } },
        { posts = { set = {} } },
        { posts = { update = { where = { id = 1 }, data = { title = "lost" } } } },
        { posts = { update_many = { where = { id = 1 }, data = { title = "lost" } } } },
        { posts = { upsert = { where = { id = 1 }, create = {}, update = { title = "lost" } } } },
        { posts = { delete = { id = 1 } } },
        { posts = { delete_many = { id = 1 } } },
        { posts = { update = { where = { id = 1 }, data = { tags = { create = { name = "lost" } } } } } },
        { profile = { create = { bio = "lost" } } },
      }
      for _, data in ipairs(kinds) do
        refused("P2025", meanwhile(next_version, function(client)
          return client.user:update { where = { id = 1, version = 0 }, data = data }
        end))
        assert.equal(engine == "postgresql", (not meanwhile(function(tx) tx.user:update { where = { id = 1 }, data = { version = 0 } } end, function(client)
          local create = engine == "sqlite" and { email = "b" } or { id = 1, email = "a" }
          return client.user:upsert { where = { id = 1, version = 1 }, create = create, update = data }
        end)))
        if engine == "sqlite" then db.user:delete { where = { email = "b" } } end
        assert.same(before, state())
      end
      for _, tags in ipairs {
        { create = { name = "lost" } },
        { connect = { id = 2 } },
        { connect_or_create = { where = { id = 7 }, create = { name = "lost" } } },
        { disconnect = { id = 1 } },
        { set = { { id = 2 } } },
        { update = { where = { id = 1 }, data = { name = "lost" } } },
        { update_many = { where = { id = 1 }, data = { name = "lost" } } },
        { upsert = { where = { id = 1 }, create = {}, update = { name = "lost" } } },
        { delete = { id = 1 } },
        { delete_many = { id = 1 } },
      } do
        refused("P2025", meanwhile(close_post, function(client)
          return client.post:update { where = { id = 1, open = true }, data = { tags = tags } }
        end))
        db.post:update { where = { id = 1 }, data = { open = true } }
        refused("P2025", meanwhile(close_post, function(client)
          local named = { where = { id = 1, open = true }, data = { tags = tags } }
          return client.user:update { where = { id = 1 }, data = { posts = { update = named } } }
        end))
        db.post:update { where = { id = 1 }, data = { open = true } }
        assert.same(before, state())
      end
    end)

    it("keeps what it no longer refers to", function()
      db.user:create { data = { email = "b" } }
      local function move(tx) tx.post:update { where = { id = 1 }, data = { author = { connect = { id = 2 } } } } end
      for _, author in ipairs {
        { update = { email = "lost" } },
        { update = { drafts = { create = { slug = "lost" } } } },
        { upsert = { create = { email = "lost" }, update = { email = "lost" } } },
        { delete = { email = "a" } },
      } do
        meanwhile(move, function(client) return client.post:update { where = { id = 1 }, data = { author = author } } end)
        assert.equal("a", db.user:find_unique_or_throw({ where = { id = 1 } }).email)
        assert.equal(0, db.draft:count { where = { ownerId = 1 } })
        assert.equal(2, db.user:count())
        db.user:update { where = { id = 2 }, data = { email = "b", posts = { set = {} }, drafts = { delete_many = {} } } }
        db.post:update { where = { id = 1 }, data = { author = { connect = { id = 1 } } } }
      end
    end)

    it("is deleted through its links although another has changed it, if it still fits", function()
      local function rename(tx) tx.tag:update { where = { id = 1 }, data = { name = "new" } } end
      for _, tags in ipairs { { delete = { id = 1, open = true } }, { delete_many = { open = true } } } do
        assert.is_true((meanwhile(rename, function(client) return client.post:update { where = { id = 1 }, data = { tags = tags } } end)))
        assert.equal(0, db.tag:count())
        db.post:update { where = { id = 1 }, data = { tags = { create = { id = 1 } } } }
      end
    end)

    it("is deleted by one of two that hold it, and neither waits forever", function()
      for _, kind in ipairs { "delete", "delete_many" } do
        db.post:create { data = { id = 2, tags = { connect = { id = 1 } } } }
        local tags = { [kind] = { id = 1 } }
        local ok, e = meanwhile(function(tx) tx.post:update { where = { id = 2 }, data = { tags = tags } } end, function(client)
          return client.post:update { where = { id = 1 }, data = { tags = tags } }
        end)
        assert.same({ kind == "delete_many", kind == "delete" and "P2017" or nil }, { ok, not ok and e.code or nil })
        assert.equal(0, db.tag:count())
        db.post:delete { where = { id = 2 } }
        db.post:update { where = { id = 1 }, data = { tags = { create = { id = 1 } } } }
      end
    end)

    it("is not connected", function()
      db.post:create { data = { title = "free" } }
      db.profile:create {}
      db.user:create { data = { email = "b", drafts = { create = { slug = "s" } } } }
      local function close(tx)
        tx.post:update { where = { id = 2 }, data = { open = false } }
        tx.profile:update { where = { id = 1 }, data = { open = false } }
        tx.draft:update { where = { id = 1 }, data = { open = false } }
      end
      local function reopen()
        db.post:update { where = { id = 2 }, data = { open = true } }
        db.profile:update { where = { id = 1 }, data = { open = true } }
        db.draft:update { where = { id = 1 }, data = { open = true } }
      end
      for _, data in ipairs {
        { posts = { connect = { id = 2, open = true } } },
        { posts = { connect_or_create = { where = { id = 2, open = true }, create = { id = 2 } } } },
        { posts = { set = { { id = 2, open = true } } } },
        { profile = { connect = { id = 1, open = true } } },
        { profile = { connect_or_create = { where = { id = 1, open = true }, create = { id = 1 } } } },
        { drafts = { connect = { id = 1, open = true } } },
        { drafts = { set = { { id = 1, open = true } } } },
      } do
        meanwhile(close, function(client) return client.user:update { where = { id = 1 }, data = data } end)
        assert.is_nil(db.post:find_unique { where = { id = 2 } }.authorId)
        assert.is_nil(db.profile:find_unique { where = { id = 1 } }.userId)
        assert.equal(2, db.draft:find_unique { where = { id = 1 } }.ownerId)
        reopen()
      end
    end)

    it("keeps the key that another has set", function()
      db.user:create { data = { email = "b" } }
      local function move(tx) tx.post:update { where = { id = 1 }, data = { author = { connect = { id = 2 } } } } end
      meanwhile(move, function(client)
        return client.post:update { where = { id = 1 }, data = { author = { disconnect = { email = "a" } } } }
      end)
      assert.equal(2, post().authorId)
    end)

    it("is not claimed beyond a limit", function()
      db.post:create_many { data = { {}, {} } }
      local first = { where = { open = true, id = { lte = 1 } }, data = { open = false, title = "first" }, limit = 1 }
      local function claim(tx) assert.equal(1, tx.post:update_many(first).count) end
      local second = { where = first.where, data = { title = "second" }, limit = 1 }
      local ok, done = meanwhile(claim, function(client) return client.post:update_many(second) end)
      assert.same({ true, 0 }, { ok, done.count })
      db.post:update { where = { id = 1 }, data = { open = true } }
      local rows
      ok, rows = meanwhile(claim, function(client) return client.post:update_many_and_return(second) end)
      assert.same({ true, {} }, { ok, rows })
      db.post:update { where = { id = 1 }, data = { open = true } }
      ok, done = meanwhile(claim, function(client) return client.post:delete_many { where = first.where, limit = 1 } end)
      assert.same({ true, 0 }, { ok, done.count })
      assert.equal("first", post().title)
    end)

    it("gives a limit no more than asked for", function()
      db.post:create_many { data = { {}, {}, {} } }
      local ok, done = meanwhile(close_post, function(client)
        return client.post:update_many { where = { open = true }, data = { title = "mine" }, limit = 2 }
      end)
      assert.is_true(ok)
      assert.is_true(done.count >= 1 and done.count <= 2)
      assert.equal(done.count, db.post:count { where = { title = "mine", open = true } })
      assert.equal("old", post().title)
    end)
  end)

  describe("without foreign keys", function()
    local PRISMA = [[
datasource db {
  provider     = "%s"
  relationMode = "prisma"
}
]] .. SCHEMA

    before_each(function()
      open(PRISMA:format(engine))
      db.user:create { data = { email = "a", posts = { create = { title = "old" } } } }
    end)

    local function next_version(tx) tx.user:update { where = { id = 1 }, data = { version = 1 } } end

    it("what belongs to a row stays with the row", function()
      for _, call in ipairs {
        function(client) return client.user:delete { where = { id = 1, version = 0 } } end,
        function(client) return client.user:delete { where = { id = 1, version = 0 }, include = { posts = true } } end,
        function(client) return client.user:update { where = { id = 1, version = 0 }, data = { id = 2 } } end,
      } do
        refused("P2025", meanwhile(next_version, call))
        assert.same({ id = 1, title = "old", open = true, authorId = 1 }, db.post:find_first())
        db.user:update { where = { id = 1 }, data = { version = 0 } }
      end
      for _, call in ipairs {
        function(client) return client.user:delete_many { where = { version = 0 } } end,
        function(client) return client.user:delete_many { where = { version = 0 }, limit = 1 } end,
        function(client) return client.user:update_many { where = { version = 0 }, data = { id = 2 } } end,
        function(client) return client.user:update_many { where = { version = 0 }, data = { id = 2 }, limit = 1 } end,
      } do
        local ok, done = meanwhile(next_version, call)
        assert.same({ true, 0 }, { ok, done.count })
        assert.same({ id = 1, title = "old", open = true, authorId = 1 }, db.post:find_first())
        db.user:update { where = { id = 1 }, data = { version = 0 } }
      end
    end)

    it("what belongs to a row goes first, for tables that have foreign keys after all", function()
      -- created by a schema without relationMode, read with it
      local url = open(SCHEMA)
      other = support.connect(url, PRISMA:format(engine))
      for id = 1, 4 do
        other.user:create {
          data = { id = id, email = "u" .. id, posts = { create = { id = id, tags = { create = { id = id } } } }, profile = { create = { id = id } } },
        }
      end
      assert.equal("u1", other.user:delete({ where = { id = 1 } }).email)
      assert.equal(1, #other.user:delete({ where = { id = 2 }, include = { posts = true } }).posts)
      assert.equal(2, other.user:delete_many({ where = { version = 0 } }).count)
      local free = other.profile:count { where = { userId = require("rille").null } }
      assert.same({ 0, 0, 4, 4 }, { other.user:count(), other.post:count(), other.tag:count(), free })
      other.user:create { data = { email = "u", drafts = { create = { slug = "s" } } } }
      support.fails("P2014", other.user.delete_many, other.user, { where = { version = 0 } })
      assert.equal(1, other.user:count())
    end)

    it("rows whose own relations are asked for are not left alone", function()
      db.user:create { data = { id = 2, email = "b", posts = { create = { title = "b" } } } }
      local where = { posts = { some = { title = { ["in"] = { "old", "b" } } } }, version = 0 }
      local ok, done = meanwhile(next_version, function(client) return client.user:delete_many { where = where } end)
      assert.same({ true, 1 }, { ok, done.count })
      assert.same({ { id = 1, title = "old", open = true, authorId = 1 } }, db.post:find_many())
      db.user:update { where = { id = 1 }, data = { version = 0 } }
      refused("P2025", meanwhile(next_version, function(client)
        return client.user:delete { where = { id = 1, version = 0, posts = { some = { title = "old" } } } }
      end))
      assert.equal(1, db.post:count())
      assert.equal("a", db.user:delete({ where = { id = 1, posts = { some = { title = "old" } } } }).email)
      assert.same({ 0, 0 }, { db.user:count(), db.post:count() })
    end)

    it("a row that the other side has disconnected is not deleted", function()
      db.post:update { where = { id = 1 }, data = { tags = { create = { name = "old" } } } }
      local function let_go(tx)
        tx.tag:update { where = { id = 1 }, data = { name = "free", posts = { disconnect = { id = 1 } } } }
      end
      for _, tags in ipairs { { delete = { id = 1 } }, { delete_many = { open = true } } } do
        meanwhile(let_go, function(client) return client.post:update { where = { id = 1 }, data = { tags = tags } } end)
        assert.equal("free", db.tag:find_unique_or_throw({ where = { id = 1 } }).name)
        db.tag:update { where = { id = 1 }, data = { posts = { connect = { id = 1 } } } }
      end
    end)

    it("an upsert changes the key of what refers to the row now", function()
      local function move(tx) tx.user:update { where = { id = 1 }, data = { email = "b" } } end
      local ok = meanwhile(move, function(client)
        return client.user:upsert { where = { email = "a" }, create = { email = "a" }, update = { id = 3 } }
      end)
      assert.equal(engine == "sqlite", ok)
      assert.equal(1, db.post:find_first().authorId)
    end)
  end)

  describe("a row that another creates first", function()
    before_each(function() open(SCHEMA) end)

    local function create_user(tx) tx.user:create { data = { email = "a" } } end

    it("is updated by an upsert, whatever is nested in it", function()
      local n = 0
      for _, nested in ipairs {
        { posts = { create = { title = "x" } } },
        { profile = { create = { bio = "x" } } },
        { drafts = { create = { slug = "s", open = true } } },
        {},
      } do
        n = n + 1
        local email = "u" .. n
        local data = { email = email, posts = nested.posts, profile = nested.profile, drafts = nested.drafts }
        local ok, row = meanwhile(function(tx) tx.user:create { data = { email = email } } end, function(client)
          return client.user:upsert { where = { email = email, version = 0 }, create = data, update = { version = { increment = 1 } } }
        end)
        assert.is_true(ok, tostring(row))
        assert.same({ email, 1 }, { row.email, row.version })
      end
      assert.same({ 0, 0, 0 }, { db.post:count(), db.profile:count(), db.draft:count() })
    end)

    it("leaves nothing of what was created before it", function()
      local ok, row = meanwhile(function(tx) tx.draft:create { data = { slug = "s", owner = { create = { email = "a" } } } } end, function(client)
        return client.draft:upsert {
          where = { slug = "s" },
          create = { slug = "s", owner = { create = { email = "b" } } },
          update = { open = false },
        }
      end)
      assert.is_true(ok, tostring(row))
      assert.same({ id = row.id, slug = "s", open = false, ownerId = 1 }, row)
      assert.equal(1, db.user:count())
    end)

    it("is connected by connect_or_create", function()
      db.post:create {}
      for _, author in ipairs {
        { where = { email = "a" }, create = { email = "a", profile = { create = { bio = "x" } } } },
        { where = { email = "a", version = 0 }, create = { email = "a" } },
      } do
        local ok, row = meanwhile(create_user, function(client)
          return client.post:update { where = { id = 1 }, data = { author = { connect_or_create = author } }, include = { author = true } }
        end)
        assert.is_true(ok, tostring(row))
        assert.equal("a", row.author.email)
        db.post:update { where = { id = 1 }, data = { author = { disconnect = true } } }
        db.user:delete_many { where = require("rille").all }
      end
      assert.same({ 1, 0 }, { db.post:count(), db.profile:count() })
    end)

    it("is written by an upsert in the caller's transaction, and in a batch", function()
      for _, call in ipairs {
        function(client, args) client:transaction(function(tx) tx.user:upsert(args) end) end,
        function(client, args) client:batch(function(b) b.user:upsert(args) end) end,
        function(client, args)
          local _, other_row, row = client:batch(function(b)
            b.user:count()
            b.user:upsert { where = { email = "b" }, create = { email = "b", posts = { create = {} } }, update = {} }
            b.user:upsert(args)
          end)
          assert.same({ "b", "a" }, { other_row.email, row.email })
          client:batch(function(b)
            b.post:delete_many { where = { author = { email = "b" } } }
            b.user:delete { where = { email = "b" } }
          end)
        end,
        function(client, args)
          client:transaction(function(tx)
            tx:batch(function(b)
              b.user:count()
              b.user:upsert(args)
            end)
          end)
        end,
      } do
        local ok, e = meanwhile(create_user, function(client)
          call(client, { where = { email = "a" }, create = { email = "a", posts = { create = {} } }, update = { version = 5 } })
        end)
        assert.is_true(ok, tostring(e))
        assert.equal(5, db.user:find_first().version)
        db.user:delete_many { where = require("rille").all }
      end
      assert.equal(0, db.post:count())
    end)

    it("is updated by an upsert that meets it by another key first", function()
      local args = { where = { email = "a" }, create = { id = 5, email = "a" }, update = { version = 5 } }
      for _, call in ipairs {
        function(client) client.user:upsert(args) end,
        function(client) client:transaction(function(tx) tx.user:upsert(args) end) end,
        function(client)
          client:transaction(function(tx)
            tx:batch(function(b)
              b.user:count()
              b.user:upsert(args)
            end)
          end)
        end,
      } do
        local ok, e = meanwhile(function(tx) tx.user:create { data = { id = 5, email = "b" } } end, call, function(tx)
          tx.user:update { where = { id = 5 }, data = { email = "a" } }
        end)
        assert.is_true(ok, tostring(e))
        assert.same({ { id = 5, email = "a", version = 5 } }, db.user:find_many())
        db.user:delete_many { where = require("rille").all }
      end
    end)

    it("is still P2002 if it is another row", function()
      db.user:create { data = { id = 1, email = "taken" } }
      local e = support.fails("P2002", db.user.upsert, db.user, {
        where = { email = "a" },
        create = { id = 1, email = "a", posts = { create = {} } },
        update = {},
      })
      assert.same({ "id" }, e.meta.target)
      assert.same({ 1, 0 }, { db.user:count(), db.post:count() })
    end)
  end)

  if engine == "sqlite" then return end

  describe("two writers of the same rows", function()
    -- Rows in the table in the opposite order of their keys.
    local function rows_backwards(model, data)
      for id = 3, 1, -1 do
        local row = { id = id }
        for key, value in pairs(data or {}) do
          row[key] = type(value) == "function" and value(id) or value
        end
        model:create { data = row }
      end
    end

    -- The other has no row yet when it waits for the first one.
    local function no_deadlock(name, data, call)
      local ok, e = meanwhile(function(tx) tx[name]:update { where = { id = 1 }, data = data } end, call, function(tx)
        tx[name]:update { where = { id = 3 }, data = data }
      end)
      assert.is_true(ok, tostring(e))
    end

    it("take them in the order of their keys", function()
      open(SCHEMA)
      db.user:create { data = { email = "a", posts = { create = {} } } }
      rows_backwards(db.tag, { posts = { connect = { id = 1 } } })
      no_deadlock("tag", { open = true }, function(client)
        local tags = { update_many = { where = { open = true }, data = { name = "x" } } }
        return client.post:update { where = { id = 1 }, data = { tags = tags } }
      end)
      assert.equal(3, db.tag:count { where = { name = "x" } })
      rows_backwards(db.draft, { ownerId = 1, slug = tostring })
      no_deadlock("draft", { open = true }, function(client)
        return client.user:update { where = { id = 1 }, data = { drafts = { set = { { id = 3 }, { id = 2 }, { id = 1 } } } } }
      end)
    end)

    it("take them in that order with relationMode = prisma", function()
      open('datasource db {\n provider = "postgresql"\n relationMode = "prisma"\n}\n' .. SCHEMA)
      rows_backwards(db.user, { email = tostring })
      no_deadlock("user", { version = 0 }, function(client)
        return client.user:update_many { where = { version = 0 }, data = { id = { increment = 10 } } }
      end)
      assert.equal(3, db.user:count { where = { id = { gt = 10 } } })
    end)
  end)

  it("may delete without the right to update", function()
    local url = open(SCHEMA)
    local role = "deleter_" .. support.database_name(url)
    db:execute_script(([[
      CREATE ROLE %s;
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO %s;
      GRANT DELETE ON "User", "Post", "Tag", "_PostToTag" TO %s;
      GRANT UPDATE ON "Profile" TO %s;]]):format(role, role, role, role))
    finally(function() db:execute_script(("DROP OWNED BY %s; DROP ROLE %s"):format(role, role)) end)
    local deleter = db:with { session = { role = role } }
    for id = 1, 4 do
      db.user:create { data = { id = id, email = "u" .. id, posts = { create = { tags = { create = { { id = id }, { id = 10 + id } } } } } } }
    end
    assert.equal(1, #deleter.user:delete({ where = { id = 1, version = 0 }, include = { posts = true } }).posts)
    assert.equal(1, deleter.user:delete({ where = { id = 2, version = 0 }, include = { _count = true } })._count.posts)
    assert.equal(1, deleter.user:delete_many({ where = { version = 0 }, limit = 1 }).count)
    local last = db.post:find_first()
    deleter.post:update { where = { id = last.id }, data = { tags = { delete = { id = 4, open = true } } } }
    deleter.post:update { where = { id = last.id }, data = { tags = { delete_many = { open = true } } } }
    assert.equal(0, db.tag:count { where = { id = { ["in"] = { 4, 14 } } } })
    support.fails("P1010", deleter.execute_raw, deleter, [[UPDATE "User" SET version = 1]])
  end)
end)
