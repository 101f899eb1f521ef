--- Where schema and URL come from: options, then Prisma's configuration, then convention, then the environment and its files.
local bounded = require "rille.bounded"
local core = require "rille.core"
local errors = require "rille.errors"
local prisma_config = require "rille.prisma_config"

local config = {}

--- Defaults for `schema` and `url`. The command sets them from its flags, so a script or console that it runs connects to the same database.
---@type { schema?: string, url?: string }
config.defaults = {}

local SCHEMA_PLACES = { "schema.prisma", "prisma/schema.prisma", "prisma/schema" }

local function exists(path)
  local file = io.open(path, "r") -- opens folders too
  if file then file:close() end
  return file ~= nil
end

local ESCAPES = { n = "\n", r = "\r", t = "\t" }

-- Returns the value without quotes, and whether references in it are replaced.
local function unquote(text)
  local double = text:match('^"(.-[^\\])"') or text:match '^"(")' and ""
  if double then return (double:gsub("\\([^$])", function(c) return ESCAPES[c] or c end)), true end
  local single = text:match "^'(.-)'"
  if single then return single, false end
  local mark = text:find "%f[^%s%z]#" -- at the start or after a space
  if mark then text = text:sub(1, mark - 1) end
  return text:match "^(.*%S)" or "", true
end

-- Bytes: of a .env file, and of a value with its references replaced, which can double with each line.
local LONGEST_ENV, LONGEST_VALUE = 1048576, 65536

--- Reads NAME=value lines. `export ` before the name and quotes around the value are allowed, `#` begins a comment, `${OTHER}` is replaced except in
--- single quotes. Errors: VALIDATION (a value is longer than 65,536 bytes).
---@param text string
---@param file? string for messages
---@return table<string, string>
function config.parse_env(text, file)
  local found = {}
  local function put_in(mark, name)
    if mark ~= "" then return nil end
    return os.getenv(name) or found[name] or ""
  end
  for line in text:gsub("^\239\187\191", ""):gmatch "[^\r\n]+" do
    local name, value = line:match "^%s*([%a_][%w_]*)%s*=%s*(.*)$"
    if not name then name, value = line:match "^%s*export%s+([%a_][%w_]*)%s*=%s*(.*)$" end
    if name then
      local open
      value, open = unquote(value)
      if open then value = value:gsub("(\\?)%${([%a_][%w_]*)}", put_in):gsub("\\%$", "$") end
      if #value > LONGEST_VALUE then
        errors.raise("VALIDATION", "the value of %s in %s is longer than %d bytes", name:sub(1, 100), file or ".env", LONGEST_VALUE)
      end
      found[name] = value
    end
  end
  return found
end

local function env_file(path)
  local text = bounded.read(path, LONGEST_ENV)
  return text and config.parse_env(text, path) or {}
end

--- Returns a variable of the environment, of .env.local or of .env, in this order.
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

--- Returns the content of the prisma.config.ts in the working folder.
---@return rille.PrismaConfig
function config.prisma() return prisma_config.find(config.variable) end

--- Raises if the configuration has a setting that cannot be read here. Ignoring it could mean another file, or another database.
---@param prisma rille.PrismaConfig
---@param path string "datasource.url"
---@param code string of the error
---@param instead string what to do: "name the folder with `migrations`"
function config.check_read(prisma, path, code, instead)
  local why = prisma.unread[path]
  if why then errors.raise(code, "`%s` of %s %s: %s", path, prisma.file, why, instead) end
end

-- Returns where the schema is without an option: as prisma.config.ts says, or the first usual place that exists.
local function usual_place()
  local prisma = config.prisma()
  config.check_read(prisma, "schema", "P1012", "name the schema with `schema`")
  if prisma.schema then return prisma.schema, prisma end
  for _, place in ipairs(SCHEMA_PLACES) do
    if exists(place) then return place, prisma end
  end
  return nil, prisma
end

--- Returns the schema that options or convention name, as arguments of core.schema without the URL.
---@param options { schema?: string, schema_text?: string }
---@return { path?: string, text?: string }
function config.source(options)
  local path, text = options.schema, options.schema_text
  if path and text then errors.raise("VALIDATION", "`schema` and `schema_text` exclude each other") end
  if text then return { text = text } end
  path = path or config.defaults.schema
  if path then
    if not exists(path) then errors.raise("P1012", "the schema `%s` does not exist or cannot be read", path) end
    return { path = path }
  end
  local place, prisma = usual_place()
  if not place then
    errors.raise("P1012", "no schema was found: neither ./%s, nor ./%s, nor the folder ./%s; "
      .. "name it with `schema` or give it as `schema_text`", SCHEMA_PLACES[1], SCHEMA_PLACES[2], SCHEMA_PLACES[3])
  end
  if not exists(place) then errors.raise("P1012", "the schema `%s`, which %s names, does not exist or cannot be read", place, prisma.file) end
  return { path = place }
end

--- Returns the file or folder of the schema; nil if it is a text, or if there is none.
---@param options table schema or schema_text
---@return string|nil
function config.schema_path(options)
  if options.schema_text then return nil end
  local path = options.schema
  if path then return path end
  return (usual_place())
end

--- Returns whether a file or folder exists.
config.exists = exists

--- Returns the URL if no option gives it. Prisma's configuration has the URL that Prisma's command uses, often another way to the same database: for
--- commands it comes before DATABASE_URL, for clients after it. If a variable is named but not set, nothing else replaces it. Errors: P1013.
---@param named string|nil the variable that the schema names
---@param literal string|nil the URL that is in the schema
---@param commanding boolean|nil
---@return string
function config.find_url(named, literal, commanding)
  if named then
    return config.variable(named) or errors.raise("P1013", "no database URL: the datasource of the schema names the variable %s, which is set neither in "
      .. "the environment nor in .env.local or .env; DATABASE_URL does not replace it; set it, or give `url`", named)
  end
  if literal then return literal end
  local prisma, usual = config.prisma(), config.variable "DATABASE_URL"
  if commanding or not usual then config.check_read(prisma, "datasource.url", "P1013", "correct it, or give `url`") end
  local url = commanding and prisma.url or usual or prisma.url
  if url then return url end
  local examples = {}
  for i, p in ipairs(core.providers()) do examples[i] = p.first_url end
  return errors.raise("P1013", "no database URL: set DATABASE_URL in the environment, .env.local or .env, or give `url`; for example %s",
    table.concat(examples, " or "))
end

--- Returns the schema and the URL from options, convention and environment.
---@param options table schema or schema_text, url
---@param commanding? boolean for migrations and similar commands, not for a client
---@return userdata schema
---@return string url
function config.resolve(options, commanding)
  local source = config.source(options)
  local url = options.url or config.defaults.url
  if not url then
    local named, literal = core.schema_url(core.schema(source))
    url = config.find_url(named, literal, commanding)
  end
  source.url = url
  return core.schema(source), url
end

return config
