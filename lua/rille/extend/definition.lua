--- Checks the table of db:extend, and returns it in one form: by the names that models have in the schema, lists for what may be written in two ways.
local core = require "rille.core"
local errors = require "rille.errors"
local facts = require "rille.extend.facts"
local options = require "rille.options"

local definition = {}

local EVERY = "*"

local EXTEND = options.declare("rille.ExtendOptions", {
  { "name", "string", filled = true, doc = "for messages" },
  { "model", "table", such = "{ post = { published = function(self) ... end } }", is = "table<string, table<string, function>>",
    doc = "methods of models, by model; `[\"*\"]`: of all models" },
  { "query", "table", such = "{ post = { find_many = function(call) return call.run(call.args) end } }",
    is = "table<string, table<string, rille.QueryHook>|rille.QueryHook>", doc = "functions around calls, by model and method; `[\"*\"]`: all" },
  { "result", "table", such = '{ user = { full_name = { needs = { "first", "last" }, compute = function(user) ... end } } }',
    is = "table<string, table<string, rille.ComputedField>>", doc = "computed fields, by model" },
  { "client", "table", such = "{ log = function(db, text) ... end }", is = "table<string, function>", doc = "methods of the client" },
  { "write", "table", such = "{ post = { before = function(row, tx, action) ... end } }", is = "table<string, rille.WriteHooks>",
    doc = "functions before and after each row that is written, by model" },
})
local COMPUTED = options.declare("rille.ComputedField", {
  { "needs", "any", is = "string[]|table<string, boolean>", doc = "the fields that it is computed from; they are read if they are not selected" },
  { "compute", "function", required = true, is = "fun(row: table): any", doc = "returns the value" },
})
local WRITE = options.declare("rille.WriteHooks", {
  { "before", "function", is = "rille.BeforeHook",
    doc = "called before a row is written; may change `row`, or return another one" },
  { "after", "function", is = "rille.AfterHook",
    doc = "called with each written row, before the commit" },
})

local ACTIONS = {}
for _, action in ipairs(core.actions) do ACTIONS[action.name] = action end

local is_callable = options.is_callable

-- Each of the following checks what a section says of one model. `own`: the facts of the model, nil for all models. Returns it in one form.

local function check_functions(given, path)
  local list = {}
  for name, fn in pairs(given) do
    if type(name) ~= "string" then errors.raise("VALIDATION", "%s: expected names of methods, got %s", path, errors.type_name(name)) end
    if not is_callable(fn) then options.refuse(("%s.%s"):format(path, name), "a function", fn) end
    list[name] = fn
  end
  return list
end

local function check_query(given, path)
  local list = check_functions(given, path)
  for name in pairs(list) do
    if name ~= EVERY and not ACTIONS[name] then
      local near = errors.nearest(name, ACTIONS)
      local why = (name == "each" or name == "paginate") and "; it runs the functions of `find_many`" or near and ("; did you mean `%s`?"):format(near) or ""
      errors.raise("VALIDATION", "%s.%s: unknown method%s", path, name, why)
    end
  end
  return list
end

local function list_of_needs(needs, path)
  if needs == nil then return {} end
  if type(needs) ~= "table" then options.refuse(path, 'a list of fields, as in { "first", "last" }', needs) end
  local list = {}
  for key, value in pairs(core.plain(needs, path)) do
    local name = key
    if type(key) == "number" then name, value = value, true end
    if type(name) ~= "string" then options.refuse(path, 'a list of fields, as in { "first", "last" }', nil, "a list with " .. errors.type_name(name)) end
    if type(value) ~= "boolean" then options.refuse(("%s.%s"):format(path, name), "a boolean", value) end
    if value then list[#list + 1] = name end
  end
  table.sort(list)
  return list
end

-- Raises if a field that is needed does not exist. `known`: names of computed fields.
local function check_needs(own, field, known, path)
  for _, name in ipairs(field.needs) do
    local column = own.by_name[name]
    if column and column.kind == "relation" then
      errors.raise("VALIDATION", "%s.needs: `%s` is a relation; a computed field needs fields with a value", path, name)
    elseif not column and not known[name] then
      local names = {}
      for _, value in ipairs(own.values) do names[value] = true end
      for computed in pairs(known) do names[computed] = true end
      local near = errors.nearest(name, names)
      errors.raise("VALIDATION", "%s.needs: unknown field `%s` of %s%s", path, name, own.name, near and ("; did you mean `%s`?"):format(near) or "")
    end
  end
end

local function check_result(given, path, own, earlier)
  local list, known = {}, {}
  for name, field in pairs(given) do
    local at = ("%s.%s"):format(path, tostring(name))
    if type(name) ~= "string" then errors.raise("VALIDATION", "%s: expected names of fields, got %s", path, errors.type_name(name)) end
    if type(field) ~= "table" then options.refuse(at, "a table, as in { needs = { ... }, compute = function(row) ... end }", field) end
    options.check(COMPUTED, field, "extend: " .. at:gsub("^extend: ", ""))
    if own and own.by_name[name] and own.by_name[name].kind == "relation" then
      errors.raise("VALIDATION", "%s: `%s` is a relation of %s, which a computed field cannot replace", at, name, own.name)
    end
    list[name] = { name = name, needs = list_of_needs(field.needs, at .. ".needs"), compute = field.compute }
  end
  for name in pairs(earlier) do known[name] = true end
  for name in pairs(list) do known[name] = true end
  if own then
    for name, field in pairs(list) do check_needs(own, field, known, ("%s.%s"):format(path, name)) end
  end
  return list
end

local function check_write(given, path, own)
  options.check(WRITE, given, path)
  if own and own.view then errors.raise("VALIDATION", "%s: %s is a view, which is never written", path, own.name) end
  return { before = given.before, after = given.after }
end

local CHECKS = { model = check_functions, query = check_query, result = check_result, write = check_write }

-- ---------------------------------------------------------------------------------------------------------------------------------- sections

local function model_of(scope, key, path)
  if type(key) ~= "string" then errors.raise("VALIDATION", "%s: expected names of models, got %s", path, errors.type_name(key)) end
  local model, near = core.model(scope, key)
  if not model then
    errors.raise("VALIDATION", "%s: the schema has no model `%s`%s", path, key, near and ("; did you mean `%s`?"):format(near) or "")
  end
  return core.model_name(model)
end

-- The section of one kind, by model. A function in place of a table is for every method.
local function check_section(kind, given, scope, cache, earlier)
  local section = {}
  for key, value in pairs(core.plain(given, "extend: " .. kind)) do
    local path = ("extend: %s.%s"):format(kind, tostring(key))
    local name = key == EVERY and EVERY or model_of(scope, key, "extend: " .. kind)
    if kind == "query" and is_callable(value) then value = { [EVERY] = value } end
    if type(value) ~= "table" then options.refuse(path, "a table", value) end
    if section[name] then errors.raise("VALIDATION", "%s: %s is named twice", path, name) end
    local own = name ~= EVERY and (kind == "result" or kind == "write") and facts.of(cache, scope, name) or nil
    section[name] = CHECKS[kind](core.plain(value, path), path, own, earlier(name))
  end
  return section
end

--- Returns whether a computed field needs another one of the same extension.
---@param fields table<string, table>
---@return boolean
function definition.is_linked(fields)
  for name, field in pairs(fields) do
    for _, need in ipairs(field.needs) do
      if need ~= name and fields[need] then return true end
    end
  end
  return false
end

--- Returns the definition with its sections by model.
---@param given any
---@param scope userdata
---@param cache table see facts.of
---@param earlier fun(model: string): table<string, any> the computed fields that a model has already
---@return table
function definition.check(given, scope, cache, earlier)
  if type(given) ~= "table" then options.refuse("extend", "a table, as in { model = { ... }, query = { ... } }", given) end
  options.check(EXTEND, given, "extend")
  local own = { name = given.name, client = check_functions(core.plain(given.client or {}, "extend: client"), "extend: client") }
  for kind in pairs(CHECKS) do own[kind] = check_section(kind, given[kind] or {}, scope, cache, earlier) end
  return own
end

return definition
