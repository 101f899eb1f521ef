-- Finds names that the core and the binding both define: types that begin with rl_, and functions that are not static. Each is a different thing in
-- the two, and a reader would take them for one. A linker would too, when both are one library.
--
--   lua5.4 core/tools/names.lua    fails if there is one; runs from the root of the repository, for `make lint`

local CORE, BINDING = "core/src", "lua/src"

-- Returns the source without comments and strings.
local function code_of(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return (text:gsub("/%*.-%*/", " "):gsub("//[^\n]*", ""):gsub('"[^"\n]*"', '""'))
end

-- Calls define(name, kind) for each definition. Relies on clang-format: declarations start at the margin.
local function definitions(code, define)
  for kind, name in code:gmatch "%f[%a](%a+)%s+([%a_][%w_]*)%s*{" do
    if kind == "struct" or kind == "union" or kind == "enum" then define(name, "type") end
  end
  for line in code:gmatch "[^\n]+" do
    local alias = line:match "^typedef%s.-([%a_][%w_]*);" or line:match "^}%s*([%a_][%w_]*);"
    local called = line:match "^typedef%s.-%(%*?([%a_][%w_]*)%)%(" or line:match "^typedef%s[^(]-([%a_][%w_]*)%("
    if alias or called then define(alias or called, "type") end
    if line:find "^[%a_]" and not line:find "^typedef" and not line:find "^static" then
      local name = line:match "^[%a_][%w_%s%*]-([%a_][%w_]*)%("
      if name then define(name, "function") end
    end
  end
end

local function names_of(folder)
  local names, count = {}, 0
  local pipe = assert(io.popen(("find %s -name '*.[ch]' | LC_ALL=C sort"):format(folder)))
  for path in pipe:lines() do
    definitions(code_of(path), function(name, kind)
      if kind == "type" and not name:find "^rl_" then return end
      count = count + 1
      names[name] = names[name] or { kind = kind, path = path }
    end)
  end
  pipe:close()
  assert(count > 100, "no definitions were found in " .. folder)
  return names
end

local core, binding, bad = names_of(CORE), names_of(BINDING), {}
for name, here in pairs(binding) do
  local there = core[name]
  if there then bad[#bad + 1] = ("%s: the %s %s is also the name of a %s in %s"):format(here.path, here.kind, name, there.kind, there.path) end
end
table.sort(bad)
for _, text in ipairs(bad) do print(text) end
if #bad > 0 then os.exit(1) end
