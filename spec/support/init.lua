-- Help for specs that need a database: a fresh one for each test, on every engine, gone afterwards.
--
--   local support = require "support"
--   support.each_engine(function(engine)             -- a describe for each engine; databases and clients end with each test
--     it("keeps what it is given", function()
--       local db = support.open(engine, "model Note {\n id Int @id\n}")
--       ...
--     end)
--   end)
local busted = require "busted"

local support = {}

local server = os.getenv "RILLE_TEST_POSTGRES"
if server == "" then server = nil end

-- PostgreSQL only where a server is given: spec/run gives one, but for the sanitizers.
support.engines = server and { "sqlite", "postgresql" } or { "sqlite" }
support.server = server

local clients, files, folders, databases = {}, {}, {}, {}
local serial = 0

local function shell(command)
  local ok, _, status = os.execute(command)
  if not ok then error(("status %s from: %s"):format(tostring(status), command), 2) end
end

local function unique_name()
  serial = serial + 1
  local path = os.tmpname()
  os.remove(path)
  return ("rille_%s_%d"):format(path:match "(%w+)$":lower(), serial), path
end

-- Another server from now on; answers the one before.
function support.use_server(url)
  local before = server
  server = url
  return before
end

-- Runs SQL on the test server, past rille. `database` is a name, "postgres" when missing.
function support.psql(sql, database)
  local url = server:gsub("/postgres$", "/" .. (database or "postgres"))
  local file = os.tmpname()
  local handle = assert(io.open(file, "w"))
  handle:write(sql)
  handle:close()
  local pipe = assert(io.popen(("env -u LD_PRELOAD psql -X -q -At -v ON_ERROR_STOP=1 '%s' -f '%s' 2>&1"):format(url, file)))
  local output = pipe:read "a"
  local ok = pipe:close()
  os.remove(file)
  if not ok then error(output, 2) end
  return output
end

-- A folder of its own, removed after the test.
function support.folder()
  local pipe = assert(io.popen "mktemp -d")
  local path = pipe:read "l"
  pipe:close()
  folders[#folders + 1] = path
  return path
end

function support.write(path, text)
  local handle = assert(io.open(path, "wb"))
  handle:write(text)
  handle:close()
  return path
end

-- The URL of an empty database.
function support.database(engine)
  local name, path = unique_name()
  if engine == "sqlite" then
    files[#files + 1] = path .. ".db"
    return "file:" .. path .. ".db"
  end
  support.psql(('CREATE DATABASE "%s"'):format(name))
  databases[#databases + 1] = name
  return (server:gsub("/postgres$", "/" .. name))
end

-- The name of the database in a URL that support.database gave.
function support.database_name(url) return url:match "([^/?]+)$" end

-- A client on `url`; closed after the test. Options are those of rille.connect.
function support.connect(url, schema_text, options)
  local arguments = { url = url, schema_text = schema_text }
  for key, value in pairs(options or {}) do arguments[key] = value end
  local client = require("rille").connect(arguments)
  clients[#clients + 1] = client
  return client
end

-- A fresh database with the tables of a schema, and a client on it. Also returns the URL.
function support.open(engine, schema_text, options)
  local url = support.database(engine)
  require("rille").push { schema_text = schema_text, url = url }
  return support.connect(url, schema_text, options), url
end

-- Calls fn, which must throw rille's error with that code; returns the error.
function support.fails(code, fn, ...)
  local ok, e = pcall(fn, ...)
  if ok then error(("expected the error %s, but nothing was thrown"):format(code), 2) end
  if type(e) ~= "table" or e.code == nil then error(("expected the error %s, got: %s"):format(code, tostring(e)), 2) end
  if e.code ~= code then error(("expected the error %s, got %s: %s"):format(code, e.code, tostring(e)), 2) end
  return e
end

-- A scheduler that comes back at once: every call goes through its wait.
function support.hook() return { wait = function() coroutine.yield() end, ready = coroutine.isyieldable } end

-- Runs fn in a coroutine of that scheduler.
function support.run(fn)
  local co = coroutine.create(fn)
  while coroutine.status(co) ~= "dead" do
    local ok, e = coroutine.resume(co)
    if not ok then error(e, 0) end
  end
end

function support.cleanup_clients()
  for _, client in ipairs(clients) do pcall(client.close, client) end
  clients = {}
end

function support.cleanup()
  support.cleanup_clients()
  for _, path in ipairs(files) do
    for _, suffix in ipairs { "", "-wal", "-shm", "-journal" } do os.remove(path .. suffix) end
  end
  for _, path in ipairs(folders) do shell(("rm -rf '%s'"):format(path)) end
  if #databases > 0 then
    local commands = {}
    for i, name in ipairs(databases) do commands[i] = ('DROP DATABASE IF EXISTS "%s" WITH (FORCE);'):format(name) end
    support.psql(table.concat(commands, "\n"))
  end
  clients, files, folders, databases = {}, {}, {}, {}
end

-- Describes the same for each engine. What setup() opens lives until the end of the describe, what a test opens until the end of the test, when
-- `keep` is not true; with it all ends with the describe.
function support.each_engine(define, keep)
  for _, engine in ipairs(support.engines) do
    busted.describe("on " .. engine, function()
      if keep then busted.teardown(support.cleanup) else busted.after_each(support.cleanup) end
      define(engine)
    end)
  end
end

return support
