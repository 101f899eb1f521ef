--- What a file that returns an extension adds to the types of a schema: computed fields, methods of models and of the client.
local core = require "rille.core"
local errors = require "rille.errors"

local extension = {}

---@class rille.ExtensionTypes
---@field models table<string, { fields: table<string, string>, methods: table<string, fun(own: string): string> }> by the name in the schema
---@field client table<string, fun(own: string): string> the type of each method for the class of its `self`

local function refuse(path, format, ...) errors.raise("VALIDATION", "extension: %s: %s", path, format:format(...)) end

-- ---------------------------------------------------------------------------------------------------------------------- comments above a function

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end

-- Returns the annotations directly above a function: types of parameters by name, and the types of its results.
local function annotations(fn, lines)
  local params, returns = {}, {}
  local info = type(fn) == "function" and debug.getinfo(fn, "S")
  local at = info and info.what == "Lua" and info.linedefined - 1 or 0
  while at > 0 and (lines[at] or ""):find "^%s*%-%-%-" do
    local name, kind = lines[at]:match "@param%s+([%w_.]+%??)%s+(.-)%s*$"
    if name then params[name:gsub("%?$", "")] = { kind:match "^%S+" or "any", name:find "%?$" ~= nil } end
    local result = lines[at]:match "@return%s+(%S+)"
    if result then table.insert(returns, 1, result) end
    at = at - 1
  end
  return params, returns
end

-- Returns the names of the parameters, and whether there may be more. Lua 5.1 does not tell them.
local function parameters(fn)
  local names = {}
  if type(fn) ~= "function" then return names, true end
  while true do
    local ok, name = pcall(debug.getlocal, fn, #names + 1)
    if not ok then return names, true end
    if not name then return names, debug.getinfo(fn, "u").isvararg end
    names[#names + 1] = name
  end
end

-- Returns a function from the class of `self` to the type of a method.
local function method_type(fn, lines)
  local params, returns = annotations(fn, lines)
  local names, open = parameters(fn)
  return function(own)
    local list = { "self: " .. own }
    for i = 2, #names do
      local known = params[names[i]] or { "any", true }
      list[#list + 1] = ("%s%s: %s"):format(names[i], known[2] and "?" or "", known[1])
    end
    if open then list[#list + 1] = "...: any" end
    return ("fun(%s): %s"):format(table.concat(list, ", "), #returns > 0 and table.concat(returns, ", ") or "any")
  end
end

-- ------------------------------------------------------------------------------------------------------------------------------------ the parts

local function find_model(schema, key, path)
  local names = {}
  for _, m in ipairs(schema.models) do
    if not m.ignored and (key == m.name or key == m.snake or key == m.camel) then return m.name end
    names[m.snake] = true
  end
  local near = type(key) == "string" and errors.nearest(key, names)
  return refuse(path, "the schema has no model `%s`%s", tostring(key), near and ("; did you mean `%s`?"):format(near) or "")
end

-- Calls fn(model's name, value) for each model that a section names; `*` is every model, first.
local function each_model(schema, section, path, fn)
  if section == nil then return end
  if type(section) ~= "table" then refuse(path, "expected a table by model, got %s", errors.type_name(section)) end
  for _, m in ipairs(section["*"] and schema.models or {}) do
    if not m.ignored then fn(m.name, section["*"]) end
  end
  for key, value in pairs(section) do
    if key ~= "*" then fn(find_model(schema, key, path), value) end
  end
end

local function add(found, schema, given, path, lines)
  local function entry(name)
    found.models[name] = found.models[name] or { fields = {}, methods = {} }
    return found.models[name]
  end
  each_model(schema, given.result, path, function(name, fields)
    for field, one in pairs(fields) do
      local _, returns = annotations(one.compute, lines)
      entry(name).fields[field] = returns[1] or "any"
    end
  end)
  each_model(schema, given.model, path, function(name, methods)
    for method, fn in pairs(methods) do entry(name).methods[method] = method_type(fn, lines) end
  end)
  for name, fn in pairs(given.client or {}) do found.client[name] = method_type(fn, lines) end
end

--- Reads a file that returns the table of db:extend, or a list of them. Errors: VALIDATION (the file cannot be read, or returns something else).
---@param path string
---@param schema table of core.schema_models
---@return rille.ExtensionTypes
function extension.read(path, schema)
  local chunk, why = loadfile(path)
  if not chunk then refuse(path, "cannot be read: %s", tostring(why)) end
  local ok, given = pcall(chunk, path)
  if not ok then refuse(path, "failed: %s", tostring(core.message(tostring(given)))) end
  if type(given) ~= "table" then
    refuse(path, "must return an extension, the table that db:extend takes, or a list of them; got %s", errors.type_name(given))
  end
  local found, lines = { models = {}, client = {} }, lines_of(path)
  for _, one in ipairs(given[1] ~= nil and given or { given }) do add(found, schema, one, path, lines) end
  return found
end

--- Returns the keys of a table in order.
function extension.names(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names)
  return names
end

return extension
