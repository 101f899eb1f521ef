-- Compares what rille gave with what the evaluator expects.
local values = require "differential.values"
local show = require "differential.show"

local compare = {}

local function numbers(a, b)
  return a == b or math.abs(a - b) <= 1e-12 * math.max(math.abs(a), math.abs(b))
end

local function same_marker(rille, expected, got)
  if expected.kind == "json" then return got ~= nil and show.json_key(rille, got) == expected.key end
  return type(got) == "userdata" and got ~= rille.null and numbers(expected.number, tonumber(tostring(got)))
end

local function same_scalar(expected, got)
  if math.type(expected) == "float" then return math.type(got) == "float" and numbers(expected, got) end
  return math.type(expected) == math.type(got) and rawequal(expected, got)
end

-- nil when they are the same, else where they differ.
function compare.difference(rille, expected, got, path)
  path = path or "result"
  local same = type(got) == "table" and type(expected) == "table" and #expected == #got
  if values.is_marker(expected) then return not same_marker(rille, expected, got) and compare.words(rille, expected, got, path) or nil end
  if type(expected) ~= "table" then same = same_scalar(expected, got) end
  if not same then return compare.words(rille, expected, got, path) end
  for key, item in pairs(type(expected) == "table" and expected or {}) do
    local found = compare.difference(rille, item, got[key], path .. (type(key) == "number" and "[" .. key .. "]" or "." .. key))
    if found then return found end
  end
  for key in pairs(type(got) == "table" and got or {}) do
    if expected[key] == nil then return ("%s: there is a %s too much, %s"):format(path, tostring(key), compare.show(rille, got[key])) end
  end
end

function compare.words(rille, expected, got, path)
  return ("%s: expected %s, got %s"):format(path, show.text(expected), compare.show(rille, got))
end

function compare.show(rille, v)
  if v == rille.null then return "rille.null" end
  if type(v) == "userdata" then return ("rille.decimal %q"):format(tostring(v)) end
  if type(v) ~= "table" then return show.text(v) end
  local copy = {}
  for key, item in pairs(v) do copy[#copy + 1] = ("%s = %s"):format(tostring(key), compare.show(rille, item)) end
  table.sort(copy)
  return "{ " .. table.concat(copy, ", ") .. " }"
end

return compare
