--- Databases and schemas side by side: what differs between two, and the schema of a live one.
local core = require "rille.core"
local config = require "rille.config"
local errors = require "rille.errors"

local migrate = {}

local DIFF = { from = 1, to = 1, script = 1 }
local SOURCE = { empty = 1, schema = 1, schema_text = 1, url = 1 }
local PULL = { url = 1, schema = 1, schema_text = 1 }

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
  for _ in pairs(source) do count = count + 1 end
  if count ~= 1 then
    errors.raise("VALIDATION", "%s: one of { empty = true }, { schema = file }, { schema_text = text } and { url = url } is wanted", what)
  end
end

--- What it takes to bring a database of the form `from` into the form `to`. Nothing is changed anywhere.
--- Sources: { empty = true }, { schema = file or folder }, { schema_text = text }, { url = url }.
--- With `script`: the steps as SQL text, "" when nothing differs. Else a list of { kind, subject, sql }; `warnings` in it says what may be
--- lost. Errors: P1012 (schema, or the sides are of different databases), P1xxx (database).
---@param options { from: table, to: table, script?: boolean }
---@return string|table
function migrate.diff(options)
  check_table(options, "rille.migrate.diff")
  errors.check_keys(options, DIFF, "rille.migrate.diff")
  local from, to = options.from, options.to
  check_source(from, "from")
  check_source(to, "to")
  return core.diff {
    from_schema = (from.schema or from.schema_text) and open_schema(from, to.url) or nil,
    from_url = from.url,
    to_schema = (to.schema or to.schema_text) and open_schema(to, from.url) or nil,
    to_url = to.url,
    script = options.script,
  }
end

--- The schema of a live database, as text. Names, comments and order of `schema` or `schema_text` are kept where they still fit.
--- Errors: P1xxx (database), P4001 (it has no table).
---@param options { url: string, schema?: string, schema_text?: string }
---@return string
function migrate.pull(options)
  check_table(options, "rille.pull")
  errors.check_keys(options, PULL, "rille.pull")
  local known = options.schema or options.schema_text
  local url = options.url
  if url == nil and known then
    local _, found = config.resolve { schema = options.schema, schema_text = options.schema_text }
    url = found
  end
  if type(url) ~= "string" then errors.raise("VALIDATION", "rille.pull: `url` is missing") end
  return core.pull { url = url, schema = known and open_schema(options, url) or nil }
end

return migrate
