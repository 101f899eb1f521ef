-- Functions for specs that need a database: a new one for each test, on every engine, removed afterwards.
--
--   local support = require "support"
--   support.each_engine(function(engine)             -- one describe per engine; databases and clients end with each test
--     it("keeps what it is given", function()
--       local db = support.open(engine, "model Note {\n id Int @id\n}")
--       ...
--     end)
--   end)
local busted = require "busted"

local support = {}

local server = os.getenv "RILLE_TEST_POSTGRES"
if server == "" then server = nil end

-- PostgreSQL only if there is a server. spec/run has one, except with sanitizers.
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

-- Sets another server and returns the previous one.
function support.use_server(url)
  local before = server
  server = url
  return before
end

-- Runs SQL on the test server without rille. `database`: its name, "postgres" by default.
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

-- Creates a folder, which is removed after the test.
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

-- Returns the URL of an empty database.
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

-- Returns the name of the database in a URL of support.database.
function support.database_name(url) return url:match "([^/?]+)$" end

-- Opens a client on `url`, which is closed after the test. Options: see rille.connect.
function support.connect(url, schema_text, options)
  local arguments = { url = url, schema_text = schema_text }
  for key, value in pairs(options or {}) do arguments[key] = value end
  local client = require("rille").connect(arguments)
  clients[#clients + 1] = client
  return client
end

-- Creates a database with the tables of a schema. Returns a client and the URL.
function support.open(engine, schema_text, options)
  local url = support.database(engine)
  require("rille").push { schema_text = schema_text, url = url }
  return support.connect(url, schema_text, options), url
end

-- Calls fn, which must raise rille's error with that code. Returns the error.
function support.fails(code, fn, ...)
  local ok, e = pcall(fn, ...)
  if ok then error(("expected the error %s, but nothing was thrown"):format(code), 2) end
  if type(e) ~= "table" or e.code == nil then error(("expected the error %s, got: %s"):format(code, tostring(e)), 2) end
  if e.code ~= code then error(("expected the error %s, got %s: %s"):format(code, e.code, tostring(e)), 2) end
  return e
end

-- A scheduler that resumes immediately. Every call uses its wait.
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

-- Describes the same for each engine. What setup() opens is closed at the end of the describe, and what a test opens at the end of the test, or with
-- `keep` at the end of the describe.
function support.each_engine(define, keep)
  for _, engine in ipairs(support.engines) do
    busted.describe("on " .. engine, function()
      if keep then busted.teardown(support.cleanup) else busted.after_each(support.cleanup) end
      define(engine)
    end)
  end
end

return support
