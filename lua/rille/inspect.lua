--- Values as text for people: rows as a table with columns, other values in Lua's syntax. The console shows values like this.
local core = require "rille.core"
local options = require "rille.options"

local INSPECT = options.declare("rille.InspectOptions", {
  { "rows", "boolean", doc = "false: rows in Lua's syntax too" },
  { "max_cell", "integer", least = 1, most = 1000000, doc = "characters of the longest cell: 40" },
  { "paint", "function", is = "fun(text: string): string", doc = "for the line with the names of the columns: adds colours" },
})

local MAX_CELL, MAX_DEPTH = 40, 50

local function is_word(key) return type(key) == "string" and key:find "^[%a_][%w_]*$" ~= nil end

local function sorted_keys(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
    return type(a) == "number" and type(b) ~= "number" or type(a) ~= "number" and type(b) ~= "number" and tostring(a) < tostring(b)
  end)
  return keys
end

local function has_text(value)
  local metatable = getmetatable(value)
  return type(metatable) == "table" and metatable.__tostring ~= nil
end

local function key_text(key)
  if is_word(key) then return key end
  return "[" .. (type(key) == "string" and ("%q"):format(key) or tostring(key)) .. "]"
end

local write

local function write_table(value, indent, seen)
  if has_text(value) then return tostring(value) end
  if seen[value] or seen.depth == MAX_DEPTH then return "{...}" end
  seen[value], seen.depth = true, seen.depth + 1
  local parts, count = {}, #value
  for i = 1, count do parts[i] = write(value[i], indent .. "  ", seen) end
  for _, key in ipairs(sorted_keys(value)) do
    local in_list = type(key) == "number" and key >= 1 and key <= count and key % 1 == 0
    if not in_list then parts[#parts + 1] = key_text(key) .. " = " .. write(value[key], indent .. "  ", seen) end
  end
  seen[value], seen.depth = nil, seen.depth - 1
  if #parts == 0 then return "{}" end
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  if #line + #indent <= 100 and not line:find "\n" then return line end
  return "{\n" .. indent .. "  " .. table.concat(parts, ",\n" .. indent .. "  ") .. ",\n" .. indent .. "}"
end

function write(value, indent, seen)
  if type(value) == "table" then return write_table(value, indent, seen) end
  if type(value) == "string" then return (("%q"):format(value):gsub("\\\n", "\\n")) end
  return tostring(value)
end

local function in_lua(value) return write(value, "", { depth = 0 }) end

local function letters(text) return select(2, text:gsub("[^\128-\191]", "")) end

local function cell(value, most)
  if value == nil or value == core.null then return "" end
  local text = type(value) == "table" and not has_text(value) and in_lua(value) or tostring(value)
  text = text:gsub("%c+", " ")
  if letters(text) <= most then return text end
  local cut = text:sub(1, most - 1):gsub("[\192-\255][\128-\191]*$", "")
  return cut .. "…"
end

-- Returns whether a value is a list of rows: tables with names as keys.
local function is_rows(value)
  if type(value) ~= "table" or #value == 0 or has_text(value) then return false end
  for i = 1, #value do
    local row = value[i]
    if type(row) ~= "table" or #row > 0 or has_text(row) then return false end
    for key in pairs(row) do
      if type(key) ~= "string" then return false end
    end
  end
  return true
end

-- The columns of rows: `id` first, the others by name, because a Lua table has no order.
local function columns_of(rows)
  local seen, names = {}, {}
  for _, row in ipairs(rows) do
    for key in pairs(row) do
      if not seen[key] then
        seen[key] = true
        names[#names + 1] = key
      end
    end
  end
  table.sort(names, function(a, b)
    if (a == "id") ~= (b == "id") then return a == "id" end
    return a < b
  end)
  return names
end

-- Returns rows as text with columns.
local function table_of(rows, most, paint)
  local names = columns_of(rows)
  local widths, numeric, texts = {}, {}, {}
  for k, row in ipairs(rows) do
    texts[k] = {}
    for _, name in ipairs(names) do texts[k][name] = cell(rawget(row, name), most) end
  end
  for i, name in ipairs(names) do
    widths[i], numeric[i] = letters(name), true
    for k, row in ipairs(rows) do
      widths[i] = math.max(widths[i], letters(texts[k][name]))
      if rawget(row, name) ~= nil and type(rawget(row, name)) ~= "number" then numeric[i] = false end
    end
  end
  local function line(text_of, dress)
    local cells = {}
    for i, name in ipairs(names) do
      local text = text_of(name)
      local pad = (" "):rep(widths[i] - letters(text))
      cells[i] = numeric[i] and pad .. text or text .. pad
    end
    local text = (table.concat(cells, "  "):gsub("%s+$", ""))
    return dress and dress(text) or text
  end
  local lines = { line(function(name) return name end, paint) }
  for k in ipairs(rows) do lines[#lines + 1] = line(function(name) return texts[k][name] end) end
  lines[#lines + 1] = ("(%d row%s)"):format(#rows, #rows == 1 and "" or "s")
  return table.concat(lines, "\n")
end

local inspect = {}

--- Returns a value as text for people: a list of rows as a table with columns and the number of rows, anything else in Lua's syntax, keys sorted. Cycles, and
--- what is nested more than 50 levels deep, become `{...}`.
---@param value any
---@param given? rille.InspectOptions
---@return string
function inspect.inspect(value, given)
  given = options.check(INSPECT, given, "rille.inspect")
  if given.rows ~= false and is_rows(value) then return table_of(value, given.max_cell or MAX_CELL, given.paint) end
  return in_lua(value)
end

return inspect
