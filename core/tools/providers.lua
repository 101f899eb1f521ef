-- Checks that only a database's own files name it: lua5.4 core/tools/providers.lua [--count]
-- Fails if another file names a database, and if a flag or function in which databases differ has no reader. Comments may
-- name databases. Code and strings may not. With --count it only prints how many files and lines name one.

-- Files of no single database that name some: at most ten, each with its reason.
local MOST_ALLOWED = 10
local allowed = {
  ["core/include/rille/version.h"] = "a struct of the first release has members with such names",
  ["core/src/api/libraries.c"] = "fills that struct",
  -- Headers that declare one part per database, so that a missing one does not compile:
  ["core/src/base/sql_scan.h"] = "declares the rules of SQL texts",
  ["core/src/driver/driver.h"] = "declares the drivers",
  ["core/src/driver/facts_row.h"] = "declares the facts",
  ["core/src/migrate/structure/provider.h"] = "declares the parts of migrations",
  ["core/src/schema/rules.h"] = "declares the rules of schemas",
  ["core/src/sql/ddl_forms.h"] = "declares the definitions of tables",
  ["core/src/sql/sql.h"] = "declares the dialects",
}

-- Structs in which databases differ: where they are, and how their readers call them.
local tables = {
  { file = "core/src/plan/plan.h", struct = "rl_features", readers = { "features" } },
  { file = "core/src/base/sql_scan.h", struct = "rl_sql_rules", readers = { "rules", "rl_sql_rules_of%b()" } },
  { file = "core/src/base/sql_scan.h", struct = "rl_sql_bodies", readers = { "rules", "r" } },
  { file = "core/src/driver/driver.h", struct = "rl_driver", readers = { "driver", "d", "rl_drivers%[[%w_]+%]" } },
  { file = "core/src/driver/driver.h", struct = "rl_notifications", readers = { "notifications", "notify" } },
  { file = "core/src/driver/driver.h", struct = "rl_advisory_locks", readers = { "advisory_locks", "locks" } },
  { file = "core/src/driver/facts_row.h", struct = "rl_facts", readers = { "facts", "rl_facts_of%b()" } },
  { file = "core/src/migrate/structure/provider.h", struct = "rl_migrate_part", readers = { "part", "rl_migrate_part_of%b()" } },
  { file = "core/src/schema/rules.h", struct = "rl_schema_rules", readers = { "rules", "rl_rules%b()", "rl_rules_of%b()" } },
  { file = "core/src/sql/sql.h", struct = "rl_dialect", readers = { "dialect", "d" } },
  { file = "core/src/sql/forms.h", struct = "rl_dialect_forms", readers = { "forms" } },
  { file = "core/src/sql/ddl.h", struct = "rl_ddl_features", readers = { "features", "rl_ddl_features_of%b()" } },
  { file = "core/src/sql/ddl_forms.h", struct = "rl_ddl_forms", readers = { "forms", "forms_of%b()" } },
}

-- Each database's own file for the command; the core's are named by the compiler.
local OWN_LUA = "lua/rille/command/on_%s.lua"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

local function files_under(command)
  local list = {}
  local pipe = assert(io.popen(command .. " | LC_ALL=C sort"))
  for file in pipe:lines() do list[#list + 1] = file end
  pipe:close()
  return list
end

-- Identifiers of the databases, from the one list of them. --------------------------------------------------------------

local ids = {}
local rows = io.open "core/src/base/providers.def"
for id in (rows and rows:read "a" or ""):gmatch 'RL_PROVIDER%([%u%d]+, ([%l%d]+), "' do ids[#ids + 1] = id end
if #ids == 0 then ids = { "postgres", "sqlite" } end

-- Text without comments, but with their line ends, so lines can be counted. ----------------------------------------------

local function blank(text) return (text:gsub("[^\n]", " ")) end

-- Removes what `comment` finds outside strings.
local function strip(text, comment)
  local out, at = {}, 1
  while at <= #text do
    local from, to = comment(text, at)
    local quote = text:match('^["\']', at)
    if from then
      out[#out + 1] = blank(text:sub(from, to))
      at = to + 1
    elseif quote then
      local finish = at + 1
      while finish <= #text and text:sub(finish, finish) ~= quote and text:sub(finish, finish) ~= "\n" do
        finish = finish + (text:sub(finish, finish) == "\\" and 2 or 1)
      end
      out[#out + 1] = text:sub(at, finish)
      at = finish + 1
    else
      local plain = text:match("^[^\"'/%-]+", at) or text:sub(at, at)
      out[#out + 1] = plain
      at = at + #plain
    end
  end
  return table.concat(out)
end

local function c_comment(text, at)
  if text:sub(at, at + 1) == "/*" then return at, select(2, text:find("*/", at + 2, true)) or #text end
  if text:sub(at, at + 1) == "//" then return at, (text:find("\n", at, true) or #text + 1) - 1 end
end

local function lua_comment(text, at)
  if text:sub(at, at + 1) ~= "--" then return end
  local level = text:match("^%-%-%[(=*)%[", at)
  if level then return at, select(2, text:find("]" .. level .. "]", at, true)) or #text end
  return at, (text:find("\n", at, true) or #text + 1) - 1
end

local function code_of(path) return strip(read(path), path:match "%.[ch]$" and c_comment or path:match "%.def$" and c_comment or lua_comment) end

-- Names -----------------------------------------------------------------------------------------------------------------

local function is_own(path, id)
  if path == "core/src/base/providers.def" then return true end
  return path:find("/" .. id .. "/", 1, true) or path:find("[/_]" .. id .. "[_%.][%w_.]*$")
end

local function lines_naming(path, text)
  local found, number = {}, 0
  for line in (text .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    local lower = line:lower()
    for _, id in ipairs(ids) do
      if lower:find(id, 1, true) and not is_own(path, id) then
        found[#found + 1] = number
        break
      end
    end
  end
  return found
end

local problems = {}
local function problem(...) problems[#problems + 1] = string.format(...) end

local sources = files_under "find core/src core/include lua \\( -name '*.[ch]' -o -name '*.def' -o -name '*.lua' -o -path lua/bin/rille \\) -type f"
local texts, naming, line_count = {}, {}, 0
for _, path in ipairs(sources) do
  texts[path] = code_of(path)
  local lines = lines_naming(path, texts[path])
  if #lines > 0 then naming[#naming + 1] = { path = path, lines = lines } end
  line_count = line_count + #lines
end

if arg[1] == "--count" then
  print(("%d files with %d lines name a database outside its own places"):format(#naming, line_count))
  for _, n in ipairs(naming) do print(("  %4d  %s"):format(#n.lines, n.path)) end
  os.exit(0)
end

local named, allowed_count = {}, 0
for _, n in ipairs(naming) do
  named[n.path] = true
  if not allowed[n.path] then
    for _, line in ipairs(n.lines) do problem("%s:%d: names a database; only the database's own files may", n.path, line) end
  end
end
for path in pairs(allowed) do
  allowed_count = allowed_count + 1
  if not named[path] then problem("%s: may name databases (core/tools/providers.lua) and does not; remove it from the list", path) end
end
if allowed_count > MOST_ALLOWED then problem("core/tools/providers.lua: %d files may name databases, more than %d", allowed_count, MOST_ALLOWED) end

for _, id in ipairs(ids) do
  local path = OWN_LUA:format(id)
  local file = io.open(path, "rb")
  if file then file:close() else problem("%s: is missing: what the command asks of this database", path) end
end

-- Readers ---------------------------------------------------------------------------------------------------------------

-- The names of a struct's members: of pointers to functions, of several in one declaration, of plain ones.
local function members_of(path, struct)
  local text = texts[path] or ""
  local body = text:match("typedef struct " .. struct .. " (%b{})") or text:match("struct " .. struct .. " (%b{})")
  if not body then
    problem("%s: has no struct %s", path, struct)
    return {}
  end
  local list = {}
  for declaration in body:sub(2, -2):gmatch "[^;]+" do
    local fn = declaration:match "%(%s*%*%s*([%w_]+)%s*%)%s*%("
    if fn then list[#list + 1] = fn else
      for part in declaration:gmatch "[^,]+" do list[#list + 1] = part:gsub("%b[]", ""):match "([%w_]+)%s*$" end
    end
  end
  return list
end

local everything = {}
for path, text in pairs(texts) do
  if path:match "^core/src/" then everything[#everything + 1] = text end
end
everything = table.concat(everything, "\n")

-- Whether a member is read through one of `readers`: an assignment to it does not count.
local function has_reader(readers, member)
  for _, arrow in ipairs { "->", "." } do
    local from, to = everything:find(arrow .. member, 1, true)
    while from do
      local before = everything:sub(math.max(1, from - 120), from - 1)
      if everything:match("^[^%w_]", to + 1) and not everything:match("^%s*=[^=]", to + 1) then
        for _, reader in ipairs(readers) do
          if before:find("%f[%w_]" .. reader .. "$") then return true end
        end
      end
      from, to = everything:find(arrow .. member, to + 1, true)
    end
  end
  return false
end

for _, t in ipairs(tables) do
  for _, member in ipairs(members_of(t.file, t.struct)) do
    if not has_reader(t.readers, member) then problem("%s: %s.%s has no reader", t.file, t.struct, member) end
  end
end

for _, text in ipairs(problems) do print(text) end
if #problems > 0 then os.exit(1) end
print(("providers: %d databases, named in %d other files; every flag has a reader"):format(#ids, allowed_count))
