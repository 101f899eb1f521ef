-- Whether a value is of a LuaCATS type: unions, lists, literals, records, aliases, and classes of annotations.lua with all their fields.
local annotations = require "tools.annotations"
local rille = require "rille"

local types = {}

local SINGLE = { ["rille.Null"] = { rille.null, rille.db_null, rille.json_null, rille.any_null, rille.all } }

-- Returns the parts between `separator`s outside of brackets and quotes.
local function split(text, separator)
  local parts, depth, quoted, from = {}, 0, false, 1
  for i = 1, #text do
    local c = text:sub(i, i)
    if c == '"' then quoted = not quoted
    elseif not quoted and c:find "[%(%[{]" then depth = depth + 1
    elseif not quoted and c:find "[%)%]}]" then depth = depth - 1
    elseif not quoted and c == separator and depth == 0 then
      parts[#parts + 1] = text:sub(from, i - 1)
      from = i + 1
    end
  end
  parts[#parts + 1] = text:sub(from)
  for i, part in ipairs(parts) do parts[i] = part:match "^%s*(.-)%s*$" end
  return parts
end

local fits

local function list(value, element, known, path)
  if type(value) ~= "table" then return false, path .. " is no list" end
  for key in pairs(value) do
    if type(key) ~= "number" then return false, ("%s has the key %s, and should be a list"):format(path, tostring(key)) end
  end
  for i, item in ipairs(value) do
    local ok, why = fits(item, element, known, ("%s[%d]"):format(path, i))
    if not ok then return false, why end
  end
  return true
end

-- fields: { name = { type, optional } }; open: other fields and missing ones are well.
local function record(value, fields, open, known, path)
  if type(value) ~= "table" then return false, path .. " is no table" end
  for name, field in pairs(fields) do
    if value[name] ~= nil then
      local ok, why = fits(value[name], field.type, known, path .. "." .. name)
      if not ok then return false, why end
    elseif not field.optional and not open then
      return false, path .. "." .. name .. " is missing"
    end
  end
  for name in pairs(value) do
    if not fields[name] then return false, path .. "." .. tostring(name) .. " is not known" end
  end
  return true
end

local function literal_record(text)
  local fields = {}
  for _, part in ipairs(split(text, ",")) do
    local name, optional, inner = part:match "^([%w_]+)(%??):%s*(.*)$"
    fields[name] = { type = inner, optional = optional == "?" }
  end
  return fields
end

local PLAIN = { string = 1, boolean = 1, number = 1, table = 1, userdata = 1 }

local function one(value, t, known, path)
  if t == "any" then return true end
  if PLAIN[t] or t == "nil" then return type(value) == t, ("%s is a %s, not a %s"):format(path, type(value), t) end
  if t == "integer" then return type(value) == "number" and value % 1 == 0, path .. " is no integer" end
  if t == "true" then return value == true, path .. " is not true" end
  if t == "osdate" then return type(value) == "table" and value.year ~= nil, path .. " is no osdate" end
  if t:find "^fun" then return type(value) == "function", path .. " is no function" end
  if t:sub(1, 1) == '"' then return value == t:sub(2, -2), ("%s is not %s"):format(path, t) end
  if t:sub(-2) == "[]" then return list(value, t:sub(1, -3), known, path) end
  if t:sub(1, 1) == "(" then return fits(value, t:sub(2, -2), known, path) end
  if t:sub(1, 1) == "{" then return record(value, literal_record(t:sub(2, -2)), false, known, path) end
  if SINGLE[t] then
    for _, single in ipairs(SINGLE[t]) do
      if rawequal(value, single) then return true end
    end
    return false, path .. " is no null"
  end
  if t == "rille.Field" then return type(value) ~= "string" and tostring(value):find "^rille.field" ~= nil, path .. " is no field" end
  if t == "rille.Decimal" then return type(value) == "userdata" and tostring(value):find "^-?%d" ~= nil, path .. " is no decimal" end
  if known.aliases[t] then return fits(value, known.aliases[t], known, path) end
  local class = assert(known.classes[t], "no type " .. t)
  return record(value, annotations.fields(known, t), not class.exact, known, path)
end

--- Whether a value is of a type, and if not, what is wrong: of the alternatives the one that reaches furthest.
function types.fits(value, t, known, path)
  local farthest
  for _, alternative in ipairs(split(t, "|")) do
    local ok, why = one(value, alternative, known, path or "value")
    if ok then return true end
    if not farthest or #why > #farthest then farthest = why end
  end
  return false, farthest
end
fits = types.fits

return types
