-- The values that fields hold. In the evaluator's tables and in generated calls a value is a plain Lua value, null is absent (in calls: values.null),
-- and what Lua has no plain value for is a marker: { kind = "decimal", number }, { kind = "json", tree } and, in filters, { kind = "field" }.
-- Decimals are few digits or multiples of 1/8, so a Lua number holds them and their sums exactly.
local values = {}

local Marker = {}

values.null = setmetatable({ kind = "null" }, Marker)

-- rille.all: every row.
values.all = setmetatable({ kind = "all" }, Marker)

function values.is_marker(v) return getmetatable(v) == Marker end

-- rille.field: another field of the same row.
function values.field(model_name, field_name) return setmetatable({ kind = "field", model = model_name, field = field_name }, Marker) end

function values.decimal(number) return setmetatable({ kind = "decimal", number = number + 0.0 }, Marker) end

-- A tree is a scalar, values.null, { array = {...} } or { object = {...} }.
function values.json(tree) return setmetatable({ kind = "json", tree = tree, key = values.json_key(tree) }, Marker) end

local function number_text(n)
  if math.type(n) == "integer" then return tostring(n) end
  return ("%.17g"):format(n)
end

-- One text for each Json value, whatever the order of its keys.
function values.json_key(tree)
  if tree == values.null then return "null" end
  if type(tree) == "string" then return ("%q"):format(tree) end
  if type(tree) == "number" then return number_text(tree) end
  if type(tree) ~= "table" then return tostring(tree) end
  local parts = {}
  if tree.array then
    for i, item in ipairs(tree.array) do parts[i] = values.json_key(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, item in pairs(tree.object) do parts[#parts + 1] = ("%q:%s"):format(key, values.json_key(item)) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

values.numeric = { Int = true, BigInt = true, Float = true, Decimal = true }

local strings = {
  "", " ", "a", "A", "b", "ab", "aB", "abc", "ABC", "b%c", "%", "_", "a_c", "\\", "a\\b", "'", "it's", '"', "null", "é", "É", "日本", "😀a", "a\nb", "ü%",
  "z", "0", "10", "9", "$1", "?", ";--", "a b",
}
local dates = {
  "0001-01-01T00:00:00.000Z", "1582-10-15T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00.000Z", "2000-02-29T12:34:56.789Z",
  "2024-02-29T23:59:59.999Z", "2026-11-22T10:00:00.000Z", "2026-11-22T10:00:00.001Z", "2038-01-19T03:14:08.000Z", "9999-12-31T23:59:59.999Z",
}
local blobs = { "", "\0", "a", "ab", "\255\254", "\0\1\2", "'", "\\x41", "é" }
local floats = { 0.0, -0.0, 1.0, -1.0, 0.5, -2.25, 3.125, 1e10, -1e10, 1e300, 1e-300, 0.1, 100.0 }
local decimals = { 0.0, 1.0, -1.0, 0.5, 1.25, -2.125, 10.0, 100.5, 12.34, -0.01, 99999.875 }
local ints = { 0, 1, -1, 2, 3, 5, 7, 10, 42, 2147483647, -2147483648 }
local bigs = { 0, 1, -1, 2, 3, 10, 4294967296, 9007199254740993, -9007199254740993, math.maxinteger, math.mininteger }
local small = { Int = { 0, 1, 2, 3, 4, 5 }, BigInt = { 0, 1, 2, 3, 4, 5 } }

local function json_tree(r, depth)
  local kind = r:weighted { { 3, "int" }, { 3, "text" }, { 1, "bool" }, { 1, "half" }, { depth > 0 and 2 or 0, "array" }, { depth > 0 and 2 or 0, "object" } }
  if kind == "int" then return r:int(-3, 12) end
  if kind == "text" then return r:pick(strings) end
  if kind == "bool" then return r:chance(2) end
  if kind == "half" then return r:int(-3, 3) + 0.5 end
  local count, out = r:int(0, 2), {}
  if kind == "array" then
    for i = 1, count do out[i] = r:chance(8) and values.null or json_tree(r, depth - 1) end
    return { array = out }
  end
  for _ = 1, math.min(count, 1) do out[r:pick { "k", "a b", "K", "é", "0" }] = json_tree(r, depth - 1) end
  return { object = out }
end

local makers = {
  Int = function(r) return r:pick(r:chance(3, 2) and small.Int or ints) end,
  BigInt = function(r) return r:pick(r:chance(3, 2) and small.BigInt or bigs) end,
  Float = function(r) return r:pick(floats) end,
  Decimal = function(r) return values.decimal(r:pick(decimals)) end,
  String = function(r) return r:pick(strings) end,
  Boolean = function(r) return r:chance(2) end,
  DateTime = function(r) return r:pick(dates) end,
  Bytes = function(r) return r:pick(blobs) end,
  Json = function(r) return values.json(json_tree(r, 2)) end,
}

-- A value that is not null.
function values.make(r, field)
  if field.enum then return r:pick(field.enum.values).name end
  return makers[field.type](r)
end

-- A small number for arithmetic, in the field's type.
function values.operand(r, field, low, high)
  local n = r:int(low, high)
  if field.type == "Float" then return n + 0.0 end
  if field.type == "Decimal" then return values.decimal(n) end
  return n
end

function values.equal(a, b)
  if not values.is_marker(a) then return a == b end
  if a.kind == "json" then return a.key == b.key end
  return a.number == b.number
end

-- What can be compared with < in Lua; enums by what the engine orders them by.
function values.rank(field, v, engine)
  if values.is_marker(v) then return v.number end
  if type(v) == "boolean" then return v and 1 or 0 end
  if field.enum then
    for i, value in ipairs(field.enum.values) do
      if value.name == v then return engine == "postgresql" and i or value.column end
    end
  end
  return v
end

-- A key of a Lua table for grouping and for distinct: equal for equal values, also for null.
function values.key(v)
  if v == nil then return "nil" end
  if values.is_marker(v) then return v.kind == "json" and v.key or "d" .. number_text(v.number + 0.0) end
  if v == 0 then return "n0" end
  return math.type(v) == "float" and "f" .. number_text(v) or type(v) .. tostring(v)
end

return values
