--- Comparing databases and schemas, and pulling the schema of a live database.
local core = require "rille.core"
local config = require "rille.config"
local errors = require "rille.errors"
local providers = require "rille.providers"
local shadow = require "rille.migrations_shadow"
local options = require "rille.options"

local migrate = {}

local DIFF = options.declare("rille.DiffOptions", {
  { "from", "table", required = true, is = "rille.DiffSource", doc = "the current state" },
  { "to", "table", required = true, is = "rille.DiffSource", doc = "the state to reach" },
  { "script", "boolean", doc = "returns SQL text instead of steps" },
  { "url", "string", doc = "the database that the schemas are for; it is not read" },
})
local SOURCE = options.declare("rille.DiffSource", {
  { "empty", "boolean", doc = "a database without tables" },
  { "schema", "string", doc = "a file or a folder" },
  { "schema_text", "string", doc = "the schema itself" },
  { "url", "string", doc = "a live database" },
  { "migrations", "string", doc = "a folder: the state after its migrations" },
  { "shadow_url", "string", doc = "an empty database of the server to replay them in" },
})
local PULL = options.declare("rille.PullOptions", {
  { "url", "string", doc = "required unless a schema has it" },
  { "schema", "string", doc = "a schema whose names, comments and order are kept if they still fit" },
  { "schema_text", "string", doc = "the same as text" },
  { "schemas", "strings", filled = true, doc = "the schemas of the database to read, if it has schemas" },
  { "by_file", "boolean", doc = "returns the files that change, if `schema` is a folder" },
})

local function open_schema(source, url)
  return core.schema { path = source.schema, text = source.schema_text, url = url }
end

-- Raises unless the source is exactly one of its kinds.
local function check_source(source, name)
  local what = "rille.migrate.diff: " .. name
  options.check(SOURCE, source, what)
  local count = 0
  for key in pairs(source) do count = count + (key == "shadow_url" and 0 or 1) end
  if count ~= 1 or (source.shadow_url and not source.migrations) then
    errors.raise("VALIDATION", "%s: expected one of { empty = true }, { schema = file }, { schema_text = text }, { url = url } or "
      .. "{ migrations = folder }", what)
  end
end

local function lock_provider(folder)
  local file = io.open(folder .. "/migration_lock.toml", "r")
  local text = file and file:read "*a" or ""
  if file then file:close() end
  return text:match '^provider%s*=%s*"([%w]+)"' or text:match '\nprovider%s*=%s*"([%w]+)"'
end

-- Returns the settings of the shadow database for the folder.
local function shadow_place(source, other, name, near)
  local url = other.url or source.shadow_url or near
  local provider = lock_provider(source.migrations)
  if not provider and (other.schema or other.schema_text) then provider = core.schema_provider(open_schema(other)) end
  local facts = providers.named(provider)
  url = facts and facts.memory_url or url
  if not url then
    errors.raise("VALIDATION", "rille.migrate.diff: %s: migrations must be replayed in an empty database; name it with `shadow_url`", name)
  end
  return { url = url, shadow_url = url ~= source.shadow_url and source.shadow_url or nil, folder = source.migrations }
end

-- Calls fn(source). A folder is replaced by the URL of a database with its migrations.
local function with_source(source, other, name, near, fn)
  if not source.migrations then return fn(source) end
  local place = shadow_place(source, other, name, near)
  return shadow.with(place, function(url)
    shadow.replay(place, url)
    return fn { url = url }
  end)
end

--- Returns the steps from `from` to `to`. Changes nothing.
--- Sources: { empty = true }, { schema = file or folder }, { schema_text = text }, { url = url }, { migrations = folder } (the state after them; on
--- PostgreSQL they are replayed in `shadow_url`, an empty database, or in a new one on the server of the other side). `url` is the database that the
--- schemas are for. It gives the provider if they do not, and migrations are replayed on its server; it is not read.
--- With `script`: the steps as SQL text, "" if nothing differs. Otherwise a list of { kind, subject, sql, changes }; its `warnings` say what may be
--- lost. Errors: P3006, P3014 (migrations), P1012 (schema, or the two sides are of different databases), P1xxx (database).
---@param given rille.DiffOptions
---@return string|table
function migrate.diff(given)
  options.check(DIFF, given or {}, "rille.migrate.diff")
  local from, to = given.from, given.to
  check_source(from, "from")
  check_source(to, "to")
  return with_source(from, to, "from", given.url, function(left)
    return with_source(to, from, "to", given.url, function(right)
      return core.diff {
        from_schema = (left.schema or left.schema_text) and open_schema(left, right.url or given.url) or nil,
        from_url = left.url,
        to_schema = (right.schema or right.schema_text) and open_schema(right, left.url or given.url) or nil,
        to_url = right.url,
        script = given.script,
      }
    end)
  end)
end

-- Splits the text of the core: names and texts alternate, each with a zero byte after it.
local function files_of(framed, folder)
  local list, pieces, at = {}, {}, 1
  for stop in framed:gmatch "()%z" do
    pieces[#pieces + 1] = framed:sub(at, stop - 1)
    at = stop + 1
  end
  for i = 1, #pieces, 2 do
    local file = pieces[i] ~= "" and pieces[i] or folder:gsub("/*$", "") .. "/introspected.prisma"
    list[#list + 1] = { file = file, text = pieces[i + 1] }
  end
  return list
end

--- Returns the schema of a live database as text. Names, comments and order of `schema` or `schema_text` are kept if they still fit.
--- On PostgreSQL `schemas` are the database schemas to read, for example { "public", "audit" }; by default those that the known schema names, or the
--- one of the connection. With `by_file` the schema is a folder, and the result a list of the files that change: models stay in their files, new ones
--- go to introspected.prisma. Errors: P1xxx (database), P4001 (it has no table).
---@param given rille.PullOptions
---@return string|{ file: string, text: string }[]
function migrate.pull(given)
  given = options.check(PULL, given, "rille.pull")
  local known = given.schema or given.schema_text
  local url = given.url
  if url == nil and known then
    local _, found = config.resolve({ schema = given.schema, schema_text = given.schema_text }, true)
    url = found
  end
  if not url then errors.raise("VALIDATION", "rille.pull: url: missing; give it, or a schema that has it") end
  if given.by_file and not given.schema then errors.raise("VALIDATION", "rille.pull: by_file: requires a `schema` that is a folder") end
  local text = core.pull { url = url, schema = known and open_schema(given, url) or nil, schemas = given.schemas, by_file = given.by_file or nil }
  return given.by_file and files_of(text, given.schema) or text
end

return migrate
