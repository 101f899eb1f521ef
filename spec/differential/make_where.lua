-- Generates `where`. Values are taken from the rows more often than not, so that something matches.
local generator = require "differential.schema"
local values = require "differential.values"

local make = {}

local ordered = { Int = true, BigInt = true, Float = true, Decimal = true, String = true, DateTime = true }

-- A value that a row has in this field, or a new one.
function make.value(ctx, model, field)
  local r, list = ctx.r, ctx.data.rows[model.name]
  if #list > 0 and r:chance(3, 2) then
    local v = r:pick(list)[field.name]
    if v ~= nil then return v end
  end
  return values.make(r, field)
end

local function value_list(ctx, model, field)
  local out = {}
  for i = 1, ctx.r:chance(60) and 2500 or ctx.r:int(0, 3) do out[i] = make.value(ctx, model, field) end
  return out
end

local function part(r, text)
  local points = {}
  for at in utf8.codes(text) do points[#points + 1] = at end
  points[#points + 1] = #text + 1
  local from = r:int(1, #points)
  return text:sub(points[from], points[r:int(from, #points)] - 1)
end

local function operators_of(field)
  local list = { { 4, "equals" }, { 3, "not" } }
  local function add(weight, op) list[#list + 1] = { weight, op } end
  if field.type == "Json" then return list end
  if field.type ~= "Boolean" then
    add(2, "in")
    add(2, "not_in")
  end
  if ordered[field.type] then
    for _, op in ipairs { "lt", "lte", "gt", "gte" } do add(1, op) end
  end
  if field.type == "String" then
    for _, op in ipairs { "contains", "starts_with", "ends_with" } do add(2, op) end
  end
  return list
end

local function null_for(field) return field.type ~= "Json" and field.optional and values.null or nil end

local compared = { equals = true, ["not"] = true, lt = true, lte = true, gt = true, gte = true }

-- Another field of the model that can be compared with this one.
local function other_field(ctx, model, field)
  local fitting = {}
  for _, other in ipairs(generator.scalars(model)) do
    if other ~= field and other.type == field.type and field.type ~= "Json" and not field.enum then fitting[#fitting + 1] = other end
  end
  return #fitting > 0 and values.field(model.name, ctx.r:pick(fitting).name) or nil
end

local function operand(ctx, model, field, op)
  local reference = not ctx.of_groups and compared[op] and ctx.r:chance(8) and other_field(ctx, model, field)
  if reference then return reference end
  if op == "in" or op == "not_in" then return value_list(ctx, model, field) end
  if (op == "equals" or op == "not") and ctx.r:chance(4) then return null_for(field) or make.value(ctx, model, field) end
  local v = make.value(ctx, model, field)
  if op == "contains" or op == "starts_with" or op == "ends_with" then return part(ctx.r, v) end
  return v
end

local function operator_table(ctx, model, field, nested)
  local r, filter = ctx.r, {}
  local list = operators_of(field)
  for _ = 1, nested and 1 or r:int(1, 2) do
    local op = r:weighted(list)
    if nested and op == "not" then op = "equals" end
    if op == "not" and r:chance(3) and field.type ~= "Json" then filter["not"] = operator_table(ctx, model, field, true)
    else filter[op] = operand(ctx, model, field, op) end
  end
  if ctx.insensitive and not nested and field.type == "String" and r:chance(3) then filter.mode = "insensitive" end
  return filter
end

-- A filter on one scalar field.
function make.scalar(ctx, model, field)
  if field.type == "Json" or ctx.r:chance(3, 2) then return operator_table(ctx, model, field) end
  if field.optional and ctx.r:chance(3) then return values.null end
  return make.value(ctx, model, field)
end

local function relation(ctx, field, depth)
  local r = ctx.r
  local function inner() return r:chance(6) and {} or make.where(ctx, field.other, depth - 1) end
  if field.list then return { [r:pick { "some", "every", "none" }] = inner() } end
  local nullable = field.optional or not field.holder
  if nullable and r:chance(5) then return r:pick { values.null, { is = values.null }, { is_not = values.null } } end
  local how = r:pick { "is", "is_not", "plain" }
  if how == "plain" then return make.where(ctx, field.other, depth - 1) end
  return { [how] = inner() }
end

local function logical(ctx, model, depth)
  local r, op = ctx.r, ctx.r:pick { "AND", "OR", "NOT", "NOT" }
  if op ~= "OR" and r:chance(2) then return op, make.where(ctx, model, depth - 1) end
  local list = {}
  for i = 1, r:int(1, 3) do list[i] = make.where(ctx, model, depth - 1) end
  return op, list
end

-- A filter that is not empty.
function make.where(ctx, model, depth)
  local r, filter = ctx.r, {}
  local scalars, relations = generator.scalars(model), generator.relations(model)
  for _ = 1, r:weighted { { 5, 1 }, { 3, 2 }, { 1, 3 } } do
    local kind = r:weighted { { 5, "scalar" }, { depth > 0 and #relations > 0 and 3 or 0, "relation" }, { depth > 0 and 2 or 0, "logical" } }
    if kind == "scalar" then
      local field = r:pick(scalars)
      filter[field.name] = make.scalar(ctx, model, field)
    elseif kind == "relation" then
      local field = r:pick(relations)
      filter[field.name] = relation(ctx, field, depth)
    else
      local op, inner = logical(ctx, model, depth)
      filter[op] = inner
    end
  end
  return filter
end

-- The filter that names `row` by one of its keys whose fields it has; with `odd` a row that may not exist.
function make.unique(ctx, model, row)
  local fitting = {}
  for _, key in ipairs(generator.keys(model)) do
    local complete = true
    for _, name in ipairs(key.fields) do complete = complete and row[name] ~= nil end
    if complete then fitting[#fitting + 1] = key end
  end
  local key = ctx.r:pick(fitting)
  if not key.name then return { [key.fields[1]] = row[key.fields[1]] } end
  local inner = {}
  for _, name in ipairs(key.fields) do inner[name] = row[name] end
  return { [key.name] = inner }
end

-- Names a row that exists, or now and then one that does not.
function make.unique_any(ctx, model)
  local list = ctx.data.rows[model.name]
  if #list > 0 and ctx.r:chance(8, 7) then return make.unique(ctx, model, ctx.r:pick(list)) end
  local row = {}
  for _, name in ipairs(model.id) do row[name] = values.make(ctx.r, model.by_name[name]) end
  return make.unique(ctx, model, row)
end

return make
