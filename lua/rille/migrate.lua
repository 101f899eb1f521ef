--- Databases and schemas side by side: what differs between two, and the schema of a live one.
local core = require "rille.core"
local config = require "rille.config"
local errors = require "rille.errors"
local providers = require "rille.providers"
local shadow = require "rille.migrations_shadow"
local options = require "rille.options"

local migrate = {}

local DIFF = options.declare("rille.DiffOptions", {
  { "from", "table", required = true, is = "rille.DiffSource", doc = "what the database is like" },
  { "to", "table", required = true, is = "rille.DiffSource", doc = "what it is to be like" },
  { "script", "boolean", doc = "SQL text instead of steps" },
  { "url", "string", doc = "the database that the schemas are for; nothing is asked of it" },
})
local SOURCE = options.declare("rille.DiffSource", {
  { "empty", "boolean", doc = "a database without tables" },
  { "schema", "string", doc = "a file or a folder" },
  { "schema_text", "string", doc = "the schema itself" },
  { "url", "string", doc = "a live database" },
  { "migrations", "string", doc = "a folder: what its migrations come to" },
  { "shadow_url", "string", doc = "an empty database of the server to replay them in" },
})
local PULL = options.declare("rille.PullOptions", {
  { "url", "string", doc = "needed unless a schema tells it" },
  { "schema", "string", doc = "a schema whose names, comments and order are kept where they still fit" },
  { "schema_text", "string", doc = "the same as text" },
  { "schemas", "strings", filled = true, doc = "those of the database to read, where it has schemas" },
  { "by_file", "boolean", doc = "of a `schema` that is a folder: the files that change" },
})

local function open_schema(source, url)
  return core.schema { path = source.schema, text = source.schema_text, url = url }
end

-- One of empty, schema, schema_text and url.
local function check_source(source, name)
  local what = "rille.migrate.diff: " .. name
  options.check(SOURCE, source, what)
  local count = 0
  for key in pairs(source) do count = count + (key == "shadow_url" and 0 or 1) end
  if count ~= 1 or (source.shadow_url and not source.migrations) then
    errors.raise("VALIDATION", "%s: one of { empty = true }, { schema = file }, { schema_text = text }, { url = url } and { migrations = folder } "
      .. "is wanted", what)
  end
end

local function lock_provider(folder)
  local file = io.open(folder .. "/migration_lock.toml", "r")
  local text = file and file:read "*a" or ""
  if file then file:close() end
  return text:match '^provider%s*=%s*"([%w]+)"' or text:match '\nprovider%s*=%s*"([%w]+)"'
end

-- The URL beside which a shadow database for the folder is made.
local function shadow_place(source, other, name, beside)
  local url = other.url or source.shadow_url or beside
  local provider = lock_provider(source.migrations)
  if not provider and (other.schema or other.schema_text) then provider = core.schema_provider(open_schema(other)) end
  local facts = providers.named(provider)
  url = facts and facts.memory_url or url
  if not url then
    errors.raise("VALIDATION", "`%s` of rille.migrate.diff: the migrations are replayed in an empty database, which `shadow_url` names", name)
  end
  return { url = url, shadow_url = url ~= source.shadow_url and source.shadow_url or nil, folder = source.migrations }
end

-- Calls fn(source) with the folder replaced by the URL of a database that the folder was applied to.
local function with_source(source, other, name, beside, fn)
  if not source.migrations then return fn(source) end
  local place = shadow_place(source, other, name, beside)
  return shadow.with(place, function(url)
    shadow.replay(place, url)
    return fn { url = url }
  end)
end

--- What it takes to bring a database of the form `from` into the form `to`. Nothing is changed anywhere.
--- Sources: { empty = true }, { schema = file or folder }, { schema_text = text }, { url = url }, { migrations = folder } (what they come to; on
--- PostgreSQL with `shadow_url`, an empty database for that, or beside the other side's). `url` is the database that the schemas are for: it
--- tells the kind where they do not, and migrations are replayed beside it; nothing is asked of it.
--- With `script`: the steps as SQL text, "" when nothing differs. Else a list of { kind, subject, sql, changes }; `warnings` in it says what may be
--- lost. Errors: P3006, P3014 (migrations), P1012 (schema, or the sides are of different databases), P1xxx (database).
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

-- Names and texts in turn, each with a zero byte behind it.
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

--- The schema of a live database, as text. Names, comments and order of `schema` or `schema_text` are kept where they still fit.
--- On PostgreSQL `schemas` are the database schemas to read, for example { "public", "audit" }; without it, those that the known schema
--- names, else the connection's own. With `by_file` the schema is a folder, and the result a list of the files that change: models stay in
--- their files, what is new goes to introspected.prisma. Errors: P1xxx (database), P4001 (it has no table).
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
  if not url then errors.raise("VALIDATION", "rille.pull: url: missing; a schema could tell it, too") end
  if given.by_file and not given.schema then errors.raise("VALIDATION", "rille.pull: `by_file` is for a `schema` that is a folder") end
  local text = core.pull { url = url, schema = known and open_schema(given, url) or nil, schemas = given.schemas, by_file = given.by_file or nil }
  return given.by_file and files_of(text, given.schema) or text
end

return migrate
