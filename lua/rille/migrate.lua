--- Databases and schemas side by side: what differs between two, and the schema of a live one.
local core = require "rille.core"
local config = require "rille.config"
local errors = require "rille.errors"
local shadow = require "rille.migrations_shadow"

local migrate = {}

local DIFF = { from = 1, to = 1, script = 1, url = 1 }
local SOURCE = { empty = 1, schema = 1, schema_text = 1, url = 1, migrations = 1, shadow_url = 1 }
local PULL = { url = 1, schema = 1, schema_text = 1, schemas = 1, by_file = 1 }

local function check_table(value, what)
  if type(value) ~= "table" then errors.raise("VALIDATION", "%s takes a table, not a %s", what, type(value)) end
end

local function open_schema(source, url)
  return core.schema { path = source.schema, text = source.schema_text, url = url }
end

-- One of empty, schema, schema_text and url.
local function check_source(source, name)
  local what = "`" .. name .. "` of rille.migrate.diff"
  check_table(source, what)
  errors.check_keys(source, SOURCE, what)
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
  if provider == "sqlite" then url = "sqlite::memory:" end
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
---@param options { from: table, to: table, script?: boolean, url?: string }
---@return string|table
function migrate.diff(options)
  check_table(options, "rille.migrate.diff")
  errors.check_keys(options, DIFF, "rille.migrate.diff")
  local from, to = options.from, options.to
  check_source(from, "from")
  check_source(to, "to")
  return with_source(from, to, "from", options.url, function(left)
    return with_source(to, from, "to", options.url, function(right)
      return core.diff {
        from_schema = (left.schema or left.schema_text) and open_schema(left, right.url or options.url) or nil,
        from_url = left.url,
        to_schema = (right.schema or right.schema_text) and open_schema(right, left.url or options.url) or nil,
        to_url = right.url,
        script = options.script,
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
---@param options { url: string, schema?: string, schema_text?: string, schemas?: string[], by_file?: boolean }
---@return string|{ file: string, text: string }[]
function migrate.pull(options)
  check_table(options, "rille.pull")
  errors.check_keys(options, PULL, "rille.pull")
  local known = options.schema or options.schema_text
  local url = options.url
  if url == nil and known then
    local _, found = config.resolve({ schema = options.schema, schema_text = options.schema_text }, true)
    url = found
  end
  if type(url) ~= "string" then errors.raise("VALIDATION", "rille.pull: `url` is missing") end
  local schemas = options.schemas
  if schemas ~= nil then
    if type(schemas) ~= "table" or #schemas == 0 then errors.raise("VALIDATION", "rille.pull: `schemas` is a list of names") end
    for i = 1, #schemas do
      if type(schemas[i]) ~= "string" then errors.raise("VALIDATION", "rille.pull: `schemas` is a list of names") end
    end
  end
  if options.by_file and not options.schema then errors.raise("VALIDATION", "rille.pull: `by_file` is for a `schema` that is a folder") end
  local text = core.pull { url = url, schema = known and open_schema(options, url) or nil, schemas = schemas, by_file = options.by_file or nil }
  return options.by_file and files_of(text, options.schema) or text
end

return migrate
