-- Counts the lines of each C function of the core and the binding, from its name to its last brace.
--
--   lua5.4 core/tools/functions.lua            by room: the number of functions, the longest, the 99th percentile, how many over 40 and over 60 lines
--   lua5.4 core/tools/functions.lua --over 40  lists the longer ones
--   lua5.4 core/tools/functions.lua --check    fails if one has more than 60 lines, or the 99th percentile of all is over 40; for `make lint`
--
-- Relies on clang-format: a function ends with the first line that is only a brace at the margin. Runs from the root of the repository.

local MOST, PERCENTILE = 60, 40

-- Returns whether a line at the margin starts a function: no preprocessor line, comment, type or table.
local function opens(line)
  if not line:find "^[%a_]" or line:find "^typedef" or line:find "[;=]%s*$" then return false end
  return line:find("(", 1, true) ~= nil
end

local function functions_of(path, list)
  local number, from, name = 0, nil, nil
  for line in io.lines(path) do
    number = number + 1
    if from and line:find "^}" then
      list[#list + 1] = { path = path, line = from, name = name, length = number - from + 1 }
      from = nil
    elseif not from and opens(line) then
      from, name = number, line:match "([%w_]+)%s*%("
    elseif from and (line:find "^#" or (line:find ";%s*$" and not line:find "^%s")) then
      from = nil -- a declaration, or a macro that looks like a head
    elseif from and number - from < 8 and line:find "^%s+.*%);%s*$" and not line:find "[{]" then
      if list.body ~= from then from = nil end -- a declaration of several lines
    end
    if from and line:find "{%s*$" or from and line:find "{%s*/%*.*%*/%s*$" then list.body = from end
  end
end

local function room_of(path) return path:match "^core/src/([%w_]+)/" or path:match "^(lua)/" end

local functions = {}
local pipe = assert(io.popen "find core/src lua/src -name '*.[ch]' | LC_ALL=C sort")
for path in pipe:lines() do functions_of(path, functions) end
pipe:close()

local function percentile(list)
  table.sort(list)
  return list[math.max(1, math.ceil(#list * 0.99))] or 0
end

local function figures(list)
  local lengths, over40, over60 = {}, 0, 0
  for i, f in ipairs(list) do
    lengths[i] = f.length
    if f.length > 40 then over40 = over40 + 1 end
    if f.length > 60 then over60 = over60 + 1 end
  end
  return #list, math.max(0, table.unpack(lengths)), percentile(lengths), over40, over60
end

if arg[1] == "--over" then
  local limit = tonumber(arg[2]) or 40
  table.sort(functions, function(a, b) return a.length > b.length end)
  for _, f in ipairs(functions) do
    if f.length > limit then print(("%s:%d: %s: %d lines"):format(f.path, f.line, f.name, f.length)) end
  end
  return
end

if arg[1] == "--check" then
  local bad, lengths = false, {}
  for i, f in ipairs(functions) do
    lengths[i] = f.length
    if f.length > MOST then
      print(("%s:%d: %s has %d lines, more than %d"):format(f.path, f.line, f.name, f.length, MOST))
      bad = true
    end
  end
  local found = percentile(lengths)
  if found > PERCENTILE then
    print(("the 99th percentile of all functions is %d lines, more than %d: see --over %d"):format(found, PERCENTILE, PERCENTILE))
    bad = true
  end
  assert(#lengths > 1000, "too few functions found")
  if bad then os.exit(1) end
  return
end

local rooms, names = {}, {}
for _, f in ipairs(functions) do
  local room = room_of(f.path)
  if not rooms[room] then
    rooms[room] = {}
    names[#names + 1] = room
  end
  table.insert(rooms[room], f)
end
table.sort(names)
print(("%-10s %9s %8s %5s %8s %8s"):format("room", "functions", "longest", "p99", "over 40", "over 60"))
for _, room in ipairs(names) do print(("%-10s %9d %8d %5d %8d %8d"):format(room, figures(rooms[room]))) end
print(("%-10s %9d %8d %5d %8d %8d"):format("all", figures(functions)))
