-- Generates calls that write.
local generator = require "differential.schema"
local values = require "differential.values"
local rows = require "differential.rows"
local make_where = require "differential.make_where"
local make_read = require "differential.make_read"

local make = {}

local make_ops

local function filter_of(ctx, model) return make_where.where(ctx, model, 1) end

-- Leaves out what has a default, and says null where nothing is said.
local function spell(r, model, row)
  local out = {}
  for _, field in ipairs(generator.scalars(model)) do
    local v = row[field.name]
    if v == nil and field.optional and field.type ~= "Json" and not field.fk and r:chance(5) then v = values.null end
    if not (field.default ~= nil and r:chance(3)) then out[field.name] = v end
  end
  return out
end

-- How a holder of a foreign key may name its parent in create.
local function holder_on_create(ctx, field, depth)
  local r, other = ctx.r, field.other
  local op = r:weighted { { 4, "connect" }, { depth > 0 and 2 or 0, "create" }, { depth > 0 and 1 or 0, "connect_or_create" } }
  if op == "connect" then return { connect = make_where.unique_any(ctx, other) } end
  local data = make.create_data(setmetatable({ top = field.back.other }, { __index = ctx }), other, depth - 1, field.back)
  if not data then return { connect = make_where.unique_any(ctx, other) } end
  if op == "create" then return { create = data } end
  return { connect_or_create = { where = make_where.unique_any(ctx, other), create = data } }
end

-- Whether a nested write may reach this relation: two that meet in the same rows would make their order matter, which is not this test's matter.
local function is_open(ctx, model, field, out)
  if ctx.top and field.other == ctx.top then return false end
  for _, other in ipairs(generator.relations(model)) do
    if out[other.name] and (other.other == field.other or other.other == model or field.other == model) then return false end
  end
  return true
end

local function add_back_relations(ctx, model, out, depth, without, kinds)
  for _, field in ipairs(ctx.r:some(generator.relations(model), ctx.r:weighted { { 2, 0 }, { 3, 1 }, { 2, 3 } })) do
    if not field.holder and field ~= without and is_open(ctx, model, field, out) then out[field.name] = make_ops(ctx, field, depth, kinds) end
  end
end

-- The data of one create, or nil when the model cannot have another row. `without`: the relation's side by which it is made.
function make.create_data(ctx, model, depth, without)
  local r = ctx.r
  local checked = without and without.holder or depth > 0 and r:chance(2)
  local row = rows.make(r, ctx.schema, ctx.data, model, checked)
  if not row then return nil end
  local out = spell(r, model, row)
  for _, field in ipairs(generator.relations(model)) do
    if checked and field.holder and field ~= without and (not field.optional or r:chance(2) and is_open(ctx, model, field, out)) then
      out[field.name] = holder_on_create(ctx, field, is_open(ctx, model, field, out) and depth or 0)
    end
  end
  if depth > 0 then add_back_relations(ctx, model, out, depth, without, "create") end
  return out
end

-- A row for create_many: scalars only. Without the foreign key of `without`.
local function plain_row(ctx, model, without)
  local row = rows.make(ctx.r, ctx.schema, ctx.data, model)
  if not row then return nil end
  for _, name in ipairs(without and without.relation.fields or {}) do row[name] = nil end
  return row
end

local function numeric_change(r, field)
  local op = r:pick { "increment", "decrement", "multiply", "divide" }
  local low = op == "divide" and 1 or -2
  return { [op] = values.operand(r, field, low, 4) }
end

local function scalar_change(ctx, model, field)
  local r = ctx.r
  if field.optional and field.type ~= "Json" and r:chance(5) then return values.null end
  if values.numeric[field.type] and r:chance(2) then return numeric_change(r, field) end
  local v = make_where.value(ctx, model, field)
  return field.type ~= "Json" and r:chance(4) and { set = v } or v
end

-- Changes of scalars; keys only when `keys`, and the primary key more rarely.
local function scalar_changes(ctx, model, keys)
  local open, out = {}, {}
  for _, field in ipairs(generator.scalars(model)) do
    local key = generator.is_key_field(model, field.name)
    local primary = false
    for _, name in ipairs(model.id) do primary = primary or name == field.name end
    if not field.fk and (not primary or keys and ctx.r:chance(6)) and (keys or not key) then open[#open + 1] = field end
  end
  for _, field in ipairs(ctx.r:some(open, ctx.r:int(1, 3))) do
    local change = scalar_change(ctx, model, field)
    -- Arithmetic on a key would make other rows' order matter.
    if generator.is_key_field(model, field.name) and type(change) == "table" and not values.is_marker(change) then change = nil end
    out[field.name] = change
  end
  return out
end

local function add_direct_keys(ctx, model, out)
  for _, relation in ipairs(ctx.schema.relations) do
    if relation.child == model and relation.kind ~= "mn" and ctx.r:chance(3) then
      local list = ctx.data.rows[relation.parent.name]
      local parent = #list > 0 and ctx.r:pick(list)
      for i, name in ipairs(relation.fields) do
        if parent then out[name] = parent[relation.references[i]] elseif relation.optional then out[name] = values.null end
      end
    end
  end
end

-- The data of one update.
function make.update_data(ctx, model, depth, without)
  local r, out = ctx.r, scalar_changes(ctx, model, true)
  if depth <= 0 then return out end
  if not (without and without.holder) and r:chance(3) then add_direct_keys(ctx, model, out)
  else
    for _, field in ipairs(generator.relations(model)) do
      if field.holder and field ~= without and r:chance(3) and is_open(ctx, model, field, out) then out[field.name] = make_ops(ctx, field, depth, "update") end
    end
  end
  add_back_relations(ctx, model, out, depth, without, "update")
  -- A new primary key and nested writes in one call: which comes first is not this test's matter.
  for _, field in ipairs(generator.relations(model)) do
    for _, name in ipairs(model.id) do
      if out[field.name] then out[name] = nil end
    end
  end
  return out
end

-- ---------------------------------------------------------------- nested operations

local builders = {}

function builders.create(ctx, field, depth) return make.create_data(ctx, field.other, depth, field.back) end

function builders.create_many(ctx, field)
  local list = {}
  for _ = 1, ctx.r:int(1, 2) do list[#list + 1] = plain_row(ctx, field.other, field) end
  return #list > 0 and { data = list, skip_duplicates = ctx.r:chance(2) or nil } or nil
end

function builders.connect(ctx, field) return make_where.unique_any(ctx, field.other) end

function builders.connect_or_create(ctx, field, depth)
  local data = make.create_data(ctx, field.other, depth, field.back)
  return data and { where = make_where.unique_any(ctx, field.other), create = data }
end

-- A unique filter that names a related row more often than not.
local function related_filter(ctx, field)
  local row = ctx.row
  local list = row and rows.related(ctx.data, row, field) or {}
  if #list > 0 and ctx.r:chance(4, 3) then return make_where.unique(ctx, field.other, ctx.r:pick(list)) end
  return make_where.unique_any(ctx, field.other)
end

function builders.disconnect(ctx, field)
  if field.list then return related_filter(ctx, field) end
  return ctx.r:chance(3, 2) and true or filter_of(ctx, field.other)
end

builders.delete = builders.disconnect

function builders.set(ctx, field)
  local list = {}
  for i = 1, ctx.r:int(0, 2) do list[i] = related_filter(ctx, field) end
  return list
end

function builders.update(ctx, field, depth)
  local data = make.update_data(ctx, field.other, depth, field.back)
  if field.list then return { where = related_filter(ctx, field), data = data } end
  if next(data) == nil or ctx.r:chance(3) then return { where = ctx.r:chance(2) and filter_of(ctx, field.other) or nil, data = data } end
  return not data.data and data or { data = data }
end

function builders.update_many(ctx, field) return { where = filter_of(ctx, field.other), data = scalar_changes(ctx, field.other, false) } end

function builders.delete_many(ctx, field) return filter_of(ctx, field.other) end

function builders.upsert(ctx, field, depth)
  local data = make.create_data(ctx, field.other, depth, field.back)
  return data and { where = field.list and related_filter(ctx, field) or nil, create = data, update = make.update_data(ctx, field.other, depth, field.back) }
end

local function ops_of(field, kinds)
  local list = { { 3, "create" }, { 4, "connect" }, { 2, "connect_or_create" } }
  local function add(weight, op) list[#list + 1] = { weight, op } end
  local removable = field.relation.optional or field.relation.kind == "mn"
  if field.list and field.relation.kind == "1n" then add(2, "create_many") end
  if kinds == "create" then return list end
  if removable then add(3, "disconnect") end
  if removable and field.list then add(3, "set") end
  if removable or not field.holder then add(2, "delete") end
  add(3, "update")
  add(2, "upsert")
  if field.list then
    add(2, "update_many")
    add(1, "delete_many")
  end
  return list
end

local many = { create = true, connect = true, connect_or_create = true, disconnect = true, delete = true, update = true, upsert = true }

-- Nothing below a nested write knows which row it will meet, so the hint of ctx.row ends here.
function make_ops(ctx, field, depth, kinds)
  local r = ctx.r
  local op = r:weighted(ops_of(field, kinds))
  local inner = setmetatable({ row = depth == ctx.depth and ctx.row or false, top = field.back.other }, { __index = ctx })
  local v = builders[op](inner, field, depth - 1)
  if v == nil then return nil end
  if field.list and many[op] and r:chance(3) then
    local second = builders[op](inner, field, depth - 1)
    v = second and { v, second } or v
  end
  return { [op] = v }
end

-- ---------------------------------------------------------------- calls

local methods = {}

local function with_where(ctx, model)
  local args = make_read.shape(ctx, model, 1)
  local list = ctx.data.rows[model.name]
  ctx.row = #list > 0 and ctx.r:chance(10, 9) and ctx.r:pick(list) or nil
  args.where = ctx.row and make_where.unique(ctx, model, ctx.row) or make_where.unique_any(ctx, model)
  return args
end

function methods.create(ctx, model)
  local args = make_read.shape(ctx, model, 1)
  args.data = make.create_data(ctx, model, ctx.depth)
  return args.data and args
end

function methods.update(ctx, model)
  local args = with_where(ctx, model)
  args.data = make.update_data(ctx, model, ctx.depth)
  return args
end

function methods.upsert(ctx, model)
  local args = with_where(ctx, model)
  args.create, args.update = make.create_data(ctx, model, ctx.depth), make.update_data(ctx, model, ctx.depth)
  return args.create and args
end

methods.delete = with_where

function methods.create_many(ctx, model)
  local r, list = ctx.r, {}
  for _ = 1, r:int(1, 4) do
    local row = plain_row(ctx, model)
    local existing = ctx.data.rows[model.name]
    if row and #existing > 0 and r:chance(4) then
      for _, name in ipairs(model.id) do row[name] = r:pick(existing)[name] end
    end
    list[#list + 1] = row and spell(r, model, row)
  end
  return #list > 0 and { data = list, skip_duplicates = r:chance(2) or nil }
end

methods.create_many_and_return = methods.create_many

-- rille takes a filter for a mistake when nothing in it is a condition, as { posts = { every = {} } }: one of a scalar is always there.
local function some_rows(ctx, model)
  if ctx.r:chance(10) then return values.all end
  local filter, field = make_where.where(ctx, model, 2), ctx.r:pick(generator.scalars(model))
  filter[field.name] = filter[field.name] or make_where.scalar(ctx, model, field)
  return filter
end

function methods.update_many(ctx, model)
  local data = scalar_changes(ctx, model, false)
  return next(data) ~= nil and { where = some_rows(ctx, model), data = data }
end

methods.update_many_and_return = methods.update_many

function methods.delete_many(ctx, model) return { where = some_rows(ctx, model) } end

local choices = {
  { 5, "create" }, { 8, "update" }, { 4, "upsert" }, { 2, "delete" }, { 2, "create_many" }, { 1, "create_many_and_return" }, { 2, "update_many" },
  { 1, "update_many_and_return" }, { 1, "delete_many" },
}

function make.call(ctx)
  while true do
    ctx.depth, ctx.row = ctx.r:int(1, 2), nil
    local model = ctx.r:pick(ctx.schema.models)
    local method = ctx.r:weighted(choices)
    local args = methods[method](ctx, model)
    if args then return { model = model.name, method = method, args = args } end
  end
end

return make
