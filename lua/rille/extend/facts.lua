--- What extensions need to know of a model, prepared once per client: its fields by name, its values, its relations and its key.
local core = require "rille.core"

local facts = {}

---@class rille.ExtendedFacts
---@field name string in the schema
---@field snake string
---@field view boolean|nil
---@field by_name table<string, table> its fields that are part of the client
---@field values string[] the names of its fields with a value
---@field all table<string, true> the same as `select`
---@field relations table[] in the order of the schema
---@field followers table[] those of them by which rows refer to one of this model, and rille acts on them (`relationMode = "prisma"`)
---@field key string[] the fields of a key that every row has
---@field key_name string|nil of a key of several fields, in a unique where

-- The key that identifies a row: the primary key if there is one.
local function find_key(model, by_name)
  local best
  for _, key in ipairs(model.keys) do
    local complete = key.names_row
    for _, name in ipairs(key.fields) do complete = complete and by_name[name].required end
    if complete and (not best or key.kind == "primary" and best.kind ~= "primary") then best = key end
  end
  return best
end

local function read(scope, name)
  local model = core.model_facts(scope, name)
  local own = { name = model.name, snake = model.snake, view = model.view, by_name = {}, values = {}, all = {}, relations = {}, followers = {} }
  for _, f in ipairs(model.fields) do
    if not f.ignored then
      own.by_name[f.name] = f
      if f.kind == "relation" then own.relations[#own.relations + 1] = f end
      if f.emulated and not f.holds_key and f.on_delete then own.followers[#own.followers + 1] = f end
      if f.kind == "scalar" or f.kind == "enum" then
        own.values[#own.values + 1], own.all[f.name] = f.name, true
      end
    end
  end
  local key = find_key(model, own.by_name)
  own.key = key and key.fields or {}
  own.key_name = key and #key.fields > 1 and key.client_name or nil
  return own
end

--- Returns the facts of a model.
---@param cache table<string, rille.ExtendedFacts> of the client and all that are derived from it
---@param scope userdata
---@param name string in the schema
---@return rille.ExtendedFacts
function facts.of(cache, scope, name)
  local found = cache[name]
  if not found then
    found = read(scope, name)
    cache[name] = found
  end
  return found
end

--- Returns the unique `where` of a row.
---@param own rille.ExtendedFacts
---@param row table
---@return table
function facts.where(own, row)
  local key = facts.condition(own, row)
  return own.key_name and { [own.key_name] = key } or key
end

--- Returns the same as a condition.
---@param own rille.ExtendedFacts
---@param row table
---@return table
function facts.condition(own, row)
  local key = {}
  for _, name in ipairs(own.key) do key[name] = row[name] end
  return key
end

--- Returns whether a value is given: neither nil nor rille.null.
---@param value any
---@return boolean
function facts.is_given(value) return value ~= nil and value ~= core.null end

--- Returns values of a row under the names of other fields: a foreign key from the row that it refers to, or the other way round.
---@param row table
---@param from string[] its fields
---@param to string[] their names in the result
---@return table
function facts.carry(row, from, to)
  local values = {}
  for i, name in ipairs(from) do values[to[i]] = row[name] end
  return values
end

--- Returns the same; nil if one of the values is not given: then the key refers to nothing.
---@param row table
---@param from string[]
---@param to string[]
---@return table|nil
function facts.carry_given(row, from, to)
  for _, name in ipairs(from) do
    if not facts.is_given(row[name]) then return nil end
  end
  return facts.carry(row, from, to)
end

--- Returns rille.null for those of the fields that may be NULL.
---@param own rille.ExtendedFacts
---@param names string[]
---@return table
function facts.nulls(own, names)
  local values = {}
  for _, name in ipairs(names) do
    if not own.by_name[name].required then values[name] = core.null end
  end
  return values
end

--- Returns the name of a relation that a row has; nil: it has fields with a value only.
---@param own rille.ExtendedFacts
---@param row table
---@return string|nil
function facts.relation_in(own, row)
  for name in pairs(row) do
    local field = own.by_name[name]
    if field and field.kind == "relation" then return name end
  end
end

--- Returns a copy of a table, with the same values.
---@param t table
---@return table
function facts.copy(t)
  local copy = {}
  for key, value in pairs(t) do copy[key] = value end
  return copy
end

return facts
