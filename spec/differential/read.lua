-- Evaluates the methods that read rows.
local values = require "differential.values"
local rows = require "differential.rows"
local where = require "differential.where"
local order = require "differential.order"

local read = {}

local function from_cursor(ctx, model, list, cursor)
  for i, row in ipairs(list) do
    if where.matches(ctx, model, cursor, row) then return table.move(list, i, #list, 1, {}) end
  end
  return {}
end

local function distinct(list, names)
  local seen, out = {}, {}
  if type(names) == "string" then names = { names } end
  for _, row in ipairs(list) do
    local parts = {}
    for i, name in ipairs(names) do parts[i] = values.key(row[name]) end
    local key = table.concat(parts, "\0")
    if not seen[key] then out[#out + 1] = row end
    seen[key] = true
  end
  return out
end

-- The rows of a list that where, order_by, cursor, distinct, skip and take leave.
function read.page(ctx, model, list, args)
  list = where.filter(ctx, model, args.where, list)
  list = order.sort(ctx, model, list, args.order_by)
  if args.take and args.take < 0 then list = order.reverse(list) end
  if args.cursor then list = from_cursor(ctx, model, list, args.cursor) end
  if args.distinct then list = distinct(list, args.distinct) end
  return order.page(list, args.skip, args.take)
end

local function counts(ctx, model, row, wanted)
  local out = {}
  for _, field in ipairs(model.fields) do
    local args = field.relation and field.list and (wanted == true or wanted.select[field.name])
    if args then
      local list = rows.related(ctx.data, row, field)
      out[field.name] = #where.filter(ctx, field.other, type(args) == "table" and args.where or {}, list)
    end
  end
  return out
end

local function relation(ctx, row, field, args)
  if args == true then args = {} end
  local list = rows.related(ctx.data, row, field)
  if not field.list then return list[1] and read.project(ctx, field.other, list[1], args) end
  local out = {}
  for i, other in ipairs(read.page(ctx, field.other, list, args)) do out[i] = read.project(ctx, field.other, other, args) end
  return out
end

-- What select, include and omit make of a row.
function read.project(ctx, model, row, args)
  local out, chosen = {}, args.select or args.include or {}
  for _, field in ipairs(model.fields) do
    local name = field.name
    if field.relation then
      if chosen[name] then out[name] = relation(ctx, row, field, chosen[name]) end
    elseif args.select == nil and not (args.omit and args.omit[name]) or args.select and args.select[name] then
      out[name] = row[name]
    end
  end
  if chosen._count then out._count = counts(ctx, model, row, chosen._count) end
  return out
end

function read.find_many(ctx, model, args)
  local out = {}
  for i, row in ipairs(read.page(ctx, model, ctx.data.rows[model.name], args)) do out[i] = read.project(ctx, model, row, args) end
  return out
end

-- The same rows, one by one.
read.each = read.find_many

function read.find_first(ctx, model, args)
  local one = {}
  for k, v in pairs(args) do one[k] = v end
  one.take = args.take or 1
  return read.find_many(ctx, model, one)[1]
end

function read.find_unique(ctx, model, args)
  local row = where.filter(ctx, model, args.where, ctx.data.rows[model.name])[1]
  return row and read.project(ctx, model, row, args)
end

local function or_throw(find)
  return function(ctx, model, args) return find(ctx, model, args) or error { code = "P2025" } end
end

read.find_first_or_throw = or_throw(read.find_first)
read.find_unique_or_throw = or_throw(read.find_unique)

function read.exists(ctx, model, args) return #where.filter(ctx, model, args.where, ctx.data.rows[model.name]) > 0 end

return read
