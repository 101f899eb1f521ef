-- Backup and restore: a round trip of every type, during writes, what is rejected, and that nothing is left half done.
local rille = require "rille"
local support = require "support"

local ALL = [[
model Everything {
  id       Int       @id @default(autoincrement())
  name     String    @unique
  big      BigInt
  ratio    Float
  price    Decimal
  yes      Boolean
  moment   DateTime
  bytes    Bytes
  maybe    String?
  children Child[]
}
model Child {
  id       Int        @id @default(autoincrement())
  parentId Int
  parent   Everything @relation(fields: [parentId], references: [id])
}
]]
local MORE = ALL .. [[
model Pg {
  id    Int      @id
  data  Json
  tags  String[]
  level Level
}
enum Level {
  LOW
  HIGH
}
]]

local function schema_of(engine) return engine == "postgresql" and MORE or ALL end

local function fill(db, engine)
  for i = 1, 20 do
    db.everything:create {
      data = {
        name = "n" .. i, big = 9007199254740993 + i, ratio = i / 3, price = rille.decimal("12345678901234567890.05"), yes = i % 2 == 0,
        moment = "2026-02-03T04:05:06.789Z", bytes = "\0\1\255" .. i, maybe = i > 10 and "ünïcödé" or nil,
        children = { create = { {}, {} } },
      },
    }
  end
  if engine == "postgresql" then
    db.pg:create { data = { id = 1, data = { a = { 1, 2, rille.null } }, tags = { "x", "y'z" }, level = "HIGH" } }
  end
end

-- A value as text, keys in order.
local function show(v)
  if type(v) ~= "table" then return type(v) == "string" and ("%q"):format(v) or tostring(v) end
  local keys, parts = {}, {}
  for k in pairs(v) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, k in ipairs(keys) do parts[i] = tostring(k) .. "=" .. show(v[k]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function contents(db, engine)
  local all = { db.everything:find_many { order_by = { id = "asc" }, include = { children = { order_by = { id = "asc" } } } } }
  if engine == "postgresql" then all[2] = db.pg:find_many {} end
  return show(all)
end

local function files_of(folder)
  local pipe = assert(io.popen(("ls -A '%s'"):format(folder)))
  local text = pipe:read "a"
  pipe:close()
  return text
end

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  pipe:close()
  return text
end

support.each_engine(function(engine)
  local schema = schema_of(engine)

  it("brings back all that was there, into a new database", function()
    local db, url = support.open(engine, schema)
    fill(db, engine)
    local before, file = contents(db, engine), support.folder() .. "/saved"
    assert.equal(file, rille.backup { url = url, file = file })
    assert.equal("600", run(("stat -c %%a '%s'"):format(file)):match "%d+")
    local other = support.database(engine)
    rille.restore { url = other, file = file }
    local again = support.connect(other, schema)
    assert.equal(before, contents(again, engine))
    assert.equal(21, again.everything:create { data = {
      name = "next", big = 1, ratio = 1, price = 1, yes = true, moment = "2026-01-01", bytes = "",
    } }.id)
    assert.equal("", rille.migrate.diff { from = { url = other }, to = { schema_text = schema }, script = true })
  end)

  it("makes the database when it is missing", function()
    local db, url = support.open(engine, schema)
    fill(db, engine)
    local file, before = support.folder() .. "/saved", contents(db, engine)
    rille.backup { url = url, file = file }
    local target = support.database(engine)
    if engine == "postgresql" then support.psql(('DROP DATABASE "%s"'):format(support.database_name(target))) end
    rille.restore { url = target, file = file }
    assert.equal(before, contents(support.connect(target, schema), engine))
  end)

  it("replaces what is there only when forced", function()
    local db, url = support.open(engine, schema)
    fill(db, engine)
    local file = support.folder() .. "/saved"
    rille.backup { url = url, file = file }
    local before = contents(db, engine)
    db.child:delete_many { where = rille.all }
    local e = support.fails("P3005", rille.restore, { url = url, file = file })
    assert.truthy(e.message:find "force = true")
    assert.equal(0, db.child:count())
    db:close()
    rille.restore { url = url, file = file, force = true }
    assert.equal(before, contents(support.connect(url, schema), engine))
  end)

  it("overwrites a file only with an option", function()
    local db, url = support.open(engine, schema)
    local folder = support.folder()
    local file = support.write(folder .. "/saved", "mine")
    support.fails("VALIDATION", rille.backup, { url = url, file = file })
    assert.equal("mine", io.open(file):read "a")
    rille.backup { url = url, file = file, overwrite = true }
    db:close()
    rille.restore { url = url, file = file, force = true }
    assert.equal("saved\n", files_of(folder))
  end)

  it("replaces nothing but a regular file", function()
    local db, url = support.open(engine, schema)
    db:close()
    local folder = support.folder()
    os.execute(("cd '%s' && mkfifo pipe && mkdir folder && ln -s nowhere broken && ln -s pipe link && ln -s real.bak named && touch real.bak"):format(folder))
    local before = files_of(folder)
    for _, name in ipairs { "pipe", "folder", "broken", "link" } do
      for _, overwrite in ipairs { true, false } do
        local e = support.fails("VALIDATION", rille.backup, { url = url, file = folder .. "/" .. name, overwrite = overwrite })
        assert.truthy(e.message:find("is no regular file", 1, true))
      end
    end
    support.fails("VALIDATION", rille.backup, { url = url, file = "/dev/null", overwrite = true })
    rille.backup { url = url, file = folder .. "/named", overwrite = true }
    assert.equal(before, files_of(folder))
    assert.is_true(os.execute(("test -L '%s/named' && test -s '%s/real.bak' && test -c /dev/null"):format(folder, folder)))
  end)

  if engine == "sqlite" then
    it("does not take the database for its own backup", function()
      local db, url = support.open(engine, schema)
      local path = url:match "^file:([^?]*)"
      db:close()
      for _, file in ipairs { path, (path:gsub("/([^/]*)$", "/./%1")) } do
        local e = support.fails("VALIDATION", rille.backup, { url = url, file = file, overwrite = true })
        assert.truthy(e.message:find("is the database itself", 1, true))
        support.fails("VALIDATION", rille.restore, { url = url, file = file, force = true })
      end
    end)
  end

  it("refuses what is no backup, and one of another database", function()
    local url, folder = support.database(engine), support.folder()
    local other = engine == "sqlite" and "PGDMP\1\2\3\4\5\6\7\8\9\10\11\12" or "SQLite format 3\0 and more"
    support.write(folder .. "/empty", "")
    support.write(folder .. "/text", ("no backup at all "):rep(10))
    support.write(folder .. "/other", other)
    for _, name in ipairs { "missing", "empty", "text", "other" } do
      support.fails("VALIDATION", rille.restore, { url = url, file = folder .. "/" .. name, force = true })
    end
    assert.truthy(support.fails("VALIDATION", rille.restore, { url = url, file = folder .. "/other" }).message:find "but the URL is for another database")
  end)

  it("leaves nothing of a backup that is damaged", function()
    local db, url = support.open(engine, schema)
    fill(db, engine)
    local file = support.folder() .. "/saved"
    rille.backup { url = url, file = file }
    local text = io.open(file, "rb"):read "a"
    support.write(file, text:sub(1, #text // 2))
    local target = support.database(engine)
    support.fails("BACKUP", rille.restore, { url = target, file = file })
    if engine == "sqlite" then return assert.is_nil(io.open((target:gsub("^file:", "")))) end
    assert.equal("0\n", support.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", support.database_name(target)))
  end)

  it("leaves no file when the disk is full", function()
    local db, url = support.open(engine, schema)
    local rows = {}
    for i = 1, 3000 do -- not to be compressed to nothing
      local bytes = {}
      for k = 1, 30 do bytes[k] = string.char((i * 7919 + k * k * 104729 + i * k * 31) % 251) end
      rows[i] = { name = "n" .. i, big = i, ratio = 1, price = 1, yes = true, moment = "2026-01-01", bytes = table.concat(bytes) }
    end
    db.everything:create_many { data = rows }
    local folder = support.folder()
    -- A limit on the size of files is refused like a full disk, when its signal is ignored.
    local said = run(([[trap '' XFSZ; ulimit -f 16; DATABASE_URL='%s' lua5.4 -e '
      local rille = require "rille"
      local ok, e = pcall(rille.backup, { url = os.getenv "DATABASE_URL", file = "%s/saved" })
      print(ok, e.code)']]):format(url, folder))
    assert.equal("false\tBACKUP\n", said)
    assert.equal("", files_of(folder))
  end)

  it("says what is wrong with its options", function()
    support.fails("VALIDATION", rille.backup)
    support.fails("VALIDATION", rille.backup, { url = "file:./x.db" })
    support.fails("VALIDATION", rille.backup, { url = "file:./x.db", file = "x", overwrites = true })
    support.fails("VALIDATION", rille.backup, { url = "file:./x.db", file = "x", overwrite = 1 })
    support.fails("VALIDATION", rille.restore, { url = "file:./x.db", file = "x", force = 1 })
    support.fails("P1013", rille.backup, { url = "nothing", file = "x" })
    support.fails("BACKUP", rille.backup, { url = select(2, support.open(engine, schema)), file = "/nonexistent/folder/x" })
  end)
end)

describe("on SQLite", function()
  after_each(support.cleanup)

  it("is consistent during writes", function()
    local _, url = support.open("sqlite", "model Pair {\n id Int @id\n a Int\n b Int\n}")
    local folder = support.folder()
    -- Each transaction keeps a equal to b in every row, and all rows equal.
    local writer = io.popen(([[lua5.4 -e '
      local db = require("rille").connect { url = "%s", schema_text = "model Pair {\n id Int @id\n a Int\n b Int\n}" }
      local rows = {}
      for i = 1, 2000 do rows[i] = { id = i, a = 0, b = 0 } end
      db.pair:create_many { data = rows }
      io.stdout:write("ready\n") io.stdout:flush()
      local n = 0
      repeat
        n = n + 1
        db:transaction(function(tx)
          tx.pair:update_many { where = require("rille").all, data = { a = { increment = 1 } } }
          tx.pair:update_many { where = require("rille").all, data = { b = { increment = 1 } } }
        end)
      until io.open("%s/stop")
      print(n)']]):format(url, folder))
    assert.equal("ready", writer:read "l")
    local seen = {}
    for i = 1, 5 do
      local file = ("%s/saved%d"):format(folder, i)
      rille.backup { url = url, file = file }
      local db = support.connect("file:" .. file, "model Pair {\n id Int @id\n a Int\n b Int\n}")
      assert.same({ { lowest = 2000 } }, db:query_raw "SELECT count(*) AS lowest FROM Pair WHERE a = b AND a = (SELECT a FROM Pair LIMIT 1)")
      seen[#seen + 1] = db.pair:find_first {}.a
      db:close()
    end
    support.write(folder .. "/stop", "")
    local rounds = tonumber(writer:read "l")
    writer:close()
    assert.is_true(rounds >= 1 and seen[5] <= rounds)
    assert.truthy(seen[5] >= seen[1])
  end)

  it("does not restore onto a database that is open elsewhere", function()
    local db, url = support.open("sqlite", ALL)
    fill(db, "sqlite")
    local file = support.folder() .. "/saved"
    rille.backup { url = url, file = file }
    db.child:delete_many { where = rille.all }
    local e = support.fails("P1008", rille.restore, { url = url, file = file, force = true })
    assert.truthy(e.message:find "in use")
    assert.equal(0, db.child:count())
    db.child:create { data = { parentId = 1 } }
  end)

  it("copies a database in memory, and into one", function()
    local url = "sqlite::memory:"
    local db = support.connect(url, ALL)
    rille.push { url = url, schema_text = ALL }
    fill(db, "sqlite")
    local file, before = support.folder() .. "/saved", contents(db, "sqlite")
    rille.backup { url = url, file = file }
    db.child:delete_many { where = rille.all }
    rille.restore { url = url, file = file, force = true }
    assert.equal(before, contents(db, "sqlite"))
  end)

  it("creates a self-contained file", function()
    local db, url = support.open("sqlite", ALL)
    fill(db, "sqlite")
    local folder = support.folder()
    rille.backup { url = url, file = folder .. "/saved" }
    assert.equal("saved\n", files_of(folder))
    local head = io.open(folder .. "/saved", "rb"):read(20)
    assert.equal("\1\1", head:sub(19, 20))
  end)

  it("does not make a database that is to be copied", function()
    local folder = support.folder()
    support.fails("P1003", rille.backup, { url = "file:" .. folder .. "/none.db", file = folder .. "/saved" })
    assert.equal("", files_of(folder))
  end)
end)

if support.server then
  describe("on PostgreSQL", function()
    after_each(support.cleanup)

    it("says so when the programs are missing or fail, without the password", function()
      local _, url = support.open("postgresql", ALL)
      local folder = support.folder()
      local program = [[
        local rille = require "rille"
        local ok, e = pcall(rille.backup, { url = os.getenv "URL", file = "%s/saved" })
        print(ok, e.code, e.message)]]
      support.write(folder .. "/main.lua", program:format(folder))
      local lua = run("command -v lua5.4"):match "%S+"
      local said = run(("PATH='%s' URL='%s' %s %s/main.lua"):format(folder, url, lua, folder))
      assert.truthy(said:find("false\tBACKUP\t.*`pg_dump` was not found in PATH"), said)
      support.write(folder .. "/pg_dump", "#!/bin/sh\necho \"arguments: $*\" >&2\necho 'pg_dump: error: this is why' >&2\nexit 3\n")
      run(("chmod +x '%s/pg_dump'"):format(folder))
      local secret = url:gsub("://([^@:/]+)@", "://%1:s3cr3t@"):gsub("://([^@]+)$", function(rest)
        return rest:find "@" and "://" .. rest or "://postgres:s3cr3t@" .. rest
      end)
      said = run(("PATH='%s:/usr/bin:/bin' URL='%s' %s %s/main.lua"):format(folder, secret, lua, folder))
      assert.truthy(said:find("this is why", 1, true), said)
      assert.is_nil(said:find("s3cr3t", 1, true), said)
      assert.equal("main.lua\npg_dump\n", files_of(folder))
    end)

    it("copies the schema that the URL names, and no other", function()
      local _, url = support.open("postgresql", ALL)
      local mine = url .. "?schema=my%20own"
      rille.push { url = mine, schema_text = ALL }
      local db = support.connect(mine, ALL)
      fill(db, "sqlite")
      local before, file = contents(db, "sqlite"), support.folder() .. "/saved"
      rille.backup { url = mine, file = file }
      local target = support.database "postgresql"
      rille.restore { url = target .. "?schema=my%20own", file = file }
      assert.equal(before, contents(support.connect(target .. "?schema=my%20own", ALL), "sqlite"))
      assert.equal("0\n", support.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", support.database_name(target)))
    end)
  end)
end
