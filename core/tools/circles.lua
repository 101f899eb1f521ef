-- Finds circles of files within a room: lua5.4 core/tools/circles.lua [--most=N] [--objects=FOLDER] [ROOM]
-- File A uses file B when A's object refers to a symbol that B's object defines, or when A includes a header whose functions
-- only B defines. A circle is a set of files each of which uses every other, directly or through others. Needs a build.
-- With --most=N it fails when a circle has more than N files.

local most, objects, room = nil, "build/obj/core/src", nil
for _, word in ipairs(arg) do
  if word:match("^%-%-most=%d+$") then
    most = tonumber(word:match("%d+$"))
  elseif word:match("^%-%-objects=.") then
    objects = word:match("=(.*)$")
  elseif not word:match("^%-") then
    room = word
  else
    io.stderr:write("usage: circles.lua [--most=N] [--objects=FOLDER] [ROOM]\n")
    os.exit(2)
  end
end

local function lines_of(command)
  local list = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do list[#list + 1] = line end
  assert(pipe:close(), "failed: " .. command)
  return list
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

-- Files are named as in includes: "run/op.c". -------------------------------------------------------------------------

local files, defined_in, wanted_by = {}, {}, {}

-- Skips objects of an earlier build whose source no longer exists.
for _, line in ipairs(lines_of(("find %s -name '*.o' | LC_ALL=C sort | xargs nm -A"):format(objects))) do
  local path, kind, symbol = line:match("^([^:]+)%.o:.* (%a) ([%w_]+)$")
  local name = path and path:sub(#objects + 2) .. ".c"
  if name and wanted_by[name] == nil then
    wanted_by[name] = read("core/src/" .. name) and {} or false
    if wanted_by[name] then files[#files + 1] = name end
  end
  if name and wanted_by[name] then
    if kind == "U" then
      wanted_by[name][symbol] = true
    elseif kind:match("[TDBRC]") then
      defined_in[symbol] = name
    end
  end
end
assert(#files > 0, "there are no objects under " .. objects .. ": run make first")

local owner_of_header = {}

-- Returns the one file that defines what the header declares, nil if there are several or none.
local function owner(header)
  if owner_of_header[header] ~= nil then return owner_of_header[header] or nil end
  local text = (read("core/src/" .. header) or ""):gsub("/%*.-%*/", " "):gsub("\n%s*#[^\n]*", "\n")
  local found, several = nil, false
  for symbol in text:gmatch("([%a_][%w_]*)%s*%f[(]%(") do
    local file = defined_in[symbol]
    if file and found and file ~= found then several = true end
    found = found or file
  end
  owner_of_header[header] = not several and found or false
  return owner_of_header[header] or nil
end

local uses = {}

local function arrow(from, to, why)
  if not to or from == to or from:match("^[^/]+") ~= to:match("^[^/]+") then return end
  uses[from][to] = uses[from][to] or {}
  table.insert(uses[from][to], why)
end

for _, file in ipairs(files) do
  uses[file] = {}
  local symbols = {}
  for symbol in pairs(wanted_by[file]) do symbols[#symbols + 1] = symbol end
  table.sort(symbols)
  for _, symbol in ipairs(symbols) do arrow(file, defined_in[symbol], symbol) end
  for header in read("core/src/" .. file):gmatch('#%s*include%s+"([^"]+)"') do arrow(file, owner(header), header) end
end

-- Tarjan's strongly connected sets. -----------------------------------------------------------------------------------

local number, low, on_stack, stack, count, circles = {}, {}, {}, {}, 0, {}

local function visit(file)
  count = count + 1
  number[file], low[file] = count, count
  stack[#stack + 1], on_stack[file] = file, true
  for used in pairs(uses[file]) do
    if not number[used] then
      visit(used)
      low[file] = math.min(low[file], low[used])
    elseif on_stack[used] then
      low[file] = math.min(low[file], number[used])
    end
  end
  if low[file] ~= number[file] then return end
  local circle = {}
  repeat
    circle[#circle + 1] = table.remove(stack)
    on_stack[circle[#circle]] = nil
  until circle[#circle] == file
  table.sort(circle)
  if #circle > 1 then circles[#circles + 1] = circle end
end

for _, file in ipairs(files) do
  if not number[file] then visit(file) end
end
table.sort(circles, function(a, b) return a[1] < b[1] end)

local function print_circle(circle)
  local inside = {}
  for _, file in ipairs(circle) do inside[file] = true end
  print(("%s: %d files: %s"):format(circle[1]:match("^[^/]+"), #circle, table.concat(circle, " ")))
  for _, file in ipairs(circle) do
    local used = {}
    for other in pairs(uses[file]) do
      if inside[other] then used[#used + 1] = other end
    end
    table.sort(used)
    for _, other in ipairs(used) do
      local why = uses[file][other]
      print(("  %s -> %s: %s%s"):format(file, other, table.concat(why, ", ", 1, math.min(#why, 4)), #why > 4 and ", ..." or ""))
    end
  end
end

local printed, largest = 0, 0
for _, circle in ipairs(circles) do
  if not room or circle[1]:match("^[^/]+") == room then
    print_circle(circle)
    printed = printed + 1
    largest = math.max(largest, #circle)
  end
end
print(("circles: %d, the largest of %d files"):format(printed, largest))
if most and largest > most then os.exit(1) end
