--- db:schema(): the schema of a client as plain tables, for forms, admin pages and descriptions of an API.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"

local methods = client.methods

-- What is not part of the client is left out.
local function visible(list)
  local kept = core.array {}
  for _, item in ipairs(list) do
    if not item.ignored then kept[#kept + 1] = item end
  end
  return kept
end

local function value_names(enum)
  local names = core.array {}
  for i, value in ipairs(enum.values) do names[i] = value.name end
  return names
end

local function complete(model, enums)
  model.fields, model.keys = visible(model.fields), core.array(model.keys)
  for _, f in ipairs(model.fields) do
    if f.kind == "enum" then f.values = value_names(enums[f.type]) end
  end
  return model
end

local function find_model(models, name)
  local names = {}
  for _, m in ipairs(models) do
    if name == m.name or name == m.snake or name == m.camel then return m end
    names[m.snake] = true
  end
  local near = type(name) == "string" and errors.nearest(name, names)
  errors.raise("VALIDATION", "schema: unknown model `%s`%s", tostring(name), near and ("; did you mean `%s`?"):format(near) or "")
end

--- Returns what the schema says: its models with fields, keys, rules and comments, and its enums, as new tables in the order of the schema. With the name
--- of a model only that.
---@param name? string
---@return rille.SchemaInfo
---@overload fun(self: rille.Client, name: string): rille.ModelInfo
function methods:schema(name)
  local facts, enums = core.schema_models(client.scope(self, "schema")), {}
  for _, e in ipairs(facts.enums) do enums[e.name] = e end
  if name ~= nil then return complete(find_model(visible(facts.models), name), enums) end
  facts.models, facts.enums = visible(facts.models), core.array(facts.enums)
  for _, m in ipairs(facts.models) do complete(m, enums) end
  return facts
end

return methods
