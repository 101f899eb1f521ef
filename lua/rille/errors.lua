--- Errors of the Lua modules: creating, recognizing and raising them, and the nearest name to a wrong one.
local core = require "rille.core"
local codes = require "rille.codes"
local meanings = require "rille.meanings"

local errors = {}

local metatable = core.error_metatable

--- The start of the sources of rille's chunks, for those that are loaded from a string.
errors.home = core.set_home() or ""

--- Returns its arguments. `return pass(f())` is not a tail call of f, so the calling function stays on the stack, with the line that called it.
function errors.pass(...) return ... end
local pass = errors.pass

--- Wraps the functions of a table that applications call, so errors in them know the line of the call, even after a tail call.
---@param functions table<string, any>
function errors.entries(functions)
  for name, f in pairs(functions) do
    if type(f) == "function" then
      core.entries[name] = true
      functions[name] = function(...) return pass(f(...)) end
    end
  end
  return functions
end

--- Returns a new error, without raising it.
---@param code string
---@param message string
---@param meta? table
---@return rille.Error
function errors.new(code, message, meta)
  local e = { code = code, message = core.message(message), kind = codes[code].kind, retryable = false, meta = meta or {}, place = core.place() }
  return setmetatable(e, metatable)
end

--- Raises an error with a formatted message.
---@param code string
---@param format string
function errors.raise(code, format, ...)
  error(errors.new(code, format:format(...)), 0)
end

--- Returns whether a value is an error of rille.
---@param e any
---@return boolean
function errors.is_error(e)
  return type(e) == "table" and getmetatable(e) == metatable
end

-- Returns how many bytes must be changed, added or removed to make b of a.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

--- Returns the key of a table that a wrong name means (query: query_raw), or the one with the most similar spelling, or nil.
---@param wrong string
---@param names table<string, any>
---@return string|nil
function errors.nearest(wrong, names)
  local meant = meanings.of(wrong, names)
  if meant then return meant end
  local best, best_distance
  local written, most = wrong:lower(), math.max(2, math.floor(#wrong / 3))
  for name in pairs(names) do
    if math.abs(#name - #wrong) <= most then -- so a very long string costs nothing
      local d = distance(written, name:lower())
      if d <= most and (not best or d < best_distance or d == best_distance and name < best) then best, best_distance = name, d end
    end
  end
  return best
end

--- Returns the type of a value with its article, for messages: "a string", "an integer", "nil".
---@param value any
---@return string
function errors.type_name(value)
  local name = type(value)
  if value == nil then return name end
  return name == "number" and value % 1 == 0 and "an integer" or "a " .. name
end

--- Raises if a table of options has metamethods for its keys, which pairs does not call in every Lua.
---@param given table
---@param what string the table, for the message
function errors.check_plain(given, what)
  if core.plain(given, what) ~= given then errors.raise("VALIDATION", "%s: expected a plain table, got one with __pairs or __len in its metatable", what) end
end

return errors
