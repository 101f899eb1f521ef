-- A reader of LuaCATS annotations: classes with their fields and parents, aliases, and whether every name that a type has is one.
local annotations = {}

local BUILTIN = {}
for name in ("any nil boolean string number integer table function userdata thread true false osdate fun self unknown"):gmatch "%S+" do BUILTIN[name] = true end

-- Adds what a text declares to `known`.
function annotations.read(text, known)
  known = known or { classes = {}, aliases = {} }
  local class
  for line in text:gmatch "[^\n]+" do
    local name, parents = line:match "^%-%-%-@class%s+([%w_.]+)%s*:?%s*(.*)$"
    if not name then name, parents = line:match "^%-%-%-@class%s+%(exact%)%s+([%w_.]+)%s*:?%s*(.*)$" end
    if name then
      local before = known.classes[name]
      assert(not before or name == "rille.Client", "declared twice: " .. name) -- which has the generated class as one more parent
      class = before or { name = name, fields = {}, order = {}, parents = {}, exact = line:find("(exact)", 1, true) ~= nil }
      for parent in parents:gmatch "[%w_.]+" do class.parents[#class.parents + 1] = parent end
      known.classes[name] = class
    end
    local call = line:match "^%-%-%-@overload%s+(.+)$"
    if call and class then class.overload = call end
    local alias, type = line:match "^%-%-%-@alias%s+([%w_.]+)%s+(.+)$"
    if alias then
      assert(not known.aliases[alias], "declared twice: " .. alias)
      known.aliases[alias] = type
    end
    local key, rest = line:match "^%-%-%-@field%s+(%S+)%s+(.+)$"
    if key and key ~= "[string]" and key ~= "[integer]" then
      local plain = key:match '^%["(.-)"%]$' or key:match "^([%a_][%w_]*)%??$"
      assert(plain, "no name of a field: " .. line)
      assert(not class.fields[plain], "twice in " .. class.name .. ": " .. plain)
      class.fields[plain] = { type = rest:gsub("%s+#.*$", ""), optional = key:sub(-1) == "?" or rest:find "|nil$" ~= nil }
      class.order[#class.order + 1] = plain
    end
  end
  return known
end

-- Returns the undeclared names in a type.
function annotations.dangling(type, known)
  local found = {}
  local bare = type:gsub('"[^"]*"', '"') -- literals
  bare = bare:gsub("([%a_][%w_]*)%??%s*:", function(name) return name == "fun" and "fun:" or ":" end) -- names of parameters
  for name in bare:gmatch "[%a_][%w_.]*[%w_]" do
    if not BUILTIN[name] and not known.classes[name] and not known.aliases[name] then found[#found + 1] = name end
  end
  return found
end

-- All fields of a class, those of its parents too.
function annotations.fields(known, name)
  local class = assert(known.classes[name], "no class " .. name)
  local all = {}
  for _, parent in ipairs(class.parents) do
    for key, field in pairs(annotations.fields(known, parent)) do all[key] = field end
  end
  for key, field in pairs(class.fields) do all[key] = field end
  return all
end

-- The class among the alternatives of a type, or nil.
function annotations.class_in(known, type)
  for name in type:gsub('"[^"]*"', ""):gmatch "[%a_][%w_.]*[%w_]" do
    if known.classes[name] and not name:find "^rille%." then return name end
  end
  return nil
end

return annotations
