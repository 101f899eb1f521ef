-- Options: the message of every function for a value of the wrong type, derived from the types for editors.
local annotations = require "tools.annotations"
local rille = require "rille"
local support = require "support"

local SCHEMA = "model Note {\n  id Int @id\n}"

-- By class: the name of the function in its messages, and a call of it.
local CALLS = {
  ConnectOptions = { "rille.connect", rille.connect },
  PoolOptions = { "rille.connect: pool", function(o) return rille.connect { schema_text = SCHEMA, url = "sqlite::memory:", pool = o } end },
  CacheOptions = { "rille.connect: cache", function(o) return rille.connect { schema_text = SCHEMA, url = "sqlite::memory:", cache = o } end },
  NPlusOneOptions = { "rille.connect: n_plus_one", function(o) return rille.connect { schema_text = SCHEMA, url = "sqlite::memory:", n_plus_one = o } end },
  WaitHook = { "rille.connect: wait", function(o) return rille.connect { schema_text = SCHEMA, url = "sqlite::memory:", wait = o } end },
  TransactionOptions = { "transaction", function(o, db) return db:transaction(function() end, o) end },
  BatchOptions = { "batch", function(o, db) return db:batch(function() end, o) end },
  WithOptions = { "with", function(o, db) return db:with(o) end },
  PushOptions = { "rille.push", rille.push },
  PullOptions = { "rille.pull", rille.pull },
  BackupOptions = { "rille.backup", rille.backup },
  RestoreOptions = { "rille.restore", rille.restore },
  MigrateOptions = { "rille.migrate.deploy", rille.migrate.deploy },
  DevOptions = { "rille.migrate.dev", rille.migrate.dev },
  ResolveOptions = { "rille.migrate.resolve", rille.migrate.resolve },
  DownOptions = { "rille.migrate.down", rille.migrate.down },
  DiffOptions = { "rille.migrate.diff", rille.migrate.diff },
  DiffSource = { "rille.migrate.diff: from", function(o) return rille.migrate.diff { from = o, to = { empty = true } } end },
  GenerateOptions = { "rille.generate.run", rille.generate.run },
  JsonOptions = { "json.encode", function(o) return rille.json.encode({}, o) end },
  SeedOptions = { "seed.new", rille.seed.new },
}

-- Options with several types have their own messages.
local SEVERAL = { wait = true, cache = true, log = true, n_plus_one = true, traceparent = true, model = true, seed = true, progress = true }

describe("options", function()
  local known = {}
  local db

  setup(function()
    for _, name in ipairs { "meta", "meta_models", "meta_migrate" } do
      local file = assert(io.open(("lua/rille/%s.lua"):format(name)))
      known = annotations.read(file:read "a", next(known) and known or nil)
      file:close()
    end
    db = rille.connect { schema_text = SCHEMA, url = "sqlite::memory:" }
  end)
  teardown(function()
    db:close()
    support.cleanup()
  end)

  local function message(call, ...) return support.fails("VALIDATION", call, ...).message end

  it("of the wrong type are refused in one form of words, everywhere", function()
    local count = 0
    for class, call in pairs(CALLS) do
      local what, f = call[1], call[2]
      local path = what:find ": " and what .. "." or what .. ": "
      for name in pairs(annotations.fields(known, "rille." .. class)) do
        if not SEVERAL[name] or class == "WaitHook" then
          local said = message(f, { [name] = io.stdout }, db)
          assert.equal(path .. name, said:match "^(.-): expected .-, got a userdata$", said)
          count = count + 1
        end
      end
    end
    assert.is_true(count > 80, count)
  end)

  it("are a table, and their names are known", function()
    for class, call in pairs(CALLS) do
      local what, f = call[1], call[2]
      local said = message(f, 1 / 3, db)
      assert.truthy(said:find(what:gsub(": [%w_]+$", ""), 1, true) == 1, class .. ": " .. said)
      said = message(f, { nonsens = 1 }, db)
      assert.equal(what .. ": unknown option `nonsens`", said)
      local fields = annotations.fields(known, "rille." .. class)
      for name in pairs(fields) do
        if #name > 5 and not fields[name:sub(1, -2)] then
          said = message(f, { [name:sub(1, -2)] = 1 }, db)
          assert.truthy(said:find("did you mean `", 1, true), said)
        end
      end
    end
  end)

  it("have bounds that are named", function()
    local function connect(more)
      more.schema_text, more.url = SCHEMA, "sqlite::memory:"
      return message(rille.connect, more)
    end
    assert.equal("rille.connect: pool.size: expected an integer from 1 to 100000, got 0", connect { pool = { size = 0 } })
    assert.equal("rille.connect: pool.wait: expected an integer from 1 to 2147483647 (milliseconds), got 1.5", connect { pool = { wait = 1.5 } })
    assert.equal("rille.connect: slow_ms: expected a number from 1 to 2147483647 (milliseconds), got 0", connect { slow_ms = 0 })
    assert.equal('rille.connect: n_plus_one.report: expected "warn" or "error", got "loud"', connect { n_plus_one = "loud" })
    assert.equal("rille.connect: replicas[2]: expected a string, got a boolean", connect { replicas = { "postgresql://h/a", false } })
    assert.equal("rille.connect: wait.wait: missing; returns when the descriptor is ready, or earlier", connect { wait = {} })
    assert.equal("rille.backup: file: missing; the name of the backup file", message(rille.backup, {}))
    assert.equal("transaction: retries: expected a number, 0 or more, got -1", message(db.transaction, db, function() end, { retries = -1 }))
    assert.equal("transaction: timeout: expected a number of milliseconds, more than 0, got 0", message(db.transaction, db, function() end, { timeout = 0 }))
    assert.equal('transaction: isolation_level: expected "read_uncommitted", "read_committed", "repeatable_read" or "serializable", got "chaos"',
      message(db.transaction, db, function() end, { isolation_level = "chaos" }))
  end)

  it("of an isolation level may be written as PostgreSQL, Prisma or Lua would", function()
    for _, level in ipairs { "serializable", "Serializable", "SERIALIZABLE" } do
      assert.equal(1, db:transaction(function() return 1 end, { isolation_level = level }))
    end
    for _, level in ipairs { "read committed", "ReadCommitted", "read-committed", "READ COMMITTED" } do
      local ok, e = pcall(db.transaction, db, function() return 1 end, { isolation_level = level })
      assert.is_true(ok or not e.message:find "isolation_level: expected", tostring(e))
    end
  end)
end)
