-- Scopes of clients. For such a client there are only the rows within its scope: so the evaluator runs as ever, on a view of the tables. What a
-- database checks by itself (keys, cascades) is checked on all rows.
local generator = require "differential.schema"
local values = require "differential.values"
local where = require "differential.where"
local make_where = require "differential.make_where"

local scope = {}

-- Fields whose values rows may share.
local function fields_of(model)
  local out = {}
  for _, field in ipairs(generator.scalars(model)) do
    if not field.fk and field.type ~= "Json" and not generator.is_key_field(model, field.name) then out[#out + 1] = field end
  end
  return out
end

local function condition(ctx, model)
  local fields = fields_of(model)
  if #fields == 0 then return nil end
  local field = ctx.r:pick(fields)
  if ctx.r:chance(5, 2) then return { [field.name] = make_where.scalar(ctx, model, field) } end
  if field.optional and ctx.r:chance(4) then return { [field.name] = values.null } end
  return { [field.name] = make_where.value(ctx, model, field) }
end

--- Returns conditions for some of the models, at least for one if that is possible.
function scope.make(ctx)
  local out, first
  for _, model in ipairs(ctx.schema.models) do
    local wanted = condition(ctx, model)
    if wanted and (ctx.r:chance(3, 2) or not first) then
      out = out or {}
      out[model.name] = wanted
    end
    first = first or wanted
  end
  return out
end

local function is_plain(v) return type(v) ~= "table" or values.is_marker(v) end

local function is_reference(v) return values.is_marker(v) and v.kind == "field" end

-- The fields of a model that the scope gives a value.
local function given(wanted)
  local out = {}
  for name, v in pairs(wanted or {}) do
    if not is_plain(v) and v.mode == nil then v = v.equals end
    if v ~= nil and is_plain(v) and not is_reference(v) then out[name] = v end
  end
  return out
end

-- ------------------------------------------------------------------------------------------------------ what is refused before anything is sent

local refuses

local function each(v) return v[1] ~= nil and v or { v } end

local function is_envelope(item)
  for name in pairs(item) do
    if name ~= "data" and name ~= "where" then return false end
  end
  return not is_plain(item.data)
end

local inner = {
  create = function(item) return { item } end,
  connect_or_create = function(item) return { item.create } end,
  update = function(item, field) return { (field.list or is_envelope(item)) and item.data or item } end,
  update_many = function(item) return { item.data } end,
  upsert = function(item) return { item.create, item.update } end,
}

local function refuses_nested(wanted, field, ops)
  for op, v in pairs(ops) do
    for _, item in ipairs(inner[op] and type(v) == "table" and each(v) or {}) do
      for _, data in ipairs(inner[op](item, field)) do
        if refuses(wanted, field.other, data) then return true end
      end
    end
  end
  return false
end

local function same(a, b)
  if a == values.null or b == values.null then return a == b end
  return values.equal(a, b)
end

-- Whether data give a field another value than the scope does.
function refuses(wanted, model, data)
  local own = given(wanted[model.name])
  for name, v in pairs(data) do
    local field = model.by_name[name]
    if field and field.relation then
      if refuses_nested(wanted, field, v) then return true end
    elseif own[name] ~= nil then
      if not is_plain(v) then v = v.set end
      if v == nil or not same(v, own[name]) then return true end
    end
  end
  return false
end

local bulk = { create_many = true, create_many_and_return = true }

function scope.refuses(schema, call)
  local model = schema.by_name[call.model]
  for _, name in ipairs { "data", "create", "update" } do
    local data = not bulk[call.method] and call.args[name]
    if data and refuses(call.scope, model, data) then return true end
  end
  return false
end

-- -------------------------------------------------------------------------------------------------------------------------------------- the view

--- Returns the state of an evaluation by a client with the scope.
function scope.view(ctx, wanted)
  local whole = ctx.data
  local data = { rows = {}, links = whole.links }
  for _, model in ipairs(ctx.schema.models) do
    data.rows[model.name] = where.filter(ctx, model, wanted[model.name], whole.rows[model.name])
    if data.rows[model.name] == whole.rows[model.name] then error("where.filter gives a list of its own") end
  end
  local gives = {}
  for name, one in pairs(wanted) do gives[name] = given(one) end
  return { schema = ctx.schema, engine = ctx.engine, data = data, whole = whole, scope = wanted, gives = gives, written = {}, touched = {} }
end

--- Raises if a written row is outside of the scope.
function scope.check(ctx)
  for name, wanted in pairs(ctx.scope) do
    local model = ctx.schema.by_name[name]
    for _, row in ipairs(ctx.data.rows[name]) do
      if ctx.written[row] and where.matches(ctx, model, wanted, row) ~= true then error { code = "VALIDATION" } end
    end
  end
end

return scope
