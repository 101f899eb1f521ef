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
require "rille.lock"
require "rille.listen"
require "rille.tags"
local observe = require "rille.observe"
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
  },
  pull = errors.entries({ pull = migrate.pull }).pull,
  log_line = observe.line,
}

errors.entries(client.methods)
errors.entries(rille.migrate)

-- What a program at work seldom needs is loaded when it is first asked for.
local LATER = {
  generate = function() return require "rille.generate" end,
  seed = function() return require "rille.seed" end,
  backup = function() return errors.entries(require "rille.backup").backup end,
  restore = function() return require("rille.backup").restore end,
  handler = function() return require "rille.handler" end,
  form = function() return require("rille.form").decode end,
  trust = function() return require("rille.form").trust end,
  tools = function() return require "rille.tools" end, -- of programs around rille
}
setmetatable(rille, {
  __index = function(_, name)
    local load_it = LATER[name]
    if not load_it then return nil end
    local value = load_it()
    rille[name] = value
    return value
  end,
})

local PUSH = options.declare("rille.PushOptions", {
  { "schema", "string", doc = "a file or a folder; found by convention when absent" },
  { "schema_text", "string", doc = "the schema itself" },
  { "url", "string", doc = "else that of the schema, else DATABASE_URL" },
  { "reset", "boolean", doc = "drops everything first" },
  { "accept_data_loss", "boolean", doc = "also what loses rows or values" },
})

local function check_text(name, text)
  if type(text) ~= "string" then errors.raise("VALIDATION", "rille.%s takes the text of a schema, not a %s", name, type(text)) end
end

--- Brings a database into the form of a schema; it is created when it does not exist. Schema and URL are found as rille.connect finds
--- them. Errors: P1012 (schema), P1xxx (database), P3001 (rows or values would be lost, e.meta.warnings says which: `accept_data_loss`
--- allows it; or rows forbid a step; `reset` drops everything first).
---@param given? rille.PushOptions
function rille.push(given)
  given = options.check(PUSH, given, "rille.push")
  local schema, url = config.resolve(given, true)
  core.push { schema = schema, url = url, reset = given.reset, accept_data_loss = given.accept_data_loss }
end

--- Checks a schema.
---@param text string
---@return true|nil ok
---@return rille.Diagnostic[]|nil diagnostics all faults, with line and column
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

--- Whether something is an error of rille; with a code, whether it is that one.
---@param e any
---@param code? string such as "P2002"
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

--- Calls f(...) and returns what it returns; or nil and the error when rille raised one. Other errors go on.
---@param f function
---@param ... any
---@return ...
function rille.try(f, ...)
  return caught(pcall(f, ...))
end

for name in pairs(rille) do core.entries[name] = true end
for _, name in ipairs { "tonumber", "tostring", "round", "format", "encode", "decode", "run", "refresh" } do core.entries[name] = true end

return rille
