-- Evaluates count, aggregate and group_by.
local values = require "differential.values"
local where = require "differential.where"
local order = require "differential.order"
local read = require "differential.read"

local aggregate = {}

local LIMIT = 2 ^ 53

local function present(list, name)
  local out = {}
  for _, row in ipairs(list) do
    if row[name] ~= nil then out[#out + 1] = row[name] end
  end
  return out
end

local function number(v) return values.is_marker(v) and v.number or v end

-- Of sums that not every engine can hold, or that depend on the order of adding, nothing is said: the generator takes another query.
local function add_up(list)
  local total = 0
  for _, v in ipairs(list) do
    local n = number(v)
    if math.abs(n + 0.0) >= LIMIT or n * 1024 % 1 ~= 0 and #list > 1 then error { skip = true } end
    total = total + n
  end
  return total
end

local function fold(field, list, engine, better)
  local best
  for _, v in ipairs(list) do
    if best == nil or better(values.rank(field, v, engine), values.rank(field, best, engine)) then best = v end
  end
  return best
end

local functions = {}

function functions._count(_, list) return #list end

function functions._sum(field, list)
  if #list == 0 then return nil end
  local total = add_up(list)
  if field.type == "Decimal" then return values.decimal(total) end
  return field.type == "Float" and total + 0.0 or total
end

function functions._avg(field, list)
  if #list == 0 then return nil end
  local average = add_up(list) / #list
  return field.type == "Decimal" and values.decimal(average) or average
end

function functions._min(field, list, engine)
  return fold(field, list, engine, function(a, b) return a < b end)
end

function functions._max(field, list, engine)
  return fold(field, list, engine, function(a, b) return a > b end)
end

local function one(ctx, model, list, name, field_name)
  if field_name == "_all" then return #list end
  return functions[name](model.by_name[field_name], present(list, field_name), ctx.engine)
end

local function all(ctx, model, list, args)
  local out = {}
  for name in pairs(functions) do
    local wanted = args[name]
    if wanted == true then out[name] = #list
    elseif wanted then
      out[name] = {}
      for field_name in pairs(wanted) do out[name][field_name] = one(ctx, model, list, name, field_name) end
    end
  end
  return out
end

function aggregate.aggregate(ctx, model, args) return all(ctx, model, read.page(ctx, model, ctx.data.rows[model.name], args), args) end

function aggregate.count(ctx, model, args)
  local list = read.page(ctx, model, ctx.data.rows[model.name], args)
  if not args.select then return #list end
  return all(ctx, model, list, { _count = args.select })._count
end

-- ---------------------------------------------------------------- group_by

local function groups_of(list, by)
  local found, out = {}, {}
  for _, row in ipairs(list) do
    local parts = {}
    for i, name in ipairs(by) do parts[i] = values.key(row[name]) end
    local key = table.concat(parts, "\0")
    if not found[key] then
      found[key] = {}
      out[#out + 1] = found[key]
    end
    table.insert(found[key], row)
  end
  return out
end

local function value_of_group(ctx, model, group, name, field_name)
  return one(ctx, model, group, name, field_name), name == "_count" and { type = "Int" } or model.by_name[field_name]
end

local function has(ctx, model, having, group)
  local rest, verdict = {}, true
  for name, filter in pairs(having) do
    local aggregated = false
    for op, inner in pairs(type(filter) == "table" and filter or {}) do
      if functions[op] then
        local v, field = value_of_group(ctx, model, group, op, name)
        aggregated = true
        verdict = verdict and where.scalar(ctx, field, inner, v) == true
      end
    end
    if not aggregated then rest[name] = filter end
  end
  return verdict and where.matches(ctx, model, rest, group[1]) == true
end

local function group_key(ctx, model, item, group)
  local name, how = next(item)
  if not functions[name] then
    local v = group[1][name]
    return v ~= nil and values.rank(model.by_name[name], v, ctx.engine) or nil, how
  end
  local field_name, direction = next(how)
  local v, field = value_of_group(ctx, model, group, name, field_name)
  return v ~= nil and values.rank(field, v, ctx.engine) or nil, direction
end

function aggregate.group_by(ctx, model, args)
  local list = where.filter(ctx, model, args.where, ctx.data.rows[model.name])
  local kept = {}
  for _, group in ipairs(groups_of(list, args.by)) do
    if has(ctx, model, args.having or {}, group) then kept[#kept + 1] = group end
  end
  kept = order.sort_by(ctx, kept, args.order_by or {}, function(item, group) return group_key(ctx, model, item, group) end)
  if args.take and args.take < 0 then kept = order.reverse(kept) end
  local out = {}
  -- Of all groups, for a sum that cannot be had fails whether it is shown or not.
  for i, group in ipairs(kept) do
    out[i] = all(ctx, model, group, args)
    for _, name in ipairs(args.by) do out[i][name] = group[1][name] end
  end
  return order.page(out, args.skip, args.take)
end

return aggregate
