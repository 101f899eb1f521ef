-- The evaluator's tables: data = { rows = { [model name] = { row... } }, links = { [relation name] = { { parent = id, child = id }... } } },
-- and the making of rows for a schema.
local generator = require "differential.schema"
local values = require "differential.values"

local rows = {}

function rows.empty(schema)
  local data = { rows = {}, links = {} }
  for _, model in ipairs(schema.models) do data.rows[model.name] = {} end
  for _, relation in ipairs(schema.relations) do
    if relation.kind == "mn" then data.links[relation.name] = {} end
  end
  return data
end

local function copy_list(list)
  local out = {}
  for i, item in ipairs(list) do
    local copy = {}
    for k, v in pairs(item) do copy[k] = v end
    out[i] = copy
  end
  return out
end

function rows.copy(data)
  local out = { rows = {}, links = {} }
  for name, list in pairs(data.rows) do out.rows[name] = copy_list(list) end
  for name, list in pairs(data.links) do out.links[name] = copy_list(list) end
  return out
end

local function key_of_list(list)
  local lines = {}
  for i, item in ipairs(list) do
    local parts = {}
    for name, v in pairs(item) do parts[#parts + 1] = name .. "=" .. values.key(v) end
    table.sort(parts)
    lines[i] = table.concat(parts, "\0")
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

-- Whether the tables hold the same rows and links.
function rows.same(a, b)
  for kind in pairs(a) do
    for name, list in pairs(a[kind]) do
      if key_of_list(list) ~= key_of_list(b[kind][name]) then return false end
    end
  end
  return true
end

-- Whether a row has these values in these fields; a null matches nothing.
function rows.has(row, fields, wanted)
  for i, name in ipairs(fields) do
    if row[name] == nil or wanted[i] == nil or not values.equal(row[name], wanted[i]) then return false end
  end
  return true
end

function rows.pick(row, fields)
  local out = {}
  for i, name in ipairs(fields) do out[i] = row[name] end
  return out
end

-- The rows at the other side of a relation.
function rows.related(data, row, field)
  local relation, out = field.relation, {}
  if relation.kind == "mn" then
    local mine, theirs = "parent", "child"
    if field.name == relation.up then mine, theirs = theirs, mine end
    for _, other in ipairs(data.rows[field.other.name]) do
      for _, link in ipairs(data.links[relation.name]) do
        if link[mine] == row.id and link[theirs] == other.id then out[#out + 1] = other end
      end
    end
    return out
  end
  local own, far = relation.references, relation.fields
  if field.holder then own, far = far, own end
  local wanted = rows.pick(row, own)
  for _, other in ipairs(data.rows[field.other.name]) do
    if rows.has(other, far, wanted) then out[#out + 1] = other end
  end
  return out
end

-- The first key that a row would share with another one, or nil.
function rows.conflict(data, model, row)
  for _, key in ipairs(generator.keys(model)) do
    local wanted = rows.pick(row, key.fields)
    for _, other in ipairs(data.rows[model.name]) do
      if other ~= row and rows.has(other, key.fields, wanted) then return key end
    end
  end
end

-- Fills the foreign key of a relation; false when it must be filled and cannot.
local function point(r, data, row, relation)
  local parents = data.rows[relation.parent.name]
  if relation.optional and (#parents == 0 or r:chance(4)) then return true end
  if #parents == 0 then return false end
  local parent = r:pick(parents)
  for i, name in ipairs(relation.fields) do row[name] = parent[relation.references[i]] end
  return true
end

-- A row that could be added, without its foreign keys when `bare`; nil when no such was found. `also` are values that it must have.
function rows.make(r, schema, data, model, bare, also)
  for _ = 1, 8 do
    local row, good = {}, true
    for _, field in ipairs(generator.scalars(model)) do
      if not field.fk and not (field.optional and r:chance(4)) then row[field.name] = values.make(r, field) end
      if field.name == "id" and field.type ~= "String" then row.id = r:int(0, 30) end
    end
    for _, relation in ipairs(schema.relations) do
      if relation.child == model and relation.kind ~= "mn" and not bare then good = point(r, data, row, relation) and good end
    end
    for name, v in pairs(also or {}) do row[name] = v end
    if good and not rows.conflict(data, model, row) then return row end
  end
end

local function link_some(r, data, relation)
  local links = data.links[relation.name]
  for _, parent in ipairs(data.rows[relation.parent.name]) do
    for _, child in ipairs(data.rows[relation.child.name]) do
      if r:chance(4) then links[#links + 1] = { parent = parent.id, child = child.id } end
    end
  end
end

function rows.fill(r, schema)
  local data = rows.empty(schema)
  for _, model in ipairs(schema.models) do
    for _ = 1, r:int(0, 9) do
      local list = data.rows[model.name]
      list[#list + 1] = rows.make(r, schema, data, model)
    end
  end
  for _, relation in ipairs(schema.relations) do
    if relation.kind == "mn" then link_some(r, data, relation) end
  end
  return data
end

return rows
