--- rille.json: values as JSON text, and back.
local core = require "rille.core"
local client = require "rille.client"
local config = require "rille.config"
local errors = require "rille.errors"
local options = require "rille.options"
local unwrap = require "rille.unwrap"

local json = { decode = core.json.decode }

local ENCODE = options.declare("rille.JsonOptions", {
  { "model", "any", is = "string|userdata|table", doc = "the value is a row of it, or rows: keys in the order of the schema, Bytes as base64" },
  { "bigint", "word", one_of = { "number", "string" }, doc = '"string": BigInt fields, and integers beyond 2^53, as strings' },
  { "pretty", "boolean", doc = "one line per value" },
})

-- The fields of a model as one string: clients with the same string have the same model.
local function shape_of(schema, name)
  local parts, model = {}, core.model_facts(schema, name)
  for i, f in ipairs(model and model.fields or {}) do parts[i] = f.name .. " " .. f.type end
  return model and table.concat(parts, ",")
end

-- The schema by convention, read once.
local usual

local function usual_schema(name)
  if not usual then
    local ok, source = pcall(config.source, {})
    usual = ok and core.schema(source)
  end
  if usual and core.schema_model(usual, name) then return usual end
  return errors.raise("VALIDATION", "json.encode: no open client and no schema.prisma has a model `%s`", name)
end

-- The schema with the model: that of the open clients, which must agree on it, or the one of the project.
local function schema_of(name)
  local found, shape
  for db in pairs(client.open) do
    local scope = rawget(db, client.SCOPE)
    if core.has_model(scope, name) and not found then
      found = scope
    elseif core.has_model(scope, name) then
      shape = shape or shape_of(found, name)
      if shape_of(scope, name) ~= shape then
        errors.raise("VALIDATION", "json.encode: open clients have different models `%s`: give the model itself, as in model = db.%s", name, name)
      end
    end
  end
  return found or usual_schema(name)
end

--- Returns a value as JSON text. Keys are sorted; decimals are strings, integers exact, `rille.null` is null, an empty list from rille is `[]`. With
--- `model`, the value is a row of that model, a list of rows, or a table that contains them: keys come in the order of the schema, in relations too,
--- and Bytes are base64. Errors, with the path: P2006 (not UTF-8, not finite), VALIDATION (a function, a list with other keys).
---@param value any
---@param given? rille.JsonOptions
---@return string
function json.encode(value, given)
  if given == nil then return core.json.encode(value) end
  options.check(ENCODE, given, "json.encode")
  local bigint, pretty, model = given.bigint, given.pretty, unwrap.model(given.model)
  if type(model) == "string" then return core.json.encode(value, pretty, bigint == "string", schema_of(model), model) end
  if model ~= nil and type(model) ~= "userdata" then
    options.refuse("json.encode: model", "the name of a model, or a model, as in db.user", model)
  end
  return core.json.encode(value, pretty, bigint == "string", model)
end

return json
