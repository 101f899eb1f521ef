-- Evaluates `where` with SQL's three values: true, false and nil for unknown.
local values = require "differential.values"
local rows = require "differential.rows"
local generator = require "differential.schema"

local where = {}

local function not3(v)
  if v == nil then return nil end
  return not v
end

-- Adds one more operand to an AND; the start is true.
local function and3(a, b)
  if a == false or b == false then return false end
  if a == nil or b == nil then return nil end
  return true
end

local function or3(a, b)
  if a == true or b == true then return true end
  if a == nil or b == nil then return nil end
  return false
end

local function lower(s) return (s:gsub("[A-Z]", string.lower)) end

local function find_plain(text, part) return text:find(part, 1, true) ~= nil end
local function starts(text, part) return text:sub(1, #part) == part end
local function ends(text, part) return part == "" or text:sub(-#part) == part end

local patterns = { contains = find_plain, starts_with = starts, ends_with = ends }
local comparisons = {
  lt = function(a, b) return a < b end,
  lte = function(a, b) return a <= b end,
  gt = function(a, b) return a > b end,
  gte = function(a, b) return a >= b end,
}

-- LIKE of SQLite knows no case for ASCII; of PostgreSQL it does.
local function pattern(ctx, op, v, part, insensitive)
  if insensitive or ctx.engine == "sqlite" then v, part = lower(v), lower(part) end
  return patterns[op](v, part)
end

local function equals(v, wanted, insensitive)
  if insensitive then return lower(v) == lower(wanted) end
  return values.equal(v, wanted)
end

local function is_in(v, list, insensitive)
  if #list == 0 then return false end
  if v == nil then return nil end
  for _, wanted in ipairs(list) do
    if equals(v, wanted, insensitive) then return true end
  end
  return false
end

-- What stands on the right-hand side: the value of another field of the row, where that is asked for. Null there compares as unknown.
local function operator(ctx, field, op, operand, v, insensitive, row)
  if values.is_marker(operand) and operand.kind == "field" then
    operand = row[operand.field]
    if operand == nil then return nil end
  end
  if op == "equals" or op == "not" then
    local result
    if operand == values.null then result = v == nil
    elseif op == "not" and type(operand) == "table" and not values.is_marker(operand) then result = where.scalar(ctx, field, operand, v, row, insensitive)
    elseif v ~= nil then result = equals(v, operand, insensitive) end
    if op == "not" then return not3(result) end
    return result
  end
  if op == "in" then return is_in(v, operand, insensitive) end
  if op == "not_in" then return not3(is_in(v, operand, insensitive)) end
  if v == nil then return nil end
  if patterns[op] then return pattern(ctx, op, v, operand, insensitive) end
  if insensitive then return comparisons[op](lower(v), lower(operand)) end
  return comparisons[op](values.rank(field, v, ctx.engine), values.rank(field, operand, ctx.engine))
end

-- A filter on one value: the value itself, or a table of operators.
function where.scalar(ctx, field, filter, v, row, insensitive)
  if type(filter) ~= "table" or values.is_marker(filter) then return operator(ctx, field, "equals", filter, v, insensitive, row) end
  insensitive = insensitive or filter.mode == "insensitive"
  local result = true
  for op, operand in pairs(filter) do
    if op ~= "mode" then result = and3(result, operator(ctx, field, op, operand, v, insensitive, row)) end
  end
  return result
end

local function any(ctx, model, filter, list, wanted)
  for _, row in ipairs(list) do
    if where.matches(ctx, model, filter, row) == wanted then return true end
  end
  return false
end

local to_many = {
  some = function(ctx, model, filter, list) return any(ctx, model, filter, list, true) end,
  none = function(ctx, model, filter, list) return not any(ctx, model, filter, list, true) end,
  -- A row of which it is not known whether it matches does no harm.
  every = function(ctx, model, filter, list) return not any(ctx, model, filter, list, false) end,
}

local function is(ctx, model, filter, row)
  if filter == values.null then return row == nil end
  if row == nil then return false end
  return where.matches(ctx, model, filter, row)
end

local function relation(ctx, field, filter, row)
  local list = rows.related(ctx.data, row, field)
  local result = true
  if field.list then
    for op, inner in pairs(filter) do result = and3(result, to_many[op](ctx, field.other, inner, list)) end
    return result
  end
  if filter == values.null or filter.is == nil and filter.is_not == nil then return is(ctx, field.other, filter, list[1]) end
  if filter.is ~= nil then result = is(ctx, field.other, filter.is, list[1]) end
  if filter.is_not ~= nil then result = and3(result, not3(is(ctx, field.other, filter.is_not, list[1]))) end
  return result
end

local function as_list(filters) return filters[1] ~= nil and filters or next(filters) ~= nil and { filters } or {} end

local logical = {
  AND = function(ctx, model, filters, row)
    local result = true
    for _, filter in ipairs(as_list(filters)) do result = and3(result, where.matches(ctx, model, filter, row)) end
    return result
  end,
  OR = function(ctx, model, filters, row)
    local result = false
    for _, filter in ipairs(as_list(filters)) do result = or3(result, where.matches(ctx, model, filter, row)) end
    return result
  end,
  NOT = function(ctx, model, filters, row)
    local result = true
    for _, filter in ipairs(as_list(filters)) do result = and3(result, not3(where.matches(ctx, model, filter, row))) end
    return result
  end,
}

local function compound(ctx, model, name, wanted, row)
  for _, key in ipairs(generator.keys(model)) do
    if key.name == name then return where.matches(ctx, model, wanted, row) end
  end
  error("the evaluator knows no field " .. name)
end

function where.matches(ctx, model, filter, row)
  local result = true
  for name, inner in pairs(filter) do
    local field, one = model.by_name[name]
    if logical[name] then one = logical[name](ctx, model, inner, row)
    elseif not field then one = compound(ctx, model, name, inner, row)
    elseif field.relation then one = relation(ctx, field, inner, row)
    else one = where.scalar(ctx, field, inner, row[name], row) end
    result = and3(result, one)
  end
  return result
end

function where.filter(ctx, model, filter, list)
  local out = {}
  for _, row in ipairs(list) do
    if where.matches(ctx, model, filter or {}, row) then out[#out + 1] = row end
  end
  return out
end

return where
