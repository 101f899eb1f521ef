--- Files from a schema: types for editors, diagrams with Graphviz and Mermaid.
local core = require "rille.core"
local config = require "rille.config"
local errors = require "rille.errors"
local options = require "rille.options"

local generate = {}

local GENERATE = options.declare("rille.GenerateOptions", {
  { "schema", "string", doc = "a file or a folder; by default found by convention" },
  { "schema_text", "string", doc = "the schema itself" },
  { "url", "string", doc = "the database that a schema without a datasource is for" },
  { "output", "string", filled = true, doc = "the file of types; by default rille.types.lua next to the schema" },
  { "types", "boolean", doc = "false: writes no types" },
  { "prefix", "string", filled = true, doc = 'the prefix of the names of types, and the name of the type of the client: "db"' },
  { "extension", "string", filled = true, doc = "a file that returns an extension, or a list of them: the types are those of the extended client" },
  { "erd", "string", filled = true, doc = "a diagram: a file that ends in .svg (drawn by Graphviz) or .dot" },
  { "mermaid", "string", filled = true, doc = "a file for a Mermaid erDiagram" },
})
local NAME = "rille.types.lua"

local function check(given, name)
  given = options.check(GENERATE, given, name)
  if given.prefix and not given.prefix:find "^[%a_][%w_]*$" then
    options.refuse(name .. ": prefix", 'a name of letters, digits and _, as in "db"', given.prefix, ("%q"):format(given.prefix))
  end
  return given
end

-- A schema without a datasource block is for the database of the URL, if there is one.
local function open_schema(given)
  local source = config.source(given)
  source.url = given.url
  if not source.url then
    local variable = config.variable "DATABASE_URL"
    if variable and core.schema_provider(core.schema { path = source.path, text = source.text }) == "" then source.url = variable end
  end
  return core.schema(source), source
end

-- Returns the file next to the schema: in the folder that contains the schema, or that is the schema.
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

-- Writes a file, whole or not at all. An unchanged file is not touched, so editors do not read it again.
local function write(path, text)
  local kind = core.file_kind(path)
  if kind and kind ~= "file" then cannot_write(path, "it exists and is not a regular file") end
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

-- Returns the folder for the parts of the types of a large schema.
local function parts_folder(path) return (path:gsub("%.lua$", "")) .. ".parts" end

-- Removes files of an earlier run that are no longer needed. Other files are not touched.
local function remove_others(folder, wanted)
  local pipe = core.file_kind(folder) == "folder" and io.popen("ls -A -- " .. quote(folder) .. " 2>/dev/null")
  if not pipe then return end
  for name in pipe:lines() do
    local path = folder .. "/" .. name
    local ours = name:find "%.lua$" and not wanted[path] and (read(path) or ""):find "^%-%-%-@meta\n%-%-%- Types of .-, %a+ by `rille generate`"
    if ours then os.remove(path) end
  end
  pipe:close()
  os.remove(folder) -- if it is empty
end

-- Returns the names of the files.
local function write_types(tables, source, given)
  local path = given.output or default_output(source)
  local extension = given.extension and require("rille.generate.extension").read(given.extension, tables) or nil
  local text, parts = require("rille.generate.types").text(tables, { prefix = given.prefix or "db", source = source_name(source), extension = extension,
    extension_file = given.extension })
  local files, wanted, folder = { write(path, text) }, {}, parts_folder(path)
  if parts and core.file_kind(folder) == nil then os.execute("mkdir -- " .. quote(folder)) end
  for _, part in ipairs(parts or {}) do
    files[#files + 1] = write(folder .. "/" .. part.name .. ".lua", part.text)
    wanted[files[#files]] = true
  end
  remove_others(folder, wanted)
  return files
end

-- Draws a diagram. `dot` reads one file and writes one; its command line contains temporary names only.
local function draw(tables, path)
  local text = require("rille.generate.diagram").dot(tables)
  if path:find "%.dot$" or path:find "%.gv$" then return write(path, text) end
  if not path:find "%.svg$" then errors.raise("VALIDATION", "`erd`: expected a file that ends in .svg or .dot, got %s", path) end
  local input, output = os.tmpname(), os.tmpname()
  write(input, text)
  local status = os.execute(("command -v dot >/dev/null 2>&1 || exit 69; dot -Tsvg -o '%s' '%s' 2>'%s.err'"):format(output, input, input))
  local drawn = status == true or status == 0
  local svg, said = read(output), read(input .. ".err") or ""
  for _, name in ipairs { input, output, input .. ".err" } do os.remove(name) end
  if not drawn and said == "" then
    errors.raise("VALIDATION", "a diagram in .svg requires the program `dot` of Graphviz (Debian: apt-get install graphviz); "
      .. "a file that ends in .dot, and Mermaid, do not")
  end
  if not drawn or not svg then errors.raise("VALIDATION", "`dot` could not draw the schema: %s", (said:gsub("%s+$", ""):gsub("\n", "; "))) end
  return write(path, svg)
end

--- Writes the types of a schema for editors, unless `types = false`; with `erd` a diagram (.svg requires Graphviz, .dot does not), with `mermaid` a Mermaid
--- erDiagram. The same schema results in the same files. Errors: P1012 (schema), VALIDATION (Graphviz is missing, a file cannot be written).
---@param given? rille.GenerateOptions
---@return { files: string[] } the files, also those that had the same content already
function generate.run(given)
  given = check(given, "rille.generate.run")
  local schema, source = open_schema(given)
  local tables, files = core.schema_models(schema), core.array {}
  for _, path in ipairs(given.types ~= false and write_types(tables, source, given) or {}) do files[#files + 1] = path end
  if given.erd then files[#files + 1] = draw(tables, given.erd) end
  if given.mermaid then files[#files + 1] = write(given.mermaid, require("rille.generate.diagram").mermaid(tables)) end
  return { files = files }
end

-- Returns the file of the extension in a file of types.
local function extension_of(text) return text:match "\n%-%-%- Extended by ([^\n]+)\n" end

-- Returns the name of the class of the client in a file of types.
local function prefix_of(text) return text:match "\n%-%-%-%s+%-%-%-@type ([%a_][%w_]*)\n" end

--- Writes the types again if they were written before. Used after a migration or a pull.
---@param given? rille.GenerateOptions
---@return { files: string[] }
function generate.refresh(given)
  given = check(given, "rille.generate.refresh")
  local source = config.source(given)
  local output = given.output or default_output(source)
  local before = read(output)
  if not before then return { files = core.array {} } end
  return generate.run { schema = source.path, schema_text = source.text, url = given.url, output = output, prefix = given.prefix or prefix_of(before),
    extension = given.extension or extension_of(before) }
end

return generate
