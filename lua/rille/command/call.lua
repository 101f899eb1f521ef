--- One run of a command: its arguments, its output, and the schema and the database.
local rille = require "rille"
local tools = rille.tools
local config, errors = tools.config, tools.errors
local files = require "rille.command.files"

local Call = {}
Call.__index = Call

---@param args table the parsed arguments
---@param out table
function Call.new(args, out)
  config.defaults = { schema = args.schema, url = args.url }
  return setmetatable({ args = args, out = out }, Call)
end

--- Returns the options `schema` and `url` for a function of rille, and the given ones.
function Call:options(more)
  local options = { schema = self.args.schema, url = self.args.url }
  for key, value in pairs(more or {}) do options[key] = value end
  return options
end

--- Returns the path of the schema, or nil if none is found by convention. Errors: P1012 if --schema names nothing.
---@return string|nil
function Call:find_schema()
  local path = config.schema_path { schema = self.args.schema }
  if path and not config.exists(path) then errors.raise("P1012", "the schema `%s` does not exist or cannot be read", path) end
  return path
end

--- Returns the path of the schema. Errors: P1012.
---@return string
function Call:schema_path()
  return self:find_schema() or errors.raise("P1012", "no schema was found: there is no ./schema.prisma, no ./prisma/schema.prisma and no folder "
    .. "./prisma/schema; name it with --schema, or begin with `rille init`")
end

--- Returns the URL: --url, otherwise that of the schema's datasource, otherwise DATABASE_URL; also without a schema. Errors: P1013.
---@return string
function Call:url()
  if self.args.url then return self.args.url end
  if self:find_schema() then
    local _, url = config.resolve(self:options(), true)
    return url
  end
  return config.find_url(nil, nil, true)
end

--- Returns the files of a schema: the file, or those of its folder and subfolders, as a client reads them.
---@return { path: string, text: string }[]
function Call.schema_files(path)
  local text = files.read(path)
  if text then return { { path = path, text = text } } end
  local list = {}
  for _, name in ipairs(files.names(path) or {}) do
    local inner = path:gsub("/*$", "") .. "/" .. name
    local content = not name:find "^%." and files.read(inner)
    if content and name:find "%.prisma$" then list[#list + 1] = { path = inner, text = content } end
    if not content and not name:find "^%." and files.is_folder(inner) then
      for _, file in ipairs(Call.schema_files(inner)) do list[#list + 1] = file end
    end
  end
  return list
end

--- Opens a client on the schema and the database. Without a schema, it only runs SQL.
function Call:connect(options)
  local more = { url = self:url() }
  if self:find_schema() then more.schema = self.args.schema else more.schema_text = "" end
  for key, value in pairs(options or {}) do more[key] = value end
  return rille.connect(more)
end

--- Reads the schema now, to fail before anything is done.
function Call:check_schema() tools.schema { path = self:schema_path(), url = self.args.url } end

--- Writes existing types for editors again; returns the names of the files.
---@return string[]
function Call:refresh() return rille.generate.refresh({ schema = self:find_schema(), url = self.args.url }).files end

return Call
