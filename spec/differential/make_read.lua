-- Generates calls that read.
local generator = require "differential.schema"
local values = require "differential.values"
local where = require "differential.where"
local make_where = require "differential.make_where"

local make = {}

local function direction(r) return r:pick { "asc", "desc" } end

local function scalar_order(r, field)
  if field.optional and r:chance(3) then return { sort = direction(r), nulls = r:pick { "first", "last" } } end
  return direction(r)
end

local function sortable(model)
  local out = {}
  for _, field in ipairs(generator.scalars(model)) do
    if field.type ~= "Json" and field.type ~= "Bytes" then out[#out + 1] = field end
  end
  return out
end

local function order_item(r, model, depth)
  local relations = generator.relations(model)
  if depth > 0 and #relations > 0 and r:chance(4) then
    local field = r:pick(relations)
    if field.list then return { [field.name] = { _count = direction(r) } } end
    return { [field.name] = order_item(r, field.other, depth - 1) }
  end
  local field = r:pick(sortable(model))
  return { [field.name] = scalar_order(r, field) }
end

-- An order that leaves no two rows equal: it ends in the primary key.
function make.order_by(r, model)
  local items, used = {}, {}
  for _ = 1, r:weighted { { 3, 0 }, { 3, 1 }, { 1, 2 } } do
    local item = order_item(r, model, 2)
    local name = next(item)
    if not used[name] then items[#items + 1] = item end
    used[name] = true
  end
  for _, name in ipairs(model.id) do
    if not used[name] then items[#items + 1] = { [name] = direction(r) } end
  end
  return items
end

local function flags(r, names)
  local out = {}
  for _, name in ipairs(r:some(names, r:int(1, math.max(1, #names - 1)))) do out[name] = true end
  return out
end

local function scalar_names(model)
  local names = {}
  for i, field in ipairs(generator.scalars(model)) do names[i] = field.name end
  return names
end

local function count_selection(ctx, model)
  local out = {}
  for _, field in ipairs(generator.relations(model)) do
    if field.list and ctx.r:chance(2) then
      out[field.name] = ctx.r:chance(2) and true or { where = make_where.where(ctx, field.other, 1) }
    end
  end
  if next(out) == nil then return nil end
  return ctx.r:chance(4) and true or { select = out }
end

-- A cursor at a row that `where` keeps; rarely one that does not exist.
local function add_cursor(ctx, model, args)
  if ctx.r:chance(12) then
    args.cursor = make_where.unique_any(ctx, model)
    if where.filter(ctx, model, args.cursor, ctx.data.rows[model.name])[1] then args.cursor = nil end
    return
  end
  local kept = where.filter(ctx, model, args.where, ctx.data.rows[model.name])
  if #kept > 0 then args.cursor = make_where.unique(ctx, model, ctx.r:pick(kept)) end
end

local function add_relations(ctx, model, out, depth)
  for _, field in ipairs(ctx.r:some(generator.relations(model), ctx.r:int(0, 2))) do
    local args = make.shape(ctx, field.other, depth - 1)
    if field.list then
      make.paging(ctx, field.other, args)
      -- Where there is one parent only, Prisma too is of two minds about a cursor that is not among its rows.
      if ctx.many_parents and ctx.r:chance(10) then add_cursor(ctx, field.other, args) end
    end
    out[field.name] = next(args) == nil and true or args
  end
  if ctx.r:chance(4) then out._count = count_selection(ctx, model) end
end

-- select, include and omit.
function make.shape(ctx, model, depth)
  local r, args = ctx.r, {}
  local how = r:weighted { { 3, "plain" }, { 3, "select" }, { 3, "include" }, { 1, "omit" } }
  if how == "select" then
    args.select = flags(r, scalar_names(model))
    if depth > 0 then add_relations(ctx, model, args.select, depth) end
  elseif how == "include" and depth > 0 then
    args.include = {}
    add_relations(ctx, model, args.include, depth)
    if next(args.include) == nil then args.include = nil end
  end
  if not args.select and r:chance(6) then args.omit = flags(r, scalar_names(model)) end
  return args
end

local function distinct_fields(r, model)
  local names = {}
  for i, field in ipairs(r:some(sortable(model), r:int(1, 2))) do names[i] = field.name end
  return names
end

-- where, order_by, skip, take and distinct.
function make.paging(ctx, model, args)
  local r = ctx.r
  if r:chance(2) then args.where = make_where.where(ctx, model, 2) end
  args.order_by = make.order_by(r, model)
  if r:chance(3) then args.skip = r:int(0, 3) end
  if r:chance(2) then args.take = r:weighted { { 6, r:int(1, 4) }, { 3, -r:int(1, 4) }, { 1, 0 } } end
  if r:chance(6) then args.distinct = distinct_fields(r, model) end
end

local methods = {}

local function listing(ctx, model)
  local args = make.shape(ctx, model, 2)
  make.paging(ctx, model, args)
  if ctx.r:chance(4) then add_cursor(ctx, model, args) end
  return args
end

function methods.find_many(ctx, model) return listing(setmetatable({ many_parents = true }, { __index = ctx }), model) end

function methods.find_first(ctx, model)
  local args = listing(ctx, model)
  args.take = args.take and (args.take < 0 and -1 or 1) or nil
  return args
end

methods.each = methods.find_many
methods.find_first_or_throw = methods.find_first

function methods.find_unique(ctx, model)
  local args = make.shape(ctx, model, 2)
  args.where = make_where.unique_any(ctx, model)
  if ctx.r:chance(4) then
    local extra = make_where.where(ctx, model, 1)
    for name, filter in pairs(extra) do
      if not generator.is_key_field(model, name) then args.where[name] = filter end
    end
  end
  return args
end

methods.find_unique_or_throw = methods.find_unique

function methods.exists(ctx, model) return { where = make_where.where(ctx, model, 2) } end

local function paged_aggregate(ctx, model)
  local args, r = {}, ctx.r
  if r:chance(2) then args.where = make_where.where(ctx, model, 2) end
  if r:chance(3) then
    args.order_by = make.order_by(r, model)
    args.skip = r:chance(2) and r:int(0, 3) or nil
    args.take = r:chance(2) and (r:chance(3) and -r:int(1, 4) or r:int(1, 4)) or nil
  end
  return args
end

function methods.count(ctx, model)
  local args = paged_aggregate(ctx, model)
  if ctx.r:chance(2) then
    args.select = flags(ctx.r, scalar_names(model))
    args.select._all = ctx.r:chance(2) or nil
  end
  return args
end

local extreme = { Int = true, BigInt = true, Float = true, Decimal = true, String = true, DateTime = true }

local function names_of(model, able)
  local out = {}
  for _, field in ipairs(generator.scalars(model)) do
    if able[field.type] then out[#out + 1] = field.name end
  end
  return out
end

local function add_aggregates(ctx, model, args)
  local r = ctx.r
  for _, name in ipairs(r:some({ "_count", "_sum", "_avg", "_min", "_max" }, r:int(1, 3))) do
    local able = name == "_count" and scalar_names(model) or names_of(model, (name == "_min" or name == "_max") and extreme or values.numeric)
    if name == "_count" and r:chance(2) then args._count = true
    elseif #able > 0 then args[name] = flags(r, able) end
    if name == "_count" and args._count ~= true and r:chance(2) then args._count._all = true end
  end
  args._count = args._count or (next(args) == nil and true or nil)
end

function methods.aggregate(ctx, model)
  local args = paged_aggregate(ctx, model)
  add_aggregates(ctx, model, args)
  if not (args._count or args._sum or args._avg or args._min or args._max) then args._count = true end
  return args
end

local function add_having(ctx, model, args)
  local r = ctx.r
  if r:chance(2) then
    local field = model.by_name[r:pick(args.by)]
    args.having = { [field.name] = make_where.scalar(setmetatable({ of_groups = true }, { __index = ctx }), model, field) }
    return
  end
  local able = names_of(model, values.numeric)
  if #able == 0 then return end
  local field = model.by_name[r:pick(able)]
  local name = r:pick { "_count", "_sum", "_avg", "_min", "_max" }
  local op = r:pick { "gt", "gte", "lt", "lte" }
  if name == "_avg" or field.type == "Float" then op = op:sub(1, 2) end
  args.having = { [field.name] = { [name] = { [op] = name == "_count" and r:int(0, 2) or values.operand(r, field, -1, 6) } } }
end

local function group_order(ctx, model, args)
  local r, items, used = ctx.r, {}, {}
  if r:chance(3) then items[1] = { _count = { [r:pick(args.by)] = direction(r) } } end
  local able = names_of(model, { Int = true, BigInt = true, DateTime = true, String = true })
  if #able > 0 and r:chance(3) then items[#items + 1] = { [r:pick { "_min", "_max" }] = { [r:pick(able)] = direction(r) } } end
  for _, name in ipairs(r:some(args.by, #args.by)) do
    if not used[name] then items[#items + 1] = { [name] = scalar_order(r, model.by_name[name]) } end
    used[name] = true
  end
  args.order_by = items
end

function methods.group_by(ctx, model)
  local r, args = ctx.r, {}
  args.by = distinct_fields(r, model)
  if r:chance(2) then args.where = make_where.where(ctx, model, 2) end
  if r:chance(5, 4) then add_aggregates(ctx, model, args) end
  if r:chance(3) then add_having(ctx, model, args) end
  group_order(ctx, model, args)
  if r:chance(3) then args.skip = r:int(0, 2) end
  if r:chance(3) then args.take = r:int(1, 3) * (r:chance(5) and -1 or 1) end
  return args
end

local choices = {
  { 10, "find_many" }, { 1, "each" }, { 2, "find_first" }, { 1, "find_first_or_throw" }, { 2, "find_unique" }, { 1, "find_unique_or_throw" },
  { 1, "exists" }, { 2, "count" }, { 3, "aggregate" }, { 4, "group_by" },
}

-- ctx = { r, schema, data, engine, insensitive = whether `mode` may be asked for }
function make.call(ctx)
  local model = ctx.r:pick(ctx.schema.models)
  local method = ctx.r:weighted(choices)
  return { model = model.name, method = method, args = methods[method](ctx, model) }
end

return make
