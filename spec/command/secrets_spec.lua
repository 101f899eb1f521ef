-- Passwords: whatever form the URL has, and whether it can be understood or not, no message, event or log tells them.
local harness = require "command.harness"
local rille = require "rille"
local support = require "support"

local SCHEMA = "model Note {\n  id Int @id\n}\n"
local SECRETS = { "s3cr", "t0k3n", "h1dd3n" } -- the parts of every password here

-- The same database under URLs that have a password: each is understood, and any password will do.
local function understood(base)
  local host, database = base:match "^%w+://[^@]*@([^/]*)/(.*)$"
  local list = {}
  for _, login in ipairs { "postgres:s3cr", "postgres:s3cr:t0k3n", "postgres:s3cr%40t0k3n%2Fh1dd3n", "postgres:s3cr#t0k3n;h1dd3n" } do
    list[#list + 1] = ("postgresql://%s@%s/%s"):format(login, host, database)
  end
  local address, port = host:match "^(.*):(%d+)$"
  for _, params in ipairs { "user=postgres&password=s3cr", "user=postgres&p%61ssword=s3cr%26t0k3n",
    "user=postgres&sslpassword=s3cr&sslmode=disable&password=h1dd3n" } do
    list[#list + 1] = ("postgresql://%s/%s?%s"):format(host, database, params)
    list[#list + 1] = ("postgresql:///%s?host=%s&port=%s&%s"):format(database, address, port, params)
  end
  list[#list + 1] = ("postgresql://postgres:s3cr@%s,%s/%s"):format(host, host, database)
  return list
end

-- What people write who do not encode, what lies behind no server, and what is no URL of ours.
local WRONG = {
  "postgresql://u:s3cr@t0k3n@127.0.0.1:1/d", "postgresql://u:s3cr/t0k3n@127.0.0.1:1/d", "postgresql://u:s3cr?t0k3n@127.0.0.1:1/d",
  "postgresql://u:s3cr#t0k3n@127.0.0.1:1/d?connect_timeout=1", "postgresql://u:s3cr:t0k3n@127.0.0.1:1/d?connect_timeout=1",
  "postgresql://u:s3cr t0k3n@127.0.0.1:1/d?connect_timeout=1", "postgresql://:s3cr@127.0.0.1:1/d?connect_timeout=1",
  "postgresql://u:12?user=s3cr@127.0.0.1:1/d", "postgresql://u:s3cr%zz@127.0.0.1:1/d", "postgresql://u:s3cr@127.0.0.1:t0k3n/d",
  "postgresql://u@127.0.0.1:1/d?password=s3cr&connect_timeout=1", "postgresql://u@127.0.0.1:1/d?password=a&t0k3n&connect_timeout=1",
  "postgresql://u@127.0.0.1:1/d?sslpassword=s3cr=t0k3n", "postgresql://u:s3cr@127.0.0.1:1,127.0.0.1:2/d?connect_timeout=1",
  "postgresql://u:s3cr@127.0.0.1:1/d?nonsense=t0k3n", "postgresql://u:s3cr@127.0.0.1:1/d?sslmode=nonsense&connect_timeout=1",
  "host=127.0.0.1 port=1 user=u password=s3cr", "postgres:s3cr@127.0.0.1/d", "u:s3cr@127.0.0.1:1/d", "mysql://u:s3cr@127.0.0.1:1/d",
  "file:./x.db?password=s3cr", "file:/nonexistent/folder/x.db?key=s3cr",
}

local function expect_silent(text, what)
  for _, secret in ipairs(SECRETS) do
    if text:find(secret, 1, true) then error(("%s tells the password: %s"):format(what, text), 2) end
  end
end

-- All that an error says, down to the last detail, and a traceback of where it came from.
local function everything(e)
  local parts = { tostring(e) }
  local function add(value)
    if type(value) ~= "table" then parts[#parts + 1] = tostring(value) return end
    for k, v in pairs(value) do add(k) add(v) end
  end
  add(e)
  return table.concat(parts, "\n")
end

local function call(what, fn, ...)
  local _, said = xpcall(fn, function(e) return everything(e) .. debug.traceback() end, ...)
  expect_silent(type(said) == "string" and said or tostring(said), what)
end

local function use(url, folder)
  local source = { schema_text = SCHEMA, url = url, migrations = folder .. "/migrations" }
  local function with(more)
    local options = { schema_text = source.schema_text, url = source.url }
    for k, v in pairs(more or {}) do options[k] = v end
    return options
  end
  local migrations = { migrations = source.migrations }
  call("push", rille.push, with())
  call("pull", rille.pull, { url = url })
  call("status", rille.migrate.status, with(migrations))
  call("deploy", rille.migrate.deploy, with(migrations))
  call("dev", rille.migrate.dev, with { migrations = source.migrations, name = "x", shadow_url = url })
  call("resolve", rille.migrate.resolve, with { migrations = source.migrations, applied = "nothing" })
  call("down", rille.migrate.down, with(migrations))
  call("diff", rille.migrate.diff, { from = { url = url }, to = { empty = true } })
  call("backup", rille.backup, { url = url, file = folder .. "/backup", overwrite = true })
  call("restore", rille.restore, { url = url, file = folder .. "/backup" })
  call("connect", function()
    local heard = {}
    local db = rille.connect(with { replicas = { url }, log = function(line) heard[#heard + 1] = line end })
    for _, name in ipairs { "query", "slow", "warn" } do
      db:on(name, function(event) heard[#heard + 1] = everything(event) end)
    end
    local ok, e = pcall(function()
      db.note:count()
      heard[#heard + 1] = tostring(db.note:explain {}) .. everything(db:metrics())
      db:query_raw "SELECT wrong FROM nowhere"
    end)
    heard[#heard + 1] = tostring(db) .. (ok and "" or everything(e))
    db:close()
    expect_silent(table.concat(heard, "\n"), "an event")
  end)
end

describe("a password", function()
  after_each(support.cleanup)

  it("is not told of a URL that is wrong, or leads nowhere", function()
    local folder = support.folder()
    for _, url in ipairs(WRONG) do use(url, folder) end
  end)

  it("is not told by the command", function()
    local folder = harness.project(nil, SCHEMA)
    for _, url in ipairs { WRONG[1], WRONG[5], WRONG[11], WRONG[17] } do
      for _, line in ipairs { "db push", "migrate status --json", "doctor", "migrate reset", "db push --force-reset" } do
        local result = harness.run(folder, line, { url = url })
        expect_silent(result.out .. result.err, line .. " with " .. url)
      end
    end
  end)

  if support.server then
    it("is not told of a URL that works", function()
      local base = support.database "postgresql"
      for _, url in ipairs(understood(base)) do
        use(url, support.folder())
        support.psql('DROP TABLE IF EXISTS "Note"; DROP TABLE IF EXISTS _prisma_migrations', support.database_name(base))
      end
    end)

    it("is not told by the command of a URL that works", function()
      local urls = understood(support.database "postgresql")
      local folder = harness.project(nil, SCHEMA)
      os.execute(("mkdir -p '%s/migrations'"):format(folder))
      for _, url in ipairs { urls[2], urls[6] } do
        for _, line in ipairs { "db pull", "migrate status", "migrate reset", "db push", "db push --force-reset",
          "db backup x --force", "db restore x", "doctor",
          "migrate down --steps 1", "console" } do
          local result = harness.run(folder, line, { url = url, input = "tostring(db)\ndb.nope\n" })
          expect_silent(result.out .. result.err, line .. " with " .. url)
        end
        if harness.has_terminal then
          expect_silent(harness.terminal(folder, "console", { url = url, input = "\4" }).out, "console")
        end
      end
    end)
  end
end)
