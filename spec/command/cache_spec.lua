-- `rille cache ...` as a process, and what the triggers send.
local harness = require "command.harness"
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
