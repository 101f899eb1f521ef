-- Evaluates the data of create and update, with the nested writes in it.
local generator = require "differential.schema"
local values = require "differential.values"
local rows = require "differential.rows"
local where = require "differential.where"
local store = require "differential.store"

local nested = {}

local function is_list(v) return type(v) == "table" and not values.is_marker(v) and v[1] ~= nil end

local function each(v) return is_list(v) and v or next(v) == nil and {} or { v } end

local function find(ctx, model, filter, list) return where.filter(ctx, model, filter, list or ctx.data.rows[model.name])[1] end

local function fail(code) error { code = code } end

local function clear(ctx, relation, child)
  if not relation.optional then fail "P2014" end
  local nothing = {}
  for _, name in ipairs(relation.fields) do nothing[name] = values.null end
  store.change(ctx, relation.child, child, nothing)
end

-- Makes `child` point to `parent`; of a one-to-one relation who did so before no longer does.
local function attach(ctx, relation, parent, child)
  if relation.kind == "11" then
    local wanted = rows.pick(parent, relation.references)
    for _, other in ipairs(ctx.data.rows[relation.child.name]) do
      if other ~= child and rows.has(other, relation.fields, wanted) then clear(ctx, relation, other) end
    end
  end
  local data = {}
  for i, name in ipairs(relation.fields) do data[name] = parent[relation.references[i]] end
  store.change(ctx, relation.child, child, data)
end

local function ends_of(field, row, other)
  if field.holder or field.relation.kind == "mn" and field.name == field.relation.up then return other, row end
  return row, other
end

local function link(ctx, field, row, other)
  local relation = field.relation
  local parent, child = ends_of(field, row, other)
  if relation.kind ~= "mn" then return attach(ctx, relation, parent, child) end
  local links = ctx.data.links[relation.name]
  for _, existing in ipairs(links) do
    if existing.parent == parent.id and existing.child == child.id then return end
  end
  links[#links + 1] = { parent = parent.id, child = child.id }
end

local function unlink(ctx, field, row, other)
  local relation = field.relation
  local parent, child = ends_of(field, row, other)
  if relation.kind ~= "mn" then return clear(ctx, relation, child) end
  local links = ctx.data.links[relation.name]
  for i = #links, 1, -1 do
    if links[i].parent == parent.id and links[i].child == child.id then table.remove(links, i) end
  end
end

-- What a new child needs to point to `row`, when it is the child that has the foreign key.
local function with_key(field, row, data)
  local relation, copy = field.relation, {}
  for name, v in pairs(data) do copy[name] = v end
  if relation.kind ~= "mn" and not field.holder then
    for i, name in ipairs(relation.fields) do copy[name] = row[relation.references[i]] end
  end
  return copy
end

local function make_child(ctx, field, row, data)
  local relation = field.relation
  if relation.kind == "11" and not field.holder then
    for _, other in ipairs(rows.related(ctx.data, row, field)) do clear(ctx, relation, other) end
  end
  local other = nested.create(ctx, field.other, with_key(field, row, data))
  if relation.kind == "mn" or field.holder then link(ctx, field, row, other) end
  return other
end

-- The row that is meant among those that are related; nil when there is none.
local function related_one(ctx, field, row, filter)
  return find(ctx, field.other, filter, rows.related(ctx.data, row, field))
end

local ops = {}

function ops.create(ctx, field, row, v)
  for _, data in ipairs(each(v)) do make_child(ctx, field, row, data) end
end

function ops.create_many(ctx, field, row, v)
  for _, data in ipairs(each(v.data)) do store.insert(ctx, field.other, with_key(field, row, data), v.skip_duplicates) end
end

function ops.connect(ctx, field, row, v)
  for _, filter in ipairs(each(v)) do
    local other = find(ctx, field.other, filter)
    -- Prisma has a code of its own where the other side holds the key of a list.
    if not other then fail(field.relation.kind == "1n" and not field.holder and "P2018" or "P2025") end
    link(ctx, field, row, other)
  end
end

function ops.connect_or_create(ctx, field, row, v)
  for _, item in ipairs(each(v)) do
    local other = find(ctx, field.other, item.where)
    if other then link(ctx, field, row, other) else make_child(ctx, field, row, item.create) end
  end
end

function ops.disconnect(ctx, field, row, v)
  for _, filter in ipairs(v == true and { {} } or each(v)) do
    local other = related_one(ctx, field, row, filter)
    if other then unlink(ctx, field, row, other) end
  end
end

function ops.set(ctx, field, row, v)
  local wanted = {}
  for _, filter in ipairs(each(v)) do
    local other = find(ctx, field.other, filter)
    if other then wanted[other] = true elseif field.relation.kind == "mn" then fail "P2025" end
  end
  for _, other in ipairs(rows.related(ctx.data, row, field)) do
    if not wanted[other] then unlink(ctx, field, row, other) end
  end
  for other in pairs(wanted) do link(ctx, field, row, other) end
end

function ops.delete(ctx, field, row, v)
  for _, filter in ipairs(v == true and { {} } or each(v)) do
    local other = related_one(ctx, field, row, filter)
    if not other then fail(field.list and "P2017" or "P2025") end
    -- A row that goes with its parent is a matter of its own.
    if field.holder and field.relation.on_delete == "Cascade" then error { skip = true } end
    store.delete(ctx, field.other, { other })
  end
end

function ops.delete_many(ctx, field, row, v)
  for _, filter in ipairs(is_list(v) and v or { v }) do
    store.delete(ctx, field.other, where.filter(ctx, field.other, filter, rows.related(ctx.data, row, field)))
  end
end

-- A row that is its own parent is written twice by one call: the order is not this test's matter.
local function not_itself(row, other)
  if row == other then error { skip = true } end
end

function ops.update(ctx, field, row, v)
  for _, item in ipairs(each(v)) do
    local plain = not item.data
    local data = plain and item or item.data
    -- Nothing to write is nothing to look for.
    if next(data) ~= nil then
      local other = related_one(ctx, field, row, plain and {} or item.where or {}) or fail "P2025"
      not_itself(row, other)
      nested.update(ctx, field.other, other, data)
    end
  end
end

function ops.update_many(ctx, field, row, v)
  for _, item in ipairs(each(v)) do
    local list = where.filter(ctx, field.other, item.where, rows.related(ctx.data, row, field))
    for _, other in ipairs(list) do store.change(ctx, field.other, other, item.data) end
  end
end

function ops.upsert(ctx, field, row, v)
  for _, item in ipairs(each(v)) do
    local other = related_one(ctx, field, row, item.where or {})
    not_itself(row, other)
    if other then nested.update(ctx, field.other, other, item.update) else make_child(ctx, field, row, item.create) end
  end
end

-- One operation a relation is all that is generated: the order of several is not this test's matter.
local function apply(ctx, model, row, data, holders)
  for _, field in ipairs(generator.relations(model)) do
    if data[field.name] and (field.holder == true) == holders then
      for op, v in pairs(data[field.name]) do ops[op](ctx, field, row, v) end
    end
  end
end

-- A child that is made with a parent gets its foreign key before it is added, for the key may be required.
local function resolve_holders(ctx, model, data)
  local copy, later = {}, {}
  for name, v in pairs(data) do copy[name] = v end
  for _, field in ipairs(generator.relations(model)) do
    if field.holder and data[field.name] then
      local op, v = next(data[field.name])
      local parent = op ~= "create" and find(ctx, field.other, op == "connect" and v or v.where)
      if not parent and op == "connect" then fail "P2025" end
      parent = parent or nested.create(ctx, field.other, op == "create" and v or v.create)
      for i, name in ipairs(field.relation.fields) do copy[name] = parent[field.relation.references[i]] end
      later[#later + 1] = { relation = field.relation, parent = parent }
    end
  end
  return copy, later
end

local function make_room(ctx, relation, parent)
  if relation.kind ~= "11" then return end
  for _, other in ipairs(ctx.data.rows[relation.child.name]) do
    if rows.has(other, relation.fields, rows.pick(parent, relation.references)) then clear(ctx, relation, other) end
  end
end

function nested.create(ctx, model, data)
  local scalars, holders = resolve_holders(ctx, model, data)
  for _, item in ipairs(holders) do make_room(ctx, item.relation, item.parent) end
  local row = store.insert(ctx, model, scalars)
  apply(ctx, model, row, data, false)
  return row
end

function nested.update(ctx, model, row, data)
  local function must_be_there()
    if not store.holds(ctx, model, row) then error { skip = true } end
  end
  apply(ctx, model, row, data, true)
  must_be_there()
  store.change(ctx, model, row, data)
  apply(ctx, model, row, data, false)
  must_be_there()
end

return nested
