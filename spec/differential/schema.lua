-- Generates schemas: a table that says what the models are, and its text in Prisma's language.
--
-- schema = { models = { model... }, by_name, enums = {...}, relations = {...} }
-- model  = { name, map, fields = { field... }, by_name, id = { names }, id_name, uniques = { { fields = { names }, name } ... } }
-- field  = a scalar { name, column, type, enum, optional, default, fk = relation } or
--          a relation's side { name, relation, other = model, list, optional, holder = true for the side that has the foreign key }
-- Foreign keys go from later models to earlier ones or to their own, so tables can be filled in order.
local values = require "differential.values"

local generator = {}

local model_names = { "User", "Order", "Group", "Item", "Node", "Tag", "BlogPost", "Select" }
local table_names = { "where", "tab le", "limit", "T_x", "users", 'quo"te' }
local field_names = {
  "name", "title", "order", "group", "createdAt", "key", "index", "limit", "offset", "from", "to", "table", "check", "isOk", "value", "price", "desc", "data",
}
local types = { "Int", "Int", "BigInt", "Float", "Decimal", "String", "String", "Boolean", "DateTime", "Bytes", "Json", "enum" }

local function add_field(model, field)
  model.fields[#model.fields + 1] = field
  model.by_name[field.name] = field
  return field
end

local function make_enums(r)
  local enums = {}
  for i = 1, r:int(1, 2) do
    local enum = { name = "Color" .. i, values = {} }
    for _, name in ipairs(r:some({ "RED", "GREEN", "BLUE", "Dark", "light" }, r:int(2, 5))) do
      local column = r:chance(3) and r:pick { "x-", "1 ", "'", "é" } .. name or name
      enum.values[#enum.values + 1] = { name = name, column = column }
    end
    enums[i] = enum
  end
  return enums
end

local function scalar(r, name, type_name, optional)
  return { name = name, column = r:chance(4) and "c " .. name or name, type = type_name, optional = optional }
end

local function add_id(r, model)
  local kind = r:weighted { { 5, "Int" }, { 2, "String" }, { 1, "BigInt" }, { 2, "compound" } }
  if kind ~= "compound" then
    add_field(model, scalar(r, "id", kind, false))
    model.id = { "id" }
    return
  end
  add_field(model, scalar(r, "idA", r:pick { "Int", "String" }, false))
  add_field(model, scalar(r, "idB", "Int", false))
  model.id = { "idA", "idB" }
  model.id_name = r:chance(3) and "theKey" or nil
end

local function add_scalars(r, model, enums)
  for _, name in ipairs(r:some(field_names, r:int(2, 7))) do
    local type_name = r:pick(types)
    local field = scalar(r, name, type_name, r:chance(2))
    if type_name == "enum" then
      field.enum = r:pick(enums)
      field.type = field.enum.name
    end
    if not field.optional and r:chance(4) and (type_name == "Int" or type_name == "Boolean") then field.default = values.make(r, field) end
    add_field(model, field)
  end
end

local unique_types = { Int = true, String = true, BigInt = true, DateTime = true }

local function add_uniques(r, model)
  local able = {}
  for _, field in ipairs(model.fields) do
    if unique_types[field.type] and not field.default and not field.name:find "^id" then able[#able + 1] = field.name end
  end
  if #able >= 1 and r:chance(2) then model.uniques[1] = { fields = { able[1] } } end
  if #able >= 3 and r:chance(2) then model.uniques[#model.uniques + 1] = { fields = { able[2], able[3] }, name = r:chance(3) and "pair" or nil } end
end

local function make_model(r, name, enums)
  local model = { name = name, fields = {}, by_name = {}, uniques = {} }
  add_id(r, model)
  add_scalars(r, model, enums)
  add_uniques(r, model)
  return model
end

local function none_optional(model, names)
  for _, name in ipairs(names) do
    if model.by_name[name].optional then return false end
  end
  return true
end

local function add_foreign_key(r, relation, n)
  local child, parent = relation.child, relation.parent
  relation.fields, relation.references = {}, {}
  local references = parent.id
  local unique = parent.uniques[1]
  if unique and r:chance(4) and none_optional(parent, unique.fields) then references = unique.fields end
  for i, name in ipairs(references) do
    local field = scalar(r, ("r%dKey%d"):format(n, i), parent.by_name[name].type, relation.optional)
    field.fk = relation
    add_field(child, field)
    relation.fields[i], relation.references[i] = field.name, name
  end
  if relation.kind == "11" then child.uniques[#child.uniques + 1] = { fields = relation.fields } end
end

local function on_delete(r, relation)
  if relation.optional then return r:pick { "SetNull", "SetNull", "Cascade" } end
  return r:pick { "Restrict", "Cascade", "Cascade" }
end

local function add_relation(r, schema, n)
  local a, b = r:int(1, #schema.models), r:int(1, #schema.models)
  local parent, child = schema.models[math.min(a, b)], schema.models[math.max(a, b)]
  local single = #parent.id == 1 and #child.id == 1
  local kind = r:weighted { { 5, "1n" }, { 2, "11" }, { single and 3 or 0, "mn" } }
  local relation = { name = "R" .. n, kind = kind, parent = parent, child = child, n = n }
  relation.optional = a == b or r:chance(2)
  relation.on_delete = on_delete(r, relation)
  if kind ~= "mn" then add_foreign_key(r, relation, n) end
  local holder = { name = "up" .. n, relation = relation, other = parent, holder = kind ~= "mn", list = kind == "mn", optional = relation.optional }
  local back = { name = "down" .. n, relation = relation, other = child, list = kind ~= "11", optional = true }
  relation.up, relation.down = holder.name, back.name
  holder.back, back.back = back, holder
  add_field(child, holder)
  add_field(parent, back)
  schema.relations[#schema.relations + 1] = relation
end

function generator.make(r)
  local schema = { models = {}, by_name = {}, relations = {}, enums = make_enums(r) }
  local maps = r:some(table_names, #table_names)
  for i, name in ipairs(r:some(model_names, r:int(2, 5))) do
    local model = make_model(r, name, schema.enums)
    model.map = r:chance(3) and maps[i] or nil
    schema.models[i], schema.by_name[name] = model, model
  end
  for n = 1, r:int(#schema.models - 1, #schema.models + 2) do add_relation(r, schema, n) end
  return schema
end

-- ---------------------------------------------------------------- text

local function quote(text) return '"' .. text:gsub('[\\"]', "\\%0") .. '"' end

local function unique_attribute(model, name)
  for _, unique in ipairs(model.uniques) do
    if #unique.fields == 1 and unique.fields[1] == name then return " @unique" end
  end
  return ""
end

local function scalar_text(model, field)
  local text = ("  %s %s%s"):format(field.name, field.type, field.optional and "?" or "")
  if #model.id == 1 and model.id[1] == field.name then text = text .. " @id" end
  text = text .. unique_attribute(model, field.name)
  if field.default ~= nil then text = text .. (" @default(%s)"):format(tostring(field.default)) end
  if field.column ~= field.name then text = text .. (" @map(%s)"):format(quote(field.column)) end
  return text
end

local function relation_text(field)
  local relation = field.relation
  local text = ("  %s %s%s @relation(%s"):format(field.name, field.other.name, field.list and "[]" or field.optional and "?" or "", quote(relation.name))
  if field.holder then
    local fields, references = table.concat(relation.fields, ", "), table.concat(relation.references, ", ")
    text = text .. (", fields: [%s], references: [%s], onDelete: %s"):format(fields, references, relation.on_delete)
  end
  return text .. ")"
end

local function model_text(model)
  local lines = { "model " .. model.name .. " {" }
  for _, field in ipairs(model.fields) do lines[#lines + 1] = field.relation and relation_text(field) or scalar_text(model, field) end
  if #model.id > 1 then
    lines[#lines + 1] = ("  @@id([%s]%s)"):format(table.concat(model.id, ", "), model.id_name and ", name: " .. quote(model.id_name) or "")
  end
  for _, unique in ipairs(model.uniques) do
    if #unique.fields > 1 then
      lines[#lines + 1] = ("  @@unique([%s]%s)"):format(table.concat(unique.fields, ", "), unique.name and ", name: " .. quote(unique.name) or "")
    end
  end
  if model.map then lines[#lines + 1] = ("  @@map(%s)"):format(quote(model.map)) end
  lines[#lines + 1] = "}"
  return table.concat(lines, "\n")
end

local function enum_text(enum)
  local lines = { "enum " .. enum.name .. " {" }
  for _, value in ipairs(enum.values) do
    lines[#lines + 1] = "  " .. value.name .. (value.column ~= value.name and (" @map(%s)"):format(quote(value.column)) or "")
  end
  lines[#lines + 1] = "}"
  return table.concat(lines, "\n")
end

function generator.text(schema)
  local parts = {}
  for _, enum in ipairs(schema.enums) do parts[#parts + 1] = enum_text(enum) end
  for _, model in ipairs(schema.models) do parts[#parts + 1] = model_text(model) end
  return table.concat(parts, "\n") .. "\n"
end

-- ---------------------------------------------------------------- what the others ask of a schema

function generator.scalars(model)
  local out = {}
  for _, field in ipairs(model.fields) do
    if not field.relation then out[#out + 1] = field end
  end
  return out
end

function generator.relations(model)
  local out = {}
  for _, field in ipairs(model.fields) do
    if field.relation then out[#out + 1] = field end
  end
  return out
end

-- The keys of a model: { { fields = {...}, name = how `where` calls a compound one } ... }, the primary key first.
function generator.keys(model)
  local keys = { { fields = model.id, name = #model.id > 1 and (model.id_name or table.concat(model.id, "_")) or nil } }
  for _, unique in ipairs(model.uniques) do
    keys[#keys + 1] = { fields = unique.fields, name = #unique.fields > 1 and (unique.name or table.concat(unique.fields, "_")) or nil }
  end
  return keys
end

function generator.is_key_field(model, name)
  for _, key in ipairs(generator.keys(model)) do
    for _, field in ipairs(key.fields) do
      if field == name then return true end
    end
  end
  return false
end

return generator
