--- The methods of a model: a class of arguments for each, what it returns, and the class that has them all.
local values = require "rille.generate.values"

local methods = {}

local function one_or_many(type) return type .. "|" .. values.list_of(type) end

-- Fields of arguments by their names, in this order; a `!` behind a name: it must be there.
local function arguments(model, words)
  local n = function(part) return model:name(part) end
  local all = {
    where = n "Where", unique = n "WhereUnique", many = n "Where" .. "|rille.Null", select = n "Select", include = n "Include", omit = n "Omit",
    relation_load_strategy = '"join"|"query"', order_by = one_or_many(n "OrderBy"), cursor = n "WhereUnique", take = "integer", skip = "integer",
    distinct = one_or_many(n "Field"), lock = "rille.Lock", limit = "integer", skip_duplicates = "boolean", on = one_or_many(n "Field"), batch = "integer",
    data = n "Create", rows = one_or_many(n "CreateRow"), change = n "Update", changes = n "UpdateMany" .. "|" .. values.list_of(n "Values"),
    create = n "Create", update = n "Update", fields = values.list_of(n "Field") .. '|"all"',
  }
  local names = { unique = "where", many = "where", rows = "data", change = "data", changes = "data", fields = "update" }
  local fields = {}
  for word, required in words:gmatch "([%w_]+)(!?)" do fields[#fields + 1] = { names[word] or word, all[word], required == "" } end
  return fields
end

local SHOWN = " select include omit relation_load_strategy"
local FIND = "where order_by cursor take skip distinct lock" .. SHOWN

-- Method, class of its arguments, the arguments, whether they may be left out, what it returns ($: a row), whether it writes, a line on it.
local TABLE = {
  { "find_unique", "FindUniqueArgs", "unique! lock" .. SHOWN, false, "$|nil", false, "The row of a unique key, or nil." },
  { "find_unique_or_throw", "FindUniqueArgs", "unique! lock" .. SHOWN, false, "$", false, "The row of a unique key. Errors: P2025." },
  { "find_first", "FindArgs", FIND, true, "$|nil", false, "The first row that fits, or nil." },
  { "find_first_or_throw", "FindArgs", FIND, true, "$", false, "The first row that fits. Errors: P2025." },
  { "find_many", "FindArgs", FIND, true, "$[]", false, "All rows that fit." },
  { "each", "EachArgs", FIND .. " batch", true, "fun(): $|nil", false, "Iterates over all rows that fit, in constant memory." },
  { "create", "CreateArgs", "data" .. SHOWN, true, "$", true, "Makes a row." },
  { "create_many", "CreateManyArgs", "rows! skip_duplicates", false, "rille.Count", true, "Makes many rows at once." },
  { "create_many_and_return", "CreateManyAndReturnArgs", "rows! skip_duplicates" .. SHOWN, false, "$[]", true, "Makes many rows and returns them." },
  { "update", "UpdateArgs", "unique! change!" .. SHOWN, false, "$", true, "Changes the row of a unique key. Errors: P2025." },
  { "update_many", "UpdateManyArgs", "many changes! on limit", false, "rille.Count", true, "Changes all rows that fit; rille.all means every row." },
  { "update_many_and_return", "UpdateManyAndReturnArgs", "many changes! on limit" .. SHOWN, false, "$[]", true, "As update_many, and returns the rows." },
  { "upsert", "UpsertArgs", "unique! create! update!" .. SHOWN, false, "$", true, "Changes the row of a unique key, or makes it." },
  { "upsert_many", "UpsertManyArgs", "rows! on! fields", false, "rille.Count", true, "Makes many rows, and changes those that are there." },
  { "delete", "DeleteArgs", "unique!" .. SHOWN, false, "$", true, "Deletes the row of a unique key. Errors: P2025." },
  { "delete_many", "DeleteManyArgs", "many limit", false, "rille.Count", true, "Deletes all rows that fit; rille.all means every row." },
  { "exists", "ExistsArgs", "where", true, "boolean", false, "Whether any row fits." },
}

local FUNCTIONS = { "_count", "_avg", "_sum", "_min", "_max" }

-- For each function the fields that it applies to: { select = class of what may be asked, result = class of what comes }.
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

-- order_by of groups: fields, and aggregates of fields.
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
    local moment = f.type == "DateTime" and f.kind == "scalar" and not f.list
    if moment and not clocks[f.native or ""] then periods[#periods + 1] = { f.name, "rille.Period", true } end
  end
  local one = model:name "Field"
  if #periods > 0 then one = one .. "|" .. model:class("Periods", periods, { doc = "The period that the moments of one field lie in." }) end
  return one_or_many(#periods > 0 and "(" .. one .. ")" or one)
end

local function summaries(model, method)
  local found = aggregates(model)
  local page = { { "where", model:name "Where", true }, { "order_by", one_or_many(model:name "OrderBy"), true }, { "cursor", model:name "WhereUnique", true },
    { "take", "integer", true }, { "skip", "integer", true } }
  local count, aggregate, result = {}, {}, {}
  for i, f in ipairs(page) do count[i], aggregate[i] = f, f end
  local group = { { "by", by_type(model) }, page[1], { "having", having(model), true }, { "order_by", one_or_many(group_order(model, found)), true },
    page[4], page[5] }
  local groups = {}
  for _, f in ipairs(model.scalars) do groups[#groups + 1] = { f.name, model.values:output(f), true } end
  for _, a in ipairs(found) do
    local plain = a.word == "_count"
    aggregate[#aggregate + 1] = { a.word, (plain and "boolean|" or "") .. a.select, true }
    group[#group + 1] = aggregate[#aggregate]
    result[#result + 1] = { a.word, (plain and "integer|" or "") .. a.result, true }
    groups[#groups + 1] = result[#result]
    if plain then count[#count + 1] = { "select", "boolean|" .. a.select, true } end
  end
  model:class("CountArgs", count)
  model:class("AggregateArgs", aggregate)
  model:class("GroupByArgs", group)
  model:class("Aggregates", result)
  model:class("Group", groups)
  method("count", "CountArgs", true, "integer|" .. model:name "CountResult", "How many rows fit; with `select`, how many have a value in each field.")
  method("aggregate", "AggregateArgs", false, model:name "Aggregates", "Sums, averages, least and greatest of the rows that fit.")
  method("group_by", "GroupByArgs", false, model:name "Group" .. "[]", "The same by groups.")
end

--- Writes them; returns the name of the class that has all methods.
function methods.write(model)
  local list = {}
  local own = model:name "Model"
  local function method(name, args, optional, returns, doc)
    list[#list + 1] = { name, ("fun(self: %s, args%s: %s): %s"):format(own, optional and "?" or "", model:name(args), returns), nil, doc }
  end
  for _, row in ipairs(TABLE) do
    if not (row[6] and model.m.view) then
      model:class(row[2], arguments(model, row[3]))
      method(row[1], row[2], row[4], (row[5]:gsub("%$", function() return model.prefix end)), row[7])
    end
  end
  summaries(model, method)
  if not model.m.view then
    local type = ("fun(self: %s, data: %s): true|nil, table[]|nil"):format(own, model:name "Create")
    list[#list + 1] = { "validate", type, nil, "Checks a data table as create would." }
  end
  return model:class("Model", list, { parent = "rille.Model", open = true })
end

return methods
