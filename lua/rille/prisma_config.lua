--- The settings of prisma.config.ts about schema, migrations and database, as far as they are plain values: the file is a program in another language,
--- which is read and not run. It is searched where Prisma 7 looks for it. Paths in it are relative to it.
local bounded = require "rille.bounded"

local prisma_config = {}

local LONGEST = 1048576 -- bytes of a file

local PLACES = { "prisma7.config", ".config/prisma7", "prisma.config", ".config/prisma", ".config/prisma.config" }
local EXTENSIONS = { ".js", ".ts", ".mjs", ".cjs", ".mts", ".cts" }

local ESCAPES = { n = "\n", t = "\t", r = "\r" }

local function skip_blank(text, at)
  while true do
    at = text:find("%S", at) or #text + 1
    local two = text:sub(at, at + 1)
    if two == "//" then
      at = text:find("\n", at, true) or #text + 1
    elseif two == "/*" then
      local _, last = text:find("*/", at + 2, true)
      at = (last or #text) + 1
    else
      return at
    end
  end
end

-- `unclosed`: for each quote, up to where no closing one was found, so nothing is searched twice.
local function read_string(text, at, unclosed)
  local quote, parts = text:sub(at, at), {}
  local i = at < (unclosed[quote] or 0) and #text + 1 or at + 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == quote then return { kind = "string", value = table.concat(parts) }, i + 1 end
    if quote == "`" and text:sub(i, i + 1) == "${" then break end -- computed text
    if c == "\\" then
      i = i + 1
      c = text:sub(i, i)
      c = ESCAPES[c] or c
    end
    parts[#parts + 1] = c
    i = i + 1
  end
  unclosed[quote] = math.max(unclosed[quote] or 0, math.min(i, #text))
  return { kind = "other", value = quote }, at + 1
end

-- Returns strings, names, and signs of one character each, without comments.
local function tokens_of(text)
  local list, at, unclosed = {}, skip_blank(text, 1), {}
  while at <= #text do
    local name = text:match("^[%a_$][%w_$]*", at)
    if name then
      list[#list + 1] = { kind = "name", value = name }
      at = at + #name
    elseif text:find("^[\"'`]", at) then
      list[#list + 1], at = read_string(text, at, unclosed)
    else
      list[#list + 1] = { kind = "sign", value = text:sub(at, at) }
      at = at + 1
    end
    at = skip_blank(text, at)
  end
  return list
end

local function value_at(list, i, kind) return list[i] and list[i].kind == kind and list[i].value or nil end
local function is(list, i, value) return list[i] ~= nil and list[i].kind ~= "string" and list[i].value == value end

-- Returns whether `words` are at i: names and signs, "$" for any string.
local function matches(list, i, ...)
  for k = 1, select("#", ...) do
    local word = select(k, ...)
    if word == "$" and not value_at(list, i + k - 1, "string") or word ~= "$" and not is(list, i + k - 1, word) then return false end
  end
  return true
end

local OPENS = { ["{"] = 1, ["("] = 1, ["["] = 1, ["}"] = -1, [")"] = -1, ["]"] = -1 }

-- Returns the index after the bracket that closes the one at i; nil if there is none.
local function after_closing(list, i)
  local depth = 0
  for at = i, #list do
    depth = depth + (list[at].kind == "sign" and OPENS[list[at].value] or 0)
    if depth == 0 then return at + 1 end
  end
  return nil
end

-- Key of members for everything that may come from elsewhere: `...shared`, `[name]: value`.
local ELSEWHERE = {}

-- Adds the member between two commas: { first, last } of the tokens of its value. An empty range: the value is not written here.
local function add_member(found, list, first, last)
  if last < first then return end
  local named = list[first].kind ~= "sign" and list[first].value
  if named and is(list, first + 1, ":") then
    found[named] = { first + 2, last }
  elseif named and (first == last or is(list, first + 1, "(")) then
    found[named] = { first, first - 1 }
  else
    for name in pairs(found) do found[name] = nil end
    found[ELSEWHERE] = { first, first - 1 }
  end
end

-- Returns the members of the object that opens at i, by name. If it is not closed, those up to the end of the text.
local function members(list, i)
  local found, depth, first = {}, 0, i + 1
  for at = i, #list do
    local change = list[at].kind == "sign" and OPENS[list[at].value] or 0
    depth = depth + change
    if depth == 0 or (depth == 1 and is(list, at, ",")) then
      add_member(found, list, first, at - 1)
      first = at + 1
    end
    if depth == 0 then break end
  end
  return found
end

-- Returns where the object of the expression at i opens: { ... } or defineConfig({ ... }).
local function object_at(list, i)
  local open = i
  if is(list, i, "defineConfig") then
    open = i + 1
    if is(list, open, "<") then
      while list[open] and not is(list, open, "(") do open = open + 1 end
    end
    if not is(list, open, "(") then return nil end
    open = open + 1
  end
  if not is(list, open, "{") then return nil end
  local next_at = after_closing(list, open)
  local alone = next_at and (open == i or matches(list, next_at, ")") or matches(list, next_at, ",", ")"))
  return alone and open or nil
end

-- Returns where the object opens that was assigned to a name before the token `last`; nil if it is not an object, or is changed afterwards.
local function constant(list, name, last)
  local open
  for k = 1, last - 1 do
    if is(list, k, name) and is(list, k - 1, ".") == false then
      if is(list, k + 1, "=") or is(list, k + 1, ":") then
        local at = k + 1
        while list[at] and not is(list, at, "=") do at = at + 1 end
        open = object_at(list, at + 1)
      elseif is(list, k + 1, "[") or (is(list, k + 1, ".") and is(list, k + 3, "=")) then
        return nil
      end
    end
  end
  return open
end

-- Returns where the object of the configuration opens: the one of `export default`, or of the name there; nil if it cannot be determined.
local function root_of(list)
  for i = 1, #list do
    local at = matches(list, i, "export", "default") and i + 2 or matches(list, i, "module", ".", "exports", "=") and i + 4
    if at then
      local name = value_at(list, at, "name")
      local open = object_at(list, at)
      if not open and name and not is(list, at + 1, "(") and not is(list, at + 1, "<") then open = constant(list, name, i) end
      return open
    end
  end
  return nil
end

-- Returns the path of path.join("a", "b") or path.resolve; nil if an argument is neither a string nor the folder of the file.
local function joined(list, first, last)
  local open = matches(list, first, "path", ".") and first + 3 or first + 1
  local name = value_at(list, open - 1, "name")
  if (name ~= "join" and name ~= "resolve") or not is(list, open, "(") or not is(list, last, ")") then return nil end
  local parts, at = {}, open + 1
  while at < last do
    local text = value_at(list, at, "string")
    local here = is(list, at, "__dirname") and 1 or matches(list, at, "import", ".", "meta", ".", "dirname") and 5
    if not text and not (here and #parts == 0) then return nil end
    if text then parts[#parts + 1] = text end
    at = at + (text and 1 or here)
    if at < last and not is(list, at, ",") then return nil end
    at = at + 1
  end
  return table.concat(parts, "/")
end

-- Returns the name of the variable in env("X"), env<T>("X"), process.env.X, process.env["X"], and whether it must be set, as Prisma's env() requires.
local function variable_in(list, first, last)
  if matches(list, first, "process", ".", "env", ".") and last == first + 4 then return value_at(list, last, "name") end
  if matches(list, first, "process", ".", "env", "[", "$", "]") and last == first + 5 then return list[first + 4].value end
  if is(list, first, "env") and matches(list, last - 2, "(", "$", ")") then return list[last - 1].value, true end
  return nil
end

-- Returns the value of tokens (nil if its variable is not set), whether it was understood, the name of the variable, and whether it must be set.
local function evaluate(list, first, last, variable)
  if last < first then return nil, false end
  for i = first, last - 1 do
    if matches(list, i, "?", "?") or matches(list, i, "|", "|") then
      local left, known = evaluate(list, first, i - 1, variable)
      if not known then return nil, false end
      if left and left ~= "" then return left, true end
      return evaluate(list, i + 2, last, variable)
    end
  end
  if last - first >= 2 and is(list, last - 1, "as") then last = last - 2 end
  if is(list, last, "!") then last = last - 1 end
  if first == last and list[first].kind == "string" then return list[first].value, true end
  local name, must = variable_in(list, first, last)
  if name then return variable(name), true, name, must end
  local path = joined(list, first, last)
  return path, path ~= nil
end

local function relative_to(file, path)
  if path:sub(1, 1) == "/" then return path end
  local folder = file:match "^(.*/)" or ""
  return (folder .. path:gsub("^%./", ""))
end

local WANTED = { schema = "schema", ["migrations.path"] = "migrations", ["migrations.seed"] = "seed", ["datasource.url"] = "url",
  ["datasource.shadowDatabaseUrl"] = "shadow_url" }

-- Returns the range of tokens of the value of "block.key" or "key"; nil if it is missing.
local function range_of(list, top, path)
  local block, key = path:match "^(%w+)%.(%w+)$"
  local outer = top[block or path] or top[ELSEWHERE]
  if not block or not outer then return outer end
  local closed = is(list, outer[1], "{") and after_closing(list, outer[1]) == outer[2] + 1
  if not closed then return { outer[1], outer[1] - 1 } end
  local inner = members(list, outer[1])
  return inner[key] or inner[ELSEWHERE]
end

---@class rille.PrismaConfig
---@field file? string
---@field schema? string
---@field migrations? string
---@field seed? string
---@field url? string
---@field shadow_url? string
---@field unread table<string, string> settings without a readable value, for example "datasource.url", with the reason

--- Reads a configuration.
---@param text string
---@param file string its path
---@param variable fun(name: string): string|nil returns a variable of the environment
---@return rille.PrismaConfig
function prisma_config.parse(text, file, variable)
  local list = tokens_of(text)
  local found, root = { file = file, unread = {} }, root_of(list)
  local top = root and members(list, root) or #list > 0 and { [ELSEWHERE] = { 1, 0 } } or {}
  for path, name in pairs(WANTED) do
    local range = range_of(list, top, path)
    if range then
      local value, known, unset, must = evaluate(list, range[1], range[2], variable)
      if value == "" and path == "datasource.url" then value = nil end
      found[name] = known and value or nil
      if not known then
        found.unread[path] = "is not written as a plain value and cannot be read"
      elseif not value and (must or path == "datasource.url") then
        found.unread[path] = unset and ("names the variable %s, which is not set"):format(unset) or "is empty"
      end
    end
  end
  if found.schema then found.schema = relative_to(file, found.schema) end
  if found.migrations then found.migrations = relative_to(file, found.migrations) end
  return found
end

--- Returns the configuration of the working folder; an empty one if there is none.
---@param variable fun(name: string): string|nil
---@return rille.PrismaConfig
function prisma_config.find(variable)
  for _, place in ipairs(PLACES) do
    for _, extension in ipairs(EXTENSIONS) do
      local text = bounded.read(place .. extension, LONGEST)
      if text then return prisma_config.parse(text, place .. extension, variable) end
    end
  end
  return { unread = {} }
end

return prisma_config
