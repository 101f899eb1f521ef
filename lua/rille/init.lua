--- rille: data access for PostgreSQL and SQLite with schema.prisma.
---
---     local rille = require "rille"
---     local db = rille.connect()
---     local user = db.user:find_unique{ where = { id = 1 }, include = { posts = true } }
local core = require "rille.core"
local errors = require "rille.errors"
local client = require "rille.client"
local config = require "rille.config"
local migrate = require "rille.migrate"
local migrations = require "rille.migrations"
local raw = require "rille.raw"
local values = require "rille.values"
require "rille.model"
require "rille.transaction"
require "rille.batch"
require "rille.with"
require "rille.revalidate"
require "rille.extend"
require "rille.action"
require "rille.lock"
require "rille.listen"
require "rille.schema"
require "rille.tags"
local cached = require "rille.cached"
local observe = require "rille.observe"
require "rille.development" -- after all others that add to rille.connect
local options = require "rille.options"

local rille = {
  version = core.version,
  connect = errors.entries({ connect = client.connect }).connect,
  null = core.null,
  json_null = core.json_null,
  db_null = core.db_null,
  any_null = core.any_null,
  all = core.all,
  field = core.field,
  array = core.array,
  object = core.object,
  decimal = core.decimal,
  json = require "rille.json",
  time = core.time,
  now = values.now,
  ago = values.ago,
  date = values.date,
  request = cached.request,
  sql = raw.sql,
  join = raw.join,
  raw = raw.raw,
  empty = raw.empty,
  migrate = {
    diff = migrate.diff,
    dev = require("rille.migrations_dev").dev,
    deploy = migrations.deploy,
    status = require("rille.migrations_status").status,
    reset = migrations.reset,
    resolve = migrations.resolve,
    down = migrations.down,
    cache_triggers = require("rille.migrations_cache").cache_triggers,
  },
  pull = errors.entries({ pull = migrate.pull }).pull,
  log_line = observe.line,
}

errors.entries(client.methods)
errors.entries(rille.migrate)

-- Modules that applications seldom need are loaded when they are first used.
local LAZY = {
  generate = function() return require "rille.generate" end,
  seed = function() return require "rille.seed" end,
  backup = function() return errors.entries(require "rille.backup").backup end,
  restore = function() return require("rille.backup").restore end,
  cache = function() return errors.entries(require "rille.cache") end,
  handler = function() return require "rille.handler" end,
  form = function() return require("rille.form").decode end,
  fail = function() return require("rille.faults").fail end,
  status = function() return require("rille.faults").status end,
  csv = function() return errors.entries(require "rille.csv") end,
  inspect = function() return errors.entries(require "rille.inspect").inspect end,
  progress = function() return errors.entries(require "rille.progress").progress end,
  trust = function() return require("rille.form").trust end,
  tools = function() return require "rille.tools" end, -- for programs built on rille, like its command
}
setmetatable(rille, {
  __index = function(_, name)
    local load_it = LAZY[name]
    if not load_it then return nil end
    local value = load_it()
    rille[name] = value
    return value
  end,
})

local PUSH = options.declare("rille.PushOptions", {
  { "schema", "string", doc = "a file or a folder; by default found by convention" },
  { "schema_text", "string", doc = "the schema itself" },
  { "url", "string", doc = "by default that of the schema, or DATABASE_URL" },
  { "reset", "boolean", doc = "drops everything first" },
  { "accept_data_loss", "boolean", doc = "allows steps that lose rows or values" },
})

local function check_text(name, text)
  if type(text) ~= "string" then options.refuse("rille." .. name, "the text of a schema", text) end
end

--- Makes a database match a schema. A missing database is created. Schema and URL are found as for rille.connect. Errors: P1012 (schema),
--- P1xxx (database), P3001 (rows or values would be lost, see e.meta.warnings; `accept_data_loss` allows it. Or rows prevent a step; `reset`
--- drops everything first).
---@param given? rille.PushOptions
function rille.push(given)
  given = options.check(PUSH, given, "rille.push")
  local schema, url = config.resolve(given, true)
  core.push { schema = schema, url = url, reset = given.reset, accept_data_loss = given.accept_data_loss }
end

--- Checks a schema.
---@param text string
---@return true|nil ok
---@return rille.Diagnostic[]|nil diagnostics all errors, with line and column
function rille.validate(text)
  check_text("validate", text)
  return core.validate(text)
end

--- Formats a schema as Prisma does. Errors: P1012.
---@param text string
---@return string
function rille.format(text)
  check_text("format", text)
  return core.format(text)
end

--- Returns whether a value is an error of rille; with a code, whether it has that code.
---@param e any
---@param code? string for example "P2002"
---@return boolean
function rille.is(e, code)
  return errors.is_error(e) and (code == nil or e.code == code)
end

local function caught(ok, ...)
  if ok then return ... end
  local e = ...
  if errors.is_error(e) then return nil, e end
  return error(e, 0)
end

--- Calls f(...) and returns its results, or nil and the error if rille raised one. Other errors are raised again.
---@param f function
---@param ... any
---@return ...
function rille.try(f, ...)
  return caught(pcall(f, ...))
end

for name in pairs(rille) do core.entries[name] = true end
for _, name in ipairs { "tonumber", "tostring", "round", "format", "encode", "decode", "run", "refresh" } do core.entries[name] = true end

return rille
