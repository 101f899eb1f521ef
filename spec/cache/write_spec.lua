-- What writes make stale, and when, as applications see it: with cached reads, and with what a plain listener hears.
local support = require "support"
local rille = require "rille"
local cqueues = require "cqueues"
local Proxy = require "coop.proxy"

local blog = [[
model User {
  id    Int    @id @default(autoincrement())
  email String @unique
  name  String?
  posts Post[]
}
model Post {
  id       Int    @id @default(autoincrement())
  title    String
  author   User   @relation(fields: [authorId], references: [id], onDelete: Cascade)
  authorId Int
}
model Tag {
  id   Int    @id @default(autoincrement())
  name String @unique
}
]]
local CACHED = { ttl = 600, tags = { "all" } }

local last = setmetatable({}, { __mode = "k" }) -- by client: what the cache has answered last

-- Reads of all models: the names of those that came from the cache.
local function hits(db)
  if last[db] == nil then db:on("cache", function(event) last[db] = event.answer end) end
  local held = {}
  for _, name in ipairs { "user", "post", "tag" } do
    last[db] = false
    db[name]:count { cache = CACHED }
    if last[db] == "hit" then held[#held + 1] = name end
  end
  return table.concat(held, " ")
end

-- On PostgreSQL nothing is kept before the cache listens.
local function fill(db)
  for _ = 1, 2000 do
    if hits(db) == "user post tag" then return end
  end
  error "the cache keeps nothing"
end

support.each_engine(function(engine)
  local function open(options)
    options = options or {}
    options.cache = true
    local db, url = support.open(engine, blog, options)
    fill(db)
    db.user:create { data = { email = "a" } } -- on SQLite, only from now on our own writes are known as our own
    fill(db)
    return db, url
  end

  it("single writes, as they are done", function()
    local db = open()
    db.tag:create { data = { name = "x" } }
    assert.equal("user post", hits(db))
    support.fails("P2002", db.tag.create, db.tag, { data = { name = "x" } })
    assert.equal(engine == "sqlite" and "user post" or "user post tag", hits(db)) -- SQLite may have kept rows
    fill(db)
    db.user:delete { where = { email = "a" } }
    assert.equal("tag", hits(db)) -- posts go with their author
  end)

  it("clients without cache in the same process", function()
    local db, url = open()
    support.connect(url, blog).tag:create { data = { name = "x" } }
    assert.equal("user post", hits(db))
  end)

  it("transactions at their commit, and nothing after a rollback", function()
    local db = open()
    db:transaction(function(tx)
      tx.tag:create { data = { name = "x" } }
      tx.tag:count { cache = CACHED } -- has no effect here
    end)
    assert.equal("user post", hits(db))
    pcall(db.transaction, db, function(tx)
      tx.tag:create { data = { name = "y" } }
      tx:revalidate_tag "all"
      error("no", 0)
    end)
    assert.equal("user post tag", hits(db))
    db:transaction(function(tx)
      pcall(tx.transaction, tx, function(inner)
        inner.tag:create { data = { name = "z" } }
        error("no", 0)
      end)
    end)
    assert.equal("user post", hits(db)) -- too much, never too little
    fill(db)
    support.fails("P2028", db.transaction, db, function(tx)
      tx.tag:create { data = { name = "z" } }
      while tx.tag:count {} do end -- until it times out
    end, { timeout = 50 })
    assert.equal("user post tag", hits(db))
  end)

  it("raw statements: what they name, otherwise everything", function()
    local db = open()
    db:execute_raw(rille.sql('UPDATE "Tag" SET "name" = ?', "new"):touches("tag"))
    assert.equal("user post", hits(db))
    db:query_raw(rille.sql('SELECT 1 AS one'):touches("tag"))
    db:query_raw 'SELECT 1 AS one'
    assert.equal("user post tag", hits(db))
    db:execute_script(rille.sql('DELETE FROM "Tag"; DELETE FROM "Post"'):touches("tag", "post"))
    assert.equal("user", hits(db))
    fill(db)
    db:batch(function(b)
      b:execute_raw(rille.sql 'DELETE FROM "Tag"':touches "tag")
      b:execute_raw(rille.sql 'DELETE FROM "Post"':touches "post")
    end)
    assert.equal("user", hits(db))
    fill(db)
    db:execute_raw 'DELETE FROM "Tag"'
    assert.equal("", hits(db))
  end)

  it("touches refuses what is no model", function()
    local db = open()
    local e = support.fails("VALIDATION", db.execute_raw, db, rille.sql 'DELETE FROM "Tag"':touches "tagg")
    assert.truthy(e.message:find("no model `tagg`; did you mean `tag`?", 1, true), e.message)
    assert.equal("user post tag", hits(db))
    for _, wrong in ipairs { {}, { 7 }, { "tag", false } } do
      support.fails("VALIDATION", function() return rille.sql "SELECT 1":touches((table.unpack or unpack)(wrong)) end) -- luacheck: ignore
    end
  end)

  it("revalidation by tag, now or at the commit", function()
    local db = open()
    db:revalidate_tag("other", "none")
    assert.equal("user post tag", hits(db))
    db:revalidate_tag("other", "all")
    assert.equal("", hits(db))
    fill(db)
    db:transaction(function(tx)
      tx:revalidate_tag "all"
      tx:revalidate_path("/posts", "/posts/*")
    end)
    assert.equal("", hits(db))
    for _, wrong in ipairs { { "revalidate_tag" }, { "revalidate_tag", "" }, { "revalidate_tag", {} }, { "revalidate_path" },
      { "revalidate_path", "posts" }, { "revalidate_path", "/a*" }, { "revalidate_path", "/*/a" } } do
      support.fails("VALIDATION", db[wrong[1]], db, wrong[2])
    end
    local plain = support.open(engine, blog)
    support.fails("VALIDATION", plain.revalidate_tag, plain, "all")
  end)

  it("warns of a revalidation on the client inside a transaction", function()
    local db = open()
    local warnings = {}
    db:on("warn", function(e) warnings[#warnings + 1] = e.message end)
    if engine == "sqlite" then db:transaction(function() db:revalidate_tag "all" end, { read_only = true })
    else db:transaction(function() db:revalidate_tag "all" end) end
    assert.equal(1, #warnings)
    assert.equal("", hits(db))
  end)

  it("actions revalidate at their commit, and not after a rollback", function()
    local db = open()
    local function action(result, transaction)
      return db:action { run = function(tx) return result(tx) end, transaction = transaction, revalidate = { tags = { "all" }, paths = { "/" } } } {}
    end
    assert.is_true(action(function() return 1 end).ok)
    assert.equal("", hits(db))
    fill(db)
    assert.is_false(action(function() return nil, { base = "no" } end).ok)
    assert.equal("user post tag", hits(db))
    assert.is_false(action(function(tx) return tx.tag:create { data = { name = "x" } } and tx.tag:create { data = { name = "x" } } end).ok)
    assert.equal("user post tag", hits(db))
    assert.is_true(action(function() return 1 end, false).ok)
    assert.equal("", hits(db))
    -- before the functions of after_commit
    fill(db)
    local held
    assert.is_true(action(function(tx)
      tx:after_commit(function() held = hits(db) end)
      return 1
    end).ok)
    assert.equal("", held)
  end)

  it("actions of a client without cache have nothing to revalidate", function()
    local db = support.open(engine, blog)
    assert.is_true(db:action { run = function() return 1 end, revalidate = { tags = { "all" } } } {}.ok)
  end)

  it("cooperative clients do the same", function()
    local db = open { wait = support.hook() }
    support.run(function()
      db:execute_raw(rille.sql 'DELETE FROM "Tag"':touches "tag")
      assert.equal("user post", hits(db))
      db:execute_script(rille.sql 'DELETE FROM "Tag"':touches "tag")
      assert.equal("user post", hits(db))
      db:revalidate_tag "all"
      assert.equal("", hits(db))
      fill(db)
      db:transaction(function(tx) tx:revalidate_tag "all" end)
      assert.equal("", hits(db))
    end)
  end)

  it("push makes everything stale", function()
    local db, url = open()
    rille.push { schema_text = blog .. "model More {\n id Int @id\n}", url = url }
    assert.equal("", hits(db))
  end)

  if engine == "postgresql" then
    it("db:notify writes nothing", function()
      local db = open()
      db:notify("news", "hot")
      assert.equal("user post tag", hits(db))
    end)

    -- Runs fn in a loop of cqueues, with a client behind a proxy.
    local function through_proxy(fn)
      local loop = cqueues.new()
      local url = support.database(engine)
      rille.push { schema_text = blog, url = url }
      loop:wrap(function()
        local proxy = Proxy.open(url)
        local db = support.connect(proxy.url, blog, { wait = "cqueues", cache = { listen_url = url } })
        fn(db, proxy, loop)
        db:close()
        proxy:close()
      end)
      assert(loop:loop())
    end

    it("nothing is given or kept while a commit is not answered", function()
      through_proxy(function(db, proxy, loop)
        fill(db)
        local answered = false
        loop:wrap(function()
          db:transaction(function(tx)
            tx.tag:create { data = { name = "x" } }
            proxy.silent = true
          end)
          answered = true
        end)
        while not proxy.silent do cqueues.sleep(0.005) end
        cqueues.sleep(0.05)
        assert.is_false(answered)
        loop:wrap(function()
          cqueues.sleep(0.05)
          proxy.silent = false
        end)
        assert.equal("user post", hits(db)) -- the read of tags waits for the database, and with it for the proxy
        while not answered do cqueues.sleep(0.005) end
        hits(db)
        assert.equal("user post tag", hits(db))
      end)
    end)

    it("a lost commit is of unknown outcome: what it wrote is read from the database for a while", function()
      through_proxy(function(db, proxy, loop)
        fill(db)
        loop:wrap(function()
          while not proxy.silent do cqueues.sleep(0.005) end
          cqueues.sleep(0.05)
          proxy:cut()
          proxy.silent = false
        end)
        assert.is_false(pcall(db.transaction, db, function(tx)
          tx.tag:create { data = { name = "x" } }
          proxy.silent = true
        end))
        for _ = 1, 3 do assert.equal("user post", hits(db)) end
      end)
    end)

    it("a write costs the round trips that it did", function()
      through_proxy(function(db, proxy)
        local plain = support.connect(proxy.url, blog, { wait = "cqueues" })
        local serial = 0
        local function trips(client)
          serial = serial + 1
          local e = "u" .. serial
          return {
            proxy:count(function() client.user:create { data = { email = e } } end),
            proxy:count(function() client.user:update { where = { email = e }, data = { name = "n" } } end),
            proxy:count(function() client.user:create_many { data = { { email = e .. "1" }, { email = e .. "2" } } } end),
            proxy:count(function() client.user:upsert { where = { email = e }, create = { email = e }, update = { name = "m" } } end),
            proxy:count(function() client.user:create { data = { email = e .. "p", posts = { create = { { title = "t" } } } } } end),
            proxy:count(function() client:transaction(function(tx) tx.tag:create { data = { name = e } } end) end),
            proxy:count(function() client:execute_raw(rille.sql('UPDATE "Tag" SET "name" = ? WHERE 1 = 2', e)) end),
            proxy:count(function() client.user:delete { where = { email = e } } end),
          }
        end
        for _ = 1, 2 do
          trips(db)
          trips(plain)
        end
        assert.same(trips(plain), trips(db))
        plain:close()
      end)
    end)
  end
end)
