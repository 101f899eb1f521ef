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
---@field key string[] the fields of a key that every row has
---@field key_name string|nil of a key of several fields, in a unique where

-- The key that identifies a row: the primary key if there is one.
local function find_key(model, by_name)
  local best
  for _, key in ipairs(model.keys) do
    local complete = key.kind == "primary" or key.kind == "unique"
    for _, name in ipairs(key.fields) do complete = complete and by_name[name] ~= nil and (by_name[name].required or false) end
    if complete and (not best or key.kind == "primary" and best.kind ~= "primary") then best = key end
  end
  return best
end

local function read(scope, name)
  local model = core.model_facts(scope, name)
  local own = { name = model.name, snake = model.snake, view = model.view, by_name = {}, values = {}, all = {}, relations = {}, updated_at = {} }
  for _, f in ipairs(model.fields) do
    if not f.ignored then
      own.by_name[f.name] = f
      if f.kind == "relation" then own.relations[#own.relations + 1] = f end
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

return facts
