-- Reads which room includes which, in C and in Lua, and fails on upward arrows: lua5.4 core/tools/includes.lua [--graph]
-- The tables below are the architecture. A room that is missing in them is an error, and so is one that does not exist. Runs from the root of the
-- repository.

local may_use = {
  base = {},
  tape = { "base" },
  cache = { "base", "tape" },
  schema = { "base", "tape" },
  input = { "base", "tape", "schema" },
  query = { "base", "tape", "schema", "input" },
  plan = { "base", "tape", "schema", "input", "query" },
  sql = { "base", "tape", "schema", "input", "query", "plan" },
  driver = { "base", "tape" },
  run = { "base", "tape", "schema", "input", "query", "plan", "sql", "driver", "cache" },
  migrate = { "base", "tape", "schema", "input", "query", "plan", "sql", "driver", "run" },
  api = { "base", "tape", "schema", "input", "query", "plan", "sql", "driver", "run", "migrate" },
}

-- Rooms that others enter by one header. Their other headers are private.
local door = { input = "input/input.h", query = "query/query.h" }

-- Folders of a room, and which of them each may use. Files directly in the room may use all of them.
local wings = {
  migrate = {
    structure = {},
    postgres = { "structure" },
    sqlite = { "structure" },
    diff = { "structure" },
    pull = { "structure" },
    history = { "structure" },
    dev = { "structure", "diff", "pull", "history" },
  },
}

-- Public headers that have types only. The functions of the others belong to api.
local public_below_api = { ["rille/types.h"] = true, ["rille/export.h"] = true }

-- The one place that may include a library's header.
local library_home = {
  ["libpq-fe.h"] = "^core/src/driver/postgres/",
  ["sqlite3.h"] = "^core/src/driver/sqlite/",
  ["gmp.h"] = "^core/src/tape/",
  ["hiredis/hiredis.h"] = "^core/src/cache/redis/",
  ["openssl/ssl.h"] = "^core/src/cache/redis/",
  ["openssl/err.h"] = "^core/src/cache/redis/",
  ["openssl/evp.h"] = "^core/src/cache/redis/",
  ["openssl/x509v3.h"] = "^core/src/cache/redis/",
}

-- Which module may require which in Lua: the first pattern that matches the name of the module decides. Modules of lua/rille form no circles.
local may_require = {
    -- The command uses rille as applications do.
  { "^rille%.command", { "^rille$", "^rille%.command", "^argparse$", "^readline$", "^linenoise$" } },
  { "^bin%.", { "^rille%.command$" } },
    -- The module rille loads all others except the command.
  { "^rille$", { "^rille%.[%a_]+$" } },
    -- Folders with one entry each. No other module requires their modules.
  { "^rille%.generate$", { "^rille%.[%a_]+$", "^rille%.generate%." } },
  { "^rille%.generate%.", { "^rille%.[%a_]+$", "^rille%.generate%." } },
  { "^rille%.seed$", { "^rille%.[%a_]+$", "^rille%.seed%." } },
  { "^rille%.seed%.", { "^rille%.[%a_]+$", "^rille%.seed%." } },
  { "^rille%.extend$", { "^rille%.[%a_]+$", "^rille%.extend%." } },
  { "^rille%.extend%.", { "^rille%.[%a_]+$", "^rille%.extend%." } },
  { "^rille%.hooks$", { "^rille%.[%a_]+$", "^cqueues$", "^cqueues%.condition$", "^luv$", "^copas$" } },
  { "^rille%.handler$", { "^rille%.[%a_]+$", "^coxpcall$" } },
  { "^rille%.", { "^rille%.[%a_]+$" } },
}

local problems, arrows = {}, {}
local function problem(file, line, text) problems[#problems + 1] = ("%s:%d: %s"):format(file, line, text) end

local allowed = {}
for room, uses in pairs(may_use) do
  allowed[room] = { [room] = true }
  for _, used in ipairs(uses) do allowed[room][used] = true end
end

local function check_wing(file, line, room, path)
  local own, other = file:match("^core/src/" .. room .. "/([%w_]+)/"), path:match("^" .. room .. "/([%w_]+)/")
  if not wings[room] or not own or own == other then return end
  if not wings[room][own] then return problem(file, 1, ('"%s" is not a wing of %s'):format(own, room)) end
  if not other then return problem(file, line, ('the wing %s of %s may not include files above it ("%s")'):format(own, room, path)) end
  for _, used in ipairs(wings[room][own]) do
    if used == other then return end
  end
  problem(file, line, ('the wing %s of %s may not include %s ("%s")'):format(own, room, other, path))
end

local function check_quoted(file, line, room, path)
  local used = path:match("^([%w_]+)/")
  if not used then
    problem(file, line, ('"%s": expected the room too, as in "%s/%s"'):format(path, room, path))
  elseif not may_use[used] then
    problem(file, line, ('"%s": there is no room "%s"'):format(path, used))
  else
    arrows[room] = arrows[room] or {}
    arrows[room][used] = true
    if used == room then check_wing(file, line, room, path) end
    if not allowed[room][used] then problem(file, line, ('%s may not include %s ("%s")'):format(room, used, path)) end
    if room ~= used and door[used] and path ~= door[used] then
      problem(file, line, ('"%s": private to %s; include "%s"'):format(path, used, door[used]))
    end
  end
end

local function check_core(file, line, room, open, path)
  if open == '"' then return check_quoted(file, line, room, path) end
  if path:match("^rille/") then
    if room ~= "api" and not public_below_api[path] then
      problem(file, line, ("<%s>: below api only <rille/types.h> and <rille/export.h>"):format(path))
    end
  elseif path:match("^lua") or path == "lauxlib.h" then
    problem(file, line, ("<%s>: the core may not use Lua"):format(path))
  elseif library_home[path] and not file:match(library_home[path]) then
    problem(file, line, ("<%s>: only under %s"):format(path, library_home[path]:sub(2)))
  end
end

local binding_files = {}
local function check_binding(file, line, open, path)
  if open == '"' then
    if not binding_files[path] then problem(file, line, ('"%s": the binding may include <rille/...> and its own headers only'):format(path)) end
  elseif library_home[path] then
    problem(file, line, ("<%s>: the binding may not use a database's library"):format(path))
  end
end

local function check_public(file, line, open, path)
  if open == '"' then
    problem(file, line, ('"%s": public headers include each other as <rille/...>'):format(path))
  elseif not path:match("^rille/") and not path:match("^std%a+%.h$") then
    problem(file, line, ("<%s>: public headers may include the C standard's headers only"):format(path))
  end
end

local function found(command)
  local list = {}
  local pipe = assert(io.popen(command .. " 2>/dev/null | LC_ALL=C sort"))
  for file in pipe:lines() do list[#list + 1] = file end
  pipe:close()
  return list
end

local function files_under(folder) return found(("find %s -name '*.[ch]' -o -name '*.def'"):format(folder)) end

local function each_include(file, visit)
  local number = 0
  for text in io.lines(file) do
    number = number + 1
    local open, path = text:match('^%s*#%s*include%s+([<"])([^>"]+)[>"]')
    if open then visit(number, open, path) end
  end
end

local count = 0
for _, file in ipairs(files_under("core/src")) do
  count = count + 1
  local room = file:match("^core/src/([%w_]+)/")
  if room and may_use[room] then
    each_include(file, function(line, open, path) check_core(file, line, room, open, path) end)
  else
    problem(file, 1, "belongs to no room")
  end
end
for _, file in ipairs(files_under("core/include")) do
  count = count + 1
  each_include(file, function(line, open, path) check_public(file, line, open, path) end)
end
local binding = files_under("lua/src")
for _, file in ipairs(binding) do binding_files[file:match("^lua/src/(.*)$")] = true end
for _, file in ipairs(binding) do
  count = count + 1
  each_include(file, function(line, open, path) check_binding(file, line, open, path) end)
end

for room in pairs(may_use) do
  if #found("ls -d core/src/" .. room) == 0 then problem("core/tools/includes.lua", 1, ('there is no room "%s"'):format(room)) end
end

-- ------------------------------------------------------------------------------------------------------------------------------------------- Lua

local function matches(name, patterns)
  for _, pattern in ipairs(patterns) do
    if name:find(pattern) then return true end
  end
  return false
end

local function rule_of(name)
  for _, rule in ipairs(may_require) do
    if name:find(rule[1]) then return rule[2] end
  end
end

-- Visits the quoted names after `require`, however it is called. Comments do not count.
local function each_require(file, visit)
  local number, long = 0, false
  for text in io.lines(file) do
    number = number + 1
    if text:find "%[%[%s*$" then long = true elseif long and text:find "^%s*%]%]" then long = false end
    local code = long and "" or text:gsub("^%s*%-%-.*$", ""):gsub("%s%-%- .*$", "")
    for name in code:gmatch "%f[%w_]require%f[^%w_][%s%(,]*[\"']([^\"']+)[\"']" do
      if not name:find "%.$" then visit(number, name) end -- the start of a name that is concatenated
    end
  end
end

local function check_required(file, line, module, name)
  if not matches(name, rule_of(module)) then problem(file, line, ("%s may not require %s"):format(module, name)) end
  if name == "rille.command" and not module:find "^rille%.command" and module ~= "bin.rille" then
    problem(file, line, ("%s may not require the command"):format(module))
  end
end

local required = {} -- by module: what it requires, when it is loaded or later
local modules = found "find lua/rille -name '*.lua'"
for _, file in ipairs(found "find lua/bin -type f") do modules[#modules + 1] = file end
for _, file in ipairs(modules) do
  count = count + 1
  local module = file:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  local uses = {}
  required[module] = uses
  if not file:find "/meta[%w_]*%.lua$" then -- never loaded
    each_require(file, function(line, name)
      check_required(file, line, module, name)
      uses[#uses + 1] = name
    end)
  end
end

-- Reports each circle once.
local seen = {}
local function walk(module, way)
  if way[module] then
    local names = { module }
    for i = #way, way[module] + 1, -1 do table.insert(names, 2, way[i]) end
    problem("lua/" .. module:gsub("%.", "/") .. ".lua", 1, "a circle: " .. table.concat(names, " -> ") .. " -> " .. module)
    return
  end
  if seen[module] then return end
  way[#way + 1] = module
  way[module] = #way
  for _, name in ipairs(required[module] or {}) do walk(name, way) end
  way[module] = nil
  way[#way] = nil
  seen[module] = true
end
local names = {}
for module in pairs(required) do names[#names + 1] = module end
table.sort(names)
for _, module in ipairs(names) do walk(module, {}) end

if arg[1] == "--graph" then
  for room, uses in pairs(arrows) do
    for used in pairs(uses) do
      if used ~= room then print(room .. " -> " .. used) end
    end
  end
end
for _, text in ipairs(problems) do print(text) end
if #problems > 0 then os.exit(1) end
print(("includes: %d files, no upward arrow"):format(count))
