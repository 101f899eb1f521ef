-- Writes the types for editors from docstrings of functions and from the tables of options (lua/rille/options.lua).
--
--   lua5.4 core/tools/meta.lua           writes lua/rille/meta*.lua
--   lua5.4 core/tools/meta.lua --check   names those that do not match the sources, and fails
--
-- core/tools/meta.in has the rest: results, arguments of models, functions written in C. Lines in it that start with --: are replaced:
--
--   --: file PATH                      what follows is the text of that file
--   --: options FILE                   the classes of the tables of options that a file of lua/rille declares
--   --: functions FILE OWNER TARGET [name ...]
--                                      the documented functions of OWNER in that file, all or those named, as functions of TARGET; name=other
--                                      renames one
--   --: arguments                      the classes of the arguments of models' methods, from lua/rille/generate/calls.lua
--   --: actions TARGET                 those methods, as functions of TARGET
--
-- Runs from the root of the repository.

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

local function source(name) return read("lua/rille/" .. name) end

-- ------------------------------------------------------------------------------------------------------------------------------- tables of options

local TYPES = { string = "string", boolean = "boolean", integer = "integer", number = "number", strings = "string[]", table = "table", any = "any" }

local function type_of(row)
  if row.is then return row.is end
  if row.one_of then return '"' .. table.concat(row.one_of, '"|"') .. '"' end
  return assert(TYPES[row[2]], "no type for editors: " .. row[1])
end

-- A declaration is plain data, which is read without loading the file.
local function options_of(name, out)
  local found = 0
  for arguments in source(name):gmatch "options%.declare(%b())" do
    local class, rows = assert(load("return " .. arguments:sub(2, -2), name, "t", {}))()
    found = found + 1
    out[#out + 1] = "---@class (exact) " .. class
    for _, row in ipairs(rows) do
      local doc = assert(row.doc, class .. ": no description: " .. row[1])
      out[#out + 1] = ("---@field %s%s %s %s"):format(row[1], row.required and "" or "?", type_of(row), doc)
    end
    out[#out + 1] = ""
  end
  assert(found > 0, name .. " declares no options")
  out[#out] = nil
end

-- -------------------------------------------------------------------------------------------------------------------------------------- functions

-- Returns the documented functions: owner, name, arguments, and the lines of the docstring.
local function documented(name)
  local list, block = {}, {}
  for line in source(name):gmatch "([^\n]*)\n" do
    if line:find "^%-%-%-" then
      block[#block + 1] = line
    else
      local owner, mark, own, arguments = line:match "^function ([%w_]+)([.:])([%w_]+)%((.-)%)"
      if not owner then
        owner, own = line:match "^([%w_]+)%.([%w_]+) = [%w_.]+$"
        mark, arguments = ":", ""
      end
      if owner and #block > 0 then list[#list + 1] = { owner = owner, mark = mark, name = own, arguments = arguments, doc = block } end
      block = {}
    end
  end
  return list
end

-- The parameter `given` of an implementation is `options` for its callers.
local function for_callers(text) return (text:gsub("%f[%w_]given%f[^%w_]", "options")) end

-- Tables of functions, which are called with a dot.
local TABLES = { Migrate = true, CacheStore = true }

local function functions_of(name, owner, target, names, out)
  local wanted = {}
  for word in names:gmatch "%S+" do
    local own, other = word:match "^(.-)=(.+)$"
    wanted[own or word] = other or word
  end
  local any, found = next(wanted) == nil, 0
  local is_class = target:find "^%u" and not TABLES[target]
  for _, f in ipairs(documented(name)) do
    local called = any and f.name or wanted[f.name]
    if f.owner == owner and called then
      found = found + 1
      local arguments = f.arguments
      if is_class and f.mark == "." then arguments = arguments:gsub("^[%w_]+,?%s*", "") end -- the object itself
      for _, line in ipairs(f.doc) do
        if line:find "^%-%-%-@" then line = for_callers(line) end
        out[#out + 1] = line
      end
      out[#out + 1] = ("function %s%s%s(%s) end"):format(target, is_class and ":" or ".", called, for_callers(arguments))
      out[#out + 1] = ""
      wanted[f.name] = nil
    end
  end
  assert(any or next(wanted) == nil, ("%s has no documented %s.%s"):format(name, owner, tostring(next(wanted))))
  assert(found > 0, ("%s has no documented function of %s"):format(name, owner))
  out[#out] = nil
end

-- ---------------------------------------------------------------------------------------------------------------------------- methods of models

local calls = dofile "lua/rille/generate/calls.lua"

-- rille.Count is what writes return.
local function class_of(action) return "rille." .. (action.class == "CountArgs" and action.class or action.class:gsub("Args$", "")) end

local SHOWN = { select = true, include = true, omit = true, relation_load_strategy = true }

local function arguments_of(out)
  local seen = {}
  for _, action in ipairs(calls.actions) do
    local class, shows = class_of(action), false
    for _, one in ipairs(action.arguments) do shows = shows or one[1] == "include" end
    if not seen[class] then
      out[#out + 1] = ("---@class %s%s"):format(class, shows and ": rille.Shown" or "")
      for _, one in ipairs(action.arguments) do
        local line = ("---@field %s%s %s %s"):format(one[1], one[3] and "?" or "", one[5], one[4])
        if not (shows and SHOWN[one[1]]) then out[#out + 1] = (line:gsub("%s+$", "")) end
      end
      out[#out + 1] = ""
    end
    seen[class] = true
  end
  out[#out] = nil
end

local function actions_of(target, out)
  for _, action in ipairs(calls.actions) do
    out[#out + 1] = "--- " .. action.doc
    out[#out + 1] = ("---@param args%s %s"):format(action.optional and "?" or "", class_of(action))
    out[#out + 1] = "---@return " .. action.returns:gsub("%$[%.%w]*", "table")
    out[#out + 1] = ("function %s:%s(args) end"):format(target, action.name)
    out[#out + 1] = ""
  end
  out[#out] = nil
end

-- ------------------------------------------------------------------------------------------------------------------------------------------ files

local function texts()
  local all, order, out = {}, {}, nil
  for line in read "core/tools/meta.in":gmatch "([^\n]*)\n" do
    local verb, rest = line:match "^%-%-: (%a+) ?(.*)$"
    if verb == "file" then
      out = {}
      all[rest] = out
      order[#order + 1] = rest
    elseif verb == "options" then
      options_of(rest, out)
    elseif verb == "arguments" then
      arguments_of(out)
    elseif verb == "actions" then
      actions_of(rest, out)
    elseif verb == "functions" then
      local name, owner, target, names = rest:match "^(%S+) (%S+) (%S+)%s*(.*)$"
      functions_of(name, owner, target, names, out)
    else
      assert(not verb, "unknown line: " .. line)
      if out then out[#out + 1] = line end -- before the first file: about this one
    end
  end
  return all, order
end

local all, order = texts()
local wrong = false
for _, path in ipairs(order) do
  local text = table.concat(all[path], "\n"):gsub("\n+$", "") .. "\n"
  if arg[1] ~= "--check" then
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
  elseif read(path) ~= text then
        print(path .. ": does not match the sources; run lua5.4 core/tools/meta.lua")
    wrong = true
  end
end
if wrong then os.exit(1) end
