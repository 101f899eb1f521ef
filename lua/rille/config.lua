--- Where schema and URL come from: options, then convention, then the environment and its files.
local core = require "rille.core"
local errors = require "rille.errors"

local config = {}

--- What stands in for `schema` and `url` where options name none: the command puts there what its own flags say, so that a script or
--- console that it runs connects to the same database.
---@type { schema?: string, url?: string }
config.defaults = {}

local SCHEMA_PLACES = { "schema.prisma", "prisma/schema.prisma", "prisma/schema" }

local function exists(path)
  local file = io.open(path, "r") -- opens folders too
  if file then file:close() end
  return file ~= nil
end

local ESCAPES = { n = "\n", r = "\r", t = "\t" }

local function unquote(text)
  local double = text:match('^"(.-[^\\])"') or text:match '^"(")' and ""
  if double then return (double:gsub("\\(.)", function(c) return ESCAPES[c] or c end)) end
  local single = text:match "^'(.-)'"
  if single then return single end
  return (text:gsub("%s+#.*$", ""):gsub("^#.*$", ""):gsub("%s+$", ""))
end

--- Reads NAME=value lines: `export ` before and quotes around are allowed, `#` begins a comment.
---@param text string
---@return table<string, string>
function config.parse_env(text)
  local found = {}
  for line in text:gmatch "[^\r\n]+" do
    local name, value = line:match "^%s*([%a_][%w_]*)%s*=%s*(.*)$"
    if not name then name, value = line:match "^%s*export%s+([%a_][%w_]*)%s*=%s*(.*)$" end
    if name then found[name] = unquote(value) end
  end
  return found
end

local function env_file(path)
  local file = io.open(path, "r")
  local text = file and file:read "*a"
  if file then file:close() end
  return text and config.parse_env(text) or {}
end

--- A variable: of the environment, else of .env.local, else of .env.
---@param name string
---@return string|nil
function config.variable(name)
  local value = os.getenv(name)
  if value and value ~= "" then return value end
  for _, path in ipairs { ".env.local", ".env" } do
    value = env_file(path)[name]
    if value and value ~= "" then return value end
  end
  return nil
end

local function check_text(options, key)
  local value = options[key]
  if value ~= nil and type(value) ~= "string" then
    errors.raise("VALIDATION", "`%s`: a string is wanted, not a %s", key, type(value))
  end
  return value
end

--- Where the schema is, as options or convention say: what core.schema takes, without the URL.
---@param options { schema?: string, schema_text?: string }
---@return { path?: string, text?: string }
function config.source(options)
  local path, text = check_text(options, "schema"), check_text(options, "schema_text")
  if path and text then errors.raise("VALIDATION", "`schema` and `schema_text` exclude each other") end
  if text then return { text = text } end
  path = path or config.defaults.schema
  if path then
    if not exists(path) then errors.raise("P1012", "the schema `%s` does not exist or cannot be read", path) end
    return { path = path }
  end
  for _, place in ipairs(SCHEMA_PLACES) do
    if exists(place) then return { path = place } end
  end
  return errors.raise("P1012", "no schema was found: neither ./%s, nor ./%s, nor the folder ./%s; "
    .. "name it with `schema` or give it as `schema_text`", SCHEMA_PLACES[1], SCHEMA_PLACES[2], SCHEMA_PLACES[3])
end

--- Where the schema's file or folder is that options and convention give; nil when it is a text, or when there is none.
---@param options table schema or schema_text
---@return string|nil
function config.schema_path(options)
  if options.schema_text then return nil end
  local path = check_text(options, "schema")
  if path then return path end
  for _, place in ipairs(SCHEMA_PLACES) do
    if exists(place) then return place end
  end
  return nil
end

--- Whether a file or folder is there.
config.exists = exists

local function find_url(source)
  local name, literal = core.schema_url(core.schema(source))
  local url = name and config.variable(name) or literal or config.variable "DATABASE_URL"
  if url then return url end
  local wanted = name and name ~= "DATABASE_URL" and name .. " or DATABASE_URL" or "DATABASE_URL"
  return errors.raise("P1013", "no database URL: set %s in the environment, .env.local or .env, or give `url`; "
    .. "for example postgresql://user:password@host:5432/database or file:./dev.db", wanted)
end

--- The schema and the URL that options, convention and environment give.
---@param options table schema or schema_text, url
---@return userdata schema
---@return string url
function config.resolve(options)
  local source = config.source(options)
  local url = check_text(options, "url") or config.defaults.url or find_url(source)
  source.url = url
  return core.schema(source), url
end

return config
