--- The methods of a model: a class of arguments for each, the type of its result, and the class with all methods.
local calls = require "rille.generate.calls"
local extension = require "rille.generate.extension"
local values = require "rille.generate.values"

local methods = {}

local function one_or_many(type) return type .. "|" .. values.list_of(type) end

local FUNCTIONS = { "_count", "_avg", "_sum", "_min", "_max" }

-- Returns for each function the fields that it applies to: { select = class of the argument, result = class of the result }.
local function aggregates(model)
  local found = {}
  for _, word in ipairs(FUNCTIONS) do
    local select, result = {}, {}
    for _, f in ipairs(model.scalars) do
      if values.aggregates(f)[word] then
        local type = values.aggregate_type(f, word)
        select[#select + 1] = { f.name, word == "_count" and "boolean|rille.Distinct" or "boolean", true }
        local kind = type == f.type and f.kind or "scalar"
        result[#result + 1] = { f.name, model.values:output { kind = kind, type = type }, word ~= "_count" or nil }
      end
    end
    if #select > 0 then
      local name = word:sub(2, 2):upper() .. word:sub(3)
      if word == "_count" then
        select[#select + 1] = { "_all", "boolean|rille.Distinct", true }
        result[#result + 1] = { "_all", "integer" }
        for _, f in ipairs(result) do f[3] = true end
      end
      found[#found + 1] = { word = word, select = model:class(name .. "Select", select), result = model:class(name .. "Result", result) }
    end
  end
  return found
end

local function having(model)
  local own = model:name "Having"
  local all = model.out:class(model.values.shared .. "AllHaving", { { "_count", model.values:filter { kind = "scalar", type = "Int", required = true } } })
  local fields = { { "AND", one_or_many(own), true }, { "OR", values.list_of(own), true }, { "NOT", one_or_many(own), true }, { "_all", all, true } }
  for _, f in ipairs(model.scalars) do fields[#fields + 1] = { f.name, model.values:having(f), true } end
  return model:class("Having", fields)
end

-- Writes order_by of groups: fields, and aggregates of fields.
local function group_order(model, found)
  local sort = model.types:sort()
  local fields = {}
  for _, f in ipairs(model.scalars) do fields[#fields + 1] = { f.name, (f.required or f.list) and sort.plain or sort.nulls, true } end
  for _, a in ipairs(found) do
    local members = {}
    for _, f in ipairs(model.scalars) do
      if values.aggregates(f)[a.word] then members[#members + 1] = { f.name, a.word == "_count" and sort.plain or sort.nulls, true } end
    end
    if a.word == "_count" then members[#members + 1] = { "_all", sort.plain, true } end
    fields[#fields + 1] = { a.word, model:class("By" .. a.word, members, { shared = true }), true }
  end
  return model:class("GroupOrderBy", fields)
end

local function by_type(model)
  local periods, clocks = {}, { Time = true, Timetz = true }
  for _, f in ipairs(model.scalars) do
    local is_datetime = f.type == "DateTime" and f.kind == "scalar" and not f.list
    if is_datetime and not clocks[f.native or ""] then periods[#periods + 1] = { f.name, "rille.Period", true } end
  end
  local one = model:name "Field"
  if #periods > 0 then one = one .. "|" .. model:class("Periods", periods, { doc = "One field, with the period that its date-times are grouped by." }) end
  return one_or_many(#periods > 0 and "(" .. one .. ")" or one)
end

-- Returns the types that depend on the fields of the model: those with `@` in the table of arguments. Writes the classes of results.
local function made_types(model)
  local found = aggregates(model)
  local made = { by = by_type(model), having = having(model), group_order = one_or_many(group_order(model, found)) }
  local result, groups = {}, {}
  for _, f in ipairs(model.scalars) do groups[#groups + 1] = { f.name, model.values:output(f), true } end
  for _, a in ipairs(found) do
    local plain = a.word == "_count"
    made[a.word] = (plain and "boolean|" or "") .. a.select
    result[#result + 1] = { a.word, (plain and "integer|" or "") .. a.result, true }
    groups[#groups + 1] = result[#result]
    if plain then made.counted = made[a.word] end
  end
  model:class("Aggregates", result)
  model:class("Group", groups)
  return made
end

-- Returns the arguments of an action as fields of a class.
local function arguments(model, action, made)
  local fields = {}
  for _, one in ipairs(action.arguments) do
    local name, type, optional, note = one[1], one[2], one[3], one[4]
    type = type:gsub("^@(.*)", function(word) return made[word] or "" end):gsub("%$", function() return model.prefix end)
    if type ~= "" then fields[#fields + 1] = { name, type, optional, note } end
  end
  return fields
end

local NOT_OF_PAGES = { cursor = true, take = true, skip = true, distinct = true, lock = true }
local OF_PAGES = {
  { "page", "integer|string", true, "from 1" },
  { "per_page", "integer|string", true, "20" },
  { "max_per_page", "integer", true, "100" },
  { "total", "boolean", true, "false: rows are not counted" },
  { "after", "string", true, "`next` of a page" },
  { "before", "string", true, "`previous` of a page" },
}

-- Returns the arguments of paginate, from those of find_many.
local function page_arguments(fields)
  local list = {}
  for _, field in ipairs(fields) do
    if not NOT_OF_PAGES[field[1]] then list[#list + 1] = field end
  end
  for _, field in ipairs(OF_PAGES) do list[#list + 1] = field end
  return list
end

-- Writes what `allow` of input lists: names of fields, and relations. Returns the class of the options of input.
local function input_options(model)
  local fields = { { "[integer]", model:name "Field" } }
  for _, f in ipairs(model.scalars) do fields[#fields + 1] = { f.name, "true", true } end
  for _, r in ipairs(model.relations) do fields[#fields + 1] = { r.name, '"connect"|' .. model:of(r, "Allow"), true } end
  local allow = model:class("Allow", fields, { doc = "The fields that a form may give. Of a relation: the fields of new rows, or \"connect\"." })
  return model:class("InputOptions", { { "allow", allow } }, { parent = "rille.InputOptions" })
end

local BATCH = { "batch", "integer", true, "rows per batch" }

--- Writes the methods, and returns the name of the class with all of them.
function methods.write(model)
  local list, made = {}, made_types(model)
  local own = model:name "Model"
  local function method(name, args, optional, returns, doc)
    list[#list + 1] = { name, ("fun(self: %s, args%s: %s): %s"):format(own, optional and "?" or "", model:name(args), returns), nil, doc }
  end
  for _, action in ipairs(calls.actions) do
    if not (action.writes and model.m.view) then
      local fields = arguments(model, action, made)
      model:class(action.class, fields)
      method(action.name, action.class, action.optional, (action.returns:gsub("%$", function() return model.prefix end)), action.doc)
      if action.name == "find_many" then
        model:class("PaginateArgs", page_arguments(fields))
        model:class("Page", { { "rows", model.prefix .. "[]" } }, { parent = "rille.Page" })
        method("paginate", "PaginateArgs", true, model:name "Page", "One page of the matching rows, with the number of all of them.")
        fields[#fields + 1] = BATCH
        model:class("EachArgs", fields)
        method("each", "EachArgs", true, ("fun(): %s|nil"):format(model.prefix), "Iterates over all matching rows, in constant memory.")
      end
    end
  end
  local input = input_options(model)
  if not model.m.view then
    local data = ("%s|%s"):format(model:name "Create", model:name "Update")
    local type = ("fun(self: %s, data: %s, options?: rille.ValidateOptions): true|nil, rille.Problem[]|nil"):format(own, data)
    list[#list + 1] = { "validate", type, nil, "Checks a table of data as create or update would." }
    type = ("fun(self: %s, form: any, options: %s): (%s)|nil, table<string, string>|nil, rille.InputFault[]|nil"):format(own, input, data)
    list[#list + 1] = { "input", type, nil, "Returns what a form or a body from outside says, as data; or nil, messages and faults." }
  end
  local added = model.added.methods
  for i = #list, 1, -1 do
    if added[list[i][1]] then table.remove(list, i) end -- hidden by that of the extension
  end
  for _, name in ipairs(extension.names(added)) do list[#list + 1] = { name, added[name](own) } end
  return model:class("Model", list, { parent = "rille.Model", open = true })
end

return methods
