-- Writes files from the table of actions, core/src/query/actions.def, and from the table of operators, core/src/query/operators.def:
--
--   lua5.4 core/tools/actions.lua           writes the files below; then run core/tools/meta.lua
--   lua5.4 core/tools/actions.lua --check   fails if one of them is not up to date, or a page of docs has no row for a method or operator; for `make lint`
--
-- Runs from the root of the repository.

local ACTIONS, OPERATORS = "core/src/query/actions.def", "core/src/query/operators.def"

local function read(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read "a"
  file:close()
  return text
end

-- ---------------------------------------------------------------------------------------------------------------------------------- reading a table

-- Returns the end of the string that starts at a place.
local function string_end(text, at)
  repeat
    at = at + 1
    local c = text:sub(at, at)
    if c == "\\" then at = at + 1 end
  until c == '"' or at > #text
  return at
end

-- Splits the arguments of a macro at the commas outside strings, and joins adjacent strings.
local function split(text)
  local parts, part, at = {}, "", 1
  while at <= #text do
    local c, to = text:sub(at, at), at
    if c == '"' then to = string_end(text, at) end
    if c == "," then
      parts[#parts + 1] = part
      part = ""
    else
      part = part .. text:sub(at, to)
    end
    at = to + 1
  end
  parts[#parts + 1] = part
  for i, one in ipairs(parts) do
    one = one:match "^%s*(.-)%s*$"
    if one:find '^"' then one = one:sub(2, -2):gsub('"%s*\n%s*"', ""):gsub("\\(.)", "%1") end
    parts[i] = one
  end
  return parts
end

-- Calls visit[macro](arguments...) for each row.
local function each_row(path, visit)
  local text = read(path):gsub("/%*.-%*/", ""):gsub("\n#[^\n]*", "\n")
  for macro, body in text:gmatch "%f[%w_](RL_[%u_]+)(%b())" do
    if visit[macro] then visit[macro](table.unpack(split(body:sub(2, -2)))) end
  end
end

-- Returns the ids of "A | B". A name may mean several ids.
local function ids_of(expression, groups, into)
  into = into or {}
  for id in expression:gmatch "%u[%u_]*" do
    if groups[id] then ids_of(groups[id], groups, into) else into[id] = true end
  end
  return into
end

-- Arguments that say what becomes of a result. The query does not know them.
local ANSWER = {
  { name = "as", type = '"json"', model_type = '"json"', note = "the result is JSON text, a string" },
  { name = "bigint", type = '"number"|"string"', model_type = '"number"|"string"', note = "in JSON" },
}

-- Arguments that say where a result comes from.
local SOURCE = { name = "cache", type = "rille.Cached", model_type = "rille.Cached", note = "the answer may come from the cache" }

local function read_actions()
  local words, groups, actions = {}, {}, {}
  local function add_word(id, name, type, model_type, note)
    words[#words + 1] = { id = id, name = name, type = type, model_type = model_type, note = note }
  end
  each_row(ACTIONS, {
    RL_ARGUMENT = add_word,
    RL_ARGUMENT_TOO = add_word,
    RL_ARGUMENTS = function(id, ids) groups[id] = ids end,
    RL_ACTION = function(number, id, name, access, _, allowed, required, signature, doc)
      local class, optional, returns = signature:match "^%((%w+)(%??)%): (.+)$"
      local action = { number = tonumber(number), id = id, name = name, writes = access == "WRITES", class = class, optional = optional ~= "",
        returns = returns, doc = doc, arguments = {} }
      assert(class, name .. ": the signature is not of the form (Class?): type")
      local may, must = ids_of(allowed, groups), ids_of(required, groups)
      for _, word in ipairs(words) do
        if may[word.id] then
          local one = { required = must[word.id] }
          for key, value in pairs(word) do one[key] = value end
          action.arguments[#action.arguments + 1] = one
        end
      end
      if returns ~= "rille.Count" then table.move(ANSWER, 1, #ANSWER, #action.arguments + 1, action.arguments) end
      if not action.writes then action.arguments[#action.arguments + 1] = SOURCE end
      actions[#actions + 1] = action
    end,
  })
  assert(#actions > 0, ACTIONS .. " has no rows")
  return actions
end

-- Returns the operators of scalars, lists and Json, each as { name, types, operand }.
local function read_operators()
  local operators = { scalar = {}, list = {}, json = {} }
  local function add(of, name, types, operand)
    local list = operators[of]
    list[#list + 1] = { name = name, types = types, operand = operand }
  end
  each_row(OPERATORS, {
    RL_CONDITION = function(name, types, _, _, operand) add("scalar", name, types, operand) end,
    RL_CONDITION_OPTION = function(name, types, operand) add("scalar", name, types, operand) end,
    RL_LIST_CONDITION = function(name, _, _, operand) add("list", name, "ALL", operand) end,
    RL_JSON_CONDITION = function(name, _, _, _, operand) add("json", name, "ALL", operand) end,
    RL_JSON_OPTION = function(name, operand) add("json", name, "ALL", operand) end,
  })
  assert(#operators.scalar > 0, OPERATORS .. " has no rows")
  return operators
end

-- ------------------------------------------------------------------------------------------------------------------------------------------ writing

local made = {}

made["core/include/rille/actions.h"] = function(actions)
  local out = { [[
/* What can be done with a model: the methods in Lua. rille_action_get (rille/op.h) returns their names.
 * Made by core/tools/actions.lua from core/src/query/actions.def. */
#ifndef RILLE_ACTIONS_H
#define RILLE_ACTIONS_H

#include <stdint.h>

typedef int32_t rille_action;]] }
  for _, a in ipairs(actions) do out[#out + 1] = ("#define RILLE_%s %d"):format(a.id, a.number) end
  out[#out + 1] = "\n#endif\n"
  return table.concat(out, "\n")
end

made["lua/rille/generate/calls.lua"] = function(actions, operators)
  local out = { [[
--- The methods of models with their arguments, and the conditions on fields, for the types of a schema. `$` is the model.
--- Written by core/tools/actions.lua from core/src/query/actions.def and operators.def.
-- luacheck: ignore 631
local calls = {}

-- name, class of the arguments, type of the result, writes, arguments optional, description, arguments:
-- { name, type, optional, note, type without a schema }
calls.actions = {]] }
  local function add(...) out[#out + 1] = (...):format(select(2, ...)) end
  for _, a in ipairs(actions) do
    add("  { name = %q, class = %q, returns = %q, writes = %s, optional = %s,", a.name, a.class, a.returns, a.writes, a.optional)
    add("    doc = %q,", a.doc)
    add "    arguments = {"
    for _, one in ipairs(a.arguments) do
      add("      { %q, %q, %s, %q, %q },", one.name, one.model_type, not one.required, one.note, one.type)
    end
    add "    } },"
  end
  add "}\n"
  add "-- Conditions on a scalar, on a list of scalars, on Json: name, set of types, operand (as in operators.def)."
  add "calls.conditions = {"
  for _, of in ipairs { "scalar", "list", "json" } do
    add("  %s = {", of)
    for _, o in ipairs(operators[of]) do add("    { %q, %q, %q },", o.name, o.types, o.operand) end
    add "  },"
  end
  add "}\n"
  add "return calls\n"
  return table.concat(out, "\n")
end

-- ----------------------------------------------------------------------------------------------------------------------------------------- checking

local actions, operators = read_actions(), read_operators()
local bad = false

local function complain(text)
  print(text)
  bad = true
end

for path, make in pairs(made) do
  local text = make(actions, operators)
  if arg[1] == "--check" then
    if read(path) ~= text then complain(path .. ": not up to date; run lua5.4 core/tools/actions.lua") end
  else
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
  end
end

if arg[1] == "--check" then
  local page, all_operators = read "docs/client.md", {}
  for _, list in pairs(operators) do table.move(list, 1, #list, #all_operators + 1, all_operators) end
  for _, a in ipairs(actions) do
    if not page:find("| `" .. a.name .. "` |", 1, true) then complain("docs/client.md: the table of methods has no " .. a.name) end
  end
  for _, o in ipairs(all_operators) do
    if not page:find("`" .. o.name .. "`", 1, true) and not page:find('`["' .. o.name .. '"]`', 1, true) then
      complain("docs/client.md: no table of operators has " .. o.name)
    end
  end
end
if bad then os.exit(1) end
