--- The values of a model's fields as text, and back: the cells of a CSV file.
local base64 = require "rille.bytes"
local core = require "rille.core"

local cells = {}

local function is_null(value) return value == nil or value == core.null or value == core.db_null end

-- ------------------------------------------------------------------------------------------------------------------------------------------ writing

local function float_text(value)
  if value ~= value then return "nan" end
  if value == math.huge then return "inf" end
  if value == -math.huge then return "-inf" end
  return core.json.encode(value)
end

local function number_text(value)
  if math.type and math.type(value) == "integer" or value % 1 == 0 and math.abs(value) <= 2 ^ 53 then return ("%.0f"):format(value) end
  return float_text(value)
end
if math.type then
  local plain = number_text
  function number_text(value) return math.type(value) == "integer" and ("%d"):format(value) or plain(value) end
end

local function has_text(value)
  local metatable = getmetatable(value)
  return type(metatable) == "table" and metatable.__tostring ~= nil
end

--- Returns a value without a field as text; nil for NULL.
---@param value any
---@return string|nil
function cells.plain_text(value)
  if is_null(value) then return nil end
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "number" then return number_text(value) end
  if kind == "table" and not has_text(value) then return core.json.encode(value) end
  return value == core.json_null and "null" or tostring(value)
end

local function list_text(field, list)
  local copy = core.array {}
  for i = 1, #list do
    local value = list[i]
    copy[i] = field.type == "Bytes" and type(value) == "string" and base64.encode(value) or value
  end
  return core.json.encode(copy)
end

--- Returns the value of a field in a row as text; nil for NULL. For Json, nil is NULL, and rille.null JSON's null.
---@param field table as in core.model_facts
---@param value any
---@return string|nil
function cells.text(field, value)
  if field.type == "Json" and field.kind == "scalar" and not field.list then
    if value == nil or value == core.db_null then return nil end
    if value == core.null or value == core.json_null then return "null" end
    return core.json.encode(value)
  end
  if is_null(value) then return nil end
  if field.list and type(value) == "table" then return list_text(field, value) end
  if field.type == "Bytes" and type(value) == "string" then return base64.encode(value) end
  return cells.plain_text(value)
end

-- ------------------------------------------------------------------------------------------------------------------------------------------ reading

local function shown(text)
  if #text > 40 then text = text:sub(1, 40) .. "..." end
  return ("%q"):format(text):gsub("\\\n", "\\n")
end

local function refused(what, text) return nil, ("expected %s, got %s"):format(what, (shown(text))) end

local function integer_of(text)
  local digits = text:match "^[+]?(%-?%d+)$"
  if not digits or #digits > 40 then return refused("an integer", text) end
  local value = tonumber(digits)
  if math.type and math.type(value) == "integer" then return value end
  if value > -2 ^ 53 and value < 2 ^ 53 then return value end -- a greater one may be rounded
  return core.decimal(digits)
end

local FLOATS = { nan = 0 / 0, inf = math.huge, ["-inf"] = -math.huge, infinity = math.huge, ["-infinity"] = -math.huge }

local function float_of(text)
  local known = FLOATS[text:lower()]
  if known then return known end
  local value = text:find "^[+-]?[%d.]+[eE]?[+-]?%d*$" and tonumber((text:gsub("^%+", "")))
  if not value then return refused("a number", text) end
  return value
end

local function decimal_of(text)
  local ok, value = pcall(core.decimal, text)
  if not ok then return refused("a decimal number", text) end
  return value
end

local BOOLEANS = { ["true"] = true, t = true, yes = true, on = true, ["1"] = true, ["false"] = false, f = false, no = false, off = false, ["0"] = false }

local function boolean_of(text)
  local value = BOOLEANS[text:lower()]
  if value == nil then return refused("true or false", text) end
  return value
end

local function bytes_of(text)
  local value = base64.decode(text)
  if not value then return refused("base64", text) end
  return value
end

local function json_of(text)
  local ok, value = pcall(core.json.decode, text)
  if not ok then return refused("JSON", text) end
  if value == core.null then return core.json_null end
  return value
end

local function same(text) return text end

local READ = { Int = integer_of, BigInt = integer_of, Float = float_of, Decimal = decimal_of, Boolean = boolean_of, Bytes = bytes_of, Json = json_of }

-- Returns an element of a list that was read from JSON.
local function element_of(field, value)
  if field.type == "Bytes" then
    if type(value) ~= "string" then return nil, "expected base64" end
    return bytes_of(value)
  end
  return value
end

--- Returns a list of JSON as the value of a list field; nil and what is wrong.
function cells.list_of(field, list)
  if type(list) ~= "table" or (#list == 0 and next(list) ~= nil) then return nil, "expected a list" end
  local copy = core.array {}
  for i = 1, #list do
    local value, why = element_of(field, list[i])
    if why then return nil, ("[%d]: %s"):format(i, why) end
    copy[i] = value
  end
  return copy
end

--- Returns the value of a field from a text; nil and what is wrong.
---@param field table
---@param text string|nil nil: NULL
---@return any value
---@return string|nil why
function cells.value(field, text)
  if text == nil then return core.null end
  if field.list then
    local ok, list = pcall(core.json.decode, text)
    if not ok then return refused("a JSON list", text) end
    return cells.list_of(field, list)
  end
  if field.kind == "enum" then return text end
  return (READ[field.type] or same)(text)
end

--- Returns the value of a field from a value of JSON, as rille.json.encode writes it with `model`; nil and what is wrong.
---@param field table
---@param value any nil: there is no key
function cells.value_of_json(field, value)
  if field.list then
    if value == nil or value == core.null then return core.null end
    return cells.list_of(field, value)
  end
  if field.type == "Json" and field.kind == "scalar" then
    if value == core.null then return core.json_null end
    return value
  end
  if value == nil or value == core.null then return core.null end
  if field.type == "Bytes" then
    if type(value) ~= "string" then return nil, "expected base64" end
    return bytes_of(value)
  end
  if field.type == "Float" and type(value) == "string" and FLOATS[value] then return FLOATS[value] end
  if type(value) == "string" and (field.type == "BigInt" or field.type == "Int") then return integer_of(value) end
  if type(value) == "table" and not has_text(value) then return nil, "expected one value, got a table" end
  return value
end

return cells
