-- Writes calls and rows as Lua text that can be run with `rille` at hand, and turns their markers into rille's values.
local values = require "differential.values"

local show = {}

local function is_name(key) return key:match "^[%a_][%w_]*$" and not key:match "^in$" and not key:match "^not$" end

local function text_of(s)
  return '"' .. s:gsub('[%c"\\\128-\255]', function(c)
    if c == '"' or c == "\\" then return "\\" .. c end
    return ("\\%03d"):format(c:byte())
  end) .. '"'
end

local function number_text(n)
  if n == math.mininteger then return "math.mininteger" end
  if math.type(n) == "integer" then return tostring(n) end
  local text = ("%.17g"):format(n)
  return text:find "[%.en]" and text or text .. ".0"
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    if type(key) == "string" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

local function table_text(t)
  local parts = {}
  for i, item in ipairs(t) do parts[i] = show.text(item) end
  for _, key in ipairs(sorted_keys(t)) do
    parts[#parts + 1] = ("%s = %s"):format(is_name(key) and key or "[" .. text_of(key) .. "]", show.text(t[key]))
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

local function decimal_text(n) return ("%.15g"):format(n) end

-- A Json tree: its tables are written with their kind, which Lua's {} does not tell.
local function json_text(tree)
  if type(tree) ~= "table" or tree == values.null then return show.text(tree) end
  local parts = {}
  for i, item in ipairs(tree.array or {}) do parts[i] = json_text(item) end
  for _, key in ipairs(sorted_keys(tree.object or {})) do parts[#parts + 1] = ("[%s] = %s"):format(text_of(key), json_text(tree.object[key])) end
  return ("rille.%s { %s }"):format(tree.array and "array" or "object", table.concat(parts, ", "))
end

function show.text(v)
  if v == values.null or v == values.all then return "rille." .. v.kind end
  if values.is_marker(v) then
    if v.kind == "field" then return ("rille.field(%q, %q)"):format(v.model, v.field) end
    if v.kind == "decimal" then return ("rille.decimal %q"):format(decimal_text(v.number)) end
    return json_text(v.tree)
  end
  if type(v) == "string" then return text_of(v) end
  if type(v) == "number" then return number_text(v) end
  if type(v) == "table" then return table_text(v) end
  return tostring(v)
end

function show.call(call)
  local db = call.scope and ("db:with { scope = %s }"):format(show.text(call.scope)) or "db"
  return ("%s.%s:%s %s"):format(db, call.model, call.method, show.text(call.args))
end

function show.data(schema, data)
  local lines = {}
  for _, model in ipairs(schema.models) do
    for _, row in ipairs(data.rows[model.name]) do lines[#lines + 1] = ("db.%s:create { data = %s }"):format(model.name, show.text(row)) end
  end
  for _, relation in ipairs(schema.relations) do
    for _, link in ipairs(data.links[relation.name] or {}) do
      lines[#lines + 1] = ("db.%s:update { where = { id = %s }, data = { %s = { connect = { id = %s } } } }"):format(
        relation.parent.name, show.text(link.parent), relation.down, show.text(link.child))
    end
  end
  return table.concat(lines, "\n")
end

-- ---------------------------------------------------------------- for rille

local function json_value(rille, tree)
  if tree == values.null then return rille.null end
  if type(tree) ~= "table" then return tree end
  local out = {}
  for key, item in pairs(tree.array or tree.object) do out[key] = json_value(rille, item) end
  return tree.array and rille.array(out) or rille.object(out)
end

function show.argument(rille, v)
  if v == values.null or v == values.all then return rille[v.kind] end
  if values.is_marker(v) and v.kind == "field" then return rille.field(v.model, v.field) end
  if values.is_marker(v) then return v.kind == "decimal" and rille.decimal(decimal_text(v.number)) or json_value(rille, v.tree) end
  if type(v) ~= "table" then return v end
  local out = {}
  for key, item in pairs(v) do out[key] = show.argument(rille, item) end
  return out
end

-- The text of a Json value that rille gave, as values.json_key writes it.
function show.json_key(rille, v)
  local function tree_of(x)
    if x == rille.null then return values.null end
    if type(x) ~= "table" then return x end
    local out = {}
    for key, item in pairs(x) do out[key] = tree_of(item) end
    if getmetatable(x) == getmetatable(rille.array {}) then return { array = out } end
    return { object = out }
  end
  return values.json_key(tree_of(v))
end

return show
