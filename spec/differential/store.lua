-- Changes the evaluator's tables as a database would: keys, foreign keys and what happens to children.
local generator = require "differential.schema"
local values = require "differential.values"
local rows = require "differential.rows"

local store = {}

local INT = 2147483647
local EXACT = 2 ^ 53

-- The tables of the database; ctx.data has what the client sees of them.
local function all(ctx) return ctx.whole or ctx.data end

-- A client with a scope answers only for the keys that it has written.
local function is_written(ctx, row, relation)
  if not ctx.whole then return true end
  for _, name in ipairs(relation.fields) do
    if (ctx.touched[row] or {})[name] then return true end
  end
  return false
end

local function note_written(ctx, row, name)
  if not ctx.whole then return end
  ctx.written[row] = true
  ctx.touched[row] = ctx.touched[row] or {}
  ctx.touched[row][name] = true
end

local function check_foreign_keys(ctx, model, row)
  for _, relation in ipairs(ctx.schema.relations) do
    if relation.child == model and relation.kind ~= "mn" and is_written(ctx, row, relation) then
      local wanted, complete = rows.pick(row, relation.fields), true
      for i = 1, #relation.fields do complete = complete and wanted[i] ~= nil end
      local found = not complete
      for _, parent in ipairs(ctx.data.rows[relation.parent.name]) do found = found or rows.has(parent, relation.references, wanted) end
      if not found then error { code = "P2003" } end
    end
  end
end

-- Adds a row of scalar values; what is missing gets its default. Returns the row, or nil when it was skipped as a duplicate.
function store.insert(ctx, model, data, skip_duplicates)
  local row = {}
  for _, field in ipairs(generator.scalars(model)) do
    local v = data[field.name]
    if v == nil and ctx.gives then v = (ctx.gives[model.name] or {})[field.name] end
    if v == nil then v = field.default end
    if v ~= values.null then row[field.name] = v end
    note_written(ctx, row, field.name)
  end
  if rows.conflict(all(ctx), model, row) then
    if skip_duplicates then return nil end
    error { code = "P2002" }
  end
  table.insert(ctx.data.rows[model.name], row)
  if ctx.whole then table.insert(ctx.whole.rows[model.name], row) end
  check_foreign_keys(ctx, model, row)
  return row
end

local arithmetic = {
  increment = function(a, b) return a + b end,
  decrement = function(a, b) return a - b end,
  multiply = function(a, b) return a * b end,
  -- Integers are cut towards zero.
  divide = function(a, b)
    if math.type(a) == "float" then return a / b end
    local q = a // b
    return q < 0 and q * b ~= a and q + 1 or q
  end,
}

local function number(v) return values.is_marker(v) and v.number or v end

local function calculate(field, old, op, operand)
  if op == "set" then return operand end
  if old == nil then return nil end
  local a, b = number(old), number(operand)
  if math.abs(a + 0.0) > EXACT then error { skip = true } end
  local result = arithmetic[op](a, b)
  -- Beyond these the engines differ, and so may what a division gives that no sum of powers of two is.
  if math.abs(result + 0.0) > (field.type == "Int" and INT or EXACT) then error { skip = true } end
  if math.type(result) == "float" and result * 2 ^ 20 % 1 ~= 0 then error { skip = true } end
  return field.type == "Decimal" and values.decimal(result) or result
end

local function children(ctx, relation, row)
  local out, wanted = {}, rows.pick(row, relation.references)
  for _, child in ipairs(all(ctx).rows[relation.child.name]) do
    if rows.has(child, relation.fields, wanted) then out[#out + 1] = child end
  end
  return out
end

-- The children that point to a row, by relation, with the key that they point to now.
local function followers(ctx, model, row)
  local out = {}
  for _, relation in ipairs(ctx.schema.relations) do
    if relation.kind ~= "mn" and relation.parent == model then
      out[#out + 1] = { relation = relation, children = children(ctx, relation, row), key = rows.pick(row, relation.references) }
    end
  end
  return out
end

local function relink(ctx, model, old, new)
  for _, relation in ipairs(ctx.schema.relations) do
    for _, link in ipairs(all(ctx).links[relation.name] or {}) do
      if relation.parent == model and link.parent == old then link.parent = new end
      if relation.child == model and link.child == old then link.child = new end
    end
  end
end

-- When two parts of one call give a row different parents, the order of the parts decides, and that is not this test's matter.
local function note_parent(ctx, row, name, v)
  ctx.parents = ctx.parents or {}
  local known = ctx.parents[row] or {}
  ctx.parents[row] = known
  local key = values.key(v)
  if known[name] and known[name] ~= key then error { skip = true } end
  known[name] = key
end

local function set_fields(ctx, model, row, data)
  for _, field in ipairs(generator.scalars(model)) do
    local v = data[field.name]
    if type(v) == "table" and not values.is_marker(v) then v = calculate(field, row[field.name], next(v)) end
    if v == values.null then v = nil end
    if data[field.name] ~= nil then
      row[field.name] = v
      note_written(ctx, row, field.name)
      if field.fk then note_parent(ctx, row, field.name, v) end
    end
  end
end

-- Sets fields of a row, and of those that follow it; `changed` gets them all.
local function change(ctx, model, row, data, changed)
  local list, old = followers(ctx, model, row), row.id
  changed[#changed + 1] = { model = model, row = row }
  set_fields(ctx, model, row, data)
  for _, item in ipairs(list) do
    local key = {}
    for i, name in ipairs(item.relation.fields) do key[name] = row[item.relation.references[i]] end
    local itself = item.relation.child == model and data[item.relation.fields[1]] ~= nil
    if #item.key > 0 and not rows.has(row, item.relation.references, item.key) then
      -- A row that gets a key and a parent, of its own table, at once: whether the parent is itself, and under which key, is open.
      if itself then error { skip = true } end
      for _, child in ipairs(item.children) do change(ctx, item.relation.child, child, key, changed) end
    end
  end
  if row.id ~= old then relink(ctx, model, old, row.id) end
end

-- Sets scalar fields: values, values.null, or one operation.
function store.change(ctx, model, row, data)
  local changed = {}
  change(ctx, model, row, data, changed)
  for _, item in ipairs(changed) do
    if rows.conflict(all(ctx), item.model, item.row) then error { code = "P2002" } end
  end
  for _, item in ipairs(changed) do check_foreign_keys(ctx, item.model, item.row) end
end

local function remove(list, row)
  for i, other in ipairs(list) do
    if other == row then return table.remove(list, i) end
  end
end

local function unlink(ctx, model, row)
  for _, relation in ipairs(ctx.schema.relations) do
    local links = all(ctx).links[relation.name] or {}
    for i = #links, 1, -1 do
      local gone = relation.parent == model and links[i].parent == row.id or relation.child == model and links[i].child == row.id
      if gone then table.remove(links, i) end
    end
  end
end

local function delete_one(ctx, model, row)
  if not remove(all(ctx).rows[model.name], row) then return end
  if ctx.whole then remove(ctx.data.rows[model.name], row) end
  unlink(ctx, model, row)
  for _, relation in ipairs(ctx.schema.relations) do
    if relation.parent == model and relation.kind ~= "mn" then
      for _, child in ipairs(children(ctx, relation, row)) do
        if relation.on_delete == "Cascade" then delete_one(ctx, relation.child, child)
        elseif relation.on_delete == "SetNull" then
          for _, name in ipairs(relation.fields) do child[name] = nil end
        end
      end
    end
  end
end

function store.holds(ctx, model, row)
  for _, other in ipairs(all(ctx).rows[model.name]) do
    if other == row then return true end
  end
  return false
end

-- All pairs of rows of which the child forbids to delete the parent.
local function restricted_pairs(ctx)
  local pairs_of = {}
  for _, relation in ipairs(ctx.schema.relations) do
    if relation.kind ~= "mn" and relation.on_delete == "Restrict" then
      for _, parent in ipairs(all(ctx).rows[relation.parent.name]) do
        for _, child in ipairs(children(ctx, relation, parent)) do pairs_of[#pairs_of + 1] = { relation = relation, parent = parent, child = child } end
      end
    end
  end
  return pairs_of
end

-- Whether a row goes by itself too, when another of the list goes.
local function goes_twice(ctx, model, row, in_list, seen)
  for _, relation in ipairs(ctx.schema.relations) do
    if relation.kind ~= "mn" and relation.parent == model and relation.on_delete == "Cascade" then
      for _, child in ipairs(children(ctx, relation, row)) do
        if in_list[child] then return true end
        if not seen[child] then
          seen[child] = true
          if goes_twice(ctx, relation.child, child, in_list, seen) then return true end
        end
      end
    end
  end
  return false
end

-- Deletes rows and what depends on them. Where a row goes by two ways at once, engines differ: on which comes first, and on how many they count.
function store.delete(ctx, model, list)
  local restricted, doubtful, in_list = restricted_pairs(ctx), false, {}
  for _, row in ipairs(list) do in_list[row] = #list > 1 end
  for _, row in ipairs(list) do doubtful = doubtful or goes_twice(ctx, model, row, in_list, {}) end
  for _, row in ipairs(table.move(list, 1, #list, 1, {})) do delete_one(ctx, model, row) end
  for _, pair in ipairs(restricted) do
    if not store.holds(ctx, pair.relation.parent, pair.parent) then
      if store.holds(ctx, pair.relation.child, pair.child) then error { code = "P2003" } end
      doubtful = true
    end
  end
  if doubtful then error { skip = true } end
end

return store
