-- `rille cache ...` as a process, and what the triggers send.
local harness = require "command.harness"
local redis = require "cache.redis"
local support = require "support"

local SCHEMA = [[
model User {
  id    Int    @id @default(autoincrement())
  email String @unique
  posts Post[]
}

model Post {
  id       Int   @id @default(autoincrement())
  author   User? @relation(fields: [authorId], references: [id], onDelete: Cascade)
  authorId Int?
  tags     Tag[]

  @@map("blog posts")
}

model Tag {
  id    Int    @id @default(autoincrement())
  posts Post[]
}
]]

support.each_engine(function(engine)
  describe("rille cache triggers", function()
    local folder, url

    local function ok(arguments, status) return harness.ok(folder, arguments, { url = url, status = status }) end
    local function json(arguments, status) return harness.json(folder, arguments, { url = url, status = status }) end
    local function file(name, which) return harness.read(("%s/migrations/%s/%s"):format(folder, name, which)) end

    before_each(function() folder, url = harness.project(engine, SCHEMA) end)

    if engine == "sqlite" then
      it("are not needed", function()
        local refused = json("cache triggers", 1)
        assert.equal("P2026", refused.error.code)
        assert.equal("SQLite needs no triggers: a cache notices every write of another program", refused.error.message)
        assert.is_false(harness.exists(folder .. "/migrations"))
        assert.equal("P2026", json("cache triggers --drop", 1).error.code)
      end)
      return
    end

    -- What is sent while fn writes, in order.
    local function notices(fn)
      local db, heard = support.connect(url, SCHEMA), {}
      local function write()
        fn(db)
        db:notify("rille_cache", "end")
      end
      for n in db:notifications("rille_cache", { timeout = 10000, on_listen = write }) do
        if n.payload == "end" then break end
        heard[#heard + 1] = n.payload
      end
      return table.concat(heard, " ")
    end

    it("are a migration, written once", function()
      ok "migrate dev --name init"
      local made = json "cache triggers"
      assert.truthy(made.created:find "^%d+_rille_cache_triggers$")
      assert.truthy(file(made.created, "migration.sql"):find('ON "blog posts"', 1, true))
      assert.truthy(file(made.created, "migration.sql"):find('ON "_PostToTag"', 1, true))
      assert.is_nil(json("cache triggers").created)
      assert.equal("✓ The migrations have these triggers already; there is nothing to do.\n", ok("cache triggers").out)
      assert.same({ made.created }, { (table.unpack or unpack)(json("migrate dev").applied) })
      assert.equal("✓ The database is as the schema says; there is nothing to do.\n", ok("migrate dev").out)
      assert.is_true(json("migrate status").up_to_date)
      assert.equal(0, #json("migrate diff --from-config-datasource --to-schema schema.prisma --exit-code").steps)
      assert.equal(0, #json("migrate diff --from-migrations migrations --to-schema schema.prisma --exit-code").steps)
      support.write(folder .. "/schema.prisma", SCHEMA .. "model Other {\n  id Int @id\n}\n")
      ok "migrate dev --name other"
      local more = json "cache triggers --name 'More triggers'"
      assert.truthy(more.created:find "^%d+_more_triggers$")
      ok "migrate deploy"
      assert.equal("✓ The database is as the schema says; there is nothing to do.\n", ok("migrate dev").out)
    end)

    it("send one notice per table and transaction, whoever writes", function()
      ok "migrate dev --name init"
      ok "cache triggers"
      ok "migrate deploy"
      assert.equal("T:User", notices(function(db) db:execute_raw [[INSERT INTO "User" (email) VALUES ('a'), ('b')]] end))
      assert.equal("T:User T:blog posts", notices(function(db)
        db:transaction(function(tx)
          for _ = 1, 3 do
            tx:execute_raw [[UPDATE "User" SET email = email || 'x']]
            tx:execute_raw [[INSERT INTO "blog posts" ("authorId") SELECT id FROM "User"]]
          end
        end)
      end))
      assert.equal("T:User T:blog posts T:_PostToTag", notices(function(db) -- what is deleted with it notifies too
        db:execute_raw [[DELETE FROM "User"]]
      end))
      assert.equal("T:Tag T:_PostToTag", notices(function(db) db:execute_raw [[TRUNCATE "Tag" CASCADE]] end))
      assert.equal("", notices(function(db)
        pcall(db.transaction, db, function(tx)
          tx:execute_raw [[INSERT INTO "Tag" DEFAULT VALUES]]
          error "undone"
        end)
      end))
    end)

    it("are removed by a migration, and by down", function()
      ok "migrate dev --name init"
      assert.is_nil(json("cache triggers --drop").created)
      local made = json("cache triggers").created
      ok "migrate deploy"
      ok "migrate down --force"
      assert.equal("", notices(function(db) db:execute_raw [[INSERT INTO "Tag" DEFAULT VALUES]] end))
      ok "migrate deploy"
      assert.equal("T:Tag", notices(function(db) db:execute_raw [[INSERT INTO "Tag" DEFAULT VALUES]] end))
      local dropped = json("cache triggers --drop").created
      assert.truthy(dropped:find "^%d+_drop_rille_cache_triggers$" and dropped > made)
      assert.is_nil(json("cache triggers --drop").created)
      ok "migrate deploy"
      assert.equal("", notices(function(db) db:execute_raw [[INSERT INTO "Tag" DEFAULT VALUES]] end))
      assert.truthy(json("cache triggers").created > dropped)
    end)

    it("need no URL", function()
      support.write(folder .. "/schema.prisma", 'datasource db {\n  provider = "postgresql"\n}\n' .. SCHEMA)
      assert.truthy(harness.json(folder, "cache triggers").created)
      support.write(folder .. "/migrations/migration_lock.toml", 'provider = "sqlite"\n')
      assert.equal("P3019", harness.json(folder, "cache triggers --drop", { status = 1 }).error.code)
    end)
  end)
end)

-- A process with a client `db` whose cache keeps the number of tags; its answers are "hit 0" and the like.
local COUNT = "local count = db.tag:count { cache = { ttl = 600 } } return told() .. ' ' .. count"

support.each_engine(function(engine)
  describe("rille cache stats and clear", function()
    local folder, url, server

    local function ok(arguments, status) return harness.ok(folder, arguments, { url = url, status = status }) end
    local function json(arguments, status) return harness.json(folder, arguments, { url = url, status = status }) end

    local function wait_for(process, answer)
      local got
      for _ = 1, 3000 do
        got = process:ask(COUNT)
        if got == answer then return end
        os.execute "sleep 0.01"
      end
      error(("expected %s, got %s"):format(answer, got), 2)
    end

    before_each(function()
      folder, url = harness.project(engine, SCHEMA)
      ok "db push"
    end)
    after_each(function()
      if server then server:stop() end
      server = nil
    end)

    it("tell every process with a cache in memory", function()
      local process = redis.process(url, SCHEMA, "memory")
      wait_for(process, "hit 0")
      assert.equal("hit 0", process:ask(COUNT))
      local out = ok("cache stats").out
      assert.truthy(out:find("db:metrics().cache", 1, true) and out:find('db:metrics("prometheus")', 1, true))
      assert.equal(engine == "postgresql" and 0 or nil, json("cache stats").notices)
      assert.same({ told = true }, json "cache clear")
      for _ = 1, 3000 do
        local answer = process:ask(COUNT)
        if answer == "miss 0" then break end
        assert.equal("hit 0", answer)
        assert.equal("postgresql", engine) -- a notice needs a moment
      end
      wait_for(process, "hit 0")
      local how = engine == "postgresql" and "PostgreSQL: a notice was sent" or "SQLite: the version of the file has moved"
      assert.truthy(ok("cache clear").out:find(how, 1, true))
      process:close()
    end)

    it("count what a Redis server has, and empty it", function()
      server = redis.server()
      local store = server:url()
      assert.equal(0, json("cache stats --store " .. store).store.entries)
      local process = redis.process(url, SCHEMA, store)
      wait_for(process, "hit 0")
      local found = json("cache stats --store " .. store).store
      assert.equal(1, found.entries)
      assert.is_true(found.bytes > 0 and found.stamps > 0 and found.memory > 0)
      assert.same({ 0, 0, 0, false }, { found.marks, found.outdated, found.removed, found.partial })
      assert.equal(0, json("cache stats --prefix other: --store " .. store).store.entries)
      local text = harness.ok(folder, "cache stats", { url = url, env = { RILLE_CACHE_STORE = store } }).out
      assert.truthy(text:find('✓ the store, keys that begin with "rille:":\n  1 answer, ', 1, true))
      assert.equal(0, json("cache clear --prefix other: --store " .. store).store.removed)
      wait_for(process, "hit 0")
      local cleared = harness.json(folder, "cache clear", { url = url, env = { RILLE_CACHE_STORE = store } })
      assert.is_true(cleared.told)
      assert.equal(1, cleared.store.removed)
      assert.equal(0, json("cache stats --store " .. store).store.entries)
      wait_for(process, "hit 0")
      assert.equal(1, json("cache clear --store " .. store).store.removed)
      assert.truthy(ok("cache clear --store " .. store).out:find("✓ store: everything is stale, ", 1, true))
      process:close()
    end)

    it("need no database for a Redis server", function()
      server = redis.server()
      local empty = support.folder()
      assert.equal(0, harness.json(empty, "cache stats --store " .. server:url()).store.entries)
      assert.is_false(harness.json(empty, "cache clear --store " .. server:url()).told)
      assert.equal(1, harness.run(empty, "cache clear").status)
      assert.truthy(harness.ok(empty, "cache stats").out:find("db:metrics().cache", 1, true))
    end)

    it("fail in words", function()
      local function fails(arguments, code, words)
        local e = json(arguments, 1).error
        assert.equal(code, e.code)
        assert.truthy(e.message:find(words, 1, true), e.message)
        assert.is_nil(e.message:find("secret", 1, true))
      end
      server = redis.server()
      local nobody = "unix://" .. support.folder() .. "/socket"
      fails("cache stats --store " .. nobody, "P1001", "the cache's server " .. nobody .. "?db=0: the server cannot be reached")
      fails("cache clear --store " .. nobody, "P1001", "was not told that everything is stale: the server cannot be reached")
      server:cli "CONFIG SET requirepass right"
      local closed = server:url():gsub("//", "//:secret@", 1)
      fails("cache stats --store " .. closed, "P1001", "the server refused the user or the password")
      fails("cache clear --store " .. closed, "P1001", "was not told that everything is stale: the server refused the user or the password")
      fails("cache stats --store http://:secret@x", "VALIDATION", "expected `redis://")
      fails("cache stats --prefix x:", "VALIDATION", "--prefix is that of keys in Redis")
      fails("cache clear --store memory --prefix x:", "VALIDATION", "--prefix is that of keys in Redis")
      assert.equal("USAGE", json("cache stats --stores x", 2).error.code)
      if engine == "postgresql" then
        local away = harness.json(folder, "cache clear --url postgresql://postgres@127.0.0.1:1/x?connect_timeout=1", { status = 1 })
        assert.equal("P1001", away.error.code)
      else
        assert.equal("P1003", harness.json(folder, "cache clear --url file:" .. folder .. "/none.db", { status = 1 }).error.code)
        assert.is_false(harness.exists(folder .. "/none.db"))
        assert.equal("VALIDATION", harness.json(folder, "cache clear --url sqlite::memory:", { status = 1 }).error.code)
      end
    end)

    it("leave the database as it was", function()
      if engine ~= "sqlite" then return end
      local db = support.connect(url, SCHEMA)
      db:execute_raw "PRAGMA user_version = 7"
      db:close()
      ok "cache clear"
      db = support.connect(url, SCHEMA)
      assert.equal(7, db:query_raw("PRAGMA user_version")[1].user_version)
      assert.equal("✓ The database is as schema.prisma says.\n", ok("db push").out)
    end)
  end)
end)
