--- Files made of a schema: types for editors, the schema as a picture and as Mermaid text.
local core = require "rille.core"
local config = require "rille.config"
local errors = require "rille.errors"

local generate = {}

local OPTIONS = { schema = 1, schema_text = 1, url = 1, output = 1, erd = 1, mermaid = 1, prefix = 1, types = 1 }
local NAME = "rille.types.lua"

local function check(options, name)
  if type(options) ~= "table" then errors.raise("VALIDATION", "%s takes a table of options, not a %s", name, type(options)) end
  errors.check_keys(options, OPTIONS, name)
  for _, key in ipairs { "output", "erd", "mermaid", "prefix" } do
    local value = options[key]
    if value ~= nil and (type(value) ~= "string" or value == "" or value:find("\0", 1, true)) then
      errors.raise("VALIDATION", "`%s`: a string is wanted", key)
    end
  end
  if options.prefix and not options.prefix:find "^[%a_][%w_]*$" then
    errors.raise("VALIDATION", "`prefix`: a name of letters, digits and _ is wanted, such as \"db\"")
  end
end

-- A schema without a datasource block is for the database of the URL, when there is one.
local function open_schema(options)
  local source = config.source(options)
  source.url = options.url
  if not source.url then
    local variable = config.variable "DATABASE_URL"
    if variable and core.schema_provider(core.schema { path = source.path, text = source.text }) == "" then source.url = variable end
  end
  return core.schema(source), source
end

-- Beside the schema: in the folder that it is in, or that it is.
local function default_output(source)
  if not source.path then return NAME end
  local file = source.path:match "%.prisma$"
  local folder = file and (source.path:match "^(.*/)[^/]*$" or "") or source.path:gsub("/*$", "/")
  return folder .. NAME
end

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a"
  if file then file:close() end
  return text
end

local function cannot_write(path, why) errors.raise("VALIDATION", "the file %s cannot be written: %s", path, tostring(why)) end

-- Whole or not at all; an unchanged file is left alone, so that nobody reads it again for nothing.
local function write(path, text)
  local kind = core.file_kind(path)
  if kind and kind ~= "file" then cannot_write(path, "it is there and is no regular file") end
  if kind and read(path) == text then return path end
  local part = path .. ".part"
  local file, why = io.open(part, "wb")
  if not file then cannot_write(path, why) end
  local ok, problem = file:write(text)
  local closed, late = file:close()
  if ok and closed then ok, problem = os.rename(part, path) else problem = problem or late end
  if ok and closed then return path end
  os.remove(part)
  return cannot_write(path, problem)
end

local function source_name(source)
  return source.path and (source.path:match "[^/]+/*$") or "the schema"
end

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- The folder of the parts that a large schema's types have.
local function parts_folder(path) return (path:gsub("%.lua$", "")) .. ".parts" end

-- Files of an earlier run that are no part any more; of others' files none is touched.
local function remove_others(folder, wanted)
  local pipe = core.file_kind(folder) == "folder" and io.popen("ls -A -- " .. quote(folder) .. " 2>/dev/null")
  if not pipe then return end
  for name in pipe:lines() do
    local path = folder .. "/" .. name
    local ours = name:find "%.lua$" and not wanted[path] and (read(path) or ""):find "^%-%-%-@meta\n%-%-%- Types of .-, made by `rille generate`"
    if ours then os.remove(path) end
  end
  pipe:close()
  os.remove(folder) -- when nothing is left in it
end

-- Returns the names of the files.
local function write_types(tables, source, options)
  local path = options.output or default_output(source)
  local text, parts = require("rille.generate.types").text(tables, { prefix = options.prefix or "db", source = source_name(source) })
  local files, wanted, folder = { write(path, text) }, {}, parts_folder(path)
  if parts and core.file_kind(folder) == nil then os.execute("mkdir -- " .. quote(folder)) end
  for _, part in ipairs(parts or {}) do
    files[#files + 1] = write(folder .. "/" .. part.name .. ".lua", part.text)
    wanted[files[#files]] = true
  end
  remove_others(folder, wanted)
  return files
end

-- `dot` reads a file and writes one; names of ours only stand on its command line.
local function draw(tables, path)
  local text = require("rille.generate.diagram").dot(tables)
  if path:find "%.dot$" or path:find "%.gv$" then return write(path, text) end
  if not path:find "%.svg$" then errors.raise("VALIDATION", "`erd`: the file %s must end in .svg, or in .dot for Graphviz's own language", path) end
  local input, output = os.tmpname(), os.tmpname()
  write(input, text)
  local status = os.execute(("command -v dot >/dev/null 2>&1 || exit 69; dot -Tsvg -o '%s' '%s' 2>'%s.err'"):format(output, input, input))
  local drawn = status == true or status == 0
  local svg, said = read(output), read(input .. ".err") or ""
  for _, name in ipairs { input, output, input .. ".err" } do os.remove(name) end
  if not drawn and said == "" then
    errors.raise("VALIDATION", "a picture of the schema needs the program `dot` of Graphviz (Debian: apt-get install graphviz); "
      .. "a file that ends in .dot, and Mermaid, do without it")
  end
  if not drawn or not svg then errors.raise("VALIDATION", "dot could not draw the schema: %s", (said:gsub("%s+$", ""):gsub("\n", "; "))) end
  return write(path, svg)
end

--- Writes the types of a schema for editors (`types = false`: not), and with `erd` the schema as a picture (.svg, by Graphviz; .dot without it), with
--- `mermaid` as a Mermaid erDiagram. The same schema gives the same files. Errors: P1012 (schema), VALIDATION (Graphviz is missing, a file cannot be
--- written).
---@param options? { schema?: string, schema_text?: string, url?: string, output?: string, erd?: string, mermaid?: string, prefix?: string, types?: boolean }
---@return { files: string[] } what was written, or was so already
function generate.run(options)
  options = options or {}
  check(options, "rille.generate.run")
  local schema, source = open_schema(options)
  local tables, files = core.schema_models(schema), core.array {}
  for _, path in ipairs(options.types ~= false and write_types(tables, source, options) or {}) do files[#files + 1] = path end
  if options.erd then files[#files + 1] = draw(tables, options.erd) end
  if options.mermaid then files[#files + 1] = write(options.mermaid, require("rille.generate.diagram").mermaid(tables)) end
  return { files = files }
end

-- The name of the client's class in a file of types.
local function prefix_of(text) return text:match "\n%-%-%-%s+%-%-%-@type ([%a_][%w_]*)\n" end

--- Writes the types again where they were written before; else nothing. After a migration or a pull.
---@param options? { schema?: string, schema_text?: string, url?: string, output?: string, prefix?: string }
---@return { files: string[] }
function generate.refresh(options)
  options = options or {}
  check(options, "rille.generate.refresh")
  local source = config.source(options)
  local output = options.output or default_output(source)
  local before = read(output)
  if not before then return { files = core.array {} } end
  return generate.run { schema = source.path, schema_text = source.text, url = options.url, output = output, prefix = options.prefix or prefix_of(before) }
end

return generate
