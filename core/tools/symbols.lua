-- Checks that the public headers, core/rille.map and the exports of the library have the same functions:
-- lua5.4 core/tools/symbols.lua build/librille.so.0.1
-- With --missing it prints the functions that are missing in the map, sorted, in the map's format.

local library = assert(arg[1], "usage: symbols.lua LIBRARY | --missing")

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local function lines_of(command)
  local list = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do list[#list + 1] = line end
  assert(pipe:close(), "failed: " .. command)
  return list
end

local function without_comments(text) return (text:gsub("/%*.-%*/", " "):gsub("//[^\n]*", " ")) end

local function declared()
  local set = {}
  for _, header in ipairs(lines_of("find core/include/rille -name '*.h' | LC_ALL=C sort")) do
    local text = without_comments(read(header)):gsub("#[^\n]*", " ")
    for declaration in text:gmatch("RILLE_API%s+([^;{]*)") do
      local name = declaration:match("([%w_]+)%s*%(") or declaration:match("([%w_]+)%s*$")
      set[name] = header
    end
  end
  return set
end

-- Reads the map. A symbol may occur once, and the only wildcard is "local: *": nodes of old versions must not change.
local function mapped()
  local set, wildcard = {}, false
  local text = without_comments(read "core/rille.map"):gsub("#[^\n]*", " ")
  for node, body in text:gmatch("([%w_.]+)%s*(%b{})") do
    local exported = body:gsub("local%s*:.*", ""):gsub("global%s*:", " ")
    for name in exported:gmatch("[^%s;{}]+") do
      if name:find "[*?]" then wildcard = true end
      if set[name] then print("core/rille.map: " .. name .. " is both in " .. set[name] .. " and in " .. node) os.exit(1) end
      set[name] = node
    end
  end
  if wildcard then print "core/rille.map: a wildcard exports unintended symbols" os.exit(1) end
  return set
end

local function exported()
  local set = {}
  for _, line in ipairs(lines_of("nm -D --defined-only " .. library)) do
    local kind, name = line:match("^%x*%s*(%a) ([^@%s]+)")
    if kind and kind ~= "A" then set[name] = "exports" end
  end
  return set
end

local failed = false
local function compare(a, a_name, b, b_name)
  for name in pairs(a) do
    if not b[name] then
      print(("%s: in %s, not in %s"):format(name, a_name, b_name))
      failed = true
    end
  end
end

local headers, map = declared(), mapped()
if library == "--missing" then
  local names = {}
  for name in pairs(headers) do
    if not map[name] then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do print("    " .. name .. ";") end
  os.exit(0)
end
local exports = exported()
compare(headers, "the headers", map, "core/rille.map")
compare(map, "core/rille.map", headers, "the headers")
compare(map, "core/rille.map", exports, library)
compare(exports, library, map, "core/rille.map")
if failed then os.exit(1) end
local count = 0
for _ in pairs(map) do count = count + 1 end
print(("symbols: %d, the same in headers, map and library"):format(count))
