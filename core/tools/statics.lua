-- Finds functions and variables that only their own file uses and that are not static: lua5.4 core/tools/statics.lua FOLDER_OF_OBJECTS.
-- Tests count as users. Objects whose source no longer exists do not. Public functions have users elsewhere.

local folder = assert(arg[1], "usage: statics.lua FOLDER")

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

-- Returns the source of an object, by the folders of the Makefile.
local function source_of(object) return (object:sub(#folder + 2):gsub("^lua%-[^/]*/", ""):gsub("%.o$", ".c")) end

local defined, used = {}, {}
local pipe = assert(io.popen(("find '%s' -name '*.o' | LC_ALL=C sort | xargs nm -A"):format(folder)))
local objects = {}
for line in pipe:lines() do
  local object, kind, name = line:match "^(.-%.o):%x*%s+(%a)%s+(%S+)"
  if object and objects[object] == nil then objects[object] = exists(source_of(object)) end
  if object and objects[object] then
    if kind == "U" then
      used[name] = true
    elseif kind:find "[TDBRCVW]" then
      defined[name] = object
    end
  end
end
assert(pipe:close(), "nm failed")

local count, bad = 0, {}
for _, has_source in pairs(objects) do count = count + (has_source and 1 or 0) end
for name, object in pairs(defined) do
  local public = name:find "^rille_" or name:find "^luaopen_" or name == "main" or name:find "^LLVMFuzzer"
  if not used[name] and not public then
    bad[#bad + 1] = ("%s: only %s uses it; make it static"):format(name, source_of(object))
  end
end
table.sort(bad)
for _, text in ipairs(bad) do print(text) end
if #bad > 0 or count == 0 then os.exit(1) end
print(("statics: %d objects, nothing to be made static"):format(count))
